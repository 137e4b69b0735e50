// What a client does, held against what it has to do.
#include <algorithm>
#include <utility>

#include "fuzz/oracle.h"
#include "fuzz/reference_client.h"
#include "sim/reference_frames.h"

namespace lastword::fuzz {

using client::State;

namespace {

std::string describe(const client::Counts& counts) {
  std::string text;
  const auto add = [&text](std::string_view name, std::uint64_t count) {
    text.append(name).append(" ").append(std::to_string(count)).append(", ");
  };
  add("given", counts.given);
  add("accepted", counts.accepted);
  add("refused", counts.refused);
  add("unknown", counts.unknown);
  add("unsent", counts.unsent);
  add("resent", counts.resent);
  add("received", counts.received);
  add("skipped", counts.skipped);
  add("attempts", counts.attempts);
  add("logins", counts.logins);
  return text;
}

}  // namespace

void ReferenceClient::look(const Client& client, Instant now, std::span<const client::Event> news) {
  client.check_invariants();
  look_at_open_ends(client, now);
  look_at_wire(client, now);
  look_at_news(news);
  look_at_counts(client);
  look_at_wishes(client, now);
  look_for_silence(client);
}

void ReferenceClient::look_back(const Client& client) const {
  require(client.is_over() && !book_.has_open() && client.counts().given == book_.size(), "fates",
          [&] { return "it is gone, and line " + std::to_string(book_.first_open()) + " is not"; });
  require(inbox_.empty() && !client.line() && !client.has_events(), "lines",
          [] { return "there is something left to take"; });
}

// --- What only the client knows ---------------------------------------------------------------

void ReferenceClient::look_at_open_ends(const Client& client, Instant now) {
  constexpr std::uint32_t beats_max = 3;  // docs/EMBEDDING.md, "Heartbeats"
  const Open open = std::exchange(open_, Open::nothing);
  if (open == Open::beat && client.wish().release) {
    require(now - silent_since_ >= beats_max * config_.heartbeat, "states",
            [] { return "a link is called dead that was not silent for three heartbeats"; });
    end_link(now, {.reason = client::Reason::no_answer});
  }
  // The first beat may have been set before the last byte came.
  require(phase_ != Phase::up || silent_beats_ <= beats_max, "deaf",
          [] { return "a link that is silent for more than three heartbeats is believed in"; });
  if (open != Open::retry) return;
  if (client.state() == State::connecting) {
    connect(now, client::Reason::retried);
  } else {
    require(!retry_at_ || now < *retry_at_, "deaf",
            [] { return "its time to come back is over, and it did not"; });
  }
}

// --- What it says -----------------------------------------------------------------------------

void ReferenceClient::look_at_wire(const Client& client, Instant now) {
  if (phase_ != Phase::up) return;
  const std::string_view output = as_text(client.gather());
  require(written_ + output.size() >= rendered(), "wire",
          [] { return "what was to be written is gone"; });
  if (written_ + output.size() > rendered()) {
    wire_.put(output.substr(rendered() - written_));
    while (const auto next = wire_.next()) said(now, *next);
    require(wire_.is_at_end(), "wire", [&] { return "half a line or frame: " + readable(output); });
  }

  require(to_say_.empty(), "wire", [&] { return readable(to_say_.front()) + " is not said"; });
  require(!close_due_, "wire", [] { return "a Close is not answered"; });
  const bool has_room = output.size() < Client::output_mark;
  require(!has_room || has_said_close_ || !is_upgraded() || !pong_due_, "wire",
          [] { return "a ping is not answered"; });
  if (state_ != State::online) return;
  while (has_room && book_.next() != 0 && book_.text(book_.next()).size() >= line_max_) {
    book_.refuse_next();
  }
  require(!has_room || book_.next() == 0, "deaf",
          [&] { return "line " + std::to_string(book_.next()) + " could be sent, and is not"; });
  require(!has_room || !is_finishing_, "deaf", [] { return "all is said but /quit"; });
  require(question_ || !book_.has_open_sent(), "deaf",
          [] { return "lines were sent, and nobody is asked whether they came"; });
}

void ReferenceClient::said(Instant now, const Said& said) {
  const auto seen = [&] { return readable(said.text); };
  require(!has_said_close_, "wire", [&] { return "behind the Close: " + seen(); });
  switch (said.kind) {
    case Said::Kind::request:
      require(sim::reference::status_for(said.text) == 101 &&
                  said.text.starts_with("GET / HTTP/1.1\r\n"),
              "wire", seen);
      key_ = sim::reference::key_of(said.text);
      return;
    case Said::Kind::line:
      return said_line(now, said);
    case Said::Kind::ping:
      require(std::exchange(may_ping_, false) && said.text.empty(), "wire",
              [&] { return "a ping: " + seen(); });
      ++calls_;
      return;
    case Said::Kind::pong:
      require(pong_due_ == said.text, "wire", [&] {
        return "a pong with " + seen() + (pong_due_ ? ", not " + readable(*pong_due_) : "");
      });
      pong_due_.reset();
      return;
    case Said::Kind::close:
      require(close_due_ == said.code, "wire",
              [&] { return "a Close with " + std::to_string(said.code); });
      close_due_.reset();
      has_said_close_ = true;
      return;
  }
}

void ReferenceClient::said_line(Instant now, const Said& said) {
  const auto seen = [&] { return readable(said.text); };
  if (!to_say_.empty()) {
    require(said.text == to_say_.front(), "wire",
            [&] { return "expected " + readable(to_say_.front()) + ", found " + seen(); });
    to_say_.erase(to_say_.begin());
    // The one behind the name.
    const bool is_question = question_ && said.text == "/ping " + token(question_->number);
    if (is_question) question_->end = said.end;
    return;
  }
  require(state_ == State::online, "wire",
          [&] { return "said while " + std::string{word_for(state_)} + ": " + seen(); });
  if (said.text == "/ping " + token(asked_ + 1)) {
    require(!question_, "wire", [] { return "there are two questions at a time"; });
    question_ = Question{.number = ++asked_, .behind = book_.last_sent(), .end = said.end};
    ++calls_;
    return;
  }
  while (book_.next() != 0 && book_.text(book_.next()).size() >= line_max_) book_.refuse_next();
  if (book_.next() == 0) {
    require(is_finishing_ && said.text == "/quit", "wire",
            [&] { return "nothing was to be sent, and this was: " + seen(); });
    quit_end_ = said.end;
    go(now, State::closing, {.reason = client::Reason::input_finished});
    return;
  }
  const std::string& expected = book_.text(book_.next());
  require(said.text == expected, "wire", [&] {
    return "expected line " + std::to_string(book_.next()) + ", " + readable(expected) +
           ", found " + seen();
  });
  book_.send_next(said.end);
}

// --- What it tells ----------------------------------------------------------------------------

void ReferenceClient::look_at_news(std::span<const client::Event> news) {
  if (news.empty() && states_.empty() && book_.told().empty()) return;
  std::vector<std::string> states;
  std::vector<std::string> fates;
  for (const client::Event& event : news) {
    const bool is_state = event.kind == client::Event::Kind::state;
    (is_state ? states : fates).push_back(describe(event));
    if (is_state) look_at_state(event);
  }
  require_same(std::exchange(states_, {}), states, "states", "what is told of");
  require_same(std::exchange(book_.told(), {}), fates, "fates", "what is told of");
}

void ReferenceClient::look_at_state(const client::Event& event) {
  // What the server said is repeated as far as a person reads it: as much as a Close may say.
  constexpr std::size_t text_max = 125;
  require(event.text.size() <= text_max, "bound",
          [&] { return "a change of state is told of with " + readable(event.text); });
  if (event.to != State::waiting) return;
  const Duration delay_max = config_.delays.max * (may_wait_long_ ? 2 : 1);
  require(event.delay >= Duration::zero() && event.delay <= delay_max, "states",
          [&] { return "a delay of " + std::to_string(event.delay.count()) + " ns"; });
  // It may have ended while it waited.
  if (state_ == State::waiting) retry_at_ = event.at + event.delay;
}

void ReferenceClient::look_at_counts(const Client& client) const {
  client::Counts expected = book_.counts();
  expected.received = counts_.received;
  expected.skipped = counts_.skipped;
  expected.attempts = counts_.attempts;
  expected.logins = counts_.logins;
  require(client.counts() == expected, "fates", [&] {
    return "expected " + describe(expected) + "\n  found    " + describe(client.counts());
  });
  require(client.last_settled() + 1 == book_.first_open(), "fates", [&] {
    return "lines have a fate up to " + std::to_string(client.last_settled()) + ", and not to " +
           std::to_string(book_.first_open() - 1);
  });
  require(client.state() == state_ && client.reason() == reason_, "states", [&] {
    return "it is " + std::string{word_for(client.state())} + ", as " +
           std::string{explain(client.reason())} + ", and has to be " +
           std::string{word_for(state_)} + ", as " + std::string{explain(reason_)};
  });
  const bool has_done_all = state_ == State::gone && is_finishing_ && was_online_ &&
                            !is_abandoned_ &&
                            expected.refused + expected.unknown + expected.unsent == 0;
  require(client.has_done_all() == has_done_all, "fates",
          [&] { return has_done_all ? "it denies that all is done" : "it says that all is done"; });
  const auto line = client.line();
  require(line.has_value() == !inbox_.empty() && (!line || *line == inbox_.front()), "lines", [&] {
    return "expected " + (inbox_.empty() ? "none" : readable(inbox_.front())) + ", found " +
           readable(line.value_or("none"));
  });
  require(client.inbound_bytes() == inbox_bytes_, "bound", [&] {
    return "lines for the application take " + std::to_string(client.inbound_bytes()) +
           " bytes, and not " + std::to_string(inbox_bytes_);
  });
}

// --- What it wishes ---------------------------------------------------------------------------

void ReferenceClient::look_at_wishes(const Client& client, Instant now) const {
  using client::Timer;
  const client::Wish wish = client.wish();
  const bool is_up = phase_ == Phase::up;
  require(wish.connect == (phase_ == Phase::connecting) &&
              wish.release == (phase_ == Phase::releasing) &&
              (wish.link == client::no_link) == (phase_ == Phase::none),
          "deaf", [&] { return "its link is wished to be otherwise"; });
  require(wish.read == (is_up && inbox_bytes_ < config_.inbound_max), "deaf",
          [&] { return wish.read ? "it reads" : "it does not read, and nothing stops it"; });
  require(wish.write == (is_up && client.output_bytes() > 0), "deaf",
          [&] { return wish.write ? "it would write nothing" : "it does not write"; });

  // What wakes it, if nothing else does.
  std::optional<Instant> at;
  Timer reason{};
  bool has_to_wake = true;
  if (state_ == State::gone || phase_ == Phase::releasing) {
    has_to_wake = false;
  } else if (state_ == State::waiting) {
    at = retry_at_;
    reason = Timer::retry;
  } else if (state_ == State::connecting) {
    at = since_ + config_.connect_timeout;
    reason = Timer::connect;
  } else if (end_) {
    at = since_ + config_.close_timeout;
    reason = Timer::close;
  } else if (state_ == State::handshake || state_ == State::logging_in) {
    at = since_ + config_.login_timeout;
    reason = Timer::login;
  } else {
    reason = Timer::heartbeat;
  }
  const auto deadline = client.deadline();
  require(deadline.has_value() == has_to_wake, "deaf", [&] {
    return std::string{word_for(state_)} + (deadline ? ": woken for nothing" : ": never woken");
  });
  if (!deadline) return;
  require(deadline->reason == reason && (!at || deadline->at == *at), "deaf",
          [&] { return std::string{word_for(state_)} + ": woken at another time"; });
  require(reason != Timer::heartbeat || deadline->at <= now + config_.heartbeat, "deaf",
          [] { return "the next heartbeat is further away than one"; });
}

void ReferenceClient::look_for_silence(const Client& client) const {
  if (phase_ != Phase::up) return;
  const bool has_room = client.output_bytes() < Client::output_mark;
  // Over lines nothing is asked behind a /quit.
  const bool may_ask = has_room && !end_ && (is_websocket() || state_ == State::online);
  require(silent_beats_ < 2 || !may_ask || calls_ > 0 || question_, "deaf",
          [] { return "the server is silent, and nobody asks it for a sign of life"; });
  // A feeder that was told to wait is called as soon as a line has its fate and half of it is free.
  const bool is_held = states_held_ > 0 || client.has_events() || book_.first_open() == full_at_;
  require(client.has_room() || is_held || book_.bytes() > config_.outbound_max / 2, "deaf",
          [] { return "there is room for lines, and it does not say so"; });
}

}  // namespace lastword::fuzz
