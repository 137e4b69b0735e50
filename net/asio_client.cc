#include "net/asio_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <random>
#include <utility>

#include "core/check.h"
#include "net/socket_io.h"

namespace lastword {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using client::ConnectFault;
using client::Link;

ConnectFault fault_of_connecting(const error_code& error) {
  if (error == asio::error::connection_refused) return ConnectFault::refused;
  if (error == asio::error::timed_out) return ConnectFault::timed_out;
  if (error == asio::error::host_unreachable || error == asio::error::network_unreachable ||
      error == asio::error::network_down) {
    return ConnectFault::unreachable;
  }
  return ConnectFault::other;
}

ConnectFault fault_of_lookup(const error_code& error) {
  const bool is_unknown = error == asio::error::host_not_found ||
                          error == asio::error::host_not_found_try_again ||
                          error == asio::error::no_data;
  return is_unknown ? ConnectFault::unknown_host : ConnectFault::other;
}

}  // namespace

client::Seed random_seed_for_client() {
  std::random_device device;
  client::Seed seed;
  for (std::byte& byte : seed) byte = static_cast<std::byte>(device());
  return seed;
}

AsioClient::AsioClient(asio::io_context& context, Client& client, std::function<void()> turned)
    : context_{context},
      client_{client},
      turned_{std::move(turned)},
      resolver_{context},
      socket_{context},
      timer_{context},
      buffer_(read_buffer_size),
      pump_{client, *this, buffer_} {}

AsioClient::~AsioClient() = default;

void AsioClient::start() {
  pump_.start();
  wake();
}

void AsioClient::run() {
  start();
  while (!client_.is_over()) context_.run_one();
}

// Whatever else is ready now comes first, and is written together.
void AsioClient::wake() {
  if (std::exchange(is_turn_ending_, true)) return;
  asio::post(context_, [this] { end_turn(); });
}

void AsioClient::end_turn() {
  is_turn_ending_ = false;
  turned_();
  pump_.finish_turn();
  // What that led to is the application's business too; the end of the link, for example.
  if (client_.has_events()) turned_();
}

Instant AsioClient::now() const {
  return Instant{std::chrono::nanoseconds{Clock::now().time_since_epoch()}.count()};
}

// --- Connecting --------------------------------------------------------------------------------

void AsioClient::connect(Link link) {
  const client::Url& url = client_.config().url;
  ++handlers_;
  resolver_.async_resolve(
      url.host, std::to_string(url.port), tcp::resolver::numeric_service,
      [this, link](const error_code& error, const Resolver::results_type& results) {
        resolved(link, error, results);
      });
}

void AsioClient::resolved(Link link, const error_code& error,
                          const Resolver::results_type& results) {
  if (!handler_ran(link)) return;
  if (error) {
    pump_.connect_failed(link, fault_of_lookup(error));
    return;
  }
  ++handlers_;
  asio::async_connect(
      socket_, results,
      [this, link](const error_code& connect_error, const tcp::endpoint& /*endpoint*/) {
        made(link, connect_error);
      });
}

void AsioClient::made(Link link, const error_code& error) {
  if (!handler_ran(link)) return;
  if (error) {
    pump_.connect_failed(link, fault_of_connecting(error));
    return;
  }
  error_code ignored;  // can't fail on a socket that is just there
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay{true}, ignored);
  pump_.connected(link);
}

// --- The link ----------------------------------------------------------------------------------

Transfer AsioClient::read(Link /*link*/, std::span<std::byte> buffer) {
  return receive_some(socket_.native_handle(), buffer);
}

Transfer AsioClient::write(Link /*link*/, Bytes bytes) {
  return send_some(socket_.native_handle(), bytes);
}

void AsioClient::await_readable(Link link) {
  await(link, Socket::wait_read, &ClientPump<AsioClient>::readable);
}

void AsioClient::await_writable(Link link) {
  await(link, Socket::wait_write, &ClientPump<AsioClient>::writable);
}

void AsioClient::await(Link link, Socket::wait_type type,
                       void (ClientPump<AsioClient>::*tell)(Link)) {
  ++handlers_;
  socket_.async_wait(type, [this, link, tell](const error_code& error) {
    if (!handler_ran(link)) return;
    // Any error but this one is seen, with its reason, by the read or write that follows.
    if (error != asio::error::operation_aborted) (pump_.*tell)(link);
  });
}

// To be called first in each handler of a link's. False if the link is being closed.
bool AsioClient::handler_ran(Link link) {
  LASTWORD_CHECK(handlers_ > 0);
  --handlers_;
  wake();
  if (!is_closing_) return true;
  if (handlers_ == 0) {
    is_closing_ = false;
    pump_.released(link);
  }
  return false;
}

void AsioClient::close(Link link) {
  error_code ignored;  // the descriptor is gone in any case
  resolver_.cancel();
  if (socket_.is_open()) {
    discard_received(socket_.native_handle(), buffer_);
    socket_.close(ignored);
  }
  if (handlers_ > 0) {
    is_closing_ = true;  // the last of the handlers, which are cancelled now, tells the pump
    return;
  }
  pump_.released(link);
}

// --- The clock ---------------------------------------------------------------------------------

void AsioClient::wake_at(const std::optional<client::Deadline>& deadline) {
  const std::optional<Instant> at = deadline ? std::optional{deadline->at} : std::nullopt;
  if (at == wake_at_) return;
  wake_at_ = at;
  if (!at) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(Clock::time_point{Clock::duration{static_cast<std::int64_t>(*at)}});
  timer_.async_wait([this](const error_code& error) {
    if (error) return;
    wake_at_.reset();
    pump_.elapsed();
    wake();
  });
}

}  // namespace lastword
