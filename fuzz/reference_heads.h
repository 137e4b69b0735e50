// The heads of requests and responses once more (RFC 9112; docs/WEBSOCKET.md), read from one text
// in which all of it is there, in the plainest way and sharing no code with the core: what the
// target `handshake` holds the core's parsers against.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "core/websocket/client_handshake.h"
#include "core/websocket/request_head.h"

namespace lastword::fuzz::reference {

// All views point into what was read.
struct Field {
  std::string_view name;
  std::string_view value;  // without the blanks around it
};

using Fields = std::vector<Field>;

// The values of a name (in lower case), in their order.
[[nodiscard]] std::vector<std::string_view> values(const Fields& fields, std::string_view name);

struct RequestReading {
  websocket::RequestHead::State state = websocket::RequestHead::State::incomplete;
  std::size_t taken = 0;
  std::optional<websocket::Refusal> refusal{};
  websocket::Method method = websocket::Method::other;
  websocket::Request request{};  // of a complete one

  // As much as there is, be it complete or not.
  std::size_t begin = 0;  // behind an empty line before the request
  std::string_view method_name{};
  std::string_view target{};
  char major_version = '\0';
  std::optional<std::size_t> minor_position{};  // of its digit, once it was read
  Fields fields{};
};

[[nodiscard]] RequestReading read_request(std::string_view stream);

// One of the responses that a head is made of: interim ones, and the last.
struct ResponsePart {
  std::size_t begin = 0;
  std::optional<std::size_t> minor_position{};
  unsigned minor_version = 0;
  unsigned status = 0;
  std::string_view reason{};
  bool has_first_line = false;
  Fields fields{};
};

struct ResponseReading {
  websocket::ResponseHead::State state = websocket::ResponseHead::State::incomplete;
  std::size_t taken = 0;
  std::optional<websocket::HandshakeFault> fault{};
  websocket::Response response{};  // of a complete one
  std::vector<ResponsePart> parts{};
};

[[nodiscard]] ResponseReading read_response(std::string_view stream);

}  // namespace lastword::fuzz::reference
