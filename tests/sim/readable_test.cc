#include "sim/readable.h"

#include <gtest/gtest.h>

#include <chrono>

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;

TEST(Readable, GroupsDigitsByThree) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(12'345'678), "12,345,678");
  EXPECT_EQ(grouped(18'446'744'073'709'551'615U), "18,446,744,073,709,551,615");
}

TEST(Readable, TellsASpanInItsTwoLargestUnits) {
  EXPECT_EQ(readable(0us), "0 ms");
  EXPECT_EQ(readable(-5s), "0 ms");
  EXPECT_EQ(readable(999'999us), "999 ms");
  EXPECT_EQ(readable(1s), "1.0 s");
  EXPECT_EQ(readable(59'990ms), "59.9 s");
  EXPECT_EQ(readable(1min), "1 min 0 s");
  EXPECT_EQ(readable(59min + 59s), "59 min 59 s");
  EXPECT_EQ(readable(4h + 12min + 9s), "4 h 12 min");
  EXPECT_EQ(readable(76h + 59min), "3 d 4 h");
  EXPECT_EQ(readable(24h * 365 * 1'200 + 24h * 5), "1,200 y 5 d");
}

TEST(Readable, CountsOneAndSeveral) {
  EXPECT_EQ(counted(0, "run", "runs"), "0 runs");
  EXPECT_EQ(counted(1, "run", "runs"), "1 run");
  EXPECT_EQ(counted(2'000, "run", "runs"), "2,000 runs");
}

TEST(Readable, WritesSixteenHexadecimalDigits) {
  EXPECT_EQ(hexadecimal(0), "0000000000000000");
  EXPECT_EQ(hexadecimal(0xfedcba9876543210), "fedcba9876543210");
}

TEST(Readable, AlignsColumns) {
  EXPECT_EQ(aligned({{"a", "long", "1"}, {"bcd", "x", "22"}}, 2),
            "  a    long   1\n  bcd  x     22\n");
  EXPECT_EQ(aligned({{"a", "long"}, {"bcd", "x"}}, 2), "  a    long\n  bcd  x\n")
      << "nothing trails behind the last one";
  EXPECT_EQ(aligned({}, 1), "");
}

}  // namespace
}  // namespace lastword::sim
