#include "fuzz/heard.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>

#include "fuzz/oracle.h"
#include "sim/reference.h"
#include "sim/reference_frames.h"

namespace lastword::fuzz {

namespace reference = sim::reference;

namespace {

constexpr std::array<std::string_view, 3> beginnings{"from ", "* ", "! "};

// Or of the beginning of one.
bool may_be_line(std::string_view text) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view beginning) {
    return text.starts_with(beginning) || beginning.starts_with(text);
  });
}

// A compressed message's payload (RFC 7692 section 7.2.2), or nothing.
std::optional<std::string> inflated(std::string payload) {
  constexpr std::string_view tail{"\0\0\xFF\xFF", 4};
  constexpr int raw_with_largest_window = -15;
  z_stream stream{};
  if (inflateInit2(&stream, raw_with_largest_window) != Z_OK) return std::nullopt;
  payload += tail;
  std::string out(65536, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(payload.data());
  stream.avail_in = static_cast<uInt>(payload.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int answer = inflate(&stream, Z_SYNC_FLUSH);
  out.resize(stream.total_out);
  const bool is_whole = answer == Z_OK && stream.avail_in == 0;
  inflateEnd(&stream);
  return is_whole ? std::optional{out} : std::nullopt;
}

class Ear {
 public:
  Ear(const Output& output, std::string_view who) : output_{output}, who_{who} {
    first_mark_ = output.mark_count - output.marks.size();
  }

  Heard hear() {
    if (output_.transport == Transport::lines) {
      hear_lines();
    } else if (hear_response()) {
      hear_frames();
    }
    heard_.is_cut = at_ < output_.bytes.size();
    note_marks(output_.bytes.size());
    return std::move(heard_);
  }

 private:
  void check(bool holds, std::string_view what) const {
    require(holds, "valid output", [&] {
      const std::size_t begin = at_ > 200 ? at_ - 200 : 0;
      return std::string{who_} + " is given " + std::string{what} + " at byte " +
             std::to_string(at_) + ", behind '" +
             readable(output_.bytes.substr(begin, at_ - begin)) + "': '" +
             readable(output_.bytes.substr(at_, 200)) + "'";
    });
  }

  // Those at which all that had gone out stands before `end`.
  void note_marks(std::size_t end) {
    for (; marks_ < output_.marks.size() && output_.marks[marks_] <= end; ++marks_) {
      heard_.told.push_back(mark_item(first_mark_ + marks_));
    }
  }

  void take(std::size_t size, std::string item) {
    // A mark within it counts as one before it.
    if (size > 0) note_marks(at_ + size - 1);
    at_ += size;
    if (!item.empty()) heard_.told.push_back(std::move(item));
  }

  void hear_lines() {
    for (std::size_t lf = output_.bytes.find('\n'); lf != std::string_view::npos;
         lf = output_.bytes.find('\n', at_)) {
      const std::string_view line = output_.bytes.substr(at_, lf - at_);
      check(is_line(line), "what is no line");
      take(line.size() + 1, without_explanation(line));
    }
    check(may_be_line(output_.bytes.substr(at_)), "what can't become a line");
  }

  [[nodiscard]] bool is_line(std::string_view line) {
    if (line.starts_with("from ")) ++heard_.messages;
    return std::any_of(beginnings.begin(), beginnings.end(),
                       [&](std::string_view beginning) { return line.starts_with(beginning); });
  }

  // The answer to a handshake (RFC 9112 section 4). Returns whether frames come behind it.
  bool hear_response() {
    constexpr std::string_view version = "HTTP/1.1 ";
    constexpr std::string_view head_end = "\r\n\r\n";
    const std::string_view bytes = output_.bytes;
    check(bytes.starts_with(version) || version.starts_with(bytes), "no HTTP");
    const std::size_t end = bytes.find(head_end);
    if (end == std::string_view::npos) return false;
    const std::string_view head = bytes.substr(0, end);
    const std::string_view status = head.substr(version.size(), 3);
    check(status.size() == 3 && status.find_first_not_of("0123456789") == std::string_view::npos,
          "no status");
    for (const char digit : status) {
      heard_.status = heard_.status * 10 + static_cast<unsigned>(digit - '0');
    }
    std::size_t length = 0;
    for (std::size_t line = head.find("\r\n"); line != std::string_view::npos;) {
      const std::size_t next = head.find("\r\n", line + 2);
      const std::string_view field = head.substr(line + 2, next - line - 2);
      const std::size_t colon = field.find(": ");
      check(colon != std::string_view::npos && colon > 0, "a head with something else than fields");
      if (field.starts_with("Content-Length: ")) length = std::stoul(std::string{field.substr(16)});
      heard_.is_deflating |= field.starts_with("Sec-WebSocket-Extensions: permessage-deflate");
      line = next;
    }
    if (heard_.status == 101) {
      take(end + head_end.size(), {});
      return true;
    }
    const std::size_t size = end + head_end.size() + length;
    check(bytes.size() <= size, "more than a response");
    if (bytes.size() == size) take(size, {});
    return false;
  }

  void hear_frames() {
    while (at_ < output_.bytes.size()) {
      check(!is_closed_, "something behind the Close");
      const unsigned first = static_cast<unsigned char>(output_.bytes[at_]);
      const unsigned opcode = first % 16;
      const bool is_data = opcode == reference::op::text || opcode == reference::op::binary;
      const bool is_control = opcode >= reference::op::close && opcode <= reference::op::pong;
      check(first >= 128 && (is_data || is_control), "no frame of a server's");
      check(first / 16 == 8 || (first / 16 == 12 && is_data && heard_.is_deflating),
            "reserved bits");
      const auto next = reference::read_frame(output_.bytes.substr(at_));
      if (!next) return;
      const reference::Frame& frame = next->frame;
      check(!frame.is_masked && frame.is_minimal, "a wrong header");
      check(is_data || frame.payload.size() <= 125, "a long control frame");
      hear_frame(frame, next->size);
    }
  }

  void hear_frame(const reference::Frame& frame, std::size_t size) {
    switch (frame.opcode) {
      case reference::op::ping:
      case reference::op::pong:
        // It overtakes whatever was not begun in an earlier write.
        check(last_data_ < begin_of_write(), "a ping or pong behind what it had to overtake");
        take(size, frame.opcode == reference::op::pong ? pong_item(frame.payload) : std::string{});
        return;
      case reference::op::close:
        is_closed_ = true;
        check(frame.payload.size() != 1, "a bad Close");
        take(size, close_item(code_of(frame.payload)));
        return;
      default:
        break;
    }
    const auto line = frame.reserved == 0 ? frame.payload : inflated(frame.payload);
    check(line.has_value(), "damaged compressed data");
    check(is_line(*line) && line->find('\n') == std::string::npos, "what is no line");
    check((frame.opcode == reference::op::text) == reference::is_utf8(*line), "a wrong opcode");
    last_data_ = at_ + 1;
    take(size, without_explanation(*line));
  }

  static unsigned code_of(std::string_view payload) {
    if (payload.empty()) return 0;
    return static_cast<unsigned char>(payload[0]) * 256U + static_cast<unsigned char>(payload[1]);
  }

  // One beyond the place where the write began that brought the byte which comes next.
  [[nodiscard]] std::size_t begin_of_write() const {
    const auto next = std::upper_bound(output_.writes.begin(), output_.writes.end(), at_);
    return next == output_.writes.begin() ? 1 : *(next - 1) + 1;
  }

  const Output& output_;
  std::string_view who_;
  std::size_t first_mark_ = 0;
  Heard heard_{};
  std::size_t at_ = 0;
  std::size_t marks_ = 0;
  std::size_t last_data_ = 0;  // one beyond where the last data frame began
  bool is_closed_ = false;
};

}  // namespace

Heard hear(const Output& output, std::string_view who) { return Ear{output, who}.hear(); }

}  // namespace lastword::fuzz
