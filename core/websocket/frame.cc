#include "core/websocket/frame.h"

namespace lastword::websocket {

namespace {

constexpr std::uint64_t two_byte_length = 126;    // 16 bits follow (RFC 6455 section 5.2)
constexpr std::uint64_t eight_byte_length = 127;  // 64 bits follow

constexpr unsigned value_of(std::byte byte) { return std::to_integer<unsigned>(byte); }

// The first byte: FIN, RSV1 to RSV3 and the opcode.
std::expected<FrameHeader, Violation> parse_first_byte(unsigned byte, const FrameContext& context) {
  FrameHeader header{.is_final = (byte & 0x80U) != 0,
                     .is_compressed = (byte & 0x40U) != 0,
                     .opcode = static_cast<Opcode>(byte & 0x0FU)};
  if ((byte & 0x30U) != 0) return std::unexpected{Violation::reserved_bits};
  switch (header.opcode) {
    case Opcode::text:
    case Opcode::binary:
      if (header.is_compressed && !context.is_compression_agreed) {
        return std::unexpected{Violation::reserved_bits};
      }
      if (context.is_in_message) return std::unexpected{Violation::interleaved_message};
      return header;
    case Opcode::continuation:
      // RSV1 stands on a message's first frame alone (RFC 7692 section 6.1).
      if (header.is_compressed) return std::unexpected{Violation::reserved_bits};
      if (!context.is_in_message) return std::unexpected{Violation::stray_continuation};
      return header;
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
      if (header.is_compressed) return std::unexpected{Violation::reserved_bits};
      if (!header.is_final) return std::unexpected{Violation::fragmented_control};
      return header;
  }
  return std::unexpected{Violation::reserved_opcode};
}

// A number in network byte order.
std::uint64_t parse_number(Bytes bytes) {
  std::uint64_t number = 0;
  for (const std::byte byte : bytes) number = (number << 8U) | value_of(byte);
  return number;
}

std::uint64_t room_for(const FrameHeader& header, const FrameContext& context) {
  if (is_control(header.opcode)) return control_payload_max;
  const bool is_compressed = header.is_compressed || (header.opcode == Opcode::continuation &&
                                                      context.is_message_compressed);
  return is_compressed ? context.compressed_room : context.plain_room;
}

}  // namespace

CloseCode close_code_for(Violation violation) {
  switch (violation) {
    case Violation::bad_text:
    case Violation::bad_compression:
      return CloseCode::invalid_payload;
    case Violation::too_big:
      return CloseCode::too_big;
    case Violation::reserved_bits:
    case Violation::reserved_opcode:
    case Violation::unmasked:
    case Violation::masked:
    case Violation::fragmented_control:
    case Violation::long_control:
    case Violation::not_minimal:
    case Violation::huge_length:
    case Violation::stray_continuation:
    case Violation::interleaved_message:
    case Violation::bad_close_size:
    case Violation::bad_close_code:
    case Violation::bad_close_reason:
      break;
  }
  return CloseCode::protocol_error;
}

std::string_view explain(Violation violation) {
  switch (violation) {
    case Violation::reserved_bits:
      return "a reserved bit is set, and no extension was agreed that uses it";
    case Violation::reserved_opcode:
      return "reserved opcode";
    case Violation::unmasked:
      return "a client's frames must be masked";
    case Violation::masked:
      return "a server's frames must not be masked";
    case Violation::fragmented_control:
      return "a control frame must not be fragmented";
    case Violation::long_control:
      return "a control frame has at most 125 bytes";
    case Violation::not_minimal:
      return "the length is not in its shortest form";
    case Violation::huge_length:
      return "the highest bit of the length is set";
    case Violation::stray_continuation:
      return "continuation without a message to continue";
    case Violation::interleaved_message:
      return "a new message within a fragmented one";
    case Violation::bad_close_size:
      return "a close frame with half a code";
    case Violation::bad_close_code:
      return "a close code that must not be sent";
    case Violation::bad_close_reason:
      return "the reason for the close is not UTF-8";
    case Violation::bad_text:
      return "text that is not UTF-8";
    case Violation::bad_compression:
      return "the compressed data is damaged";
    case Violation::too_big:
      return "message over the limit";
  }
  return "";
}

std::expected<std::optional<ParsedHeader>, Violation> parse_header(Bytes bytes,
                                                                   const FrameContext& context) {
  if (bytes.empty()) return std::nullopt;
  const auto first = parse_first_byte(value_of(bytes[0]), context);
  if (!first) return std::unexpected{first.error()};
  if (bytes.size() < 2) return std::nullopt;

  ParsedHeader parsed{.header = *first, .size = 2};
  FrameHeader& header = parsed.header;
  const unsigned second = value_of(bytes[1]);
  const bool is_masked = (second & 0x80U) != 0;
  if (is_masked != (context.sender == Sender::client)) {
    return std::unexpected{is_masked ? Violation::masked : Violation::unmasked};
  }
  header.payload_size = second & 0x7FU;
  if (is_control(header.opcode) && header.payload_size > control_payload_max) {
    return std::unexpected{Violation::long_control};
  }

  const bool is_wide = header.payload_size == eight_byte_length;
  if (is_wide || header.payload_size == two_byte_length) {
    const std::size_t length_size = is_wide ? 8 : 2;
    if (is_wide && bytes.size() > 2 && (value_of(bytes[2]) & 0x80U) != 0) {
      return std::unexpected{Violation::huge_length};
    }
    if (bytes.size() < 2 + length_size) return std::nullopt;
    header.payload_size = parse_number(bytes.subspan(2, length_size));
    if (header.payload_size <= (is_wide ? 0xFFFFU : control_payload_max)) {
      return std::unexpected{Violation::not_minimal};
    }
    parsed.size += length_size;
  }
  if (header.payload_size > room_for(header, context)) return std::unexpected{Violation::too_big};

  if (is_masked) {
    if (bytes.size() < parsed.size + header.key.size()) return std::nullopt;
    for (std::byte& byte : header.key) byte = bytes[parsed.size++];
  }
  return parsed;
}

HeaderBytes::HeaderBytes(Opcode opcode, std::size_t payload_size, bool is_compressed) {
  const auto put = [this](std::uint64_t value) {
    bytes_[size_++] = static_cast<std::byte>(value & 0xFFU);
  };
  put(0x80U | (is_compressed ? 0x40U : 0U) | static_cast<unsigned>(opcode));
  const std::size_t size = header_size(payload_size);
  if (size == 2) {
    put(payload_size);
    return;
  }
  put(size == 4 ? two_byte_length : eight_byte_length);
  for (std::size_t byte = size - 2; byte-- > 0;) put(payload_size >> (8 * byte));
}

}  // namespace lastword::websocket
