// Rooms: contract, section 1.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"

namespace lastword::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

LineClient member(const ServerProcess& server, std::string_view name, std::string_view room) {
  LineClient client = peer(server, name);
  client.send_line("/join " + std::string(room));
  EXPECT_THAT(client.catch_up(), IsEmpty()) << name << " joins " << room;
  return client;
}

TEST(Room, GivesAMessageToEveryMemberButTheSender) {
  ServerProcess server;
  LineClient alice = member(server, "alice", "#tea");
  LineClient bob = member(server, "bob", "#tea");
  LineClient carol = member(server, "carol", "#tea");
  LineClient dave = peer(server, "dave");
  alice.send_line("#tea: is ready");
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  EXPECT_THAT(bob.catch_up(), ElementsAre("from alice in #tea: is ready"));
  EXPECT_THAT(carol.catch_up(), ElementsAre("from alice in #tea: is ready"));
  EXPECT_THAT(dave.catch_up(), IsEmpty());
  const ShutdownReport report = finish(server, {&alice, &bob, &carol, &dave});
  EXPECT_EQ(report.accepted, 1);
  EXPECT_EQ(report.deliveries.total, 2);
  EXPECT_EQ(report.deliveries.delivered, 2);
}

TEST(Room, AnswersJoinAndLeaveWithInformation) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  for (const std::string command : {"/join", "/leave"}) {
    alice.send_line(command + " #tea");
    EXPECT_THAT(alice.catch_up_with_everything(),
                AllOf(Each(StartsWith("* ")), Contains(HasSubstr("#tea"))))
        << command;
  }
  finish(server, {&alice});
}

TEST(Room, TellsItsMembersOfJoinsAndLeaves) {
  ServerProcess server;
  LineClient alice = member(server, "alice", "#tea");
  const auto is_about_bob = AllOf(StartsWith("* "), HasSubstr("bob"), HasSubstr("#tea"));
  LineClient bob = member(server, "bob", "#tea");
  EXPECT_THAT(alice.catch_up_with_everything(), Contains(is_about_bob));
  bob.send_line("/leave #tea");
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  EXPECT_THAT(alice.catch_up_with_everything(), Contains(is_about_bob));
  bob.send_line("/join #tea");
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  EXPECT_THAT(alice.catch_up_with_everything(), Contains(is_about_bob));
  finish(server, {&alice, &bob});
}

TEST(Room, TakesMessagesFromOutside) {
  ServerProcess server;
  LineClient alice = member(server, "alice", "#tea");
  LineClient outsider = peer(server, "outsider");
  outsider.send_line("#tea: may I come in");
  EXPECT_THAT(outsider.catch_up(), IsEmpty());
  EXPECT_THAT(alice.catch_up(), ElementsAre("from outsider in #tea: may I come in"));
  finish(server, {&alice, &outsider});
}

TEST(Room, HoldingOnlyTheSenderReportsNothing) {
  ServerProcess server;
  LineClient alice = member(server, "alice", "#tea");
  alice.send_line("#tea: anybody here");
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  const ShutdownReport report = finish(server, {&alice});
  EXPECT_EQ(report.accepted, 1);
  EXPECT_EQ(report.deliveries.total, 0);
}

TEST(Room, ThatNobodyHasJoinedIsNotConnected) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  alice.send_line("#tea: anybody here");
  EXPECT_THAT(alice.catch_up(), ElementsAre("! undelivered #tea: not_connected"));
  const ShutdownReport report = finish(server, {&alice});
  EXPECT_EQ(report.accepted, 1);
  EXPECT_EQ(report.deliveries.failed.not_connected, 1);
}

TEST(Room, IsGoneWithItsLastMember) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient leaving = member(server, "leaving", "#tea");
  leaving.send_line("/leave #tea");
  EXPECT_THAT(leaving.catch_up(), IsEmpty());
  alice.send_line("#tea: one");
  EXPECT_THAT(alice.catch_up(), ElementsAre("! undelivered #tea: not_connected"));

  LineClient quitting = member(server, "quitting", "#tea");
  quitting.send_line("/quit");
  EXPECT_THAT(without_information(quitting.read_until_end()), IsEmpty());
  quitting.close();
  alice.send_line("#tea: two");
  EXPECT_THAT(alice.catch_up(), ElementsAre("! undelivered #tea: not_connected"));

  LineClient half_closing = member(server, "half closing", "#tea");
  half_closing.half_close();
  EXPECT_THAT(without_information(half_closing.read_until_end()), IsEmpty());
  half_closing.close();
  alice.send_line("#tea: three");
  EXPECT_THAT(alice.catch_up(), ElementsAre("! undelivered #tea: not_connected"));
  finish(server, {&alice, &leaving});
}

TEST(Room, NoLongerReachesWhoHasLeft) {
  ServerProcess server;
  LineClient alice = member(server, "alice", "#tea");
  LineClient bob = member(server, "bob", "#tea");
  LineClient carol = member(server, "carol", "#tea");
  bob.send_line("/leave #tea");
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  alice.send_line("#tea: without bob");
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  EXPECT_THAT(carol.catch_up(), ElementsAre("from alice in #tea: without bob"));
  finish(server, {&alice, &bob, &carol});
}

TEST(Room, CountsARepeatedJoinOnce) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = member(server, "bob", "#tea");
  bob.send_line("/join #tea");
  static_cast<void>(bob.catch_up());  // the contract leaves open what is said to that
  alice.send_line("#tea: once");
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  EXPECT_THAT(bob.catch_up(), ElementsAre("from alice in #tea: once"));
  bob.send_line("/leave #tea");
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  alice.send_line("#tea: never");
  EXPECT_THAT(alice.catch_up(), ElementsAre("! undelivered #tea: not_connected"));
  finish(server, {&alice, &bob});
}

TEST(Room, AddressedTogetherWithItsMembersReachesEachOnce) {
  ServerProcess server;
  LineClient alice = member(server, "alice", "#tea");
  LineClient bob = member(server, "bob", "#tea");
  LineClient carol = member(server, "carol", "#tea");
  carol.send_line("/join #coffee");
  EXPECT_THAT(carol.catch_up(), IsEmpty());
  const auto hi_once =
      ElementsAre(AnyOf("from alice: hi", "from alice in #tea: hi", "from alice in #coffee: hi"));
  int line_count = 0;
  for (const std::string_view line :
       {"bob, carol, #tea: hi", "#tea, bob, carol: hi", "#tea, #coffee, bob: hi",
        "#tea, #coffee, #tea: hi", "carol, #coffee, #tea: hi"}) {
    alice.send_line(line);
    ++line_count;
    EXPECT_THAT(alice.catch_up(), IsEmpty()) << line;
    EXPECT_THAT(bob.catch_up(), hi_once) << line;
    EXPECT_THAT(carol.catch_up(), hi_once) << line;
  }
  const ShutdownReport report = finish(server, {&alice, &bob, &carol});
  EXPECT_EQ(report.accepted, line_count);
  EXPECT_EQ(report.deliveries.total, 2 * line_count);
}

TEST(Room, AddressedTogetherWithTheSenderReachesTheSenderByName) {
  ServerProcess server;
  LineClient alice = member(server, "alice", "#tea");
  LineClient bob = member(server, "bob", "#tea");
  alice.send_line("alice, #tea: hi");
  EXPECT_THAT(alice.catch_up(), ElementsAre("from alice: hi"));
  EXPECT_THAT(bob.catch_up(), ElementsAre("from alice in #tea: hi"));
  finish(server, {&alice, &bob});
}

TEST(Room, TakesNamesByTheRulesOfNames) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  const std::string euros = "\u20ac\u20ac\u20ac";
  for (const std::string& room : {std::string("#a"), "#" + std::string(64, 'r'), "#" + euros,
                                  std::string("#tea room"), std::string("#a/b!c*d")}) {
    LineClient bob = member(server, "bob", room);
    alice.send_line(room + ": hi");
    EXPECT_EQ(bob.read_news(), "from alice in " + room + ": hi");
    bob.send_line("/quit");
    EXPECT_THAT(without_information(bob.read_until_end()), IsEmpty());
    bob.close();
  }
  for (const std::string& room :
       {std::string(), std::string("#"), std::string("tea"), "#" + std::string(65, 'r'),
        std::string("##"), std::string("#a#b"), std::string("#a:b"), std::string("#a,b"),
        std::string("#/a"), std::string("#!a"), std::string("#*a"), std::string("#a\x01"),
        std::string("#a\x7f"), std::string("#a\u0085"), std::string("#\xff"),
        std::string("#\xc0\x80"), std::string("#a\tb")}) {
    for (const std::string command : {"/join ", "/leave "}) {
      alice.send_line(command + room);
      EXPECT_THAT(alice.catch_up(), ElementsAre(StartsWith("! "))) << command << room;
    }
  }
  alice.send_line("alice: still here");
  EXPECT_EQ(alice.read_news(), "from alice: still here");
  finish(server, {&alice});
}

TEST(Room, AndPeerOfOneNameAreTwo) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient tea = peer(server, "tea");
  LineClient member_of_tea = member(server, "bob", "#tea");
  alice.send_line("tea: to the peer");
  alice.send_line("#tea: to the room");
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  EXPECT_THAT(tea.catch_up(), ElementsAre("from alice: to the peer"));
  EXPECT_THAT(member_of_tea.catch_up(), ElementsAre("from alice in #tea: to the room"));
  finish(server, {&alice, &tea, &member_of_tea});
}

TEST(Room, OfManyGivesEachMemberEveryMessageInOneOrder) {
  constexpr std::size_t member_count = 30;
  constexpr int message_count = 20;  // of each member
  ServerProcess server;
  std::vector<LineClient> members;
  std::vector<LineClient*> pumped;
  for (std::size_t index = 0; index < member_count; ++index) {
    members.push_back(member(server, "member " + std::to_string(index), "#all"));
  }
  for (LineClient& client : members) pumped.push_back(&client);
  for (int number = 0; number < message_count; ++number) {
    for (LineClient& client : members) client.send_line("#all: " + std::to_string(number));
  }
  std::vector<std::vector<std::string>> received(member_count);
  const std::size_t expected_count = (member_count - 1) * message_count;
  pump_until(pumped, "all messages of the room", [&] {
    bool has_all = true;
    for (std::size_t index = 0; index < member_count; ++index) {
      for (std::string& line : members[index].inbox()) {
        if (!is_information(line)) received[index].push_back(std::move(line));
      }
      members[index].inbox().clear();
      has_all = has_all && received[index].size() >= expected_count;
    }
    return has_all;
  });
  // What each one got, without the messages of two members, is what those two have in common.
  const auto without = [](const std::vector<std::string>& lines, std::size_t one,
                          std::size_t other) {
    std::vector<std::string> rest;
    for (const std::string& line : lines) {
      if (line.starts_with("from member " + std::to_string(one) + " in ")) continue;
      if (line.starts_with("from member " + std::to_string(other) + " in ")) continue;
      rest.push_back(line);
    }
    return rest;
  };
  for (std::size_t index = 1; index < member_count; ++index) {
    EXPECT_EQ(received[index].size(), expected_count);
    EXPECT_EQ(without(received[index], 0, index), without(received[0], 0, index));
  }
  for (LineClient& client : members) {
    client.send_line("/quit");
    static_cast<void>(client.read_until_end());
    client.close();
  }
  const ShutdownReport report = finish(server);
  EXPECT_EQ(report.accepted, message_count * static_cast<int>(member_count));
  EXPECT_EQ(report.deliveries.delivered, static_cast<std::int64_t>(expected_count * member_count));
}

}  // namespace
}  // namespace lastword::end_to_end
