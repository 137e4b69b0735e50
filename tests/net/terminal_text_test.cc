#include "net/terminal_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace lastword {
namespace {

using namespace std::string_view_literals;

TEST(TerminalText, LeavesTextAsItIs) {
  for (const std::string_view text : {""sv, "from Bob: hi"sv, "tab\there"sv, "wörld, 日本, 🙂"sv,
                                      "back\\slash"sv, "\u00a0\u200f"sv}) {
    EXPECT_EQ(shown_harmlessly(text), text);
  }
}

TEST(TerminalText, ShowsControlCharacters) {
  EXPECT_EQ(shown_harmlessly("\x1b[2Jgone\x07"), "\\x1b[2Jgone\\x07");
  EXPECT_EQ(shown_harmlessly("\0\n\r\x1f\x7f"sv), "\\x00\\x0a\\x0d\\x1f\\x7f");
  EXPECT_EQ(shown_harmlessly("\u0080\u009b31m\u009f"), "\\xc2\\x80\\xc2\\x9b31m\\xc2\\x9f");
}

TEST(TerminalText, ShowsWhatIsNotUtf8) {
  EXPECT_EQ(shown_harmlessly("\x9b"
                             "31m"),
            "\\x9b31m")
      << "C1 as one byte";
  EXPECT_EQ(shown_harmlessly("a\xff\xc0\x9b"
                             "b"),
            "a\\xff\\xc0\\x9bb");
  EXPECT_EQ(shown_harmlessly("\xe6\x97"), "\\xe6\\x97") << "cut off";
  EXPECT_EQ(shown_harmlessly("\xe6\x97x\xe6\x97\xa5"), "\\xe6\\x97x日");
}

TEST(TerminalText, ShowsWhatBreaksLinesOrTurnsTheirOrder) {
  EXPECT_EQ(shown_harmlessly("\u2028\u2029"), "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
  EXPECT_EQ(shown_harmlessly("\u202e\u2066"), "\\xe2\\x80\\xae\\xe2\\x81\\xa6");
}

// Whatever the bytes: no byte below blank but TAB, no DEL, no C1.
TEST(TerminalText, LetsNoCommandThrough) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      const std::string shown = shown_harmlessly(text);
      for (std::size_t at = 0; at < shown.size(); ++at) {
        const auto byte = static_cast<unsigned char>(shown[at]);
        ASSERT_TRUE(byte == '\t' || (byte >= 0x20 && byte != 0x7F)) << first << " " << second;
        const bool is_alone = at == 0 || static_cast<unsigned char>(shown[at - 1]) < 0x80;
        ASSERT_FALSE(byte >= 0x80 && byte <= 0x9F && is_alone) << first << " " << second;
        const bool is_c1 = at > 0 && shown[at - 1] == '\xC2' && byte <= 0x9F && byte >= 0x80;
        ASSERT_FALSE(is_c1) << first << " " << second;
      }
    }
  }
}

}  // namespace
}  // namespace lastword
