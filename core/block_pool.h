// Memory in blocks of one size, handed out by index.
#pragma once

#include <algorithm>
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
//     burst; and the table of blocks once few of them are there, as far as the used ones let it.
//     From one `trim` to the next, what was in use at the same time is there again.
//
// Indices, not pointers, name blocks, so that a copy of the pool is a copy of everything in it.
template <std::size_t block_size, std::size_t spare_bytes>
class BlockPool {
 public:
  // The table is sparse with less than one block for so many places; up to so many of them it is
  // small enough to stay, 16 KiB.
  static constexpr std::size_t sparse_factor = 4;
  static constexpr std::size_t sparse_min = 1024;

  BlockPool() = default;
  BlockPool(BlockPool&&) noexcept = default;
  BlockPool& operator=(BlockPool&&) noexcept = default;
  ~BlockPool() = default;

  BlockPool(const BlockPool& other)
      : free_{other.free_},
        absent_{other.absent_},
        free_count_{other.free_count_},
        used_count_{other.used_count_},
        used_max_{other.used_max_},
        freed_count_{other.freed_count_},
        compacted_below_{other.compacted_below_} {
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
      compacted_below_ = blocks_.size() / sparse_factor;
    }
    blocks_[block].next = no_block;
    used_max_ = std::max(used_max_, used_count_);
    return block;
  }

  void give_back(BlockIndex block) {
    LASTWORD_CHECK(used_count_ > 0);
    --used_count_;
    ++free_count_;
    blocks_[block].next = free_;
    free_ = block;
    while (free_count_ > used_count_ + spare_bytes / block_size) free_one();
    forget_absent();
  }

  // Frees what was not needed since the last time, but for so many free blocks.
  void trim(std::size_t kept_free) {
    const std::size_t kept = std::max(used_max_, used_count_ + kept_free);
    while (used_count_ + free_count_ > kept) free_one();
    used_max_ = used_count_;
    forget_absent();
  }

  [[nodiscard]] std::byte* memory(BlockIndex block) { return blocks_[block].memory->data(); }
  [[nodiscard]] const std::byte* memory(BlockIndex block) const {
    return blocks_[block].memory->data();
  }

  [[nodiscard]] BlockIndex next(BlockIndex block) const { return blocks_[block].next; }
  void link(BlockIndex block, BlockIndex next) { blocks_[block].next = next; }

  // Indices that were handed out so far, and not forgotten.
  [[nodiscard]] std::size_t table_size() const { return blocks_.size(); }
  [[nodiscard]] std::size_t used_count() const { return used_count_; }
  [[nodiscard]] std::size_t free_count() const { return free_count_; }
  // How often the memory of one was given back.
  [[nodiscard]] std::uint64_t freed_count() const { return freed_count_; }

 private:
  struct alignas(std::max_align_t) Memory : std::array<std::byte, block_size> {};
  struct Entry {
    std::unique_ptr<Memory> memory;
    BlockIndex next = no_block;
  };

  // Gives the memory of one free block back to the system.
  void free_one() {
    const BlockIndex block = free_;
    free_ = blocks_[block].next;
    --free_count_;
    ++freed_count_;
    blocks_[block].memory.reset();
    blocks_[block].next = absent_;
    absent_ = block;
  }

  void forget_absent() {
    const std::size_t present = used_count_ + free_count_;
    const bool is_sparse = blocks_.size() > sparse_min && blocks_.size() / sparse_factor > present;
    if (is_sparse && (used_count_ == 0 || present <= compacted_below_)) compact();
  }

  // Cuts the table behind the last block that is in use, or has the free ones moved to the front if
  // that takes more. Linear in the table, but called only with each halving of what is present.
  void compact() {
    std::vector<std::unique_ptr<Memory>> free_memory;
    free_memory.reserve(free_count_);
    for (BlockIndex block = free_; block != no_block; block = blocks_[block].next) {
      free_memory.push_back(std::move(blocks_[block].memory));
    }
    while (!blocks_.empty() && blocks_.back().memory == nullptr) blocks_.pop_back();
    if (blocks_.size() < used_count_ + free_count_) blocks_.resize(used_count_ + free_count_);
    blocks_.shrink_to_fit();
    free_ = no_block;
    absent_ = no_block;
    for (std::size_t index = blocks_.size(); index-- > 0;) {
      Entry& entry = blocks_[index];
      if (entry.memory != nullptr) continue;
      const bool is_free = !free_memory.empty();
      if (is_free) {
        entry.memory = std::move(free_memory.back());
        free_memory.pop_back();
      }
      BlockIndex& list = is_free ? free_ : absent_;
      entry.next = list;
      list = static_cast<BlockIndex>(index);
    }
    compacted_below_ = (used_count_ + free_count_) / 2;
  }

  std::vector<Entry> blocks_;
  BlockIndex free_ = no_block;
  BlockIndex absent_ = no_block;
  std::size_t free_count_ = 0;
  std::size_t used_count_ = 0;
  std::size_t used_max_ = 0;  // at the same time, since the last trim
  std::uint64_t freed_count_ = 0;
  std::size_t compacted_below_ = 0;  // blocks present, at which it is worth the trouble again
};

}  // namespace lastword
