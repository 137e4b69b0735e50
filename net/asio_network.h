// The real network: Boost.Asio as the pump's Network.
#pragma once

#include <sys/uio.h>

#include <array>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/pump.h"
#include "core/server.h"

namespace lastword {

// Drives a server over TCP with one thread. Reactor style: Asio says what is ready, the pump makes
// the non-blocking calls, and nothing is in flight but waits.
//
// A turn of the loop handles everything that is ready; sockets are waited for again only at its
// end, so that each of them is handled at most once in a turn.
//
// Lifetime: a connection's handlers hold its id, never a pointer; closing is a join: `released` is
// called when the last of its handlers has run.
class AsioNetwork {
 public:
  // One connection brings at most this much in one turn: the budget of a flood.
  static constexpr std::size_t read_buffer_size = std::size_t{64} << 10;

  // How the kernel judges a connection that has gone (contract, section 1): a peer whose kernel
  // does not answer for `user_timeout` is failed. It has to be longer than the stall and the drain
  // timeout, because the kernel counts a closed window as no answer.
  struct KeepAlive {
    std::chrono::seconds idle{30};
    std::chrono::seconds interval{10};
    int probes_max = 6;
    std::chrono::milliseconds user_timeout{60'000};
  };

  explicit AsioNetwork(Server& server, const KeepAlive& keep_alive);
  AsioNetwork(const AsioNetwork&) = delete;
  AsioNetwork& operator=(const AsioNetwork&) = delete;
  ~AsioNetwork();

  // Opens the transport's listener. Returns the endpoint with its real port.
  [[nodiscard]] boost::asio::ip::tcp::endpoint listen(
      Transport transport, const boost::asio::ip::tcp::endpoint& endpoint,
      boost::system::error_code& error);

  // Serves until the server is finished. `turned` is called after each turn.
  void run(const std::function<void()>& turned);

  // What the pump calls; see Network.
  [[nodiscard]] Instant now() const;
  [[nodiscard]] Acceptance accept(Transport transport);
  void adopt(ConnectionId id);
  void turn_away();
  void set_listen(Listen listen);
  [[nodiscard]] Transfer read(ConnectionId id, std::span<std::byte> buffer);
  [[nodiscard]] Transfer write(ConnectionId id, std::span<const Slice> slices);
  void await_readable(ConnectionId id);
  void await_writable(ConnectionId id);
  void finish(ConnectionId id);
  void close(ConnectionId id);
  [[nodiscard]] bool is_acknowledged(ConnectionId id);
  void wake_at(const std::optional<Deadline>& deadline);

 private:
  // The concrete executor: smaller and quicker than the type-erased default.
  using Executor = boost::asio::io_context::executor_type;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
  using Clock = std::chrono::steady_clock;
  using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

  enum class Direction : std::uint8_t { readable, writable };

  struct Place {
    std::optional<Socket> socket;
    std::uint32_t generation = 0;
    std::uint8_t waits = 0;  // handlers that have not run yet
    bool is_closing = false;
  };

  struct Listener {
    explicit Listener(boost::asio::io_context& context) : acceptor{context} {}
    Acceptor acceptor;  // closed where there is none
    bool is_awaited = false;
  };

  [[nodiscard]] Listener& listener(Transport transport) {
    return listeners_[static_cast<std::size_t>(transport)];
  }
  [[nodiscard]] Place& at(ConnectionId id);
  void await(ConnectionId id, Direction direction);
  void waited(ConnectionId id, Direction direction, boost::system::error_code error);
  void await_signal();
  [[nodiscard]] std::span<iovec> join_small_slices(std::span<const Slice> slices);

  static constexpr std::size_t small_slice_max = 512;
  static constexpr std::size_t joining_size = std::size_t{32} << 10;

  Server& server_;
  KeepAlive keep_alive_;
  boost::asio::io_context context_;
  boost::asio::signal_set signals_;
  std::array<Listener, 2> listeners_;  // by transport
  Timer timer_;
  std::optional<Socket> accepted_;
  std::vector<Place> places_;
  std::optional<Instant> wake_at_;
  std::vector<std::byte> buffer_;   // for reading
  std::vector<std::byte> joining_;  // for writing
  std::array<iovec, Pump<AsioNetwork>::slices_max> pieces_;
  Pump<AsioNetwork> pump_;
};

static_assert(Network<AsioNetwork>);

}  // namespace lastword
