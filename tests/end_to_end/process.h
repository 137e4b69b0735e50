// Process: one child process under test, with its standard input, output and error and its traces
// in /proc.
//
// Invariants:
//  1. The child never outlives the object: the destructor kills and reaps what is still running,
//     and so does the kernel if the test itself dies.
//  2. Writing to standard error never blocks the child (it is a file in memory); standard output
//     is a pipe, read by every wait here. (What the caller puts in their place is his affair.)
//  3. The child starts with the default handling of SIGINT, SIGTERM and SIGPIPE.
//  4. What a child with a group of its own has started ends with it, at the latest.
//
// Waits throw Violation when the watchdog barks.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/descriptor.h"

namespace lastword::end_to_end {

struct ExitStatus {
  int code = -1;   // what the process returned; -1 if a signal ended it
  int signal = 0;  // the signal that ended it; 0 if it returned
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};
[[nodiscard]] std::string to_string(const ExitStatus& status);
void PrintTo(const ExitStatus& status, std::ostream* out);

struct Command {
  std::string binary = {};
  std::vector<std::string> arguments = {};
  std::optional<rlim_t> descriptors_max = std::nullopt;  // RLIMIT_NOFILE, soft and hard
  std::vector<std::string> environment = {};             // NAME=VALUE, besides what is there
  bool has_input = false;  // written by write_input; else there is nothing to read
  bool has_group_of_its_own = false;
  // In the place of the usual standard streams: descriptors that stay the caller's; -1 is none.
  int input = -1;
  int output = -1;
  int error = -1;
  // The child's input is a terminal, and its keys send the child signals.
  bool is_on_terminal = false;
};

// Where PATH has this program; Violation, naming its Debian package, where it has not.
[[nodiscard]] std::string program_in_path(std::string_view program, std::string_view package);

// The binary under test: the environment's LASTWORD_BINARY, else the one that the build made.
[[nodiscard]] std::string lastword_binary();

class Process {
 public:
  explicit Process(const Command& command);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  // The next whole line of standard output, without its LF; nothing at its end.
  [[nodiscard]] std::optional<std::string> read_output_line();
  // Waits until the child's standard input has taken all of it, and reads its output meanwhile.
  void write_input(std::string_view bytes);
  // The end of the child's standard input.
  void close_input() { input_.close(); }
  // From now on the child's writes to standard output fail with EPIPE.
  void close_standard_output();
  void send_signal(int signal) const;
  // Waits until the process waits for something itself.
  void wait_until_asleep() const;
  // Waits for the end of the process and returns how it ended; again and again the same.
  ExitStatus wait_for_exit();
  [[nodiscard]] bool is_running() const { return !exit_status_.has_value(); }

  // All that has been written so far; after wait_for_exit all there is.
  [[nodiscard]] const std::string& standard_output() const { return standard_output_; }
  [[nodiscard]] std::string standard_error() const;

  [[nodiscard]] pid_t id() const { return id_; }
  // For a poll(2): readable once the process has ended.
  [[nodiscard]] int end_descriptor() const { return process_.number(); }
  [[nodiscard]] std::size_t resident_bytes() const;
  [[nodiscard]] std::size_t resident_bytes_peak() const;
  [[nodiscard]] std::size_t open_descriptors() const;
  [[nodiscard]] std::chrono::nanoseconds cpu_time() const;
  // Whether a file whose path contains this is mapped into the process: a library, say.
  [[nodiscard]] bool has_mapped(std::string_view file) const;
  // Sanitizers reserve terabytes of address space; figures of memory mean nothing then.
  [[nodiscard]] bool has_shadow_memory() const;

 private:
  void take_output();
  void end_group() const;
  [[nodiscard]] std::size_t status_kibibytes(std::string_view key) const;
  [[nodiscard]] std::string proc_path(std::string_view file) const;

  pid_t id_ = -1;
  bool has_group_of_its_own_ = false;
  Descriptor process_;  // pidfd: readable once the process has ended
  Descriptor input_;    // a socket, as writing to a pipe that nobody reads raises a signal
  Descriptor output_;
  Descriptor error_;
  std::string standard_output_;
  std::size_t output_taken_ = 0;  // up to here read_output_line has handed it out
  bool is_output_at_end_ = false;
  std::optional<ExitStatus> exit_status_;
};

}  // namespace lastword::end_to_end
