// The real network: Boost.Asio as the pump's Network.
#pragma once

#include <sys/epoll.h>
#include <sys/uio.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
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
#include "net/descriptor.h"
#include "net/epoll_set.h"

namespace lastword {

// Drives a server over TCP with one thread. Reactor style: Asio runs the loop (signals, listeners,
// the timer) and says when connections are ready, the pump makes the non-blocking calls, and
// nothing is in flight but waits.
//
// The connections themselves are in an EpollSet, which is one descriptor for Asio: a wait of Asio's
// for each of them would cost an epoll_ctl(2) for each read
// (docs/decisions/0017-sockets-are-registered-once.md). What is told of once, this class remembers
// until it was read to its end.
//
// A turn of the loop handles everything that is ready, each connection at most once.
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

  // When the turn began: one look at the clock serves all its facts.
  [[nodiscard]] Instant now() const { return now_; }
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
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
  using Clock = std::chrono::steady_clock;
  using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;
  using ReadyDescriptor = boost::asio::posix::basic_stream_descriptor<Executor>;

  struct Place {
    Descriptor socket;
    std::uint32_t generation = 0;
    bool is_read_awaited = false;
    bool is_write_awaited = false;
    bool may_have_input = false;  // it was told of, and not read to the end since
    // Its end or urgent bytes were announced: a read that brings less than it could may not have
    // been the last one.
    bool is_read_to_the_block = false;
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
  [[nodiscard]] Place* find(ConnectionId id);
  void take_turn();
  void take_ready();
  void take(const epoll_event& event);
  void await_signal();
  void await_ready();
  void await_timer(Instant at);
  void look_at_clock();
  [[nodiscard]] std::span<iovec> join_small_slices(std::span<const Slice> slices);

  static constexpr std::size_t small_slice_max = 512;
  static constexpr std::size_t joining_size = std::size_t{32} << 10;

  Server& server_;
  KeepAlive keep_alive_;
  boost::asio::io_context context_;
  boost::asio::signal_set signals_;
  std::array<Listener, 2> listeners_;  // by transport
  Timer timer_;
  EpollSet connections_;
  ReadyDescriptor ready_;  // the set's, which closes it
  Descriptor accepted_;
  std::vector<Place> places_;
  std::vector<ConnectionId> unread_;  // awaited, and still with input from an earlier turn
  std::vector<ConnectionId> unread_before_;
  std::optional<Instant> wake_at_;
  std::optional<Instant> timer_at_;  // never later than wake_at_
  Instant now_;
  std::vector<std::byte> buffer_;   // for reading
  std::vector<std::byte> joining_;  // for writing
  std::array<iovec, Pump<AsioNetwork>::slices_max> pieces_;
  Pump<AsioNetwork> pump_;
};

static_assert(Network<AsioNetwork>);

}  // namespace lastword
