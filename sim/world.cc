#include "sim/world.h"

#include <algorithm>
#include <array>

#include "sim/liveness.h"

namespace lastword::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Within this, and no more, everything that is not a timeout must have happened.
constexpr Duration grace = seconds{5};

}  // namespace

World::World(const Scenario& scenario, Choices choices, const Options& options)
    : environment_{std::move(choices)},
      plan_{make_plan(scenario, environment_.choices)},
      lives_{plan_.config, place()} {
  environment_.narration = options.narration;
  begin(options.is_without_hostile);
}

World::World(Plan plan, Choices choices, const Options& options)
    : environment_{std::move(choices)}, plan_{std::move(plan)}, lives_{plan_.config, place()} {
  environment_.narration = options.narration;
  begin(options.is_without_hostile);
}

World::World(const World& other)
    : environment_{other.environment_},
      plan_{other.plan_},
      kernel_{other.kernel_},
      excuses_{other.excuses_},
      cast_{other.cast_},
      lives_{other.lives_, place()},
      signals_{other.signals_},
      steps_{other.steps_},
      is_over_{other.is_over_},
      is_healing_due_{other.is_healing_due_},
      transcripts_{other.transcripts_},
      famine_began_{other.famine_began_},
      exhausted_before_famine_{other.exhausted_before_famine_},
      is_famine_{other.is_famine_} {}

void World::begin(bool is_without_hostile) {
  environment_.weather = plan_.weather;
  kernel_.backlog_max = plan_.backlog_max;
  signals_.draw(plan_, environment_.choices);
  EventQueue& queue = environment_.queue;
  if (plan_.stop_at) queue.push(Instant{} + *plan_.stop_at, Event::Kind::stop);
  for (std::uint32_t which = 0; which < plan_.restarts.size(); ++which) {
    queue.push(Instant{} + plan_.restarts[which].at, Event::Kind::restart, which);
  }
  queue.push(Instant{} + plan_.horizon, Event::Kind::heal);
  cast_.expect(plan_.people.size(), plan_.clients.size());
  for (const PersonPlan& person : plan_.people) cast_.add(person);
  for (const ClientPlan& client : plan_.clients) cast_.add(client);
  auto world = surroundings();
  if (plan_.weather.at(FaultKind::storm) != 0) environment_.faults.inject(FaultKind::storm);
  for (Chooser number = 1; number <= cast_.size(); ++number) {
    Actor& actor = cast_.at(number);
    if (!is_without_hostile || !actor.is_hostile()) actor.start(world);
  }
}

std::vector<std::string> World::lanes() const {
  std::vector<std::string> lanes{"server"};
  for (Chooser number = 1; number <= cast_.size(); ++number) {
    lanes.push_back(cast_.at(number).name());
  }
  return lanes;
}

// --- Steps -------------------------------------------------------------------------------------

bool World::step() {
  if (is_over_ || is_broken()) return false;
  ++steps_;
  if (steps_ > plan_.steps_max) {
    broke(Property::bounds, "the run does not come to an end");
    return false;
  }
  Host& host = lives_.current().host;
  if (host.in_turn()) {
    host.step();
  } else if (environment_.queue.is_empty()) {
    is_over_ = true;
    judge_end();
    return false;
  } else {
    const Event event = environment_.queue.pop();
    environment_.now = std::max(environment_.now, event.at);
    handle(event);
  }
  follow_exit();
  maybe_signal();
  lives_.current().shutdown.watch(surroundings());
  return !is_broken();
}

void World::run() {
  while (step()) {
  }
}

void World::handle(const Event& event) {
  const std::uint64_t whose = event.subject | (static_cast<std::uint64_t>(event.life) << 32U);
  environment_.note("event", static_cast<std::uint64_t>(event.kind), whose);
  Host& host = lives_.current().host;
  auto world = surroundings();
  switch (event.kind) {
    case Event::Kind::client_acts:
      cast_.at(static_cast<Chooser>(event.subject)).act(world);
      judge_at_link_end(static_cast<Chooser>(event.subject));
      return;
    case Event::Kind::client_reads:
      cast_.at(static_cast<Chooser>(event.subject)).read_on(world);
      return;
    case Event::Kind::syn_arrives:
      if (kernel_.syn_arrives(environment_, event.subject)) {
        constexpr std::size_t storm_size = 8;
        if (kernel_.backlog_size() >= storm_size) {
          environment_.faults.take_effect(FaultKind::storm);
        }
        host.acceptable();
      }
      return;
    case Event::Kind::connected:
      client_of(event.subject).connected(world, event.subject);
      return;
    case Event::Kind::flight_up:
      kernel_.arrives_at_server(environment_, event.subject);
      host.look(event.subject);
      // What arrived is acknowledged: there is room for more.
      client_of(event.subject).look(world, event.subject);
      return;
    case Event::Kind::flight_down:
      kernel_.arrives_at_client(environment_, event.subject);
      client_of(event.subject).look(world, event.subject);
      host.look(event.subject);
      return;
    case Event::Kind::link_times_out:
      kernel_.times_out(environment_, event.subject);
      host.look(event.subject);
      return;
    case Event::Kind::turn:
      strike_process(lives_.at(event.life));
      lives_.at(event.life).host.begin_turn();
      return;
    case Event::Kind::deadline:
      lives_.at(event.life).host.on_deadline(event.subject);
      return;
    case Event::Kind::release:
      lives_.at(event.life).host.on_release(event.subject);
      return;
    case Event::Kind::stop:
      if (!oracle().is_stopped() && !signals_.are_silenced()) stop(signals_.reason());
      return;
    case Event::Kind::famine_ends:
      if (is_famine_) {
        end_famine();
        if (kernel_.is_acceptable()) host.acceptable();
      }
      return;
    case Event::Kind::heal:
      heal();
      return;
    case Event::Kind::judge:
      judge();
      return;
    case Event::Kind::restart:
      signals_.restart_at(steps_ + plan_.restarts[event.subject].steps, event.subject);
      return;
    case Event::Kind::starts:
      start_process();
      return;
  }
}

// What happens to the process as a whole.
void World::strike_process(Life& life) {
  if (life.host.has_exited()) return;
  if (environment_.strikes(FaultKind::process_paused, Site::pause)) {
    constexpr std::array<int, 5> pauses_ms{5, 200, 3000, 12'000, 40'000};
    const Duration pause = milliseconds{pauses_ms[environment_.choose(5, Site::pause)]};
    environment_.tell(StoryEvent::Kind::fault, the_server, "the whole process stands still");
    life.host.pause_until(environment_.now + pause);
    if (life.oracle.is_stopped()) life.shutdown.excuse(pause);
  }
  if (environment_.strikes(FaultKind::wall_clock_jumps, Site::wall_jump)) {
    constexpr std::array<int, 4> jumps_s{3600, -3600, 40, -40};
    environment_.wall_offset += seconds{jumps_s[environment_.choose(4, Site::wall_jump)]};
    environment_.faults.take_effect(FaultKind::wall_clock_jumps);
  }
  if (environment_.strikes(FaultKind::log_blocks, Site::log_blocks)) {
    life.host.block_log_until(environment_.now + seconds{2});
  }
  if (!is_famine_ && environment_.strikes(FaultKind::no_descriptors, Site::famine)) {
    is_famine_ = true;
    famine_began_ = environment_.now;
    exhausted_before_famine_ = life.host.exhausted_accepts();
    kernel_.descriptors_max = kernel_.open_descriptors();
    environment_.tell(StoryEvent::Kind::fault, the_server, "no descriptors are left");
    environment_.queue.push(environment_.now + seconds{3}, Event::Kind::famine_ends);
  }
  if (is_famine_) {
    // One attempt for each rest of the listener, and no more: no idle circles.
    const auto rests =
        static_cast<std::uint64_t>((environment_.now - famine_began_) / plan_.config.accept_retry);
    constexpr std::uint64_t spare = 8;
    if (life.host.exhausted_accepts() - exhausted_before_famine_ > rests + spare) {
      broke(Property::accepts_again,
            "without descriptors the listener was tried " +
                std::to_string(life.host.exhausted_accepts() - exhausted_before_famine_) +
                " times within " +
                std::to_string((environment_.now - famine_began_) / milliseconds{1}) + " ms");
    }
  }
}

void World::end_famine() {
  is_famine_ = false;
  kernel_.descriptors_max = Kernel::unlimited;
}

// --- Signals -----------------------------------------------------------------------------------

void World::maybe_signal() {
  if (signals_.are_silenced() || has_exited()) return;
  FaultCounts& faults = environment_.faults;
  switch (signals_.due(steps_)) {
    case Signals::Due::kill:
      if (host().has_exited()) {  // nobody is there to be killed
        stop(signals_.reason());
        return;
      }
      signals_.call_off();
      faults.strike(FaultKind::killed);
      kill();
      return;
    case Signals::Due::stop:
      faults.inject(FaultKind::stop_anywhere);
      stop(signals_.reason());
      return;
    case Signals::Due::second_stop:
      faults.inject(FaultKind::stop_again);
      if (oracle().is_stopped()) faults.take_effect(FaultKind::stop_again);
      stop(StopReason::terminate);
      return;
    case Signals::Due::nothing:
      break;
  }
  const bool is_worst =
      !is_stopped() && plan_.weather.at(FaultKind::stop_at_worst) != 0 && is_worst_moment();
  if (is_worst && environment_.strikes(FaultKind::stop_at_worst, Site::stop_step)) {
    faults.take_effect(FaultKind::stop_at_worst);
    stop(signals_.reason());
    return;
  }
  if (const auto which = signals_.take_restart(steps_)) restart(plan_.restarts[*which]);
}

// A sender is paused, a login is open, or somebody waits while descriptors are short.
bool World::is_worst_moment() const {
  if (is_famine_ && kernel_.is_acceptable()) return true;
  for (Chooser number = 1; number <= cast_.size(); ++number) {
    const Link link = cast_.at(number).link();
    if (link == no_link) continue;
    const auto id = host().id_of(link);
    const auto view = id ? host().server().peer(*id) : std::nullopt;
    if (!view || host().link_of(*id) != link) continue;
    if (view->is_paused || oracle().stage(link) == Oracle::Stage::naming) return true;
  }
  return false;
}

// A signal that is the run's end.
void World::stop(StopReason reason) {
  if (has_exited()) return;
  signals_.sent(steps_);
  if (host().has_exited()) {
    environment_.tell(StoryEvent::Kind::act, the_server, "no new process starts after all");
  } else {
    send(reason);
  }
}

void World::stop_here() {
  signals_.silence();
  const FaultKind fault = is_stopped() ? FaultKind::stop_again : FaultKind::stop_anywhere;
  const Choice coming = signals_.coming_now(steps_);
  environment_.choices.amend(coming.site, coming.value);
  environment_.faults.inject(fault);
  if (!host().has_exited()) environment_.faults.take_effect(fault);
  stop(is_stopped() ? StopReason::terminate : signals_.reason());
}

void World::send(StopReason reason) {
  environment_.tell(StoryEvent::Kind::act, the_server,
                    reason == StopReason::terminate ? "SIGTERM" : "SIGINT");
  Life& life = lives_.current();
  life.shutdown.signalled(surroundings());
  life.host.signal(reason);
}

void World::kill() {
  environment_.tell(StoryEvent::Kind::fault, the_server, "SIGKILL");
  lives_.current().oracle.killed();
  lives_.current().host.kill();
}

// --- Lives -------------------------------------------------------------------------------------

void World::restart(const Restart& restart) {
  if (host().has_exited()) return;  // the one before is still under way
  signals_.restart_after(restart.downtime);
  if (restart.reason) {
    environment_.faults.inject(FaultKind::restarted);
    send(*restart.reason);
  } else {
    environment_.faults.inject(FaultKind::restarted_after_kill);
    kill();
  }
}

// Once the process has ended, the next one's start is only a matter of time.
void World::follow_exit() {
  if (!host().has_exited()) return;
  const auto downtime = signals_.take_downtime();
  if (downtime) environment_.queue.push(environment_.now + *downtime, Event::Kind::starts);
}

void World::start_process() {
  if (!signals_.is_restarting()) return;  // it was called off
  signals_.restarted();
  judge_accounts();
  end_famine();  // the old process had the descriptors
  environment_.note("starts", lives_.size());
  environment_.tell(StoryEvent::Kind::act, the_server, "a new process starts");
  lives_.begin(plan_.config, place());
  if (is_healing_due_) heal();
}

// --- Liveness ----------------------------------------------------------------------------------

void World::heal() {
  const bool is_restarting = signals_.is_restarting();
  if (is_restarting) {
    is_healing_due_ = true;
    return;
  }
  judge_accounts();
  for (Chooser number = 1; number <= cast_.size(); ++number) {
    const Link link = cast_.at(number).link();
    transcripts_.push_back(link == no_link ? 0 : oracle().transcript(link));
  }
  if (is_stopped() || has_exited()) return;
  environment_.tell(StoryEvent::Kind::fault, the_server,
                    "from here on nothing goes wrong any more, and whoever is well says so");
  environment_.weather = {};
  signals_.end_restarts();
  end_famine();
  if (kernel_.is_acceptable()) lives_.current().host.acceptable();
  std::vector<bool> is_healed;
  is_healed.reserve(cast_.size());
  for (Chooser number = 1; number <= cast_.size(); ++number) {
    is_healed.push_back(!environment_.choices.occurs(3, Site::healed, number));
  }
  auto world = surroundings();
  for (Chooser number = 1; number <= cast_.size(); ++number) {
    if (!is_healed[number - 1U]) cast_.at(number).freeze(world);
  }
  for (Chooser number = 1; number <= cast_.size(); ++number) {
    if (is_healed[number - 1U]) cast_.at(number).heal(world);
  }
  // Long enough for every silent peer to be given up, and for every stopped reader in turn to be
  // dropped as slow.
  Duration bound = 2 * kernel_.keep_alive + grace + host().paused();
  bound += (cast_.size() + 1) * 2 * plan_.config.stall_timeout;
  if (environment_.faults.at(FaultKind::late_discovery).injected > 0) {
    bound += 10 * kernel_.keep_alive;
  }
  bound = plan_.healing_bound.value_or(bound);
  environment_.queue.push(environment_.now + bound, Event::Kind::judge);
}

void World::judge() {
  if (is_stopped() || has_exited()) return;
  judge_accounts();
  judge_liveness(surroundings());
  if (!is_broken()) stop(StopReason::terminate);
}

void World::judge_end() {
  if (host().has_exited()) {
    lives_.judge_end();
    judge_accounts();
  } else if (oracle().is_stopped()) {
    broke(Property::shutdown_in_time, "nothing happens any more, and the server is still there");
  } else {
    broke(Property::bounds, "nothing happens any more, and nobody stopped the server");
  }
}

// What the production clients said of their lines, held against what all lives accepted so far.
void World::judge_accounts() {
  for (const ClientProcess& client : cast_.clients()) judge_account(client);
}

void World::judge_account(const ClientProcess& client) {
  const auto accepted = lives_.accepted_from(client.number());
  const auto complaint = client.account().complaint(accepted, client.client().last_settled());
  if (!complaint) return;
  environment_.broke(Property::client_lines, client.name() + ": " + *complaint, {client.number()});
}

// Linear in all messages: in a crowd each client's is left to the end.
void World::judge_at_link_end(Chooser number) {
  constexpr std::size_t crowd = 8;
  ClientProcess* const client = cast_.find_client(number);
  if (client == nullptr || !client->take_link_end() || cast_.clients().size() > crowd) return;
  judge_account(*client);
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
  outcome.events = environment_.event_count + lives_.facts();
  outcome.steps = steps_;
  outcome.accepted = lives_.accepted();
  outcome.deliveries = lives_.deliveries();
  outcome.simulated = environment_.now - Instant{};
  outcome.faults = environment_.faults;
  outcome.marks = environment_.marks;
  return outcome;
}

}  // namespace lastword::sim
