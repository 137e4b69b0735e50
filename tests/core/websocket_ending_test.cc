// How WebSocket connections end (contract, sections 2 and 4; RFC 6455 section 7).
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "tests/core/websocket_pair.h"

namespace lastword::test {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

const std::string goodbye = "text * goodbye: 0 of your lines were accepted";

// --- Closed by the client ------------------------------------------------------------------------

TEST(WebSocketClose, GetsItsCodeBack) {
  for (const unsigned code : {0U, 1000U, 1001U, 1003U, 1011U, 1014U, 3000U, 4999U}) {
    for (const bool is_logged_in : {false, true}) {
      WebSocketPair pair;
      const auto client = is_logged_in ? pair.log_in_websocket("alice") : pair.upgrade();
      pair.send_bytes(client,
                      close_frame(code, code == 0 ? "" : "bye") + text_frame("alice: lost"));
      pair.send_frame(client, Op::ping, "lost");
      pair.settle();
      EXPECT_EQ(pair.shown(client), (Shown{code == 0 ? "close" : "close " + std::to_string(code)}));
      EXPECT_TRUE(pair.has_ended(client));
      EXPECT_FALSE(pair.is_open(client));
      EXPECT_EQ(pair.books().connections_clean, 1U);
      EXPECT_EQ(pair.books().accepted, 0U);
    }
  }
}

TEST(WebSocketClose, IsAnsweredBehindWhatIsAddressedToTheClientAndFreesTheNameAtOnce) {
  WebSocketPair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in_websocket("bob");
  pair.network.send_buffer_max = 0;
  pair.send(alice, "bob: one");
  pair.send(alice, "bob: two");
  pair.settle();
  pair.close(bob, 1001);
  EXPECT_FALSE(pair.has_ended(bob));
  const auto other = pair.connect_websocket();
  pair.send_bytes(other, upgrade_request() + text_frame("bob"));
  pair.settle();
  pair.send(alice, "bob: for the new one");
  pair.settle();
  EXPECT_FALSE(pair.pipe(bob).has_server_ended);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(bob), (Shown{"text from alice: one", "text from alice: two", "close 1001"}));
  EXPECT_TRUE(pair.has_ended(bob));
  pair.expect_upgraded(other);
  EXPECT_EQ(pair.shown(other), (Shown{"text from alice: for the new one"}));
  EXPECT_EQ(pair.books().delivered, 3U);
}

TEST(WebSocketClose, CountsWhatCameBeforeIt) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  const auto bob = pair.log_in("bob");
  pair.send_bytes(alice, text_frame("bob: last word") + close_frame(1000));
  pair.settle();
  EXPECT_EQ(pair.lines(bob), (Lines{"from alice: last word"}));
  EXPECT_EQ(pair.shown(alice), (Shown{"close 1000"}));
}

TEST(WebSocketClose, TellsTheRooms) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  const auto bob = pair.log_in_websocket("bob");
  pair.say(alice, "/join #r");
  pair.say(bob, "/join #r");
  (void)pair.shown(alice);
  pair.close(bob);
  EXPECT_EQ(pair.shown(alice), (Shown{"text * bob left #r"}));
}

TEST(WebSocketClose, WithinAFragmentedMessageForgetsTheMessage) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  pair.send_frame(alice, Op::text, "alice: half", {.is_final = false});
  pair.settle();
  pair.close(alice);
  EXPECT_EQ(pair.shown(alice), (Shown{"close 1000"}));
  EXPECT_EQ(pair.books().accepted, 0U);
  EXPECT_EQ(pair.books().connections_clean, 1U);
}

// --- Closed by the server ------------------------------------------------------------------------

class WebSocketQuit : public ::testing::Test {
 protected:
  void quit() {
    pair.say(alice, "/quit");
    EXPECT_EQ(pair.shown(alice), (Shown{goodbye, "close 1000"}));
  }

  WebSocketPair pair;
  Pair::Client alice = pair.log_in_websocket("alice");
};

TEST_F(WebSocketQuit, SendsTheFinOnlyBehindThePeersClose) {
  quit();
  EXPECT_FALSE(pair.pipe(alice).has_server_ended);
  EXPECT_EQ(pair.server.wish(pair.id(alice)), (Wish{.read = true}));
  pair.close(alice);
  EXPECT_TRUE(pair.has_ended(alice));
  EXPECT_EQ(pair.books().connections_clean, 1U);
}

TEST_F(WebSocketQuit, IsDroppedWithoutAnAnswerAfterTheCloseTimeout) {
  quit();
  pair.advance(pair.server.config().close_timeout - nanoseconds{1});
  EXPECT_TRUE(pair.is_open(alice));
  pair.advance(nanoseconds{1});
  EXPECT_FALSE(pair.is_open(alice));
  EXPECT_TRUE(pair.pipe(alice).is_closed);
  EXPECT_EQ(pair.books().connections_failed, 1U);
}

TEST_F(WebSocketQuit, MayBeAnsweredAtTheLastMoment) {
  quit();
  // Other frames are no answer, and give it no more time.
  pair.send_frame(alice, Op::ping, "unanswered");
  pair.send_frame(alice, Op::text, "alice: lost");
  pair.advance(pair.server.config().close_timeout - nanoseconds{1});
  EXPECT_FALSE(pair.pipe(alice).has_server_ended);
  pair.close(alice);
  EXPECT_TRUE(pair.has_ended(alice));
  EXPECT_EQ(pair.books().connections_clean, 1U);
  EXPECT_EQ(pair.books().accepted, 0U);
}

TEST_F(WebSocketQuit, FindsTheAnswerBehindWhateverElseComes) {
  Config config;
  const std::string others = client_frame(Op::more, "b", {.is_final = true}) +
                             client_frame(Op::ping, "p") +
                             client_frame(Op::binary, text_of(config.line_max + 10)) +
                             client_frame(Op::text, "\xFF no text") + close_frame(1000);
  for (const std::size_t step : {std::size_t{1} << 20, std::size_t{1000}, std::size_t{7}}) {
    WebSocketPair other;
    const auto bob = other.log_in_websocket("bob");
    // A message begins behind the /quit.
    other.send_bytes(bob, text_frame("/quit") + client_frame(Op::text, "a", {.is_final = false}));
    other.network.read_max = step;
    other.settle();
    EXPECT_EQ(other.shown(bob), (Shown{goodbye, "close 1000"}));
    other.send_bytes(bob, others);
    other.settle();
    EXPECT_TRUE(other.has_ended(bob));
    EXPECT_EQ(other.books().connections_clean, 1U) << step;
    EXPECT_EQ(other.shown(bob), Shown{});
  }
}

TEST_F(WebSocketQuit, CrossesTheClientsClose) {
  for (const bool is_one_segment : {true, false}) {
    const std::string name = is_one_segment ? "bob" : "carl";
    const auto client = pair.log_in_websocket(name);
    pair.network.send_buffer_max = 0;
    pair.send_bytes(client, text_frame("/quit"));
    if (!is_one_segment) pair.settle();
    pair.send_bytes(client, close_frame(4000));
    pair.settle();
    EXPECT_FALSE(pair.pipe(client).has_server_ended);
    pair.let_write_all();
    EXPECT_EQ(pair.shown(client), (Shown{goodbye, "close 1000"}));
    EXPECT_TRUE(pair.has_ended(client));
  }
  EXPECT_EQ(pair.books().connections_clean, 2U);
}

TEST_F(WebSocketQuit, GivesUpOnAnAnswerThatBreaksTheProtocol) {
  quit();
  pair.send_bytes(alice, "\x81\x01x" + close_frame(1000));
  pair.settle();
  EXPECT_TRUE(pair.has_ended(alice));
  EXPECT_EQ(pair.books().connections_failed, 1U);
}

TEST_F(WebSocketQuit, EndsWithAPeerThatEndsWithoutAClose) {
  quit();
  pair.end(alice);
  pair.settle();
  EXPECT_FALSE(pair.is_open(alice));
  EXPECT_EQ(pair.books().connections_failed, 1U);
}

TEST_F(WebSocketQuit, GivesThePeerTimeOnlyOnceEverythingIsWritten) {
  pair.network.send_buffer_max = 0;
  pair.say(alice, "/quit");
  pair.advance(pair.server.config().close_timeout + seconds{1});
  EXPECT_TRUE(pair.is_open(alice));
  pair.let_write_all();
  pair.advance(pair.server.config().close_timeout - nanoseconds{1});
  EXPECT_TRUE(pair.is_open(alice));
  pair.advance(nanoseconds{1});
  EXPECT_FALSE(pair.is_open(alice));
}

TEST_F(WebSocketQuit, FreesTheNameAtOnce) {
  quit();
  const auto other = pair.log_in_websocket("alice");
  pair.say(other, "alice: mine");
  EXPECT_EQ(pair.shown(other), (Shown{"text from alice: mine"}));
}

// --- The books -----------------------------------------------------------------------------------

TEST(WebSocketEnding, IsCleanWithThePeersCloseAndFinOnly) {
  for (const bool is_closing : {false, true}) {
    for (const bool is_ending : {false, true}) {
      WebSocketPair pair;
      const auto alice = pair.log_in_websocket("alice");
      pair.pipe(alice).is_client_answering_fin = false;
      if (is_closing) pair.close(alice);
      if (is_ending) {
        pair.end(alice);
        pair.settle();
      }
      if (!is_closing && !is_ending) pair.stop();
      pair.advance(seconds{60});
      EXPECT_EQ(pair.server.connection_count(), 0U);
      EXPECT_EQ(pair.books().connections_clean, is_closing && is_ending ? 1U : 0U);
    }
  }
}

// --- Violations ----------------------------------------------------------------------------------

struct Violating {
  std::string bytes;
  std::string code;
};

std::vector<Violating> violations() {
  const std::string masked = "\x37\xFA\x21\x3D";
  return {
      {"\x81\x01x", "1002"},                                // not masked
      {client_frame(static_cast<Op>(3), "x"), "1002"},      // reserved opcode
      {client_frame(Op::text, "x", {true, true}), "1002"},  // RSV1 without compression
      {"\xA1\x81" + masked + "x", "1002"},                  // RSV2
      {client_frame(Op::more, "x"), "1002"},                // nothing to continue
      {client_frame(Op::ping, "x", {.is_final = false}), "1002"},
      {client_frame(Op::ping, text_of(126)), "1002"},
      {std::string{"\x81\xFE\x00\x05", 4} + masked + "xxxxx", "1002"},  // not minimal
      {client_frame(Op::close, "x"), "1002"},                           // half a code
      {close_frame(1005), "1002"},
      {close_frame(999), "1002"},
      {close_frame(1000, "\xFF"), "1002"},
      {client_frame(Op::text, "a", {.is_final = false}) + text_frame("b"), "1002"},
      {text_frame("\xC3"), "1007"},
      {text_frame("bob: \xFF"), "1007"},
      {client_header(Op::text, 70'000), "1009"},
      {client_header(Op::binary, 65'536), "1009"},
  };
}

TEST(WebSocketViolation, EndsTheConnectionWithItsCodeAndCountsWhatCameBefore) {
  for (const Violating& violating : violations()) {
    for (const std::size_t step : {std::size_t{1} << 20, std::size_t{1}}) {
      WebSocketPair pair;
      const auto bob = pair.log_in("bob");
      const auto carl = pair.log_in_websocket("carl");
      const auto alice = pair.log_in_websocket("alice");
      pair.pipe(alice).is_client_answering_fin = false;
      pair.network.read_max = step;
      pair.send_bytes(alice, text_frame("bob: before") + client_frame(Op::ping, "p") +
                                 violating.bytes + text_frame("bob: after") + close_frame(1000));
      pair.settle();
      const auto ending = pair.ending(alice);
      EXPECT_EQ(ending.code, violating.code) << violating.bytes;
      EXPECT_EQ(ending.others, 1U);
      EXPECT_EQ(pair.lines(bob), (Lines{"from alice: before"}));
      EXPECT_TRUE(pair.pipe(alice).has_server_ended);  // without waiting for a Close
      // The name is free, and the others feel nothing.
      pair.network.read_max = SIZE_MAX;
      const auto again = pair.log_in_websocket("alice");
      pair.say(again, "bob, carl: still here");
      EXPECT_EQ(pair.lines(bob), (Lines{"from alice: still here"}));
      EXPECT_EQ(pair.shown(carl), (Shown{"text from alice: still here"}));
      // Its FIN is a clean end: a Close could not be told from anything else any more.
      pair.end(alice);
      pair.settle();
      EXPECT_FALSE(pair.is_open(alice));
      EXPECT_EQ(pair.books().connections_clean, 1U)
          << "its FIN came: its Close could not be told any more";
      EXPECT_EQ(pair.books().connections_failed, 0U);
    }
  }
}

TEST(WebSocketViolation, BeforeTheLoginEndsTheSameWay) {
  for (const Violating& violating : violations()) {
    WebSocketPair pair;
    const auto client = pair.connect_websocket();
    pair.send_bytes(client, upgrade_request() + violating.bytes);
    pair.settle();
    pair.expect_upgraded(client);
    EXPECT_EQ(pair.ending(client).code, violating.code);
    EXPECT_TRUE(pair.has_ended(client));
  }
}

TEST(WebSocketViolation, OfCompressedDataIs1007Or1009) {
  WebSocketPair pair;
  struct Row {
    std::string payload;
    std::string code;
  };
  const std::array<Row, 3> rows{{{"\xFF\xFF\xFF", "1007"},
                                 {deflated("a: \xFF\xFE"), "1007"},
                                 {deflated(text_of(70'000)), "1009"}}};
  for (const Row& row : rows) {
    const auto alice = pair.log_in_websocket("alice", wide_offer);
    pair.send_frame(alice, Op::text, row.payload, {.is_compressed = true});
    pair.settle();
    EXPECT_EQ(pair.ending(alice).code, row.code);
    EXPECT_TRUE(pair.has_ended(alice));
  }
}

TEST(WebSocketViolation, ComesBehindWhatIsQueuedForTheClient) {
  WebSocketPair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in_websocket("bob");
  pair.network.send_buffer_max = 0;
  pair.send(alice, "bob: queued");
  pair.settle();
  pair.send_bytes(bob, "\x81\x01x");
  pair.settle();
  pair.let_write_all();
  EXPECT_EQ(pair.shown(bob),
            (Shown{"text from alice: queued", "close 1002 a client's frames must be masked"}));
  EXPECT_EQ(pair.books().delivered, 1U);
}

// --- FIN and RST ---------------------------------------------------------------------------------

TEST(WebSocketFin, WithoutACloseGetsWhatIsQueuedAndAClose) {
  WebSocketPair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in_websocket("bob");
  pair.network.send_buffer_max = 0;
  pair.send(alice, "bob: last word");
  pair.settle();
  pair.send_bytes(bob, text_frame("alice: mine"));
  pair.end(bob);
  pair.settle();
  pair.send(alice, "bob: too late");
  pair.settle();
  pair.let_write_all();
  EXPECT_EQ(pair.shown(bob), (Shown{"text from alice: last word", "close 1000"}));
  EXPECT_EQ(pair.lines(alice), (Lines{"from bob: mine", "! undelivered bob: not_connected"}));
  EXPECT_FALSE(pair.is_open(bob));
  EXPECT_FALSE(pair.pipe(bob).was_reset_by_server);
  EXPECT_EQ(pair.books().connections_failed, 1U);
}

TEST(WebSocketFin, WithinAMessageForgetsThatMessage) {
  for (const std::string& rest : {client_frame(Op::text, "bob: half", {.is_final = false}),
                                  text_frame("bob: half").substr(0, 9), std::string{"\x81"}}) {
    WebSocketPair pair;
    const auto bob = pair.log_in("bob");
    const auto alice = pair.log_in_websocket("alice");
    pair.send_bytes(alice, text_frame("bob: whole") + rest);
    pair.end(alice);
    pair.settle();
    EXPECT_EQ(pair.lines(bob), (Lines{"from alice: whole"}));
    EXPECT_EQ(pair.shown(alice), (Shown{"close 1000"}));
    EXPECT_FALSE(pair.is_open(alice));
    EXPECT_EQ(pair.books().connections_failed, 1U);
  }
}

TEST(WebSocketFin, BehindTheCloseInOneSegmentIsClean) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  pair.send_bytes(alice, close_frame(1000));
  pair.end(alice);
  pair.settle();
  EXPECT_EQ(pair.shown(alice), (Shown{"close 1000"}));
  EXPECT_EQ(pair.books().connections_clean, 1U);
}

TEST(WebSocketReset, FailsWhatIsQueuedInEveryStage) {
  for (int stage = 0; stage < 6; ++stage) {
    WebSocketPair pair;
    const auto alice = pair.log_in("alice");
    const auto bob = stage == 0   ? pair.connect_websocket()
                     : stage == 1 ? pair.upgrade()
                                  : pair.log_in_websocket("bob");
    pair.settle();
    if (stage == 3) pair.send_bytes(bob, client_frame(Op::text, "half", {.is_final = false}));
    if (stage == 4) pair.say(bob, "/quit");
    if (stage == 5) pair.network.send_buffer_max = 0;
    pair.send(alice, "bob: hello");
    pair.settle();
    if (stage == 5) pair.close(bob);
    pair.reset(bob);
    pair.settle();
    pair.let_write_all();
    EXPECT_FALSE(pair.is_open(bob)) << stage;
    EXPECT_EQ(pair.books().connections_failed, 1U);
    EXPECT_EQ(pair.failed(Failure::peer_gone), stage == 5 ? 1U : 0U) << stage;
    const auto again = pair.log_in_websocket("bob");
    pair.say(again, "bob: here");
    EXPECT_EQ(pair.shown(again), (Shown{"text from bob: here"}));
  }
}

// --- The shutdown --------------------------------------------------------------------------------

TEST(WebSocketShutdown, SaysGoodbyeAndCloses1001WithTheFinDirectlyBehind) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  const auto bob = pair.log_in_websocket("bob");
  for (const auto client : {alice, bob}) pair.pipe(client).is_client_answering_fin = false;
  pair.say(alice, "bob: one");
  pair.say(alice, "bob: two");
  pair.stop();
  EXPECT_TRUE(pair.pipe(alice).has_server_ended);
  pair.settle();
  EXPECT_EQ(pair.shown(alice),
            (Shown{"text * goodbye: 2 of your lines were accepted", "close 1001"}));
  EXPECT_EQ(pair.shown(bob),
            (Shown{"text from alice: one", "text from alice: two", goodbye, "close 1001"}));
  EXPECT_EQ(pair.server.finished(), std::nullopt);
  for (const auto client : {alice, bob}) {
    pair.close(client, 1001);
    EXPECT_TRUE(pair.is_open(client));  // its FIN is still to come
    pair.end(client);
  }
  pair.settle();
  ASSERT_TRUE(pair.server.finished().has_value());
  EXPECT_TRUE(pair.server.finished()->is_clean());
  EXPECT_EQ(pair.books().connections_clean, 2U);
}

TEST(WebSocketShutdown, CountsAPeerThatEndsWithoutItsCloseAsFailed) {
  WebSocketPair pair;
  (void)pair.log_in_websocket("alice");
  pair.stop();
  pair.settle();
  ASSERT_TRUE(pair.server.finished().has_value());
  EXPECT_TRUE(pair.server.finished()->is_clean());
  EXPECT_EQ(pair.books().connections_failed, 1U);
}

TEST(WebSocketShutdown, MeetsPeersInEveryStage) {
  WebSocketPair pair;
  const auto silent = pair.connect_websocket();
  const auto asking = pair.connect_websocket();
  pair.send_bytes(asking, upgrade_request().substr(0, 50));
  const auto nameless = pair.upgrade();
  const auto quitting = pair.log_in_websocket("quitting");
  pair.say(quitting, "/quit");
  EXPECT_EQ(pair.shown(quitting), (Shown{goodbye, "close 1000"}));
  const auto writing = pair.log_in_websocket("writing");
  pair.send_frame(writing, Op::text, "writing: half", {.is_final = false});
  pair.send_bytes(writing, client_header(Op::more, 4));
  pair.settle();
  pair.stop();
  pair.settle();
  for (const auto client : {silent, asking}) {
    EXPECT_EQ(pair.pipe(client).received, "");
    EXPECT_TRUE(pair.has_ended(client));
    EXPECT_FALSE(pair.pipe(client).was_reset_by_server);
  }
  EXPECT_EQ(pair.shown(nameless), (Shown{"close 1001"}));
  EXPECT_TRUE(pair.has_ended(nameless));
  EXPECT_EQ(pair.shown(quitting), Shown{});
  EXPECT_TRUE(pair.has_ended(quitting));
  EXPECT_EQ(pair.shown(writing), (Shown{goodbye, "close 1001"}));
  EXPECT_TRUE(pair.server.finished().has_value());
  EXPECT_EQ(pair.books().accepted, 0U);
  EXPECT_EQ(pair.books().connections_clean, 2U);  // silent and asking
}

TEST(WebSocketShutdown, FindsTheCloseBehindAMessageThatItCutShort) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  pair.pipe(alice).is_client_answering_fin = false;
  const std::string half = client_frame(Op::text, "alice: half");
  pair.send_bytes(alice, half.substr(0, 10));
  pair.settle();
  pair.stop();
  pair.settle();
  pair.send_bytes(alice, half.substr(10) + text_frame("alice: late") + close_frame(1001));
  pair.end(alice);
  pair.settle();
  EXPECT_EQ(pair.shown(alice), (Shown{goodbye, "close 1001"}));
  EXPECT_EQ(pair.books().accepted, 0U);
  EXPECT_EQ(pair.books().connections_clean, 1U);
}

TEST(WebSocketShutdown, FindsTheCloseAmongTheMessagesOfAPausedSender) {
  Config config;
  config.line_max = 200;
  config.outbox_max = 300;
  WebSocketPair pair{config};
  const auto bob = pair.log_in("bob");
  const auto alice = pair.log_in_websocket("alice");
  pair.pipe(alice).is_client_answering_fin = false;
  pair.network.send_buffer_max = 0;
  for (int count = 0; count < 2; ++count) {
    pair.send(bob, "/ping " + text_of(143));
    pair.settle();
  }
  pair.send_bytes(alice, text_frame("bob: waits") + client_frame(Op::ping, "held") +
                             text_frame("bob: waits too") + close_frame(1000));
  pair.settle();
  ASSERT_TRUE(pair.peer(alice).is_paused);
  pair.stop();
  pair.settle();
  EXPECT_EQ(pair.peer(alice).held_bytes, 0U);
  pair.let_write_all();
  EXPECT_EQ(pair.shown(alice), (Shown{goodbye, "close 1001"}));
  pair.end(alice);
  pair.settle();
  EXPECT_EQ(pair.books().accepted, 0U);
  EXPECT_EQ(pair.books().connections_clean, 2U);
  EXPECT_TRUE(pair.server.finished().has_value());
}

TEST(WebSocketShutdown, DoesNotWaitForTheCloseOfOneWhoStillQuits) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  pair.network.send_buffer_max = 0;
  pair.say(alice, "/quit");
  pair.stop();
  pair.settle();
  pair.let_write_all();
  EXPECT_EQ(pair.shown(alice), (Shown{goodbye, "close 1000"}));
  EXPECT_TRUE(pair.has_ended(alice));
  EXPECT_TRUE(pair.server.finished().has_value());
}

TEST(WebSocketShutdown, EndsAtOnceAtTheSecondSignal) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  const auto bob = pair.log_in_websocket("bob");
  pair.pipe(alice).is_client_answering_fin = false;
  pair.network.send_buffer_max = 0;
  pair.say(alice, "bob: lost");
  pair.let_write(5);
  pair.say(alice, "bob: lost too");
  pair.stop();
  pair.settle();
  EXPECT_EQ(pair.server.finished(), std::nullopt);
  pair.stop();
  pair.settle();
  ASSERT_TRUE(pair.server.finished().has_value());
  EXPECT_FALSE(pair.server.finished()->is_clean());
  EXPECT_EQ(pair.failed(Failure::drain_deadline), 2U);
  EXPECT_EQ(pair.books().connections_failed, 2U);
  EXPECT_EQ(pair.pipe(bob).received.size(), 5U);
  pair.pipe(bob).received.clear();
}

TEST(WebSocketShutdown, CutsOffAtTheDeadline) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  const auto bob = pair.log_in_websocket("bob");
  pair.network.send_buffer_max = 0;
  pair.say(alice, "bob: lost");
  pair.stop();
  pair.advance(pair.server.config().drain_timeout - nanoseconds{1});
  EXPECT_EQ(pair.server.finished(), std::nullopt);
  EXPECT_TRUE(pair.is_open(bob));
  pair.advance(nanoseconds{1});
  ASSERT_TRUE(pair.server.finished().has_value());
  EXPECT_EQ(pair.failed(Failure::drain_deadline), 1U);
}

TEST(WebSocketShutdown, LeavesASilentPeerAfterTheLinger) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  pair.pipe(alice).is_client_answering_fin = false;
  pair.stop();
  pair.settle();
  pair.close(alice, 1001);
  pair.advance(pair.server.config().linger - nanoseconds{1});
  EXPECT_EQ(pair.server.finished(), std::nullopt);
  pair.advance(nanoseconds{1});
  EXPECT_TRUE(pair.server.finished().has_value());
  EXPECT_EQ(pair.books().connections_failed, 1U);
}

TEST(WebSocketShutdown, LetsInWhoWaitedInTheBacklogAndEndsItInOrder) {
  WebSocketPair pair;
  const auto late = pair.connect_websocket();
  pair.send_bytes(late, upgrade_request());
  pair.stop();
  pair.settle();
  EXPECT_TRUE(pair.has_ended(late));
  EXPECT_EQ(pair.pipe(late).received, "");
  EXPECT_FALSE(pair.pipe(late).was_reset_by_server);
  const auto refused = pair.connect_websocket();
  EXPECT_TRUE(pair.pipe(refused).was_reset_by_server);
  EXPECT_TRUE(pair.server.finished().has_value());
}

}  // namespace
}  // namespace lastword::test
