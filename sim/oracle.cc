// Facts, as the oracle sees them, and what they mean for each peer. The lines that are taken follow
// in oracle_lines.cc, what is said in oracle_said.cc, the rest in oracle_checks.cc.
#include "sim/oracle.h"

#include <algorithm>

#include "core/check.h"

namespace lastword::sim {

namespace {

// The contract's word, section 4.
std::string reason(Failure failure) {
  switch (failure) {
    case Failure::not_connected:
      return "not_connected";
    case Failure::peer_gone:
      return "peer_gone";
    case Failure::slow_consumer:
      return "slow_consumer";
    case Failure::drain_deadline:
      return "drain_deadline";
  }
  return "";
}

}  // namespace

std::string Oracle::who(Link link) const {
  mentioned_.push_back(kernel_->client_of(link));
  const std::string& name = peers_[link].name;
  return name.empty() ? "connection " + std::to_string(link) : name;
}

Link Oracle::link_of(ConnectionId id) const {
  return index_of(id.slot) < by_slot_.size() ? by_slot_[index_of(id.slot)] : no_link;
}

std::optional<Link> Oracle::link_named(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::nullopt : std::optional{found->second};
}

// --- Facts -------------------------------------------------------------------------------------

void Oracle::before(const Fact& fact) {
  taken_lines_ = 0;
  mentioned_.clear();
  pushed_.clear();
  if (fact.kind == Fact::Kind::stale) {
    digest_before_ = host_->server().digest();
    return;
  }
  if (fact.kind == Fact::Kind::elapsed) check_heartbeats();  // before the next ping is queued
  if (fact.kind != Fact::Kind::received) return;
  Peer& peer = peers_[fact.link];
  const bool is_heard = peer.stage == Stage::naming || peer.stage == Stage::online;
  if (peer.frames) {
    hear_frames(fact.link, as_text(fact.bytes));
  } else if (is_heard) {
    peer.input.append(as_text(fact.bytes));
  }
  peer.last_heard = environment_->now;
  make_twin(fact);
  check_commutation(fact);
}

void Oracle::after(const Fact& fact) {
  switch (fact.kind) {
    case Fact::Kind::accepted:
      accepted(fact);
      break;
    case Fact::Kind::received:
      take_lines(fact.link);
      break;
    case Fact::Kind::ended:
      peers_[fact.link].has_ended = true;
      if (peers_[fact.link].frames && peers_[fact.link].frames->said.is_in_message()) {
        environment_->marks.hit(Mark::end_inside_message);
      }
      take_lines(fact.link);
      break;
    case Fact::Kind::failed:
      broke_down(fact);
      break;
    case Fact::Kind::stop:
      stopped();
      break;
    case Fact::Kind::stale:
      if (host_->server().digest() != digest_before_) {
        broke(Property::old_generation,
              "a fact about an earlier owner of a slot changed the server");
      }
      break;
    case Fact::Kind::released:
      if (fact.id) by_slot_[index_of(fact.id->slot)] = no_link;
      peers_[fact.link].stage = Stage::gone;
      break;
    case Fact::Kind::wrote: {
      const auto view = host_->server().peer(*fact.id);
      if (view && view->queued_bytes == 0) peers_[fact.link].was_empty_at = environment_->now;
      break;
    }
    case Fact::Kind::none:
    case Fact::Kind::accept_failed:
    case Fact::Kind::acknowledged:
    case Fact::Kind::elapsed:
      break;
  }
  const auto events = host_->server().events();
  std::size_t timers = 0;
  for (; events_seen_ < events.size(); ++events_seen_) {
    const lastword::Event event = events[events_seen_];
    if (event.kind == EventKind::login_timed_out || event.kind == EventKind::dropped_slow) ++timers;
    told(event, fact);
  }
  if (timers > 1) environment_->marks.hit(Mark::two_timers_at_one_instant);
  check_twin(fact);
  check_books();
  if (taken_lines_ > config_.work_per_fact_max) {
    broke(Property::bounds, "one fact took " + std::to_string(taken_lines_) + " lines, more than " +
                                std::to_string(config_.work_per_fact_max));
  }
  if (fact.link != no_link && fact.link < peers_.size()) check_wish(fact.link);
  for (const Link link : pushed_) check_bounds(link);
  if (!pushed_.empty()) check_memory();
  // Linear in everything: in a crowd it is not made after every fact.
  constexpr std::size_t crowd = 32;
  constexpr std::uint64_t facts_in_a_crowd = 64;
  const bool is_crowd = host_->server().connection_count() > crowd;
  if (!is_crowd || host_->facts() % facts_in_a_crowd == 0) host_->server().check_invariants();
}

// What the server says that it did of its own accord.
void Oracle::told(const lastword::Event& event, const Fact& fact) {
  const Link link = link_of(event.connection);
  switch (event.kind) {
    case EventKind::resumed:
      if (link == no_link) return;
      if (peers_[link].frames) peers_[link].frames->quiet_since = environment_->now;
      take_lines(link);
      return;
    case EventKind::login_timed_out:
      timed_out(link);
      return;
    case EventKind::dropped_slow:
      dropped_slow(link, event.count);
      return;
    case EventKind::drain_cut_off:
      if (fact.kind != Fact::Kind::stop) {
        if (environment_->now < stopped_at_ + config_.drain_timeout) {
          broke(Property::no_early_action, "the drain was cut off before its deadline");
        }
        environment_->marks.hit(Mark::drain_cut_off);
        cut_off();
      }
      return;
    case EventKind::logged_in:
      if (peers_[link].name.empty()) {
        broke(Property::no_silent_loss,
              who(link) + " is logged in by the server, though its name was bad or taken");
      }
      return;
    case EventKind::login_refused:
      if (!peers_[link].name.empty()) {
        broke(Property::no_silent_loss,
              who(link) + " was refused, though the name is good and nobody has it");
      }
      return;
    case EventKind::upgraded:
    case EventKind::upgrade_refused:
    case EventKind::peer_closed:
    case EventKind::violated:
    case EventKind::unresponsive:
      told_of_frames(event, link);
      return;
    case EventKind::memory_full:
      is_memory_full_ = true;
      environment_->faults.strike(FaultKind::memory_exhausted);
      if (event.count == config_.memory_max) {
        environment_->marks.hit(Mark::memory_exactly_full);
      }
      return;
    case EventKind::turned_away:
    case EventKind::opened:
    case EventKind::quit:
    case EventKind::peer_ended:
    case EventKind::failed:
    case EventKind::left_open:
      return;
    case EventKind::memory_freed:
      is_memory_full_ = false;
      for (Peer& peer : peers_) {
        if (peer.frames) peer.frames->quiet_since = environment_->now;
      }
      return;
    case EventKind::listener_paused:
    case EventKind::listener_resumed:
    case EventKind::drain_started:
    case EventKind::paused:
      return;
  }
}

void Oracle::accepted(const Fact& fact) {
  ++connections_;
  const std::size_t client = kernel_->client_of(fact.link);
  if (legacy_ && client < legacy_->was_client.size() && legacy_->was_client[client]) {
    environment_->faults.take_effect(legacy_->restart);
  }
  if (fact.link >= peers_.size()) peers_.resize(fact.link + 1);
  Peer& peer = peers_[fact.link];
  peer.accepted_at = environment_->now;
  peer.was_empty_at = environment_->now;
  if (!fact.id) {
    peer.stage = Stage::gone;
    excuses_->touch(fact.link);
    return;
  }
  peer.id = fact.id;
  if (index_of(fact.id->slot) >= by_slot_.size()) {
    by_slot_.resize(index_of(fact.id->slot) + 1, no_link);
  }
  by_slot_[index_of(fact.id->slot)] = fact.link;
  const auto events = host_->server().events();
  const bool is_turned_away = !events.empty() && events.back().kind == EventKind::turned_away &&
                              events.back().connection == *fact.id;
  if (kernel_->transport_of(fact.link) == Transport::websocket) {
    peer.frames.emplace(config_.line_max - 1);
    peer.frames->is_extra = is_turned_away;
    peer.frames->quiet_since = environment_->now;
    peer.stage = Stage::naming;
  } else {
    peer.stage = is_turned_away ? Stage::leaving : Stage::naming;
    if (is_turned_away) expect_answer(fact.link, "! server is full");
  }
  if (stops_ > 0) broke(Property::forward_only, "a connection was accepted after the stop");
}

void Oracle::broke_down(const Fact& fact) {
  Peer& peer = peers_[fact.link];
  if (peer.stage == Stage::gone) return;
  log_out(fact.link, true);
  peer.stage = Stage::leaving;
  fail_queue(fact.link, Failure::peer_gone);
  peer.stage = Stage::gone;
}

void Oracle::timed_out(Link link) {
  Peer& peer = peers_[link];
  if (environment_->now < peer.accepted_at + config_.login_timeout) {
    broke(Property::no_early_action, who(link) + " was logged out before its login timeout");
  }
  environment_->faults.take_effect(FaultKind::login_never_done);
  if (peer.frames && peer.frames->status == 0) {
    peer.frames->status = 408;
  } else {
    expect_answer(link, "! name");
    expect_close(link, 1008);
  }
  peer.stage = Stage::leaving;
  peer.input.clear();
}

void Oracle::dropped_slow(Link link, std::uint64_t lost) {
  Peer& peer = peers_[link];
  if (stops_ > 0) {
    broke(Property::no_early_action, who(link) + " was dropped as slow during the drain");
  } else if (environment_->now < peer.was_empty_at + config_.stall_timeout) {
    broke(Property::no_early_action, who(link) + " was dropped before its stall timeout");
  }
  log_out(link, true);
  const bool was_leaving = std::exchange(peer.stage, Stage::leaving) == Stage::leaving;
  peer.input.clear();
  if (peer.dropped_at == Instant{}) peer.dropped_at = environment_->now;
  const bool is_told = peer.frames && peer.frames->status == 101 && !was_leaving;
  if (!is_told) {  // or it had its chance
    if (peer.frames) peer.frames->is_cut = true;
    fail_queue(link, Failure::slow_consumer);
    return;
  }
  // The rest of a frame that was begun still comes, and a Close behind it.
  const std::size_t queued = peer.deliveries.size() - peer.first_delivery;
  const bool is_first_kept = !peer.line.empty() && lost + 1 == queued;
  peer.frames->is_rest_free = !peer.line.empty() && !is_first_kept;
  expect_close(link, 1008);
  fail_queue(link, Failure::slow_consumer, is_first_kept ? 1 : 0);
}

void Oracle::stopped() {
  ++stops_;
  if (stops_ == 1) {
    stopped_at_ = environment_->now;
    for (Link link = 0; link < peers_.size(); ++link) {
      Peer& peer = peers_[link];
      if (peer.stage == Stage::online) {
        peer.is_goodbye_due = true;
        expect_close(link, 1001);
        log_out(link, false);
        peer.stage = Stage::leaving;
      } else if (peer.stage == Stage::naming) {
        environment_->faults.take_effect(FaultKind::login_never_done);
        expect_close(link, 1001);
        peer.stage = Stage::leaving;
      }
      peer.input.clear();
    }
  } else if (stops_ == 2) {
    stopped_again_at_ = environment_->now;
    cut_off();
  }
}

void Oracle::append_accepted_from(Chooser client, std::vector<std::string>& out) const {
  for (const Message& message : messages_) {
    if (kernel_->client_of(message.sender) == client) out.push_back(message.text);
  }
}

void Oracle::cut_off() {
  for (Link link = 0; link < peers_.size(); ++link) {
    Peer& peer = peers_[link];
    if (peer.stage != Stage::leaving) continue;
    peer.was_cut_off = true;
    if (peer.frames) peer.frames->is_cut = true;
    fail_queue(link, Failure::drain_deadline);
  }
}

// Everything that waits for the peer comes to nothing; who sent it is to be told.
void Oracle::fail_queue(Link link, Failure failure, std::size_t kept) {
  Peer& peer = peers_[link];
  const bool is_excused = excuses_->is_touched(link) || was_killed_ || stops_ > 1 || stood_still();
  for (std::size_t place = peer.first_delivery + kept; place < peer.deliveries.size(); ++place) {
    Delivery& delivery = deliveries_[peer.deliveries[place]];
    delivery.state = Delivery::State::failed;
    delivery.failure = failure;
    ++failed_[static_cast<std::size_t>(failure)];
    if (!is_excused) {
      broke(stops_ > 0 ? Property::fair_shutdown : Property::no_silent_loss,
            who(link) + " goes on reading, and " + quoted(delivery) + " failed as " +
                reason(failure));
    }
    const Link sender = messages_[delivery.message].sender;
    if (peers_[sender].stage != Stage::online) continue;
    peers_[sender].reports.push_back("! undelivered " + peer.name + ": " + reason(failure));
    pushed_.push_back(sender);
  }
  peer.deliveries.resize(peer.first_delivery + kept);
  peer.answers.clear();
  peer.first_answer = 0;
  peer.reports.clear();
  peer.notices.clear();
  peer.is_goodbye_due = false;
  // (A WebSocket still gets its pongs, and the rest of the frame that it is in.)
  if (!peer.frames) peer.line.clear();
}

}  // namespace lastword::sim
