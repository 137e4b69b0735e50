#include "sim/story_rows.h"

#include <algorithm>
#include <limits>
#include <span>

#include "core/check.h"
#include "sim/display_text.h"

namespace lastword::sim {

namespace {

using Kind = StoryEvent::Kind;

const StoryEvent& send_of(const Story& story, std::size_t place) {
  const std::size_t from = *story.events[place].from_event;
  LASTWORD_CHECK(from < place);
  LASTWORD_CHECK(story.events[from].kind == Kind::send);
  return story.events[from];
}

bool is_crossing(const StoryEvent& send, const StoryEvent& arrive) {
  return send.lane != arrive.lane;
}

// The events, by their places in the story, in the order in which they are told: an arrival follows
// its send directly, unless its lane saw something else meanwhile, or the sender did something else
// than sending. What each lane sees keeps its order.
std::vector<std::size_t> order_of(const Story& story) {
  std::vector<std::size_t> order;
  order.reserve(story.events.size());
  for (std::size_t place = 0; place < story.events.size(); ++place) {
    const StoryEvent& event = story.events[place];
    auto where = order.end();
    if (event.kind == Kind::arrive && event.from_event) {
      const StoryEvent& send = send_of(story, place);
      auto from = order.end();
      while (from != order.begin() && *(from - 1) != *event.from_event) {
        const StoryEvent& between = story.events[*--from];
        const bool is_on_its_way = between.kind == Kind::send || between.kind == Kind::arrive;
        if (between.lane == event.lane || (between.lane == send.lane && !is_on_its_way)) {
          from = order.end();
          break;
        }
      }
      where = from;
    }
    order.insert(where, place);
  }
  return order;
}

// Whether the event told here is the arrival of the one told directly before it.
bool follows_its_send(const Story& story, std::span<const std::size_t> order, std::size_t told) {
  if (told == 0 || told >= order.size()) return false;
  const StoryEvent& event = story.events[order[told]];
  if (event.kind != Kind::arrive || event.from_event != order[told - 1]) return false;
  const StoryEvent& send = send_of(story, order[told]);
  return !send.is_lost && is_crossing(send, event);
}

Row row_of(const Story& story, std::span<const std::size_t> order, std::size_t told) {
  const std::size_t place = order[told];
  const StoryEvent& event = story.events[place];
  LASTWORD_CHECK(event.lane < story.lanes.size());
  Row row{.event = &event,
          .from = event.lane,
          .to = event.lane,
          .text = printable(event.text),
          .is_concerned = event.is_concerned || event.kind == Kind::outcome};
  if (event.kind == Kind::send) {
    LASTWORD_CHECK(event.to < story.lanes.size());
    row.to = event.to;
    if (event.to == event.lane) return row;
    row.shape = event.is_lost ? Shape::lost : Shape::leaving;
    if (follows_its_send(story, order, told + 1)) {
      const StoryEvent& arrive = story.events[order[told + 1]];
      row.shape = Shape::whole;
      row.to = arrive.lane;
      row.events = 2;
      row.is_concerned = row.is_concerned || arrive.is_concerned;
      if (const std::string text = printable(arrive.text); row.text.empty()) {
        row.text = text;
      } else if (!text.empty() && text != row.text) {
        row.text += ", " + text;
      }
    }
  } else if (event.kind == Kind::arrive && event.from_event) {
    const StoryEvent& send = send_of(story, place);
    if (row.text.empty()) row.text = printable(send.text);
    if (!is_crossing(send, event)) return row;
    row.shape = Shape::arriving;
    row.from = send.lane;
  }
  return row;
}

// Both ends of an arrow that has two rows get its number, and are concerned alike.
void number_the_ends(std::vector<Row>& rows, const std::vector<std::size_t>& row_of_event) {
  std::vector<std::size_t> numbers(rows.size(), 0);
  std::size_t numbers_used = 0;
  for (std::size_t place = 0; place < rows.size(); ++place) {
    Row& row = rows[place];
    if (row.shape != Shape::arriving) continue;
    const std::size_t send = row_of_event[*row.event->from_event];
    row.is_concerned = rows[send].is_concerned = row.is_concerned || rows[send].is_concerned;
    if (numbers[send] == 0) {
      numbers[send] = ++numbers_used;
      rows[send].text = "#" + std::to_string(numbers[send]) + " " + rows[send].text;
    }
    row.text = "#" + std::to_string(numbers[send]) + " " + row.text;
  }
}

// How many rows each is away from one that has to do with the broken property; where there is
// none, from the beginning or the end.
std::vector<std::size_t> distances(const std::vector<Row>& rows) {
  constexpr auto far = std::numeric_limits<std::size_t>::max() / 2;
  std::vector<std::size_t> distance(rows.size(), far);
  bool is_any_concerned = false;
  for (std::size_t place = 0; place < rows.size(); ++place) {
    if (!rows[place].is_concerned) continue;
    is_any_concerned = true;
    distance[place] = 0;
  }
  if (!is_any_concerned && !rows.empty()) distance.front() = distance.back() = 1;
  for (std::size_t place = 1; place < rows.size(); ++place) {
    distance[place] = std::min(distance[place], distance[place - 1] + 1);
  }
  for (std::size_t place = rows.size(); place-- > 1;) {
    distance[place - 1] = std::min(distance[place - 1], distance[place] + 1);
  }
  return distance;
}

}  // namespace

std::vector<Row> rows_of(const Story& story) {
  const std::vector<std::size_t> order = order_of(story);
  std::vector<Row> rows;
  std::vector<std::size_t> row_of_event(story.events.size());
  for (std::size_t told = 0; told < order.size(); ++told) {
    if (!follows_its_send(story, order, told)) rows.push_back(row_of(story, order, told));
    row_of_event[order[told]] = rows.size() - 1;
  }
  number_the_ends(rows, row_of_event);
  return rows;
}

std::vector<bool> are_told(const std::vector<Row>& rows, std::size_t rows_max) {
  if (rows_max == 0 || rows.size() <= rows_max) return std::vector<bool>(rows.size(), true);
  const std::vector<std::size_t> distance = distances(rows);
  std::vector<std::size_t> nearest_first(rows.size());
  for (std::size_t place = 0; place < rows.size(); ++place) nearest_first[place] = place;
  std::ranges::stable_sort(nearest_first, {},
                           [&distance](std::size_t place) { return distance[place]; });
  std::vector<bool> told(rows.size(), false);
  std::size_t count = 0;
  for (const std::size_t place : nearest_first) {
    if (distance[place] > 0 && count >= rows_max) break;
    told[place] = true;
    ++count;
  }
  return told;
}

}  // namespace lastword::sim
