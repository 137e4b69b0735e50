// The places at which a run is not determined: each has a name, which tapes and stories use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lastword::sim {

// What is being decided. 0 is always the boring answer.
enum class Site : std::uint8_t {
  // The world, once per run
  clients,      // how many more than the scenario's least
  role,         // of a client
  limits,       // of the server: outbox, memory, lines, work
  buffers,      // of the kernel, for one client
  latency,      // nominal, of one client's link
  family_on,    // whether a family of faults is on
  family_rate,  // how often it strikes
  stop_step,    // the step after which SIGTERM comes, plus one; 0: at the end
  stop_again,   // how many steps later it comes again; 0: never
  stop_kind,    // SIGTERM, SIGINT, SIGKILL
  healed,       // who is healed for the liveness phase
  check_twice,  // whether a costly check is made here
  // What clients do
  script_length,  //
  action,         //
  destination,    //
  text_size,      //
  room,           //
  think,          // how long until the next action
  reading,        // how the client reads
  ending,         // how the client ends
  reconnect,      // whether and when it comes back
  // Bytes
  segment_cut,   // where a client's bytes are cut into segments
  read_size,     // how much one read brings
  write_size,    // how much one write takes
  write_blocks,  // a write that could go on takes nothing
  // Order
  order,          // which of those ready comes next
  turn_end,       // the turn ends before all that are ready were handled
  jitter,         // on the way
  timer_late,     //
  spurious,       // a wake-up for nothing
  stale,          // a fact about a connection that is gone
  late_release,   //
  late_writable,  //
  // Connections
  cut_link,        // FIN, RST or silence in the middle of something
  late_discovery,  // of a peer that vanished
  dead_on_accept,  //
  reset_destroys,  // what arrived and was not read
  // Resources and time
  accept_fails,  //
  famine,        // no descriptors for a while
  log_blocks,    //
  pause,         // the whole process stands still
  wall_jump,     // of the wall clock
  // WebSocket
  transport,  // lines or WebSocket
  framing,    // how a line becomes frames, and what comes between them
  // Lives of the server, once per run
  restarts,      // how many more than the scenario's least
  restart_at,    // how long after the one before, and how many steps after that
  restart_kind,  // SIGTERM, SIGKILL, SIGINT
  downtime,      // from the old process's end to the new one's start
  // The production client, once per run
  horizon,  // how long until healing begins
};

inline constexpr std::size_t site_count = static_cast<std::size_t>(Site::horizon) + 1;

[[nodiscard]] std::string_view name_of(Site site);

}  // namespace lastword::sim
