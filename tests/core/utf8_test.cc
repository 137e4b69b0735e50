#include "core/utf8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lastword {
namespace {

constexpr char32_t code_point_max = 0x10FFFF;

bool is_surrogate(char32_t value) { return value >= 0xD800 && value <= 0xDFFF; }

// The obvious half of UTF-8: every code point has one encoding, and what is none of these encodings
// is not UTF-8.
std::string encode(char32_t value) {
  const auto continuation = [&](unsigned shift) {
    return static_cast<char>(0x80U | ((value >> shift) & 0x3FU));
  };
  if (value < 0x80) return {static_cast<char>(value)};
  if (value < 0x800) return {static_cast<char>(0xC0U | (value >> 6U)), continuation(0)};
  if (value < 0x10000) {
    return {static_cast<char>(0xE0U | (value >> 12U)), continuation(6), continuation(0)};
  }
  return {static_cast<char>(0xF0U | (value >> 18U)), continuation(12), continuation(6),
          continuation(0)};
}

// Up to four bytes as one number, the first byte highest.
std::uint32_t pack(std::string_view bytes) {
  std::uint32_t packed = 0;
  for (const char byte : bytes) packed = (packed << 8U) | static_cast<unsigned char>(byte);
  return packed;
}

std::string hexadecimal(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    out += digits[value / 16];
    out += digits[value % 16];
    out += ' ';
  }
  return out;
}

// All encodings there are, and everything that an encoding begins with.
class Encodings {
 public:
  Encodings() {
    for (std::size_t size = 1; size <= 3; ++size) short_[size].resize(std::size_t{1} << (8 * size));
    for (char32_t value = 0; value <= code_point_max; ++value) {
      if (!is_surrogate(value)) add(encode(value));
    }
    std::sort(long_.begin(), long_.end());
  }

  enum class Kind : std::uint8_t { nothing, beginning, whole };

  [[nodiscard]] Kind kind_of(std::string_view bytes) const {
    if (bytes.size() <= 3) return short_[bytes.size()][pack(bytes)];
    return std::binary_search(long_.begin(), long_.end(), pack(bytes)) ? Kind::whole
                                                                       : Kind::nothing;
  }

 private:
  void add(const std::string& encoding) {
    for (std::size_t size = 1; size < encoding.size(); ++size) {
      short_[size][pack(encoding.substr(0, size))] = Kind::beginning;
    }
    if (encoding.size() <= 3) {
      short_[encoding.size()][pack(encoding)] = Kind::whole;
    } else {
      long_.push_back(pack(encoding));
    }
  }

  std::array<std::vector<Kind>, 4> short_;
  std::vector<std::uint32_t> long_;
};

// Whether the decoder says of `text` what the table of all encodings says.
bool agrees(const Encodings& encodings, std::string_view text) {
  const auto decoded = decode_front(text);
  for (std::size_t size = 1; size <= std::min<std::size_t>(text.size(), 4); ++size) {
    const std::string_view front = text.substr(0, size);
    if (encodings.kind_of(front) == Encodings::Kind::whole) {
      return decoded && decoded->size == size && encode(decoded->value) == front;
    }
  }
  const bool is_beginning =
      text.size() <= 3 && encodings.kind_of(text) == Encodings::Kind::beginning;
  return !decoded && decoded.error() == (is_beginning ? Utf8Error::truncated : Utf8Error::invalid);
}

TEST(Utf8, DecodesTheExamplesOfRfc3629) {
  struct Example {
    std::string_view text;
    char32_t value;
    std::size_t size;
  };
  for (const Example& example : {
           Example{.text = "A", .value = 0x41, .size = 1},
           Example{.text = "\xE2\x89\xA2", .value = 0x2262, .size = 3},
           Example{.text = "\xCE\x91", .value = 0x0391, .size = 2},
           Example{.text = "\xED\x95\x9C", .value = 0xD55C, .size = 3},
           Example{.text = "\xE6\x97\xA5", .value = 0x65E5, .size = 3},
           Example{.text = "\xF0\xA3\x8E\xB4", .value = 0x233B4, .size = 4},
           Example{.text = "\xEF\xBB\xBF", .value = 0xFEFF, .size = 3},
       }) {
    const auto decoded = decode_front(example.text);
    ASSERT_TRUE(decoded) << hexadecimal(example.text);
    EXPECT_EQ(decoded->value, example.value);
    EXPECT_EQ(decoded->size, example.size);
  }
}

TEST(Utf8, DecodesEveryCodePointFromItsEncoding) {
  for (char32_t value = 0; value <= code_point_max; ++value) {
    if (is_surrogate(value)) continue;
    const std::string text = encode(value);
    const auto decoded = decode_front(text);
    ASSERT_TRUE(decoded) << hexadecimal(text);
    ASSERT_EQ(decoded->value, value);
    ASSERT_EQ(decoded->size, text.size());
  }
}

TEST(Utf8, AgreesWithTheTableOfAllEncodingsOnEverySequenceOfUpToThreeBytes) {
  const Encodings encodings;
  std::string text;
  for (std::size_t size = 1; size <= 3; ++size) {
    text.resize(size);
    for (std::uint32_t packed = 0; packed < 1U << (8 * size); ++packed) {
      for (std::size_t position = 0; position < size; ++position) {
        text[position] = static_cast<char>(packed >> (8 * (size - 1 - position)));
      }
      ASSERT_TRUE(agrees(encodings, text)) << hexadecimal(text);
    }
  }
}

TEST(Utf8, AgreesWithTheTableOfAllEncodingsOnFourBytesAtEveryEdge) {
  const Encodings encodings;
  const std::string edges{"\x00\x41\x7F\x80\x81\x8F\x90\x9F\xA0\xBE\xBF\xC0\xC2\xEF\xF0\xFF", 16};
  for (unsigned first = 0x7F; first <= 0xFF; ++first) {
    for (unsigned second = 0; second <= 0xFF; ++second) {
      for (const char third : edges) {
        for (const char fourth : edges) {
          const std::string text{static_cast<char>(first), static_cast<char>(second), third,
                                 fourth};
          ASSERT_TRUE(agrees(encodings, text)) << hexadecimal(text);
        }
      }
    }
  }
}

TEST(Utf8, RefusesWhatOtherDecodersLetPass) {
  for (const std::string_view text : {
           "\xC0\x80",          // NUL in two bytes
           "\xC1\xBF",          // DEL in two bytes
           "\xE0\x9F\xBF",      // U+07FF in three bytes
           "\xF0\x8F\xBF\xBF",  // U+FFFF in four bytes
           "\xED\xA0\x80",      // the first surrogate
           "\xED\xBF\xBF",      // the last surrogate
           "\xF4\x90\x80\x80",  // U+110000
           "\xF5\x80\x80\x80",  // even higher
           "\xF8\x88\x80\x80",  // the first of five bytes
           "\x80",              // a continuation without a beginning
           "\xFE", "\xFF",      // never bytes of UTF-8
       }) {
    const auto decoded = decode_front(text);
    ASSERT_FALSE(decoded) << hexadecimal(text);
    EXPECT_EQ(decoded.error(), Utf8Error::invalid) << hexadecimal(text);
  }
}

TEST(Utf8, TellsAnEndWithinACodePointFromBytesThatCannotBe) {
  for (const std::string_view text : {"\xC3", "\xE2", "\xE2\x82", "\xF0", "\xF0\x9F",
                                      "\xF0\x9F\x98", "\xE0\xA0", "\xED\x9F", "\xF4\x8F"}) {
    const auto decoded = decode_front(text);
    ASSERT_FALSE(decoded) << hexadecimal(text);
    EXPECT_EQ(decoded.error(), Utf8Error::truncated) << hexadecimal(text);
  }
  for (const std::string_view text : {"\xC3\x28", "\xE2\x28", "\xE2\x82\x28", "\xF0\x28",
                                      "\xE0\x9F", "\xED\xA0", "\xF0\x8F", "\xF4\x90"}) {
    const auto decoded = decode_front(text);
    ASSERT_FALSE(decoded) << hexadecimal(text);
    EXPECT_EQ(decoded.error(), Utf8Error::invalid) << hexadecimal(text);
  }
}

TEST(Utf8, LooksAtTheFrontAndNoFurther) {
  const auto decoded = decode_front("\xC3\xA9\xFF\xFF");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->value, U'é');
  EXPECT_EQ(decoded->size, 2U);

  const auto zero = decode_front(std::string_view{"\0\xFF", 2});
  ASSERT_TRUE(zero);
  EXPECT_EQ(zero->value, 0U);
  EXPECT_EQ(zero->size, 1U);
}

TEST(Utf8, CountsC0AndDelAndC1AsControlCharacters) {
  std::vector<char32_t> controls;
  for (char32_t value = 0; value <= code_point_max; ++value) {
    if (is_control_character(value)) controls.push_back(value);
  }
  ASSERT_EQ(controls.size(), 32U + 1U + 32U);
  EXPECT_EQ(controls.front(), 0U);
  EXPECT_EQ(controls[31], 0x1FU);
  EXPECT_EQ(controls[32], 0x7FU);
  EXPECT_EQ(controls[33], 0x80U);
  EXPECT_EQ(controls.back(), 0x9FU);
}

TEST(Utf8DeathTest, StopsWhereThereIsNothingToDecode) {
  EXPECT_DEATH(static_cast<void>(decode_front({})), "text.empty");
}

}  // namespace
}  // namespace lastword
