// What can go wrong (docs/SIMULATION.md, "Faults"), and how often it did.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lastword::sim {

// Families are switched on and off together, one half of them in a run.
enum class Family : std::uint8_t { bytes, order, connections, resources, time, control };

inline constexpr std::size_t family_count = 6;

enum class FaultKind : std::uint8_t {
  cut_anywhere,          // B1
  many_in_one_read,      // B2
  one_byte_a_read,       // B3
  short_write,           // B4
  would_block,           // B5
  malformed,             // B6
  control_in_message,    // B7
  after_close_frame,     // B8
  any_order,             // O1
  timer_against_io,      // O2
  timer_late,            // O3
  reply_before_written,  // O4
  all_in_accept_turn,    // O5
  after_close,           // O6
  spurious,              // O7
  fin_anywhere,          // C1
  half_close,            // C2
  reset,                 // C3
  reset_unread,          // C4
  half_open,             // C5
  late_discovery,        // C6
  never_received,        // C7
  zero_window,           // C8
  slow_reader,           // C9
  stops_and_resumes,     // C10
  back_over_half_open,   // C11
  storm,                 // C12
  login_never_done,      // C13
  dead_on_accept,        // C14
  no_descriptors,        // R1
  aborted_call,          // R2
  memory_exhausted,      // R3
  backlog_overflow,      // R4
  log_blocks,            // R5
  process_paused,        // T1
  wall_clock_jumps,      // T2
  one_instant,           // T3
  stop_anywhere,         // S1
  stop_again,            // S2
  stop_at_worst,         // S3
  ignores_close,         // S4
  killed,                // S5
  during_drain,          // S6
  restarted,             // S7
  restarted_after_kill,  // S8
};

inline constexpr std::size_t fault_count =
    static_cast<std::size_t>(FaultKind::restarted_after_kill) + 1;

// "B1" ... "S8".
[[nodiscard]] std::string_view short_name(FaultKind fault);
// A few words: "a read that ends anywhere in a line".
[[nodiscard]] std::string_view sentence(FaultKind fault);
// What counts as effective: "the core got a part of a line".
[[nodiscard]] std::string_view effect(FaultKind fault);
[[nodiscard]] Family family_of(FaultKind fault);
[[nodiscard]] std::string_view name_of(Family family);

// How often each fault was injected, and how often it changed what the core saw.
struct FaultCounts {
  struct Count {
    std::uint64_t injected = 0;
    std::uint64_t effective = 0;
  };
  std::array<Count, fault_count> of{};

  void inject(FaultKind fault) { ++of[static_cast<std::size_t>(fault)].injected; }
  void take_effect(FaultKind fault) { ++of[static_cast<std::size_t>(fault)].effective; }
  // Both at once.
  void strike(FaultKind fault) {
    inject(fault);
    take_effect(fault);
  }
  [[nodiscard]] const Count& at(FaultKind fault) const {
    return of[static_cast<std::size_t>(fault)];
  }
  // Takes away what had been counted at a snapshot.
  void subtract(const FaultCounts& other) {
    for (std::size_t place = 0; place < fault_count; ++place) {
      of[place].injected -= other.of[place].injected;
      of[place].effective -= other.of[place].effective;
    }
  }
  void add(const FaultCounts& other) {
    for (std::size_t place = 0; place < fault_count; ++place) {
      of[place].injected += other.of[place].injected;
      of[place].effective += other.of[place].effective;
    }
  }
};

}  // namespace lastword::sim
