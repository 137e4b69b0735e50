#include "net/asio_network.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <cerrno>
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

// An integer option in the form that Asio's set_option asks for (its SettableSocketOption).
template <int option_level, int option_name>
class IntegerOption {
 public:
  explicit IntegerOption(int value) : value_{value} {}

  template <typename Protocol>
  [[nodiscard]] int level(const Protocol&) const {
    return option_level;
  }
  template <typename Protocol>
  [[nodiscard]] int name(const Protocol&) const {
    return option_name;
  }
  template <typename Protocol>
  [[nodiscard]] const int* data(const Protocol&) const {
    return &value_;
  }
  template <typename Protocol>
  [[nodiscard]] std::size_t size(const Protocol&) const {
    return sizeof(value_);
  }

 private:
  int value_;
};

using KeepAliveIdle = IntegerOption<IPPROTO_TCP, TCP_KEEPIDLE>;
using KeepAliveInterval = IntegerOption<IPPROTO_TCP, TCP_KEEPINTVL>;
using KeepAliveProbes = IntegerOption<IPPROTO_TCP, TCP_KEEPCNT>;
using UserTimeout = IntegerOption<IPPROTO_TCP, TCP_USER_TIMEOUT>;
using UnsentLowMark = IntegerOption<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

}  // namespace

AsioNetwork::AsioNetwork(Server& server, const KeepAlive& keep_alive)
    : server_{server},
      keep_alive_{keep_alive},
      context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE},
      signals_{context_, SIGINT, SIGTERM},
      listeners_{Listener{context_}, Listener{context_}},
      timer_{context_},
      buffer_(read_buffer_size),
      joining_(joining_size),
      pump_{server, *this, buffer_} {
  await_signal();
}

AsioNetwork::~AsioNetwork() = default;

tcp::endpoint AsioNetwork::listen(Transport transport, const tcp::endpoint& endpoint,
                                  error_code& error) {
  Acceptor& acceptor = listener(transport).acceptor;
  // Accepted connections inherit these.
  const auto set_options = [&] {
    acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor.set_option(tcp::no_delay{true}, error);
    if (!error) acceptor.set_option(asio::socket_base::keep_alive{true}, error);
    if (!error) {
      acceptor.set_option(KeepAliveIdle{static_cast<int>(keep_alive_.idle.count())}, error);
    }
    if (!error) {
      acceptor.set_option(KeepAliveInterval{static_cast<int>(keep_alive_.interval.count())}, error);
    }
    if (!error) acceptor.set_option(KeepAliveProbes{keep_alive_.probes_max}, error);
    if (!error) {
      acceptor.set_option(UserTimeout{static_cast<int>(keep_alive_.user_timeout.count())}, error);
    }
    if (!error) acceptor.set_option(UnsentLowMark{unsent_in_kernel_max}, error);
  };

  // Otherwise Asio itself waits for the next one after a connection that was aborted, and with it
  // everybody else.
  const asio::socket_base::enable_connection_aborted is_told_of_aborts{true};

  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(is_told_of_aborts, error);
  if (!error) set_options();
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor.non_blocking(true, error);
  return error ? tcp::endpoint{} : acceptor.local_endpoint(error);
}

void AsioNetwork::run(const std::function<void()>& turned) {
  pump_.finish_turn();
  turned();
  while (!server_.finished()) {
    context_.run_one();
    context_.poll();
    pump_.finish_turn();
    turned();
  }
}

void AsioNetwork::await_signal() {
  signals_.async_wait([this](error_code error, int signal) {
    if (error) return;
    pump_.stop(signal == SIGINT ? StopReason::interrupt : StopReason::terminate);
    await_signal();
  });
}

Instant AsioNetwork::now() const {
  return Instant{std::chrono::nanoseconds{Clock::now().time_since_epoch()}.count()};
}

// --- The listener ------------------------------------------------------------------------------

Acceptance AsioNetwork::accept(Transport transport) {
  Acceptor& acceptor = listener(transport).acceptor;
  if (!acceptor.is_open()) return Acceptance::would_block;
  error_code error;
  accepted_.emplace(context_.get_executor());
  acceptor.accept(*accepted_, error);
  if (!error) return Acceptance::accepted;
  accepted_.reset();
  switch (error.value()) {
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
  LASTWORD_CHECK(accepted_.has_value());
  if (index_of(id.slot) >= places_.size()) places_.resize(index_of(id.slot) + 1);
  Place& place = places_[index_of(id.slot)];
  LASTWORD_CHECK(!place.socket.has_value());
  place = {.socket = std::move(accepted_), .generation = id.generation};
  accepted_.reset();
  error_code ignored;  // can't fail on a socket that is just there
  place.socket->native_non_blocking(true, ignored);
}

void AsioNetwork::turn_away() { accepted_.reset(); }

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
      if (error != asio::error::operation_aborted) pump_.acceptable(transport);
    });
  }
}

// --- Connections -------------------------------------------------------------------------------

AsioNetwork::Place& AsioNetwork::at(ConnectionId id) {
  Place& place = places_[index_of(id.slot)];
  LASTWORD_CHECK(place.generation == id.generation && place.socket.has_value());
  return place;
}

Transfer AsioNetwork::read(ConnectionId id, std::span<std::byte> buffer) {
  return receive_some(at(id).socket->native_handle(), buffer);
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
  return send_some(at(id).socket->native_handle(), join_small_slices(slices));
}

void AsioNetwork::await_readable(ConnectionId id) { await(id, Direction::readable); }

void AsioNetwork::await_writable(ConnectionId id) { await(id, Direction::writable); }

void AsioNetwork::await(ConnectionId id, Direction direction) {
  Place& place = at(id);
  ++place.waits;
  place.socket->async_wait(
      direction == Direction::readable ? Socket::wait_read : Socket::wait_write,
      [this, id, direction](error_code error) { waited(id, direction, error); });
}

void AsioNetwork::waited(ConnectionId id, Direction direction, error_code error) {
  Place& place = places_[index_of(id.slot)];
  LASTWORD_CHECK(place.generation == id.generation && place.waits > 0);
  --place.waits;
  if (place.is_closing) {
    if (place.waits == 0) {
      place.is_closing = false;
      pump_.released(id);
    }
    return;
  }
  if (error == asio::error::operation_aborted) return;
  // Any other error is seen, with its reason, by the read or write that follows.
  if (direction == Direction::readable) {
    pump_.readable(id);
  } else {
    pump_.writable(id);
  }
}

void AsioNetwork::finish(ConnectionId id) {
  error_code ignored;  // a connection that broke meanwhile is seen by the next read
  at(id).socket->shutdown(Socket::shutdown_send, ignored);
}

void AsioNetwork::close(ConnectionId id) {
  Place& place = at(id);
  discard_received(place.socket->native_handle(), buffer_);
  error_code ignored;  // the descriptor is gone in any case
  place.socket->close(ignored);
  place.socket.reset();
  if (place.waits > 0) {
    place.is_closing = true;  // the last of the waits, which are cancelled now, tells the pump
    return;
  }
  pump_.released(id);
}

bool AsioNetwork::is_acknowledged(ConnectionId id) {
  const int socket = at(id).socket->native_handle();
  int unread = 0;
  int unacknowledged = 0;
  if (::ioctl(socket, SIOCINQ, &unread) != 0) return false;
  if (::ioctl(socket, SIOCOUTQ, &unacknowledged) != 0) return false;
  return unread == 0 && unacknowledged == 0;
}

// --- The clock ---------------------------------------------------------------------------------

void AsioNetwork::wake_at(const std::optional<Deadline>& deadline) {
  const std::optional<Instant> at = deadline ? std::optional{deadline->at} : std::nullopt;
  if (at == wake_at_) return;
  wake_at_ = at;
  if (!at) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(Clock::time_point{Clock::duration{static_cast<std::int64_t>(*at)}});
  timer_.async_wait([this](error_code error) {
    if (error) return;
    wake_at_.reset();
    pump_.elapsed();
  });
}

}  // namespace lastword
