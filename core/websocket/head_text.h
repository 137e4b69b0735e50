// The text of an HTTP message's head, while it comes and once it is there: what the heads of
// requests and of responses have in common.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace lastword::websocket {

// A piece of a head. (A position, so that a copy of the head is as good.)
struct Piece {
  std::uint16_t position = 0;
  std::uint16_t size = 0;
};

// The bytes of a head, read one by one and cut into pieces.
//
//   [cut into pieces][since the last cut ...|next, and what else has come ...]
//                     mark_                  position_
//
// Views are good until it is changed, moved or destroyed.
class HeadText {
 public:
  static constexpr std::size_t size_max = 8192;  // bytes, with the empty line (contract, section 2)
  static_assert(size_max <= std::numeric_limits<std::uint16_t>::max());

  // Takes what there is room for. Those behind the head's end are taken off again with `trim`.
  void append(Bytes bytes) {
    const std::string_view chunk = as_text(bytes.first(std::min(bytes.size(), size_max - size())));
    text_.insert(text_.end(), chunk.begin(), chunk.end());
  }
  void trim() { text_.resize(position_); }

  // The byte that is being read; `step` goes on to the next.
  [[nodiscard]] bool has_next() const { return position_ < text_.size(); }
  [[nodiscard]] char next() const { return text_[position_]; }
  void step() { ++position_; }

  // Where that byte stands.
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] bool is_full() const { return position_ == size_max; }

  // Ends the piece that began at the mark, before the byte that is being read; the next begins
  // behind that one.
  Piece cut() {
    const Piece piece{.position = mark_, .size = static_cast<std::uint16_t>(size_since_mark())};
    mark_behind();
    return piece;
  }
  void mark() { mark_ = position_; }
  void mark_behind() { mark_ = static_cast<std::uint16_t>(position_ + 1); }
  [[nodiscard]] std::size_t size_since_mark() const {
    return static_cast<std::size_t>(position_ - mark_);
  }

  [[nodiscard]] std::string_view whole() const { return {text_.data(), text_.size()}; }
  [[nodiscard]] std::string_view since_mark() const {
    return whole().substr(mark_, size_since_mark());
  }
  [[nodiscard]] std::string_view at(Piece piece) const {
    return whole().substr(piece.position, piece.size);
  }
  // The other way round: of a view into this text.
  [[nodiscard]] Piece piece_of(std::string_view view) const {
    return {.position = static_cast<std::uint16_t>(view.data() - text_.data()),
            .size = static_cast<std::uint16_t>(view.size())};
  }

  // Of the heap.
  [[nodiscard]] std::size_t memory_bytes() const { return text_.capacity(); }

 private:
  [[nodiscard]] std::size_t size() const { return text_.size(); }

  std::vector<char> text_;
  std::uint16_t position_ = 0;
  std::uint16_t mark_ = 0;
};

}  // namespace lastword::websocket
