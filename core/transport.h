// How a client talks to the server.
#pragma once

#include <cstdint>

namespace lastword {

enum class Transport : std::uint8_t {
  lines,      // the line protocol (contract, section 1)
  websocket,  // RFC 6455 (contract, section 2)
};

}  // namespace lastword
