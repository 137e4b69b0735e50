// Listener: the smallest possible other side of a client: a listening socket in the test, and
// blocking calls on what it accepts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "net/descriptor.h"
#include "tests/end_to_end/server_process.h"

namespace lastword::end_to_end {

class Listener {
 public:
  // On a free port of the loopback.
  Listener();

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  // Waits for a connection; Violation when the watchdog barks.
  [[nodiscard]] Descriptor accept() const;
  [[nodiscard]] int descriptor() const { return socket_.number(); }
  void close() { socket_.close(); }

 private:
  Descriptor socket_;
  Endpoint endpoint_;
};

// Writes all of it; the other side is expected to take it.
void put(const Descriptor& socket, std::string_view bytes);
// Reads so many bytes; fewer at the end of the connection.
[[nodiscard]] std::string get(const Descriptor& socket, std::size_t size);
// Reads a line and returns it without its LF; Violation at the end of the connection.
[[nodiscard]] std::string get_line(const Descriptor& socket);
// Reads up to the end of the connection, or its reset.
std::string get_all(const Descriptor& socket);
// Ends the connection by a reset.
void reset(Descriptor& socket);

}  // namespace lastword::end_to_end
