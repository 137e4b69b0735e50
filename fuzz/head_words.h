// What is seen of a head, as words: to be compared, and for whoever reads of a difference.
#pragma once

#include <string>
#include <vector>

#include "core/websocket/client_handshake.h"
#include "core/websocket/handshake.h"
#include "core/websocket/request_head.h"
#include "fuzz/reference_heads.h"

namespace lastword::fuzz {

using Words = std::vector<std::string>;

// `taken`: by all calls of `feed`.
[[nodiscard]] Words words_of(const websocket::RequestHead& head, std::size_t taken);
[[nodiscard]] Words words_of(const reference::RequestReading& reading);

[[nodiscard]] Words words_of(const websocket::ResponseHead& head, std::size_t taken);
[[nodiscard]] Words words_of(const reference::ResponseReading& reading);

// Without the reason.
[[nodiscard]] Words words_of(const websocket::Decision& decision);

}  // namespace lastword::fuzz
