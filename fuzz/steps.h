// How much work something is, counted and not timed: the basic blocks of the core that were
// entered, and a step for each 16 bytes that memchr, memcpy, memmove, memcmp or memset went over.
// The same on every machine, though not with every compiler.
//
// Targets that ask for it are linked with an instrumented core (`-fsanitize-coverage=trace-pc`, see
// CMakeLists.txt); elsewhere nothing would be counted.
#pragma once

#include <cstdint>

namespace lastword::fuzz {

// Counts from its construction on. One at a time; one thread.
class StepCount {
 public:
  StepCount();
  StepCount(const StepCount&) = delete;
  StepCount& operator=(const StepCount&) = delete;
  ~StepCount();

  [[nodiscard]] std::uint64_t steps() const;
};

}  // namespace lastword::fuzz
