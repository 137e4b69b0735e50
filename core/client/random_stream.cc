#include "core/client/random_stream.h"

#include <openssl/sha.h>

#include <algorithm>

#include "core/bytes.h"
#include "core/check.h"

namespace lastword::client {

void RandomStream::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    if (used_ == block_size) refill();
    const std::size_t size = std::min(out.size(), block_size - used_);
    std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(used_), size, out.begin());
    used_ += size;
    out = out.subspan(size);
  }
}

std::uint64_t RandomStream::next() {
  std::array<std::byte, sizeof(std::uint64_t)> bytes{};
  fill(bytes);
  std::uint64_t number = 0;  // in one byte order everywhere
  for (const std::byte byte : bytes) number = (number << 8U) | std::to_integer<std::uint64_t>(byte);
  return number;
}

Duration RandomStream::up_to(Duration max) {
  LASTWORD_CHECK(max >= Duration::zero());
  const auto count = static_cast<std::uint64_t>(max.count()) + 1;
  // Numbers of the last, incomplete round would make the small ones likelier.
  const std::uint64_t rounds_end = UINT64_MAX - UINT64_MAX % count;
  std::uint64_t number = next();
  while (number >= rounds_end) number = next();
  return Duration{static_cast<std::int64_t>(number % count)};
}

void RandomStream::refill() {
  static_assert(block_size == SHA256_DIGEST_LENGTH);
  std::array<unsigned char, sizeof(Seed) + sizeof(blocks_)> input{};
  std::transform(seed_.begin(), seed_.end(), input.begin(),
                 [](std::byte byte) { return std::to_integer<unsigned char>(byte); });
  for (std::size_t place = 0; place < sizeof(blocks_); ++place) {
    input[sizeof(Seed) + place] = static_cast<unsigned char>(blocks_ >> (8 * place));
  }
  ++blocks_;
  std::array<unsigned char, block_size> hash{};
  SHA256(input.data(), input.size(), hash.data());
  std::transform(hash.begin(), hash.end(), block_.begin(),
                 [](unsigned char byte) { return std::byte{byte}; });
  used_ = 0;
}

void RandomStream::add_to(Digest& digest) const {
  digest.add(as_text(seed_));
  digest.add(blocks_);
  digest.add(used_);
}

}  // namespace lastword::client
