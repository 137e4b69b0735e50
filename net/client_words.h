// What a client tells a person: its events in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/client/client.h"

namespace lastword {

// A line for a change of state, without time: "waiting 1.2 s: nobody listens there; is the server
// running, and is that its port?"
[[nodiscard]] std::string words_for_state(const client::Event& event, const client::Config& config);

// A line for what became of a line, with its text. Nothing for what the server's own answer says
// already.
[[nodiscard]] std::string words_for_line(const client::Event& event);

// Why it ended without having done all, after the words of sysexits.h ("no host", "unavailable",
// "protocol", ...), with what to do about it.
[[nodiscard]] std::string words_for_end(const client::Event& gone, const client::Config& config);

// Lines that were read and not given to the client.
struct NotGiven {
  std::uint64_t too_long = 0;
  std::uint64_t unsent = 0;
};

// "2 of 10 lines were not accepted: 1 refused, 1 of unknown fate"; empty if all were.
[[nodiscard]] std::string words_for_losses(const client::Counts& counts, const NotGiven& not_given);

}  // namespace lastword
