// A running 64-bit digest of a state, for replay and exploration. Not cryptographic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/bytes.h"

namespace lastword {

class Digest {
 public:
  void add(std::uint64_t value) {
    state_ = (state_ ^ value) * 0x9E37'79B9'7F4A'7C15U;
    state_ ^= state_ >> 32U;
  }

  // Adds the bytes without their length: pieces of a stream give the digest of the stream.
  void add_stream(Bytes bytes) {
    for (const std::byte byte : bytes) add(std::to_integer<std::uint64_t>(byte) + 1);
  }

  void add(std::string_view text) {
    add(text.size());
    add_stream(as_bytes(text));
  }

  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0x6C61'7374'776F'7264U;
};

}  // namespace lastword
