// A server, its pump, a kernel in memory and clients: most tests of the server speak to one of
// these.
//
// The kernel has byte pipes with a send buffer, FIN and RST, an accept queue and a clock that
// stands still until it is told to move. Nothing is random and nothing happens by itself: `settle`
// runs turn after turn until nothing is ready any more.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/pump.h"
#include "core/server.h"

namespace lastword::test {

inline std::string text_of(std::size_t size) { return std::string(size, 'x'); }

// One TCP connection, seen from both ends.
struct Pipe {
  // Client to server.
  std::string inbound;  // in the server's receive buffer
  bool has_client_ended = false;
  std::optional<Fault> fault;  // the connection is broken
  // Server to client.
  std::string outbound;  // in the server's send buffer, or on its way
  std::string received;  // read by the client
  bool has_server_ended = false;
  bool was_reset_by_server = false;  // closed with unread bytes: destroys what is outbound

  bool is_closed = false;  // the server's descriptor is closed
  bool is_client_reading = true;
  bool is_client_answering_fin = true;  // ends its own side as soon as it saw the server's end
  bool is_acknowledging = true;

  bool is_awaiting_readable = false;
  bool is_awaiting_writable = false;
};

// The pump's Network, in memory.
class PairNetwork {
 public:
  std::size_t send_buffer_max = 1 << 16;
  std::size_t write_max = SIZE_MAX;     // bytes that one write takes at most
  std::size_t write_budget = SIZE_MAX;  // bytes that all writes from now on take together
  std::size_t read_max = SIZE_MAX;      // bytes that one read brings at most
  std::uint64_t descriptors_max = UINT64_MAX;

  Instant clock{};
  std::deque<Pipe> pipes;                        // by client; never moved
  std::deque<std::size_t> backlog;               // of the listener for lines
  std::deque<std::size_t> websocket_backlog;     // of the other one
  std::map<std::uint32_t, std::size_t> by_slot;  // slot to client
  std::optional<Deadline> deadline;
  Listen listen_state = Listen::open;
  std::uint64_t accept_calls = 0;
  std::optional<std::size_t> accepted;
  std::vector<ConnectionId> to_release;

  [[nodiscard]] Pipe& at(ConnectionId id) {
    return pipes[by_slot.at(static_cast<std::uint32_t>(id.slot))];
  }

  [[nodiscard]] Instant now() const { return clock; }

  [[nodiscard]] std::deque<std::size_t>& backlog_of(Transport transport) {
    return transport == Transport::lines ? backlog : websocket_backlog;
  }

  [[nodiscard]] Acceptance accept(Transport transport) {
    ++accept_calls;
    auto& waiting = backlog_of(transport);
    if (waiting.empty()) return Acceptance::would_block;
    if (by_slot.size() >= descriptors_max) return Acceptance::exhausted;
    accepted = waiting.front();
    waiting.pop_front();
    return Acceptance::accepted;
  }
  void adopt(ConnectionId id) {
    by_slot[static_cast<std::uint32_t>(id.slot)] = *accepted;
    ids_[*accepted] = id;
  }
  void turn_away() {
    pipes[*accepted].is_closed = true;
    pipes[*accepted].has_server_ended = true;
  }
  void set_listen(Listen listen) {
    listen_state = listen;
    if (listen != Listen::closed) return;
    for (auto* waiting : {&backlog, &websocket_backlog}) {
      for (const std::size_t client : *waiting) {
        pipes[client].is_closed = true;
        pipes[client].was_reset_by_server = true;
      }
      waiting->clear();
    }
  }

  [[nodiscard]] Transfer read(ConnectionId id, std::span<std::byte> buffer) {
    Pipe& pipe = at(id);
    if (pipe.fault) return {.kind = Transfer::Kind::fault, .fault = *pipe.fault};
    if (!pipe.inbound.empty()) {
      const std::size_t count = std::min({buffer.size(), read_max, pipe.inbound.size()});
      std::memcpy(buffer.data(), pipe.inbound.data(), count);
      pipe.inbound.erase(0, count);
      return {.kind = Transfer::Kind::bytes, .count = count};
    }
    if (pipe.has_client_ended) return {.kind = Transfer::Kind::end};
    return {};
  }

  [[nodiscard]] Transfer write(ConnectionId id, std::span<const Slice> slices) {
    Pipe& pipe = at(id);
    if (pipe.fault) return {.kind = Transfer::Kind::fault, .fault = *pipe.fault};
    const std::size_t taken = std::min(send_buffer_max, pipe.outbound.size());
    std::size_t room = std::min({write_max, write_budget, send_buffer_max - taken});
    std::size_t count = 0;
    for (const Slice slice : slices) {
      const std::size_t part = std::min(room, slice.size());
      pipe.outbound.append(as_text(slice.first(part)));
      room -= part;
      count += part;
    }
    if (count == 0) return {};
    write_budget -= count;
    return {.kind = Transfer::Kind::bytes, .count = count};
  }

  void await_readable(ConnectionId id) { at(id).is_awaiting_readable = true; }
  void await_writable(ConnectionId id) { at(id).is_awaiting_writable = true; }
  void finish(ConnectionId id) { at(id).has_server_ended = true; }
  void close(ConnectionId id) {
    Pipe& pipe = at(id);
    pipe.is_closed = true;
    if (!pipe.inbound.empty()) {
      pipe.was_reset_by_server = true;
      pipe.outbound.clear();
    }
    pipe.has_server_ended = true;
    to_release.push_back(id);
  }
  [[nodiscard]] bool is_acknowledged(ConnectionId id) {
    return at(id).outbound.empty() && at(id).inbound.empty() && at(id).is_acknowledging;
  }
  void wake_at(const std::optional<Deadline>& at) { deadline = at; }

  [[nodiscard]] std::optional<ConnectionId> id_of(std::size_t client) const {
    const auto found = ids_.find(client);
    return found == ids_.end() ? std::nullopt : std::optional{found->second};
  }

 private:
  std::map<std::size_t, ConnectionId> ids_;
};

class Pair {
 public:
  using Client = std::size_t;

  explicit Pair(const Config& config = {}) : server{config}, pump_{server, network, buffer_} {
    pump_.finish_turn();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  Server server;
  PairNetwork network;

  // --- What clients do -------------------------------------------------------------------------

  Client connect() {
    network.pipes.emplace_back();
    const Client client = network.pipes.size() - 1;
    if (network.listen_state == Listen::closed) {
      pipe(client).is_closed = true;
      pipe(client).was_reset_by_server = true;  // refused
    } else {
      network.backlog.push_back(client);
    }
    return client;
  }

  Client log_in(std::string_view name) {
    const Client client = connect();
    send(client, name);
    settle();
    return client;
  }

  void send_bytes(Client client, std::string_view bytes) { pipe(client).inbound.append(bytes); }
  void send(Client client, std::string_view line) {
    send_bytes(client, line);
    send_bytes(client, "\n");
  }
  void end(Client client) { pipe(client).has_client_ended = true; }
  void reset(Client client) { pipe(client).fault = Fault::reset; }

  // What the client has read and not looked at yet, line by line; nullopt if there is no whole
  // line.
  std::optional<std::string> next_line(Client client) {
    std::string& received = pipe(client).received;
    const std::size_t lf = received.find('\n');
    if (lf == std::string::npos) return std::nullopt;
    std::string line = received.substr(0, lf);
    received.erase(0, lf + 1);
    return line;
  }
  std::vector<std::string> lines(Client client) {
    std::vector<std::string> all;
    while (auto line = next_line(client)) all.push_back(*line);
    return all;
  }

  // The client saw the end of the stream, having read everything before it.
  [[nodiscard]] bool has_ended(Client client) {
    return pipe(client).has_server_ended && pipe(client).outbound.empty();
  }

  [[nodiscard]] Pipe& pipe(Client client) { return network.pipes[client]; }

  // --- The world -------------------------------------------------------------------------------

  // One turn: everything that is ready, then the pump. Returns whether anything was ready.
  bool turn() {
    bool is_anything_ready = deliver();
    for (const Transport transport : {Transport::lines, Transport::websocket}) {
      if (network.listen_state != Listen::open || network.backlog_of(transport).empty()) continue;
      pump_.acceptable(transport);
      is_anything_ready = true;
    }
    for (Client client = 0; client < network.pipes.size(); ++client) {
      const auto id = network.id_of(client);
      if (!id || pipe(client).is_closed) continue;
      is_anything_ready |= offer(client, *id);
    }
    if (network.deadline && network.deadline->at <= network.clock) {
      pump_.elapsed();
      is_anything_ready = true;
    }
    pump_.finish_turn();
    is_anything_ready |= release();
    server.check_invariants();
    is_anything_ready |= deliver();
    return is_anything_ready;
  }

  void settle() {
    while (turn()) {
    }
  }

  // Moves the clock, stopping at each deadline on the way, and settles.
  void advance(Duration span) {
    const Instant until = network.clock + span;
    settle();
    while (network.deadline && network.deadline->at <= until) {
      network.clock = std::max(network.clock, network.deadline->at);
      settle();
    }
    network.clock = until;
    settle();
  }

  void stop(StopReason reason = StopReason::terminate) {
    pump_.stop(reason);
    pump_.finish_turn();
  }

  [[nodiscard]] const Books& books() const { return server.books(); }
  [[nodiscard]] std::uint64_t failed(Failure failure) const {
    return books().failed[static_cast<std::size_t>(failure)];
  }

 private:
  bool offer(Client client, ConnectionId id) {
    Pipe& it = pipe(client);
    bool was_ready = false;
    const bool is_readable = !it.inbound.empty() || it.has_client_ended || it.fault;
    if (it.is_awaiting_readable && is_readable) {
      it.is_awaiting_readable = false;
      pump_.readable(id);
      was_ready = true;
    }
    const bool has_room = it.outbound.size() < network.send_buffer_max && network.write_budget > 0;
    const bool is_writable = has_room || it.fault;
    if (it.is_awaiting_writable && is_writable) {
      it.is_awaiting_writable = false;
      pump_.writable(id);
      was_ready = true;
    }
    return was_ready;
  }

  bool release() {
    const bool was_any = !network.to_release.empty();
    for (const ConnectionId id : network.to_release) {
      network.by_slot.erase(static_cast<std::uint32_t>(id.slot));
      pump_.released(id);
    }
    network.to_release.clear();
    if (was_any) pump_.finish_turn();
    return was_any;
  }

  // What is on its way arrives, and clients answer a FIN.
  bool deliver() {
    bool has_moved = false;
    for (Pipe& it : network.pipes) {
      if (it.is_client_reading && !it.outbound.empty() && !it.fault) {
        it.received += it.outbound;
        it.outbound.clear();
        has_moved = true;
      }
      const bool sees_end = it.has_server_ended && it.is_client_reading && it.outbound.empty();
      if (sees_end && it.is_client_answering_fin && !it.has_client_ended) {
        it.has_client_ended = true;
        has_moved = true;
      }
    }
    return has_moved;
  }

  std::array<std::byte, 65536> buffer_{};
  Pump<PairNetwork> pump_;
};

}  // namespace lastword::test
