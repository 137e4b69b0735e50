// `lastword connect` between its standard streams and a real server: contract, section 5.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/client_process.h"
#include "tests/end_to_end/line_client.h"
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

// These, and perhaps others.
auto says(const std::vector<std::string>& lines) { return ::testing::IsSupersetOf(lines); }

class ConnectTest : public ::testing::TestWithParam<Transport> {
 protected:
  [[nodiscard]] std::string url() const { return url_of(GetParam(), server); }

  ServerProcess server{{}, with_web_socket};
};

INSTANTIATE_TEST_SUITE_P(Over, ConnectTest,
                         ::testing::Values(Transport::lines, Transport::websocket),
                         ::testing::PrintToStringParamName());

TEST_P(ConnectTest, CarriesEachLineAtOnceWithoutWaitingForTheEnd) {
  LineClient bob = peer(server, "bob");
  ClientProcess alice(url(), "alice");
  alice.say("bob: are you there");
  EXPECT_EQ(bob.read_news(), "from alice: are you there");
  bob.send_line("alice: yes");
  EXPECT_EQ(alice.read_line(), "from bob: yes");
  bob.send_line("alice: are you");
  EXPECT_EQ(alice.read_line(), "from bob: are you");
  EXPECT_EQ(alice.finish(), success);
  EXPECT_THAT(alice.inbox(), ElementsAre("* goodbye: 1 of your lines were accepted"));
  finish(server, {&bob});
}

TEST_P(ConnectTest, TakesALineHoweverItComesInPieces) {
  LineClient bob = peer(server, "bob");
  ClientProcess alice(url(), "alice");
  alice.wait_for_status("online");
  for (const char* piece :
       {"b", "ob: one ", "and a half\nbob", ": ", "two\n\nbob: three\r", "\n"}) {
    alice.say_bytes(piece);
    alice.process().wait_until_asleep();  // it has taken this one
  }
  EXPECT_EQ(bob.read_news(), "from alice: one and a half");
  EXPECT_EQ(bob.read_news(), "from alice: two");
  EXPECT_EQ(bob.read_news(), "from alice: three");
  EXPECT_EQ(alice.finish(), success);
  finish(server, {&bob});
}

TEST_P(ConnectTest, SendsTheLastLineAlsoWithoutItsEnd) {
  LineClient bob = peer(server, "bob");
  ClientProcess alice(url(), "alice");
  alice.say_bytes("bob: one\nbob: two");
  EXPECT_EQ(alice.finish(), success);
  EXPECT_EQ(bob.read_news(), "from alice: one");
  EXPECT_EQ(bob.read_news(), "from alice: two");
  EXPECT_EQ(finish(server, {&bob}).accepted, 2);
}

TEST_P(ConnectTest, CarriesAnyBytesAndTheLongestLine) {
  LineClient bob = peer(server, "bob");
  ClientProcess alice(url(), "alice");
  const std::string odd = "\xff\xfe caf\xc3\xa9 \x01\x7f";
  const std::string longest(65'535 - std::string_view("bob: ").size(), 'x');
  alice.say("bob: " + odd);
  EXPECT_EQ(bob.read_news(), "from alice: " + odd);
  alice.say("bob: " + longest);
  EXPECT_EQ(bob.read_news(), "from alice: " + longest);
  bob.send_line("alice: " + odd);
  EXPECT_EQ(alice.read_line(), "from bob: " + odd);
  EXPECT_EQ(alice.finish(), success);
  finish(server, {&bob});
}

TEST_P(ConnectTest, SaysHowManyLinesWereNotAccepted) {
  LineClient bob = peer(server, "bob");
  ClientProcess alice(url(), "alice");
  for (const char* line : {"bob: one", "/join #tea", "nonsense", "bob: two"}) alice.say(line);
  EXPECT_EQ(alice.finish(), failure);
  EXPECT_THAT(alice.inbox(), Contains(HasSubstr("! no destination")));
  EXPECT_EQ(alice.statuses().back(), "lastword: 1 of 4 lines was not accepted: 1 refused");
  EXPECT_EQ(bob.read_news(), "from alice: one");
  EXPECT_EQ(bob.read_news(), "from alice: two");
  finish(server, {&bob});
}

TEST_P(ConnectTest, RefusesALineThatIsTooLongAndGoesOn) {
  LineClient bob = peer(server, "bob");
  ClientProcess alice(url(), "alice");
  alice.say("bob: one");
  alice.say("bob: " + std::string(65'536, 'x'));
  alice.say("bob: two");
  EXPECT_EQ(alice.finish(), failure);
  EXPECT_THAT(alice.statuses(),
              says({"line 2 has 65541 bytes, more than the server takes, and was not sent",
                    "lastword: 1 of 3 lines was not accepted: 1 refused"}));
  EXPECT_EQ(bob.read_news(), "from alice: one");
  EXPECT_EQ(bob.read_news(), "from alice: two");
  finish(server, {&bob});
}

// The line protocol's server says which line it was; a WebSocket's ends the link, and a new one
// is made. (What is sent behind it before that is noticed is of unknown fate there, so nothing is
// here.)
TEST_P(ConnectTest, LosesOnlyTheLineThatIsTooLongForThisServer) {
  ServerProcess strict({"--max-line", "1000"}, with_web_socket);
  LineClient bob = peer(strict, "bob");
  ClientProcess alice(url_of(GetParam(), strict), "alice", {.arguments = {"--retry", "1ms"}});
  alice.say("bob: one");
  EXPECT_EQ(bob.read_news(), "from alice: one");
  alice.say("/ping settled");  // and so is the line before
  while (alice.read_line() != "* pong settled") continue;
  alice.say("bob: " + std::string(1000, 'x'));
  alice.wait_for_status("line 3 is too long for the server");
  alice.say("bob: two");
  EXPECT_EQ(bob.read_news(), "from alice: two");
  EXPECT_EQ(alice.finish(), failure);
  EXPECT_EQ(alice.statuses().back(), "lastword: 1 of 4 lines was not accepted: 1 refused");
  EXPECT_EQ(finish(strict, {&bob}).accepted, 2);
  finish(server);
}

TEST_P(ConnectTest, TellsItsStatesInTheirOrderWithTheirTimes) {
  ClientProcess alice(url(), "alice");
  alice.say("alice: hello");
  EXPECT_EQ(alice.finish(), success);
  std::vector<std::string> expected{"connecting to " + url()};
  if (GetParam() == Transport::websocket) {
    expected.insert(expected.end(),
                    {"handshake: connected", "logging in as alice: the server speaks WebSocket"});
  } else {
    expected.emplace_back("logging in as alice: connected");
  }
  expected.insert(expected.end(), {"online as alice: the server knows the name",
                                   "closing: everything is said", "gone: everything is said"});
  EXPECT_EQ(alice.statuses(), expected);
  EXPECT_THAT(alice.standard_error(),
              MatchesRegex("([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}"
                           "[+-][0-9]{4} [^\n]+\n)+"));
  finish(server);
}

TEST_P(ConnectTest, IsSilentOnStandardErrorIfAskedWhileAllIsWell) {
  ClientProcess alice(url(), "alice", {.arguments = {"--quiet"}});
  alice.say("alice: hello");
  EXPECT_EQ(alice.read_line(), "from alice: hello");
  EXPECT_EQ(alice.finish(), success);
  EXPECT_EQ(alice.standard_error(), "");

  ClientProcess mistaken(url(), "bob", {.arguments = {"--quiet"}});
  mistaken.say("nonsense");
  EXPECT_EQ(mistaken.finish(), failure);
  EXPECT_THAT(mistaken.statuses(),
              ElementsAre("lastword: 1 of 1 lines was not accepted: 1 refused"));
  finish(server);
}

TEST_P(ConnectTest, HasDoneAllWithNothingToSay) {
  ClientProcess alice(url(), "alice");
  EXPECT_EQ(alice.finish(), success);
  EXPECT_THAT(alice.inbox(), ElementsAre("* goodbye: 0 of your lines were accepted"));
  finish(server);
}

// --- Ending ------------------------------------------------------------------------------------

TEST_P(ConnectTest, EndsByQuitWithItsInputStillOpen) {
  ClientProcess alice(url(), "alice");
  alice.say("alice: hello");
  alice.say("/quit");
  EXPECT_EQ(alice.wait_for_exit(), success);
  EXPECT_THAT(alice.inbox(),
              ElementsAre("from alice: hello", "* goodbye: 1 of your lines were accepted"));
  finish(server);
}

TEST_P(ConnectTest, CountsWhatStandsBehindAQuitAsNotSent) {
  ClientProcess alice(url(), "alice");
  alice.say_bytes("alice: one\n/quit\nalice: two\n");
  EXPECT_EQ(alice.wait_for_exit(), failure);
  EXPECT_EQ(alice.statuses().back(), "lastword: 1 of 2 lines was not accepted: 1 not sent");
  EXPECT_EQ(finish(server).accepted, 1);
}

TEST_P(ConnectTest, EndsInOrderBySignal) {
  for (const int signal : {SIGINT, SIGTERM}) {
    ClientProcess alice(url(), "alice");
    alice.say("alice: hello");
    EXPECT_EQ(alice.read_line(), "from alice: hello");
    alice.send_signal(signal);
    EXPECT_EQ(alice.wait_for_exit(), success);
    EXPECT_THAT(alice.inbox(), ElementsAre("* goodbye: 1 of your lines were accepted"));
    EXPECT_EQ(alice.statuses().back(), "gone: everything is said");
  }
  finish(server);
}

TEST_P(ConnectTest, EndsAtOnceByASecondSignal) {
  ClientProcess alice(url(), "alice");
  alice.wait_for_status("online");
  server.send_signal(SIGSTOP);  // so that no goodbye comes
  alice.say("alice: hello");
  alice.process().wait_until_asleep();
  alice.send_signal(SIGTERM);
  alice.wait_for_status("closing: everything is said");
  alice.send_signal(SIGINT);
  EXPECT_EQ(alice.wait_for_exit(), failure);
  EXPECT_THAT(alice.statuses(),
              says({"line 1 may have been accepted or not, nobody knows: alice: hello",
                    "lastword: stopped: " + url() + ": stopped",
                    "lastword: 1 of 1 lines was not accepted: 1 of unknown fate"}));
  server.send_signal(SIGCONT);
  finish(server);
}

TEST_P(ConnectTest, EndsBySignalAlsoWhileThereIsNoServer) {
  const std::string gone = url();
  finish(server);
  ClientProcess alice(gone, "alice", {.arguments = {"--retry", "1ms"}});
  alice.wait_for_status("waiting");
  alice.send_signal(SIGINT);
  EXPECT_EQ(alice.wait_for_exit(), failure);
  EXPECT_THAT(alice.statuses().back(), HasSubstr("nobody listens there"));
}

// `lastword connect ... | head -1`
TEST_P(ConnectTest, EndsInOrderOnceNobodyReadsItsOutputAnyMore) {
  LineClient bob = peer(server, "bob");
  ClientProcess alice(url(), "alice");
  alice.say("bob: hello");
  EXPECT_EQ(bob.read_news(), "from alice: hello");
  bob.send_line("alice: one");
  EXPECT_EQ(alice.read_line(), "from bob: one");
  alice.close_output();
  bob.send_line("alice: two");
  EXPECT_EQ(alice.wait_for_exit(), success);
  const ShutdownReport report = finish(server, {&bob});
  EXPECT_EQ(report.connections.clean, 2);
}

// --- The server's endings ------------------------------------------------------------------------

TEST_P(ConnectTest, EndsWithTheServerIfItMayNotComeBack) {
  ClientProcess alice(url(), "alice", {.arguments = {"--no-reconnect"}});
  alice.say("alice: hello");
  EXPECT_EQ(alice.read_line(), "from alice: hello");
  server.send_signal(SIGTERM);
  expect_exit(server, 0);
  EXPECT_EQ(alice.wait_for_exit(), failure);
  EXPECT_THAT(alice.statuses(), Not(Contains(HasSubstr("waiting"))));
  EXPECT_EQ(alice.statuses().back(), "lastword: temporary failure: " + url() +
                                         ": the server said goodbye, 1 message accepted");
}

TEST_P(ConnectTest, IsToldOfAMessageThatReachedNobodyAndIsNoFailure) {
  ClientProcess alice(url(), "alice");
  alice.say("nobody: hello");
  EXPECT_EQ(alice.finish(), success);
  EXPECT_EQ(alice.inbox().front(), "! undelivered nobody: not_connected");
  finish(server);
}

TEST(Connect, LetsLinesAndWebSocketsTalkInARoom) {
  ServerProcess server({}, with_web_socket);
  ClientProcess alice(url_of(Transport::lines, server), "alice");
  ClientProcess bob(url_of(Transport::websocket, server), "bob");
  bob.say("/join #tea");
  EXPECT_EQ(bob.read_line(), "* you joined #tea, 1 member");
  alice.say("/join #tea");
  EXPECT_EQ(alice.read_line(), "* you joined #tea, 2 members");
  EXPECT_EQ(bob.read_line(), "* alice joined #tea");
  alice.say("#tea: with milk");
  EXPECT_EQ(bob.read_line(), "from alice in #tea: with milk");
  bob.say("#tea: and sugar");
  EXPECT_EQ(alice.read_line(), "from bob in #tea: and sugar");
  EXPECT_EQ(alice.finish(), success);
  EXPECT_EQ(bob.read_line(), "* alice left #tea");
  EXPECT_EQ(bob.finish(), success);
  finish(server);
}

}  // namespace
}  // namespace lastword::end_to_end
