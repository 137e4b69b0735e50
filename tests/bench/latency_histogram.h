// How often which time was taken: counts in buckets whose width grows with the time, so that every
// time from a nanosecond to hours is kept with a bounded relative error in little memory.
//
//   0, 1, ... 255 ns      a bucket each
//   256 ... 511           128 buckets of 2 ns
//   512 ... 1023          128 buckets of 4 ns, and so on
//
// Invariants:
// 1. A quantile is at least the exact one of the recorded times, and exceeds it by less than one
//    part in 128.
// 2. maximum() is exact, and no quantile exceeds it.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace lastword::bench {

class LatencyHistogram {
 public:
  LatencyHistogram();

  // A negative time counts as none.
  void record(std::chrono::nanoseconds time);

  // The smallest time that at least this share (above 0, at most 1) of all recorded ones do not
  // exceed, rounded up to the end of its bucket. 0 where nothing was recorded.
  [[nodiscard]] std::chrono::nanoseconds quantile(double share) const;

  [[nodiscard]] std::chrono::nanoseconds maximum() const { return maximum_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::vector<std::uint64_t> counts_;  // by bucket
  std::uint64_t count_ = 0;
  std::chrono::nanoseconds maximum_{};
};

}  // namespace lastword::bench
