// What a line that came says, if it is a message (contract, section 1).
#pragma once

#include <optional>
#include <string_view>

namespace lastword::client {

// Views into the line.
struct Message {
  std::string_view sender;
  std::string_view room;  // with its #; empty: it was sent to us by name
  std::string_view text;

  friend bool operator==(const Message&, const Message&) = default;
};

// `from NAME: TEXT` or `from NAME in #ROOM: TEXT`; nothing for any other line. No name has a colon
// or a # in it, so there is one way to read it.
[[nodiscard]] std::optional<Message> parse_message(std::string_view line);

}  // namespace lastword::client
