#include "sim/crowd.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "sim/check_trap.h"
#include "sim/choices.h"
#include "sim/plan.h"
#include "sim/readable.h"
#include "sim/run.h"
#include "sim/wall_clock.h"
#include "sim/world.h"

namespace lastword::sim {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration second = seconds{1};
constexpr Duration logins_over = seconds{5};  // all have begun theirs
// ... and the timeouts of connecting and of logging in have passed for nothing.
constexpr Instant idle_from = Instant{} + seconds{20};
constexpr Instant idle_to = idle_from + seconds{60};
constexpr Instant signal_at = idle_to + seconds{1};
// If everybody is well (property L3).
constexpr Duration drain_at_most = seconds{12};
// As net/ asks for (SOMAXCONN), and as Linux has it.
constexpr std::uint32_t backlog = 4096;

ClientPlan client_plan(const CrowdPlan& crowd, Choices& choices, std::uint32_t place) {
  const auto number = static_cast<Chooser>(place + 1);
  ClientPlan client;
  client.name = "client " + std::to_string(number);
  client.config.delays = crowd.delays;
  client.traits.transport = place % 2 == 0 ? Transport::lines : Transport::websocket;
  client.traits.latency = microseconds{1000 + choices.choose(49'000, Site::latency, number)};
  client.seed = choices.choose(1U << 30U, Site::role, number);
  client.starts_at = logins_over * place / crowd.clients;
  return client;
}

Plan world_plan(const CrowdPlan& crowd) {
  Plan plan;
  plan.config.connections_max = crowd.clients;
  plan.backlog_max = backlog;
  Choices choices = Choices::seeded(crowd.seed);
  plan.clients.reserve(crowd.clients);
  for (std::uint32_t place = 0; place < crowd.clients; ++place) {
    plan.clients.push_back(client_plan(crowd, choices, place));
  }
  std::optional<StopReason> reason;
  if (!crowd.is_killed) reason = StopReason::terminate;
  plan.restarts.push_back(
      {.at = signal_at - Instant{}, .reason = reason, .downtime = crowd.downtime});
  plan.horizon =
      plan.restarts.front().at + drain_at_most + crowd.downtime + all_back_within + second;
  plan.healing_bound = seconds{5};  // nobody is slow or half-open
  plan.is_control_on = false;
  plan.is_stopped_anywhere = false;
  constexpr std::uint64_t steps_for_a_client = 10'000;
  plan.steps_max = steps_for_a_client * crowd.clients;
  return plan;
}

// Does all that happens before this time. False if something broke.
bool run_until(World& world, Instant end) {
  const EventQueue& queue = world.environment().queue;
  while (world.host().in_turn() || (!queue.is_empty() && queue.first().at < end)) {
    if (!world.step()) return false;
  }
  return true;
}

// The clients' counters at one moment.
struct Counters {
  struct Of {
    std::uint64_t turns;
    std::uint64_t vain_wakeups;
  };
  std::vector<Of> clients;
  std::uint64_t facts;

  explicit Counters(const World& world) : facts{world.host().facts()} {
    clients.reserve(world.clients().size());
    for (const ClientProcess& client : world.clients()) {
      clients.push_back({.turns = client.turns(), .vain_wakeups = client.vain_wakeups()});
    }
  }
};

void measure_idle(const World& world, const Counters& before, CrowdResult& result) {
  const Counters after{world};
  result.idle_facts = after.facts - before.facts;
  for (std::size_t place = 0; place < after.clients.size(); ++place) {
    const Transport transport = world.clients()[place].client().config().url.transport;
    const std::uint64_t turns = after.clients[place].turns - before.clients[place].turns;
    const std::uint64_t vain =
        after.clients[place].vain_wakeups - before.clients[place].vain_wakeups;
    CrowdResult::Idle& idle = result.idle_of(transport);
    ++idle.clients;
    idle.turns += turns;
    idle.turns_max = std::max(idle.turns_max, turns);
    idle.vain_wakeups += vain;
    idle.vain_wakeups_max = std::max(idle.vain_wakeups_max, vain);
  }
}

// Its attempts since the signal, each with what came of it.
void add_attempts(const ClientProcess& client, std::vector<CrowdResult::Attempt>& attempts) {
  const auto& changes = client.changes();
  auto change = changes.begin();
  for (const Instant at : client.attempts()) {
    if (at < signal_at) continue;
    change = std::find_if(change, changes.end(), [&](const ClientProcess::Change& each) {
      return each.at >= at && each.to != client::State::connecting;
    });
    const bool is_refused = change != changes.end() && change->reason == client::Reason::refused;
    attempts.push_back({.at = at - signal_at, .is_refused = is_refused});
  }
}

// When it came online or ceased to be. Times before the signal count as its time.
struct Move {
  Instant at;
  bool is_online;
};

void add_moves(const ClientProcess& client, std::vector<Move>& moves) {
  bool is_online = false;
  for (const ClientProcess::Change& change : client.changes()) {
    const bool was_online = std::exchange(is_online, change.to == client::State::online);
    if (is_online != was_online) moves.push_back({.at = change.at, .is_online = is_online});
  }
}

void measure_online(std::vector<Move> moves, CrowdResult& result) {
  std::ranges::stable_sort(moves, {}, &Move::at);
  std::uint32_t count = 0;
  result.online.push_back({.at = Duration::zero(), .count = 0});
  for (const Move& move : moves) {
    if (move.is_online) {
      ++count;
    } else {
      --count;
    }
    if (move.at < signal_at) {
      result.online.front().count = count;
      continue;
    }
    result.online.push_back({.at = move.at - signal_at, .count = count});
    if (move.is_online) result.logins.push_back(move.at - signal_at);
  }
}

CrowdResult::Busiest busiest(const std::vector<CrowdResult::Attempt>& attempts, Duration window) {
  CrowdResult::Busiest busiest{.window = window};
  std::size_t end = 0;
  for (std::size_t first = 0; first < attempts.size(); ++first) {
    while (end < attempts.size() && attempts[end].at < attempts[first].at + window) ++end;
    if (end - first > busiest.attempts) {
      busiest.attempts = end - first;
      busiest.from = attempts[first].at;
    }
  }
  return busiest;
}

// Whatever happened so far; the clients have not been told to end yet.
void measure_return(const World& world, const CrowdPlan& plan, CrowdResult& result) {
  std::vector<Move> moves;
  for (const ClientProcess& client : world.clients()) {
    add_attempts(client, result.attempts);
    add_moves(client, moves);
    ++result.fates[static_cast<std::size_t>(client.client().state())];
  }
  std::ranges::stable_sort(result.attempts, {}, &CrowdResult::Attempt::at);
  measure_online(std::move(moves), result);
  for (const Duration window : windows_of(plan)) {
    result.busiest.push_back(busiest(result.attempts, window));
  }
}

bool run_to_restart(World& world, CrowdResult& result) {
  if (!run_until(world, idle_from)) return false;
  const Counters before{world};
  if (!run_until(world, idle_to)) return false;
  measure_idle(world, before, result);
  if (!run_until(world, signal_at)) return false;
  const auto since_signal = [&] { return world.environment().now - signal_at; };
  while (!world.host().has_exited()) {
    if (!world.step()) return false;
  }
  result.exited_at = since_signal();
  while (world.lives().size() == 1) {
    if (!world.step()) return false;
  }
  result.started_at = since_signal();
  return true;
}

std::string seconds_text(Duration span) {
  return readable(std::chrono::duration_cast<microseconds>(span));
}

void complain_of_idling(std::string_view who, const CrowdResult::Idle& idle,
                        std::vector<std::string>& texts) {
  const auto complain = [&](std::uint64_t found, std::uint64_t bound, const std::string& what) {
    if (found <= bound) return;
    texts.push_back("an idle client " + std::string{who} + " had " + counted(found, what, what) +
                    " in a minute, and at most " + std::to_string(bound) + " are due");
  };
  complain(idle.turns_max, idle_turns_max, "turns of its loop");
  complain(idle.vain_wakeups_max, idle_vain_wakeups_max, "wake-ups for nothing");
}

}  // namespace

CrowdResult run_crowd(const CrowdPlan& plan) {
  CrowdResult result;
  World world{world_plan(plan), Choices::replayed({}), {}};
  const Instant measured_at = Instant{} + world_plan(plan).horizon;
  const WallClock wall{world.environment()};
  const CheckTrap trap;
  std::optional<Violation> failed;
  try {
    const bool is_good = run_to_restart(world, result) && run_until(world, measured_at);
    measure_return(world, plan, result);
    if (is_good) world.run();
  } catch (const CheckFailed& error) {
    failed = violation_of(error);
  }
  const Outcome outcome = world.outcome();
  result.violations = outcome.violations;
  if (failed) result.violations.push_back(*failed);
  result.hash = outcome.hash;
  result.events = outcome.events;
  result.steps = outcome.steps;
  result.simulated = outcome.simulated;
  return result;
}

std::optional<Duration> back_at(const CrowdResult& result, std::uint64_t clients) {
  if (!result.started_at) return std::nullopt;
  const auto reached = std::ranges::find_if(result.online, [&](const CrowdResult::Online& online) {
    return online.at >= *result.started_at && online.count >= clients;
  });
  if (reached == result.online.end()) return std::nullopt;
  return reached->at;
}

Duration first_ceiling(const CrowdPlan& plan) {
  const client::Delays delays;
  return plan.is_killed ? delays.first : delays.after_restart;
}

std::vector<Duration> windows_of(const CrowdPlan& plan) {
  const Duration quarter = first_ceiling(plan) / 4;
  if (quarter >= second) return {second};
  return {second, quarter};
}

std::uint64_t attempts_max_for(const CrowdPlan& plan, Duration window) {
  return 2 * std::uint64_t{plan.clients} * static_cast<std::uint64_t>(window.count()) /
         static_cast<std::uint64_t>(first_ceiling(plan).count());
}

std::vector<std::string> complaints(const CrowdPlan& plan, const CrowdResult& result) {
  std::vector<std::string> texts;
  texts.reserve(result.violations.size());
  for (const Violation& violation : result.violations) {
    texts.push_back("broke " + std::string{short_name(violation.property)} + ": " + violation.text);
  }
  if (result.online_before() != plan.clients) {
    texts.push_back("before the signal " + counted(result.online_before(), "client", "clients") +
                    " of " + grouped(plan.clients) + " were online");
  }
  for (const CrowdResult::Busiest& busiest : result.busiest) {
    const std::uint64_t bound = attempts_max_for(plan, busiest.window);
    if (busiest.attempts <= bound) continue;
    texts.push_back("there were " + grouped(busiest.attempts) + " attempts to connect within " +
                    seconds_text(busiest.window) + ", and the bound is " + grouped(bound));
  }
  const auto back = back_at(result, plan.clients);
  if (!back) {
    texts.emplace_back("not all clients came back");
  } else if (*back - *result.started_at > all_back_within) {
    texts.push_back("it took " + seconds_text(*back - *result.started_at) +
                    " from the new start until all were back, and the bound is " +
                    seconds_text(all_back_within));
  }
  const std::uint32_t gone = result.fates[static_cast<std::size_t>(client::State::gone)];
  if (gone > 0) texts.push_back(counted(gone, "client is", "clients are") + " gone for ever");
  complain_of_idling("over TCP", result.idle_of(Transport::lines), texts);
  complain_of_idling("over WebSocket", result.idle_of(Transport::websocket), texts);
  return texts;
}

}  // namespace lastword::sim
