// DEFLATE (RFC 1951) once more, read in the plainest way, bit by bit, and sharing no code with the
// core, nor with zlib: what the core's inflater is held against, and its deflater.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lastword::fuzz {

struct InflateLimits {
  std::size_t size_max = 0;          // bytes of the message
  std::size_t distance_max = 32768;  // how far back a copy may look: 2 to the window's bits
};

struct Inflated {
  enum class End : std::uint8_t { whole, damaged, too_large };
  End end = End::whole;
  std::string bytes{};  // what was made before that
};

// The payload of one message (RFC 7692, section 7.2.2): the four bytes that are left out on the way
// are put behind it, and then it is DEFLATE's blocks to its end. Those four belong to an empty
// block: they make nothing. A final block ends a stream; the next begins at the next whole byte and
// can't look back beyond its beginning.
//
// Of what is wrong the first counts: bytes over the limit before what is damaged behind them.
[[nodiscard]] Inflated inflate_message(std::string_view compressed, const InflateLimits& limits);

}  // namespace lastword::fuzz
