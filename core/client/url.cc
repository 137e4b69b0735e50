#include "core/client/url.h"

#include <algorithm>
#include <optional>

#include "core/websocket/authority.h"
#include "core/websocket/http_text.h"

namespace lastword::client {

namespace {

constexpr std::uint16_t websocket_port = 80;  // RFC 6455, section 3

std::optional<Transport> transport_for(std::string_view scheme) {
  if (websocket::equal_ignoring_case(scheme, "tcp")) return Transport::lines;
  if (websocket::equal_ignoring_case(scheme, "ws")) return Transport::websocket;
  return std::nullopt;
}

bool is_encrypted(std::string_view scheme) {
  constexpr std::string_view encrypted[] = {"wss", "tls", "https", "tcps"};
  return std::any_of(std::begin(encrypted), std::end(encrypted), [&](std::string_view word) {
    return websocket::equal_ignoring_case(scheme, word);
  });
}

std::string host_and_port(const Url& url, bool is_port_shown) {
  const bool needs_brackets = url.host.find(':') != std::string::npos;
  std::string text = needs_brackets ? "[" + url.host + "]" : url.host;
  if (is_port_shown) text += ":" + std::to_string(url.port);
  return text;
}

}  // namespace

std::expected<Url, UrlError> parse_url(std::string_view text) {
  constexpr std::string_view separator = "://";
  const std::size_t scheme_size = text.find(separator);
  if (scheme_size == std::string_view::npos || scheme_size == 0) {
    return std::unexpected{UrlError::no_scheme};
  }
  const std::string_view scheme = text.substr(0, scheme_size);
  const auto transport = transport_for(scheme);
  if (!transport) {
    return std::unexpected{is_encrypted(scheme) ? UrlError::encrypted : UrlError::unknown_scheme};
  }
  text.remove_prefix(scheme_size + separator.size());
  if (text.contains('#')) return std::unexpected{UrlError::fragment};

  const std::size_t authority_size = std::min(text.find_first_of("/?"), text.size());
  const auto authority = websocket::parse_authority(text.substr(0, authority_size));
  if (!authority) return std::unexpected{UrlError::bad_authority};
  std::string_view host = authority->host;
  if (host.empty()) return std::unexpected{UrlError::no_host};
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);

  std::string path{text.substr(authority_size)};
  if (*transport == Transport::lines) {
    if (!path.empty() && path != "/") return std::unexpected{UrlError::stray_path};
    if (!authority->port) return std::unexpected{UrlError::no_port};
  }
  if (!path.starts_with('/')) path.insert(path.begin(), '/');
  if (!std::all_of(path.begin(), path.end(), websocket::is_visible)) {
    return std::unexpected{UrlError::bad_path};
  }
  const std::uint16_t port = authority->port.value_or(websocket_port);
  if (port == 0) return std::unexpected{UrlError::no_port};
  return Url{
      .transport = *transport, .host = std::string{host}, .port = port, .path = std::move(path)};
}

std::string_view explain(UrlError error) {
  switch (error) {
    case UrlError::no_scheme:
      return "has no scheme; write tcp://HOST:PORT or ws://HOST:PORT/";
    case UrlError::unknown_scheme:
      return "has an unknown scheme; write tcp://HOST:PORT or ws://HOST:PORT/";
    case UrlError::encrypted:
      return "asks for encryption, which there is none of yet; write tcp://HOST:PORT or "
             "ws://HOST:PORT/";
    case UrlError::bad_authority:
      return "has no valid HOST:PORT; an IPv6 address needs brackets, as in tcp://[::1]:8080";
    case UrlError::no_host:
      return "has no host; write tcp://HOST:PORT or ws://HOST:PORT/";
    case UrlError::no_port:
      return "has no port from 1 to 65535, as in tcp://HOST:8080";
    case UrlError::bad_path:
      return "has a path with blanks or other characters that have to be written as %XX";
    case UrlError::stray_path:
      return "has a path, which tcp:// has none of; write tcp://HOST:PORT";
    case UrlError::fragment:
      return "has a # in it, which no address of a server has";
  }
  return "";
}

std::string authority_of(const Url& url) {
  const bool is_usual = url.transport == Transport::websocket && url.port == websocket_port;
  return host_and_port(url, !is_usual);
}

std::string to_string(const Url& url) {
  const bool is_websocket = url.transport == Transport::websocket;
  std::string text = is_websocket ? "ws://" : "tcp://";
  text += host_and_port(url, true);
  if (is_websocket) text += url.path;
  return text;
}

}  // namespace lastword::client
