// From names to small numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/check.h"

namespace lastword {

// A keyed 64-bit hash: without the seed, nobody can choose names that collide.
[[nodiscard]] std::uint64_t hash_name(std::string_view name, std::uint64_t seed);

// An open-addressing hash table from names to values, which does not store the names: `name_of`,
// given with each call, tells the name that belongs to a value. Nothing ever iterates over it, so
// its order can't reach the output.
class NameIndex {
 public:
  explicit NameIndex(std::uint64_t seed) : seed_{seed} {}

  template <typename NameOf>
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name,
                                                  const NameOf& name_of) const {
    if (entries_.empty()) return std::nullopt;
    const std::uint32_t hash = short_hash(name);
    for (std::size_t place = hash & mask();; place = (place + 1) & mask()) {
      const Entry& entry = entries_[place];
      if (entry.value == vacant) return std::nullopt;
      if (entry.hash == hash && name_of(entry.value) == name) return entry.value;
    }
  }

  // The name must not be there yet.
  void insert(std::string_view name, std::uint32_t value);

  // The name must be there, with this value.
  void erase(std::string_view name, std::uint32_t value);

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::uint32_t vacant = UINT32_MAX;

  struct Entry {
    std::uint32_t hash = 0;
    std::uint32_t value = vacant;
  };

  [[nodiscard]] std::uint32_t short_hash(std::string_view name) const {
    return static_cast<std::uint32_t>(hash_name(name, seed_) >> 32U);
  }
  [[nodiscard]] std::size_t mask() const { return entries_.size() - 1; }
  void place(Entry entry);
  void resize(std::size_t capacity);

  std::vector<Entry> entries_;  // a power of two of them, at most half in use
  std::size_t size_ = 0;
  std::uint64_t seed_;
};

}  // namespace lastword
