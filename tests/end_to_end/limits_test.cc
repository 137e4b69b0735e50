// Limits and ill-behaved clients: contract, sections 1 and 5.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"
#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::size_t memory_growth_max = 32 * mebibyte;

constexpr std::size_t line_bytes_max = 100;
const std::vector<std::string> short_lines{"--max-line", std::to_string(line_bytes_max)};

// `alice: xxx...` of so many bytes, its end included.
std::string line_of(std::size_t bytes, std::string_view end) {
  const std::string start = "alice: ";
  return start + std::string(bytes - start.size() - end.size(), 'x') + std::string(end);
}

std::string received_of(std::size_t bytes, std::string_view end) {
  std::string line = line_of(bytes, end);
  line.resize(bytes - end.size());
  return "from " + line;
}

TEST(LineLimit, TakesALineOfExactlyTheLimit) {
  ServerProcess server(short_lines);
  LineClient alice = peer(server, "alice");
  for (const std::string_view end : {"\n", "\r\n"}) {
    for (const std::size_t bytes : {line_bytes_max - 1, line_bytes_max}) {
      alice.send(line_of(bytes, end));
      EXPECT_THAT(alice.catch_up(), ElementsAre(received_of(bytes, end)));
    }
  }
  finish(server, {&alice});
}

TEST(LineLimit, RefusesALineOfOneByteMoreAndGoesOn) {
  ServerProcess server(short_lines);
  LineClient alice = peer(server, "alice");
  // A CRLF is two bytes of the line, even if the first of them is dropped later.
  for (const std::string_view end : {"\n", "\r\n"}) {
    for (const std::size_t bytes : {line_bytes_max + 1, line_bytes_max + 2, 2 * line_bytes_max,
                                    100 * line_bytes_max, 10'000 * line_bytes_max}) {
      alice.send(line_of(bytes, end) + "alice: next\n");
      EXPECT_THAT(alice.catch_up(), ElementsAre(StartsWith("! line too long"), "from alice: next"))
          << bytes;
    }
  }
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(alice), 10);
  EXPECT_EQ(expect_exit(server, 0).accepted, 10);
}

TEST(LineLimit, AnswersEachLongLineOnceAndInItsPlace) {
  ServerProcess server(short_lines);
  LineClient alice = peer(server, "alice");
  const std::string long_line(line_bytes_max * 3, 'x');
  alice.send("/ping 1\n" + long_line + "\n" + long_line + "\n/ping 2\n" + long_line +
             "\n\nalice: end\n");
  EXPECT_EQ(alice.read_line(), "* pong 1");
  EXPECT_THAT(alice.read_line(), StartsWith("! line too long"));
  EXPECT_THAT(alice.read_line(), StartsWith("! line too long"));
  EXPECT_EQ(alice.read_line(), "* pong 2");
  EXPECT_THAT(alice.read_line(), StartsWith("! line too long"));
  EXPECT_EQ(alice.read_line(), "from alice: end");
  finish(server, {&alice});
}

TEST(LineLimit, DoesNotMindHowALongLineIsCut) {
  ServerProcess server(short_lines);
  LineClient clock = peer(server, "clock");
  LineClient alice = peer(server, "alice");
  const std::string bytes = line_of(line_bytes_max + 1, "\n") + line_of(line_bytes_max, "\n");
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    alice.send(bytes.substr(0, cut));
    EXPECT_THAT(clock.catch_up(), IsEmpty());  // a turn of the server
    alice.send(bytes.substr(cut));
    EXPECT_THAT(alice.catch_up(),
                ElementsAre(StartsWith("! line too long"), received_of(line_bytes_max, "\n")))
        << cut;
  }
  finish(server, {&alice, &clock});
}

TEST(LineLimit, Is65536BytesWhereNobodySaysOtherwise) {
  constexpr std::size_t line_bytes_default = 65536;
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  alice.send(line_of(line_bytes_default, "\n") + line_of(line_bytes_default + 1, "\n"));
  EXPECT_THAT(alice.catch_up(),
              ElementsAre(received_of(line_bytes_default, "\n"), StartsWith("! line too long")));
  finish(server, {&alice});
}

TEST(LineLimit, KeepsMemoryFlatUnderALineWithoutEnd) {
  constexpr int mebibyte_count = 100;
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  const MemoryWatch memory(server.process());
  const std::string piece(mebibyte, 'x');
  alice.send("bob: ");
  for (int number = 0; number < mebibyte_count; ++number) {
    alice.send(piece);
    alice.flush();
  }
  alice.send("\nbob: and on it goes\n");
  EXPECT_THAT(alice.catch_up(), ElementsAre(StartsWith("! line too long")));
  EXPECT_THAT(bob.catch_up(), ElementsAre("from alice: and on it goes"));
  memory.expect_growth_below(memory_growth_max);
  EXPECT_EQ(finish(server, {&alice, &bob}).accepted, 1);
}

TEST(LineLimit, KeepsMemoryFlatUnderANameWithoutEnd) {
  constexpr int mebibyte_count = 20;
  ServerProcess server;
  LineClient endless(server.tcp());
  const MemoryWatch memory(server.process());
  const std::string piece(mebibyte, 'x');
  for (int number = 0; number < mebibyte_count; ++number) {
    endless.send(piece);
    endless.flush();
  }
  LineClient alice = peer(server, "alice");
  memory.expect_growth_below(memory_growth_max);
  endless.close();
  finish(server, {&alice});
}

TEST(ConnectionLimit, RefusesOneMoreAndServesTheOthers) {
  ServerProcess server({"--max-connections", "2"});
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  for (const std::string_view bytes : {"", "carol\n", "carol\nalice: hello\n/ping x\n"}) {
    LineClient refused(server.tcp());
    refused.send(bytes);
    EXPECT_THAT(refused.read_until_end(), ElementsAre("! server is full"));
    EXPECT_EQ(refused.ending(), Ending::finished);
  }
  alice.send_line("bob: just us");
  EXPECT_EQ(bob.read_news(), "from alice: just us");
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  EXPECT_EQ(finish(server, {&alice, &bob}).accepted, 1);
}

TEST(ConnectionLimit, CountsWhoHasNotLoggedIn) {
  ServerProcess server({"--max-connections", "1"});
  LineClient nameless(server.tcp());
  LineClient refused(server.tcp());
  EXPECT_THAT(refused.read_until_end(), ElementsAre("! server is full"));
  refused.close();
  nameless.login("alice");
  finish(server, {&nameless});
}

TEST(ConnectionLimit, GivesAPlaceThatIsFreeAgain) {
  ServerProcess server({"--max-connections", "2"});
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  bob.send_line("/quit");
  EXPECT_THAT(without_information(bob.read_until_end()), IsEmpty());
  bob.close();
  // The place is free once the server has seen the close: a matter of turns, not of time.
  for (const Watchdog watchdog("a free place");; watchdog.check()) {
    LineClient carol(server.tcp());
    carol.send("carol\n/ping in\n");
    std::string line = carol.read_line();
    while (is_information(line) && line != "* pong in") line = carol.read_line();
    if (line != "* pong in") {
      EXPECT_EQ(line, "! server is full");
      continue;
    }
    carol.send_line("alice: I am in");
    EXPECT_EQ(alice.read_news(), "from carol: I am in");
    carol.send_line("/quit");
    EXPECT_THAT(without_information(carol.read_until_end()), IsEmpty());
    break;
  }
  finish(server, {&alice});
}

// This process needs as many descriptors as the server.
bool can_open_descriptors(rlim_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < count) return false;
  if (limit.rlim_cur >= count) return true;
  limit.rlim_cur = count;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

TEST(Crowd, OfAThousandSilentConnectionsDoesNotDisturbTwoTalkers) {
  constexpr std::size_t silent_count = 1000;
  constexpr int message_count = 1000;
  if (!can_open_descriptors(2 * silent_count)) GTEST_SKIP() << "too few descriptors allowed";
  ServerProcess server({"--max-connections", "2000"});
  LineClient alice = peer(server, "alice");
  std::vector<LineClient> silent;
  for (std::size_t index = 0; index < silent_count; ++index) silent.emplace_back(server.tcp());
  LineClient bob = peer(server, "bob");  // came last, so all the silent ones are inside
  for (int number = 0; number < message_count; ++number) {
    alice.send_line("bob: " + std::to_string(number));
    EXPECT_EQ(bob.read_news(), "from alice: " + std::to_string(number));
  }
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(alice), message_count);
  EXPECT_EQ(expect_goodbye(bob), 0);
  for (LineClient& client : silent) {
    EXPECT_THAT(client.read_until_end(), IsEmpty());
    EXPECT_EQ(client.ending(), Ending::finished);
    client.close();
  }
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_EQ(report.connections.total, static_cast<std::int64_t>(silent_count) + 2);
  EXPECT_EQ(report.connections.failed, 0);
}

TEST(Storm, OfConnectsAndResetsDoesNotDisturbTwoTalkers) {
  constexpr int round_count = 500;
  const std::vector<std::string> beginnings{"",
                                            "stor",
                                            "storm\n",
                                            "storm\nbob: half",
                                            "storm\n/join #tea\n",
                                            "bob\n",
                                            "bad:name\n",
                                            "storm\n/quit\n",
                                            "storm\nstorm, stor, nobody: hello\n",
                                            "\n\n\n"};
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  for (int round = 0; round < round_count; ++round) {
    LineClient resetting(server.tcp());
    resetting.send(beginnings[static_cast<std::size_t>(round) % beginnings.size()]);
    LineClient closing(server.tcp());
    closing.send(beginnings[static_cast<std::size_t>(round / 3) % beginnings.size()]);
    alice.send_line("bob: " + std::to_string(round));
    if (round % 2 == 0) {
      EXPECT_EQ(bob.read_news(), "from alice: " + std::to_string(round));
    }
    resetting.reset();
    closing.close();
    if (round % 2 == 1) {
      EXPECT_EQ(bob.read_news(), "from alice: " + std::to_string(round));
    }
  }
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  finish(server, {&alice, &bob});
}

}  // namespace
}  // namespace lastword::end_to_end
