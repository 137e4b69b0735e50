// A network without a wire, for the tests of the pump: what its calls answer is scripted by the
// test, what is asked of it is written down, and it notices when the pump breaks its word.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/bytes.h"
#include "core/connection_id.h"
#include "core/instant.h"
#include "core/pump.h"
#include "core/timer_table.h"

namespace lastword {

class ScriptedNetwork {
 public:
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  struct End {};                                           // the peer's FIN
  using Incoming = std::variant<std::string, End, Fault>;  // what one read brings

  // One connection as the kernel would see it.
  struct Connection {
    // The script.
    std::deque<Incoming> incoming;
    std::size_t window = unlimited;    // bytes that writes take before they would block
    std::optional<Fault> write_fault;  // what the next write comes to
    bool has_acknowledged = false;

    // What the pump made of it.
    std::string written;
    bool is_awaiting_readable = false;
    bool is_awaiting_writable = false;
    bool is_finished = false;
    bool is_closed = false;
    bool is_released = false;
  };

  // --- The script, and what came of it ---------------------------------------------------------

  std::deque<Acceptance>
      arrivals;                    // what accepting comes to, one after the other; then would_block
  bool is_closing_at_once = true;  // close answers with `released` before it returns
  std::function<void(ConnectionId)> released;  // the pump's
  Instant time{};

  std::optional<Listen> listening;
  std::optional<Deadline> deadline;
  std::size_t buffer_size = 0;        // of the last read
  std::vector<std::string> breaches;  // where the pump broke its word

  [[nodiscard]] Connection& at(ConnectionId id) { return connections_[key(id)]; }
  [[nodiscard]] std::vector<ConnectionId> ids() const {
    std::vector<ConnectionId> ids;
    for (const auto& [key, connection] : connections_) {
      ids.push_back({.slot = Slot{key.first}, .generation = key.second});
    }
    return ids;
  }
  // The calls since the last time, in order.
  [[nodiscard]] std::vector<std::string> take_calls() { return std::exchange(calls_, {}); }

  // --- What the pump calls ---------------------------------------------------------------------

  [[nodiscard]] Instant now() const { return time; }

  [[nodiscard]] Acceptance accept(Transport) {
    calls_.emplace_back("accept");
    expect(!is_accepted_, "accepts before it said what becomes of the last one");
    if (arrivals.empty()) return Acceptance::would_block;
    const Acceptance acceptance = arrivals.front();
    arrivals.pop_front();
    is_accepted_ = acceptance == Acceptance::accepted;
    return acceptance;
  }
  void adopt(ConnectionId id) {
    call("adopt", id);
    expect(std::exchange(is_accepted_, false), "adopts nobody");
    expect(!connections_.contains(key(id)), "adopts under an id that was used");
    connections_[key(id)] = {};
  }
  void turn_away() {
    calls_.emplace_back("turn_away");
    expect(std::exchange(is_accepted_, false), "turns nobody away");
  }
  void set_listen(Listen listen) { listening = listen; }

  [[nodiscard]] Transfer read(ConnectionId id, std::span<std::byte> buffer) {
    call("read", id);
    buffer_size = buffer.size();
    Connection& connection = open(id);
    if (connection.incoming.empty()) return {};
    const Incoming incoming = connection.incoming.front();
    connection.incoming.pop_front();
    if (std::holds_alternative<End>(incoming)) return {.kind = Transfer::Kind::end};
    if (const auto* fault = std::get_if<Fault>(&incoming)) {
      return {.kind = Transfer::Kind::fault, .fault = *fault};
    }
    const std::string& text = std::get<std::string>(incoming);
    const std::size_t count = std::min(text.size(), buffer.size());
    std::ranges::copy(as_bytes(text).first(count), buffer.begin());
    if (count < text.size()) connection.incoming.emplace_front(text.substr(count));
    return {.kind = Transfer::Kind::bytes, .count = count};
  }

  [[nodiscard]] Transfer write(ConnectionId id, std::span<const Slice> slices) {
    std::string text;
    for (const Slice slice : slices) text += as_text(slice);
    calls_.push_back(named("write", id) + " <" + text + ">");
    Connection& connection = open(id);
    expect(!connection.is_awaiting_writable, "writes while it waits to be writable");
    expect(!connection.is_finished, "writes behind the FIN");
    expect(!text.empty(), "writes nothing");
    if (connection.write_fault) {
      return {.kind = Transfer::Kind::fault, .fault = *connection.write_fault};
    }
    const std::size_t count = std::min(text.size(), connection.window);
    if (connection.window != unlimited) connection.window -= count;
    connection.written += text.substr(0, count);
    if (count == 0) return {};
    return {.kind = Transfer::Kind::bytes, .count = count};
  }

  void await_readable(ConnectionId id) {
    call("await_readable", id);
    expect(!std::exchange(open(id).is_awaiting_readable, true), "waits twice to be readable");
  }
  void await_writable(ConnectionId id) {
    call("await_writable", id);
    expect(!std::exchange(open(id).is_awaiting_writable, true), "waits twice to be writable");
  }
  void finish(ConnectionId id) {
    call("finish", id);
    expect(!std::exchange(open(id).is_finished, true), "finishes twice");
  }
  void close(ConnectionId id) {
    call("close", id);
    open(id).is_closed = true;
    if (!is_closing_at_once) return;
    release(id);
  }
  [[nodiscard]] bool is_acknowledged(ConnectionId id) {
    call("is_acknowledged", id);
    return open(id).has_acknowledged;
  }
  void wake_at(const std::optional<Deadline>& at) { deadline = at; }

  // Answers a close.
  void release(ConnectionId id) {
    at(id).is_released = true;
    released(id);
  }

 private:
  using Key = std::pair<std::uint32_t, std::uint32_t>;

  static Key key(ConnectionId id) { return {static_cast<std::uint32_t>(id.slot), id.generation}; }
  static std::string named(std::string_view call, ConnectionId id) {
    return std::string{call} + " " + std::to_string(index_of(id.slot));
  }
  void call(std::string_view name, ConnectionId id) { calls_.push_back(named(name, id)); }
  void expect(bool is_kept, std::string_view breach) {
    if (!is_kept) breaches.emplace_back(breach);
  }
  Connection& open(ConnectionId id) {
    expect(connections_.contains(key(id)), "calls for a connection that never was");
    expect(!at(id).is_closed, "calls for a connection that is closed");
    return at(id);
  }

  std::map<Key, Connection> connections_;
  std::vector<std::string> calls_;
  bool is_accepted_ = false;  // a connection waits for adopt or turn_away
};

static_assert(Network<ScriptedNetwork>);

}  // namespace lastword
