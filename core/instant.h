// Points in time and spans of it. The core never asks what time it is: every fact brings its
// Instant along, and no function here reads a clock.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace lastword {

// Nanoseconds on some monotonic clock that the driver chose. Only differences mean anything.
enum class Instant : std::int64_t {};

using Duration = std::chrono::nanoseconds;

constexpr Instant operator+(Instant at, Duration span) {
  return Instant{static_cast<std::int64_t>(at) + span.count()};
}

constexpr Duration operator-(Instant later, Instant earlier) {
  return Duration{static_cast<std::int64_t>(later) - static_cast<std::int64_t>(earlier)};
}

}  // namespace lastword
