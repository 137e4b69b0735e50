#include "fuzz/plain_reading.h"

namespace lastword::fuzz {

namespace reference = sim::reference;

namespace {

Unit unit_of(const reference::Unit& unit) {
  using Kind = reference::Unit::Kind;
  switch (unit.kind) {
    case Kind::message: {
      const bool is_line = unit.bytes.find('\n') == std::string::npos;
      return {.kind = is_line ? Unit::Kind::line : Unit::Kind::line_break, .bytes = unit.bytes};
    }
    case Kind::ping:
      return {.kind = Unit::Kind::ping, .bytes = unit.bytes};
    case Kind::pong:
      return {.kind = Unit::Kind::pong, .bytes = unit.bytes};
    case Kind::close:
      return {.kind = Unit::Kind::close, .code = unit.code};
    case Kind::violation:
      break;
  }
  return {.kind = Unit::Kind::violation, .code = unit.code};
}

}  // namespace

Units PlainReading::read(std::string_view bytes) {
  Units units;
  switch (form_) {
    case Form::lines:
      read_lines(bytes, units);
      break;
    case Form::frames:
      read_frames(bytes, units);
      break;
    case Form::head:
      read_head(bytes, units);
      break;
  }
  return units;
}

// A line is too long once there is no place left for its LF.
void PlainReading::read_lines(std::string_view bytes, Units& out) {
  for (const char byte : bytes) {
    if (byte == '\n') {
      if (held_.ends_with('\r')) held_.pop_back();
      if (!is_skipping_) out.push_back({.kind = Unit::Kind::line, .bytes = held_});
      held_.clear();
      is_skipping_ = false;
    } else if (!is_skipping_) {
      held_.push_back(byte);
      is_skipping_ = held_.size() == line_max_;
      if (is_skipping_) out.push_back({.kind = Unit::Kind::long_line});
    }
  }
}

// Whether it is a good one is not asked here; what is behind it matters only if it is.
void PlainReading::read_head(std::string_view bytes, Units& out) {
  constexpr std::string_view head_end = "\r\n\r\n";
  const std::size_t before = held_.size();
  held_ += bytes;
  // One empty line may come before a request (RFC 9112 section 2.2).
  const std::size_t begin = held_.starts_with("\r\n") ? 2 : 0;
  const std::size_t place = held_.find(head_end, begin);
  if (place == std::string::npos) return;
  form_ = Form::frames;
  read_frames(bytes.substr(place + head_end.size() - before), out);
}

void PlainReading::read_frames(std::string_view bytes, Units& out) {
  frames_.feed(bytes);
  for (; frames_taken_ < frames_.units().size(); ++frames_taken_) {
    out.push_back(unit_of(frames_.units()[frames_taken_]));
  }
}

}  // namespace lastword::fuzz
