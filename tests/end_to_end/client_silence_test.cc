// Links that are there and say nothing: who is silent, the server or the client itself?
//
// How long a heartbeat lasts is real time. It goes by while a test waits for something else that
// takes longer: for a server to close a connection that does not log in.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/client_process.h"
#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/listener.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"

namespace lastword::end_to_end {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr ExitStatus success{.code = 0};
constexpr ExitStatus failure{.code = 1};

// Five of these heartbeats at a time.
constexpr const char* heartbeat = "200ms";

class FiveHeartbeats {
 public:
  void go_by() const {
    LineClient silent(clock_.tcp());
    EXPECT_THAT(silent.read_until_end(), ElementsAre(HasSubstr("! name did not come")));
  }
  void end() { finish(clock_); }

 private:
  ServerProcess clock_{{"--login-timeout", "1s"}};
};

class ConnectSilenceTest : public ::testing::TestWithParam<Transport> {
 protected:
  [[nodiscard]] std::string url() const { return url_of(GetParam(), server); }

  ServerProcess server{{}, with_web_socket};
};

INSTANTIATE_TEST_SUITE_P(Over, ConnectSilenceTest,
                         ::testing::Values(Transport::lines, Transport::websocket),
                         ::testing::PrintToStringParamName());

TEST_P(ConnectSilenceTest, OfAStoppedServerEndsTheLinkAndNotTheClient) {
  ClientProcess alice(
      url(), "alice",
      {.arguments = {"--heartbeat", "100ms", "--retry", "1ms", "--retry-max", "50ms"}});
  alice.say("alice: before");
  EXPECT_EQ(alice.read_line(), "from alice: before");
  alice.say("/ping settled");  // and so is the line before
  EXPECT_EQ(alice.read_line(), "* pong settled");
  server.send_signal(SIGSTOP);
  alice.say("alice: meanwhile");
  EXPECT_THAT(alice.wait_for_status("may have been accepted or not"),
              HasSubstr("nobody knows: alice: meanwhile"));
  alice.wait_for_status("nothing came for three heartbeats");
  server.send_signal(SIGCONT);
  alice.wait_for_status("online");
  alice.say("alice: afterwards");
  std::vector<std::string> heard{alice.read_news()};
  if (heard.back() == "from alice: meanwhile") heard.push_back(alice.read_news());
  EXPECT_EQ(heard.back(), "from alice: afterwards");
  EXPECT_EQ(alice.finish(), failure);
  EXPECT_EQ(alice.statuses().back(), "lastword: 1 of 4 lines was not accepted: 1 of unknown fate");
  finish(server);
}

TEST_P(ConnectSilenceTest, OfAnIdleServerIsAskedAboutAndForgiven) {
  FiveHeartbeats five_heartbeats;
  ClientProcess alice(url(), "alice", {.arguments = {"--heartbeat", heartbeat}});
  alice.wait_for_status("online");
  five_heartbeats.go_by();
  alice.say("alice: still here");
  EXPECT_EQ(alice.read_line(), "from alice: still here");
  EXPECT_EQ(alice.finish(), success);
  EXPECT_THAT(alice.statuses(), Not(Contains(HasSubstr("waiting"))));
  finish(server);
  five_heartbeats.end();
}

// Ctrl-Z, or a laptop that was closed.
TEST_P(ConnectSilenceTest, OfItsOwnIsNotTheServersFault) {
  FiveHeartbeats five_heartbeats;
  LineClient bob = peer(server, "bob");
  ClientProcess alice(url(), "alice", {.arguments = {"--heartbeat", heartbeat}});
  alice.wait_for_status("online");
  for (const bool has_mail : {false, true}) {
    alice.send_signal(SIGSTOP);
    if (has_mail) bob.send_line("alice: while you slept");
    five_heartbeats.go_by();
    alice.send_signal(SIGCONT);
    if (has_mail) {
      EXPECT_EQ(alice.read_line(), "from bob: while you slept");
    }
    // Whatever it thinks of the server, it thinks by the time that it has asked and heard this.
    alice.say("alice: awake");
    EXPECT_EQ(alice.read_line(), "from alice: awake");
  }
  EXPECT_EQ(alice.finish(), success);
  EXPECT_THAT(alice.statuses(), Not(Contains(HasSubstr("waiting"))));
  finish(server, {&bob});
  five_heartbeats.end();
}

// --- Servers that were never lastword -----------------------------------------------------------

// Both take ten seconds, which no option changes, so they take them together.
TEST(ConnectSilence, OfAServerThatNeverAnswersIsNotWaitedForForEver) {
  const Listener listener;
  const Listener websocket_listener;
  const std::string url = url_of(Transport::lines, listener.endpoint());
  const std::string websocket_url = url_of(Transport::websocket, websocket_listener.endpoint());
  const ConnectOptions once{.arguments = {"--no-reconnect", "--quiet"}};
  ClientProcess alice(url, "alice", once);
  ClientProcess bob(websocket_url, "bob", once);
  const Descriptor link = listener.accept();
  const Descriptor websocket_link = websocket_listener.accept();
  alice.say("bob: hello");
  EXPECT_EQ(alice.finish(), failure);
  EXPECT_EQ(bob.finish(), failure);
  EXPECT_THAT(alice.statuses(), ElementsAre("line 1 was not accepted: bob: hello",
                                            "lastword: temporary failure: " + url +
                                                ": no answer to the login in time",
                                            "lastword: 1 of 1 lines was not accepted: 1 not sent"));
  EXPECT_THAT(bob.statuses(), ElementsAre("lastword: temporary failure: " + websocket_url +
                                          ": no answer to the WebSocket request"));
  EXPECT_THAT(get_all(link), MatchesRegex("alice\n/ping [^\n]+\n"))
      << "what is to be said waits for the answer";
}

// What stands behind `/ping ` in a line.
std::string token_in(std::string_view line) {
  return std::string(line.substr(std::string_view("/ping ").size()));
}

TEST(ConnectSilence, OfAServerThatAnsweredOnceIsAskedAboutBeforeItIsGivenUp) {
  const Listener listener;
  const std::string url = url_of(Transport::lines, listener.endpoint());
  ClientProcess alice(url, "alice",
                      {.arguments = {"--no-reconnect", "--quiet", "--heartbeat", "50ms"}});
  const Descriptor link = listener.accept();
  EXPECT_EQ(get_line(link), "alice");
  put(link, "* pong " + token_in(get_line(link)) + "\n");
  EXPECT_EQ(alice.wait_for_exit(), failure);
  EXPECT_THAT(alice.statuses(), ElementsAre("lastword: temporary failure: " + url +
                                            ": nothing came for three heartbeats"));
  EXPECT_THAT(get_all(link), MatchesRegex("/ping [^\n]+\n"));
}

}  // namespace
}  // namespace lastword::end_to_end
