#include "fuzz/oracle.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lastword::fuzz {
namespace {

using Items = std::vector<std::string>;

TEST(FuzzOracle, IsReadable) {
  EXPECT_EQ(readable("a\\b\r\n"), "a\\\\b\\r\\n");
  EXPECT_EQ(readable(std::string_view{"\0\x7F\xFF", 3}), "\\x00\\x7F\\xFF");
  EXPECT_EQ(readable(std::string(800, 'x')), std::string(800, 'x'));
  EXPECT_EQ(readable(std::string(801, 'x')),
            std::string(400, 'x') + " ... 1 bytes ... " + std::string(400, 'x'));
}

TEST(FuzzOracle, SaysNothingWhileAllHolds) {
  bool was_asked = false;
  require(true, "reference", [&] {
    was_asked = true;
    return "";
  });
  require_same(Items{"a"}, Items{"a"}, "reference", "whole");
  EXPECT_FALSE(was_asked);
}

TEST(FuzzOracleDeathTest, NamesItselfAndWhatItSaw) {
  EXPECT_DEATH(require(false, "bound", [] { return "5 bytes are held"; }),
               "^broken oracle: bound\n  5 bytes are held\n");
}

TEST(FuzzOracleDeathTest, TellsOfTheFirstDifference) {
  EXPECT_DEATH(require_same(Items{"a", "b\n"}, Items{"a", "c"}, "chunking", "byte by byte"),
               "broken oracle: chunking\n  byte by byte: item 1\n  expected: b.n\n  found:    c\n");
  EXPECT_DEATH(require_same(Items{"a"}, Items{"a", "b"}, "chunking", "whole"),
               "item 1\n  expected: nothing more\n  found:    b\n");
  EXPECT_DEATH(require_same(Items{"a"}, Items{}, "chunking", "whole"),
               "item 0\n  expected: a\n  found:    nothing more\n");
}

}  // namespace
}  // namespace lastword::fuzz
