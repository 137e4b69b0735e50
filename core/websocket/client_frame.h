// The frames that a client sends (RFC 6455, section 5.2).
#pragma once

#include <cstddef>
#include <vector>

#include "core/bytes.h"
#include "core/websocket/frame.h"
#include "core/websocket/mask.h"

namespace lastword::websocket {

// Bytes of a client's header before a payload of this size.
constexpr std::size_t client_header_size(std::size_t payload_size) {
  return header_size(payload_size) + sizeof(MaskingKey);
}

// Bytes of a client's frame with a payload of this size.
constexpr std::size_t client_frame_size(std::size_t payload_size) {
  return client_header_size(payload_size) + payload_size;
}

// Appends a final frame, with the shortest length, masked. A control frame's payload is no longer
// than control_payload_max. The payload must not lie in `out`. For each frame the key has to be a
// new one that nobody can foresee (section 5.3).
void append_client_frame(std::vector<std::byte>& out, Opcode opcode, Bytes payload, MaskingKey key);

}  // namespace lastword::websocket
