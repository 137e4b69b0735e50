#include "core/broker.h"

#include <algorithm>

#include "core/check.h"
#include "core/line_parser.h"

namespace lastword {

namespace {

// Leaves each text once, in the order of their first appearance. Not quadratic: a sender can put
// tens of thousands of DESTs in one line.
void remove_repeated(std::vector<std::string_view>& texts, std::vector<std::uint32_t>& order) {
  if (texts.size() < 2) return;
  order.resize(texts.size());
  for (std::uint32_t position = 0; position < order.size(); ++position) order[position] = position;
  std::sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
    if (texts[left] != texts[right]) return texts[left] < texts[right];
    return left < right;
  });
  const auto repeated = std::unique(
      order.begin(), order.end(),
      [&](std::uint32_t left, std::uint32_t right) { return texts[left] == texts[right]; });
  order.erase(repeated, order.end());
  std::sort(order.begin(), order.end());
  for (std::size_t position = 0; position < order.size(); ++position) {
    texts[position] = texts[order[position]];
  }
  texts.resize(order.size());
}

}  // namespace

bool Broker::login(Slot slot, Name name) {
  // Every idle peer pays for this (docs/PERFORMANCE.md, "Memory").
  static_assert(sizeof(Peer) <= sizeof(std::string) + 16);
  if (find(name.text())) return false;
  if (index_of(slot) >= peers_.size()) peers_.resize(index_of(slot) + 1);
  Peer& peer = this->peer(slot);
  LASTWORD_CHECK(!peer.is_logged_in());
  peer.name = name.text();
  peer.resolved_in = resolutions_;
  ++version_;
  names_.insert(name.text(), static_cast<std::uint32_t>(slot));
  return true;
}

void Broker::logout(Slot slot) {
  Peer& peer = this->peer(slot);
  LASTWORD_CHECK(peer.is_logged_in());
  while (peer.rooms.is_there()) leave_at(slot, peer.rooms->size() - 1);
  names_.erase(peer.name, static_cast<std::uint32_t>(slot));
  peer.resolved_in = logged_out;
  ++version_;
}

void Broker::forget(Slot slot) {
  if (index_of(slot) < peers_.size()) peer(slot) = {};
}

std::string_view Broker::name_of(Slot slot) const {
  if (index_of(slot) >= peers_.size()) return {};
  return peer(slot).name;
}

std::vector<std::string_view> Broker::names() const {
  std::vector<std::string_view> names;
  names.reserve(names_.size());
  for (const Peer& peer : peers_) {
    if (peer.is_logged_in()) names.emplace_back(peer.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<Slot> Broker::find(std::string_view name) const {
  const auto found = names_.find(
      name, [this](std::uint32_t slot) -> std::string_view { return peers_[slot].name; });
  if (!found) return std::nullopt;
  return Slot{*found};
}

std::optional<RoomId> Broker::find_room(std::string_view room) const {
  const auto found = room_names_.find(
      room, [this](std::uint32_t id) -> std::string_view { return rooms_[id].name; });
  if (!found) return std::nullopt;
  return RoomId{*found};
}

std::span<const Broker::Membership> Broker::memberships(Slot slot) const {
  const Part<Memberships>& rooms = peer(slot).rooms;
  if (!rooms.is_there()) return {};
  return *rooms;
}

bool Broker::is_in(Slot slot, RoomId room) const {
  const auto rooms = memberships(slot);
  return std::any_of(rooms.begin(), rooms.end(),
                     [&](const Membership& membership) { return membership.room == room; });
}

void Broker::join(Slot slot, RoomName room) {
  auto id = find_room(room.text());
  if (!id) {
    if (free_rooms_.empty()) {
      free_rooms_.push_back(RoomId{static_cast<std::uint32_t>(rooms_.size())});
      rooms_.emplace_back();
    }
    id = free_rooms_.back();
    free_rooms_.pop_back();
    this->room(*id).name = room.text();
    room_names_.insert(room.text(), static_cast<std::uint32_t>(*id));
  }
  LASTWORD_CHECK(!is_in(slot, *id));
  if (!peer(slot).rooms.is_there()) spare_memberships_.fill(peer(slot).rooms);
  auto& rooms = *peer(slot).rooms;
  auto& members = this->room(*id).members;
  const auto place_in_room = static_cast<std::uint32_t>(members.size());
  const auto place_in_peer = static_cast<std::uint32_t>(rooms.size());
  members.push_back({.slot = slot, .place = place_in_peer});
  rooms.push_back({.room = *id, .place = place_in_room});
  ++version_;
}

void Broker::leave(Slot slot, RoomId room) {
  const auto rooms = memberships(slot);
  const auto found = std::find_if(rooms.begin(), rooms.end(), [&](const Membership& membership) {
    return membership.room == room;
  });
  LASTWORD_CHECK(found != rooms.end());
  leave_at(slot, static_cast<std::size_t>(found - rooms.begin()));
}

// The last one takes the leaver's place, in the room and in the peer, so that leaving costs the
// same however large the room is.
void Broker::leave_at(Slot slot, std::size_t position) {
  ++version_;
  auto& rooms = *peer(slot).rooms;
  const Membership membership = rooms[position];
  auto& members = room(membership.room).members;

  members[membership.place] = members.back();
  const Member& moved_member = members[membership.place];
  (*peer(moved_member.slot).rooms)[moved_member.place].place = membership.place;
  members.pop_back();

  rooms[position] = rooms.back();
  const Membership& moved_membership = rooms[position];
  if (position + 1 < rooms.size()) {
    room(moved_membership.room).members[moved_membership.place].place =
        static_cast<std::uint32_t>(position);
  }
  rooms.pop_back();
  if (rooms.empty()) spare_memberships_.give_back(peer(slot).rooms);

  if (!members.empty()) return;
  Room& emptied = room(membership.room);
  room_names_.erase(emptied.name, static_cast<std::uint32_t>(membership.room));
  emptied = {};
  free_rooms_.push_back(membership.room);
}

std::size_t Broker::room_count(Slot slot) const { return memberships(slot).size(); }

RoomId Broker::room_at(Slot slot, std::size_t position) const {
  return memberships(slot)[position].room;
}

std::string_view Broker::name_of(RoomId room) const {
  return room == no_room ? std::string_view{} : this->room(room).name;
}

std::size_t Broker::member_count(RoomId room) const { return this->room(room).members.size(); }

Slot Broker::member_at(RoomId room, std::size_t position) const {
  return this->room(room).members[position].slot;
}

std::vector<std::string_view> Broker::names_in(RoomId room) const {
  std::vector<std::string_view> names;
  for (const Member& member : this->room(room).members) names.emplace_back(name_of(member.slot));
  std::sort(names.begin(), names.end());
  return names;
}

void Broker::resolve(Slot sender, std::string_view destinations, Addressing& out) {
  ++resolutions_;
  out.addressees.clear();
  out.missing.clear();
  DestinationReader reader{destinations};
  for (auto destination = reader.next(); !destination.empty(); destination = reader.next()) {
    if (destination.front() == '#') {
      resolve_room(sender, destination, out);
    } else if (const auto slot = find(destination)) {
      add(*slot, no_room, out);
    } else {
      out.missing.push_back(destination);
    }
  }
  remove_repeated(out.missing, order_);
}

void Broker::resolve_room(Slot sender, std::string_view destination, Addressing& out) {
  const auto id = find_room(destination);
  if (!id) {
    out.missing.push_back(destination);
    return;
  }
  for (const Member& member : room(*id).members) {
    if (member.slot != sender) add(member.slot, *id, out);
  }
}

void Broker::add(Slot slot, RoomId room, Addressing& out) {
  Peer& peer = this->peer(slot);
  if (peer.resolved_in == resolutions_) return;
  peer.resolved_in = resolutions_;
  out.addressees.push_back({.slot = slot, .room = room});
}

void Broker::add_to(Digest& digest, Slot slot) const {
  if (index_of(slot) >= peers_.size() || !peer(slot).is_logged_in()) return;
  digest.add(peer(slot).name);
  for (const Membership& membership : memberships(slot)) {
    digest.add(room(membership.room).name);
    digest.add(membership.place);
  }
}

}  // namespace lastword
