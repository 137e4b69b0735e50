// Messages, commands and errors on the line protocol: contract, section 1.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"

namespace lastword::end_to_end {
namespace {

using namespace std::string_literals;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Conversation, CarriesAMessageFromOnePeerToAnother) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  alice.send_line("bob: hello");
  EXPECT_EQ(bob.read_news(), "from alice: hello");
  bob.send_line("alice: hello yourself");
  EXPECT_EQ(alice.read_news(), "from bob: hello yourself");
  const ShutdownReport report = finish(server, {&alice, &bob});
  EXPECT_EQ(report.accepted, 2);
  EXPECT_EQ(report.deliveries.total, 2);
  EXPECT_EQ(report.deliveries.delivered, 2);
}

TEST(Conversation, HandsTheTextOnByteForByte) {
  struct Sent {
    std::string line;
    std::string received;
  };
  const std::vector<Sent> table{
      {"bob: hello", "hello"},
      {"bob:hello", "hello"},
      {"  bob  :  hello  ", "hello"},
      {"\tbob\t:\t hello \t ", "hello"},
      {"bob: a: b:c ::", "a: b:c ::"},
      {"bob: /who", "/who"},
      {"bob: ! not an error", "! not an error"},
      {"bob: * no information", "* no information"},
      {"bob: # , :", "# , :"},
      {"bob: inner  blanks\tstay", "inner  blanks\tstay"},
      {"bob: a\rb", "a\rb"},
      {"bob: cr before crlf\r\r", "cr before crlf\r"},
      {"bob: zero\0byte"s, "zero\0byte"s},
      {"bob: \x01\x02\x7f\x1b[31m", "\x01\x02\x7f\x1b[31m"},
      {"bob: not utf-8 \xff\xfe\xc3", "not utf-8 \xff\xfe\xc3"},
      {"bob: \u00e9\u20ac\U0001F600", "\u00e9\u20ac\U0001F600"},
      {"bob: \u00a0", "\u00a0"},
      {"bob:", ""},
      {"bob:   \t", ""},
      {"bob: \r", ""},
  };
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  for (const Sent& row : table) {
    alice.send_line(row.line);
    EXPECT_EQ(bob.read_news(), "from alice: " + row.received) << row.line;
  }
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  finish(server, {&alice, &bob});
}

TEST(Conversation, CarriesEveryByteValueButTheLineFeed) {
  std::string all_bytes = "<";
  for (int value = 0; value < 256; ++value) {
    if (value != '\n') all_bytes += static_cast<char>(value);
  }
  all_bytes += ">";
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  alice.send_line("alice: " + all_bytes);
  EXPECT_EQ(alice.read_news(), "from alice: " + all_bytes);
  finish(server, {&alice});
}

TEST(Conversation, TakesCrlfAndLfInOneConnection) {
  ServerProcess server;
  LineClient alice(server.tcp());
  alice.send("alice\r\nalice: one\r\nalice: two\nalice: three\r\n");
  EXPECT_EQ(alice.read_news(), "from alice: one");
  EXPECT_EQ(alice.read_news(), "from alice: two");
  EXPECT_EQ(alice.read_news(), "from alice: three");
  finish(server, {&alice});
}

TEST(Conversation, DoesNotMindHowTheBytesAreCut) {
  const std::string bytes = "bob: one\r\n\r\nbob: two\nbob:\nnobody: x\n/ping end\n";
  ServerProcess server;
  LineClient clock = peer(server, "clock");
  LineClient bob = peer(server, "bob");
  LineClient alice = peer(server, "alice");
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    alice.send(bytes.substr(0, cut));
    EXPECT_THAT(clock.catch_up(), IsEmpty());  // a turn of the server
    alice.send(bytes.substr(cut));
    EXPECT_EQ(alice.read_news(), "! undelivered nobody: not_connected") << cut;
    EXPECT_EQ(alice.read_line(), "* pong end") << cut;
    EXPECT_THAT(bob.catch_up(), ElementsAre("from alice: one", "from alice: two", "from alice: "))
        << cut;
  }
  finish(server, {&alice, &bob, &clock});
}

TEST(Conversation, SendsToSeveralPeersOnceEach) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  LineClient carol = peer(server, "carol");
  LineClient dave = peer(server, "dave");
  for (const std::string_view line :
       {"bob, carol: hi", "bob,carol: hi", " bob ,\tcarol : hi", "bob, , ,carol,: hi",
        ",,bob,carol: hi", "carol, bob, carol, bob, bob: hi"}) {
    alice.send_line(line);
    EXPECT_THAT(alice.catch_up(), IsEmpty()) << line;
    EXPECT_THAT(bob.catch_up(), ElementsAre("from alice: hi")) << line;
    EXPECT_THAT(carol.catch_up(), ElementsAre("from alice: hi")) << line;
  }
  EXPECT_THAT(dave.catch_up(), IsEmpty());
  const ShutdownReport report = finish(server, {&alice, &bob, &carol, &dave});
  EXPECT_EQ(report.accepted, 6);
  EXPECT_EQ(report.deliveries.total, 12);
  EXPECT_EQ(report.deliveries.delivered, 12);
}

TEST(Conversation, SendsToOneself) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  alice.send_line("alice: note to self");
  EXPECT_THAT(alice.catch_up(), ElementsAre("from alice: note to self"));
  alice.send_line("alice, bob, alice: all of us");
  EXPECT_THAT(alice.catch_up(), ElementsAre("from alice: all of us"));
  EXPECT_THAT(bob.catch_up(), ElementsAre("from alice: all of us"));
  EXPECT_EQ(finish(server, {&alice, &bob}).deliveries.delivered, 3);
}

TEST(Conversation, ReachesNamesWithBlanksAndOtherScripts) {
  ServerProcess server;
  LineClient alice = peer(server, "alice in wonderland");
  LineClient greek = peer(server, "\u0391\u03bb\u03af\u03ba\u03b7");
  alice.send_line(" \u0391\u03bb\u03af\u03ba\u03b7 , alice in wonderland: hi");
  EXPECT_EQ(greek.read_news(), "from alice in wonderland: hi");
  EXPECT_EQ(alice.read_news(), "from alice in wonderland: hi");
  finish(server, {&alice, &greek});
}

TEST(Conversation, ReportsEachAbsentOneAndReachesTheOthers) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  alice.send_line("nobody, bob, no one else, #empty room: hello");
  std::vector<std::string> reports = alice.catch_up();
  std::ranges::sort(reports);
  EXPECT_THAT(reports, ElementsAre("! undelivered #empty room: not_connected",
                                   "! undelivered no one else: not_connected",
                                   "! undelivered nobody: not_connected"));
  EXPECT_THAT(bob.catch_up(), ElementsAre("from alice: hello"));
  const ShutdownReport report = finish(server, {&alice, &bob});
  EXPECT_EQ(report.accepted, 1);
  EXPECT_EQ(report.deliveries.total, 4);
  EXPECT_EQ(report.deliveries.delivered, 1);
  EXPECT_EQ(report.deliveries.failed.not_connected, 3);
}

TEST(Conversation, ReportsARepeatedAbsentOneOnce) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  alice.send_line("nobody, nobody , nobody: hello");
  EXPECT_THAT(alice.catch_up(), ElementsAre("! undelivered nobody: not_connected"));
  EXPECT_EQ(finish(server, {&alice}).deliveries.total, 1);
}

TEST(Conversation, AcceptsAMessageThatReachesNobody) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  alice.send_line("nobody, no one: hello");
  EXPECT_EQ(alice.catch_up().size(), 2U);
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(alice), 1);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.accepted, 1);
  EXPECT_EQ(report.deliveries.failed.not_connected, 2);
}

TEST(Conversation, AnswersALineWithoutDestinationAndGoesOn) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  for (const std::string_view line : {"hello", "bob hello", "!", "* x", "#room", "\xff", "a, b"}) {
    alice.send_line(line);
    EXPECT_THAT(alice.catch_up(), ElementsAre(StartsWith("! no destination"))) << line;
  }
  EXPECT_EQ(finish(server, {&alice}).accepted, 0);
}

TEST(Conversation, DeliversNothingWhereAllDestinationsAreEmpty) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  for (const std::string_view line : {": hello", " : hello", ",: hello", " , , : hello"}) {
    alice.send_line(line);
    EXPECT_THAT(alice.catch_up(), Each(StartsWith("! "))) << line;
  }
  EXPECT_EQ(finish(server, {&alice}).deliveries.total, 0);
}

TEST(Conversation, AnswersAnUnknownCommandAndGoesOn) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  for (const std::string_view line :
       {"/frobnicate", "/", "/whom", "/pin g", "/frobnicate alice: hello"}) {
    alice.send_line(line);
    EXPECT_THAT(alice.catch_up(), ElementsAre(StartsWith("! unknown command"))) << line;
  }
  EXPECT_EQ(finish(server, {&alice}).accepted, 0);
}

TEST(Conversation, TakesAnEmptyLineForNothing) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  alice.send("\n\r\n\n\n\r\n");
  EXPECT_THAT(alice.catch_up_with_everything(), IsEmpty());
  EXPECT_EQ(finish(server, {&alice}).accepted, 0);
}

TEST(Conversation, AnswersAPing) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  alice.send_line("/ping token");
  EXPECT_EQ(alice.read_line(), "* pong token");
  alice.send_line("/ping bob: x");
  EXPECT_EQ(alice.read_line(), "* pong bob: x");
  alice.send_line("/ping");
  EXPECT_THAT(alice.read_line(), StartsWith("* pong"));
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  finish(server, {&alice});
}

TEST(Conversation, SaysWhoIsHere) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob the builder");
  LineClient nameless(server.tcp());
  alice.send_line("/who");
  std::vector<std::string> answer = alice.catch_up_with_everything();
  EXPECT_THAT(answer, Each(StartsWith("* ")));
  EXPECT_THAT(answer, Contains(HasSubstr("alice")));
  EXPECT_THAT(answer, Contains(HasSubstr("bob the builder")));

  bob.send_line("/quit");
  EXPECT_THAT(without_information(bob.read_until_end()), IsEmpty());
  bob.close();
  static_cast<void>(alice.catch_up());  // word of the departure may come, and names him once more
  alice.send_line("/who");
  answer = alice.catch_up_with_everything();
  EXPECT_THAT(answer, Contains(HasSubstr("alice")));
  EXPECT_THAT(answer, Not(Contains(HasSubstr("bob the builder"))));
  nameless.close();
  finish(server, {&alice});
}

TEST(Conversation, HelpsWithTheCommands) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  alice.send_line("/help");
  const std::vector<std::string> answer = alice.catch_up_with_everything();
  EXPECT_THAT(answer, Each(StartsWith("* ")));
  for (const std::string_view command : {"/who", "/ping", "/join", "/leave", "/quit"}) {
    EXPECT_THAT(answer, Contains(HasSubstr(std::string(command))));
  }
  finish(server, {&alice});
}

TEST(Conversation, AnswersInTheOrderOfTheLines) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  std::string burst;
  std::vector<std::string> expected;
  for (int round = 0; round < 200; ++round) {
    const std::string number = std::to_string(round);
    burst += "/ping " + number + "\nnobody: x\nalice: " + number + "\nno colon\n/nothing\n\n";
    expected.insert(expected.end(),
                    {"* pong " + number, "! undelivered nobody: not_connected",
                     "from alice: " + number, "! no destination", "! unknown command"});
  }
  alice.send(burst);
  for (const std::string& line : expected) EXPECT_THAT(alice.read_line(), StartsWith(line));
  finish(server, {&alice});
}

TEST(Conversation, GivesEveryPeerTheMessagesInOneOrder) {
  constexpr int message_count = 2000;
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  LineClient carol = peer(server, "carol");
  LineClient dave = peer(server, "dave");
  for (int number = 0; number < message_count; ++number) {
    alice.send_line("carol, dave: " + std::to_string(number));
    bob.send_line("dave, carol: " + std::to_string(number));
  }
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  const std::vector<std::string> carols = carol.catch_up();
  EXPECT_EQ(carols, dave.catch_up());
  for (const std::string sender : {"alice", "bob"}) {
    int next = 0;
    for (const std::string& line : carols) {
      if (!line.starts_with("from " + sender + ": ")) continue;
      ASSERT_EQ(line, "from " + sender + ": " + std::to_string(next));
      ++next;
    }
    EXPECT_EQ(next, message_count);
  }
  finish(server, {&alice, &bob, &carol, &dave});
}

}  // namespace
}  // namespace lastword::end_to_end
