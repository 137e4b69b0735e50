// From a failure to what a person needs: what broke, the smallest run that breaks it, told as a
// story, and how to see it again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/commands.h"
#include "sim/shrink.h"

namespace lastword::sim {

// As many rows of a story as can be taken in at a terminal; what is left out is named there.
inline constexpr std::size_t story_rows_max = 80;

// Tells a failure on `out`, and writes its case to a file in the folder. False if it could not be
// written.
[[nodiscard]] bool report_failure(const Failure& failure, const std::string& cases_folder,
                                  const Caller& caller);

// "broke I3: the shutdown is fair", and below it what was seen, for each violation.
[[nodiscard]] std::string tell_violations(const std::vector<Violation>& violations);

// Shrinks, and shows how far it is. The tape has to break the property. A signal ends it early.
[[nodiscard]] Shrunk shrink_and_show(const Scenario& scenario, const Tape& tape, Property property,
                                     const Caller& caller);

// Words as a shell takes them; separated by blanks, quoted where need be.
[[nodiscard]] std::string command_text(const std::vector<std::string>& words);

// Whether all of it is in the file now; if not, says why on `err`.
[[nodiscard]] bool write_file(const std::string& path, std::string_view content,
                              const Caller& caller);

}  // namespace lastword::sim
