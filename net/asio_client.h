// The real network for a client: Boost.Asio as the client pump's network.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/client/client.h"
#include "core/client/client_pump.h"

namespace lastword {

// From the system's source of randomness.
[[nodiscard]] client::Seed random_seed_for_client();

// Drives a client over TCP, on an event loop that may have other things to do. Reactor style: Asio
// says what is ready, the pump makes the non-blocking calls. (Looking a host up is the exception:
// the system's resolver blocks, and Asio runs it in a thread of its own.)
//
// `turned` is called at the end of each turn: the application takes the lines that came, gives
// others, and looks at the events. What it changes in the client at any other time is brought about
// after `wake`.
//
// Lifetime: the loop must not run any more when this is destroyed before the client is over.
class AsioClient {
 public:
  static constexpr std::size_t read_buffer_size = std::size_t{64} << 10;

  AsioClient(boost::asio::io_context& context, Client& client, std::function<void()> turned);
  AsioClient(const AsioClient&) = delete;
  AsioClient& operator=(const AsioClient&) = delete;
  ~AsioClient();

  void start();
  void wake();

  // Starts, and runs the loop until the client is over.
  void run();

  // The client's time.
  [[nodiscard]] Instant now() const;

  // What the pump calls; see ClientNetwork.
  void connect(client::Link link);
  [[nodiscard]] Transfer read(client::Link link, std::span<std::byte> buffer);
  [[nodiscard]] Transfer write(client::Link link, Bytes bytes);
  void await_readable(client::Link link);
  void await_writable(client::Link link);
  void close(client::Link link);
  void wake_at(const std::optional<client::Deadline>& deadline);

 private:
  using Executor = boost::asio::io_context::executor_type;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
  using Resolver = boost::asio::ip::basic_resolver<boost::asio::ip::tcp, Executor>;
  using Clock = std::chrono::steady_clock;
  using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

  void resolved(client::Link link, const boost::system::error_code& error,
                const Resolver::results_type& results);
  void made(client::Link link, const boost::system::error_code& error);
  void await(client::Link link, Socket::wait_type type,
             void (ClientPump<AsioClient>::*tell)(client::Link));
  [[nodiscard]] bool handler_ran(client::Link link);
  void end_turn();

  boost::asio::io_context& context_;
  Client& client_;
  std::function<void()> turned_;
  Resolver resolver_;
  Socket socket_;
  Timer timer_;
  std::optional<Instant> wake_at_;
  std::uint32_t handlers_ = 0;  // of the link, that have not run yet
  bool is_closing_ = false;
  bool is_turn_ending_ = false;  // its end is scheduled
  std::vector<std::byte> buffer_;
  ClientPump<AsioClient> pump_;
};

static_assert(ClientNetwork<AsioClient>);

}  // namespace lastword
