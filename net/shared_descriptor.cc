#include "net/shared_descriptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>

#include "core/check.h"

namespace lastword {

namespace {

namespace asio = boost::asio;

bool is_of_kind(int descriptor, mode_t kind) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && (status.st_mode & S_IFMT) == kind;
}

// The other end of a pseudoterminal, which is one too, would be opened as a new pair.
bool is_master(int descriptor) {
  unsigned number = 0;
  return ::ioctl(descriptor, TIOCGPTN, &number) == 0;
}

// The terminal that controls us, if the descriptor is that: by that name it may be opened, whoever
// owns it.
int open_controlling_terminal(int descriptor, int flags) {
  const int own = ::open("/dev/tty", flags);
  unsigned own_device = 0;
  unsigned device = 0;
  if (own >= 0 && ::ioctl(own, TIOCGDEV, &own_device) == 0 &&
      ::ioctl(descriptor, TIOCGDEV, &device) == 0 && own_device == device) {
    return own;
  }
  if (own >= 0) ::close(own);
  return -1;
}

// An open file of our own for the same pipe or terminal, or -1.
int open_again(int descriptor, SharedDescriptor::Direction direction) {
  const bool is_terminal = ::isatty(descriptor) != 0 && !is_master(descriptor);
  if (!is_terminal && !is_of_kind(descriptor, S_IFIFO)) return -1;
  const int flags = (direction == SharedDescriptor::Direction::input ? O_RDONLY : O_WRONLY) |
                    O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
  const int own = ::open(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), flags);
  return own >= 0 || !is_terminal ? own : open_controlling_terminal(descriptor, flags);
}

// The result of a system call that an interruption does not end.
template <typename Call>
SharedDescriptor::Result repeat(Call call) {
  for (;;) {
    const ssize_t count = call();
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return std::unexpected{std::error_code{errno, std::generic_category()}};
  }
}

}  // namespace

SharedDescriptor::SharedDescriptor(asio::io_context& context, int descriptor, Direction direction,
                                   std::function<void()> ready)
    : context_{context},
      shared_{descriptor},
      own_{open_again(descriptor, direction)},
      direction_{direction},
      is_socket_{is_of_kind(descriptor, S_IFSOCK)},
      ready_{std::move(ready)} {
  start_watch();
}

SharedDescriptor::~SharedDescriptor() {
  cancel();
  if (own_ >= 0) ::close(own_);
}

void SharedDescriptor::start_watch() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  LASTWORD_CHECK(set >= 0);
  epoll_event event{};
  if (::epoll_ctl(set, EPOLL_CTL_ADD, shared_, &event) != 0) {
    ::close(set);  // EPERM: always ready. EBADF: so is an error.
    return;
  }
  ::epoll_ctl(set, EPOLL_CTL_DEL, shared_, nullptr);
  watch_.emplace(context_.get_executor(), set);
}

// Where the calls themselves can wait.
bool SharedDescriptor::must_ask_first() const { return watch_ && own_ < 0 && !is_socket_; }

SharedDescriptor::Result SharedDescriptor::read(std::span<char> buffer) const {
  LASTWORD_CHECK(direction_ == Direction::input);
  if (must_ask_first()) {
    pollfd readable{.fd = descriptor(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 0) == 0) return std::unexpected{std::make_error_code(would_block)};
  }
  return repeat([&] {
    return is_socket_ ? ::recv(descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT)
                      : ::read(descriptor(), buffer.data(), buffer.size());
  });
}

SharedDescriptor::Result SharedDescriptor::write(std::string_view bytes) const {
  LASTWORD_CHECK(direction_ == Direction::output);
  if (must_ask_first()) {
    pollfd writable{.fd = descriptor(), .events = POLLOUT, .revents = 0};
    if (::poll(&writable, 1, 0) == 0) return std::unexpected{std::make_error_code(would_block)};
    // A pipe that is called writable takes so much without waiting (pipe(7)).
    bytes = bytes.substr(0, PIPE_BUF);
  }
  return repeat([&] {
    return is_socket_ ? ::send(descriptor(), bytes.data(), bytes.size(), MSG_DONTWAIT)
                      : ::write(descriptor(), bytes.data(), bytes.size());
  });
}

void SharedDescriptor::wait() {
  LASTWORD_CHECK(!is_waiting_);
  is_waiting_ = true;
  if (!watch_) {
    asio::post(context_, [this] { waited(); });
    return;
  }
  epoll_event event{};
  event.events = direction_ == Direction::input ? EPOLLIN : EPOLLOUT;
  LASTWORD_CHECK(::epoll_ctl(watch_->native_handle(), EPOLL_CTL_ADD, shared_, &event) == 0);
  is_watched_ = true;
  watch_->async_wait(Watch::wait_read, [this](boost::system::error_code error) {
    if (error != asio::error::operation_aborted) waited();
  });
}

// May be the answer to a wait that was cancelled; if there is another one by now, it serves for
// that: a try too many does no harm.
void SharedDescriptor::waited() {
  if (!is_waiting_) return;
  cancel();
  ready_();
}

void SharedDescriptor::cancel() {
  is_waiting_ = false;
  // Taken out of the set while nobody waits: else a file that has hung up would wake the loop.
  if (!std::exchange(is_watched_, false)) return;
  ::epoll_ctl(watch_->native_handle(), EPOLL_CTL_DEL, shared_, nullptr);
  boost::system::error_code ignored;
  watch_->cancel(ignored);
}

}  // namespace lastword
