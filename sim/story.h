// A run as it is told to a person: who did what, when, and what travelled between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/instant.h"
#include "sim/property.h"

namespace lastword::sim {

// One happening in one lane. Lane 0 is the server, 1 ... are the clients.
struct StoryEvent {
  enum class Kind : std::uint8_t {
    act,      // somebody did something: "connects", "SIGTERM", "goes on reading"
    send,     // bytes leave this lane for `to`; the matching `arrive` names this event
    arrive,   // bytes (a FIN, a reset) that left in `from_event` got here
    fault,    // the environment did something: "the link is cut", "the process stands still"
    outcome,  // the broken property
  };
  Instant at{};  // virtual time since the run began
  std::size_t lane = 0;
  Kind kind = Kind::act;
  std::string text;                         // a few words; bytes are quoted and cut by the teller
  std::size_t to = 0;                       // send: the lane that it goes to
  std::optional<std::size_t> from_event{};  // arrive: index of the `send` in Story::events
  bool is_lost = false;                     // send: never arrives (destroyed, or nobody is there)
  bool is_concerned = false;                // has to do with the broken property
};

struct Story {
  std::string scenario;
  std::string title;                  // "seed 42", or the name of a case
  std::string replay;                 // the command that tells it again
  std::vector<std::string> lanes;     // "server", "alice", ...
  std::vector<StoryEvent> events;     // in order of time
  std::vector<Violation> violations;  // empty: nothing is broken, it is just told
  std::vector<std::string> choices;   // the choices that are not boring, one line each
};

// For a terminal: one row per event, one column per lane (a `send` and the `arrive` that follows it
// directly are one row, with an arrow), each row with its virtual time; then what is broken.
// Of a story with more events than `rows_max`, those that have to do with the broken property and
// those next to them are kept, and gaps are named ("... 12 events left out ..."). 0: no limit.
[[nodiscard]] std::string to_text(const Story& story, std::size_t rows_max = 0);

// The number of rows of `to_text` that tell an event.
[[nodiscard]] std::size_t row_count(const Story& story);

// One self-contained page (no script, font or picture from elsewhere) with a space-time diagram.
[[nodiscard]] std::string to_html(const Story& story);

}  // namespace lastword::sim
