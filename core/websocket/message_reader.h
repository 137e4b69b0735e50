// Bytes of a WebSocket become messages.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/digest.h"
#include "core/spare_buffers.h"
#include "core/utf8_validator.h"
#include "core/websocket/deflate.h"
#include "core/websocket/frame.h"

namespace lastword::websocket {

// What the readers of one server share; a client has its own.
struct Reading {
  std::size_t message_max = 0;  // bytes of one message, inflated
  SpareBuffers& spare_buffers;
  Inflater& inflater;

  // Bytes of one compressed message: what does not get smaller may become larger by an eighth and a
  // bit, as deflate's fixed codes do to bytes from 144 on.
  [[nodiscard]] std::size_t compressed_max() const { return message_max + message_max / 8 + 64; }
};

// Cuts the stream behind the handshake into messages and control frames (RFC 6455 section 5), as
// LineFramer does with lines: a chunk is lent with `feed`, what has come is looked at with `front`
// and taken off with `pop`, and `keep` ends the fact.
//
//   held_:  [taken......|untaken]    chunk_: [more bytes, lent]
//
// A message that comes whole in one frame is unmasked where it lies and never copied; the pieces of
// all others are put together in message_. A server's frames are not masked, and nothing is done to
// their bytes.
//
// Invariants:
//  1. Where the stream is cut into chunks makes no difference to what is shown, nor to the digest.
//  2. Between facts nothing is lent. An idle connection holds no buffer.
//  3. Without untaken input, at most compressed_max() bytes of a message and 125 of a control frame
//     are held. Nothing is allocated for bytes that were only announced.
//  4. After a violation or a close nothing is shown any more.
class MessageReader {
 public:
  enum class Kind : std::uint8_t {
    message,    // `bytes` is its payload
    ping,       // `bytes` has to be sent back
    pong,       // an answer, or unasked for
    close,      // `code` is the peer's, 0 if it gave none; `bytes` is its reason
    violation,  // of the protocol; what came before it counts
  };
  // Good until pop, keep, clear or seek_close.
  struct Item {
    Kind kind = Kind::message;
    bool is_text = false;  // a message that is valid UTF-8, as its sender said
    Bytes bytes{};
    std::uint16_t code = 0;
    Violation violation{};
    std::size_t inflated_size = 0;  // bytes that were inflated for it since the last `keep`
  };

  MessageReader() = default;
  explicit MessageReader(bool is_compression_agreed)
      : is_compression_agreed_{is_compression_agreed} {}
  // A client reads with Sender::server. Compression is not agreed on.
  explicit MessageReader(Sender sender) : sender_{sender} {}

  // Nothing has come yet, or all that has come was taken off: it is as good as a new one.
  [[nodiscard]] bool is_at_rest() const {
    return mode_ == Mode::reading && !has_item_ && !is_in_frame_ && !is_in_message_ &&
           header_size_ == 0 && held_.empty() && chunk_.empty();
  }
  // Only at rest, of a client's: whether compression was agreed on.
  void agree(bool is_compression_agreed);

  // Lends the next chunk, until `keep`; a client's bytes are unmasked in place.
  void feed(std::span<std::byte> chunk);

  // What stands at the front, if it is complete.
  [[nodiscard]] std::optional<Item> front(const Reading& reading);

  // Takes off what `front` showed.
  void pop(const Reading& reading);

  // Copies what is left of the chunk.
  void keep(const Reading& reading);

  // From here on only a close or a violation is shown; messages, pings and pongs are skipped, those
  // that are held already too.
  void seek_close(const Reading& reading);

  // Forgets everything; nothing is shown any more.
  void clear(const Reading& reading);

  [[nodiscard]] std::size_t held_bytes() const {
    return held_.size() - held_taken_ + message_.size() + control_.size() + header_size_;
  }
  // Within a fragmented message: at least one frame of it is complete, and the last is not.
  [[nodiscard]] bool is_in_message() const { return is_in_message_; }

  void add_to(Digest& digest) const;

 private:
  enum class Mode : std::uint8_t { reading, seeking_close, stopped };
  // Where the bytes of a shown item are.
  enum class Place : std::uint8_t { lent, message, control };

  [[nodiscard]] std::span<std::byte> source();
  std::span<std::byte> take(std::size_t size);
  [[nodiscard]] FrameContext context(const Reading& reading) const;
  template <Sender sender>
  [[nodiscard]] bool read_small_message(const Reading& reading);
  [[nodiscard]] bool read_header(const Reading& reading);
  void begin_frame(const FrameHeader& header);
  [[nodiscard]] bool read_payload(const Reading& reading);
  void end_frame(const Reading& reading, std::span<std::byte> whole);
  void end_message(const Reading& reading, std::span<std::byte> whole);
  void end_close(const Reading& reading);
  void inflate(const Reading& reading);
  void violate(const Reading& reading, Violation violation);
  void show(Kind kind, Place place, std::span<std::byte> lent = {});
  [[nodiscard]] Item item() const;
  [[nodiscard]] Bytes shown() const;
  static void hold(const Reading& reading, std::vector<std::byte>& buffer, Bytes bytes);
  static void drop(const Reading& reading, std::vector<std::byte>& buffer);

  std::vector<std::byte> held_;     // as it came
  std::vector<std::byte> message_;  // payload of the message so far, without its mask
  std::vector<std::byte> control_;  // the same of a control frame
  std::span<std::byte> chunk_;
  std::span<std::byte> lent_;  // the shown item's bytes, where they lie in held_ or chunk_
  std::size_t held_taken_ = 0;
  std::size_t inflated_size_ = 0;

  std::array<std::byte, FrameHeader::size_max> header_bytes_{};  // of a header not complete yet
  std::uint8_t header_size_ = 0;

  FrameHeader frame_{};             // while is_in_frame_
  std::uint64_t payload_left_ = 0;  // of it
  bool is_in_frame_ = false;

  bool is_in_message_ = false;
  bool is_text_ = false;                // the message
  bool is_message_compressed_ = false;  // the same
  Utf8Validator utf8_;

  Sender sender_ = Sender::client;
  bool is_compression_agreed_ = false;
  bool has_item_ = false;
  Mode mode_ = Mode::reading;
  Kind kind_{};
  Place place_{};
  Violation violation_{};
  std::uint16_t code_ = 0;
};

}  // namespace lastword::websocket
