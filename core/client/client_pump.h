// The loop between a client's wishes and the calls that bring them about. It decides nothing: one
// template, driven by the real network and by simulated ones alike.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>

#include "core/bytes.h"
#include "core/check.h"
#include "core/client/client.h"
#include "core/transfer.h"

namespace lastword {

// A non-blocking network as a client needs it: one link at a time. All calls return at once. What
// comes of them is told by calls of the pump's `connected`, `connect_failed`, `readable`,
// `writable`, `released` and `elapsed`; each await_* asks for one such call. A network may call too
// often, but not forget. Only `released` may be called from within one of these calls.
template <typename N>
concept ClientNetwork = requires(N network, client::Link link, std::span<std::byte> buffer,
                                 Bytes bytes, std::optional<client::Deadline> deadline) {
  // The time that belongs to the facts of now.
  { network.now() } -> std::same_as<Instant>;
  // Looks up the client's host and connects; answers with `connected` or `connect_failed`.
  { network.connect(link) } -> std::same_as<void>;
  { network.read(link, buffer) } -> std::same_as<Transfer>;
  { network.write(link, bytes) } -> std::same_as<Transfer>;
  { network.await_readable(link) } -> std::same_as<void>;
  { network.await_writable(link) } -> std::same_as<void>;
  // Closes the link, or gives the attempt up; answers with `released`, at once or later. What
  // was written is still delivered, as far as that can be.
  { network.close(link) } -> std::same_as<void>;
  // The next call of `elapsed` that the client needs.
  { network.wake_at(deadline) } -> std::same_as<void>;
};

// Drives one client over one network. A turn: the driver reports what is ready and lets the
// application look at what came of it (lines that came, lines to give), then calls `finish_turn`,
// which brings all wishes about.
//
// Invariants:
//  1. At most one await_readable and one await_writable of the link are unanswered.
//  2. A link that waits to be writable is not written to.
//  3. For each link, `connect` and `close` are called at most once, in this order.
template <typename N>
class ClientPump {
 public:
  // All must outlive the pump. `buffer` is what is read into.
  ClientPump(Client& client, N& network, std::span<std::byte> buffer)
      : client_{client}, network_{network}, buffer_{buffer} {
    // Here and not at the template's head: a network may well own its pump.
    static_assert(ClientNetwork<N>);
    LASTWORD_CHECK(!buffer.empty());
  }

  // A snapshot: goes on from where the other one is, with copies of its client and its network.
  ClientPump(const ClientPump& other, Client& client, N& network, std::span<std::byte> buffer)
      : client_{client}, network_{network}, buffer_{buffer}, applied_{other.applied_} {}

  // --- Facts, from the driver ------------------------------------------------------------------

  void start() { client_.start(network_.now()); }

  void connected(client::Link link) {
    if (is_current(link)) client_.connected(network_.now(), link);
  }

  void connect_failed(client::Link link, client::ConnectFault fault) {
    if (is_current(link)) client_.connect_failed(network_.now(), link, fault);
  }

  void readable(client::Link link) {
    if (!is_current(link)) return;
    applied_.is_awaiting_readable = false;
    if (!client_.wish().read) return;
    const Transfer transfer = network_.read(link, buffer_);
    switch (transfer.kind) {
      case Transfer::Kind::bytes:
        client_.received(network_.now(), link, buffer_.first(transfer.count));
        return;
      case Transfer::Kind::would_block:
        return;
      case Transfer::Kind::end:
        client_.ended(network_.now(), link);
        // There is nothing more to be read, though the client may still have to write.
        applied_.has_ended = true;
        return;
      case Transfer::Kind::fault:
        client_.failed(network_.now(), link, transfer.fault);
        return;
    }
  }

  void writable(client::Link link) {
    if (is_current(link)) applied_.is_awaiting_writable = false;
  }

  void released(client::Link link) {
    if (!is_current(link)) return;
    applied_ = {};
    client_.released(network_.now(), link);
  }

  void elapsed() { client_.elapsed(network_.now()); }

  // --- Wishes, to the network ------------------------------------------------------------------

  void finish_turn() {
    for (;;) {
      const client::Wish wish = client_.wish();
      if (!bring_about(wish)) break;
    }
    network_.wake_at(client_.deadline());
  }

 private:
  // What was brought about of the link's wishes so far.
  struct Applied {
    client::Link link = client::no_link;
    bool is_awaiting_readable = false;
    bool is_awaiting_writable = false;
    bool has_ended = false;
    bool is_closed = false;
  };

  [[nodiscard]] bool is_current(client::Link link) const {
    return link != client::no_link && applied_.link == link;
  }

  // Returns true if something was done that may have changed the wishes.
  bool bring_about(const client::Wish& wish) {
    if (wish.connect && applied_.link != wish.link) {
      LASTWORD_CHECK(applied_.link == client::no_link);
      applied_.link = wish.link;
      network_.connect(wish.link);
      return true;
    }
    if (wish.release && applied_.link != wish.link) {  // it was never asked for
      client_.released(network_.now(), wish.link);
      return true;
    }
    if (wish.release && !applied_.is_closed) {
      applied_.is_closed = true;
      network_.close(wish.link);  // may answer at once
      return true;
    }
    if (wish.read && !applied_.is_awaiting_readable && !applied_.has_ended) {
      applied_.is_awaiting_readable = true;
      network_.await_readable(wish.link);
    }
    return wish.write && !applied_.is_awaiting_writable && write(wish.link);
  }

  [[nodiscard]] bool write(client::Link link) {
    const Bytes bytes = client_.gather();
    const Transfer transfer = network_.write(link, bytes);
    if (transfer.kind == Transfer::Kind::fault) {
      client_.failed(network_.now(), link, transfer.fault);
      return true;
    }
    const std::size_t written = transfer.kind == Transfer::Kind::bytes ? transfer.count : 0;
    if (written < bytes.size()) {
      applied_.is_awaiting_writable = true;
      network_.await_writable(link);
    }
    if (written > 0) client_.wrote(network_.now(), link, written);
    return written > 0;
  }

  Client& client_;
  N& network_;
  std::span<std::byte> buffer_;
  Applied applied_;
};

}  // namespace lastword
