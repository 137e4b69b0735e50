// What happens to the connection, told on standard error.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/prompt.h"
#include "net/standard_error.h"

namespace lastword {

enum class Gravity : std::uint8_t {
  progress,  // dim
  warning,   // yellow
  error,     // red; not silenced by --quiet
};

struct StatusStyle {
  bool has_colours = false;
  bool has_date = false;  // "2026-05-01T10:31:07.042+0200" in the place of "10:31:07.042"
};

// "10:31:07.042 connected", without an LF. The time is local. What the text holds of control
// characters is shown harmlessly, so that it is one line in any case.
[[nodiscard]] std::string status_line(Gravity gravity, std::string_view text,
                                      std::chrono::system_clock::time_point time,
                                      StatusStyle style);

// The value of an environment variable, or null.
struct ColourEnvironment {
  const char* no_color = nullptr;
  const char* term = nullptr;
};

// Colours are for terminals, and for people who don't mind them (no-color.org: not if NO_COLOR is
// set to anything but nothing).
[[nodiscard]] bool wants_colours(bool is_terminal, const ColourEnvironment& environment);

// Writes one line for each state, and never waits (StandardError). On a terminal the line has the
// time and a colour; elsewhere, where it may be read days later, the date too.
class StatusLines {
 public:
  struct Options {
    bool is_quiet = false;  // errors only
    int descriptor = STDERR_FILENO;
  };

  explicit StatusLines(const Options& options);

  // While this prompt is on the same terminal as the descriptor, lines are printed above it, or
  // they would run into it. `terminal` is the prompt's. Null: no prompt (any more).
  void use(Prompt* prompt, int terminal = STDOUT_FILENO);

  void write(Gravity gravity, std::string_view text);

 private:
  Options options_;
  StatusStyle style_;
  StandardError standard_error_;
  Prompt* prompt_ = nullptr;
};

}  // namespace lastword
