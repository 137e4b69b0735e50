// A descriptor that belongs to others too: standard input and output come from the shell.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

namespace lastword {

// Reads or writes without waiting, and tells when there is something to do again. Any kind of file
// will do.
//
// O_NONBLOCK is no property of a descriptor but of the open file behind it, which the shell and
// everything that it started may share: set there, it breaks their reads, and stays when we are
// gone. (Asio sets it on every descriptor that it waits for.) So:
//  - A pipe or a terminal is opened once more by way of /proc, with O_NONBLOCK: an open file of our
//    own. Somebody else's terminal, as after `su`, has to be opened as /dev/tty. Where nothing is
//    allowed, poll(2) is asked before each call, and a pipe is written to in pieces that it takes
//    for certain; only a terminal could still make us wait then, while it stands still (Ctrl-S).
//  - A socket can't be opened again, but takes MSG_DONTWAIT with each call.
//  - A regular file, and a device like /dev/null, is always ready: epoll(7) refuses to watch it.
//  - What Asio waits for is a set of epoll(7) of our own that holds the descriptor, and never the
//    descriptor. It is the one that we were given, not the one that we opened: a named pipe tells
//    only those who had it open then that its last writer has gone.
//
// Lifetime: must live for as long as the context runs.
class SharedDescriptor {
 public:
  enum class Direction : std::uint8_t { input, output };

  // `ready` is called once for each `wait`. The descriptor stays the caller's to close.
  SharedDescriptor(boost::asio::io_context& context, int descriptor, Direction direction,
                   std::function<void()> ready);
  SharedDescriptor(const SharedDescriptor&) = delete;
  SharedDescriptor& operator=(const SharedDescriptor&) = delete;
  ~SharedDescriptor();

  // How many bytes were moved; of a read, 0 is the end. The error is `would_block` (below) where it
  // would have to wait. A write to a pipe or socket that nobody reads raises SIGPIPE unless that is
  // ignored.
  using Result = std::expected<std::size_t, std::error_code>;
  [[nodiscard]] Result read(std::span<char> buffer) const;
  [[nodiscard]] Result write(std::string_view bytes) const;

  static constexpr std::errc would_block = std::errc::resource_unavailable_try_again;

  // Calls `ready` as soon as it is worth trying again: for a file that is always ready, in a later
  // turn of the loop.
  void wait();
  // Afterwards `ready` is not called.
  void cancel();

  // Regular files and the like.
  [[nodiscard]] bool is_always_ready() const { return !watch_; }

 private:
  using Watch = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  [[nodiscard]] int descriptor() const { return own_ >= 0 ? own_ : shared_; }
  [[nodiscard]] bool must_ask_first() const;
  void start_watch();
  void waited();

  boost::asio::io_context& context_;
  int shared_;
  int own_ = -1;
  Direction direction_;
  bool is_socket_ = false;
  std::function<void()> ready_;
  std::optional<Watch> watch_;  // the set of epoll, if epoll takes the descriptor
  bool is_watched_ = false;     // the descriptor is in that set
  bool is_waiting_ = false;
};

}  // namespace lastword
