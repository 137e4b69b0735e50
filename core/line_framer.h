// Bytes become lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/digest.h"
#include "core/spare_buffers.h"

namespace lastword {

// What the framers of one server share.
struct Framing {
  std::size_t line_max = 0;  // bytes of one line, its LF included
  SpareBuffers spare_buffers{};
};

// Cuts the stream of one connection into lines (contract, section 1). In each fact the received
// chunk is lent with `feed`, lines are looked at with `front` and taken off with `pop`, and `keep`
// ends the fact: it copies what is left, be that an unfinished line or whole lines that the server
// did not want to take yet.
//
//   held_:  [taken......|unfinished or untaken]    chunk_: [more bytes, lent]
//                       ^ held_taken_
//
// Invariants:
//  1. Where the stream is cut into chunks makes no difference to the lines, nor to the digest.
//  2. Between facts nothing is lent. An idle connection holds no buffer.
//  3. Without untaken lines, less than line_max bytes are held.
class LineFramer {
 public:
  struct Line {
    bool is_too_long;       // over the limit; `text` is empty
    std::string_view text;  // without LF and the CR before it; good until pop, keep or clear
  };

  // Nothing has come yet, or all that has come was taken off: it is as good as a new one.
  [[nodiscard]] bool is_at_rest() const { return held_.empty() && chunk_.empty() && !is_skipping_; }

  // Lends the next chunk, until `keep`.
  void feed(Bytes chunk);

  // The line at the front, if there is one. A line over the limit is reported as soon as it is
  // known to be one, once; the rest of it is skipped up to its LF.
  [[nodiscard]] std::optional<Line> front(Framing& framing);

  // Takes off the line that `front` showed.
  void pop();

  // Copies what is left of the chunk.
  void keep(Framing& framing);

  // Forgets everything.
  void clear(Framing& framing);

  [[nodiscard]] std::size_t held_bytes() const { return held_.size() - held_taken_; }

  void add_to(Digest& digest) const;

 private:
  // What `pop` has to take off.
  struct Front {
    std::uint32_t held = 0;
    std::uint32_t chunk = 0;
    bool is_unfinished = false;  // an over-long line whose LF has not come yet
  };

  std::optional<Line> show(Bytes line);
  Line show_too_long(Front front);
  void hold(Framing& framing, Bytes bytes);
  void skip();
  void give_buffer_back(Framing& framing);

  std::vector<std::byte> held_;
  Bytes chunk_;
  std::uint32_t held_taken_ = 0;
  std::uint32_t scanned_ = 0;  // held bytes behind held_taken_ that are known to be no LF
  Front front_;
  bool is_skipping_ = false;  // within an over-long line that was reported
};

}  // namespace lastword
