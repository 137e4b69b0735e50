// An engine whose runs do nothing, and break what a test wants to be broken.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/suite.h"

namespace lastword::sim {

// Its scenarios need not be in the list of the real ones.
inline constexpr std::array<Scenario, 2> fake_scenarios{
    Scenario{.name = "even", .sentence = "seeds that are even", .is_in_mix = true},
    Scenario{.name = "odd", .sentence = "seeds that are odd", .is_in_mix = true}};

// A run knows its seed by the first thing that it chooses, so a tape that keeps this choice breaks
// what the seed breaks. It has to live as long as the engine it gives.
class FakeEngine {
 public:
  std::map<std::uint64_t, Property> broken;       // by seed
  std::set<std::uint64_t> unsteady;               // another hash in each run
  std::set<std::uint64_t> swept_away;             // a stop after step 3, a second 2 steps later
  std::function<void(std::uint64_t)> before_run;  // with the seed; 0 if it is none of the first
  bool meets_everything = true;                   // all faults and marks
  std::atomic<std::uint64_t> runs = 0;
  std::atomic<std::uint64_t> runs_of_unsteady = 0;

  FakeEngine() {
    for (std::uint64_t seed = 1; seed <= known_seeds; ++seed) {
      Choices choices = Choices::seeded(seed);
      seed_of_[first_choice(choices)] = seed;
    }
  }

  [[nodiscard]] Engine engine() {
    return {.scenario_for = [](std::uint64_t seed) -> const Scenario& {
              return fake_scenarios[seed % 2];
            },
            .run = [this](const Scenario& /*scenario*/,
                          Choices choices) { return run(std::move(choices)); },
            .run_told =
                [this](const Scenario& /*scenario*/, Choices choices) {
                  Told told{.outcome = run(std::move(choices)), .story = {}};
                  told.story.lanes = {"server", "alice"};
                  told.story.violations = told.outcome.violations;
                  return told;
                },
            .run_traced =
                [this](const Scenario& /*scenario*/, Choices /*choices*/) {
                  return std::vector<std::string>{"connect", "read " + std::to_string(++traces_),
                                                  "close"};
                },
            .sweep_stops =
                [this](const Scenario& /*scenario*/, const Choices& choices,
                       std::uint32_t second_stride) { return sweep(choices, second_stride); }};
  }

  // With these the fake's runs and seeds agree.
  static constexpr std::uint64_t known_seeds = 3'000;
  static constexpr std::uint64_t steps = 8;
  static constexpr std::uint64_t events = 10;
  static constexpr std::uint64_t sweep_runs = 5;
  // What the fake was swept with.
  std::atomic<std::uint32_t> stride = 0;

 private:
  [[nodiscard]] static std::uint32_t first_choice(Choices& choices) {
    return choices.choose(std::uint32_t{1} << 31, Site::clients);
  }

  [[nodiscard]] Outcome run(Choices choices) {
    ++runs;
    const std::uint32_t first = first_choice(choices);
    const auto known = seed_of_.find(first);
    const std::uint64_t seed = known == seed_of_.end() ? 0 : known->second;
    if (before_run) before_run(seed);

    Outcome outcome;
    outcome.hash = first;
    for (int draw = 0; draw < 5; ++draw) {
      outcome.hash = outcome.hash * 31 + choices.choose(100, Site::action, 1);
    }
    const std::uint32_t stop = choices.choose(100, Site::stop_step);
    const std::uint32_t again = choices.choose(100, Site::stop_again);
    outcome.hash = (outcome.hash * 31 + stop) * 31 + again;
    outcome.events = events;
    outcome.steps = steps;
    outcome.accepted = 3;
    outcome.deliveries = 4;
    outcome.simulated = std::chrono::seconds{60};
    if (meets_everything) strike_all(outcome.faults, outcome.marks);
    if (unsteady.contains(seed)) outcome.hash += ++runs_of_unsteady;
    if (const auto found = broken.find(seed); found != broken.end()) {
      outcome.violations.push_back({.property = found->second, .text = "bob got nothing"});
    }
    if (swept_away.contains(seed) && stop == 4 && again == 2) {
      outcome.violations.push_back({.property = Property::no_silent_loss, .text = "swept away"});
    }
    outcome.tape = choices.tape();
    return outcome;
  }

  [[nodiscard]] Sweep sweep(Choices choices, std::uint32_t second_stride) {
    stride = second_stride;
    Sweep swept;
    swept.runs = sweep_runs;
    swept.events = sweep_runs * events;
    swept.simulated = std::chrono::seconds{1};
    swept.faults.strike(FaultKind::stop_again);
    swept.marks.hit(Mark::second_stop_during_linger);
    choices.force(Site::stop_step, 4);
    choices.force(Site::stop_again, 2);
    Outcome outcome = run(std::move(choices));
    if (!outcome.violations.empty()) swept.broken = std::move(outcome);
    return swept;
  }

  static void strike_all(FaultCounts& faults, MarkCounts& marks) {
    for (std::size_t place = 0; place < fault_count; ++place) {
      faults.strike(static_cast<FaultKind>(place));
    }
    for (std::size_t place = 0; place < mark_count; ++place) marks.hit(static_cast<Mark>(place));
  }

  std::map<std::uint32_t, std::uint64_t> seed_of_;
  std::atomic<int> traces_ = 0;
};

}  // namespace lastword::sim
