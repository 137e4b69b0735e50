// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace lastword {

enum class Utf8Error : std::uint8_t {
  invalid,    // these bytes can't begin or continue a code point
  truncated,  // the text ends within a code point
};

struct CodePoint {
  char32_t value;
  std::size_t size;  // bytes
};

// Decodes the code point at the front of `text`, which must not be empty.
[[nodiscard]] std::expected<CodePoint, Utf8Error> decode_front(std::string_view text);

// C0, DEL and C1 (contract, section 1).
constexpr bool is_control_character(char32_t value) {
  return value < 0x20 || (value >= 0x7F && value <= 0x9F);
}

}  // namespace lastword
