#include "sim/reference_frames.h"

#include <algorithm>

#include "core/websocket/accept_key.h"
#include "sim/reference.h"

namespace lastword::sim::reference {

namespace {

unsigned byte_at(std::string_view bytes, std::size_t place) {
  return static_cast<unsigned char>(bytes[place]);
}

std::uint64_t number_at(std::string_view bytes, std::size_t place, std::size_t size) {
  std::uint64_t number = 0;
  for (std::size_t each = place; each < place + size; ++each) {
    number = number * 256 + byte_at(bytes, each);
  }
  return number;
}

// Whether these bytes, which are no code point yet, may become one.
bool can_become_code_point(std::string_view bytes) {
  constexpr std::size_t code_point_max = 4;
  constexpr std::string_view endings[] = {"\x80", "\xBF", "\x90", "\x8F", "\xA0", "\x9F"};
  if (bytes.size() >= code_point_max) return false;
  for (const std::string_view ending : endings) {
    const std::string longer = std::string{bytes} + std::string{ending};
    if (is_utf8(longer) || can_become_code_point(longer)) return true;
  }
  return false;
}

bool is_close_code(unsigned code) {
  const bool is_defined =
      code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
  return is_defined || (code >= 3000 && code < 5000);
}

}  // namespace

std::optional<ReadFrame> read_frame(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  Frame frame{.opcode = byte_at(bytes, 0) % 16,
              .is_final = byte_at(bytes, 0) >= 128,
              .reserved = byte_at(bytes, 0) / 16 % 8,
              .is_masked = byte_at(bytes, 1) >= 128};
  const unsigned short_length = byte_at(bytes, 1) % 128;
  std::size_t extra = 0;
  if (short_length == 126) extra = 2;
  if (short_length == 127) extra = 8;
  std::size_t size = 2 + extra + (frame.is_masked ? 4 : 0);
  if (bytes.size() < size) return std::nullopt;
  const std::uint64_t length = extra == 0 ? short_length : number_at(bytes, 2, extra);
  frame.is_minimal = extra == 0 || (extra == 2 ? length > 125 : length > 65535);
  if (length > bytes.size() - size) return std::nullopt;
  frame.payload = bytes.substr(size, static_cast<std::size_t>(length));
  for (std::size_t place = 0; frame.is_masked && place < frame.payload.size(); ++place) {
    const unsigned key = byte_at(bytes, size - 4 + place % 4);
    frame.payload[place] = static_cast<char>(byte_at(frame.payload, place) ^ key);
  }
  return ReadFrame{.frame = frame, .size = size + static_cast<std::size_t>(length)};
}

std::string client_frame(const Frame& frame, std::uint32_t key) {
  std::string bytes;
  const auto put = [&bytes](std::uint64_t value) {
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(value % 256)));
  };
  put((frame.is_final ? 128U : 0U) + frame.reserved * 16 + frame.opcode);
  const std::size_t length = frame.payload.size();
  const unsigned mask = frame.is_masked ? 128 : 0;
  if (length <= 125 && frame.is_minimal) {
    put(mask + length);
  } else {
    put(mask + 126);
    put(length / 256);
    put(length);
  }
  std::string key_bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    key_bytes.push_back(static_cast<char>(static_cast<unsigned char>((key >> shift) % 256)));
  }
  if (frame.is_masked) bytes += key_bytes;
  for (std::size_t place = 0; place < length; ++place) {
    const unsigned byte = byte_at(frame.payload, place);
    put(frame.is_masked ? byte ^ byte_at(key_bytes, place % 4) : byte);
  }
  return bytes;
}

std::string close_payload(unsigned code, std::string_view reason) {
  if (code == 0) return {};
  std::string payload;
  payload.push_back(static_cast<char>(static_cast<unsigned char>(code / 256)));
  payload.push_back(static_cast<char>(static_cast<unsigned char>(code % 256)));
  return payload.append(reason);
}

// The RFC's own key, and its answer (section 1.3).
std::string opening_request() {
  return "GET /ws HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
}

std::string opening_answer(std::string_view key) {
  const auto accept = websocket::accept_key_for(key);
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         std::string{accept.data(), accept.size()} + "\r\n\r\n";
}

std::string_view key_of(std::string_view request) {
  constexpr std::string_view field = "\r\nSec-WebSocket-Key: ";
  constexpr std::size_t key_size = 24;
  const std::size_t place = request.find(field);
  if (place == std::string_view::npos) return {};
  const std::string_view rest = request.substr(place + field.size());
  const std::string_view key = rest.substr(0, rest.find('\r'));
  return key.size() == key_size && key.ends_with("==") ? key : std::string_view{};
}

unsigned status_for(std::string_view request) {
  const auto has = [&](std::string_view part) {
    return request.find(part) != std::string_view::npos;
  };
  if (!request.starts_with("GET /ws ") && !request.starts_with("GET / ")) return 404;
  if (!has("\r\nSec-WebSocket-Version: 13\r\n")) return 426;
  if (key_of(request).empty()) return 400;
  return 101;
}

// --- A client's stream -------------------------------------------------------------------------

void ClientFrames::feed(std::string_view bytes) {
  for (const char byte : bytes) {
    if (is_over_) return;
    take(static_cast<unsigned char>(byte));
  }
}

void ClientFrames::violate(unsigned code) {
  is_over_ = true;
  units_.push_back({.kind = Unit::Kind::violation, .code = code});
}

void ClientFrames::take(unsigned char byte) {
  if (!is_in_payload_) {
    header_.push_back(static_cast<char>(byte));
    check_header();
    return;
  }
  const std::size_t key = header_.size() - 4;
  const auto plain =
      static_cast<char>(byte ^ header_byte(key + static_cast<std::size_t>((length_ - left_) % 4)));
  --left_;
  if (header_byte(0) % 16 >= 8) {
    payload_.push_back(plain);
  } else {
    message_.push_back(plain);
    if (is_text_) {
      const std::string_view rest = std::string_view{message_}.substr(decoded_);
      if (is_utf8(rest)) {
        decoded_ = message_.size();
      } else if (!can_become_code_point(rest)) {
        violate(1007);
        return;
      }
    }
  }
  if (left_ == 0) end_frame();
}

void ClientFrames::check_header() {
  const unsigned first = header_byte(0);
  const unsigned opcode = first % 16;
  const bool is_final = first >= 128;
  const bool is_control = opcode >= 8;
  if (header_.size() == 1) {
    const bool is_known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
    const bool is_in_order = is_control || (opcode == op::continuation) == is_in_message_;
    if (first / 16 % 8 != 0 || !is_known || !is_in_order || (is_control && !is_final)) {
      violate(1002);
    }
    return;
  }
  const unsigned short_length = header_byte(1) % 128;
  std::size_t extra = 0;
  if (short_length == 126) extra = 2;
  if (short_length == 127) extra = 8;
  if (header_.size() == 2) {
    if (header_byte(1) < 128 || (is_control && short_length > 125)) {
      violate(1002);
    } else if (extra == 0) {
      check_length(short_length);
    }
    return;
  }
  if (extra == 8 && header_.size() == 3 && header_byte(2) >= 128) return violate(1002);
  if (extra > 0 && header_.size() == 2 + extra) {
    const std::uint64_t length = number_at(header_, 2, extra);
    if (length <= (extra == 2 ? 125U : 65535U)) return violate(1002);
    check_length(length);
    return;
  }
  if (header_.size() < 2 + extra + 4) return;
  is_in_payload_ = true;
  left_ = length_;
  payload_.clear();
  if (opcode == op::text || opcode == op::binary) {
    message_.clear();
    decoded_ = 0;
    is_text_ = opcode == op::text;
  }
  if (left_ == 0) end_frame();
}

void ClientFrames::check_length(std::uint64_t length) {
  length_ = length;
  const unsigned opcode = header_byte(0) % 16;
  if (opcode >= 8) return;
  const std::size_t before = opcode == op::continuation ? message_.size() : 0;
  if (before + length > message_max_) violate(1009);
}

void ClientFrames::end_frame() {
  const unsigned opcode = header_byte(0) % 16;
  const bool is_final = header_byte(0) >= 128;
  header_.clear();
  is_in_payload_ = false;
  if (opcode == op::close) return end_close();
  if (opcode == op::ping || opcode == op::pong) {
    units_.push_back({.kind = opcode == op::ping ? Unit::Kind::ping : Unit::Kind::pong,
                      .bytes = payload_,
                      .is_within_message = is_in_message_});
    return;
  }
  is_in_message_ = !is_final;
  if (!is_final) return;
  if (is_text_ && decoded_ < message_.size()) return violate(1007);
  units_.push_back({.kind = Unit::Kind::message, .bytes = message_});
  message_.clear();
}

void ClientFrames::end_close() {
  unsigned code = 0;
  if (!payload_.empty()) {
    if (payload_.size() == 1) return violate(1002);
    code = static_cast<unsigned>(number_at(payload_, 0, 2));
    if (!is_close_code(code) || !is_utf8(std::string_view{payload_}.substr(2))) {
      return violate(1002);
    }
  }
  is_over_ = true;
  units_.push_back({.kind = Unit::Kind::close, .code = code, .is_within_message = is_in_message_});
}

}  // namespace lastword::sim::reference
