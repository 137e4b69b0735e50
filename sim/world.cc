#include "sim/world.h"

#include <algorithm>
#include <array>

namespace lastword::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Within one of these, and no more, everything that is not a timeout must have happened.
constexpr Duration grace = seconds{5};
// A run of more steps than this is one that goes nowhere.
constexpr std::uint64_t steps_max = 5'000'000;

}  // namespace

World::World(const Scenario& scenario, Choices choices, const Options& options)
    : environment_{std::move(choices)},
      plan_{make_plan(scenario, environment_.choices)},
      oracle_{plan_.config, environment_, kernel_},
      host_{plan_.config, environment_, kernel_, oracle_} {
  environment_.narration = options.narration;
  oracle_.bind(environment_, kernel_, host_);
  begin(options.is_without_hostile);
}

World::World(const World& other)
    : environment_{other.environment_},
      plan_{other.plan_},
      kernel_{other.kernel_},
      oracle_{other.oracle_},
      clients_{other.clients_},
      host_{other.host_, environment_, kernel_, oracle_},
      steps_{other.steps_},
      stop_step_{other.stop_step_},
      stop_again_{other.stop_again_},
      stopped_at_step_{other.stopped_at_step_},
      stop_reason_{other.stop_reason_},
      is_kill_{other.is_kill_},
      are_signals_silenced_{other.are_signals_silenced_},
      was_everybody_well_{other.was_everybody_well_},
      is_over_{other.is_over_},
      is_exit_seen_{other.is_exit_seen_},
      was_stall_marked_{other.was_stall_marked_},
      signals_{other.signals_},
      transcripts_{other.transcripts_},
      famine_began_{other.famine_began_},
      exhausted_before_famine_{other.exhausted_before_famine_},
      is_famine_{other.is_famine_} {
  oracle_.bind(environment_, kernel_, host_);
}

void World::begin(bool is_without_hostile) {
  environment_.weather = plan_.weather;
  kernel_.backlog_max = plan_.backlog_max;
  Choices& choices = environment_.choices;
  if (plan_.is_stopped_anywhere) {
    // Half of the runs are stopped in the middle of something.
    constexpr std::uint32_t steps_in_the_middle = 400;
    constexpr std::uint32_t steps_after_the_first = 40;
    constexpr std::uint32_t any = 1U << 30U;  // a sweep goes through all of them
    const bool is_in_the_middle = choices.occurs(2, Site::stop_kind) && plan_.is_control_on;
    stop_step_ = choices.choose(any, is_in_the_middle ? steps_in_the_middle : 1, Site::stop_step);
    const bool is_again = choices.occurs(3, Site::stop_kind) && plan_.is_control_on;
    stop_again_ = choices.choose(any, is_again ? steps_after_the_first : 1, Site::stop_again);
    constexpr std::uint32_t interrupt_one_in = 4;
    constexpr std::uint32_t kill_one_in = 40;
    if (choices.occurs(interrupt_one_in, Site::stop_kind)) stop_reason_ = StopReason::interrupt;
    is_kill_ = stop_step_ != 0 && choices.occurs(kill_one_in, Site::stop_kind);
  }
  if (plan_.stop_at) environment_.queue.push(Instant{} + *plan_.stop_at, Event::Kind::stop);
  environment_.queue.push(Instant{} + plan_.horizon, Event::Kind::heal);
  clients_.reserve(plan_.clients.size());
  for (std::size_t place = 0; place < plan_.clients.size(); ++place) {
    clients_.emplace_back(plan_.clients[place], static_cast<Chooser>(place + 1));
  }
  auto world = surroundings();
  if (plan_.weather.at(FaultKind::storm) != 0) environment_.faults.inject(FaultKind::storm);
  for (Client& client : clients_) {
    if (!is_without_hostile || !client.plan().is_hostile) client.start(world);
  }
}

std::vector<std::string> World::lanes() const {
  std::vector<std::string> lanes{"server"};
  for (const Client& client : clients_) lanes.push_back(client.name());
  return lanes;
}

Client* World::client_of(Link link) {
  const Chooser number = kernel_.client_of(link);
  return number == the_server ? nullptr : &clients_[number - 1U];
}

// --- Steps -------------------------------------------------------------------------------------

bool World::step() {
  if (is_over_ || is_broken()) return false;
  ++steps_;
  if (steps_ > steps_max) {
    broke(Property::bounds, "the run does not come to an end");
    return false;
  }
  if (host_.in_turn()) {
    host_.step();
  } else if (environment_.queue.is_empty()) {
    is_over_ = true;
    judge_end();
    return false;
  } else {
    const Event event = environment_.queue.pop();
    environment_.now = std::max(environment_.now, event.at);
    handle(event);
  }
  maybe_signal();
  watch_shutdown();
  return !is_broken();
}

void World::run() {
  while (step()) {
  }
}

void World::handle(const Event& event) {
  environment_.note("event", static_cast<std::uint64_t>(event.kind), event.subject);
  auto world = surroundings();
  switch (event.kind) {
    case Event::Kind::client_acts:
      clients_[event.subject - 1].act(world);
      return;
    case Event::Kind::client_reads:
      clients_[event.subject - 1].read_on(world);
      return;
    case Event::Kind::syn_arrives:
      if (kernel_.syn_arrives(environment_, event.subject)) {
        constexpr std::size_t storm_size = 8;
        if (kernel_.backlog_size() >= storm_size) {
          environment_.faults.take_effect(FaultKind::storm);
        }
        host_.acceptable();
      }
      return;
    case Event::Kind::connected:
      if (Client* client = client_of(event.subject)) client->connected(world, event.subject);
      return;
    case Event::Kind::flight_up:
      kernel_.arrives_at_server(environment_, event.subject);
      host_.look(event.subject);
      // What arrived is acknowledged: there is room for more.
      if (Client* client = client_of(event.subject)) client->look(world, event.subject);
      return;
    case Event::Kind::flight_down:
      kernel_.arrives_at_client(environment_, event.subject);
      if (Client* client = client_of(event.subject)) client->look(world, event.subject);
      host_.look(event.subject);
      return;
    case Event::Kind::link_times_out:
      kernel_.times_out(environment_, event.subject);
      host_.look(event.subject);
      return;
    case Event::Kind::turn:
      strike_process();
      host_.begin_turn();
      return;
    case Event::Kind::deadline:
      host_.on_deadline(event.subject);
      return;
    case Event::Kind::release:
      host_.on_release(event.subject);
      return;
    case Event::Kind::stop:
      if (!oracle_.is_stopped() && !are_signals_silenced_) signal(stop_reason_);
      return;
    case Event::Kind::famine_ends:
      if (is_famine_) {
        is_famine_ = false;
        kernel_.descriptors_max = Kernel::unlimited;
        if (kernel_.is_acceptable()) host_.acceptable();
      }
      return;
    case Event::Kind::heal:
      heal();
      return;
    case Event::Kind::judge:
      judge();
      return;
  }
}

// What happens to the process as a whole.
void World::strike_process() {
  if (host_.has_exited()) return;
  if (environment_.strikes(FaultKind::process_paused, Site::pause)) {
    constexpr std::array<int, 5> pauses_ms{5, 200, 3000, 12'000, 40'000};
    const Duration pause = milliseconds{pauses_ms[environment_.choose(5, Site::pause)]};
    environment_.tell(StoryEvent::Kind::fault, the_server, "the whole process stands still");
    host_.pause_until(environment_.now + pause);
    environment_.paused += pause;
    if (oracle_.is_stopped()) environment_.paused_in_drain += pause;
  }
  if (environment_.strikes(FaultKind::wall_clock_jumps, Site::wall_jump)) {
    constexpr std::array<int, 4> jumps_s{3600, -3600, 40, -40};
    environment_.wall_offset += seconds{jumps_s[environment_.choose(4, Site::wall_jump)]};
    environment_.faults.take_effect(FaultKind::wall_clock_jumps);
  }
  if (environment_.strikes(FaultKind::log_blocks, Site::log_blocks)) {
    host_.block_log_until(environment_.now + seconds{2});
  }
  if (!is_famine_ && environment_.strikes(FaultKind::no_descriptors, Site::famine)) {
    is_famine_ = true;
    famine_began_ = environment_.now;
    exhausted_before_famine_ = host_.exhausted_accepts();
    kernel_.descriptors_max = kernel_.open_descriptors();
    environment_.tell(StoryEvent::Kind::fault, the_server, "no descriptors are left");
    environment_.queue.push(environment_.now + seconds{3}, Event::Kind::famine_ends);
  }
  if (is_famine_) {
    // One attempt for each rest of the listener, and no more: no idle circles.
    const auto rests =
        static_cast<std::uint64_t>((environment_.now - famine_began_) / plan_.config.accept_retry);
    constexpr std::uint64_t spare = 8;
    if (host_.exhausted_accepts() - exhausted_before_famine_ > rests + spare) {
      broke(Property::accepts_again,
            "without descriptors the listener was tried " +
                std::to_string(host_.exhausted_accepts() - exhausted_before_famine_) +
                " times within " +
                std::to_string((environment_.now - famine_began_) / milliseconds{1}) + " ms");
    }
  }
}

// --- Signals -----------------------------------------------------------------------------------

void World::signal(StopReason reason) {
  if (host_.has_exited()) return;
  environment_.tell(StoryEvent::Kind::act, the_server,
                    reason == StopReason::terminate ? "SIGTERM" : "SIGINT");
  ++signals_;
  if (signals_ == 1) mark_stop();
  if (signals_ == 2) mark_second_stop();
  host_.signal(reason);
}

void World::stop_here() {
  are_signals_silenced_ = true;
  const auto step =
      static_cast<std::uint32_t>(signals_ == 0 ? steps_ + 1 : steps_ - stopped_at_step_);
  environment_.choices.amend(signals_ == 0 ? Site::stop_step : Site::stop_again, step);
  environment_.faults.strike(signals_ == 0 ? FaultKind::stop_anywhere : FaultKind::stop_again);
  signal(signals_ == 0 ? stop_reason_ : StopReason::terminate);
}

void World::maybe_signal() {
  if (are_signals_silenced_ || host_.has_exited()) return;
  if (signals_ == 0 && stop_step_ == steps_ + 1) {
    if (is_kill_) {
      environment_.faults.strike(FaultKind::killed);
      environment_.tell(StoryEvent::Kind::fault, the_server, "SIGKILL");
      oracle_.killed();
      host_.kill();
      return;
    }
    environment_.faults.inject(FaultKind::stop_anywhere);
    signal(stop_reason_);
    return;
  }
  if (signals_ == 0 && plan_.weather.at(FaultKind::stop_at_worst) != 0) {
    bool is_worst = is_famine_ && kernel_.is_acceptable();
    for (const Client& client : clients_) {
      if (is_worst) break;
      const Link link = client.link();
      if (link == no_link) continue;
      const auto id = host_.id_of(link);
      const auto view = id ? host_.server().peer(*id) : std::nullopt;
      is_worst = view && host_.link_of(*id) == link &&
                 (view->is_paused || oracle_.stage(link) == Oracle::Stage::naming);
    }
    if (is_worst && environment_.strikes(FaultKind::stop_at_worst, Site::stop_step)) {
      environment_.faults.take_effect(FaultKind::stop_at_worst);
      signal(stop_reason_);
      return;
    }
  }
  if (signals_ == 1 && stop_again_ != 0 && steps_ == stopped_at_step_ + stop_again_) {
    environment_.faults.inject(FaultKind::stop_again);
    if (oracle_.is_stopped()) environment_.faults.take_effect(FaultKind::stop_again);
    signal(StopReason::terminate);
  }
}

// What the signal comes into.
void World::mark_stop() {
  stopped_at_step_ = steps_;
  was_everybody_well_ = true;
  bool is_anything_unread = false;
  bool is_unread_everywhere = true;
  bool is_anybody_there = false;
  for (Link link = 0; link < kernel_.link_count(); ++link) {
    if (kernel_.is_refused(link)) continue;
    if (kernel_.has_vanished(link) && !kernel_.is_server_closed(link)) was_everybody_well_ = false;
    if (!kernel_.is_accepted(link) || kernel_.is_server_closed(link)) continue;
    is_anybody_there = true;
    if (!oracle_.is_fair(link) || kernel_.is_client_closed(link)) was_everybody_well_ = false;
    const bool is_unread = kernel_.unread_by_server(link) > 0;
    is_anything_unread |= is_unread;
    is_unread_everywhere &= is_unread;
    const auto id = host_.id_of(link);
    const auto view = id ? host_.server().peer(*id) : std::nullopt;
    if (view && view->is_paused) environment_.marks.hit(Mark::stop_while_paused);
    if (oracle_.has_unwritten_delivery(link)) {
      environment_.marks.hit(Mark::stop_before_first_write);
    }
  }
  if (is_anybody_there) environment_.faults.take_effect(FaultKind::stop_anywhere);
  if (is_anything_unread && is_unread_everywhere) {
    environment_.marks.hit(Mark::stop_with_unread_everywhere);
  }
  for (const Client& client : clients_) {
    if (client.plan().ending == ClientPlan::Ending::ignores_close) was_everybody_well_ = false;
  }
}

void World::mark_second_stop() {
  for (Link link = 0; link < kernel_.link_count(); ++link) {
    if (!oracle_.is_lingering(link)) continue;
    environment_.marks.hit(Mark::second_stop_during_linger);
    return;
  }
}

// --- Liveness ----------------------------------------------------------------------------------

void World::heal() {
  for (const Client& client : clients_) {
    transcripts_.push_back(client.link() == no_link ? 0 : oracle_.transcript(client.link()));
  }
  if (signals_ > 0 || host_.has_exited()) return;
  environment_.tell(StoryEvent::Kind::fault, the_server,
                    "from here on nothing goes wrong any more, and whoever is well says so");
  environment_.weather = {};
  kernel_.descriptors_max = Kernel::unlimited;
  is_famine_ = false;
  if (kernel_.is_acceptable()) host_.acceptable();
  std::vector<bool> is_healed;
  is_healed.reserve(clients_.size());
  for (std::size_t place = 0; place < clients_.size(); ++place) {
    is_healed.push_back(
        !environment_.choices.occurs(3, Site::healed, static_cast<Chooser>(place + 1)));
  }
  auto world = surroundings();
  for (std::size_t place = 0; place < clients_.size(); ++place) {
    if (!is_healed[place]) clients_[place].freeze(world);
  }
  for (std::size_t place = 0; place < clients_.size(); ++place) {
    if (is_healed[place]) clients_[place].heal(world);
  }
  // Long enough for every silent peer to be given up, and for every stopped reader in turn to be
  // dropped as slow.
  Duration bound = 2 * kernel_.keep_alive + grace + environment_.paused;
  bound += static_cast<int>(clients_.size() + 1) * 2 * plan_.config.stall_timeout;
  if (environment_.faults.at(FaultKind::late_discovery).injected > 0) {
    bound += 10 * kernel_.keep_alive;
  }
  environment_.queue.push(environment_.now + bound, Event::Kind::judge);
}

void World::judge() {
  if (signals_ > 0 || host_.has_exited()) return;
  for (Link link = 0; link < kernel_.link_count(); ++link) {
    if (!kernel_.has_vanished(link) || !kernel_.is_accepted(link)) continue;
    if (!kernel_.is_server_closed(link)) {
      broke(Property::half_open_removed,
            oracle_.described(link) + " vanished, and its connection is still there",
            {kernel_.client_of(link)});
    }
  }
  for (const Client& client : clients_) {
    if (!client.is_healed()) continue;
    const Link link = client.link();
    const auto holder = oracle_.link_named(client.name());
    const bool is_name_held = holder && kernel_.client_of(*holder) != client.number();
    if (is_name_held) continue;  // by somebody who is there
    if (link != no_link && kernel_.is_established(link) && !kernel_.is_accepted(link)) {
      broke(Property::accepts_again, client.name() + " waits to be accepted", {client.number()});
      continue;
    }
    if (link == no_link || oracle_.stage(link) != Oracle::Stage::online) {
      if (oracle_.open_connections() >= plan_.config.connections_max) continue;
      broke(Property::answered_in_time, client.name() + " is well and could not log in again",
            {client.number()});
      continue;
    }
    const bool is_unread =
        kernel_.unread_by_server(link) > 0 || client.has_unsent() || oracle_.has_untaken(link);
    if (is_unread) {
      broke(Property::paused_resumes, client.name() + " is well, and its lines are not taken",
            {client.number()});
    }
    if (oracle_.has_undelivered(link)) {
      broke(Property::delivered_in_time,
            "messages for " + client.name() + ", who is well, are not delivered",
            {client.number()});
    }
    if (oracle_.has_unanswered(link)) {
      broke(Property::answered_in_time, client.name() + " is well and gets no answer",
            {client.number()});
    }
  }
  if (!is_broken()) signal(StopReason::terminate);
}

// Once it is asked to, the server must end.
void World::watch_shutdown() {
  if (!oracle_.is_stopped() || host_.was_killed() || is_exit_seen_) return;
  const Config& config = plan_.config;
  const auto stragglers = [&] {
    std::vector<Chooser> clients;
    for (Link link = 0; link < kernel_.link_count(); ++link) {
      if (kernel_.is_accepted(link) && !kernel_.is_server_closed(link)) {
        clients.push_back(kernel_.client_of(link));
      }
    }
    return clients;
  };
  const Duration since = environment_.now - oracle_.stopped_at();
  const Duration excuse = grace + environment_.paused_in_drain;
  if (host_.has_exited()) {
    is_exit_seen_ = true;
    for (Link link = 0; link < kernel_.link_count(); ++link) {
      if (kernel_.is_accepted(link) && !oracle_.is_fair(link)) was_everybody_well_ = false;
    }
    const Duration bound = 2 * config.linger + excuse + milliseconds{2500};
    if (was_everybody_well_ && oracle_.stops() == 1 && since > bound) {
      broke(Property::shutdown_in_time, "everybody was well, and the shutdown took " +
                                            std::to_string(since / milliseconds{1}) + " ms");
    }
    return;
  }
  if (oracle_.stops() > 1) {
    if (environment_.now - oracle_.stopped_again_at() > excuse) {
      broke(Property::second_signal_in_time,
            "the second signal came " + std::to_string(excuse / seconds{1}) +
                " s ago, and the server is still there",
            stragglers());
    }
  } else if (since > config.drain_timeout + config.linger + excuse) {
    broke(Property::shutdown_in_time,
          "the drain deadline has passed, and the server is still there", stragglers());
  }
  const bool is_stalled = since > config.stall_timeout && since < config.drain_timeout;
  if (is_stalled && !was_stall_marked_ && host_.server().books().queued > 0) {
    was_stall_marked_ = true;
    environment_.marks.hit(Mark::stalled_through_the_drain);
  }
}

void World::judge_end() {
  if (!host_.has_exited()) {
    if (oracle_.is_stopped()) {
      broke(Property::shutdown_in_time, "nothing happens any more, and the server is still there");
    } else {
      broke(Property::bounds, "nothing happens any more, and nobody stopped the server");
    }
    return;
  }
  oracle_.judge_end(host_.was_killed() ? std::nullopt : host_.server().finished());
}

Outcome World::outcome() const {
  Outcome outcome = counts();
  outcome.violations = environment_.violations;
  outcome.tape = environment_.choices.tape();
  return outcome;
}

Outcome World::counts() const {
  Outcome outcome;
  outcome.hash = environment_.hash();
  outcome.events = environment_.event_count + host_.facts();
  outcome.steps = steps_;
  outcome.accepted = oracle_.accepted();
  outcome.deliveries = oracle_.deliveries();
  outcome.simulated = environment_.now - Instant{};
  outcome.faults = environment_.faults;
  outcome.marks = environment_.marks;
  return outcome;
}

}  // namespace lastword::sim
