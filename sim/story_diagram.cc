// Lanes are vertical lines, time goes downwards, every event has a row for itself, and each row has
// at most one text: so no two can overlap. A text stands above the beginning of its arrow, or
// beside the sign of what happened in one lane.
#include "sim/story_diagram.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "sim/display_text.h"
#include "sim/svg.h"

namespace lastword::sim {

namespace {

using Kind = StoryEvent::Kind;
using svg::Anchor;
using svg::Point;

// All in pixels but those that end in `_columns`.
constexpr double column_width = 7.3;  // of a fixed-width font of 12 pixels, a little generous
constexpr double row_height = 27;
constexpr double text_line_height = 15;  // of the second and third line of a text
constexpr double break_height = 34;
constexpr double heading_height = 34;
constexpr double lane_gap_min = 96;
constexpr double lane_gap_max = 230;  // where no text asks for more
constexpr double page_width_min = 1060;
constexpr double room_right_min = 190;  // of the last lane
constexpr std::size_t arrow_text_columns = 56;
constexpr std::size_t point_text_columns = 62;
constexpr std::size_t point_lines_max = 3;
constexpr std::size_t name_columns = 18;
constexpr Duration long_wait = std::chrono::seconds{1};  // is shown as a break

double width_in_pixels(std::string_view text) {
  return column_width * static_cast<double>(width_of(text));
}

std::string time_of(const StoryEvent& event) { return span_text(event.at - Instant{}).both(); }

class Diagram {
 public:
  explicit Diagram(const Story& story)
      : story_{story}, arrival_(story.events.size()), is_concerned_(story.events.size(), false) {
    for (const std::string& lane : story.lanes)
      names_.push_back(cut(printable(lane), name_columns));
    match_ends();
    place_lanes();
    place_rows();
  }

  void append_to(std::string& out) const;

 private:
  void match_ends();
  void place_lanes();
  void place_rows();
  [[nodiscard]] bool is_long_wait(std::size_t place) const;
  [[nodiscard]] bool is_travelling(const StoryEvent& event) const {
    return event.kind == Kind::send && event.to != event.lane;
  }
  [[nodiscard]] Point at(std::size_t place) const {
    return {.x = lanes_[story_.events[place].lane], .y = rows_[place]};
  }
  [[nodiscard]] std::string time_column() const;
  [[nodiscard]] std::string group(std::size_t place, std::string_view css) const;
  [[nodiscard]] std::string title(std::size_t place) const;
  [[nodiscard]] std::string arrow(std::size_t place) const;
  [[nodiscard]] std::string later_arrow(std::size_t place) const;
  [[nodiscard]] std::string arrow_text(std::size_t place) const;
  [[nodiscard]] std::string point(std::size_t place) const;

  // What happens in one lane: its text, and on which side of the lane there is room for it.
  struct PointText {
    Anchor anchor = Anchor::start;
    std::vector<std::string> lines;
  };
  [[nodiscard]] PointText point_text(const StoryEvent& event) const;
  [[nodiscard]] bool is_told_in_a_point(std::size_t place) const;

  const Story& story_;
  std::vector<std::optional<std::size_t>> arrival_;  // of a send: its first arrival
  std::vector<std::string> names_;
  std::vector<bool> is_concerned_;
  bool is_any_concerned_ = false;
  double time_end_ = 0;
  std::vector<double> lanes_;  // x
  std::vector<double> rows_;   // y
  double width_ = page_width_min;
  double height_ = 0;
};

// Both ends of an arrow are concerned alike.
void Diagram::match_ends() {
  for (std::size_t place = 0; place < story_.events.size(); ++place) {
    const StoryEvent& event = story_.events[place];
    LASTWORD_CHECK(event.lane < story_.lanes.size());
    LASTWORD_CHECK(event.kind != Kind::send || event.to < story_.lanes.size());
    if (event.is_concerned || event.kind == Kind::outcome) {
      is_concerned_[place] = true;
      // Where nothing but the outcome is marked, everything is told strongly.
      is_any_concerned_ = is_any_concerned_ || event.kind != Kind::outcome;
    }
    if (event.kind != Kind::arrive || !event.from_event) continue;
    LASTWORD_CHECK(*event.from_event < place);
    LASTWORD_CHECK(story_.events[*event.from_event].kind == Kind::send);
    if (!arrival_[*event.from_event]) arrival_[*event.from_event] = place;
    if (is_concerned_[place]) is_concerned_[*event.from_event] = true;
    if (is_concerned_[*event.from_event]) is_concerned_[place] = true;
  }
}

// As far apart as the texts of the arrows between them ask for.
void Diagram::place_lanes() {
  double time_width = 0;
  for (const StoryEvent& event : story_.events) {
    time_width = std::max(time_width, width_in_pixels(time_of(event)));
  }
  time_end_ = 22 + time_width;
  if (names_.empty()) return;
  std::vector<std::vector<double>> text_width(names_.size(), std::vector<double>(names_.size(), 0));
  for (const StoryEvent& event : story_.events) {
    if (!is_travelling(event)) continue;
    double& width = text_width[std::max(event.lane, event.to)][std::min(event.lane, event.to)];
    width = std::max(width, width_in_pixels(cut(printable(event.text), arrow_text_columns)));
  }
  const double gap =
      std::clamp(900 / static_cast<double>(names_.size()), lane_gap_min, lane_gap_max);
  lanes_.push_back(time_end_ + std::max(48.0, width_in_pixels(names_[0]) / 2 + 24));
  for (std::size_t lane = 1; lane < names_.size(); ++lane) {
    const double names = (width_in_pixels(names_[lane - 1]) + width_in_pixels(names_[lane])) / 2;
    double x = lanes_.back() + std::max(gap, names + 36);
    for (std::size_t other = 0; other < lane; ++other) {
      if (text_width[lane][other] > 0)
        x = std::max(x, lanes_[other] + text_width[lane][other] + 36);
    }
    lanes_.push_back(x);
  }
  width_ = std::max(page_width_min, lanes_.back() + room_right_min);
}

void Diagram::place_rows() {
  double y = 6;
  for (std::size_t place = 0; place < story_.events.size(); ++place) {
    if (is_long_wait(place)) y += break_height;
    y += row_height;
    rows_.push_back(y);
    if (!is_told_in_a_point(place)) continue;
    const std::size_t lines = point_text(story_.events[place]).lines.size();
    y += text_line_height * static_cast<double>(lines - 1);
  }
  height_ = y + row_height;
}

bool Diagram::is_long_wait(std::size_t place) const {
  return place > 0 && story_.events[place].at - story_.events[place - 1].at >= long_wait;
}

bool Diagram::is_told_in_a_point(std::size_t place) const {
  const StoryEvent& event = story_.events[place];
  if (is_travelling(event)) return false;
  if (event.kind != Kind::arrive || !event.from_event) return true;
  const std::string& sent = story_.events[*event.from_event].text;
  return !event.text.empty() && printable(event.text) != printable(sent);
}

Diagram::PointText Diagram::point_text(const StoryEvent& event) const {
  const double right = width_ - lanes_[event.lane] - 24;
  const double left = lanes_[event.lane] - time_end_ - 40;
  const std::string text = printable(event.text);
  const bool is_right = right >= std::min(width_in_pixels(text),
                                          static_cast<double>(point_text_columns) * column_width) ||
                        right >= left;
  const double room = std::max(is_right ? right : left, 8 * column_width);
  const std::size_t columns =
      std::min(point_text_columns, static_cast<std::size_t>(room / column_width));
  PointText told{.anchor = is_right ? Anchor::start : Anchor::end, .lines = wrap(text, columns)};
  if (told.lines.size() > point_lines_max) {
    told.lines.resize(point_lines_max);
    told.lines.back() = cut(told.lines.back() + " …", columns);
  }
  return told;
}

// The group of what belongs to one event, with what is shown when the pointer rests on it.
std::string Diagram::group(std::size_t place, std::string_view css) const {
  const bool is_pale = is_any_concerned_ && !is_concerned_[place];
  return "<g class=\"" + std::string{css} + (is_pale ? " other" : "") + "\"><title>" +
         title(place) + "</title>";
}

std::string Diagram::title(std::size_t place) const {
  const StoryEvent& event = story_.events[place];
  std::string text = time_of(event) + ", " + printable(story_.lanes[event.lane]);
  if (is_travelling(event)) text += " to " + printable(story_.lanes[event.to]);
  text += ": " + printable(event.text);
  if (is_travelling(event)) {
    if (event.is_lost) {
      text += " (never arrives)";
    } else if (arrival_[place]) {
      text += " (arrives at " + time_of(story_.events[*arrival_[place]]) + ")";
    } else {
      text += " (still on its way)";
    }
  }
  return svg::escape(text);
}

// FIN and RST look different from bytes.
std::string_view travelling_class(const StoryEvent& event) {
  if (event.text.starts_with("FIN")) return "fin";
  if (event.text.starts_with("RST")) return "rst";
  return "bytes";
}

std::string Diagram::arrow(std::size_t place) const {
  const StoryEvent& event = story_.events[place];
  const Point from = at(place);
  std::string css = "arrow " + std::string{travelling_class(event)};
  std::string drawn;
  if (!event.is_lost && arrival_[place] && story_.events[*arrival_[place]].lane != event.lane) {
    const Point to = at(*arrival_[place]);
    const double shorter = to.x > from.x ? -2 : 2;
    const Point end{.x = to.x + shorter, .y = to.y};
    drawn = svg::line("shaft", from, end) + svg::arrow_head(from, end);
  } else {
    // It ends on its way.
    const double way = lanes_[event.to] - from.x;
    const double x = lanes_[event.to] - std::copysign(34, way);
    const Point end{.x = x, .y = from.y + row_height * 0.6};
    css += event.is_lost ? " lost" : " travelling";
    drawn = svg::line("shaft", from, end) +
            (event.is_lost ? svg::cross(end) : svg::arrow_head(from, end));
  }
  return group(place, css) + drawn + svg::circle("tail", from, 2.5) + "</g>\n";
}

// What was sent at once may arrive in pieces: to each but the first.
std::string Diagram::later_arrow(std::size_t place) const {
  const std::size_t sent = *story_.events[place].from_event;
  const Point from = at(sent);
  const Point to = at(place);
  return group(place, "arrow " + std::string{travelling_class(story_.events[sent])}) +
         svg::line("shaft", from, to) + svg::arrow_head(from, to) + "</g>\n";
}

std::string Diagram::arrow_text(std::size_t place) const {
  const StoryEvent& event = story_.events[place];
  const bool is_rightwards = event.to > event.lane;
  const Point from{.x = at(place).x + (is_rightwards ? 9 : -9), .y = at(place).y - 5};
  return group(place,
               "arrow " + std::string{travelling_class(event)} + (event.is_lost ? " lost" : "")) +
         svg::text_at("label", from, is_rightwards ? Anchor::start : Anchor::end,
                      cut(printable(event.text), arrow_text_columns)) +
         "</g>\n";
}

std::string Diagram::point(std::size_t place) const {
  const StoryEvent& event = story_.events[place];
  const Point here = at(place);
  std::string css = "act";
  std::string drawn;
  switch (event.kind) {
    case Kind::act:
    case Kind::send:
    case Kind::arrive:
      drawn = svg::circle("dot", here, 4);
      break;
    case Kind::fault:
      css = "fault";
      drawn = svg::circle("halo", here, 11) + svg::lightning(here);
      break;
    case Kind::outcome:
      css = "outcome";
      drawn = svg::circle("ring", here, 9) + svg::cross(here);
      break;
  }
  const PointText text = point_text(event);
  const double distance = event.kind == Kind::act ? 11 : 16;
  const double x = here.x + (text.anchor == Anchor::start ? distance : -distance);
  for (std::size_t place_of_line = 0; place_of_line < text.lines.size(); ++place_of_line) {
    const double y = here.y + 4 + text_line_height * static_cast<double>(place_of_line);
    drawn += svg::text_at("label", {.x = x, .y = y}, text.anchor, text.lines[place_of_line]);
  }
  return group(place, css) + drawn + "</g>\n";
}

std::string Diagram::time_column() const {
  std::string out;
  std::string last;
  for (std::size_t place = 0; place < story_.events.size(); ++place) {
    const StoryEvent& event = story_.events[place];
    if (is_long_wait(place)) {
      const double middle = rows_[place] - row_height - break_height / 2 + 10;
      const std::string waited = span_text(event.at - story_.events[place - 1].at).both() + " pass";
      for (const double x : lanes_) {
        out += svg::line("gap", {.x = x, .y = middle - 13}, {.x = x, .y = middle + 13});
        out += svg::line("dots", {.x = x, .y = middle - 12}, {.x = x, .y = middle + 13});
      }
      out += svg::line("wait", {.x = 12, .y = middle}, {.x = width_ - 12, .y = middle});
      out += svg::text_at("waited", {.x = lanes_[0] + 14, .y = middle + 4}, Anchor::start, waited) +
             "\n";
    }
    const bool is_concerned = is_concerned_[place];
    const double y = rows_[place];
    if (is_concerned) {
      out += svg::line("concerned", {.x = 5, .y = y - row_height / 2},
                       {.x = 5, .y = y + row_height / 2});
    }
    const std::string time = time_of(event);
    if (time != last || is_long_wait(place)) {
      out += svg::text_at(is_concerned ? "time strong" : "time", {.x = time_end_, .y = y + 4},
                          Anchor::end, time);
    }
    out += "\n";
    last = time;
  }
  return out;
}

void Diagram::append_to(std::string& out) const {
  const auto open = [this, &out](std::string_view css, double height, std::string_view label) {
    out += "<svg class=\"" + std::string{css} + R"(" role="img" aria-label=")" +
           std::string{label} + "\" width=\"" + svg::digits(width_) + "\" height=\"" +
           svg::digits(height) + "\" viewBox=\"0 0 " + svg::digits(width_) + " " +
           svg::digits(height) + "\">\n";
  };
  out += "<div class=\"diagram\">\n";
  open("heading", heading_height, "Names of the lanes");
  out += svg::text_at("time", {.x = time_end_, .y = 22}, Anchor::end, "time");
  for (std::size_t lane = 0; lane < names_.size(); ++lane) {
    const double width = width_in_pixels(names_[lane]) + 20;
    out += "<g><title>" + svg::escape(printable(story_.lanes[lane])) +
           R"(</title><rect class="name" x=")" + svg::digits(lanes_[lane] - width / 2) +
           R"(" y="5" width=")" + svg::digits(width) +
           R"(" height="25" rx="5"/><text class="name" x=")" + svg::digits(lanes_[lane]) +
           R"(" y="22" text-anchor="middle">)" + svg::escape(names_[lane]) + "</text></g>\n";
  }
  out += "</svg>\n";
  open("events", height_, "Space-time diagram; the same is told as text below");
  for (const double x : lanes_) out += svg::line("lane", {.x = x, .y = 0}, {.x = x, .y = height_});
  out += "\n" + time_column();
  // Texts come last: their halo covers the lines that they cross.
  for (std::size_t place = 0; place < story_.events.size(); ++place) {
    const StoryEvent& event = story_.events[place];
    if (is_travelling(event)) out += arrow(place);
    if (event.kind == Kind::arrive && event.from_event && arrival_[*event.from_event] != place) {
      out += later_arrow(place);
    }
  }
  for (std::size_t place = 0; place < story_.events.size(); ++place) {
    if (is_travelling(story_.events[place])) {
      out += arrow_text(place);
    } else if (is_told_in_a_point(place)) {
      out += point(place);
    }
  }
  out += "</svg>\n</div>\n";
}

}  // namespace

void append_diagram(std::string& out, const Story& story) { Diagram{story}.append_to(out); }

}  // namespace lastword::sim
