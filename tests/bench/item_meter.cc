#include "item_meter.h"

#include "allocation_count.h"

namespace lastword::bench {

ItemMeter::ItemMeter(benchmark::State& state)
    : state_(state), allocations_before_(allocation_count()) {}

void ItemMeter::finish(std::uint64_t items, Allocations allowed) {
  const std::uint64_t allocations = allocation_count() - allocations_before_;
  if (items == 0) return state_.SkipWithError("nothing was done");
  if (allocations > 0 && allowed == Allocations::none) {
    return state_.SkipWithError("it allocates, though it is warm");
  }
  const auto count = static_cast<double>(items);
  state_.SetItemsProcessed(static_cast<std::int64_t>(items));
  state_.counters["seconds_each"] =
      benchmark::Counter(count, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state_.counters["allocations_each"] = static_cast<double>(allocations) / count;
}

void ItemMeter::finish_with_each(std::uint64_t per_iteration) {
  finish(static_cast<std::uint64_t>(state_.iterations()) * per_iteration);
}

}  // namespace lastword::bench
