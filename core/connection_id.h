// Handles of connections.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace lastword {

// A place in the server's table of connections. Used again by a later connection once the earlier
// one is released, so a Slot alone is only good within one fact.
enum class Slot : std::uint32_t {};

inline constexpr Slot no_slot{UINT32_MAX};

constexpr std::size_t index_of(Slot slot) { return static_cast<std::size_t>(slot); }

// A slot together with how often it has been used: a late completion for a closed connection
// carries an old generation and therefore can't hit the slot's next owner.
struct ConnectionId {
  Slot slot = no_slot;
  std::uint32_t generation = 0;

  friend bool operator==(ConnectionId, ConnectionId) = default;
};

}  // namespace lastword
