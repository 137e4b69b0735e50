// ClientProcess: `lastword connect` as a process, with a pipe at each of its standard streams.
//
// Lines to say are kept here until the client takes them; what it writes to standard output and
// standard error is cut into lines and kept until it is read. Every wait carries all three streams.
// Violation when the watchdog barks, or when what is waited for can't come any more.
//
// On a failing test the destructor prints the client's standard error.
#pragma once

#include <poll.h>

#include <deque>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/descriptor.h"
#include "tests/end_to_end/participant.h"
#include "tests/end_to_end/process.h"
#include "tests/end_to_end/server_process.h"

namespace lastword::end_to_end {

enum class Transport { lines, websocket };
[[nodiscard]] std::string to_string(Transport transport);
void PrintTo(Transport transport, std::ostream* out);

// `tcp://HOST:PORT` or `ws://HOST:PORT/`.
[[nodiscard]] std::string url_of(Transport transport, const Endpoint& endpoint);
// The server's own, for this kind of client.
[[nodiscard]] std::string url_of(Transport transport, const ServerProcess& server);

// An end of a pipe each.
struct Pipe {
  Pipe();
  Descriptor reader;
  Descriptor writer;
};

struct ConnectOptions {
  std::vector<std::string> arguments = {};  // behind URL and name
  // In the place of a pipe: the caller's. Nothing can be said, or nothing read, then.
  int input = -1;
  int output = -1;
  // In the place of a pipe, which takes but 1 MiB at a time: a file in memory, to be read at the
  // end. The client leaves lines out rather than wait for a pipe that is full.
  bool is_error_a_file = false;
};

class ClientProcess final : public Participant {
 public:
  ClientProcess(const std::string& url, const std::string& name,
                const ConnectOptions& options = {});
  ~ClientProcess() override;

  // --- Standard input ---------------------------------------------------------------------------

  void say(std::string_view line) { say_bytes(std::string(line) + "\n"); }
  void say_bytes(std::string_view bytes);
  // The end of its standard input, once everything is written.
  void end_input();
  [[nodiscard]] std::size_t unsaid_bytes() const { return unsaid_.size() - unsaid_taken_; }

  // --- Standard output and standard error --------------------------------------------------------

  // The next line; Violation at the end.
  [[nodiscard]] std::string read_line();
  // The next line that is no information.
  [[nodiscard]] std::string read_news();
  // The next line on standard error in which this stands; those before it are skipped.
  std::string wait_for_status(std::string_view part);
  // All that came and was not read.
  [[nodiscard]] std::deque<std::string>& inbox() { return inbox_; }
  // All that it has written to standard error so far, without the times.
  [[nodiscard]] std::vector<std::string> statuses() const;
  // The same as it was written.
  [[nodiscard]] std::string standard_error() const;

  void stop_reading() { is_reading_ = false; }
  void start_reading() { is_reading_ = true; }
  // Nobody reads its standard output any more: writing there fails.
  void close_output() { output_.close(); }

  // --- Its end -----------------------------------------------------------------------------------

  void send_signal(int signal) const { process_.send_signal(signal); }
  // Nothing more will come from it: standard output and error are at their end.
  [[nodiscard]] bool has_ended() const { return !output_.is_open() && !error_.is_open(); }
  // Waits for the end and returns how it ended.
  ExitStatus wait_for_exit();
  // Ends its input and waits for the end.
  ExitStatus finish();

  [[nodiscard]] Process& process() { return process_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  void add_waits(std::vector<pollfd>& waits) const override;
  void handle(std::span<const pollfd> ready) override;

 private:
  // For the constructor: the ends that the process gets are closed once it has them.
  struct Pipes {
    Pipe input;
    Pipe output;
    Pipe error;
  };
  ClientProcess(const std::string& url, const std::string& name, const ConnectOptions& options,
                Pipes pipes);

  void write_what_fits();
  void read_output();
  void read_error();

  std::string name_;
  Descriptor input_;
  Descriptor output_;
  Descriptor error_;
  Process process_;

  std::string unsaid_;
  std::size_t unsaid_taken_ = 0;
  bool is_input_ending_ = false;
  bool is_reading_ = true;
  std::string unfinished_line_;
  std::deque<std::string> inbox_;
  std::string error_text_;
  std::size_t error_taken_ = 0;  // up to here wait_for_status has looked
};

// The text of a line on standard error without its time.
[[nodiscard]] std::string_view without_time(std::string_view status);

}  // namespace lastword::end_to_end
