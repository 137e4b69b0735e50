// What a WebSocket client sends, put together by hand for tests (RFC 6455 section 5.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lastword::websocket::test {

// First bytes of frames.
inline constexpr unsigned fin = 0x80;
inline constexpr unsigned rsv1 = 0x40;
inline constexpr unsigned more = 0x0;  // continuation
inline constexpr unsigned text = 0x1;
inline constexpr unsigned binary = 0x2;
inline constexpr unsigned closing = 0x8;
inline constexpr unsigned ping = 0x9;
inline constexpr unsigned pong = 0xA;

inline constexpr std::string_view key = "\x37\xFA\x21\x3D";  // of section 5.7

// A number in network byte order.
inline std::string big_endian(std::uint64_t number, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t place = size; place-- > 0; number >>= 8U) {
    bytes[place] = static_cast<char>(number & 0xFFU);
  }
  return bytes;
}

// A header with a length of this many bytes (0, 2 or 8), whether that is right or not.
inline std::string header(unsigned first, std::uint64_t size, std::size_t length_size) {
  std::string bytes(1, static_cast<char>(first));
  if (length_size == 0) return bytes + static_cast<char>(0x80U | size) + std::string{key};
  bytes += static_cast<char>(length_size == 2 ? 0xFE : 0xFF);
  return bytes + big_endian(size, length_size) + std::string{key};
}

// The same in the shortest form.
inline std::string header(unsigned first, std::uint64_t size) {
  if (size <= 125) return header(first, size, 0);
  return header(first, size, size <= 0xFFFF ? 2 : 8);
}

inline std::string masked(std::string_view payload) {
  std::string bytes{payload};
  for (std::size_t place = 0; place < bytes.size(); ++place) {
    bytes[place] = static_cast<char>(bytes[place] ^ key[place % 4]);
  }
  return bytes;
}

inline std::string frame(unsigned first, std::string_view payload) {
  return header(first, payload.size()) + masked(payload);
}

inline std::string close_frame(unsigned code, std::string_view reason = {}) {
  return frame(fin | closing, big_endian(code, 2).append(reason));
}

}  // namespace lastword::websocket::test
