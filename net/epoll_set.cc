#include "net/epoll_set.h"

#include <cerrno>

#include "core/check.h"

namespace lastword {

namespace {

constexpr std::uint32_t reading_events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;

bool control(const Descriptor& epoll, int operation, const Descriptor& socket, epoll_event event) {
  return ::epoll_ctl(epoll.number(), operation, socket.number(), &event) == 0;
}

}  // namespace

EpollSet::EpollSet() : epoll_{::epoll_create1(EPOLL_CLOEXEC)} { LASTWORD_CHECK(epoll_.is_open()); }

bool EpollSet::add(const Descriptor& socket, std::uint64_t tag) {
  return control(epoll_, EPOLL_CTL_ADD, socket, {.events = reading_events, .data = {.u64 = tag}});
}

void EpollSet::add_writing(const Descriptor& socket, std::uint64_t tag) {
  const epoll_event event{.events = reading_events | EPOLLOUT, .data = {.u64 = tag}};
  LASTWORD_CHECK(control(epoll_, EPOLL_CTL_MOD, socket, event));
}

std::span<const epoll_event> EpollSet::ready() {
  const int count =
      ::epoll_wait(epoll_.number(), events_.data(), static_cast<int>(events_.size()), 0);
  if (count < 0) {
    LASTWORD_CHECK(errno == EINTR);  // then it is readable as before
    return {};
  }
  return std::span{events_}.first(static_cast<std::size_t>(count));
}

}  // namespace lastword
