// The wall clock of a simulated world, for anybody who should look at it: nobody in the core does.
#pragma once

#include "sim/environment.h"

namespace lastword::sim {

// While it lives, clock_gettime(CLOCK_REALTIME) on this thread gives the world's wall time, which
// jumps (fault T2). A core that looked at it would be caught by what it does too early or too late.
class WallClock {
 public:
  explicit WallClock(const Environment& environment);
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;
  ~WallClock();

 private:
  const Environment* previous_;
};

}  // namespace lastword::sim
