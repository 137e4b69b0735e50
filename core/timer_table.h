// All deadlines of the server.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/connection_id.h"
#include "core/digest.h"
#include "core/instant.h"

namespace lastword {

// What a deadline is for; also the reason in Server::deadline().
enum class Timer : std::uint8_t {
  login,         // the name has to be there
  stall,         // the outbox has to be down to half
  linger,        // a finished peer has been silent long enough
  close,         // a finished peer has not let go, or a Close was not answered
  heartbeat,     // a WebSocket client may have been silent for too long
  drain,         // the shutdown ends (one for the server)
  accept_retry,  // the listener tries again (one for the server)
  trim,          // spare memory is freed (one for the server)
  resume,        // senders that are no longer paused wait for their turn (never in the table)
};

inline constexpr std::size_t connection_timer_count = 5;

struct Deadline {
  Instant at;
  Timer reason;

  friend bool operator==(const Deadline&, const Deadline&) = default;
};

// A table of timers, at most one of each kind for a slot, with the earliest at hand. Those due at
// one instant come in the order of kinds, then slots. Nothing is paid for timers that don't expire
// but arming and disarming, each logarithmic in the number armed.
class TimerTable {
 public:
  struct Entry {
    Instant at;
    Timer timer;
    Slot slot;  // no_slot for the server's own

    friend auto operator<=>(const Entry&, const Entry&) = default;
  };

  // Sets the timer; if it was armed, it is moved.
  void arm(Slot slot, Timer timer, Instant at);
  void arm(Timer timer, Instant at) { arm(no_slot, timer, at); }
  void disarm(Slot slot, Timer timer);
  void disarm(Timer timer) { disarm(no_slot, timer); }
  void disarm_all(Slot slot);

  [[nodiscard]] bool is_armed(Slot slot, Timer timer) const;
  [[nodiscard]] const Entry* first() const { return heap_.empty() ? nullptr : &heap_.front(); }
  // Takes the first one off, if it is due.
  std::optional<Entry> take_due(Instant now);

  // Adds what is armed for the slot, relative to `now`; but for Timer::trim, as memory that is free
  // makes no difference to what the server does.
  void add_to(Digest& digest, Slot slot, Instant now) const;

 private:
  using Place = std::uint32_t;
  static constexpr Place unarmed = UINT32_MAX;

  [[nodiscard]] Place* place_of(Slot slot, Timer timer);
  [[nodiscard]] Place find(Slot slot, Timer timer) const;
  void remove(Place place);
  void put(Place place, const Entry& entry);
  void sift_up(Place place);
  void sift_down(Place place);

  struct SlotPlaces {
    std::array<Place, connection_timer_count> of{unarmed, unarmed, unarmed, unarmed, unarmed};
  };

  std::vector<Entry> heap_;
  std::vector<SlotPlaces> slots_;
  std::array<Place, 3> own_{unarmed, unarmed, unarmed};
};

}  // namespace lastword
