// A server, its pump, a kernel in memory and clients, made small: a fuzzer builds thousands of them
// in a second.
//
// The kernel has byte pipes with a send buffer, FIN and reset, and a clock that stands still until
// it is told to move. Nothing is random and nothing happens by itself.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/pump.h"
#include "core/server.h"
#include "core/transfer.h"

namespace lastword::fuzz {

// A client, by the number of its connection.
using Client = std::size_t;

// One TCP connection, seen from both ends.
struct Pipe {
  std::optional<ConnectionId> id{};  // once it is accepted

  // Client to server.
  std::string inbound{};  // not read by the server yet
  bool has_client_ended = false;
  std::optional<Fault> fault{};  // the connection is broken

  // Server to client.
  std::string taken{};                // all that the kernel ever took
  std::vector<std::size_t> writes{};  // where in it each write began
  std::size_t read = 0;               // bytes of it that the client has read
  std::size_t read_max = SIZE_MAX;    // and the most that it will
  bool has_server_ended = false;
  bool is_closed = false;  // the server's descriptor
  bool is_reset = false;   // it was closed with unread bytes

  // What the client does of its own accord.
  bool is_answering_fin = true;      // ends its side as soon as it has seen the server's end
  bool is_answering_frames = false;  // and answers pings and the Close
  std::size_t answered = 0;          // bytes that it has looked at for that
  bool has_said_close = false;

  bool is_awaiting_readable = false;
  bool is_awaiting_writable = false;

  // The most that was queued for it in the server, up to the stop, and held of its input.
  std::size_t queued_peak = 0;
  std::size_t held_peak = 0;

  [[nodiscard]] bool is_open() const { return !is_closed && !fault && !has_client_ended; }
  [[nodiscard]] bool has_seen_end() const { return has_server_ended && read == taken.size(); }
};

// The pump's Network.
class SmallNetwork {
 public:
  // The send buffer is small only for what comes first on a connection: a byte at a time would take
  // for ever otherwise.
  static constexpr std::size_t tight_bytes_max = 1000;
  static constexpr std::size_t wide_buffer_max = 1 << 16;

  std::size_t send_buffer_max = wide_buffer_max;
  Instant clock{};
  std::vector<Pipe> pipes;
  std::vector<Client> open;                     // those that are not closed, in their order
  std::array<std::vector<Client>, 2> backlogs;  // by transport
  std::optional<Deadline> deadline;
  Listen listening = Listen::open;
  std::vector<ConnectionId> to_release;
  std::size_t writes_in_turn = 0;

  [[nodiscard]] Pipe& at(ConnectionId id) { return pipes[by_slot_.at(index_of(id.slot))]; }
  [[nodiscard]] std::vector<Client>& backlog(Transport transport) {
    return backlogs.at(static_cast<std::size_t>(transport));
  }
  [[nodiscard]] std::size_t buffer_room(const Pipe& pipe) const;

  [[nodiscard]] Instant now() const { return clock; }
  [[nodiscard]] Acceptance accept(Transport transport);
  void adopt(ConnectionId id);
  void turn_away();
  void set_listen(Listen listen) { listening = listen; }
  [[nodiscard]] Transfer read(ConnectionId id, std::span<std::byte> buffer);
  [[nodiscard]] Transfer write(ConnectionId id, std::span<const Slice> slices);
  void await_readable(ConnectionId id) { at(id).is_awaiting_readable = true; }
  void await_writable(ConnectionId id) { at(id).is_awaiting_writable = true; }
  void finish(ConnectionId id) { at(id).has_server_ended = true; }
  void close(ConnectionId id);
  [[nodiscard]] bool is_acknowledged(ConnectionId id);
  void wake_at(const std::optional<Deadline>& at) { deadline = at; }

 private:
  std::vector<Client> by_slot_;
  Client accepted_ = 0;
};

// A copy goes on from where the other one is; between two turns. Two oracles are here: that the
// world comes to rest, and that nobody is read from who is paused (contract, section 3).
class SmallWorld {
 public:
  SmallWorld(const Config& config, std::size_t send_buffer_max);
  SmallWorld(const SmallWorld& other);
  SmallWorld& operator=(const SmallWorld&) = delete;
  ~SmallWorld() = default;

  Server server;

  // --- What clients do -------------------------------------------------------------------------

  // Whoever comes last in each turn; the others come in the order in which they connected.
  void put_last(Client client) { last_ = client; }
  Client connect(Transport transport);
  // Nothing is sent any more once the client has ended its side, or the connection is gone.
  void send(Client client, std::string_view bytes);
  void end(Client client) { pipe(client).has_client_ended = true; }
  void break_off(Client client, Fault fault) { pipe(client).fault = fault; }

  [[nodiscard]] Pipe& pipe(Client client) { return network_.pipes[client]; }
  [[nodiscard]] const Pipe& pipe(Client client) const { return network_.pipes[client]; }
  [[nodiscard]] std::size_t client_count() const { return network_.pipes.size(); }
  // It has said something that the server has not taken yet; or it has ended, and the server does
  // not know: while the memory is full it reads from nobody.
  [[nodiscard]] bool is_waiting(Client client) const;

  // --- The world -------------------------------------------------------------------------------

  // Turn after turn, until nothing is ready any more.
  void settle();
  // Moves the clock, stopping at each deadline on the way, and settles.
  void pass(Duration span);
  // A signal; and what it brings about.
  void stop();
  [[nodiscard]] Instant now() const { return network_.clock; }
  // The most that was ever queued for all, up to the stop.
  [[nodiscard]] std::size_t queued_peak() const { return queued_peak_; }
  // The name under which the last one logged in; empty if it never did.
  [[nodiscard]] const std::string& name_of_last() const { return name_of_last_; }

 private:
  void turn();
  void offer(Client client);
  void look_in(std::optional<Client> client);
  [[nodiscard]] bool is_readable(const Pipe& pipe) const;
  [[nodiscard]] bool is_writable(const Pipe& pipe) const;
  [[nodiscard]] bool is_anything_ready();
  void release();
  void let_clients_read();
  void answer_frames(Pipe& pipe);

  SmallNetwork network_;
  std::array<std::byte, 4096> buffer_{};
  Pump<SmallNetwork> pump_;
  Client last_ = SIZE_MAX;
  std::size_t queued_peak_ = 0;
  std::string name_of_last_;
  bool is_stopping_ = false;
};

}  // namespace lastword::fuzz
