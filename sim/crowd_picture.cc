#include "sim/crowd_picture.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/crowd_report.h"
#include "sim/readable.h"
#include "sim/svg.h"

namespace lastword::sim {

namespace {

using svg::Anchor;
using svg::Point;

// The file's own pixels.
constexpr double width = 960;
constexpr double height = 500;
constexpr double left = 78;
constexpr double right = 882;
constexpr double top = 120;
constexpr double bottom = 420;
// Seconds before the signal that are shown.
constexpr double lead = 2;

constexpr std::string_view style = R"css(
svg { --paper: #ffffff; --ink: #1b2430; --soft: #596475; --line: #d5dae2; --answered: #1c5cc0;
  --refused: #a9c4ec; --online: #1c7a3d; --bound: #c01f2e; }
@media (prefers-color-scheme: dark) { svg { --paper: #14181e; --ink: #e6eaf0; --soft: #9aa6b6;
  --line: #333c48; --answered: #7db1ff; --refused: #34527f; --online: #74d696;
  --bound: #ff7d86; } }
text { font: 13px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--ink); }
text.title { font-size: 16px; font-weight: 600; }
text.soft, text.tick { fill: var(--soft); }
text.online { fill: var(--online); }
text.bound { fill: var(--bound); }
.paper { fill: var(--paper); }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--soft); stroke-width: 1; }
.answered { fill: var(--answered); }
.refused { fill: var(--refused); }
polyline.online, line.online { fill: none; stroke: var(--online); stroke-width: 2.5;
  stroke-linejoin: round; }
.limit { stroke: var(--bound); stroke-width: 2; stroke-dasharray: 8 5; }
.moment { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 2 4; }
)css";

// The least of 1, 2 and 5 times a power of ten by which an axis up to here has at most `ticks_max`.
std::uint64_t tick_for(std::uint64_t end, std::uint64_t ticks_max) {
  constexpr std::array<std::uint64_t, 3> factors{1, 2, 5};
  for (std::uint64_t power = 1;; power *= 10) {
    for (const std::uint64_t factor : factors) {
      if (end / (factor * power) <= ticks_max) return factor * power;
    }
  }
}

std::uint64_t most_of(const std::vector<CrowdSecond>& seconds) {
  return std::ranges::max(seconds, {}, &CrowdSecond::attempts).attempts;
}

class Picture {
 public:
  Picture(const CrowdPlan& plan, const CrowdResult& result)
      : plan_{plan},
        result_{result},
        seconds_{seconds_of(result)},
        x_end_{std::max<std::uint64_t>(seconds_.size(), 5)},
        bound_{attempts_max_for(plan, std::chrono::seconds{1})},
        attempts_end_{std::max(bound_, most_of(seconds_)) * 21 / 20},
        online_end_{std::uint64_t{plan.clients} * 5 / 4} {}

  [[nodiscard]] std::string source() {
    begin();
    draw_axes();
    draw_bars();
    draw_bound();
    draw_online();
    draw_moments();
    draw_legend();
    return out_ + "</svg>\n";
  }

 private:
  void add(const std::string& piece) { out_ += piece + "\n"; }

  [[nodiscard]] double x_of(Duration at) const {
    const double seconds = std::chrono::duration<double>{at}.count();
    return left + (right - left) * (seconds + lead) / (static_cast<double>(x_end_) + lead);
  }
  [[nodiscard]] double x_of(std::size_t second) const {
    return x_of(std::chrono::seconds{static_cast<std::int64_t>(second)});
  }
  static double y_of(std::uint64_t count, std::uint64_t end) {
    return bottom - (bottom - top) * static_cast<double>(count) / static_cast<double>(end);
  }

  [[nodiscard]] std::string title() const {
    return counted(plan_.clients, "client", "clients") + " lose their server to " +
           (plan_.is_killed ? "SIGKILL" : "SIGTERM") + " and come back";
  }

  void begin() {
    const std::string size = svg::digits(width) + " " + svg::digits(height);
    add(R"(<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 )" + size + R"(">)");
    add("<title>" + svg::escape(title()) + "</title>");
    add("<style>" + std::string{style} + "</style>");
    add(svg::rectangle("paper", {.x = 0, .y = 0}, {.x = width, .y = height}));
    add(svg::text_at("title", {.x = left, .y = 28}, Anchor::start, title()));
  }

  void draw_axes() {
    constexpr std::uint64_t rows_max = 6;
    constexpr std::uint64_t columns_max = 16;
    const std::uint64_t row = tick_for(attempts_end_, rows_max);
    for (std::uint64_t count = 0; count <= attempts_end_; count += row) {
      const double y = y_of(count, attempts_end_);
      add(svg::line("grid", {.x = left, .y = y}, {.x = right, .y = y}));
      add(svg::text_at("tick", {.x = left - 8, .y = y + 4}, Anchor::end, grouped(count)));
    }
    const std::uint64_t step = tick_for(online_end_, rows_max);
    for (std::uint64_t count = 0; count <= online_end_; count += step) {
      const double y = y_of(count, online_end_);
      add(svg::line("axis", {.x = right, .y = y}, {.x = right + 5, .y = y}));
      add(svg::text_at("online", {.x = right + 9, .y = y + 4}, Anchor::start, grouped(count)));
    }
    const std::uint64_t column = tick_for(x_end_, columns_max);
    for (std::uint64_t second = 0; second <= x_end_; second += column) {
      const double x = x_of(second);
      add(svg::line("axis", {.x = x, .y = bottom}, {.x = x, .y = bottom + 5}));
      add(svg::text_at("tick", {.x = x, .y = bottom + 20}, Anchor::middle, std::to_string(second)));
    }
    add(svg::line("axis", {.x = left, .y = bottom}, {.x = right, .y = bottom}));
    add(svg::line("axis", {.x = right, .y = top}, {.x = right, .y = bottom}));
    add(svg::text_at("soft", {.x = 8, .y = top - 14}, Anchor::start, "attempts/s"));
    add(svg::text_at("online", {.x = right + 9, .y = top - 14}, Anchor::start, "online"));
    add(svg::text_at("soft", {.x = (left + right) / 2, .y = bottom + 42}, Anchor::middle,
                     "seconds since the signal"));
  }

  void draw_bars() {
    constexpr double gap = 1;
    for (std::size_t place = 0; place < seconds_.size(); ++place) {
      const CrowdSecond& second = seconds_[place];
      const double from = x_of(place) + gap;
      const double to = std::max(x_of(place + 1) - gap, from + gap);
      const double above = y_of(second.attempts, attempts_end_);
      const double between = y_of(second.refused, attempts_end_);
      if (second.refused > 0) {
        add(svg::rectangle("refused", {.x = from, .y = between}, {.x = to, .y = bottom}));
      }
      if (second.attempts > second.refused) {
        add(svg::rectangle("answered", {.x = from, .y = above}, {.x = to, .y = between}));
      }
    }
  }

  void draw_bound() {
    const double y = y_of(bound_, attempts_end_);
    add(svg::line("limit", {.x = left, .y = y}, {.x = right, .y = y}));
    add(svg::text_at("bound", {.x = right - 6, .y = y + 16}, Anchor::end,
                     "the bound: " + grouped(bound_) + "/s"));
  }

  // In steps; a point for each pixel, and no more.
  void draw_online() {
    std::vector<Point> points;
    Point last{.x = left, .y = y_of(result_.online_before(), online_end_)};
    points.push_back(last);
    for (const CrowdResult::Online& online : result_.online) {
      const Point here{.x = x_of(online.at), .y = y_of(online.count, online_end_)};
      if (here.x >= points.back().x + 1) {
        points.push_back(last);
        points.push_back({.x = here.x, .y = last.y});
      }
      last = here;
    }
    points.push_back(last);
    points.push_back({.x = right, .y = last.y});
    add(svg::polyline("online", points));
  }

  void draw_moment(Duration at, double y, const std::string& words) {
    const double x = x_of(at);
    add(svg::line("moment", {.x = x, .y = y + 5}, {.x = x, .y = bottom}));
    add(svg::text_at("soft", {.x = x + 4, .y = y}, Anchor::start, words));
  }

  // Each on a line of its own, as two of them may be at one time.
  void draw_moments() {
    constexpr double first_line = 60;
    constexpr double line_height = 16;
    draw_moment(Duration::zero(), first_line, plan_.is_killed ? "SIGKILL" : "SIGTERM");
    if (result_.exited_at) {
      draw_moment(*result_.exited_at, first_line + line_height, "the process has ended");
    }
    if (result_.started_at) {
      draw_moment(*result_.started_at, first_line + 2 * line_height, "a new process starts");
    }
  }

  void draw_legend() {
    constexpr double y = 486;
    const auto entry = [&](std::string_view css, double x, std::string_view words) {
      add(svg::rectangle(css, {.x = x, .y = y - 10}, {.x = x + 14, .y = y + 1}));
      add(svg::text_at("soft", {.x = x + 20, .y = y}, Anchor::start, words));
    };
    entry("refused", left, "attempts, refused");
    entry("answered", left + 150, "attempts, taken");
    add(svg::line("online", {.x = left + 290, .y = y - 5}, {.x = left + 310, .y = y - 5}));
    add(svg::text_at("soft", {.x = left + 316, .y = y}, Anchor::start, "clients online"));
  }

  const CrowdPlan& plan_;
  const CrowdResult& result_;
  std::vector<CrowdSecond> seconds_;
  std::uint64_t x_end_;
  std::uint64_t bound_;  // for a second
  std::uint64_t attempts_end_;
  std::uint64_t online_end_;
  std::string out_;
};

}  // namespace

std::string crowd_picture(const CrowdPlan& plan, const CrowdResult& result) {
  return Picture{plan, result}.source();
}

}  // namespace lastword::sim
