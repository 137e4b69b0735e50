#include "tests/end_to_end/websocket_client.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <exception>
#include <iostream>
#include <ostream>
#include <utility>

#include "tests/end_to_end/test_world.h"
#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

// The example of RFC 6455, section 1.3: the answer is known without computing it.
constexpr const char* example_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* example_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

constexpr std::string_view masking_key("\x37\xfa\x21\x3d", 4);  // that of its section 5.7
constexpr std::size_t control_payload_max = 125;
constexpr std::size_t read_bytes_max = std::size_t{64} * 1024;

std::string big_endian(std::uint64_t value, std::size_t size) {
  std::string bytes;
  for (std::size_t index = size; index-- > 0;) {
    bytes += static_cast<char>((value >> (8 * index)) & 0xffU);
  }
  return bytes;
}

std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
  return value;
}

std::size_t length_bytes(std::uint64_t length) {
  if (length <= control_payload_max) return 1;
  return length <= 0xffff ? 3 : 9;
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  return text;
}

bool is_control(Opcode opcode) { return static_cast<unsigned>(opcode) >= 0x8U; }

std::string_view name_of(Opcode opcode) {
  switch (opcode) {
    case Opcode::continuation:
      return "continuation";
    case Opcode::text:
      return "text";
    case Opcode::binary:
      return "binary";
    case Opcode::close:
      return "close";
    case Opcode::ping:
      return "ping";
    case Opcode::pong:
      return "pong";
  }
  return "unknown opcode";
}

// What a person likes to read: a close frame by its code.
std::string shown(const Frame& frame) {
  std::string text(name_of(frame.opcode));
  if (frame.opcode != Opcode::close || frame.payload.size() < 2) return text + " " + frame.payload;
  return text + " " + std::to_string(from_big_endian(frame.payload.substr(0, 2))) + " " +
         frame.payload.substr(2);
}

int number_in(std::string_view text) {
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Response parse_head(std::string_view head) {
  Response response;
  if (!head.starts_with("HTTP/1.1 ")) throw Violation("no HTTP response: " + std::string(head));
  response.status = number_in(head.substr(std::string_view("HTTP/1.1 ").size()));
  for (std::size_t end = head.find("\r\n"); end != std::string_view::npos;
       end = head.find("\r\n")) {
    head.remove_prefix(end + 2);
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) throw Violation("no header field: " + std::string(line));
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    response.fields[lower_case(std::string(line.substr(0, colon)))] = value;
  }
  return response;
}

}  // namespace

void PrintTo(const Frame& frame, std::ostream* out) { *out << shown(frame); }

std::string frame_bytes(const Frame& frame, const FrameForm& form) {
  const auto bit = [](bool is_set) { return is_set ? 0x80U : 0U; };
  const std::uint64_t length = form.length.value_or(frame.payload.size());
  const std::size_t size = std::max(length_bytes(length), form.length_bytes_min);
  const std::uint64_t first_length = size == 1 ? length : size == 3 ? 126 : 127;
  std::string bytes = big_endian(
      bit(form.is_final) | unsigned{form.reserved_bits} << 4U | static_cast<unsigned>(frame.opcode),
      1);
  bytes += big_endian(bit(form.is_masked) | first_length, 1);
  if (size > 1) bytes += big_endian(length, size - 1);
  if (!form.is_masked) return bytes + frame.payload;
  bytes += masking_key;
  for (std::size_t index = 0; index < frame.payload.size(); ++index) {
    bytes += static_cast<char>(frame.payload[index] ^ masking_key[index % masking_key.size()]);
  }
  return bytes;
}

std::string text_bytes(std::string_view text) {
  return frame_bytes({Opcode::text, std::string(text)});
}

std::string close_payload(int code, std::string_view reason) {
  return big_endian(static_cast<std::uint64_t>(code), 2) + std::string(reason);
}

std::string request_bytes(const Request& request) {
  std::string bytes = request.line;
  bytes += "\r\n";
  for (const auto& [name, value] : request.fields) {
    if (!value.empty()) bytes.append(name).append(": ").append(value).append("\r\n");
  }
  return bytes.append("\r\n");
}

Request handshake(const Endpoint& endpoint,
                  const std::vector<std::pair<std::string, std::string>>& fields) {
  Request request;
  request.fields = {
      {"Host", endpoint.host + ":" + std::to_string(endpoint.port)},
      {"Upgrade", "websocket"},
      {"Connection", "Upgrade"},
      {"Sec-WebSocket-Key", example_key},
      {"Sec-WebSocket-Version", "13"},
  };
  for (const auto& [name, value] : fields) {
    const auto same_name = [&name](const auto& field) { return field.first == name; };
    const auto found = std::ranges::find_if(request.fields, same_name);
    if (found != request.fields.end()) {
      found->second = value;
    } else {
      request.fields.emplace_back(name, value);
    }
  }
  return request;
}

std::string Response::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

WebSocketClient::WebSocketClient(const Endpoint& endpoint, const ClientOptions& options)
    : endpoint_(endpoint), socket_(connect_to(endpoint, options)) {}

WebSocketClient::~WebSocketClient() {
  if (transcript_.text().empty()) return;
  if (std::uncaught_exceptions() == 0 && !::testing::Test::HasFailure()) return;
  std::cerr << "--- " << description() << ":\n" << transcript_.text() << "---\n";
}

std::string WebSocketClient::description() const {
  return name_.empty() ? "a WebSocket client without a name" : "WebSocket client " + name_;
}

void WebSocketClient::send(std::string_view bytes) {
  Watchdog watchdog(description() + " to send");
  while (!bytes.empty()) {
    const bool can_read = is_reading_ && ending_ == Ending::open;
    pollfd ready{socket_.number(), POLLOUT, 0};
    if (can_read) ready.events |= POLLIN;
    if (::poll(&ready, 1, watchdog.poll_timeout_ms()) > 0) watchdog.feed();
    if (can_read && (ready.revents & POLLIN) != 0) read_what_is_there();
    const ssize_t count = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno ==
               EPIPE) {  // refused after the server's FIN: nothing was lost on its way here
      return transcript_.noted("no more bytes are taken");
    } else if (errno != EAGAIN && errno != EINTR) {
      return end(Ending::reset, std::strerror(errno));
    }
  }
}

void WebSocketClient::send_frame(const Frame& frame, const FrameForm& form) {
  transcript_.sent(shown(frame));
  send(frame_bytes(frame, form));
}

void WebSocketClient::send_close(int code) { send_frame({Opcode::close, close_payload(code)}); }

Response WebSocketClient::read_response() {
  constexpr std::string_view blank_line = "\r\n\r\n";
  std::size_t head_size = unread_.find(blank_line);
  while (head_size == std::string::npos) {
    if (!wait_for_bytes("a response")) throw Violation("the connection ended within a response");
    head_size = unread_.find(blank_line);
  }
  Response response = parse_head(std::string_view(unread_).substr(0, head_size));
  transcript_.received(unread_.substr(0, unread_.find("\r\n")));
  unread_.erase(0, head_size + blank_line.size());
  if (response.status == 101) return response;

  // Without a length the body ends with the connection.
  const int length = number_in(response.field("content-length"));
  while (length < 0 || unread_.size() < static_cast<std::size_t>(length)) {
    if (wait_for_bytes("a body")) continue;
    if (length >= 0) throw Violation("the connection ended within a body");
    break;
  }
  const std::size_t body_size = length < 0 ? unread_.size() : static_cast<std::size_t>(length);
  response.body = unread_.substr(0, body_size);
  unread_.erase(0, body_size);
  return response;
}

void WebSocketClient::open() {
  send(request_bytes(handshake(endpoint_)));
  expect_upgrade();
}

void WebSocketClient::expect_upgrade() {
  const Response response = read_response();
  EXPECT_EQ(response.status, 101);
  EXPECT_EQ(lower_case(response.field("upgrade")), "websocket");
  EXPECT_EQ(lower_case(response.field("connection")), "upgrade");
  EXPECT_EQ(response.field("sec-websocket-accept"), example_accept);
  EXPECT_EQ(response.field("sec-websocket-protocol"), "");
  EXPECT_EQ(response.field("sec-websocket-extensions"), "");  // none was offered
  if (response.status != 101) throw Violation("no WebSocket: " + response.body);
}

void WebSocketClient::login(std::string_view name) {
  name_ = name;
  send_text(name);
  const std::vector<std::string> news = catch_up();
  if (!news.empty()) throw Violation("login of " + name_ + ": " + news.front());
}

std::optional<Frame> WebSocketClient::read_frame_or_end() {
  for (;;) {
    std::optional<Frame> frame = take_frame();
    if (frame.has_value()) {
      transcript_.received(shown(*frame));
      if (has_read_close_) throw Violation("a frame behind the close frame: " + shown(*frame));
      has_read_close_ = frame->opcode == Opcode::close;
      return frame;
    }
    if (!wait_for_bytes("a frame for " + description())) {
      if (!unread_.empty() && ending_ == Ending::finished)
        throw Violation("half a frame, then FIN");
      return std::nullopt;
    }
  }
}

Frame WebSocketClient::read_frame() {
  std::optional<Frame> frame = read_frame_or_end();
  if (!frame.has_value()) throw Violation("no frame, but the end, for " + description());
  return *std::move(frame);
}

std::string WebSocketClient::read_news() {
  for (;;) {
    Frame frame = read_frame();
    if (is_control(frame.opcode)) throw Violation("no news, but " + shown(frame));
    if (!is_information(frame.payload)) return std::move(frame.payload);
  }
}

std::vector<std::string> WebSocketClient::catch_up() {
  const std::string token = "token " + std::to_string(++ping_count_);
  send_text("/ping " + token);
  std::vector<std::string> news;
  for (;;) {
    Frame frame = read_frame();
    if (frame.payload == "* pong " + token) return news;
    if (is_control(frame.opcode)) throw Violation("no news, but " + shown(frame));
    if (!is_information(frame.payload)) news.push_back(std::move(frame.payload));
  }
}

std::vector<Frame> WebSocketClient::read_until_end() {
  std::vector<Frame> frames;
  while (std::optional<Frame> frame = read_frame_or_end()) frames.push_back(*std::move(frame));
  return frames;
}

void WebSocketClient::skip_until_end() {
  while (wait_for_bytes("the end of the connection")) unread_.clear();
  unread_.clear();
}

std::optional<Frame> WebSocketClient::take_frame() {
  if (unread_.size() < 2) return std::nullopt;
  const auto first = static_cast<unsigned char>(unread_[0]);
  const auto second = static_cast<unsigned char>(unread_[1]);
  const auto opcode = static_cast<Opcode>(first & 0xfU);
  if ((first & 0x70U) != 0) throw Violation("reserved bits in a frame of the server");
  if ((second & 0x80U) != 0) throw Violation("a masked frame of the server");
  // Allowed, but there is no reason for it in a server that has each line as a whole.
  if ((first & 0x80U) == 0) throw Violation("a fragment of the server");
  if (name_of(opcode) == "unknown opcode" || opcode == Opcode::continuation) {
    throw Violation("a frame of the server with opcode " + std::to_string(first & 0xfU));
  }
  const std::size_t size = second == 127 ? 9 : second == 126 ? 3 : 1;
  if (unread_.size() < 1 + size) return std::nullopt;
  const std::uint64_t length =
      size == 1 ? second : from_big_endian(std::string_view(unread_).substr(2, size - 1));
  if (length_bytes(length) != size) throw Violation("a length of the server is not minimal");
  if (is_control(opcode) && length > control_payload_max) throw Violation("a long control frame");
  if (unread_.size() - 1 - size < length) return std::nullopt;
  Frame frame{opcode, unread_.substr(1 + size, length)};
  unread_.erase(0, 1 + size + length);
  return frame;
}

bool WebSocketClient::wait_for_bytes(std::string_view what) {
  start_reading();
  const Watchdog watchdog{std::string(what)};
  const std::size_t unread_size = unread_.size();
  while (unread_.size() == unread_size) {
    if (ending_ != Ending::open) return false;
    pollfd readable{socket_.number(), POLLIN, 0};
    ::poll(&readable, 1, watchdog.poll_timeout_ms());
    if (readable.revents != 0) read_what_is_there();
  }
  return true;
}

void WebSocketClient::read_what_is_there() {
  std::array<char, read_bytes_max> bytes;  // not cleared for each read
  while (ending_ == Ending::open) {
    const ssize_t count = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
    if (count > 0) {
      unread_.append(bytes.data(), static_cast<std::size_t>(count));
      return;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    // EPIPE here: the reset came after the FIN, so everything has been read.
    const bool is_finished = count == 0 || errno == EPIPE;
    end(is_finished ? Ending::finished : Ending::reset,
        is_finished ? "end of file" : std::strerror(errno));
  }
}

void WebSocketClient::end(Ending ending, std::string_view note) {
  if (ending_ == Ending::reset) return;
  ending_ = ending;
  transcript_.noted(note);
}

void WebSocketClient::half_close() {
  transcript_.noted("FIN");
  ::shutdown(socket_.number(), SHUT_WR);
}

void WebSocketClient::reset() {
  transcript_.noted("RST");
  const linger abort{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  socket_.close();
}

void WebSocketClient::close() {
  transcript_.noted("close");
  socket_.close();
}

WebSocketClient websocket_peer(const ServerProcess& server, std::string_view name,
                               const ClientOptions& options) {
  WebSocketClient client(server.ws(), options);
  client.open();
  client.login(name);
  return client;
}

std::vector<std::string> read_close(WebSocketClient& client, int code) {
  std::vector<std::string> news;
  Frame frame = client.read_frame();
  while (frame.opcode != Opcode::close) {
    if (!is_information(frame.payload)) news.push_back(std::move(frame.payload));
    frame = client.read_frame();
  }
  EXPECT_EQ(frame.payload.substr(0, 2), close_payload(code))
      << shown(frame) << " instead of " << code << " for " << client.description();
  return news;
}

void expect_end(WebSocketClient& client) {
  const std::optional<Frame> frame = client.read_frame_or_end();
  EXPECT_FALSE(frame.has_value()) << shown(*frame) << " for " << client.description();
  EXPECT_EQ(client.ending(), Ending::finished) << client.description();
  client.close();
}

std::vector<std::string> expect_close(WebSocketClient& client, int code) {
  std::vector<std::string> news = read_close(client, code);
  client.send_close(code);
  expect_end(client);
  return news;
}

std::vector<std::string> expect_failure(WebSocketClient& client, int code) {
  std::vector<std::string> news = read_close(client, code);
  client.send_close(code);
  client.half_close();
  expect_end(client);
  return news;
}

void leave(WebSocketClient& client) {
  client.send_close(1000);
  const std::vector<std::string> news = read_close(client, 1000);
  EXPECT_TRUE(news.empty()) << news.front();
  expect_end(client);
}

std::int64_t expect_goodbye(WebSocketClient& client) {
  std::optional<std::int64_t> count;
  Frame frame = client.read_frame();
  while (frame.opcode != Opcode::close) {
    EXPECT_FALSE(count.has_value()) << "behind the goodbye: " << shown(frame);
    count = goodbye_count(frame.payload);
    frame = client.read_frame();
  }
  EXPECT_EQ(frame.payload.substr(0, 2), close_payload(1001)) << shown(frame);
  if (!count.has_value()) throw Violation("no goodbye for " + client.description());
  client.send_close(1001);
  expect_end(client);
  return *count;
}

}  // namespace lastword::end_to_end
