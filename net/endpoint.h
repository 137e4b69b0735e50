// Where to listen, as an operator writes it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace lastword {

// HOST:PORT with the brackets of an IPv6 address taken off: "[::1]:8080" has the host "::1".
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;  // 0: any free one

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// The error is a text for the operator.
[[nodiscard]] std::expected<Endpoint, std::string> parse_endpoint(std::string_view text);

// The same written again, with brackets where the host has a colon.
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

}  // namespace lastword
