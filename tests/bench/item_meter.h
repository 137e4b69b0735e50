// What a benchmark tells of each item: the time, and the allocations. (An item is a line, a name, a
// member, a delivery: whatever the comment above a benchmark names.)
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace lastword::bench {

// What a part may allocate once it is warm: nothing, or the benchmark has failed; or whatever.
enum class Allocations : std::uint8_t { none, any };

class ItemMeter {
 public:
  // To be made after a warm-up, right before the loop.
  explicit ItemMeter(benchmark::State& state);

  // Behind the loop.
  void finish(std::uint64_t items, Allocations allowed = Allocations::none);
  void finish_with_each(std::uint64_t per_iteration);  // and nothing is allocated

 private:
  benchmark::State& state_;
  std::uint64_t allocations_before_;
};

// One turn as a warm-up, and then as many as it takes.
template <typename Turn>
void measure(benchmark::State& state, std::uint64_t items_per_turn, Turn turn) {
  turn();
  ItemMeter meter(state);
  for (auto _ : state) turn();
  meter.finish_with_each(items_per_turn);
}

// Pools and lists have their sizes after so many turns.
constexpr int warm_up_turns = 64;

// Some turns as a warm-up, then as many as it takes. The items are the deliveries that the world's
// books have.
template <typename World, typename Turn>
void measure_turns(benchmark::State& state, const World& world, Turn turn) {
  for (int i = 0; i < warm_up_turns; ++i) turn();
  const std::uint64_t delivered_before = world.delivered();
  ItemMeter meter(state);
  for (auto _ : state) turn();
  meter.finish(world.delivered() - delivered_before);
}

}  // namespace lastword::bench
