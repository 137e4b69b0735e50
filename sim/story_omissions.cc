#include "sim/story_omissions.h"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastword::sim {

namespace {

using Kind = StoryEvent::Kind;

// An arrival is kept if and only if its send is.
void keep(Story& story, const std::vector<bool>& is_kept) {
  std::vector<std::size_t> new_place(story.events.size());
  std::vector<StoryEvent> events;
  for (std::size_t place = 0; place < story.events.size(); ++place) {
    if (!is_kept[place]) continue;
    new_place[place] = events.size();
    StoryEvent& event = story.events[place];
    if (event.from_event) event.from_event = new_place[*event.from_event];
    events.push_back(std::move(event));
  }
  story.events = std::move(events);
}

// --- Heartbeats --------------------------------------------------------------------------------

// The client at one of its ends; the server's lane if it has none.
std::size_t client_of(const Story& story, const StoryEvent& event) {
  if (event.kind == Kind::send) return event.lane + event.to;
  if (event.from_event) return event.lane + story.events[*event.from_event].lane;
  return event.lane;
}

// What stands between `begin` and `end`, or nothing.
std::string_view within(std::string_view text, std::string_view begin, std::string_view end) {
  if (!text.starts_with(begin) || !text.ends_with(end)) return {};
  if (text.size() <= begin.size() + end.size()) return {};
  text.remove_prefix(begin.size());
  text.remove_suffix(end.size());
  return text;
}

// A production client's question has a token of its own, which the answer repeats.
bool is_answer(std::string_view question, std::string_view answer) {
  if (question == "[ping]") return answer == "[pong]";
  struct Wording {
    std::string_view question, answer, end;
  };
  constexpr std::array<Wording, 2> wordings{
      {{"/ping lw-", "* pong lw-", "\n"}, {"[text: /ping lw-", "[text: * pong lw-", "]"}}};
  for (const Wording& wording : wordings) {
    const std::string_view token = within(question, wording.question, wording.end);
    const bool is_alone = !token.empty() && !token.contains('\n');
    if (is_alone && token == within(answer, wording.answer, wording.end)) return true;
  }
  return false;
}

// Sent, arrived, answered, and that arrived.
bool is_heartbeat(const Story& story, std::span<const std::size_t> four) {
  const StoryEvent& question = story.events[four[0]];
  const StoryEvent& arrived = story.events[four[1]];
  const StoryEvent& answer = story.events[four[2]];
  const StoryEvent& answered = story.events[four[3]];
  return question.kind == Kind::send && arrived.from_event == four[0] &&
         answer.kind == Kind::send && answered.from_event == four[2] &&
         question.lane == answer.to && is_answer(question.text, answer.text);
}

}  // namespace

void leave_out_others(Story& story) {
  std::vector<bool> is_about(story.lanes.size(), false);
  for (const Violation& violation : story.violations) {
    if (violation.clients.empty()) return;
    for (const std::size_t client : violation.clients) is_about[client] = true;
  }
  if (story.violations.empty()) return;
  is_about[0] = true;  // the server
  std::vector<bool> is_kept(story.events.size());
  for (std::size_t place = 0; place < story.events.size(); ++place) {
    const StoryEvent& event = story.events[place];
    const bool is_between_them =
        is_about[event.lane] && (event.kind != Kind::send || is_about[event.to]);
    const bool has_its_send = !event.from_event || is_about[story.events[*event.from_event].lane];
    is_kept[place] = is_between_them && has_its_send;
  }
  keep(story, is_kept);
  std::vector<std::size_t> new_lane(story.lanes.size());
  std::vector<std::string> lanes;
  for (std::size_t lane = 0; lane < story.lanes.size(); ++lane) {
    new_lane[lane] = lanes.size();
    if (is_about[lane]) lanes.push_back(std::move(story.lanes[lane]));
  }
  story.lanes = std::move(lanes);
  for (StoryEvent& event : story.events) {
    event.lane = new_lane[event.lane];
    if (event.kind == Kind::send) event.to = new_lane[event.to];
  }
}

void leave_out_heartbeats(Story& story) {
  std::vector<std::vector<std::size_t>> by_client(story.lanes.size());
  for (std::size_t place = 0; place < story.events.size(); ++place) {
    const std::size_t client = client_of(story, story.events[place]);
    if (client < by_client.size()) by_client[client].push_back(place);
  }
  std::vector<bool> is_kept(story.events.size(), true);
  constexpr std::size_t events_of_one = 4;
  for (const std::vector<std::size_t>& places : by_client) {
    for (std::size_t first = 0; first + events_of_one <= places.size(); ++first) {
      const auto four = std::span{places}.subspan(first, events_of_one);
      if (!is_heartbeat(story, four)) continue;
      for (const std::size_t place : four) is_kept[place] = false;
      first += events_of_one - 1;
    }
  }
  keep(story, is_kept);
}

}  // namespace lastword::sim
