#include "tests/end_to_end/listener.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {

Listener::Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // Its connections have it too: whatever is left of them, a server may take the place at once.
  const int on = 1;
  ::setsockopt(socket_.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(socket_.number(), generic, size), 0);
  EXPECT_EQ(::listen(socket_.number(), 8), 0);
  EXPECT_EQ(::getsockname(socket_.number(), generic, &size), 0);
  endpoint_ = {.host = "127.0.0.1", .port = ntohs(address.sin_port)};
}

Descriptor Listener::accept() const {
  const Watchdog watchdog("somebody to connect");
  pollfd readable{socket_.number(), POLLIN, 0};
  while (::poll(&readable, 1, watchdog.poll_timeout_ms()) <= 0) continue;
  return Descriptor(::accept4(socket_.number(), nullptr, nullptr, SOCK_CLOEXEC));
}

void put(const Descriptor& socket, std::string_view bytes) {
  ASSERT_EQ(::send(socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

std::string get(const Descriptor& socket, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t count = ::recv(socket.number(), bytes.data(), size, MSG_WAITALL);
  bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return bytes;
}

std::string get_line(const Descriptor& socket) {
  std::string line;
  for (;;) {
    const std::string byte = get(socket, 1);
    if (byte.empty()) throw Violation("the connection ended within a line: " + line);
    if (byte == "\n") return line;
    line += byte;
  }
}

std::string get_all(const Descriptor& socket) {
  constexpr std::size_t at_a_time = 4096;
  std::string all;
  for (;;) {
    const std::string bytes = get(socket, at_a_time);
    all += bytes;
    if (bytes.size() < at_a_time) return all;
  }
}

void reset(Descriptor& socket) {
  const linger abort{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.number(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  socket.close();
}

}  // namespace lastword::end_to_end
