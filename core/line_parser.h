// A line of a logged-in client becomes a value (contract, section 1). No byte is copied.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <variant>

#include "core/name.h"

namespace lastword {

// All views are borrowed from the parsed line.
namespace line {

struct Empty {};  // a hand-typed keep-alive

struct Message {
  std::string_view destinations;  // at least one, see DestinationReader
  std::string_view text;          // blanks around it trimmed
};

struct Help {};
struct Who {
  std::string_view room;  // empty: everybody
};
struct Ping {
  std::string_view token;
};
struct Join {
  RoomName room;
};
struct Leave {
  RoomName room;
};
struct Quit {};

}  // namespace line

using Line = std::variant<line::Empty, line::Message, line::Help, line::Who, line::Ping, line::Join,
                          line::Leave, line::Quit>;

enum class LineError : std::uint8_t {
  no_destination,   // no colon, or nothing but blanks and commas before it
  unknown_command,  // starts with / and is none of the contract's
  room_missing,     // a /join or /leave without a room
  bad_room,         // a command's #ROOM that is no room name
};

[[nodiscard]] std::expected<Line, LineError> parse_line(std::string_view line);

// Reads the DESTs of a message one after the other: split at commas, trimmed, empty ones skipped.
// Repeated ones are not noticed here.
class DestinationReader {
 public:
  explicit DestinationReader(std::string_view destinations) : rest_{destinations} {}

  // The next DEST; empty at the end.
  [[nodiscard]] std::string_view next();

 private:
  std::string_view rest_;
};

}  // namespace lastword
