#include "fuzz/reference_inflate.h"

#include <array>
#include <vector>

namespace lastword::fuzz {

namespace {

constexpr unsigned code_bits_max = 15;

// A Huffman code as the lengths of its codes give it (RFC 1951, section 3.2.2): codes of one length
// are consecutive numbers, in the order of their symbols, and shorter ones come before longer ones.
class Code {
 public:
  // `lengths` by symbol; 0: it does not occur.
  explicit Code(const std::vector<unsigned>& lengths) {
    for (unsigned symbol = 0; symbol < lengths.size(); ++symbol) {
      if (lengths[symbol] > 0) of_length_[lengths[symbol]].symbols.push_back(symbol);
    }
    unsigned next = 0;
    for (unsigned length = 1; length <= code_bits_max; ++length) {
      OfLength& codes = of_length_[length];
      next *= 2;
      codes.first = next;
      next += static_cast<unsigned>(codes.symbols.size());
      if (next > 1U << length) is_crowded_ = true;
      if (!codes.symbols.empty()) longest_ = length;
    }
    has_gap_ = next != 1U << code_bits_max;
  }

  // Whether there are more codes than bits for them.
  [[nodiscard]] bool is_crowded() const { return is_crowded_; }
  // Whether there are bits that are no code.
  [[nodiscard]] bool has_gap() const { return has_gap_; }
  [[nodiscard]] unsigned longest() const { return longest_; }

  // The symbol with this code; false if there is none.
  [[nodiscard]] bool find(unsigned length, unsigned code, unsigned& symbol) const {
    const OfLength& codes = of_length_[length];
    if (code < codes.first || code - codes.first >= codes.symbols.size()) return false;
    symbol = codes.symbols[code - codes.first];
    return true;
  }

 private:
  struct OfLength {
    unsigned first = 0;
    std::vector<unsigned> symbols{};
  };
  std::array<OfLength, code_bits_max + 1> of_length_{};
  unsigned longest_ = 0;
  bool is_crowded_ = false;
  bool has_gap_ = false;
};

// Section 3.2.6.
const Code& fixed_literals() {
  static const Code code = [] {
    std::vector<unsigned> lengths(288, 8);
    for (unsigned symbol = 144; symbol <= 255; ++symbol) lengths[symbol] = 9;
    for (unsigned symbol = 256; symbol <= 279; ++symbol) lengths[symbol] = 7;
    return Code{lengths};
  }();
  return code;
}

const Code& fixed_distances() {
  static const Code code{std::vector<unsigned>(32, 5)};
  return code;
}

// What a symbol stands for: a smallest value, and how many bits follow that are added to it
// (section 3.2.5).
struct Extended {
  unsigned value;
  unsigned bits;
};
constexpr std::array<Extended, 29> copied_lengths{
    {{3, 0},  {4, 0},  {5, 0},  {6, 0},   {7, 0},   {8, 0},   {9, 0},   {10, 0},  {11, 1}, {13, 1},
     {15, 1}, {17, 1}, {19, 2}, {23, 2},  {27, 2},  {31, 2},  {35, 3},  {43, 3},  {51, 3}, {59, 3},
     {67, 4}, {83, 4}, {99, 4}, {115, 4}, {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}}};
constexpr std::array<Extended, 30> distances{
    {{1, 0},     {2, 0},     {3, 0},     {4, 0},      {5, 1},      {7, 1},
     {9, 2},     {13, 2},    {17, 3},    {25, 3},     {33, 4},     {49, 4},
     {65, 5},    {97, 5},    {129, 6},   {193, 6},    {257, 7},    {385, 7},
     {513, 8},   {769, 8},   {1025, 9},  {1537, 9},   {2049, 10},  {3073, 10},
     {4097, 11}, {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}}};

constexpr unsigned end_of_block = 256;

class Reading {
 public:
  Reading(std::string_view compressed, const InflateLimits& limits)
      : payload_bits_{8 * compressed.size()},
        bytes_{std::string{compressed} + std::string{"\x00\x00\xFF\xFF", 4}},
        limits_{limits} {}

  Inflated run() {
    constexpr std::size_t head_bits = 3;
    while (!is_over_ && bits_left() >= head_bits) read_block();
    if (!is_over_ && has_tail_made_) stop(Inflated::End::damaged);
    return made_;
  }

 private:
  // Nothing is read or made behind this.
  void stop(Inflated::End why) {
    if (is_over_) return;
    is_over_ = true;
    made_.end = why;
  }

  [[nodiscard]] std::size_t bits_left() const { return 8 * bytes_.size() - place_; }

  // The next bits as a number, the least significant first (section 3.1.1).
  unsigned bits(unsigned count) {
    unsigned number = 0;
    for (unsigned place = 0; place < count; ++place) {
      if (bits_left() == 0) stop(Inflated::End::damaged);
      if (is_over_) return 0;
      const unsigned byte = static_cast<unsigned char>(bytes_[place_ / 8]);
      number += (byte >> (place_ % 8) & 1U) << place;
      ++place_;
    }
    return number;
  }

  void skip_to_whole_byte() { place_ = (place_ + 7) / 8 * 8; }

  // Codes stand there with their most significant bit first.
  unsigned symbol(const Code& code) {
    unsigned number = 0;
    for (unsigned length = 1; length <= code_bits_max && !is_over_; ++length) {
      number = 2 * number + bits(1);
      unsigned found = 0;
      if (!is_over_ && code.find(length, number, found)) return found;
    }
    stop(Inflated::End::damaged);
    return end_of_block;
  }

  void put(char byte) {
    if (is_over_) return;
    made_.bytes.push_back(byte);
    if (place_ > payload_bits_) has_tail_made_ = true;
    if (made_.bytes.size() > limits_.size_max) stop(Inflated::End::too_large);
  }

  void read_block() {
    const bool is_final = bits(1) == 1;
    switch (bits(2)) {
      case 0:
        read_stored();
        break;
      case 1:
        read_coded(fixed_literals(), fixed_distances());
        break;
      case 2:
        read_dynamic();
        break;
      default:
        stop(Inflated::End::damaged);
        break;
    }
    if (!is_final) return;
    skip_to_whole_byte();
    begin_ = made_.bytes.size();
  }

  // Section 3.2.4.
  void read_stored() {
    skip_to_whole_byte();
    const unsigned size = bits(16);
    if (bits(16) != (size ^ 0xFFFFU)) stop(Inflated::End::damaged);
    for (unsigned count = 0; count < size && !is_over_; ++count) put(static_cast<char>(bits(8)));
  }

  // Section 3.2.7: the codes' lengths, in a code of their own.
  void read_dynamic() {
    const unsigned literal_count = 257 + bits(5);
    const unsigned distance_count = 1 + bits(5);
    const unsigned length_count = 4 + bits(4);
    if (literal_count > 286 || distance_count > 30) return stop(Inflated::End::damaged);
    constexpr std::array<unsigned, 19> order{16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                             11, 4,  12, 3, 13, 2, 14, 1, 15};
    std::vector<unsigned> lengths_of_lengths(order.size());
    for (unsigned at = 0; at < length_count; ++at) lengths_of_lengths[order[at]] = bits(3);
    const Code lengths_code{lengths_of_lengths};
    if (lengths_code.is_crowded() || lengths_code.has_gap()) return stop(Inflated::End::damaged);

    std::vector<unsigned> lengths;
    while (!is_over_ && lengths.size() < literal_count + distance_count) {
      read_lengths(symbol(lengths_code), lengths);
    }
    if (lengths.size() > literal_count + distance_count) stop(Inflated::End::damaged);
    if (is_over_) return;
    const auto middle = lengths.begin() + literal_count;
    const Code literals{{lengths.begin(), middle}};
    const Code distances_code{{middle, lengths.end()}};
    const bool has_end = lengths[end_of_block] > 0;
    if (!has_end || !is_usable(literals) || !is_usable(distances_code)) {
      return stop(Inflated::End::damaged);
    }
    read_coded(literals, distances_code);
  }

  // A length, or how often one is repeated.
  void read_lengths(unsigned symbol, std::vector<unsigned>& lengths) {
    if (symbol < 16) return lengths.push_back(symbol);
    if (symbol == 16) {
      if (lengths.empty()) return stop(Inflated::End::damaged);
      const unsigned last = lengths.back();
      lengths.insert(lengths.end(), 3 + bits(2), last);
    } else {
      lengths.insert(lengths.end(), symbol == 17 ? 3 + bits(3) : 11 + bits(7), 0);
    }
  }

  // Bits that are no code are for a single code of one bit, or for none at all.
  static bool is_usable(const Code& code) {
    return !code.is_crowded() && (!code.has_gap() || code.longest() <= 1);
  }

  void read_coded(const Code& literals, const Code& distances_code) {
    while (!is_over_) {
      const unsigned literal = symbol(literals);
      if (literal == end_of_block) return;
      if (literal < end_of_block) {
        put(static_cast<char>(static_cast<unsigned char>(literal)));
      } else {
        copy(literal - end_of_block - 1, distances_code);
      }
    }
  }

  void copy(std::size_t length_symbol, const Code& distances_code) {
    if (length_symbol >= copied_lengths.size()) return stop(Inflated::End::damaged);
    const Extended& copied = copied_lengths[length_symbol];
    const unsigned length = copied.value + bits(copied.bits);
    const unsigned distance_symbol = symbol(distances_code);
    if (distance_symbol >= distances.size()) return stop(Inflated::End::damaged);
    const std::size_t distance =
        distances[distance_symbol].value + bits(distances[distance_symbol].bits);
    if (distance > limits_.distance_max || distance > made_.bytes.size() - begin_) {
      return stop(Inflated::End::damaged);
    }
    for (unsigned count = 0; count < length && !is_over_; ++count) {
      put(made_.bytes[made_.bytes.size() - distance]);
    }
  }

  std::size_t payload_bits_;
  std::string bytes_;
  InflateLimits limits_;
  Inflated made_{};
  std::size_t place_ = 0;       // in bits
  std::size_t begin_ = 0;       // of the stream, among the bytes that were made
  bool has_tail_made_ = false;  // something out of the four bytes
  bool is_over_ = false;
};

}  // namespace

Inflated inflate_message(std::string_view compressed, const InflateLimits& limits) {
  return Reading{compressed, limits}.run();
}

}  // namespace lastword::fuzz
