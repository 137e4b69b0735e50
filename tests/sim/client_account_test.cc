// What a production client says of its lines, and what may be wrong with it.
#include "sim/client_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/reference_frames.h"

namespace lastword::sim {
namespace {

using client::IfUnknown;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using Kind = client::Event::Kind;
using Accepted = std::vector<std::string>;

// Lines 1 to 3 are messages with the texts "one", "two" and "three", and all of them have left.
ClientAccount account_of_three(IfUnknown if_unknown = IfUnknown::report) {
  ClientAccount account{if_unknown};
  account.connects(Transport::lines);
  account.wrote("ann\n");
  for (const std::string_view line : {"bob: one", "bob: two", "bob: three"}) {
    account.given(line);
    account.wrote(line);
    account.wrote("\n");
  }
  return account;
}

void tell(ClientAccount& account, Kind kind, client::LineNumber line) {
  account.told({.kind = kind, .line = line});
}

// --- Fates --------------------------------------------------------------------------------------

TEST(ClientAccount, FindsNothingWrongWhereEachLineIsAcceptedOnce) {
  const ClientAccount account = account_of_three();
  EXPECT_EQ(account.size(), 3U);
  EXPECT_EQ(account.complaint(Accepted{"one", "two", "three"}, 3), std::nullopt);
  EXPECT_EQ(account.complaint(Accepted{}, 0), std::nullopt) << "nothing is said of them yet";
  EXPECT_EQ(account.complaint(Accepted{"one"}, 1), std::nullopt);
  EXPECT_EQ(account.complaint(Accepted{"one", "two"}, 0), std::nullopt) << "it may not know yet";
}

TEST(ClientAccount, ComplainsOfALineThatCountsAsAcceptedAndIsNot) {
  const ClientAccount account = account_of_three();
  EXPECT_THAT(account.complaint(Accepted{"one", "three"}, 3),
              Optional(HasSubstr("line 2 (two) counts as accepted")));
}

TEST(ClientAccount, ComplainsOfALineThatIsAcceptedTwice) {
  const ClientAccount account = account_of_three();
  EXPECT_THAT(account.complaint(Accepted{"one", "two", "two"}, 2),
              Optional(HasSubstr("line 2 (two) was accepted 2 times")));
}

TEST(ClientAccount, ComplainsOfLinesInAnotherOrder) {
  const ClientAccount account = account_of_three();
  EXPECT_THAT(account.complaint(Accepted{"two", "one", "three"}, 3),
              Optional(HasSubstr("line 1 was accepted behind line 2")));
}

TEST(ClientAccount, ComplainsOfALineThatNobodyGave) {
  const ClientAccount account = account_of_three();
  EXPECT_THAT(account.complaint(Accepted{"one", "four"}, 1),
              Optional(HasSubstr("what was never given: four")));
}

TEST(ClientAccount, LetsUnknownLinesBeAcceptedOnceOrNotAtAll) {
  ClientAccount account = account_of_three();
  tell(account, Kind::unknown, 2);
  EXPECT_EQ(account.complaint(Accepted{"one", "three"}, 3), std::nullopt);
  EXPECT_EQ(account.complaint(Accepted{"one", "two", "three"}, 3), std::nullopt);
  EXPECT_THAT(account.complaint(Accepted{"one", "two", "three", "two"}, 3),
              Optional(HasSubstr("was accepted 2 times")));
}

TEST(ClientAccount, LetsALineThatWasSentAgainBeThereTwiceAndLate) {
  ClientAccount account = account_of_three(IfUnknown::resend);
  tell(account, Kind::resent, 1);
  EXPECT_EQ(account.complaint(Accepted{"one", "two", "one", "three"}, 3), std::nullopt);
  EXPECT_THAT(account.complaint(Accepted{"two", "three"}, 3),
              Optional(HasSubstr("line 1 (one) counts as accepted")))
      << "and not at all is once too little";
}

TEST(ClientAccount, ComplainsOfARefusedOrUnsentLineThatIsAccepted) {
  for (const Kind kind : {Kind::refused, Kind::unsent}) {
    ClientAccount account = account_of_three();
    tell(account, kind, 3);
    EXPECT_EQ(account.complaint(Accepted{"one", "two"}, 3), std::nullopt);
    EXPECT_THAT(account.complaint(Accepted{"one", "two", "three"}, 3),
                Optional(HasSubstr("line 3 (three) counts as ")));
  }
}

// What was sent again is not known to be there, even if it was never sent in the end.
TEST(ClientAccount, LetsALineThatWasSentAgainBeUnsentInTheEnd) {
  ClientAccount account = account_of_three(IfUnknown::resend);
  tell(account, Kind::resent, 3);
  tell(account, Kind::unsent, 3);
  EXPECT_EQ(account.complaint(Accepted{"one", "two", "three"}, 3), std::nullopt);
}

TEST(ClientAccount, IsNotAboutCommandsAndMistakes) {
  ClientAccount account{IfUnknown::report};
  for (const std::string_view line : {"/who", "no destination", ""}) account.given(line);
  tell(account, Kind::refused, 2);
  EXPECT_EQ(account.complaint(Accepted{}, 3), std::nullopt);
  EXPECT_EQ(account.size(), 3U);
}

TEST(ClientAccount, PassesOverEventsThatAreAboutNoLine) {
  ClientAccount account = account_of_three();
  account.told({.kind = Kind::state});
  tell(account, Kind::skipped, 0);
  tell(account, Kind::unknown, 4);
  EXPECT_EQ(account.complaint(Accepted{"one", "two", "three"}, 3), std::nullopt);
}

// --- What was chosen ----------------------------------------------------------------------------

TEST(ClientAccount, ComplainsIfWhatIsUnknownIsNotTreatedAsWasChosen) {
  ClientAccount reporting = account_of_three(IfUnknown::report);
  tell(reporting, Kind::resent, 2);
  EXPECT_THAT(reporting.complaint(Accepted{"one", "two", "three"}, 3),
              Optional(HasSubstr("line 2 (two) is sent again, and that was not chosen")));
  ClientAccount resending = account_of_three(IfUnknown::resend);
  tell(resending, Kind::unknown, 2);
  EXPECT_THAT(resending.complaint(Accepted{"one", "two", "three"}, 3),
              Optional(HasSubstr("is not sent again, though that was chosen")));
}

// --- What has left ------------------------------------------------------------------------------

TEST(ClientAccount, KnowsWhichLinesWereWrittenWholly) {
  ClientAccount account{IfUnknown::report};
  account.connects(Transport::lines);
  account.given("bob: one");
  account.wrote("ann\nbob: o");
  EXPECT_FALSE(account.has_left("bob: one"));
  account.wrote("ne");
  EXPECT_FALSE(account.has_left("bob: one")) << "its LF is missing";
  account.wrote("\n");
  EXPECT_TRUE(account.has_left("bob: one"));
  EXPECT_TRUE(account.has_left(1));
  EXPECT_FALSE(account.has_left("one")) << "that is the end of a line";
  account.connects(Transport::lines);
  account.wrote("ann\n");
  EXPECT_FALSE(account.has_left(1)) << "that was on another link";
}

TEST(ClientAccount, KnowsTheSameOfAWebSocket) {
  ClientAccount account{IfUnknown::report};
  account.connects(Transport::websocket);
  account.wrote("GET / HTTP/1.1\r\nHost: server\r\n");
  EXPECT_FALSE(account.has_left("ann"));
  account.wrote("\r\n");
  const auto frame = [](std::string text) {
    return reference::client_frame({.is_masked = true, .payload = std::move(text)}, 0x01020304);
  };
  const std::string bytes = frame("ann") + frame("bob: one");
  for (std::size_t place = 0; place < bytes.size(); ++place) {
    account.wrote(std::string_view{bytes}.substr(place, 1));
    const std::size_t written = place + 1;
    EXPECT_EQ(account.has_left("ann"), written >= frame("ann").size()) << written;
    EXPECT_EQ(account.has_left("bob: one"), written == bytes.size()) << written;
  }
}

TEST(ClientAccount, ComplainsOfAnUnknownLineThatHadNotLeft) {
  for (const Kind kind : {Kind::unknown, Kind::resent}) {
    ClientAccount account{kind == Kind::resent ? IfUnknown::resend : IfUnknown::report};
    account.connects(Transport::lines);
    account.given("bob: one");
    account.wrote("ann\nbob: on");
    tell(account, kind, 1);
    EXPECT_THAT(account.complaint(Accepted{"one"}, 1),
                Optional(HasSubstr("line 1 (one) counts as unknown, and it had not left")));
  }
}

TEST(ClientAccount, TellsTheFirstComplaintAboutWhatWasTold) {
  ClientAccount account{IfUnknown::report};
  account.connects(Transport::lines);
  account.given("bob: one");
  account.given("bob: two");
  tell(account, Kind::unknown, 1);
  tell(account, Kind::resent, 2);
  EXPECT_THAT(account.complaint(Accepted{}, 0), Optional(HasSubstr("line 1 (one)")));
}

// --- Rooms --------------------------------------------------------------------------------------

TEST(ClientAccount, KnowsInWhichRoomsItsClientIsInTheEnd) {
  ClientAccount account{IfUnknown::report};
  EXPECT_THAT(account.rooms(), IsEmpty());
  for (const std::string_view line : {"/join #r", "/join #s", "/join #r", "/leave #s", "/leave #t",
                                      "bob: /join #u", "/join no room"}) {
    account.given(line);
  }
  EXPECT_THAT(account.rooms(), ElementsAre("#r"));
}

}  // namespace
}  // namespace lastword::sim
