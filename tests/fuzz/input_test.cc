#include "fuzz/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lastword::fuzz {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(FuzzInput, IsReadFromFrontToBack) {
  const std::vector<std::uint8_t> bytes{7, 9, 2, 5, 0, 'a', 'b'};
  Input input{bytes};
  EXPECT_EQ(input.byte(), 7);
  EXPECT_EQ(input.which(4), 1U);
  EXPECT_THAT(input.cuts(), ElementsAre(5U, 0U));
  EXPECT_EQ(input.rest(), "ab");
}

TEST(FuzzInput, HasZerosBehindItsEnd) {
  const std::vector<std::uint8_t> bytes{3, 8};
  Input input{bytes};
  EXPECT_THAT(input.cuts(), ElementsAre(8U, 0U, 0U));
  EXPECT_EQ(input.byte(), 0);
  EXPECT_EQ(input.rest(), "");
  EXPECT_THAT(Input{{}}.cuts(), IsEmpty());
}

TEST(FuzzInput, HasAtMostFifteenCuts) {
  const std::vector<std::uint8_t> bytes{255, 1, 2};
  EXPECT_EQ(Input{bytes}.cuts().size(), 15U);
}

TEST(FuzzInput, IsCutOverAndOverAndNeverIntoNothing) {
  const std::array<std::size_t, 2> sizes{2, 0};
  EXPECT_THAT(cut("abcdefg", sizes), ElementsAre("ab", "c", "de", "f", "g"));
  EXPECT_THAT(cut("abc", {}), ElementsAre("abc"));
  EXPECT_THAT(cut("", {}), IsEmpty());
  EXPECT_THAT(cut("", sizes), IsEmpty());
}

TEST(FuzzInput, IsReadWholeAsItSaysAndByteByByte) {
  const std::array<std::size_t, 1> sizes{2};
  const std::vector<Chunking> ways = chunkings("abc", sizes);
  ASSERT_EQ(ways.size(), 3U);
  EXPECT_THAT(ways[0].chunks, ElementsAre("abc"));
  EXPECT_THAT(ways[1].chunks, ElementsAre("ab", "c"));
  EXPECT_THAT(ways[2].chunks, ElementsAre("a", "b", "c"));
}

RC_GTEST_PROP(FuzzInput, LosesNothingHoweverItIsCut,
              (const std::string& stream, const std::vector<std::uint8_t>& given)) {
  const std::vector<std::size_t> sizes{given.begin(), given.end()};
  for (const Chunking& way : chunkings(stream, sizes)) {
    std::string together;
    for (const std::string_view chunk : way.chunks) {
      RC_ASSERT(!chunk.empty());
      together += chunk;
    }
    RC_ASSERT(together == stream);
  }
}

}  // namespace
}  // namespace lastword::fuzz
