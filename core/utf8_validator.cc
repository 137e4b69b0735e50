#include "core/utf8_validator.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace lastword {

namespace {

// The states of a machine that reads RFC 3629's grammar (section 4), each as the place of its six
// bits in a row.
constexpr std::uint8_t failed = 0;
constexpr std::uint8_t whole = 6;         // between two code points
constexpr std::uint8_t one_missing = 12;  // one continuation byte
constexpr std::uint8_t two_missing = 18;  // two
constexpr std::uint8_t any_of_four = 24;  // three, behind F1 to F3
constexpr std::uint8_t behind_e0 = 30;    // two, no overlong form
constexpr std::uint8_t behind_ed = 36;    // two, no surrogate
constexpr std::uint8_t behind_f0 = 42;    // three, no overlong form
constexpr std::uint8_t behind_f4 = 48;    // three, nothing above U+10FFFF
static_assert(behind_f4 + 6 <= 64 && failed == 0);

// One row for each byte: at the place of every state, the state that follows it with this byte.
//
//   row: [behind_f4|behind_f0|behind_ed|...|two_missing|one_missing|whole|failed]
//   bits: 53 ... 48  47 ... 42                                      11..6   5..0
//
// So the next state is `(row >> state) & 63`: the shift is all that one byte waits for of the one
// before it, whatever the bytes are.
class Table {
 public:
  constexpr Table() {
    add(whole, {.first = 0x00, .last = 0x7F}, whole);
    add(whole, {.first = 0xC2, .last = 0xDF}, one_missing);
    add(whole, {.first = 0xE0, .last = 0xE0}, behind_e0);
    add(whole, {.first = 0xE1, .last = 0xEC}, two_missing);
    add(whole, {.first = 0xED, .last = 0xED}, behind_ed);
    add(whole, {.first = 0xEE, .last = 0xEF}, two_missing);
    add(whole, {.first = 0xF0, .last = 0xF0}, behind_f0);
    add(whole, {.first = 0xF1, .last = 0xF3}, any_of_four);
    add(whole, {.first = 0xF4, .last = 0xF4}, behind_f4);
    add(one_missing, {.first = 0x80, .last = 0xBF}, whole);
    add(two_missing, {.first = 0x80, .last = 0xBF}, one_missing);
    add(any_of_four, {.first = 0x80, .last = 0xBF}, two_missing);
    add(behind_e0, {.first = 0xA0, .last = 0xBF}, one_missing);
    add(behind_ed, {.first = 0x80, .last = 0x9F}, one_missing);
    add(behind_f0, {.first = 0x90, .last = 0xBF}, two_missing);
    add(behind_f4, {.first = 0x80, .last = 0x8F}, two_missing);
  }

  [[nodiscard]] constexpr std::uint64_t next(std::uint64_t state, std::byte byte) const {
    return (rows_[std::to_integer<std::size_t>(byte)] >> (state & 63U)) & 63U;
  }

 private:
  struct Range {
    unsigned first;
    unsigned last;
  };

  // What is not added leads to `failed`, which is 0, and from there to nowhere else.
  constexpr void add(std::uint8_t from, Range bytes, std::uint64_t to) {
    for (unsigned byte = bytes.first; byte <= bytes.last; ++byte) rows_[byte] |= to << from;
  }

  std::array<std::uint64_t, 256> rows_{};
};

constexpr Table table;

constexpr std::size_t block_size = 32;
constexpr std::size_t word_size = sizeof(std::uint64_t);

std::uint64_t word_at(const std::byte* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, word_size);
  return word;
}

constexpr std::uint64_t high_bits = 0x8080'8080'8080'8080U;

bool is_ascii_word(const std::byte* bytes) { return (word_at(bytes) & high_bits) == 0; }

bool is_ascii_block(const std::byte* bytes) {
  const std::uint64_t all = word_at(bytes) | word_at(bytes + word_size) |
                            word_at(bytes + 2 * word_size) | word_at(bytes + 3 * word_size);
  return (all & high_bits) == 0;
}

std::uint64_t read_word(std::uint64_t state, const std::byte* bytes) {
  for (std::size_t i = 0; i < word_size; ++i) state = table.next(state, bytes[i]);
  return state;
}

}  // namespace

bool Utf8Validator::feed(Bytes bytes) {
  static_assert(whole == lastword::whole);
  std::uint64_t state = state_;
  const std::byte* position = bytes.data();
  std::size_t left = bytes.size();
  while (left >= block_size && state != failed) {
    if (state != whole || !is_ascii_block(position)) {
      for (std::size_t i = 0; i < block_size; i += word_size) {
        if (state != whole || !is_ascii_word(position + i)) state = read_word(state, position + i);
      }
    }
    position += block_size;
    left -= block_size;
  }
  for (; left >= word_size; position += word_size, left -= word_size) {
    if (state != whole || !is_ascii_word(position)) state = read_word(state, position);
  }
  // The last word of all, which overlaps what was read before, says whether the rest is ASCII.
  const bool is_rest_ascii =
      state == whole && bytes.size() >= word_size && is_ascii_word(position + left - word_size);
  if (!is_rest_ascii) {
    for (std::size_t i = 0; i < left; ++i) state = table.next(state, position[i]);
  }
  state_ = static_cast<std::uint8_t>(state);
  return state != failed;
}

bool is_utf8(Bytes bytes) {
  Utf8Validator validator;
  return validator.feed(bytes) && validator.is_complete();
}

}  // namespace lastword
