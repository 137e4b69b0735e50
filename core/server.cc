// Facts and wishes: the face of the server. What the facts lead to is in server_lines.cc,
// server_messages.cc, server_websocket.cc, server_queues.cc and server_endings.cc.
#include "core/server.h"

#include <utility>

#include "core/check.h"
#include "core/replies.h"

namespace lastword {

Server::Server(const Config& config)
    : config_{config}, framing_{.line_max = config.line_max}, broker_{config.hash_seed} {
  LASTWORD_CHECK(config.line_max >= 1);
  LASTWORD_CHECK(config.heartbeat > Duration::zero());
  LASTWORD_CHECK(config.line_max <= config.outbox_max);
  LASTWORD_CHECK(config.connections_max >= 1);
  LASTWORD_CHECK(config.work_per_fact_max >= 1);
}

// --- Facts -------------------------------------------------------------------------------------

std::optional<ConnectionId> Server::accepted(Instant now, Transport transport) {
  begin_fact(now);
  if (std::exchange(is_accept_failing_, false)) tell(EventKind::listener_resumed);
  ++books_.connections_total;
  const bool is_full = live_count_ - extra_count_ >= config_.connections_max;
  if (phase_ != Phase::serving || (is_full && extra_count_ >= config_.refusals_max)) {
    ++books_.connections_failed;
    return std::nullopt;
  }

  const Slot slot = take_slot();
  const ConnectionId id = id_of(slot);
  Connection& connection = at(slot);
  const bool is_websocket = transport == Transport::websocket;
  connection.stage = is_websocket ? Stage::handshaking : Stage::naming;
  if (is_websocket) take_session(slot);
  if (is_full) {
    connection.is_extra = true;
    ++extra_count_;
    tell(EventKind::turned_away, id);
  } else {
    tell(EventKind::opened, id);
  }
  // Who came by WebSocket is told in the answer to its handshake.
  if (is_full && !is_websocket) {
    scratch_.clear();
    reply::append_server_full(scratch_);
    push_scratch(slot);
    begin_flushing(slot, websocket::CloseCode::normal);
  } else {
    timers_.arm(slot, Timer::login, now + config_.login_timeout);
  }
  mark(slot);
  end_fact();
  return id;
}

void Server::accept_failed(Instant now) {
  begin_fact(now);
  if (phase_ == Phase::serving) {
    if (!std::exchange(is_accept_failing_, true)) tell(EventKind::listener_paused);
    timers_.arm(Timer::accept_retry, now + config_.accept_retry);
  }
  end_fact();
}

void Server::received(Instant now, ConnectionId id, std::span<std::byte> bytes) {
  if (!is_current(id)) return;
  begin_fact(now);
  Connection& connection = at(id.slot);
  heard(id.slot);
  switch (connection.stage) {
    case Stage::handshaking:
      shake_hands(id.slot, bytes);
      break;
    case Stage::naming:
    case Stage::online:
      if (is_websocket(id.slot)) {
        reader_of(id.slot).feed(bytes);
      } else {
        framer_of(id.slot).feed(bytes);
      }
      take_input(id.slot);
      break;
    case Stage::flushing:
    case Stage::closing:
      search_for_close(id.slot, bytes);
      break;
    case Stage::finishing:
      search_for_close(id.slot, bytes);
      connection.last_received = now;
      // It was about to be let go for its silence, in this very turn.
      if (std::exchange(connection.is_confirm_wanted, false)) {
        timers_.arm(id.slot, Timer::linger, now + config_.linger);
      }
      break;
    case Stage::releasing:
    case Stage::vacant:
      break;
  }
  end_fact();
}

void Server::ended(Instant now, ConnectionId id) {
  if (!is_current(id)) return;
  begin_fact(now);
  Connection& connection = at(id.slot);
  if (!connection.has_peer_ended && connection.stage != Stage::releasing) {
    connection.has_peer_ended = true;
    mark(id.slot);
    tell(EventKind::peer_ended, id);
    switch (connection.stage) {
      case Stage::finishing:
      case Stage::closing:
        release(id.slot);
        break;
      case Stage::handshaking:
        begin_flushing(id.slot, websocket::CloseCode::normal);
        break;
      case Stage::naming:
      case Stage::online:
        take_input(id.slot);
        break;
      case Stage::flushing:  // what is queued goes out first
      case Stage::releasing:
      case Stage::vacant:
        break;
    }
  }
  end_fact();
}

void Server::wrote(Instant now, ConnectionId id, std::size_t bytes) {
  if (!is_current(id)) return;
  begin_fact(now);
  Connection& connection = at(id.slot);
  const std::uint32_t completed = connection.outbox.wrote(memory_, bytes);
  connection.books.delivered += completed;
  books_.deliver(completed);
  if (connection.is_watched && connection.outbox.queued_bytes() <= connection.stall_mark) {
    reached_mark(id.slot);
  }
  if (connection.stage == Stage::flushing) finish_if_flushed(id.slot);
  if (connection.outbox.is_empty()) {
    connection.queued_in = 0;
  } else {
    mark(id.slot);
  }
  end_fact();
}

void Server::acknowledged(Instant now, ConnectionId id, bool has_everything) {
  if (!is_current(id)) return;
  begin_fact(now);
  Connection& connection = at(id.slot);
  if (connection.stage == Stage::finishing && connection.is_confirm_wanted) {
    connection.is_confirm_wanted = false;
    if (has_everything) {
      tell(EventKind::left_open, id);
      connection.has_failed = true;
      release(id.slot);
    } else {
      timers_.arm(id.slot, Timer::linger, now + config_.acknowledgement_poll);
    }
  }
  end_fact();
}

void Server::failed(Instant now, ConnectionId id, Fault) {
  if (!is_current(id)) return;
  begin_fact(now);
  Connection& connection = at(id.slot);
  if (connection.stage != Stage::releasing) {
    log_out(id.slot, true);
    connection.stage = Stage::flushing;
    const std::uint64_t lost = fail_queue(id.slot, Failure::peer_gone, Kept::nothing);
    tell(EventKind::failed, id, lost);
    connection.has_failed = true;
    release(id.slot);
  }
  end_fact();
}

void Server::released(Instant now, ConnectionId id) {
  if (!is_current(id)) return;
  begin_fact(now);
  Connection& connection = at(id.slot);
  LASTWORD_CHECK(connection.stage == Stage::releasing);
  LASTWORD_CHECK(connection.outbox.is_empty());
  if (connection.is_extra) --extra_count_;
  --live_count_;
  give_session_back(id.slot);
  const std::uint32_t generation = connection.generation + 1;
  connection = {};  // its place in changed_, if it has one, names the old generation
  connection.generation = generation;
  broker_.forget(id.slot);
  vacant_.push_back(id.slot);
  finish_if_empty();
  end_fact();
}

void Server::elapsed(Instant now) {
  begin_fact(now);
  while (const auto due = timers_.take_due(now)) expire(*due);
  let_ready_go_on();
  end_fact();
}

void Server::stop(Instant now, StopReason reason) {
  begin_fact(now);
  if (phase_ == Phase::serving) {
    start_drain(reason);
  } else if (phase_ == Phase::draining) {
    cut_off();
  }
  end_fact();
}

// --- Wishes ------------------------------------------------------------------------------------

void Server::take_changed(std::vector<ConnectionId>& out) {
  ++turn_;
  out.clear();
  out.swap(changed_);
  for (const ConnectionId id : out) {
    if (is_current(id)) at(id.slot).is_marked = false;
  }
}

Wish Server::wish(ConnectionId id) const {
  if (!is_current(id)) return {.end = End::release};
  const Connection& connection = at(id.slot);
  const bool is_open = !connection.has_peer_ended;
  switch (connection.stage) {
    case Stage::handshaking:
    case Stage::naming:
      return {.read = is_open && !paused_.is_paused(id.slot),
              .write = !connection.outbox.is_empty()};
    case Stage::online:
      return {.read = is_open && !is_memory_full_ && !paused_.is_paused(id.slot),
              .write = !connection.outbox.is_empty()};
    case Stage::flushing:
    case Stage::closing:
      return {.read = is_open, .write = !connection.outbox.is_empty()};
    case Stage::finishing:
      return {.read = is_open, .confirm = connection.is_confirm_wanted, .end = End::fin};
    case Stage::releasing:
    case Stage::vacant:
      break;
  }
  return {.end = End::release};
}

std::size_t Server::gather(ConnectionId id, std::span<Slice> out) const {
  if (!is_current(id)) return 0;
  return at(id.slot).outbox.gather(memory_, out);
}

Listen Server::listen() const {
  if (phase_ != Phase::serving) return Listen::closed;
  return timers_.is_armed(no_slot, Timer::accept_retry) ? Listen::paused : Listen::open;
}

std::optional<Deadline> Server::deadline() const {
  if (paused_.has_ready()) return Deadline{.at = now_, .reason = Timer::resume};
  const TimerTable::Entry* first = timers_.first();
  if (first == nullptr) return std::nullopt;
  return Deadline{.at = first->at, .reason = first->timer};
}

std::optional<Report> Server::finished() const {
  if (phase_ != Phase::finished) return std::nullopt;
  return Report{.reason = stop_reason_, .drain = finished_at_ - stopped_at_, .books = books_};
}

// --- Looking in --------------------------------------------------------------------------------

std::uint64_t Server::take_events(std::vector<Event>& out) {
  if (out.capacity() > events_kept_max) out = std::vector<Event>{};
  out.clear();
  out.swap(events_);
  return std::exchange(events_lost_, 0);
}

std::string_view Server::name_of(ConnectionId id) const {
  return is_current(id) ? broker_.name_of(id.slot) : std::string_view{};
}

std::optional<Server::PeerView> Server::peer(ConnectionId id) const {
  if (!is_current(id)) return std::nullopt;
  const Connection& connection = at(id.slot);
  const std::size_t held_bytes_of_line =
      connection.input.is_there() ? connection.input->held_bytes() : 0;
  return PeerView{
      .queued_bytes = connection.outbox.queued_bytes(),
      .held_bytes = is_websocket(id.slot) ? session_of(id.slot).held_bytes() : held_bytes_of_line,
      .is_paused = paused_.is_paused(id.slot),
      .units_taken = is_websocket(id.slot) ? session_of(id.slot).units_taken : 0,
      .books = connection.books};
}

std::uint64_t Server::digest() const {
  Digest digest;
  const auto identify = [this](ConnectionId id) {
    return is_current(id) ? static_cast<std::uint64_t>(id.slot) : UINT64_MAX - 1;
  };
  for (std::uint32_t position = 0; position < connections_.size(); ++position) {
    const Slot slot{position};
    const Connection& connection = at(slot);
    if (connection.stage == Stage::vacant) continue;
    digest.add(position);
    digest.add(static_cast<std::uint64_t>(connection.stage));
    for (const bool flag : {connection.is_marked, connection.is_full, connection.is_watched,
                            connection.has_peer_ended, connection.is_confirm_wanted,
                            connection.is_extra, connection.has_failed}) {
      digest.add(flag ? 1U : 0U);
    }
    digest.add(connection.is_watched ? connection.stall_mark : 0U);
    digest.add(connection.unseen_notices);
    if (connection.stage == Stage::finishing) {
      digest.add(static_cast<std::uint64_t>((now_ - connection.last_received).count()));
    }
    for (const std::uint64_t count : {connection.books.accepted, connection.books.queued_ever,
                                      connection.books.delivered, connection.books.failed}) {
      digest.add(count);
    }
    digest.add(index_of(connection.wire));
    if (connection.input.is_there()) connection.input->add_to(digest);
    digest.add(connection.input.is_there() ? 1U : 0U);
    if (is_websocket(slot)) {
      session_of(slot).add_to(digest, now_);
      digest.add(is_stuck(slot) ? 1U : 0U);
    }
    connection.outbox.add_to(digest, memory_, identify);
    broker_.add_to(digest, slot);
    paused_.add_to(digest, slot);
    timers_.add_to(digest, slot, now_);
  }
  timers_.add_to(digest, no_slot, now_);
  books_.add_to(digest);
  digest.add(memory_.queued_bytes());
  digest.add(static_cast<std::uint64_t>(phase_));
  digest.add(is_memory_full_ ? memory_mark_ + 1 : 0U);
  digest.add(is_accept_failing_ ? 1U : 0U);
  if (phase_ != Phase::serving) {
    digest.add(static_cast<std::uint64_t>(stop_reason_));
    digest.add(static_cast<std::uint64_t>((now_ - stopped_at_).count()));
  }
  return digest.value();
}

void Server::check_invariants() const {
  std::uint64_t queued = 0;
  std::size_t live = 0;
  std::size_t extra = 0;
  std::size_t sessions = 0;
  for (std::uint32_t position = 0; position < connections_.size(); ++position) {
    const Connection& connection = at(Slot{position});
    const std::uint32_t pending = connection.outbox.pending_deliveries();
    LASTWORD_CHECK(connection.books.is_balanced(pending));
    queued += pending;
    if (connection.is_extra) ++extra;
    if (connection.stage != Stage::vacant) ++live;
    if (paused_.is_paused(Slot{position})) {
      LASTWORD_CHECK(connection.stage == Stage::online || connection.stage == Stage::naming);
    }
    if (connection.is_full) {
      LASTWORD_CHECK(connection.is_watched);
      LASTWORD_CHECK(connection.outbox.queued_bytes() > connection.stall_mark);
    }
    if (connection.stage == Stage::finishing || connection.stage == Stage::closing) {
      LASTWORD_CHECK(connection.outbox.is_empty());
    }
    if (connection.stage == Stage::handshaking || connection.stage == Stage::closing) {
      LASTWORD_CHECK(is_websocket(Slot{position}));
    }
    if (is_websocket(Slot{position})) ++sessions;
    LASTWORD_CHECK(connection.outbox.is_empty() == (connection.queued_in == 0));
  }
  LASTWORD_CHECK(sessions + vacant_sessions_.size() == sessions_.size());
  LASTWORD_CHECK(books_.queued == queued);
  LASTWORD_CHECK(live == live_count_);
  LASTWORD_CHECK(extra == extra_count_);
  LASTWORD_CHECK(live_count_ + vacant_.size() == connections_.size());
  if (live_count_ == 0) {
    LASTWORD_CHECK(memory_.queued_bytes() == 0);
    LASTWORD_CHECK(memory_.used_blocks() == 0);
  }
}

// --- The table of connections ------------------------------------------------------------------

bool Server::is_current(ConnectionId id) const {
  return index_of(id.slot) < connections_.size() && at(id.slot).generation == id.generation &&
         at(id.slot).stage != Stage::vacant;
}

Slot Server::take_slot() {
  // Every idle peer pays for these (docs/PERFORMANCE.md, "Memory").
  static_assert(sizeof(Connection) <= 184);
  static_assert(sizeof(websocket::Session) <= 40);
  ++live_count_;
  if (vacant_.empty()) {
    connections_.emplace_back();
    return Slot{static_cast<std::uint32_t>(connections_.size() - 1)};
  }
  const Slot slot = vacant_.back();
  vacant_.pop_back();
  return slot;
}

void Server::begin_fact(Instant now) {
  LASTWORD_CHECK(now >= now_);
  now_ = now;
  last_header_.sender = no_slot;
  work_ = 0;
}

void Server::end_fact() {
  if (is_memory_full_ && memory_.queued_bytes() <= memory_mark_) free_memory();
  if (!timers_.is_armed(no_slot, Timer::trim) && phase_ == Phase::serving &&
      (memory_.has_spare(config_.kept_free_blocks) || has_freed_much())) {
    timers_.arm(Timer::trim, now_ + config_.trim_interval);
  }
  LASTWORD_CHECK(books_.is_balanced());
  LASTWORD_CHECK(fan_out_.sender == no_slot);
}

void Server::mark(Slot slot) {
  Connection& connection = at(slot);
  if (connection.is_marked) return;
  connection.is_marked = true;
  changed_.push_back({slot, connection.generation});
}

void Server::tell(EventKind kind, ConnectionId id, std::uint64_t count) {
  // Back-pressure comes and goes by the thousand: it leaves half of the room to what matters.
  const bool is_back_pressure = kind == EventKind::paused || kind == EventKind::resumed;
  if (is_back_pressure && events_.size() >= events_max / 2) return;
  if (events_.size() == events_max) {
    ++events_lost_;
    return;
  }
  events_.push_back({.kind = kind, .connection = id, .count = count});
}

}  // namespace lastword
