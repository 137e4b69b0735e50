// What the driver is asked to do: its modes and their options. README.md explains them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "traffic.h"
#include "wire.h"

namespace lastword::bench {

enum class Mode : std::uint8_t { pairs, room, list, idle, drain, slow, fairness };

// Where server and driver run. It makes a difference of two: what one core wrote, the other must
// fetch, and waking a process on another core takes an interrupt.
enum class Placement : std::uint8_t { anywhere, apart, together };

// How a run in drain mode ends.
enum class QueueEnd : std::uint8_t {
  stop,    // the server is asked to stop while its receivers begin to read
  resume,  // they only begin to read: for a server that has no drain
  rest,    // it is asked to stop when nothing is queued: what the end costs in any case
};

struct Options {
  Mode mode = Mode::pairs;
  std::string label;
  std::string server_command;
  std::string connect_to;
  pid_t server_id = 0;
  Placement placement = Placement::anywhere;
  Transport transport = Transport::lines;
  std::uint32_t pairs = 50;
  std::uint32_t rooms = 1;
  std::uint32_t members = 100;
  std::uint32_t names = 100;
  std::uint32_t senders = 1;
  std::uint32_t connections = 10000;
  std::uint32_t idle_connections = 0;  // beside those that talk
  std::uint64_t messages = 100000;
  std::uint64_t warm_up = 10000;
  std::size_t window = 32;
  std::uint64_t rate = 0;  // messages per second; 0: closed loop
  std::optional<Pacing> pacing;
  std::size_t size = 64;
  std::uint32_t idle_seconds = 5;
  std::uint32_t patience_seconds = 10;
  std::uint32_t receivers = 1000;  // drain
  std::uint32_t queued = 100;      // drain: messages for each of them
  QueueEnd queue_end = QueueEnd::stop;
  std::uint32_t settle_seconds = 4;  // drain: in which a full kernel takes nothing more
  std::uint32_t rest_seconds = 4;  // drain: after the end of a burst, before a last look at memory
  std::uint32_t slow_pairs = 10;
  std::uint32_t slow_kibibytes = 2048;  // sent to each slow receiver
  std::uint32_t slow_rate = 0;          // bytes per second that each of them reads
  std::vector<std::size_t> flood_sizes{64, 1024, 60000};

  [[nodiscard]] std::chrono::seconds patience() const {
    return std::chrono::seconds(patience_seconds);
  }
  // Looking at the clock all the time takes a CPU of its own, and a flood wants some of it.
  [[nodiscard]] Pacing chosen_pacing() const {
    const bool may_spin = placement == Placement::apart && mode != Mode::fairness;
    return pacing.value_or(may_spin ? Pacing::spin : Pacing::sleep);
  }
  // How many connections the mode opens.
  [[nodiscard]] std::uint64_t connection_count() const;
};

[[nodiscard]] std::string name_of(Mode mode);
[[nodiscard]] std::string name_of(Placement placement);
[[nodiscard]] std::string name_of(Transport transport);
[[nodiscard]] std::string name_of(Pacing pacing);
[[nodiscard]] std::string name_of(QueueEnd end);

// Fills in the options. Returns an exit code where the program has nothing more to do: help was
// asked for, or the arguments are unusable (2), which is said then.
[[nodiscard]] std::optional<int> parse_options(int argument_count, char** arguments,
                                               Options& options);

}  // namespace lastword::bench
