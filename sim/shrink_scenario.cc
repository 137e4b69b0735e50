// Shrinking a run of a scenario; apart, so that the shrinker itself needs no world.
#include <utility>

#include "sim/run.h"
#include "sim/shrink.h"

namespace lastword::sim {

Shrunk shrink(const Scenario& scenario, Tape tape, Property property, std::uint64_t runs_max) {
  const Replay replay = [&](const Tape& candidate) -> std::optional<Tape> {
    Outcome outcome = run(scenario, Choices::replayed(candidate));
    if (!outcome.has_broken(property)) return std::nullopt;
    return std::move(outcome.tape);
  };
  return shrink(std::move(tape), replay, runs_max);
}

}  // namespace lastword::sim
