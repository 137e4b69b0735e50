// How the connection of a WebSocket peer ends: contract, sections 2 to 4.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"
#include "tests/end_to_end/watchdog.h"
#include "tests/end_to_end/websocket_client.h"

namespace lastword::end_to_end {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(WebSocketEnding, OfAClientThatClosesEchoesItsCode) {
  ServerProcess server({}, with_web_socket);
  LineClient bob = peer(server, "bob");
  const std::vector<int> codes{1000, 1001, 1003, 1011, 3000, 4999};
  for (const int code : codes) {
    WebSocketClient alice = websocket_peer(server, "alice");
    alice.send_frame({Opcode::close, close_payload(code, "that is all")});
    EXPECT_THAT(read_close(alice, code), IsEmpty());
    expect_end(alice);  // the server's FIN comes first
    bob.send_line("alice: are you there");
    EXPECT_EQ(bob.read_news(), "! undelivered alice: not_connected");
  }
  const ShutdownReport report = finish(server, {&bob});
  EXPECT_EQ(report.connections.clean, static_cast<std::int64_t>(codes.size()) + 1);
  EXPECT_EQ(report.connections.failed, 0);
}

TEST(WebSocketEnding, OfAClientThatClosesWithoutACodeIsInOrderToo) {
  ServerProcess server({}, with_web_socket);
  WebSocketClient alice = websocket_peer(server, "alice");
  alice.send_frame({Opcode::close, ""});
  EXPECT_EQ(alice.read_frame(), (Frame{Opcode::close, ""}));
  expect_end(alice);
  EXPECT_EQ(finish(server).connections.clean, 1);
}

TEST(WebSocketEnding, OfAClientThatClosesLeavesNothingBehindTheCloseFrame) {
  ServerProcess server({}, with_web_socket);
  LineClient bob = peer(server, "bob");
  WebSocketClient alice = websocket_peer(server, "alice");
  // What comes behind its close frame is nothing; what others send to it finds nobody.
  alice.send(text_bytes("bob: before") + frame_bytes({Opcode::close, close_payload(1000)}) +
             text_bytes("bob: after") + frame_bytes({Opcode::ping, "after"}));
  EXPECT_EQ(bob.read_news(), "from alice: before");
  while (bob.catch_up().empty()) bob.send_line("alice: are you there");
  std::vector<Frame> frames = alice.read_until_end();  // Violation for one behind the close frame
  ASSERT_THAT(frames, Not(IsEmpty()));
  EXPECT_EQ(frames.back(), (Frame{Opcode::close, close_payload(1000)}));
  frames.pop_back();
  for (const Frame& frame : frames) EXPECT_EQ(frame.payload, "from bob: are you there");
  EXPECT_EQ(alice.ending(), Ending::finished);
  alice.close();
  EXPECT_THAT(bob.catch_up(), Each("! undelivered alice: not_connected"));
  finish(server, {&bob});
}

TEST(WebSocketEnding, ByQuitHas1000) {
  ServerProcess server({}, with_web_socket);
  WebSocketClient alice = websocket_peer(server, "alice");
  alice.send_text("alice: one");
  alice.send_text("/quit");
  EXPECT_THAT(expect_close(alice, 1000), ElementsAre("from alice: one"));
  const ShutdownReport report = finish(server);
  EXPECT_EQ(report.accepted, 1);
  EXPECT_EQ(report.connections.clean, 1);
}

TEST(WebSocketEnding, FreesTheNameAtTheFirstCloseFrameOfEitherSide) {
  ServerProcess server({}, with_web_socket);
  WebSocketClient alice = websocket_peer(server, "alice");
  alice.send_text("/quit");
  EXPECT_THAT(read_close(alice, 1000), IsEmpty());
  WebSocketClient second = websocket_peer(server, "alice");
  second.send_text("alice: it is me");
  EXPECT_EQ(second.read_news(), "from alice: it is me");
  alice.read_what_is_there();
  EXPECT_EQ(alice.ending(), Ending::open);  // its answer is still waited for
  alice.send_close(1000);
  expect_end(alice);
  leave(second);
  EXPECT_EQ(finish(server).connections.clean, 2);
}

TEST(WebSocketEnding, WaitsFiveSecondsForTheAnswerToAClose) {
  ServerProcess server({}, with_web_socket);
  WebSocketClient alice = websocket_peer(server, "alice");
  alice.send_text("/quit");
  EXPECT_THAT(read_close(alice, 1000), IsEmpty());
  EXPECT_FALSE(alice.read_frame_or_end().has_value());  // or the watchdog barks
  alice.close();
  EXPECT_EQ(finish(server).connections.failed, 1);
}

TEST(WebSocketEnding, OfARefusedLoginHasALineAnd1008) {
  ServerProcess server({}, with_web_socket);
  LineClient bob = peer(server, "bob");
  for (const std::string_view name : {"bob", "bad:name", "/bob", "#bob", "a,b"}) {
    WebSocketClient client(server.ws());
    client.open();
    client.send_text(name);
    EXPECT_THAT(expect_close(client, 1008), ElementsAre(StartsWith("! name "))) << name;
  }
  EXPECT_EQ(finish(server, {&bob}).connections.clean, 6);
}

TEST(WebSocketEnding, ByTheLoginTimeoutHasALineAnd1008) {
  ServerProcess server({"--login-timeout", "3s"}, with_web_socket);
  WebSocketClient silent(server.ws());
  silent.open();
  EXPECT_THAT(expect_close(silent, 1008), ElementsAre(StartsWith("! name ")));
  finish(server);
}

TEST(WebSocketEnding, ByAResetOrAFinWithoutACloseFreesTheName) {
  ServerProcess server({}, with_web_socket);
  LineClient clock = peer(server, "clock");
  for (int round = 0; round < 2; ++round) {
    WebSocketClient alice = websocket_peer(server, "alice");
    if (round == 0) alice.reset();
    if (round == 1) {
      alice.half_close();
      static_cast<void>(alice.read_until_end());
      alice.close();
    }
    do clock.send_line("alice: are you there");
    while (clock.catch_up().empty());
  }
  finish(server, {&clock});
}

TEST(WebSocketHeartbeat, DropsAClientThatAnswersNoPingAndFreesItsName) {
  ServerProcess server({"--heartbeat", "200ms"}, with_web_socket);
  WebSocketClient alice = websocket_peer(server, "alice");
  const std::vector<Frame> frames = alice.read_until_end();
  ASSERT_THAT(frames, Not(IsEmpty()));
  EXPECT_EQ(frames.front().opcode, Opcode::ping);
  alice.close();
  LineClient second = peer(server, "alice");
  EXPECT_EQ(finish(server, {&second}).connections.failed, 1);
}

TEST(WebSocketHeartbeat, SparesWhoAnswers) {
  constexpr int ping_count = 5;  // more than it takes to be dropped
  ServerProcess server({"--heartbeat", "1s"}, with_web_socket);
  WebSocketClient alice = websocket_peer(server, "alice");
  for (int number = 0; number < ping_count; ++number) {
    const Frame ping = alice.read_frame();
    ASSERT_EQ(ping.opcode, Opcode::ping);
    alice.send_frame({Opcode::pong, ping.payload});
  }
  leave(alice);
  finish(server);
}

TEST(WebSocketHeartbeat, IsNotForTheLineProtocol) {
  ServerProcess server({"--heartbeat", "200ms"}, with_web_socket);
  LineClient bob = peer(server, "bob");
  WebSocketClient alice = websocket_peer(server, "alice");
  static_cast<void>(alice.read_until_end());
  alice.close();  // bob has been silent for longer
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  finish(server, {&bob});
}

// Who is dropped as slow has 5 s to take its Close (contract, section 2). Where the machine is so
// slow that they pass before it has read so far, once more.
TEST(WebSocketSlowPeer, IsDroppedWith1008AsItsLastFrame) {
  // Far more than the kernel takes for a window of this size (mostly 4 MiB to send) and the outbox.
  constexpr int message_count = 400;
  constexpr ClientOptions window{.receive_buffer_bytes = 65'536};
  constexpr std::chrono::seconds time_for_close{5};
  const std::string text(60'000, 'x');
  for (const Watchdog watchdog("a Close that is read in time");; watchdog.check()) {
    ServerProcess server({"--stall-timeout", "500ms"}, with_web_socket);
    LineClient sender = peer(server, "sender");
    WebSocketClient slow = websocket_peer(server, "slow", window);
    slow.stop_reading();
    const auto before = std::chrono::steady_clock::now();
    for (int number = 0; number < message_count; ++number) {
      sender.send_line("slow: " + std::to_string(number) + " " + text);
    }
    EXPECT_EQ(sender.read_news(), "! undelivered slow: slow_consumer");
    // The rest finds nobody, and must not find who comes next.
    static_cast<void>(sender.catch_up());
    // Its name is free, while it still has its Close to read.
    LineClient second = peer(server, "slow");
    second.close();
    // Now it reads. What the kernel had taken comes in order and without a gap.
    std::vector<Frame> frames;
    try {
      frames = slow.read_until_end();
    } catch (const Violation&) {
      if (std::chrono::steady_clock::now() - before < time_for_close) throw;
      continue;
    }
    ASSERT_THAT(frames, Not(IsEmpty()));
    EXPECT_EQ(frames.back().opcode, Opcode::close);
    EXPECT_EQ(frames.back().payload.substr(0, 2), close_payload(1008));
    frames.pop_back();
    std::erase_if(frames, [](const Frame& frame) { return is_information(frame.payload); });
    for (std::size_t index = 0; index < frames.size(); ++index) {
      ASSERT_EQ(frames[index].payload, "from sender: " + std::to_string(index) + " " + text);
    }
    slow.close();
    const ShutdownReport report = finish(server, {&sender});
    EXPECT_GT(report.deliveries.failed.slow_consumer, 0);
    EXPECT_LE(static_cast<std::int64_t>(frames.size()), report.deliveries.delivered);
    EXPECT_EQ(report.deliveries.total, message_count);
    return;
  }
}

TEST(WebSocketShutdown, ClosesWith1001BehindTheGoodbye) {
  ServerProcess server({}, with_web_socket);
  LineClient bob = peer(server, "bob");
  WebSocketClient alice = websocket_peer(server, "alice");
  alice.send_text("bob: one");
  alice.send_text("nobody: two");
  EXPECT_THAT(alice.catch_up(), ElementsAre("! undelivered nobody: not_connected"));
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(alice), 2);
  EXPECT_EQ(expect_goodbye(bob), 0);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.connections.clean, 2);
}

TEST(WebSocketShutdown, DeliversWhatIsQueuedBeforeTheGoodbye) {
  constexpr int message_count = 100;
  const std::string text(60'000, 'x');
  ServerProcess server({"--max-outbox", "50000000"}, with_web_socket);
  LineClient bob = peer(server, "bob");
  WebSocketClient alice = websocket_peer(server, "alice");
  alice.stop_reading();
  for (int number = 0; number < message_count; ++number) {
    bob.send_line("alice: " + std::to_string(number) + " " + text);
  }
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  server.send_signal(SIGTERM);
  for (int number = 0; number < message_count; ++number) {
    ASSERT_EQ(alice.read_news(), "from bob: " + std::to_string(number) + " " + text);
  }
  EXPECT_EQ(expect_goodbye(alice), 0);
  EXPECT_EQ(expect_goodbye(bob), message_count);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_EQ(report.deliveries.delivered, message_count);
  EXPECT_EQ(report.connections.failed, 0);
}

TEST(WebSocketShutdown, FindsTheCloseFrameBehindWhatItThrowsAway) {
  ServerProcess server({}, with_web_socket);
  WebSocketClient alice = websocket_peer(server, "alice");
  const std::string half = text_bytes("alice: never complete in time");
  alice.send(half.substr(0, half.size() / 2));
  LineClient clock = peer(server, "clock");  // a turn of the server
  clock.close();
  server.send_signal(SIGTERM);
  EXPECT_THAT(read_close(alice, 1001), IsEmpty());
  // The rest, a whole message, and only then the answer to the close frame.
  alice.send(half.substr(half.size() / 2) + text_bytes("alice: too late"));
  alice.send_close(1001);
  expect_end(alice);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_EQ(report.accepted, 0);
  EXPECT_EQ(report.connections.failed, 0);
}

TEST(WebSocketShutdown, HasNoGoodbyeForWhoHasNotLoggedIn) {
  ServerProcess server({}, with_web_socket);
  WebSocketClient silent(server.ws());
  WebSocketClient nameless(server.ws());
  nameless.open();
  LineClient alice = peer(server, "alice");  // so the others have been accepted before
  server.send_signal(SIGTERM);
  silent.skip_until_end();
  silent.close();
  EXPECT_THAT(expect_close(nameless, 1001), IsEmpty());
  expect_goodbye(alice);
  expect_exit(server, 0);
}

TEST(WebSocketShutdown, WaitsNoLongerThanTheLingerForAnAnswerToTheClose) {
  ServerProcess server({"--linger", "300ms"}, with_web_socket);
  WebSocketClient alice = websocket_peer(server, "alice");
  server.send_signal(SIGTERM);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.connections.failed, 1);
  alice.close();
}

}  // namespace
}  // namespace lastword::end_to_end
