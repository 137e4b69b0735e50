// A canary: the meter must tell that this allocates.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <vector>

#include "item_meter.h"

namespace lastword::bench {
namespace {

// Only the hundredth turn does, long after the warm-up.
void allocating_now_and_then(benchmark::State& state) {
  constexpr std::size_t turns_between = 100;
  std::size_t turns = 0;
  measure(state, 1, [&] {
    if (++turns % turns_between != 0) return;
    std::vector<std::byte> bytes(turns);
    benchmark::DoNotOptimize(bytes.data());
  });
}
BENCHMARK(allocating_now_and_then);

}  // namespace
}  // namespace lastword::bench

BENCHMARK_MAIN();
