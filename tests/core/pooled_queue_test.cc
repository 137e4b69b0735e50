#include "core/pooled_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <numeric>
#include <ostream>
#include <span>
#include <string_view>
#include <vector>

namespace lastword {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

// Four elements to a block and two to a small one, so that every boundary is near.
using Queue = PooledQueue<std::uint32_t, 16, 8>;
using Pool = Queue::Pool;
using Numbers = std::vector<std::uint32_t>;

static_assert(Queue::elements_per_block == 4);
static_assert(Queue::elements_per_small_block == 2);
static_assert(sizeof(Queue) <= 24);

Numbers numbers(std::uint32_t first, std::size_t count) {
  Numbers out(count);
  std::iota(out.begin(), out.end(), first);
  return out;
}

std::uint32_t front(const Queue& queue, const Pool& pool) { return queue.front_run(pool).front(); }

// Everything in the queue, read in runs of at most `count_max`.
Numbers content_of(const Queue& queue, const Pool& pool, std::size_t count_max = SIZE_MAX) {
  Numbers out;
  auto cursor = queue.begin();
  for (auto run = cursor.read(pool, count_max); !run.empty(); run = cursor.read(pool, count_max)) {
    EXPECT_LE(run.size(), count_max);
    out.insert(out.end(), run.begin(), run.end());
  }
  return out;
}

TEST(PooledQueue, HoldsNoBlockWhileItIsEmpty) {
  Pool pool;
  Queue queue;
  EXPECT_TRUE(queue.is_empty());
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_THAT(content_of(queue, pool), IsEmpty());
  queue.append(pool, {});
  EXPECT_EQ(pool.used_count(), 0U);
  queue.push(pool, 1);
  EXPECT_EQ(pool.used_count(), 1U);
  queue.pop(pool, 1);
  EXPECT_EQ(pool.used_count(), 0U);
  queue.clear(pool);
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(PooledQueue, GivesBackInTheOrderInWhichItTook) {
  Pool pool;
  Queue queue;
  for (std::uint32_t number = 0; number < 100; ++number) queue.push(pool, number);
  for (std::uint32_t number = 0; number < 100; ++number) {
    EXPECT_EQ(front(queue, pool), number);
    EXPECT_EQ(queue.size(), 100U - number);
    queue.pop(pool, 1);
  }
  EXPECT_TRUE(queue.is_empty());
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(PooledQueue, TakesABlockOnlyForAnElementThatNeedsIt) {
  Pool pool;
  for (const std::size_t count : {1U, 3U, 4U, 5U, 7U, 8U, 9U}) {
    Queue queue;
    queue.append(pool, numbers(0, count));
    EXPECT_EQ(pool.used_count(), (count + 3) / 4) << count;
    EXPECT_THAT(content_of(queue, pool), ElementsAreArray(numbers(0, count)));
    queue.clear(pool);
    EXPECT_EQ(pool.used_count(), 0U) << count;
  }
}

TEST(PooledQueue, GivesABlockBackWithItsLastElement) {
  Pool pool;
  Queue queue;
  queue.append(pool, numbers(0, 9));
  queue.pop(pool, 3);
  EXPECT_EQ(pool.used_count(), 3U);
  queue.pop(pool, 1);
  EXPECT_EQ(pool.used_count(), 2U);
  queue.pop(pool, 4);
  EXPECT_EQ(pool.used_count(), 1U);
  EXPECT_EQ(front(queue, pool), 8U);
  queue.pop(pool, 1);
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(PooledQueue, PopsAcrossBlocks) {
  for (std::size_t count = 0; count <= 13; ++count) {
    Pool pool;
    Queue queue;
    queue.append(pool, numbers(0, 13));
    queue.pop(pool, count);
    EXPECT_THAT(content_of(queue, pool),
                ElementsAreArray(numbers(static_cast<std::uint32_t>(count), 13 - count)));
    queue.clear(pool);
    EXPECT_EQ(pool.used_count(), 0U);
  }
}

TEST(PooledQueue, ShowsItsElementsWithoutTakingThemOutInRunsOfABlockAtMost) {
  Pool pool;
  Queue queue;
  queue.append(pool, numbers(0, 11));
  queue.pop(pool, 2);
  auto cursor = queue.begin();
  EXPECT_THAT(cursor.read(pool, 100), ElementsAre(2, 3));
  EXPECT_THAT(cursor.read(pool, 0), IsEmpty());
  EXPECT_THAT(cursor.read(pool, 3), ElementsAre(4, 5, 6));
  EXPECT_THAT(cursor.read(pool, 3), ElementsAre(7));
  EXPECT_THAT(cursor.read(pool, 3), ElementsAre(8, 9, 10));
  EXPECT_THAT(cursor.read(pool, 3), IsEmpty());
  EXPECT_EQ(queue.size(), 9U);
  queue.clear(pool);
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(PooledQueue, ShowsTheLastBlockToItsLastElementEvenIfThatIsFull) {
  Pool pool;
  Queue queue;
  queue.append(pool, numbers(0, 8));
  for (const std::size_t count_max : {std::size_t{1}, std::size_t{4}, std::size_t{5}, SIZE_MAX}) {
    EXPECT_THAT(content_of(queue, pool, count_max), ElementsAreArray(numbers(0, 8)));
  }
  queue.clear(pool);
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(PooledQueue, ShowsItsFrontAsFarAsItIsContiguous) {
  Pool pool;
  Queue queue;
  EXPECT_THAT(queue.front_run(pool), IsEmpty());
  queue.append(pool, numbers(0, 2));
  EXPECT_THAT(queue.front_run(pool), ElementsAre(0, 1));
  queue.append(pool, numbers(2, 4));
  EXPECT_THAT(queue.front_run(pool), ElementsAre(0, 1, 2, 3));
  queue.pop(pool, 3);
  EXPECT_THAT(queue.front_run(pool), ElementsAre(3));
  queue.pop(pool, 1);
  EXPECT_THAT(queue.front_run(pool), ElementsAre(4, 5));
  queue.clear(pool);
  EXPECT_THAT(queue.front_run(pool), IsEmpty());
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(PooledQueue, AppendsNothingWithoutABlock) {
  Pool pool;
  Queue queue;
  for (std::uint32_t number = 0; number < 9; ++number) {
    queue.append(pool, {});
    EXPECT_EQ(pool.used_count(), (number + 3) / 4);
    queue.push(pool, number);
  }
  queue.append(pool, {});
  EXPECT_THAT(content_of(queue, pool), ElementsAreArray(numbers(0, 9)));
  queue.clear(pool);
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(PooledQueue, GivesAPlaceOnlyWhereAllOfItIsContiguous) {
  Pool pool;
  Queue queue;
  EXPECT_EQ(queue.extend(pool, 5), nullptr) << "no block has so much";
  EXPECT_TRUE(queue.is_empty());
  EXPECT_EQ(pool.used_count(), 0U);
  queue.push(pool, 0);
  EXPECT_EQ(queue.extend(pool, 4), nullptr) << "three are left";
  EXPECT_EQ(queue.size(), 1U);
  std::uint32_t* place = queue.extend(pool, 1);
  ASSERT_NE(place, nullptr);
  place[0] = 1;
  EXPECT_THAT(content_of(queue, pool), ElementsAre(0, 1));
  place = queue.extend(pool, 2);
  ASSERT_NE(place, nullptr) << "it fits exactly";
  place[0] = 2;
  place[1] = 3;
  EXPECT_EQ(queue.size(), 4U);
  EXPECT_EQ(queue.extend(pool, 1), nullptr) << "nothing is left";
  queue.push(pool, 4);
  EXPECT_THAT(content_of(queue, pool), ElementsAreArray(numbers(0, 5)));
  queue.clear(pool);
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(PooledQueue, TakesASmallBlockWhereThatIsEnough) {
  for (std::size_t count = 1; count <= 4; ++count) {
    Pool pool;
    Queue queue;
    if (count % 2 == 0) {
      queue.append(pool, numbers(0, count));
    } else {
      std::ranges::copy(numbers(0, count), queue.extend(pool, count));
    }
    EXPECT_EQ(pool.used_count(), 1U);
    EXPECT_EQ(pool.used_small_count(), count <= 2 ? 1U : 0U) << count;
    EXPECT_THAT(content_of(queue, pool), ElementsAreArray(numbers(0, count)));
    queue.clear(pool);
    EXPECT_EQ(pool.used_count(), 0U);
  }
}

TEST(PooledQueue, MovesToTheSamePlacesInAWholeBlockOnceTheSmallOneIsFull) {
  for (const bool is_extended : {false, true}) {
    Pool pool;
    Queue queue;
    queue.append(pool, numbers(0, 2));
    queue.pop(pool, 1);
    EXPECT_EQ(pool.used_small_count(), 1U);
    if (is_extended) {
      std::ranges::copy(numbers(2, 2), queue.extend(pool, 2));
    } else {
      queue.append(pool, numbers(2, 2));
    }
    EXPECT_EQ(pool.used_small_count(), 0U);
    EXPECT_EQ(pool.used_count(), 1U);
    EXPECT_EQ(queue.front_run(pool).size(), 3U);
    EXPECT_EQ(queue.extend(pool, 1), nullptr) << "the first place stays empty";
    EXPECT_THAT(content_of(queue, pool), ElementsAreArray(numbers(1, 3)));
    queue.clear(pool);
    EXPECT_EQ(pool.used_count(), 0U);
  }
}

TEST(PooledQueue, SharesItsPoolWithOthers) {
  Pool pool;
  Queue even;
  Queue odd;
  for (std::uint32_t number = 0; number < 50; ++number) {
    (number % 2 == 0 ? even : odd).push(pool, number);
  }
  for (std::uint32_t number = 0; number < 50; ++number) {
    Queue& queue = number % 2 == 0 ? even : odd;
    EXPECT_EQ(front(queue, pool), number);
    queue.pop(pool, 1);
  }
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(PooledQueue, IsAValueTogetherWithItsPool) {
  Pool pool;
  Queue queue;
  queue.append(pool, numbers(0, 10));
  Pool copied_pool = pool;
  Queue copy = queue;
  queue.clear(pool);
  EXPECT_THAT(content_of(copy, copied_pool), ElementsAreArray(numbers(0, 10)));
  copy.clear(copied_pool);
  EXPECT_EQ(copied_pool.used_count(), 0U);
  EXPECT_EQ(pool.used_count(), 0U);
}

TEST(PooledQueueDeathTest, TakesNothingOutThatIsNotThere) {
  Pool pool;
  Queue queue;
  EXPECT_DEATH(queue.pop(pool, 1), "count <= size_");
}

struct Step {
  bool is_append;
  std::size_t count;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  return out << (step.is_append ? "append " : "pop ") << step.count;
}

RC_GTEST_PROP(PooledQueue, HoldsWhatADequeHoldsAfterAnySequenceOfSteps, ()) {
  Pool pool;
  Queue queue;
  std::deque<std::uint32_t> model;
  std::size_t popped = 0;  // since the queue was empty: where the head stands within its block
  std::uint32_t next = 0;
  const auto read_max = *rc::gen::inRange<std::size_t>(1, 10);
  const auto steps = *rc::gen::container<std::vector<Step>>(
      rc::gen::construct<Step>(rc::gen::arbitrary<bool>(), rc::gen::inRange<std::size_t>(0, 11)));
  for (const Step& step : steps) {
    if (step.is_append) {
      const Numbers added = numbers(next, step.count);
      next += static_cast<std::uint32_t>(step.count);
      queue.append(pool, added);
      model.insert(model.end(), added.begin(), added.end());
    } else {
      const std::size_t count = std::min(step.count, model.size());
      queue.pop(pool, count);
      model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
      popped = model.empty() ? 0 : popped + count;
    }
    RC_ASSERT(queue.size() == model.size());
    RC_ASSERT(queue.is_empty() == model.empty());
    const Numbers content(model.begin(), model.end());
    RC_ASSERT(content_of(queue, pool, read_max) == content);
    const std::size_t head = popped % 4;
    const auto run = queue.front_run(pool);
    RC_ASSERT(run.size() == std::min(content.size(), 4 - head));
    RC_ASSERT(std::equal(run.begin(), run.end(), content.begin()));
    RC_ASSERT(pool.used_count() == (model.empty() ? 0 : (head + model.size() + 3) / 4));
    RC_ASSERT(pool.used_small_count() <= 1U);
    RC_ASSERT((head + model.size() <= 2 || pool.used_small_count() == 0U));
  }
  queue.clear(pool);
  RC_ASSERT(pool.used_count() == 0U);
}

}  // namespace
}  // namespace lastword
