// How connections and the server end (contract, section 4).
//
// Every ending takes the same way, flushing → finishing → releasing, so that nobody's last line is
// destroyed by a reset: what is queued is written, our FIN follows, and the connection stays open
// and is read (the bytes are thrown away) until the peer lets go.
#include "core/check.h"
#include "core/replies.h"
#include "core/server.h"

namespace lastword {

// Frees the name and tells the rooms.
void Server::log_out(Slot slot, bool is_telling_rooms) {
  if (at(slot).stage != Stage::online) return;
  if (is_telling_rooms) {
    for (std::size_t position = 0; position < broker_.room_count(slot); ++position) {
      const RoomId room = broker_.room_at(slot, position);
      scratch_.clear();
      reply::append_peer_left(scratch_, broker_.name_of(slot), broker_.name_of(room));
      tell_members(slot, room);
    }
  }
  broker_.logout(slot);
}

// Nothing more is taken in. The name must be free already.
void Server::begin_flushing(Slot slot) {
  Connection& connection = at(slot);
  connection.stage = Stage::flushing;
  connection.input.clear(framing_);
  timers_.disarm(slot, Timer::login);
  paused_.remove(slot);
  unwatch(slot);
  paused_.make_ready(slot);
  mark(slot);
  if (!connection.outbox.is_empty()) watch(slot, connection.outbox.queued_bytes() / 2);
  finish_if_flushed(slot);
}

void Server::finish_if_flushed(Slot slot) {
  Connection& connection = at(slot);
  if (!connection.outbox.is_empty()) return;
  if (connection.has_peer_ended) {
    release(slot);
    return;
  }
  connection.stage = Stage::finishing;
  connection.last_received = now_;
  unwatch(slot);
  timers_.arm(slot, Timer::linger, now_ + config_.linger);
  // Outside of a drain nobody else sets a peer that goes on sending for ever an end.
  if (phase_ == Phase::serving) {
    timers_.arm(slot, Timer::close, now_ + config_.linger + config_.stall_timeout);
  }
  mark(slot);
}

// A finished peer may have been silent long enough.
void Server::linger(Slot slot) {
  Connection& connection = at(slot);
  const Instant silent_until = connection.last_received + config_.linger;
  if (now_ < silent_until) {
    timers_.arm(slot, Timer::linger, silent_until);
    return;
  }
  connection.is_confirm_wanted = true;
  mark(slot);
}

void Server::drop_slow(Slot slot) {
  log_out(slot, true);
  at(slot).stage = Stage::flushing;
  const std::uint64_t lost = fail_queue(slot, Failure::slow_consumer);
  tell(EventKind::dropped_slow, id_of(slot), lost);
  at(slot).has_failed = true;
  begin_flushing(slot);
}

void Server::release(Slot slot) {
  Connection& connection = at(slot);
  LASTWORD_CHECK(connection.outbox.is_empty());
  connection.stage = Stage::releasing;
  connection.is_confirm_wanted = false;
  connection.input.clear(framing_);
  paused_.remove(slot);
  unwatch(slot);
  paused_.make_ready(slot);
  timers_.disarm_all(slot);
  const bool is_clean = connection.has_peer_ended && !connection.has_failed;
  ++(is_clean ? books_.connections_clean : books_.connections_failed);
  mark(slot);
}

// --- The shutdown ------------------------------------------------------------------------------

void Server::start_drain(StopReason reason) {
  phase_ = Phase::draining;
  stop_reason_ = reason;
  stopped_at_ = now_;
  is_memory_full_ = false;
  tell(EventKind::drain_started, {}, live_count_);
  timers_.disarm(Timer::accept_retry);
  timers_.arm(Timer::drain, now_ + config_.drain_timeout);

  for (std::uint32_t position = 0; position < connections_.size(); ++position) {
    const Slot slot{position};
    unwatch(slot);
    timers_.disarm(slot, Timer::close);
    switch (at(slot).stage) {
      case Stage::online:
        scratch_.clear();
        reply::append_goodbye(scratch_, at(slot).books.accepted);
        push_scratch(slot);
        log_out(slot, false);
        begin_flushing(slot);
        break;
      case Stage::naming:
        begin_flushing(slot);
        break;
      case Stage::flushing:
      case Stage::finishing:
      case Stage::releasing:
      case Stage::vacant:
        break;
    }
  }
  finish_if_empty();
}

// The deadline has come, or a second signal: what is not written by now is lost, and said to be.
void Server::cut_off() {
  timers_.disarm(Timer::drain);
  std::uint64_t lost = 0;
  for (std::uint32_t position = 0; position < connections_.size(); ++position) {
    const Slot slot{position};
    Connection& connection = at(slot);
    if (connection.stage != Stage::flushing && connection.stage != Stage::finishing) continue;
    if (!connection.outbox.is_empty()) connection.has_failed = true;
    lost += fail_queue(slot, Failure::drain_deadline);
    release(slot);
  }
  tell(EventKind::drain_cut_off, {}, lost);
}

void Server::finish_if_empty() {
  if (phase_ != Phase::draining || live_count_ > 0) return;
  phase_ = Phase::finished;
  finished_at_ = now_;
  timers_.disarm(Timer::drain);
}

void Server::expire(const TimerTable::Entry& entry) {
  switch (entry.timer) {
    case Timer::login:
      tell(EventKind::login_timed_out, id_of(entry.slot));
      scratch_.clear();
      reply::append_login_timeout(scratch_, config_.login_timeout);
      push_scratch(entry.slot);
      begin_flushing(entry.slot);
      return;
    case Timer::stall:
      drop_slow(entry.slot);
      return;
    case Timer::linger:
      linger(entry.slot);
      return;
    case Timer::close:
      tell(EventKind::left_open, id_of(entry.slot));
      release(entry.slot);
      return;
    case Timer::drain:
      cut_off();
      return;
    case Timer::accept_retry:  // the listener is open again, now that nothing keeps it paused
      return;
    case Timer::resume:
      break;
  }
  LASTWORD_CHECK(false);
}

}  // namespace lastword
