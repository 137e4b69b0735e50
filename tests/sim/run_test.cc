// A run and its tape: the same again, bit for bit; snapshots; stops after every step.
#include "sim/run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/world.h"
#include "tests/sim/print_tape.h"

namespace lastword::sim {

// The names that GoogleTest looks for.
static void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }
static void PrintTo(const StoryEvent& event, std::ostream* out) {
  *out << "lane " << event.lane << " at " << (event.at - Instant{}).count() << ": " << event.text;
}

static bool operator==(const FaultCounts::Count& one, const FaultCounts::Count& other) {
  return one.injected == other.injected && one.effective == other.effective;
}
static bool operator==(const StoryEvent& one, const StoryEvent& other) {
  return one.at == other.at && one.lane == other.lane && one.kind == other.kind &&
         one.text == other.text && one.to == other.to && one.from_event == other.from_event &&
         one.is_lost == other.is_lost && one.is_concerned == other.is_concerned;
}

namespace {

std::string as_test_name(std::string_view name) {
  std::string letters{name};
  std::ranges::replace(letters, '-', '_');
  return letters;
}

void expect_same(const Outcome& one, const Outcome& other) {
  EXPECT_EQ(one.hash, other.hash);
  EXPECT_EQ(one.tape, other.tape);
  EXPECT_EQ(one.events, other.events);
  EXPECT_EQ(one.steps, other.steps);
  EXPECT_EQ(one.accepted, other.accepted);
  EXPECT_EQ(one.deliveries, other.deliveries);
  EXPECT_EQ(one.simulated, other.simulated);
  EXPECT_TRUE(one.faults.of == other.faults.of);
  EXPECT_EQ(one.marks.of, other.marks.of);
  EXPECT_EQ(one.violations.size(), other.violations.size());
}

// What must be true of any run that holds.
void expect_consistent(const Outcome& outcome) {
  EXPECT_TRUE(outcome.violations.empty());
  for (const Violation& violation : outcome.violations) ADD_FAILURE() << violation.text;
  EXPECT_GT(outcome.steps, 0U);
  EXPECT_GE(outcome.events, outcome.steps / 2) << "hardly a step passes without an event";
  EXPECT_GT(outcome.simulated, Duration::zero());
  const auto count = [&](FaultKind fault) { return outcome.faults.at(fault); };
  EXPECT_LE(count(FaultKind::killed).injected, 1U);
  EXPECT_LE(count(FaultKind::stop_anywhere).injected, 1U);
  EXPECT_LE(count(FaultKind::stop_anywhere).injected + count(FaultKind::stop_at_worst).injected +
                count(FaultKind::killed).injected,
            1U)
      << "a process is stopped a first time once";
  EXPECT_LE(count(FaultKind::stop_again).injected, 1U);
  for (const Choice& choice : outcome.tape.choices()) EXPECT_GT(choice.value, 0U) << choice;
}

// --- Every scenario -----------------------------------------------------------------------------

class EachScenario : public ::testing::TestWithParam<Scenario> {
 protected:
  [[nodiscard]] static bool is_long() { return GetParam().name == "idle"; }
  [[nodiscard]] static std::uint64_t seeds() { return is_long() ? 1 : 50; }
};

INSTANTIATE_TEST_SUITE_P(Scenarios, EachScenario,
                         ::testing::ValuesIn(scenarios().begin(), scenarios().end()),
                         [](const auto& named) { return as_test_name(named.param.name); });

TEST_P(EachScenario, GivesTheSameRunTwice) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    SCOPED_TRACE(seed);
    const Outcome outcome = run(GetParam(), Choices::seeded(seed));
    expect_consistent(outcome);
    expect_same(run(GetParam(), Choices::seeded(seed)), outcome);
  }
}

TEST_P(EachScenario, GivesTheSameRunFromItsTape) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    SCOPED_TRACE(seed);
    const Outcome drawn = run(GetParam(), Choices::seeded(seed));
    expect_same(run(GetParam(), Choices::replayed(drawn.tape)), drawn);
  }
}

TEST_P(EachScenario, IsTheSameRunWhenItIsTold) {
  for (const std::uint64_t seed : {2U, 3U}) {
    SCOPED_TRACE(seed);
    const Told told = run_told(GetParam(), Choices::seeded(seed));
    expect_same(told.outcome, run(GetParam(), Choices::seeded(seed)));
    EXPECT_EQ(told.story.scenario, GetParam().name);
    EXPECT_EQ(told.story.choices.size(), told.outcome.tape.size());
    EXPECT_FALSE(told.story.events.empty());
    EXPECT_TRUE(std::ranges::is_sorted(told.story.events, {}, &StoryEvent::at));
    for (const StoryEvent& event : told.story.events) {
      ASSERT_LT(event.lane, told.story.lanes.size());
    }
  }
}

TEST_P(EachScenario, TellsTheSameStoryAndTraceTwice) {
  const Story story = run_told(GetParam(), Choices::seeded(2)).story;
  const Story again = run_told(GetParam(), Choices::seeded(2)).story;
  EXPECT_EQ(again.lanes, story.lanes);
  EXPECT_EQ(again.events, story.events);
  EXPECT_EQ(again.choices, story.choices);
  const std::vector<std::string> trace = run_traced(GetParam(), Choices::seeded(2));
  EXPECT_EQ(run_traced(GetParam(), Choices::seeded(2)), trace);
  EXPECT_NE(run_traced(GetParam(), Choices::seeded(5)), trace);
  const Outcome outcome = run(GetParam(), Choices::seeded(2));
  EXPECT_GT(trace.size(), outcome.steps / 3);
  EXPECT_LE(trace.size(), outcome.events);
}

TEST_P(EachScenario, HoldsOnAnEmptyTape) {
  const Outcome outcome = run(GetParam(), Choices::replayed({}));
  expect_consistent(outcome);
  EXPECT_TRUE(outcome.tape.is_empty()) << outcome.tape;
  EXPECT_GT(outcome.accepted, 0U) << "not even a boring run is about nothing";
}

// A snapshot goes on like the original, wherever it is taken, and whatever becomes of the original.
TEST_P(EachScenario, GoesOnTheSameFromEverySnapshot) {
  const std::uint64_t seeds = is_long() ? 1 : 10;
  constexpr std::uint64_t snapshots_max = 40;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    World undisturbed{GetParam(), Choices::seeded(seed), {}};
    undisturbed.run();
    const Outcome expected = undisturbed.outcome();
    const std::uint64_t stride = 1 + expected.steps / snapshots_max;
    World world{GetParam(), Choices::seeded(seed), {}};
    while (world.step()) {
      if (world.steps() % stride != 0) continue;
      SCOPED_TRACE(world.steps());
      auto original = std::make_unique<World>(world);
      World snapshot{*original};
      original.reset();
      snapshot.run();
      expect_same(snapshot.outcome(), expected);
      EXPECT_EQ(snapshot.transcripts(), undisturbed.transcripts());
      EXPECT_EQ(snapshot.host().was_killed(), undisturbed.host().was_killed());
      ASSERT_FALSE(HasFailure());
    }
    expect_same(world.outcome(), expected);
  }
}

// In worlds that are stopped twice; and the end stays the end.
TEST(Run, GoesOnTheSameFromEverySingleStep) {
  for (const std::string_view name :
       {"still-typing", "last-words", "taken-name", "clocks", "redeploy"}) {
    SCOPED_TRACE(name);
    Choices choices = Choices::seeded(4);
    choices.force(Site::stop_again, 9);
    World undisturbed{*find_scenario(name), choices, {}};
    undisturbed.run();
    World world{*find_scenario(name), choices, {}};
    do {
      World snapshot{world};
      snapshot.run();
      EXPECT_FALSE(snapshot.step());
      expect_same(snapshot.outcome(), undisturbed.outcome());
      ASSERT_FALSE(::testing::Test::HasFailure()) << "from step " << world.steps();
    } while (world.step());
    World over{world};
    EXPECT_FALSE(over.step());
    expect_same(over.outcome(), undisturbed.outcome());
  }
}

// Early enough that nobody has stopped it yet.
constexpr std::uint32_t few_steps = 12;

// Two snapshots of one moment have futures of their own.
TEST_P(EachScenario, LeavesItsOriginalAloneWhenASnapshotIsStopped) {
  World undisturbed{GetParam(), Choices::replayed({}), {}};
  undisturbed.run();
  const Outcome expected = undisturbed.outcome();
  World world{GetParam(), Choices::replayed({}), {}};
  while (world.steps() < few_steps) ASSERT_TRUE(world.step());
  World stopped{world};
  stopped.stop_here();
  stopped.run();
  EXPECT_TRUE(stopped.has_exited());
  EXPECT_FALSE(world.is_stopped());
  EXPECT_NE(stopped.outcome().hash, expected.hash);
  world.run();
  expect_same(world.outcome(), expected);
}

// Nothing comes from a process that was killed, and nobody waits for it.
TEST_P(EachScenario, EndsWhenTheProcessIsKilled) {
  const auto choice = [](Site site, std::uint32_t index, std::uint32_t value) {
    return Choice{.site = site, .chooser = the_world, .index = index, .value = value};
  };
  constexpr std::uint32_t is_kill = 3;  // the fourth question about the kind of stop
  const Tape tape{{choice(Site::stop_step, 0, few_steps), choice(Site::stop_kind, is_kill, 1)}};
  World first{GetParam(), Choices::replayed(tape), {}};
  first.step();
  World world{first};
  while (!world.host().was_killed() && world.step()) {
  }
  if (GetParam().name == "isolation" || GetParam().name == "idle") {
    EXPECT_FALSE(world.host().was_killed()) << "no signal comes in the middle of these";
    return;
  }
  EXPECT_EQ(world.steps(), few_steps - 1);
  EXPECT_TRUE(world.has_exited());
  EXPECT_EQ(world.kernel().open_descriptors(), 0U);
  EXPECT_EQ(world.outcome().faults.at(FaultKind::killed).injected, 1U);
  const std::uint64_t facts = world.host().facts();
  World snapshot{world};
  snapshot.run();
  EXPECT_FALSE(snapshot.is_broken());
  EXPECT_TRUE(snapshot.host().was_killed());
  world.run();
  EXPECT_FALSE(world.step());
  EXPECT_FALSE(world.is_broken());
  EXPECT_EQ(world.host().facts(), facts);
  EXPECT_EQ(world.kernel().open_descriptors(), 0U);
  EXPECT_EQ(world.outcome().faults.at(FaultKind::stop_anywhere).injected, 0U);
}

// --- The mix ------------------------------------------------------------------------------------

TEST(Run, DiffersFromSeedToSeed) {
  for (const Scenario& scenario : scenarios()) {
    if (!scenario.is_in_mix) continue;
    std::set<std::uint64_t> hashes;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      hashes.insert(run(scenario, Choices::seeded(seed)).hash);
    }
    EXPECT_EQ(hashes.size(), 50U) << scenario.name;
  }
}

TEST(Run, SaysWhichPropertiesWereBroken) {
  Outcome outcome;
  EXPECT_FALSE(outcome.has_broken(Property::bounds));
  outcome.violations.push_back({.property = Property::chunking, .text = "", .clients = {}});
  outcome.violations.push_back({.property = Property::bounds, .text = "", .clients = {}});
  EXPECT_TRUE(outcome.has_broken(Property::bounds));
  EXPECT_TRUE(outcome.has_broken(Property::chunking));
  EXPECT_FALSE(outcome.has_broken(Property::isolation));
}

TEST(Scenarios, AreFoundByTheirNames) {
  std::set<std::string_view> names;
  for (const Scenario& scenario : scenarios()) {
    EXPECT_EQ(find_scenario(scenario.name), &scenario);
    EXPECT_TRUE(names.insert(scenario.name).second) << scenario.name;
    EXPECT_FALSE(scenario.sentence.empty() || scenario.sentence.ends_with('.')) << scenario.name;
  }
  for (const std::string_view name : {"no such weather", "", "Swarm", "swar", "swarm "}) {
    EXPECT_EQ(find_scenario(name), nullptr) << name;
  }
}

TEST(Scenarios, OfTheMixComeEvenly) {
  const auto in_mix =
      static_cast<std::uint64_t>(std::ranges::count_if(scenarios(), &Scenario::is_in_mix));
  constexpr std::uint64_t rounds = 100;
  const std::array<std::uint64_t, 3> first_seeds{
      0, 123'456'789, std::numeric_limits<std::uint64_t>::max() - rounds * in_mix};
  for (const std::uint64_t first : first_seeds) {
    std::map<std::string_view, std::uint64_t> counts;
    for (std::uint64_t seed = first; seed < first + rounds * in_mix; ++seed) {
      EXPECT_TRUE(scenario_for(seed).is_in_mix);
      ++counts[scenario_for(seed).name];
    }
    EXPECT_EQ(counts.size(), in_mix);
    for (const auto& [name, count] : counts) EXPECT_EQ(count, rounds) << name;
  }
}

// --- Stops after every step ---------------------------------------------------------------------

// What a sweep must run, counted one by one: a stop after every step before the first that the
// scenario brings itself, and for each a second one after every `stride`-th step up to the exit.
struct Stops {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

Stops stops_of(const Scenario& scenario, const Choices& choices, std::uint32_t stride) {
  Choices silent = choices;
  silent.force(Site::stop_step, 0);
  silent.force(Site::stop_again, 0);
  Stops stops;
  for (std::uint64_t step = 1;; ++step) {
    World world{scenario, silent, {}};
    bool goes_on = true;
    while (goes_on && world.steps() < step) goes_on = world.step();
    if (!goes_on || world.is_stopped() || world.has_exited()) return stops;
    ++stops.first;
    world.stop_here();
    if (stride == 0) continue;
    std::uint64_t later_steps = 0;
    while (world.step() && !world.has_exited()) ++later_steps;
    stops.second += later_steps / stride;
  }
}

struct Swept {
  std::string_view scenario;
  std::uint32_t second_stride;
};

void PrintTo(const Swept& swept, std::ostream* out) { *out << swept.scenario; }

class Sweeps : public ::testing::TestWithParam<Swept> {};

// Strides that keep each within some thousands of runs.
INSTANTIATE_TEST_SUITE_P(Of, Sweeps,
                         ::testing::Values(Swept{"last-words", 1}, Swept{"still-typing", 1},
                                           Swept{"unread-lines", 1}, Swept{"unread-input", 23},
                                           Swept{"departed-name", 5}, Swept{"calm", 3},
                                           Swept{"redeploy", 3}),
                         [](const auto& swept) { return as_test_name(swept.param.scenario); });

TEST_P(Sweeps, StopAfterEveryStepAndAgainAndFindNothing) {
  const Scenario& scenario = *find_scenario(GetParam().scenario);
  const Choices choices = Choices::replayed({});
  const Sweep sweep = sweep_stops(scenario, choices, GetParam().second_stride);
  const std::optional<Outcome>& broken = sweep.broken;
  ASSERT_FALSE(broken.has_value()) << broken->violations.front().text << broken->tape;

  const Stops stops = stops_of(scenario, choices, GetParam().second_stride);
  EXPECT_GT(stops.first, 10U);
  EXPECT_GT(stops.second, stops.first);
  EXPECT_EQ(sweep.runs, stops.first + stops.second);
  EXPECT_EQ(sweep.faults.at(FaultKind::stop_anywhere).injected, stops.first);
  EXPECT_EQ(sweep.faults.at(FaultKind::stop_again).injected, stops.second);
  EXPECT_GT(sweep.events, sweep.runs);
  EXPECT_GT(sweep.simulated, Duration::zero());
}

TEST_P(Sweeps, LeaveTheSecondStopsOutForAStrideOfZero) {
  const Scenario& scenario = *find_scenario(GetParam().scenario);
  const Choices choices = Choices::seeded(1);
  const Sweep sweep = sweep_stops(scenario, choices, 0);
  EXPECT_FALSE(sweep.broken.has_value());
  EXPECT_EQ(sweep.runs, stops_of(scenario, choices, 0).first);
  EXPECT_EQ(sweep.faults.at(FaultKind::stop_again).injected, 0U);
}

// What a sweep finds can be run again from its tape alone.
TEST(Sweep, LeavesATapeThatSaysWhenTheStopsCame) {
  for (const std::string_view name : {"calm", "famine", "stale", "redeploy"}) {
    const Scenario& scenario = *find_scenario(name);
    Choices choices = Choices::seeded(3);
    choices.force(Site::stop_step, 0);
    choices.force(Site::stop_again, 5);  // which comes no more once the caller sends the signals
    World before{scenario, choices, {}};
    while (before.step() && before.steps() < 30) {
    }
    ASSERT_FALSE(before.is_stopped());
    before.stop_here();
    World world{before};
    while (world.step() && world.steps() < 42) {
    }
    world.stop_here();
    world.run();
    const Outcome stopped = world.outcome();
    EXPECT_EQ(stopped.faults.at(FaultKind::stop_again).injected, 1U);
    EXPECT_EQ(run(scenario, Choices::replayed(stopped.tape)).hash, stopped.hash) << name;
  }
}

}  // namespace
}  // namespace lastword::sim
