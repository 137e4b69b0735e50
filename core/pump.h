// The loop that turns facts into wishes and wishes into calls. It decides nothing: one template,
// driven by the real network and by simulated ones alike.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/check.h"
#include "core/connection_id.h"
#include "core/server.h"
#include "core/transfer.h"
#include "core/transport.h"

namespace lastword {

// What accepting came to.
enum class Acceptance : std::uint8_t {
  accepted,     // Network::adopt or Network::turn_away takes the new connection
  would_block,  // nobody is waiting
  retry,        // this one came to nothing (it was aborted, say); there may be more
  exhausted,    // no descriptors or no memory
};

// A non-blocking network as the pump needs it. All calls return at once. Readiness comes back as
// calls of the pump's `acceptable`, `readable`, `writable`, `released` and `elapsed`; each await_*
// asks for one such call. A network may call too often (a read or write that would block is
// harmless), but not forget. Only `released` may be called from within one of these calls.
template <typename N>
concept Network =
    requires(N network, ConnectionId id, std::span<std::byte> buffer, std::span<const Slice> slices,
             Transport transport, Listen listen, std::optional<Deadline> deadline) {
      // The time that belongs to the facts of now.
      { network.now() } -> std::same_as<Instant>;

      // From the listener of this transport.
      { network.accept(transport) } -> std::same_as<Acceptance>;
      // What becomes of the connection that `accept` brought: it gets this id, or is closed.
      { network.adopt(id) } -> std::same_as<void>;
      { network.turn_away() } -> std::same_as<void>;
      { network.set_listen(listen) } -> std::same_as<void>;

      { network.read(id, buffer) } -> std::same_as<Transfer>;
      { network.write(id, slices) } -> std::same_as<Transfer>;
      { network.await_readable(id) } -> std::same_as<void>;
      { network.await_writable(id) } -> std::same_as<void>;
      // Sends a FIN behind everything that was written.
      { network.finish(id) } -> std::same_as<void>;
      // Closes without a reset, as far as that can be; answers with `released`, at once or later.
      { network.close(id) } -> std::same_as<void>;
      // Whether the peer's kernel has acknowledged everything, the FIN included, and nothing that
      // it sent lies here unread: then it is not silent, only not heard yet.
      { network.is_acknowledged(id) } -> std::same_as<bool>;

      // The next call of `elapsed` that the server needs.
      { network.wake_at(deadline) } -> std::same_as<void>;
    };

// Drives one server over one network. A turn: the driver reports everything that is ready, then
// calls `finish_turn`, which writes each changed connection with one gathering write (a long queue
// with several, as far as the kernel takes them) and brings all wishes about.
//
// Invariants:
//  1. At most one await_readable and one await_writable of a connection are unanswered.
//  2. A connection that waits to be writable is not written to.
//  3. `finish` and `close` are called at most once for a connection, in this order.
template <typename N>
class Pump {
 public:
  // At most this many connections are accepted in one turn, so that a storm of them can't keep the
  // others waiting.
  static constexpr int accepts_per_turn_max = 64;
  // At the stop, this many such turns, more than a backlog holds.
  static constexpr int last_accept_turns_max = 64;
  // Pieces in one gathering write.
  static constexpr std::size_t slices_max = 256;
  // Of a turn with more connections than these, the lists are given back: a word to everybody does
  // not take a place for everybody from then on.
  static constexpr std::size_t ids_kept_max = 4096;

  // Both must outlive the pump. `buffer` is the one that everything is read into; its size is the
  // most that one connection brings in one turn.
  Pump(Server& server, N& network, std::span<std::byte> buffer)
      : server_{server}, network_{network}, buffer_{buffer} {
    // Here and not at the template's head: a network may well own its pump.
    static_assert(Network<N>);
    LASTWORD_CHECK(!buffer.empty());
  }

  // A snapshot: goes on from where the other one is, between two turns or within one, with copies
  // of its server and its network.
  Pump(const Pump& other, Server& server, N& network, std::span<std::byte> buffer)
      : server_{server},
        network_{network},
        buffer_{buffer},
        applied_{other.applied_},
        look_again_{other.look_again_} {}

  // --- Facts, from the driver ------------------------------------------------------------------

  // Somebody may be waiting at this transport's listener. Returns true if there may be more.
  bool acceptable(Transport transport = Transport::lines) {
    for (int count = 0; count < accepts_per_turn_max; ++count) {
      if (server_.listen() != Listen::open) return false;
      switch (network_.accept(transport)) {
        case Acceptance::accepted:
          if (const auto id = server_.accepted(network_.now(), transport)) {
            network_.adopt(*id);
            begin(*id);
          } else {
            network_.turn_away();
          }
          break;
        case Acceptance::retry:
          break;
        case Acceptance::exhausted:
          server_.accept_failed(network_.now());
          return false;
        case Acceptance::would_block:
          return false;
      }
    }
    return true;
  }

  void readable(ConnectionId id) {
    Applied* const applied = find(id);
    if (applied == nullptr) return;
    applied->is_awaiting_readable = false;
    look_again_.push_back(id);
    if (!server_.wish(id).read) return;
    const Transfer transfer = network_.read(id, buffer_);
    switch (transfer.kind) {
      case Transfer::Kind::bytes:
        server_.received(network_.now(), id, buffer_.first(transfer.count));
        return;
      case Transfer::Kind::would_block:
        return;
      case Transfer::Kind::end:
        server_.ended(network_.now(), id);
        return;
      case Transfer::Kind::fault:
        server_.failed(network_.now(), id, transfer.fault);
        return;
    }
  }

  void writable(ConnectionId id) {
    Applied* const applied = find(id);
    if (applied == nullptr) return;
    applied->is_awaiting_writable = false;
    look_again_.push_back(id);
  }

  void released(ConnectionId id) {
    Applied* const applied = find(id);
    if (applied == nullptr) return;
    *applied = {};
    server_.released(network_.now(), id);
  }

  void elapsed() { server_.elapsed(network_.now()); }

  // Those who connected before the stop are let in first: they get an orderly end, not a reset.
  void stop(StopReason reason) {
    for (const Transport transport : {Transport::lines, Transport::websocket}) {
      int turns = 0;
      while (turns < last_accept_turns_max && acceptable(transport)) ++turns;
    }
    server_.stop(network_.now(), reason);
  }

  // --- Wishes, to the network ------------------------------------------------------------------

  void finish_turn() {
    // The listener first: who hears the goodbye must not be able to connect any more.
    network_.set_listen(server_.listen());
    do {
      server_.take_changed(changed_);
      for (const ConnectionId id : changed_) bring_about(id);
      // What became ready is looked at even if nothing changed for the server: it may have to be
      // written to, or waited for, again.
      for (const ConnectionId id : look_again_) bring_about(id);
      look_again_.clear();
    } while (server_.has_changed());
    network_.wake_at(server_.deadline());
    for (auto* ids : {&changed_, &look_again_}) {
      if (ids->capacity() > ids_kept_max) *ids = std::vector<ConnectionId>{};
    }
  }

 private:
  // What was brought about of a connection's wishes so far.
  struct Applied {
    ConnectionId id;
    bool is_awaiting_readable = false;
    bool is_awaiting_writable = false;
    End end = End::open;
  };

  void begin(ConnectionId id) {
    if (index_of(id.slot) >= applied_.size()) applied_.resize(index_of(id.slot) + 1);
    applied_[index_of(id.slot)] = {.id = id};
  }

  [[nodiscard]] Applied* find(ConnectionId id) {
    if (index_of(id.slot) >= applied_.size()) return nullptr;
    Applied& applied = applied_[index_of(id.slot)];
    return applied.id == id ? &applied : nullptr;
  }

  void bring_about(ConnectionId id) {
    Applied* const applied = find(id);
    if (applied == nullptr || applied->end == End::release) return;
    Wish wish = server_.wish(id);
    if (wish.write && !applied->is_awaiting_writable) {
      write(*applied);
      wish = server_.wish(id);
    }
    if (wish.end == End::fin && applied->end == End::open) {
      applied->end = End::fin;
      network_.finish(id);
    }
    if (wish.confirm) {
      server_.acknowledged(network_.now(), id, network_.is_acknowledged(id));
      wish = server_.wish(id);
    }
    if (wish.end == End::release) {
      applied->end = End::release;
      network_.close(id);  // may answer at once
      return;
    }
    if (wish.read && !applied->is_awaiting_readable) {
      applied->is_awaiting_readable = true;
      network_.await_readable(id);
    }
  }

  void write(Applied& applied) {
    const std::size_t count = server_.gather(applied.id, slices_);
    std::size_t size = 0;
    for (std::size_t position = 0; position < count; ++position) size += slices_[position].size();

    const ConnectionId id = applied.id;
    const Transfer transfer = network_.write(id, std::span{slices_}.first(count));
    if (transfer.kind == Transfer::Kind::fault) {
      server_.failed(network_.now(), id, transfer.fault);
      return;
    }
    const std::size_t written = transfer.kind == Transfer::Kind::bytes ? transfer.count : 0;
    if (written < size) {
      applied.is_awaiting_writable = true;
      network_.await_writable(id);
    }
    if (written > 0) server_.wrote(network_.now(), id, written);
  }

  Server& server_;
  N& network_;
  std::span<std::byte> buffer_;
  std::vector<Applied> applied_;
  std::vector<ConnectionId> changed_;
  std::vector<ConnectionId> look_again_;  // became ready in this turn
  // Of one write. Here and not in `write`, where clearing it would cost more than filling it.
  std::array<Slice, slices_max> slices_;
};

}  // namespace lastword
