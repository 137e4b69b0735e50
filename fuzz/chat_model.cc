#include "fuzz/chat_model.h"

#include <algorithm>
#include <array>
#include <map>

#include "core/replies.h"

namespace lastword::fuzz {

namespace reference = sim::reference;

Client ChatModel::connect(Transport transport, bool is_let_in) {
  peers_.push_back({.transport = transport,
                    .stage = is_let_in ? Stage::naming : Stage::gone,
                    .connected_at = now_,
                    .heard_at = now_});
  if (!is_let_in && transport == Transport::lines) {
    peers_.back().told.emplace_back("! server is full");
  }
  return peers_.size() - 1;
}

void ChatModel::say(Client client, const Unit& unit) {
  if (peer(client).stage == Stage::gone) return;
  switch (unit.kind) {
    case Unit::Kind::line:
      take_line(client, unit.bytes);
      return;
    case Unit::Kind::long_line:
      tell(client, "! line too long");
      return;
    case Unit::Kind::line_break:
      tell(client, "! line break");
      return;
    case Unit::Kind::ping:
      tell(client, pong_item(unit.bytes));
      return;
    case Unit::Kind::pong:
      return;
    case Unit::Kind::close:
    case Unit::Kind::violation:
      finish(client, unit.code);
      return;
  }
}

void ChatModel::pass(Duration span, Client silent) {
  now_ = now_ + span;
  for (Client client = 0; client < peers_.size(); ++client) {
    const Peer& each = peer(client);
    if (each.stage == Stage::naming && now_ - each.connected_at >= config_.login_timeout) {
      tell(client, "! name");
      finish(client, close_policy);
    }
    const bool is_silent = client == silent && each.transport == Transport::websocket &&
                           now_ - each.heard_at >= 3 * config_.heartbeat;
    if (is_silent && each.stage != Stage::gone) {
      has_given_up_ = true;
      finish(client, close_policy);
    }
  }
}

void ChatModel::stop() {
  for (Client client = 0; client < peers_.size(); ++client) {
    if (peer(client).stage == Stage::online) tell(client, goodbye(client));
  }
  // Nobody is told of those who go now.
  for (Peer& each : peers_) each.rooms.clear();
  for (Client client = 0; client < peers_.size(); ++client) finish(client, close_going_away);
}

void ChatModel::mark(std::size_t number) {
  for (Peer& each : peers_) each.told.push_back(mark_item(number));
}

// --- Lines ---------------------------------------------------------------------------------------

void ChatModel::tell(Client client, std::string line) {
  if (peer(client).stage != Stage::gone) peer(client).told.push_back(std::move(line));
}

void ChatModel::take_line(Client client, std::string_view line) {
  if (peer(client).stage == Stage::naming) {
    log_in(client, line);
    return;
  }
  using Kind = reference::Asked::Kind;
  const reference::Asked asked = reference::parse(line);
  const std::string argument{asked.argument};
  switch (asked.kind) {
    case Kind::nothing:
      return;
    case Kind::message:
      send(client, asked.message);
      return;
    case Kind::help: {
      // The words are the server's own.
      std::string help;
      reply::append_help(help);
      for (std::size_t begin = 0; begin < help.size();) {
        const std::size_t lf = help.find('\n', begin);
        tell(client, help.substr(begin, lf - begin));
        begin = lf + 1;
      }
      return;
    }
    case Kind::who:
      tell_who(client, argument);
      return;
    case Kind::ping:
      tell(client, argument.empty() ? "* pong" : "* pong " + argument);
      return;
    case Kind::join:
      join(client, argument);
      return;
    case Kind::leave:
      leave_room(client, argument);
      return;
    case Kind::quit:
      tell(client, goodbye(client));
      finish(client, close_normal);
      return;
    case Kind::error:
      tell(client, std::string{asked.error});
      return;
  }
}

void ChatModel::log_in(Client client, std::string_view line) {
  if (line.empty()) return;
  const std::string_view name = reference::trim(line);
  bool is_free = true;
  for (Client other = 0; other < peers_.size(); ++other) is_free &= !is_named(other, name);
  if (!is_free || !reference::is_name(name)) {
    tell(client, "! name");
    finish(client, close_policy);
    return;
  }
  peer(client).name = name;
  peer(client).stage = Stage::online;
}

void ChatModel::send(Client client, const reference::Message& message) {
  ++accepted_;
  ++peer(client).accepted;
  std::map<Client, std::string> lines;  // by addressee; the first DEST that means him counts
  const auto deliver = [&](Client addressee, std::string_view room) {
    std::string line = "from " + peer(client).name;
    if (!room.empty()) line.append(" in ").append(room);
    lines.try_emplace(addressee, line.append(": ").append(message.text));
  };
  for (const std::string& destination : message.destinations) {
    const std::vector<Client> meant = members(destination);
    for (const Client member : meant) {
      if (member != client) deliver(member, destination);
    }
    Client addressee = 0;
    while (addressee < peers_.size() && !is_named(addressee, destination)) ++addressee;
    if (addressee < peers_.size()) {
      deliver(addressee, {});
    } else if (meant.empty()) {
      ++missing_;
      ++deliveries_;
      tell(client, "! undelivered " + destination + ": not_connected");
    }
  }
  deliveries_ += lines.size();
  for (const auto& [addressee, line] : lines) tell(addressee, line);
}

// --- Rooms ---------------------------------------------------------------------------------------

void ChatModel::join(Client client, const std::string& room) {
  if (is_in(client, room)) {
    tell(client, "! already in " + room);
    return;
  }
  if (peer(client).rooms.size() >= config_.rooms_per_peer_max) {
    tell(client, "! too many rooms");
    return;
  }
  for (const Client member : members(room)) {
    tell(member, "* " + peer(client).name + " joined " + room);
  }
  peer(client).rooms.push_back(room);
  const std::size_t count = members(room).size();
  tell(client, "* you joined " + room + ", " + std::to_string(count) +
                   (count == 1 ? " member" : " members"));
}

void ChatModel::leave_room(Client client, const std::string& room) {
  if (!is_in(client, room)) {
    tell(client, "! not in " + room);
    return;
  }
  std::erase(peer(client).rooms, room);
  tell(client, "* you left " + room);
  for (const Client member : members(room))
    tell(member, "* " + peer(client).name + " left " + room);
}

void ChatModel::tell_who(Client client, std::string_view room) {
  std::vector<std::string> names;
  for (Client other = 0; other < peers_.size(); ++other) {
    const bool is_meant = room.empty() ? peer(other).stage == Stage::online : is_in(other, room);
    if (is_meant) names.push_back(peer(other).name);
  }
  if (names.empty()) {
    tell(client, "! nobody is in " + std::string{room});
    return;
  }
  std::sort(names.begin(), names.end());
  std::string list = room.empty() ? "* here: " : "* in " + std::string{room} + ": ";
  for (const std::string& name : names) list += name == names.front() ? name : ", " + name;
  tell(client, list);
}

// --- Ends ----------------------------------------------------------------------------------------

// The name is free, and its rooms are told.
void ChatModel::leave(Client client) {
  Peer& who = peer(client);
  const bool was_online = who.stage == Stage::online;
  who.stage = Stage::gone;
  for (const std::string& room : std::exchange(who.rooms, {})) {
    for (const Client member : members(room)) {
      if (was_online) tell(member, "* " + who.name + " left " + room);
    }
  }
}

// The server ends it, after all that was said to it.
void ChatModel::finish(Client client, unsigned code) {
  if (peer(client).stage == Stage::gone) return;
  if (peer(client).transport == Transport::websocket) tell(client, close_item(code));
  leave(client);
}

bool ChatModel::is_named(Client client, std::string_view name) const {
  return peers_[client].stage == Stage::online && peers_[client].name == name;
}

bool ChatModel::is_in(Client client, std::string_view room) const {
  const auto& rooms = peers_[client].rooms;
  return std::find(rooms.begin(), rooms.end(), room) != rooms.end();
}

std::vector<Client> ChatModel::members(std::string_view room) const {
  std::vector<Client> all;
  for (Client client = 0; client < peers_.size(); ++client) {
    if (is_in(client, room)) all.push_back(client);
  }
  return all;
}

std::string ChatModel::goodbye(Client client) const {
  return "* goodbye: " + std::to_string(peers_[client].accepted) + " of your lines were accepted";
}

}  // namespace lastword::fuzz
