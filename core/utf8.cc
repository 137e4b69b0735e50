#include "core/utf8.h"

#include "core/check.h"

namespace lastword {

namespace {

// What the first byte of a code point says: how long it is, its payload, and the range that RFC
// 3629's grammar allows for the second byte (that range is what keeps overlong forms, surrogates
// and everything above U+10FFFF out).
struct Lead {
  std::size_t size;
  char32_t payload;
  unsigned char second_min;
  unsigned char second_max;
};

constexpr Lead lead_of(unsigned char byte) {
  if (byte < 0xC2) return {};  // a continuation byte, or an overlong form
  if (byte < 0xE0)
    return {.size = 2, .payload = byte & 0x1FU, .second_min = 0x80, .second_max = 0xBF};
  if (byte < 0xF0) {
    const unsigned char second_min = byte == 0xE0 ? 0xA0 : 0x80;
    const unsigned char second_max = byte == 0xED ? 0x9F : 0xBF;
    return {.size = 3, .payload = byte & 0x0FU, .second_min = second_min, .second_max = second_max};
  }
  if (byte < 0xF5) {
    const unsigned char second_min = byte == 0xF0 ? 0x90 : 0x80;
    const unsigned char second_max = byte == 0xF4 ? 0x8F : 0xBF;
    return {.size = 4, .payload = byte & 0x07U, .second_min = second_min, .second_max = second_max};
  }
  return {};
}

}  // namespace

std::expected<CodePoint, Utf8Error> decode_front(std::string_view text) {
  LASTWORD_CHECK(!text.empty());
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return CodePoint{.value = first, .size = 1};

  const Lead lead = lead_of(first);
  if (lead.size == 0) return std::unexpected{Utf8Error::invalid};

  char32_t value = lead.payload;
  for (std::size_t position = 1; position < lead.size; ++position) {
    if (position == text.size()) return std::unexpected{Utf8Error::truncated};
    const auto byte = static_cast<unsigned char>(text[position]);
    const unsigned char byte_min = position == 1 ? lead.second_min : 0x80;
    const unsigned char byte_max = position == 1 ? lead.second_max : 0xBF;
    if (byte < byte_min || byte > byte_max) return std::unexpected{Utf8Error::invalid};
    value = (value << 6U) | (byte & 0x3FU);
  }
  return CodePoint{.value = value, .size = lead.size};
}

}  // namespace lastword
