// Watchdog: the bound of one wait. A wait ends by what it waits for (a line, an end of file, the
// end of a process), never by time; the watchdog only turns a wait without end into a failure.
//
// It barks when nothing moved for a minute, and after five minutes even if something did. The
// minute can be changed by the environment: LASTWORD_WATCHDOG_SECONDS.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>

namespace lastword::end_to_end {

// Something that the contract forbids, or that a test cannot go on after.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Watchdog {
 public:
  // `what` completes the sentence "waited too long for ...".
  explicit Watchdog(std::string what);

  // Throws Violation when the time is up: for a wait that is a loop over shorter ones.
  void check() const { static_cast<void>(poll_timeout_ms()); }
  // The time that one poll(2) may take. Throws Violation when there is none left.
  [[nodiscard]] int poll_timeout_ms() const;
  // Something moved: the minute starts again.
  void feed();

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  Clock::time_point silence_ends_;
  Clock::time_point patience_ends_;
};

}  // namespace lastword::end_to_end
