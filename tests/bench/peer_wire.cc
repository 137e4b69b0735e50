// What the peers speak, as far as the driver needs it: the client protocol of NATS, and RESP3, that
// of Redis. Both are documented by their makers (docs.nats.io, "Client Protocol"; redis.io, "Redis
// serialization protocol specification").
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "wire.h"

namespace lastword::bench {

namespace {

constexpr std::string_view line_end = "\r\n";

// The ids of the two subscriptions of a NATS client.
constexpr std::string_view name_subscription = "1";
constexpr std::string_view room_subscription = "2";

Arrival broken(std::string_view rule) { return {.kind = Arrival::Kind::broken, .payload = rule}; }

Arrival line_of(std::string_view payload) {
  return {.kind = Arrival::Kind::line, .payload = payload};
}

std::optional<std::size_t> parse_size(std::string_view digits) {
  std::size_t size = 0;
  const char* const digits_end = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), digits_end, size);
  if (error != std::errc{} || end != digits_end) return std::nullopt;
  return size;
}

// Up to the next space, which is taken too.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

// A RESP value begins with a line: its kind in one byte, then a size, a number or a word.
struct RespLine {
  char kind = 0;
  std::string_view rest;
};

// Takes it out of `bytes`; nothing where it is not whole.
std::optional<RespLine> take_resp_line(std::string_view& bytes) {
  const std::size_t length = bytes.find(line_end);
  if (length == std::string_view::npos || length == 0) return std::nullopt;
  const RespLine line{.kind = bytes.front(), .rest = bytes.substr(1, length - 1)};
  bytes.remove_prefix(length + line_end.size());
  return line;
}

// A bulk string, "$6\r\nr00007\r\n".
std::optional<std::string_view> take_resp_string(std::string_view& bytes) {
  const std::optional<RespLine> head = take_resp_line(bytes);
  const std::optional<std::size_t> size = head ? parse_size(head->rest) : std::nullopt;
  if (!size || bytes.size() < *size + line_end.size()) return std::nullopt;
  const std::string_view text = bytes.substr(0, *size);
  bytes.remove_prefix(*size + line_end.size());
  return text;
}

// How many bytes the first value has, with all that it holds; nothing where it is not whole.
std::optional<std::size_t> size_of_resp_value(std::string_view bytes) {
  const std::size_t size_before = bytes.size();
  for (std::size_t values_left = 1; values_left > 0; --values_left) {
    const std::optional<RespLine> head = take_resp_line(bytes);
    if (!head) return std::nullopt;
    const std::size_t size = parse_size(head->rest).value_or(0);
    if (head->kind == '$') {
      if (bytes.size() < size + line_end.size()) return std::nullopt;
      bytes.remove_prefix(size + line_end.size());
    } else if (head->kind == '*' || head->kind == '>') {
      values_left += size;
    } else if (head->kind == '%') {
      values_left += 2 * size;
    }
  }
  return size_before - bytes.size();
}

void append_resp_string(std::string& output, std::string_view text) {
  output.append("$").append(std::to_string(text.size())).append(line_end);
  output.append(text).append(line_end);
}

}  // namespace

void Wire::put_peer_login(std::string& output) const {
  if (transport_ == Transport::nats) {
    // As lastword has it: nothing is confirmed word by word, and nobody hears himself.
    output.append(R"(CONNECT {"verbose":false,"pedantic":false,"echo":false})").append(line_end);
    output.append("SUB " + name_ + " ").append(name_subscription).append(line_end);
    if (room_.empty()) return;
    output.append("SUB " + room_ + " ").append(room_subscription).append(line_end);
    return;
  }
  // In RESP3 one connection can subscribe and publish.
  output.append("HELLO 3").append(line_end);
  output.append("SUBSCRIBE " + name_);
  if (!room_.empty()) output.append(" " + room_);
  output.append(line_end);
}

void Wire::begin_peer_message(std::string& output, const Message& message) const {
  std::array<char, 20> digits;
  const std::size_t payload_size = message.delivered_head.size() + message.text_size;
  const char* const digits_end =
      std::to_chars(digits.data(), digits.data() + digits.size(), payload_size).ptr;
  const std::string_view size(digits.data(), digits_end);
  if (transport_ == Transport::nats) {
    output.append("PUB ").append(message.destinations).append(" ");
  } else {
    output.append("*3").append(line_end);
    append_resp_string(output, "PUBLISH");
    append_resp_string(output, message.destinations);
    output.append("$");
  }
  output.append(size).append(line_end).append(message.delivered_head);
}

Arrival Wire::delivery_of(std::string_view subject, std::string_view payload) const {
  const bool is_subscribed = subject == name_ || (!room_.empty() && subject == room_);
  if (!is_subscribed) return broken("a message of a subject that was not subscribed to");
  return line_of(payload);
}

// MSG SUBJECT SUBSCRIPTION SIZE\r\nPAYLOAD\r\n | PING | PONG | INFO {...} | +OK | -ERR '...'
std::optional<Arrival> Wire::take_from_nats() {
  while (true) {
    const std::size_t length = unread_.find(line_end);
    if (length == std::string_view::npos) return std::nullopt;
    const std::string_view line = unread_.substr(0, length);
    constexpr std::string_view message_start = "MSG ";
    if (line.starts_with(message_start)) {
      return take_nats_message(line.substr(message_start.size()), length + line_end.size());
    }
    unread_.remove_prefix(length + line_end.size());
    if (line == "PONG") return line_of(pong_line);
    if (line == "PING") return Arrival{.kind = Arrival::Kind::ping, .payload = {}};
    if (!line.starts_with("INFO ") && line != "+OK") return line_of(line);
  }
}

std::optional<Arrival> Wire::take_nats_message(std::string_view head, std::size_t size_of_head) {
  const std::string_view subject = take_word(head);
  const std::string_view subscription = take_word(head);
  const std::optional<std::size_t> size = parse_size(head);
  if (!size) return broken("a message without its size");
  const std::size_t whole_size = size_of_head + *size + line_end.size();
  if (unread_.size() < whole_size) return std::nullopt;
  const std::string_view payload = unread_.substr(size_of_head, *size);
  const std::string_view end = unread_.substr(size_of_head + *size, line_end.size());
  unread_.remove_prefix(whole_size);
  if (end != line_end) return broken("a message that does not end with its size");
  const bool is_from_room = subject == room_;
  if (subscription != (is_from_room ? room_subscription : name_subscription)) {
    return broken("a message with another subscription's number");
  }
  return delivery_of(subject, payload);
}

// >3 "message" CHANNEL PAYLOAD | >3 "subscribe" ... | :RECEIVERS | +PONG | %... | -ERR ...
std::optional<Arrival> Wire::take_from_redis() {
  while (true) {
    const std::optional<std::size_t> size = size_of_resp_value(unread_);
    if (!size) return std::nullopt;
    std::string_view value = unread_.substr(0, *size);
    unread_.remove_prefix(*size);
    const std::optional<RespLine> head = take_resp_line(value);
    if (head->kind == '-') return line_of(head->rest);
    if (head->kind == '+' && head->rest == "PONG") return line_of(pong_line);
    if (head->kind != '>' || take_resp_string(value) != "message") continue;
    const std::optional<std::string_view> channel = take_resp_string(value);
    const std::optional<std::string_view> payload = take_resp_string(value);
    if (!channel || !payload || !value.empty()) return broken("a message that is not whole");
    return delivery_of(*channel, *payload);
  }
}

}  // namespace lastword::bench
