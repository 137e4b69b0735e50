// WebSocket clients: the handshake, what their frames lead to, heartbeats and the close handshake
// (RFC 6455; contract, section 2).
#include <array>
#include <utility>

#include "core/check.h"
#include "core/replies.h"
#include "core/server.h"

namespace lastword {

namespace {

using websocket::CloseCode;
using websocket::MessageReader;
using websocket::Opcode;

// What inflating costs, in bytes of its result for one unit of work (Config::work_per_fact_max).
constexpr std::size_t inflated_bytes_per_work = 16;

// One from which nothing arrives for three heartbeats is dropped: after two unanswered pings.
constexpr std::uint8_t unanswered_pings_max = 2;

}  // namespace

// --- Sessions ----------------------------------------------------------------------------------

void Server::take_session(Slot slot) {
  if (vacant_sessions_.empty()) {
    vacant_sessions_.push_back(static_cast<std::uint32_t>(sessions_.size()));
    sessions_.emplace_back();
  }
  at(slot).session = vacant_sessions_.back();
  vacant_sessions_.pop_back();
}

void Server::give_session_back(Slot slot) {
  const std::uint32_t session = std::exchange(at(slot).session, no_session);
  if (session == no_session) return;
  if (sessions_[session].head.is_there()) give_head_back(sessions_[session]);
  if (sessions_[session].reader.is_there()) sessions_[session].reader->clear(reading());
  sessions_[session] = {};
  vacant_sessions_.push_back(session);
}

bool Server::is_upgraded(Slot slot) const {
  return is_websocket(slot) && session_of(slot).is_upgraded;
}

websocket::Reading Server::reading() {
  return {.message_max = config_.line_max - 1,
          .spare_buffers = framing_.spare_buffers,
          .inflater = inflater_};
}

// Makes one, where there is none because all that came was taken.
MessageReader& Server::reader_of(Slot slot) {
  Part<MessageReader>& reader = session_of(slot).reader;
  if (!reader.is_there()) {
    spare_readers_.fill(reader);
    reader->agree(is_deflated(at(slot).wire));
  }
  return *reader;
}

// Follows each `keep`.
void Server::rest(Slot slot) {
  Part<MessageReader>& reader = session_of(slot).reader;
  if (reader->is_at_rest()) spare_readers_.give_back(reader);
}

void Server::give_head_back(websocket::Session& session) {
  session.head->clear();
  spare_heads_.give_back(session.head);
}

// --- The handshake -----------------------------------------------------------------------------

void Server::shake_hands(Slot slot, std::span<std::byte> bytes) {
  Connection& connection = at(slot);
  websocket::Session& session = session_of(slot);
  if (!session.head.is_there()) spare_heads_.fill(session.head);
  const std::size_t taken = session.head->feed(bytes);
  if (session.head->state() == websocket::RequestHead::State::incomplete) return;

  websocket::Decision decision = websocket::decide(*session.head, config_.handshake);
  if (decision.status == websocket::Status::switching_protocols && connection.is_extra) {
    decision = {.status = websocket::Status::service_unavailable};
  }
  scratch_.clear();
  websocket::append_response(scratch_, *session.head, decision);
  give_head_back(session);
  // Urgent, as the pong to a ping behind the request would otherwise overtake it.
  connection.outbox.push_urgent(memory_, {as_bytes(scratch_)});
  pushed(slot);
  if (decision.status != websocket::Status::switching_protocols) {
    tell(EventKind::upgrade_refused, id_of(slot), static_cast<std::uint64_t>(decision.status));
    begin_flushing(slot, CloseCode::normal);
    return;
  }

  tell(EventKind::upgraded, id_of(slot));
  connection.stage = Stage::naming;
  connection.wire = wire_for(decision.compression);
  session.is_upgraded = true;
  session.heard_at = now_;
  timers_.arm(slot, Timer::heartbeat, now_ + config_.heartbeat);
  // A client may well send its first frames before it has seen the answer.
  reader_of(slot).feed(bytes.subspan(taken));
  take_messages(slot);
}

Wire Server::wire_for(websocket::Compression compression) {
  switch (compression) {
    case websocket::Compression::none:
      break;
    case websocket::Compression::wide:
      return Wire::deflated_wide;
    case websocket::Compression::narrow:
      return Wire::deflated_narrow;
  }
  return Wire::frame;
}

// --- Messages and control frames ---------------------------------------------------------------

void Server::take_messages(Slot slot) {
  Connection& connection = at(slot);
  MessageReader& reader = reader_of(slot);
  while (!paused_.is_paused(slot)) {
    const auto item = reader.front(reading());
    if (!item) break;
    if (work_ >= config_.work_per_fact_max) {
      paused_.yield(slot);
      mark(slot);
      break;
    }
    work_ += 1 + item->inflated_size / inflated_bytes_per_work;
    if (take_item(slot, *item) == Progress::paused) {
      tell(EventKind::paused, id_of(slot));
      break;
    }
    ++session_of(slot).units_taken;
    if (connection.stage != Stage::naming && connection.stage != Stage::online) return;
    reader.pop(reading());
  }
  end_fan_out();
  reader.keep(reading());
  rest(slot);
  end_with_peer(slot);
}

Server::Progress Server::take_item(Slot slot, const MessageReader::Item& item) {
  if (item.kind != MessageReader::Kind::message) end_fan_out();
  switch (item.kind) {
    case MessageReader::Kind::message:
      // What its sender proved to be text need not be looked at again.
      opcode_ = item.is_text ? std::optional{Opcode::text} : std::nullopt;
      return take_message(slot, as_text(item.bytes));
    case MessageReader::Kind::ping:
      return answer_ping(slot, item.bytes);
    case MessageReader::Kind::pong:
      return Progress::done;
    case MessageReader::Kind::close:
      answer_close(slot, item.code);
      return Progress::done;
    case MessageReader::Kind::violation:
      break;
  }
  const CloseCode code = websocket::close_code_for(item.violation);
  tell(EventKind::violated, id_of(slot), static_cast<std::uint64_t>(code));
  log_out(slot, true);
  push_close(slot, static_cast<std::uint16_t>(code), websocket::explain(item.violation));
  // What follows can't be understood any more, not even a Close.
  reader_of(slot).clear(reading());
  session_of(slot).is_close_awaited = false;
  session_of(slot).has_violated = true;
  begin_flushing(slot, code);
  return Progress::done;
}

// A message is a line, and goes the way of all lines.
Server::Progress Server::take_message(Slot slot, std::string_view text) {
  if (text.find('\n') == std::string_view::npos) {
    return take_line(slot, text);
  }
  end_fan_out();
  if (wait_for_own_room(slot)) return Progress::paused;
  scratch_.clear();
  reply::append_line_break(scratch_);
  return reply(slot);
}

// The pong overtakes what is queued, and counts as an answer like any other (contract, section 3).
Server::Progress Server::answer_ping(Slot slot, Bytes payload) {
  if (wait_for_own_room(slot)) return Progress::paused;
  const std::size_t size = websocket::frame_size(payload.size());
  if (!has_room(slot, slot, size)) return Progress::paused;
  if (!has_memory(slot, size)) return Progress::paused;
  const websocket::HeaderBytes header{Opcode::pong, payload.size()};
  at(slot).outbox.push_urgent(memory_, {header.bytes(), payload});
  pushed(slot);
  return Progress::done;
}

// The peer says goodbye first. It still gets what is addressed to it, and then its code back.
void Server::answer_close(Slot slot, std::uint16_t code) {
  tell(EventKind::peer_closed, id_of(slot), code);
  websocket::Session& session = session_of(slot);
  session.has_peer_closed = true;
  reader_of(slot).clear(reading());
  log_out(slot, true);
  push_close(slot, code, {});
  begin_flushing(slot, CloseCode::normal);
}

// --- Heartbeats --------------------------------------------------------------------------------

void Server::beat(Slot slot, Instant due) {
  const Connection& connection = at(slot);
  websocket::Session& session = session_of(slot);
  const bool is_read_from =
      !paused_.is_paused(slot) && !(connection.stage == Stage::online && is_memory_full_);
  if (!is_read_from || is_stuck(slot)) {
    heard(slot);  // nothing could come, or the stall timeout judges
  }
  const Duration silence = now_ - session.heard_at;
  if (silence < config_.heartbeat) {
    timers_.arm(slot, Timer::heartbeat, session.heard_at + config_.heartbeat);
    return;
  }
  // A timer that is very late says that this process stood still: then the answers may be waiting
  // to be read.
  const bool is_on_time = now_ - due <= config_.heartbeat / 4;
  if (session.unanswered_pings >= unanswered_pings_max && is_on_time) {
    drop_unresponsive(slot);
    return;
  }
  if (session.unanswered_pings < unanswered_pings_max) {
    ++session.unanswered_pings;
    const websocket::HeaderBytes ping{Opcode::ping, 0};
    at(slot).outbox.push_urgent(memory_, {ping.bytes()});
    pushed(slot);
  }
  timers_.arm(slot, Timer::heartbeat, now_ + config_.heartbeat);
}

void Server::heard(Slot slot) {
  if (!is_websocket(slot)) return;
  session_of(slot).heard_at = now_;
  session_of(slot).unanswered_pings = 0;
}

void Server::drop_unresponsive(Slot slot) {
  tell(EventKind::unresponsive, id_of(slot));
  at(slot).has_failed = true;
  log_out(slot, true);
  push_close(slot, static_cast<std::uint16_t>(CloseCode::policy_violation), "no answer to pings");
  session_of(slot).is_close_awaited = false;
  begin_flushing(slot, CloseCode::policy_violation);
}

// --- The close handshake -----------------------------------------------------------------------

// Queues our Close, the last frame there will be; at most once. Without a code it says nothing.
void Server::push_close(Slot slot, std::uint16_t code, std::string_view reason) {
  websocket::Session& session = session_of(slot);
  if (std::exchange(session.is_close_queued, true)) return;
  session.is_close_awaited = !session.has_peer_closed;
  timers_.disarm(slot, Timer::heartbeat);

  const std::array<std::byte, 2> code_bytes{static_cast<std::byte>(code >> 8U),
                                            static_cast<std::byte>(code & 0xFFU)};
  const Bytes payload_code = code == 0 ? Bytes{} : Bytes{code_bytes};
  const websocket::HeaderBytes header{Opcode::close, payload_code.size() + reason.size()};
  at(slot).outbox.push_copy(memory_, {header.bytes(), payload_code, as_bytes(reason)});
  pushed(slot);
}

// What comes while a connection ends is thrown away, but for the peer's Close.
void Server::search_for_close(Slot slot, std::span<std::byte> bytes) {
  if (!is_upgraded(slot)) return;
  reader_of(slot).feed(bytes);
  look_for_close(slot);
}

// The same with what has come already.
void Server::look_for_close(Slot slot) {
  if (!is_upgraded(slot)) return;
  websocket::Session& session = session_of(slot);
  MessageReader& reader = reader_of(slot);
  reader.seek_close(reading());
  bool is_over = false;
  while (const auto item = reader.front(reading())) {
    is_over = true;
    if (item->kind == MessageReader::Kind::close) {
      session.has_peer_closed = true;
      tell(EventKind::peer_closed, id_of(slot), item->code);
    }
    reader.pop(reading());
  }
  reader.keep(reading());
  if (!is_over) return;
  session.is_close_awaited = false;
  if (at(slot).stage == Stage::closing) finish(slot);
}

// Everything is written, our Close too: the peer has its time to answer.
void Server::await_close(Slot slot) {
  Connection& connection = at(slot);
  connection.stage = Stage::closing;
  unwatch(slot);
  timers_.arm(slot, Timer::close, now_ + config_.close_timeout);
  mark(slot);
}

}  // namespace lastword
