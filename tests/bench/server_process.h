// The process under measurement, seen from outside: started, watched through /proc, ended.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace lastword::bench {

// The run can't be counted: the server or the driver did what it must not do.
class LoadFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Address {  // IPv4, a loopback address
  std::string host;
  std::uint16_t port = 0;
};

// HOST:PORT; throws LoadFailure where that is no loopback address.
[[nodiscard]] Address parse_address(const std::string& text);

// What the kernel has counted for all threads of a process that are still there. A thread that
// ended in between takes its share with it.
struct ProcessUsage {
  std::chrono::nanoseconds cpu{};
  std::uint64_t wake_ups = 0;  // voluntary context switches: how often it had gone to sleep
};

// As of now, but that a running thread's time is added up only at the kernel's next tick.
[[nodiscard]] ProcessUsage usage_of(pid_t process);
// Waits before, for at most a second, until every thread of the process sleeps.
[[nodiscard]] ProcessUsage settled_usage(pid_t process);

// The user memory that this process alone holds, from smaps_rollup. What the kernel holds for its
// sockets is in neither figure.
struct ProcessMemory {
  std::uint64_t anonymous_bytes = 0;
  std::uint64_t private_bytes = 0;  // clean and dirty, so with the touched parts of the program
};
[[nodiscard]] ProcessMemory memory_of(pid_t process);

// A server that this driver starts and ends. Killed, should the driver fail before end().
class ServerProcess {
 public:
  struct Placement {
    std::optional<std::size_t> cpu;  // pinned to this one
  };

  // Runs the command with /bin/sh and waits for its ready line; or, where the command has "{port}"
  // in it, puts a free port there and waits until the server listens at it.
  ServerProcess(const std::string& command, Placement placement, std::chrono::seconds patience);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] pid_t id() const { return id_; }
  [[nodiscard]] bool has_ended() const { return id_ < 0; }
  // Where it listens, by its ready line: listener is "tcp" or "ws". A server that was given its
  // port listens there and nowhere else.
  [[nodiscard]] Address address(const std::string& listener) const;

  // With SIGTERM; or with SIGINT, where the server was given its port: NATS would end with an exit
  // code of 1 otherwise.
  void ask_to_stop() const;

  struct Ending {
    std::string last_words;          // on standard output, after its ready line
    std::chrono::nanoseconds cpu{};  // of its whole life, all threads, those that ended before too
  };
  // Waits for the end of a server that was asked to stop. Throws LoadFailure at a non-zero exit
  // code, or when patience runs out.
  [[nodiscard]] Ending end(std::chrono::seconds patience);

 private:
  void await_ready_line(std::chrono::steady_clock::time_point patience_end);
  void await_listener(std::chrono::steady_clock::time_point patience_end);
  // False at the end of the stream.
  bool read_more(std::chrono::steady_clock::time_point patience_end);

  pid_t id_ = -1;
  int output_ = -1;
  std::string unread_;
  std::string ready_line_;
  std::optional<Address> given_address_;  // for a server that writes no ready line
};

void pin_to_cpu(pid_t process, std::size_t cpu);  // 0: the caller

// Two different CPUs out of those that the caller may use; nothing where it has but one.
struct CpuPair {
  std::size_t driver = 0;
  std::size_t server = 0;
};
[[nodiscard]] std::optional<CpuPair> find_two_cpus();

}  // namespace lastword::bench
