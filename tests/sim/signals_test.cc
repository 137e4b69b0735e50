// When signals come, and whether a new process follows.
#include "sim/signals.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "tests/sim/print_tape.h"

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;

using Due = Signals::Due;

Signals drawn(const std::vector<Choice>& choices, const Plan& plan = {}) {
  Choices source = Choices::replayed(Tape{choices});
  Signals signals;
  signals.draw(plan, source);
  return signals;
}

Choice of_world(Site site, std::uint32_t index, std::uint32_t value) {
  return {.site = site, .chooser = the_world, .index = index, .value = value};
}

constexpr std::uint32_t is_interrupt = 2;  // questions about the kind of stop
constexpr std::uint32_t is_kill = 3;

// --- The end of the run -------------------------------------------------------------------------

TEST(Signals, OfAnEmptyTapeNeverCome) {
  const Signals signals = drawn({});
  for (std::uint64_t steps = 0; steps < 1000; ++steps) {
    EXPECT_EQ(signals.due(steps), Due::nothing) << steps;
  }
  EXPECT_EQ(signals.reason(), StopReason::terminate);
}

TEST(Signals, ComeAfterTheStepThatIsDrawnAndAgainSoManyStepsLater) {
  Signals signals = drawn({of_world(Site::stop_step, 0, 18), of_world(Site::stop_again, 0, 5)});
  EXPECT_EQ(signals.due(16), Due::nothing);
  EXPECT_EQ(signals.due(17), Due::stop);
  EXPECT_EQ(signals.due(18), Due::nothing);
  EXPECT_FALSE(signals.is_stopped());
  signals.sent(17);
  EXPECT_TRUE(signals.is_stopped());
  EXPECT_EQ(signals.due(17), Due::nothing);
  EXPECT_EQ(signals.due(22), Due::second_stop);
  signals.sent(22);
  EXPECT_EQ(signals.due(22), Due::nothing);
}

TEST(Signals, AreOfTheKindThatIsDrawn) {
  const Choice step = of_world(Site::stop_step, 0, 18);
  const Signals interrupt = drawn({step, of_world(Site::stop_kind, is_interrupt, 1)});
  EXPECT_EQ(interrupt.due(17), Due::stop);
  EXPECT_EQ(interrupt.reason(), StopReason::interrupt);
  const Signals kill = drawn({step, of_world(Site::stop_kind, is_kill, 1)});
  EXPECT_EQ(kill.due(17), Due::kill);
}

TEST(Signals, AreNotDrawnWhereThePlanAllowsNone) {
  Plan plan;
  plan.is_stopped_anywhere = false;
  EXPECT_EQ(drawn({of_world(Site::stop_step, 0, 18)}, plan).due(17), Due::nothing);
}

// What a sweep writes on its tape makes them come then.
TEST(Signals, ComeAgainWhenTheTapeSaysThatTheyComeNow) {
  Signals signals = drawn({});
  const Choice first = signals.coming_now(30);
  EXPECT_EQ(first, of_world(Site::stop_step, 0, 31));
  signals.sent(30);
  const Choice second = signals.coming_now(42);
  EXPECT_EQ(second, of_world(Site::stop_again, 0, 12));
  Signals replayed = drawn({first, second});
  EXPECT_EQ(replayed.due(30), Due::stop);
  replayed.sent(30);
  EXPECT_EQ(replayed.due(42), Due::second_stop);
}

// --- Restarts -----------------------------------------------------------------------------------

TEST(Restarts, AreDueAfterTheirStepsAndOnce) {
  Signals signals;
  signals.restart_at(10, 2);
  EXPECT_EQ(signals.take_restart(9), std::nullopt);
  EXPECT_EQ(signals.take_restart(10), 2U);
  EXPECT_EQ(signals.take_restart(11), std::nullopt);
}

TEST(Restarts, GiveWayToALaterOneWhoseTimeHasCome) {
  Signals signals;
  signals.restart_at(10, 0);
  signals.restart_at(12, 1);
  EXPECT_EQ(signals.take_restart(10), std::nullopt);
  EXPECT_EQ(signals.take_restart(12), 1U);
}

TEST(Restarts, ComeNoMoreOnceTheyAreOverOrTheRunIsStopped) {
  Signals over;
  over.restart_at(10, 0);
  over.end_restarts();
  EXPECT_EQ(over.take_restart(10), std::nullopt);
  Signals stopped;
  stopped.restart_at(10, 0);
  stopped.sent(9);
  EXPECT_EQ(stopped.take_restart(10), std::nullopt);
}

TEST(Restarts, SayTheirDowntimeOnce) {
  Signals signals;
  EXPECT_EQ(signals.take_downtime(), std::nullopt);
  for (const Duration downtime : {Duration{3s}, Duration{}}) {
    signals.restart_after(downtime);
    EXPECT_TRUE(signals.is_restarting());
    EXPECT_EQ(signals.take_downtime(), downtime);
    EXPECT_EQ(signals.take_downtime(), std::nullopt) << "its end is scheduled already";
    EXPECT_TRUE(signals.is_restarting());
    signals.restarted();
    EXPECT_FALSE(signals.is_restarting());
  }
}

TEST(Restarts, AreCalledOffByASignalThatIsTheRunsEnd) {
  Signals signals;
  signals.restart_after(3s);
  signals.sent(9);
  EXPECT_FALSE(signals.is_restarting());
  EXPECT_EQ(signals.take_downtime(), std::nullopt);
}

}  // namespace
}  // namespace lastword::sim
