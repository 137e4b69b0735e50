#include "core/client/random_stream.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <vector>

namespace lastword::client {
namespace {

Seed seed_of(unsigned char number) {
  Seed seed{};
  seed[0] = std::byte{number};
  return seed;
}

std::vector<std::byte> drawn(RandomStream& stream, std::size_t size) {
  std::vector<std::byte> bytes(size);
  stream.fill(bytes);
  return bytes;
}

// printf '%080d' 0 | xxd -r -p | sha256sum, and with the last eight bytes 01 00 00 00 00 00 00 00.
TEST(RandomStream, IsSha256OfTheSeedAndACounter) {
  constexpr std::array<unsigned char, 8> first{0x2c, 0x34, 0xce, 0x1d, 0xf2, 0x3b, 0x83, 0x8c};
  RandomStream stream{Seed{}};
  const auto bytes = drawn(stream, first.size());
  for (std::size_t place = 0; place < first.size(); ++place) {
    EXPECT_EQ(bytes[place], std::byte{first[place]}) << place;
  }
}

TEST(RandomStream, GivesTheSameForTheSameSeedHoweverItIsCut) {
  RandomStream whole{seed_of(1)};
  RandomStream cut{seed_of(1)};
  const auto expected = drawn(whole, 1000);
  std::vector<std::byte> pieces;
  for (std::size_t size = 1; pieces.size() < expected.size(); size = size % 70 + 1) {
    const auto piece = drawn(cut, std::min(size, expected.size() - pieces.size()));
    pieces.insert(pieces.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(pieces, expected);
  RandomStream other{seed_of(2)};
  EXPECT_NE(drawn(other, 1000), expected);
}

TEST(RandomStream, ACopyGoesOnAlike) {
  RandomStream stream{seed_of(3)};
  static_cast<void>(drawn(stream, 45));
  RandomStream copy{stream};
  EXPECT_EQ(drawn(copy, 100), drawn(stream, 100));
  Digest one;
  Digest other;
  stream.add_to(one);
  copy.add_to(other);
  EXPECT_EQ(one.value(), other.value());
}

TEST(RandomStream, DrawsEachSpanAsOftenAsTheOthers) {
  RandomStream stream{seed_of(4)};
  std::array<int, 5> times{};
  for (int round = 0; round < 10'000; ++round) {
    const auto drawn = stream.up_to(Duration{4}).count();
    ASSERT_GE(drawn, 0);
    ASSERT_LE(drawn, 4);
    ++times[static_cast<std::size_t>(drawn)];
  }
  for (const int count : times) {  // 2,000 each; the deviation is 40
    EXPECT_GT(count, 1800);
    EXPECT_LT(count, 2200);
  }
  EXPECT_EQ(stream.up_to(Duration{0}), Duration{0});
  EXPECT_GE(stream.up_to(Duration::max()), Duration{0});
}

}  // namespace
}  // namespace lastword::client
