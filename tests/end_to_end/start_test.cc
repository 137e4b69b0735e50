// Starting and refusing to start: contract, section 5.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "net/descriptor.h"
#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/process.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"

namespace lastword::end_to_end {
namespace {

using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

// A program run from its start to its own end.
struct Outcome {
  ExitStatus status;
  std::string output;
  std::string error;
};

Outcome run(const std::vector<std::string>& arguments) {
  Process process({.binary = lastword_binary(), .arguments = arguments});
  const ExitStatus status = process.wait_for_exit();
  return {.status = status, .output = process.standard_output(), .error = process.standard_error()};
}

bool has_loopback_of_version_6() {
  const Descriptor socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return socket.is_open() &&
         ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

TEST(Start, SaysItIsReadyWithTheRealPort) {
  ServerProcess server;
  const std::string& output = server.process().standard_output();
  EXPECT_THAT(output, MatchesRegex("ready tcp=127\\.0\\.0\\.1:[0-9]+ ws=none admin=none\n"));
  EXPECT_NE(server.tcp().port, 0);
  LineClient alice = peer(server, "alice");
  finish(server, {&alice});
}

TEST(Start, ListensOnVersion6) {
  if (!has_loopback_of_version_6()) GTEST_SKIP() << "this machine has no ::1";
  ServerProcess server({}, {.tcp = "[::1]:0"});
  EXPECT_THAT(server.ready_line().tcp, MatchesRegex("\\[::1\\]:[0-9]+"));
  LineClient alice = peer(server, "alice");
  alice.send_line("alice: over version 6");
  EXPECT_EQ(alice.read_news(), "from alice: over version 6");
  finish(server, {&alice});
}

TEST(Start, GivesTwoServersTwoFreePorts) {
  ServerProcess one;
  ServerProcess other;
  EXPECT_NE(one.tcp().port, other.tcp().port);
  finish(one);
  finish(other);
}

TEST(Start, NamesTheListenerThatIsInUse) {
  ServerProcess server;
  const std::string taken = server.ready_line().tcp;
  const Outcome second = run({"serve", "--tcp", taken, "--ws", "none"});
  EXPECT_EQ(second.status, (ExitStatus{.code = 1}));
  EXPECT_THAT(second.output, IsEmpty());
  EXPECT_EQ(std::ranges::count(second.error, '\n'), 1) << second.error;
  EXPECT_THAT(second.error, HasSubstr("tcp"));
  EXPECT_THAT(second.error, HasSubstr(taken));
  EXPECT_THAT(second.error, ContainsRegex("[Ii]n use"));
  finish(server);
}

TEST(Start, NamesTheListenerWhoseAddressIsNotHere) {
  const std::string elsewhere = "192.0.2.1:0";  // for documentation (RFC 5737), on no machine
  const Outcome refused = run({"serve", "--tcp", elsewhere, "--ws", "none"});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 1}));
  EXPECT_THAT(refused.output, IsEmpty());
  EXPECT_EQ(std::ranges::count(refused.error, '\n'), 1) << refused.error;
  EXPECT_THAT(refused.error, HasSubstr(elsewhere));
}

TEST(Start, RefusesUnusableArgumentsAndNamesTheOne) {
  struct Refused {
    std::vector<std::string> arguments;
    std::string named;        // the option or
    std::string named_value;  // its value has to be named
  };
  const std::vector<Refused> table{
      {{"--tcp", "nonsense"}, "--tcp", "nonsense"},
      {{"--tcp", "127.0.0.1"}, "--tcp", "127.0.0.1"},
      {{"--tcp", "127.0.0.1:"}, "--tcp", "127.0.0.1:"},
      {{"--tcp", "127.0.0.1:65536"}, "--tcp", "65536"},
      {{"--tcp", "127.0.0.1:-1"}, "--tcp", "-1"},
      {{"--tcp", "127.0.0.1:80x"}, "--tcp", "80x"},
      {{"--tcp", ":8080"}, "--tcp", ":8080"},
      {{"--tcp", "[::1:8080"}, "--tcp", "[::1:8080"},
      {{"--tcp"}, "--tcp", "--tcp"},
      {{"--ws", "nonsense"}, "--ws", "nonsense"},
      {{"--admin", "nonsense"}, "--admin", "nonsense"},
      {{"--stall-timeout", "soon"}, "--stall-timeout", "soon"},
      {{"--stall-timeout", "10"}, "--stall-timeout", "10"},
      {{"--stall-timeout", "s"}, "--stall-timeout", "'s'"},
      {{"--stall-timeout", ""}, "--stall-timeout", "--stall-timeout"},
      {{"--login-timeout", "10 s"}, "--login-timeout", "10 s"},
      {{"--login-timeout", "-5s"}, "--login-timeout", "-5s"},
      {{"--heartbeat", "5parsecs"}, "--heartbeat", "5parsecs"},
      {{"--drain-timeout", "99999999999999999999s"}, "--drain-timeout", "99999999999999999999s"},
      {{"--linger", "2x"}, "--linger", "2x"},
      {{"--max-connections", "many"}, "--max-connections", "many"},
      {{"--max-connections", "-1"}, "--max-connections", "-1"},
      {{"--max-line", "1e"}, "--max-line", "1e"},
      {{"--max-outbox", "99999999999999999999999"}, "--max-outbox", "99999999999999999999999"},
      {{"--max-memory", "lots"}, "--max-memory", "lots"},
      {{"--no-such-option"}, "--no-such-option", "--no-such-option"},
      {{"--no-such-option", "7"}, "--no-such-option", "--no-such-option"},
      {{"stray"}, "stray", "stray"},
      {{"--max-line", "2000000", "--max-outbox", "1000000"}, "--max-line", "--max-outbox"},
  };
  for (const Refused& row : table) {
    // Listeners that hurt nobody if the server should start after all.
    std::vector<std::string> arguments{"serve", "--tcp", "127.0.0.1:0", "--ws", "none"};
    arguments.insert(arguments.end(), row.arguments.begin(), row.arguments.end());
    const Outcome refused = run(arguments);
    const std::string shown = ::testing::PrintToString(row.arguments);
    EXPECT_EQ(refused.status, (ExitStatus{.code = 2})) << shown << refused.error;
    EXPECT_THAT(refused.output, IsEmpty()) << shown;
    EXPECT_THAT(refused.error, AnyOf(HasSubstr(row.named), HasSubstr(row.named_value))) << shown;
  }
}

TEST(Start, RefusesAnUnknownProgram) {
  const Outcome refused = run({"frobnicate"});
  EXPECT_EQ(refused.status, (ExitStatus{.code = 2}));
  EXPECT_THAT(refused.error, HasSubstr("frobnicate"));
  EXPECT_THAT(refused.output, IsEmpty());
}

TEST(Start, TakesEveryLimitAndEveryUnitOfTime) {
  ServerProcess server({"--max-connections", "10",     "--max-line",      "1000",
                        "--max-outbox",      "100000", "--max-memory",    "1000000",
                        "--stall-timeout",   "500ms",  "--login-timeout", "30s",
                        "--heartbeat",       "5m",     "--drain-timeout", "20s",
                        "--linger",          "1500ms", "--admin",         "none"});
  EXPECT_EQ(server.ready_line().admin, "none");
  finish(server);
}

TEST(Start, LetsTheLastOfARepeatedOptionWin) {
  ServerProcess server({"--max-line", "200", "--max-line", "100"});
  LineClient alice = peer(server, "alice");
  alice.send_line("alice: " + std::string(120, 'x'));
  EXPECT_THAT(alice.read_news(), StartsWith("! line too long"));
  finish(server, {&alice});

  ServerProcess wider({"--max-line", "100", "--max-line", "200"});
  LineClient bob = peer(wider, "bob");
  bob.send_line("bob: " + std::string(120, 'x'));
  EXPECT_EQ(bob.read_news(), "from bob: " + std::string(120, 'x'));
  finish(wider, {&bob});
}

TEST(Start, LetsAnEqualLineAndOutboxWorkTogether) {
  ServerProcess server({"--max-line", "5000", "--max-outbox", "5000"});
  finish(server);
}

// Until the WebSocket listener exists; then this test gives way to the ones of that listener.
TEST(Start, SurvivesThatNobodyReadsItsStandardOutput) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  server.process().close_standard_output();
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(alice), 0);
  EXPECT_EQ(server.wait_for_exit(), (ExitStatus{.code = 0}));
}

}  // namespace
}  // namespace lastword::end_to_end
