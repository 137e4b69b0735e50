#include "core/spare_buffers.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace lastword {
namespace {

using Buffer = std::vector<std::byte>;

Buffer buffer_of(std::size_t capacity) {
  Buffer buffer;
  buffer.reserve(capacity);
  return buffer;
}

void expect_nothing(const Buffer& buffer) {
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.capacity(), 0U);
}

TEST(SpareBuffers, GivesAnEmptyOneWhileNoneWaits) {
  SpareBuffers buffers;
  EXPECT_EQ(buffers.count(), 0U);
  expect_nothing(buffers.take());
}

TEST(SpareBuffers, HandsOnTheMemoryButNotTheContent) {
  SpareBuffers buffers;
  Buffer buffer = buffer_of(100);
  buffer.resize(7);
  const std::byte* const memory = buffer.data();
  buffers.give_back(buffer);
  expect_nothing(buffer);
  ASSERT_EQ(buffers.count(), 1U);

  const Buffer taken = buffers.take();
  EXPECT_TRUE(taken.empty());
  EXPECT_EQ(taken.data(), memory);
  EXPECT_EQ(taken.capacity(), 100U);
  EXPECT_EQ(buffers.count(), 0U);
  expect_nothing(buffers.take());
}

TEST(SpareBuffers, KeepsNoneWithoutMemory) {
  SpareBuffers buffers;
  Buffer buffer;
  buffers.give_back(buffer);
  EXPECT_EQ(buffers.count(), 0U);
}

TEST(SpareBuffers, KeepsThemUpToALimitInNumber) {
  for (const std::size_t given :
       {SpareBuffers::count_max - 1, SpareBuffers::count_max, SpareBuffers::count_max + 1}) {
    SpareBuffers buffers;
    for (std::size_t number = 0; number < given; ++number) {
      Buffer buffer = buffer_of(1);
      buffers.give_back(buffer);
      expect_nothing(buffer);
    }
    EXPECT_EQ(buffers.count(), given > SpareBuffers::count_max ? SpareBuffers::count_max : given);
  }
}

TEST(SpareBuffers, KeepsThemUpToALimitInSize) {
  for (const std::size_t capacity :
       {SpareBuffers::bytes_max - 1, SpareBuffers::bytes_max, SpareBuffers::bytes_max + 1}) {
    SpareBuffers buffers;
    Buffer buffer = buffer_of(capacity);
    ASSERT_EQ(buffer.capacity(), capacity);
    buffers.give_back(buffer);
    expect_nothing(buffer);
    EXPECT_EQ(buffers.count(), capacity > SpareBuffers::bytes_max ? 0U : 1U);
  }
}

TEST(SpareBuffers, KeepsThemUpToALimitInSizeAllTogether) {
  constexpr std::size_t large = SpareBuffers::bytes_max;
  static_assert(SpareBuffers::total_bytes_max == 4 * large);
  for (const std::size_t last : {99U, 100U, 101U}) {
    SpareBuffers buffers;
    for (const std::size_t capacity : {large, large, large, large - 100}) {
      Buffer buffer = buffer_of(capacity);
      buffers.give_back(buffer);
    }
    ASSERT_EQ(buffers.count(), 4U);
    Buffer buffer = buffer_of(last);
    buffers.give_back(buffer);
    EXPECT_EQ(buffers.count(), last <= 100 ? 5U : 4U) << last;
    EXPECT_EQ(buffers.freed_bytes(), last <= 100 ? 0U : last);
  }
}

TEST(SpareBuffers, OfACopyHaveNoMemory) {
  SpareBuffers buffers;
  for (std::size_t number = 0; number < 4; ++number) {
    Buffer buffer = buffer_of(SpareBuffers::bytes_max);
    buffers.give_back(buffer);
  }
  SpareBuffers copy = buffers;
  Buffer buffer = buffer_of(SpareBuffers::bytes_max);
  copy.give_back(buffer);
  EXPECT_EQ(copy.freed_bytes(), 0U) << "there is room for it";
}

}  // namespace
}  // namespace lastword
