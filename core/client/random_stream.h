// Numbers that nobody else can guess, from a seed that the caller brings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/digest.h"
#include "core/instant.h"

namespace lastword::client {

// Drawn by the driver from the system's source of randomness; in a simulation, from its tape.
using Seed = std::array<std::byte, 32>;

// SHA-256 of the seed and a counter, block by block. It is as unpredictable as its seed, which is
// what RFC 6455, section 5.3 asks of masking keys, and the same seed gives the same numbers on
// every machine. A value: a copy goes on with the same numbers. (libcrypto takes memory of its own
// for each block, which is eight masking keys.)
class RandomStream {
 public:
  explicit RandomStream(const Seed& seed) : seed_{seed} {}

  void fill(std::span<std::byte> out);
  [[nodiscard]] std::uint64_t next();
  // Uniform from zero to `max`, both included; `max` is less than 584 years and not negative.
  [[nodiscard]] Duration up_to(Duration max);

  void add_to(Digest& digest) const;

 private:
  void refill();

  static constexpr std::size_t block_size = 32;

  Seed seed_;
  std::uint64_t blocks_ = 0;  // made so far
  std::array<std::byte, block_size> block_{};
  std::size_t used_ = block_size;  // bytes of the block
};

}  // namespace lastword::client
