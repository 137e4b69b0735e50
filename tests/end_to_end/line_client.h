// LineClient: one peer of the line protocol over a real socket.
//
// It never blocks in a system call: bytes to send are kept here until the kernel takes them, bytes
// that arrive are cut into lines and kept until they are read. Every wait carries both directions
// (a client that waits for its socket to take bytes goes on reading, unless it was told to stop),
// so no test can lock itself up; and every wait has a watchdog, which throws Violation.
//
// Lines are handed out without their LF. "News" are the lines that are no information, that is,
// messages and errors: information (`* ...`) may come at any time.
//
// On a failing test the destructor prints the client's transcript.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/descriptor.h"
#include "tests/end_to_end/server_process.h"

namespace lastword::end_to_end {

// The last lines sent and received, for a person who looks for the reason of a failure.
class Transcript {
 public:
  void sent(std::string_view bytes) { add("> ", bytes); }
  void received(std::string_view line) { add("< ", line); }
  void noted(std::string_view note) { add("= ", note); }
  [[nodiscard]] std::string text() const;

 private:
  void add(std::string_view mark, std::string_view bytes);

  std::deque<std::string> entries_;
  std::size_t forgotten_count_ = 0;
};

enum class Ending {
  open,      // the server has not ended its side
  finished,  // end of file: all that the server sent has arrived
  reset,     // the connection was reset before the end of file
};

struct ClientOptions {
  int receive_buffer_bytes = 0;  // SO_RCVBUF, set before the connect; 0 leaves it to the kernel
};

// A non-blocking socket, connected when it returns; std::system_error with the errno of connect(2)
// if it can't be.
[[nodiscard]] Descriptor connect_to(const Endpoint& endpoint, const ClientOptions& options = {});

class LineClient {
 public:
  // Connected when it returns; std::system_error with the errno of connect(2) if it can't be.
  explicit LineClient(const Endpoint& endpoint, const ClientOptions& options = {});
  LineClient(LineClient&&) noexcept = default;
  LineClient& operator=(LineClient&&) noexcept = default;
  ~LineClient();

  // Sends NAME and waits for the answer to a ping: the peer is there when it returns.
  void login(std::string_view name);
  [[nodiscard]] bool is_logged_in() const { return is_logged_in_; }

  // Queues the bytes and hands the kernel what it takes now.
  void send(std::string_view bytes);
  void send_line(std::string_view line);
  // Waits until the kernel has taken everything; the connection may have ended instead.
  void flush();
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_.size() - unsent_taken_; }
  // False once the connection has refused bytes.
  [[nodiscard]] bool can_write() const { return can_write_; }

  // The next line of any kind. Violation if the connection ends first.
  [[nodiscard]] std::string read_line();
  // The next line that is no information.
  [[nodiscard]] std::string read_news();
  // Pings and returns all lines that come before the answer: when it returns, the server has
  // handled every line sent before, and what it had for this peer by then is in the result.
  [[nodiscard]] std::vector<std::string> catch_up_with_everything();
  // The same without the information.
  [[nodiscard]] std::vector<std::string> catch_up();
  // All lines up to the end of the connection, however that comes: see ending().
  [[nodiscard]] std::vector<std::string> read_until_end();

  // The lines that have arrived already, without waiting.
  [[nodiscard]] std::deque<std::string>& inbox() { return inbox_; }
  [[nodiscard]] Ending ending() const { return ending_; }
  // What came after the last LF.
  [[nodiscard]] const std::string& unfinished_line() const { return unfinished_line_; }

  void stop_reading() { is_reading_ = false; }
  void start_reading() { is_reading_ = true; }

  // FIN, after everything queued has been sent.
  void half_close();
  // RST: what is on the way, in both directions, is lost.
  void reset();
  void close();

  // For pump_until.
  [[nodiscard]] int descriptor() const { return socket_.number(); }
  [[nodiscard]] short wanted_events() const;
  void handle_events(short events);

  [[nodiscard]] std::string description() const;
  [[nodiscard]] std::string transcript_text() const { return transcript_.text(); }

 private:
  void write_what_fits();
  void read_what_is_there();
  void take(std::string_view bytes);
  void end(Ending ending, std::string_view note);

  Descriptor socket_;
  std::string name_;
  bool is_logged_in_ = false;
  bool is_reading_ = true;
  bool can_write_ = true;  // until the connection refuses bytes
  std::string unsent_;
  std::size_t unsent_taken_ = 0;
  std::deque<std::string> inbox_;
  std::string unfinished_line_;
  Ending ending_ = Ending::open;
  std::size_t ping_count_ = 0;
  Transcript transcript_;
};

// Carries bytes for all the clients until `is_done` holds; it is asked again whenever bytes moved.
// `what` completes "waited too long for ...".
void pump_until(std::span<LineClient* const> clients, std::string_view what,
                const std::function<bool()>& is_done);
void pump_until(std::initializer_list<LineClient*> clients, std::string_view what,
                const std::function<bool()>& is_done);

[[nodiscard]] bool is_information(std::string_view line);
[[nodiscard]] std::vector<std::string> without_information(std::vector<std::string> lines);

}  // namespace lastword::end_to_end
