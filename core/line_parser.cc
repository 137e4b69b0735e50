#include "core/line_parser.h"

#include <algorithm>

#include "core/bytes.h"

namespace lastword {

namespace {

std::expected<RoomName, LineError> parse_room(std::string_view argument) {
  if (argument.empty()) return std::unexpected{LineError::room_missing};
  const auto room = RoomName::parse(argument);
  if (!room) return std::unexpected{LineError::bad_room};
  return *room;
}

std::expected<Line, LineError> parse_command(std::string_view line) {
  const std::size_t word_size = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, word_size);
  const std::string_view argument = trim_blanks(line.substr(word_size));

  if (word == "/help") return line::Help{};
  if (word == "/quit") return line::Quit{};
  if (word == "/ping") return line::Ping{.token = argument};
  if (word == "/who") {
    if (argument.empty()) return line::Who{};
    const auto room = parse_room(argument);
    if (!room) return std::unexpected{room.error()};
    return line::Who{.room = room->text()};
  }
  if (word == "/join" || word == "/leave") {
    const auto room = parse_room(argument);
    if (!room) return std::unexpected{room.error()};
    if (word == "/join") return line::Join{.room = *room};
    return line::Leave{.room = *room};
  }
  return std::unexpected{LineError::unknown_command};
}

}  // namespace

std::expected<Line, LineError> parse_line(std::string_view line) {
  if (line.empty()) return line::Empty{};
  if (line.front() == '/') return parse_command(line);

  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::unexpected{LineError::no_destination};
  const std::string_view destinations = line.substr(0, colon);
  const bool is_anyone_named = destinations.find_first_not_of(" \t,") != std::string_view::npos;
  if (!is_anyone_named) {
    return std::unexpected{LineError::no_destination};
  }
  return line::Message{.destinations = destinations, .text = trim_blanks(line.substr(colon + 1))};
}

std::string_view DestinationReader::next() {
  while (!rest_.empty()) {
    const std::size_t size = std::min(rest_.find(','), rest_.size());
    const std::string_view destination = trim_blanks(rest_.substr(0, size));
    rest_.remove_prefix(std::min(size + 1, rest_.size()));
    if (!destination.empty()) return destination;
  }
  return {};
}

}  // namespace lastword
