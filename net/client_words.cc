#include "net/client_words.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace lastword {

namespace {

using client::Event;
using client::Reason;
using client::State;

// Seconds to the hundredth: "0.07 s", "12.35 s".
std::string in_seconds(Duration duration) {
  std::array<char, 32> text{};
  const double seconds = std::chrono::duration<double>{duration}.count();
  std::snprintf(text.data(), text.size(), "%.2f s", seconds);
  return text.data();
}

// The server could not take us now, and may later: it is full, say (RFC 9110, section 15.6).
bool is_server_out_of_order(const Event& event) {
  constexpr std::uint64_t first_server_error = 500;
  return event.reason == Reason::handshake_refused && event.detail >= first_server_error;
}

// What a person can do about it; empty where only waiting helps.
std::string_view advice_for(const Event& event) {
  if (is_server_out_of_order(event)) return "";
  switch (event.reason) {
    case Reason::unknown_host:
      return "look at the host's spelling";
    case Reason::refused:
      return "is the server running, and is that its port?";
    case Reason::unreachable:
    case Reason::connect_timed_out:
      return "look at the host, the network and its firewalls";
    case Reason::handshake_refused:
      return "look at the address's path and at whom the server lets in";
    case Reason::no_websocket:
      return "is that the port for WebSocket? The one for lines is written tcp://HOST:PORT";
    case Reason::no_lastword:
      return "is that the port for lines? The one for WebSocket is written ws://HOST:PORT/";
    case Reason::login_refused:
    case Reason::name_held:
      return "choose another with --name";
    default:
      return "";
  }
}

// The name of the group in sysexits.h, in words.
std::string_view kind_of(const Event& event) {
  if (is_server_out_of_order(event)) return "temporary failure";
  switch (event.reason) {
    case Reason::unknown_host:
      return "no host";
    case Reason::refused:
    case Reason::unreachable:
    case Reason::connect_timed_out:
    case Reason::connect_failed:
      return "unavailable";
    case Reason::handshake_refused:
    case Reason::no_websocket:
    case Reason::no_lastword:
    case Reason::violation:
      return "protocol";
    case Reason::login_refused:
    case Reason::name_held:
      return "no permission";
    case Reason::abandoned:
      return "stopped";
    default:
      return "temporary failure";
  }
}

std::string explained(const Event& event) {
  std::string text{explain(event.reason)};
  if (event.reason == Reason::handshake_refused) text += " with " + std::to_string(event.detail);
  if (event.reason == Reason::closed && event.detail != 0) {
    text += " with " + std::to_string(event.detail);
  }
  if (event.reason == Reason::goodbye) {
    text += ", " + std::to_string(event.detail) + (event.detail == 1 ? " message" : " messages") +
            " accepted";
  }
  if (!event.text.empty()) text += " (" + event.text + ")";
  return text;
}

std::string with_advice(std::string text, const Event& event) {
  const std::string_view advice = advice_for(event);
  if (!advice.empty()) text.append("; ").append(advice);
  return text;
}

}  // namespace

std::string words_for_state(const Event& event, const client::Config& config) {
  switch (event.to) {
    case State::connecting:
      return "connecting to " + to_string(config.url) +
             (event.reason == Reason::retried ? " again" : "");
    case State::handshake:
      return "handshake: connected";
    case State::logging_in:
      return "logging in as " + config.name + ": " + explained(event);
    case State::online:
      return "online as " + config.name + ": " + explained(event);
    case State::closing:
      return "closing: " + explained(event);
    case State::waiting:
      return with_advice("waiting " + in_seconds(event.delay) + ": " + explained(event), event);
    case State::gone:
      return "gone: " + explained(event);
  }
  return "";
}

std::string words_for_line(const Event& event) {
  const std::string line = "line " + std::to_string(event.line);
  switch (event.kind) {
    case Event::Kind::state:
      return "";
    case Event::Kind::refused:
      if (event.refusal == client::Refusal::mistake) return "";
      return line + " is too long for the server, and was not sent: " + event.text.substr(0, 80) +
             "...";
    case Event::Kind::unknown:
      return line + " may have been accepted or not, nobody knows: " + event.text;
    case Event::Kind::resent:
      return line + " may have been accepted or not, and is sent again: " + event.text;
    case Event::Kind::unsent:
      return line + " was not accepted: " + event.text;
    case Event::Kind::skipped:
      return "a line that came was too long, and is left out";
  }
  return "";
}

std::string words_for_end(const Event& gone, const client::Config& config) {
  return with_advice(
      std::string{kind_of(gone)} + ": " + to_string(config.url) + ": " + explained(gone), gone);
}

std::string words_for_losses(const client::Counts& counts, const NotGiven& not_given) {
  const std::uint64_t refused = counts.refused + not_given.too_long;
  const std::uint64_t unsent = counts.unsent + not_given.unsent;
  const std::uint64_t lost = refused + counts.unknown + unsent;
  const std::uint64_t all = counts.given + not_given.too_long + not_given.unsent;
  if (lost == 0) return "";
  std::string text = std::to_string(lost) + " of " + std::to_string(all) +
                     (lost == 1 ? " lines was not accepted:" : " lines were not accepted:");
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count == 0) return;
    if (!text.ends_with(':')) text += ",";
    text.append(" ").append(std::to_string(count)).append(" ").append(what);
  };
  add(refused, "refused");
  add(counts.unknown, "of unknown fate");
  add(unsent, "not sent");
  return text;
}

}  // namespace lastword
