#include "core/name_index.h"

#include <cstring>

namespace lastword {

namespace {

// Folds the 128-bit product of two words: each bit of the result depends on all bits of both.
std::uint64_t mix(std::uint64_t left, std::uint64_t right) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(left) * right;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

// Up to eight bytes as a number.
std::uint64_t word_at(const char* bytes, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  return word;
}

}  // namespace

std::uint64_t hash_name(std::string_view name, std::uint64_t seed) {
  // Odd constants with as many ones as zeros: the digits of the golden ratio and of e.
  constexpr std::uint64_t first_constant = 0x9E37'79B9'7F4A'7C15U;
  constexpr std::uint64_t second_constant = 0xB7E1'5162'8AED'2A6BU;

  std::uint64_t hash = mix(seed ^ first_constant, name.size() ^ second_constant);
  while (name.size() > 8) {
    hash = mix(hash ^ word_at(name.data(), 8), seed ^ second_constant);
    name.remove_prefix(8);
  }
  hash = mix(hash ^ word_at(name.data(), name.size()), seed ^ first_constant);
  return mix(hash, second_constant);
}

void NameIndex::insert(std::string_view name, std::uint32_t value) {
  LASTWORD_CHECK(value != vacant);
  if ((size_ + 1) * 2 > entries_.size()) {
    constexpr std::size_t capacity_min = 16;
    resize(entries_.empty() ? capacity_min : entries_.size() * 2);
  }
  place({.hash = short_hash(name), .value = value});
  ++size_;
}

void NameIndex::erase(std::string_view name, std::uint32_t value) {
  LASTWORD_CHECK(size_ > 0);
  std::size_t hole = short_hash(name) & mask();
  while (entries_[hole].value != value) {
    LASTWORD_CHECK(entries_[hole].value != vacant);
    hole = (hole + 1) & mask();
  }
  --size_;
  // Linear probing leaves no tombstones: whoever is behind the hole and would not be found any more
  // moves into it.
  for (std::size_t next = (hole + 1) & mask(); entries_[next].value != vacant;
       next = (next + 1) & mask()) {
    const std::size_t home = entries_[next].hash & mask();
    const bool is_reachable = ((next - home) & mask()) < ((next - hole) & mask());
    if (is_reachable) continue;
    entries_[hole] = entries_[next];
    hole = next;
  }
  entries_[hole] = {};
}

void NameIndex::place(Entry entry) {
  std::size_t place = entry.hash & mask();
  while (entries_[place].value != vacant) place = (place + 1) & mask();
  entries_[place] = entry;
}

void NameIndex::resize(std::size_t capacity) {
  std::vector<Entry> entries(capacity);
  entries.swap(entries_);
  for (const Entry& entry : entries) {
    if (entry.value != vacant) place(entry);
  }
}

}  // namespace lastword
