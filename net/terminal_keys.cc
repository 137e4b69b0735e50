#include "net/terminal_keys.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/utf8.h"

namespace lastword {

namespace {

constexpr char escape = '\x1b';
// Longer than any key's. The rest of one that is longer is taken for text.
constexpr std::size_t sequence_max = 32;

constexpr char32_t control(char letter) { return static_cast<char32_t>(letter) & 0x1FU; }

struct Binding {
  std::string_view sequence;  // without the ESC
  char32_t key;
};

constexpr Binding bindings[] = {
    // Arrows, and Home and End: as keys for text, and as keys of an application ("\x1bO").
    {"[A", control('P')},
    {"OA", control('P')},
    {"[B", control('N')},
    {"OB", control('N')},
    {"[C", control('F')},
    {"OC", control('F')},
    {"[D", control('B')},
    {"OD", control('B')},
    {"[H", control('A')},
    {"OH", control('A')},
    {"[1~", control('A')},
    {"[7~", control('A')},
    {"[F", control('E')},
    {"OF", control('E')},
    {"[4~", control('E')},
    {"[8~", control('E')},
    {"[3~", key::delete_forward},
    // With Ctrl or Alt.
    {"[1;5C", key::word_right},
    {"[1;3C", key::word_right},
    {"Oc", key::word_right},
    {"f", key::word_right},
    {"[1;5D", key::word_left},
    {"[1;3D", key::word_left},
    {"Od", key::word_left},
    {"b", key::word_left},
    {"\x7f", key::delete_word_left},
    {"\b", key::delete_word_left},
    {"d", key::delete_word_right},
    {"[3;5~", key::delete_word_right},
};

std::optional<char32_t> key_of(std::string_view sequence) {
  for (const Binding& binding : bindings) {
    if (binding.sequence == sequence) return binding.key;
  }
  return std::nullopt;
}

// The size of what begins with ESC, or nothing if more has to come.
std::optional<std::size_t> size_of_sequence(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const char kind = bytes[1];
  if (kind == 'O') return bytes.size() < 3 ? std::nullopt : std::optional<std::size_t>{3};
  if (kind == '[') {
    for (std::size_t at = 2; at < bytes.size(); ++at) {
      const auto byte = static_cast<unsigned char>(bytes[at]);
      if (byte < 0x20 || byte > 0x3F || at + 1 == sequence_max) return at + 1;
    }
    return std::nullopt;
  }
  // Alt and a character; of another ESC, or a code point that needs bytes still, only the ESC goes.
  return static_cast<unsigned char>(kind) < 0x80 && kind != escape ? 2 : 1;
}

struct Key {
  std::optional<char32_t> value;  // none: it means nothing here
  std::size_t size;
};

// Nothing if more has to come.
std::optional<Key> front_of(std::string_view bytes) {
  if (bytes.front() == escape) {
    const auto size = size_of_sequence(bytes);
    if (!size) return std::nullopt;
    return Key{.value = key_of(bytes.substr(1, *size - 1)), .size = *size};
  }
  const auto front = decode_front(bytes);
  if (!front) {
    if (front.error() == Utf8Error::truncated) return std::nullopt;
    return Key{.value = U'\uFFFD', .size = 1};
  }
  const bool is_c1 = front->value >= 0x80 && front->value <= 0x9F;
  const bool is_nothing = is_c1 || front->value == 0;
  return Key{.value = is_nothing ? std::nullopt : std::optional{front->value}, .size = front->size};
}

}  // namespace

std::u32string TerminalKeys::feed(std::string_view bytes) {
  held_ += bytes;
  std::u32string keys;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const auto front = front_of(rest);
    if (!front) break;
    if (front->value) keys += *front->value;
    rest.remove_prefix(front->size);
  }
  held_ = std::string{rest};
  return keys;
}

std::string to_utf8(std::u32string_view text) {
  std::string bytes;
  const auto append = [&](char32_t byte) { bytes += static_cast<char>(byte); };
  for (const char32_t value : text) {
    if (value < 0x80) {
      append(value);
      continue;
    }
    if (value < 0x800) {
      append(0xC0U | (value >> 6U));
    } else {
      if (value < 0x10000) {
        append(0xE0U | (value >> 12U));
      } else {
        append(0xF0U | (value >> 18U));
        append(0x80U | ((value >> 12U) & 0x3FU));
      }
      append(0x80U | ((value >> 6U) & 0x3FU));
    }
    append(0x80U | (value & 0x3FU));
  }
  return bytes;
}

}  // namespace lastword
