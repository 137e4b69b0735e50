// What an operator may want to see in a log. The core writes no log: it hands these out.
#pragma once

#include <cstdint>

#include "core/connection_id.h"

namespace lastword {

enum class EventKind : std::uint8_t {
  opened,            // a connection was accepted
  turned_away,       // ... and told that the server is full
  upgraded,          // its WebSocket handshake is done
  upgrade_refused,   // ... was answered otherwise; count: HTTP status
  logged_in,         // it has its name
  login_refused,     // bad or taken name
  login_timed_out,   //
  quit,              // it asked to leave
  paused,            // it must wait: there is no room for what it sends
  resumed,           // it goes on, now that there is room or it is its turn again
  peer_ended,        // it ended its sending side
  peer_closed,       // it sent a Close; count: its code, 0 if there was none
  violated,          // it broke the WebSocket protocol; count: the code of our Close
  failed,            // it broke; count: deliveries that failed with it
  dropped_slow,      // it did not read; count: deliveries that failed with it
  unresponsive,      // nothing came from it for three heartbeats
  left_open,         // it had its time and never ended its side, or never answered our Close
  memory_full,       // all senders are paused; count: bytes queued
  memory_freed,      // they go on
  listener_paused,   // out of descriptors or memory; told once, however often it is tried again
  listener_resumed,  // somebody could be accepted again
  drain_started,     // count: connections
  drain_cut_off,     // deadline or second signal; count: deliveries that failed
};

struct Event {
  EventKind kind;
  ConnectionId connection;  // where it concerns one
  std::uint64_t count = 0;
};

}  // namespace lastword
