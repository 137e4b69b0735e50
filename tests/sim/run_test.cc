// A run and its tape: the same again, bit for bit; snapshots; stops after every step.
#include "sim/run.h"

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world.h"
#include "tests/sim/print_tape.h"

namespace lastword::sim {

// The name that GoogleTest looks for.
static void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

namespace {

class EachScenario : public ::testing::TestWithParam<Scenario> {
 protected:
  [[nodiscard]] std::uint64_t seeds() const { return GetParam().name == "idle" ? 1 : 12; }
};

INSTANTIATE_TEST_SUITE_P(Scenarios, EachScenario,
                         ::testing::ValuesIn(scenarios().begin(), scenarios().end()),
                         [](const auto& named) {
                           std::string name{named.param.name};
                           for (char& letter : name) {
                             if (letter == '-') letter = '_';
                           }
                           return name;
                         });

TEST_P(EachScenario, GivesTheSameRunTwice) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    const Outcome first = run(GetParam(), Choices::seeded(seed));
    const Outcome second = run(GetParam(), Choices::seeded(seed));
    EXPECT_EQ(first.hash, second.hash) << "seed " << seed;
    EXPECT_EQ(first.tape, second.tape) << "seed " << seed;
    EXPECT_EQ(first.events, second.events) << "seed " << seed;
  }
}

TEST_P(EachScenario, GivesTheSameRunFromItsTape) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    const Outcome drawn = run(GetParam(), Choices::seeded(seed));
    const Outcome replayed = run(GetParam(), Choices::replayed(drawn.tape));
    EXPECT_EQ(drawn.hash, replayed.hash) << "seed " << seed;
    EXPECT_EQ(drawn.tape, replayed.tape) << "seed " << seed;
  }
}

TEST_P(EachScenario, IsTheSameRunWhenItIsTold) {
  const Outcome silent = run(GetParam(), Choices::seeded(2));
  const Told told = run_told(GetParam(), Choices::seeded(2));
  EXPECT_EQ(silent.hash, told.outcome.hash);
  EXPECT_FALSE(told.story.events.empty());
  EXPECT_EQ(run_traced(GetParam(), Choices::seeded(2)), run_traced(GetParam(), Choices::seeded(2)));
}

TEST_P(EachScenario, HoldsOnAnEmptyTape) {
  const Outcome outcome = run(GetParam(), Choices::replayed({}));
  EXPECT_TRUE(outcome.violations.empty());
  EXPECT_TRUE(outcome.tape.is_empty()) << outcome.tape;
  EXPECT_GT(outcome.steps, 0U);
  EXPECT_GE(outcome.events, outcome.steps / 2);
}

// A snapshot goes on like the original, wherever it is taken.
TEST_P(EachScenario, GoesOnTheSameFromEverySnapshot) {
  World original{GetParam(), Choices::seeded(5), {}};
  original.run();
  const Outcome expected = original.outcome();
  World world{GetParam(), Choices::seeded(5), {}};
  const std::uint64_t stride = 1 + expected.steps / 100;
  while (world.step()) {
    if (world.steps() % stride != 0) continue;
    World copy{world};
    copy.run();
    ASSERT_EQ(copy.outcome().hash, expected.hash) << "from step " << world.steps();
    ASSERT_EQ(copy.outcome().tape, expected.tape) << "from step " << world.steps();
  }
  EXPECT_EQ(world.outcome().hash, expected.hash);
}

TEST(Run, DiffersFromSeedToSeed) {
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    hashes.insert(run(*find_scenario("swarm"), Choices::seeded(seed)).hash);
  }
  EXPECT_EQ(hashes.size(), 50U);
}

TEST(Run, EndsWithTheProcess) {
  Choices choices = Choices::seeded(1);
  choices.force(Site::stop_step, 40);
  choices.force(Site::stop_kind, 1);  // in the middle, again, SIGINT, and killed
  World world{*find_scenario("calm"), choices, {}};
  world.run();
  EXPECT_TRUE(world.host().was_killed());
  EXPECT_FALSE(world.is_broken());
  EXPECT_EQ(world.outcome().faults.at(FaultKind::killed).injected, 1U);
}

TEST(Run, MeetsTheMixEvenly) {
  std::map<std::string_view, int> counts;
  for (std::uint64_t seed = 0; seed < 1200; ++seed) ++counts[scenario_for(seed).name];
  EXPECT_EQ(counts.size(), 12U);
  for (const auto& [name, count] : counts) {
    EXPECT_EQ(count, 100) << name;
    EXPECT_TRUE(find_scenario(name)->is_in_mix);
  }
  EXPECT_EQ(find_scenario("no such weather"), nullptr);
}

// --- Stops after every step --------------------------------------------------------------------

TEST(Sweep, StopsAfterEveryStepBeforeTheStop) {
  const Scenario& scenario = *find_scenario("still-typing");
  Choices choices = Choices::replayed({});
  const Sweep sweep = sweep_stops(scenario, choices, 0);
  EXPECT_FALSE(sweep.broken.has_value());

  // As many as there are steps in which nobody has asked it to stop yet.
  World world{scenario, choices, {}};
  std::uint64_t steps = 0;
  while (world.step() && !world.is_stopped() && !world.has_exited()) ++steps;
  EXPECT_EQ(sweep.runs, steps);
  EXPECT_EQ(sweep.faults.at(FaultKind::stop_anywhere).injected, steps);
}

TEST(Sweep, StopsASecondTimeAfterEveryLaterStep) {
  const Sweep once = sweep_stops(*find_scenario("last-words"), Choices::replayed({}), 0);
  const Sweep twice = sweep_stops(*find_scenario("last-words"), Choices::replayed({}), 1);
  EXPECT_FALSE(twice.broken.has_value());
  EXPECT_GT(twice.runs, 5 * once.runs);
  EXPECT_EQ(twice.faults.at(FaultKind::stop_again).injected, twice.runs - once.runs);
}

// What a sweep finds can be run again from its tape alone.
TEST(Sweep, LeavesATapeThatSaysWhenTheStopsCame) {
  const Scenario& scenario = *find_scenario("calm");
  World world{scenario, Choices::seeded(3), {}};
  while (world.step() && world.steps() < 30) {
  }
  ASSERT_FALSE(world.is_stopped());
  world.stop_here();
  while (world.step() && world.steps() < 42) {
  }
  world.stop_here();
  world.run();
  const Outcome stopped = world.outcome();
  EXPECT_EQ(stopped.faults.at(FaultKind::stop_again).injected, 1U);
  EXPECT_EQ(run(scenario, Choices::replayed(stopped.tape)).hash, stopped.hash);
}

}  // namespace
}  // namespace lastword::sim
