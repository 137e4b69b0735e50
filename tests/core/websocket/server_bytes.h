// What a WebSocket server sends, put together by hand for tests (RFC 6455 section 5.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/core/websocket/client_bytes.h"

namespace lastword::websocket::test {

// A header with a length of this many bytes (0, 2 or 8), whether that is right or not: as a
// client's, but with neither mask bit nor key.
inline std::string server_header(unsigned first, std::uint64_t size, std::size_t length_size) {
  std::string bytes = header(first, size, length_size);
  bytes[1] = static_cast<char>(bytes[1] & '\x7F');
  bytes.resize(bytes.size() - key.size());
  return bytes;
}

// The same in the shortest form.
inline std::string server_header(unsigned first, std::uint64_t size) {
  if (size <= 125) return server_header(first, size, 0);
  return server_header(first, size, size <= 0xFFFF ? 2 : 8);
}

inline std::string server_frame(unsigned first, std::string_view payload) {
  return server_header(first, payload.size()).append(payload);
}

}  // namespace lastword::websocket::test
