#include "fuzz/input.h"

#include <algorithm>

namespace lastword::fuzz {

std::uint8_t Input::byte() {
  if (rest_.empty()) return 0;
  const std::uint8_t first = rest_.front();
  rest_ = rest_.subspan(1);
  return first;
}

std::vector<std::size_t> Input::cuts() {
  std::vector<std::size_t> sizes(which(16));
  for (std::size_t& size : sizes) size = byte();
  return sizes;
}

std::string_view Input::rest() const {
  return {reinterpret_cast<const char*>(rest_.data()), rest_.size()};
}

Chunks cut(std::string_view stream, std::span<const std::size_t> sizes) {
  if (sizes.empty()) return stream.empty() ? Chunks{} : Chunks{stream};
  Chunks chunks;
  for (std::size_t at = 0; !stream.empty(); at = (at + 1) % sizes.size()) {
    chunks.push_back(stream.substr(0, std::max<std::size_t>(sizes[at], 1)));
    stream.remove_prefix(chunks.back().size());
  }
  return chunks;
}

std::vector<Chunking> chunkings(std::string_view stream, std::span<const std::size_t> cuts) {
  const std::size_t one_byte = 1;
  return {{.name = "whole", .chunks = cut(stream, {})},
          {.name = "cut as the input says", .chunks = cut(stream, cuts)},
          {.name = "byte by byte", .chunks = cut(stream, {&one_byte, 1})}};
}

}  // namespace lastword::fuzz
