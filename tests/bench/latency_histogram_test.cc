#include "latency_histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace lastword::bench {
namespace {

using std::chrono::nanoseconds;

LatencyHistogram histogram_of(const std::vector<std::int64_t>& times) {
  LatencyHistogram histogram;
  for (const std::int64_t time : times) histogram.record(nanoseconds{time});
  return histogram;
}

TEST(LatencyHistogram, IsZeroWhereNothingWasRecorded) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.quantile(0.5).count(), 0);
  EXPECT_EQ(histogram.maximum().count(), 0);
}

TEST(LatencyHistogram, KeepsShortTimesExactly) {
  std::vector<std::int64_t> times;
  for (std::int64_t time = 1; time <= 200; ++time) times.push_back(time);
  const LatencyHistogram histogram = histogram_of(times);
  EXPECT_EQ(histogram.count(), 200U);
  EXPECT_EQ(histogram.quantile(0.5).count(), 100);
  EXPECT_EQ(histogram.quantile(0.99).count(), 198);
  EXPECT_EQ(histogram.quantile(1).count(), 200);
}

TEST(LatencyHistogram, RoundsUpToTheEndOfABucket) {
  // 1001 has ten bits, of which eight are kept: its bucket is 1000 to 1003.
  EXPECT_EQ(histogram_of({1001, 5000}).quantile(0.5).count(), 1003);
  EXPECT_EQ(histogram_of({1001}).quantile(0.5).count(), 1001);  // never above the maximum
}

TEST(LatencyHistogram, TakesTheLongestTimeAndNegativeOnes) {
  constexpr std::int64_t longest = std::numeric_limits<std::int64_t>::max();
  const LatencyHistogram histogram = histogram_of({-5, longest});
  EXPECT_EQ(histogram.quantile(0.5).count(), 0);
  EXPECT_EQ(histogram.quantile(1).count(), longest);
  EXPECT_EQ(histogram.maximum().count(), longest);
}

// The plain way: all times, sorted.
RC_GTEST_PROP(LatencyHistogramProperty, IsWithinOnePartIn128AboveTheExactQuantile, ()) {
  // Times of all magnitudes: a generated number's own size says little about its digits.
  auto times = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
      rc::gen::apply([](std::int64_t number, int shift) { return number >> shift; },
                     rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max()),
                     rc::gen::inRange(0, 63))));
  const auto share = *rc::gen::map(rc::gen::inRange(1, 1001), [](int n) { return n / 1000.0; });
  const LatencyHistogram histogram = histogram_of(times);

  std::ranges::sort(times);
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(times.size())));
  const std::int64_t exact = times[rank - 1];
  const std::int64_t found = histogram.quantile(share).count();
  RC_ASSERT(found >= exact);
  RC_ASSERT(found - exact <= exact / 128);
  RC_ASSERT(found <= times.back());
  RC_ASSERT(histogram.maximum().count() == times.back());
}

}  // namespace
}  // namespace lastword::bench
