// One run of one scenario, from the first connection to the empty world.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/instant.h"
#include "sim/check_trap.h"
#include "sim/choices.h"
#include "sim/fault.h"
#include "sim/mark.h"
#include "sim/property.h"
#include "sim/scenario.h"
#include "sim/story.h"

namespace lastword::sim {

// What came of a run.
struct Outcome {
  std::vector<Violation> violations;  // of the first step in which something broke; empty: all held
  std::uint64_t hash = 0;             // over every event and every output byte
  std::uint64_t events = 0;
  std::uint64_t steps = 0;     // places at which a signal could have come
  std::uint64_t accepted = 0;  // messages
  std::uint64_t deliveries = 0;
  Duration simulated{};
  FaultCounts faults;
  MarkCounts marks;
  Tape tape;  // reproduces this run, whatever its source was

  [[nodiscard]] bool has_broken(Property property) const;
};

// What a check of the code's own that failed within a run counts as.
[[nodiscard]] Violation violation_of(const CheckFailed& failed);

[[nodiscard]] Outcome run(const Scenario& scenario, Choices choices);

// The same run, told.
struct Told {
  Outcome outcome;
  Story story;
};
[[nodiscard]] Told run_told(const Scenario& scenario, Choices choices);

// The events of a run as lines (one each: time, kind, whom, sizes), to find the first at which two
// runs differ.
[[nodiscard]] std::vector<std::string> run_traced(const Scenario& scenario, Choices choices);

// SIGTERM after every step of the run, and for each of these a second one after every
// `second_stride`-th later step (0: no second ones). Stops at the first run that breaks something.
struct Sweep {
  std::uint64_t runs = 0;
  std::uint64_t events = 0;
  Duration simulated{};
  FaultCounts faults;
  MarkCounts marks;
  std::optional<Outcome> broken;
};
[[nodiscard]] Sweep sweep_stops(const Scenario& scenario, const Choices& choices,
                                std::uint32_t second_stride);

}  // namespace lastword::sim
