// What is said on standard error while something is going on.
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "core/instant.h"
#include "sim/suite.h"

namespace lastword::sim {

// "42 %; no failure; 4,200 runs, 12,345,678 events, 3 d 4 h simulated; 812 runs/s, ...".
[[nodiscard]] std::string progress_text(const SuiteProgress& progress);
// "812 runs/s, 1,204,000 events/s, 15,300 simulated s/s".
[[nodiscard]] std::string rates_text(const SuiteProgress& progress);

// A line that says how far something is: on a terminal it is rewritten in place, elsewhere it is
// written anew from time to time.
class ProgressLine {
 public:
  static constexpr Duration on_terminal = std::chrono::milliseconds{100};
  static constexpr Duration elsewhere = std::chrono::seconds{10};

  struct Terminal {
    std::size_t columns = 80;
  };

  // Nothing for `terminal`: it is none. `out` has to live as long as this.
  ProgressLine(std::ostream& out, std::optional<Terminal> terminal, Duration now)
      : out_{out}, terminal_{terminal}, shown_at_{now} {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { clear(); }

  // Whether a new text would be shown at this time (that only goes forward).
  [[nodiscard]] bool is_due(Duration now) const;
  void show(std::string_view text, Duration now);
  // Takes the line off a terminal, so that something else can be written there.
  void clear();

 private:
  std::ostream& out_;
  std::optional<Terminal> terminal_;
  Duration shown_at_;
  bool is_on_terminal_ = false;
};

}  // namespace lastword::sim
