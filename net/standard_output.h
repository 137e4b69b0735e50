// Lines to standard output, at once.
#pragma once

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>

#include "net/shared_descriptor.h"

namespace lastword {

// Writes to a descriptor of any kind, in order, whole lines as they come and without waiting for a
// full buffer, also into a pipe. A reader that is slow makes nobody wait: what it doesn't take is
// kept here.
//
// Invariants:
//  1. What is written in one turn of the loop goes out in one piece, in the next one, unless the
//     reader has to be waited for.
//  2. `has_room` is false from when `pending_max` bytes wait until no more than half of that do.
//     Whoever goes on writing then (a line, what the current read brought) is not cut off.
//
// SIGPIPE has to be ignored by the program, or a reader that goes away ends it.
// Lifetime: must live for as long as the context runs.
class StandardOutput {
 public:
  struct Options {
    int descriptor = STDOUT_FILENO;
    std::size_t pending_max = std::size_t{1} << 20;  // bytes
  };

  // Each may be left out.
  struct Handlers {
    // There is room again, after there was none.
    std::function<void()> has_room = [] {};
    // The last byte has been taken.
    std::function<void()> emptied = [] {};
    // Once; from then on everything is thrown away. `std::errc::broken_pipe` says that the reader
    // has gone, which is how `| head` ends and no fault; anything else is, and `message()` says
    // what (no space left, ...).
    std::function<void(std::error_code)> failed = [](std::error_code) {};
  };

  StandardOutput(boost::asio::io_context& context, const Options& options, Handlers handlers);

  // Takes any bytes, to be given with their LF.
  void write(std::string_view bytes);

  [[nodiscard]] bool has_room() const { return !is_full_; }
  // Nothing waits to be written; true as well once it has failed.
  [[nodiscard]] bool is_empty() const { return pending_bytes() == 0; }
  [[nodiscard]] std::size_t pending_bytes() const { return pending_.size() - written_; }
  // Why nothing is written any more, if so.
  [[nodiscard]] std::error_code error() const { return error_; }

 private:
  void schedule();
  void flush();
  void fail(std::error_code error);

  boost::asio::io_context& context_;
  std::size_t pending_max_;
  Handlers handlers_;
  SharedDescriptor descriptor_;
  std::string pending_;
  std::size_t written_ = 0;    // of pending_
  bool is_scheduled_ = false;  // flush will be called
  bool is_full_ = false;
  std::error_code error_;
};

}  // namespace lastword
