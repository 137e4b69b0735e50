#include "net/endpoint.h"

#include <charconv>

namespace lastword {

std::expected<Endpoint, std::string> parse_endpoint(std::string_view text) {
  const auto refuse = [&](std::string_view reason) {
    std::string message{"'"};
    message.append(text).append("' ").append(reason).append(
        "; write HOST:PORT, as in 127.0.0.1:8080 or [::1]:8080, or none");
    return std::unexpected{message};
  };

  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) return refuse("has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);

  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse("has an IPv6 address without brackets");
  }
  if (host.empty()) return refuse("has no host");

  std::uint16_t port = 0;
  const char* const end = port_text.data() + port_text.size();
  const auto parsed = std::from_chars(port_text.data(), end, port);
  if (port_text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) {
    return refuse("has no port from 0 to 65535");
  }
  return Endpoint{.host = std::string{host}, .port = port};
}

std::string to_string(const Endpoint& endpoint) {
  const bool needs_brackets = endpoint.host.find(':') != std::string::npos;
  return (needs_brackets ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
         std::to_string(endpoint.port);
}

}  // namespace lastword
