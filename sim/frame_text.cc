#include "sim/frame_text.h"

#include "sim/reference_frames.h"

namespace lastword::sim {

namespace {

std::string described(const reference::Frame& frame) {
  std::string text;
  switch (frame.opcode) {
    case reference::op::text:
      text = "text";
      break;
    case reference::op::binary:
      text = "binary";
      break;
    case reference::op::continuation:
      text = "more";
      break;
    case reference::op::ping:
      text = "ping";
      break;
    case reference::op::pong:
      text = "pong";
      break;
    case reference::op::close: {
      if (frame.payload.size() < 2) return "close";
      const auto high = static_cast<unsigned char>(frame.payload[0]);
      const auto low = static_cast<unsigned char>(frame.payload[1]);
      text = "close " + std::to_string(high * 256 + low);
      return frame.payload.size() > 2 ? text + " (" + frame.payload.substr(2) + ")" : text;
    }
    default:
      text = "frame of a reserved kind";
      break;
  }
  if (!frame.is_final) text += " and more to come";
  return frame.payload.empty() ? text : text + ": " + frame.payload;
}

}  // namespace

std::string FrameText::tell(std::string_view bytes) {
  unread_.append(bytes);
  std::string told;
  const auto add = [&told](const std::string& what) {
    if (!told.empty()) told += "\n";
    told += what;
  };
  if (!is_open_) {
    const std::size_t end = unread_.find("\r\n\r\n");
    if (end == std::string::npos) return "a piece of the handshake";
    is_open_ = true;
    add(unread_.substr(0, unread_.find("\r\n")));
    unread_.erase(0, end + 4);
  }
  while (const auto read = reference::read_frame(unread_)) {
    add("[" + described(read->frame) + "]");
    unread_.erase(0, read->size);
  }
  if (!unread_.empty()) add("[a frame so far: " + std::to_string(unread_.size()) + " bytes]");
  return told;
}

}  // namespace lastword::sim
