// Flood: clients in pairs that send to each other as fast as the sockets take it, both ways, and a
// SIGTERM in the middle of that. Afterwards everybody's books are laid side by side: what each
// client counted as received, what each goodbye said, and the server's report.
//
// The moment of the signal is a number of messages received by all clients together, drawn from the
// seed; how the bytes are scheduled on the way is the machine's affair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/end_to_end/process.h"
#include "tests/end_to_end/shutdown_report.h"

namespace lastword::end_to_end {

struct FloodOptions {
  std::uint64_t seed = 1;
  std::size_t pair_count = 25;
  std::int64_t received_before_signal_max = 100'000;
  std::size_t text_bytes_max = 1000;  // each message's length is drawn, too
};

struct FloodResult {
  std::int64_t received_before_signal = 0;  // the moment of the signal
  std::int64_t received = 0;                // messages that the clients counted
  std::int64_t reported_failed = 0;         // `! undelivered` lines that the clients got
  std::int64_t goodbye_sum = 0;             // what the goodbyes said
  ShutdownReport report;
  ExitStatus exit_status;
  // Everything that the contract forbids: gaps, wrong order, a missing goodbye, a reset, accounts
  // that differ. Empty if the books agree.
  std::vector<std::string> violations;
};

// Starts a server, floods it, stops it.
[[nodiscard]] FloodResult run_flood(const FloodOptions& options);

}  // namespace lastword::end_to_end
