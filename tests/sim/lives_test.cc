// Runs in which one process of the server follows another on the same address.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "sim/cast.h"
#include "sim/excuses.h"
#include "sim/life.h"
#include "sim/plan.h"
#include "sim/run.h"
#include "sim/scenario.h"
#include "sim/surroundings.h"
#include "sim/world.h"
#include "tests/sim/kernel_world.h"
#include "tests/sim/print_tape.h"

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// --- The kernel between two processes -----------------------------------------------------------

TEST(KernelOfTwoProcesses, RefusesWhoComesWhileNobodyListensAndListensAgain) {
  KernelWorld world;
  const Link waiting = world.connect();
  world.settle();
  world.kernel.set_listening(world.environment, false);
  const Link too_early = world.connect();
  world.settle();
  EXPECT_TRUE(world.kernel.has_reset_arrived(waiting));
  EXPECT_TRUE(world.kernel.is_refused(too_early));

  world.kernel.set_listening(world.environment, true);
  EXPECT_FALSE(world.kernel.is_acceptable()) << "the old process's backlog is gone";
  const Link accepted = world.open();
  EXPECT_FALSE(world.kernel.is_refused(accepted));
  EXPECT_EQ(world.kernel.open_descriptors(), 1U);
  world.send(accepted, "hello\n");
  world.settle();
  EXPECT_EQ(world.read(accepted), "hello\n");
  EXPECT_FALSE(world.kernel.is_accepted(waiting));
  EXPECT_FALSE(world.kernel.is_accepted(too_early));
}

// A SYN that is on its way when the old process ends meets the new one.
TEST(KernelOfTwoProcesses, GivesTheNewOneWhoWasOnTheWay) {
  KernelWorld world;
  world.connect({.latency = 50ms});
  world.run_for(10ms);
  world.kernel.set_listening(world.environment, false);
  world.run_for(10ms);
  world.kernel.set_listening(world.environment, true);
  world.settle();
  EXPECT_EQ(world.acceptable, 1);
  EXPECT_EQ(world.accept(), Acceptance::accepted);
}

// --- Excuses ------------------------------------------------------------------------------------

TEST(Excuses, AreThoseOfOneLinkEach) {
  Excuses excuses;
  excuses.touch(3);
  excuses.excuse_reset(5);
  for (Link link = 0; link < 8; ++link) {
    EXPECT_EQ(excuses.is_touched(link), link == 3) << link;
    EXPECT_EQ(excuses.is_reset_excused(link), link == 5) << link;
  }
}

// --- Lives by hand ------------------------------------------------------------------------------

// Two lives without a world: tests act for the clients, and nobody says what is right.
class LivesWorld {
 public:
  KernelWorld network;
  Excuses excuses;
  Lives lives{{}, {network.environment, network.kernel, excuses}};

  void begin_next() { lives.begin({}, {network.environment, network.kernel, excuses}); }
  bool step() {
    Host& host = lives.current().host;
    Environment& environment = network.environment;
    if (host.in_turn()) {
      host.step();
      return true;
    }
    if (environment.queue.is_empty()) return false;
    const Event event = environment.queue.pop();
    environment.now = event.at;
    if (event.kind == Event::Kind::turn) {
      lives.at(event.life).host.begin_turn();
    } else if (event.kind == Event::Kind::deadline) {
      lives.at(event.life).host.on_deadline(event.subject);
    } else {
      const bool is_of_the_network = network.handle(event);
      LASTWORD_CHECK(is_of_the_network);
      host.acceptable();
      host.look(event.subject);
    }
    return true;
  }
  template <typename Condition>
  void run_until(const Condition& condition) {
    while (!condition() && step()) {
    }
    ASSERT_TRUE(condition()) << "it never came";
  }
};

// What an earlier process left undone is told at the end, and by nobody else.
TEST(Lives, AreAllJudgedAtTheEnd) {
  LivesWorld world;
  const Link alice = world.network.connect();
  const Link bob = world.network.connect();
  world.network.send(alice, "alice\n");
  world.network.send(bob, "bob\n");
  const Oracle& first = world.lives.at(0).oracle;
  world.run_until([&] { return first.link_named("alice") && first.link_named("bob"); });
  world.network.send(alice, "bob: hello\n");
  world.run_until([&] { return first.accepted() == 1; });
  world.lives.current().host.kill();  // before it writes; and nobody tells the oracle of it
  world.begin_next();
  EXPECT_FALSE(world.network.environment.has_violation());
  world.lives.judge_end();
  const std::vector<Violation>& violations = world.network.environment.violations;
  ASSERT_FALSE(violations.empty());
  EXPECT_EQ(violations.front().property, Property::no_silent_loss);
  EXPECT_THAT(violations.front().text, HasSubstr("is still queued"));
  EXPECT_EQ(world.lives.accepted(), 1U);
  EXPECT_EQ(world.lives.at(1).oracle.accepted(), 0U);
}

// That somebody was not well in an earlier life is no excuse for a later one.
TEST(Lives, HaveToEndSoonIfEverybodyIsWellInThem) {
  LivesWorld world;
  const Link touched = world.network.connect();
  world.excuses.touch(touched);
  world.run_until([&] { return world.lives.at(0).oracle.is_known(touched); });
  world.lives.current().host.kill();
  world.begin_next();
  Life& second = world.lives.current();
  const Link alice = world.network.connect();
  world.network.send(alice, "alice\n");
  world.run_until([&] { return second.oracle.link_named("alice").has_value(); });
  Environment& environment = world.network.environment;
  const Cast nobody;
  const Surroundings around{environment, world.network.kernel, world.excuses, second, false,
                            nobody};
  second.shutdown.signalled(around);
  second.host.signal(StopReason::terminate);
  world.network.kernel.finish(environment, alice);
  world.run_until([&] { return second.host.has_exited(); });
  environment.now = environment.now + 60s;
  second.shutdown.watch(around);
  ASSERT_TRUE(environment.has_violation());
  EXPECT_EQ(environment.violations.front().property, Property::shutdown_in_time);
  EXPECT_THAT(environment.violations.front().text, HasSubstr("everybody was well"));
}

// A link that is touched before anybody has accepted it is so for whoever does.
TEST(Lives, KnowTheExcusesFromBefore) {
  LivesWorld world;
  const Link alice = world.network.connect({.latency = 50ms});
  const Link bob = world.network.connect({.latency = 50ms});
  world.excuses.touch(alice);
  world.lives.current().host.kill();
  world.begin_next();
  const Oracle& second = world.lives.at(1).oracle;
  world.run_until([&] { return second.is_known(alice) && second.is_known(bob); });
  EXPECT_FALSE(second.is_fair(alice));
  EXPECT_TRUE(second.is_fair(bob));
  EXPECT_FALSE(world.lives.at(0).oracle.is_known(bob));
}

// --- Plans --------------------------------------------------------------------------------------

TEST(RedeployPlan, HasOneToThreeRestartsInTheirOrder) {
  std::set<std::size_t> counts;
  std::set<bool> are_kills;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Choices choices = Choices::seeded(seed);
    const Plan plan = make_plan(*find_scenario("redeploy"), choices);
    counts.insert(plan.restarts.size());
    Duration before{};
    for (const Restart& restart : plan.restarts) {
      EXPECT_GT(restart.at, before);
      EXPECT_LT(restart.at, plan.horizon);
      EXPECT_GE(restart.downtime, Duration::zero());
      are_kills.insert(!restart.reason);
      before = restart.at;
    }
  }
  EXPECT_THAT(counts, ElementsAre(1U, 2U, 3U));
  EXPECT_THAT(are_kills, ElementsAre(false, true));
}

// --- Worlds -------------------------------------------------------------------------------------

// Which of the questions about a restart's time.
enum class Question : std::uint8_t { span, offset, steps };
constexpr std::uint32_t questions_of_a_restart = 3;

// Values of the answers (planner.cc).
constexpr std::uint32_t span_20ms = 1;
constexpr std::uint32_t span_8s = 7;
constexpr std::uint32_t by_sigkill = 1;
constexpr std::uint32_t downtime_none = 1;
constexpr std::uint32_t downtime_1s = 3;
constexpr std::uint32_t downtime_12s = 5;

Choice of_world(Site site, std::uint32_t index, std::uint32_t value) {
  return {.site = site, .chooser = the_world, .index = index, .value = value};
}

Choice when(std::uint32_t restart, Question question, std::uint32_t value) {
  return of_world(Site::restart_at,
                  restart * questions_of_a_restart + static_cast<std::uint32_t>(question), value);
}

// Three people in the scenario redeploy. On an empty tape SIGTERM comes after 300 ms, and the new
// process 100 ms after the exit of the old one.
class Redeploy {
 public:
  explicit Redeploy(const std::vector<Choice>& choices = {})
      : choices_{Choices::replayed(Tape{choices})} {}

  [[nodiscard]] World world() const { return World{*find_scenario("redeploy"), choices_, {}}; }

 private:
  Choices choices_;
};

template <typename Condition>
void run_until(World& world, const Condition& condition) {
  while (!condition() && world.step()) {
  }
  ASSERT_TRUE(condition()) << "it never came";
}

bool is_in_downtime(const World& world) { return world.host().has_exited() && !world.has_exited(); }

bool is_draining(const World& world) {
  return world.oracle().is_stopped() && !world.host().has_exited();
}

std::string texts_of(const std::vector<Violation>& violations) {
  std::string texts;
  for (const Violation& violation : violations) texts += violation.text + "\n";
  return texts;
}

TEST(Lives, FollowOneAnotherAfterACleanStop) {
  World world = Redeploy{}.world();
  world.run();
  const Outcome outcome = world.outcome();
  EXPECT_THAT(outcome.violations, IsEmpty()) << texts_of(outcome.violations);
  ASSERT_EQ(world.lives().size(), 2U);
  const Life& first = world.lives().at(0);
  const Life& second = world.lives().at(1);
  for (const Life* life : {&first, &second}) {
    EXPECT_TRUE(life->host.has_exited());
    EXPECT_FALSE(life->host.was_killed());
    EXPECT_TRUE(life->host.server().finished().has_value());
    EXPECT_EQ(life->shutdown.signals(), 1U);
  }
  EXPECT_EQ(outcome.accepted, first.oracle.accepted() + second.oracle.accepted());
  EXPECT_EQ(outcome.deliveries, first.oracle.deliveries() + second.oracle.deliveries());
  EXPECT_EQ(second.oracle.accepted(), 9U) << "each of three healed to all three";
  EXPECT_EQ(outcome.faults.at(FaultKind::restarted).injected, 1U);
  EXPECT_EQ(outcome.faults.at(FaultKind::restarted).effective, 3U) << "all three are back";
  EXPECT_EQ(outcome.faults.at(FaultKind::restarted_after_kill).injected, 0U);
  EXPECT_EQ(outcome.faults.at(FaultKind::stop_anywhere).injected, 0U);
}

TEST(Lives, FollowOneAnotherAfterSigkill) {
  World world = Redeploy{{of_world(Site::restart_kind, 0, by_sigkill)}}.world();
  run_until(world, [&] { return is_in_downtime(world); });
  EXPECT_TRUE(world.host().was_killed());
  EXPECT_EQ(world.kernel().open_descriptors(), 0U);
  world.run();
  const Outcome outcome = world.outcome();
  EXPECT_THAT(outcome.violations, IsEmpty()) << texts_of(outcome.violations);
  ASSERT_EQ(world.lives().size(), 2U);
  EXPECT_TRUE(world.lives().at(0).host.was_killed());
  EXPECT_FALSE(world.lives().at(1).host.was_killed());
  EXPECT_EQ(outcome.faults.at(FaultKind::restarted_after_kill).injected, 1U);
  EXPECT_EQ(outcome.faults.at(FaultKind::restarted_after_kill).effective, 3U);
  EXPECT_EQ(outcome.faults.at(FaultKind::restarted).injected, 0U);
  EXPECT_EQ(outcome.faults.at(FaultKind::killed).injected, 0U) << "that is the end of a run";
}

// Whoever accepted a connection judges it, and nobody else.
TEST(Lives, HaveConnectionsOfTheirOwn) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    World world{*find_scenario("redeploy"), Choices::seeded(seed), {}};
    world.run();
    for (Link link = 0; link < world.kernel().link_count(); ++link) {
      std::size_t lives = 0;
      for (std::size_t number = 0; number < world.lives().size(); ++number) {
        if (world.lives().at(number).oracle.is_known(link)) ++lives;
      }
      EXPECT_EQ(lives, world.kernel().is_accepted(link) ? 1U : 0U) << "seed " << seed;
    }
  }
}

// Whether the next event is of a process that is gone, though another one runs.
bool is_of_an_earlier_life(const World& world) {
  const EventQueue& queue = world.environment().queue;
  if (world.host().in_turn() || world.host().has_exited() || queue.is_empty()) return false;
  const Event& next = queue.first();
  const bool is_of_a_process = next.kind == Event::Kind::turn ||
                               next.kind == Event::Kind::deadline ||
                               next.kind == Event::Kind::release;
  return is_of_a_process && next.life + 1 < world.lives().size();
}

// The timers and turns of a process that is gone are nothing to the one that has its address.
TEST(Lives, DoNotFeelWhatAnEarlierOneHadScheduled) {
  std::set<Event::Kind> met;
  constexpr std::uint64_t seeds = 1000;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    World world{*find_scenario("redeploy"), Choices::seeded(seed), {}};
    bool goes_on = true;
    while (goes_on) {
      const bool is_old = is_of_an_earlier_life(world);
      const Event::Kind kind = is_old ? world.environment().queue.first().kind : Event::Kind::heal;
      const std::uint64_t facts = world.host().facts();
      const std::uint32_t signals = world.lives().current().shutdown.signals();
      const std::size_t events = world.environment().queue.size();
      goes_on = world.step();
      const bool is_signalled =
          world.host().has_exited() || world.lives().current().shutdown.signals() > signals;
      if (!is_old || is_signalled) continue;
      met.insert(kind);
      EXPECT_FALSE(world.host().in_turn()) << "seed " << seed;
      EXPECT_EQ(world.host().facts(), facts) << "seed " << seed;
      EXPECT_EQ(world.environment().queue.size(), events - 1) << "seed " << seed;
    }
  }
  EXPECT_THAT(met, ElementsAre(Event::Kind::turn, Event::Kind::deadline, Event::Kind::release));
}

TEST(Lives, AreToldInTheServersLane) {
  const Told told = run_told(*find_scenario("redeploy"), Choices::replayed({}));
  std::vector<std::string> acts;
  for (const StoryEvent& event : told.story.events) {
    if (event.lane == the_server && event.kind == StoryEvent::Kind::act) acts.push_back(event.text);
  }
  EXPECT_THAT(acts, ElementsAre("SIGTERM", "exits", "a new process starts", "SIGTERM", "exits"));
}

// --- Between two processes ----------------------------------------------------------------------

TEST(Downtime, RefusesWhoComes) {
  World world = Redeploy{{of_world(Site::downtime, 0, downtime_1s)}}.world();
  run_until(world, [&] { return is_in_downtime(world); });
  const std::size_t links_before = world.kernel().link_count();
  const Instant exit = world.environment().now;
  run_until(world, [&] { return !is_in_downtime(world); });
  EXPECT_EQ(world.environment().now, exit + 1s);
  ASSERT_EQ(world.lives().size(), 2U);
  EXPECT_GT(world.kernel().link_count(), links_before);
  for (std::size_t link = links_before; link < world.kernel().link_count(); ++link) {
    EXPECT_TRUE(world.kernel().is_refused(static_cast<Link>(link))) << link;
  }
  world.run();
  EXPECT_FALSE(world.is_broken()) << texts_of(world.outcome().violations);
}

TEST(Downtime, MayBeNone) {
  World world = Redeploy{{of_world(Site::downtime, 0, downtime_none)}}.world();
  run_until(world, [&] { return is_in_downtime(world); });
  const Instant exit = world.environment().now;
  run_until(world, [&] { return !is_in_downtime(world); });
  EXPECT_EQ(world.environment().now, exit);
  EXPECT_EQ(world.lives().size(), 2U);
}

// Nobody is there to be signalled: what is stopped is the start of the next process.
TEST(Downtime, IsForEverIfTheRunIsStoppedInIt) {
  World world = Redeploy{}.world();
  run_until(world, [&] { return is_in_downtime(world); });
  World undisturbed{world};
  world.stop_here();
  EXPECT_TRUE(world.has_exited());
  EXPECT_TRUE(world.is_stopped());
  EXPECT_FALSE(undisturbed.has_exited()) << "a snapshot has a future of its own";
  world.run();
  const Outcome outcome = world.outcome();
  EXPECT_THAT(outcome.violations, IsEmpty()) << texts_of(outcome.violations);
  EXPECT_EQ(world.lives().size(), 1U);
  EXPECT_EQ(world.lives().at(0).shutdown.signals(), 1U);
  EXPECT_EQ(outcome.faults.at(FaultKind::stop_anywhere).injected, 1U);
  EXPECT_EQ(outcome.faults.at(FaultKind::restarted).effective, 0U);
  undisturbed.run();
  EXPECT_EQ(undisturbed.lives().size(), 2U);

  const Outcome replayed = run(*find_scenario("redeploy"), Choices::replayed(outcome.tape));
  EXPECT_EQ(replayed.hash, outcome.hash);
  EXPECT_EQ(replayed.tape, outcome.tape);

  // The same, if the tape says that it is SIGKILL.
  constexpr std::uint32_t is_kill = 3;  // the fourth question about the kind of stop
  std::vector<Choice> choices{outcome.tape.choices().begin(), outcome.tape.choices().end()};
  choices.push_back(of_world(Site::stop_kind, is_kill, 1));
  const Outcome killed = run(*find_scenario("redeploy"), Choices::replayed(Tape{choices}));
  EXPECT_EQ(killed.hash, outcome.hash);
  EXPECT_EQ(killed.faults.at(FaultKind::killed).injected, 0U);
}

// --- Signals that meet one another --------------------------------------------------------------

// alice keeps her side open, so that the drain lasts.
const Choice held_up{.site = Site::ending, .chooser = 1, .index = 0, .value = 1};

TEST(Restarts, ThatKillADrainingProcessAreFollowedByOneNewOne) {
  World world =
      Redeploy{{held_up, of_world(Site::restarts, 0, 1), when(1, Question::span, span_20ms),
                of_world(Site::restart_kind, 1, by_sigkill)}}
          .world();
  run_until(world, [&] { return is_draining(world); });
  run_until(world, [&] { return is_in_downtime(world); });
  EXPECT_TRUE(world.host().was_killed());
  EXPECT_EQ(world.lives().current().shutdown.signals(), 1U);
  EXPECT_EQ(world.environment().now, Instant{} + 320ms);
  world.run();
  EXPECT_FALSE(world.is_broken()) << texts_of(world.outcome().violations);
  EXPECT_EQ(world.lives().size(), 2U);
}

TEST(Restarts, ThatComeInTheDowntimeAreNone) {
  World world = Redeploy{{of_world(Site::restarts, 0, 1), when(1, Question::span, span_20ms),
                          of_world(Site::downtime, 0, downtime_1s)}}
                    .world();
  world.run();
  EXPECT_FALSE(world.is_broken()) << texts_of(world.outcome().violations);
  EXPECT_EQ(world.lives().size(), 2U);
  EXPECT_EQ(world.environment().faults.at(FaultKind::restarted).injected, 1U);
}

TEST(Restarts, MayComeSomeStepsAfterTheirTime) {
  const std::vector<Choice> choices{
      {.site = Site::script_length, .chooser = 1, .index = 0, .value = 8},  // there are steps
      of_world(Site::restart_kind, 0, by_sigkill),
      when(0, Question::span, span_20ms)};
  std::vector<Choice> and_later = choices;
  and_later.push_back(when(0, Question::steps, 4));
  World at_once = Redeploy{choices}.world();
  World later = Redeploy{and_later}.world();
  for (World* world : {&at_once, &later}) {
    run_until(*world, [&] { return is_in_downtime(*world); });
  }
  EXPECT_EQ(later.steps(), at_once.steps() + 4);
}

// The run's own signal is the second that the draining process gets, and the last of the run.
TEST(Restarts, AreCalledOffByAStopInTheDrain) {
  World world = Redeploy{{held_up}}.world();
  run_until(world, [&] { return is_draining(world); });
  EXPECT_FALSE(world.is_stopped()) << "that was no signal to end the run";
  world.stop_here();
  EXPECT_TRUE(world.is_stopped());
  EXPECT_EQ(world.lives().current().shutdown.signals(), 2U);
  world.run();
  const Outcome outcome = world.outcome();
  EXPECT_THAT(outcome.violations, IsEmpty()) << texts_of(outcome.violations);
  EXPECT_EQ(world.lives().size(), 1U);
  EXPECT_EQ(run(*find_scenario("redeploy"), Choices::replayed(outcome.tape)).hash, outcome.hash);
}

// --- Healing ------------------------------------------------------------------------------------

// The third restart is under way when it is time to heal: that waits for the last process.
TEST(Healing, WaitsForTheNewProcess) {
  std::vector<Choice> choices{of_world(Site::restarts, 0, 2),
                              of_world(Site::downtime, 2, downtime_12s)};
  for (std::uint32_t restart = 0; restart < 3; ++restart) {
    choices.push_back(when(restart, Question::span, span_8s));
  }
  World world = Redeploy{choices}.world();
  run_until(world, [&] { return world.environment().now >= Instant{} + 31s; });
  EXPECT_TRUE(is_in_downtime(world));
  EXPECT_THAT(world.transcripts(), IsEmpty());
  run_until(world, [&] { return !is_in_downtime(world); });
  EXPECT_EQ(world.transcripts().size(), 3U) << "it begins as soon as somebody is there";
  world.run();
  EXPECT_FALSE(world.is_broken()) << texts_of(world.outcome().violations);
  ASSERT_EQ(world.lives().size(), 4U);
  EXPECT_EQ(world.lives().current().oracle.accepted(), 9U);
}

}  // namespace
}  // namespace lastword::sim
