#include "fuzz/cpu_limit.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

namespace lastword::fuzz {
namespace {

using std::chrono::milliseconds;

// What the process itself has used: no wall clock.
milliseconds used() { return milliseconds{std::clock() / (CLOCKS_PER_SEC / 1000)}; }

void use(milliseconds more) {
  const milliseconds end = used() + more;
  while (used() < end) continue;
}

TEST(CpuLimitDeathTest, EndsWhatTakesMore) {
  EXPECT_DEATH(
      {
        const CpuLimit limit{milliseconds{20}};
        use(std::chrono::minutes{1});
      },
      "^broken oracle: time\n");
}

TEST(CpuLimit, IsOverWithItsScope) {
  {
    const CpuLimit limit{milliseconds{50}};
  }
  use(milliseconds{100});
  {
    const CpuLimit limit{std::chrono::minutes{1}};
  }  // the next one starts anew
}

}  // namespace
}  // namespace lastword::fuzz
