#include "net/standard_error.h"

#include <poll.h>

#include <climits>
#include <string>

namespace lastword {

void StandardError::write(std::string_view line) {
  if (left_out_ > 0) {
    const std::string note = std::to_string(left_out_) + " log lines were left out here\n";
    if (!try_to_write(note)) {
      ++left_out_;
      return;
    }
    left_out_ = 0;
  }
  const bool is_whole = line.size() <= PIPE_BUF;
  if (!try_to_write(is_whole ? line : std::string{line.substr(0, PIPE_BUF - 1)} + '\n')) {
    ++left_out_;
  }
}

bool StandardError::try_to_write(std::string_view text) const {
  pollfd writable{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  if (::poll(&writable, 1, 0) != 1 || (writable.revents & POLLOUT) == 0) return false;
  return ::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace lastword
