// What a peer that speaks WebSocket says and has to be told (contract, section 2). Its messages are
// lines like all others once they are whole.
#include <algorithm>

#include "sim/oracle.h"

namespace lastword::sim {

// --- What it says ------------------------------------------------------------------------------

void Oracle::hear_frames(Link link, std::string_view bytes) {
  Peer& peer = peers_[link];
  Frames& frames = *peer.frames;
  const auto& units = frames.said.units();
  frames.late_pings += (environment_->now - peer.last_heard) / config_.heartbeat;
  const bool has_closed = !units.empty() && units.back().kind == reference::Unit::Kind::close;
  if (has_closed) environment_->faults.take_effect(FaultKind::after_close_frame);
  if (peer.stage != Stage::naming && peer.stage != Stage::online) return;
  if (frames.status == 0) {
    frames.request.append(bytes);
    const std::size_t end = frames.request.find("\r\n\r\n");
    if (end == std::string::npos) return;
    frames.status = reference::status_for(std::string_view{frames.request}.substr(0, end + 4));
    if (frames.status == 101 && frames.is_extra) frames.status = 503;
    const std::string rest = frames.request.substr(end + 4);
    if (frames.status == 101) frames.said.feed(rest);
  } else if (frames.status == 101) {
    frames.said.feed(bytes);
  }
}

// Follows the server in taking messages and control frames.
void Oracle::take_units(Link link) {
  Peer& peer = peers_[link];
  Frames& frames = *peer.frames;
  if (peer.stage != Stage::naming && peer.stage != Stage::online) return;
  const auto view = host_->server().peer(*peer.id);
  const std::uint64_t taken = view ? view->units_taken : frames.taken;
  if (view && view->held_bytes > 2 * config_.line_max + 4096 + 128) {
    broke(Property::bounds,
          who(link) + " has " + std::to_string(view->held_bytes) + " bytes of input held");
  }
  while (frames.taken < taken && (peer.stage == Stage::naming || peer.stage == Stage::online)) {
    if (frames.taken == frames.said.units().size()) {
      broke(Property::chunking, "the server took something from " + who(link) +
                                    " that is no message and no control frame");
      return;
    }
    ++taken_lines_;
    const reference::Unit unit = frames.said.units()[frames.taken++];
    take_unit(link, unit);
  }
  const bool is_open = peer.stage == Stage::naming || peer.stage == Stage::online;
  const bool is_held_up = !view || view->is_paused || is_memory_full_;
  if (is_open && !is_held_up && frames.taken < frames.said.units().size()) {
    broke(Property::chunking, "the server overlooked a frame of " + who(link));
  }
  leave_if_ended(link);
}

void Oracle::take_unit(Link link, const reference::Unit& unit) {
  Peer& peer = peers_[link];
  Frames& frames = *peer.frames;
  const bool is_message = unit.kind == reference::Unit::Kind::message;
  if (!is_message && unit.is_within_message) {
    environment_->faults.take_effect(FaultKind::control_in_message);
  }
  switch (unit.kind) {
    case reference::Unit::Kind::message:
      if (unit.bytes.find('\n') == std::string::npos) {
        take_line(link, unit.bytes);
      } else {
        environment_->faults.take_effect(FaultKind::malformed);
        expect_answer(link, "! line break");
      }
      return;
    case reference::Unit::Kind::ping:
      // Behind the frame that is on its way now, and no other.
      if (frames.pongs.empty()) frames.frames_before_pong = peer.line.empty() ? 0 : 1;
      frames.pongs.push_back(unit.bytes);
      pushed_.push_back(link);
      return;
    case reference::Unit::Kind::pong:
      return;
    case reference::Unit::Kind::close:
      expect_close(link, unit.code);
      break;
    case reference::Unit::Kind::violation:
      environment_->faults.take_effect(FaultKind::malformed);
      expect_close(link, unit.code);
      break;
  }
  log_out(link, true);
  peer.stage = Stage::leaving;
}

// --- What the server says that it did ----------------------------------------------------------

void Oracle::told_of_frames(const lastword::Event& event, Link link) {
  Peer& peer = peers_[link];
  Frames& frames = *peer.frames;
  const auto& units = frames.said.units();
  switch (event.kind) {
    case EventKind::upgraded:
      if (frames.status != 101) {
        broke(Property::valid_output, who(link) + " was let in, and its request was a bad one");
      }
      return;
    case EventKind::upgrade_refused:
      environment_->faults.take_effect(FaultKind::malformed);
      if (frames.status != event.count) {
        broke(Property::valid_output, who(link) + " was refused with status " +
                                          std::to_string(event.count) + ", and not with " +
                                          std::to_string(frames.status));
      }
      peer.stage = Stage::leaving;
      return;
    case EventKind::violated:
      if (units.empty() || units.back().kind != reference::Unit::Kind::violation ||
          units.back().code != event.count) {
        broke(Property::chunking, who(link) + " was told that it broke the protocol, with code " +
                                      std::to_string(event.count) + ", and it did not");
      }
      return;
    case EventKind::unresponsive:
      unresponsive(link);
      return;
    case EventKind::peer_closed:
      // Ours was written before, and the peer has not read as far.
      if (frames.is_close_said && kernel_->read_by_client(link) < frames.close_end) {
        environment_->marks.hit(Mark::close_frames_crossing);
      }
      return;
    default:
      return;
  }
}

void Oracle::unresponsive(Link link) {
  Peer& peer = peers_[link];
  if (environment_->now < peer.last_heard + 3 * config_.heartbeat) {
    broke(Property::no_early_action,
          who(link) + " was dropped, and was heard within three heartbeats");
  }
  if (!excuses_->is_touched(link) && !stood_still()) {
    broke(Property::no_silent_loss, who(link) + " answers every ping, and was dropped");
  }
  expect_close(link, 1008);
  log_out(link, true);
  peer.stage = Stage::leaving;
}

// A peer that is silent though nothing keeps it from being heard is gone after three heartbeats;
// a fourth for a timer that is late.
void Oracle::check_heartbeats() {
  // Linear in all connections: of more than a scenario has, it looks at them once a second, and
  // finds out so much later.
  constexpr std::size_t connections_at_once = 1000;
  constexpr Duration rest = std::chrono::seconds{1};
  const bool is_resting = environment_->now < heartbeats_checked_at_ + rest;
  if (is_resting && host_->server().connection_count() > connections_at_once) return;
  heartbeats_checked_at_ = environment_->now;
  for (const Link link : by_slot_) {
    if (link == no_link || !peers_[link].frames) continue;
    Peer& peer = peers_[link];
    Frames& frames = *peer.frames;
    if (peer.stage != Stage::online) continue;
    const auto view = host_->server().peer(*peer.id);
    const bool is_judged_otherwise =
        !view || view->is_paused || view->queued_bytes > 0 || is_memory_full_;
    if (is_judged_otherwise || peer.last_heard > frames.quiet_since) {
      frames.quiet_since = environment_->now;
      continue;
    }
    const Duration silence = environment_->now - frames.quiet_since;
    const Duration bound = 5 * config_.heartbeat + 2 * host_->paused();
    if (silence > bound + std::chrono::seconds{2}) {
      broke(Property::half_open_removed,
            who(link) + " said nothing for five heartbeats, and its connection is still there");
    }
  }
}

// --- What it is told ---------------------------------------------------------------------------

void Oracle::expect_close(Link link, unsigned code) {
  Peer& peer = peers_[link];
  if (!peer.frames || peer.frames->status != 101 || peer.frames->close) return;
  peer.frames->close = reference::close_payload(code);
}

void Oracle::said_frames(Link link) {
  Peer& peer = peers_[link];
  Frames& frames = *peer.frames;
  if (frames.is_cut && !peer.line.empty()) {
    broke(Property::valid_output, who(link) + " was told something after all was cut off");
    return;
  }
  if (!frames.is_answered) said_answer(link);
  if (!frames.is_answered) return;
  while (!environment_->has_violation()) {
    const auto read = reference::read_frame(peer.line);
    if (!read) return;
    peer.said += read->size;
    peer.line.erase(0, read->size);
    said_frame(link, read->frame);
  }
}

void Oracle::said_answer(Link link) {
  Peer& peer = peers_[link];
  Frames& frames = *peer.frames;
  const std::size_t end = peer.line.find("\r\n\r\n");
  if (end == std::string::npos) return;
  const std::string answer = peer.line.substr(0, end + 4);
  const std::string status = "HTTP/1.1 " + std::to_string(frames.status) + " ";
  const bool is_right = frames.status == 101
                            ? answer == reference::opening_answer(reference::key_of(frames.request))
                            : answer.starts_with(status);
  if (!is_right) {
    broke(Property::valid_output,
          who(link) + " was answered '" + answer + "', and '" + status + "' was due");
    return;
  }
  // Other answers have a body, and nothing behind that: the rest of the stream is theirs.
  if (frames.status != 101) {
    const std::string field = "Content-Length: ";
    const std::size_t place = answer.find(field);
    const std::size_t size =
        place == std::string::npos ? 0 : std::stoul(answer.substr(place + field.size()));
    if (peer.line.size() < end + 4 + size) return;
    peer.said += end + 4 + size;
    peer.line.erase(0, end + 4 + size);
    frames.is_cut = true;
    if (!peer.line.empty()) broke(Property::valid_output, who(link) + " was told more than that");
  } else {
    peer.said += end + 4;
    peer.line.erase(0, end + 4);
  }
  frames.is_answered = true;
}

void Oracle::said_frame(Link link, const reference::Frame& frame) {
  Peer& peer = peers_[link];
  Frames& frames = *peer.frames;
  const bool is_known =
      frame.opcode == reference::op::text || frame.opcode == reference::op::binary ||
      (frame.opcode >= reference::op::close && frame.opcode <= reference::op::pong);
  if (frame.is_masked || !frame.is_final || frame.reserved != 0 || !frame.is_minimal || !is_known) {
    broke(Property::valid_output, who(link) + " was sent a frame that no server may send");
    return;
  }
  if (frames.is_close_said) {
    broke(Property::valid_output, who(link) + " was sent a frame after the close frame");
    return;
  }
  const bool is_urgent = frame.opcode == reference::op::ping || frame.opcode == reference::op::pong;
  if (!is_urgent && !frames.pongs.empty()) {
    if (frames.frames_before_pong == 0) {
      broke(Property::valid_output, who(link) + " has to wait for its pong behind other frames");
    } else {
      --frames.frames_before_pong;
    }
  }
  if (frame.opcode != reference::op::text && frame.opcode != reference::op::binary) {
    said_control(link, frame);
    return;
  }
  if (std::exchange(frames.is_rest_free, false)) return;
  if (frame.payload.find('\n') != std::string::npos) {
    broke(Property::valid_output, who(link) + " was sent a message with an LF in it");
  }
  if (reference::is_utf8(frame.payload) != (frame.opcode == reference::op::text)) {
    broke(Property::valid_output, who(link) + " was sent text as binary, or the other way round");
  }
  said(link, frame.payload);
}

void Oracle::said_control(Link link, const reference::Frame& frame) {
  Peer& peer = peers_[link];
  Frames& frames = *peer.frames;
  if (frame.opcode == reference::op::ping) {
    const bool is_silent = environment_->now >= peer.last_heard + config_.heartbeat;
    if (!is_silent && frames.late_pings-- == 0) {
      broke(Property::no_early_action, who(link) + " was pinged, and had just been heard");
    }
  } else if (frame.opcode == reference::op::pong) {
    if (frames.pongs.empty() || frames.pongs.front() != frame.payload) {
      broke(Property::valid_output, who(link) + " was sent a pong that it had not asked for");
    } else {
      frames.pongs.pop_front();
    }
  } else {
    const bool is_due =
        frames.close &&
        (frames.close->empty() ? frame.payload.empty() : frame.payload.starts_with(*frames.close));
    if (!is_due) {
      broke(Property::valid_output,
            who(link) + " was sent a Close that was not due, or with " + "another code");
    }
    frames.is_close_said = true;
    frames.close_said_at = environment_->now;
    frames.close_end = peer.said;
  }
}

// The sending side ends.
void Oracle::check_frames_at_end(Link link) {
  const Peer& peer = peers_[link];
  const Frames& frames = *peer.frames;
  if (frames.is_cut && peer.dropped_at > Instant{}) return;
  if (!peer.line.empty()) {
    broke(Property::valid_output, who(link) + " was left with a piece of a frame");
  }
  if (frames.status == 0) return;  // its request was not even there
  if (!frames.is_answered) {
    broke(Property::answered_in_time, who(link) + " got no answer to its handshake");
  } else if (frames.status == 101 && !frames.is_close_said) {
    broke(Property::valid_output, who(link) + " was left without a Close");
  } else if (!frames.pongs.empty()) {
    broke(Property::answered_in_time, who(link) + " did not get its pong");
  }
}

}  // namespace lastword::sim
