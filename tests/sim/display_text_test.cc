#include "sim/display_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace lastword::sim {
namespace {

using Lines = std::vector<std::string>;

TEST(DisplayText, ShowsControlCharactersAndBytesThatAreNoText) {
  EXPECT_EQ(printable("a\tb\rc\nd"), "a\\tb\\rc\\nd");
  EXPECT_EQ(printable(std::string_view{"\0\x1B[31m\x7F", 7}), "\\x00\\x1B[31m\\x7F");
  EXPECT_EQ(printable("grün \xC3 \xFF"), "grün \\xC3 \\xFF");
  EXPECT_EQ(printable("\xC2\x85"), "\\u{0085}");
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\\u{202E}b")
      << "turns the direction of writing";
}

TEST(DisplayText, LeavesTheEndOfALineAwayAtTheEndOnly) {
  EXPECT_EQ(printable("bob: hi\n"), "bob: hi");
  EXPECT_EQ(printable("bob: hi\r\n"), "bob: hi");
  EXPECT_EQ(printable("\"bob: hi\n\""), "\"bob: hi\"");
  EXPECT_EQ(printable("\"bob: hi\r\n\""), "\"bob: hi\"");
  EXPECT_EQ(printable("a\nb\n"), "a\\nb");
  EXPECT_EQ(printable("\n\n"), "\\n");
  EXPECT_EQ(printable("hi\r"), "hi\\r");
  EXPECT_EQ(printable(""), "");
}

TEST(DisplayText, MeasuresColumnsNotBytes) {
  EXPECT_EQ(width_of("grün"), 4U);
  EXPECT_EQ(width_of("漢字"), 4U);
  EXPECT_EQ(width_of("⚡"), 2U);
  EXPECT_EQ(width_of("e\xCC\x81"), 1U) << "an accent that combines with its letter";
  EXPECT_EQ(width_of("│──▶✕…"), 6U);
  EXPECT_EQ(width_of(""), 0U);
}

TEST(DisplayText, CutsWithAnEllipsis) {
  EXPECT_EQ(cut("alice", 5), "alice");
  EXPECT_EQ(cut("alice", 4), "ali…");
  EXPECT_EQ(cut("alice", 1), "…");
  EXPECT_EQ(cut("alice", 0), "");
  EXPECT_EQ(cut("漢字", 3), "漢…");
  EXPECT_EQ(cut("漢字", 2), "…") << "half a character does not fit";
}

TEST(DisplayText, WrapsBetweenWords) {
  EXPECT_EQ(wrap("to be or not", 6), (Lines{"to be", "or not"}));
  EXPECT_EQ(wrap("to be or not", 5), (Lines{"to be", "or", "not"}));
  EXPECT_EQ(wrap("abcdefgh ij", 3), (Lines{"abc", "def", "gh", "ij"}));
  EXPECT_EQ(wrap("", 10), (Lines{""}));
}

RC_GTEST_PROP(DisplayText, NeverExceedsAWidth, (const std::string& bytes)) {
  const std::string text = printable(bytes);
  const auto width = *rc::gen::inRange<std::size_t>(2, 40);
  RC_ASSERT(width_of(cut(text, width)) <= width);
  std::string words;
  for (const std::string& line : wrap(text, width)) {
    RC_ASSERT(width_of(line) <= width);
    words += line;
  }
  std::erase(words, ' ');
  std::string expected = text;
  std::erase(expected, ' ');
  RC_ASSERT(words == expected);
}

TEST(DisplayText, TellsSpansInUnitsThatReadWell) {
  using namespace std::chrono_literals;
  EXPECT_EQ(span_text(0ns).both(), "0 s");
  EXPECT_EQ(span_text(1ms).both(), "1.000 ms");
  EXPECT_EQ(span_text(10'002ms).both(), "10.002 s");
  EXPECT_EQ(span_text(12'345ns).both(), "12.345 us");
  EXPECT_EQ(span_text(999ns).both(), "999 ns");
  EXPECT_EQ(span_text(999'999'999ns).both(), "999.999 ms");
  EXPECT_EQ(span_text(1h).both(), "3600.000 s");
  EXPECT_EQ(span_text(-1500us).both(), "-1.500 ms");
  EXPECT_EQ(span_text(Duration{std::numeric_limits<std::int64_t>::min()}).both(),
            "-9223372036.854 s");
}

}  // namespace
}  // namespace lastword::sim
