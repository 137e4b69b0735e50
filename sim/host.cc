#include "sim/host.h"

#include <algorithm>

#include "core/check.h"

namespace lastword::sim {

namespace {

// More turns than this at one instant are a loop that goes idle circles.
constexpr std::uint32_t turns_at_one_instant_max = 3'000;

}  // namespace

Host::Host(const Config& config, Environment& environment, Kernel& kernel, Witness& witness,
           std::uint32_t life)
    : environment_{environment},
      kernel_{kernel},
      witness_{witness},
      life_{life},
      server_{config},
      pump_{server_, *this, buffer_} {
  LASTWORD_CHECK(kernel_.open_descriptors() == 0);
  kernel_.set_listening(environment_, true);
  finish_turn();
}

Host::Host(const Host& other, Environment& environment, Kernel& kernel, Witness& witness)
    : environment_{environment},
      kernel_{kernel},
      witness_{witness},
      life_{other.life_},
      server_{other.server_},
      pump_{other.pump_, server_, *this, buffer_},
      places_{other.places_},
      ids_{other.ids_},
      ready_{other.ready_},
      waiting_{other.waiting_},
      gone_{other.gone_},
      turn_left_{other.turn_left_},
      is_in_turn_{other.is_in_turn_},
      is_turn_scheduled_{other.is_turn_scheduled_},
      is_awaiting_accept_{other.is_awaiting_accept_},
      is_listening_{other.is_listening_},
      is_stopping_{other.is_stopping_},
      has_exited_{other.has_exited_},
      was_killed_{other.was_killed_},
      paused_until_{other.paused_until_},
      paused_{other.paused_},
      wake_at_{other.wake_at_},
      deadline_{other.deadline_},
      is_deadline_ready_{other.is_deadline_ready_},
      accepted_{other.accepted_},
      exhausted_accepts_{other.exhausted_accepts_},
      facts_{other.facts_},
      last_turn_at_{other.last_turn_at_},
      turns_at_this_instant_{other.turns_at_this_instant_},
      log_blocked_until_{other.log_blocked_until_} {}

Host::Place& Host::at(ConnectionId id) {
  Place& place = places_[index_of(id.slot)];
  LASTWORD_CHECK(place.is_open && place.generation == id.generation);
  return place;
}

const Host::Place& Host::at(ConnectionId id) const { return places_[index_of(id.slot)]; }

std::optional<ConnectionId> Host::id_of(Link link) const {
  return link < ids_.size() ? ids_[link] : std::nullopt;
}

// --- Facts, as they pass by --------------------------------------------------------------------

// The pump asks for the time just before it says a fact, and after nothing else.
Instant Host::now() {
  settle();
  if (next_.kind == Fact::Kind::none && is_stopping_) next_.kind = Fact::Kind::stop;
  is_fact_unnamed_ = next_.kind == Fact::Kind::none;
  if (!is_fact_unnamed_) begin_fact(next_);
  next_ = {};
  return environment_.now;
}

void Host::begin_fact(Fact fact) {
  current_ = fact;
  is_fact_unnamed_ = false;
  ++facts_;
  witness_.before(current_);
}

void Host::settle() {
  if (current_.kind == Fact::Kind::none) return;
  const Fact fact = current_;
  current_ = {};
  witness_.after(fact);
}

// --- Turns -------------------------------------------------------------------------------------

void Host::schedule_turn() {
  if (is_turn_scheduled_ || has_exited_) return;
  is_turn_scheduled_ = true;
  environment_.queue.push(std::max(environment_.now, paused_until_), sim::Event::Kind::turn, 0,
                          life_);
}

void Host::ready(const Handler& handler) {
  ready_.push_back(handler);
  schedule_turn();
}

void Host::begin_turn() {
  is_turn_scheduled_ = false;
  if (has_exited_ || is_in_turn_) return;
  if (environment_.now < paused_until_) {
    environment_.faults.take_effect(FaultKind::process_paused);
    schedule_turn();
    return;
  }
  turns_at_this_instant_ = environment_.now == last_turn_at_ ? turns_at_this_instant_ + 1 : 0;
  last_turn_at_ = environment_.now;
  if (turns_at_this_instant_ > turns_at_one_instant_max) {
    environment_.broke(Property::bounds, "the event loop turns without end at one instant");
    has_exited_ = true;
    return;
  }
  is_in_turn_ = true;
  turn_left_ = ready_.size();
  if (turn_left_ >= 4) environment_.faults.strike(FaultKind::one_instant);
}

void Host::step() {
  LASTWORD_CHECK(is_in_turn_);
  const bool is_cut_short =
      turn_left_ > 0 && environment_.strikes(FaultKind::any_order, Site::turn_end);
  if (is_cut_short) environment_.faults.take_effect(FaultKind::any_order);
  if (turn_left_ == 0 || is_cut_short) {
    is_in_turn_ = false;
    turn_left_ = 0;
    spurious_calls();
    finish_turn();
    stale_facts();
    after_turn();
    return;
  }
  const std::size_t chosen = choose_handler();
  const Handler handler = ready_[chosen];
  ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(chosen));
  --turn_left_;
  call(handler);
  settle();
}

// Which of those that are ready in this turn comes next.
std::size_t Host::choose_handler() {
  if (turn_left_ == 1) return 0;
  const bool is_timer_first = ready_.front().kind == Handler::Kind::elapsed;
  for (std::size_t place = 1; place < turn_left_; ++place) {
    if (!is_timer_first && ready_[place].kind != Handler::Kind::elapsed) continue;
    if (environment_.strikes(FaultKind::timer_against_io, Site::order)) {
      environment_.faults.take_effect(FaultKind::timer_against_io);
      return place;
    }
    break;
  }
  if (environment_.strikes(FaultKind::any_order, Site::order)) {
    environment_.faults.take_effect(FaultKind::any_order);
    return environment_.choose(static_cast<std::uint32_t>(turn_left_), Site::order);
  }
  return 0;
}

void Host::finish_turn() {
  pump_.finish_turn();
  settle();
}

void Host::after_turn() {
  if (server_.take_trim()) {
    environment_.note("trim", 0);
    if (server_.queued_bytes() > 0) environment_.marks.hit(Mark::trim_while_queued);
  }
  if (environment_.now >= log_blocked_until_) {
    static_cast<void>(server_.take_events(events_));
    witness_.log_taken();
  } else {
    environment_.faults.take_effect(FaultKind::log_blocks);
  }
  if (server_.finished()) {
    has_exited_ = true;
    environment_.note("exit", 0);
    environment_.tell(StoryEvent::Kind::act, the_server, "exits");
    return;
  }
  if (!ready_.empty()) schedule_turn();
}

void Host::call(const Handler& handler) {
  const auto is_open = [&] {
    const Place& place = places_[index_of(handler.id.slot)];
    return place.is_open && !place.is_closing && place.generation == handler.id.generation;
  };
  // A handler of a connection that was closed meanwhile is not called, as a rule.
  const auto is_called = [&] {
    if (is_open()) return true;
    if (!environment_.strikes(FaultKind::after_close, Site::stale)) return false;
    environment_.faults.take_effect(FaultKind::after_close);
    return true;
  };
  switch (handler.kind) {
    case Handler::Kind::acceptable:
      environment_.note("acceptable", static_cast<std::uint64_t>(handler.transport));
      is_awaiting_accept(handler.transport) = false;
      pump_.acceptable(handler.transport);
      return;
    case Handler::Kind::readable:
      environment_.note("readable", index_of(handler.id.slot), handler.id.generation);
      if (is_open()) at(handler.id).is_awaiting_readable = false;
      if (is_called()) pump_.readable(handler.id);
      return;
    case Handler::Kind::writable:
      environment_.note("writable", index_of(handler.id.slot), handler.id.generation);
      if (is_open()) at(handler.id).is_awaiting_writable = false;
      if (is_called()) pump_.writable(handler.id);
      return;
    case Handler::Kind::released:
      environment_.note("released", index_of(handler.id.slot), handler.id.generation);
      let_go(handler.id);
      return;
    case Handler::Kind::elapsed:
      environment_.note("elapsed", 0);
      is_deadline_ready_ = false;
      wake_at_.reset();
      next_ = {.kind = Fact::Kind::elapsed};
      pump_.elapsed();
      return;
    case Handler::Kind::signal:
      environment_.note("signal", static_cast<std::uint64_t>(handler.reason));
      is_stopping_ = true;
      pump_.stop(handler.reason);
      is_stopping_ = false;
      return;
  }
}

// --- Faults of the event loop ------------------------------------------------------------------

// Wake-ups for nothing, and too early.
void Host::spurious_calls() {
  if (!environment_.strikes(FaultKind::spurious, Site::spurious)) return;
  environment_.faults.take_effect(FaultKind::spurious);
  const std::uint32_t what = environment_.choose(3, Site::spurious);
  if (what == 0) {
    next_ = {.kind = Fact::Kind::elapsed};
    pump_.elapsed();
    settle();
    return;
  }
  for (std::size_t slot = 0; slot < places_.size(); ++slot) {
    Place& place = places_[slot];
    if (!place.is_open || place.is_closing) continue;
    const ConnectionId id{Slot{static_cast<std::uint32_t>(slot)}, place.generation};
    if (what == 1 && place.is_awaiting_readable) {
      pump_.readable(id);
    } else if (what == 2 && place.is_awaiting_writable) {
      pump_.writable(id);
    }
    settle();
  }
}

// What a driver that mixes up old and new owners of a slot could say.
void Host::stale_facts() {
  if (gone_.empty() || !environment_.strikes(FaultKind::after_close, Site::stale)) return;
  const ConnectionId id =
      gone_[environment_.choose(static_cast<std::uint32_t>(gone_.size()), Site::stale)];
  const Place& place = places_[index_of(id.slot)];
  if (place.is_open && place.generation == id.generation) return;
  environment_.faults.take_effect(FaultKind::after_close);
  if (place.is_open) environment_.marks.hit(Mark::old_generation);
  const std::uint32_t what = environment_.choose(6, Site::stale);
  environment_.note("stale", index_of(id.slot), what);
  begin_fact({.kind = Fact::Kind::stale, .id = id, .count = what});
  switch (what) {
    case 0:
      server_.wrote(environment_.now, id, 1);
      break;
    case 1: {
      std::array<std::byte, 4> bytes{std::byte{'o'}, std::byte{'l'}, std::byte{'d'},
                                     std::byte{'\n'}};
      server_.received(environment_.now, id, bytes);
      break;
    }
    case 2:
      server_.ended(environment_.now, id);
      break;
    case 3:
      server_.failed(environment_.now, id, Fault::reset);
      break;
    case 4:
      server_.released(environment_.now, id);
      break;
    default:
      server_.acknowledged(environment_.now, id, true);
      break;
  }
  settle();
}

// --- The world, to the process -----------------------------------------------------------------

void Host::acceptable() {
  for (const Transport transport : {Transport::lines, Transport::websocket}) {
    if (kernel_.is_acceptable(transport)) acceptable(transport);
  }
}

void Host::acceptable(Transport transport) {
  if (has_exited_ || !is_listening_) return;
  if (!std::exchange(is_awaiting_accept(transport), false)) return;
  ready({.kind = Handler::Kind::acceptable, .transport = transport});
}

void Host::look(Link link) {
  const auto id = id_of(link);
  if (has_exited_ || !id) return;
  Place& place = places_[index_of(id->slot)];
  if (!place.is_open || place.is_closing || place.generation != id->generation) return;
  if (place.is_awaiting_readable && kernel_.is_readable(link)) {
    place.is_awaiting_readable = false;
    ready({.kind = Handler::Kind::readable, .id = *id});
  }
  if (place.is_awaiting_writable && !place.is_writable_late && kernel_.is_writable(link)) {
    if (environment_.strikes(FaultKind::reply_before_written, Site::late_writable)) {
      constexpr Duration lateness = std::chrono::milliseconds{5};
      place.is_writable_late = true;
      waiting_.push_back({.kind = Handler::Kind::writable, .id = *id});
      environment_.queue.push(environment_.now + lateness, sim::Event::Kind::release,
                              static_cast<std::uint32_t>(waiting_.size() - 1), life_);
      return;
    }
    place.is_awaiting_writable = false;
    ready({.kind = Handler::Kind::writable, .id = *id});
  }
}

void Host::signal(StopReason reason) {
  if (has_exited_) return;
  // It interrupts: of all that are ready it comes first.
  ready_.insert(ready_.begin(), {.kind = Handler::Kind::signal, .reason = reason});
  if (is_in_turn_) {
    ++turn_left_;
  } else {
    schedule_turn();
  }
}

void Host::kill() {
  if (has_exited_) return;
  environment_.note("kill", 0);
  has_exited_ = true;
  was_killed_ = true;
  is_in_turn_ = false;
  kernel_.set_listening(environment_, false);
  for (const Place& place : places_) {
    if (place.is_open && !place.is_closing) kernel_.server_close(environment_, place.link);
  }
}

void Host::on_deadline(std::uint32_t which) {
  if (has_exited_ || which != deadline_ || is_deadline_ready_ || !wake_at_) return;
  is_deadline_ready_ = true;
  ready({.kind = Handler::Kind::elapsed});
}

void Host::on_release(std::uint32_t handler) {
  if (has_exited_) return;
  const Handler& waiting = waiting_[handler];
  if (waiting.kind == Handler::Kind::writable) {
    Place& place = places_[index_of(waiting.id.slot)];
    if (!place.is_open || place.is_closing || place.generation != waiting.id.generation) return;
    place.is_writable_late = false;
    place.is_awaiting_writable = false;
  }
  ready(waiting);
}

}  // namespace lastword::sim
