// Lines from standard input.
#pragma once

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <string_view>
#include <system_error>
#include <vector>

#include "net/shared_descriptor.h"

namespace lastword {

// Where lines go, be they read from a pipe (StandardInput) or typed (Prompt). All of them must be
// set, and may pause and resume the input that calls them, but not destroy it.
struct InputHandlers {
  // A line without its LF, otherwise byte for byte; good during the call.
  std::function<void(std::string_view line)> line;
  // In the place of a line of more than `line_max` bytes: how many it had.
  std::function<void(std::size_t size)> too_long;
  // The last call. With an error (`message()` says which), what was read may not be all.
  std::function<void(std::error_code error)> ended;
};

// Reads a descriptor of any kind and hands its lines over, one at a time. What comes behind the
// last LF is a line too.
//
// Invariants:
//  1. While it is paused nothing is read and nothing handed over: who writes to us faster than we
//     can pass it on has to wait.
//  2. It holds no more than one read and an unfinished line of at most `line_max` bytes.
//  3. One turn of the loop reads at most once, a regular file too, so that others get their turn.
//     (`poll` of the context makes turns until nothing is ready: it comes back when the input is
//     paused or has nothing more.)
//
// Lifetime: must live for as long as the context runs.
class StandardInput {
 public:
  static constexpr std::size_t read_size = std::size_t{64} << 10;

  struct Options {
    int descriptor = STDIN_FILENO;
    std::size_t line_max = std::size_t{1} << 20;  // bytes, the LF not included
  };

  // Starts paused: `resume` begins.
  StandardInput(boost::asio::io_context& context, const Options& options, InputHandlers handlers);

  // Both may be called at any time, and again; `resume` hands nothing over by itself, only the loop
  // does.
  void pause();
  void resume();

  [[nodiscard]] bool is_paused() const { return is_paused_; }

 private:
  [[nodiscard]] std::string_view unread() const;
  [[nodiscard]] bool may_go_on() const { return !is_paused_ && !is_over_; }
  void schedule();
  void turn();
  void hand_over();
  bool hand_over_next();
  void hand_over_line(std::size_t size);
  void hand_over_end();
  void hold_unfinished();
  void read_once();

  boost::asio::io_context& context_;
  Options options_;
  InputHandlers handlers_;
  SharedDescriptor descriptor_;

  // [taken|unread, of it `scanned_` bytes without an LF]
  std::vector<char> held_;
  std::size_t taken_ = 0;
  std::size_t scanned_ = 0;
  std::size_t skipped_ = 0;  // bytes of an over-long line that are no longer held
  bool is_skipping_ = false;

  bool is_paused_ = true;
  bool is_handing_over_ = false;
  bool is_at_end_ = false;  // nothing more will be read
  bool is_over_ = false;    // and that was told
  std::error_code error_;
  bool is_scheduled_ = false;  // turn will be called
};

}  // namespace lastword
