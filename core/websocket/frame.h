// Headers of WebSocket frames (RFC 6455 section 5.2), read and written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/bytes.h"
#include "core/websocket/close_code.h"
#include "core/websocket/mask.h"

namespace lastword::websocket {

enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA,
};

constexpr bool is_control(Opcode opcode) { return (static_cast<unsigned>(opcode) & 0x8U) != 0; }

// A control frame carries at most this much (RFC 6455 section 5.5).
inline constexpr std::size_t control_payload_max = 125;

// --- Reading -----------------------------------------------------------------------------------

// What the peer did against the protocol. It ends with 1002 where no other code stands.
enum class Violation : std::uint8_t {
  reserved_bits,        // RSV1 to RSV3 mean something only with an extension (5.2)
  reserved_opcode,      // 3 to 7 and 11 to 15 (5.2)
  unmasked,             // a client masks every frame (5.1)
  masked,               // and a server none (5.1)
  fragmented_control,   // (5.5)
  long_control,         // (5.5)
  not_minimal,          // the length has to be written in its shortest form (5.2)
  huge_length,          // the highest bit of a 64-bit length is set (5.2)
  stray_continuation,   // there is no message to continue (5.4)
  interleaved_message,  // a new message within a fragmented one (5.4)
  bad_close_size,       // one byte is half a code (5.5.1)
  bad_close_code,       // (7.4)
  bad_close_reason,     // not UTF-8 (5.5.1)
  bad_text,             // not UTF-8 (8.1): 1007
  bad_compression,      // no deflated data (RFC 7692 section 7.2.2): 1007
  too_big,              // 1009
};

[[nodiscard]] CloseCode close_code_for(Violation violation);
// What is wrong, for the Close frame's reason: short, and for the author of the peer.
[[nodiscard]] std::string_view explain(Violation violation);

// Whose frames are read.
enum class Sender : std::uint8_t { client, server };

struct FrameHeader {
  bool is_final = false;
  bool is_compressed = false;  // RSV1 (RFC 7692 section 6)
  Opcode opcode = Opcode::continuation;
  std::uint64_t payload_size = 0;
  MaskingKey key{};  // of a client's frame

  static constexpr std::size_t size_max = 14;  // 2, 8 for the length, 4 for a client's key
};

// What decides whether a frame may come now.
struct FrameContext {
  Sender sender = Sender::client;
  bool is_in_message = false;          // the last data frame was not final
  bool is_compression_agreed = false;  // permessage-deflate
  bool is_message_compressed = false;  // the one that is being continued
  std::uint64_t plain_room = 0;        // bytes that a data frame's payload may have
  std::uint64_t compressed_room = 0;   // the same for a compressed message
};

struct ParsedHeader {
  FrameHeader header;
  std::size_t size = 0;  // of the header, in bytes
};

// Reads a frame header from the front of `bytes`. Nothing comes back while more bytes are
// needed. A violation is reported as soon as the first byte that makes it one is there (a length is
// judged at its last byte, but for its highest bit), so the answer does not depend on how many more
// there are; a length over the limit costs nothing but its header.
[[nodiscard]] std::expected<std::optional<ParsedHeader>, Violation> parse_header(
    Bytes bytes, const FrameContext& context);

// --- Writing -----------------------------------------------------------------------------------

// The header of a server's frame: final, not masked (5.1), with the shortest length.
class HeaderBytes {
 public:
  static constexpr std::size_t size_max = 10;

  HeaderBytes(Opcode opcode, std::size_t payload_size, bool is_compressed = false);

  [[nodiscard]] Bytes bytes() const { return Bytes{bytes_}.first(size_); }

 private:
  std::array<std::byte, size_max> bytes_{};
  std::size_t size_ = 0;
};

// Bytes of a server's header before a payload of this size.
constexpr std::size_t header_size(std::size_t payload_size) {
  if (payload_size <= 125) return 2;
  return payload_size <= 0xFFFF ? 4 : 10;
}

// Bytes of a server's frame with a payload of this size.
constexpr std::size_t frame_size(std::size_t payload_size) {
  return header_size(payload_size) + payload_size;
}

}  // namespace lastword::websocket
