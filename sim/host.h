// The server's process in the simulated world: the production core behind the production pump, and
// an event loop whose every freedom is a choice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/pump.h"
#include "core/server.h"
#include "sim/environment.h"
#include "sim/kernel.h"

namespace lastword::sim {

// One fact as the server got it.
struct Fact {
  enum class Kind : std::uint8_t {
    none,
    accepted,  // `id` is empty if it was turned away
    accept_failed,
    received,
    ended,
    wrote,
    acknowledged,
    failed,
    released,
    elapsed,
    stop,
    stale,  // about a connection that is gone
  };
  Kind kind = Kind::none;
  std::optional<ConnectionId> id{};
  Link link = no_link;
  std::span<const std::byte> bytes{};  // received
  std::size_t count = 0;               // wrote
  Fault fault = Fault::other;          // failed
  bool flag = false;                   // acknowledged
};

// Who looks at every single fact: before and after it.
class Witness {
 public:
  Witness() = default;
  Witness(const Witness&) = default;
  Witness& operator=(const Witness&) = default;
  virtual ~Witness() = default;
  virtual void before(const Fact& fact) = 0;
  virtual void after(const Fact& fact) = 0;
  // The kernel took these bytes for the connection; the fact `wrote` follows.
  virtual void taken(Link link, std::span<const Slice> slices, std::size_t size) = 0;
  // The server ends its sending side.
  virtual void finishing(Link link) = 0;
  // The server closes the connection.
  virtual void closing(Link link) = 0;
  // The server's events were taken by its log.
  virtual void log_taken() = 0;
};

// One process, from its start to its exit, and its event loop. A turn: of the handlers that are
// ready, in any order, all or some are called, one in each step; then the pump finishes the turn,
// which is a step too.
class Host {
 public:
  // Starts the process, which listens from now on. `life`: which of the server's, from 0 on; the
  // process's own events say so.
  Host(const Config& config, Environment& environment, Kernel& kernel, Witness& witness,
       std::uint32_t life = 0);
  // A snapshot, which goes on in another world.
  Host(const Host& other, Environment& environment, Kernel& kernel, Witness& witness);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() = default;

  // --- The world, to the process ---------------------------------------------------------------

  // Somebody waits to be accepted.
  void acceptable();
  // Something about the link may have become ready.
  void look(Link link);
  void signal(StopReason reason);
  // The process is killed: its descriptors are closed.
  void kill();
  // Events that the process scheduled for itself.
  void on_deadline(std::uint32_t which);
  void on_release(std::uint32_t handler);
  void begin_turn();
  // One handler, or the end of the turn. Only while in_turn().
  void step();
  [[nodiscard]] bool in_turn() const { return is_in_turn_; }
  // The process stands still until then.
  void pause_until(Instant until) {
    paused_until_ = until;
    paused_ += until - environment_.now;
  }
  // Nobody takes the server's events until then.
  void block_log_until(Instant until) { log_blocked_until_ = until; }

  [[nodiscard]] bool has_exited() const { return has_exited_; }
  [[nodiscard]] bool was_killed() const { return was_killed_; }
  [[nodiscard]] const Server& server() const { return server_; }
  [[nodiscard]] Server& server() { return server_; }
  [[nodiscard]] std::optional<ConnectionId> id_of(Link link) const;
  [[nodiscard]] Link link_of(ConnectionId id) const { return at(id).link; }
  // How long it stood still in all.
  [[nodiscard]] Duration paused() const { return paused_; }
  // Attempts to accept for which the system had nothing left.
  [[nodiscard]] std::uint64_t exhausted_accepts() const { return exhausted_accepts_; }
  [[nodiscard]] std::uint64_t facts() const { return facts_; }

  // --- The pump's Network ----------------------------------------------------------------------

  [[nodiscard]] Instant now();
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
  struct Handler {
    enum class Kind : std::uint8_t {
      acceptable,
      readable,
      writable,
      released,
      elapsed,
      signal,
    };
    Kind kind;
    ConnectionId id{};
    StopReason reason = StopReason::terminate;
    Transport transport = Transport::lines;  // acceptable
  };
  struct Place {
    Link link = no_link;
    std::uint32_t generation = 0;
    bool is_open = false;
    bool is_awaiting_readable = false;
    bool is_awaiting_writable = false;
    bool is_writable_late = false;  // it could be told, and is not yet
    bool is_closing = false;        // closed; `released` comes when nothing is in flight
  };

  void acceptable(Transport transport);
  [[nodiscard]] bool& is_awaiting_accept(Transport transport) {
    return is_awaiting_accept_[static_cast<std::size_t>(transport)];
  }
  [[nodiscard]] Place& at(ConnectionId id);
  [[nodiscard]] const Place& at(ConnectionId id) const;
  void ready(const Handler& handler);
  void schedule_turn();
  void call(const Handler& handler);
  void settle();
  void begin_fact(Fact fact);
  void finish_turn();
  void stale_facts();
  void after_turn();
  void let_go(ConnectionId id);
  void spurious_calls();
  [[nodiscard]] std::size_t choose_handler();

  Environment& environment_;
  Kernel& kernel_;
  Witness& witness_;
  std::uint32_t life_;
  Server server_;
  std::array<std::byte, 4096> buffer_{};
  Pump<Host> pump_;

  std::vector<Place> places_;                     // by slot
  std::vector<std::optional<ConnectionId>> ids_;  // by link
  std::vector<Handler> ready_;
  std::vector<Handler> waiting_;    // handlers that are told later: `release` events name them
  std::vector<ConnectionId> gone_;  // the last ones that were released
  std::size_t turn_left_ = 0;
  bool is_in_turn_ = false;
  bool is_turn_scheduled_ = false;
  std::array<bool, 2> is_awaiting_accept_{};  // by transport
  bool is_listening_ = true;
  bool is_stopping_ = false;
  bool has_exited_ = false;
  bool was_killed_ = false;
  Instant paused_until_{};
  Duration paused_{};
  std::optional<Instant> wake_at_;
  std::uint32_t deadline_ = 0;  // counts them: events about earlier ones are void
  bool is_deadline_ready_ = false;
  Link accepted_ = no_link;
  std::uint64_t exhausted_accepts_ = 0;
  std::uint64_t facts_ = 0;
  Instant last_turn_at_{};
  std::uint32_t turns_at_this_instant_ = 0;

  Fact next_;                     // what the pump is about to say
  Fact current_;                  // what it said, not looked at yet
  bool is_fact_unnamed_ = false;  // the time was asked for before the fact was known
  std::vector<lastword::Event> events_;
  Instant log_blocked_until_{};
};

static_assert(Network<Host>);

}  // namespace lastword::sim
