#include "tests/end_to_end/watchdog.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace lastword::end_to_end {
namespace {

constexpr std::chrono::seconds silence_default{60};
constexpr int patience_factor = 5;

std::chrono::seconds silence_max() {
  const char* const text = std::getenv("LASTWORD_WATCHDOG_SECONDS");
  const long seconds = text == nullptr ? 0 : std::strtol(text, nullptr, 10);
  return seconds > 0 ? std::chrono::seconds(seconds) : silence_default;
}

}  // namespace

Watchdog::Watchdog(std::string what)
    : what_(std::move(what)),
      silence_ends_(Clock::now() + silence_max()),
      patience_ends_(Clock::now() + patience_factor * silence_max()) {}

int Watchdog::poll_timeout_ms() const {
  const Clock::time_point now = Clock::now();
  const Clock::time_point end = std::min(silence_ends_, patience_ends_);
  if (now >= end) throw Violation("watchdog: waited too long for " + what_);
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(end - now);
  return static_cast<int>(rest.count());
}

void Watchdog::feed() { silence_ends_ = Clock::now() + silence_max(); }

}  // namespace lastword::end_to_end
