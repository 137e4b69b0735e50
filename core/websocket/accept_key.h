// How the two sides of an opening handshake prove that they mean a WebSocket (RFC 6455, sections
// 1.3 and 4.2.2).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace lastword::websocket {

inline constexpr std::size_t nonce_size = 16;
inline constexpr std::size_t key_size = 24;         // a nonce in base64
inline constexpr std::size_t accept_key_size = 28;  // a SHA-1 in base64

// The Sec-WebSocket-Key of a nonce, which a client draws at random for each connection (RFC 6455,
// section 4.1). Characters, without a NUL behind them.
[[nodiscard]] std::array<char, key_size> make_key(std::span<const std::byte, nonce_size> nonce);

// A Sec-WebSocket-Key: 24 characters of base64 that decode to exactly 16 bytes. The last character
// carries four bits that decode to nothing; they need not be zero, as no decoder looks at them.
[[nodiscard]] bool is_valid_key(std::string_view key);

// The Sec-WebSocket-Accept for a valid key; likewise.
[[nodiscard]] std::array<char, accept_key_size> accept_key_for(std::string_view key);

}  // namespace lastword::websocket
