// Where a client stands, why, and how it tells of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/client/ledger.h"
#include "core/instant.h"

namespace lastword::client {

enum class State : std::uint8_t {
  waiting,     // there is no link; the next attempt has its time
  connecting,  // the system was asked for a link
  handshake,   // WebSocket: the request is sent
  logging_in,  // the name is sent
  online,
  closing,  // nothing more is sent; the server's last words are waited for
  gone,     // for ever
};

// Why a client went from one state to the next, or why a link ended.
enum class Reason : std::uint8_t {
  started,
  retried,    // the delay is over
  connected,  // the link is there
  upgraded,   // the server took the WebSocket handshake
  logged_in,  // the server answered to our name
  // The link did not come about
  unknown_host,
  refused,            // nobody listens there
  unreachable,        // no way there
  connect_timed_out,  //
  connect_failed,     // for any other reason of the system's
  // The server did not take us
  handshake_refused,    // `detail`: the HTTP status
  no_websocket,         // it answered the handshake as no WebSocket server does; `text`: how
  handshake_timed_out,  //
  no_lastword,          // it talks, and not as lastword does; `text`: what it said first
  login_refused,        // `text`: what it said
  name_held,            // our name is still taken, by an earlier link of ours, it seems
  login_timed_out,      // it did not answer to our name; or our name did not reach it in time
  server_full,          //
  // The link ended
  goodbye,     // the server said goodbye; `detail`: messages that it accepted
  closed,      // it sent a Close; `detail`: the code, 0 if there was none; `text`: its reason
  peer_ended,  // it ended the link without a goodbye
  reset,
  link_timed_out,  // the system gave the link up
  link_failed,     // for any other reason of the system's
  no_answer,       // nothing came for three heartbeats
  violation,       // it broke the WebSocket protocol; `text`: how
  // We ended
  input_finished,  // the application has no more lines
  abandoned,       // the application wants to end at once
};

[[nodiscard]] std::string_view word_for(State state);
// A few words in lower case: "nobody listens there".
[[nodiscard]] std::string_view explain(Reason reason);

// Why a line was not accepted.
enum class Refusal : std::uint8_t {
  too_long,  // for the server
  mistake,   // it is no message and no command: the server's answer says what it is not
};

// What an application may want to tell a person.
struct Event {
  enum class Kind : std::uint8_t {
    state,    // the client went from `from` to `to`
    refused,  // the server does not accept the line
    unknown,  // the link ended after the line was sent, and nobody said whether it was accepted
    resent,   // the same, and it will be sent again: it may be accepted twice
    unsent,   // the client is gone, and the line was not accepted
    skipped,  // a line that came was too long, and left out
  };
  Kind kind = Kind::state;
  Instant at{};
  // Of a change of state
  State from{};
  State to{};
  Reason reason{};
  std::uint64_t detail = 0;  // the reasons say what
  Duration delay{};          // until the next attempt, where `to` is `waiting`
  // Of a line
  LineNumber line = 0;
  Refusal refusal{};
  std::string text{};  // the line itself; for a change of state, the reasons say what
};

}  // namespace lastword::client
