#include "core/books.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace lastword {
namespace {

constexpr std::array failures{Failure::not_connected, Failure::peer_gone, Failure::slow_consumer,
                              Failure::drain_deadline};
static_assert(failures.size() == failure_count);

std::uint64_t failed(const Books& books, Failure failure) {
  return books.failed[static_cast<std::size_t>(failure)];
}

std::uint64_t digest_of(const Books& books) {
  Digest digest;
  books.add_to(digest);
  return digest.value();
}

TEST(Books, BalanceWhileTheyAreEmpty) {
  const Books books;
  EXPECT_TRUE(books.is_balanced());
  EXPECT_EQ(books.failed_total(), 0U);
}

TEST(Books, MoveADeliveryFromQueuedToDelivered) {
  Books books;
  books.queue(2);
  books.queue(1);
  EXPECT_EQ(books.total, 3U);
  EXPECT_EQ(books.queued, 3U);
  EXPECT_TRUE(books.is_balanced());
  books.deliver(2);
  EXPECT_EQ(books.total, 3U);
  EXPECT_EQ(books.queued, 1U);
  EXPECT_EQ(books.delivered, 2U);
  EXPECT_TRUE(books.is_balanced());
  books.deliver(0);
  EXPECT_EQ(books.delivered, 2U);
  EXPECT_EQ(books.failed_total(), 0U);
}

TEST(Books, MoveADeliveryFromQueuedToItsFailure) {
  for (const Failure failure : failures) {
    Books books;
    books.queue(1);
    books.fail(failure);
    EXPECT_EQ(books.total, 1U);
    EXPECT_EQ(books.queued, 0U);
    EXPECT_EQ(books.delivered, 0U);
    EXPECT_EQ(failed(books, failure), 1U);
    EXPECT_EQ(books.failed_total(), 1U);
    EXPECT_TRUE(books.is_balanced());
  }
}

TEST(Books, EnterADeliveryToNobodyAsFailedAtOnce) {
  Books books;
  books.refuse();
  EXPECT_EQ(books.total, 1U);
  EXPECT_EQ(books.queued, 0U);
  EXPECT_EQ(failed(books, Failure::not_connected), 1U);
  EXPECT_EQ(books.failed_total(), 1U);
  EXPECT_TRUE(books.is_balanced());
}

TEST(Books, DoNotBalanceWhenAnEntryIsMissing) {
  Books books;
  books.queue(1);
  books.refuse();
  for (std::uint64_t* const entry :
       {&books.total, &books.queued, &books.delivered, &books.failed[0], &books.failed[1],
        &books.failed[2], &books.failed[3]}) {
    ++*entry;
    EXPECT_FALSE(books.is_balanced());
    --*entry;
    EXPECT_TRUE(books.is_balanced());
  }
}

TEST(Books, HaveAllTheirCountsInTheDigest) {
  Books books;
  std::set<std::uint64_t> digests{digest_of(books)};
  for (std::uint64_t* const count :
       {&books.accepted, &books.total, &books.queued, &books.delivered, &books.failed[0],
        &books.failed[1], &books.failed[2], &books.failed[3], &books.connections_total,
        &books.connections_clean, &books.connections_failed}) {
    ++*count;
    EXPECT_TRUE(digests.insert(digest_of(books)).second);
    --*count;
  }
  EXPECT_TRUE(digests.contains(digest_of(books)));
}

TEST(ConnectionBooks, BalanceWithWhatIsStillQueued) {
  ConnectionBooks books;
  EXPECT_TRUE(books.is_balanced(0));
  books.queued_ever = 6;
  books.delivered = 2;
  books.failed = 3;
  EXPECT_TRUE(books.is_balanced(1));
  EXPECT_FALSE(books.is_balanced(0));
  EXPECT_FALSE(books.is_balanced(2));
  books.accepted = 100;
  EXPECT_TRUE(books.is_balanced(1)) << "what it sent is in the books of others";
}

RC_GTEST_PROP(Books, BalanceAfterAnySequenceOfEntries, ()) {
  Books books;
  std::uint64_t queued = 0;
  std::uint64_t delivered = 0;
  std::array<std::uint64_t, failure_count> failed_deliveries{};
  for (const unsigned step :
       *rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(0U, 10U))) {
    if (step < 4) {
      books.queue(step);
      queued += step;
    } else if (step == 4) {
      books.refuse();
      ++failed_deliveries[0];
    } else if (step == 5 && queued > 0) {
      books.deliver((queued + 1) / 2);
      delivered += (queued + 1) / 2;
      queued /= 2;
    } else if (step >= 6 && queued > 0) {
      books.fail(failures[step - 6]);
      ++failed_deliveries[step - 6];
      --queued;
    }
    RC_ASSERT(books.is_balanced());
    RC_ASSERT(books.queued == queued);
    RC_ASSERT(books.delivered == delivered);
    RC_ASSERT((books.failed == failed_deliveries));
    RC_ASSERT(books.total == queued + delivered + books.failed_total());
  }
}

}  // namespace
}  // namespace lastword
