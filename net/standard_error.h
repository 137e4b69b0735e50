// Lines to standard error.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string_view>

namespace lastword {

// Writes lines that tell how things go. It never makes the program wait for their reader: a line
// that the descriptor can't take at once (a pipe that nobody reads) is left out, and the next one
// that can be written says how many were.
class StandardError {
 public:
  explicit StandardError(int descriptor = STDERR_FILENO) : descriptor_{descriptor} {}

  // The line comes with its LF. One of more than PIPE_BUF bytes is cut off: a pipe that poll(2)
  // calls writable takes so much without waiting.
  void write(std::string_view line);

 private:
  [[nodiscard]] bool try_to_write(std::string_view text) const;

  int descriptor_;
  std::uint64_t left_out_ = 0;
};

}  // namespace lastword
