#include "core/block_pool.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace lastword {
namespace {

constexpr std::size_t block_size = 64;

// Keeps nothing spare, so that the second invariant bites at once.
using Pool = BlockPool<block_size, 0>;

template <typename AnyPool>
void fill(AnyPool& pool, BlockIndex block, std::byte value) {
  std::fill_n(pool.memory(block), block_size, value);
}

template <typename AnyPool>
bool is_filled(const AnyPool& pool, BlockIndex block, std::byte value) {
  return std::all_of(pool.memory(block), pool.memory(block) + block_size,
                     [&](std::byte byte) { return byte == value; });
}

template <typename AnyPool>
std::vector<BlockIndex> take(AnyPool& pool, std::size_t count) {
  std::vector<BlockIndex> blocks;
  for (std::size_t taken = 0; taken < count; ++taken) blocks.push_back(pool.take());
  return blocks;
}

template <typename AnyPool>
void give_back(AnyPool& pool, const std::vector<BlockIndex>& blocks) {
  for (const BlockIndex block : blocks) pool.give_back(block);
}

TEST(BlockPool, HandsOutEachBlockOnce) {
  Pool pool;
  const auto blocks = take(pool, 100);
  EXPECT_EQ((std::set<BlockIndex>{blocks.begin(), blocks.end()}.size()), 100U);
  EXPECT_EQ(pool.used_count(), 100U);
  EXPECT_EQ(pool.free_count(), 0U);
  give_back(pool, blocks);
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(BlockPool, GivesEachBlockMemoryOfItsOwn) {
  Pool pool;
  const auto blocks = take(pool, 10);
  for (std::size_t number = 0; number < blocks.size(); ++number) {
    fill(pool, blocks[number], static_cast<std::byte>(number));
  }
  for (std::size_t number = 0; number < blocks.size(); ++number) {
    EXPECT_TRUE(is_filled(pool, blocks[number], static_cast<std::byte>(number)));
  }
  give_back(pool, blocks);
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(BlockPool, AlignsItsMemoryForEverything) {
  Pool pool;
  const auto blocks = take(pool, 10);
  for (const BlockIndex block : blocks) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pool.memory(block)) % alignof(std::max_align_t), 0U);
  }
  give_back(pool, blocks);
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(BlockPool, LinksBlocks) {
  Pool pool;
  const BlockIndex first = pool.take();
  const BlockIndex second = pool.take();
  EXPECT_EQ(pool.next(first), no_block);
  pool.link(first, second);
  EXPECT_EQ(pool.next(first), second);
  EXPECT_EQ(pool.next(second), no_block);
  give_back(pool, {first, second});
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(BlockPool, TakesABlockWithoutASuccessorWhateverItHadBefore) {
  Pool pool;
  for (int round = 0; round < 5; ++round) {
    const auto blocks = take(pool, 8);
    for (const BlockIndex block : blocks) EXPECT_EQ(pool.next(block), no_block);
    for (const BlockIndex block : blocks) pool.link(block, blocks.front());
    give_back(pool, blocks);
  }
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(BlockPool, KeepsWhatIsGivenBackForTheNextOneAsFarAsItMaySpare) {
  BlockPool<block_size, 4 * block_size> pool;
  const auto blocks = take(pool, 4);
  give_back(pool, blocks);
  EXPECT_EQ(pool.used_count(), 0U);
  EXPECT_EQ(pool.free_count(), 4U);
  const auto again = take(pool, 4);
  EXPECT_EQ(pool.free_count(), 0U);
  EXPECT_EQ((std::set<BlockIndex>{again.begin(), again.end()}),
            (std::set<BlockIndex>{blocks.begin(), blocks.end()}));
  give_back(pool, again);
}

// Invariant 2. Once, half of every burst was kept for ever.
TEST(BlockPool, GivesTheMemoryOfABurstBack) {
  constexpr std::size_t spare_count = 16;
  BlockPool<block_size, spare_count * block_size> pool;
  const auto blocks = take(pool, 1000);
  for (const BlockIndex block : blocks) {
    pool.give_back(block);
    ASSERT_LE(pool.free_count(), pool.used_count() + spare_count);
  }
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(BlockPool, HasMemoryAgainForAnIndexWhoseMemoryWasGivenBack) {
  Pool pool;
  give_back(pool, take(pool, 50));
  const auto blocks = take(pool, 50);
  for (const BlockIndex block : blocks) fill(pool, block, std::byte{7});
  for (const BlockIndex block : blocks) EXPECT_TRUE(is_filled(pool, block, std::byte{7}));
  EXPECT_LT(*std::max_element(blocks.begin(), blocks.end()), 50U);
  give_back(pool, blocks);
  EXPECT_EQ(pool.used_count(), 0U);
}

// The table of a burst comes back too: all of it, or what stands behind the last block in use.
TEST(BlockPool, ForgetsIndicesThatABurstNeeded) {
  for (const BlockIndex kept : {no_block, BlockIndex{0}, BlockIndex{1000}, BlockIndex{9999}}) {
    BlockPool<block_size, 16 * block_size> pool;
    const auto blocks = take(pool, 10'000);
    EXPECT_EQ(pool.table_size(), 10'000U);
    for (const BlockIndex block : blocks) {
      fill(pool, block, std::byte{1});
      if (block != kept) pool.give_back(block);
    }
    EXPECT_LE(pool.table_size(), kept == no_block ? 1024U : std::max<std::size_t>(kept + 1, 1024));
    if (kept != no_block) {
      EXPECT_TRUE(is_filled(pool, kept, std::byte{1}));
      pool.give_back(kept);
    }
    EXPECT_LE(pool.table_size(), 1024U);

    const auto again = take(pool, 10'000);
    EXPECT_EQ((std::set<BlockIndex>{again.begin(), again.end()}.size()), 10'000U);
    EXPECT_EQ(pool.free_count(), 0U);
    give_back(pool, again);
    EXPECT_EQ(pool.used_count(), 0U);
  }
}

TEST(BlockPool, KeepsASmallTable) {
  for (const std::size_t count : {Pool::sparse_min - 1, Pool::sparse_min, Pool::sparse_min + 1}) {
    Pool pool;
    give_back(pool, take(pool, count));
    EXPECT_EQ(pool.table_size(), count <= Pool::sparse_min ? count : 0U);
  }
}

TEST(BlockPool, IsAValueWithEverythingInIt) {
  Pool pool;
  const auto blocks = take(pool, 3);
  for (const BlockIndex block : blocks) fill(pool, block, std::byte{1});
  pool.link(blocks[0], blocks[2]);
  pool.give_back(blocks[1]);

  Pool copy = pool;
  fill(pool, blocks[0], std::byte{2});
  pool.link(blocks[0], no_block);
  EXPECT_TRUE(is_filled(copy, blocks[0], std::byte{1}));
  EXPECT_TRUE(is_filled(copy, blocks[2], std::byte{1}));
  EXPECT_EQ(copy.next(blocks[0]), blocks[2]);
  EXPECT_EQ(copy.used_count(), 2U);
  EXPECT_EQ(copy.free_count(), pool.free_count());
  EXPECT_EQ(copy.take(), pool.take()) << "both go on in the same way";

  const Pool moved = std::move(copy);
  EXPECT_EQ(moved.used_count(), 3U);
  EXPECT_TRUE(is_filled(moved, blocks[2], std::byte{1}));
  pool = moved;
  EXPECT_TRUE(is_filled(pool, blocks[0], std::byte{1}));
  give_back(pool, blocks);
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(BlockPoolDeathTest, TakesNothingBackThatItDidNotHandOut) {
  Pool pool;
  EXPECT_DEATH(pool.give_back(0), "used_count_ > 0");
}

RC_GTEST_PROP(BlockPool, KeepsEachBlockAsItWasLeftWhateverElseIsTakenAndGivenBack, ()) {
  // A step takes a block, or gives one of those in use back.
  struct Used {
    BlockIndex block;
    std::byte value;
  };
  Pool pool;
  std::vector<Used> used;
  std::size_t used_max = 0;
  unsigned number = 0;
  for (const auto& [is_take, choice] : *rc::gen::container<std::vector<std::pair<bool, unsigned>>>(
           rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::inRange(0U, 1000U)))) {
    if (is_take || used.empty()) {
      const BlockIndex block = pool.take();
      used.push_back({.block = block, .value = static_cast<std::byte>(++number % 256)});
      used_max = std::max(used_max, used.size());
      fill(pool, block, used.back().value);
      RC_ASSERT(block < used_max);
    } else {
      const auto chosen = used.begin() + static_cast<std::ptrdiff_t>(choice % used.size());
      pool.give_back(chosen->block);
      used.erase(chosen);
    }
    RC_ASSERT(pool.used_count() == used.size());
    for (const Used& each : used) RC_ASSERT(is_filled(pool, each.block, each.value));
  }
  for (const Used& each : used) pool.give_back(each.block);
  RC_ASSERT(pool.used_count() == 0U);
}

}  // namespace
}  // namespace lastword
