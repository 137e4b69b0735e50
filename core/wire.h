// How a line stands on the wire.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/websocket/frame.h"

namespace lastword {

// The form in which a connection gets its lines. What goes to many is rendered once for each form
// that one of them needs.
enum class Wire : std::uint8_t {
  line,             // with its LF
  frame,            // one WebSocket message in one frame
  deflated_wide,    // the same, compressed where that makes it smaller; window of 32 KiB
  deflated_narrow,  // the same; window of 512 bytes
};

inline constexpr std::size_t wire_count = 4;

constexpr std::size_t index_of(Wire wire) { return static_cast<std::size_t>(wire); }

constexpr bool is_deflated(Wire wire) {
  return wire == Wire::deflated_wide || wire == Wire::deflated_narrow;
}

// The form for what is not worth compressing.
constexpr Wire uncompressed(Wire wire) { return is_deflated(wire) ? Wire::frame : wire; }

// Bytes that a line of `size` bytes (without LF) takes on the wire, at the most.
constexpr std::size_t size_on(Wire wire, std::size_t size) {
  return wire == Wire::line ? size + 1 : websocket::frame_size(size);
}

}  // namespace lastword
