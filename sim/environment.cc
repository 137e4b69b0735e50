#include "sim/environment.h"

#include <ranges>

namespace lastword::sim {

std::size_t Environment::tell(StoryEvent::Kind kind, Chooser lane, std::string text) {
  if (!is_telling()) return SIZE_MAX;
  narration->events.push_back({.at = now, .lane = lane, .kind = kind, .text = std::move(text)});
  return narration->events.size() - 1;
}

std::size_t Environment::tell_sending(Chooser from, Chooser to, std::string text) {
  const std::size_t sent = tell(StoryEvent::Kind::send, from, std::move(text));
  if (sent == SIZE_MAX) return sent;
  narration->events[sent].to = to;
  narration->events[sent].is_lost = true;  // until it arrives
  return sent;
}

std::size_t Environment::tell_end(Chooser from, Chooser to) {
  if (!is_telling()) return SIZE_MAX;
  for (StoryEvent& event : std::views::reverse(narration->events)) {
    if (event.at != now) break;
    const bool is_of_these = event.lane == from || event.lane == to;
    if (!is_of_these) continue;
    if (event.kind != StoryEvent::Kind::send || event.lane != from) break;
    if (event.to != to) continue;
    if (event.text.ends_with('\n')) event.text.pop_back();
    event.text += ", FIN";
    return SIZE_MAX;  // it arrives with them
  }
  return tell_sending(from, to, "FIN");
}

void Environment::tell_arrival(std::size_t sent, Chooser lane, std::string text) {
  if (sent == SIZE_MAX || !is_telling()) return;
  narration->events[sent].is_lost = false;
  const std::size_t arrived = tell(StoryEvent::Kind::arrive, lane, std::move(text));
  narration->events[arrived].from_event = sent;
}

void Environment::trace(const char* what, std::uint64_t subject, std::uint64_t detail) {
  std::string line = std::to_string(static_cast<std::int64_t>(now)) + " ns ";
  line.append(what).append(" ").append(std::to_string(subject));
  line.append(" ").append(std::to_string(detail));
  narration->trace.push_back(std::move(line));
}

}  // namespace lastword::sim
