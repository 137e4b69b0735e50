// Memory in blocks of one size, handed out by index.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/check.h"

namespace lastword {

using BlockIndex = std::uint32_t;

inline constexpr BlockIndex no_block = UINT32_MAX;

// A pool of blocks of `block_size` bytes. All queued bytes of all connections live in such blocks,
// so that a warm server allocates nothing per message and an idle connection owns none.
//
// Invariants:
//  1. A block is in use (its index was taken), free (its memory is kept), or absent (its memory was
//     given back to the system; the index is used again first).
//  2. At most `spare_bytes` plus as much as is in use is kept free, so memory comes back after a
//     burst.
//
// Indices, not pointers, name blocks, so that a copy of the pool is a copy of everything in it.
template <std::size_t block_size, std::size_t spare_bytes = std::size_t{4} << 20>
class BlockPool {
 public:
  BlockPool() = default;
  BlockPool(BlockPool&&) noexcept = default;
  BlockPool& operator=(BlockPool&&) noexcept = default;
  ~BlockPool() = default;

  BlockPool(const BlockPool& other)
      : free_{other.free_},
        absent_{other.absent_},
        free_count_{other.free_count_},
        used_count_{other.used_count_} {
    blocks_.reserve(other.blocks_.size());
    for (const Entry& entry : other.blocks_) {
      blocks_.push_back(
          {entry.memory ? std::make_unique<Memory>(*entry.memory) : nullptr, entry.next});
    }
  }

  BlockPool& operator=(const BlockPool& other) {
    *this = BlockPool{other};
    return *this;
  }

  // A block with unspecified content and no successor.
  [[nodiscard]] BlockIndex take() {
    ++used_count_;
    BlockIndex block = free_;
    if (block != no_block) {
      free_ = blocks_[block].next;
      --free_count_;
    } else if (absent_ != no_block) {
      block = absent_;
      absent_ = blocks_[block].next;
      blocks_[block].memory = std::make_unique<Memory>();
    } else {
      block = static_cast<BlockIndex>(blocks_.size());
      blocks_.push_back({std::make_unique<Memory>(), no_block});
    }
    blocks_[block].next = no_block;
    return block;
  }

  void give_back(BlockIndex block) {
    LASTWORD_CHECK(used_count_ > 0);
    --used_count_;
    ++free_count_;
    blocks_[block].next = free_;
    free_ = block;
    while (free_count_ > used_count_ + spare_bytes / block_size) free_one();
  }

  [[nodiscard]] std::byte* memory(BlockIndex block) { return blocks_[block].memory->data(); }
  [[nodiscard]] const std::byte* memory(BlockIndex block) const {
    return blocks_[block].memory->data();
  }

  [[nodiscard]] BlockIndex next(BlockIndex block) const { return blocks_[block].next; }
  void link(BlockIndex block, BlockIndex next) { blocks_[block].next = next; }

  [[nodiscard]] std::size_t used_count() const { return used_count_; }
  [[nodiscard]] std::size_t free_count() const { return free_count_; }

 private:
  struct alignas(std::max_align_t) Memory : std::array<std::byte, block_size> {};
  struct Entry {
    std::unique_ptr<Memory> memory;
    BlockIndex next;
  };

  // Gives the memory of one free block back to the system.
  void free_one() {
    const BlockIndex block = free_;
    free_ = blocks_[block].next;
    --free_count_;
    blocks_[block].memory.reset();
    blocks_[block].next = absent_;
    absent_ = block;
  }

  std::vector<Entry> blocks_;
  BlockIndex free_ = no_block;
  BlockIndex absent_ = no_block;
  std::size_t free_count_ = 0;
  std::size_t used_count_ = 0;
};

}  // namespace lastword
