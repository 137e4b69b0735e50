// Facts, the application's calls, and what can be looked at. The link follows in client_link.cc,
// what comes in client_input.cc, what goes in client_output.cc, and what becomes of lines in
// client_fates.cc.
#include "core/client/client.h"

#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/name.h"
#include "core/websocket/client_frame.h"

namespace lastword {

using client::ConnectFault;
using client::Given;
using client::LineKind;
using client::Link;
using client::Reason;
using client::State;

namespace {

LineKind kind_of(const std::expected<Line, LineError>& parsed) {
  if (!parsed) return LineKind::mistake;
  return std::holds_alternative<line::Message>(*parsed) ? LineKind::message : LineKind::command;
}

Reason reason_for(ConnectFault fault) {
  switch (fault) {
    case ConnectFault::unknown_host:
      return Reason::unknown_host;
    case ConnectFault::refused:
      return Reason::refused;
    case ConnectFault::unreachable:
      return Reason::unreachable;
    case ConnectFault::timed_out:
      return Reason::connect_timed_out;
    case ConnectFault::other:
      break;
  }
  return Reason::connect_failed;
}

Reason reason_for(Fault fault) {
  switch (fault) {
    case Fault::reset:
      return Reason::reset;
    case Fault::timed_out:
      return Reason::link_timed_out;
    case Fault::other:
      break;
  }
  return Reason::link_failed;
}

}  // namespace

Client::Client(client::Config config, const client::Seed& seed)
    : config_{std::move(config)},
      random_{seed},
      back_off_{config_.delays},
      ledger_{config_.outbound_max},
      nonce_{random_.next()},
      line_max_{config_.line_max},
      framing_{.line_max = config_.received_line_max} {
  const auto name = Name::parse(config_.name);
  LASTWORD_CHECK(name && name->text() == config_.name);
  LASTWORD_CHECK(config_.line_max > 0 && config_.received_line_max > 0);
  LASTWORD_CHECK(config_.heartbeat > Duration::zero());
}

// --- Facts -------------------------------------------------------------------------------------

void Client::start(Instant now) {
  LASTWORD_CHECK(!is_started_);
  is_started_ = true;
  connect(now, Reason::started);
}

void Client::connected(Instant now, Link link) {
  if (!is_current(link) || phase_ != LinkPhase::connecting) return;
  phase_ = LinkPhase::up;
  state_ends_at_ = now + config_.login_timeout;
  if (is_websocket()) {
    shake_hands(now);
  } else {
    log_in(now, Reason::connected);
  }
  fill(now);
}

void Client::connect_failed(Instant now, Link link, ConnectFault fault) {
  if (!is_current(link) || phase_ != LinkPhase::connecting) return;
  end_link(now, {.reason = reason_for(fault)});
}

void Client::received(Instant now, Link link, std::span<std::byte> bytes) {
  if (!is_up(link)) return;
  last_heard_ = now;
  beats_missed_ = 0;
  take_bytes(now, bytes);
  fill(now);
}

void Client::ended(Instant now, Link link) {
  if (!is_up(link)) return;
  // The server waits for the answer to its Close.
  if (has_sent_close_ && output_bytes() > 0) {
    is_ending_when_written_ = true;
    return;
  }
  end_link(now, {.reason = Reason::peer_ended});
}

void Client::wrote(Instant now, Link link, std::size_t bytes) {
  if (!is_up(link)) return;
  LASTWORD_CHECK(bytes <= output_bytes());
  output_first_ += bytes;
  written_ += bytes;
  if (output_bytes() == 0 && is_ending_when_written_) {
    end_link(now, {.reason = Reason::peer_ended});
    return;
  }
  fill(now);
}

void Client::failed(Instant now, Link link, Fault fault) {
  if (!is_up(link)) return;
  end_link(now, {.reason = reason_for(fault)});
}

void Client::released(Instant now, Link link) {
  if (!is_current(link) || phase_ != LinkPhase::releasing) return;
  phase_ = LinkPhase::none;
  // Its time may have come while the last link was on its way out.
  if (state_ == State::waiting && retry_at_ && now >= *retry_at_) connect(now, Reason::retried);
}

void Client::elapsed(Instant now) {
  const auto due = deadline();
  if (!due || now < due->at) return;
  switch (due->reason) {
    case client::Timer::retry:
      connect(now, Reason::retried);
      return;
    case client::Timer::connect:
    case client::Timer::login:
    case client::Timer::close:
      time_out(now);
      return;
    case client::Timer::heartbeat:
      beat(now);
      fill(now);
      return;
  }
}

// --- The application ---------------------------------------------------------------------------

Given Client::give(Instant now, std::string_view line) {
  if (is_finishing_ || state_ == State::gone) return Given::closing;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.contains('\n')) return Given::line_break;
  if (line.size() >= line_max_) return Given::too_long;
  if (!ledger_.has_room(line.size()) || events_bytes_ > config_.outbound_max) {
    is_full_ = true;
    return Given::full;
  }
  const auto parsed = parse_line(line);
  if (parsed && std::holds_alternative<line::Quit>(*parsed)) {
    finish(now);
    return Given::taken;
  }
  ledger_.give(line, kind_of(parsed));
  ++counts_.given;
  fill(now);
  return Given::taken;
}

void Client::finish(Instant now) {
  if (is_finishing_ || state_ == State::gone) return;
  is_finishing_ = true;
  if (state_ == State::waiting && ledger_.is_empty() && is_started_) {
    leave(now, was_online_ ? End{.reason = Reason::input_finished} : End{.reason = reason_});
    return;
  }
  fill(now);
}

void Client::abandon(Instant now) {
  if (state_ == State::gone) return;
  is_abandoned_ = true;
  if (phase_ == LinkPhase::up || phase_ == LinkPhase::connecting) {
    end_link(now, {.reason = Reason::abandoned});
  } else {
    leave(now, {.reason = Reason::abandoned});
  }
}

std::optional<std::string_view> Client::line() const {
  if (inbox_.is_empty()) return std::nullopt;
  return inbox_.text(0);
}

void Client::take_line(Instant now) {
  const bool was_reading = wish().read;
  inbox_.pop();
  // What was not read could not be heard.
  if (!was_reading) last_heard_ = now;
}

// --- Wishes ------------------------------------------------------------------------------------

client::Wish Client::wish() const {
  client::Wish wish{.link = link_};
  switch (phase_) {
    case LinkPhase::none:
      wish.link = client::no_link;
      break;
    case LinkPhase::connecting:
      wish.connect = true;
      break;
    case LinkPhase::up:
      wish.read = inbox_.bytes() < config_.inbound_max;
      wish.write = output_bytes() > 0;
      break;
    case LinkPhase::releasing:
      wish.release = true;
      break;
  }
  return wish;
}

Bytes Client::gather() const { return Bytes{output_}.subspan(output_first_); }

std::optional<client::Deadline> Client::deadline() const {
  using client::Timer;
  if (state_ == State::waiting) {
    if (phase_ != LinkPhase::none || !retry_at_) return std::nullopt;
    return client::Deadline{.at = *retry_at_, .reason = Timer::retry};
  }
  if (phase_ == LinkPhase::connecting) {
    return client::Deadline{.at = *state_ends_at_, .reason = Timer::connect};
  }
  if (phase_ != LinkPhase::up) return std::nullopt;
  if (state_ends_at_) {
    return client::Deadline{.at = *state_ends_at_,
                            .reason = state_ == State::closing ? Timer::close : Timer::login};
  }
  return client::Deadline{.at = *beat_at_, .reason = Timer::heartbeat};
}

// --- Looking in --------------------------------------------------------------------------------

bool Client::has_done_all() const {
  return state_ == State::gone && is_finishing_ && was_online_ && !is_abandoned_ &&
         counts_.refused == 0 && counts_.unknown == 0 && counts_.unsent == 0;
}

client::LineNumber Client::last_settled() const { return ledger_.first_number() - 1; }

std::uint64_t Client::take_events(std::vector<client::Event>& out) {
  out.clear();
  out.swap(events_);
  events_bytes_ = 0;
  state_events_ = 0;
  look_for_room();
  return std::exchange(events_lost_, 0);
}

std::uint64_t Client::digest() const {
  Digest digest;
  random_.add_to(digest);
  back_off_.add_to(digest);
  ledger_.add_to(digest);
  digest.add(inbox_.size());
  for (std::size_t place = 0; place < inbox_.size(); ++place) digest.add(inbox_.text(place));
  for (const std::string& room : rooms_) digest.add(room);
  digest.add(as_text(gather()));
  for (const std::uint64_t number : {static_cast<std::uint64_t>(state_),
                                     static_cast<std::uint64_t>(phase_),
                                     static_cast<std::uint64_t>(reason_),
                                     static_cast<std::uint64_t>(link_),
                                     questions_,
                                     rendered_,
                                     written_,
                                     accepted_on_link_,
                                     checkpoint_.behind,
                                     checkpoint_.number,
                                     checkpoint_.end,
                                     quit_end_.value_or(0),
                                     std::uint64_t{beats_missed_},
                                     static_cast<std::uint64_t>(last_heard_),
                                     std::uint64_t{line_max_},
                                     counts_.given,
                                     counts_.accepted,
                                     counts_.refused,
                                     counts_.unknown,
                                     counts_.unsent,
                                     counts_.resent,
                                     counts_.received,
                                     counts_.attempts}) {
    digest.add(number);
  }
  for (const bool flag :
       {may_hold_name_, has_said_name_, is_finishing_, is_abandoned_, is_full_, was_online_,
        quit_end_.has_value(), has_sent_close_, has_goodbye_, is_ending_when_written_, is_ping_due_,
        checkpoint_.is_out, pong_size_.has_value(), end_.has_value()}) {
    digest.add(flag ? 1U : 0U);
  }
  for (const std::optional<Instant>& at : {name_held_since_, retry_at_, state_ends_at_, beat_at_}) {
    digest.add(at ? static_cast<std::uint64_t>(*at) + 1 : 0);
  }
  framer_.add_to(digest);
  reader_.add_to(digest);
  response_head_.add_to(digest);
  return digest.value();
}

void Client::check_invariants() const {
  ledger_.check_invariants();
  LASTWORD_CHECK(counts_.given == counts_.accepted + counts_.refused + counts_.unknown +
                                      counts_.unsent + ledger_.size());
  LASTWORD_CHECK(rendered_ == written_ + output_bytes());
  LASTWORD_CHECK(state_ != State::online || (phase_ == LinkPhase::up && beat_at_));
  LASTWORD_CHECK(state_ != State::gone || ledger_.is_empty());
  LASTWORD_CHECK(phase_ == LinkPhase::up || output_bytes() == 0);
  LASTWORD_CHECK(output_bytes() <
                 output_mark + websocket::client_frame_size(config_.line_max) + output_slack);
}

}  // namespace lastword
