// WebSocket clients that others have written, all of them in the same conversations: contract,
// section 2. See clients/README.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <random>
#include <string>
#include <vector>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/real_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"
#include "tests/end_to_end/watchdog.h"
#include "tests/end_to_end/websocket_client.h"

namespace lastword::end_to_end {
namespace {

using ::testing::StartsWith;
using ::testing::Values;

std::string goodbye(int count) {
  return "* goodbye: " + std::to_string(count) + " of your lines were accepted";
}

// SIGTERM has been sent: the goodbye is the last message, then comes 1001 and a clean end.
void expect_goodbye(RealClient& client, int count) {
  std::string event = client.read_event();
  while (event.starts_with("message text * ") && event != "message text " + goodbye(count)) {
    event = client.read_event();
  }
  EXPECT_EQ(event, "message text " + goodbye(count));
  EXPECT_THAT(client.read_event(), StartsWith("closed 1001 clean"));
  client.finish();
}

void expect_goodbye(Netcat& netcat, int count) {
  std::string line = netcat.read_line();
  while (is_information(line) && line != goodbye(count)) line = netcat.read_line();
  EXPECT_EQ(line, goodbye(count));
  netcat.finish();
}

ShutdownReport expect_clean_exit(ServerProcess& server) {
  ShutdownReport report = expect_exit(server, 0);
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.connections.failed, 0);
  EXPECT_EQ(report.deliveries.failed.sum(), 0);
  return report;
}

// Text that hardly compresses, with characters of one to four bytes.
std::string random_text(std::size_t bytes) {
  std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed): the same in every run
  std::string text;
  while (text.size() < bytes) {
    const auto number = random();
    if (number % 50 == 0) text += "\u00e9";
    if (number % 50 == 1) text += "\u20ac";
    if (number % 50 == 2) text += "\U0001F600";
    text += static_cast<char>('!' + (number >> 8U) % ('~' - '!' + 1));
  }
  return text;
}

class RealClientTest : public ::testing::TestWithParam<ClientKind> {
 protected:
  // Of another kind than the one under test.
  [[nodiscard]] static ClientKind other_kind() {
    return GetParam() == ClientKind::node ? ClientKind::python : ClientKind::node;
  }

  ConversationRecord record;
};

TEST_P(RealClientTest, TalksToOthersToTheLastWord) {
  ServerProcess server({}, with_web_socket);
  RealClient alice(GetParam(), "alice", record);
  RealClient carol(other_kind(), "carol", record);
  EXPECT_EQ(alice.open(server), "");  // no extension, whatever was offered
  alice.login();
  carol.open(server);
  carol.login();
  Netcat bob(server, "bob", record);

  alice.send("bob: hello");
  EXPECT_EQ(bob.read_news(), "from alice: hello");
  bob.send("alice: hello yourself");
  EXPECT_EQ(alice.read_news(), "message text from bob: hello yourself");
  alice.send("bob, carol: caf\u00e9 20 \u20ac \U0001F600");
  EXPECT_EQ(bob.read_news(), "from alice: caf\u00e9 20 \u20ac \U0001F600");
  EXPECT_EQ(carol.read_news(), "message text from alice: caf\u00e9 20 \u20ac \U0001F600");
  carol.send("alice: \u0394\u03b5\u03bd \u03c4\u03bf \u03c0\u03af\u03bd\u03c9");
  EXPECT_EQ(alice.read_news(),
            "message text from carol: \u0394\u03b5\u03bd \u03c4\u03bf \u03c0\u03af\u03bd\u03c9");
  bob.send("alice: \u65e5\u672c\u8a9e");
  EXPECT_EQ(alice.read_news(), "message text from bob: \u65e5\u672c\u8a9e");

  // What is not UTF-8 comes and goes as a binary message.
  bob.send("alice: \xff");
  EXPECT_EQ(alice.read_news(), "message binary 66726f6d20626f623a20ff");  // "from bob: \xff"
  alice.command("send-binary 626f623a20fffe");                            // "bob: \xff\xfe"
  EXPECT_EQ(bob.read_news(), "from alice: \xff\xfe");

  server.send_signal(SIGTERM);
  expect_goodbye(alice, 3);
  expect_goodbye(bob, 3);
  expect_goodbye(carol, 1);
  const ShutdownReport report = expect_clean_exit(server);
  EXPECT_EQ(report.accepted, 7);
  EXPECT_EQ(report.deliveries.delivered, 8);
}

TEST_P(RealClientTest, IsClosedWith1000ByQuit) {
  ServerProcess server({}, with_web_socket);
  RealClient alice(GetParam(), "alice", record);
  alice.open(server);
  alice.login();
  alice.send("/quit");
  EXPECT_THAT(alice.read_news(), StartsWith("closed 1000 clean"));
  alice.finish();
  server.send_signal(SIGTERM);
  expect_clean_exit(server);
}

TEST_P(RealClientTest, ClosesInOrder) {
  ServerProcess server({}, with_web_socket);
  RealClient alice(GetParam(), "alice", record);
  alice.open(server);
  alice.login();
  alice.command("close 1000");
  EXPECT_THAT(alice.read_news(), StartsWith("closed 1000 clean"));
  LineClient second = peer(server, "alice");
  alice.finish();
  server.send_signal(SIGTERM);
  expect_goodbye(second);
  expect_clean_exit(server);
}

TEST_P(RealClientTest, IsToldWhyItsLoginIsRefusedAndClosedWith1008) {
  ServerProcess server({}, with_web_socket);
  LineClient first = peer(server, "alice");
  RealClient second(GetParam(), "alice", record);
  second.open(server);
  second.send("alice");
  EXPECT_THAT(second.read_news(), StartsWith("message text ! name "));
  EXPECT_THAT(second.read_news(), StartsWith("closed 1008 clean"));
  second.finish();
  server.send_signal(SIGTERM);
  expect_goodbye(first);
  expect_clean_exit(server);
}

TEST_P(RealClientTest, IsClosedWith1009ForALongMessage) {
  ServerProcess server({}, with_web_socket);
  RealClient alice(GetParam(), "alice", record);
  alice.open(server);
  alice.login();
  alice.send("alice: " + std::string(70'000, 'x'));
  EXPECT_THAT(alice.read_news(), StartsWith("closed 1009 clean"));
  alice.finish();
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_clean_exit(server).accepted, 0);
}

TEST_P(RealClientTest, StaysThoughItIsIdleForMoreThanThreeHeartbeats) {
  ServerProcess server({"--heartbeat", "1s"}, with_web_socket);
  RealClient alice(GetParam(), "alice", record);
  alice.open(server);
  alice.login();
  // Somebody who comes later and answers no ping is gone when three heartbeats have passed.
  WebSocketClient silent = websocket_peer(server, "silent");
  static_cast<void>(silent.read_until_end());
  silent.close();
  Netcat bob(server, "bob", record);
  bob.send("alice: are you still there");
  EXPECT_EQ(alice.read_news(), "message text from bob: are you still there");
  alice.send("bob: I am");
  EXPECT_EQ(bob.read_news(), "from alice: I am");
  server.send_signal(SIGTERM);
  expect_goodbye(alice, 1);
  expect_goodbye(bob, 1);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.connections.failed, 1);  // the silent one
}

TEST_P(RealClientTest, ExchangesAllKindsOfMessagesCompressed) {
  constexpr std::size_t large = 30'000;
  std::string repetitive;
  while (repetitive.size() < large) repetitive += "abc\u00e9";
  ServerProcess server({"--ws-compress"}, with_web_socket);
  RealClient alice(GetParam(), "alice", record);
  RealClient carol(other_kind(), "carol", record);
  EXPECT_THAT(alice.open(server, Offer::compression), StartsWith("permessage-deflate"));
  alice.login();
  EXPECT_EQ(carol.open(server, Offer::nothing), "");
  carol.login();
  Netcat bob(server, "bob", record);
  for (const std::string& text :
       {std::string("small"), std::string(), repetitive, random_text(large), repetitive}) {
    alice.send("alice, bob, carol: " + text);
    EXPECT_EQ(alice.read_news(), "message text from alice: " + text);
    EXPECT_EQ(bob.read_news(), "from alice: " + text);
    EXPECT_EQ(carol.read_news(), "message text from alice: " + text);
    bob.send("alice: " + text);
    EXPECT_EQ(alice.read_news(), "message text from bob: " + text);
  }
  alice.command("send-binary 616c6963653a20ff");                              // "alice: \xff"
  EXPECT_EQ(alice.read_news(), "message binary 66726f6d20616c6963653a20ff");  // "from alice: \xff"
  server.send_signal(SIGTERM);
  expect_goodbye(alice, 6);
  expect_goodbye(bob, 5);
  expect_goodbye(carol, 0);
  expect_clean_exit(server);
}

// It is the message that counts and not how small it was on its way.
TEST_P(RealClientTest, IsClosedWith1009ForAMessageThatIsLongOnlyWhenInflated) {
  ServerProcess server({"--ws-compress"}, with_web_socket);
  RealClient alice(GetParam(), "alice", record);
  EXPECT_THAT(alice.open(server, Offer::compression), StartsWith("permessage-deflate"));
  alice.login();
  alice.send("alice: " + std::string(70'000, 'x'));
  EXPECT_THAT(alice.read_news(), StartsWith("closed 1009 clean"));
  alice.finish();
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_clean_exit(server).accepted, 0);
}

INSTANTIATE_TEST_SUITE_P(RealClients, RealClientTest,
                         Values(ClientKind::node, ClientKind::python, ClientKind::chromium),
                         [](const auto& test) { return to_string(test.param); });

// A script in a browser can't ping.
class PingingClientTest : public RealClientTest {};

TEST_P(PingingClientTest, GetsItsPong) {
  ServerProcess server({}, with_web_socket);
  RealClient alice(GetParam(), "alice", record);
  alice.open(server);
  alice.command("ping");
  EXPECT_EQ(alice.read_event(), "pong");
  alice.login();
  alice.command("ping");
  EXPECT_EQ(alice.read_event(), "pong");
  server.send_signal(SIGTERM);
  expect_goodbye(alice, 0);
  expect_clean_exit(server);
}

INSTANTIATE_TEST_SUITE_P(RealClients, PingingClientTest,
                         Values(ClientKind::node, ClientKind::python),
                         [](const auto& test) { return to_string(test.param); });

class BrowserTest : public ::testing::Test {
 protected:
  // A page of another origin than any chat server's; returns its origin.
  std::string serve_page() {
    browser.command("serve");
    const std::string event = browser.read_event();
    if (!event.starts_with("serving ")) throw Violation("no page of another origin: " + event);
    return event.substr(std::string("serving ").size());
  }

  ConversationRecord record;
  RealClient browser{ClientKind::chromium, "alice", record};
};

TEST_F(BrowserTest, IsRefusedFromAPageOfAnotherOrigin) {
  ServerProcess server({}, with_web_socket);
  browser.visit(serve_page() + "/");
  browser.request(websocket_url(server));
  EXPECT_EQ(browser.read_event(), "refused 403");
  // The same browser from the server's own page.
  browser.open(server);
  browser.login();
  server.send_signal(SIGTERM);
  expect_goodbye(browser, 0);
  expect_clean_exit(server);
}

TEST_F(BrowserTest, IsRefusedFromAPageUnderAnotherNameOfThisMachine) {
  ServerProcess server({}, with_web_socket);
  browser.visit("http://localhost:" + std::to_string(server.ws().port) + "/");
  browser.request(websocket_url(server));
  EXPECT_EQ(browser.read_event(), "refused 403");
  browser.request("ws://localhost:" + std::to_string(server.ws().port) + "/ws");
  EXPECT_EQ(browser.read_event(), "open");
  browser.login();
  server.send_signal(SIGTERM);
  expect_goodbye(browser, 0);
  expect_clean_exit(server);
}

TEST_F(BrowserTest, IsWelcomeFromAPageWhoseOriginIsNamed) {
  const std::string origin = serve_page();
  ServerProcess server({"--allow-origin", origin}, with_web_socket);
  browser.visit(origin + "/");
  browser.request(websocket_url(server));
  EXPECT_EQ(browser.read_event(), "open");
  browser.login();
  Netcat bob(server, "bob", record);
  bob.send("alice: hello");
  EXPECT_EQ(browser.read_news(), "message text from bob: hello");
  server.send_signal(SIGTERM);
  expect_goodbye(browser, 0);
  expect_goodbye(bob, 1);
  expect_clean_exit(server);
}

}  // namespace
}  // namespace lastword::end_to_end
