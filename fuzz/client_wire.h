// What a client puts on the wire of one link, taken apart in the plainest way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/transport.h"

namespace lastword::fuzz {

struct Said {
  enum class Kind : std::uint8_t { request, line, ping, pong, close };
  Kind kind = Kind::line;
  std::string text{};     // of the request, the line; a control frame's payload
  unsigned code = 0;      // close: 0 for none
  std::uint64_t end = 0;  // the offset in the link's stream behind its last byte
};

// Breaks the oracle "wire" at a frame that RFC 6455 does not allow a client, and at one that the
// client has no reason for: an open end, a length that is not the shortest, text that is not UTF-8
// or binary that is.
class ClientWire {
 public:
  explicit ClientWire(Transport transport) : transport_{transport} {}

  void put(std::string_view bytes) { bytes_.append(bytes); }
  // All that was put so far.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  // What was said next; nothing if it is not there as a whole.
  [[nodiscard]] std::optional<Said> next();
  [[nodiscard]] bool is_at_end() const { return taken_ == bytes_.size(); }

 private:
  [[nodiscard]] std::optional<Said> next_up_to(std::string_view end, Said::Kind kind);
  [[nodiscard]] std::optional<Said> next_frame();

  Transport transport_;
  std::string bytes_;
  std::size_t taken_ = 0;
  bool has_request_ = false;
};

}  // namespace lastword::fuzz
