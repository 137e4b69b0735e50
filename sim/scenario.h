// Named worlds: who is there, what the weather is like, which limits the server has.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "sim/fault.h"

namespace lastword::sim {

struct Scenario {
  std::string_view name;
  std::string_view sentence;  // what it is about, one line without full stop
  bool is_in_mix;             // drawn from by `run` without --scenario
};

// All of them, in the order in which they are listed.
[[nodiscard]] std::span<const Scenario> scenarios();
[[nodiscard]] const Scenario* find_scenario(std::string_view name);
// The one that a seed stands for where none is named.
[[nodiscard]] const Scenario& scenario_for(std::uint64_t seed);

}  // namespace lastword::sim
