#include "core/client/message.h"

#include "core/name.h"

namespace lastword::client {

std::optional<Message> parse_message(std::string_view line) {
  constexpr std::string_view from = "from ";
  constexpr std::string_view in = " in #";
  if (!line.starts_with(from)) return std::nullopt;
  line.remove_prefix(from.size());
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos) return std::nullopt;
  Message message{.sender = line.substr(0, colon), .room = {}, .text = line.substr(colon + 2)};
  const std::size_t room = message.sender.find(in);
  if (room != std::string_view::npos) {
    message.room = message.sender.substr(room + in.size() - 1);
    message.sender = message.sender.substr(0, room);
    if (!RoomName::parse(message.room)) return std::nullopt;
  }
  if (!Name::parse(message.sender)) return std::nullopt;
  return message;
}

}  // namespace lastword::client
