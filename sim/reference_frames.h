// WebSocket frames once more (RFC 6455 section 5), written from the RFC in the plainest way, byte
// by byte, and sharing no code with the core: what clients speak and what the oracle holds the
// server against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastword::sim::reference {

// Opcodes (RFC 6455 section 5.2).
namespace op {
inline constexpr unsigned continuation = 0;
inline constexpr unsigned text = 1;
inline constexpr unsigned binary = 2;
inline constexpr unsigned close = 8;
inline constexpr unsigned ping = 9;
inline constexpr unsigned pong = 10;
}  // namespace op

struct Frame {
  unsigned opcode = op::text;
  bool is_final = true;
  unsigned reserved = 0;  // RSV1 to RSV3, as they stand in the first byte
  bool is_masked = false;
  bool is_minimal = true;  // the length is in its shortest form
  std::string payload{};
};

struct ReadFrame {
  Frame frame;
  std::size_t size;  // on the wire
};

// The frame at the front, unmasked; nothing if it is not whole.
[[nodiscard]] std::optional<ReadFrame> read_frame(std::string_view bytes);

// A client's frame, masked with `key`.
[[nodiscard]] std::string client_frame(const Frame& frame, std::uint32_t key);

// The payload of a Close.
[[nodiscard]] std::string close_payload(unsigned code, std::string_view reason = {});

// The request with which a person opens a session, and the answer to it.
[[nodiscard]] std::string opening_request();
// To the request with this key. (The digest is the core's: tests/core knows it from the RFC.)
[[nodiscard]] std::string opening_answer(std::string_view key);
// The key of a request; empty if it has none of the right form.
[[nodiscard]] std::string_view key_of(std::string_view request);
// The status with which a whole request has to be answered.
[[nodiscard]] unsigned status_for(std::string_view request);

// What a client said, as a server has to understand it.
struct Unit {
  enum class Kind : std::uint8_t { message, ping, pong, close, violation };
  Kind kind = Kind::message;
  std::string bytes{};             // message, ping, pong: the payload
  unsigned code = 0;               // close: the client's, 0 for none; violation: the server's
  bool is_within_message = false;  // between two fragments
};

// Takes a client's stream byte by byte. A violation is one as soon as its first byte is there;
// nothing comes behind it, nor behind a Close.
class ClientFrames {
 public:
  explicit ClientFrames(std::size_t message_max) : message_max_{message_max} {}

  void feed(std::string_view bytes);
  [[nodiscard]] const std::vector<Unit>& units() const { return units_; }
  [[nodiscard]] bool is_in_message() const { return is_in_message_; }

 private:
  void take(unsigned char byte);
  void check_header();
  void check_length(std::uint64_t length);
  void end_frame();
  void end_close();
  void violate(unsigned code);
  [[nodiscard]] unsigned header_byte(std::size_t place) const {
    return static_cast<unsigned char>(header_[place]);
  }

  std::size_t message_max_;
  std::vector<Unit> units_;
  std::string header_;
  std::string payload_;  // of a control frame
  std::string message_;
  std::size_t decoded_ = 0;  // bytes of the message that are whole code points
  std::uint64_t left_ = 0;   // bytes of the payload
  std::uint64_t length_ = 0;
  bool is_in_payload_ = false;
  bool is_in_message_ = false;
  bool is_text_ = false;
  bool is_over_ = false;
};

}  // namespace lastword::sim::reference
