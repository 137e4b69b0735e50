#include "wire.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace lastword::bench {

namespace {

// The key of RFC 6455, section 1.3, and what the server must make of it. Any key would do: it only
// shows that the server speaks WebSocket.
constexpr std::string_view request =
    "GET /ws HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "\r\n";
constexpr std::string_view switching = "HTTP/1.1 101 ";
constexpr std::string_view accept_value = ": s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

// Sections 5.2 and 11.8. The first byte of a frame that is a whole message: FIN and the opcode.
constexpr unsigned fin = 0x80;
constexpr unsigned reserved_flags = 0x70;
constexpr unsigned text_opcode = 0x1;
constexpr unsigned close_opcode = 0x8;
constexpr unsigned ping_opcode = 0x9;
constexpr unsigned pong_opcode = 0xA;
constexpr unsigned mask_bit = 0x80;
constexpr std::size_t length_in_7_bits_max = 125;
constexpr std::size_t length_in_16_bits_max = 65535;

constexpr char whole(unsigned opcode) { return static_cast<char>(fin | opcode); }

unsigned byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

Arrival broken(std::string_view rule) { return {.kind = Arrival::Kind::broken, .payload = rule}; }

}  // namespace

void Wire::open(std::string& output) {
  is_open_ = transport_ != Transport::ws;
  if (!is_open_) output += request;
}

void Wire::put_login(std::string& output, const std::string& name, const std::string& room) {
  if (is_peer(transport_)) {
    name_ = name;
    if (!room.empty()) room_ = "#" + room;
    return put_peer_login(output);
  }
  put_line(output, name);
  if (!room.empty()) put_line(output, "/join #" + room);
}

void Wire::put_ping(std::string& output) {
  if (is_peer(transport_)) {
    output += "PING\r\n";  // both understand it so, Redis as an "inline command"
  } else {
    put_line(output, ping_line);
  }
}

void Wire::begin_message(std::string& output, const Message& message) {
  constexpr std::string_view destinations_end = ": ";
  if (is_peer(transport_)) return begin_peer_message(output, message);
  begin_line(output, message.destinations.size() + destinations_end.size() + message.text_size);
  output.append(message.destinations).append(destinations_end);
}

void Wire::end_message(std::string& output) {
  if (is_peer(transport_)) {
    output += "\r\n";
  } else {
    end_line(output);
  }
}

void Wire::begin_line(std::string& output, std::size_t size) {
  if (transport_ == Transport::ws) begin_frame(output, whole(text_opcode), size);
}

void Wire::end_line(std::string& output) {
  if (transport_ == Transport::ws) {
    end_frame(output);
  } else {
    output += '\n';
  }
}

void Wire::put_line(std::string& output, std::string_view line) {
  begin_line(output, line.size());
  output += line;
  end_line(output);
}

void Wire::put_pong(std::string& output, std::string_view payload) {
  if (is_peer(transport_)) {
    output += "PONG\r\n";
    return;
  }
  put_frame(output, whole(pong_opcode), payload);
}

void Wire::put_close(std::string& output, std::string_view payload) {
  put_frame(output, whole(close_opcode), payload);
}

void Wire::put_frame(std::string& output, char first_byte, std::string_view payload) {
  begin_frame(output, first_byte, payload.size());
  output += payload;
  end_frame(output);
}

void Wire::begin_frame(std::string& output, char first_byte, std::size_t size) {
  std::size_t length_bits = 0;  // beside the seven
  std::size_t short_length = size;
  if (size > length_in_16_bits_max) {
    length_bits = 64;
    short_length = 127;
  } else if (size > length_in_7_bits_max) {
    length_bits = 16;
    short_length = 126;
  }
  output += first_byte;
  output += static_cast<char>(mask_bit | short_length);
  for (std::size_t bits = length_bits; bits > 0; bits -= 8) {
    output += static_cast<char>(size >> (bits - 8) & 0xff);
  }
  key_ += 0x9e3779b9;  // odd and far from a power of two: all four bytes are new each time
  std::array<char, sizeof key_> key;
  std::memcpy(key.data(), &key_, sizeof key_);
  output.append(key.data(), key.size());
  payload_start_ = output.size();
}

void Wire::end_frame(std::string& output) const {
  // Eight bytes at a time, as the driver must not be the slower side.
  const std::uint64_t key_twice = std::uint64_t{key_} << 32 | key_;
  char* at = output.data() + payload_start_;
  for (std::size_t left = output.size() - payload_start_; left > 0;) {
    const std::size_t size = std::min(left, sizeof key_twice);
    std::uint64_t part = 0;
    std::memcpy(&part, at, size);
    part ^= key_twice;
    std::memcpy(at, &part, size);
    at += size;
    left -= size;
  }
}

void Wire::feed(std::string_view bytes) {
  reads_tail_ = !tail_.empty();
  if (reads_tail_) tail_ += bytes;
  unread_ = reads_tail_ ? tail_ : bytes;
}

std::optional<Arrival> Wire::take() {
  const std::optional<Arrival> arrival = take_arrival();
  if (arrival) return arrival;
  if (reads_tail_) {
    tail_.erase(0, tail_.size() - unread_.size());
  } else {
    tail_ = unread_;
  }
  unread_ = {};
  return std::nullopt;
}

std::optional<Arrival> Wire::take_arrival() {
  switch (transport_) {
    case Transport::lines:
      return take_line();
    case Transport::ws:
      return is_open_ ? take_frame() : take_answer();
    case Transport::nats:
      return take_from_nats();
    case Transport::redis:
      return take_from_redis();
  }
  return std::nullopt;
}

std::optional<Arrival> Wire::take_line() {
  const std::size_t length = unread_.find('\n');
  if (length == std::string_view::npos) return std::nullopt;
  const std::string_view line = unread_.substr(0, length);
  unread_.remove_prefix(length + 1);
  return Arrival{.kind = Arrival::Kind::line, .payload = line};
}

std::optional<Arrival> Wire::take_answer() {
  constexpr std::string_view head_end = "\r\n\r\n";
  const std::size_t end = unread_.find(head_end);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view head = unread_.substr(0, end + 2);
  unread_.remove_prefix(end + head_end.size());
  is_open_ = head.starts_with(switching) && head.find(accept_value) != std::string_view::npos;
  return Arrival{.kind = is_open_ ? Arrival::Kind::opened : Arrival::Kind::refused,
                 .payload = head.substr(0, head.find('\r'))};
}

std::optional<Arrival> Wire::take_frame() {
  if (unread_.size() < 2) return std::nullopt;
  const unsigned first = byte_at(unread_, 0);
  const unsigned second = byte_at(unread_, 1);
  std::size_t header_size = 2;
  std::size_t size = second & ~mask_bit;
  if (size > length_in_7_bits_max) {
    const std::size_t length_size = size == 126 ? 2 : 8;
    const std::size_t length_min = (size == 126 ? length_in_7_bits_max : length_in_16_bits_max) + 1;
    header_size += length_size;
    if (unread_.size() < header_size) return std::nullopt;
    size = 0;
    for (std::size_t i = 2; i < header_size; ++i) size = size << 8 | byte_at(unread_, i);
    if (size < length_min) return broken("a length that is not minimal");
  }
  if (is_closed_) return broken("a frame behind the close frame");
  if ((second & mask_bit) != 0) return broken("a masked frame");
  if ((first & fin) == 0 || (first & reserved_flags) != 0) return broken("not a whole message");
  if (unread_.size() - header_size < size) return std::nullopt;
  const std::string_view payload = unread_.substr(header_size, size);
  unread_.remove_prefix(header_size + size);
  return arrival_of(first & ~fin, payload);
}

Arrival Wire::arrival_of(unsigned opcode, std::string_view payload) {
  if (opcode == text_opcode) return {.kind = Arrival::Kind::line, .payload = payload};
  if (payload.size() > length_in_7_bits_max) return broken("a long control frame");
  if (opcode == ping_opcode) return {.kind = Arrival::Kind::ping, .payload = payload};
  if (opcode != close_opcode) return broken("a message that is not text, or an unknown frame");
  is_closed_ = true;
  return {.kind = Arrival::Kind::close, .payload = payload};
}

}  // namespace lastword::bench
