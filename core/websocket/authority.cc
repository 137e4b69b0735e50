#include "core/websocket/authority.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "core/websocket/http_text.h"

namespace lastword::websocket {

namespace {

// reg-name (RFC 3986, section 3.2.2)
bool is_registered_name(std::string_view text) {
  constexpr std::string_view marks = "-._~!$&'()*+,;=";  // of unreserved, and sub-delims
  while (!text.empty()) {
    const char character = text.front();
    if (character == '%') {
      if (text.size() < 3 || !is_hex_digit(text[1]) || !is_hex_digit(text[2])) return false;
      text.remove_prefix(3);
    } else {
      if (!is_letter(character) && !is_digit(character) && !marks.contains(character)) return false;
      text.remove_prefix(1);
    }
  }
  return true;
}

bool is_bracketed_address(std::string_view host) {
  return host.starts_with('[') && host.ends_with(']') &&
         is_ipv6_address(host.substr(1, host.size() - 2));
}

// h16
bool is_group(std::string_view text) {
  return !text.empty() && text.size() <= 4 && std::all_of(text.begin(), text.end(), is_hex_digit);
}

// dec-octet
bool is_octet(std::string_view text) {
  if (text.empty() || text.size() > 3) return false;
  if (!std::all_of(text.begin(), text.end(), is_digit)) return false;
  if (text.size() > 1 && text.front() == '0') return false;
  return text.size() < 3 || text <= "255";
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;  // of an address
  const std::size_t colon = text.find(':', bracket);
  const std::string_view host = text.substr(0, colon);
  if (!is_bracketed_address(host) && !is_registered_name(host)) return std::nullopt;
  if (colon == std::string_view::npos) return Authority{.host = host, .port = {}};

  // port = *DIGIT: it may be empty, and may begin with zeros (RFC 3986, section 3.2.3).
  const std::string_view digits = text.substr(colon + 1);
  if (digits.empty()) return Authority{.host = host, .port = {}};
  std::uint32_t port = 0;
  for (const char digit : digits) {
    if (!is_digit(digit)) return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(digit - '0');
    if (port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  }
  return Authority{.host = host, .port = static_cast<std::uint16_t>(port)};
}

bool is_ipv4_address(std::string_view text) {
  for (int octet = 0; octet < 3; ++octet) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || !is_octet(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return is_octet(text);
}

bool is_ipv6_address(std::string_view text) {
  constexpr std::size_t groups_max = 8;
  std::size_t groups = 0;
  bool has_gap = text.starts_with("::");
  if (has_gap) {
    text.remove_prefix(2);
    if (text.empty()) return true;
  }
  while (groups < groups_max) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool is_last = colon == std::string_view::npos;
    if (is_last && is_ipv4_address(group)) {
      groups += 2;
    } else if (is_group(group)) {
      groups += 1;
    } else {
      return false;
    }
    if (is_last) return has_gap ? groups < groups_max : groups == groups_max;

    text.remove_prefix(colon + 1);
    if (!text.starts_with(':')) continue;
    if (has_gap) return false;
    has_gap = true;
    text.remove_prefix(1);
    if (text.empty()) return groups < groups_max;
  }
  return false;
}

bool is_literal_address(std::string_view host) {
  return is_ipv4_address(host) || is_bracketed_address(host);
}

}  // namespace lastword::websocket
