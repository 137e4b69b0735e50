// Who is where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/connection_id.h"
#include "core/digest.h"
#include "core/name.h"
#include "core/name_index.h"
#include "core/part.h"

namespace lastword {

// A room that somebody is in. Good until the last member leaves.
enum class RoomId : std::uint32_t {};

inline constexpr RoomId no_room{UINT32_MAX};

// One peer that a message goes to, and the room through which it is meant (no_room: by its name).
struct Addressee {
  Slot slot;
  RoomId room;
};

// Whom the DESTs of a message mean. Owned by the caller and filled anew by each `resolve`, so that
// its memory is used again.
struct Addressing {
  std::vector<Addressee> addressees;      // each peer once, in the order of the DESTs
  std::vector<std::string_view> missing;  // DESTs that mean nobody, each once; borrowed
};

// The directory of names and rooms (contract, section 1). It never sees bytes, outboxes or time;
// what follows from its answers is the server's business.
//
// Invariants:
//  1. A name belongs to at most one slot.
//  2. A room has at least one member; a slot's membership and the room's member point at each
//     other.
class Broker {
 public:
  explicit Broker(std::uint64_t hash_seed) : names_{hash_seed}, room_names_{hash_seed} {}

  // False if the name is taken. The slot must not be logged in.
  [[nodiscard]] bool login(Slot slot, Name name);
  // Frees the name and leaves all rooms.
  void logout(Slot slot);

  // Forgets the name that was kept after the logout.
  void forget(Slot slot);

  // The name under which the slot logged in; kept after the logout until `forget`.
  [[nodiscard]] std::string_view name_of(Slot slot) const;
  // Everybody's names, sorted.
  [[nodiscard]] std::vector<std::string_view> names() const;

  [[nodiscard]] std::optional<RoomId> find_room(std::string_view room) const;
  [[nodiscard]] bool is_in(Slot slot, RoomId room) const;
  // The slot must not be in the room yet.
  void join(Slot slot, RoomName room);
  // The slot must be in the room.
  void leave(Slot slot, RoomId room);

  [[nodiscard]] std::size_t room_count(Slot slot) const;
  [[nodiscard]] RoomId room_at(Slot slot, std::size_t position) const;
  [[nodiscard]] std::string_view name_of(RoomId room) const;
  [[nodiscard]] std::size_t member_count(RoomId room) const;
  [[nodiscard]] Slot member_at(RoomId room, std::size_t position) const;
  [[nodiscard]] std::vector<std::string_view> names_in(RoomId room) const;

  // Changes whenever the same DESTs might mean somebody else.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  // Finds everyone whom the DESTs mean (contract, section 1): a room means all its members but the
  // sender; who is meant twice counts once, as the first DEST meant him.
  void resolve(Slot sender, std::string_view destinations, Addressing& out);

  // Adds the name and the rooms of the slot.
  void add_to(Digest& digest, Slot slot) const;

 private:
  struct Membership {
    RoomId room;
    std::uint32_t place;  // in the room's members
  };
  using Memberships = std::vector<Membership>;
  static constexpr std::uint64_t logged_out = UINT64_MAX;
  struct Peer {
    std::string name;
    Part<Memberships> rooms;  // while there are any
    // The last resolution that met this peer, while it is logged in.
    std::uint64_t resolved_in = logged_out;

    [[nodiscard]] bool is_logged_in() const { return resolved_in != logged_out; }
  };
  struct Member {
    Slot slot;
    std::uint32_t place;  // in the peer's rooms
  };
  struct Room {
    std::string name;
    std::vector<Member> members;
  };

  [[nodiscard]] const Peer& peer(Slot slot) const { return peers_[index_of(slot)]; }
  [[nodiscard]] Peer& peer(Slot slot) { return peers_[index_of(slot)]; }
  // Those of the slot.
  [[nodiscard]] std::span<const Membership> memberships(Slot slot) const;
  [[nodiscard]] const Room& room(RoomId id) const { return rooms_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] Room& room(RoomId id) { return rooms_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] std::optional<Slot> find(std::string_view name) const;
  void leave_at(Slot slot, std::size_t position);
  void add(Slot slot, RoomId room, Addressing& out);
  void resolve_room(Slot sender, std::string_view destination, Addressing& out);

  std::vector<Peer> peers_;
  std::vector<Room> rooms_;
  std::vector<RoomId> free_rooms_;
  SpareParts<Memberships> spare_memberships_;
  NameIndex names_;
  NameIndex room_names_;
  std::uint64_t resolutions_ = 0;
  std::uint64_t version_ = 0;
  // For remove_repeated; kept for its memory.
  std::vector<std::uint32_t> order_;
};

}  // namespace lastword
