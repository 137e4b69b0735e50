// Rare and dangerous situations that a suite must have been in, or it has shown little
// (docs/SIMULATION.md, "Marks").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lastword::sim {

enum class Mark : std::uint8_t {
  short_write_in_fan_out,       // some of a message's addressees have it, one has it in part
  stop_before_first_write,      // SIGTERM between the accept point and the first write
  second_stop_during_linger,    //
  stalled_through_the_drain,    // a stall timeout's length passes without progress in the drain
  back_over_half_open,          // the same user back while the old connection is half-open
  outbox_exactly_full,          //
  memory_exactly_full,          //
  old_generation,               // a fact for an earlier owner of a slot
  two_timers_at_one_instant,    //
  stop_with_unread_everywhere,  // SIGTERM while every connection has unread input
  stop_while_paused,            // SIGTERM while a sender is paused
  drain_cut_off,                // the drain deadline cuts deliveries off
  close_frames_crossing,        // both sides have sent a Close before they saw the other's
  end_inside_message,           // FIN inside a fragmented message
  link_breaks_with_unknown,     // a production client's, with messages on it whose fate nobody told
  goodbye_leaves_lines,         // ... that it will send again
  client_back_before_its_name,  // its old connection holds that still
  client_queue_full,            // its application has to wait
  trim_while_queued,            // free memory goes back to the system, and somebody's output waits
};

inline constexpr std::size_t mark_count = static_cast<std::size_t>(Mark::trim_while_queued) + 1;

// A few words: "SIGTERM between accept point and first write".
[[nodiscard]] std::string_view sentence(Mark mark);

struct MarkCounts {
  std::array<std::uint64_t, mark_count> of{};

  void hit(Mark mark) { ++of[static_cast<std::size_t>(mark)]; }
  [[nodiscard]] std::uint64_t at(Mark mark) const { return of[static_cast<std::size_t>(mark)]; }
  // Takes away what had been counted at a snapshot.
  void subtract(const MarkCounts& other) {
    for (std::size_t place = 0; place < mark_count; ++place) of[place] -= other.of[place];
  }
  void add(const MarkCounts& other) {
    for (std::size_t place = 0; place < mark_count; ++place) of[place] += other.of[place];
  }
};

}  // namespace lastword::sim
