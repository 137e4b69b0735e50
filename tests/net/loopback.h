// The other side of a real connection, for the tests of the network: a blocking client on the
// loopback interface. Its patience has an end, so that a fault is a failed test and not a hung one.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lastword {

inline constexpr int patience_ms = 30'000;

// Waits until the descriptor is ready for `events`, for instance POLLIN.
inline void await(int descriptor, short events) {
  pollfd waiting{.fd = descriptor, .events = events, .revents = 0};
  ASSERT_EQ(::poll(&waiting, 1, patience_ms), 1) << "nothing happened";
}

class Caller {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;

  // Connects; `receive_buffer`, if given, is about what the kernel takes in for it.
  explicit Caller(const Endpoint& server, std::optional<int> receive_buffer = std::nullopt)
      : socket_{::socket(server.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    if (receive_buffer) set(SO_RCVBUF, *receive_buffer);
    set(SO_RCVTIMEO, timeval{.tv_sec = patience_ms / 1000, .tv_usec = 0});
    set(SO_SNDTIMEO, timeval{.tv_sec = patience_ms / 1000, .tv_usec = 0});
    if (::connect(socket_, server.data(), static_cast<socklen_t>(server.size())) != 0) {
      error_ = errno;
    }
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() { close(); }

  // Why it could not connect; 0 if it could.
  [[nodiscard]] int error() const { return error_; }

  [[nodiscard]] std::uint16_t port() const {
    Endpoint local;
    auto size = static_cast<socklen_t>(local.capacity());
    EXPECT_EQ(::getsockname(socket_, local.data(), &size), 0);
    return local.port();
  }

  void send(std::string_view text) const {
    ASSERT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  void send_urgent(char byte) const { ASSERT_EQ(::send(socket_, &byte, 1, MSG_OOB), 1); }

  // So many bytes, or as many as came; the end or an error is written behind them.
  [[nodiscard]] std::string read(std::size_t size) const {
    std::string text(size, '\0');
    std::size_t received = 0;
    while (received < size) {
      const ssize_t count = ::recv(socket_, text.data() + received, size - received, 0);
      if (count <= 0) {
        text.resize(received);
        return text + (count == 0 ? "<end>" : std::string{"<"} + ::strerrorname_np(errno) + ">");
      }
      received += static_cast<std::size_t>(count);
    }
    return text;
  }
  [[nodiscard]] std::string read_line() const {
    std::string line;
    do line += read(1);
    while (!line.ends_with('\n') && !line.ends_with('>'));
    return line;
  }
  [[nodiscard]] std::string read_to_end() const {
    std::string text;
    do text += read(1);
    while (!text.ends_with("<end>") && !text.ends_with('>'));
    return text;
  }

  // Ends its sending side.
  void end() const { ASSERT_EQ(::shutdown(socket_, SHUT_WR), 0); }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  // Breaks the connection off.
  void reset() {
    set(SO_LINGER, linger{.l_onoff = 1, .l_linger = 0});
    close();
  }

 private:
  template <typename Value>
  void set(int name, const Value& value) const {
    EXPECT_EQ(::setsockopt(socket_, SOL_SOCKET, name, &value, sizeof(value)), 0);
  }

  int socket_;
  int error_ = 0;
};

}  // namespace lastword
