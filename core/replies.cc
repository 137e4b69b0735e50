#include "core/replies.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <initializer_list>

#include "core/check.h"

namespace lastword {

namespace {

void append(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) out.append(part);
}

// The decimal digits of a count.
class Digits {
 public:
  explicit Digits(std::uint64_t value) {
    const auto result = std::to_chars(digits_.data(), digits_.data() + digits_.size(), value);
    size_ = static_cast<std::size_t>(result.ptr - digits_.data());
  }
  [[nodiscard]] std::string_view text() const { return {digits_.data(), size_}; }

 private:
  std::array<char, 20> digits_;  // of 2^64 - 1
  std::size_t size_;
};

void append_duration(std::string& out, Duration duration) {
  const auto milliseconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
  if (milliseconds % 1000 == 0) {
    append(out, {Digits{milliseconds / 1000}.text(), "s"});
  } else {
    append(out, {Digits{milliseconds}.text(), "ms"});
  }
}

std::string_view explain(LineError error) {
  switch (error) {
    case LineError::no_destination:
      return "no destination: write NAME: TEXT or #ROOM: TEXT, or /help";
    case LineError::unknown_command:
      return "unknown command: /help lists those there are";
    case LineError::room_missing:
      return "no room: name one, as in /join #ROOM";
    case LineError::bad_room:
      return "bad room: # and then a name of 1 to 64 bytes of UTF-8 without control characters or "
             ", : # and not starting with / ! * or a blank";
  }
  return "";
}

}  // namespace

MessageHeader::MessageHeader(std::string_view sender, std::string_view room) {
  append("from ");
  append(sender);
  if (!room.empty()) {
    append(" in ");
    append(room);
  }
  append(": ");
}

void MessageHeader::append(std::string_view text) {
  LASTWORD_CHECK(size_ + text.size() <= text_.size());
  std::copy(text.begin(), text.end(), text_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += text.size();
}

namespace reply {

void append_bad_name(std::string& out, NameError error) {
  append(out, {"! name ", explain(error), "\n"});
}

void append_taken_name(std::string& out, std::string_view name) {
  append(out, {"! name is taken: ", name, "\n"});
}

void append_login_timeout(std::string& out, Duration timeout) {
  out.append("! name did not come within ");
  append_duration(out, timeout);
  out.append("\n");
}

void append_server_full(std::string& out) { out.append("! server is full\n"); }

void append_line_too_long(std::string& out, std::size_t line_max) {
  append(out, {"! line too long: at most ", Digits{line_max}.text(),
               " bytes with its LF; it was skipped\n"});
}

void append_line_break(std::string& out) {
  out.append("! line break: a message is one line, and has no LF in it; it was skipped\n");
}

void append_line_error(std::string& out, LineError error) {
  append(out, {"! ", explain(error), "\n"});
}

void append_too_many_rooms(std::string& out, std::uint32_t rooms_max) {
  append(out, {"! too many rooms: you are in ", Digits{rooms_max}.text(),
               ", the most there may be; /leave one first\n"});
}

void append_already_in_room(std::string& out, std::string_view room) {
  append(out, {"! already in ", room, "\n"});
}

void append_not_in_room(std::string& out, std::string_view room) {
  append(out, {"! not in ", room, "\n"});
}

void append_undelivered(std::string& out, std::string_view destination, Failure failure) {
  append(out, {"! undelivered ", destination, ": ", word_for(failure), "\n"});
}

void append_help(std::string& out) {
  out.append(
      "* NAME: TEXT sends TEXT to NAME; A, B, #ROOM: TEXT to several\n"
      "* /who lists everybody here, /who #ROOM those in a room\n"
      "* /join #ROOM and /leave #ROOM enter and leave a room\n"
      "* /ping TOKEN is answered with pong TOKEN\n"
      "* /quit ends the connection once everything for you is delivered\n");
}

void append_names(std::string& out, std::string_view intro,
                  std::span<const std::string_view> names) {
  LASTWORD_CHECK(!names.empty());
  constexpr std::size_t names_size_max = 900;  // of one line
  std::size_t line_size = 0;
  for (const std::string_view name : names) {
    if (line_size > 0 && line_size + name.size() > names_size_max) {
      out.append("\n");
      line_size = 0;
    }
    append(out, {line_size == 0 ? intro : ", ", name});
    line_size += name.size() + 2;
  }
  out.append("\n");
}

void append_pong(std::string& out, std::string_view token) {
  append(out, {"* pong", token.empty() ? "" : " ", token, "\n"});
}

void append_joined(std::string& out, std::string_view room, std::size_t members) {
  append(out, {"* you joined ", room, ", ", Digits{members}.text(),
               members == 1 ? " member\n" : " members\n"});
}

void append_left(std::string& out, std::string_view room) {
  append(out, {"* you left ", room, "\n"});
}

void append_peer_joined(std::string& out, std::string_view name, std::string_view room) {
  append(out, {"* ", name, " joined ", room, "\n"});
}

void append_peer_left(std::string& out, std::string_view name, std::string_view room) {
  append(out, {"* ", name, " left ", room, "\n"});
}

void append_unseen_notices(std::string& out, std::uint64_t count) {
  append(out,
         {"* ", Digits{count}.text(), count == 1 ? " join or leave" : " joins and leaves",
          " in your rooms not shown while there was no room; /who #ROOM lists who is there\n"});
}

void append_goodbye(std::string& out, std::uint64_t accepted) {
  append(out, {"* goodbye: ", Digits{accepted}.text(), " of your lines were accepted\n"});
}

}  // namespace reply

std::string_view word_for(Failure failure) {
  switch (failure) {
    case Failure::not_connected:
      return "not_connected";
    case Failure::peer_gone:
      return "peer_gone";
    case Failure::slow_consumer:
      return "slow_consumer";
    case Failure::drain_deadline:
      return "drain_deadline";
  }
  return "";
}

}  // namespace lastword
