// From a run that breaks something to the smallest one that does.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "sim/choices.h"
#include "sim/property.h"
#include "sim/scenario.h"

namespace lastword::sim {

struct Shrunk {
  Tape tape;
  std::uint64_t runs = 0;  // that it took
  bool is_minimal = true;  // false: `runs_max` came first, or the tape broke nothing
};

// Reruns `replay` with smaller and smaller tapes. `replay` runs a tape and gives back the tape as
// it was really used (see Choices::tape) if the run still breaks the same property, else nothing.
// What comes back is locally minimal: no single choice can be zeroed or lowered by one any more.
// `replay` must be a function of its tape. A tape that breaks nothing comes back as it is.
using Replay = std::function<std::optional<Tape>(const Tape&)>;
[[nodiscard]] Shrunk shrink(Tape tape, const Replay& replay, std::uint64_t runs_max = 20'000);

// The same for a scenario and the property that its run breaks.
[[nodiscard]] Shrunk shrink(const Scenario& scenario, Tape tape, Property property,
                            std::uint64_t runs_max = 20'000);

}  // namespace lastword::sim
