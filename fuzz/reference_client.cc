// Facts, the application's calls, and the states that they lead to. What is heard follows in
// reference_client_hearing.cc, what is held against the client in reference_client_looking.cc.
#include "fuzz/reference_client.h"

#include <algorithm>
#include <utility>

#include "core/client/random_stream.h"
#include "fuzz/oracle.h"
#include "sim/reference.h"

namespace lastword::fuzz {

using client::ConnectFault;
using client::Given;
using client::Reason;
using client::State;

namespace {

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
      return Reason::connect_failed;
  }
  return {};
}

Reason reason_for(Fault fault) {
  switch (fault) {
    case Fault::reset:
      return Reason::reset;
    case Fault::timed_out:
      return Reason::link_timed_out;
    case Fault::other:
      return Reason::link_failed;
  }
  return {};
}

}  // namespace

// The first number that a client draws is in its tokens for ever.
ReferenceClient::ReferenceClient(client::Config config, const client::Seed& seed)
    : config_{std::move(config)},
      nonce_{client::RandomStream{seed}.next()},
      book_{config_.if_unknown},
      line_max_{config_.line_max},
      stream_{config_.url.transport, config_.received_line_max},
      wire_{config_.url.transport} {}

// --- Facts ------------------------------------------------------------------------------------

void ReferenceClient::start(Instant now) { connect(now, Reason::started); }

void ReferenceClient::connected(Instant now) {
  phase_ = Phase::up;
  since_ = now;
  if (is_websocket()) {
    go(now, State::handshake, {.reason = Reason::connected});
  } else {
    log_in(now, Reason::connected);
  }
}

void ReferenceClient::connect_failed(Instant now, ConnectFault fault) {
  end_link(now, {.reason = reason_for(fault)});
}

void ReferenceClient::ended(Instant now) {
  // A server waits for the answer to its Close.
  is_ended_ = has_said_close_ && written_ < rendered();
  if (!is_ended_) end_link(now, {.reason = Reason::peer_ended});
}

void ReferenceClient::wrote(Instant now, std::string_view bytes) {
  require(wire_.bytes().substr(written_, bytes.size()) == bytes, "wire",
          [&] { return "what was to be written has changed: " + readable(bytes); });
  written_ += bytes.size();
  if (is_ended_ && written_ == rendered()) end_link(now, {.reason = Reason::peer_ended});
}

void ReferenceClient::failed(Instant now, Fault fault) {
  end_link(now, {.reason = reason_for(fault)});
}

void ReferenceClient::released() {
  phase_ = Phase::none;
  // Its time may have come while the last link was on its way out.
  if (state_ == State::waiting) open_ = Open::retry;
}

void ReferenceClient::elapsed(Instant now, const Client& client) {
  switch (state_) {
    case State::waiting:
      return connect(now, Reason::retried);
    case State::connecting:
      return end_link(now, {.reason = Reason::connect_timed_out});
    case State::handshake:
      return end_link(now, {.reason = Reason::handshake_timed_out});
    case State::logging_in:
      return end_link(now, {.reason = Reason::login_timed_out});
    case State::closing:
    case State::online:
      break;
    case State::gone:
      return;
  }
  if (end_) return end_link(now, *end_);
  open_ = Open::beat;
  if (client.wish().read) {
    ++silent_beats_;
    may_ping_ = is_websocket();
    return;
  }
  silent_since_ = now;
  silent_beats_ = 0;
  // For somebody who does not listen a pong tells that he is there (docs/EMBEDDING.md).
  if (is_websocket() && !pong_due_) pong_due_ = std::string{};
}

// --- The application --------------------------------------------------------------------------

Given ReferenceClient::judge_line(std::string_view line) const {
  if (is_finishing_ || state_ == State::gone) return Given::closing;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find('\n') != std::string_view::npos) return Given::line_break;
  if (line.size() + 1 > line_max_) return Given::too_long;
  constexpr std::size_t overhead = 48;
  const bool has_room =
      !book_.has_open() || book_.bytes() + line.size() + overhead <= config_.outbound_max;
  return has_room ? Given::taken : Given::full;
}

void ReferenceClient::give(Instant now, std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (sim::reference::parse(line).kind == sim::reference::Asked::Kind::quit) {
    finish(now);
  } else {
    book_.give(line);
  }
}

void ReferenceClient::finish(Instant now) {
  if (is_finishing_ || state_ == State::gone) return;
  is_finishing_ = true;
  if (state_ != State::waiting || book_.has_open()) return;
  leave(now, {.reason = was_online_ ? Reason::input_finished : reason_});
}

void ReferenceClient::abandon(Instant now) {
  if (state_ == State::gone) return;
  is_abandoned_ = true;
  if (phase_ == Phase::up || phase_ == Phase::connecting) {
    end_link(now, {.reason = Reason::abandoned});
  } else {
    leave(now, {.reason = Reason::abandoned});
  }
}

void ReferenceClient::take_line(Instant now, const Client& client) {
  const auto line = client.line();
  require(!inbox_.empty() && line == inbox_.front(), "lines", [&] {
    return "expected " + (inbox_.empty() ? "none" : readable(inbox_.front())) + ", found " +
           readable(line.value_or("none"));
  });
  inbox_bytes_ -= inbox_.front().size() + 48;
  inbox_.pop_front();
  // What was not read could not be heard.
  if (!client.wish().read) {
    silent_since_ = now;
    silent_beats_ = 0;
  }
}

void ReferenceClient::take_events(std::uint64_t lost) {
  require(lost == states_lost_, "states", [&] {
    return std::to_string(lost) + " changes of state are lost, and not " +
           std::to_string(states_lost_);
  });
  states_lost_ = 0;
  states_held_ = 0;
}

// --- States -----------------------------------------------------------------------------------

bool ReferenceClient::is_websocket() const { return config_.url.transport == Transport::websocket; }

bool ReferenceClient::is_upgraded() const {
  return is_websocket() && phase_ == Phase::up && state_ != State::handshake;
}

void ReferenceClient::connect(Instant now, Reason reason) {
  require(reason == Reason::started || !retry_at_ || now >= *retry_at_, "states",
          [] { return "it came back before its time"; });
  phase_ = Phase::connecting;
  ++counts_.attempts;
  retry_at_.reset();
  has_said_name_before_ = has_said_name_before_ || std::exchange(has_said_name_, false);
  stream_ = ServerStream{config_.url.transport, config_.received_line_max};
  head_.clear();
  response_.clear();
  wire_ = ClientWire{config_.url.transport};
  written_ = 0;
  key_.clear();
  to_say_.clear();
  question_.reset();
  pong_due_.reset();
  may_ping_ = false;
  close_due_.reset();
  has_said_close_ = false;
  quit_end_.reset();
  has_goodbye_ = false;
  is_ended_ = false;
  may_wait_long_ = false;
  end_.reset();
  since_ = now;
  silent_beats_ = 0;
  calls_ = 0;
  go(now, State::connecting, {.reason = reason});
}

void ReferenceClient::log_in(Instant now, Reason reason) {
  go(now, State::logging_in, {.reason = reason});
  has_said_name_ = true;
  question_ = Question{.number = ++asked_};
  to_say_ = {config_.name, "/ping " + token(asked_)};
}

// The first that is learned is why it ends.
void ReferenceClient::begin_closing(Instant now, const End& end) {
  if (end_) return;
  end_ = end;
  since_ = now;
  if (state_ != State::closing) go(now, State::closing, end);
}

void ReferenceClient::end_link(Instant now, End end) {
  if (!end_ || end.reason == Reason::abandoned) end_ = end;
  phase_ = Phase::releasing;
  book_.end_link(has_goodbye_, written_, is_abandoned_);

  const bool is_all_done = is_finishing_ && !book_.has_open();
  const bool is_given_up =
      end_->reason == Reason::login_refused ||
      (end_->reason == Reason::name_held && now - *name_held_since_ >= config_.name_patience);
  if (is_all_done && has_goodbye_ && !is_abandoned_) {
    leave(now, {.reason = Reason::input_finished});
  } else if (is_abandoned_ || is_all_done || is_given_up || !config_.is_reconnecting) {
    leave(now, *end_);
  } else {
    go(now, State::waiting, *end_);
  }
}

void ReferenceClient::leave(Instant now, const End& end) {
  book_.leave();
  retry_at_.reset();
  go(now, State::gone, end);
}

void ReferenceClient::go(Instant now, State state, const End& why) {
  const State from = std::exchange(state_, state);
  reason_ = why.reason;
  if (states_held_ >= Client::events_max) {
    ++states_lost_;
    return;
  }
  ++states_held_;
  states_.push_back(
      describe({.at = now, .from = from, .to = state, .reason = why.reason, .detail = why.detail}));
}

// --- What a server knows, too -----------------------------------------------------------------

std::string ReferenceClient::token(std::uint64_t number) const {
  std::string nonce;
  std::uint64_t rest = nonce_;
  do {
    nonce.insert(nonce.begin(), "0123456789abcdef"[rest % 16]);
    rest /= 16;
  } while (rest > 0);
  return "lw-" + nonce + "-" + std::to_string(number);
}

bool ReferenceClient::has_login_question() const {
  return phase_ == Phase::up && state_ == State::logging_in && question_ &&
         question_->end <= written_;
}

bool ReferenceClient::has_request() const {
  return phase_ == Phase::up && state_ == State::handshake && !key_.empty() &&
         written_ == rendered();
}

std::string describe(const client::Event& event) {
  using Kind = client::Event::Kind;
  const std::string line = " " + std::to_string(event.line) + ": " + event.text;
  switch (event.kind) {
    case Kind::state:
      break;
    case Kind::refused:
      return (event.refusal == client::Refusal::too_long ? "refused as too long" : "refused") +
             line;
    case Kind::unknown:
      return "unknown" + line;
    case Kind::resent:
      return "resent" + line;
    case Kind::unsent:
      return "unsent" + line;
    case Kind::skipped:
      return "skipped";
  }
  return std::string{word_for(event.from)} + " -> " + std::string{word_for(event.to)} + " at " +
         std::to_string(static_cast<std::int64_t>(event.at)) + ": " +
         std::string{explain(event.reason)} + " (" + std::to_string(event.detail) + ")";
}

}  // namespace lastword::fuzz
