#include "core/line_framer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/check.h"

namespace lastword {

namespace {

// Where the first LF stands, or bytes.size().
std::size_t find_lf(Bytes bytes) {
  if (bytes.empty()) return 0;
  const void* found = std::memchr(bytes.data(), '\n', bytes.size());
  if (found == nullptr) return bytes.size();
  return static_cast<std::size_t>(static_cast<const std::byte*>(found) - bytes.data());
}

}  // namespace

void LineFramer::feed(Bytes chunk) {
  LASTWORD_CHECK(chunk_.empty());
  chunk_ = chunk;
}

std::optional<LineFramer::Line> LineFramer::front(Framing& framing) {
  if (is_skipping_) skip();

  const Bytes held = Bytes{held_}.subspan(held_taken_);
  const std::size_t held_lf = scanned_ + find_lf(held.subspan(scanned_));
  if (held_lf < held.size()) {
    const std::size_t size = held_lf + 1;
    front_ = {.held = static_cast<std::uint32_t>(size)};
    if (size > framing.line_max) return show_too_long(front_);
    return show(held.first(held_lf));
  }
  scanned_ = static_cast<std::uint32_t>(held.size());

  const std::size_t chunk_lf = find_lf(chunk_);
  const bool is_complete = chunk_lf < chunk_.size();
  const std::size_t chunk_part = is_complete ? chunk_lf + 1 : chunk_.size();
  const std::size_t size = held.size() + chunk_part;
  front_ = {.held = static_cast<std::uint32_t>(held.size()),
            .chunk = static_cast<std::uint32_t>(chunk_part),
            .is_unfinished = !is_complete};
  // Without its LF it is too long once there is no place left for the LF.
  if (size > framing.line_max || (!is_complete && size == framing.line_max)) {
    return show_too_long(front_);
  }
  if (!is_complete) return std::nullopt;
  if (held.empty()) return show(chunk_.first(chunk_lf));

  hold(framing, chunk_.first(chunk_part));
  chunk_ = chunk_.subspan(chunk_part);
  front_ = {.held = static_cast<std::uint32_t>(size)};
  return show(Bytes{held_}.subspan(held_taken_, size - 1));
}

std::optional<LineFramer::Line> LineFramer::show(Bytes line) {
  std::string_view text = as_text(line);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return Line{.is_too_long = false, .text = text};
}

LineFramer::Line LineFramer::show_too_long(Front front) {
  front_ = front;
  return {.is_too_long = true, .text = {}};
}

void LineFramer::pop() {
  LASTWORD_CHECK(front_.held + front_.chunk > 0);
  held_taken_ += front_.held;
  chunk_ = chunk_.subspan(front_.chunk);
  is_skipping_ = front_.is_unfinished;
  scanned_ = 0;
  front_ = {};
  if (held_taken_ == held_.size()) {
    held_.clear();
    held_taken_ = 0;
  }
}

// Drops the bytes of the over-long line, its LF included.
void LineFramer::skip() {
  const Bytes held = Bytes{held_}.subspan(held_taken_);
  const std::size_t held_lf = find_lf(held);
  held_taken_ += static_cast<std::uint32_t>(std::min(held_lf + 1, held.size()));
  scanned_ = 0;
  is_skipping_ = held_lf == held.size();
  if (held_taken_ == held_.size()) {
    held_.clear();
    held_taken_ = 0;
  }
  if (!is_skipping_) return;

  const std::size_t chunk_lf = find_lf(chunk_);
  is_skipping_ = chunk_lf == chunk_.size();
  chunk_ = chunk_.subspan(std::min(chunk_lf + 1, chunk_.size()));
}

void LineFramer::hold(Framing& framing, Bytes bytes) {
  if (bytes.empty()) return;
  if (held_.capacity() == 0) held_ = framing.spare_buffers.take();
  held_.insert(held_.end(), bytes.begin(), bytes.end());
}

void LineFramer::keep(Framing& framing) {
  if (is_skipping_) skip();
  hold(framing, std::exchange(chunk_, {}));
  front_ = {};
  if (held_taken_ > 0) {
    held_.erase(held_.begin(), held_.begin() + held_taken_);
    held_taken_ = 0;
  }
  if (held_.empty()) give_buffer_back(framing);
}

void LineFramer::clear(Framing& framing) {
  held_.clear();
  give_buffer_back(framing);
  *this = LineFramer{};
}

void LineFramer::give_buffer_back(Framing& framing) {
  scanned_ = 0;
  framing.spare_buffers.give_back(held_);
}

void LineFramer::add_to(Digest& digest) const {
  digest.add(is_skipping_ ? 1U : 0U);
  digest.add(as_text(Bytes{held_}.subspan(held_taken_)));
}

}  // namespace lastword
