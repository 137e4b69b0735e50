#include "net/asio_network.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "core/check.h"
#include "net/socket_io.h"

namespace lastword {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Bytes that are queued but not yet sent are kept in our outboxes, where the books see them, and
// not in the kernel's send buffer.
constexpr int unsent_in_kernel_max = 128 << 10;

// What a connection is registered as.
constexpr std::uint64_t tag_of(ConnectionId id) {
  return std::uint64_t{index_of(id.slot)} << 32U | id.generation;
}

constexpr ConnectionId id_of(std::uint64_t tag) {
  return {.slot = Slot{static_cast<std::uint32_t>(tag >> 32U)},
          .generation = static_cast<std::uint32_t>(tag)};
}

struct Option {
  int level;
  int name;
  int value;
};

void set_options(int socket, std::span<const Option> options, error_code& error) {
  for (const Option& option : options) {
    if (::setsockopt(socket, option.level, option.name, &option.value, sizeof(option.value)) == 0) {
      continue;
    }
    error = {errno, boost::system::system_category()};
    return;
  }
}

}  // namespace

AsioNetwork::AsioNetwork(Server& server, const KeepAlive& keep_alive)
    : server_{server},
      keep_alive_{keep_alive},
      context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE},
      signals_{context_, SIGINT, SIGTERM},
      listeners_{Listener{context_}, Listener{context_}},
      timer_{context_},
      ready_{context_, connections_.descriptor()},
      buffer_(read_buffer_size),
      joining_(joining_size),
      pump_{server, *this, buffer_} {
  look_at_clock();
  await_signal();
  await_ready();
}

AsioNetwork::~AsioNetwork() { ready_.release(); }

tcp::endpoint AsioNetwork::listen(Transport transport, const tcp::endpoint& endpoint,
                                  error_code& error) {
  // Accepted connections inherit all but the first.
  const std::array<Option, 8> options{{
      {SOL_SOCKET, SO_REUSEADDR, 1},
      {IPPROTO_TCP, TCP_NODELAY, 1},
      {SOL_SOCKET, SO_KEEPALIVE, 1},
      {IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(keep_alive_.idle.count())},
      {IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(keep_alive_.interval.count())},
      {IPPROTO_TCP, TCP_KEEPCNT, keep_alive_.probes_max},
      {IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(keep_alive_.user_timeout.count())},
      {IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_in_kernel_max},
  }};
  Acceptor& acceptor = listener(transport).acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) set_options(acceptor.native_handle(), options, error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor.native_non_blocking(true, error);
  return error ? tcp::endpoint{} : acceptor.local_endpoint(error);
}

// --- Turns -------------------------------------------------------------------------------------

void AsioNetwork::run(const std::function<void()>& turned) {
  look_at_clock();
  pump_.finish_turn();
  turned();
  while (!server_.finished()) {
    take_turn();
    pump_.finish_turn();
    turned();
  }
}

// One handler of Asio's makes a turn: which one, it finds out with one epoll_wait(2), and all
// connections together have one.
void AsioNetwork::take_turn() {
  std::swap(unread_, unread_before_);
  if (unread_before_.empty()) {
    context_.run_one();
  } else {
    context_.poll_one();
    look_at_clock();
  }
  // Whoever left something unread comes behind the others, a flood among them.
  for (const ConnectionId id : unread_before_) {
    Place* const place = find(id);
    if (place != nullptr && std::exchange(place->is_read_awaited, false)) pump_.readable(id);
  }
  unread_before_.clear();
}

void AsioNetwork::await_ready() {
  ready_.async_wait(ReadyDescriptor::wait_read, [this](error_code error) {
    if (error) return;
    take_ready();
    await_ready();
  });
}

void AsioNetwork::take_ready() {
  look_at_clock();
  for (const epoll_event& event : connections_.ready()) take(event);
}

void AsioNetwork::take(const epoll_event& event) {
  const ConnectionId id = id_of(event.data.u64);
  Place* const place = find(id);
  if (place == nullptr) return;
  if ((event.events & EPOLLOUT) != 0 && std::exchange(place->is_write_awaited, false)) {
    pump_.writable(id);
  }
  constexpr std::uint32_t unusual_events = EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((event.events & (EPOLLIN | unusual_events)) == 0) return;
  // What is awaited and unread already comes later in this turn.
  const bool is_unread = std::exchange(place->may_have_input, true);
  if ((event.events & unusual_events) != 0) place->is_read_to_the_block = true;
  if (!is_unread && std::exchange(place->is_read_awaited, false)) pump_.readable(id);
}

void AsioNetwork::await_signal() {
  signals_.async_wait([this](error_code error, int signal) {
    if (error) return;
    look_at_clock();
    pump_.stop(signal == SIGINT ? StopReason::interrupt : StopReason::terminate);
    await_signal();
  });
}

// --- The clock ---------------------------------------------------------------------------------

void AsioNetwork::look_at_clock() {
  now_ = Instant{std::chrono::nanoseconds{Clock::now().time_since_epoch()}.count()};
}

// A deadline that moves away, as most do, leaves the timer as it is: it looks again then.
void AsioNetwork::wake_at(const std::optional<Deadline>& deadline) {
  wake_at_ = deadline ? std::optional{deadline->at} : std::nullopt;
  if (wake_at_ && (!timer_at_ || *wake_at_ < *timer_at_)) await_timer(*wake_at_);
}

void AsioNetwork::await_timer(Instant at) {
  timer_at_ = at;
  timer_.expires_at(Clock::time_point{Clock::duration{static_cast<std::int64_t>(at)}});
  timer_.async_wait([this](error_code error) {
    if (error) return;
    timer_at_.reset();
    look_at_clock();
    if (!wake_at_) return;
    if (now_ < *wake_at_) return await_timer(*wake_at_);
    wake_at_.reset();
    pump_.elapsed();
  });
}

// --- The listener ------------------------------------------------------------------------------

Acceptance AsioNetwork::accept(Transport transport) {
  Acceptor& acceptor = listener(transport).acceptor;
  if (!acceptor.is_open()) return Acceptance::would_block;
  accepted_ = Descriptor{
      ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (accepted_.is_open()) return Acceptance::accepted;
  switch (errno) {
    case EAGAIN:
      return Acceptance::would_block;
    // The connection was aborted before it was accepted, or the network already has an error for
    // it (accept(2), "Error handling"): there may be others.
    case EINTR:
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return Acceptance::retry;
    // EMFILE, ENFILE, ENOBUFS, ENOMEM; and whatever else it may be must not make us spin either.
    default:
      return Acceptance::exhausted;
  }
}

void AsioNetwork::adopt(ConnectionId id) {
  LASTWORD_CHECK(accepted_.is_open());
  if (index_of(id.slot) >= places_.size()) places_.resize(index_of(id.slot) + 1);
  Place& place = places_[index_of(id.slot)];
  LASTWORD_CHECK(!place.socket.is_open());
  place = {.socket = std::move(accepted_), .generation = id.generation};
  if (connections_.add(place.socket, tag_of(id))) return;
  // There is no room to watch it, and nobody would ever look at it: its end is seen at once.
  ::shutdown(place.socket.number(), SHUT_RDWR);
  place.may_have_input = true;
}

void AsioNetwork::turn_away() { accepted_.close(); }

void AsioNetwork::set_listen(Listen listen) {
  for (const Transport transport : {Transport::lines, Transport::websocket}) {
    Listener& each = listener(transport);
    if (!each.acceptor.is_open()) continue;
    if (listen == Listen::closed) {
      error_code ignored;  // it is closed in any case
      each.acceptor.close(ignored);
      continue;
    }
    if (listen == Listen::paused || std::exchange(each.is_awaited, true)) continue;
    each.acceptor.async_wait(Acceptor::wait_read, [this, transport](error_code error) {
      listener(transport).is_awaited = false;
      if (error == asio::error::operation_aborted) return;
      look_at_clock();
      pump_.acceptable(transport);
    });
  }
}

// --- Connections -------------------------------------------------------------------------------

AsioNetwork::Place& AsioNetwork::at(ConnectionId id) {
  Place* const place = find(id);
  LASTWORD_CHECK(place != nullptr);
  return *place;
}

AsioNetwork::Place* AsioNetwork::find(ConnectionId id) {
  if (index_of(id.slot) >= places_.size()) return nullptr;
  Place& place = places_[index_of(id.slot)];
  return place.generation == id.generation && place.socket.is_open() ? &place : nullptr;
}

Transfer AsioNetwork::read(ConnectionId id, std::span<std::byte> buffer) {
  Place& place = at(id);
  const Transfer transfer = receive_some(place.socket.number(), buffer);
  const bool is_short = transfer.kind == Transfer::Kind::bytes && transfer.count < buffer.size();
  // A stream that brings less than it could has no more just now (epoll(7), "Do I need to
  // continuously read"); the next byte is told of again. Urgent bytes interrupt a read though, and
  // an end that was told of is not told of again.
  if ((is_short && !place.is_read_to_the_block) || transfer.kind == Transfer::Kind::would_block) {
    place.may_have_input = false;
  }
  return transfer;
}

// Small slices are copied together first: the kernel takes longer over one more piece of a
// gathering write than over a few hundred bytes more
// (docs/decisions/0005-small-slices-are-joined.md).
std::span<iovec> AsioNetwork::join_small_slices(std::span<const Slice> slices) {
  std::size_t joined = 0;  // bytes of joining_ in use
  std::size_t count = 0;
  bool is_last_joined = false;
  for (const Slice slice : slices) {
    const bool is_small = slice.size() <= small_slice_max;
    const bool is_joined = is_small && slice.size() <= joining_.size() - joined;
    // sendmsg(2) takes its bytes through a pointer to non-const, and only reads them.
    auto* bytes = const_cast<std::byte*>(slice.data());
    if (is_joined) {
      bytes = joining_.data() + joined;
      std::memcpy(bytes, slice.data(), slice.size());
      joined += slice.size();
    }
    if (is_joined && is_last_joined) {
      pieces_[count - 1].iov_len += slice.size();
    } else {
      pieces_[count++] = {.iov_base = bytes, .iov_len = slice.size()};
    }
    is_last_joined = is_joined;
  }
  return std::span{pieces_}.first(count);
}

Transfer AsioNetwork::write(ConnectionId id, std::span<const Slice> slices) {
  LASTWORD_CHECK(slices.size() <= pieces_.size());
  const int socket = at(id).socket.number();
  if (slices.size() == 1) return send_some(socket, slices.front());
  return send_some(socket, join_small_slices(slices));
}

void AsioNetwork::await_readable(ConnectionId id) {
  Place& place = at(id);
  place.is_read_awaited = true;
  if (place.may_have_input) unread_.push_back(id);
}

void AsioNetwork::await_writable(ConnectionId id) {
  Place& place = at(id);
  place.is_write_awaited = true;
  connections_.add_writing(place.socket, tag_of(id));
}

void AsioNetwork::finish(ConnectionId id) {
  // A connection that broke meanwhile is seen by the next read.
  ::shutdown(at(id).socket.number(), SHUT_WR);
}

void AsioNetwork::close(ConnectionId id) {
  Place& place = at(id);
  discard_received(place.socket.number(), buffer_);
  place.socket.close();
  pump_.released(id);
}

bool AsioNetwork::is_acknowledged(ConnectionId id) {
  const int socket = at(id).socket.number();
  int unread = 0;
  int unacknowledged = 0;
  if (::ioctl(socket, SIOCINQ, &unread) != 0) return false;
  if (::ioctl(socket, SIOCOUTQ, &unacknowledged) != 0) return false;
  return unread == 0 && unacknowledged == 0;
}

}  // namespace lastword
