// What came of a crowd, as text for a person.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/crowd.h"

namespace lastword::sim {

// What happened in one second, counted from the signal on.
struct CrowdSecond {
  std::uint64_t attempts = 0;
  std::uint64_t refused = 0;  // of them
  std::uint64_t logins = 0;
  std::uint32_t online = 0;  // at its end
};

// From the signal until the last login, or the last attempt if not all came back.
[[nodiscard]] std::vector<CrowdSecond> seconds_of(const CrowdResult& result);

// The table of seconds, and the figures below it. In lines, the last one too.
[[nodiscard]] std::string tell_crowd(const CrowdPlan& plan, const CrowdResult& result);

}  // namespace lastword::sim
