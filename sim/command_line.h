// The command line of `lastword-sim` (contract, section 5).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sim/commands.h"

namespace lastword::sim {

// A command line that asks for nothing to be done.
struct CommandLineEnd {
  int exit_code;
  std::string text;  // for standard output if the exit code is 0, else for standard error
};

[[nodiscard]] std::expected<Command, CommandLineEnd> parse_command_line(
    int argument_count, const char* const* arguments);

// "42", "0x2a": 64 bits. Nothing if it is no number like these.
[[nodiscard]] std::optional<std::uint64_t> parse_seed(std::string_view text);

// "7", "1..100": both ends included; the error is a text for a person.
struct SeedRange {
  std::uint64_t first;
  std::uint64_t last;

  friend bool operator==(const SeedRange&, const SeedRange&) = default;
};
[[nodiscard]] std::expected<SeedRange, std::string> parse_seeds(std::string_view text);

}  // namespace lastword::sim
