#include "core/websocket/client_frame.h"

#include <span>

#include "core/check.h"

namespace lastword::websocket {

void append_client_frame(std::vector<std::byte>& out, Opcode opcode, Bytes payload,
                         MaskingKey key) {
  LASTWORD_CHECK(!is_control(opcode) || payload.size() <= control_payload_max);
  constexpr std::byte mask_bit{0x80};  // of the second byte
  const std::size_t start = out.size();
  const HeaderBytes header{opcode, payload.size()};
  for (const Bytes part : {header.bytes(), Bytes{key}, payload}) {
    out.insert(out.end(), part.begin(), part.end());
  }
  out[start + 1] |= mask_bit;
  unmask(std::span{out}.last(payload.size()), key, 0);
  LASTWORD_CHECK(out.size() == start + client_frame_size(payload.size()));
}

}  // namespace lastword::websocket
