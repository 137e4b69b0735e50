// The line protocol, as conversations (contract, section 1).
#include <gtest/gtest.h>

#include <string>

#include "tests/core/transcript.h"

namespace lastword::test {
namespace {

TEST(Conversation, CarriesAMessageToAPeer) {
  Transcript{}.play(R"(
    a > alice
    b > bob
    a > bob: hello
    b < from alice: hello
    b > alice:hello yourself
    a < from bob: hello yourself
    a .
    b .
  )");
}

TEST(Conversation, CarriesAMessageToOneself) {
  Transcript{}.play(R"(
    a > alice
    a > alice: note
    a < from alice: note
    a .
  )");
}

TEST(Conversation, SendsToEachOfSeveralPeersOnce) {
  Transcript{}.play(R"(
    a > alice
    b > bob
    c > carol
    a > bob,carol , ,bob,\tcarol: hi
    b < from alice: hi
    b .
    c < from alice: hi
    c .
    a .
  )");
}

TEST(Conversation, SplitsAtTheFirstColonAndTrimsTheText) {
  Transcript{}.play(R"(
    a > alice
    b > bob
    a >  bob\t:\t a:b : c \s
    b < from alice: a:b : c
    a > bob:
    b < from alice: 
    a > bob:   
    b < from alice: 
  )");
}

TEST(Conversation, DropsOneCarriageReturnBeforeTheLineFeed) {
  Transcript{}.play(R"(
    a > alice\r
    b > bob
    a > bob: one\r
    b < from alice: one
    a > bob: two\r\r
    b < from alice: two\r
  )");
}

TEST(Conversation, KeepsInnerBlanksOfNamesAndTrimsOuterOnes) {
  Transcript{}.play(R"(
    a >  \talice of  wonderland\t\s
    b > bob
    b > alice of  wonderland: hi
    a < from bob: hi
    b > alice of wonderland: hi
    b < ! undelivered alice of wonderland: not_connected
  )");
}

TEST(Conversation, IgnoresEmptyLinesBeforeAndAfterTheLogin) {
  Transcript{}.play(R"(
    a > 
    a > \r
    a > alice
    a > 
    a > \r
    a > /ping
    a < * pong
    a .
  )");
}

TEST(Conversation, RefusesABadNameAndCloses) {
  for (const std::string line : {" ", "a:b", "a,b", "a#b", "#room", "/help", "!x", "*x", "a\tb",
                                 "\x7F", "a\xC2\x80", "\xC3", "a\xFF", "a\x1F"}) {
    Transcript transcript;
    const auto client = transcript.client("a");
    transcript.pair.send(client, line);
    transcript.pair.send(client, "bob: lost?");
    transcript.pair.settle();
    const auto answer = transcript.pair.next_line(client);
    ASSERT_TRUE(answer.has_value()) << line;
    EXPECT_EQ(answer->rfind("! name ", 0), 0U) << *answer;
    EXPECT_EQ(transcript.pair.next_line(client), std::nullopt);
    EXPECT_TRUE(transcript.pair.has_ended(client));
    EXPECT_FALSE(transcript.pair.pipe(client).was_reset_by_server);
    EXPECT_EQ(transcript.pair.server.connection_count(), 0U);
    EXPECT_EQ(transcript.pair.books().accepted, 0U);
  }
}

TEST(Conversation, RefusesATakenNameUntilItIsFree) {
  Transcript transcript;
  transcript.play(R"(
    a > alice
    x > alice
    x < ! name is taken: alice
    x |
    a > /quit
    a < * goodbye: 0 of your lines were accepted
    a |
    y > alice
    y > alice: mine now
    y < from alice: mine now
  )");
}

TEST(Conversation, FreesTheNameWhenThePeerEnds) {
  Transcript{}.play(R"(
    a > alice
    a /
    a |
    b > alice
    b > /who
    b < * here: alice
  )");
}

TEST(Conversation, FreesTheNameWhenTheConnectionBreaks) {
  Transcript transcript;
  transcript.play("a > alice");
  transcript.pair.reset(transcript.client("a"));
  transcript.play(R"(
    b > alice
    b > /who
    b < * here: alice
  )");
}

TEST(Conversation, SaysWhatIsWrongWithALineAndGoesOn) {
  Transcript{}.play(R"(
    a > alice
    a > hello
    a < ! no destination: write NAME: TEXT or #ROOM: TEXT, or /help
    a > : hello
    a < ! no destination: write NAME: TEXT or #ROOM: TEXT, or /help
    a >  , ,: hello
    a < ! no destination: write NAME: TEXT or #ROOM: TEXT, or /help
    a > /dance
    a < ! unknown command: /help lists those there are
    a > /helping
    a < ! unknown command: /help lists those there are
    a > /
    a < ! unknown command: /help lists those there are
    a > /join
    a < ! no room: name one, as in /join #ROOM
    a > /ping still here
    a < * pong still here
  )");
}

TEST(Conversation, ReportsEachMissingPeerOnceAndDeliversToTheOthers) {
  Transcript transcript;
  transcript.play(R"(
    a > alice
    b > bob
    a > zoe, bob, zoe, #empty, yan, #empty: hi
    a < ! undelivered zoe: not_connected
    a < ! undelivered #empty: not_connected
    a < ! undelivered yan: not_connected
    a .
    b < from alice: hi
    b .
  )");
  EXPECT_EQ(transcript.pair.books().accepted, 1U);
  EXPECT_EQ(transcript.pair.books().total, 4U);
  EXPECT_EQ(transcript.pair.books().delivered, 1U);
  EXPECT_EQ(transcript.pair.failed(Failure::not_connected), 3U);
}

TEST(Conversation, AcceptsAMessageNoneOfWhoseDestinationsIsThere) {
  Transcript transcript;
  transcript.play(R"(
    a > alice
    a > nobody: hi
    a < ! undelivered nobody: not_connected
    a > /quit
    a < * goodbye: 1 of your lines were accepted
    a |
  )");
  EXPECT_EQ(transcript.pair.books().total, 1U);
}

TEST(Conversation, AnswersInTheOrderOfTheLines) {
  Transcript transcript;
  const auto alice = transcript.pair.log_in("alice");
  transcript.pair.send_bytes(alice, "/ping 1\nx\n/ping 2\nalice: 3\nnobody: 4\n/ping 5\n");
  transcript.pair.settle();
  EXPECT_EQ(transcript.pair.lines(alice),
            (std::vector<std::string>{
                "* pong 1", "! no destination: write NAME: TEXT or #ROOM: TEXT, or /help",
                "* pong 2", "from alice: 3", "! undelivered nobody: not_connected", "* pong 5"}));
}

TEST(Conversation, HelpsWithoutAnEmptyLine) {
  Transcript transcript;
  const auto alice = transcript.pair.log_in("alice");
  transcript.pair.send(alice, "/help");
  transcript.pair.settle();
  const auto lines = transcript.pair.lines(alice);
  ASSERT_GT(lines.size(), 3U);
  for (const std::string& line : lines) EXPECT_EQ(line.rfind("* ", 0), 0U) << line;
}

// --- Rooms -------------------------------------------------------------------------------------

TEST(Conversation, CarriesAMessageToEveryoneInARoomButTheSender) {
  Transcript{}.play(R"(
    a > alice
    b > bob
    c > carol
    a > /join #tea
    a < * you joined #tea, 1 member
    b > /join #tea
    b < * you joined #tea, 2 members
    a < * bob joined #tea
    a > #tea: milk?
    b < from alice in #tea: milk?
    a .
    c .
    c > #tea: may I?
    a < from carol in #tea: may I?
    b < from carol in #tea: may I?
    c .
  )");
}

TEST(Conversation, DeliversOnceToWhoIsMeantByNameAndByRoom) {
  Transcript{}.play(R"(
    a > alice
    b > bob
    c > carol
    b > /join #tea
    b < * you joined #tea, 1 member
    c > /join #tea
    c < * you joined #tea, 2 members
    b < * carol joined #tea
    a > bob, #tea: hi
    b < from alice: hi
    b .
    c < from alice in #tea: hi
    c .
    a > #tea, bob: ho
    b < from alice in #tea: ho
    b .
    c < from alice in #tea: ho
    c .
  )");
}

TEST(Conversation, TellsNothingOfARoomThatHoldsOnlyTheSender) {
  Transcript transcript;
  transcript.play(R"(
    a > alice
    a > /join #den
    a < * you joined #den, 1 member
    a > #den: echo?
    a .
    a > /leave #den
    a < * you left #den
    a > #den: echo?
    a < ! undelivered #den: not_connected
  )");
  EXPECT_EQ(transcript.pair.books().accepted, 2U);
  EXPECT_EQ(transcript.pair.books().total, 1U);
}

TEST(Conversation, TellsARoomWhoComesAndGoes) {
  Transcript transcript;
  transcript.play(R"(
    a > alice
    b > bob
    c > carol
    a > /join #tea
    a < * you joined #tea, 1 member
    b > /join #tea
    c > /join #tea
    a < * bob joined #tea
    a < * carol joined #tea
    b < * you joined #tea, 2 members
    b < * carol joined #tea
    c < * you joined #tea, 3 members
    a > /who #tea
    a < * in #tea: alice, bob, carol
    b > /leave #tea
    b < * you left #tea
    a < * bob left #tea
    c < * bob left #tea
    b > /leave #tea
    b < ! not in #tea
    a > /join #tea
    a < ! already in #tea
    c > /quit
    a < * carol left #tea
  )");
  transcript.pair.reset(transcript.client("a"));
  transcript.play(R"(
    b > /who #tea
    b < ! nobody is in #tea
  )");
}

TEST(Conversation, RefusesRoomNamesThatAreNone) {
  for (const std::string line : {"/join tea", "/join #", "/join # tea", "/join #a,b", "/join ##a",
                                 "/join #a:b", "/join #!a", "/leave x", "/who x"}) {
    Transcript transcript;
    const auto alice = transcript.pair.log_in("alice");
    transcript.pair.send(alice, line);
    transcript.pair.settle();
    const auto answer = transcript.pair.next_line(alice);
    ASSERT_TRUE(answer.has_value()) << line;
    EXPECT_EQ(answer->rfind("! bad room", 0), 0U) << *answer;
  }
}

TEST(Conversation, BoundsTheRoomsOfOnePeer) {
  Config config;
  config.rooms_per_peer_max = 2;
  Transcript{config}.play(R"(
    a > alice
    a > /join #1
    a < * you joined #1, 1 member
    a > /join #2
    a < * you joined #2, 1 member
    a > /join #3
    a < ! too many rooms: you are in 2, the most there may be; /leave one first
    a > /leave #1
    a < * you left #1
    a > /join #3
    a < * you joined #3, 1 member
  )");
}

// --- Ends --------------------------------------------------------------------------------------

TEST(Conversation, HandlesTheCompleteLinesOfAPeerThatEnds) {
  Transcript transcript;
  const auto bob = transcript.pair.log_in("bob");
  const auto alice = transcript.pair.connect();
  transcript.pair.send_bytes(alice, "alice\nbob: one\nalice: two\nbob: half a li");
  transcript.pair.end(alice);
  transcript.pair.settle();
  EXPECT_EQ(transcript.pair.lines(bob), (std::vector<std::string>{"from alice: one"}));
  EXPECT_EQ(transcript.pair.lines(alice), (std::vector<std::string>{"from alice: two"}));
  EXPECT_TRUE(transcript.pair.has_ended(alice));
  EXPECT_EQ(transcript.pair.books().connections_clean, 1U);
}

TEST(Conversation, SaysGoodbyeToWhoQuits) {
  Transcript transcript;
  transcript.play(R"(
    a > alice
    b > bob
    a > bob: 1
    a > bob: 2
    a > /quit
    a < * goodbye: 2 of your lines were accepted
    a |
    b < from alice: 1
    b < from alice: 2
    b > alice: 3
    b < ! undelivered alice: not_connected
  )");
  EXPECT_EQ(transcript.pair.server.connection_count(), 1U);
}

}  // namespace
}  // namespace lastword::test
