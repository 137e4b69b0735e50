#include "net/terminal_text.h"

#include "core/utf8.h"

namespace lastword {

namespace {

bool is_harmless(char32_t value) {
  if (is_control_character(value)) return value == U'\t';
  const bool breaks_lines = value == 0x2028 || value == 0x2029;
  const bool turns_order =
      (value >= 0x202A && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069);
  return !breaks_lines && !turns_order;
}

void append_escaped(std::string& text, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    text += {'\\', 'x', digits[byte >> 4U], digits[byte & 0xFU]};
  }
}

}  // namespace

std::string shown_harmlessly(std::string_view line) {
  std::string text;
  text.reserve(line.size());
  while (!line.empty()) {
    const auto front = decode_front(line);
    // One byte at a time, for what follows a bad byte may be good.
    const std::size_t size = front ? front->size : 1;
    if (front && is_harmless(front->value)) {
      text += line.substr(0, size);
    } else {
      append_escaped(text, line.substr(0, size));
    }
    line.remove_prefix(size);
  }
  return text;
}

}  // namespace lastword
