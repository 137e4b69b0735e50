// A run that takes too much CPU time breaks an oracle, too.
#pragma once

#include <chrono>

namespace lastword::fuzz {

// While it lives, the process may use so much CPU time, and else breaks the oracle `time`. Unlike
// libFuzzer's -timeout this neither counts the time of others on a busy machine, nor looks at the
// wall clock, which is the simulated one within a simulated world. There is one at a time.
class CpuLimit {
 public:
  explicit CpuLimit(std::chrono::microseconds most);
  CpuLimit(const CpuLimit&) = delete;
  CpuLimit& operator=(const CpuLimit&) = delete;
  ~CpuLimit();
};

}  // namespace lastword::fuzz
