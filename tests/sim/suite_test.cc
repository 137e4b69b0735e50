#include "sim/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <latch>
#include <limits>
#include <mutex>

#include "core/check.h"
#include "sim/abort_note.h"
#include "tests/sim/fake_engine.h"

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

SuitePlan seeds(std::uint64_t first, std::uint64_t last) {
  return {.first_seed = first, .last_seed = last, .time_max = {}};
}

std::vector<std::uint64_t> seeds_of(const std::vector<SuiteResult::FailedSeed>& failed) {
  std::vector<std::uint64_t> list;
  list.reserve(failed.size());
  for (const auto& each : failed) list.push_back(each.seed);
  return list;
}

TEST(Suite, RunsEachSeedOnceInTheScenarioItStandsFor) {
  FakeEngine fake;
  std::vector<std::uint64_t> begun;
  fake.before_run = [&](std::uint64_t seed) { begun.push_back(seed); };
  const SuiteResult result = run_suite(seeds(3, 7), fake.engine(), quiet_hooks());

  EXPECT_THAT(begun, ElementsAre(3, 4, 5, 6, 7));
  EXPECT_EQ(result.totals.seeds, 5U);
  EXPECT_THAT(result.totals.seeds_of, ElementsAre(Pair("even", 2), Pair("odd", 3)));
  EXPECT_EQ(result.totals.events, 5 * FakeEngine::events);
  EXPECT_EQ(result.totals.simulated, 5 * 60s);
  EXPECT_EQ(result.totals.accepted, 15U);
  EXPECT_EQ(result.totals.deliveries, 20U);
  EXPECT_EQ(result.totals.faults.at(FaultKind::reset).effective, 5U);
  EXPECT_EQ(result.totals.marks.at(Mark::drain_cut_off), 5U);
  EXPECT_FALSE(result.first);
  EXPECT_FALSE(result.is_interrupted);
}

TEST(Suite, RunsAllSeedsInOneScenarioIfItIsNamed) {
  FakeEngine fake;
  SuitePlan plan = seeds(1, 10);
  plan.scenario = &fake_scenarios.back();
  const SuiteResult result = run_suite(plan, fake.engine(), quiet_hooks());
  EXPECT_THAT(result.totals.seeds_of, ElementsAre(Pair("odd", 10)));
}

TEST(Suite, RunsTheLastSeedThereIs) {
  FakeEngine fake;
  constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(run_suite(seeds(last - 1, last), fake.engine(), quiet_hooks()).totals.seeds, 2U);
}

TEST(Suite, ComesToTheSameWithAnyNumberOfJobs) {
  FakeEngine fake;
  fake.broken = {{17, Property::isolation}, {130, Property::bounds}, {131, Property::bounds}};
  SuitePlan plan = seeds(1, 2'000);
  plan.keeps_going = true;
  const SuiteResult alone = run_suite(plan, fake.engine(), quiet_hooks());
  EXPECT_THAT(seeds_of(alone.failed), ElementsAre(17, 130, 131));
  EXPECT_EQ(alone.totals.seeds, 2'000U);
  for (const std::uint32_t jobs : {2U, 7U}) {
    plan.jobs = jobs;
    const SuiteResult together = run_suite(plan, fake.engine(), quiet_hooks());
    EXPECT_EQ(together.totals.seeds, alone.totals.seeds);
    EXPECT_EQ(together.totals.events, alone.totals.events);
    EXPECT_EQ(together.totals.sweep_runs, alone.totals.sweep_runs);
    EXPECT_EQ(together.totals.seeds_of, alone.totals.seeds_of);
    EXPECT_EQ(seeds_of(together.failed), seeds_of(alone.failed));
    ASSERT_TRUE(together.first);
    EXPECT_EQ(together.first->seed, 17U);
  }
}

TEST(Suite, EndsAtTheFirstFailure) {
  FakeEngine fake;
  fake.broken = {{5, Property::isolation}, {9, Property::bounds}};
  const SuiteResult result = run_suite(seeds(1, 100), fake.engine(), quiet_hooks());
  ASSERT_TRUE(result.first);
  EXPECT_EQ(result.first->seed, 5U);
  EXPECT_EQ(result.first->scenario, &fake_scenarios[1]);
  EXPECT_EQ(result.first->found, Failure::Found::in_run);
  EXPECT_EQ(result.first->outcome.violations.front().property, Property::isolation);
  EXPECT_FALSE(result.first->outcome.tape.is_empty());
  EXPECT_THAT(seeds_of(result.failed), ElementsAre(5));
  EXPECT_EQ(result.totals.seeds, 5U);
}

// Seed 5 is held up until another one has failed.
TEST(Suite, ReportsTheLowestSeedThatFailsThoughAHigherOneFailsBefore) {
  FakeEngine fake;
  fake.broken = {{5, Property::isolation}, {9, Property::bounds}};
  std::latch nine_failed{1};
  fake.before_run = [&](std::uint64_t seed) {
    if (seed == 5) nine_failed.wait();
  };
  SuiteHooks hooks = quiet_hooks();
  hooks.show = [&](const SuiteProgress& progress) {
    if (progress.failures == 1 && !nine_failed.try_wait()) nine_failed.count_down();
  };
  SuitePlan plan = seeds(1, 100);
  plan.jobs = 2;
  const SuiteResult result = run_suite(plan, fake.engine(), hooks);
  EXPECT_THAT(seeds_of(result.failed), ElementsAre(5));
  ASSERT_TRUE(result.first);
  EXPECT_EQ(result.first->seed, 5U);
  EXPECT_EQ(result.totals.seeds, 5U) << "those behind it count for nothing";
}

TEST(Suite, DoesMultiplesOfSixtyFourTwice) {
  FakeEngine fake;
  SuitePlan plan = seeds(1, 200);
  plan.sweep_every = 0;
  const SuiteResult result = run_suite(plan, fake.engine(), quiet_hooks());
  EXPECT_EQ(result.totals.done_twice, 3U);
  EXPECT_EQ(result.totals.seeds, 200U);
  EXPECT_EQ(fake.runs, 203U);
}

TEST(Suite, NamesTheFirstEventInWhichTwoRunsOfASeedDiffer) {
  FakeEngine fake;
  fake.unsteady = {100, 128, 192};
  const SuiteResult result = run_suite(seeds(1, 1'000), fake.engine(), quiet_hooks());
  ASSERT_TRUE(result.first);
  EXPECT_EQ(result.first->seed, 128U) << "100 is not done twice";
  EXPECT_EQ(result.first->found, Failure::Found::in_second_run);
  const Violation& violation = result.first->outcome.violations.front();
  EXPECT_EQ(violation.property, Property::determinism);
  EXPECT_THAT(violation.text, HasSubstr("differ first in event 2:"));
  EXPECT_THAT(violation.text, HasSubstr("first:  read "));
  EXPECT_THAT(violation.text, HasSubstr("second: read "));
}

TEST(Suite, SweepsMultiplesOfANumberWithFewSecondStops) {
  FakeEngine fake;
  SuitePlan plan = seeds(1, 100);
  plan.sweep_every = 40;
  const SuiteResult result = run_suite(plan, fake.engine(), quiet_hooks());
  EXPECT_EQ(result.totals.sweeps, 2U);
  EXPECT_EQ(result.totals.sweep_runs, 2 * FakeEngine::sweep_runs);
  EXPECT_EQ(result.totals.events, (100 + 2 * FakeEngine::sweep_runs) * FakeEngine::events);
  EXPECT_EQ(result.totals.simulated, 100 * 60s + 2s);
  EXPECT_EQ(result.totals.faults.at(FaultKind::stop_again).injected, 102U);
  EXPECT_EQ(result.totals.marks.at(Mark::second_stop_during_linger), 102U);
  EXPECT_EQ(fake.stride, second_stride_for(FakeEngine::steps));
}

TEST(Suite, SweepsEverythingIfItIsTold) {
  FakeEngine fake;
  SuitePlan plan = seeds(1, 10);
  plan.is_swept_whole = true;
  EXPECT_EQ(run_suite(plan, fake.engine(), quiet_hooks()).totals.sweeps, 10U);
  EXPECT_EQ(fake.stride, 1U);
}

TEST(Suite, SweepsNothingIfItIsTold) {
  FakeEngine fake;
  SuitePlan plan = seeds(900, 1'100);
  plan.sweep_every = 0;
  EXPECT_EQ(run_suite(plan, fake.engine(), quiet_hooks()).totals.sweeps, 0U);
}

TEST(Suite, BringsTheRunThatASweepBroke) {
  FakeEngine fake;
  fake.swept_away = {80, 83};
  SuitePlan plan = seeds(1, 100);
  plan.sweep_every = 40;
  const SuiteResult result = run_suite(plan, fake.engine(), quiet_hooks());
  ASSERT_TRUE(result.first);
  EXPECT_EQ(result.first->seed, 80U);
  EXPECT_EQ(result.first->found, Failure::Found::in_sweep);
  EXPECT_EQ(result.first->outcome.violations.front().text, "swept away");
}

TEST(Suite, HasAHandfulOfSecondStopsForEachFirstOne) {
  EXPECT_EQ(second_stride_for(0), 1U);
  EXPECT_EQ(second_stride_for(3), 1U);
  for (const std::uint64_t steps : {10U, 100U, 12'345U}) {
    EXPECT_LE(steps / second_stride_for(steps), second_stops_max + 1) << steps;
    EXPECT_GE(steps / second_stride_for(steps), second_stops_max) << steps;
  }
  EXPECT_EQ(second_stride_for(std::numeric_limits<std::uint64_t>::max()),
            std::numeric_limits<std::uint32_t>::max());
}

TEST(Suite, BeginsNoSeedOnceItsTimeIsOver) {
  FakeEngine fake;
  std::atomic<std::int64_t> seconds = 100;
  fake.before_run = [&](std::uint64_t /*seed*/) { ++seconds; };
  SuitePlan plan = seeds(1, std::numeric_limits<std::uint64_t>::max());
  plan.time_max = 10s;
  SuiteHooks hooks = quiet_hooks();
  hooks.now = [&] { return Duration{std::chrono::seconds{seconds}}; };
  const SuiteResult result = run_suite(plan, fake.engine(), hooks);
  EXPECT_EQ(result.totals.seeds, 10U);
  EXPECT_EQ(result.took, 10s);
  EXPECT_FALSE(result.is_interrupted);
}

TEST(Suite, FinishesWhatItBeganWhenItIsInterrupted) {
  FakeEngine fake;
  std::latch begun{1};
  std::once_flag once;
  fake.before_run = [&](std::uint64_t /*seed*/) {
    std::call_once(once, [&] { begun.count_down(); });
  };
  SuiteHooks hooks = quiet_hooks();
  hooks.is_interrupted = [&] { return begun.try_wait(); };
  SuitePlan plan = seeds(1, std::numeric_limits<std::uint64_t>::max());
  plan.sweep_every = 0;
  plan.jobs = 2;
  const SuiteResult result = run_suite(plan, fake.engine(), hooks);
  EXPECT_TRUE(result.is_interrupted);
  EXPECT_GE(result.totals.seeds, 1U);
  EXPECT_EQ(result.totals.seeds + result.totals.done_twice, fake.runs);
}

// The first seed is held up until somebody has been shown something.
TEST(Suite, ShowsHowFarItIs) {
  FakeEngine fake;
  std::latch shown{1};
  fake.before_run = [&](std::uint64_t seed) {
    if (seed == 2) shown.wait();
  };
  SuiteHooks hooks = quiet_hooks();
  std::vector<SuiteProgress> seen;
  hooks.show = [&](const SuiteProgress& progress) {
    seen.push_back(progress);
    if (seen.size() == 1) shown.count_down();
  };
  static_cast<void>(run_suite(seeds(1, 2), fake.engine(), hooks));
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.front().seeds, 1U);
  EXPECT_EQ(seen.front().runs, 1U);
  EXPECT_EQ(seen.front().events, FakeEngine::events);
  EXPECT_EQ(seen.front().simulated, 60s);
  EXPECT_EQ(seen.front().seeds_max, 2U);
  EXPECT_GT(seen.front().elapsed, 0s);
}

TEST(SuiteDeathTest, NamesTheSeedInWhichTheCodeStoppedItself) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  FakeEngine fake;
  fake.before_run = [](std::uint64_t seed) { LASTWORD_CHECK(seed != 5); };
  SuitePlan plan = seeds(1, 10);
  plan.jobs = 2;
  EXPECT_DEATH(
      {
        tell_on_abort();
        static_cast<void>(run_suite(plan, fake.engine(), quiet_hooks()));
      },
      "seed != 5.*\n.*that was seed 5 of scenario odd; again: lastword-sim replay 5 --scenario "
      "odd");
}

}  // namespace
}  // namespace lastword::sim
