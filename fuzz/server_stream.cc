#include "fuzz/server_stream.h"

#include <string_view>

namespace lastword::fuzz {

std::optional<ServerItem> ServerStream::take(char byte) {
  if (transport_ == Transport::websocket) return frames_.take(byte);
  if (byte == '\n') {
    const bool was_skipping = is_skipping_;
    std::string line;
    line.swap(line_);
    is_skipping_ = false;
    if (was_skipping) return std::nullopt;
    if (line.ends_with('\r')) line.pop_back();
    return ServerItem{.kind = ServerItem::Kind::line, .text = line};
  }
  if (is_skipping_) return std::nullopt;
  line_.push_back(byte);
  // Its LF would be beyond the limit.
  if (line_.size() < line_max_) return std::nullopt;
  is_skipping_ = true;
  return ServerItem{.kind = ServerItem::Kind::skipped};
}

std::optional<ServerItem> ServerFrames::take(char byte) {
  if (is_over_) return std::nullopt;
  if (left_ == 0) return take_in_header(byte);
  --left_;
  frames_.feed({&byte, 1});
  return news();
}

std::optional<ServerItem> ServerFrames::take_in_header(char byte) {
  constexpr unsigned protocol_error = 1002;
  constexpr unsigned mask_bit = 0x80;
  header_.push_back(byte);
  const auto number_at = [this](std::size_t place) {
    return static_cast<unsigned>(static_cast<unsigned char>(header_[place]));
  };
  if (header_.size() == 2) {
    if (number_at(1) >= mask_bit) {  // RFC 6455, section 5.1
      is_over_ = true;
      return ServerItem{.kind = ServerItem::Kind::violation, .code = protocol_error};
    }
    byte = static_cast<char>(static_cast<unsigned char>(number_at(1) + mask_bit));
  }
  frames_.feed({&byte, 1});
  if (auto item = news()) return item;
  if (header_.size() < 2) return std::nullopt;

  std::size_t size = 2;
  if (number_at(1) == 126) size = 4;
  if (number_at(1) == 127) size = 10;
  if (header_.size() < size) return std::nullopt;
  left_ = size == 2 ? number_at(1) : 0;
  for (std::size_t place = 2; place < size; ++place) left_ = left_ * 256 + number_at(place);
  header_.clear();
  constexpr std::string_view no_mask{"\0\0\0\0", 4};
  frames_.feed(no_mask);
  return news();
}

std::optional<ServerItem> ServerFrames::news() {
  using Kind = sim::reference::Unit::Kind;
  if (frames_.units().size() == seen_) return std::nullopt;
  const sim::reference::Unit& unit = frames_.units()[seen_++];
  switch (unit.kind) {
    case Kind::message:
      return ServerItem{.kind = ServerItem::Kind::line, .text = unit.bytes};
    case Kind::ping:
      return ServerItem{.kind = ServerItem::Kind::ping, .text = unit.bytes};
    case Kind::pong:
      return std::nullopt;
    case Kind::close:
      is_over_ = true;
      return ServerItem{.kind = ServerItem::Kind::close, .code = unit.code};
    case Kind::violation:
      is_over_ = true;
      return ServerItem{.kind = ServerItem::Kind::violation, .code = unit.code};
  }
  return std::nullopt;
}

}  // namespace lastword::fuzz
