// A simulated run for a fuzzer: it is ended if it takes too long, and what is known of it then
// leads the next mutation.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/choices.h"
#include "sim/run.h"
#include "sim/scenario.h"

namespace lastword::fuzz {

// How a run went.
struct Course {
  // Who was asked what, and how often.
  struct Question {
    sim::Site site;
    sim::Chooser chooser;
    std::uint32_t count;  // at least 1

    friend bool operator==(const Question&, const Question&) = default;
  };

  std::vector<Question> questions;  // sorted by site, then chooser
  std::uint32_t steps = 0;
  // The steps in which a fault was effective or a mark was hit for the first time, in order.
  std::vector<std::uint32_t> turning_points;
};

struct TapeRun {
  sim::Outcome outcome;
  bool is_whole = true;  // false: ended for its length, and nothing is judged that an end judges
  Course course;
};

// 99 of 100 seeds of each weather have fewer; with sanitizers these take some 50 ms.
inline constexpr std::uint64_t steps_max_default = 20'000;

// Runs it, and in the scenario `isolation` once more without the hostile (I9).
[[nodiscard]] TapeRun run_tape(const sim::Scenario& scenario, sim::Choices choices,
                               std::uint64_t steps_max = steps_max_default);
[[nodiscard]] TapeRun run_tape(const sim::Scenario& scenario, const sim::Tape& tape,
                               std::uint64_t steps_max = steps_max_default);

// The tape with answers at the site check_twice where it has none: every read that can be cut, up
// to some 200, is given to a copy of the server too, in two pieces, cut somewhere else each time
// (I12), and every part of a line is tried before and after a fact of somebody else (I17).
[[nodiscard]] sim::Tape checked_often(const sim::Tape& tape);

}  // namespace lastword::fuzz
