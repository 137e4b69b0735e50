// Sockets that are registered once, and who of them is ready.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "net/descriptor.h"

namespace lastword {

// Linux's epoll, edge-triggered: a socket is told of when something new came, not as long as there
// is something. It never waits: whoever has a loop waits until descriptor() is readable.
class EpollSet {
 public:
  EpollSet();

  // Input, urgent bytes, ends and errors from now on, and at once what is there already. `tag`
  // comes with each event. False: the system has no room to watch one more (epoll_ctl(2)). A socket
  // that is closed is no longer in the set.
  [[nodiscard]] bool add(const Descriptor& socket, std::uint64_t tag);
  // Tells once more of all that the socket is ready for, and from now on of room to write, too.
  void add_writing(const Descriptor& socket, std::uint64_t tag);

  // What has happened since the last time, each socket at most once; the others come with the next
  // call if there is more than one call takes. Good until then.
  [[nodiscard]] std::span<const epoll_event> ready();

  // Readable while ready() would bring something.
  [[nodiscard]] int descriptor() const { return epoll_.number(); }

 private:
  static constexpr std::size_t events_max = 1024;  // of one call
  Descriptor epoll_;
  std::array<epoll_event, events_max> events_;
};

}  // namespace lastword
