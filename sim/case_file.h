// A failing case as a file: scenario and tape, readable, replayed by an ordinary test for ever.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "sim/choices.h"
#include "sim/property.h"

namespace lastword::sim {

struct Case {
  std::string scenario;
  std::optional<Property> property;  // that it broke when it was found
  std::string note;                  // one line: what it is about
  Tape tape;
};

// "# NOTE", "scenario NAME", "broke I3", then a line for each choice: "SITE CHOOSER INDEX VALUE".
[[nodiscard]] std::string to_file(const Case& found);
// The error is a message with the number of its line.
[[nodiscard]] std::expected<Case, std::string> parse_case(std::string_view text);

}  // namespace lastword::sim
