#include "core/part.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace lastword {
namespace {

using Text = Part<std::string>;

static_assert(sizeof(Text) == sizeof(void*));

TEST(Part, IsEmptyUntilItIsFilledAndOnceItIsGivenBack) {
  SpareParts<std::string> spare;
  Text part;
  EXPECT_FALSE(part.is_there());
  spare.fill(part);
  ASSERT_TRUE(part.is_there());
  EXPECT_EQ(*part, "");
  spare.give_back(part);
  EXPECT_FALSE(part.is_there());
}

TEST(Part, IsCopiedAsAValue) {
  SpareParts<std::string> spare;
  Text part;
  spare.fill(part);
  part->assign("one");
  Text copy = part;
  const Text empty;
  EXPECT_FALSE(Text{empty}.is_there());
  part->assign("two");
  EXPECT_EQ(*copy, "one");
  copy = part;
  EXPECT_EQ(*copy, "two");
  EXPECT_NE(&*copy, &*part);
  copy = empty;
  EXPECT_FALSE(copy.is_there());
  const Text moved = std::move(part);
  EXPECT_EQ(*moved, "two");
}

TEST(SpareParts, HandsOnWhatWasGivenBack) {
  SpareParts<std::string> spare;
  Text part;
  spare.fill(part);
  const std::string* const object = &*part;
  spare.give_back(part);
  EXPECT_EQ(spare.count(), 1U);
  Text next;
  spare.fill(next);
  EXPECT_EQ(&*next, object);
  EXPECT_EQ(spare.count(), 0U);
}

TEST(SpareParts, KeepsThemUpToALimitInNumber) {
  constexpr std::size_t count_max = SpareParts<std::string>::count_max;
  for (const std::size_t count : {count_max - 1, count_max, count_max + 1}) {
    SpareParts<std::string> spare;
    std::vector<Text> parts(count);
    for (Text& part : parts) spare.fill(part);
    for (Text& part : parts) spare.give_back(part);
    EXPECT_EQ(spare.count(), count > count_max ? count_max : count);
  }
}

TEST(SpareParts, AreNotCopied) {
  SpareParts<std::string> spare;
  Text part;
  spare.fill(part);
  spare.give_back(part);
  SpareParts<std::string> copy = spare;
  EXPECT_EQ(copy.count(), 0U);
  copy = spare;
  EXPECT_EQ(copy.count(), 0U);
  EXPECT_EQ(spare.count(), 1U);
}

TEST(SparePartsDeathTest, FillNoPlaceTwiceAndTakeNothingBackFromAnEmptyOne) {
  SpareParts<std::string> spare;
  Text part;
  EXPECT_DEATH(spare.give_back(part), "is_there");
  spare.fill(part);
  EXPECT_DEATH(spare.fill(part), "is_there");
}

}  // namespace
}  // namespace lastword
