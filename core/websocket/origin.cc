#include "core/websocket/origin.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/websocket/authority.h"
#include "core/websocket/http_text.h"

namespace lastword::websocket {

namespace {

struct Origin {
  Authority authority;
  std::uint16_t default_port = 0;
};

// scheme "://" host [ ":" port ] (RFC 6454, section 7.1), of the schemes that a page of ours has.
std::optional<Origin> parse_origin(std::string_view text) {
  constexpr std::string_view http = "http://";
  constexpr std::string_view https = "https://";
  const bool is_https = equal_ignoring_case(text.substr(0, https.size()), https);
  const std::string_view scheme = is_https ? https : http;
  if (!equal_ignoring_case(text.substr(0, scheme.size()), scheme)) return std::nullopt;
  const auto authority = parse_authority(text.substr(scheme.size()));
  if (!authority) return std::nullopt;
  const std::uint16_t default_port = is_https ? 443 : 80;
  return Origin{.authority = *authority, .default_port = default_port};
}

bool lists(std::span<const std::string> texts, std::string_view text) {
  return std::any_of(texts.begin(), texts.end(), [text](const std::string& listed) {
    return equal_ignoring_case(listed, text);
  });
}

}  // namespace

bool is_allowed_origin(std::string_view origin, std::string_view host, const OriginRules& rules) {
  if (lists(rules.allowed_origins, origin)) return true;

  const auto page = parse_origin(origin);
  const auto here = parse_authority(host);
  if (!page || !here) return false;
  if (!equal_ignoring_case(page->authority.host, here->host)) return false;
  const std::uint16_t page_port = page->authority.port.value_or(page->default_port);
  if (page_port != here->port.value_or(page->default_port)) return false;

  // That they are the same proves nothing yet: whoever owns a domain can let its name point to this
  // machine after the page was loaded (DNS rebinding), and then page and Host agree. An address
  // can't be made to point elsewhere, `localhost` is no domain that anybody owns, and the operator
  // knows the names that are his.
  return is_literal_address(here->host) || equal_ignoring_case(here->host, "localhost") ||
         lists(rules.host_names, here->host);
}

}  // namespace lastword::websocket
