// A first-in first-out queue whose elements live in a pool's blocks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "core/block_pool.h"
#include "core/check.h"
#include "core/two_size_pool.h"

namespace lastword {

// Holds 24 bytes itself and no block while it is empty. Every call that reads or changes elements
// is given the pool; it must always be the same one. The queue must be cleared before it is
// destroyed (the pool can't know whom its blocks belong to).
//
//   head block          ...          tail block
//   [....ssssssss] -> [ssssssss] -> [sss.....]        s = an element
//        ^ head_                        ^ tail_
//
// A queue that a small block is enough for has no other: thousands of peers who are told one thing
// each at the same moment take no page each. Where it does not suffice any more, its elements move,
// to the same places in a whole block, so that the runs are the same as if it had been one at once.
template <typename Element, std::size_t block_size, std::size_t small_size>
class PooledQueue {
  static_assert(std::is_trivially_copyable_v<Element>);
  static_assert(block_size % sizeof(Element) == 0);
  static_assert(small_size % sizeof(Element) == 0);

 public:
  using Pool = TwoSizePool<block_size, small_size>;
  static constexpr std::uint32_t elements_per_block = block_size / sizeof(Element);
  static constexpr std::uint32_t elements_per_small_block = small_size / sizeof(Element);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool is_empty() const { return size_ == 0; }

  void append(Pool& pool, std::span<const Element> elements) {
    if (elements.empty()) return;  // they may have no address
    size_ += elements.size();
    if (elements.size() <= tail_room()) {
      put(pool, elements);
      return;
    }
    while (!elements.empty()) {
      if (Pool::is_small(tail_block_) || tail_room() == 0) grow(pool, elements.size());
      const std::size_t count = std::min<std::size_t>(elements.size(), tail_room());
      put(pool, elements.first(count));
      elements = elements.subspan(count);
    }
  }

  // Makes the queue `count` elements longer, at least one, and gives the place for them, which the
  // caller must fill at once; nullptr, and nothing happened, if they would not all be in the tail
  // block, or in the first one of an empty queue.
  [[nodiscard]] Element* extend(Pool& pool, std::size_t count) {
    LASTWORD_CHECK(count > 0);
    if (count > tail_room()) {
      if (!Pool::is_small(tail_block_) || count > elements_per_block - tail_) return nullptr;
      grow(pool, count);
    }
    auto* const elements = reinterpret_cast<Element*>(place(pool, tail_block_, tail_));
    tail_ += static_cast<std::uint32_t>(count);
    size_ += count;
    return elements;
  }

  void push(Pool& pool, const Element& element) { append(pool, std::span{&element, 1}); }

  // The elements at the front, as far as they are contiguous; empty if the queue is. Good until the
  // queue changes.
  [[nodiscard]] std::span<const Element> front_run(const Pool& pool) const {
    if (size_ == 0) return {};
    return {reinterpret_cast<const Element*>(place(pool, head_block_, head_)), head_end() - head_};
  }

  // The same, for changing them.
  [[nodiscard]] std::span<Element> front_run(Pool& pool) {
    if (size_ == 0) return {};
    return {reinterpret_cast<Element*>(place(pool, head_block_, head_)), head_end() - head_};
  }

  // The last element; nullptr if the queue is empty. Good until the queue changes.
  [[nodiscard]] Element* back(Pool& pool) {
    if (size_ == 0) return nullptr;
    return reinterpret_cast<Element*>(place(pool, tail_block_, tail_ - 1));
  }

  void pop(Pool& pool, std::size_t count) {
    LASTWORD_CHECK(count <= size_);
    size_ -= count;
    while (count > 0) {
      const std::uint32_t end = head_end();
      const std::size_t popped = std::min<std::size_t>(count, end - head_);
      head_ += static_cast<std::uint32_t>(popped);
      count -= popped;
      if (head_ == end) shrink(pool);
    }
  }

  void clear(Pool& pool) { pop(pool, size_); }

  // A place within the queue, for reading on without taking out. Good until the queue changes.
  class Cursor {
   public:
    // The contiguous elements from here on, at most `count_max`; moves behind them. Empty at the
    // end of the queue.
    std::span<const Element> read(const Pool& pool, std::size_t count_max) {
      if (left_ == 0 || count_max == 0) return {};
      if (position_ == elements_per_block) {
        block_ = pool.next(block_);
        position_ = 0;
      }
      const std::size_t count =
          std::min({count_max, left_, std::size_t{elements_per_block - position_}});
      const auto* first = reinterpret_cast<const Element*>(place(pool, block_, position_));
      position_ += static_cast<std::uint32_t>(count);
      left_ -= count;
      return {first, count};
    }

   private:
    friend class PooledQueue;
    Cursor(BlockIndex block, std::uint32_t position, std::size_t left)
        : block_{block}, position_{position}, left_{left} {}

    BlockIndex block_;
    std::uint32_t position_;
    std::size_t left_;
  };

  [[nodiscard]] Cursor begin() const { return Cursor{head_block_, head_, size_}; }

 private:
  static std::byte* place(Pool& pool, BlockIndex block, std::uint32_t position) {
    return pool.memory(block) + position * sizeof(Element);
  }
  static const std::byte* place(const Pool& pool, BlockIndex block, std::uint32_t position) {
    return pool.memory(block) + position * sizeof(Element);
  }

  // Behind the last element within the head block.
  [[nodiscard]] std::uint32_t head_end() const {
    return head_block_ == tail_block_ ? tail_ : elements_per_block;
  }

  // Elements for which the tail block has room.
  [[nodiscard]] std::uint32_t tail_room() const {
    if (tail_block_ == no_block) return 0;
    return (Pool::is_small(tail_block_) ? elements_per_small_block : elements_per_block) - tail_;
  }

  // Copies elements for which the tail block has room.
  void put(Pool& pool, std::span<const Element> elements) {
    std::memcpy(place(pool, tail_block_, tail_), elements.data(), elements.size_bytes());
    tail_ += static_cast<std::uint32_t>(elements.size());
  }

  // Makes room behind the tail: for `count` elements, or at least one in a whole block.
  void grow(Pool& pool, std::size_t count) {
    if (tail_block_ == no_block) {
      tail_block_ = count <= elements_per_small_block ? pool.take_small() : pool.take();
      head_block_ = tail_block_;
      head_ = 0;
      tail_ = 0;
      return;
    }
    const BlockIndex block = pool.take();
    if (Pool::is_small(tail_block_)) {
      std::memcpy(place(pool, block, head_), place(pool, tail_block_, head_),
                  (tail_ - head_) * sizeof(Element));
      pool.give_back(tail_block_);
      head_block_ = block;
      tail_block_ = block;
      return;
    }
    pool.link(tail_block_, block);
    tail_block_ = block;
    tail_ = 0;
  }

  // Gives the used-up block at the head back.
  void shrink(Pool& pool) {
    const BlockIndex block = head_block_;
    const bool was_last = block == tail_block_;
    head_block_ = was_last ? no_block : pool.next(block);
    if (was_last) tail_block_ = no_block;
    head_ = 0;
    if (was_last) tail_ = 0;
    pool.give_back(block);
  }

  std::size_t size_ = 0;
  BlockIndex head_block_ = no_block;
  BlockIndex tail_block_ = no_block;
  std::uint32_t head_ = 0;  // first element within the head block
  std::uint32_t tail_ = 0;  // behind the last element within the tail block
};

}  // namespace lastword
