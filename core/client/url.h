// Where a client connects to, as a person writes it (contract, section 5).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "core/transport.h"

namespace lastword::client {

// tcp://HOST:PORT or ws://HOST[:PORT][/PATH[?QUERY]].
struct Url {
  Transport transport = Transport::lines;
  std::string host;        // without the brackets of an IPv6 address
  std::uint16_t port = 0;  // never 0 in a parsed one
  std::string path = "/";  // WebSocket: with its query; what the request asks for

  friend bool operator==(const Url&, const Url&) = default;
};

enum class UrlError : std::uint8_t {
  no_scheme,
  unknown_scheme,
  encrypted,  // wss:// and the like
  bad_authority,
  no_host,
  no_port,  // tcp:// has no usual one; port 0 is none
  bad_path,
  stray_path,  // behind a tcp:// address
  fragment,    // (RFC 6455, section 3)
};

[[nodiscard]] std::expected<Url, UrlError> parse_url(std::string_view text);

// What is wrong and what to write instead, for a person.
[[nodiscard]] std::string_view explain(UrlError error);

// HOST:PORT, with brackets where the host has a colon; a port 80 of a WebSocket's is left out, as
// in the Host field of its request (RFC 6455, section 4.1).
[[nodiscard]] std::string authority_of(const Url& url);

// The same written again in full.
[[nodiscard]] std::string to_string(const Url& url);

}  // namespace lastword::client
