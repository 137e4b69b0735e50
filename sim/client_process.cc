#include "sim/client_process.h"

#include <algorithm>
#include <utility>

#include "sim/life.h"

namespace lastword::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// More turns than this at one instant are a loop that goes idle circles.
constexpr std::uint32_t turns_at_one_instant_max = 1000;

// As good as any, and the same in each run with the same tape.
client::Seed seed_for(Chooser number, std::uint32_t drawn) {
  client::Seed seed{};
  seed[0] = static_cast<std::byte>(number & 0xFFU);
  seed[1] = static_cast<std::byte>(number >> 8U);
  for (std::size_t place = 0; place < sizeof(drawn); ++place) {
    seed[2 + place] = static_cast<std::byte>(drawn >> (8 * place));
  }
  return seed;
}

client::Config config_for(const ClientPlan& plan) {
  client::Config config = plan.config;
  config.name = plan.name;
  config.url = {.transport = plan.traits.transport, .host = "server", .port = 8080};
  return config;
}

}  // namespace

ClientProcess::ClientProcess(ClientPlan plan, Chooser number)
    : plan_{std::move(plan)},
      number_{number},
      client_{config_for(plan_), seed_for(number, plan_.seed)},
      pump_{client_, *this, buffer_},
      account_{plan_.config.if_unknown} {}

ClientProcess::ClientProcess(const ClientProcess& other)
    : Actor{other},
      plan_{other.plan_},
      number_{other.number_},
      client_{other.client_},
      pump_{other.pump_, client_, *this, buffer_},
      account_{other.account_},
      attempts_{other.attempts_},
      changes_{other.changes_},
      turns_{other.turns_},
      vain_wakeups_{other.vain_wakeups_},
      link_{other.link_},
      client_link_{other.client_link_},
      is_attempt_told_{other.is_attempt_told_},
      is_established_{other.is_established_},
      is_awaiting_readable_{other.is_awaiting_readable_},
      is_awaiting_writable_{other.is_awaiting_writable_},
      is_release_due_{other.is_release_due_},
      release_at_{other.release_at_},
      fault_{other.fault_},
      wake_at_{other.wake_at_},
      next_line_at_{other.next_line_at_},
      listens_at_{other.listens_at_},
      runs_at_{other.runs_at_},
      last_turn_at_{other.last_turn_at_},
      turns_at_this_instant_{other.turns_at_this_instant_},
      is_turn_scheduled_{other.is_turn_scheduled_},
      is_healed_{other.is_healed_},
      is_frozen_{other.is_frozen_},
      has_probed_{other.has_probed_},
      is_standing_still_{other.is_standing_still_},
      is_deaf_{other.is_deaf_},
      was_told_to_end_{other.was_told_to_end_},
      has_link_ended_{other.has_link_ended_} {}

// --- The world, to the process -----------------------------------------------------------------

void ClientProcess::start(Surroundings& world) {
  world_ = &world;
  next_line_at_ = now() + plan_.starts_at + plan_.pace;
  wake(plan_.starts_at);
  wake(plan_.starts_at + plan_.pace);
}

// A turn's time has come. (One event for each wake-up; those that find nothing to do do nothing.)
void ClientProcess::act(Surroundings& world) {
  world_ = &world;
  if (is_frozen_ || client_.is_over()) return;
  if (now() < runs_at_) {
    wake(runs_at_ - now());
    return;
  }
  if (!has_work()) {
    ++vain_wakeups_;
    return;
  }
  if (std::exchange(is_standing_still_, false)) {
    world.environment.faults.take_effect(FaultKind::process_paused);
  }
  turn();
}

void ClientProcess::read_on(Surroundings& world) { act(world); }

void ClientProcess::connected(Surroundings& world, Link link) {
  world_ = &world;
  if (link != link_) return;
  if (!world.kernel.is_refused(link)) {
    world.kernel.becomes_established(world.environment, link);
    is_established_ = true;
  }
  is_attempt_told_ = false;
  wake();
}

void ClientProcess::look(Surroundings& world, Link link) {
  world_ = &world;
  if (link == link_) wake();
}

void ClientProcess::heal(Surroundings& world) {
  world_ = &world;
  is_healed_ = true;
  listens_at_ = now();
  runs_at_ = now();
  wake();
}

void ClientProcess::freeze(Surroundings& world) {
  world_ = &world;
  is_frozen_ = true;
  if (link_ == no_link) return;
  world.excuses.touch(link_);
  world.excuses.excuse_reset(link_);
}

void ClientProcess::wake(Duration delay) {
  world_->environment.queue.push(now() + delay, Event::Kind::client_acts, number_);
}

// --- The loop ----------------------------------------------------------------------------------

void ClientProcess::turn() {
  Environment& environment = world_->environment;
  turns_at_this_instant_ = now() == last_turn_at_ ? turns_at_this_instant_ + 1 : 0;
  last_turn_at_ = now();
  if (turns_at_this_instant_ > turns_at_one_instant_max) {
    environment.broke(Property::bounds, name() + "'s loop turns without end at one instant",
                      {number_});
    return;
  }
  ++turns_;
  if (attempts_.empty()) {
    pump_.start();
  } else if (!is_healed_) {
    suffer();
  }
  for (std::vector<Handler> handlers = ready(); !handlers.empty();) {
    std::size_t chosen = 0;
    if (handlers.size() > 1 && strikes(FaultKind::any_order, Site::order)) {
      chosen =
          environment.choose(static_cast<std::uint32_t>(handlers.size()), Site::order, number_);
    }
    if (chosen != 0) environment.faults.take_effect(FaultKind::any_order);
    call(handlers[chosen]);
    handlers.erase(handlers.begin() + static_cast<std::ptrdiff_t>(chosen));
  }
  if (strikes(FaultKind::spurious, Site::spurious)) {
    if (is_awaiting_readable_) call(Handler::readable);
    pump_.elapsed();
    environment.faults.take_effect(FaultKind::spurious);
  }
  application();
  pump_.finish_turn();
  application();
  pump_.finish_turn();
  client_.check_invariants();
  environment.note("client", number_, static_cast<std::uint64_t>(client_.state()));
  if (client_.is_over()) environment.note("over", number_, client_.digest());
}

std::vector<ClientProcess::Handler> ClientProcess::ready() const {
  const Kernel& kernel = world_->kernel;
  std::vector<Handler> ready;
  if (is_release_due_ && release_at_ <= now()) ready.push_back(Handler::released);
  if (link_ != no_link) {
    if (!is_attempt_told_) ready.push_back(Handler::attempt);
    if (is_awaiting_readable_ && is_readable()) ready.push_back(Handler::readable);
    const bool is_broken = fault_ || kernel.has_reset_arrived(link_);
    const bool is_writable = kernel.room_for_client(link_) > 0 || is_broken;
    if (is_awaiting_writable_ && is_writable) ready.push_back(Handler::writable);
  }
  if (wake_at_ && *wake_at_ <= now()) ready.push_back(Handler::elapsed);
  return ready;
}

bool ClientProcess::is_readable() const {
  const Kernel& kernel = world_->kernel;
  return kernel.unread(link_) > 0 || kernel.has_end_arrived(link_) ||
         kernel.has_reset_arrived(link_) || fault_;
}

// Something is ready, or the application wants something.
bool ClientProcess::has_work() const {
  if (attempts_.empty() || !ready().empty()) return true;
  if (client_.line() && now() >= listens_at_) return true;
  if (world_->is_server_gone) return client_.state() == client::State::waiting;
  if (is_healed_) return !has_probed_;
  return !plan_.lines.empty() && now() >= next_line_at_ && client_.has_room();
}

void ClientProcess::call(Handler handler) {
  switch (handler) {
    case Handler::attempt:
      if (std::exchange(is_attempt_told_, true)) return;
      if (is_established_) {
        pump_.connected(client_link_);
      } else {
        if (world_->server.oracle.is_stopped()) {
          world_->environment.faults.take_effect(FaultKind::during_drain);
        }
        link_ = no_link;
        pump_.connect_failed(client_link_, client::ConnectFault::refused);
      }
      return;
    case Handler::readable:
      is_awaiting_readable_ = false;
      pump_.readable(client_link_);
      return;
    case Handler::writable:
      is_awaiting_writable_ = false;
      pump_.writable(client_link_);
      return;
    case Handler::released:
      is_release_due_ = false;
      pump_.released(client_link_);
      return;
    case Handler::elapsed:
      wake_at_.reset();
      pump_.elapsed();
      return;
  }
}

// --- What happens to it ------------------------------------------------------------------------

void ClientProcess::suffer() {
  Environment& environment = world_->environment;
  if (strikes(FaultKind::process_paused, Site::pause)) {
    constexpr std::array<int, 4> pauses_ms{5, 1000, 20'000, 100'000};
    const auto pause = milliseconds{pauses_ms[environment.choose(4, Site::pause, number_)]};
    environment.tell(StoryEvent::Kind::fault, number_, "stands still");
    if (link_ != no_link) world_->excuses.touch(link_);
    runs_at_ = now() + pause;
    is_standing_still_ = true;
    wake(pause);
  }
  if (strikes(FaultKind::stops_and_resumes, Site::reading)) {
    constexpr std::array<int, 4> stops_s{1, 5, 9, 100};
    const auto stop = seconds{stops_s[environment.choose(4, Site::reading, number_)]};
    environment.tell(StoryEvent::Kind::fault, number_, "takes no lines for a while");
    if (link_ != no_link) world_->excuses.touch(link_);
    listens_at_ = now() + stop;
    is_deaf_ = true;
    wake(stop);
  }
  if (link_ == no_link || !is_established_ || fault_) return;
  Kernel& kernel = world_->kernel;
  if (kernel.has_vanished(link_)) return;
  const bool is_felt = kernel.is_accepted(link_) && !kernel.is_server_closed(link_);
  if (strikes(FaultKind::reset, Site::cut_link)) {
    if (is_felt) environment.faults.take_effect(FaultKind::reset);
    environment.tell(StoryEvent::Kind::fault, number_, "its link is reset");
    world_->excuses.touch(link_);
    kernel.reset(environment, link_);
    fault_ = Fault::reset;
    wake();
  } else if (strikes(FaultKind::half_open, Site::cut_link)) {
    environment.tell(StoryEvent::Kind::fault, number_, "its link is dead, and nobody says so");
    world_->excuses.touch(link_);
    kernel.vanish(environment, link_);
  }
}

// --- The application ---------------------------------------------------------------------------

void ClientProcess::application() {
  while (now() >= listens_at_) {
    const auto line = client_.line();
    if (std::exchange(is_deaf_, false) && line) {
      world_->environment.faults.take_effect(FaultKind::stops_and_resumes);
    }
    if (!line) break;
    client_.take_line(now());
  }
  take_events();
  // The server is gone for good: nothing is left to hope for.
  const bool is_offline =
      client_.state() == client::State::waiting || client_.state() == client::State::connecting;
  if (world_->is_server_gone && is_offline) {
    was_told_to_end_ = true;
    client_.abandon(now());
    take_events();
  } else if (is_healed_) {
    if (std::exchange(has_probed_, true)) return;
    for (const std::string& line :
         {name() + ": " + name() + " is well", std::string{"/ping well"}}) {
      if (client_.give(now(), line) == client::Given::taken) account_.given(line);
    }
  } else {
    feed();
  }
}

// Gives the next lines, as long as the client has room for them.
void ClientProcess::feed() {
  while (!plan_.lines.empty() && now() >= next_line_at_) {
    const std::string& line = plan_.lines.front();
    switch (client_.give(now(), line)) {
      case client::Given::taken:
        account_.given(line);
        break;
      case client::Given::full:
        world_->environment.note("full", number_);
        world_->environment.marks.hit(Mark::client_queue_full);
        wake(plan_.pace + milliseconds{1});
        return;
      case client::Given::too_long:
      case client::Given::line_break:
      case client::Given::closing:
        break;
    }
    plan_.lines.erase(plan_.lines.begin());
    next_line_at_ = now() + plan_.pace;
    wake(plan_.pace);
    if (plan_.lines.empty() && plan_.is_finishing) {
      was_told_to_end_ = true;
      client_.finish(now());
    }
  }
}

// --- The pump's network ------------------------------------------------------------------------

void ClientProcess::connect(client::Link link) {
  Environment& environment = world_->environment;
  attempts_.push_back(now());
  client_link_ = link;
  is_attempt_told_ = true;
  is_established_ = false;
  fault_.reset();
  link_ = world_->kernel.connect(environment, number_, plan_.traits);
  account_.connects(plan_.traits.transport);
  environment.note("connects", number_, link_);
  if (world_->server.oracle.is_stopped()) environment.faults.inject(FaultKind::during_drain);
  if (now() < listens_at_) world_->excuses.touch(link_);
}

Transfer ClientProcess::read(client::Link /*link*/, std::span<std::byte> buffer) {
  Kernel& kernel = world_->kernel;
  if (kernel.unread(link_) > 0) {
    std::size_t size = buffer.size();
    if (strikes(FaultKind::one_byte_a_read, Site::read_size)) {
      size = 1;
      if (kernel.unread(link_) > 1) {
        world_->environment.faults.take_effect(FaultKind::one_byte_a_read);
      }
    }
    std::string bytes;
    const std::size_t count = kernel.receive(world_->environment, link_, size, bytes);
    std::copy_n(as_bytes(bytes).begin(), count, buffer.begin());
    return {.kind = Transfer::Kind::bytes, .count = count};
  }
  if (fault_) return {.kind = Transfer::Kind::fault, .fault = *fault_};
  if (kernel.has_reset_arrived(link_))
    return {.kind = Transfer::Kind::fault, .fault = Fault::reset};
  if (kernel.has_end_arrived(link_)) return {.kind = Transfer::Kind::end};
  return {};
}

Transfer ClientProcess::write(client::Link /*link*/, Bytes bytes) {
  Kernel& kernel = world_->kernel;
  if (fault_) return {.kind = Transfer::Kind::fault, .fault = *fault_};
  if (kernel.has_reset_arrived(link_))
    return {.kind = Transfer::Kind::fault, .fault = Fault::reset};
  FaultCounts& faults = world_->environment.faults;
  if (strikes(FaultKind::would_block, Site::write_blocks)) {
    faults.take_effect(FaultKind::would_block);
    return {};
  }
  if (bytes.size() > 1 && strikes(FaultKind::short_write, Site::write_size)) {
    bytes = bytes.first(1 + world_->environment.choose(static_cast<std::uint32_t>(bytes.size() - 1),
                                                       Site::write_size, number_));
    faults.take_effect(FaultKind::short_write);
  }
  const std::size_t count = kernel.send(world_->environment, link_, as_text(bytes));
  if (count == 0) return {};
  account_.wrote(as_text(bytes.first(count)));
  return {.kind = Transfer::Kind::bytes, .count = count};
}

void ClientProcess::await_readable(client::Link /*link*/) {
  is_awaiting_readable_ = true;
  if (is_readable()) wake();
}

void ClientProcess::await_writable(client::Link /*link*/) {
  is_awaiting_writable_ = true;
  wake(milliseconds{1});  // or writable, after a write that took nothing for no reason
}

void ClientProcess::close(client::Link /*link*/) {
  Kernel& kernel = world_->kernel;
  if (link_ != no_link) {
    if (!kernel.has_end_arrived(link_)) world_->excuses.touch(link_);
    kernel.close(world_->environment, link_);
  }
  link_ = no_link;
  has_link_ended_ = true;
  is_attempt_told_ = true;
  is_awaiting_readable_ = false;
  is_awaiting_writable_ = false;
  is_release_due_ = true;
  Duration delay{};
  if (strikes(FaultKind::after_close, Site::late_release)) {
    world_->environment.faults.take_effect(FaultKind::after_close);
    delay = milliseconds{5};
  }
  release_at_ = now() + delay;
  wake(delay);
}

void ClientProcess::wake_at(const std::optional<client::Deadline>& deadline) {
  const std::optional<Instant> at = deadline ? std::optional{deadline->at} : std::nullopt;
  if (at == wake_at_) return;
  wake_at_ = at;
  if (!at) return;
  Duration late{};
  if (*at > now() && strikes(FaultKind::timer_late, Site::timer_late)) {
    constexpr std::array<int, 3> late_ms{1, 50, 5000};
    late = milliseconds{late_ms[world_->environment.choose(3, Site::timer_late, number_)]};
    world_->environment.faults.take_effect(FaultKind::timer_late);
  }
  wake(std::max(Duration::zero(), *at - now()) + late);
}

}  // namespace lastword::sim
