// What a client process tells its application, and what is made of it.
#include <algorithm>
#include <string>
#include <utility>

#include "sim/client_process.h"
#include "sim/life.h"

namespace lastword::sim {

void ClientProcess::take_events() {
  static_cast<void>(client_.take_events(events_));
  for (const client::Event& event : events_) tell(event);
  const auto unsent =
      std::ranges::count(events_, client::Event::Kind::unsent, &client::Event::kind);
  if (unsent == 0) return;
  world_->environment.tell(StoryEvent::Kind::act, number_,
                           "lines never sent: " + std::to_string(unsent));
}

void ClientProcess::tell(const client::Event& event) {
  account_.told(event);
  mark(event);
  check_protocol(event);
  if (event.kind == client::Event::Kind::state) {
    changes_.push_back({.at = event.at, .to = event.to, .reason = event.reason});
  }
  Environment& environment = world_->environment;
  if (!environment.is_telling()) return;
  constexpr std::size_t shown_max = 24;
  const std::string line = event.text.substr(0, shown_max);
  const auto says = [&](std::string text) {
    environment.tell(StoryEvent::Kind::act, number_, std::move(text));
  };
  switch (event.kind) {
    case client::Event::Kind::state: {
      // What comes in between can be seen from what it sends.
      using State = client::State;
      const bool is_told =
          event.to == State::online || event.to == State::waiting || event.to == State::gone;
      if (is_told)
        says(std::string{word_for(event.to)} + ": " + std::string{explain(event.reason)});
      return;
    }
    case client::Event::Kind::refused:
      return says("knows as refused: " + line);
    case client::Event::Kind::unknown:
      return says("does not know what became of: " + line);
    case client::Event::Kind::resent:
      return says("does not know, and sends again: " + line);
    case client::Event::Kind::unsent:
      return;  // of all at once
    case client::Event::Kind::skipped:
      return says("leaves a line out that is too long");
  }
}

void ClientProcess::mark(const client::Event& event) {
  MarkCounts& marks = world_->environment.marks;
  using Kind = client::Event::Kind;
  if (event.kind == Kind::unknown || event.kind == Kind::resent) {
    marks.hit(Mark::link_breaks_with_unknown);
  }
  if (event.kind != Kind::state) return;
  if (event.to == client::State::closing && event.reason == client::Reason::goodbye) {
    const client::LineNumber first_open = client_.last_settled() + 1;
    const bool is_one_open = first_open <= account_.size() && account_.has_left(first_open);
    if (is_one_open) marks.hit(Mark::goodbye_leaves_lines);
  }
  if (event.to == client::State::waiting && event.reason == client::Reason::name_held) {
    marks.hit(Mark::client_back_before_its_name);
  }
}

// Both are ours: neither may find fault with what the other says.
void ClientProcess::check_protocol(const client::Event& event) {
  using client::Reason;
  if (event.kind != client::Event::Kind::state) return;
  const auto broke = [&](const char* what) {
    world_->environment.broke(Property::valid_output,
                              name() + what + std::string{explain(event.reason)} + ", " +
                                  std::to_string(event.detail) + " " + event.text,
                              {number_});
  };
  switch (event.reason) {
    case Reason::violation:
    case Reason::no_websocket:
    case Reason::no_lastword:
      return broke(" does not understand the server: ");
    case Reason::closed: {
      constexpr std::uint64_t protocol_error = 1002;
      constexpr std::uint64_t invalid_payload = 1007;
      if (event.detail != protocol_error && event.detail != invalid_payload) return;
      return broke(" is not understood by the server: ");
    }
    case Reason::handshake_refused: {
      constexpr std::uint64_t request_timeout = 408;  // it may have stood still
      constexpr std::uint64_t server_error = 500;
      if (event.detail == request_timeout || event.detail >= server_error) return;
      return broke(" is not understood by the server: ");
    }
    default:
      return;
  }
}

}  // namespace lastword::sim
