#include "core/pump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/server.h"
#include "tests/core/pump_world.h"
#include "tests/core/scripted_network.h"

namespace lastword {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::size_t unlimited = ScriptedNetwork::unlimited;

// --- Accepting ---------------------------------------------------------------------------------

TEST(Pump, LetsAConnectionInAndWaitsForItsBytesAtTheEndOfTheTurn) {
  PumpWorld world;
  world.network.arrivals = {Acceptance::accepted};
  EXPECT_FALSE(world.pump.acceptable()) << "there was only one";
  EXPECT_THAT(world.network.take_calls(), ElementsAre("accept", "adopt 0", "accept"));
  world.pump.finish_turn();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("await_readable 0"));
  world.pump.finish_turn();
  EXPECT_THAT(world.network.take_calls(), IsEmpty()) << "nothing is new";
  world.empty();
}

TEST(Pump, LetsInOnlySoManyInOneTurn) {
  PumpWorld world;
  constexpr auto most = static_cast<std::size_t>(Pump<ScriptedNetwork>::accepts_per_turn_max);
  world.network.arrivals.assign(most + 1, Acceptance::accepted);
  EXPECT_TRUE(world.pump.acceptable());
  EXPECT_EQ(world.network.arrivals.size(), 1U);
  EXPECT_FALSE(world.pump.acceptable());
  EXPECT_EQ(world.server.connection_count(), most + 1);
  world.empty();
}

TEST(Pump, TriesTheNextOneIfAConnectionCameToNothing) {
  PumpWorld world;
  world.network.arrivals = {Acceptance::retry, Acceptance::retry, Acceptance::accepted};
  EXPECT_FALSE(world.pump.acceptable());
  EXPECT_EQ(world.server.connection_count(), 1U);
  world.network.arrivals.assign(1000, Acceptance::retry);
  EXPECT_TRUE(world.pump.acceptable()) << "but not for ever";
  EXPECT_GE(world.network.arrivals.size(), 900U);
  world.network.arrivals.clear();
  world.empty();
}

TEST(Pump, RestsTheListenerWhileTheSystemIsExhausted) {
  Config config;
  config.accept_retry = 100ms;
  PumpWorld world{config};
  EXPECT_EQ(world.network.listening, Listen::open);
  world.network.arrivals = {Acceptance::exhausted, Acceptance::accepted};
  world.turn();
  EXPECT_EQ(world.network.listening, Listen::paused);
  EXPECT_EQ(world.network.deadline,
            (Deadline{.at = world.network.time + 100ms, .reason = Timer::accept_retry}));
  EXPECT_THAT(world.network.take_calls(), ElementsAre("accept"));
  EXPECT_FALSE(world.pump.acceptable());
  EXPECT_THAT(world.network.take_calls(), IsEmpty()) << "a late readiness does not make it try";

  world.wait(100ms);
  EXPECT_EQ(world.network.listening, Listen::open);
  EXPECT_EQ(world.server.connection_count(), 1U);
  world.empty();
}

TEST(Pump, TurnsAwayWhomTheServerHasNoPlaceFor) {
  Config config;
  config.connections_max = 1;
  config.refusals_max = 1;
  PumpWorld world{config};
  const ConnectionId ada = world.log_in("Ada");
  const ConnectionId refused = world.connect();
  EXPECT_THAT(world.take_written(refused), StartsWith("! server is full"));
  static_cast<void>(world.network.take_calls());
  world.network.arrivals = {Acceptance::accepted};
  world.turn();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("accept", "turn_away", "accept"));
  EXPECT_FALSE(world.network.at(ada).is_closed);
  world.empty();
}

// --- Reading -----------------------------------------------------------------------------------

TEST(Pump, ReadsWhatIsReadableOnceAndWaitsAgain) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  world.say(ada, "/ping 1\n");
  world.say(ada, "/ping 2\n");
  world.readable(ada);
  EXPECT_THAT(world.network.take_calls(), ElementsAre("read 0"))
      << "the other one is kept for later";
  world.pump.finish_turn();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("write 0 <* pong 1\n>", "await_readable 0"));
  world.run();
  EXPECT_EQ(world.take_written(ada), "* pong 1\n* pong 2\n");
  world.empty();
}

TEST(Pump, BringsNoMoreInOneReadThanItsBufferHolds) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  world.say(ada, "/ping " + std::string(3 * pump_buffer_size, 'x') + "\n");
  world.readable(ada);
  EXPECT_EQ(world.network.buffer_size, pump_buffer_size);
  EXPECT_EQ(world.server.peer(ada)->held_bytes, pump_buffer_size);
  world.run();
  EXPECT_EQ(world.take_written(ada), "* pong " + std::string(3 * pump_buffer_size, 'x') + "\n");
  world.empty();
}

TEST(Pump, TakesAReadThatWouldBlockForNothing) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  world.readable(ada);
  world.pump.finish_turn();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("read 0", "await_readable 0"));
  world.say(ada, "/ping\n");
  world.run();
  EXPECT_EQ(world.take_written(ada), "* pong\n");
  world.empty();
}

TEST(Pump, DoesNotReadFromASenderWhoIsPausedUntilThereIsRoom) {
  PumpWorld world{small_config()};
  const ConnectionId ada = world.log_in("Ada");
  const ConnectionId bob = world.log_in("Bob");
  world.network.at(bob).window = 0;
  world.say(ada, "Bob: " + std::string(40, 'x') + "\n");
  world.say(ada, "Bob: " + std::string(40, 'y') + "\n");
  world.say(ada, "/ping\n");
  world.run();
  EXPECT_TRUE(world.server.peer(ada)->is_paused);
  EXPECT_FALSE(world.network.at(ada).is_awaiting_readable);
  EXPECT_EQ(world.network.at(ada).incoming.size(), 1U);
  static_cast<void>(world.network.take_calls());
  world.readable(ada);
  world.pump.finish_turn();
  EXPECT_THAT(world.network.take_calls(), IsEmpty()) << "a spurious readiness changes nothing";

  world.network.at(bob).window = unlimited;
  world.run();
  EXPECT_EQ(world.take_written(bob), "from Ada: " + std::string(40, 'x') + "\n" +
                                         "from Ada: " + std::string(40, 'y') + "\n");
  EXPECT_EQ(world.take_written(ada), "* pong\n");
  world.empty();
}

TEST(Pump, ClosesAConnectionWhoseReadingFails) {
  for (const Fault fault : {Fault::reset, Fault::timed_out, Fault::other}) {
    PumpWorld world;
    const ConnectionId ada = world.log_in("Ada");
    world.fail(ada, fault);
    world.turn();
    EXPECT_THAT(world.network.take_calls(), ElementsAre("read 0", "close 0"));
    EXPECT_EQ(world.server.connection_count(), 0U);
    world.empty();
    EXPECT_EQ(world.server.finished()->books.connections_failed, 1U);
  }
}

TEST(Pump, ClosesAConnectionThatTheirSideEnded) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  world.say(ada, "Ada: last word\n");
  world.end(ada);
  world.run();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("read 0", "write 0 <from Ada: last word\n>",
                                                      "await_readable 0", "read 0", "close 0"));
  world.empty();
  EXPECT_EQ(world.server.finished()->books.connections_clean, 1U);
}

// --- Writing -----------------------------------------------------------------------------------

TEST(Pump, WritesEachChangedConnectionOnceAfterAllThatIsReadyWasRead) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  const ConnectionId bob = world.log_in("Bob");
  const ConnectionId carol = world.log_in("Carol");
  world.say(ada, "Carol: 1\nCarol: 2\n");
  world.say(bob, "Carol: 3\n");
  world.turn();
  EXPECT_THAT(world.network.take_calls(),
              ElementsAre("read 0", "read 1", "write 2 <from Ada: 1\nfrom Ada: 2\nfrom Bob: 3\n>",
                          "await_readable 0", "await_readable 1"));
  EXPECT_EQ(world.server.peer(carol)->books.delivered, 3U);
  world.empty();
}

TEST(Pump, WaitsAfterAShortWriteAndGoesOnWhereItEnded) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  world.network.at(ada).window = 5;
  world.say(ada, "Ada: 1\n");
  world.turn();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("read 0", "write 0 <from Ada: 1\n>",
                                                      "await_writable 0", "await_readable 0"));
  EXPECT_EQ(world.server.peer(ada)->books.delivered, 0U);
  world.say(ada, "Ada: 2\n");
  world.turn();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("read 0", "await_readable 0"))
      << "who waits to be writable is not written to";

  world.network.at(ada).window = unlimited;
  world.turn();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("write 0 <Ada: 1\nfrom Ada: 2\n>"));
  EXPECT_EQ(world.take_written(ada), "from Ada: 1\nfrom Ada: 2\n");
  EXPECT_EQ(world.server.peer(ada)->books.delivered, 2U);
  world.empty();
}

TEST(Pump, WaitsAfterAWriteThatWouldBlock) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  world.network.at(ada).window = 0;
  world.say(ada, "Ada: 1\n");
  world.run();
  EXPECT_EQ(world.take_written(ada), "");
  EXPECT_TRUE(world.network.at(ada).is_awaiting_writable);
  static_cast<void>(world.network.take_calls());
  world.writable(ada);
  world.pump.finish_turn();
  EXPECT_THAT(world.network.take_calls(),
              ElementsAre("write 0 <from Ada: 1\n>", "await_writable 0"))
      << "called too early, it tries and waits again";
  world.network.at(ada).window = unlimited;
  world.run();
  EXPECT_EQ(world.take_written(ada), "from Ada: 1\n");
  world.empty();
}

TEST(Pump, WritesNothingToAWritableConnectionForWhichThereIsNothing) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  world.pump.writable(ada);
  world.pump.finish_turn();
  EXPECT_THAT(world.network.take_calls(), IsEmpty());
  world.empty();
}

TEST(Pump, ClosesAConnectionWhoseWritingFailsAndTellsTheSender) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  const ConnectionId bob = world.log_in("Bob");
  world.network.at(bob).write_fault = Fault::reset;
  world.say(ada, "Bob, Ada: hi\n");
  world.turn();
  EXPECT_THAT(world.network.take_calls(), Contains("close 1"));
  EXPECT_TRUE(world.network.at(bob).is_released);
  EXPECT_EQ(world.take_written(ada), "from Ada: hi\n! undelivered Bob: peer_gone\n");
  world.empty();
}

TEST(Pump, BringsAboutInTheSameTurnWhatItsOwnWritesLeadTo) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  const ConnectionId bob = world.log_in("Bob");
  world.network.at(bob).window = 0;
  world.say(ada, "Bob: hi\n");
  world.run();
  static_cast<void>(world.network.take_calls());
  world.network.at(bob).write_fault = Fault::reset;
  world.writable(bob);
  world.pump.finish_turn();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("write 1 <from Ada: hi\n>", "close 1",
                                                      "write 0 <! undelivered Bob: peer_gone\n>"));
  world.empty();
}

TEST(Pump, IsToBeWokenAtOnceForThoseWhomAWriteMadeRoomFor) {
  PumpWorld world{small_config()};
  const ConnectionId ada = world.log_in("Ada");
  const ConnectionId bob = world.log_in("Bob");
  const ConnectionId carol = world.log_in("Carol");
  world.network.at(bob).window = 0;
  world.say(ada, "Bob: " + std::string(40, 'x') + "\n");
  world.say(ada, "Bob: " + std::string(40, 'y') + "\nCarol: at last\n");
  world.run();
  EXPECT_EQ(world.take_written(carol), "");
  EXPECT_EQ(world.network.deadline->reason, Timer::stall);
  // The write makes room, so Ada is to go on with her held lines.
  world.network.at(bob).window = unlimited;
  world.turn();
  EXPECT_EQ(world.network.deadline, (Deadline{.at = world.network.time, .reason = Timer::resume}));
  world.turn();
  EXPECT_EQ(world.take_written(carol), "from Ada: at last\n");
  EXPECT_TRUE(world.network.at(ada).is_awaiting_readable);
  EXPECT_EQ(world.network.deadline, std::nullopt);
  world.empty();
}

// --- Ending ------------------------------------------------------------------------------------

TEST(Pump, FinishesBehindTheLastByteAndClosesAfterTheirEnd) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  world.network.at(ada).window = 3;
  world.say(ada, "/quit\n");
  world.run();
  EXPECT_FALSE(world.network.at(ada).is_finished);
  world.network.at(ada).window = unlimited;
  static_cast<void>(world.network.take_calls());
  world.run();
  EXPECT_THAT(world.network.take_calls(),
              ElementsAre("write 0 <oodbye: 0 of your lines were accepted\n>", "finish 0"));
  world.say(ada, "thrown away\n");
  world.run();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("read 0", "await_readable 0"));
  world.end(ada);
  world.run();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("read 0", "close 0"));
  world.empty();
}

TEST(Pump, AsksWhetherASilentPeerHasEverythingAndClosesWhenItDoes) {
  Config config;
  config.linger = 2s;
  config.acknowledgement_poll = 100ms;
  PumpWorld world{config};
  const ConnectionId ada = world.log_in("Ada");
  world.pump.stop(StopReason::terminate);
  world.run();
  EXPECT_THAT(world.network.take_calls(), Not(Contains("is_acknowledged 0")));
  world.wait(2s);
  EXPECT_THAT(world.network.take_calls(), ElementsAre("is_acknowledged 0"));
  world.network.at(ada).has_acknowledged = true;
  world.wait(99ms);
  EXPECT_THAT(world.network.take_calls(), IsEmpty());
  world.wait(1ms);
  EXPECT_THAT(world.network.take_calls(), ElementsAre("is_acknowledged 0", "close 0"));
  ASSERT_TRUE(world.server.finished());
  EXPECT_EQ(world.server.finished()->books.connections_failed, 1U);
}

TEST(Pump, UsesASlotAgainOnlyAfterItWasReleased) {
  PumpWorld world;
  world.network.is_closing_at_once = false;
  const ConnectionId ada = world.log_in("Ada");
  world.fail(ada, Fault::reset);
  world.readable(ada);
  world.pump.finish_turn();
  EXPECT_TRUE(world.network.at(ada).is_closed);
  EXPECT_EQ(world.server.connection_count(), 1U);

  world.network.arrivals = {Acceptance::accepted};
  static_cast<void>(world.pump.acceptable());
  world.pump.finish_turn();
  EXPECT_EQ(world.network.ids().back().slot, Slot{1});

  world.network.release(ada);
  EXPECT_EQ(world.server.connection_count(), 1U);
  const ConnectionId next = world.connect();
  EXPECT_TRUE(world.network.at(next).is_awaiting_readable);
  EXPECT_THAT(world.network.ids(), Contains(ConnectionId{.slot = ada.slot, .generation = 1}));
  world.empty();
}

TEST(Pump, TakesNoNoticeOfTheLateReadinessOfAConnectionThatIsClosing) {
  PumpWorld world;
  world.network.is_closing_at_once = false;
  const ConnectionId ada = world.log_in("Ada");
  world.fail(ada, Fault::reset);
  world.readable(ada);
  world.pump.finish_turn();
  static_cast<void>(world.network.take_calls());
  world.pump.readable(ada);
  world.pump.writable(ada);
  world.pump.finish_turn();
  EXPECT_THAT(world.network.take_calls(), IsEmpty());
  world.network.release(ada);
  world.empty();
}

TEST(Pump, TakesNoNoticeOfIdsThatAreNoLongerOrNeverWere) {
  PumpWorld world;
  const ConnectionId gone = world.log_in("Ada");
  world.fail(gone, Fault::reset);
  world.run();
  const ConnectionId heir = world.log_in("Bob");
  ASSERT_EQ(heir.slot, gone.slot);
  ASSERT_NE(heir.generation, gone.generation);
  world.say(heir, "/ping\n");
  for (const ConnectionId id : {gone, ConnectionId{}, ConnectionId{Slot{7}, 0},
                                ConnectionId{heir.slot, heir.generation + 1}}) {
    world.pump.readable(id);
    world.pump.writable(id);
    world.pump.released(id);
    world.pump.finish_turn();
  }
  EXPECT_THAT(world.network.take_calls(), IsEmpty());
  EXPECT_EQ(world.server.connection_count(), 1U);
  world.run();
  EXPECT_EQ(world.take_written(heir), "* pong\n");
  world.empty();
}

// --- Time and the stop -------------------------------------------------------------------------

TEST(Pump, PassesOnTheNextDeadlineAndWhatTimeItIs) {
  Config config;
  config.login_timeout = 10s;
  PumpWorld world{config};
  EXPECT_EQ(world.network.deadline, std::nullopt);
  const ConnectionId ada = world.connect();
  const Deadline login{.at = world.network.time + 10s, .reason = Timer::login};
  EXPECT_EQ(world.network.deadline, login);
  world.wait(10s - 1ns);
  world.pump.elapsed();
  world.pump.finish_turn();
  EXPECT_EQ(world.network.deadline, login) << "an early call changes nothing";
  EXPECT_EQ(world.take_written(ada), "");
  world.wait(1ns);
  EXPECT_THAT(world.take_written(ada), StartsWith("! name "));
  EXPECT_TRUE(world.network.at(ada).is_finished);
  world.empty();
}

TEST(Pump, LetsTheBacklogInBeforeItStops) {
  constexpr std::size_t waiting = 3 * Pump<ScriptedNetwork>::accepts_per_turn_max + 1;
  PumpWorld world;
  world.network.arrivals.assign(waiting, Acceptance::accepted);
  world.pump.stop(StopReason::interrupt);
  EXPECT_THAT(world.network.arrivals, IsEmpty());
  EXPECT_EQ(world.server.connection_count(), waiting);
  EXPECT_EQ(world.server.listen(), Listen::closed);
  world.pump.finish_turn();
  EXPECT_EQ(world.network.listening, Listen::closed);
  for (const ConnectionId id : world.network.ids()) {
    EXPECT_TRUE(world.network.at(id).is_finished);
  }
  world.empty();
  EXPECT_EQ(world.server.finished()->reason, StopReason::interrupt);
  EXPECT_EQ(world.server.finished()->books.connections_clean, waiting);
}

TEST(Pump, StopsEvenIfTheBacklogHasNoEnd) {
  PumpWorld world;
  world.network.arrivals.assign(100'000, Acceptance::retry);
  world.pump.stop(StopReason::terminate);
  EXPECT_EQ(world.server.listen(), Listen::closed);
  EXPECT_FALSE(world.network.arrivals.empty());
  world.network.arrivals.clear();
  world.empty();
}

TEST(Pump, AcceptsNobodyOnceItHasStopped) {
  PumpWorld world;
  const ConnectionId ada = world.log_in("Ada");
  world.pump.stop(StopReason::terminate);
  world.pump.finish_turn();
  static_cast<void>(world.network.take_calls());
  world.network.arrivals = {Acceptance::accepted};
  EXPECT_FALSE(world.pump.acceptable());
  world.network.at(ada).window = 0;
  world.pump.stop(StopReason::terminate);
  world.pump.finish_turn();
  EXPECT_THAT(world.network.take_calls(), ElementsAre("close 0"));
  EXPECT_TRUE(world.server.finished());
}

TEST(PumpDeathTest, NeedsABuffer) {
  ScriptedNetwork network;
  Server server{Config{}};
  EXPECT_DEATH((Pump<ScriptedNetwork>{server, network, {}}), "buffer.empty");
}

}  // namespace
}  // namespace lastword
