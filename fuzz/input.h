// What a fuzzer's bytes mean to a target that reads a stream: first a few options, then how the
// stream is cut, then the stream.
//
//   [option]...  [n: number of cuts, 0 to 15] [size of the 1st chunk]...[of the nth]  [stream...]
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lastword::fuzz {

using Chunks = std::vector<std::string_view>;

// One way of cutting a stream.
struct Chunking {
  std::string_view name;  // for whoever reads of it
  Chunks chunks;          // together they are the stream; empty only if that is empty
};

// Reads an input from front to back. Every input means something: behind its end there are zeros.
class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : rest_{bytes} {}

  // The next option.
  [[nodiscard]] std::uint8_t byte();
  // An option of `count` possible values, from 0 on.
  [[nodiscard]] std::size_t which(std::size_t count) { return byte() % count; }

  // Reads the sizes of chunks. Beyond the last they begin again with the first; none: it is whole.
  [[nodiscard]] std::vector<std::size_t> cuts();

  // All that is left, which is the stream.
  [[nodiscard]] std::string_view rest() const;

 private:
  std::span<const std::uint8_t> rest_;
};

// Cut into pieces of these sizes (at least 1 each), over and over.
[[nodiscard]] Chunks cut(std::string_view stream, std::span<const std::size_t> sizes);

// The ways in which every target reads its stream: whole, as the input says, and byte by byte.
[[nodiscard]] std::vector<Chunking> chunkings(std::string_view stream,
                                              std::span<const std::size_t> cuts);

}  // namespace lastword::fuzz
