#include "tests/end_to_end/line_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <iostream>
#include <iterator>
#include <system_error>
#include <utility>

#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

constexpr std::size_t transcript_entries_max = 40;
constexpr std::size_t transcript_bytes_max = 160;  // of one entry
constexpr std::size_t read_bytes_max = 64 * 1024;
constexpr int reads_per_event_max = 16;  // so that one busy peer does not starve the others

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress address_of(const Endpoint& endpoint) {
  SocketAddress address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, endpoint.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&address.storage, &v4, sizeof v4);
    address.size = sizeof v4;
  } else if (::inet_pton(AF_INET6, endpoint.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&address.storage, &v6, sizeof v6);
    address.size = sizeof v6;
  } else {
    throw Violation("not a literal address: " + endpoint.host);
  }
  return address;
}

[[noreturn]] void throw_system_error(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

// A connect to a port where nobody listens can meet itself, if the kernel picks that very port.
bool is_connected_to_itself(const Descriptor& socket) {
  SocketAddress here;
  SocketAddress there;
  ::getsockname(socket.number(), here.get(), &here.size);
  ::getpeername(socket.number(), there.get(), &there.size);
  return here.size == there.size && std::memcmp(&here.storage, &there.storage, here.size) == 0;
}

void wait_until_connected(const Descriptor& socket) {
  const Watchdog watchdog("a connection");
  pollfd writable{socket.number(), POLLOUT, 0};
  while (::poll(&writable, 1, watchdog.poll_timeout_ms()) <= 0) continue;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) throw_system_error(error, "connect");
}

}  // namespace

Descriptor connect_to(const Endpoint& endpoint, const ClientOptions& options) {
  const SocketAddress address = address_of(endpoint);
  Descriptor socket(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) throw_system_error(errno, "socket");
  const int on = 1;
  ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (options.receive_buffer_bytes > 0) {
    ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes,
                 sizeof options.receive_buffer_bytes);
  }
  if (::connect(socket.number(), address.get(), address.size) != 0) {
    if (errno != EINPROGRESS) throw_system_error(errno, "connect");
    wait_until_connected(socket);
  }
  if (is_connected_to_itself(socket)) throw_system_error(ECONNREFUSED, "connect to itself");
  return socket;
}

std::string Transcript::text() const {
  std::string text;
  if (entries_.empty()) return text;
  if (forgotten_count_ > 0) {
    text += "  (" + std::to_string(forgotten_count_) + " earlier entries left out)\n";
  }
  for (const std::string& entry : entries_) text += "  " + entry + "\n";
  return text;
}

void Transcript::add(std::string_view mark, std::string_view bytes) {
  if (entries_.size() == transcript_entries_max) {
    entries_.pop_front();
    ++forgotten_count_;
  }
  std::string entry(mark);
  for (const char byte : bytes.substr(0, transcript_bytes_max)) {
    static constexpr std::string_view digits = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    if (byte == '\n') {
      entry += "\\n";
    } else if (value < 0x20 || value == 0x7f) {
      entry += {'\\', 'x', digits[value >> 4U], digits[value & 0xfU]};
    } else {
      entry += byte;
    }
  }
  if (bytes.size() > transcript_bytes_max) {
    entry += "... (" + std::to_string(bytes.size()) + " bytes)";
  }
  entries_.push_back(std::move(entry));
}

LineClient::LineClient(const Endpoint& endpoint, const ClientOptions& options)
    : socket_(connect_to(endpoint, options)) {}

LineClient::~LineClient() {
  if (transcript_.text().empty()) return;
  if (std::uncaught_exceptions() == 0 && !::testing::Test::HasFailure()) return;
  std::cerr << "--- " << description() << ":\n" << transcript_.text() << "---\n";
}

std::string LineClient::description() const {
  static constexpr std::array<std::string_view, 3> endings{"open", "finished", "reset"};
  return (name_.empty() ? "a client without a name" : "client '" + name_ + "'") + " (socket " +
         std::to_string(socket_.number()) + ", " +
         std::string(endings.at(static_cast<std::size_t>(ending_))) + ", " +
         std::to_string(unsent_bytes()) + " bytes unsent, " + std::to_string(inbox_.size()) +
         " lines unread)";
}

void LineClient::login(std::string_view name) {
  name_ = name;
  send_line(name);
  for (const std::string& line : catch_up_with_everything()) {
    if (!is_information(line)) throw Violation("login as " + name_ + " answered by: " + line);
  }
  is_logged_in_ = true;
}

void LineClient::send(std::string_view bytes) {
  transcript_.sent(bytes);
  if (unsent_taken_ >= unsent_.size() / 2) unsent_.erase(0, std::exchange(unsent_taken_, 0));
  unsent_ += bytes;
  write_what_fits();
}

void LineClient::send_line(std::string_view line) { send(std::string(line) + "\n"); }

void LineClient::flush() {
  pump_until({this}, "the kernel to take all bytes",
             [this] { return unsent_bytes() == 0 || !can_write_; });
}

std::string LineClient::read_line() {
  pump_until({this}, "a line", [this] { return !inbox_.empty() || ending_ != Ending::open; });
  if (inbox_.empty()) {
    throw Violation("the connection ended, a line was expected: " + description());
  }
  std::string line = std::move(inbox_.front());
  inbox_.pop_front();
  return line;
}

std::string LineClient::read_news() {
  for (;;) {
    std::string line = read_line();
    if (!is_information(line)) return line;
  }
}

std::vector<std::string> LineClient::catch_up_with_everything() {
  const std::string token = "catch-up-" + std::to_string(++ping_count_);
  send_line("/ping " + token);
  std::vector<std::string> lines;
  for (std::string line = read_line(); line != "* pong " + token; line = read_line()) {
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> LineClient::catch_up() {
  return without_information(catch_up_with_everything());
}

std::vector<std::string> LineClient::read_until_end() {
  pump_until({this}, "the end of the connection", [this] { return ending_ != Ending::open; });
  std::vector<std::string> lines(std::make_move_iterator(inbox_.begin()),
                                 std::make_move_iterator(inbox_.end()));
  inbox_.clear();
  return lines;
}

void LineClient::half_close() {
  flush();
  transcript_.noted("FIN");
  ::shutdown(socket_.number(), SHUT_WR);
}

void LineClient::reset() {
  transcript_.noted("RST");
  const linger abort{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  socket_.close();
}

void LineClient::close() {
  transcript_.noted("close");
  socket_.close();
}

short LineClient::wanted_events() const {
  if (!socket_.is_open()) return 0;
  int events = 0;
  if (is_reading_ && ending_ == Ending::open) events |= POLLIN;
  if (can_write_ && unsent_bytes() > 0) events |= POLLOUT;
  return static_cast<short>(events);
}

void LineClient::handle_events(short events) {
  if ((events & (POLLOUT | POLLERR | POLLHUP)) != 0) write_what_fits();
  if (is_reading_ && (events & (POLLIN | POLLERR | POLLHUP)) != 0) read_what_is_there();
}

void LineClient::write_what_fits() {
  while (can_write_ && unsent_bytes() > 0) {
    const ssize_t count =
        ::send(socket_.number(), unsent_.data() + unsent_taken_, unsent_bytes(), MSG_NOSIGNAL);
    if (count >= 0) {
      unsent_taken_ += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EAGAIN || errno == EINTR) return;
    // EPIPE: refused after the server's FIN had arrived, so nothing was lost on the way here.
    can_write_ = false;
    if (errno == EPIPE) {
      transcript_.noted("no more bytes are taken");
    } else {
      end(Ending::reset, std::strerror(errno));
    }
  }
}

void LineClient::read_what_is_there() {
  std::array<char, read_bytes_max> bytes;  // not cleared for each read
  for (int reads = 0; reads < reads_per_event_max; ++reads) {
    const ssize_t count = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
    if (count > 0) {
      take({bytes.data(), static_cast<std::size_t>(count)});
      continue;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    // EPIPE here: the reset came after the FIN, so everything has been read.
    const bool is_finished = count == 0 || errno == EPIPE;
    return end(is_finished ? Ending::finished : Ending::reset,
               is_finished ? "end of file" : std::strerror(errno));
  }
}

void LineClient::take(std::string_view bytes) {
  for (std::size_t line_end = bytes.find('\n'); line_end != std::string_view::npos;
       line_end = bytes.find('\n')) {
    unfinished_line_ += bytes.substr(0, line_end);
    transcript_.received(unfinished_line_);
    inbox_.push_back(std::exchange(unfinished_line_, {}));
    bytes.remove_prefix(line_end + 1);
  }
  unfinished_line_ += bytes;
}

// A reset is never forgotten for an end of file that seems to follow it.
void LineClient::end(Ending ending, std::string_view note) {
  if (ending_ == Ending::reset) return;
  ending_ = ending;
  transcript_.noted(note);
}

void pump_until(std::span<LineClient* const> clients, std::string_view what,
                const std::function<bool()>& is_done) {
  Watchdog watchdog{std::string(what)};
  std::vector<pollfd> waited(clients.size());
  while (!is_done()) {
    bool can_change = false;
    for (std::size_t index = 0; index < clients.size(); ++index) {
      const short events = clients[index]->wanted_events();
      // A negative number is skipped by poll(2), which would report errors without being asked.
      waited[index] = {events == 0 ? -1 : clients[index]->descriptor(), events, 0};
      can_change = can_change || waited[index].fd >= 0;
    }
    if (!can_change) throw Violation("nothing can come any more: " + std::string(what));
    const int ready_count = ::poll(waited.data(), waited.size(), watchdog.poll_timeout_ms());
    if (ready_count > 0) watchdog.feed();
    for (std::size_t index = 0; index < clients.size(); ++index) {
      if (waited[index].revents != 0) clients[index]->handle_events(waited[index].revents);
    }
  }
}

void pump_until(std::initializer_list<LineClient*> clients, std::string_view what,
                const std::function<bool()>& is_done) {
  pump_until(std::span<LineClient* const>(clients.begin(), clients.size()), what, is_done);
}

bool is_information(std::string_view line) { return line.starts_with("* "); }

std::vector<std::string> without_information(std::vector<std::string> lines) {
  std::erase_if(lines, is_information);
  return lines;
}

}  // namespace lastword::end_to_end
