#include "core/utf8_validator.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/digest.h"
#include "core/utf8.h"

namespace lastword {
namespace {

enum class Verdict : std::uint8_t { whole, beginning, wrong };

// The slow way: one code point after the other.
Verdict expected_of(std::string_view text) {
  while (!text.empty()) {
    const auto decoded = decode_front(text);
    if (!decoded) {
      return decoded.error() == Utf8Error::truncated ? Verdict::beginning : Verdict::wrong;
    }
    text.remove_prefix(decoded->size);
  }
  return Verdict::whole;
}

Verdict verdict_of(Utf8Validator& validator, std::string_view chunk) {
  if (!validator.feed(as_bytes(chunk))) return Verdict::wrong;
  return validator.is_complete() ? Verdict::whole : Verdict::beginning;
}

Verdict verdict_of(std::string_view text) {
  Utf8Validator validator;
  return verdict_of(validator, text);
}

std::uint64_t digest_of(const Utf8Validator& validator) {
  Digest digest;
  validator.add_to(digest);
  return digest.value();
}

// Whether every beginning of the text is judged as the slow way does, wherever else it is cut.
bool agrees_at_every_cut(std::string_view text) {
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Utf8Validator validator;
    if (verdict_of(validator, text.substr(0, cut)) != expected_of(text.substr(0, cut))) {
      return false;
    }
    if (verdict_of(validator, text.substr(cut)) != expected_of(text)) return false;
  }
  return is_utf8(as_bytes(text)) == (expected_of(text) == Verdict::whole);
}

bool agrees_byte_by_byte(std::string_view text) {
  Utf8Validator validator;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    if (verdict_of(validator, text.substr(size - 1, 1)) != expected_of(text.substr(0, size))) {
      return false;
    }
  }
  return true;
}

TEST(Utf8Validator, AgreesWithTheDecoderOnEveryTextOfUpToThreeBytes) {
  std::string text;
  for (std::size_t size = 0; size <= 3; ++size) {
    text.resize(size);
    for (std::uint32_t packed = 0; packed < 1U << (8 * size); ++packed) {
      for (std::size_t position = 0; position < size; ++position) {
        text[position] = static_cast<char>(packed >> (8 * (size - 1 - position)));
      }
      ASSERT_EQ(verdict_of(text), expected_of(text)) << packed;
      ASSERT_EQ(is_utf8(as_bytes(text)), expected_of(text) == Verdict::whole) << packed;
    }
  }
}

TEST(Utf8Validator, AgreesWithTheDecoderOnFourBytesAtEveryEdgeAndEveryCut) {
  constexpr std::string_view edges{
      "\x00\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC2\xE0\xED\xF0\xF4\xF5\xFF", 16};
  for (unsigned first = 0x7F; first <= 0xFF; ++first) {
    for (const char second : edges) {
      for (const char third : edges) {
        for (const char fourth : edges) {
          const std::string text{static_cast<char>(first), second, third, fourth};
          ASSERT_TRUE(agrees_at_every_cut(text)) << testing::PrintToString(text);
          ASSERT_TRUE(agrees_byte_by_byte(text)) << testing::PrintToString(text);
        }
      }
    }
  }
}

// Where the text is long enough to be looked at in words and blocks.
TEST(Utf8Validator, AgreesWithTheDecoderWhereverSomethingStandsInAscii) {
  for (const std::string_view something :
       {"\xC3\xA9", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\x80",
        "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", "\xC3\xA9-\x80"}) {
    for (std::size_t before = 0; before <= 70; ++before) {
      for (const std::size_t after : {0U, 1U, 7U, 31U, 32U, 33U, 64U, 70U}) {
        const std::string text =
            std::string(before, 'a') + std::string(something) + std::string(after, 'z');
        ASSERT_TRUE(agrees_at_every_cut(text)) << before << ' ' << testing::PrintToString(text);
      }
    }
  }
}

TEST(Utf8Validator, FailsAtTheFirstByteThatCannotBeAndNoEarlier) {
  struct Example {
    std::string_view good;  // a beginning
    char bad;               // the byte that can't continue it
  };
  for (const Example& example : {
           Example{.good = "", .bad = '\x80'},
           Example{.good = "", .bad = '\xC1'},
           Example{.good = "", .bad = '\xF5'},
           Example{.good = "\xC3", .bad = '\x28'},
           Example{.good = "\xE0", .bad = '\x9F'},
           Example{.good = "\xED", .bad = '\xA0'},
           Example{.good = "\xE2\x82", .bad = '\xC3'},
           Example{.good = "\xF0", .bad = '\x8F'},
           Example{.good = "\xF4", .bad = '\x90'},
           Example{.good = "\xF0\x9F\x98", .bad = 'x'},
       }) {
    Utf8Validator validator;
    ASSERT_TRUE(validator.feed(as_bytes(example.good)));
    ASSERT_EQ(validator.is_complete(), example.good.empty());
    ASSERT_FALSE(validator.feed(as_bytes({&example.bad, 1})))
        << testing::PrintToString(example.good);
    ASSERT_FALSE(validator.is_complete());
  }
}

TEST(Utf8Validator, StaysFailedUntilItIsReset) {
  Utf8Validator validator;
  ASSERT_FALSE(validator.feed(as_bytes("\xFF")));
  for (unsigned byte = 0; byte <= 0xFF; ++byte) {
    const char text = static_cast<char>(byte);
    ASSERT_FALSE(validator.feed(as_bytes({&text, 1})));
  }
  ASSERT_FALSE(validator.feed({}));
  ASSERT_FALSE(validator.feed(as_bytes(std::string(100, 'a'))));
  ASSERT_FALSE(validator.is_complete());

  validator.reset();
  EXPECT_TRUE(validator.is_complete());
  EXPECT_TRUE(validator.feed(as_bytes("ok")));
  EXPECT_EQ(digest_of(validator), digest_of({}));
}

TEST(Utf8Validator, TellsItsStatesApartInTheDigest) {
  Utf8Validator one_missing;
  ASSERT_TRUE(one_missing.feed(as_bytes("\xE2\x82")));
  Utf8Validator failed;
  ASSERT_FALSE(failed.feed(as_bytes("\xFF")));
  EXPECT_NE(digest_of(one_missing), digest_of({}));
  EXPECT_NE(digest_of(failed), digest_of({}));
  EXPECT_NE(digest_of(failed), digest_of(one_missing));
}

TEST(Utf8Validator, GoesOnFromACopy) {
  Utf8Validator validator;
  ASSERT_TRUE(validator.feed(as_bytes("\xF0\x9F")));
  Utf8Validator copy = validator;
  EXPECT_FALSE(validator.feed(as_bytes("x")));
  EXPECT_TRUE(copy.feed(as_bytes("\x98\x80")));
  EXPECT_TRUE(copy.is_complete());
}

// Pieces that are whole, and now and then one that is not.
rc::Gen<std::string> mixed_text() {
  const auto whole = rc::gen::element<std::string>(
      "a", "\x7F", "some words of text", "the quick brown fox jumps over the lazy dog's back",
      "\xC2\x80", "\xC3\xA9", "\xE0\xA0\x80", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xF0\x90\x80\x80",
      "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", std::string(1, '\0'));
  const auto odd = rc::gen::element<std::string>("\x80", "\xC3", "\xE2\x82", "\xED\xA0\x80",
                                                 "\xF0\x9F\x98", "\xF4\x90", "\xC0\x80", "\xFF");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(
                          rc::gen::weightedOneOf<std::string>({{60, whole}, {1, odd}})),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const std::string& piece : pieces) text += piece;
                        return text;
                      });
}

RC_GTEST_PROP(Utf8Validator, AgreesWithTheDecoderOnAnyMixInAnyChunks, ()) {
  const std::string text = *mixed_text();
  const auto sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange(0, 80));
  Utf8Validator in_chunks;
  std::size_t position = 0;
  for (const std::size_t size : sizes) {
    const std::string_view chunk = std::string_view{text}.substr(position, size);
    position += chunk.size();
    const std::string_view so_far = std::string_view{text}.substr(0, position);
    RC_ASSERT(in_chunks.feed(as_bytes(chunk)) == (expected_of(so_far) != Verdict::wrong));
    Utf8Validator at_once;
    static_cast<void>(at_once.feed(as_bytes(so_far)));
    RC_ASSERT(digest_of(in_chunks) == digest_of(at_once));
  }
  RC_ASSERT(verdict_of(in_chunks, std::string_view{text}.substr(position)) == expected_of(text));
}

}  // namespace
}  // namespace lastword
