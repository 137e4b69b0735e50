// Slow peers, paused senders and the memory of all outboxes (contract, section 3).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/core/pair.h"

namespace lastword::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A message to `name` that arrives as a line of `size` bytes, LF included, from "alice".
std::string message_of(const std::string& name, std::size_t size) {
  return name + ": " + text_of(size - std::string{"from alice: \n"}.size());
}

// --- Slow peers --------------------------------------------------------------------------------

// Alice sends to a peer that has stopped reading; its outbox has 1000 bytes.
class SlowPeer : public ::testing::Test {
 protected:
  static Config config() {
    Config config;
    config.line_max = 500;
    config.outbox_max = 1000;
    config.memory_max = 100'000;
    return config;
  }

  SlowPeer() {
    pair.network.send_buffer_max = 0;  // the kernel takes nothing until told to
    slow_id = *pair.network.id_of(slow);
    alice_id = *pair.network.id_of(alice);
  }

  void send(std::size_t size) {
    pair.send(alice, message_of("slow", size));
    pair.settle();
  }
  [[nodiscard]] bool is_alice_paused() { return pair.server.peer(alice_id)->is_paused; }
  [[nodiscard]] std::size_t queued() { return pair.server.peer(slow_id)->queued_bytes; }
  // Lets the kernel take that many bytes more.
  void let_write(std::size_t bytes) {
    pair.network.send_buffer_max = 1 << 20;
    pair.network.write_budget = bytes;
    pair.settle();
    pair.network.send_buffer_max = 0;
    pair.network.write_budget = SIZE_MAX;
  }
  // Alice speaks through a kernel that takes everything.
  [[nodiscard]] bool alice_is_answered() {
    pair.send(alice, "/ping");
    pair.network.send_buffer_max = 1 << 20;
    pair.settle();
    for (const std::string& line : pair.lines(alice)) {
      if (line == "* pong") return true;
    }
    return false;
  }

  Pair pair{config()};
  Pair::Client alice = pair.log_in("alice");
  Pair::Client slow = pair.log_in("slow");
  ConnectionId slow_id;
  ConnectionId alice_id;
};

TEST_F(SlowPeer, FillsItsOutboxToExactlyTheLimit) {
  send(500);
  send(499);
  EXPECT_EQ(queued(), 999U);
  EXPECT_EQ(pair.server.deadline(), std::nullopt);
  EXPECT_TRUE(pair.server.wish(alice_id).read);
  EXPECT_FALSE(is_alice_paused());
}

TEST_F(SlowPeer, IsWatchedFromTheMomentItsOutboxIsExactlyFull) {
  send(500);
  send(500);
  EXPECT_EQ(queued(), 1000U);
  EXPECT_FALSE(is_alice_paused());
  ASSERT_TRUE(pair.server.deadline().has_value());
  EXPECT_EQ(pair.server.deadline()->reason, Timer::stall);
}

TEST_F(SlowPeer, PausesWhoSendsAByteTooMuchAndNobodyElse) {
  const auto bob = pair.log_in("bob");
  send(500);
  send(501);
  EXPECT_EQ(queued(), 500U);
  EXPECT_TRUE(is_alice_paused());
  EXPECT_FALSE(pair.server.wish(alice_id).read);
  EXPECT_TRUE(pair.server.wish(*pair.network.id_of(bob)).read);

  // A smaller message of somebody else's does not overtake.
  pair.send(bob, "slow: me first?");
  pair.settle();
  EXPECT_EQ(queued(), 500U);
  EXPECT_TRUE(pair.server.peer(*pair.network.id_of(bob))->is_paused);
}

TEST_F(SlowPeer, ResumesTheSenderAtExactlyTheMark) {
  for (int count = 0; count < 3; ++count) send(400);
  ASSERT_TRUE(is_alice_paused());
  ASSERT_EQ(queued(), 800U);
  let_write(299);
  EXPECT_EQ(queued(), 501U);
  EXPECT_TRUE(is_alice_paused());
  let_write(1);
  EXPECT_EQ(queued(), 500U + 400U);
  EXPECT_FALSE(is_alice_paused());
  EXPECT_TRUE(pair.server.wish(alice_id).read);
}

TEST_F(SlowPeer, LetsWaitersGoOnInTheirOrder) {
  const auto bob = pair.log_in("bob");
  send(500);
  send(490);
  pair.send(alice, "slow: late alice");
  pair.settle();
  pair.send(bob, "slow: later bob");
  pair.send(alice, "slow: last alice");
  pair.settle();
  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  auto lines = pair.lines(slow);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[2], "from alice: late alice");
  EXPECT_EQ(pair.books().delivered, 5U);
}

TEST_F(SlowPeer, GetsOneMessageOfAnySizeIntoAnEmptyOutbox) {
  Config small;
  small.line_max = 100;
  small.outbox_max = 100;
  Pair tight{small};
  const auto sender = tight.log_in(std::string(60, 'n'));
  const auto receiver = tight.log_in("r");
  tight.network.send_buffer_max = 0;
  tight.send(sender, "r: " + text_of(96));  // arrives with 60 bytes of name: 165 bytes
  tight.settle();
  EXPECT_GT(tight.server.peer(*tight.network.id_of(receiver))->queued_bytes, 100U);
  tight.network.send_buffer_max = 1 << 20;
  tight.settle();
  EXPECT_EQ(tight.lines(receiver).size(), 1U);
}

TEST_F(SlowPeer, WaitsForALargeMessageUntilItFits) {
  send(300);
  send(300);
  pair.send(alice, message_of("slow", 490));
  pair.settle();
  ASSERT_TRUE(is_alice_paused());
  for (int count = 0; count < 600 && is_alice_paused(); ++count) let_write(10);
  EXPECT_FALSE(is_alice_paused());
}

TEST_F(SlowPeer, IsDroppedWhenItHasNotComeDownToHalfInTime) {
  const Duration timeout = pair.server.config().stall_timeout;
  pair.pipe(slow).is_client_reading = false;
  send(500);
  send(400);
  send(400);  // waits
  ASSERT_TRUE(is_alice_paused());
  let_write(399);  // 501 are left: not half
  pair.advance(timeout - milliseconds{1});
  EXPECT_TRUE(is_alice_paused());
  EXPECT_EQ(queued(), 501U);
  pair.advance(milliseconds{1});
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 2U);
  EXPECT_FALSE(is_alice_paused());
  EXPECT_TRUE(alice_is_answered());
  EXPECT_EQ(pair.failed(Failure::not_connected), 1U);  // the one that waited finds nobody
}

TEST_F(SlowPeer, SendersHearOfEachMessageThatItTookWithIt) {
  pair.pipe(slow).is_client_reading = false;
  for (int count = 0; count < 4; ++count) send(250);
  pair.advance(pair.server.config().stall_timeout);
  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  EXPECT_EQ(pair.lines(alice), (std::vector<std::string>(4, "! undelivered slow: slow_consumer")));
  EXPECT_FALSE(pair.pipe(slow).was_reset_by_server);
  // What the kernel had taken is still there for it to read, then the end.
  pair.pipe(slow).is_client_reading = true;
  pair.settle();
  EXPECT_TRUE(pair.has_ended(slow));
}

TEST_F(SlowPeer, IsNotDroppedAfterItCameDownToHalf) {
  send(500);
  send(500);
  let_write(500);
  EXPECT_EQ(pair.server.deadline(), std::nullopt);
  pair.advance(pair.server.config().stall_timeout * 2);
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 0U);
  EXPECT_EQ(queued(), 500U);
}

TEST_F(SlowPeer, FreesItsNameWhenDropped) {
  send(500);
  send(500);
  pair.advance(pair.server.config().stall_timeout);
  pair.network.send_buffer_max = 1 << 20;
  const auto again = pair.log_in("slow");
  pair.send(again, "/who");
  pair.settle();
  EXPECT_EQ(pair.lines(again), (std::vector<std::string>{"* here: alice, slow"}));
}

TEST_F(SlowPeer, IsPausedItselfIfItDoesNotReadItsAnswers) {
  for (int count = 0; count < 200; ++count) pair.send(slow, "/ping 0123456789");
  pair.settle();
  EXPECT_LE(queued(), 1000U);
  EXPECT_TRUE(pair.server.peer(slow_id)->is_paused);
  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  EXPECT_EQ(pair.lines(slow).size(), 200U);
}

TEST_F(SlowPeer, StopsNobodyWhoHasNothingToDoWithIt) {
  send(500);
  send(501);
  ASSERT_TRUE(is_alice_paused());
  const auto bob = pair.log_in("bob");
  const auto carol = pair.log_in("carol");
  for (int count = 0; count < 50; ++count) {
    pair.send(bob, "carol: " + text_of(100));
    pair.settle();
    pair.network.send_buffer_max = 1 << 20;
    pair.pipe(slow).is_client_reading = false;
    pair.pipe(slow).outbound = std::string(std::size_t{1} << 20, '-');  // its window is closed
    pair.settle();
  }
  EXPECT_EQ(pair.lines(carol).size(), 50U);
}

TEST(Server, LetsPeersThatFloodEachOtherAndReadNothingComeFree) {
  Config config = {};
  config.line_max = 200;
  config.outbox_max = 1000;
  Pair pair{config};
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in("bob");
  pair.network.send_buffer_max = 0;
  for (int count = 0; count < 50; ++count) {
    pair.send(alice, "bob: " + text_of(100));
    pair.send(bob, "alice: " + text_of(100));
  }
  pair.settle();
  EXPECT_TRUE(pair.server.peer(*pair.network.id_of(alice))->is_paused);
  EXPECT_TRUE(pair.server.peer(*pair.network.id_of(bob))->is_paused);
  pair.advance(config.stall_timeout * 3);
  EXPECT_EQ(pair.server.deadline().has_value(), pair.server.connection_count() > 0);
  const auto carol = pair.log_in("carol");
  pair.network.send_buffer_max = 1 << 20;
  pair.send(carol, "/who");
  pair.settle();
  EXPECT_TRUE(pair.books().is_balanced());
  EXPECT_GT(pair.failed(Failure::slow_consumer), 0U);
}

// With 1 as well: found by the simulator, where nobody ever went on.
class ShortSteps : public ::testing::TestWithParam<std::uint32_t> {};

INSTANTIATE_TEST_SUITE_P(Budgets, ShortSteps, ::testing::Values(1U, 2U, 3U, 64U));

TEST_P(ShortSteps, ResumeAnyNumberOfWaiters) {
  Config config;
  config.line_max = 100;
  config.outbox_max = 1000;
  config.work_per_fact_max = GetParam();
  Pair pair{config};
  const auto slow = pair.log_in("slow");
  std::vector<Pair::Client> senders;
  for (int count = 0; count < 20; ++count) {
    senders.push_back(pair.log_in("sender" + std::to_string(count)));
  }
  pair.network.send_buffer_max = 0;
  for (const auto sender : senders) {
    for (int count = 0; count < 10; ++count) pair.send(sender, "slow: " + text_of(50));
  }
  pair.settle();
  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  EXPECT_EQ(pair.lines(slow).size(), 200U);
  EXPECT_EQ(pair.books().delivered, 200U);
}

TEST(Server, TellsWhoIsPausedAndWhoGoesOn) {
  Config config;
  config.line_max = 100;
  config.outbox_max = 100;
  Pair pair{config};
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in("bob");
  std::vector<Event> events;
  static_cast<void>(pair.server.take_events(events));
  pair.network.send_buffer_max = 0;
  pair.send(alice, message_of("bob", 90));
  pair.send(alice, message_of("bob", 90));
  pair.settle();
  ASSERT_EQ(pair.server.events().size(), 1U);
  EXPECT_EQ(pair.server.events()[0].kind, EventKind::paused);
  EXPECT_EQ(pair.server.events()[0].connection, pair.network.id_of(alice));
  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  EXPECT_EQ(pair.server.take_events(events), 0U);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].kind, EventKind::resumed);
  EXPECT_EQ(events[1].connection, pair.network.id_of(alice));
  EXPECT_TRUE(pair.server.events().empty());
  EXPECT_EQ(pair.lines(bob).size(), 2U);
}

// Nobody takes the events: those of back-pressure leave half of the room to what matters.
TEST(Server, KeepsRoomForOtherEventsThanThoseOfBackPressure) {
  Config config;
  config.line_max = 100;
  config.outbox_max = 100;
  Pair pair{config};
  const auto alice = pair.log_in("alice");
  pair.log_in("bob");
  constexpr std::size_t room = Server::events_max / 2;
  for (std::size_t round = 0; round < room; ++round) {
    pair.network.send_buffer_max = 0;
    pair.send(alice, message_of("bob", 90));
    pair.send(alice, message_of("bob", 90));
    pair.settle();
    pair.network.send_buffer_max = 1 << 20;
    pair.settle();
  }
  EXPECT_EQ(pair.server.events().size(), room);
  pair.send(alice, "/quit");
  pair.settle();
  EXPECT_GT(pair.server.events().size(), room);
  std::vector<Event> events;
  EXPECT_EQ(pair.server.take_events(events), 0U) << "none of those is missed";
}

// --- The memory of all -------------------------------------------------------------------------

class FullMemory : public ::testing::Test {
 protected:
  static Config config() {
    Config config;
    config.line_max = 500;
    config.outbox_max = 1000;
    config.memory_max = 2000;
    return config;
  }
  Pair pair{config()};
  Pair::Client alice = pair.log_in("alice");
};

TEST_F(FullMemory, PausesEverySenderUntilHalfIsFree) {
  const auto bob = pair.log_in("bob");
  std::vector<Pair::Client> readers;
  for (int count = 0; count < 3; ++count)
    readers.push_back(pair.log_in("r" + std::to_string(count)));
  pair.network.send_buffer_max = 0;
  for (int count = 0; count < 3; ++count) {
    pair.send(alice, message_of("r" + std::to_string(count), 490));
    pair.send(alice, message_of("r" + std::to_string(count), 490));
    pair.settle();
  }
  EXPECT_EQ(pair.server.queued_bytes(), 1960U);
  EXPECT_FALSE(pair.server.wish(*pair.network.id_of(alice)).read);
  EXPECT_FALSE(pair.server.wish(*pair.network.id_of(bob)).read);
  EXPECT_EQ(pair.server.deadline()->reason, Timer::stall);

  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  EXPECT_TRUE(pair.server.wish(*pair.network.id_of(alice)).read);
  EXPECT_TRUE(pair.server.wish(*pair.network.id_of(bob)).read);
  EXPECT_EQ(pair.books().delivered, 6U);
  EXPECT_EQ(pair.server.deadline(), std::nullopt);
}

TEST_F(FullMemory, DropsThoseWhoDoNotReadAndLetsTheOthersGoOn) {
  std::vector<Pair::Client> stopped;
  for (int count = 0; count < 3; ++count) {
    stopped.push_back(pair.log_in("s" + std::to_string(count)));
    pair.pipe(stopped.back()).is_client_reading = false;
  }
  const auto reader = pair.log_in("reader");
  pair.network.send_buffer_max = 1;  // a closed window for who has stopped
  for (int count = 0; count < 3; ++count) {
    pair.send(alice, message_of("s" + std::to_string(count), 490));
    pair.send(alice, message_of("s" + std::to_string(count), 490));
  }
  pair.send(alice, "reader: at last");
  pair.settle();
  EXPECT_EQ(pair.lines(reader), std::vector<std::string>{});
  pair.advance(pair.server.config().stall_timeout);
  EXPECT_GE(pair.failed(Failure::slow_consumer), 4U);
  EXPECT_EQ(pair.lines(reader), (std::vector<std::string>{"from alice: at last"}));
}

TEST_F(FullMemory, CountsAMessageForManyOnce) {
  std::vector<Pair::Client> readers;
  std::string destinations;
  for (int count = 0; count < 50; ++count) {
    readers.push_back(pair.log_in("r" + std::to_string(count)));
    destinations += "r" + std::to_string(count) + ",";
  }
  pair.network.send_buffer_max = 0;
  pair.send(alice, destinations + ":" + text_of(200));
  pair.settle();
  EXPECT_EQ(pair.server.queued_bytes(), 200U + std::string{"from alice: \n"}.size());
  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  for (const auto reader : readers) {
    EXPECT_EQ(pair.lines(reader), (std::vector<std::string>{"from alice: " + text_of(200)}));
  }
  EXPECT_EQ(pair.server.queued_bytes(), 0U);
}

// Found by Server.DoesNotCareHowBytesAreCut: the sender was resumed and paused again without end,
// as the memory was down to half from the start.
TEST_F(FullMemory, DoesNotTryAMessageThatFitsNotEvenAtHalfAgainAndAgain) {
  Config tight = config();
  tight.memory_max = 600;
  Pair small{tight};
  const auto sender = small.log_in("alice");
  const auto reader = small.log_in("reader");
  small.network.send_buffer_max = 0;
  small.send(sender, message_of("reader", 200));
  small.send(sender, message_of("reader", 450));
  for (int turn = 0; turn < 10; ++turn) small.turn();
  ASSERT_TRUE(small.server.peer(*small.network.id_of(sender))->is_paused);
  EXPECT_EQ(small.server.deadline()->reason, Timer::stall);
  small.network.send_buffer_max = 1 << 20;
  small.settle();
  EXPECT_EQ(small.lines(reader).size(), 2U);
}

TEST_F(FullMemory, LetsOneMessageOfAnySizeIntoAnEmptyMemory) {
  const auto reader = pair.log_in("reader");
  pair.send(alice, message_of("reader", 500));
  pair.settle();
  EXPECT_EQ(pair.lines(reader).size(), 1U);
}

TEST(Server, TellsLaterHowManyDeparturesWereNotShown) {
  Config config;
  config.line_max = 200;
  config.outbox_max = 400;
  Pair pair{config};
  const auto slow = pair.log_in("slow");
  pair.send(slow, "/join #tea");
  pair.settle();
  std::vector<Pair::Client> others;
  for (int count = 0; count < 3; ++count) {
    others.push_back(pair.log_in("other" + std::to_string(count)));
    pair.send(others.back(), "/join #tea");
    pair.settle();
  }
  const auto alice = pair.log_in("alice");
  pair.lines(slow);
  pair.network.send_buffer_max = 0;
  for (int count = 0; count < 5; ++count) pair.send(alice, message_of("slow", 100));
  pair.settle();
  for (const auto other : others) pair.reset(other);
  pair.settle();
  EXPECT_LE(pair.server.peer(*pair.network.id_of(slow))->queued_bytes, 400U);
  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  const auto lines = pair.lines(slow);
  EXPECT_EQ(std::count(lines.begin(), lines.end(),
                       "* 3 joins and leaves in your rooms not shown while there was no room; "
                       "/who #ROOM lists who is there"),
            1);
  EXPECT_EQ(pair.books().delivered, 5U);
}

}  // namespace
}  // namespace lastword::test
