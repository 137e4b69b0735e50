#include "sim/suite.h"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "core/check.h"
#include "sim/abort_note.h"
#include "sim/readable.h"

namespace lastword::sim {

namespace {

// What came of one seed.
struct SeedResult {
  Totals totals;
  std::optional<Failure> failure;
};

std::string first_difference(const std::vector<std::string>& first,
                             const std::vector<std::string>& second) {
  const std::size_t both = std::min(first.size(), second.size());
  std::size_t place = 0;
  while (place < both && first[place] == second[place]) ++place;
  if (place == first.size() && place == second.size()) {
    return "Two more runs, traced, had the same " + grouped(place) + " events.";
  }
  const auto line = [place](const std::vector<std::string>& trace) {
    return place < trace.size() ? trace[place] : std::string{"(the end)"};
  };
  return "They differ first in event " + grouped(place + 1) + ":\n  first:  " + line(first) +
         "\n  second: " + line(second);
}

// Does what one seed asks for.
class SeedRunner {
 public:
  SeedRunner(const SuitePlan& plan, const Engine& engine, std::uint64_t seed)
      : plan_{plan},
        engine_{engine},
        seed_{seed},
        scenario_{plan.scenario != nullptr ? *plan.scenario : engine.scenario_for(seed)} {}

  [[nodiscard]] SeedResult run() {
    note_for_abort(seed_, scenario_);
    const Outcome outcome = engine_.run(scenario_, Choices::seeded(seed_));
    count(outcome);
    if (!outcome.violations.empty()) {
      fail(Failure::Found::in_run, outcome);
      return std::move(result_);
    }
    if (seed_ % twice_every == 0) run_again(outcome);
    if (!result_.failure && is_swept()) sweep(outcome.steps);
    return std::move(result_);
  }

 private:
  void count(const Outcome& outcome) {
    Totals& totals = result_.totals;
    totals.seeds = 1;
    totals.seeds_of[scenario_.name] = 1;
    totals.events = outcome.events;
    totals.simulated = std::chrono::duration_cast<std::chrono::microseconds>(outcome.simulated);
    totals.accepted = outcome.accepted;
    totals.deliveries = outcome.deliveries;
    totals.faults = outcome.faults;
    totals.marks = outcome.marks;
  }

  void run_again(const Outcome& first) {
    Outcome second = engine_.run(scenario_, Choices::seeded(seed_));
    result_.totals.done_twice = 1;
    if (second.hash == first.hash) return;
    const std::string text =
        "The seed was run twice, and the hashes are " + hexadecimal(first.hash) + " and " +
        hexadecimal(second.hash) + ". " +
        first_difference(engine_.run_traced(scenario_, Choices::seeded(seed_)),
                         engine_.run_traced(scenario_, Choices::seeded(seed_)));
    second.violations.insert(second.violations.begin(),
                             Violation{.property = Property::determinism, .text = text});
    fail(Failure::Found::in_second_run, std::move(second));
  }

  [[nodiscard]] bool is_swept() const {
    return plan_.is_swept_whole || (plan_.sweep_every != 0 && seed_ % plan_.sweep_every == 0);
  }

  void sweep(std::uint64_t steps) {
    const std::uint32_t stride = plan_.is_swept_whole ? 1 : second_stride_for(steps);
    Sweep swept = engine_.sweep_stops(scenario_, Choices::seeded(seed_), stride);
    Totals& totals = result_.totals;
    totals.sweeps = 1;
    totals.sweep_runs = swept.runs;
    totals.events += swept.events;
    totals.simulated += std::chrono::duration_cast<std::chrono::microseconds>(swept.simulated);
    totals.faults.add(swept.faults);
    totals.marks.add(swept.marks);
    if (swept.broken) fail(Failure::Found::in_sweep, std::move(*swept.broken));
  }

  void fail(Failure::Found found, Outcome outcome) {
    LASTWORD_CHECK(!outcome.violations.empty());
    result_.failure = Failure{
        .seed = seed_, .scenario = &scenario_, .found = found, .outcome = std::move(outcome)};
  }

  const SuitePlan& plan_;
  const Engine& engine_;
  std::uint64_t seed_;
  const Scenario& scenario_;
  SeedResult result_;
};

void add(Totals& sum, const Totals& part) {
  sum.seeds += part.seeds;
  sum.done_twice += part.done_twice;
  sum.sweeps += part.sweeps;
  sum.sweep_runs += part.sweep_runs;
  sum.events += part.events;
  sum.simulated += part.simulated;
  sum.accepted += part.accepted;
  sum.deliveries += part.deliveries;
  sum.faults.add(part.faults);
  sum.marks.add(part.marks);
  for (const auto& [name, seeds] : part.seeds_of) sum.seeds_of[name] += seeds;
}

class Suite {
 public:
  Suite(const SuitePlan& plan, const Engine& engine, const SuiteHooks& hooks)
      : plan_{plan},
        engine_{engine},
        hooks_{hooks},
        began_{hooks.now()},
        next_{plan.first_seed},
        next_counted_{plan.first_seed} {
    LASTWORD_CHECK(plan.first_seed <= plan.last_seed);
    LASTWORD_CHECK(plan.jobs > 0);
    progress_.time_max = plan.time_max;
    const std::uint64_t behind_first = plan.last_seed - plan.first_seed;
    progress_.seeds_max = std::max(behind_first, behind_first + 1);  // but for all 2^64 of them
  }

  [[nodiscard]] SuiteResult run() {
    working_ = plan_.jobs;
    {
      std::vector<std::jthread> threads;
      threads.reserve(plan_.jobs);
      for (std::uint32_t job = 0; job < plan_.jobs; ++job) {
        threads.emplace_back([this] { work(); });
      }
      look_on();
    }
    LASTWORD_CHECK(finished_.empty() || is_over_);
    result_.took = hooks_.now() - began_;
    return std::move(result_);
  }

 private:
  // Often enough for a line that moves, seldom enough to cost nothing.
  static constexpr std::chrono::milliseconds tick{100};

  void look_on() {
    std::unique_lock lock{mutex_};
    for (;;) {
      if (!result_.is_interrupted && hooks_.is_interrupted()) {
        result_.is_interrupted = true;
        is_ending_ = true;
      }
      if (done_.wait_for(lock, tick, [this] { return working_ == 0; })) return;
      SuiteProgress progress = progress_;
      lock.unlock();
      progress.elapsed = hooks_.now() - began_;
      hooks_.show(progress);
      lock.lock();
    }
  }

  void work() {
    while (const std::optional<std::uint64_t> seed = take()) {
      finish(*seed, SeedRunner{plan_, engine_, *seed}.run());
    }
    const std::lock_guard lock{mutex_};
    if (--working_ == 0) done_.notify_all();
  }

  // Seeds are handed out one by one: a run takes so much longer than the lock that blocks of seeds
  // would bring nothing, and so those that were begun are always the first ones.
  [[nodiscard]] std::optional<std::uint64_t> take() {
    const std::lock_guard lock{mutex_};
    if (plan_.time_max && hooks_.now() - began_ >= *plan_.time_max) is_ending_ = true;
    if (is_ending_) return std::nullopt;
    if (next_ == plan_.last_seed) is_ending_ = true;
    return next_++;
  }

  // Results are counted in order of seeds, whatever the order in which they come.
  void finish(std::uint64_t seed, SeedResult result) {
    const std::lock_guard lock{mutex_};
    show_of(result);
    if (result.failure && !plan_.keeps_going) is_ending_ = true;
    finished_.emplace(seed, std::move(result));
    while (!is_over_ && !finished_.empty() && finished_.begin()->first == next_counted_) {
      count(std::move(finished_.begin()->second));
      finished_.erase(finished_.begin());
      ++next_counted_;
    }
  }

  void show_of(const SeedResult& result) {
    progress_.seeds += 1;
    progress_.runs += 1 + result.totals.sweep_runs;
    progress_.events += result.totals.events;
    progress_.simulated += result.totals.simulated;
    if (result.failure) ++progress_.failures;
  }

  void count(SeedResult result) {
    add(result_.totals, result.totals);
    if (!result.failure) return;
    result_.failed.push_back({.seed = result.failure->seed,
                              .scenario = result.failure->scenario,
                              .property = result.failure->outcome.violations.front().property});
    if (!result_.first) result_.first = std::move(result.failure);
    if (!plan_.keeps_going) is_over_ = true;
  }

  const SuitePlan& plan_;
  const Engine& engine_;
  const SuiteHooks& hooks_;
  const Duration began_;

  std::mutex mutex_;  // guards all below
  std::condition_variable done_;
  std::uint32_t working_ = 0;  // threads
  bool is_ending_ = false;     // no further seed is begun
  bool is_over_ = false;       // no further seed is counted
  std::uint64_t next_;
  std::uint64_t next_counted_;
  std::map<std::uint64_t, SeedResult> finished_;  // and not yet counted, as a lower one isn't
  SuiteProgress progress_;
  SuiteResult result_;
};

}  // namespace

Engine real_engine() {
  return {.scenario_for = scenario_for,
          .run = run,
          .run_told = run_told,
          .run_traced = run_traced,
          .sweep_stops = sweep_stops};
}

std::uint32_t second_stride_for(std::uint64_t steps) {
  const std::uint64_t stride = std::max<std::uint64_t>(1, steps / second_stops_max);
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(stride, std::numeric_limits<std::uint32_t>::max()));
}

SuiteHooks quiet_hooks() {
  return {.now = [] { return Duration{std::chrono::steady_clock::now().time_since_epoch()}; },
          .is_interrupted = [] { return false; },
          .show = [](const SuiteProgress&) {}};
}

SuiteResult run_suite(const SuitePlan& plan, const Engine& engine, const SuiteHooks& hooks) {
  return Suite{plan, engine, hooks}.run();
}

}  // namespace lastword::sim
