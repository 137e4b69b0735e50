#include "core/broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastword {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr Slot ada{0};
constexpr Slot bob{1};
constexpr Slot carol{2};

Name name(std::string_view text) { return Name::parse(text).value(); }
RoomName room(std::string_view text) { return RoomName::parse(text).value(); }

// A broker with everybody's names at hand.
class World {
 public:
  World() {
    EXPECT_TRUE(broker.login(ada, name("Ada")));
    EXPECT_TRUE(broker.login(bob, name("Bob")));
    EXPECT_TRUE(broker.login(carol, name("Carol")));
  }

  // Each addressee and the room through which he is meant: "Ada", "Bob in #kitchen".
  [[nodiscard]] std::vector<std::string> addressees(Slot sender, std::string_view destinations) {
    resolve(sender, destinations);
    std::vector<std::string> texts;
    for (const Addressee& addressee : addressing_.addressees) {
      std::string text{broker.name_of(addressee.slot)};
      if (addressee.room != no_room) text.append(" in ").append(broker.name_of(addressee.room));
      texts.push_back(text);
    }
    return texts;
  }

  [[nodiscard]] std::vector<std::string> missing(Slot sender, std::string_view destinations) {
    resolve(sender, destinations);
    return {addressing_.missing.begin(), addressing_.missing.end()};
  }

  [[nodiscard]] std::vector<std::string_view> members(std::string_view room_name) const {
    const auto id = broker.find_room(room_name);
    return id ? broker.names_in(*id) : std::vector<std::string_view>{};
  }

  void leave(Slot slot, std::string_view room_name) {
    broker.leave(slot, broker.find_room(room_name).value());
  }

  Broker broker{7};

 private:
  void resolve(Slot sender, std::string_view destinations) {
    broker.resolve(sender, destinations, addressing_);
  }

  Addressing addressing_;
};

std::uint64_t digest_of(const Broker& broker, Slot slot) {
  Digest digest;
  broker.add_to(digest, slot);
  return digest.value();
}

// --- Names -------------------------------------------------------------------------------------

TEST(Broker, GivesANameToOnePeerOnly) {
  Broker broker{7};
  EXPECT_TRUE(broker.login(ada, name("Ada")));
  EXPECT_FALSE(broker.login(bob, name("Ada")));
  EXPECT_THAT(broker.names(), ElementsAre("Ada"));
  EXPECT_TRUE(broker.login(bob, name("ada"))) << "names are the same if their bytes are";
  EXPECT_EQ(broker.name_of(ada), "Ada");
  EXPECT_EQ(broker.name_of(bob), "ada");
}

TEST(Broker, FreesTheNameAtTheLogoutAndRemembersItUntilItForgets) {
  Broker broker{7};
  ASSERT_TRUE(broker.login(ada, name("Ada")));
  broker.logout(ada);
  EXPECT_THAT(broker.names(), IsEmpty());
  EXPECT_EQ(broker.name_of(ada), "Ada") << "reports still name her";
  EXPECT_TRUE(broker.login(bob, name("Ada")));
  broker.forget(ada);
  EXPECT_EQ(broker.name_of(ada), "");
  EXPECT_THAT(broker.names(), ElementsAre("Ada"));
  EXPECT_EQ(broker.name_of(bob), "Ada");
}

TEST(Broker, KnowsNoNameOfWhoNeverLoggedIn) {
  Broker broker{7};
  EXPECT_EQ(broker.name_of(Slot{1000}), "");
  broker.forget(Slot{1000});
  EXPECT_FALSE(broker.login(ada, name("Ada")) && broker.login(bob, name("Ada")));
  EXPECT_EQ(broker.name_of(bob), "") << "a refused login leaves nothing behind";
}

TEST(Broker, ListsNamesSortedByTheirBytes) {
  Broker broker{7};
  ASSERT_TRUE(broker.login(ada, name("b")));
  ASSERT_TRUE(broker.login(bob, name("é")));
  ASSERT_TRUE(broker.login(carol, name("Z")));
  ASSERT_TRUE(broker.login(Slot{9}, name("a")));
  EXPECT_THAT(broker.names(), ElementsAre("Z", "a", "b", "é"));
}

TEST(BrokerDeathTest, LogsInWhoIsLoggedInNoSecondTime) {
  Broker broker{7};
  ASSERT_TRUE(broker.login(ada, name("Ada")));
  EXPECT_DEATH(static_cast<void>(broker.login(ada, name("Bob"))), "is_logged_in");
  broker.logout(ada);
  EXPECT_DEATH(broker.logout(ada), "is_logged_in");
}

// --- Rooms -------------------------------------------------------------------------------------

TEST(Broker, HasARoomWhileSomebodyIsInIt) {
  World world;
  EXPECT_EQ(world.broker.find_room("#kitchen"), std::nullopt);
  world.broker.join(ada, room("#kitchen"));
  const auto kitchen = world.broker.find_room("#kitchen");
  ASSERT_TRUE(kitchen);
  EXPECT_EQ(world.broker.name_of(*kitchen), "#kitchen");
  EXPECT_EQ(world.broker.find_room("kitchen"), std::nullopt);
  world.broker.join(bob, room("#kitchen"));
  EXPECT_EQ(world.broker.member_count(*kitchen), 2U);
  world.broker.leave(ada, *kitchen);
  EXPECT_EQ(world.broker.find_room("#kitchen"), kitchen);
  world.broker.leave(bob, *kitchen);
  EXPECT_EQ(world.broker.find_room("#kitchen"), std::nullopt);
}

TEST(Broker, HasNoNameForNoRoom) {
  const Broker broker{7};
  EXPECT_EQ(broker.name_of(no_room), "");
}

TEST(Broker, KnowsWhoIsInWhichRoom) {
  World world;
  world.broker.join(ada, room("#kitchen"));
  world.broker.join(bob, room("#kitchen"));
  world.broker.join(ada, room("#attic"));
  const RoomId kitchen = world.broker.find_room("#kitchen").value();
  const RoomId attic = world.broker.find_room("#attic").value();
  EXPECT_TRUE(world.broker.is_in(ada, kitchen));
  EXPECT_TRUE(world.broker.is_in(ada, attic));
  EXPECT_TRUE(world.broker.is_in(bob, kitchen));
  EXPECT_FALSE(world.broker.is_in(bob, attic));
  EXPECT_FALSE(world.broker.is_in(carol, kitchen));
  EXPECT_EQ(world.broker.room_count(ada), 2U);
  EXPECT_EQ(world.broker.room_at(ada, 0), kitchen);
  EXPECT_EQ(world.broker.room_at(ada, 1), attic);
  EXPECT_EQ(world.broker.room_count(carol), 0U);
  EXPECT_THAT(world.members("#kitchen"), ElementsAre("Ada", "Bob"));
  EXPECT_EQ(world.broker.member_at(attic, 0), ada);
}

TEST(Broker, LeavesAllRoomsAtTheLogout) {
  World world;
  for (const std::string_view joined : {"#attic", "#kitchen", "#cellar"}) {
    world.broker.join(ada, room(joined));
  }
  world.broker.join(bob, room("#kitchen"));
  world.broker.logout(ada);
  EXPECT_EQ(world.broker.find_room("#attic"), std::nullopt);
  EXPECT_EQ(world.broker.find_room("#cellar"), std::nullopt);
  EXPECT_THAT(world.members("#kitchen"), ElementsAre("Bob"));
  EXPECT_EQ(world.broker.room_count(ada), 0U);
}

TEST(Broker, LosesNobodyWhenAnyOfThreeLeavesAnyOfThreeRooms) {
  constexpr std::string_view rooms[] = {"#attic", "#kitchen", "#cellar"};
  for (const Slot leaver : {ada, bob, carol}) {
    for (const std::string_view left : rooms) {
      World world;
      for (const std::string_view joined : rooms) {
        for (const Slot slot : {ada, bob, carol}) world.broker.join(slot, room(joined));
      }
      world.leave(leaver, left);
      for (const std::string_view other : rooms) {
        EXPECT_EQ(world.members(other).size(), other == left ? 2U : 3U);
        for (const Slot slot : {ada, bob, carol}) {
          const RoomId id = world.broker.find_room(other).value();
          EXPECT_EQ(world.broker.is_in(slot, id), slot != leaver || other != left);
        }
      }
      for (const Slot slot : {bob, ada, carol}) world.broker.logout(slot);
      for (const std::string_view other : rooms) {
        EXPECT_EQ(world.broker.find_room(other), std::nullopt);
      }
    }
  }
}

TEST(BrokerDeathTest, JoinsAndLeavesOnce) {
  World world;
  world.broker.join(ada, room("#kitchen"));
  world.broker.join(bob, room("#kitchen"));
  const RoomId kitchen = world.broker.find_room("#kitchen").value();
  EXPECT_DEATH(world.broker.join(ada, room("#kitchen")), "is_in");
  EXPECT_DEATH(world.broker.leave(carol, kitchen), "rooms.end");
}

// --- Addressing --------------------------------------------------------------------------------

TEST(Broker, FindsPeersByNameInTheOrderOfTheDestinations) {
  World world;
  EXPECT_THAT(world.addressees(ada, "Carol, Bob"), ElementsAre("Carol", "Bob"));
  EXPECT_THAT(world.missing(ada, "Carol, Bob"), IsEmpty());
}

TEST(Broker, LetsAPeerAddressHimself) {
  World world;
  EXPECT_THAT(world.addressees(ada, "Ada"), ElementsAre("Ada"));
}

TEST(Broker, CountsARepeatedDestinationOnce) {
  World world;
  EXPECT_THAT(world.addressees(ada, "Bob, Carol,Bob ,Bob"), ElementsAre("Bob", "Carol"));
  EXPECT_THAT(world.missing(ada, "Zoe, Yan, Zoe,,Bob, Yan"), ElementsAre("Zoe", "Yan"));
}

TEST(Broker, FindsTheMembersOfARoomWithoutTheSender) {
  World world;
  for (const Slot slot : {ada, bob, carol}) world.broker.join(slot, room("#kitchen"));
  EXPECT_THAT(world.addressees(ada, "#kitchen"),
              UnorderedElementsAre("Bob in #kitchen", "Carol in #kitchen"));
}

TEST(Broker, LetsWhoIsNotInARoomSendToIt) {
  World world;
  world.broker.join(bob, room("#kitchen"));
  EXPECT_THAT(world.addressees(ada, "#kitchen"), ElementsAre("Bob in #kitchen"));
  EXPECT_THAT(world.missing(ada, "#kitchen"), IsEmpty());
}

TEST(Broker, FindsNobodyAndMissesNothingInARoomOfTheSenderAlone) {
  World world;
  world.broker.join(ada, room("#kitchen"));
  EXPECT_THAT(world.addressees(ada, "#kitchen"), IsEmpty());
  EXPECT_THAT(world.missing(ada, "#kitchen"), IsEmpty());
}

TEST(Broker, MissesARoomThatNobodyIsIn) {
  World world;
  world.broker.join(ada, room("#kitchen"));
  world.leave(ada, "#kitchen");
  EXPECT_THAT(world.missing(ada, "#kitchen, #attic"), ElementsAre("#kitchen", "#attic"));
}

TEST(Broker, FindsWhoIsMeantTwiceOnceAsTheFirstDestinationMeantHim) {
  World world;
  for (const Slot slot : {bob, carol}) world.broker.join(slot, room("#kitchen"));
  world.broker.join(bob, room("#attic"));
  EXPECT_THAT(world.addressees(ada, "Bob, #kitchen"), ElementsAre("Bob", "Carol in #kitchen"));
  EXPECT_THAT(world.addressees(ada, "#attic, #kitchen, Carol, Bob"),
              ElementsAre("Bob in #attic", "Carol in #kitchen"));
  EXPECT_THAT(world.addressees(bob, "#kitchen, Bob"), ElementsAre("Carol in #kitchen", "Bob"));
}

TEST(Broker, FindsNobodyUnderANameThatWasGivenUp) {
  World world;
  world.broker.logout(bob);
  EXPECT_THAT(world.addressees(ada, "Bob"), IsEmpty());
  EXPECT_THAT(world.missing(ada, "Bob"), ElementsAre("Bob"));
}

TEST(Broker, ResolvesTensOfThousandsOfDestinations) {
  World world;
  constexpr std::size_t count = 20'000;
  std::string destinations;
  for (int round = 0; round < 2; ++round) {
    for (std::size_t number = 0; number < count; ++number) {
      destinations += "x" + std::to_string(number) + ",Bob,";
    }
  }
  const auto missing = world.missing(ada, destinations);
  ASSERT_EQ(missing.size(), count);
  for (std::size_t number = 0; number < count; ++number) {
    ASSERT_EQ(missing[number], "x" + std::to_string(number));
  }
  EXPECT_THAT(world.addressees(ada, destinations), ElementsAre("Bob"));
}

// --- As a whole --------------------------------------------------------------------------------

TEST(Broker, TellsInItsDigestWhoIsWhere) {
  World world;
  const std::uint64_t before = digest_of(world.broker, ada);
  EXPECT_NE(before, digest_of(world.broker, bob));
  world.broker.join(ada, room("#kitchen"));
  const std::uint64_t in_the_kitchen = digest_of(world.broker, ada);
  EXPECT_NE(in_the_kitchen, before);
  world.leave(ada, "#kitchen");
  EXPECT_EQ(digest_of(world.broker, ada), before);
  world.broker.join(ada, room("#attic"));
  EXPECT_NE(digest_of(world.broker, ada), in_the_kitchen);
  world.broker.logout(ada);
  EXPECT_NE(digest_of(world.broker, ada), before);
  EXPECT_EQ(digest_of(world.broker, ada), digest_of(world.broker, Slot{1000}));
}

TEST(Broker, IsAValue) {
  World world;
  world.broker.join(ada, room("#kitchen"));
  const Broker copy = world.broker;
  world.broker.logout(ada);
  world.broker.forget(ada);
  EXPECT_THAT(copy.names(), ElementsAre("Ada", "Bob", "Carol"));
  ASSERT_TRUE(copy.find_room("#kitchen"));
  EXPECT_THAT(copy.names_in(*copy.find_room("#kitchen")), ElementsAre("Ada"));
}

}  // namespace
}  // namespace lastword
