// From an input that breaks something to what a person needs: the smallest run that still does,
// told as a story, its case file, and the command that shows it again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "fuzz/tape_bytes.h"
#include "fuzz/tape_run.h"
#include "sim/property.h"

namespace lastword::fuzz {

struct TapeFailure {
  // What of the input broke it: its run, or the comparison of two runs.
  enum class Found : std::uint8_t { in_run, in_comparison };

  const sim::Scenario* scenario;
  sim::Tape tape;  // as the run used it
  sim::Violation violation;
  Found found = Found::in_run;
};

// How much may be done to make a tape smaller: with sanitizers a minute or so.
struct ShrinkBounds {
  std::uint64_t runs_max = 20'000;
  std::uint64_t steps_max = 15'000'000;  // of all these runs together
};

// A run of a tape. It is an argument so that tests can bring one that breaks something.
using Runner = std::function<TapeRun(const sim::Scenario&, const sim::Tape&)>;

// What is told of a failure, of many lines. Writes two files into the folder, which is made if it
// is not there: the case, for `lastword-sim replay`, and the smallest input. Their names tell
// scenario and property, and are the same for the same tape.
[[nodiscard]] std::string tell_failure(const TapeFailure& failure,
                                       const std::filesystem::path& folder, const Runner& run,
                                       const ShrinkBounds& bounds = {});

// "I3: the shutdown is fair".
[[nodiscard]] std::string oracle_name(sim::Property property);

// The first line in which the traces of two runs differ.
[[nodiscard]] std::string first_difference(const std::vector<std::string>& first,
                                           const std::vector<std::string>& second);

}  // namespace lastword::fuzz
