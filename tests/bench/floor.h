// The floor: what routing messages costs at the least on this machine, for comparison with
// lastword.
//
// One thread, level-triggered epoll, plain strings. It speaks the part of lastword's protocols that
// the load driver uses and has none of lastword's promises: no bound on a queue, no back-pressure,
// no check of a name, no report of what could not be delivered, no drain, no timeout. Whatever
// lastword costs above it is the price of those promises.
//
// A Wire, chosen at compile time, is how lines lie in one connection's bytes. LineWire (floor.cc)
// and WebSocketWire (websocket_floor.cc) have these members:
//
//   bool read(std::span<char> bytes, std::string& output, take)
//                                    calls take(line) for each whole line and keeps the rest; true
//                                    if it has put something into output itself
//   static void begin(std::string& output, std::size_t size)
//   static void end(std::string& output)
//                                    what goes before and after a line of this size to a client
//   static std::string ready_line(const std::string& address)
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

// Set for the canaries only (see CMakeLists.txt): the delivery with this number is lost, or made
// twice, so that the driver is seen to notice. 0 is never.
#ifndef LASTWORD_FLOOR_LOSES
#define LASTWORD_FLOOR_LOSES 0
#endif
#ifndef LASTWORD_FLOOR_REPEATS
#define LASTWORD_FLOOR_REPEATS 0
#endif

namespace lastword::bench {

constexpr std::uint64_t lost_delivery = LASTWORD_FLOOR_LOSES;
constexpr std::uint64_t repeated_delivery = LASTWORD_FLOOR_REPEATS;

struct StringHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the library asks for it
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <typename Value>
using ByName = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <typename Wire>
class Floor {
 public:
  explicit Floor(int listener) : listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 512> events;
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == listener_) {
          accept_all();
        } else {
          if ((event.events & EPOLLOUT) != 0) mark_changed(event.data.fd);
          if ((event.events & ~std::uint32_t{EPOLLOUT}) != 0) read(event.data.fd);
        }
      }
      for (const int descriptor : changed_) write(descriptor);
      changed_.clear();
    }
  }

 private:
  struct Connection {
    Wire wire;
    std::string name;  // empty before the login
    std::string output;
    std::size_t output_sent = 0;
    bool changed = false;
    bool waits_for_room = false;  // the kernel's buffer was full: EPOLLOUT is on
  };

  Connection& connection(int descriptor) {
    return connections_[static_cast<std::size_t>(descriptor)];
  }

  void watch(int operation, int descriptor, std::uint32_t interest) {
    epoll_event event{};
    event.events = interest;
    event.data.fd = descriptor;
    epoll_ctl(epoll_, operation, descriptor, &event);
  }

  void accept_all() {
    while (true) {
      const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0) return;
      const int on = 1;
      setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (connections_.size() <= static_cast<std::size_t>(descriptor)) {
        connections_.resize(static_cast<std::size_t>(descriptor) + 1);
      }
      connection(descriptor) = Connection{};
      watch(EPOLL_CTL_ADD, descriptor, EPOLLIN);
    }
  }

  void read(int descriptor) {
    const ssize_t received = recv(descriptor, buffer_.data(), buffer_.size(), 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) return close(descriptor);
    const std::span bytes(buffer_.data(), static_cast<std::size_t>(received));
    Connection& from = connection(descriptor);
    const auto take = [&](std::string_view line) { take_line(descriptor, line); };
    if (from.wire.read(bytes, from.output, take)) mark_changed(descriptor);
  }

  void take_line(int descriptor, std::string_view line) {
    if (line.empty()) return;
    Connection& from = connection(descriptor);
    if (from.name.empty()) {
      from.name = trimmed(line);
      names_.insert_or_assign(from.name, descriptor);
    } else if (line.front() == '/') {
      take_command(descriptor, line);
    } else {
      take_message(descriptor, line);
    }
  }

  void take_command(int descriptor, std::string_view line) {
    if (line.starts_with("/ping ")) {
      constexpr std::string_view head = "* pong ";
      const std::string_view token = trimmed(line.substr(6));
      std::string& output = connection(descriptor).output;
      Wire::begin(output, head.size() + token.size());
      output.append(head).append(token);
      Wire::end(output);
      mark_changed(descriptor);
    } else if (line.starts_with("/join #")) {
      rooms_[std::string(trimmed(line.substr(7)))].push_back(descriptor);
    }
  }

  void take_message(int descriptor, std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view text = trimmed(line.substr(colon + 1));
    std::string_view destinations = line.substr(0, colon);
    rendered_.clear();
    while (!destinations.empty()) {
      const std::size_t end = std::min(destinations.find(','), destinations.size());
      const std::string_view destination = trimmed(destinations.substr(0, end));
      destinations.remove_prefix(std::min(end + 1, destinations.size()));
      if (destination.starts_with('#')) {
        send_to_room(descriptor, destination.substr(1), text);
      } else if (const auto found = names_.find(destination); found != names_.end()) {
        if (rendered_.empty()) render(descriptor, "", text);
        deliver(found->second, rendered_);
      }
    }
  }

  void send_to_room(int descriptor, std::string_view room, std::string_view text) {
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) return;
    render(descriptor, room, text);
    for (const int member : found->second) {
      if (member != descriptor) deliver(member, rendered_);
    }
    rendered_.clear();
  }

  void render(int descriptor, std::string_view room, std::string_view text) {
    constexpr std::string_view head = "from ";
    constexpr std::string_view before_room = " in #";
    constexpr std::string_view before_text = ": ";
    const std::string& name = connection(descriptor).name;
    const std::size_t room_size = room.empty() ? 0 : before_room.size() + room.size();
    rendered_.clear();
    Wire::begin(rendered_,
                head.size() + name.size() + room_size + before_text.size() + text.size());
    rendered_.append(head).append(name);
    if (!room.empty()) rendered_.append(before_room).append(room);
    rendered_.append(before_text).append(text);
    Wire::end(rendered_);
  }

  void deliver(int descriptor, std::string_view rendered) {
    ++deliveries_;
    if (lost_delivery != 0 && deliveries_ == lost_delivery) return;
    connection(descriptor).output += rendered;
    if (repeated_delivery != 0 && deliveries_ == repeated_delivery) {
      connection(descriptor).output += rendered;
    }
    mark_changed(descriptor);
  }

  void mark_changed(int descriptor) {
    if (std::exchange(connection(descriptor).changed, true)) return;
    changed_.push_back(descriptor);
  }

  void write(int descriptor) {
    Connection& to = connection(descriptor);
    to.changed = false;
    const std::string_view rest = std::string_view(to.output).substr(to.output_sent);
    if (rest.empty()) return;
    const ssize_t sent = send(descriptor, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) to.output_sent += static_cast<std::size_t>(sent);
    const bool is_done = to.output_sent == to.output.size();
    if (is_done) {
      to.output.clear();
      to.output_sent = 0;
    }
    if (to.waits_for_room == is_done) {
      to.waits_for_room = !is_done;
      watch(EPOLL_CTL_MOD, descriptor, is_done ? EPOLLIN : EPOLLIN | EPOLLOUT);
    }
  }

  void close(int descriptor) {
    names_.erase(connection(descriptor).name);
    for (auto& [room, members] : rooms_) std::erase(members, descriptor);
    connection(descriptor) = Connection{};
    ::close(descriptor);
  }

  int listener_;
  int epoll_;
  std::vector<Connection> connections_;  // by descriptor
  ByName<int> names_;
  ByName<std::vector<int>> rooms_;
  std::vector<int> changed_;
  std::string rendered_;
  std::uint64_t deliveries_ = 0;
  std::array<char, std::size_t{256} * 1024> buffer_;
};

struct Listener {
  int descriptor = -1;
  std::string address;
};

inline Listener listen_on_loopback() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw_address = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, raw_address, size) != 0 || listen(listener, 4096) != 0 ||
      getsockname(listener, raw_address, &size) != 0) {
    std::perror("floor");
    std::exit(1);
  }
  return {.descriptor = listener,
          .address = "127.0.0.1:" + std::to_string(ntohs(address.sin_port))};
}

template <typename Wire>
[[noreturn]] void run_floor() {
  std::signal(SIGTERM, [](int) { _exit(0); });  // no last word here
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  const Listener listener = listen_on_loopback();
  std::cout << Wire::ready_line(listener.address) << std::flush;
  static Floor<Wire> floor(listener.descriptor);  // the reading buffer is too big for a stack
  floor.run();
}

}  // namespace lastword::bench
