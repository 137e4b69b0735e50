// A crowd that loses its server and comes back: many production clients in one simulated world, and
// what their coming back and their idling cost.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/client/back_off.h"
#include "core/client/state.h"
#include "core/instant.h"
#include "core/transport.h"
#include "sim/property.h"

namespace lastword::sim {

struct CrowdPlan {
  // With fewer, chance alone could break the bound on attempts (see attempts_max_for); of more, the
  // numbers would not do.
  static constexpr std::uint32_t clients_min = 1000;
  static constexpr std::uint32_t clients_max = 50'000;
  static constexpr Duration downtime_max = std::chrono::minutes{10};

  std::uint32_t clients = 10'000;  // every second one by WebSocket
  // From the end of the old process to the start of the new one.
  Duration downtime = std::chrono::seconds{10};
  bool is_killed = false;  // SIGKILL in place of SIGTERM
  std::uint64_t seed = 1;  // of what the clients draw, and of how far away they are
  // By which the clients come back. The bounds are those of production's, whatever these are.
  client::Delays delays{};
};

// All times are counted from the signal on.
struct CrowdResult {
  static constexpr std::size_t state_count = static_cast<std::size_t>(client::State::gone) + 1;

  struct Attempt {
    Duration at;
    bool is_refused;  // nobody listened
  };
  // How many are online from a time on.
  struct Online {
    Duration at;
    std::uint32_t count;
  };
  // What a client does in a minute in which nothing happens.
  struct Idle {
    std::uint32_t clients = 0;
    std::uint64_t turns = 0;         // of all their loops
    std::uint64_t turns_max = 0;     // of the one that had most
    std::uint64_t vain_wakeups = 0;  // their loops were woken, and nothing was to be done
    std::uint64_t vain_wakeups_max = 0;
  };
  // The most attempts in any window of this length.
  struct Busiest {
    Duration window{};
    std::uint64_t attempts = 0;
    Duration from{};  // where that window begins
  };

  std::optional<Duration> exited_at;
  std::optional<Duration> started_at;  // the new process
  std::vector<Attempt> attempts;       // in the order of their times
  std::vector<Online> online;          // the same; begins with those who were there before
  std::vector<Duration> logins;        // the same
  std::vector<Busiest> busiest;        // for each of windows_of(plan)
  std::array<std::uint32_t, state_count> fates{};  // clients, by their state before healing
  std::array<Idle, 2> idle;                        // by transport
  std::uint64_t idle_facts = 0;                    // of the server, in the same minute
  std::vector<Violation> violations;
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::uint64_t steps = 0;
  Duration simulated{};

  [[nodiscard]] Idle& idle_of(Transport transport) {
    return idle[static_cast<std::size_t>(transport)];
  }
  [[nodiscard]] const Idle& idle_of(Transport transport) const {
    return idle[static_cast<std::size_t>(transport)];
  }
  [[nodiscard]] std::uint32_t online_before() const {
    return online.empty() ? 0 : online.front().count;
  }
};

// They log in within five seconds, are idle for a minute, lose their server to a signal, and come
// back by their own back-off. At the end they are asked whether they are well, and all properties
// are judged. The same plan gives the same result.
[[nodiscard]] CrowdResult run_crowd(const CrowdPlan& plan);

// When so many clients had logged in to the new process; nothing if they never had.
[[nodiscard]] std::optional<Duration> back_at(const CrowdResult& result, std::uint64_t clients);
// The fewest that are this part of all, in percent.
[[nodiscard]] constexpr std::uint64_t part_of(std::uint32_t clients, std::uint64_t percent) {
  return (clients * percent + 99) / 100;
}

// --- Bounds ------------------------------------------------------------------------------------

// The ceiling of the first delay, by which the bound is made.
[[nodiscard]] Duration first_ceiling(const CrowdPlan& plan);
// In which windows attempts are counted: a second, and a quarter of the first ceiling where that is
// less. (After SIGKILL the ceiling is a second: in one of those everybody may well come, but not at
// once.)
[[nodiscard]] std::vector<Duration> windows_of(const CrowdPlan& plan);
// The most attempts in any such window: 2 * clients * window / first ceiling. An attempt's time is
// uniform over the ceiling before it, so whatever came earlier, it falls into a given window with a
// chance of at most window / ceiling; with each attempt the ceiling doubles, and 1 + 1/2 + 1/4 ...
// is 2. What is to be expected is less: in a quarter of the first ceiling 0.37 of the clients,
// where the bound is 0.5, as the large shares of the first and the second attempt don't meet in
// one window. Of 1,000 clients that is almost eight standard deviations below the bound.
[[nodiscard]] std::uint64_t attempts_max_for(const CrowdPlan& plan, Duration window);
// From the start of the new process until all are back: the longest delay there is, which somebody
// may just have begun, and time to log in.
inline constexpr Duration all_back_within = client::Delays{}.max + std::chrono::seconds{5};
// Turns of an idle client's loop in a minute. For each heartbeat of 15 s there are three: its timer
// finds that the last answer came a little later than the timer was set, and is put off by as much;
// then it asks the server; then the answer comes. The way there and back makes heartbeats longer
// than 15 s, so that no minute has more than four of each.
inline constexpr std::uint64_t idle_turns_max = std::uint64_t{3} * 60 / 15;
// Wake-ups for nothing: the acknowledgement of each question, which nobody waits for.
inline constexpr std::uint64_t idle_vain_wakeups_max = 60 / 15;

// What of the result is not as it should be, a sentence each; empty: all is well.
[[nodiscard]] std::vector<std::string> complaints(const CrowdPlan& plan, const CrowdResult& result);

}  // namespace lastword::sim
