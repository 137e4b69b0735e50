// The authority of an address: `host[:port]` (RFC 3986, section 3.2), as it stands in `Host`, in
// `Origin` and in an absolute request target.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lastword::websocket {

// Borrowed from the text it was parsed from.
struct Authority {
  std::string_view host;              // may be empty; an IPv6 address has its brackets
  std::optional<std::uint16_t> port;  // none: the default of the scheme
};

// Without userinfo, which `Host` can't have and an http address must not (RFC 9110, section 4.2.4).
// An address in brackets is IPv6 without a zone; nobody has ever defined another kind.
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

// Four decimal octets and nothing else. What inet_aton also takes (`1.2`, `0x7f.1`, `010.0.0.1`) is
// a name here: a browser sends none of it.
[[nodiscard]] bool is_ipv4_address(std::string_view text);

// RFC 4291, section 2.2; without brackets.
[[nodiscard]] bool is_ipv6_address(std::string_view text);

// The host is an address, not a name.
[[nodiscard]] bool is_literal_address(std::string_view host);

}  // namespace lastword::websocket
