#include "fuzz/reference_frames.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "fuzz/oracle.h"
#include "fuzz/reference_inflate.h"

namespace lastword::fuzz {

using websocket::Sender;
using websocket::Violation;
using Kind = Unit::Kind;

namespace {

// --- Text --------------------------------------------------------------------------------------

struct ByteRange {
  unsigned first = 0;
  unsigned last = 0;
};

// The forms of a code point (RFC 3629, section 4).
struct Form {
  std::size_t size;
  std::array<ByteRange, 4> bytes;
};
constexpr ByteRange tail{0x80, 0xBF};
constexpr std::array<Form, 9> forms{{
    {1, {{{0x00, 0x7F}}}},
    {2, {{{0xC2, 0xDF}, tail}}},
    {3, {{{0xE0, 0xE0}, {0xA0, 0xBF}, tail}}},
    {3, {{{0xE1, 0xEC}, tail, tail}}},
    {3, {{{0xED, 0xED}, {0x80, 0x9F}, tail}}},
    {3, {{{0xEE, 0xEF}, tail, tail}}},
    {4, {{{0xF0, 0xF0}, {0x90, 0xBF}, tail, tail}}},
    {4, {{{0xF1, 0xF3}, tail, tail, tail}}},
    {4, {{{0xF4, 0xF4}, {0x80, 0x8F}, tail, tail}}},
}};

// A text as it comes.
class Text {
 public:
  // False if no code point begins with what there is now of this one.
  bool take(unsigned byte) {
    started_.push_back(byte);
    for (const Form& form : forms) {
      if (!is_begun(form)) continue;
      if (started_.size() == form.size) started_.clear();
      return true;
    }
    return false;
  }
  bool take_all(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(),
                       [this](char byte) { return take(static_cast<unsigned char>(byte)); });
  }
  [[nodiscard]] bool is_whole() const { return started_.empty(); }

 private:
  [[nodiscard]] bool is_begun(const Form& form) const {
    for (std::size_t at = 0; at < started_.size(); ++at) {
      const ByteRange& range = form.bytes[at];
      if (started_[at] < range.first || started_[at] > range.last) return false;
    }
    return true;
  }

  std::vector<unsigned> started_;  // bytes of a code point that is not whole
};

// --- Frames ------------------------------------------------------------------------------------

// Section 5.2.
namespace op {
constexpr unsigned continuation = 0;
constexpr unsigned text = 1;
constexpr unsigned binary = 2;
constexpr unsigned close = 8;
constexpr unsigned ping = 9;
constexpr unsigned pong = 10;
}  // namespace op

constexpr std::size_t control_max = 125;  // section 5.5

// Section 7.4, and the registry it asks for.
bool may_be_sent(unsigned code) {
  const std::array<unsigned, 3> reserved{1004, 1005, 1006};
  if (std::find(reserved.begin(), reserved.end(), code) != reserved.end()) return false;
  return (code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999);
}

// Section 7.4.1, and for the limit the contract, section 2.
unsigned answer_to(Violation violation) {
  if (violation == Violation::too_big) return 1009;
  const bool is_payload =
      violation == Violation::bad_text || violation == Violation::bad_compression;
  return is_payload ? 1007 : 1002;
}

class Decoder {
 public:
  Decoder(std::string_view stream, const FrameRules& rules) : stream_{stream}, rules_{rules} {
    if (rules.seek.from == Seek::From::byte) seek_from_ = rules.seek.count;
    if (rules.seek.from == Seek::From::unit && rules.seek.count == 0) seek_from_ = 0;
  }

  Decoded run() {
    while (!is_over_ && at_ < stream_.size()) {
      decoded_.frame_starts.push_back(at_);
      read_frame();
    }
    if (!has_ended_ && at_ < seek_from_) decoded_.held_bytes += message_.size();
    return decoded_;
  }

 private:
  struct Frame {
    unsigned opcode = 0;
    bool is_final = false;
    bool is_compressed = false;
    std::uint64_t length = 0;
    std::string key{};
  };

  // What is read now was not there yet when the close began to be sought.
  [[nodiscard]] bool is_seeking() const { return at_ > seek_from_; }
  [[nodiscard]] static bool is_control(const Frame& frame) { return frame.opcode >= 8; }

  // The next bytes; nothing if they are not all there, and then that was all.
  std::optional<std::string_view> take(std::size_t size) {
    if (stream_.size() - at_ < size) {
      is_over_ = true;
      return std::nullopt;
    }
    at_ += size;
    return stream_.substr(at_ - size, size);
  }

  // Behind a close or a violation there is nothing.
  void end() {
    is_over_ = true;
    has_ended_ = true;
    decoded_.is_in_message = false;
  }

  void violate(Violation violation, std::size_t inflated_size = 0) {
    end();
    decoded_.units.push_back({.kind = Kind::violation,
                              .code = answer_to(violation),
                              .violation = violation,
                              .inflated_size = inflated_size});
  }

  void show(const Unit& unit) {
    Units& units = decoded_.units;
    const bool is_close = unit.kind == Kind::close;
    if (is_close) {
      end();
    } else if (is_seeking()) {
      return;
    } else if (rules_.seek.from == Seek::From::view && units.size() == rules_.seek.count) {
      seek_from_ = at_;
      return;
    }
    units.push_back(unit);
    if (rules_.seek.from == Seek::From::unit && units.size() == rules_.seek.count) seek_from_ = at_;
  }

  void read_frame() {
    Frame frame;
    if (read_first_byte(frame) && read_length(frame) && read_key(frame)) {
      read_payload(frame);
    } else if (!has_ended_) {
      decoded_.held_bytes = stream_.size() - decoded_.frame_starts.back();
    }
  }

  // These are false if there is no more to read of the frame: the stream ends, or all is over.

  bool read_first_byte(Frame& frame) {
    const unsigned byte = static_cast<unsigned char>(take(1)->front());
    frame.is_final = byte >= 128;
    frame.is_compressed = byte / 64 % 2 == 1;
    frame.opcode = byte % 16;
    const bool has_other_reserved_bits = byte / 16 % 4 != 0;
    const auto wrong = has_other_reserved_bits ? Violation::reserved_bits : judge(frame);
    if (wrong) violate(*wrong);
    return !wrong;
  }

  // Where a first byte is wrong in several ways, the first of these is told.
  [[nodiscard]] std::optional<Violation> judge(const Frame& frame) const {
    const unsigned opcode = frame.opcode;
    const bool is_data = opcode == op::text || opcode == op::binary;
    const bool is_known = opcode <= op::binary || (opcode >= op::close && opcode <= op::pong);
    if (!is_known) return Violation::reserved_opcode;
    if (frame.is_compressed && !(is_data && rules_.is_compression_agreed)) {
      return Violation::reserved_bits;
    }
    if (is_data && decoded_.is_in_message) return Violation::interleaved_message;
    if (opcode == op::continuation && !decoded_.is_in_message) {
      return Violation::stray_continuation;
    }
    if (is_control(frame) && !frame.is_final) return Violation::fragmented_control;
    return std::nullopt;
  }

  bool read_length(Frame& frame) {
    const auto second = take(1);
    if (!second) return false;
    const unsigned byte = static_cast<unsigned char>(second->front());
    const bool is_masked = byte >= 128;
    frame.length = byte % 128;
    if (is_masked && rules_.sender == Sender::server) return violate(Violation::masked), false;
    if (!is_masked && rules_.sender == Sender::client) return violate(Violation::unmasked), false;
    if (is_control(frame) && frame.length > control_max) {
      return violate(Violation::long_control), false;
    }
    if (frame.length > 125 && !read_long_length(frame)) return false;
    if (!is_control(frame) && !is_seeking() && frame.length > room(frame)) {
      return violate(Violation::too_big), false;
    }
    return true;
  }

  bool read_long_length(Frame& frame) {
    const bool is_wide = frame.length == 127;
    const bool has_next = at_ < stream_.size();
    if (is_wide && has_next && static_cast<unsigned char>(stream_[at_]) >= 128) {
      return violate(Violation::huge_length), false;
    }
    const auto bytes = take(is_wide ? 8 : 2);
    if (!bytes) return false;
    frame.length = 0;
    for (const char each : *bytes) {
      frame.length = 256 * frame.length + static_cast<unsigned char>(each);
    }
    const std::uint64_t shorter_max = is_wide ? 0xFFFF : 125;
    if (frame.length <= shorter_max) return violate(Violation::not_minimal), false;
    return true;
  }

  // What a message may still have, as it comes. Bytes that don't get smaller when they are
  // compressed get larger by at most an eighth and 64 bytes (contract; see docs/WEBSOCKET.md).
  [[nodiscard]] std::size_t room(const Frame& frame) const {
    const bool is_first = frame.opcode != op::continuation;
    const bool is_compressed = is_first ? frame.is_compressed : is_message_compressed_;
    const std::size_t max = rules_.message_max;
    const std::size_t compressed_max = max + max / 8 + 64;
    return (is_compressed ? compressed_max : max) - (is_first ? 0 : message_.size());
  }

  bool read_key(Frame& frame) {
    if (rules_.sender == Sender::server) return true;
    const auto key = take(4);
    if (key) frame.key = *key;
    return key.has_value();
  }

  void read_payload(const Frame& frame) {
    if (frame.opcode == op::text || frame.opcode == op::binary) {
      message_.clear();
      text_ = {};
      is_text_message_ = frame.opcode == op::text;
      is_message_compressed_ = frame.is_compressed;
    }
    std::string control;
    for (std::uint64_t index = 0; index < frame.length; ++index) {
      const auto taken = take(1);
      if (!taken) {
        const bool is_skipped = at_ >= seek_from_ && frame.opcode != op::close;
        if (!is_skipped) decoded_.held_bytes = control.size();
        return;
      }
      unsigned byte = static_cast<unsigned char>(taken->front());
      if (!frame.key.empty()) byte ^= static_cast<unsigned char>(frame.key[index % 4]);
      if (is_control(frame)) {
        control.push_back(static_cast<char>(byte));
        if (frame.opcode == op::close) decoded_.close_payload.push_back(control.back());
      } else if (!is_seeking()) {
        message_.push_back(static_cast<char>(byte));
        const bool is_judged = is_text_message_ && !is_message_compressed_;
        if (is_judged && !text_.take(byte)) return violate(Violation::bad_text);
      }
    }
    if (is_control(frame)) {
      end_control(frame, control);
    } else {
      decoded_.is_in_message = !frame.is_final;
      if (frame.is_final && !is_seeking()) end_message();
    }
  }

  void end_control(const Frame& frame, const std::string& payload) {
    if (frame.opcode == op::close) return end_close(payload);
    show({.kind = frame.opcode == op::ping ? Kind::ping : Kind::pong, .bytes = payload});
  }

  // Section 5.5.1.
  void end_close(const std::string& payload) {
    Unit close{.kind = Kind::close};
    if (payload.empty()) return show(close);
    if (payload.size() == 1) return violate(Violation::bad_close_size);
    close.code =
        256U * static_cast<unsigned char>(payload[0]) + static_cast<unsigned char>(payload[1]);
    close.bytes = payload.substr(2);
    if (!may_be_sent(close.code)) return violate(Violation::bad_close_code);
    if (!is_text(close.bytes)) return violate(Violation::bad_close_reason);
    show(close);
  }

  void end_message() {
    Unit message{.kind = is_text_message_ ? Kind::text : Kind::binary,
                 .bytes = std::exchange(message_, {})};
    if (is_message_compressed_) {
      const Inflated inflated = inflate_message(
          message.bytes, {.size_max = rules_.message_max, .distance_max = rules_.distance_max});
      if (inflated.end == Inflated::End::too_large) return violate(Violation::too_big);
      if (inflated.end == Inflated::End::damaged) return violate(Violation::bad_compression);
      message.bytes = inflated.bytes;
      message.inflated_size = inflated.bytes.size();
    }
    if (is_text_message_ && !is_text(message.bytes)) {
      return violate(Violation::bad_text, message.inflated_size);
    }
    show(message);
  }

  std::string_view stream_;
  FrameRules rules_;
  Decoded decoded_{};
  std::size_t at_ = 0;  // bytes that were read
  std::size_t seek_from_ = SIZE_MAX;
  std::string message_;  // what came of it; compressed, if it is
  Text text_;
  bool is_text_message_ = false;
  bool is_message_compressed_ = false;
  bool is_over_ = false;    // there is no more to read
  bool has_ended_ = false;  // by a close or a violation
};

}  // namespace

std::string readable(const Unit& unit) {
  const std::string inflated =
      unit.inflated_size > 0 ? " (inflated " + std::to_string(unit.inflated_size) + ")" : "";
  const std::string bytes = " '" + readable(std::string_view{unit.bytes}) + "'";
  switch (unit.kind) {
    case Kind::text:
      return "text" + inflated + bytes;
    case Kind::binary:
      return "binary" + inflated + bytes;
    case Kind::ping:
      return "ping" + bytes;
    case Kind::pong:
      return "pong" + bytes;
    case Kind::close:
      return "close " + std::to_string(unit.code) + bytes;
    case Kind::violation:
      break;
  }
  return "violation " + std::to_string(unit.code) + inflated + ": " +
         std::string{websocket::explain(unit.violation)};
}

bool is_text(std::string_view bytes) {
  Text text;
  return text.take_all(bytes) && text.is_whole();
}

bool may_begin_text(std::string_view bytes) { return Text{}.take_all(bytes); }

Decoded decode_frames(std::string_view stream, const FrameRules& rules) {
  return Decoder{stream, rules}.run();
}

}  // namespace lastword::fuzz
