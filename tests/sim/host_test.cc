// The event loop of the simulated process: which facts the server gets, in which order, and who
// sees them.
#include "sim/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/host_world.h"

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using Seen = RecordingWitness::Seen;

// --- The witness --------------------------------------------------------------------------------

// Each fact is seen before and after, each exactly once, nothing is seen in between but what the
// server's wishes came to; and nothing changes in the server but from before a fact to after it.
void expect_seen_once_each(const HostWorld& world) {
  const std::set<Fact::Kind> always_changing{Fact::Kind::accepted, Fact::Kind::wrote,
                                             Fact::Kind::released};
  const Seen* open = nullptr;
  const Seen* last = nullptr;
  std::uint64_t count = 0;
  for (const Seen& one : world.witness.seen) {
    switch (one.moment) {
      case Seen::Moment::before:
        EXPECT_EQ(open, nullptr) << one.what << " begins before the end of " << open->what;
        if (last != nullptr) {
          EXPECT_EQ(one.state, last->state) << "unseen, before " << one.what;
        }
        open = &one;
        break;
      case Seen::Moment::after:
        ASSERT_NE(open, nullptr) << one.what << " has no beginning";
        EXPECT_EQ(one.kind, open->kind);
        EXPECT_EQ(one.what, open->what);
        if (always_changing.contains(one.kind)) {
          EXPECT_NE(one.state, open->state) << one.what << " was seen too early or too late";
        }
        open = nullptr;
        last = &one;
        ++count;
        break;
      case Seen::Moment::aside:
        EXPECT_EQ(open, nullptr) << one.what << " within " << open->what;
        if (last != nullptr) {
          EXPECT_EQ(one.state, last->state) << "unseen, before " << one.what;
        }
        break;
    }
  }
  EXPECT_EQ(open, nullptr) << open->what << " has no end";
  if (last != nullptr) {
    EXPECT_EQ(RecordingWitness::state_of(world.host), last->state) << "unseen, at last";
  }
  EXPECT_EQ(count, world.host.facts());
}

// Two friends, one who resets, one who comes without a name, one who is turned away; then a stop.
void live_through_everything(HostWorld& world) {
  world.network.kernel.descriptors_max = 4;
  const Link alice = world.log_in("alice");
  const Link bob = world.log_in("bob");
  const Link carol = world.log_in("carol");
  world.say(alice, "bob: hello");
  world.say(bob, "alice: hello yourself");
  world.settle();
  world.network.kernel.reset(world.environment(), carol);
  world.settle();
  const Link silent = world.network.connect();
  world.network.connect();
  world.network.connect();  // for whom no descriptor is left
  world.settle();
  world.network.kernel.vanish(world.environment(), silent);
  world.run_for(11s);  // the login's timeout
  world.say(alice, "bob: one more");
  world.host.signal(StopReason::terminate);
  world.run_for(1ms);
  world.network.kernel.finish(world.environment(), alice);
  world.run_for(200s);
}

TEST(Host, ShowsEveryFactToItsWitnessBeforeAndAfterExactlyOnce) {
  HostWorld world;
  live_through_everything(world);
  EXPECT_TRUE(world.host.has_exited());
  expect_seen_once_each(world);
  std::set<Fact::Kind> kinds;
  for (const Seen& one : world.witness.seen) kinds.insert(one.kind);
  for (const auto kind :
       {Fact::Kind::accepted, Fact::Kind::accept_failed, Fact::Kind::received, Fact::Kind::ended,
        Fact::Kind::wrote, Fact::Kind::acknowledged, Fact::Kind::failed, Fact::Kind::released,
        Fact::Kind::elapsed, Fact::Kind::stop}) {
    EXPECT_TRUE(kinds.contains(kind)) << static_cast<int>(kind);
  }
}

TEST(Host, ShowsEveryFactInAnyWeatherToo) {
  bool is_stale_seen = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    HostWorld world{{}, Choices::seeded(seed)};
    for (const FaultKind fault :
         {FaultKind::cut_anywhere, FaultKind::one_byte_a_read, FaultKind::short_write,
          FaultKind::would_block, FaultKind::any_order, FaultKind::timer_against_io,
          FaultKind::timer_late, FaultKind::reply_before_written, FaultKind::after_close,
          FaultKind::spurious, FaultKind::aborted_call}) {
      world.environment().weather.at(fault) = 3;
    }
    live_through_everything(world);
    SCOPED_TRACE(seed);
    expect_seen_once_each(world);
    is_stale_seen |= std::ranges::any_of(
        world.witness.seen, [](const Seen& one) { return one.kind == Fact::Kind::stale; });
  }
  EXPECT_TRUE(is_stale_seen);
}

TEST(Host, ShowsTheFactsInTheOrderInWhichTheServerGetsThem) {
  HostWorld world;
  const Link alice = world.log_in("alice");
  world.log_in("bob");
  world.witness.forget();
  world.say(alice, "bob: hello");
  world.network.kernel.finish(world.environment(), alice);
  world.settle();
  std::vector<std::string> all;
  for (const Seen& one : world.witness.seen) {
    if (one.moment != Seen::Moment::before) all.push_back(one.what);
  }
  EXPECT_THAT(all, ElementsAre("received 0 bob: hello|", "taken 1 from alice: hello|", "wrote 1 18",
                               "ended 0", "closing 0", "released 0"));
}

TEST(Host, ShowsTheBytesThatWereReadAndThoseThatWereTaken) {
  HostWorld world;
  const Link alice = world.log_in("alice");
  world.log_in("bob");
  world.environment().weather.at(FaultKind::short_write) = 1;
  world.say(alice, "bob: hello");
  world.settle();
  std::string taken;
  std::size_t wrote = 0;
  for (const Seen& one : world.witness.seen) {
    if (one.what.starts_with("taken 1 ")) taken += one.what.substr(8);
    if (one.moment == Seen::Moment::after && one.what.starts_with("wrote 1 ")) {
      wrote += std::stoul(one.what.substr(8));
    }
  }
  std::string received = world.received[1];
  EXPECT_THAT(received, HasSubstr("alice: hello\n"));
  std::ranges::replace(received, '\n', '|');
  EXPECT_EQ(taken, received);
  EXPECT_EQ(wrote, received.size());
}

TEST(Host, SaysWhoWasTurnedAway) {
  HostWorld world{{.connections_max = 1, .refusals_max = 0}};
  world.network.connect();
  world.settle();
  EXPECT_EQ(world.witness.turned_away, 0);
  const Link second = world.network.connect();
  world.settle();
  EXPECT_EQ(world.witness.turned_away, 1);
  EXPECT_TRUE(world.network.kernel.is_server_closed(second));
  EXPECT_FALSE(world.host.id_of(second).has_value());
}

// --- Order --------------------------------------------------------------------------------------

// Three users, each of whom said something that arrives at one instant: carol's first, bob's last.
class HostOrder : public ::testing::Test {
 protected:
  explicit HostOrder(Choices choices = Choices::replayed({})) : world{{}, std::move(choices)} {}

  void SetUp() override {
    for (const char* name : {"alice", "bob", "carol"}) world.log_in(name);
  }
  // The process has begun the turn in which it reads all of it.
  void speak() {
    world.witness.forget();
    for (const Link link : {Link{2}, Link{0}, Link{1}}) world.say(link, "/who");
    world.run_to_turn();
    EXPECT_THAT(world.witness.facts(), IsEmpty());
  }
  // What of it was received, and the signal.
  [[nodiscard]] std::vector<std::string> order() const {
    std::vector<std::string> facts = world.witness.facts();
    std::erase_if(facts, [](const std::string& fact) {
      return !fact.starts_with("received") && fact != "stop";
    });
    return facts;
  }

  HostWorld world;
};

TEST_F(HostOrder, IsFirstInFirstOutOnAnEmptyTape) {
  for (std::size_t fault = 0; fault < fault_count; ++fault) {
    world.environment().weather.one_in[fault] = 2;
  }
  speak();
  world.settle();
  EXPECT_THAT(order(), ElementsAre("received 2 /who|", "received 0 /who|", "received 1 /who|"));
}

TEST_F(HostOrder, IsAChoice) {
  world.environment().weather.at(FaultKind::any_order) = 2;
  world.environment().choices.force(Site::order, 1);
  speak();
  world.settle();
  EXPECT_THAT(order(), ElementsAre("received 0 /who|", "received 1 /who|", "received 2 /who|"));
  EXPECT_THAT(world.environment().faults.at(FaultKind::any_order).effective, Gt(0U));
}

TEST_F(HostOrder, IsKeptInAllOneTurnUnlessTheTurnIsCutShort) {
  speak();
  while (world.host.in_turn()) world.step();
  EXPECT_THAT(order(), SizeIs(3)) << "in one turn";
  speak();
  world.step();
  world.environment().weather.at(FaultKind::any_order) = 2;
  world.environment().choices.force(Site::turn_end, 1);
  world.step();
  EXPECT_FALSE(world.host.in_turn());
  EXPECT_THAT(order(), ElementsAre("received 2 /who|"));
  world.environment().weather = {};
  world.settle();
  EXPECT_THAT(order(), ElementsAre("received 2 /who|", "received 0 /who|", "received 1 /who|"));
}

TEST_F(HostOrder, PutsASignalBeforeAllOthers) {
  world.witness.forget();
  for (const Link link : {Link{2}, Link{0}, Link{1}}) world.say(link, "/who");
  const Instant arrival = world.environment().now + 1ms;
  while (world.environment().queue.first().kind == Event::Kind::flight_up) world.step();
  ASSERT_EQ(world.environment().now, arrival);
  world.host.signal(StopReason::terminate);
  world.run_to_turn();
  world.step();
  EXPECT_THAT(order(), ElementsAre("stop"));
  world.settle();
  EXPECT_THAT(order(), Contains("received 0 /who|")) << "those who were ready come later";
}

TEST_F(HostOrder, LetsASignalInterruptATurn) {
  speak();
  world.step();
  world.host.signal(StopReason::interrupt);
  while (world.host.in_turn()) world.step();
  EXPECT_THAT(order(),
              ElementsAre("received 2 /who|", "stop", "received 0 /who|", "received 1 /who|"));
}

TEST(Host, LetsATimerComeBeforeOrAfterInputThatIsDueAtTheSameInstant) {
  for (const bool is_unusual : {false, true}) {
    HostWorld world{{.login_timeout = 10s}};
    const Link link = world.network.connect({.latency = 1ms});
    world.run_for(1ms);  // accepted now
    world.run_for(10s - 1ms);
    world.witness.forget();
    if (is_unusual) {
      world.environment().weather.at(FaultKind::timer_against_io) = 2;
      world.environment().choices.force(Site::order, 1);
    }
    world.say(link, "alice");
    world.settle();
    const auto facts = world.witness.facts();
    const auto input = std::ranges::find(facts, "received 0 alice|");
    const auto timer = std::ranges::find(facts, "elapsed");
    ASSERT_NE(timer, facts.end());
    EXPECT_EQ(input < timer, is_unusual) << "the deadline was scheduled first";
  }
}

// --- Time ---------------------------------------------------------------------------------------

TEST(Host, TellsTheServerTheTimeAtItsDeadlineAndNotBefore) {
  HostWorld world{{.login_timeout = 10s}};
  world.network.connect({.latency = 1ms});
  world.run_for(1ms + 10s - 1ns);
  EXPECT_THAT(world.witness.facts(), ElementsAre("accepted 0"));
  world.run_for(1ns);
  EXPECT_THAT(world.witness.facts(), Contains("elapsed"));
}

TEST(Host, TellsNothingOfADeadlineThatWasGivenUp) {
  HostWorld world{{.login_timeout = 10s}};
  world.log_in("alice");
  world.run_for(100s);
  EXPECT_THAT(world.witness.facts(), Not(Contains("elapsed")));
}

TEST(Host, TellsNothingAtADeadlineThatALaterOneHasReplaced) {
  HostWorld world{{.login_timeout = 10s}};
  const Link alice = world.network.connect({.latency = 1ms});
  world.run_for(5s);
  world.network.connect({.latency = 1ms});
  world.run_for(1s);
  world.say(alice, "alice");
  world.run_for(5s);  // alice's deadline is over
  EXPECT_THAT(world.witness.facts(), Not(Contains("elapsed")));
  world.run_for(5s);
  EXPECT_THAT(world.witness.facts(), Contains("elapsed"));
}

TEST(Host, TellsOfADeadlineLateUnderThatFault) {
  HostWorld world{{.login_timeout = 10s}};
  world.environment().weather.at(FaultKind::timer_late) = 1;
  world.environment().choices.force(Site::timer_late, 2);
  world.network.connect({.latency = 1ms});
  world.run_for(1ms + 10s + 500ms - 1ns);
  EXPECT_THAT(world.witness.facts(), Not(Contains("elapsed")));
  world.run_for(1ns);
  EXPECT_THAT(world.witness.facts(), Contains("elapsed"));
}

TEST(Host, DoesNothingWhileItStandsStill) {
  HostWorld world;
  const Link alice = world.log_in("alice");
  world.witness.forget();
  world.host.pause_until(world.environment().now + 3s);
  world.say(alice, "/who");
  world.run_for(3s - 1ns);
  EXPECT_THAT(world.witness.facts(), IsEmpty());
  world.run_for(1ns);
  EXPECT_THAT(world.witness.facts(), Contains("received 0 /who|"));
}

TEST(Host, DoesNotTakeTheLogWhileItIsBlocked) {
  HostWorld world;
  const int before = world.witness.logs_taken;
  world.host.block_log_until(world.environment().now + 10s);
  world.log_in("alice");
  EXPECT_EQ(world.witness.logs_taken, before);
  EXPECT_GT(world.environment().faults.at(FaultKind::log_blocks).effective, 0U);
  world.run_for(10s);
  world.log_in("bob");
  EXPECT_GT(world.witness.logs_taken, before);
}

// --- The end ------------------------------------------------------------------------------------

TEST(Host, ExitsOnceEverybodyHasLeft) {
  HostWorld world;
  const Link alice = world.log_in("alice");
  world.host.signal(StopReason::terminate);
  world.settle();
  EXPECT_FALSE(world.host.has_exited()) << "it waits for the end of alice's side";
  world.network.kernel.finish(world.environment(), alice);
  world.settle();
  EXPECT_TRUE(world.host.has_exited());
  EXPECT_EQ(world.network.kernel.open_descriptors(), 0U);
  EXPECT_FALSE(world.network.kernel.was_reset_by_server(alice));
  const Link late = world.network.connect();
  world.settle();
  EXPECT_TRUE(world.network.kernel.is_refused(late));
}

TEST(Host, ReadsWhatHasArrivedBeforeItClosesSoThatNobodyIsReset) {
  HostWorld world;
  const Link alice = world.log_in("alice");
  world.say(alice, "never taken");
  world.run_for(1ms - 1ns);
  world.step();  // it arrives
  world.host.signal(StopReason::terminate);
  world.host.signal(StopReason::terminate);
  world.run_to_turn();
  world.step();
  world.step();
  ASSERT_GT(world.network.kernel.unread_by_server(alice), 0U);
  world.environment().weather.at(FaultKind::any_order) = 2;
  world.environment().choices.force(Site::turn_end, 1);
  world.step();
  EXPECT_TRUE(world.network.kernel.is_server_closed(alice));
  EXPECT_FALSE(world.network.kernel.was_reset_by_server(alice));
}

TEST(Host, LeavesNothingOpenWhenItIsKilled) {
  HostWorld world;
  const Link alice = world.log_in("alice");
  world.witness.forget();
  world.say(alice, "never read");
  world.run_for(1ms - 1ns);
  world.host.kill();
  EXPECT_TRUE(world.host.has_exited());
  EXPECT_TRUE(world.host.was_killed());
  EXPECT_EQ(world.network.kernel.open_descriptors(), 0U);
  world.settle();
  EXPECT_THAT(world.witness.facts(), IsEmpty());
  EXPECT_TRUE(world.network.kernel.has_reset_arrived(alice)) << "input came after the close";
}

// --- Snapshots ----------------------------------------------------------------------------------

TEST_F(HostOrder, GoesOnInASnapshotLikeTheOriginal) {
  speak();
  world.step();  // within a turn
  HostWorld snapshot{world};
  for (HostWorld* one : {&world, &snapshot}) {
    one->settle();
    one->say(0, "bob: hello");
    one->host.signal(StopReason::terminate);
    one->run_for(200s);
    EXPECT_TRUE(one->host.has_exited());
  }
  EXPECT_EQ(snapshot.witness.facts(), world.witness.facts());
  EXPECT_EQ(snapshot.received, world.received);
  EXPECT_EQ(snapshot.environment().hash(), world.environment().hash());
}

TEST(Host, CanBeCopiedAfterAnyStep) {
  HostWorld world;
  const Link alice = world.log_in("alice");
  world.log_in("bob");
  const Instant stop = world.environment().now + 12s;
  const Instant end = stop + 200s;
  world.network.connect({.latency = 20ms});  // never logs in
  world.say(alice, "bob: hello");
  std::vector<HostWorld> snapshots;
  constexpr std::size_t steps_max = 300;
  snapshots.reserve(steps_max);
  while (world.host.in_turn() ||
         (!world.environment().queue.is_empty() && world.environment().queue.first().at < stop)) {
    snapshots.emplace_back(world);
    world.step();
  }
  const std::size_t snapshots_before_stop = snapshots.size();
  world.run_for(stop - world.environment().now);
  world.host.signal(StopReason::terminate);
  world.network.connect();  // comes after the listener's end
  while (!world.host.has_exited() && snapshots.size() < steps_max && world.step()) {
    snapshots.emplace_back(world);
  }
  EXPECT_GT(snapshots_before_stop, 10U);
  EXPECT_GT(snapshots.size(), snapshots_before_stop + 10);
  world.run_for(end - world.environment().now);
  for (std::size_t place = 0; place < snapshots.size(); ++place) {
    HostWorld& snapshot = snapshots[place];
    if (place < snapshots_before_stop) {
      snapshot.run_for(stop - snapshot.environment().now);
      snapshot.host.signal(StopReason::terminate);
      snapshot.network.connect();
    }
    snapshot.run_for(end - snapshot.environment().now);
    EXPECT_EQ(snapshot.witness.facts(), world.witness.facts()) << place;
    EXPECT_EQ(snapshot.host.facts(), world.host.facts()) << place;
    EXPECT_EQ(snapshot.environment().hash(), world.environment().hash()) << place;
  }
}

}  // namespace
}  // namespace lastword::sim
