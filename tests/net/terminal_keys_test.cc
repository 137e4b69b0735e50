#include "net/terminal_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace lastword {
namespace {

// The keys of a text, whole and cut in two at each place.
std::u32string keys_of(std::string_view bytes) {
  std::u32string keys = TerminalKeys{}.feed(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    TerminalKeys decoder;
    const std::u32string first = decoder.feed(bytes.substr(0, cut));
    EXPECT_TRUE(first + decoder.feed(bytes.substr(cut)) == keys) << "cut at " << cut;
  }
  return keys;
}

TEST(TerminalKeys, AreCharacters) {
  EXPECT_TRUE(keys_of("ab\r\x04") == U"ab\r\x04");
  EXPECT_TRUE(keys_of("ö日🙂") == U"ö日🙂");
}

TEST(TerminalKeys, ReplaceWhatIsNotUtf8) {
  EXPECT_TRUE(keys_of("a\xff\x80z") == U"a\uFFFD\uFFFDz");
  EXPECT_TRUE(keys_of("\xe6z") == U"\uFFFDz");
}

TEST(TerminalKeys, KnowTheKeysOfXterm) {
  EXPECT_TRUE(keys_of("\x1b[A\x1bOB\x1b[C\x1bOD") == U"\x10\x0e\x06\x02");
  EXPECT_TRUE(keys_of("\x1b[H\x1bOF\x1b[1~\x1b[4~") == U"\x01\x05\x01\x05");
  EXPECT_TRUE(keys_of("\x1b[3~") == std::u32string{key::delete_forward});
  EXPECT_TRUE(keys_of("\x1b[1;5D\x1b"
                      "f") == (std::u32string{key::word_left, key::word_right}));
  EXPECT_TRUE(keys_of("\x1b\x7f") == std::u32string{key::delete_word_left});
}

TEST(TerminalKeys, DropUnknownSequencesWhole) {
  EXPECT_TRUE(keys_of("a\x1b[15~b\x1b[200~c\x1bOPd\x1b[?1;2ce") == U"abcde");
  EXPECT_TRUE(keys_of("a\x1bqb") == U"ab");
  EXPECT_TRUE(keys_of("\x1b\x1b[A") == U"\x10") << "Alt and an arrow";
  EXPECT_TRUE(keys_of("\x1bö") == U"ö");
}

TEST(TerminalKeys, HoldNoMoreThanASequence) {
  const std::string endless = "\x1b[" + std::string(100, '1');
  EXPECT_TRUE(keys_of(endless) == std::u32string(100 - 30, U'1'));
}

TEST(TerminalKeys, CannotBeTypedWhereTheyAreCommands) {
  EXPECT_TRUE(keys_of("a\u0080\u0081\u009fb") == U"ab");
  EXPECT_TRUE(keys_of(std::string_view{"a\0b", 3}) == U"ab");
}

TEST(TerminalKeys, GoBackToUtf8) {
  EXPECT_EQ(to_utf8(U""), "");
  EXPECT_EQ(to_utf8(U"a\u007f\u0080\u07ff\u0800\uffff\U00010000\U0010ffff"),
            "a\u007f\u0080\u07ff\u0800\uffff\U00010000\U0010ffff");
}

}  // namespace
}  // namespace lastword
