// Descriptors for the tests of standard input and output, and a loop that has patience with them.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

#include "net/descriptor.h"

namespace lastword {

inline bool is_non_blocking(const Descriptor& descriptor) {
  return (::fcntl(descriptor.number(), F_GETFL) & O_NONBLOCK) != 0;
}

// What comes out at `output` is what went in at `input`.
struct Channel {
  Descriptor output;
  Descriptor input;
};

inline Channel make_pipe() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {.output = Descriptor{ends[0]}, .input = Descriptor{ends[1]}};
}

inline Channel make_sockets() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {.output = Descriptor{ends[0]}, .input = Descriptor{ends[1]}};
}

// An empty file without a name.
inline Descriptor make_file() {
  std::string name = ::testing::TempDir() + "lastwordXXXXXX";
  Descriptor file{::mkostemp(name.data(), O_CLOEXEC)};
  EXPECT_GE(file.number(), 0);
  EXPECT_EQ(::unlink(name.c_str()), 0);
  return file;
}

inline void set_non_blocking(const Descriptor& descriptor) {
  const int flags = ::fcntl(descriptor.number(), F_GETFL);
  ASSERT_EQ(::fcntl(descriptor.number(), F_SETFL, flags | O_NONBLOCK), 0);
}

inline void write_all(const Descriptor& descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(descriptor.number(), text.data(), text.size());
    ASSERT_GT(size, 0);
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

// Writes lines, each with its number, to a non-blocking descriptor until it takes no more. Returns
// everything that it took; the last line may be cut off.
inline std::string fill(const Descriptor& descriptor) {
  std::string taken;
  for (int number = 0;; ++number) {
    const std::string line = "line " + std::to_string(number) + "\n";
    const ssize_t size = ::write(descriptor.number(), line.data(), line.size());
    if (size < 0) {
      EXPECT_EQ(errno, EAGAIN);
      return taken;
    }
    taken += line.substr(0, static_cast<std::size_t>(size));
  }
}

// What a non-blocking descriptor has now.
inline std::string read_some(const Descriptor& descriptor) {
  std::array<char, 65536> buffer;
  const ssize_t size = ::read(descriptor.number(), buffer.data(), buffer.size());
  return size > 0 ? std::string{buffer.data(), static_cast<std::size_t>(size)} : std::string{};
}

// Runs the loop until something is so, but not for ever. The condition is looked at again and
// again, as it may itself bring about what it waits for (by reading, say), and between the two
// sides of a terminal the kernel takes its time.
template <typename Condition>
void run_until(boost::asio::io_context& context, Condition condition) {
  using std::chrono::milliseconds;
  context.restart();
  for (int rounds = 0; rounds < 10'000; ++rounds) {
    context.poll();
    if (condition()) return;
    context.run_one_for(milliseconds{3});
    context.restart();
  }
  FAIL() << "not so";
}

// Runs everything that is ready.
inline void run_ready(boost::asio::io_context& context) {
  context.restart();
  context.poll();
}

}  // namespace lastword
