// The story as text: a picture of rows and columns. A lane is a vertical line; what happens in it
// stands to the right of the line. The text of an arrow stands in the leftmost column that the
// arrow passes, so that all talk with the server stands in one column:
//
//     1.000 ms  │◀── "bob: hi" ─────┤             │
//     2.000 ms  ├─── "hi" ──────────┼────────────▶│
//     3.000 ms  │                   ● connects    │
#include "sim/story.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "sim/display_text.h"
#include "sim/story_rows.h"

namespace lastword::sim {

namespace {

using Kind = StoryEvent::Kind;

constexpr std::size_t width_max = 108;  // of a line; the replay command alone may be longer
constexpr std::size_t margin_width = 2;
constexpr std::size_t lane_gap_min = 4;       // from one lane's line to the next one's
constexpr std::size_t arrow_gap_min = 24;     // where the texts of arrows stand
constexpr std::size_t arrow_trimmings = 8;    // what an arrow needs beside its text
constexpr std::size_t short_arrow_text = 28;  // so much of an arrow's text is room made for first,
constexpr std::size_t long_arrow_text = 60;   // and so much if there is room left
constexpr std::size_t point_text = 28;        // of what happens in one lane; it may run over others
constexpr std::size_t end_gap_min = 2;        // right of the last lane

std::string_view sign_of(Kind kind) {
  switch (kind) {
    case Kind::act:
    case Kind::send:
      return "●";
    case Kind::arrive:
      return "▸";
    case Kind::fault:
      return "⚡";
    case Kind::outcome:
      return "✘";
  }
  return "";
}

// --- The picture ------------------------------------------------------------------------------

// One line of the screen, filled cell by cell.
class Line {
 public:
  void put(std::size_t column, std::string_view character) {
    if (column >= cells_.size()) cells_.resize(column + 1, " ");
    cells_[column] = character;
  }

  void fill(std::size_t begin, std::size_t end, std::string_view character) {
    for (std::size_t column = begin; column < end; ++column) put(column, character);
  }

  // Gives back the column behind the text.
  std::size_t write(std::size_t column, std::string_view text) {
    for (const Glyph& glyph : glyphs(text)) {
      put(column, glyph.bytes);
      if (glyph.width == 2) put(column + 1, "");
      column += glyph.width;
    }
    return column;
  }

  [[nodiscard]] bool is_at(std::size_t column, std::string_view character) const {
    return column < cells_.size() && cells_[column] == character;
  }

  void append_to(std::string& out) const {
    std::string text;
    for (const std::string& cell : cells_) text += cell;
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }

 private:
  std::vector<std::string> cells_;
};

class Picture {
 public:
  Picture(const Story& story, const std::vector<Row>& rows, const std::vector<bool>& told) {
    for (const std::string& lane : story.lanes) names_.push_back(cut(printable(lane), 24));
    std::size_t number_width = 0;
    for (std::size_t place = 0; place < rows.size(); ++place) {
      if (!told[place]) continue;
      const SpanText time = span_text(rows[place].event->at - Instant{});
      number_width = std::max(number_width, time.number.size());
    }
    number_end_ = margin_width + number_width;
    lanes_begin_ = number_end_ + 5;  // a blank, the unit, two blanks
    lay_out(rows, told);
  }

  void append_heading(std::string& out) const;
  void append(std::string& out, const Row& row) const;
  void append_gap(std::string& out, std::size_t events) const;

 private:
  void lay_out(const std::vector<Row>& rows, const std::vector<bool>& told);
  [[nodiscard]] std::size_t heading_lines() const;
  [[nodiscard]] Line with_lanes(std::string_view character) const;
  void draw_arrow(Line& line, const Row& row) const;
  void draw_point(Line& line, const Row& row) const;

  std::vector<std::string> names_;
  std::size_t number_end_ = 0;
  std::size_t lanes_begin_ = 0;
  std::vector<std::size_t> columns_;  // of the lanes' lines; empty: too many lanes for a picture
};

// Gives every lane what it wants as long as there is room, all alike. Gives back what is used then.
std::size_t grow(std::vector<std::size_t>& room, const std::vector<std::size_t>& wanted,
                 std::size_t used) {
  for (bool has_grown = true; has_grown;) {
    has_grown = false;
    for (std::size_t lane = 0; lane < room.size() && used < width_max; ++lane) {
      if (room[lane] >= wanted[lane]) continue;
      ++room[lane];
      ++used;
      has_grown = true;
    }
  }
  return used;
}

void Picture::lay_out(const std::vector<Row>& rows, const std::vector<bool>& told) {
  const std::size_t lanes = names_.size();
  if (lanes == 0) return;
  // For each lane the room from its line to the next one's: what it must have, and what it would
  // like, the more important wishes first.
  std::vector<std::size_t> room(lanes, lane_gap_min);
  room.back() = end_gap_min;
  enum Wish : std::uint8_t { for_short_arrows, for_names, for_long_arrows, for_points };
  std::array<std::vector<std::size_t>, 4> wishes;
  wishes.fill(std::vector<std::size_t>(lanes, 0));
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    wishes[for_names][lane] = width_of(names_[lane]) + 2;
  }
  const auto wish = [&wishes](Wish kind, std::size_t lane, std::size_t columns) {
    wishes.at(kind)[lane] = std::max(wishes.at(kind)[lane], columns);
  };
  for (std::size_t place = 0; place < rows.size(); ++place) {
    if (!told[place]) continue;
    const Row& row = rows[place];
    const std::size_t lane = std::min(row.from, row.to);
    const std::size_t width = width_of(row.text);
    if (row.is_arrow()) {
      room[lane] = arrow_gap_min;
      wish(for_short_arrows, lane, std::min(width, short_arrow_text) + arrow_trimmings + 1);
      wish(for_long_arrows, lane, std::min(width, long_arrow_text) + arrow_trimmings + 1);
    } else {
      wish(for_points, lane, std::min(width, point_text) + 4);
    }
  }
  std::size_t used = lanes_begin_;
  for (const std::size_t columns : room) used += columns;
  if (used > width_max) return;
  for (const std::vector<std::size_t>& wanted : wishes) used = grow(room, wanted, used);
  std::size_t column = lanes_begin_;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    columns_.push_back(column);
    column += room[lane];
  }
}

Line Picture::with_lanes(std::string_view character) const {
  Line line;
  for (const std::size_t column : columns_) line.put(column, character);
  return line;
}

// Names that are too wide to stand side by side stand below one another, like stairs.
std::size_t Picture::heading_lines() const {
  for (std::size_t lines = 1; lines < names_.size(); ++lines) {
    bool is_enough = true;
    for (std::size_t lane = 0; lane + lines < names_.size(); ++lane) {
      if (columns_[lane] + width_of(names_[lane]) >= columns_[lane + lines]) is_enough = false;
    }
    if (is_enough) return lines;
  }
  return std::max<std::size_t>(names_.size(), 1);
}

void Picture::append_heading(std::string& out) const {
  if (columns_.empty()) return;
  const std::size_t lines = heading_lines();
  for (std::size_t step = 0; step < lines; ++step) {
    Line line;
    for (std::size_t lane = 0; lane < names_.size(); ++lane) {
      if (lane % lines < step) line.put(columns_[lane], "│");
    }
    for (std::size_t lane = step; lane < names_.size(); lane += lines) {
      const std::size_t column = columns_[lane];
      line.write(column, cut(names_[lane], width_max - column));
    }
    line.append_to(out);
  }
}

void Picture::append_gap(std::string& out, std::size_t events) const {
  const std::string text = "... " + std::to_string(events) +
                           (events == 1 ? " event left out ..." : " events left out ...");
  Line line = with_lanes("┊");
  const std::size_t column = (columns_.empty() ? lanes_begin_ : columns_.front() + 2);
  const std::size_t end = line.write(column, text);
  if (!columns_.empty()) line.put(end, " ");
  line.append_to(out);
}

void Picture::append(std::string& out, const Row& row) const {
  Line line = with_lanes("│");
  if (row.is_concerned) line.put(0, "▌");
  const SpanText time = span_text(row.event->at - Instant{});
  line.write(number_end_ - time.number.size(), time.number);
  line.write(number_end_ + 1, time.unit);
  if (!columns_.empty() && row.is_arrow()) {
    draw_arrow(line, row);
  } else if (!columns_.empty()) {
    draw_point(line, row);
  } else {
    std::string text{row.is_arrow() ? "" : std::string{sign_of(row.event->kind)} + " "};
    text += names_[row.from];
    if (row.is_arrow()) {
      constexpr std::array<std::string_view, 5> arrows = {"", "──▶", "──▷", "╌╌▶", "──✕"};
      text += " ";
      text += arrows.at(static_cast<std::size_t>(row.shape));
      text += " " + names_[row.to];
    }
    text += ": " + row.text;
    line.write(lanes_begin_, cut(text, width_max - lanes_begin_));
  }
  line.append_to(out);
}

// Towards the right, from the lane at the left end (`begin`) to that at the right one (`end`):
//
//   whole     ├─── text ───┼───▶│       and to the left   │◀── text ───┼────┤
//   leaving   ├─── text ╌╌╌╌╌╌╌▷│                         │◁╌╌ text ───┼────┤
//   arriving  │╌╌╌ text ───┼───▶│                         │◀── text ╌╌╌╌╌╌╌╌│
//   lost      ├─── text ───┼─✕  │                         │ ✕─ text ───┼────┤
void Picture::draw_arrow(Line& line, const Row& row) const {
  const bool is_rightwards = row.from < row.to;
  const std::size_t begin = columns_[std::min(row.from, row.to)];
  const std::size_t end = columns_[std::max(row.from, row.to)];
  // The text, which may run over lanes that the arrow passes, and what lies left and right of it.
  const std::string text = cut(row.text, end - begin - 1 - arrow_trimmings);
  const std::size_t text_begin = begin + 4;
  const std::size_t text_end = text_begin + (text.empty() ? 0 : width_of(text) + 2);

  const bool is_left_dashed = row.shape == (is_rightwards ? Shape::arriving : Shape::leaving);
  const bool is_right_dashed = row.shape == (is_rightwards ? Shape::leaving : Shape::arriving);
  line.fill(begin + 1, text_begin, is_left_dashed ? "╌" : "─");
  for (std::size_t column = text_end; column < end; ++column) {
    const bool is_lane = line.is_at(column, "│");
    if (is_right_dashed) {
      if (!is_lane) line.put(column, "╌");
    } else {
      line.put(column, is_lane ? "┼" : "─");
    }
  }
  if (!text.empty()) {
    line.write(text_begin, " " + text + " ");
  }

  const bool has_left = row.shape != Shape::arriving;
  if (has_left) line.put(is_rightwards ? begin : end, is_rightwards ? "├" : "┤");
  if (row.shape == Shape::lost) {
    line.put(is_rightwards ? end - 1 : begin + 1, " ");
    line.put(is_rightwards ? end - 2 : begin + 2, "✕");
  } else if (row.shape == Shape::leaving) {
    line.put(is_rightwards ? end - 1 : begin + 1, is_rightwards ? "▷" : "◁");
  } else {
    line.put(is_rightwards ? end - 1 : begin + 1, is_rightwards ? "▶" : "◀");
  }
}

// To the right of the lane, over the lines of others if need be; where there is not enough room
// and more of it on the left, there.
void Picture::draw_point(Line& line, const Row& row) const {
  const std::size_t column = columns_[row.from];
  const std::string_view sign = sign_of(row.event->kind);
  const std::size_t sign_end = column + width_of(sign);
  const std::size_t width = width_of(row.text);
  const std::size_t right = width_max - std::min(width_max, sign_end + 1);
  const std::size_t left = column - lanes_begin_ - std::min<std::size_t>(column - lanes_begin_, 2);
  if (width <= right || right >= left) {
    line.put(sign_end, " ");
    const std::size_t end = line.write(sign_end + 1, cut(row.text, right));
    if (end < width_max) line.put(end, " ");
  } else {
    const std::string text = cut(row.text, left);
    const std::size_t begin = column - 1 - width_of(text);
    if (begin > lanes_begin_) line.put(begin - 1, " ");
    line.put(line.write(begin, text), " ");
  }
  line.write(column, sign);
}

// --- Above and below the picture --------------------------------------------------------------

void append_wrapped(std::string& out, std::string_view indentation, std::string_view text) {
  for (const std::string& line : wrap(text, width_max - indentation.size())) {
    out.append(indentation).append(line).append("\n");
  }
}

// The signs that occur.
void append_legend(std::string& out, const std::vector<Row>& rows, const std::vector<bool>& told) {
  std::array<bool, 6> is_needed{};
  constexpr std::array<std::string_view, 6> items = {
      "▌ has to do with what broke", "──▷ leaves now, arrives later (#)",
      "╌╌▶ left earlier (#)",        "──✕ never arrives",
      "⚡ comes from outside",       "✘ broken",
  };
  for (std::size_t place = 0; place < rows.size(); ++place) {
    if (!told[place]) continue;
    const Row& row = rows[place];
    is_needed[0] = is_needed[0] || row.is_concerned;
    is_needed[1] = is_needed[1] || row.shape == Shape::leaving;
    is_needed[2] = is_needed[2] || row.shape == Shape::arriving;
    is_needed[3] = is_needed[3] || row.shape == Shape::lost;
    is_needed[4] = is_needed[4] || row.event->kind == Kind::fault;
    is_needed[5] = is_needed[5] || row.event->kind == Kind::outcome;
  }
  std::string line;
  for (std::size_t item = 0; item < items.size(); ++item) {
    if (!is_needed.at(item)) continue;
    if (!line.empty() && width_of(line) + 3 + width_of(items.at(item)) > width_max) {
      out += line + "\n";
      line.clear();
    }
    if (!line.empty()) line += "   ";
    line += items.at(item);
  }
  if (!line.empty()) out += line + "\n\n";
}

void append_violations(std::string& out, const Story& story) {
  if (story.violations.empty()) out += "\nNothing is broken.\n";
  for (const Violation& violation : story.violations) {
    out += "\n";
    append_wrapped(out, "",
                   std::string{short_name(violation.property)} +
                       " broken: " + std::string{sentence(violation.property)});
    std::string_view rest = violation.text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      append_wrapped(out, "  ", printable(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
}

// One below the other; many of them in several columns, read downwards.
void append_choices(std::string& out, const Story& story) {
  if (story.choices.empty()) return;
  out += "\nThe choices that are not boring:\n";
  constexpr std::size_t single_column_max = 8;
  constexpr std::size_t room = width_max - 2;
  std::vector<std::string> choices;
  std::size_t widest = 0;
  for (const std::string& choice : story.choices) {
    choices.push_back(cut(printable(choice), room));
    widest = std::max(widest, width_of(choices.back()));
  }
  const std::size_t columns =
      choices.size() <= single_column_max ? 1 : std::max<std::size_t>(1, (room + 3) / (widest + 3));
  const std::size_t lines = (choices.size() + columns - 1) / columns;
  for (std::size_t line = 0; line < lines; ++line) {
    Line cells;
    for (std::size_t column = 0; line + column * lines < choices.size(); ++column) {
      cells.write(2 + column * (widest + 3), choices[line + column * lines]);
    }
    cells.append_to(out);
  }
}

}  // namespace

std::size_t row_count(const Story& story) { return rows_of(story).size(); }

std::string to_text(const Story& story, std::size_t rows_max) {
  const std::vector<Row> rows = rows_of(story);
  const std::vector<bool> told = are_told(rows, rows_max);
  std::string out;
  append_wrapped(out, "", printable(story.scenario) + ": " + printable(story.title));
  out += "\n";
  append_legend(out, rows, told);
  const Picture picture{story, rows, told};
  picture.append_heading(out);
  std::size_t left_out = 0;
  for (std::size_t place = 0; place < rows.size(); ++place) {
    if (!told[place]) {
      left_out += rows[place].events;
      continue;
    }
    if (left_out > 0) picture.append_gap(out, std::exchange(left_out, 0));
    picture.append(out, rows[place]);
  }
  if (left_out > 0) picture.append_gap(out, left_out);
  append_violations(out, story);
  append_choices(out, story);
  if (!story.replay.empty()) out += "\nTell it again:\n  " + printable(story.replay) + "\n";
  return out;
}

}  // namespace lastword::sim
