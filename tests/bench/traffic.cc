#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace lastword::bench {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t read_size = std::size_t{256} * 1024;
constexpr std::size_t sequence_digits = 10;
constexpr std::size_t stream_digits = 5;  // as in "from s00007"
constexpr std::string_view destinations_end = ": ";
constexpr std::string_view delivery_start = "from s";
constexpr std::string_view pong = "* pong lastword-load";
constexpr std::string_view ping_line = "/ping lastword-load";
constexpr unsigned going_away = 1001;  // RFC 6455, section 7.4.1

// Well below any server's backlog.
constexpr std::size_t logins_under_way_max = 128;

// One source address gives 28,232 ports by default (32768 to 60999); some of them may be taken.
constexpr std::size_t connections_per_source_max = 20000;

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const digits_end = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), digits_end, number);
  if (error != std::errc{} || end != digits_end) return std::nullopt;
  return number;
}

void append_sequence(std::string& output, std::uint64_t sequence) {
  std::array<char, sequence_digits> digits;
  for (std::size_t i = sequence_digits; i > 0; --i) {
    digits[i - 1] = static_cast<char>('0' + sequence % 10);
    sequence /= 10;
  }
  output.append(digits.data(), digits.size());
}

}  // namespace

Traffic::Traffic(TrafficOptions options)
    : options_(std::move(options)), epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(read_size) {}

Traffic::~Traffic() {
  for (const Connection& connection : connections_) {
    if (connection.descriptor >= 0) ::close(connection.descriptor);
  }
  ::close(epoll_);
}

ConnectionIndex Traffic::add_connection(const std::string& name, const std::string& room) {
  await_pongs(logins_under_way_max - 1);
  const auto index = static_cast<ConnectionIndex>(connections_.size());
  const int descriptor = connect_from_a_free_address();
  Connection& connection = connections_.emplace_back(options_.transport);
  connection.descriptor = descriptor;
  connection.name = name;
  connection.room = room;
  ++open_connections_;
  watch(index, EPOLL_CTL_ADD, EPOLLIN);
  connection.waits_for_pong = true;
  ++pongs_missing_;
  connection.wire.open(connection.output);
  if (connection.wire.is_open()) log_in(index);
  write(index);
  return index;
}

void Traffic::log_in(ConnectionIndex index) {
  Connection& connection = at(index);
  connection.wire.put_line(connection.output, connection.name);
  if (!connection.room.empty()) {
    connection.wire.put_line(connection.output, "/join #" + connection.room);
  }
  put_ping(index);
}

int Traffic::connect_from_a_free_address() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    throw LoadFailure("socket: " + std::generic_category().message(errno) +
                      " (is the limit of open files high enough?)");
  }
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

  // The port is chosen at connect, when the whole four-tuple is known, and not at bind.
  setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const auto source_number =
      static_cast<std::uint32_t>(connections_.size() / connections_per_source_max);
  sockaddr_in source{};
  source.sin_family = AF_INET;
  source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + source_number);

  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(options_.server.port);
  inet_pton(AF_INET, options_.server.host.c_str(), &server.sin_addr);
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0 ||
      connect(descriptor, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
    const int error = errno;
    ::close(descriptor);
    throw LoadFailure("connect: " + std::generic_category().message(error));
  }
  return descriptor;
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

StreamIndex Traffic::add_stream(const StreamPlan& plan) {
  // "HEAD0123456789LF" (in ws without the LF) is the shortest delivered line that can be checked.
  const std::size_t size_min = plan.delivered_head.size() + sequence_digits + 1;
  if (options_.delivered_size < size_min) {
    throw LoadFailure("a delivered line must have at least " + std::to_string(size_min) +
                      " bytes in this mode");
  }
  Stream& stream = streams_.emplace_back();
  stream.plan = plan;
  stream.padding.assign(options_.delivered_size - size_min, '.');
  stream.missing.resize(options_.window);
  return static_cast<StreamIndex>(streams_.size() - 1);
}

void Traffic::subscribe(ConnectionIndex receiver, Subscription streams) {
  at(receiver).subscription = streams;
  at(receiver).next_sequence.assign(streams.count, 0);
}

void Traffic::run(std::uint64_t messages) {
  const std::uint64_t share = messages / streams_.size();
  const std::uint64_t remainder = messages % streams_.size();
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const std::uint64_t count = share + (i < remainder ? 1 : 0);
    streams_[i].goal += count;
    deliveries_expected_ += count * streams_[i].plan.receiver_count;
    fill_window(static_cast<StreamIndex>(i));
  }
  while (progress_.deliveries < deliveries_expected_) turn();
}

void Traffic::confirm_nothing_more_comes() {
  for (const Stream& stream : streams_) ask_for_pong(stream.plan.sender);
  await_pongs(0);
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    ask_for_pong(static_cast<ConnectionIndex>(i));
  }
  await_pongs(0);
}

void Traffic::rest(steady_clock::duration duration) {
  const auto end = steady_clock::now() + duration;
  for (auto left = duration; left > left.zero(); left = end - steady_clock::now()) {
    turn_within(std::chrono::ceil<std::chrono::milliseconds>(left));
  }
}

void Traffic::read_to_the_end() {
  is_ending_ = true;
  while (open_connections_ > 0) turn();
}

std::size_t Traffic::connections_not_closed_in_order() const {
  if (options_.transport == Transport::lines) return 0;
  return connections_.size() - close_frames_;
}

void Traffic::ask_for_pong(ConnectionIndex index) {
  if (std::exchange(at(index).waits_for_pong, true)) return;
  ++pongs_missing_;
  put_ping(index);
}

void Traffic::put_ping(ConnectionIndex index) {
  Connection& connection = at(index);
  connection.wire.put_line(connection.output, ping_line);
  mark_changed(index);
}

void Traffic::await_pongs(std::size_t still_waiting_max) {
  while (pongs_missing_ > still_waiting_max) turn();
}

void Traffic::turn() {
  if (turn_within(options_.patience)) return;
  throw LoadFailure("stalled: " + std::to_string(progress_.deliveries) + " of " +
                    std::to_string(deliveries_expected_) + " deliveries arrived, " +
                    std::to_string(pongs_missing_) + " pongs missing, " +
                    std::to_string(open_connections_) + " connections open");
}

bool Traffic::turn_within(std::chrono::milliseconds timeout) {
  // What was queued outside of a turn goes out first: nothing else would wake us.
  for (const ConnectionIndex index : std::exchange(changed_, {})) write(index);
  const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()),
                               static_cast<int>(timeout.count()));
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    const auto index = static_cast<ConnectionIndex>(event.data.u32);
    if ((event.events & EPOLLOUT) != 0) mark_changed(index);
    if ((event.events & ~std::uint32_t{EPOLLOUT}) != 0) read(index);
  }
  for (const StreamIndex index : ready_) fill_window(index);
  ready_.clear();
  for (const ConnectionIndex index : changed_) write(index);
  changed_.clear();
  return count != 0;
}

void Traffic::read(ConnectionIndex index) {
  const ssize_t received = recv(at(index).descriptor, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (received < 0 && errno == EAGAIN) return;
  if (received <= 0 && is_ending_) return close(index);
  if (received == 0) fail(index, "the server closed the connection");
  if (received < 0) fail(index, "recv: " + std::generic_category().message(errno));
  ++progress_.reads;
  Wire& wire = at(index).wire;
  wire.feed(std::string_view(buffer_.data(), static_cast<std::size_t>(received)));
  while (const auto arrival = wire.take()) take(index, *arrival);
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
      fail(index, "the server broke RFC 6455: " + std::string(arrival.payload));
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
  if (line != pong) return;
  if (!std::exchange(at(index).waits_for_pong, false)) fail(index, "got a pong unasked");
  --pongs_missing_;
}

void Traffic::take_delivery(ConnectionIndex index, std::string_view line) {
  Connection& connection = at(index);
  const auto number = parse_number(line.substr(delivery_start.size(), stream_digits));
  const Subscription& subscription = connection.subscription;
  const auto first = static_cast<std::uint64_t>(subscription.first);
  if (!number || *number < first || *number - first >= subscription.count) {
    fail(index, "got what was for somebody else: " + std::string(line));
  }
  const auto stream_index = static_cast<StreamIndex>(*number);
  const Stream& stream = at(stream_index);
  if (stream.plan.sender == index) fail(index, "got its own message: " + std::string(line));
  const std::size_t head_size = stream.plan.delivered_head.size();
  // The padding fills a line of the right size from the sequence number to its end.
  const bool is_whole = line.size() + 1 == options_.delivered_size &&
                        line.starts_with(stream.plan.delivered_head) &&
                        line.ends_with(stream.padding);
  const auto sequence =
      is_whole ? parse_number(line.substr(head_size, sequence_digits)) : std::nullopt;
  if (!sequence) fail(index, "got a message with wrong bytes: " + std::string(line));

  std::uint64_t& next = connection.next_sequence[*number - first];
  if (*sequence != next || *sequence >= stream.sent) {
    const char* what = *sequence < next ? "repeated" : "lost";
    fail(index, std::string("a message was ") + what + ": awaited number " + std::to_string(next) +
                    ", got: " + std::string(line));
  }
  ++next;
  ++progress_.deliveries;
  complete_one(stream_index, *sequence);
}

void Traffic::complete_one(StreamIndex index, std::uint64_t sequence) {
  Stream& stream = at(index);
  std::uint32_t& missing = stream.missing[sequence % options_.window];
  if (--missing > 0) return;
  ++stream.completed;
  if (stream.sent == stream.goal || std::exchange(stream.is_ready, true)) return;
  ready_.push_back(index);
}

void Traffic::fill_window(StreamIndex index) {
  Stream& stream = at(index);
  stream.is_ready = false;
  Connection& sender = at(stream.plan.sender);
  std::string& output = sender.output;
  const std::size_t line_size = stream.plan.destinations.size() + destinations_end.size() +
                                sequence_digits + stream.padding.size();
  while (stream.sent < stream.goal && stream.sent - stream.completed < options_.window) {
    sender.wire.begin_line(output, line_size);
    output.append(stream.plan.destinations).append(destinations_end);
    append_sequence(output, stream.sent);
    output.append(stream.padding);
    sender.wire.end_line(output);
    stream.missing[stream.sent % options_.window] = stream.plan.receiver_count;
    ++stream.sent;
    ++progress_.messages;
  }
  mark_changed(stream.plan.sender);
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
      send(connection.descriptor, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
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
    watch(index, EPOLL_CTL_MOD, is_done ? EPOLLIN : EPOLLIN | EPOLLOUT);
  }
}

void Traffic::close(ConnectionIndex index) {
  ::close(std::exchange(at(index).descriptor, -1));
  --open_connections_;
}

void Traffic::watch(ConnectionIndex index, int operation, std::uint32_t interest) const {
  epoll_event event{};
  event.events = interest;
  event.data.u32 = static_cast<std::uint32_t>(index);
  const int descriptor = connections_[static_cast<std::size_t>(index)].descriptor;
  if (epoll_ctl(epoll_, operation, descriptor, &event) != 0) {
    throw LoadFailure("epoll_ctl: " + std::generic_category().message(errno));
  }
}

void Traffic::fail(ConnectionIndex index, const std::string& what) {
  throw LoadFailure(at(index).name + ": " + what);
}

}  // namespace lastword::bench
