#include "sim/reference.h"

#include <algorithm>

namespace lastword::sim::reference {

namespace {

bool is_blank(char character) { return character == ' ' || character == '\t'; }

// The code point at the front, and how many bytes it has; 0 bytes where there is none.
struct Decoded {
  char32_t value = 0;
  std::size_t size = 0;
};

Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t place) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[place]));
  };
  const char32_t first = byte(0);
  std::size_t size = 0;
  char32_t value = 0;
  char32_t least = 0;
  if (first < 0x80) {
    return {.value = first, .size = 1};
  }
  if (first >= 0xC0 && first < 0xE0) {
    size = 2;
    value = first - 0xC0;
    least = 0x80;
  } else if (first >= 0xE0 && first < 0xF0) {
    size = 3;
    value = first - 0xE0;
    least = 0x800;
  } else if (first >= 0xF0 && first < 0xF8) {
    size = 4;
    value = first - 0xF0;
    least = 0x10000;
  } else {
    return {};
  }
  if (text.size() < size) return {};
  for (std::size_t place = 1; place < size; ++place) {
    if (byte(place) < 0x80 || byte(place) >= 0xC0) return {};
    value = value * 0x40 + (byte(place) - 0x80);
  }
  const bool is_surrogate = value >= 0xD800 && value < 0xE000;
  if (value < least || is_surrogate || value > 0x10FFFF) return {};
  return {.value = value, .size = size};
}

bool is_room(std::string_view text) {
  return text.size() >= 2 && text.front() == '#' && !is_blank(text[1]) && is_name(text.substr(1));
}

Asked error(std::string_view begin) { return {.kind = Asked::Kind::error, .error = begin}; }

Asked parse_command(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && !is_blank(line[end])) ++end;
  const std::string_view word = line.substr(0, end);
  const std::string_view argument = trim(line.substr(end));
  if (word == "/help") return {.kind = Asked::Kind::help};
  if (word == "/quit") return {.kind = Asked::Kind::quit};
  if (word == "/ping") return {.kind = Asked::Kind::ping, .argument = argument};
  const bool is_join = word == "/join";
  const bool is_leave = word == "/leave";
  if (word != "/who" && !is_join && !is_leave) return error("! unknown command");
  if (argument.empty() && (is_join || is_leave)) return error("! no room");
  if (!argument.empty() && !is_room(argument)) return error("! bad room");
  const Asked::Kind room_kind = is_join ? Asked::Kind::join : Asked::Kind::leave;
  return {.kind = is_join || is_leave ? room_kind : Asked::Kind::who, .argument = argument};
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Decoded decoded = decode(text);
    if (decoded.size == 0) return false;
    text.remove_prefix(decoded.size);
  }
  return true;
}

bool is_name(std::string_view text) {
  constexpr std::size_t size_max = 64;
  if (text.empty() || text.size() > size_max || !is_utf8(text)) return false;
  if (text.find_first_of(",:#") != std::string_view::npos) return false;
  if (text.front() == '/' || text.front() == '!' || text.front() == '*') return false;
  while (!text.empty()) {
    const Decoded decoded = decode(text);
    if (decoded.value < 0x20 || (decoded.value >= 0x7F && decoded.value < 0xA0)) return false;
    text.remove_prefix(decoded.size);
  }
  return true;
}

Asked parse(std::string_view line) {
  if (line.empty()) return {};
  if (line.front() == '/') return parse_command(line);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return error("! no destination");
  Asked asked{.kind = Asked::Kind::message};
  asked.message.text = trim(line.substr(colon + 1));
  std::string_view rest = line.substr(0, colon);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string destination{trim(rest.substr(0, comma))};
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    auto& all = asked.message.destinations;
    const bool is_new = std::find(all.begin(), all.end(), destination) == all.end();
    if (!destination.empty() && is_new) all.push_back(destination);
  }
  if (asked.message.destinations.empty()) return error("! no destination");
  return asked;
}

}  // namespace lastword::sim::reference
