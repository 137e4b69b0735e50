// One tape of two.
#pragma once

#include <cstdint>

#include "fuzz/random.h"
#include "fuzz/tape_bytes.h"
#include "sim/choices.h"

namespace lastword::fuzz {

// Which choices of two tapes make a new one.
struct Splice {
  enum class By : std::uint8_t { index, chooser, site };

  By by = By::index;
  std::uint32_t index = 0;    // the first tape's choices before it, the second's from it on
  std::uint64_t members = 0;  // bit n mod 64: chooser n, or site n, is taken from the first tape

  [[nodiscard]] bool takes_from_first(const sim::Choice& choice) const;
};
[[nodiscard]] Splice draw_splice(const TapeInput& first, const TapeInput& second, Random& random);
// Scenario and checks are the first one's.
[[nodiscard]] TapeInput splice(const TapeInput& first, const TapeInput& second,
                               const Splice& splice);

}  // namespace lastword::fuzz
