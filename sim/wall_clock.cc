#include "sim/wall_clock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace lastword::sim {

namespace {

// A thread runs one world at a time.
thread_local const Environment* current_world = nullptr;  // NOLINT(*-non-const-global-variables)

}  // namespace

WallClock::WallClock(const Environment& environment) : previous_{current_world} {
  current_world = &environment;
}

WallClock::~WallClock() { current_world = previous_; }

}  // namespace lastword::sim

// Instead of the C library's.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  using lastword::sim::current_world;
  if (clock != CLOCK_REALTIME || current_world == nullptr) {
    return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  }
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t now =
      static_cast<std::int64_t>(current_world->now) + current_world->wall_offset.count();
  const std::int64_t seconds = now >= 0 ? now / second : (now - second + 1) / second;
  time->tv_sec = seconds;
  time->tv_nsec = now - seconds * second;
  return 0;
}
