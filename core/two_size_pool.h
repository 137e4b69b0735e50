// Memory in blocks of two sizes, handed out by index.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/block_pool.h"

namespace lastword {

// Whole blocks, which can be linked, and small ones, which can't; the index tells which it is.
template <std::size_t block_size, std::size_t small_size>
class TwoSizePool {
  static_assert(small_size < block_size);

 public:
  // Of no_block too.
  [[nodiscard]] static bool is_small(BlockIndex block) { return (block & small_bit) != 0; }

  // A block with unspecified content and no successor.
  [[nodiscard]] BlockIndex take() { return whole_.take(); }
  [[nodiscard]] BlockIndex take_small() { return small_.take() | small_bit; }

  void give_back(BlockIndex block) {
    if (is_small(block)) {
      small_.give_back(block & ~small_bit);
    } else {
      whole_.give_back(block);
    }
  }

  [[nodiscard]] std::byte* memory(BlockIndex block) {
    return is_small(block) ? small_.memory(block & ~small_bit) : whole_.memory(block);
  }
  [[nodiscard]] const std::byte* memory(BlockIndex block) const {
    return is_small(block) ? small_.memory(block & ~small_bit) : whole_.memory(block);
  }

  // Of whole blocks only.
  [[nodiscard]] BlockIndex next(BlockIndex block) const { return whole_.next(block); }
  void link(BlockIndex block, BlockIndex next) { whole_.link(block, next); }

  [[nodiscard]] std::size_t used_count() const { return whole_.used_count() + small_.used_count(); }
  [[nodiscard]] std::size_t used_small_count() const { return small_.used_count(); }

  // More blocks of either size are free than so many.
  [[nodiscard]] bool has_spare(std::size_t kept_free) const {
    return whole_.free_count() > kept_free || small_.free_count() > kept_free;
  }
  // Frees what was not needed since the last time, but for so many free ones of either size.
  void trim(std::size_t kept_free) {
    whole_.trim(kept_free);
    small_.trim(kept_free);
  }

  // All that was given back to the allocator so far.
  [[nodiscard]] std::uint64_t freed_bytes() const {
    return whole_.freed_count() * block_size + small_.freed_count() * small_size;
  }

 private:
  static constexpr BlockIndex small_bit = BlockIndex{1} << 31U;
  static_assert((no_block & small_bit) != 0);

  // What is kept free of either size, at the most, beyond as much as is in use.
  static constexpr std::size_t spare_bytes = std::size_t{4} << 20;
  static constexpr std::size_t spare_small_bytes = std::size_t{1} << 20;

  BlockPool<block_size, spare_bytes> whole_;
  BlockPool<small_size, spare_small_bytes> small_;
};

}  // namespace lastword
