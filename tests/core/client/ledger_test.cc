#include "core/client/ledger.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lastword::client {
namespace {

constexpr std::size_t overhead = 48;

Ledger of(const std::vector<std::string>& lines, std::size_t bytes_max = 10'000) {
  Ledger ledger{bytes_max};
  for (const std::string& line : lines) ledger.give(line, LineKind::message);
  return ledger;
}

std::vector<std::string> waiting(Ledger ledger) {
  std::vector<std::string> lines;
  while (ledger.has_waiting()) {
    lines.emplace_back(ledger.waiting().text);
    ledger.sent(1'000'000 + lines.size());
  }
  ledger.check_invariants();
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Ledger, HasRoomUpToItsBound) {
  Ledger ledger{3 * (overhead + 10)};
  const std::string line(10, 'x');
  for (int number = 0; number < 3; ++number) {
    EXPECT_TRUE(ledger.has_room(10));
    ledger.give(line, LineKind::message);
  }
  EXPECT_FALSE(ledger.has_room(0));
  ledger.settle();
  EXPECT_TRUE(ledger.has_room(10));
  EXPECT_FALSE(ledger.has_room(11));
}

TEST(Ledger, AnEmptyOneTakesALineOfAnySize) {
  Ledger ledger{10};
  EXPECT_TRUE(ledger.has_room(1'000'000));
  ledger.give("x", LineKind::message);
  EXPECT_FALSE(ledger.has_room(0));
}

TEST(Ledger, NumbersLinesInTheOrderInWhichTheyWereGiven) {
  Ledger ledger = of({"a", "b", "c"});
  EXPECT_EQ(ledger.front().number, 1U);
  EXPECT_EQ(ledger.at(2).number, 3U);
  EXPECT_EQ(ledger.last_sent(), 0U);
  ledger.sent(2);
  EXPECT_EQ(ledger.last_sent(), 1U);
  ledger.settle();
  EXPECT_EQ(ledger.front().number, 2U);
  EXPECT_EQ(ledger.last_sent(), 1U);
  EXPECT_EQ(ledger.first_number(), 2U);
}

TEST(Ledger, OnlyLinesWhoseLastByteWasWrittenMayHaveArrived) {
  for (std::uint64_t written = 0; written <= 9; ++written) {
    Ledger ledger = of({"a", "b", "c", "d"});
    for (const std::uint64_t end : {2U, 5U, 9U}) ledger.sent(end);
    const std::size_t expected = written < 2 ? 0 : written < 5 ? 1 : written < 9 ? 2 : 3;
    EXPECT_EQ(ledger.unsend(written), expected) << written;
    EXPECT_EQ(waiting(ledger), (Lines{"a", "b", "c", "d"})) << "all wait again until they are void";
    ledger.check_invariants();
  }
}

TEST(Ledger, AVoidLineIsNeitherSentNorCounted) {
  Ledger ledger = of({"a", "b", "c", "d"});
  ledger.sent(2);
  ledger.sent(4);
  EXPECT_EQ(ledger.unsend(4), 2U);
  ledger.void_at(1);
  EXPECT_EQ(ledger.size(), 3U);
  EXPECT_EQ(waiting(ledger), (Lines{"a", "c", "d"}));
  ledger.void_at(0);
  EXPECT_EQ(waiting(ledger), (Lines{"c", "d"}));
  EXPECT_TRUE(ledger.front().is_void);
  ledger.settle();
  ledger.settle();
  EXPECT_EQ(ledger.front().text, "c");
  EXPECT_EQ(ledger.size(), 2U);
  ledger.check_invariants();
}

TEST(Ledger, TheFirstThatWaitsMayBecomeVoid) {
  Ledger ledger = of({"a", "b", "c"});
  ledger.sent(2);
  ledger.void_at(1);  // refused before it was sent
  EXPECT_EQ(ledger.waiting().text, "c");
  ledger.sent(6);
  EXPECT_FALSE(ledger.has_waiting());
  ledger.check_invariants();
  EXPECT_EQ(ledger.unsend(6), 3U);
  EXPECT_EQ(waiting(ledger), (Lines{"a", "c"}));
}

TEST(Ledger, OneThatIsAllVoidIsStillToBeEmptied) {
  Ledger ledger = of({"a"});
  ledger.void_at(0);
  EXPECT_EQ(ledger.size(), 0U);
  EXPECT_FALSE(ledger.is_empty());
  EXPECT_FALSE(ledger.has_waiting());
  ledger.settle();
  EXPECT_TRUE(ledger.is_empty());
}

TEST(Ledger, ItsDigestTellsStatesApart) {
  const auto digest = [](const Ledger& ledger) {
    Digest result;
    ledger.add_to(result);
    return result.value();
  };
  const Ledger one = of({"a", "b"});
  Ledger sent = one;
  sent.sent(2);
  Ledger voided = one;
  voided.void_at(1);
  EXPECT_EQ(digest(one), digest(of({"a", "b"})));
  EXPECT_NE(digest(one), digest(sent));
  EXPECT_NE(digest(one), digest(voided));
  EXPECT_NE(digest(one), digest(of({"ab"})));
}

}  // namespace
}  // namespace lastword::client
