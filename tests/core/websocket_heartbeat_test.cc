// Pings in both directions (contract, section 2).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/core/websocket_pair.h"

namespace lastword::test {
namespace {

using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// --- The client's pings --------------------------------------------------------------------------

TEST(WebSocketPing, GetsItsPayloadBack) {
  WebSocketPair pair;
  const auto nameless = pair.upgrade();
  const auto alice = pair.log_in_websocket("alice");
  for (const auto client : {nameless, alice}) {
    for (const std::string& payload :
         {std::string{}, std::string{"p"}, text_of(125), std::string{"\0\xFF\n", 3}}) {
      pair.send_frame(client, Op::ping, payload);
      pair.settle();
      EXPECT_EQ(pair.shown(client), (Shown{payload.empty() ? "pong" : "pong " + payload}));
    }
  }
}

TEST(WebSocketPing, IsAnsweredWithinAFragmentedMessage) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  pair.send_frame(alice, Op::text, "alice: a", {.is_final = false});
  pair.send_frame(alice, Op::ping, "1");
  pair.settle();
  EXPECT_EQ(pair.shown(alice), (Shown{"pong 1"}));
  pair.send_frame(alice, Op::more, "b", {.is_final = false});
  pair.send_frame(alice, Op::ping, "2");
  pair.send_frame(alice, Op::pong, "unasked for");
  pair.send_frame(alice, Op::more, "c");
  pair.settle();
  EXPECT_EQ(pair.shown(alice), (Shown{"pong 2", "text from alice: abc"}));
}

TEST(WebSocketPing, OvertakesWhatIsQueuedButNotAFrameThatIsPartlyWritten) {
  // One to bob alone, one that he shares with another, and one with a header of his own.
  const std::vector<std::string> lines{"bob: one", "bob, carl: two", "bob, #r: three"};
  const Shown messages{"text from alice: one", "text from alice: two", "text from alice: three"};
  std::size_t total = 0;
  for (const std::string& message : messages) total += message.size() - 5 + 2;
  for (std::size_t cut = 0; cut <= total; ++cut) {
    WebSocketPair pair;
    const auto alice = pair.log_in("alice");
    const auto bob = pair.log_in_websocket("bob");
    const auto carl = pair.log_in_websocket("carl");
    pair.say(carl, "/join #r");
    pair.pipe(carl).outbound.clear();
    pair.pipe(carl).received.clear();
    pair.network.send_buffer_max = 0;
    for (const std::string& line : lines) pair.send(alice, line);
    pair.settle();
    pair.let_write(cut);  // to bob, who connected before carl
    pair.send_frame(bob, Op::ping, "now");
    pair.send_frame(bob, Op::ping, "and then");
    pair.settle();
    for (int count = 0; count < 100; ++count) pair.let_write(3);
    pair.let_write_all();

    Shown expected;
    std::size_t start = 0;
    bool is_ponged = false;
    for (const std::string& message : messages) {
      if (!is_ponged && start >= cut) {
        expected.insert(expected.end(), {"pong now", "pong and then"});
        is_ponged = true;
      }
      expected.push_back(message);
      start += message.size() - 5 + 2;
    }
    if (!is_ponged) expected.insert(expected.end(), {"pong now", "pong and then"});
    EXPECT_EQ(pair.shown(bob), expected) << cut;
    EXPECT_EQ(pair.shown(carl), (Shown{"text from alice: two", "text from alice in #r: three"}));
  }
}

// Bob's outbox has 300 bytes and his stall timeout is long; the kernel takes nothing.
class WebSocketPingQueue : public ::testing::Test {
 protected:
  static Config config() {
    Config config;
    config.line_max = 200;
    config.outbox_max = 300;
    config.memory_max = 100'000;
    config.stall_timeout = minutes{10};
    return config;
  }
  void ping(const std::string& payload) {
    pair.send_frame(bob, Op::ping, payload);
    pair.settle();
  }

  WebSocketPair pair{config()};
  Pair::Client alice = pair.log_in("alice");
  Pair::Client bob = pair.log_in_websocket("bob");
};

TEST_F(WebSocketPingQueue, CountsInTheOutbox) {
  pair.network.send_buffer_max = 0;
  ping("four");
  EXPECT_EQ(pair.peer(bob).queued_bytes, 6U);
  ping(text_of(92));
  EXPECT_EQ(pair.peer(bob).queued_bytes, 100U);
  ping(text_of(98));
  ping(text_of(97));
  EXPECT_EQ(pair.peer(bob).queued_bytes, 200U + 99U);
  EXPECT_FALSE(pair.peer(bob).is_paused);
  EXPECT_EQ(pair.server.queued_bytes(), 299U);
}

TEST_F(WebSocketPingQueue, PausesAClientThatDoesNotReadItsPongs) {
  pair.network.send_buffer_max = 0;
  for (int count = 0; count < 3; ++count) ping(text_of(88));  // 270 bytes
  ping(text_of(29));                                          // one too much
  EXPECT_EQ(pair.peer(bob).queued_bytes, 270U);
  EXPECT_TRUE(pair.peer(bob).is_paused);
  EXPECT_FALSE(pair.server.wish(pair.id(bob)).read);
  pair.let_write(120);  // down to half
  EXPECT_EQ(pair.peer(bob).queued_bytes, 150U + 31U);
  EXPECT_FALSE(pair.peer(bob).is_paused);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(bob).size(), 4U);
}

TEST_F(WebSocketPingQueue, FillsItToExactlyTheLimit) {
  pair.network.send_buffer_max = 0;
  for (int count = 0; count < 3; ++count) ping(text_of(98));
  EXPECT_EQ(pair.peer(bob).queued_bytes, 300U);
  EXPECT_FALSE(pair.peer(bob).is_paused);
  ping("");
  EXPECT_EQ(pair.peer(bob).queued_bytes, 300U);
  EXPECT_TRUE(pair.peer(bob).is_paused);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(bob).size(), 4U);
}

TEST_F(WebSocketPingQueue, IsNotAnsweredWhileItsSenderIsPausedAndAnsweredAfter) {
  pair.network.send_buffer_max = 0;
  // Alice is full of her own answers; bob sends to her and waits.
  for (int count = 0; count < 3; ++count) {
    pair.send(alice, "/ping " + text_of(93));
    pair.settle();
  }
  pair.send_bytes(bob, text_frame("alice: wait") + client_frame(Op::ping, "later"));
  pair.settle();
  EXPECT_TRUE(pair.peer(bob).is_paused);
  EXPECT_EQ(pair.peer(bob).queued_bytes, 0U);
  EXPECT_GT(pair.peer(bob).held_bytes, 0U);
  pair.let_write_all();
  EXPECT_FALSE(pair.peer(bob).is_paused);
  EXPECT_EQ(pair.peer(bob).held_bytes, 0U);
  EXPECT_EQ(pair.shown(bob), (Shown{"pong later"}));
  EXPECT_EQ(pair.lines(alice).back(), "from bob: wait");
}

TEST(WebSocketPing, WaitsForMemoryLikeEveryOtherAnswer) {
  Config config;
  config.line_max = 200;
  config.outbox_max = 300;
  config.memory_max = 250;
  WebSocketPair pair{config};
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in_websocket("bob");
  const auto nameless = pair.upgrade();
  pair.network.send_buffer_max = 0;
  pair.send(alice, "/ping " + text_of(150));
  pair.settle();
  for (const auto client : {bob, nameless}) {
    pair.send_frame(client, Op::ping, text_of(120));
    pair.settle();
    EXPECT_EQ(pair.peer(client).queued_bytes, 0U);
  }
  pair.let_write_all();
  EXPECT_EQ(pair.shown(bob), (Shown{"pong " + text_of(120)}));
  EXPECT_EQ(pair.shown(nameless), (Shown{"pong " + text_of(120)}));
}

// --- Heartbeats ----------------------------------------------------------------------------------

Config beating(Duration heartbeat = seconds{30}) {
  Config config;
  config.heartbeat = heartbeat;
  config.line_max = 200;
  config.outbox_max = 300;
  config.stall_timeout = minutes{10};
  return config;
}

TEST(WebSocketHeartbeat, PingsAfterEachSilentHeartbeatAndDropsAfterThree) {
  WebSocketPair pair{beating()};
  const auto alice = pair.log_in_websocket("alice");
  pair.advance(seconds{30} - nanoseconds{1});
  EXPECT_EQ(pair.shown(alice), Shown{});
  pair.advance(nanoseconds{1});
  EXPECT_EQ(pair.shown(alice), (Shown{"ping"}));
  pair.advance(seconds{30} - nanoseconds{1});
  EXPECT_EQ(pair.shown(alice), Shown{});
  pair.advance(nanoseconds{1});
  EXPECT_EQ(pair.shown(alice), (Shown{"ping"}));
  pair.advance(seconds{30} - nanoseconds{1});
  EXPECT_EQ(pair.shown(alice), Shown{});
  EXPECT_TRUE(pair.is_open(alice));
  pair.advance(nanoseconds{1});
  EXPECT_EQ(pair.shown(alice), (Shown{"close 1008 no answer to pings"}));
  EXPECT_TRUE(pair.has_ended(alice));  // its Close is not waited for
  EXPECT_EQ(pair.books().connections_failed, 1U);
  EXPECT_FALSE(pair.pipe(alice).was_reset_by_server);
}

TEST(WebSocketHeartbeat, FreesTheNameAtOnceAndTellsTheRooms) {
  WebSocketPair pair{beating()};
  const auto alice = pair.log_in_websocket("alice");
  const auto bob = pair.log_in("bob");
  pair.send(bob, "/join #r");
  pair.say(alice, "/join #r");
  (void)pair.shown(alice);
  pair.pipe(alice).is_client_answering_fin = false;
  pair.pipe(alice).is_acknowledging = false;
  pair.advance(seconds{90});
  EXPECT_TRUE(pair.is_open(alice));
  EXPECT_EQ(pair.lines(bob).back(), "* alice left #r");
  const auto again = pair.log_in_websocket("alice");
  pair.say(again, "/who");
  EXPECT_EQ(pair.shown(again), (Shown{"text * here: alice, bob"}));
  // Nobody waits for ever for one who is gone.
  pair.advance(beating().linger + beating().stall_timeout);
  EXPECT_FALSE(pair.is_open(alice));
}

TEST(WebSocketHeartbeat, TakesAnyByteAsASignOfLife) {
  const std::vector<std::string> signs{client_frame(Op::pong, ""), client_frame(Op::ping, ""),
                                       text_frame("/ping"), text_frame(""),
                                       text_frame("half").substr(0, 1)};
  for (const std::string& sign : signs) {
    WebSocketPair pair{beating()};
    const auto alice = pair.log_in_websocket("alice");
    pair.advance(seconds{89});
    pair.send_bytes(alice, sign);
    pair.settle();
    (void)pair.shown(alice);
    pair.advance(seconds{30} - nanoseconds{1});
    EXPECT_EQ(pair.shown(alice), Shown{});
    pair.advance(nanoseconds{1});
    EXPECT_EQ(pair.shown(alice), (Shown{"ping"}));
    pair.advance(seconds{60} - nanoseconds{1});
    EXPECT_EQ(pair.shown(alice), (Shown{"ping"}));
    pair.advance(nanoseconds{1});
    EXPECT_EQ(pair.ending(alice).code, "1008");
  }
}

TEST(WebSocketHeartbeat, LetsAClientThatAnswersLiveForEver) {
  WebSocketPair pair{beating()};
  const auto alice = pair.log_in_websocket("alice");
  for (int count = 0; count < 100; ++count) {
    pair.advance(seconds{30});
    EXPECT_EQ(pair.shown(alice), (Shown{"ping"}));
    pair.send_frame(alice, Op::pong, "");
    pair.settle();
  }
}

TEST(WebSocketHeartbeat, DoesNotPingWhoTalks) {
  WebSocketPair pair{beating()};
  const auto alice = pair.log_in_websocket("alice");
  for (int count = 0; count < 10; ++count) {
    pair.advance(seconds{20});
    pair.say(alice, "");
  }
  EXPECT_EQ(pair.shown(alice), Shown{});
}

TEST(WebSocketHeartbeat, IsNotForLineClients) {
  WebSocketPair pair{beating()};
  const auto alice = pair.log_in("alice");
  EXPECT_EQ(pair.server.deadline(), std::nullopt);
  pair.advance(minutes{10});
  EXPECT_TRUE(pair.is_open(alice));
}

TEST(WebSocketHeartbeat, IsForClientsThatHaveNotLoggedInToo) {
  Config config = beating(seconds{3});
  WebSocketPair pair{config};
  const auto handshaking = pair.connect_websocket();
  const auto nameless = pair.upgrade();
  pair.advance(seconds{9} - nanoseconds{1});
  EXPECT_EQ(pair.shown(nameless), (Shown{"ping", "ping"}));
  pair.advance(nanoseconds{1});
  EXPECT_EQ(pair.shown(nameless), (Shown{"close 1008 no answer to pings"}));
  EXPECT_EQ(pair.pipe(handshaking).received, "");
  EXPECT_TRUE(pair.is_open(handshaking));
}

TEST(WebSocketHeartbeat, DoesNotJudgeAPausedSender) {
  WebSocketPair pair{beating(seconds{1})};
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in_websocket("bob");
  pair.network.send_buffer_max = 0;
  for (int count = 0; count < 2; ++count) {
    pair.send(alice, "/ping " + text_of(143));  // 300 bytes
    pair.settle();
  }
  pair.say(bob, "alice: wait");
  ASSERT_TRUE(pair.peer(bob).is_paused);
  pair.advance(std::chrono::milliseconds{20'500});
  EXPECT_TRUE(pair.peer(bob).is_paused);
  EXPECT_EQ(pair.peer(bob).queued_bytes, 0U);
  pair.let_write_all();
  EXPECT_FALSE(pair.peer(bob).is_paused);
  // It has three whole heartbeats from here.
  pair.advance(seconds{3} - nanoseconds{1});
  EXPECT_EQ(pair.shown(bob), (Shown{"ping", "ping"}));
  pair.advance(nanoseconds{1});
  EXPECT_EQ(pair.ending(bob).code, "1008");
}

TEST(WebSocketHeartbeat, DoesNotJudgeAPeerWithQueuedOutput) {
  WebSocketPair pair{beating(seconds{1})};
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in_websocket("bob");
  pair.network.send_buffer_max = 0;
  pair.send(alice, "bob: hello");
  pair.advance(seconds{100});
  EXPECT_EQ(pair.peer(bob).queued_bytes, std::string{"from alice: hello"}.size() + 2);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(bob), (Shown{"text from alice: hello"}));
  pair.advance(seconds{3} - nanoseconds{1});
  EXPECT_EQ(pair.shown(bob), (Shown{"ping", "ping"}));
  pair.advance(nanoseconds{1});
  EXPECT_EQ(pair.ending(bob).code, "1008");
}

TEST(WebSocketHeartbeat, DoesNotJudgeAPeerThatHasNotTakenThePing) {
  WebSocketPair pair{beating(seconds{1})};
  const auto bob = pair.log_in_websocket("bob");
  pair.network.send_buffer_max = 0;
  pair.advance(seconds{100});
  EXPECT_EQ(pair.peer(bob).queued_bytes, 2U);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(bob), (Shown{"ping"}));
}

TEST(WebSocketHeartbeat, DoesNotJudgeAnybodyWhileTheMemoryIsFull) {
  Config config = beating(seconds{1});
  config.memory_max = 250;
  WebSocketPair pair{config};
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in_websocket("bob");
  const auto carl = pair.log_in("carl");
  pair.network.send_buffer_max = 0;
  for (int count = 0; count < 2; ++count) {
    pair.send(alice, "/ping " + text_of(120));
    pair.settle();
  }
  ASSERT_FALSE(pair.server.wish(pair.id(carl)).read);
  ASSERT_FALSE(pair.server.wish(pair.id(bob)).read);
  pair.advance(seconds{50});
  EXPECT_TRUE(pair.is_open(bob));
  EXPECT_EQ(pair.peer(bob).queued_bytes, 0U);
  pair.let_write_all();
  pair.advance(seconds{3} - nanoseconds{1});
  EXPECT_EQ(pair.shown(bob), (Shown{"ping", "ping"}));
}

TEST(WebSocketHeartbeat, OfAProcessThatStoodStillDropsNobody) {
  for (const Duration before : {seconds{0}, seconds{59}, seconds{60}, seconds{89}}) {
    WebSocketPair pair{beating()};
    const auto alice = pair.log_in_websocket("alice");
    const auto bob = pair.log_in_websocket("bob");
    pair.advance(before);
    pair.network.clock = pair.network.clock + minutes{5};
    pair.settle();
    for (const auto client : {alice, bob}) {
      EXPECT_TRUE(pair.is_open(client));
      EXPECT_EQ(pair.ending(client).code, "");
    }
    // Alice's answer was there all the time; bob is really gone.
    pair.send_frame(alice, Op::pong, "");
    pair.settle();
    for (int count = 0; count < 4; ++count) {
      pair.advance(seconds{30});
      pair.send_frame(alice, Op::pong, "");
      pair.settle();
    }
    EXPECT_EQ(pair.ending(alice).code, "");
    EXPECT_EQ(pair.ending(bob).code, "1008");
  }
}

TEST(WebSocketHeartbeat, StopsWithTheClose) {
  WebSocketPair pair{beating(seconds{1})};
  const auto alice = pair.log_in_websocket("alice");
  pair.say(alice, "/quit");
  pair.advance(seconds{4});
  EXPECT_EQ(pair.shown(alice),
            (Shown{"text * goodbye: 0 of your lines were accepted", "close 1000"}));
  pair.close(alice);
  EXPECT_EQ(pair.books().connections_clean, 1U);
}

}  // namespace
}  // namespace lastword::test
