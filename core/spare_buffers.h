// Emptied buffers that wait for their next use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lastword {

// What the readers of one server share, so that a warm server allocates no buffer for an
// unfinished line or message, and an idle connection owns none. At most 32 buffers of at most
// 256 KiB wait, and of 1 MiB all together: what a burst of unfinished lines took does not stay.
class SpareBuffers {
 public:
  static constexpr std::size_t count_max = 32;
  static constexpr std::size_t bytes_max = std::size_t{256} << 10;  // larger: freed
  static constexpr std::size_t total_bytes_max = std::size_t{1} << 20;

  // An empty buffer, for one that has no memory yet.
  [[nodiscard]] std::vector<std::byte> take() {
    if (buffers_.empty()) return {};
    std::vector<std::byte> buffer = std::move(buffers_.back());
    buffers_.pop_back();
    return buffer;
  }

  // Leaves `buffer` empty and without memory.
  void give_back(std::vector<std::byte>& buffer) {
    if (buffer.capacity() == 0) return;
    std::vector<std::byte> given = std::exchange(buffer, {});
    const std::size_t capacity = given.capacity();
    if (capacity > bytes_max || bytes() + capacity > total_bytes_max ||
        buffers_.size() == count_max) {
      freed_bytes_ += capacity;
      return;
    }
    given.clear();
    buffers_.push_back(std::move(given));
  }

  [[nodiscard]] std::size_t count() const { return buffers_.size(); }
  // All that was given back to the allocator so far.
  [[nodiscard]] std::uint64_t freed_bytes() const { return freed_bytes_; }

 private:
  // Added up afresh: in a copy of this, the buffers have no memory.
  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& buffer : buffers_) sum += buffer.capacity();
    return sum;
  }

  std::vector<std::vector<std::byte>> buffers_;
  std::uint64_t freed_bytes_ = 0;
};

}  // namespace lastword
