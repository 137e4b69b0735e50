// The lines that the server has taken, and what each means for whom.
#include <algorithm>

#include "core/check.h"
#include "sim/oracle.h"

namespace lastword::sim {

// --- Lines -------------------------------------------------------------------------------------

// Where the first unit of the input ends: a line, or the beginning of one that is too long, which
// is known to be that as soon as line_max bytes are there without an LF.
std::optional<std::size_t> Oracle::untaken_unit(const Peer& peer) const {
  const std::size_t lf = peer.input.find('\n');
  if (lf != std::string::npos && lf < config_.line_max) return lf + 1;
  if (lf == std::string::npos && peer.input.size() < config_.line_max) return std::nullopt;
  return config_.line_max;
}

bool Oracle::has_untaken(Link link) const {
  if (link >= peers_.size()) return false;
  const Peer& peer = peers_[link];
  if (peer.stage != Stage::naming && peer.stage != Stage::online) return false;
  if (peer.frames) return peer.frames->taken < peer.frames->said.units().size();
  return untaken_unit(peer).has_value();
}

// Follows the server in taking lines: it is known how much of the input it holds back.
void Oracle::take_lines(Link link) {
  Peer& peer = peers_[link];
  if (peer.frames) {
    take_units(link);
    return;
  }
  if (peer.stage != Stage::naming && peer.stage != Stage::online) return;
  const auto view = host_->server().peer(*peer.id);
  const std::size_t held = view ? view->held_bytes : 0;
  if (held > config_.line_max + 4096) {
    broke(Property::bounds, who(link) + " has " + std::to_string(held) + " bytes of input held");
  }
  while (peer.stage == Stage::naming || peer.stage == Stage::online) {
    if (peer.is_skipping) {
      const std::size_t lf = peer.input.find('\n');
      peer.is_skipping = lf == std::string::npos;
      peer.input.erase(0, peer.is_skipping ? std::string::npos : lf + 1);
      if (peer.is_skipping) return;
    }
    const auto unit = untaken_unit(peer);
    if (!unit) break;
    const bool is_too_long = peer.input[*unit - 1] != '\n';
    if (is_too_long ? peer.input.size() <= held : peer.input.size() - *unit < held) break;
    ++taken_lines_;
    const std::string line = peer.input.substr(0, *unit);
    peer.input.erase(0, *unit);
    if (is_too_long) {
      peer.is_skipping = true;
      environment_->faults.take_effect(FaultKind::malformed);
      expect_answer(link, "! line too long");
      continue;
    }
    std::string_view text{line};
    text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    take_line(link, text);
  }
  leave_if_ended(link);
}

// Who ended its side leaves once its last whole line is taken.
void Oracle::leave_if_ended(Link link) {
  Peer& peer = peers_[link];
  if (!peer.has_ended || (peer.stage != Stage::naming && peer.stage != Stage::online)) return;
  const bool has_more = peer.frames ? has_untaken(link) : untaken_unit(peer) && !peer.is_skipping;
  if (has_more) return;
  expect_close(link, 1000);
  log_out(link, true);
  peer.stage = Stage::leaving;
  peer.input.clear();
}

void Oracle::take_line(Link link, std::string_view line) {
  if (peers_[link].stage == Stage::naming) {
    log_in(link, line);
    return;
  }
  const reference::Asked asked = reference::parse(line);
  switch (asked.kind) {
    case reference::Asked::Kind::nothing:
      return;
    case reference::Asked::Kind::message:
      take_message(link, asked.message);
      return;
    case reference::Asked::Kind::error:
      environment_->faults.take_effect(FaultKind::malformed);
      expect_answer(link, std::string{asked.error});
      return;
    case reference::Asked::Kind::help:
    case reference::Asked::Kind::who:
    case reference::Asked::Kind::ping:
    case reference::Asked::Kind::join:
    case reference::Asked::Kind::leave:
    case reference::Asked::Kind::quit:
      take_command(link, asked);
      return;
  }
}

void Oracle::log_in(Link link, std::string_view line) {
  if (line.empty()) return;
  Peer& peer = peers_[link];
  const std::string name{reference::trim(line)};
  if (!reference::is_name(name) || names_.contains(name)) {
    expect_answer(link, "! name");
    expect_close(link, 1008);
    peer.stage = Stage::leaving;
    return;
  }
  peer.name = name;
  peer.stage = Stage::online;
  names_.emplace(name, link);
}

void Oracle::take_message(Link link, const reference::Message& message) {
  const auto number = static_cast<std::uint32_t>(messages_.size());
  messages_.push_back({.sender = link, .text = std::string{message.text}});
  ++peers_[link].accepted;
  std::vector<Link> met;
  const auto deliver = [&](Link to, const Room& room) {
    if (std::find(met.begin(), met.end(), to) != met.end()) return;
    met.push_back(to);
    deliveries_.push_back({.message = number, .to = to, .room = room});
    peers_[to].deliveries.push_back(static_cast<std::uint32_t>(deliveries_.size() - 1));
    pushed_.push_back(to);
  };
  for (const std::string& destination : message.destinations) {
    if (destination.front() == '#') {
      const auto room = rooms_.find(destination);
      if (room == rooms_.end()) {
        ++refused_;
        ++failed_[static_cast<std::size_t>(Failure::not_connected)];
        expect_answer(link, "! undelivered " + destination + ": not_connected\n");
        continue;
      }
      for (const Link member : room->second) {
        if (member != link) deliver(member, destination);
      }
      continue;
    }
    const auto found = names_.find(destination);
    if (found == names_.end()) {
      ++refused_;
      ++failed_[static_cast<std::size_t>(Failure::not_connected)];
      expect_answer(link, "! undelivered " + destination + ": not_connected\n");
      continue;
    }
    deliver(found->second, {});
  }
}

void Oracle::take_command(Link link, const reference::Asked& asked) {
  Peer& peer = peers_[link];
  const Room room{asked.argument};
  const auto found = rooms_.find(room);
  const bool is_member = std::find(peer.rooms.begin(), peer.rooms.end(), room) != peer.rooms.end();
  switch (asked.kind) {
    case reference::Asked::Kind::help:
      for (int line = 0; line < 5; ++line) expect_answer(link, "* ");
      return;
    case reference::Asked::Kind::ping:
      expect_answer(link, room.empty() ? "* pong\n" : "* pong " + room + "\n");
      return;
    case reference::Asked::Kind::who: {
      if (!room.empty() && found == rooms_.end()) {
        expect_answer(link, "! nobody is in " + room + "\n");
        return;
      }
      std::vector<std::string> names;
      if (room.empty()) {
        for (const auto& [name, named] : names_) names.push_back(name);
      } else {
        for (const Link member : found->second) names.push_back(peers_[member].name);
        std::sort(names.begin(), names.end());
      }
      std::string answer = room.empty() ? "* here: " : "* in " + room + ": ";
      for (std::size_t place = 0; place < names.size(); ++place) {
        answer += (place > 0 ? ", " : "") + names[place];
      }
      constexpr std::size_t one_line_max = 800;  // more names take several lines: not modelled
      if (answer.size() < one_line_max) expect_answer(link, answer + "\n");
      return;
    }
    case reference::Asked::Kind::join:
      if (is_member) {
        expect_answer(link, "! already in " + room);
      } else if (peer.rooms.size() >= config_.rooms_per_peer_max) {
        expect_answer(link, "! too many rooms");
      } else {
        expect_answer(link, "* you joined " + room);
        expect_notice(link, room, "* " + peer.name + " joined " + room);
        rooms_[room].push_back(link);
        peer.rooms.push_back(room);
      }
      return;
    case reference::Asked::Kind::leave:
      if (is_member) {
        expect_answer(link, "* you left " + room + "\n");
        leave_room(link, room, true);
      } else {
        expect_answer(link, "! not in " + room);
      }
      return;
    case reference::Asked::Kind::quit:
      peer.is_goodbye_due = true;
      expect_close(link, 1000);
      log_out(link, true);
      peer.stage = Stage::leaving;
      peer.input.clear();
      return;
    case reference::Asked::Kind::nothing:
    case reference::Asked::Kind::message:
    case reference::Asked::Kind::error:
      return;
  }
}

void Oracle::log_out(Link link, bool is_told) {
  Peer& peer = peers_[link];
  if (peer.stage != Stage::online) return;
  while (!peer.rooms.empty()) leave_room(link, Room{peer.rooms.front()}, is_told);
  names_.erase(peer.name);
}

void Oracle::leave_room(Link link, const Room& room, bool is_told) {
  Peer& peer = peers_[link];
  std::erase(peer.rooms, room);
  const auto found = rooms_.find(room);
  LASTWORD_CHECK(found != rooms_.end());
  std::erase(found->second, link);
  if (is_told) expect_notice(link, room, "* " + peer.name + " left " + room);
  if (found->second.empty()) rooms_.erase(found);
}

void Oracle::expect_answer(Link link, std::string text) {
  peers_[link].answers.push_back(std::move(text));
  pushed_.push_back(link);
}

void Oracle::expect_notice(Link except, const Room& room, const std::string& text) {
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return;
  for (const Link member : found->second) {
    if (member == except) continue;
    peers_[member].notices.push_back(text);
    pushed_.push_back(member);
  }
}

}  // namespace lastword::sim
