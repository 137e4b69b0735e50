// Many runs, one for each seed, by several threads: what `lastword-sim run` does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/instant.h"
#include "sim/run.h"

namespace lastword::sim {

// What a suite calls. The tests give it an engine of their own, with the failures they want.
struct Engine {
  std::function<const Scenario&(std::uint64_t)> scenario_for;
  std::function<Outcome(const Scenario&, Choices)> run;
  std::function<Told(const Scenario&, Choices)> run_told;
  std::function<std::vector<std::string>(const Scenario&, Choices)> run_traced;
  std::function<Sweep(const Scenario&, const Choices&, std::uint32_t)> sweep_stops;
};
[[nodiscard]] Engine real_engine();

// Seeds that are multiples of this are run twice, and both runs must have the same hash (I16). The
// first difference that one change brings shows in many runs: a sample is enough, and costs little
// (1 in 64 is 1.6 % more work).
inline constexpr std::uint64_t twice_every = 64;

// Seeds that are multiples of this are swept where nothing else is said. A sweep is some runs for
// each step of a run, and a run has hundreds of steps: so sweeps and seeds have about equal shares
// of the work.
inline constexpr std::uint64_t sweep_every_default = 1000;

// In a sweep like that, no run has more than this many second stops for one first stop: all pairs
// of steps would be a million runs for a run of 1,400 steps.
inline constexpr std::uint64_t second_stops_max = 4;

// Between two second stops of a sweep, for a run of this many steps.
[[nodiscard]] std::uint32_t second_stride_for(std::uint64_t steps);

struct SuitePlan {
  const Scenario* scenario = nullptr;  // nullptr: the one that the seed stands for, from the mix
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 10'000;              // it is run too
  std::optional<std::chrono::seconds> time_max;  // after it no seed is begun
  std::uint32_t jobs = 1;
  std::uint64_t sweep_every = sweep_every_default;  // 0: nothing is swept
  bool is_swept_whole = false;                      // every seed, and in it every pair of stops
  bool keeps_going = false;                         // after a failure
};

// A seed that broke something.
struct Failure {
  // What of it did: the run itself, the comparison of two runs, or a run of its sweep.
  enum class Found : std::uint8_t { in_run, in_second_run, in_sweep };

  std::uint64_t seed = 0;
  const Scenario* scenario = nullptr;
  Found found = Found::in_run;
  Outcome outcome;  // of the run that broke it; violations are not empty
};

struct Totals {
  std::uint64_t seeds = 0;  // each one run, but for the next three
  std::uint64_t done_twice = 0;
  std::uint64_t sweeps = 0;
  std::uint64_t sweep_runs = 0;
  std::uint64_t events = 0;               // sweeps included, second runs not, here and below
  std::chrono::microseconds simulated{};  // nanoseconds of a long suite would not fit
  std::uint64_t accepted = 0;             // messages; sweeps not included, here and below
  std::uint64_t deliveries = 0;
  FaultCounts faults;  // sweeps included
  MarkCounts marks;
  std::map<std::string_view, std::uint64_t> seeds_of;  // by name of scenario
};

struct SuiteResult {
  // One that failed, as `keeps_going` lists them.
  struct FailedSeed {
    std::uint64_t seed;
    const Scenario* scenario;
    Property property;
  };

  Totals totals;
  std::vector<FailedSeed> failed;  // in order of seeds; only one unless it keeps going
  std::optional<Failure> first;    // of these
  bool is_interrupted = false;
  Duration took{};
};

// How far a suite is.
struct SuiteProgress {
  std::uint64_t seeds = 0;
  std::uint64_t runs = 0;  // with those of sweeps
  std::uint64_t events = 0;
  std::chrono::microseconds simulated{};
  std::uint64_t failures = 0;
  Duration elapsed{};
  std::uint64_t seeds_max = 0;  // of no meaning if it goes by time
  std::optional<std::chrono::seconds> time_max;
};

// What surrounds a suite. Both are called by the thread that called run_suite, several times a
// second; `now` by all threads.
struct SuiteHooks {
  std::function<Duration()> now;         // since any moment
  std::function<bool()> is_interrupted;  // true: no further seed is begun
  std::function<void(const SuiteProgress&)> show;
};
// The monotonic clock, nobody who interrupts, and nobody who looks on.
[[nodiscard]] SuiteHooks quiet_hooks();

// Invariants:
//  1. Seeds are begun in order, and one that was begun is finished and counted, unless a seed below
//     it failed and the suite does not keep going: then it counts for nothing.
//  2. So apart from `took` the result depends on the seeds that were begun alone, and where neither
//     time nor a signal ended it, on the plan but for `jobs`. `first` has the lowest seed of all
//     that fail.
[[nodiscard]] SuiteResult run_suite(const SuitePlan& plan, const Engine& engine,
                                    const SuiteHooks& hooks);

}  // namespace lastword::sim
