// How connections and the server end (contract, section 4).
//
// Every ending takes the same way, flushing → finishing → releasing, so that nobody's last line is
// destroyed by a reset: what is queued is written, our FIN follows, and the connection stays open
// and is read (the bytes are thrown away) until the peer lets go. A WebSocket whose Close is still
// to be answered stops at closing before our FIN.
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

// Nothing more is taken in. The name must be free already. On a WebSocket our Close is the last
// that is queued; `code` is its code, where it is not queued yet.
void Server::begin_flushing(Slot slot, websocket::CloseCode code) {
  Connection& connection = at(slot);
  if (is_upgraded(slot)) push_close(slot, static_cast<std::uint16_t>(code), {});
  connection.stage = Stage::flushing;
  forget_input(connection);
  timers_.disarm(slot, Timer::login);
  paused_.remove(slot);
  unwatch(slot);
  paused_.make_ready(slot);
  mark(slot);
  if (!connection.outbox.is_empty()) watch(slot, connection.outbox.queued_bytes() / 2);
  look_for_close(slot);
  finish_if_flushed(slot);
}

// Of a connection with lines.
void Server::forget_input(Connection& connection) {
  if (!connection.input.is_there()) return;
  connection.input->clear(framing_);
  spare_framers_.give_back(connection.input);
}

void Server::finish_if_flushed(Slot slot) {
  const Connection& connection = at(slot);
  if (!connection.outbox.is_empty()) return;
  if (connection.has_peer_ended) {
    release(slot);
  } else if (phase_ == Phase::serving && is_upgraded(slot) && session_of(slot).is_close_awaited) {
    await_close(slot);
  } else {
    finish(slot);
  }
}

// Everything is written. Our FIN follows; the peer is given time to let go.
void Server::finish(Slot slot) {
  Connection& connection = at(slot);
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

// The name did not come in time, or not even the handshake.
void Server::login_timed_out(Slot slot) {
  tell(EventKind::login_timed_out, id_of(slot));
  scratch_.clear();
  if (at(slot).stage == Stage::handshaking) {
    const websocket::RequestHead nothing;
    const auto& head = session_of(slot).head;
    websocket::append_response(scratch_, head.is_there() ? *head : nothing,
                               {.status = websocket::Status::request_timeout});
    at(slot).outbox.push_copy(memory_, {as_bytes(scratch_)});
    pushed(slot);
  } else {
    reply::append_login_timeout(scratch_, config_.login_timeout);
    push_scratch(slot);
  }
  begin_flushing(slot, websocket::CloseCode::policy_violation);
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

// What is queued fails. A WebSocket client that reads on after all gets the rest of the frame that
// it was in, and a Close that says why; there is not much time for that.
void Server::drop_slow(Slot slot) {
  Connection& connection = at(slot);
  const bool is_told = is_upgraded(slot) && connection.stage != Stage::flushing;
  log_out(slot, true);
  connection.stage = Stage::flushing;
  const std::uint64_t lost =
      fail_queue(slot, Failure::slow_consumer, is_told ? Kept::rest_of_frame : Kept::nothing);
  tell(EventKind::dropped_slow, id_of(slot), lost);
  connection.has_failed = true;
  if (is_told) {
    push_close(slot, static_cast<std::uint16_t>(websocket::CloseCode::policy_violation),
               "too slow: what was queued was not read in time");
    timers_.arm(slot, Timer::close, now_ + config_.close_timeout);
  }
  // Nobody waits for the answer of one who does not read.
  if (is_websocket(slot)) session_of(slot).is_close_awaited = false;
  begin_flushing(slot, websocket::CloseCode::policy_violation);
  if (is_told) unwatch(slot);  // its time is the close timeout's
}

// It had its time: to read the rest, to answer our Close, or to let go.
void Server::close_timed_out(Slot slot) {
  Connection& connection = at(slot);
  if (!connection.outbox.is_empty()) {
    connection.has_failed = true;
    const std::uint64_t lost = fail_queue(slot, Failure::slow_consumer, Kept::nothing);
    if (lost > 0) tell(EventKind::dropped_slow, id_of(slot), lost);
  }
  tell(EventKind::left_open, id_of(slot));
  release(slot);
}

void Server::release(Slot slot) {
  Connection& connection = at(slot);
  LASTWORD_CHECK(connection.outbox.is_empty());
  connection.stage = Stage::releasing;
  connection.is_confirm_wanted = false;
  forget_input(connection);
  paused_.remove(slot);
  unwatch(slot);
  paused_.make_ready(slot);
  timers_.disarm_all(slot);
  if (is_websocket(slot) && session_of(slot).reader.is_there()) reader_of(slot).clear(reading());
  const bool has_said_goodbye =
      !is_upgraded(slot) || session_of(slot).has_peer_closed || session_of(slot).has_violated;
  const bool is_clean = connection.has_peer_ended && has_said_goodbye && !connection.has_failed;
  ++(is_clean ? books_.connections_clean : books_.connections_failed);
  mark(slot);
}

// --- The shutdown ------------------------------------------------------------------------------

void Server::start_drain(StopReason reason) {
  phase_ = Phase::draining;
  stop_reason_ = reason;
  stopped_at_ = now_;
  timers_.disarm(Timer::trim);
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
        begin_flushing(slot, websocket::CloseCode::going_away);
        break;
      case Stage::handshaking:
      case Stage::naming:
        begin_flushing(slot, websocket::CloseCode::going_away);
        break;
      case Stage::closing:  // here the FIN follows the Close at once
        finish(slot);
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
    lost += fail_queue(slot, Failure::drain_deadline, Kept::nothing);
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
      login_timed_out(entry.slot);
      return;
    case Timer::stall:
      drop_slow(entry.slot);
      return;
    case Timer::linger:
      linger(entry.slot);
      return;
    case Timer::close:
      close_timed_out(entry.slot);
      return;
    case Timer::heartbeat:
      beat(entry.slot, entry.at);
      return;
    case Timer::drain:
      cut_off();
      return;
    case Timer::accept_retry:  // the listener is open again, now that nothing keeps it paused
      return;
    case Timer::trim:
      trim();
      return;
    case Timer::resume:
      break;
  }
  LASTWORD_CHECK(false);
}

}  // namespace lastword
