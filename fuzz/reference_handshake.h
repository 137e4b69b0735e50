// What is decided on a head, and where a client connects to, once more (contract, sections 2 and
// 5; docs/WEBSOCKET.md): in the plainest way and sharing no code with the core.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "core/client/url.h"
#include "core/websocket/handshake.h"
#include "fuzz/reference_heads.h"

namespace lastword::fuzz::reference {

// --- Keys ---------------------------------------------------------------------------------------

// RFC 4648, section 4
[[nodiscard]] std::string base64(std::string_view bytes);

// A Sec-WebSocket-Key: base64 of 16 bytes (RFC 6455, section 4.1).
[[nodiscard]] bool is_key(std::string_view text);

// Its Sec-WebSocket-Accept (RFC 6455, section 4.2.2).
[[nodiscard]] std::string accept_key(std::string_view key);

// --- The server ---------------------------------------------------------------------------------

// Of a head that is complete or refused; without the reason.
[[nodiscard]] websocket::Decision decide(const RequestReading& reading,
                                         const websocket::HandshakePolicy& policy);

// The whole answer of those who open a WebSocket.
[[nodiscard]] std::string switching_response(std::string_view key,
                                             const websocket::Decision& decision);

// --- The client ---------------------------------------------------------------------------------

[[nodiscard]] bool is_offer(std::string_view authority, std::string_view path);

[[nodiscard]] std::string request_of(std::string_view authority, std::string_view path,
                                     std::string_view key);

// What is wrong with the answer to a request with this key, if anything is.
[[nodiscard]] std::optional<websocket::HandshakeFault> fault_of(const websocket::Response& response,
                                                                std::string_view key);

[[nodiscard]] std::expected<client::Url, client::UrlError> parse_url(std::string_view text);

}  // namespace lastword::fuzz::reference
