#include "sim/display_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "core/check.h"
#include "core/utf8.h"

namespace lastword::sim {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Combine with the character before them.
constexpr Range combining[] = {
    {0x300, 0x36F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE20, 0xFE2F},
};

// Invisible, or change the direction or the look of what stands around them.
constexpr Range unseen[] = {
    {0xAD, 0xAD},     {0x61C, 0x61C},     {0x180B, 0x180F},   {0x200B, 0x200F},
    {0x2028, 0x202E}, {0x2060, 0x206F},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
    {0xFFF9, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

// Two columns wide in a terminal (Unicode Standard Annex 11, "W" and "F", in coarse ranges).
constexpr Range wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x26A1, 0x26A1},
    {0x2705, 0x2705},   {0x274C, 0x274E},   {0x2753, 0x2757},   {0x2E80, 0x303E},
    {0x3041, 0xA4CF},   {0xA960, 0xA97C},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x18CFF},
    {0x1B000, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F7E0, 0x1F7EB}, {0x1F90C, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

template <std::size_t count>
constexpr bool is_in(const Range (&ranges)[count], char32_t value) {
  return std::ranges::any_of(
      ranges, [value](Range range) { return range.first <= value && value <= range.last; });
}

void append_hexadecimal(std::string& out, std::uint32_t value, std::size_t digits_min) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value, 16).ptr;
  const auto count = static_cast<std::size_t>(end - digits.begin());
  if (count < digits_min) out.append(digits_min - count, '0');
  for (std::size_t place = 0; place < count; ++place) {
    const char digit = digits[place];
    out.push_back(digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit);
  }
}

void append_quoted(std::string& out, std::string_view bytes, char32_t value) {
  if (value == '\n') {
    out.append("\\n");
  } else if (value == '\r') {
    out.append("\\r");
  } else if (value == '\t') {
    out.append("\\t");
  } else if (value < 0x80) {
    out.append("\\x");
    append_hexadecimal(out, value, 2);
  } else if (is_control_character(value) || is_in(unseen, value)) {
    out.append("\\u{");
    append_hexadecimal(out, value, 4);
    out.push_back('}');
  } else {
    out.append(bytes);
  }
}

// The text without the end of its line.
std::string without_line_end(std::string_view bytes) {
  const bool is_in_quotes = bytes.ends_with("\n\"");
  if (is_in_quotes) bytes.remove_suffix(1);
  if (bytes.ends_with('\n')) {
    bytes.remove_suffix(1);
    if (bytes.ends_with('\r')) bytes.remove_suffix(1);
  }
  std::string text{bytes};
  if (is_in_quotes) text.push_back('"');
  return text;
}

}  // namespace

std::string printable(std::string_view bytes) {
  const std::string line = without_line_end(bytes);
  std::string_view rest = line;
  std::string text;
  while (!rest.empty()) {
    const auto code_point = decode_front(rest);
    if (!code_point) {
      text.append("\\x");
      append_hexadecimal(text, static_cast<std::uint8_t>(rest.front()), 2);
      rest.remove_prefix(1);
      continue;
    }
    const char32_t value = code_point->value;
    if (value >= 0x20 && value < 0x7F) {
      text.push_back(rest.front());
    } else {
      append_quoted(text, rest.substr(0, code_point->size), value);
    }
    rest.remove_prefix(code_point->size);
  }
  return text;
}

std::vector<Glyph> glyphs(std::string_view text) {
  std::vector<Glyph> found;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto code_point = decode_front(text.substr(begin));
    LASTWORD_CHECK(code_point.has_value());
    if (!found.empty() && is_in(combining, code_point->value)) {
      Glyph& last = found.back();
      last.bytes = {last.bytes.data(), last.bytes.size() + code_point->size};
    } else {
      found.push_back(Glyph{.bytes = text.substr(begin, code_point->size),
                            .width = is_in(wide, code_point->value) ? 2U : 1U});
    }
    begin += code_point->size;
  }
  return found;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (const Glyph& glyph : glyphs(text)) width += glyph.width;
  return width;
}

std::string cut(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string{text};
  if (width == 0) return {};
  std::string beginning;
  std::size_t used = 1;  // the ellipsis
  for (const Glyph& glyph : glyphs(text)) {
    if (used + glyph.width > width) break;
    beginning.append(glyph.bytes);
    used += glyph.width;
  }
  return beginning + "…";
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  LASTWORD_CHECK(width >= 2);
  std::vector<std::string> lines;
  std::string line;
  std::size_t line_width = 0;
  std::size_t blank = std::string::npos;  // the last place in `line` to break it at
  for (const Glyph& glyph : glyphs(text)) {
    if (line_width + glyph.width > width) {
      const bool is_between_words = glyph.bytes == " " || blank == std::string::npos;
      const std::string rest = is_between_words ? std::string{} : line.substr(blank + 1);
      if (!is_between_words) line.erase(blank);
      lines.push_back(line);
      line = rest;
      line_width = width_of(rest);
      blank = std::string::npos;
      if (glyph.bytes == " ") continue;
    }
    if (glyph.bytes == " ") blank = line.size();
    line.append(glyph.bytes);
    line_width += glyph.width;
  }
  if (!line.empty() || lines.empty()) lines.push_back(line);
  return lines;
}

SpanText span_text(Duration span) {
  struct Unit {
    std::uint64_t nanoseconds;
    std::string_view name;
  };
  constexpr Unit units[] = {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}};
  const std::int64_t count = span.count();
  if (count == 0) return {.number = "0", .unit = "s"};
  const std::string sign = count < 0 ? "-" : "";
  // The least value has no counterpart above zero, so this is done without a sign.
  const auto size = count < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(count)
                              : static_cast<std::uint64_t>(count);
  for (const Unit& unit : units) {
    if (size < unit.nanoseconds) continue;
    const std::string decimals =
        std::to_string(1000 + size % unit.nanoseconds / (unit.nanoseconds / 1000));
    return {.number = sign + std::to_string(size / unit.nanoseconds) + "." + decimals.substr(1),
            .unit = unit.name};
  }
  return {.number = sign + std::to_string(size), .unit = "ns"};
}

}  // namespace lastword::sim
