// The text of everything that the server says of its own accord, each line with its LF (contract,
// section 1). Everything is appended to a string of the caller's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/books.h"
#include "core/bytes.h"
#include "core/instant.h"
#include "core/line_parser.h"
#include "core/name.h"

namespace lastword {

// "from NAME: " or "from NAME in #ROOM: ", the part of a delivered message before its text; made
// without allocating.
class MessageHeader {
 public:
  MessageHeader() = default;  // nothing yet
  MessageHeader(std::string_view sender, std::string_view room);

  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }

  // Bytes of the header for a sender and room (empty: none) of these sizes.
  static constexpr std::size_t size_of(std::size_t sender_size, std::size_t room_size) {
    constexpr std::size_t from_and_colon = 7;  // "from " ": "
    constexpr std::size_t in = 4;              // " in "
    return from_and_colon + sender_size + (room_size == 0 ? 0 : in + room_size);
  }

 private:
  void append(std::string_view text);

  static constexpr std::size_t size_max = 11 + name_bytes_max + 1 + name_bytes_max;
  std::array<char, size_max> text_{};
  std::size_t size_ = 0;
};

namespace reply {

void append_bad_name(std::string& out, NameError error);
void append_taken_name(std::string& out, std::string_view name);
void append_login_timeout(std::string& out, Duration timeout);
void append_server_full(std::string& out);

void append_line_too_long(std::string& out, std::size_t line_max);
void append_line_break(std::string& out);
void append_line_error(std::string& out, LineError error);
void append_too_many_rooms(std::string& out, std::uint32_t rooms_max);
void append_already_in_room(std::string& out, std::string_view room);
void append_not_in_room(std::string& out, std::string_view room);

void append_undelivered(std::string& out, std::string_view destination, Failure failure);

void append_help(std::string& out);
// There is at least one name. As many lines as it takes, each with the intro; none is longer than
// about a thousand bytes.
void append_names(std::string& out, std::string_view intro,
                  std::span<const std::string_view> names);
void append_pong(std::string& out, std::string_view token);
void append_joined(std::string& out, std::string_view room, std::size_t members);
void append_left(std::string& out, std::string_view room);
void append_peer_joined(std::string& out, std::string_view name, std::string_view room);
void append_peer_left(std::string& out, std::string_view name, std::string_view room);
void append_unseen_notices(std::string& out, std::uint64_t count);
void append_goodbye(std::string& out, std::uint64_t accepted);

}  // namespace reply

// The word for a failure in reports to senders and in the shutdown report.
[[nodiscard]] std::string_view word_for(Failure failure);

}  // namespace lastword
