// ServerProcess: `lastword serve` on a free port of the loopback, from its ready line to its
// shutdown report.
//
// So that no test depends on the machine's speed, the server is started with timeouts, and a
// heartbeat, far beyond the watchdog (five minutes each); a test that is about one of them names
// its own, and as the last of a repeated option wins, that one counts.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/process.h"
#include "tests/end_to_end/shutdown_report.h"

namespace lastword::end_to_end {

struct Endpoint {
  std::string host;  // a literal address, without brackets
  std::uint16_t port = 0;
};

// `ready tcp=127.0.0.1:8080 ws=none admin=none`; Violation if the line is anything else.
struct ReadyLine {
  std::string tcp;
  std::string ws;
  std::string admin;
};
[[nodiscard]] ReadyLine parse_ready_line(std::string_view line);
// `127.0.0.1:8080` or `[::1]:8080`; Violation if it is neither.
[[nodiscard]] Endpoint parse_endpoint(std::string_view text);

struct ServerOptions {
  std::string binary = lastword_binary();
  std::string tcp = "127.0.0.1:0";
  std::string ws = "none";
  std::optional<rlim_t> descriptors_max = std::nullopt;  // RLIMIT_NOFILE of the server
};

// For a server that listens for both kinds of clients.
inline const ServerOptions with_web_socket{.ws = "127.0.0.1:0"};

class ServerProcess {
 public:
  // Starts the server with `arguments` after the usual ones and waits for its ready line.
  explicit ServerProcess(const std::vector<std::string>& arguments = {},
                         const ServerOptions& options = {});

  // On a failing test the destructor prints what the server wrote to its standard error.
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  [[nodiscard]] const Endpoint& tcp() const { return tcp_; }
  // Violation where the server was not asked to listen for WebSocket clients.
  [[nodiscard]] Endpoint ws() const { return parse_endpoint(ready_line_.ws); }
  [[nodiscard]] const ReadyLine& ready_line() const { return ready_line_; }
  [[nodiscard]] Process& process() { return process_; }

  void send_signal(int signal) const { process_.send_signal(signal); }
  ExitStatus wait_for_exit() { return process_.wait_for_exit(); }
  // After the end of the process: the last line of its standard output, which must be the second.
  [[nodiscard]] ShutdownReport report() const;

 private:
  Process process_;
  ReadyLine ready_line_;
  Endpoint tcp_;
};

}  // namespace lastword::end_to_end
