// What the system says of a connection: how a read or a write went, and how it broke.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lastword {

// Why a connection broke, as far as the system tells.
enum class Fault : std::uint8_t { reset, timed_out, other };

// What a non-blocking read or write came to.
struct Transfer {
  enum class Kind : std::uint8_t {
    bytes,        // `count` bytes, at least one
    would_block,  // nothing for now
    end,          // reading only: the peer's FIN
    fault,        // the connection broke
  };
  Kind kind = Kind::would_block;
  std::size_t count = 0;
  Fault fault = Fault::other;
};

}  // namespace lastword
