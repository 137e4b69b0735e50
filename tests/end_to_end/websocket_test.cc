// Messages, control frames and protocol errors on a WebSocket: contract, section 2.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"
#include "tests/end_to_end/websocket_client.h"

namespace lastword::end_to_end {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::size_t message_bytes_max = 65535;  // the default --max-line, without the LF

TEST(WebSocket, TalksToTheLineProtocolAndToItsOwnKind) {
  ServerProcess server({}, with_web_socket);
  LineClient bob = peer(server, "bob");
  WebSocketClient alice = websocket_peer(server, "alice");
  WebSocketClient carol = websocket_peer(server, "carol");
  alice.send_text("bob, carol: hello");
  EXPECT_EQ(bob.read_news(), "from alice: hello");
  EXPECT_EQ(carol.read_news(), "from alice: hello");
  bob.send_line("alice: hello yourself");
  EXPECT_EQ(alice.read_news(), "from bob: hello yourself");
  carol.send_text("alice: me too");
  EXPECT_EQ(alice.read_news(), "from carol: me too");
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(alice), 1);
  EXPECT_EQ(expect_goodbye(carol), 1);
  EXPECT_EQ(expect_goodbye(bob), 1);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_EQ(report.accepted, 3);
  EXPECT_EQ(report.deliveries.delivered, 4);
  EXPECT_EQ(report.connections.clean, 3);
}

TEST(WebSocket, SharesRooms) {
  ServerProcess server({}, with_web_socket);
  LineClient bob = peer(server, "bob");
  WebSocketClient alice = websocket_peer(server, "alice");
  alice.send_text("/join #tea");
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  bob.send_line("/join #tea");
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  alice.send_text("#tea: milk?");
  EXPECT_EQ(bob.read_news(), "from alice in #tea: milk?");
  bob.send_line("#tea: sugar?");
  EXPECT_EQ(alice.read_news(), "from bob in #tea: sugar?");
  leave(alice);
  finish(server, {&bob});
}

TEST(WebSocket, TakesAMessageForALine) {
  struct Row {
    Frame sent;
    std::string received;
  };
  const std::vector<Row> table{
      {{Opcode::text, "bob: hello"}, "hello"},
      {{Opcode::binary, "bob: hello"}, "hello"},
      {{Opcode::text, " bob :\t hello \t"}, "hello"},
      {{Opcode::text, "bob: cr at the end\r"}, "cr at the end\r"},
      {{Opcode::text, "bob: zero\0byte"s}, "zero\0byte"s},
      {{Opcode::text, "bob: \u00e9\u20ac\U0001F600"}, "\u00e9\u20ac\U0001F600"},
      {{Opcode::binary, "bob: \xff\xfe"}, "\xff\xfe"},
      {{Opcode::text, "bob:"}, ""},
      {{Opcode::text, "bob: " + std::string(120, 'x')}, std::string(120, 'x')},  // 125 bytes
      {{Opcode::text, "bob: " + std::string(121, 'x')}, std::string(121, 'x')},
  };
  ServerProcess server({}, with_web_socket);
  LineClient bob = peer(server, "bob");
  WebSocketClient alice = websocket_peer(server, "alice");
  for (const Row& row : table) {
    alice.send_frame(row.sent);
    EXPECT_EQ(bob.read_news(), "from alice: " + row.received);
  }
  alice.send_text("");  // an empty line
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  leave(alice);
  finish(server, {&bob});
}

TEST(WebSocket, GetsTextWhereItIsUtf8AndBinaryWhereNot) {
  const std::vector<Frame> table{
      {Opcode::text, "hello"},
      {Opcode::text, ""},
      {Opcode::text, "\u00e9\u20ac\U0001F600"},
      {Opcode::text, "\U0010FFFF\u0000"s},
      {Opcode::binary, "\xff"},
      {Opcode::binary, "\xc3"},              // unfinished
      {Opcode::binary, "\xc0\xaf"},          // not the shortest
      {Opcode::binary, "\xed\xa0\x80"},      // a surrogate
      {Opcode::binary, "\xf4\x90\x80\x80"},  // beyond the last one
      {Opcode::text, std::string(200, 'x')},
      {Opcode::text, std::string(60'000, 'x')},
  };
  ServerProcess server({}, with_web_socket);
  LineClient bob = peer(server, "bob");
  WebSocketClient alice = websocket_peer(server, "alice");
  for (const Frame& row : table) {
    bob.send_line("alice: " + row.payload);
    EXPECT_EQ(alice.read_frame(), (Frame{row.opcode, "from bob: " + row.payload}));
    // However it was sent.
    alice.send_frame({Opcode::binary, "alice: " + row.payload});
    EXPECT_EQ(alice.read_frame(), (Frame{row.opcode, "from alice: " + row.payload}));
  }
  leave(alice);
  finish(server, {&bob});
}

TEST(WebSocket, PutsTheFragmentsOfAMessageTogether) {
  const FrameForm unfinished{.is_final = false};
  ServerProcess server({}, with_web_socket);
  LineClient bob = peer(server, "bob");
  WebSocketClient alice = websocket_peer(server, "alice");
  alice.send_frame({Opcode::text, ""}, unfinished);
  alice.send_frame({Opcode::continuation, "bob: caf\xc3"}, unfinished);
  alice.send_frame({Opcode::continuation, ""}, unfinished);
  alice.send_frame({Opcode::continuation, "\xa9 au lait"});
  EXPECT_EQ(bob.read_news(), "from alice: caf\u00e9 au lait");
  leave(alice);
  finish(server, {&bob});
}

TEST(WebSocket, RefusesAMessageWithALineFeedAndGoesOn) {
  ServerProcess server({}, with_web_socket);
  WebSocketClient alice = websocket_peer(server, "alice");
  for (const std::string_view message :
       {"alice: one\nalice: two", "alice: one\n", "\nalice: one", "\n", "alice: one\r\n"}) {
    alice.send_text(message);
    EXPECT_THAT(alice.catch_up(), ElementsAre(StartsWith("! "))) << message;
  }
  leave(alice);
  EXPECT_EQ(finish(server).accepted, 0);
}

TEST(WebSocket, AnswersAPingWithItsPayload) {
  ServerProcess server({}, with_web_socket);
  WebSocketClient alice(server.ws());
  alice.open();
  for (const std::string_view state : {"before the login", "after it"}) {
    for (const std::string& payload : {""s, "token"s, "\xff\0\n"s, std::string(125, 'x')}) {
      alice.send_frame({Opcode::ping, payload});
      EXPECT_EQ(alice.read_frame(), (Frame{Opcode::pong, payload})) << state;
    }
    if (state == "before the login") alice.login("alice");
  }
  alice.send_frame({Opcode::pong, "that nobody asked for"});
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  leave(alice);
  finish(server);
}

TEST(WebSocket, AnswersAPingInTheMidstOfAMessage) {
  const FrameForm unfinished{.is_final = false};
  ServerProcess server({}, with_web_socket);
  LineClient bob = peer(server, "bob");
  WebSocketClient alice = websocket_peer(server, "alice");
  // Between two fragments, and while the second one is on its way.
  alice.send_frame({Opcode::text, "bob: one "}, unfinished);
  alice.send_frame({Opcode::ping, "between"});
  EXPECT_EQ(alice.read_frame(), (Frame{Opcode::pong, "between"}));
  alice.send_frame({Opcode::continuation, "two "}, unfinished);
  alice.send_frame({Opcode::ping, "again"});
  EXPECT_EQ(alice.read_frame(), (Frame{Opcode::pong, "again"}));
  alice.send_frame({Opcode::continuation, "three"});
  EXPECT_EQ(bob.read_news(), "from alice: one two three");
  leave(alice);
  finish(server, {&bob});
}

// Everything after a complete message: that one is accepted, then the connection ends.
struct Wrong {
  std::string what;
  std::string bytes;
  int code;
};

void expect_to_end(const std::vector<Wrong>& table) {
  ServerProcess server({}, with_web_socket);
  LineClient bob = peer(server, "bob");
  for (const Wrong& row : table) {
    SCOPED_TRACE(row.what);
    WebSocketClient alice = websocket_peer(server, "alice");
    alice.send(text_bytes("bob: before") + row.bytes + text_bytes("bob: after"));
    EXPECT_THAT(expect_failure(alice, row.code), IsEmpty());
    EXPECT_THAT(bob.catch_up(), ElementsAre("from alice: before"));
  }
  const ShutdownReport report = finish(server, {&bob});
  EXPECT_EQ(report.accepted, static_cast<std::int64_t>(table.size()));
}

TEST(WebSocket, EndsAtAProtocolErrorWithWhatWasCompleteBeforeAccepted) {
  const Frame hello{Opcode::text, "bob: hello"};
  const Frame long_ping{Opcode::ping, std::string(126, 'x')};
  const std::string unfinished = frame_bytes(hello, {.is_final = false});
  const auto close_frame = [](const std::string& payload) {
    return frame_bytes({Opcode::close, payload});
  };
  expect_to_end({
      {"not masked", frame_bytes(hello, {.is_masked = false}), 1002},
      {"RSV1", frame_bytes(hello, {.reserved_bits = 4}), 1002},
      {"RSV2", frame_bytes(hello, {.reserved_bits = 2}), 1002},
      {"RSV3", frame_bytes(hello, {.reserved_bits = 1}), 1002},
      {"opcode 3", frame_bytes({static_cast<Opcode>(3), ""}), 1002},
      {"opcode 11", frame_bytes({static_cast<Opcode>(11), ""}), 1002},
      {"nothing to continue", frame_bytes({Opcode::continuation, "x"}), 1002},
      {"a message within another", unfinished + frame_bytes(hello), 1002},
      {"a fragment of a ping", frame_bytes({Opcode::ping, ""}, {.is_final = false}), 1002},
      {"a long ping", frame_bytes(long_ping), 1002},
      {"half a close code", close_frame("x"), 1002},
      {"close code 0", close_frame(close_payload(0)), 1002},
      {"close code 999", close_frame(close_payload(999)), 1002},
      {"close code 1005", close_frame(close_payload(1005)), 1002},
      {"close code 1006", close_frame(close_payload(1006)), 1002},
      {"close code 1015", close_frame(close_payload(1015)), 1002},
  });
}

TEST(WebSocket, EndsAtALengthThatIsLongerThanItNeedsToBe) {
  const Frame hello{Opcode::text, "bob: hello"};
  const Frame longer{Opcode::text, "bob: " + std::string(200, 'x')};
  expect_to_end({
      {"16 bits for 10", frame_bytes(hello, {.length_bytes_min = 3}), 1002},
      {"64 bits for 10", frame_bytes(hello, {.length_bytes_min = 9}), 1002},
      {"64 bits for 205", frame_bytes(longer, {.length_bytes_min = 9}), 1002},
  });
}

TEST(WebSocket, EndsAtTextThatIsNotUtf8) {
  const auto fragments = [](const std::string& first, const std::string& second) {
    return frame_bytes({Opcode::text, first}, {.is_final = false}) +
           frame_bytes({Opcode::continuation, second});
  };
  expect_to_end({
      {"a stray byte", text_bytes("bob: \xff"), 1007},
      {"a surrogate", text_bytes("bob: \xed\xa0\x80"), 1007},
      {"unfinished at the end", text_bytes("bob: \xe2\x82"), 1007},
      {"not continued", fragments("bob: \xe2\x82", "x"), 1007},
      {"unfinished behind fragments", fragments("bob: ", "\xe2\x82"), 1007},
  });
}

TEST(WebSocket, TakesAMessageOfExactlyTheLimit) {
  const std::string text(message_bytes_max - std::string("alice: ").size(), 'x');
  ServerProcess server({}, with_web_socket);
  WebSocketClient alice = websocket_peer(server, "alice");
  alice.send_text("alice: " + text);
  EXPECT_EQ(alice.read_news(), "from alice: " + text);
  alice.send_frame({Opcode::text, "alice: "}, {.is_final = false});
  alice.send_frame({Opcode::continuation, text});
  EXPECT_EQ(alice.read_news(), "from alice: " + text);
  leave(alice);
  finish(server);
}

TEST(WebSocket, EndsAsSoonAsTheHeaderSaysThatTheMessageIsTooLong) {
  struct Row {
    std::string what;
    std::string bytes;
  };
  // Only headers: of the payload that they declare nothing ever comes.
  const auto header = [](Opcode opcode, std::uint64_t length) {
    return frame_bytes({opcode, ""}, {.length = length});
  };
  const std::string fragment = frame_bytes({Opcode::text, "alice: "}, {.is_final = false});
  const std::vector<Row> table{
      {"one byte more", header(Opcode::text, message_bytes_max + 1)},
      {"binary", header(Opcode::binary, message_bytes_max + 1)},
      {"four gibibytes", header(Opcode::text, std::uint64_t{1} << 32U)},
      {"as much as there can be", header(Opcode::text, (std::uint64_t{1} << 63U) - 1)},
      {"in fragments", fragment + header(Opcode::continuation, message_bytes_max - 6)},
  };
  ServerProcess server({}, with_web_socket);
  for (const Row& row : table) {
    SCOPED_TRACE(row.what);
    WebSocketClient alice = websocket_peer(server, "alice");
    alice.send(row.bytes);
    EXPECT_THAT(expect_failure(alice, 1009), IsEmpty());
  }
  finish(server);
}

// A close with unread input makes a reset, and the reset destroys the close frame on its way.
TEST(WebSocket, DeliversTheCloseThoughTheWholeLongMessageComes) {
  ServerProcess server({}, with_web_socket);
  LineClient clock = peer(server, "clock");
  for (const std::size_t size : {70'000U, 5'000'000U}) {
    WebSocketClient alice = websocket_peer(server, "alice");
    alice.send_text("alice: " + std::string(size, 'x'));
    EXPECT_THAT(expect_close(alice, 1009), IsEmpty());
    EXPECT_THAT(clock.catch_up(), IsEmpty());
  }
  finish(server, {&clock});
}

}  // namespace
}  // namespace lastword::end_to_end
