#include "latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>

namespace lastword::bench {

namespace {

using std::chrono::nanoseconds;

// A time is kept with so many leading bits, the first of which is always 1.
constexpr int kept_bits = 8;
constexpr std::uint64_t buckets_per_octave = std::uint64_t{1} << (kept_bits - 1);

// Bits that are cut off from a time of this size.
int cut_bits(std::uint64_t time) {
  return std::max(static_cast<int>(std::bit_width(time)) - kept_bits, 0);
}

std::size_t bucket_of(std::uint64_t time) {
  const int cut = cut_bits(time);
  return static_cast<std::size_t>(cut) * buckets_per_octave + (time >> cut);
}

// The longest time in a bucket.
std::uint64_t end_of(std::size_t bucket) {
  if (bucket < 2 * buckets_per_octave) return bucket;
  const std::uint64_t cut = bucket / buckets_per_octave - 1;
  const std::uint64_t kept = bucket - cut * buckets_per_octave;
  return ((kept + 1) << cut) - 1;
}

constexpr auto longest_time =
    static_cast<std::uint64_t>(std::numeric_limits<nanoseconds::rep>::max());

}  // namespace

LatencyHistogram::LatencyHistogram() : counts_(bucket_of(longest_time) + 1) {}

void LatencyHistogram::record(nanoseconds time) {
  time = std::max(time, nanoseconds{});
  ++counts_[bucket_of(static_cast<std::uint64_t>(time.count()))];
  ++count_;
  maximum_ = std::max(maximum_, time);
}

nanoseconds LatencyHistogram::quantile(double share) const {
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen > 0 && seen >= rank) {
      return std::min(nanoseconds{static_cast<nanoseconds::rep>(end_of(bucket))}, maximum_);
    }
  }
  return maximum_;
}

}  // namespace lastword::bench
