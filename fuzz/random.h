// Numbers from a seed: own and small, as the distributions of the standard library differ between
// libraries, and what a fuzzer does with a seed must be the same everywhere.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/check.h"

namespace lastword::fuzz {

// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_{seed} {}

  [[nodiscard]] std::uint64_t next() {
    state_ += 0x9E37'79B9'7F4A'7C15U;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
    bits = (bits ^ (bits >> 27U)) * 0x94D0'49BB'1331'11EBU;
    return bits ^ (bits >> 31U);
  }

  // 0 to count - 1. (Smaller ones are likelier by count / 2^64.)
  [[nodiscard]] std::size_t below(std::size_t count) {
    LASTWORD_CHECK(count > 0);
    return static_cast<std::size_t>(next() % count);
  }
  [[nodiscard]] std::uint32_t below32(std::uint32_t count) {
    return static_cast<std::uint32_t>(below(count));
  }
  // True once in so many times.
  [[nodiscard]] bool one_in(std::size_t times) { return below(times) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace lastword::fuzz
