// How a client's link comes about, ends, and comes again.
#include <algorithm>
#include <utility>

#include "core/check.h"
#include "core/client/client.h"

namespace lastword {

using client::Reason;
using client::Setback;
using client::State;

namespace {

constexpr std::uint32_t beats_missed_max = 3;

// Of what the server sent, for a person: text of its own that gives it away.
constexpr std::size_t excerpt_max = 120;

void shorten(std::string& text) {
  if (text.size() > excerpt_max) text.resize(excerpt_max);
}

}  // namespace

bool Client::is_websocket() const { return config_.url.transport == Transport::websocket; }

// --- Beginning ---------------------------------------------------------------------------------

void Client::connect(Instant now, Reason reason) {
  LASTWORD_CHECK(phase_ == LinkPhase::none);
  link_ = client::Link{static_cast<std::uint32_t>(link_) + 1};
  phase_ = LinkPhase::connecting;
  ++counts_.attempts;
  retry_at_.reset();
  state_ends_at_ = now + config_.connect_timeout;

  may_hold_name_ = may_hold_name_ || has_said_name_;
  has_said_name_ = false;
  quit_end_.reset();
  has_sent_close_ = false;
  has_goodbye_ = false;
  is_ending_when_written_ = false;
  end_.reset();
  retry_after_ = Duration::zero();
  accepted_on_link_ = 0;
  checkpoint_ = {};
  pong_size_.reset();
  is_ping_due_ = false;
  beats_missed_ = 0;
  framer_.clear(framing_);
  response_head_.clear();
  reader_ = websocket::MessageReader{websocket::Sender::server};
  output_.clear();
  output_first_ = 0;
  rendered_ = 0;
  written_ = 0;
  go(now, State::connecting, {.reason = reason});
}

void Client::shake_hands(Instant now) {
  std::array<std::byte, 16> nonce{};
  random_.fill(nonce);
  key_ = websocket::make_key(nonce);
  const std::string authority = authority_of(config_.url);
  const std::size_t before = output_.size();
  websocket::append_request(output_,
                            {.authority = authority, .path = config_.url.path, .key = key_});
  rendered_ += output_.size() - before;
  go(now, State::handshake, {.reason = Reason::connected});
}

// The server answers a good name with nothing, so it is asked something right behind it.
void Client::log_in(Instant now, Reason reason) {
  go(now, State::logging_in, {.reason = reason});
  put_line(config_.name);
  has_said_name_ = true;
  ask();
}

void Client::go_online(Instant now) {
  ++counts_.logins;
  was_online_ = true;
  name_held_since_.reset();
  back_off_.went_online(now);
  state_ends_at_.reset();
  last_heard_ = now;
  beat_at_ = now + config_.heartbeat;
  go(now, State::online, {.reason = Reason::logged_in});
  for (const std::string& room : rooms_) put_line("/join " + room);
}

// --- Ending ------------------------------------------------------------------------------------

// The server's last words were heard, or we said ours. Its end of the link is waited for.
void Client::begin_closing(Instant now, End end) {
  if (end_) return;
  state_ends_at_ = now + config_.close_timeout;
  shorten(end.text);
  if (state_ != State::closing) go(now, State::closing, end);
  end_ = std::move(end);
}

// The link is over. What was learned before is why: the rest is how it looked from outside.
void Client::end_link(Instant now, End end) {
  if (!end_ || end.reason == Reason::abandoned) end_ = std::move(end);
  shorten(end_->text);
  phase_ = LinkPhase::releasing;
  state_ends_at_.reset();
  beat_at_.reset();
  back_off_.went_offline(now);
  if (!has_goodbye_) settle_unknown(now);
  output_.clear();
  output_first_ = 0;
  rendered_ = written_;
  look_for_room();

  const End why = *end_;
  const bool is_all_done = is_finishing_ && ledger_.is_empty();
  if (is_abandoned_ || is_all_done || is_stopping(now) || !config_.is_reconnecting) {
    const bool is_in_order = is_all_done && has_goodbye_ && !is_abandoned_;
    leave(now, is_in_order ? End{.reason = Reason::input_finished} : why);
    return;
  }
  const Duration delay = back_off_.next(setback(), random_, retry_after_);
  retry_at_ = now + delay;
  go(now, State::waiting, why, delay);
}

// Nothing is to be gained by coming back.
bool Client::is_stopping(Instant now) const {
  if (end_->reason == Reason::login_refused) return true;
  return end_->reason == Reason::name_held && now - *name_held_since_ >= config_.name_patience;
}

Setback Client::setback() const {
  constexpr std::uint64_t going_away = 1001;
  constexpr std::uint64_t policy_violation = 1008;
  constexpr std::uint64_t internal_error = 1011;
  constexpr std::uint64_t service_restart = 1012;
  constexpr std::uint64_t try_again_later = 1013;
  constexpr std::uint64_t protocol_error = 1002;
  switch (end_->reason) {
    case Reason::goodbye:
      return Setback::restart;
    case Reason::closed:
      switch (end_->detail) {
        case going_away:
        case internal_error:
        case service_restart:
          return Setback::restart;
        case protocol_error:
        case policy_violation:
        case try_again_later:
          return Setback::refusal;
        default:
          return Setback::broken;
      }
    case Reason::server_full:
    case Reason::name_held:
    case Reason::login_timed_out:
    case Reason::handshake_refused:
    case Reason::no_websocket:
    case Reason::no_lastword:
    case Reason::violation:
      return Setback::refusal;
    default:
      return Setback::broken;
  }
}

// For ever.
void Client::leave(Instant now, const End& why) {
  while (!ledger_.is_empty()) {
    const client::Ledger::Line line = ledger_.front();
    if (!line.is_void) {
      ++counts_.unsent;
      tell_of_line(now, client::Event::Kind::unsent, line);
    }
    ledger_.settle();
  }
  retry_at_.reset();
  go(now, State::gone, why);
}

void Client::go(Instant now, State state, const End& why, Duration delay) {
  const State from = std::exchange(state_, state);
  reason_ = why.reason;
  if (state_events_ >= events_max) {
    ++events_lost_;
    return;
  }
  ++state_events_;
  events_.push_back({.kind = client::Event::Kind::state,
                     .at = now,
                     .from = from,
                     .to = state,
                     .reason = why.reason,
                     .detail = why.detail,
                     .delay = delay,
                     .text = why.text});
}

// --- Time --------------------------------------------------------------------------------------

void Client::time_out(Instant now) {
  switch (state_) {
    case State::connecting:
      return end_link(now, {.reason = Reason::connect_timed_out});
    case State::handshake:
      return end_link(now, {.reason = Reason::handshake_timed_out});
    case State::logging_in:
      return end_link(now, {.reason = Reason::login_timed_out});
    case State::closing:
    case State::online:
    case State::waiting:
    case State::gone:
      LASTWORD_CHECK(end_.has_value());  // last words were said, and why is known
      return end_link(now, End{*end_});
  }
}

// Late or not, each beat counts once: after the process has stood still, the server gets its time
// to answer like anybody.
void Client::beat(Instant now) {
  if (!wish().read) {
    // Nobody listens: no silence means anything, and the server's pings are not heard. A pong that
    // nobody asked for tells it that we are there (RFC 6455, section 5.5.3).
    last_heard_ = now;
    if (is_websocket() && !pong_size_) pong_size_ = 0;
  }
  const Instant due = last_heard_ + config_.heartbeat;
  if (due > now) {
    beat_at_ = due;
    return;
  }
  ++beats_missed_;
  if (beats_missed_ >= beats_missed_max) {
    end_link(now, {.reason = Reason::no_answer});
    return;
  }
  beat_at_ = now + config_.heartbeat;
  if (is_websocket()) {
    is_ping_due_ = true;
  } else if (!checkpoint_.is_out && state_ == State::online) {
    ask();
  }
}

}  // namespace lastword
