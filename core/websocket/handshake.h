// The server's side of the opening handshake (RFC 6455, section 4.2; contract, section 2): what a
// request head is answered with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/websocket/extension.h"
#include "core/websocket/request_head.h"

namespace lastword::websocket {

struct HandshakePolicy {
  std::vector<std::string> host_names{};       // by which browsers may address this server
  std::vector<std::string> allowed_origins{};  // whole ones: `https://chat.example`, `null`
  bool is_compressing = false;
};

// Of HTTP, as numbers.
enum class Status : std::uint16_t {
  switching_protocols = 101,
  ok = 200,
  bad_request = 400,
  forbidden = 403,
  not_found = 404,
  method_not_allowed = 405,
  request_timeout = 408,
  upgrade_required = 426,
  header_fields_too_large = 431,
  service_unavailable = 503,
  http_version_not_supported = 505,
};

// A server that must turn somebody away before there is a head to decide on makes one itself:
// `{.status = Status::service_unavailable}` where it is full, `Status::request_timeout` where the
// head did not come in time.
struct Decision {
  Status status = Status::bad_request;
  Compression compression = Compression::none;
  bool is_window_named = false;  // see Agreement
  std::string_view reason{};     // what is wrong, for a client's author; empty: the status says it

  friend bool operator==(const Decision&, const Decision&) = default;
};

[[nodiscard]] Status status_for(Refusal refusal);

// The head must be complete or refused. `reason` is good for ever.
[[nodiscard]] Decision decide(const RequestHead& head, const HandshakePolicy& policy);

// Appends the whole response. With switching_protocols the WebSocket begins behind it; with any
// other status the connection ends. The head is the one that was decided on; where the server made
// the decision itself, as much of it as there is.
void append_response(std::string& out, const RequestHead& head, const Decision& decision);

}  // namespace lastword::websocket
