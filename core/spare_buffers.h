// Emptied buffers that wait for their next use.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace lastword {

// What the readers of one server share, so that a warm server allocates no buffer for an unfinished
// line or message, and an idle connection owns none. At most 32 buffers of at most 256 KiB wait.
class SpareBuffers {
 public:
  static constexpr std::size_t count_max = 32;
  static constexpr std::size_t bytes_max = std::size_t{256} << 10;  // larger: freed

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
    if (given.capacity() > bytes_max || buffers_.size() == count_max) return;
    given.clear();
    buffers_.push_back(std::move(given));
  }

  [[nodiscard]] std::size_t count() const { return buffers_.size(); }

 private:
  std::vector<std::vector<std::byte>> buffers_;
};

}  // namespace lastword
