// Slow WebSocket readers and paused WebSocket senders (contract, section 3).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/core/websocket_pair.h"

namespace lastword::test {
namespace {

using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

const std::string too_slow = "close 1008 too slow: what was queued was not read in time";
const std::string undelivered = "! undelivered slow: slow_consumer";

// The text that makes a frame from alice `size` bytes long.
std::string text_for(std::size_t size) {
  return text_of(size - 4 - std::string{"from alice: "}.size());
}

// Alice (lines) sends to a WebSocket client that has stopped reading; its outbox has 1000 bytes.
class SlowWebSocket : public ::testing::Test {
 protected:
  static Config config() {
    Config config;
    config.line_max = 600;
    config.outbox_max = 1000;
    config.memory_max = 100'000;
    config.stall_timeout = seconds{10};
    config.close_timeout = seconds{5};
    config.heartbeat = minutes{10};
    return config;
  }

  SlowWebSocket() { pair.network.send_buffer_max = 0; }

  void send(std::size_t size) {
    pair.send(alice, "slow: " + text_for(size));
    pair.settle();
  }
  [[nodiscard]] std::size_t queued() { return pair.peer(slow).queued_bytes; }
  [[nodiscard]] bool is_alice_paused() { return pair.peer(alice).is_paused; }
  void stall() { pair.advance(config().stall_timeout); }
  static std::string message(std::size_t size) { return "text from alice: " + text_for(size); }

  WebSocketPair pair{config()};
  Pair::Client alice = pair.log_in("alice");
  Pair::Client slow = pair.log_in_websocket("slow");
};

TEST_F(SlowWebSocket, FillsItsOutboxToExactlyTheLimitInFrames) {
  send(500);
  send(499);
  EXPECT_EQ(queued(), 999U);
  EXPECT_EQ(pair.server.deadline()->reason, Timer::heartbeat);
  send(500);
  EXPECT_TRUE(is_alice_paused());
  EXPECT_EQ(queued(), 999U);
}

TEST_F(SlowWebSocket, IsFullWithTheLastByte) {
  send(500);
  send(500);
  EXPECT_EQ(queued(), 1000U);
  EXPECT_FALSE(is_alice_paused());
  EXPECT_EQ(pair.server.deadline()->reason, Timer::stall);
}

TEST_F(SlowWebSocket, ResumesItsSenderAtHalf) {
  for (int count = 0; count < 3; ++count) send(400);
  ASSERT_TRUE(is_alice_paused());
  pair.let_write(299);
  EXPECT_TRUE(is_alice_paused());
  pair.let_write(1);
  EXPECT_FALSE(is_alice_paused());
  pair.let_write_all();
  EXPECT_EQ(pair.shown(slow), (Shown{message(400), message(400), message(400)}));
}

TEST_F(SlowWebSocket, IsDroppedWithTheRestOfItsFrameAndAClose) {
  send(500);
  send(400);
  send(400);  // waits
  ASSERT_TRUE(is_alice_paused());
  pair.let_write(399);  // 501 are left: not half
  pair.advance(config().stall_timeout - nanoseconds{1});
  EXPECT_TRUE(is_alice_paused());
  EXPECT_EQ(queued(), 501U);
  pair.advance(nanoseconds{1});
  EXPECT_FALSE(is_alice_paused());
  EXPECT_EQ(queued(), 101U + 2U + 2U + too_slow.size() - 11U);
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 1U);
  EXPECT_EQ(pair.failed(Failure::not_connected), 1U);  // the one that waited finds nobody
  EXPECT_FALSE(pair.pipe(slow).has_server_ended);
  // It reads after all.
  pair.let_write_all();
  EXPECT_EQ(pair.shown(slow), (Shown{message(500), too_slow}));
  EXPECT_TRUE(pair.has_ended(slow));
  EXPECT_EQ(pair.lines(alice), (Lines{undelivered, "! undelivered slow: not_connected"}));
  EXPECT_EQ(pair.books().delivered, 1U);
  EXPECT_EQ(pair.books().connections_failed, 1U);
}

TEST_F(SlowWebSocket, GetsTheCloseAloneIfNothingWasBegun) {
  for (int count = 0; count < 4; ++count) send(250);
  stall();
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 4U);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(slow), (Shown{too_slow}));
  EXPECT_TRUE(pair.has_ended(slow));
  EXPECT_EQ(pair.lines(alice), Lines(4, undelivered));
}

TEST_F(SlowWebSocket, FailsTheFrameItIsInAfterTheCloseTimeout) {
  send(500);
  send(500);
  pair.let_write(100);
  stall();
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 1U);
  pair.advance(config().close_timeout - nanoseconds{1});
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 1U);
  EXPECT_TRUE(pair.is_open(slow));
  pair.advance(nanoseconds{1});
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 2U);
  EXPECT_EQ(pair.books().delivered, 0U);
  EXPECT_FALSE(pair.is_open(slow));
  EXPECT_EQ(pair.books().connections_failed, 1U);
  pair.let_write_all();
  EXPECT_EQ(pair.lines(alice), Lines(2, undelivered));
  EXPECT_EQ(pair.pipe(slow).received.size(), 100U);
  pair.pipe(slow).received.clear();
}

TEST_F(SlowWebSocket, IsDeliveredTheFrameItIsInJustInTime) {
  send(500);
  send(500);
  pair.let_write(499);
  pair.advance(config().stall_timeout);
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 1U);
  pair.let_write(undelivered.size() + 1);  // to alice, who connected first
  pair.advance(config().close_timeout - nanoseconds{1});
  pair.let_write(1);
  EXPECT_EQ(pair.books().delivered, 1U);
  pair.let_write(4);
  pair.advance(nanoseconds{1});
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 1U);
  EXPECT_FALSE(pair.is_open(slow));
  EXPECT_EQ(pair.shown(slow), (Shown{message(500)}));
  pair.pipe(slow).received.clear();
}

TEST_F(SlowWebSocket, FreesItsNameAtOnceAndTellsItsRooms) {
  pair.let_write_all();
  pair.send(alice, "/join #r");
  pair.say(slow, "/join #r");
  (void)pair.shown(slow);
  (void)pair.lines(alice);
  pair.network.send_buffer_max = 0;
  send(500);
  send(500);
  pair.let_write(10);
  stall();
  const auto other = pair.connect_websocket();
  pair.send_bytes(other, upgrade_request() + text_frame("slow"));
  pair.settle();
  pair.send(alice, "slow: to the new one");
  pair.settle();
  EXPECT_EQ(pair.server.name_of(pair.id(other)), "slow");
  pair.let_write_all();
  pair.expect_upgraded(other);
  EXPECT_EQ(pair.shown(other).size(), 1U);
  EXPECT_EQ(pair.shown(slow), (Shown{message(500), too_slow}));
  EXPECT_EQ(pair.lines(alice), (Lines{"* slow left #r", undelivered}));
}

TEST_F(SlowWebSocket, IsCutOutOfAnyPlaceInItsFrames) {
  // The first is slow's alone, the second is shared, the third has a header of its own as well. The
  // last one keeps the outbox above half, wherever in the others the writing stops.
  const std::vector<std::string> lines{"slow: " + text_of(200), "slow, carl: " + text_of(100),
                                       "slow, #r: " + text_of(300), "slow: " + text_of(1338)};
  const std::vector<std::size_t> ends{216, 216 + 114, 216 + 114 + 316};
  Config roomy = config();
  roomy.line_max = 2000;
  roomy.outbox_max = 2000;
  for (std::size_t cut = 0; cut <= ends.back(); ++cut) {
    WebSocketPair other{roomy};
    const auto sender = other.log_in("alice");
    const auto peer = other.log_in_websocket("slow");
    const auto carl = other.log_in_websocket("carl");
    other.say(carl, "/join #r");
    (void)other.shown(carl);
    other.network.send_buffer_max = 0;
    for (const std::string& line : lines) other.send(sender, line);
    other.settle();
    ASSERT_EQ(other.peer(peer).queued_bytes, 2000U);
    other.let_write(cut);  // to slow, who connected before carl
    other.advance(roomy.stall_timeout);
    other.let_write_all();
    std::size_t begun = 0;
    while (begun < 3 && cut > (begun == 0 ? 0 : ends[begun - 1])) ++begun;
    EXPECT_EQ(other.failed(Failure::slow_consumer), 4 - begun) << cut;
    EXPECT_EQ(other.lines(sender).size(), 4 - begun);
    const Shown shown = other.shown(peer);
    ASSERT_EQ(shown.size(), begun + 1) << cut;
    EXPECT_EQ(shown.back(), too_slow);
    EXPECT_EQ(other.pipe(peer).received, "");
    EXPECT_TRUE(other.has_ended(peer));
    EXPECT_EQ(other.shown(carl).size(), 2U);
  }
}

// Found by the simulator: the rest of the pong was thrown away with the queue.
TEST_F(SlowWebSocket, CompletesAPartlyWrittenPongBeforeTheClose) {
  for (std::size_t written = 0; written <= 8; ++written) {
    WebSocketPair other{config()};
    const auto sender = other.log_in("alice");
    const auto peer = other.log_in_websocket("slow");
    other.network.send_buffer_max = 0;
    other.send_frame(peer, Op::ping, "urgent");
    other.send(sender, "slow: " + text_for(496));
    other.send(sender, "slow: " + text_for(496));
    other.settle();
    ASSERT_EQ(other.peer(peer).queued_bytes, 1000U);
    other.let_write(written);
    other.advance(config().stall_timeout);
    EXPECT_EQ(other.failed(Failure::slow_consumer), 2U);
    other.let_write_all();
    EXPECT_EQ(other.shown(peer), (Shown{"pong urgent", too_slow})) << written;
    EXPECT_TRUE(other.has_ended(peer));
  }
}

TEST_F(SlowWebSocket, CompletesTheFrameAndThePongBehindIt) {
  send(500);
  pair.let_write(100);
  pair.send_frame(slow, Op::ping, "p");
  pair.settle();
  send(500);
  send(500);
  ASSERT_TRUE(is_alice_paused());
  stall();
  pair.let_write(402);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(slow), (Shown{message(500), "pong p", too_slow}));
}

TEST_F(SlowWebSocket, IsDroppedWhileItsCloseIsBeingAnswered) {
  send(500);
  pair.let_write(100);
  pair.close(slow, 1000);
  EXPECT_EQ(queued(), 404U);
  pair.advance(config().stall_timeout - nanoseconds{1});
  EXPECT_EQ(queued(), 404U);
  pair.advance(nanoseconds{1});
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 1U);
  EXPECT_TRUE(pair.has_ended(slow));
  EXPECT_EQ(pair.pipe(slow).received.size(), 100U);
  pair.let_write_all();
  EXPECT_EQ(pair.books().connections_clean, 0U);
  EXPECT_EQ(pair.lines(alice), Lines(1, undelivered));
  pair.pipe(slow).received.clear();
}

TEST_F(SlowWebSocket, HasUntilTheDrainsDeadlineForItsFrameOnceThatBegan) {
  send(500);
  send(500);
  pair.let_write(100);
  stall();
  pair.stop();
  pair.advance(config().close_timeout + config().stall_timeout);
  EXPECT_TRUE(pair.is_open(slow));
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 1U);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(slow), (Shown{message(500), too_slow}));
  EXPECT_EQ(pair.books().delivered, 1U);
  EXPECT_TRUE(pair.server.finished().has_value());
}

TEST_F(SlowWebSocket, IsNotDroppedWhileItReads) {
  send(500);
  send(500);
  pair.let_write(500);
  pair.advance(config().stall_timeout * 3);
  EXPECT_EQ(queued(), 500U);
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 0U);
}

TEST_F(SlowWebSocket, IsDroppedBeforeItsLoginToo) {
  Config patient = config();
  patient.login_timeout = minutes{5};
  WebSocketPair other{patient};
  const auto nameless = other.upgrade();
  other.network.send_buffer_max = 0;
  for (int count = 0; count < 9; ++count) other.send_frame(nameless, Op::ping, text_of(120));
  other.settle();
  EXPECT_TRUE(other.peer(nameless).is_paused);
  other.advance(patient.stall_timeout);
  other.let_write_all();
  EXPECT_EQ(other.shown(nameless).back(), too_slow);
  EXPECT_TRUE(other.has_ended(nameless));
}

// --- Senders -------------------------------------------------------------------------------------

TEST_F(SlowWebSocket, PausesAWebSocketSenderUntilThereIsRoom) {
  pair.let_write_all();
  const auto bob = pair.log_in_websocket("bob");
  pair.network.send_buffer_max = 0;
  send(500);
  send(499);
  pair.send_bytes(bob, text_frame("slow: 1") + client_frame(Op::text, "slow", {.is_final = false}) +
                           client_frame(Op::more, ": 2") + text_frame("/ping 3"));
  pair.settle();
  EXPECT_TRUE(pair.peer(bob).is_paused);
  EXPECT_EQ(pair.server.wish(pair.id(bob)), (Wish{}));
  EXPECT_EQ(pair.peer(bob).queued_bytes, 0U);
  EXPECT_EQ(pair.books().accepted, 2U);
  pair.let_write(498);
  EXPECT_TRUE(pair.peer(bob).is_paused);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(slow),
            (Shown{message(500), message(499), "text from bob: 1", "text from bob: 2"}));
  EXPECT_EQ(pair.shown(bob), (Shown{"text * pong 3"}));
  EXPECT_EQ(pair.peer(bob).held_bytes, 0U);
}

TEST_F(SlowWebSocket, TakesTheCloseOfAPausedSenderOnceItGoesOn) {
  pair.let_write_all();
  const auto bob = pair.log_in_websocket("bob");
  pair.network.send_buffer_max = 0;
  send(500);
  send(500);
  pair.send_bytes(bob, text_frame("slow: last word") + close_frame(1000));
  pair.end(bob);
  pair.settle();
  EXPECT_EQ(pair.server.name_of(pair.id(bob)), "bob");
  EXPECT_TRUE(pair.peer(bob).is_paused);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(slow).back(), "text from bob: last word");
  EXPECT_EQ(pair.shown(bob), (Shown{"close 1000"}));
  EXPECT_EQ(pair.books().connections_clean, 1U);
}

TEST_F(SlowWebSocket, InflatesAWaitingMessageForTheOneThatGetsIt) {
  pair.let_write_all();
  const auto bob = pair.log_in_websocket("bob", wide_offer);
  pair.network.send_buffer_max = 0;
  send(500);
  send(500);
  pair.send_frame(bob, Op::text, deflated("slow: " + text_of(400)), {.is_compressed = true});
  pair.settle();
  ASSERT_TRUE(pair.peer(bob).is_paused);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(slow).back(), "text from bob: " + text_of(400));
}

TEST(WebSocketTurns, GiveEachFactItsBudget) {
  Config config;
  config.work_per_fact_max = 3;
  WebSocketPair pair{config};
  const auto alice = pair.log_in_websocket("alice");
  const auto bob = pair.log_in_websocket("bob");
  std::string frames;
  for (int count = 0; count < 20; ++count) {
    frames += text_frame("alice: " + std::to_string(count)) + client_frame(Op::ping, "");
  }
  pair.send_bytes(alice, frames);
  pair.turn();
  EXPECT_LT(pair.books().accepted, 5U);
  EXPECT_TRUE(pair.peer(alice).is_paused);
  pair.send_frame(bob, Op::ping, "me");
  pair.settle();
  EXPECT_EQ(pair.shown(bob), (Shown{"pong me"}));
  EXPECT_EQ(pair.shown(alice).size(), 40U);
  EXPECT_EQ(pair.peer(alice).units_taken, 41U);
}

TEST(WebSocketTurns, CountPingsAndWhatWasInflatedAsWork) {
  Config config;
  config.work_per_fact_max = 100;
  WebSocketPair pair{config};
  const auto alice = pair.log_in_websocket("alice", wide_offer);
  std::string pings;
  for (int count = 0; count < 150; ++count) pings += client_frame(Op::ping, "");
  pair.send_bytes(alice, pings);
  pair.turn();
  EXPECT_TRUE(pair.peer(alice).is_paused);
  pair.settle();
  EXPECT_EQ(pair.shown(alice).size(), 150U);

  const std::string large =
      client_frame(Op::text, deflated("/x" + text_of(5000)), {.is_compressed = true});
  pair.send_bytes(alice, large + large);
  pair.turn();
  EXPECT_TRUE(pair.peer(alice).is_paused);
  pair.settle();
  EXPECT_EQ(pair.shown(alice).size(), 2U);
}

// Alice fills the memory up to what is left for one more message.
class WebSocketMemoryBound : public ::testing::Test {
 protected:
  static Config config() {
    Config config;
    config.line_max = 950;
    config.outbox_max = 1000;
    config.memory_max = 1000;
    return config;
  }
  // Whether `line` waits, with so many bytes left.
  static bool waits(const std::string& line, std::size_t left) {
    WebSocketPair pair{config()};
    const auto alice = pair.log_in("alice");
    (void)pair.log_in("l");
    (void)pair.log_in_websocket("w");
    const auto in_room = pair.log_in_websocket("z", wide_offer);
    pair.say(in_room, "/join #r");
    (void)pair.log_in("filled");
    pair.network.send_buffer_max = 0;
    pair.send(alice, "filled: " + text_of(1000 - left - std::string{"from alice: \n"}.size()));
    pair.settle();
    EXPECT_EQ(pair.server.queued_bytes(), 1000 - left);
    pair.send(alice, line);
    pair.settle();
    EXPECT_LE(pair.server.queued_bytes(), 1000U);
    return pair.peer(alice).is_paused;
  }
};

TEST_F(WebSocketMemoryBound, CountsAMessageOnceForEachForm) {
  const std::size_t size = (12 + 50 + 1) + 2 * (2 + 12 + 50);  // a line, a frame, a wide one
  EXPECT_FALSE(waits("l, w, z: " + text_of(50), size));
  EXPECT_TRUE(waits("l, w, z: " + text_of(50), size - 1));
}

TEST_F(WebSocketMemoryBound, CountsHeadersEachAndTheTextOnceForEachTransport) {
  const std::size_t size = 12 + (2 + 12) + (2 + 18) + (50 + 1) + 50;
  EXPECT_FALSE(waits("l, w, #r: " + text_of(50), size));
  EXPECT_TRUE(waits("l, w, #r: " + text_of(50), size - 1));
}

TEST_F(WebSocketMemoryBound, CountsASingleFrame) {
  EXPECT_FALSE(waits("w: " + text_of(50), 2 + 12 + 50));
  EXPECT_TRUE(waits("w: " + text_of(50), 2 + 12 + 49));
}

TEST(WebSocketMemory, FullPausesEveryoneAndIsFreedAgain) {
  Config config;
  config.line_max = 600;
  config.outbox_max = 1000;
  config.memory_max = 1500;
  config.heartbeat = minutes{10};
  WebSocketPair pair{config};
  const auto alice = pair.log_in("alice");
  const auto a = pair.log_in_websocket("a");
  const auto b = pair.log_in_websocket("b", wide_offer);
  const auto c = pair.log_in_websocket("c");
  pair.network.send_buffer_max = 0;
  for (const std::string name : {"a", "b", "a", "b", "c", "a"}) {
    pair.send(alice, name + ": " + text_of(480));
  }
  pair.settle();
  EXPECT_LE(pair.server.queued_bytes(), 1500U);
  EXPECT_TRUE(pair.peer(alice).is_paused);
  pair.say(c, "alice: hi");
  EXPECT_FALSE(pair.server.wish(pair.id(c)).read);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(a).size(), 3U);
  EXPECT_EQ(pair.shown(b).size(), 2U);
  EXPECT_EQ(pair.shown(c).size(), 1U);
  EXPECT_EQ(pair.lines(alice), (Lines{"from c: hi"}));
}

TEST(WebSocketMemory, FullWatchesAClientWithoutANameOnlyAsLongAsItIsFull) {
  Config config;
  config.line_max = 600;
  config.outbox_max = 1000;
  config.memory_max = 500;
  config.login_timeout = minutes{5};
  config.heartbeat = minutes{10};
  config.stall_timeout = seconds{10};
  WebSocketPair pair{config};
  const auto alice = pair.log_in("alice");
  const auto nameless = pair.upgrade();
  pair.network.send_buffer_max = 0;
  pair.send_frame(nameless, Op::ping, text_of(100));
  pair.settle();
  pair.send(alice, "/ping " + text_of(380));
  pair.send(alice, "/ping " + text_of(380));
  pair.settle();
  EXPECT_FALSE(pair.server.wish(pair.id(alice)).read);
  pair.let_write(380);  // to alice, who connected first
  EXPECT_TRUE(pair.server.wish(pair.id(alice)).read);
  EXPECT_EQ(pair.peer(nameless).queued_bytes, 102U);
  pair.advance(config.stall_timeout);
  EXPECT_EQ(pair.peer(nameless).queued_bytes, 102U);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(nameless), (Shown{"pong " + text_of(100)}));
}

}  // namespace
}  // namespace lastword::test
