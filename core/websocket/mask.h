// The masking of a client's payload (RFC 6455, section 5.3).
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace lastword::websocket {

// As it stands in the frame's header, the first byte first.
using MaskingKey = std::array<std::byte, 4>;

// Takes the mask off, in place; a second time puts it on again. `offset` is how many bytes of the
// same frame's payload came before these.
void unmask(std::span<std::byte> payload, MaskingKey key, std::size_t offset);

}  // namespace lastword::websocket
