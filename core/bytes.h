// Borrowed bytes and borrowed text, and the two casts between them.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace lastword {

using Bytes = std::span<const std::byte>;

// One contiguous piece for a gathering write (writev); borrowed until the server's next fact.
using Slice = Bytes;

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// Blanks of the line protocol are space and tab, nothing else (contract, section 1).
constexpr bool is_blank(char character) { return character == ' ' || character == '\t'; }

constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace lastword
