// A Pair with WebSocket clients. They write their own frames and read the server's with code of
// their own, so that an error in the core's frames is not made twice.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/core/pair.h"

namespace lastword::test {

// What a test compares: "text TEXT", "binary BYTES", "ping", "pong PAYLOAD", "close CODE REASON".
using Shown = std::vector<std::string>;

inline constexpr std::string_view wide_offer = "permessage-deflate";
inline constexpr std::string_view narrow_offer = "permessage-deflate; server_max_window_bits=9";

// --- Frames of a client --------------------------------------------------------------------------

enum class Op : std::uint8_t { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct FrameFlags {
  bool is_final = true;
  bool is_compressed = false;
};

// The header of a masked frame that announces `size` bytes.
inline std::string client_header(Op op, std::size_t size, FrameFlags flags = {}) {
  std::string bytes;
  const auto put = [&](std::size_t value) { bytes.push_back(static_cast<char>(value & 0xFFU)); };
  put((flags.is_final ? 0x80U : 0U) | (flags.is_compressed ? 0x40U : 0U) |
      static_cast<unsigned>(op));
  if (size < 126) {
    put(0x80U | size);
  } else if (size < 65'536) {
    put(0x80U | 126U);
    for (const unsigned shift : {8U, 0U}) put(size >> shift);
  } else {
    put(0x80U | 127U);
    for (unsigned shift = 64; shift > 0; shift -= 8) put(size >> (shift - 8));
  }
  return bytes + "\x37\xFA\x21\x3D";
}

inline std::string client_frame(Op op, std::string_view payload, FrameFlags flags = {}) {
  std::string bytes = client_header(op, payload.size(), flags);
  const std::string key = bytes.substr(bytes.size() - 4);
  for (std::size_t at = 0; at < payload.size(); ++at) {
    bytes.push_back(static_cast<char>(payload[at] ^ key[at % 4]));
  }
  return bytes;
}

inline std::string text_frame(std::string_view text) { return client_frame(Op::text, text); }

// A code of 0 stands for a Close without one.
inline std::string close_frame(unsigned code, std::string_view reason = {}) {
  std::string payload;
  if (code != 0) payload = {static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
  return client_frame(Op::close, payload.append(reason));
}

// --- zlib, as a peer uses it ---------------------------------------------------------------------

inline std::string deflated(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + 64, '\0');
  std::string in{text};
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
  out.resize(stream.total_out - 4);
  deflateEnd(&stream);
  return out;
}

// In small portions: otherwise zlib would look further back than its window.
inline std::string inflated(std::string bytes, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -window_bits), Z_OK);
  bytes += std::string{"\0\0\xFF\xFF", 4};
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<Bytef, 64> portion{};
  int answer = Z_OK;
  do {
    stream.next_out = portion.data();
    stream.avail_out = static_cast<uInt>(portion.size());
    answer = inflate(&stream, Z_SYNC_FLUSH);
    out.append(reinterpret_cast<const char*>(portion.data()), portion.size() - stream.avail_out);
  } while (answer == Z_OK && stream.avail_out == 0);
  EXPECT_TRUE(answer == Z_OK || answer == Z_BUF_ERROR) << answer;
  EXPECT_EQ(stream.avail_in, 0U);
  inflateEnd(&stream);
  return out;
}

// --- The pair ------------------------------------------------------------------------------------

inline std::string upgrade_request(std::string_view offer = {}, std::string_view path = "/ws") {
  std::string request;
  request.append("GET ").append(path).append(
      " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  if (!offer.empty()) request.append("Sec-WebSocket-Extensions: ").append(offer).append("\r\n");
  return request + "\r\n";
}

// At its end the world is emptied, and checked to be empty.
class WebSocketPair : public Pair {
 public:
  explicit WebSocketPair(const Config& config = {}) : Pair{compressing(config)} {}
  ~WebSocketPair() { empty(); }
  WebSocketPair(const WebSocketPair&) = delete;
  WebSocketPair& operator=(const WebSocketPair&) = delete;

  // --- What clients do ---------------------------------------------------------------------------

  // Connects to the WebSocket listener and says nothing yet.
  Client connect_websocket() {
    const Client client = connect();
    auto& lines = network.backlog;
    if (!lines.empty() && lines.back() == client) {
      lines.pop_back();
      network.websocket_backlog.push_back(client);
    }
    states_[client] = {};
    return client;
  }

  // Connects and shakes hands.
  Client upgrade(std::string_view offer = {}) {
    const Client client = connect_websocket();
    send_bytes(client, upgrade_request(offer));
    settle();
    expect_upgraded(client);
    return client;
  }

  Client log_in_websocket(std::string_view name, std::string_view offer = {}) {
    const Client client = upgrade(offer);
    say(client, name);
    return client;
  }

  void send_frame(Client client, Op op, std::string_view payload, FrameFlags flags = {}) {
    send_bytes(client, client_frame(op, payload, flags));
  }
  // Sends one message and settles.
  void say(Client client, std::string_view text) {
    send_bytes(client, text_frame(text));
    settle();
  }
  void close(Client client, unsigned code = 1000, std::string_view reason = {}) {
    send_bytes(client, close_frame(code, reason));
    settle();
  }

  // --- What clients see --------------------------------------------------------------------------

  // Takes the head of the answer to the handshake; empty while it is not complete.
  std::string take_response(Client client) {
    std::string& received = pipe(client).received;
    const std::size_t end = received.find("\r\n\r\n");
    if (end == std::string::npos) return {};
    std::string head = received.substr(0, end + 4);
    received.erase(0, end + 4);
    return head;
  }
  // The answer is 101, and what follows it is frames.
  void expect_upgraded(Client client) {
    const std::string head = take_response(client);
    EXPECT_EQ(head.rfind("HTTP/1.1 101 Switching Protocols\r\n", 0), 0U) << head;
    EXPECT_NE(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
              std::string::npos);
    State& state = states_[client];
    state.is_upgraded = true;
    if (head.find("permessage-deflate") != std::string::npos) state.window_bits = 15;
    if (head.find("server_max_window_bits=9") != std::string::npos) state.window_bits = 9;
  }

  // What the client has received and not looked at yet, frame by frame, as far as it is whole.
  // Nothing may follow a Close.
  Shown shown(Client client) {
    Shown all;
    while (auto next = next_shown(client)) all.push_back(*next);
    return all;
  }
  // The codes of the Closes among them, and how many other frames came before.
  struct Ending {
    std::size_t others = 0;
    std::string code;  // empty if no Close came
  };
  Ending ending(Client client) {
    Ending ending;
    for (const std::string& frame : shown(client)) {
      if (frame.rfind("close", 0) == 0) {
        ending.code = frame.size() > 5 ? frame.substr(6, 4) : "none";
      } else {
        ++ending.others;
      }
    }
    return ending;
  }
  [[nodiscard]] std::size_t compressed_frames(Client client) {
    return states_[client].compressed_frames;
  }
  [[nodiscard]] bool has_seen_close(Client client) { return states_[client].has_seen_close; }

  [[nodiscard]] ConnectionId id(Client client) { return network.id_of(client).value(); }
  [[nodiscard]] bool is_open(Client client) { return server.peer(id(client)).has_value(); }
  [[nodiscard]] Server::PeerView peer(Client client) { return server.peer(id(client)).value(); }

  // Lets the kernel take `bytes` more for all, and nothing behind them.
  void let_write(std::size_t bytes) {
    network.send_buffer_max = 1 << 20;
    network.write_budget = bytes;
    settle();
    network.send_buffer_max = 0;
    network.write_budget = SIZE_MAX;
  }
  void let_write_all() {
    network.send_buffer_max = 1 << 20;
    network.write_budget = SIZE_MAX;
    settle();
  }

  // Everybody reads and ends; then nothing is left.
  void empty() {
    network.write_max = SIZE_MAX;
    network.read_max = SIZE_MAX;
    for (auto& it : network.pipes) {
      it.is_client_reading = true;
      it.has_client_ended = true;
    }
    let_write_all();
    // A kernel that does not know of an end yet is asked again.
    advance(server.config().linger + server.config().stall_timeout + server.config().close_timeout);
    EXPECT_EQ(server.connection_count(), 0U);
    EXPECT_EQ(server.queued_bytes(), 0U);
    EXPECT_EQ(server.books().queued, 0U);
    EXPECT_EQ(server.books().connections_total,
              server.books().connections_clean + server.books().connections_failed);
    EXPECT_EQ(server.deadline(), std::nullopt);
    server.check_invariants();
    for (const auto& [client, state] : states_) {
      if (state.is_upgraded) (void)shown(client);
    }
  }

 private:
  struct State {
    bool is_upgraded = false;
    bool has_seen_close = false;
    int window_bits = 0;  // 0: nothing may be compressed
    std::size_t compressed_frames = 0;
  };

  static Config compressing(Config config) {
    config.handshake.is_compressing = true;
    return config;
  }

  std::optional<std::string> next_shown(Client client) {
    std::string& received = pipe(client).received;
    State& state = states_[client];
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(received[at]); };
    if (received.empty()) return std::nullopt;
    EXPECT_FALSE(state.has_seen_close) << "something follows the Close";
    if (received.size() < 2) return std::nullopt;
    std::size_t header_size = 2;
    std::size_t size = byte(1);
    EXPECT_LT(size, 128U) << "the server does not mask";
    if (size >= 126) {
      header_size = size == 126 ? 4 : 10;
      if (received.size() < header_size) return std::nullopt;
      size = 0;
      for (std::size_t at = 2; at < header_size; ++at) size = (size << 8U) | byte(at);
      EXPECT_GE(size, header_size == 4 ? 126U : 65'536U);
    }
    if (received.size() < header_size + size) return std::nullopt;
    const unsigned first = byte(0);
    std::string payload = received.substr(header_size, size);
    received.erase(0, header_size + size);
    EXPECT_EQ(first & 0xB0U, 0x80U) << "final, without the other reserved bits";
    if ((first & 0x40U) != 0) {
      EXPECT_NE(state.window_bits, 0);
      ++state.compressed_frames;
      payload = inflated(std::move(payload), state.window_bits);
    }
    return show(client, static_cast<Op>(first & 0x0FU), payload);
  }

  std::string show(Client client, Op op, const std::string& payload) {
    switch (op) {
      case Op::text:
        return "text " + payload;
      case Op::binary:
        return "binary " + payload;
      case Op::ping:
        return payload.empty() ? "ping" : "ping " + payload;
      case Op::pong:
        return payload.empty() ? "pong" : "pong " + payload;
      case Op::close: {
        states_[client].has_seen_close = true;
        if (payload.size() < 2) return "close";
        const unsigned code =
            static_cast<unsigned char>(payload[0]) * 256U + static_cast<unsigned char>(payload[1]);
        const std::string reason = payload.substr(2);
        return "close " + std::to_string(code) + (reason.empty() ? "" : " " + reason);
      }
      case Op::more:
        break;
    }
    ADD_FAILURE() << "opcode " << static_cast<unsigned>(op);
    return {};
  }

  std::map<Client, State> states_;
};

}  // namespace lastword::test
