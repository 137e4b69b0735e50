// WebSocket clients and line clients in one conversation (contract, sections 1 and 2).
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tests/core/websocket_pair.h"

namespace lastword::test {
namespace {

using std::chrono::nanoseconds;
using Lines = std::vector<std::string>;

// --- The login -----------------------------------------------------------------------------------

TEST(WebSocketLogin, IsTheFirstMessageTextOrBinary) {
  for (const Op op : {Op::text, Op::binary}) {
    WebSocketPair pair;
    const auto alice = pair.upgrade();
    pair.send_frame(alice, op, "alice");
    pair.say(alice, "/who");
    EXPECT_EQ(pair.shown(alice), (Shown{"text * here: alice"}));
    EXPECT_EQ(pair.server.name_of(pair.id(alice)), "alice");
  }
}

TEST(WebSocketLogin, IgnoresEmptyMessagesBeforeIt) {
  WebSocketPair pair;
  const auto alice = pair.upgrade();
  pair.say(alice, "");
  pair.say(alice, " \talice ");
  pair.say(alice, "");
  EXPECT_EQ(pair.shown(alice), Shown{});
  EXPECT_EQ(pair.server.name_of(pair.id(alice)), "alice");
}

TEST(WebSocketLogin, RefusesABadNameWithAMessageAndClose1008) {
  // A carriage return is payload here, and so part of the name.
  for (const std::string name : {" ", "a:b", "#room", "/help", "alice\r", "a\x7F"}) {
    WebSocketPair pair;
    const auto client = pair.upgrade();
    pair.send_bytes(client, text_frame(name) + text_frame("alice") + text_frame("alice: lost?"));
    pair.settle();
    const Shown shown = pair.shown(client);
    ASSERT_EQ(shown.size(), 2U) << name;
    EXPECT_EQ(shown[0].rfind("text ! name ", 0), 0U) << shown[0];
    EXPECT_EQ(shown[1], "close 1008");
    EXPECT_FALSE(pair.has_ended(client));  // the answer to our Close is waited for
    pair.close(client, 1008);
    EXPECT_TRUE(pair.has_ended(client));
    EXPECT_EQ(pair.books().accepted, 0U);
    EXPECT_EQ(pair.books().connections_clean, 1U);
  }
}

TEST(WebSocketLogin, RefusesANameInBytesThatAreNoText) {
  WebSocketPair pair;
  const auto client = pair.upgrade();
  pair.send_frame(client, Op::binary, "a\xFF");
  pair.settle();
  EXPECT_EQ(pair.shown(client), (Shown{"text ! name is not valid UTF-8", "close 1008"}));
}

TEST(WebSocketLogin, RefusesATakenNameWhateverTheTransport) {
  WebSocketPair pair;
  const auto alice = pair.log_in("alice");
  const auto other = pair.log_in_websocket("alice");
  EXPECT_EQ(pair.shown(other), (Shown{"text ! name is taken: alice", "close 1008"}));
  const auto bob = pair.log_in_websocket("bob");
  const auto third = pair.log_in("bob");
  EXPECT_EQ(pair.lines(third), (Lines{"! name is taken: bob"}));
  pair.send(alice, "bob: hi");
  pair.settle();
  EXPECT_EQ(pair.shown(bob), (Shown{"text from alice: hi"}));
}

TEST(WebSocketLogin, StaysOpenAfterAMessageWithALineFeed) {
  WebSocketPair pair;
  const auto client = pair.upgrade();
  pair.say(client, "ali\nce");
  const Shown shown = pair.shown(client);
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].rfind("text ! line break", 0), 0U) << shown[0];
  pair.say(client, "alice");
  EXPECT_EQ(pair.server.name_of(pair.id(client)), "alice");
}

TEST(WebSocketLogin, TimesOutWith408BeforeTheRequestIsComplete) {
  WebSocketPair pair;
  const auto client = pair.connect_websocket();
  const std::string request = upgrade_request();
  const Duration timeout = pair.server.config().login_timeout;
  pair.settle();
  // What comes does not extend it.
  for (std::size_t at = 0; at < 10; ++at) {
    pair.send_bytes(client, request.substr(at, 1));
    pair.advance(timeout / 10 - nanoseconds{at == 9 ? 1 : 0});
  }
  EXPECT_EQ(pair.pipe(client).received, "");
  EXPECT_TRUE(pair.is_open(client));
  pair.advance(nanoseconds{1});
  EXPECT_EQ(pair.pipe(client).received.rfind("HTTP/1.1 408 Request Timeout\r\n", 0), 0U);
  EXPECT_TRUE(pair.has_ended(client));
  EXPECT_FALSE(pair.pipe(client).was_reset_by_server);
}

TEST(WebSocketLogin, TimesOutWith1008AfterTheUpgradeAndIsNotExtended) {
  WebSocketPair pair;
  const Duration timeout = pair.server.config().login_timeout;
  const auto client = pair.connect_websocket();
  pair.settle();
  pair.advance(timeout / 2);  // the handshake counts
  pair.send_bytes(client, upgrade_request());
  pair.settle();
  pair.expect_upgraded(client);
  pair.send_frame(client, Op::ping, "still here");
  pair.send_frame(client, Op::text, "");
  pair.send_bytes(client, client_header(Op::text, 5));
  pair.advance(timeout - timeout / 2 - nanoseconds{1});
  EXPECT_EQ(pair.shown(client), (Shown{"pong still here"}));
  pair.advance(nanoseconds{1});
  EXPECT_EQ(pair.shown(client), (Shown{"text ! name did not come within 10s", "close 1008"}));
  EXPECT_FALSE(pair.has_ended(client));
}

TEST(WebSocketLogin, EndsTheLoginTimeout) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  pair.advance(pair.server.config().login_timeout * 2);
  EXPECT_EQ(pair.shown(alice), Shown{});
}

// --- The handshake -------------------------------------------------------------------------------

TEST(WebSocketHandshake, TakesItsLoginAndMessagesFromTheSameSegment) {
  WebSocketPair pair;
  const auto bob = pair.log_in("bob");
  const auto alice = pair.connect_websocket();
  pair.send_bytes(alice, upgrade_request() + text_frame("alice") + text_frame("bob: at once") +
                             text_frame("/ping x"));
  pair.settle();
  pair.expect_upgraded(alice);
  EXPECT_EQ(pair.shown(alice), (Shown{"text * pong x"}));
  EXPECT_EQ(pair.lines(bob), (Lines{"from alice: at once"}));
}

TEST(WebSocketHandshake, TakesTheSameHoweverItIsCut) {
  const std::string all = upgrade_request() + text_frame("alice") + client_frame(Op::ping, "p") +
                          text_frame("alice: note") + close_frame(1000);
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    WebSocketPair pair;
    const auto alice = pair.connect_websocket();
    pair.send_bytes(alice, all.substr(0, cut));
    pair.settle();
    pair.send_bytes(alice, all.substr(cut));
    pair.settle();
    pair.expect_upgraded(alice);
    Shown shown = pair.shown(alice);
    ASSERT_EQ(shown.size(), 3U) << cut;
    if (shown[0] != "pong p") std::swap(shown[0], shown[1]);  // it may overtake or be too late to
    EXPECT_EQ(shown, (Shown{"pong p", "text from alice: note", "close 1000"})) << cut;
    EXPECT_TRUE(pair.has_ended(alice));
    EXPECT_EQ(pair.books().connections_clean, 1U) << cut;
  }
}

// Found by the simulator: the pong overtook the answer to the handshake.
TEST(WebSocketHandshake, AnswersAPingBehindTheRequestAfterThe101) {
  for (std::size_t step : {1U, 7U, 100U, 10'000U}) {
    WebSocketPair pair;
    pair.network.send_buffer_max = 0;
    const auto alice = pair.connect_websocket();
    pair.send_bytes(alice, upgrade_request() + client_frame(Op::ping, "early"));
    pair.settle();
    for (int count = 0; count < 300; ++count) pair.let_write(step);
    EXPECT_EQ(pair.pipe(alice).received.rfind("HTTP/1.1 101", 0), 0U);
    pair.expect_upgraded(alice);
    EXPECT_EQ(pair.shown(alice), (Shown{"pong early"}));
  }
}

TEST(WebSocketHandshake, AnswersAPingThatComesWhileThe101IsPartlyWritten) {
  WebSocketPair pair;
  pair.network.send_buffer_max = 0;
  const auto alice = pair.connect_websocket();
  pair.send_bytes(alice, upgrade_request());
  pair.settle();
  pair.let_write(20);
  pair.send_frame(alice, Op::ping, "early");
  pair.send_frame(alice, Op::text, "alice");
  pair.send_frame(alice, Op::text, "alice: note");
  pair.settle();
  pair.let_write_all();
  pair.expect_upgraded(alice);
  EXPECT_EQ(pair.shown(alice), (Shown{"pong early", "text from alice: note"}));
}

TEST(WebSocketHandshake, IsRefusedWithAnAnswerAndFin) {
  struct Row {
    std::string request;
    std::string status;
  };
  const std::string host = " HTTP/1.1\r\nHost: localhost\r\n";
  const std::array<Row, 6> rows{{
      {"GET /" + host + "\r\n", "200"},
      {"GET /ws" + host + "\r\n", "426"},
      {"GET /other" + host + "\r\n", "404"},
      {"POST /" + host + "\r\n", "405"},
      {"GET /" + host + "Upgrade: websocket\r\n\r\n", "400"},
      {"alice\r\n", "400"},
  }};
  for (const Row& row : rows) {
    WebSocketPair pair;
    const auto client = pair.connect_websocket();
    pair.send_bytes(client, row.request + text_frame("alice"));
    pair.settle();
    EXPECT_EQ(pair.pipe(client).received.rfind("HTTP/1.1 " + row.status, 0), 0U) << row.request;
    EXPECT_TRUE(pair.has_ended(client));
    EXPECT_FALSE(pair.pipe(client).was_reset_by_server);
    EXPECT_EQ(pair.books().connections_clean, 1U);
  }
}

TEST(WebSocketHandshake, GetsA503WhenTheServerIsFullAndNotBeforeTheRequestIsComplete) {
  Config config;
  config.connections_max = 1;
  config.refusals_max = 1;
  WebSocketPair pair{config};
  (void)pair.log_in("alice");
  const auto extra = pair.connect_websocket();
  const std::string request = upgrade_request();
  pair.send_bytes(extra, request.substr(0, request.size() - 1));
  pair.settle();
  EXPECT_EQ(pair.pipe(extra).received, "");
  EXPECT_FALSE(pair.has_ended(extra));
  EXPECT_EQ(pair.server.connection_count(), 2U);

  const auto beyond = pair.connect_websocket();  // refusals_max
  pair.settle();
  EXPECT_TRUE(pair.pipe(beyond).is_closed);
  EXPECT_EQ(pair.pipe(beyond).received, "");

  pair.send_bytes(extra, "\n" + text_frame("bob"));
  pair.settle();
  EXPECT_EQ(pair.pipe(extra).received.rfind("HTTP/1.1 503 ", 0), 0U);
  EXPECT_TRUE(pair.has_ended(extra));
  EXPECT_EQ(pair.server.connection_count(), 1U);
}

TEST(WebSocketHandshake, OfAnExtraClientIsTimedToo) {
  Config config;
  config.connections_max = 1;
  WebSocketPair pair{config};
  (void)pair.log_in("alice");
  const auto extra = pair.connect_websocket();
  pair.advance(config.login_timeout);
  EXPECT_EQ(pair.pipe(extra).received.rfind("HTTP/1.1 408 ", 0), 0U);
  EXPECT_TRUE(pair.has_ended(extra));
}

TEST(WebSocketHandshake, EndsQuietlyWithAClientThatGivesUp) {
  WebSocketPair pair;
  const auto client = pair.connect_websocket();
  pair.send_bytes(client, "GET / HT");
  pair.end(client);
  pair.settle();
  EXPECT_TRUE(pair.pipe(client).is_closed);
  EXPECT_EQ(pair.pipe(client).received, "");
  EXPECT_EQ(pair.books().connections_clean, 1U);
}

// --- Conversations -------------------------------------------------------------------------------

TEST(WebSocketConversation, GoesBetweenTheTransportsByNameAndByRoom) {
  WebSocketPair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in_websocket("bob");
  pair.send(alice, "/join #r");
  pair.settle();
  pair.say(bob, "/join #r");
  EXPECT_EQ(pair.lines(alice), (Lines{"* you joined #r, 1 member", "* bob joined #r"}));
  EXPECT_EQ(pair.shown(bob), (Shown{"text * you joined #r, 2 members"}));
  pair.send(alice, "bob: by name");
  pair.send(alice, "#r: by room");
  pair.settle();
  EXPECT_EQ(pair.shown(bob), (Shown{"text from alice: by name", "text from alice in #r: by room"}));
  pair.say(bob, "alice: back");
  pair.say(bob, "#r: all");
  pair.say(bob, "bob: note");
  EXPECT_EQ(pair.lines(alice), (Lines{"from bob: back", "from bob in #r: all"}));
  EXPECT_EQ(pair.shown(bob), (Shown{"text from bob: note"}));
  pair.send(alice, "/leave #r");
  pair.settle();
  EXPECT_EQ(pair.shown(bob), (Shown{"text * alice left #r"}));
}

TEST(WebSocketConversation, GivesHelpAndListsOneLineForEachMessage) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  for (int count = 0; count < 30; ++count) {
    pair.send(pair.connect(), std::string(60, 'n') + std::to_string(count));
  }
  pair.settle();
  pair.say(alice, "/help");
  const Shown help = pair.shown(alice);
  EXPECT_EQ(help.size(), 5U);
  pair.say(alice, "/who");
  const Shown who = pair.shown(alice);
  EXPECT_EQ(who.size(), 3U);
  for (const Shown& answer : {help, who}) {
    for (const std::string& line : answer) {
      EXPECT_EQ(line.rfind("text * ", 0), 0U) << line;
      EXPECT_EQ(line.find('\n'), std::string::npos);
    }
  }
}

TEST(WebSocketConversation, SendsTextWhereItIsUtf8AndBinaryWhereNot) {
  WebSocketPair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in_websocket("bob");
  const auto carl = pair.log_in_websocket("carl");
  pair.send(alice, "bob: \xC3\xA4");
  pair.send(alice, "bob: \xC3");
  pair.send(alice, "bob, carl: \xFF");
  pair.send(alice, "bob, carl: \xE2\x82\xAC");
  pair.settle();
  EXPECT_EQ(pair.shown(bob), (Shown{"text from alice: \xC3\xA4", "binary from alice: \xC3",
                                    "binary from alice: \xFF", "text from alice: \xE2\x82\xAC"}));
  EXPECT_EQ(pair.shown(carl), (Shown{"binary from alice: \xFF", "text from alice: \xE2\x82\xAC"}));
  // The kind of the message that brought it makes no difference.
  pair.send_frame(bob, Op::binary, "carl: text after all");
  pair.send_frame(bob, Op::binary, "alice: \xFE");
  pair.settle();
  EXPECT_EQ(pair.shown(carl), (Shown{"text from bob: text after all"}));
  EXPECT_EQ(pair.lines(alice), (Lines{"from bob: \xFE"}));
}

TEST(WebSocketConversation, QuotesBytesThatAreNoTextInBinary) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  pair.send_frame(alice, Op::binary, "b\xFF, alice: hi");
  pair.send_frame(alice, Op::binary, "/ping \xC0");
  pair.send_frame(alice, Op::binary, "/ping ok");
  pair.settle();
  EXPECT_EQ(pair.shown(alice),
            (Shown{"binary ! undelivered b\xFF: not_connected", "text from alice: hi",
                   "binary * pong \xC0", "text * pong ok"}));
}

TEST(WebSocketConversation, JudgesEachLineOfAnAnswerByItself) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  pair.send_frame(alice, Op::binary, "\xFF, nobody: hi");
  pair.settle();
  EXPECT_EQ(pair.shown(alice), (Shown{"binary ! undelivered \xFF: not_connected",
                                      "text ! undelivered nobody: not_connected"}));
}

TEST(WebSocketConversation, RefusesALineFeedAndTakesACarriageReturn) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  const auto bob = pair.log_in("bob");
  for (const std::string text : {"\n", "bob: a\nb", "bob: a\n", "\nbob: a", "bob: a\r\n"}) {
    pair.say(alice, text);
    const Shown shown = pair.shown(alice);
    ASSERT_EQ(shown.size(), 1U) << text;
    EXPECT_EQ(shown[0].rfind("text ! line break", 0), 0U) << shown[0];
  }
  EXPECT_EQ(pair.lines(bob), Lines{});
  pair.say(alice, "bob: a\r");
  pair.say(alice, "alice: a\rb\r\r");
  EXPECT_EQ(pair.lines(bob), (Lines{"from alice: a\r"}));
  EXPECT_EQ(pair.shown(alice), (Shown{"text from alice: a\rb\r\r"}));
  EXPECT_EQ(pair.books().accepted, 2U);
}

TEST(WebSocketConversation, TakesMessagesUpToTheLimit) {
  Config config;
  config.line_max = 1000;
  for (const std::string_view offer : {std::string_view{}, wide_offer}) {
    for (const bool is_fragmented : {false, true}) {
      for (const std::size_t size : {998U, 999U, 1000U}) {
        WebSocketPair pair{config};
        const auto alice = pair.log_in_websocket("alice", offer);
        std::string payload = "alice: " + text_of(size - 7);
        const bool is_compressed = !offer.empty();
        if (is_compressed) payload = deflated(payload);
        if (is_fragmented) {
          const std::size_t half = payload.size() / 2;
          pair.send_frame(alice, Op::text, payload.substr(0, half), {false, is_compressed});
          pair.send_frame(alice, Op::more, payload.substr(half));
        } else {
          pair.send_frame(alice, Op::text, payload, {true, is_compressed});
        }
        pair.settle();
        if (size <= 999) {
          EXPECT_EQ(pair.shown(alice), (Shown{"text from alice: " + text_of(size - 7)}));
        } else {
          EXPECT_EQ(pair.shown(alice), (Shown{"close 1009 message over the limit"}));
        }
      }
    }
  }
}

TEST(WebSocketConversation, Gets1009AsSoonAsTheHeaderIsThere) {
  Config config;
  config.line_max = 1000;
  WebSocketPair pair{config};
  const auto alice = pair.log_in_websocket("alice");
  const std::string header = client_header(Op::text, 1000);
  pair.send_bytes(alice, header.substr(0, 4));  // without the key
  pair.settle();
  EXPECT_EQ(pair.ending(alice).code, "1009");
}

TEST(WebSocketConversation, PutsAFragmentedMessageTogether) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  pair.send_frame(alice, Op::text, "ali", {.is_final = false});
  pair.settle();
  pair.send_frame(alice, Op::more, "", {.is_final = false});
  pair.send_frame(alice, Op::more, "ce: \xC3", {.is_final = false});
  pair.settle();
  EXPECT_EQ(pair.shown(alice), Shown{});
  pair.send_frame(alice, Op::more, "\xA4");
  pair.settle();
  EXPECT_EQ(pair.shown(alice), (Shown{"text from alice: \xC3\xA4"}));
}

// --- Shared renderings ---------------------------------------------------------------------------

// Peers that all hold what is sent to them: the kernel takes nothing.
class WebSocketSharing : public ::testing::Test {
 protected:
  Pair::Client add(const std::string& name, std::string_view offer, bool is_websocket) {
    const auto client = is_websocket ? pair.log_in_websocket(name, offer) : pair.log_in(name);
    list += name + ",";
    return client;
  }
  void add_many(const std::string& prefix, int count, std::string_view offer, bool is_websocket) {
    for (int number = 0; number < count; ++number) {
      clients.push_back(add(prefix + std::to_string(number), offer, is_websocket));
    }
  }
  // Bytes that are queued for a line of alice's.
  std::size_t queued_after(const std::string& line) {
    pair.network.send_buffer_max = 0;
    pair.send(alice, line);
    pair.settle();
    const std::size_t queued = pair.server.queued_bytes();
    pair.let_write_all();
    return queued;
  }

  WebSocketPair pair;
  Pair::Client alice = pair.log_in("alice");
  std::vector<Pair::Client> clients;
  std::string list;
};

TEST_F(WebSocketSharing, RendersAMessageOnceForEachTransport) {
  add_many("l", 50, {}, false);
  add_many("w", 50, {}, true);
  const std::string line = "from alice: " + text_of(3000);
  EXPECT_EQ(queued_after(list + ": " + text_of(3000)), (line.size() + 1) + (line.size() + 4));
  for (std::size_t at = 0; at < 50; ++at) {
    EXPECT_EQ(pair.lines(clients[at]), (Lines{line}));
    EXPECT_EQ(pair.shown(clients[50 + at]), (Shown{"text " + line}));
  }
}

TEST_F(WebSocketSharing, RendersARoomsMessageAndNoticeOnceForEachTransport) {
  add_many("l", 10, {}, false);
  add_many("w", 10, {}, true);
  add_many("z", 10, wide_offer, true);
  for (std::size_t at = 0; at < 30; ++at) {
    if (at < 10) {
      pair.send(clients[at], "/join #r");
      pair.settle();
    } else {
      pair.say(clients[at], "/join #r");
    }
  }
  const std::string notice = "* alice joined #r";
  const std::string joined = "* you joined #r, 31 members";
  EXPECT_EQ(queued_after("/join #r"),
            (joined.size() + 1) + (notice.size() + 1) + (notice.size() + 2));
  const std::string line = "from alice in #r: hello";
  EXPECT_EQ(queued_after("#r: hello"), (line.size() + 1) + 2 * (line.size() + 2));
  for (std::size_t at = 10; at < 30; ++at) {
    const Shown shown = pair.shown(clients[at]);
    ASSERT_GE(shown.size(), 2U);
    EXPECT_EQ(shown.back(), "text " + line);
    EXPECT_EQ(shown[shown.size() - 2], "text " + notice);
  }
}

TEST_F(WebSocketSharing, SharesTheTextAloneWhereHeadersDiffer) {
  const auto line_peer = add("lp", {}, false);
  const auto frame_peer = add("wp", {}, true);
  const auto room_line = add("rl", {}, false);
  const auto room_frame = add("rw", wide_offer, true);
  pair.send(room_line, "/join #r");
  pair.settle();
  pair.say(room_frame, "/join #r");
  (void)pair.lines(room_line);
  (void)pair.shown(room_frame);
  for (const std::size_t size : {0U, 1U, 107U, 120U, 3000U, 65'000U}) {
    const std::string text = text_of(size);
    const std::string by_name = "from alice: ";
    const std::string by_room = "from alice in #r: ";
    const auto frame_header = [](std::size_t payload) {
      return payload < 126 ? 2U : payload < 65'536 ? 4U : 10U;
    };
    const std::size_t expected = 2 * (by_name.size() + by_room.size()) +
                                 frame_header(by_name.size() + size) +
                                 frame_header(by_room.size() + size) + (size + 1) + size;
    EXPECT_EQ(queued_after("lp, wp, #r: " + text), expected) << size;
    EXPECT_EQ(pair.lines(line_peer), (Lines{by_name + text}));
    EXPECT_EQ(pair.lines(room_line), (Lines{by_room + text}));
    EXPECT_EQ(pair.shown(frame_peer), (Shown{"text " + by_name + text}));
    EXPECT_EQ(pair.shown(room_frame), (Shown{"text " + by_room + text}));
  }
  EXPECT_EQ(queued_after("wp, #r: \xFF"), 12U + 18U + 12U + 18U - 12U + 2U + 2U + 2U + 1U);
  EXPECT_EQ(pair.shown(frame_peer), (Shown{"binary from alice: \xFF"}));
  EXPECT_EQ(pair.shown(room_frame), (Shown{"binary from alice in #r: \xFF"}));
  EXPECT_EQ(pair.books().delivered, 6U * 4U + 3U);
}

TEST_F(WebSocketSharing, SharesWithFramesAloneToo) {
  const auto frame_peer = add("wp", {}, true);
  const auto room_frame = add("rw", {}, true);
  pair.say(room_frame, "/join #r");
  (void)pair.shown(room_frame);
  EXPECT_EQ(queued_after("wp, #r: hello"), 12U + 2U + 18U + 2U + 5U);
  EXPECT_EQ(queued_after("wp, #r:"), 12U + 2U + 18U + 2U);
  EXPECT_EQ(pair.shown(frame_peer), (Shown{"text from alice: hello", "text from alice: "}));
  EXPECT_EQ(pair.shown(room_frame),
            (Shown{"text from alice in #r: hello", "text from alice in #r: "}));
}

TEST_F(WebSocketSharing, CompressesOnceForEachWindow) {
  add_many("l", 5, {}, false);
  add_many("p", 5, {}, true);
  add_many("z", 5, wide_offer, true);
  add_many("n", 5, narrow_offer, true);
  const std::string line = "from alice: " + text_of(3000);
  const std::size_t queued = queued_after(list + ": " + text_of(3000));
  const std::size_t plain = (line.size() + 1) + (line.size() + 4);
  EXPECT_GT(queued, plain);
  EXPECT_LT(queued, plain + 200);
  for (std::size_t at = 0; at < 20; ++at) {
    if (at < 5) {
      EXPECT_EQ(pair.lines(clients[at]), (Lines{line}));
    } else {
      EXPECT_EQ(pair.shown(clients[at]), (Shown{"text " + line}));
      EXPECT_EQ(pair.compressed_frames(clients[at]), at < 10 ? 0U : 1U) << at;
    }
  }
}

TEST_F(WebSocketSharing, JudgesAMessageOnceForAllForms) {
  add_many("p", 2, {}, true);
  add_many("z", 2, wide_offer, true);
  add_many("n", 2, narrow_offer, true);
  (void)queued_after(list + ": \xFF" + text_of(500));
  (void)queued_after(list + ": " + text_of(500));
  for (const auto client : clients) {
    EXPECT_EQ(pair.shown(client), (Shown{"binary from alice: \xFF" + text_of(500),
                                         "text from alice: " + text_of(500)}));
  }
}

// --- Compression ---------------------------------------------------------------------------------

// Bytes that no compression makes smaller, without those that a line may not have or loses.
std::string noise(std::size_t size) {
  std::string bytes;
  std::uint32_t state = 1;
  while (bytes.size() < size) {
    state = state * 1'664'525U + 1'013'904'223U;
    const char byte = static_cast<char>(state >> 24U);
    bytes.push_back(byte == '\n' || byte == ' ' || byte == '\t' ? 'x' : byte);
  }
  return bytes;
}

TEST(WebSocketCompression, IsUsedFromThatManyBytesOn) {
  for (const std::string_view offer : {wide_offer, narrow_offer}) {
    WebSocketPair pair;
    const auto alice = pair.log_in_websocket("alice", offer);
    const std::size_t header = std::string{"from alice: "}.size();
    pair.say(alice, "alice: " + text_of(127 - header));
    EXPECT_EQ(pair.shown(alice), (Shown{"text from alice: " + text_of(127 - header)}));
    EXPECT_EQ(pair.compressed_frames(alice), 0U);
    pair.say(alice, "alice: " + text_of(128 - header));
    EXPECT_EQ(pair.shown(alice), (Shown{"text from alice: " + text_of(128 - header)}));
    EXPECT_EQ(pair.compressed_frames(alice), 1U);
  }
}

TEST(WebSocketCompression, IsNotUsedWhereItGainsNothing) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice", wide_offer);
  pair.send_frame(alice, Op::binary, "alice: " + noise(1000));
  pair.settle();
  EXPECT_EQ(pair.shown(alice), (Shown{"binary from alice: " + noise(1000)}));
  EXPECT_EQ(pair.compressed_frames(alice), 0U);
}

// What is inflated with a window of 512 bytes must not refer further back.
TEST(WebSocketCompression, KeepsToTheWindowThatTheClientAskedFor) {
  const std::string once = noise(700);
  for (const std::string_view offer : {wide_offer, narrow_offer}) {
    WebSocketPair pair;
    const auto alice = pair.log_in_websocket("alice", offer);
    const std::string text = once + once + text_of(1000);
    pair.send_frame(alice, Op::binary, "alice: " + text);
    pair.settle();
    EXPECT_EQ(pair.shown(alice), (Shown{"binary from alice: " + text}));
    EXPECT_EQ(pair.compressed_frames(alice), 1U);
  }
}

TEST(WebSocketCompression, TakesWhatAClientCompressed) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice", wide_offer);
  pair.send_frame(alice, Op::text, deflated("alice: " + text_of(5000)), {.is_compressed = true});
  pair.send_frame(alice, Op::text, deflated("alice: short"), {.is_compressed = true});
  pair.send_frame(alice, Op::text, deflated("alice: a\nb"), {.is_compressed = true});
  pair.settle();
  const Shown shown = pair.shown(alice);
  ASSERT_EQ(shown.size(), 3U);
  EXPECT_EQ(shown[0], "text from alice: " + text_of(5000));
  EXPECT_EQ(shown[1], "text from alice: short");
  EXPECT_EQ(shown[2].rfind("text ! line break", 0), 0U);
}

TEST(WebSocketCompression, IsNotForWhatTheServerSaysItself) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice", wide_offer);
  pair.say(alice, "/ping " + text_of(1000));
  EXPECT_EQ(pair.shown(alice), (Shown{"text * pong " + text_of(1000)}));
  EXPECT_EQ(pair.compressed_frames(alice), 0U);
}

TEST(WebSocketCompression, CarriesBinaryToo) {
  WebSocketPair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in_websocket("bob", narrow_offer);
  pair.send(alice, "bob: \xFF" + text_of(500));
  pair.settle();
  EXPECT_EQ(pair.shown(bob), (Shown{"binary from alice: \xFF" + text_of(500)}));
  EXPECT_EQ(pair.compressed_frames(bob), 1U);
}

}  // namespace
}  // namespace lastword::test
