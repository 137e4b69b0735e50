// What a stream of frames says (RFC 6455, section 5; RFC 7692), read in the plainest way: all of it
// is at hand, and one frame is read after the other. It shares no code with the core, only the
// names of the violations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/websocket/frame.h"

namespace lastword::fuzz {

// What a reader of frames shows.
struct Unit {
  enum class Kind : std::uint8_t { text, binary, ping, pong, close, violation };
  Kind kind = Kind::text;
  std::string bytes{};  // the payload; of a close its reason
  unsigned code = 0;    // of a close, 0 for none; of a violation that with which it is answered
  websocket::Violation violation{};
  std::size_t inflated_size = 0;  // bytes that were inflated for it

  friend bool operator==(const Unit&, const Unit&) = default;
};

using Units = std::vector<Unit>;

// For a person.
[[nodiscard]] std::string readable(const Unit& unit);

// When a close is all that is still of interest: from then on messages and pings are skipped, and
// what is wrong with a message, its size, its text or its compression, counts no more.
struct Seek {
  enum class From : std::uint8_t {
    never,
    byte,  // behind `count` bytes of the stream
    unit,  // behind `count` units
    view,  // the same, while the next unit is in view; it is skipped if it is no close
  };
  From from = From::never;
  std::size_t count = 0;
};

struct FrameRules {
  websocket::Sender sender{};
  bool is_compression_agreed = false;
  std::size_t message_max = 0;       // bytes of a message, inflated
  std::size_t distance_max = 32768;  // see InflateLimits
  Seek seek{};
};

struct Decoded {
  // Ends with the first close or violation. A violation is one as soon as its first byte is there,
  // even if the stream ends with it; a length at its last byte, but for its highest bit.
  Units units;
  std::vector<std::size_t> frame_starts;  // up to the last frame that was looked at
  std::string close_payload;              // of the Close, valid or not, as far as it came
  bool is_in_message = false;             // at the end: between two fragments
  std::size_t held_bytes = 0;  // at the end: of a header, a control frame or a message, not whole
};

[[nodiscard]] Decoded decode_frames(std::string_view stream, const FrameRules& rules);

// Whether these bytes are a whole text (RFC 3629), and whether one may begin with them.
[[nodiscard]] bool is_text(std::string_view bytes);
[[nodiscard]] bool may_begin_text(std::string_view bytes);

}  // namespace lastword::fuzz
