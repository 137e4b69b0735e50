// Which compression the two sides agree on: permessage-deflate (RFC 7692), or none.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lastword::websocket {

// How the server compresses what it sends. Whatever a client sends is inflated with the full
// window.
enum class Compression : std::uint8_t {
  none,
  wide,    // a window of 2^15 bytes
  narrow,  // a window of 2^9 bytes, the smallest of zlib's raw deflate
};

struct Agreement {
  Compression compression = Compression::none;
  bool is_window_named = false;  // the client asked for a window, so the answer names it

  friend bool operator==(const Agreement&, const Agreement&) = default;
};

// Takes the first offer of permessage-deflate that is acceptable. `lines` are the values of all
// Sec-WebSocket-Extensions fields, in their order. Nothing comes back if they don't follow the
// grammar of RFC 6455, section 9.1: the handshake has failed then.
[[nodiscard]] std::optional<Agreement> negotiate(std::span<const std::string_view> lines);

// The value of the answer's Sec-WebSocket-Extensions field; nothing where no compression is agreed
// on. Neither side keeps its window from one message to the next, so that an idle connection holds
// no compressor: both may be said unasked (RFC 7692, sections 7.1.1.1 and 7.1.1.2).
void append_answer(std::string& out, Agreement agreement);

}  // namespace lastword::websocket
