// The words that HTTP's grammar is made of: tokens, and lists of them (RFC 9110, section 5.6).
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "core/bytes.h"

namespace lastword::websocket {

constexpr bool is_digit(char character) { return character >= '0' && character <= '9'; }

constexpr bool is_letter(char character) {
  return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z');
}

constexpr bool is_hex_digit(char character) {
  return is_digit(character) || (character >= 'A' && character <= 'F') ||
         (character >= 'a' && character <= 'f');
}

// tchar (RFC 9110, section 5.6.2)
constexpr bool is_token_character(char character) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return is_letter(character) || is_digit(character) || marks.contains(character);
}

// VCHAR (RFC 5234, appendix B.1)
constexpr bool is_visible(char character) { return character >= 0x21 && character <= 0x7E; }

// What a field value may hold: VCHAR, SP, HTAB, obs-text (RFC 9110, section 5.5).
constexpr bool is_field_value_character(char character) {
  return is_visible(character) || is_blank(character) ||
         static_cast<unsigned char>(character) >= 0x80;
}

// ASCII only: nothing that is compared here may hold anything else.
constexpr char lower(char character) {
  const bool is_upper = character >= 'A' && character <= 'Z';
  return is_upper ? static_cast<char>(character - 'A' + 'a') : character;
}

constexpr bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char one, char other) { return lower(one) == lower(other); });
}

// Does the comma-separated list hold the token, in any case? Elements may be empty (RFC 9110,
// section 5.6.1.2); one that is no token is like no other.
constexpr bool lists_token(std::string_view list, std::string_view token) {
  for (;;) {
    const std::size_t comma = list.find(',');
    if (equal_ignoring_case(trim_blanks(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace lastword::websocket
