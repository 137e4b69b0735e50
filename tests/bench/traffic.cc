#include "traffic.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <optional>
#include <system_error>
#include <utility>

#include "decimal.h"

namespace lastword::bench {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t read_size = std::size_t{256} * 1024;
constexpr std::string_view goodbye_start = "* goodbye: ";
constexpr unsigned going_away = 1001;  // RFC 6455, section 7.4.1

// Well below any server's backlog.
constexpr std::size_t logins_under_way_max = 128;

// How often those are read from that are held and read slowly.
constexpr std::chrono::milliseconds slow_read_interval{10};

}  // namespace

Traffic::Traffic(TrafficOptions options)
    : options_(std::move(options)), epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(read_size) {}

Traffic::~Traffic() {
  for (const Connection& connection : connections_) {
    if (connection.descriptor >= 0) ::close(connection.descriptor);
  }
  ::close(epoll_);
}

ConnectionIndex Traffic::add_connection(const ConnectionPlan& plan) {
  await_pongs(logins_under_way_max - 1);
  const auto count = static_cast<std::uint32_t>(connections_.size());
  const int descriptor = connect_on_loopback(options_.server, count, plan.reception);
  const ConnectionIndex index{count};
  Connection& connection = connections_.emplace_back(options_.transport);
  connection.descriptor = descriptor;
  connection.name = plan.name;
  connection.room = plan.room;
  ++open_connections_;
  watch(index, EPOLL_CTL_ADD);
  connection.waits_for_pong = true;
  ++pongs_missing_;
  connection.wire.open(connection.output);
  if (connection.wire.is_open()) log_in(index);
  write(index);
  return index;
}

void Traffic::log_in(ConnectionIndex index) {
  Connection& connection = at(index);
  connection.wire.put_login(connection.output, connection.name, connection.room);
  put_ping(index);
}

void Traffic::finish_logins() {
  await_pongs(0);
  // Once more. Linux acknowledges each small segment to who has only listened since its first
  // words, and every second one to who has answered something, as a WebSocket client has by its
  // handshake. Both transports are to be alike.
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    ask_for_pong(static_cast<ConnectionIndex>(i));
  }
  await_pongs(0);
}

void Traffic::await_acceptance() {
  for (const Stream& stream : streams_) ask_for_pong(stream.plan.sender);
  await_pongs(0);
}

void Traffic::confirm_nothing_more_comes() {
  await_acceptance();
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    ask_for_pong(static_cast<ConnectionIndex>(i));
  }
  await_pongs(0);
}

void Traffic::rest(steady_clock::duration duration) {
  const auto end = steady_clock::now() + duration;
  for (auto left = duration; left > left.zero(); left = end - steady_clock::now()) {
    turn_within(left);
  }
}

// --- Held and lent connections -----------------------------------------------------------------

void Traffic::hold(ConnectionIndex index) {
  at(index).is_held = true;
  held_.push_back(index);
  watch(index, EPOLL_CTL_MOD);
}

void Traffic::read_held_slowly(std::size_t bytes) {
  slow_read_size_ = bytes;
  next_slow_read_ = steady_clock::now();
}

void Traffic::resume_all() {
  slow_read_size_ = 0;
  for (const ConnectionIndex index : std::exchange(held_, {})) {
    at(index).is_held = false;
    watch(index, EPOLL_CTL_MOD);
  }
}

void Traffic::read_slowly() {
  if (slow_read_size_ == 0 || steady_clock::now() < next_slow_read_) return;
  next_slow_read_ += slow_read_interval;
  for (const ConnectionIndex index : held_) read(index, slow_read_size_);
}

Traffic::Loan Traffic::lend(ConnectionIndex index) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, at(index).descriptor, nullptr);
  return {.socket = at(index).descriptor, .wire = at(index).wire};
}

void Traffic::take_back(ConnectionIndex index, const Progress& progress) {
  watch(index, EPOLL_CTL_ADD);
  progress_.messages += progress.messages;
  progress_.deliveries += progress.deliveries;
  progress_.reads += progress.reads;
  deliveries_expected_ += progress.deliveries;
}

ClientEnd Traffic::client_end(ConnectionIndex index) const {
  return client_end_of(connections_[static_cast<std::size_t>(index)].descriptor);
}

// --- The end -----------------------------------------------------------------------------------

void Traffic::read_to_the_end() {
  is_ending_ = true;
  while (open_connections_ > 0) turn();
}

Traffic::Goodbyes Traffic::goodbyes() const {
  const std::size_t closed =
      options_.transport == Transport::ws ? close_frames_ : connections_.size();
  return {.missing = connections_.size() - goodbyes_,
          .unclosed = connections_.size() - closed,
          .lines_accepted = goodbye_lines_};
}

// --- Pongs -------------------------------------------------------------------------------------

void Traffic::ask_for_pong(ConnectionIndex index) {
  if (std::exchange(at(index).waits_for_pong, true)) return;
  ++pongs_missing_;
  put_ping(index);
}

void Traffic::put_ping(ConnectionIndex index) {
  Connection& connection = at(index);
  connection.wire.put_ping(connection.output);
  mark_changed(index);
}

void Traffic::await_pongs(std::size_t still_waiting_max) {
  while (pongs_missing_ > still_waiting_max) turn();
}

// --- A turn ------------------------------------------------------------------------------------

void Traffic::turn() {
  const auto patience_end = steady_clock::now() + options_.patience;
  for (auto left = nanoseconds(options_.patience); left > left.zero();
       left = patience_end - steady_clock::now()) {
    if (turn_within(left)) return;
  }
  throw LoadFailure("stalled: " + std::to_string(progress_.deliveries) + " of " +
                    std::to_string(deliveries_expected_) + " deliveries arrived, " +
                    std::to_string(pongs_missing_) + " pongs missing, " +
                    std::to_string(open_connections_) + " connections open");
}

bool Traffic::turn_within(nanoseconds timeout) {
  // What was queued outside of a turn goes out first: nothing else would wake us.
  for (const ConnectionIndex index : std::exchange(changed_, {})) write(index);
  if (slow_read_size_ > 0) timeout = std::min<nanoseconds>(timeout, slow_read_interval);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const timespec limit{.tv_sec = seconds.count(), .tv_nsec = (timeout - seconds).count()};
  const int count =
      epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()), &limit, nullptr);
  if (count < 0 && errno != EINTR) {
    throw LoadFailure("epoll_pwait2: " + std::generic_category().message(errno));
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    const auto index = static_cast<ConnectionIndex>(event.data.u32);
    if ((event.events & EPOLLOUT) != 0) mark_changed(index);
    if ((event.events & ~std::uint32_t{EPOLLOUT}) != 0) read(index, buffer_.size());
  }
  read_slowly();
  for (const StreamIndex index : ready_) fill_window(index);
  ready_.clear();
  for (const ConnectionIndex index : changed_) write(index);
  changed_.clear();
  return count > 0;
}

void Traffic::read(ConnectionIndex index, std::size_t bytes_max) {
  const ssize_t received = recv(at(index).descriptor, buffer_.data(), bytes_max, MSG_DONTWAIT);
  if (received < 0 && errno == EAGAIN) return;
  if (received <= 0 && is_ending_) return close(index);
  if (received == 0) fail(index, "the server closed the connection");
  if (received < 0) fail(index, "recv: " + std::generic_category().message(errno));
  if (schedule_.is_on()) schedule_.arrived_at = steady_clock::now();
  const std::uint64_t deliveries_before = progress_.deliveries;
  Wire& wire = at(index).wire;
  wire.feed(std::string_view(buffer_.data(), static_cast<std::size_t>(received)));
  while (const auto arrival = wire.take()) take(index, *arrival);
  if (progress_.deliveries > deliveries_before) ++progress_.reads;
}

void Traffic::take(ConnectionIndex index, const Arrival& arrival) {
  Connection& connection = at(index);
  switch (arrival.kind) {
    case Arrival::Kind::line:
      return take_line(index, arrival.payload);
    case Arrival::Kind::opened:
      return log_in(index);
    case Arrival::Kind::ping:
      connection.wire.put_pong(connection.output, arrival.payload);
      return mark_changed(index);
    case Arrival::Kind::close:
      return take_close(index, arrival.payload);
    case Arrival::Kind::refused:
      fail(index, "the handshake was refused: " + std::string(arrival.payload));
    case Arrival::Kind::broken:
      fail(index, "the server broke its protocol: " + std::string(arrival.payload));
  }
}

void Traffic::take_close(ConnectionIndex index, std::string_view payload) {
  // Its first two bytes are the code, the rest tells a person why.
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(payload[at]); };
  const unsigned code = payload.size() < 2 ? 0 : unsigned{byte(0)} << 8 | byte(1);
  if (!is_ending_ || code != going_away) {
    fail(index, "the server closed with code " + std::to_string(code) + " " +
                    std::string(payload.substr(std::min<std::size_t>(2, payload.size()))));
  }
  ++close_frames_;
  Connection& connection = at(index);
  connection.wire.put_close(connection.output, payload);
  mark_changed(index);
}

void Traffic::take_line(ConnectionIndex index, std::string_view line) {
  if (line.starts_with(delivery_start)) return take_delivery(index, line);
  if (!line.starts_with("* ")) fail(index, "got \"" + std::string(line) + "\"");
  if (is_ending_ && line.starts_with(goodbye_start)) {
    const std::string_view rest = line.substr(goodbye_start.size());
    ++goodbyes_;
    goodbye_lines_ += parse_number(rest.substr(0, rest.find(' '))).value_or(0);
  }
  if (line != pong_line) return;
  if (!std::exchange(at(index).waits_for_pong, false)) fail(index, "got a pong unasked");
  --pongs_missing_;
}

void Traffic::mark_changed(ConnectionIndex index) {
  if (std::exchange(at(index).is_changed, true)) return;
  changed_.push_back(index);
}

void Traffic::write(ConnectionIndex index) {
  Connection& connection = at(index);
  connection.is_changed = false;
  const auto rest = std::string_view(connection.output).substr(connection.output_sent);
  if (rest.empty() || connection.descriptor < 0) return;
  const ssize_t sent =
      ::send(connection.descriptor, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) {
    if (is_ending_) return;  // gone before it had our close frame; its last bytes may be unread
    fail(index, "send: " + std::generic_category().message(errno));
  }
  if (sent > 0) connection.output_sent += static_cast<std::size_t>(sent);
  const bool is_done = connection.output_sent == connection.output.size();
  if (is_done) {
    connection.output.clear();
    connection.output_sent = 0;
  }
  if (connection.waits_for_room == is_done) {
    connection.waits_for_room = !is_done;
    watch(index, EPOLL_CTL_MOD);
  }
}

void Traffic::close(ConnectionIndex index) {
  ::close(std::exchange(at(index).descriptor, -1));
  --open_connections_;
}

void Traffic::watch(ConnectionIndex index, int operation) const {
  const Connection& connection = connections_[static_cast<std::size_t>(index)];
  epoll_event event{};
  if (!connection.is_held) event.events |= EPOLLIN;
  if (connection.waits_for_room) event.events |= EPOLLOUT;
  event.data.u32 = static_cast<std::uint32_t>(index);
  if (epoll_ctl(epoll_, operation, connection.descriptor, &event) != 0) {
    throw LoadFailure("epoll_ctl: " + std::generic_category().message(errno));
  }
}

void Traffic::fail(ConnectionIndex index, const std::string& what) {
  throw LoadFailure(at(index).name + ": " + what);
}

}  // namespace lastword::bench
