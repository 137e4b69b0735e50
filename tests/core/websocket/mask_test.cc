#include "core/websocket/mask.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace lastword::websocket {
namespace {

constexpr MaskingKey key{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21}, std::byte{0x3D}};

// RFC 6455, section 5.3, word for word: transformed-octet-i = original-octet-i XOR
// masking-key-octet-(i MOD 4).
std::byte unmasked(std::byte byte, std::size_t position_in_frame) {
  return byte ^ key[position_in_frame % 4];
}

std::vector<std::byte> numbered_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + 3);
  return bytes;
}

TEST(Mask, ReadsTheExampleOfRfc6455) {
  // Section 5.7, "a single-frame masked text message".
  std::array<std::byte, 5> payload{std::byte{0x7F}, std::byte{0x9F}, std::byte{0x4D},
                                   std::byte{0x51}, std::byte{0x58}};
  unmask(payload, key, 0);
  EXPECT_EQ(as_text(payload), "Hello");
}

TEST(Mask, AgreesWithByteByByteAndTouchesNothingElse) {
  constexpr std::size_t size_max = 100;
  constexpr std::size_t alignments = 16;
  const std::vector<std::byte> original = numbered_bytes(alignments + size_max + alignments);
  for (std::size_t alignment = 0; alignment < alignments; ++alignment) {
    for (std::size_t offset = 0; offset < 8; ++offset) {
      for (std::size_t size = 0; size <= size_max; ++size) {
        std::vector<std::byte> bytes = original;
        unmask(std::span{bytes}.subspan(alignment, size), key, offset);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
          const bool is_payload = i >= alignment && i < alignment + size;
          ASSERT_EQ(bytes[i],
                    is_payload ? unmasked(original[i], offset + i - alignment) : original[i])
              << "alignment " << alignment << " offset " << offset << " size " << size << " at "
              << i;
        }
      }
    }
  }
}

TEST(Mask, GoesOnInAFrameThatComesInPieces) {
  const std::vector<std::byte> original = numbered_bytes(1000);
  std::vector<std::byte> whole = original;
  unmask(whole, key, 0);
  for (std::size_t piece = 1; piece <= 130; ++piece) {
    std::vector<std::byte> bytes = original;
    for (std::size_t position = 0; position < bytes.size(); position += piece) {
      const std::size_t size = std::min(piece, bytes.size() - position);
      unmask(std::span{bytes}.subspan(position, size), key, position);
    }
    ASSERT_EQ(bytes, whole) << piece;
  }
}

TEST(Mask, IsPutOnByTakingItOffTwice) {
  const std::vector<std::byte> original = numbered_bytes(77);
  std::vector<std::byte> bytes = original;
  unmask(bytes, key, 3);
  EXPECT_NE(bytes, original);
  unmask(bytes, key, 3);
  EXPECT_EQ(bytes, original);
}

}  // namespace
}  // namespace lastword::websocket
