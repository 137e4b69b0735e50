// The field lines of an HTTP message's head, and the empty line behind them (RFC 9112, section 5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "core/websocket/head_text.h"

namespace lastword::websocket {

// Judges them byte by byte, without any of the leniences that the RFC allows, and whatever they
// mean.
class FieldLines {
 public:
  static constexpr std::size_t count_max = 64;
  static_assert(count_max < std::numeric_limits<std::uint8_t>::max());

  enum class Step : std::uint8_t {
    inside,    // of a line
    field,     // that was a line's last byte: see `field`
    end,       // that was the last byte of the head
    bad,       // no head goes on like that
    too_many,  // with this line
  };

  // Takes the byte that is being read. Not any more behind `end`, `bad` and `too_many`.
  [[nodiscard]] Step take(HeadText& text);

  // A line, without the blanks around its value.
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  // Of the line whose last byte is being read.
  [[nodiscard]] Field field(const HeadText& text) const;

 private:
  // What the next byte belongs to.
  enum class Place : std::uint8_t { start, name, value, line_lf, last_lf };

  [[nodiscard]] Step take_at_start(HeadText& text);

  Piece name_;
  std::uint8_t count_ = 0;
  Place place_ = Place::start;
};

}  // namespace lastword::websocket
