// The first line: contract, section 1.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

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

constexpr std::size_t name_bytes_max = 64;

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t index = 0; index < count; ++index) all += text;
  return all;
}

// The one line that a refused client gets before the end, and nothing else with it.
void expect_refused(LineClient& client, std::string_view shown) {
  const std::vector<std::string> lines = client.read_until_end();
  EXPECT_THAT(lines, ElementsAre(StartsWith("! name "))) << shown;
  EXPECT_EQ(client.ending(), Ending::finished) << shown;
  EXPECT_EQ(client.unfinished_line(), "") << shown;
  client.close();
}

TEST(Login, TakesEveryNameWithinTheRules) {
  ServerProcess server;
  const std::vector<std::string> names{
      "a",
      "alice",
      "with inner  spaces",
      std::string(name_bytes_max, 'n'),
      repeated("\u00e9", name_bytes_max / 2),      // é, two bytes each
      repeated("\u20ac", 21) + "x",                // €, three bytes each: 64
      repeated("\U0001F600", name_bytes_max / 4),  // four bytes each
      "a/b!c*d",                                   // forbidden only as the first character
      "\u00a0",                                    // the first character after C1
      "\u07ff\u0800\ud7ff\ue000\uffff",            // the edges of UTF-8's lengths
      "\U00010000\U0010ffff",                      // and of Unicode
      "~ }|{ _^]\\[@?>=<;.-+)('&%$\"",
  };
  LineClient witness = peer(server, "witness");
  for (const std::string& name : names) {
    LineClient client = peer(server, name);
    witness.send_line(name + ": hello");
    EXPECT_EQ(client.read_news(), "from witness: hello");
    client.send_line("witness: here");
    EXPECT_EQ(witness.read_news(), "from " + name + ": here");
    client.close();
  }
  finish(server, {&witness});
}

TEST(Login, RefusesEveryNameOutsideTheRulesAndCloses) {
  using namespace std::string_literals;
  ServerProcess server;
  std::vector<std::string> names{
      std::string(name_bytes_max + 1, 'n'),
      repeated("\u00e9", name_bytes_max / 2) + "x",
      repeated("\u20ac", 22),
      std::string(1000, 'n'),
      "a,b",
      "a:b",
      "a#b",
      ",",
      ":",
      "#",
      "#room",
      "/",
      "/who",
      "/ping x",
      "!",
      "!name",
      "*",
      "*name",
      "bob: hello",
      "a\0b"s,
      "a\tb",
      "a\x01",
      "a\x1f"
      "b",
      "a\x7f",
      "a\u0080",
      "a\u0085z",
      "a\u009f",
      "a\rb",
      "\r\r",  // at most one is dropped, and the other is a control character
      "\x80",  // a continuation without a beginning
      "a\xbf",
      "\xc0\x80",  // overlong
      "\xc1\xbf",
      "\xe0\x80\x80",
      "\xe0\x9f\xbf",
      "\xf0\x80\x80\x80",
      "\xf0\x8f\xbf\xbf",
      "\xed\xa0\x80",  // surrogates
      "\xed\xbf\xbf",
      "\xf4\x90\x80\x80",  // beyond U+10FFFF
      "\xf5\x80\x80\x80",
      "\xff",
      "\xfe",
      "a\xc3",  // cut off
      "a\xe2\x82",
      "a\xf0\x9f\x98",
      "\xe2\x82 ",
      "\xc3(",
  };
  for (const std::string& name : names) {
    for (const std::string_view end : {"\n", "\r\n"}) {
      LineClient client(server.tcp());
      client.send(name + std::string(end));
      expect_refused(client, ::testing::PrintToString(name));
    }
  }
  finish(server);
}

TEST(Login, TrimsBlanksAroundTheNameAndDropsOneCarriageReturn) {
  ServerProcess server;
  LineClient witness = peer(server, "witness");
  for (const std::string_view line :
       {"alice\n", "  alice\n", "alice \t \n", "\t alice\r\n", " \t alice  \r\n"}) {
    LineClient alice(server.tcp());
    alice.send(line);
    EXPECT_THAT(alice.catch_up(), IsEmpty());
    witness.send_line("alice: hello");
    EXPECT_EQ(alice.read_news(), "from witness: hello");
    alice.send_line("/quit");
    EXPECT_THAT(without_information(alice.read_until_end()), IsEmpty());
    alice.close();
  }
  finish(server, {&witness});
}

TEST(Login, CountsTheBytesOfANameAfterTrimming) {
  ServerProcess server;
  LineClient alice(server.tcp());
  alice.login("   " + std::string(name_bytes_max, 'n') + "   ");
  finish(server, {&alice});
}

TEST(Login, IgnoresEmptyLinesBeforeTheName) {
  ServerProcess server;
  LineClient alice(server.tcp());
  alice.send("\n\r\n\n");
  alice.login("alice");
  alice.send_line("alice: here");
  EXPECT_EQ(alice.read_news(), "from alice: here");
  finish(server, {&alice});
}

TEST(Login, TakesANameThatArrivesByteByByte) {
  ServerProcess server;
  LineClient clock = peer(server, "clock");
  LineClient alice(server.tcp());
  for (const char byte : std::string_view("\u20ac ali")) {
    alice.send({&byte, 1});
    EXPECT_THAT(clock.catch_up(), IsEmpty());  // a turn of the server
  }
  alice.login("ce");
  clock.send_line("\u20ac alice: hello");
  EXPECT_EQ(alice.read_news(), "from clock: hello");
  finish(server, {&clock, &alice});
}

TEST(Login, RefusesATakenNameAndLeavesItsOwnerAlone) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  for (const std::string_view line : {"alice\n", "  alice \r\n"}) {
    LineClient second(server.tcp());
    second.send(line);
    expect_refused(second, line);
  }
  alice.send_line("alice: still here");
  EXPECT_THAT(alice.catch_up(), ElementsAre("from alice: still here"));
  finish(server, {&alice});
}

TEST(Login, TellsNamesApartByTheirBytes) {
  ServerProcess server;
  LineClient small = peer(server, "alice");
  LineClient large = peer(server, "Alice");
  LineClient composed = peer(server, "\u00e9");
  LineClient decomposed = peer(server, "e\u0301");
  small.send_line("Alice, \u00e9: hello");
  EXPECT_THAT(small.catch_up(), IsEmpty());
  EXPECT_THAT(large.catch_up(), ElementsAre("from alice: hello"));
  EXPECT_THAT(composed.catch_up(), ElementsAre("from alice: hello"));
  EXPECT_THAT(decomposed.catch_up(), IsEmpty());
  finish(server, {&small, &large, &composed, &decomposed});
}

TEST(Login, GivesARefusedNameToTheNext) {
  ServerProcess server;
  LineClient refused(server.tcp());
  refused.send_line("bad:name");
  expect_refused(refused, "bad:name");
  LineClient alice = peer(server, "bad");
  finish(server, {&alice});
}

TEST(Login, LetsNobodySendBeforeIt) {
  ServerProcess server;
  LineClient bob = peer(server, "bob");
  LineClient eager(server.tcp());
  eager.send("bob: not logged in\nbob: again\n/ping x\n/join #room\n");
  expect_refused(eager, "bob: not logged in");
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  EXPECT_EQ(finish(server, {&bob}).accepted, 0);
}

TEST(Login, HandlesNothingThatFollowsABadName) {
  ServerProcess server;
  LineClient bob = peer(server, "bob");
  LineClient second_bob(server.tcp());
  second_bob.send("bob\nalice\nbob: hello\n/who\n");
  expect_refused(second_bob, "bob");
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  bob.send_line("alice: are you there");
  EXPECT_EQ(bob.read_news(), "! undelivered alice: not_connected");
  finish(server, {&bob});
}

// A close with unread input makes a reset, and the reset destroys the line on its way.
TEST(Login, DeliversTheErrorThoughTheClientHadSentMore) {
  ServerProcess server;
  LineClient bob = peer(server, "bob");
  for (const std::size_t size : {1U, 1000U, 200'000U}) {
    LineClient client(server.tcp());
    client.stop_reading();
    client.send("bad:name\n" + std::string(size, 'x') + "\nbob: hello\n");
    client.flush();
    EXPECT_THAT(bob.catch_up(), IsEmpty());
    client.start_reading();
    expect_refused(client, std::to_string(size));
  }
  finish(server, {&bob});
}

TEST(Login, DeliversTheErrorThoughTheClientGoesOnSending) {
  ServerProcess server;
  LineClient client(server.tcp());
  client.send("bad:name\n");
  // As fast as the kernel takes it, up to the end of file.
  pump_until({&client}, "the end of the connection", [&client] {
    if (client.unsent_bytes() < 1000) client.send(std::string(5000, 'x'));
    return client.ending() != Ending::open;
  });
  expect_refused(client, "bad:name");
  finish(server);
}

TEST(Login, TimesOutWithALineAndAClose) {
  ServerProcess server({"--login-timeout", "300ms"});
  LineClient silent(server.tcp());
  LineClient half_typed(server.tcp());
  half_typed.send("ali");
  expect_refused(silent, "silent");
  expect_refused(half_typed, "half typed");
  finish(server);
}

// A peer of a server whose login timeout is short. Where the machine is so slow that the login
// itself times out, it comes back.
LineClient peer_in_time(const ServerProcess& server, std::string_view name) {
  for (const Watchdog watchdog("a login in time");; watchdog.check()) {
    LineClient client(server.tcp());
    client.send(std::string(name) + "\n/ping in\n");
    std::string line = client.read_line();
    while (is_information(line) && line != "* pong in") line = client.read_line();
    if (line == "* pong in") return client;
  }
}

TEST(Login, TimesOutInSpiteOfTraffic) {
  ServerProcess server({"--login-timeout", "500ms"});
  LineClient clock = peer_in_time(server, "clock");
  LineClient empty_lines(server.tcp());
  LineClient byte_by_byte(server.tcp());
  const Watchdog watchdog("the login timeout");
  while (empty_lines.ending() == Ending::open || byte_by_byte.ending() == Ending::open) {
    watchdog.check();
    empty_lines.send("\n");
    byte_by_byte.send("x");
    EXPECT_THAT(clock.catch_up(), IsEmpty());  // a turn of the server
    empty_lines.handle_events(POLLIN);
    byte_by_byte.handle_events(POLLIN);
  }
  expect_refused(empty_lines, "empty lines");
  expect_refused(byte_by_byte, "byte by byte");
  finish(server, {&clock});
}

TEST(Login, DoesNotTimeOutOnceItIsDone) {
  ServerProcess server({"--login-timeout", "500ms"});
  LineClient alice = peer_in_time(server, "alice");
  LineClient silent(server.tcp());
  expect_refused(silent, "silent");  // who came later has timed out
  alice.send_line("alice: still here");
  EXPECT_EQ(alice.read_news(), "from alice: still here");
  finish(server, {&alice});
}

TEST(Login, EndsAConnectionThatEndsBeforeIt) {
  ServerProcess server;
  LineClient silent(server.tcp());
  silent.half_close();
  EXPECT_THAT(silent.read_until_end(), IsEmpty());
  LineClient half_typed(server.tcp());
  half_typed.send("alice");
  half_typed.half_close();
  EXPECT_THAT(half_typed.read_until_end(), IsEmpty());
  EXPECT_EQ(half_typed.ending(), Ending::finished);
  LineClient alice = peer(server, "alice");
  finish(server, {&alice});
}

}  // namespace
}  // namespace lastword::end_to_end
