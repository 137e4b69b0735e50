#include "core/websocket/message_reader.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace lastword::websocket {

void MessageReader::agree(bool is_compression_agreed) {
  LASTWORD_CHECK(is_at_rest());
  is_compression_agreed_ = is_compression_agreed;
}

void MessageReader::feed(std::span<std::byte> chunk) {
  LASTWORD_CHECK(chunk_.empty());
  if (mode_ != Mode::stopped) chunk_ = chunk;
}

std::optional<MessageReader::Item> MessageReader::front(const Reading& reading) {
  while (!has_item_ && mode_ != Mode::stopped) {
    if (is_in_frame_) {
      if (!read_payload(reading)) return std::nullopt;
    } else {
      const bool is_read = sender_ == Sender::client ? read_small_message<Sender::client>(reading)
                                                     : read_small_message<Sender::server>(reading);
      if (!is_read && !read_header(reading)) return std::nullopt;
    }
  }
  if (!has_item_) return std::nullopt;
  return item();
}

void MessageReader::pop(const Reading& reading) {
  LASTWORD_CHECK(has_item_);
  has_item_ = false;
  lent_ = {};
  inflated_size_ = 0;
  if (place_ == Place::message) drop(reading, message_);
  if (place_ == Place::control) drop(reading, control_);
  if (kind_ == Kind::close || kind_ == Kind::violation) clear(reading);
}

void MessageReader::keep(const Reading& reading) {
  if (has_item_ && place_ == Place::lent) {
    const bool is_message = kind_ == Kind::message;
    hold(reading, is_message ? message_ : control_, lent_);
    lent_ = {};
    place_ = is_message ? Place::message : Place::control;
  }
  inflated_size_ = 0;
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(held_taken_));
  held_taken_ = 0;
  hold(reading, held_, std::exchange(chunk_, {}));
  if (held_.empty()) drop(reading, held_);
}

void MessageReader::seek_close(const Reading& reading) {
  if (mode_ != Mode::reading) return;
  mode_ = Mode::seeking_close;
  if (has_item_ && kind_ != Kind::close && kind_ != Kind::violation) pop(reading);
  drop(reading, message_);
  if (!has_item_ && frame_.opcode != Opcode::close) drop(reading, control_);
}

void MessageReader::clear(const Reading& reading) {
  for (auto* buffer : {&held_, &message_, &control_}) drop(reading, *buffer);
  *this = MessageReader{};
  mode_ = Mode::stopped;
}

// --- Frames ------------------------------------------------------------------------------------

// What comes next of the stream, as far as it is contiguous.
std::span<std::byte> MessageReader::source() {
  const std::span<std::byte> held = std::span{held_}.subspan(held_taken_);
  return held.empty() ? chunk_ : held;
}

// Takes bytes off the front of `source`. They stay where they are until keep.
std::span<std::byte> MessageReader::take(std::size_t size) {
  const std::span<std::byte> taken = source().first(size);
  if (held_taken_ < held_.size()) {
    held_taken_ += size;
  } else {
    chunk_ = chunk_.subspan(size);
  }
  return taken;
}

FrameContext MessageReader::context(const Reading& reading) const {
  FrameContext context{.sender = sender_,
                       .is_in_message = is_in_message_,
                       .is_compression_agreed = is_compression_agreed_,
                       .is_message_compressed = is_message_compressed_,
                       .plain_room = UINT64_MAX,
                       .compressed_room = UINT64_MAX};
  // What is skipped needs no room.
  if (mode_ == Mode::reading) {
    const std::size_t gathered = is_in_message_ ? message_.size() : 0;
    const auto room_to = [&](std::size_t bytes_max) {
      return bytes_max > gathered ? bytes_max - gathered : 0;
    };
    context.plain_room = room_to(reading.message_max);
    context.compressed_room = room_to(reading.compressed_max());
  }
  return context;
}

// What nearly all messages are: one frame, short, and all there. What it does read_header and
// read_payload would do as well, with more steps. Returns false if it is anything else.
template <Sender sender>
bool MessageReader::read_small_message(const Reading& reading) {
  constexpr bool is_masked = sender == Sender::client;
  constexpr std::size_t header_size = 2 + (is_masked ? sizeof(MaskingKey) : 0);
  constexpr unsigned final_text = 0x81;
  constexpr unsigned final_binary = 0x82;
  const std::span<std::byte> bytes = source();
  if (bytes.size() < header_size || header_size_ > 0 || is_in_message_) return false;
  if (mode_ != Mode::reading) return false;
  const auto first = std::to_integer<unsigned>(bytes[0]);
  const auto second = std::to_integer<unsigned>(bytes[1]);
  const std::size_t size = second & 0x7FU;
  const bool is_small = ((second & 0x80U) != 0) == is_masked && size <= control_payload_max &&
                        size <= reading.message_max && size <= bytes.size() - header_size;
  if (!is_small || (first != final_text && first != final_binary)) return false;

  const std::span<std::byte> payload = take(header_size + size).subspan(header_size);
  if constexpr (is_masked) {
    MaskingKey key{};
    std::copy_n(bytes.begin() + 2, key.size(), key.begin());
    unmask(payload, key, 0);
  }
  is_text_ = first == final_text;
  if (is_text_ && !is_utf8(payload)) {
    violate(reading, Violation::bad_text);
  } else {
    show(Kind::message, Place::lent, payload);
  }
  return true;
}

// Returns false if there is nothing left to read. A header may come in up to fourteen pieces; what
// was held of it is looked at together with what has come.
bool MessageReader::read_header(const Reading& reading) {
  const std::span<std::byte> bytes = source();
  if (bytes.empty()) return false;

  std::expected<std::optional<ParsedHeader>, Violation> parsed;
  const std::size_t held_before = header_size_;
  const std::size_t added = std::min(bytes.size(), header_bytes_.size() - held_before);
  if (held_before == 0) {
    parsed = parse_header(bytes, context(reading));
  } else {
    std::copy_n(bytes.begin(), added, header_bytes_.begin() + header_size_);
    parsed = parse_header(Bytes{header_bytes_}.first(held_before + added), context(reading));
  }
  if (!parsed) {
    violate(reading, parsed.error());
    return true;
  }
  if (!*parsed) {
    if (held_before == 0) std::copy_n(bytes.begin(), added, header_bytes_.begin());
    header_size_ = static_cast<std::uint8_t>(held_before + added);
    (void)take(added);
    return true;
  }
  (void)take((*parsed)->size - held_before);
  header_size_ = 0;
  begin_frame((*parsed)->header);
  if (payload_left_ == 0) end_frame(reading, {});
  return true;
}

void MessageReader::begin_frame(const FrameHeader& header) {
  is_in_frame_ = true;
  frame_ = header;
  payload_left_ = header.payload_size;
  if (header.opcode != Opcode::text && header.opcode != Opcode::binary) return;
  is_text_ = header.opcode == Opcode::text;
  is_message_compressed_ = header.is_compressed;
  utf8_.reset();
}

// Returns false if there is nothing left to read.
bool MessageReader::read_payload(const Reading& reading) {
  const std::size_t available = source().size();
  if (available == 0) return false;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(available, payload_left_));
  const bool is_whole = size == frame_.payload_size;
  const std::span<std::byte> part = take(size);
  const auto offset = static_cast<std::size_t>(frame_.payload_size - payload_left_);
  payload_left_ -= size;

  const bool is_skipped = mode_ == Mode::seeking_close && frame_.opcode != Opcode::close;
  if (!is_skipped) {
    if (sender_ == Sender::client) unmask(part, frame_.key, offset);
    if (is_control(frame_.opcode)) {
      if (!is_whole) hold(reading, control_, part);
    } else {
      if (is_text_ && !is_message_compressed_ && !utf8_.feed(part)) {
        violate(reading, Violation::bad_text);
        return true;
      }
      const bool stays_where_it_is = is_whole && frame_.is_final && !is_in_message_;
      if (!stays_where_it_is || is_message_compressed_) hold(reading, message_, part);
    }
  }
  if (payload_left_ == 0) end_frame(reading, is_whole ? part : std::span<std::byte>{});
  return true;
}

// `whole` is the payload if it came in one piece.
void MessageReader::end_frame(const Reading& reading, std::span<std::byte> whole) {
  const bool has_control_bytes = !control_.empty();
  const auto show_control = [&](Kind kind) {
    show(kind, has_control_bytes ? Place::control : Place::lent, whole);
  };
  is_in_frame_ = false;
  switch (frame_.opcode) {
    case Opcode::close:
      show_control(Kind::close);
      end_close(reading);
      return;
    case Opcode::ping:
      if (mode_ == Mode::reading) show_control(Kind::ping);
      return;
    case Opcode::pong:
      if (mode_ == Mode::reading) show_control(Kind::pong);
      return;
    case Opcode::text:
    case Opcode::binary:
    case Opcode::continuation:
      break;
  }
  const bool was_in_message = std::exchange(is_in_message_, !frame_.is_final);
  if (!frame_.is_final || mode_ != Mode::reading) return;
  end_message(reading, was_in_message ? std::span<std::byte>{} : whole);
}

void MessageReader::end_message(const Reading& reading, std::span<std::byte> whole) {
  if (is_message_compressed_) {
    inflate(reading);
    return;
  }
  if (is_text_ && !utf8_.is_complete()) {
    violate(reading, Violation::bad_text);
    return;
  }
  show(Kind::message, message_.empty() ? Place::lent : Place::message, whole);
}

// A code, and a reason behind it, or nothing at all (RFC 6455 section 5.5.1).
void MessageReader::end_close(const Reading& reading) {
  const Bytes payload = shown();
  if (payload.empty()) return;
  if (payload.size() == 1) {
    violate(reading, Violation::bad_close_size);
    return;
  }
  code_ = static_cast<std::uint16_t>((std::to_integer<unsigned>(payload[0]) << 8U) |
                                     std::to_integer<unsigned>(payload[1]));
  if (!is_sendable(code_)) {
    violate(reading, Violation::bad_close_code);
  } else if (!is_utf8(payload.subspan(2))) {
    violate(reading, Violation::bad_close_reason);
  }
}

// What was compressed is put together as it came, and inflated as a whole: no state of a
// decompressor lives from one fact to the next.
void MessageReader::inflate(const Reading& reading) {
  std::vector<std::byte> inflated = reading.spare_buffers.take();
  const auto done = reading.inflater.inflate(message_, reading.message_max, inflated);
  message_.swap(inflated);
  drop(reading, inflated);
  inflated_size_ = message_.size();
  if (!done) {
    violate(reading, done.error() == InflateError::too_large ? Violation::too_big
                                                             : Violation::bad_compression);
  } else if (is_text_ && !is_utf8(message_)) {
    violate(reading, Violation::bad_text);
  } else {
    show(Kind::message, Place::message);
  }
}

// --- What is shown -----------------------------------------------------------------------------

// Nothing but the violation is left: neither what of the message it was found in had come, nor what
// follows makes a difference.
void MessageReader::violate(const Reading& reading, Violation violation) {
  const std::size_t inflated_size = inflated_size_;
  clear(reading);
  inflated_size_ = inflated_size;
  violation_ = violation;
  show(Kind::violation, Place::lent);
}

void MessageReader::show(Kind kind, Place place, std::span<std::byte> lent) {
  has_item_ = true;
  kind_ = kind;
  place_ = place;
  lent_ = lent;
  code_ = 0;
}

MessageReader::Item MessageReader::item() const {
  Item item{.kind = kind_,
            .is_text = kind_ == Kind::message && is_text_,
            .bytes = shown(),
            .code = code_,
            .violation = violation_,
            .inflated_size = inflated_size_};
  if (kind_ == Kind::close && !item.bytes.empty()) item.bytes = item.bytes.subspan(2);
  return item;
}

Bytes MessageReader::shown() const {
  switch (place_) {
    case Place::lent:
      break;
    case Place::message:
      return message_;
    case Place::control:
      return control_;
  }
  return lent_;
}

void MessageReader::hold(const Reading& reading, std::vector<std::byte>& buffer, Bytes bytes) {
  if (bytes.empty()) return;
  if (buffer.capacity() == 0) buffer = reading.spare_buffers.take();
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

void MessageReader::drop(const Reading& reading, std::vector<std::byte>& buffer) {
  buffer.clear();
  reading.spare_buffers.give_back(buffer);
}

void MessageReader::add_to(Digest& digest) const {
  digest.add(static_cast<std::uint64_t>(mode_));
  if (mode_ == Mode::stopped && !has_item_) return;
  for (const bool flag : {sender_ == Sender::server, is_in_frame_, is_in_message_,
                          is_compression_agreed_, has_item_}) {
    digest.add(flag ? 1U : 0U);
  }
  digest.add(as_text(Bytes{header_bytes_}.first(header_size_)));
  if (is_in_frame_) {
    digest.add(static_cast<std::uint64_t>(frame_.opcode) | (frame_.is_final ? 0x80U : 0U));
    digest.add(frame_.payload_size);
    digest.add(payload_left_);
    if (payload_left_ > 0) digest.add(as_text(frame_.key));
  }
  if (is_in_message_ || (is_in_frame_ && !is_control(frame_.opcode))) {
    digest.add((is_text_ ? 1U : 0U) | (is_message_compressed_ ? 2U : 0U));
    utf8_.add_to(digest);
  }
  if (has_item_) {
    digest.add(static_cast<std::uint64_t>(kind_));
    digest.add(static_cast<std::uint64_t>(violation_));
    digest.add(code_);
  }
  digest.add(as_text(message_));
  digest.add(as_text(control_));
  digest.add(as_text(Bytes{held_}.subspan(held_taken_)));
}

}  // namespace lastword::websocket
