// Why a WebSocket connection ends (RFC 6455 section 7.4; contract, section 2).
#pragma once

#include <cstdint>

namespace lastword::websocket {

// The codes that this server sends on its own account.
enum class CloseCode : std::uint16_t {
  normal = 1000,            // after /quit, or when the client ended its side
  going_away = 1001,        // shutdown
  protocol_error = 1002,    //
  invalid_payload = 1007,   // text that is not UTF-8, or compressed data that is none
  policy_violation = 1008,  // refused login, login timeout, too slow, no answer to pings
  too_big = 1009,           // over the limit of a message
};

// Whether a Close frame may carry this code (RFC 6455 section 7.4): 1004 to 1006 and 1015 are never
// sent, those below 3000 have to be registered, 3000 to 4999 belong to libraries and applications.
constexpr bool is_sendable(std::uint16_t code) {
  if (code >= 3000) return code <= 4999;
  if (code < 1000 || code > 1014) return false;
  return code < 1004 || code > 1006;
}

}  // namespace lastword::websocket
