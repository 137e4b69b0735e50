// Whether bytes are UTF-8 (RFC 3629), as they come in; `core/utf8.h` decodes what is at hand whole.
#pragma once

#include <cstdint>

#include "core/bytes.h"
#include "core/digest.h"

namespace lastword {

// Judges one text that comes in chunks. It fails at the first byte that can't begin or continue a
// code point, and not only where the code point or the text ends (RFC 6455, section 8.1, leaves
// that to us; a peer is told as soon as the fault is known).
//
// Invariants:
//  1. Where the text is cut into chunks makes no difference, nor to the digest.
//  2. Once it has failed it stays so, until `reset`.
class Utf8Validator {
 public:
  // False as soon as something in this chunk, or in one before it, is not UTF-8.
  [[nodiscard]] bool feed(Bytes bytes);

  // Whether the text may end here: nothing was wrong, and it does not stop within a code point.
  [[nodiscard]] bool is_complete() const { return state_ == whole; }

  // A new text begins.
  void reset() { state_ = whole; }

  void add_to(Digest& digest) const { digest.add(state_); }

 private:
  // A state is the place of its six bits in a row of the table in utf8_validator.cc.
  static constexpr std::uint8_t whole = 6;

  std::uint8_t state_ = whole;
};

// Whether these bytes are one whole text in UTF-8. No bytes are one.
[[nodiscard]] bool is_utf8(Bytes bytes);

}  // namespace lastword
