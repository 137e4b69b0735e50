// Counts the allocations of the program that links this, so that "no allocation per message once
// warm" can be seen.
#pragma once

#include <cstdint>

namespace lastword::bench {

[[nodiscard]] std::uint64_t allocation_count();

}  // namespace lastword::bench
