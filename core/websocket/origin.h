// Which web pages may connect (contract, section 2).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lastword::websocket {

struct OriginRules {
  std::span<const std::string> host_names;
  std::span<const std::string> allowed_origins;
};

// May the page with this `Origin` connect through this `Host` (an authority)? A browser sends the
// Origin along with every handshake, and no page can forge it; any other program can.
[[nodiscard]] bool is_allowed_origin(std::string_view origin, std::string_view host,
                                     const OriginRules& rules);

}  // namespace lastword::websocket
