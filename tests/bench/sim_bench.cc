// What the simulator costs: events and simulated seconds per second, on one core.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "sim/run.h"

namespace lastword::sim {
namespace {

// Whole runs of a scenario, with all properties checked after every step.
void runs(benchmark::State& state, std::string_view name) {
  const Scenario& scenario = *find_scenario(name);
  std::uint64_t seed = 0;
  std::uint64_t events = 0;
  std::uint64_t steps = 0;
  Duration simulated{};
  for (auto _ : state) {
    const Outcome outcome = run(scenario, Choices::seeded(++seed));
    if (!outcome.violations.empty()) state.SkipWithError("a property broke");
    events += outcome.events;
    steps += outcome.steps;
    simulated += outcome.simulated;
  }
  const auto rate = [](std::uint64_t count) {
    return benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsRate);
  };
  state.counters["events/s"] = rate(events);
  state.counters["steps/s"] = rate(steps);
  state.counters["simulated_s/s"] =
      rate(static_cast<std::uint64_t>(simulated / std::chrono::seconds{1}));
  state.counters["runs/s"] = rate(seed);
}

// The costly one: a run that is snapshot at every step and stopped there.
void sweeps(benchmark::State& state, std::string_view name) {
  const Scenario& scenario = *find_scenario(name);
  std::uint64_t seed = 0;
  std::uint64_t done = 0;
  for (auto _ : state) {
    const Sweep sweep = sweep_stops(scenario, Choices::seeded(++seed), 0);
    if (sweep.broken) state.SkipWithError("a property broke");
    done += sweep.runs;
  }
  state.counters["runs/s"] =
      benchmark::Counter(static_cast<double>(done), benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(runs, idle, "idle")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(runs, calm, "calm")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(runs, deploy, "deploy")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(runs, rooms, "rooms")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(runs, swarm, "swarm")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(runs, stopped_reader, "stopped-reader")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(sweeps, calm, "calm")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lastword::sim

BENCHMARK_MAIN();
