#include "svg_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iomanip>
#include <sstream>

namespace lastword::bench {

namespace {

constexpr const char* dark = "#222222";
constexpr const char* pale = "#dddddd";
constexpr const char* accent = "#b00020";  // of targets and limits
constexpr double margin = 24;
constexpr double title_height = 68;
constexpr double legend_row_height = 22;
constexpr double axis_height = 52;
// Of the font below at its size: an upper bound for what is written here, so that nothing overlaps.
constexpr double letter_width = 7.6;

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      default:
        safe += letter;
    }
  }
  return safe;
}

// Without places where there are none: "1000", "1.5", "0.25".
std::string tick_text(double figure) {
  std::ostringstream text;
  text << std::setprecision(6) << figure;
  if (figure >= 1e6) {
    text.str("");
    text << std::setprecision(4) << figure / 1e6 << " M";
  }
  return text.str();
}

std::string short_text(double figure) {
  std::ostringstream text;
  const int places = figure < 10 ? 2 : figure < 100 ? 1 : 0;
  text << std::fixed << std::setprecision(places) << figure;
  return text.str();
}

struct Place {
  double x = 0;
  double y = 0;
};

enum class Anchor { start, middle, end };

class Drawing {
 public:
  Drawing(double width, double height) {
    out_ << std::fixed << std::setprecision(1);
    out_ << R"(<svg xmlns="http://www.w3.org/2000/svg" width=")" << width << R"(" height=")"
         << height << R"(" viewBox="0 0 )" << width << ' ' << height
         << R"(" font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="13">)" << '\n'
         << R"(<rect width="100%" height="100%" fill="#ffffff"/>)" << '\n';
  }

  void text(Place at, const std::string& words, Anchor anchor = Anchor::start,
            const std::string& more = {}) {
    const char* const anchor_name = anchor == Anchor::start    ? "start"
                                    : anchor == Anchor::middle ? "middle"
                                                               : "end";
    out_ << "<text x=\"" << at.x << "\" y=\"" << at.y << "\" text-anchor=\"" << anchor_name
         << "\" fill=\"" << dark << "\" " << more << '>' << escaped(words) << "</text>\n";
  }

  void line(Place from, Place to, const std::string& color, double width = 1,
            bool is_dashed = false) {
    out_ << "<line x1=\"" << from.x << "\" y1=\"" << from.y << "\" x2=\"" << to.x << "\" y2=\""
         << to.y << "\" stroke=\"" << color << "\" stroke-width=\"" << width << '"'
         << (is_dashed ? " stroke-dasharray=\"6 4\"" : "") << "/>\n";
  }

  void box(Place corner, Place size, const std::string& color) {
    out_ << "<rect x=\"" << corner.x << "\" y=\"" << corner.y << "\" width=\"" << size.x
         << "\" height=\"" << size.y << "\" fill=\"" << color << "\"/>\n";
  }

  // sign: 0 to 3, for four percentiles.
  void sign(Place at, const std::string& color, std::size_t sign) {
    constexpr double radius = 5;
    if (sign == 0) {
      out_ << "<circle cx=\"" << at.x << "\" cy=\"" << at.y << "\" r=\"" << radius << "\" fill=\""
           << color << "\"/>\n";
    } else if (sign == 1) {
      out_ << "<circle cx=\"" << at.x << "\" cy=\"" << at.y << "\" r=\"" << radius
           << R"(" fill="#ffffff" stroke=")" << color << R"(" stroke-width="2"/>)" << '\n';
    } else if (sign == 2) {
      box({.x = at.x - 1.5, .y = at.y - 8}, {.x = 3, .y = 16}, color);
    } else {
      box({.x = at.x - 4, .y = at.y - 4}, {.x = 8, .y = 8}, color);
    }
  }

  void curve(const std::vector<Place>& places, const Series& series) {
    out_ << R"(<polyline fill="none" stroke=")" << series.color << R"(" stroke-width="2")"
         << (series.is_dashed ? " stroke-dasharray=\"6 4\"" : "") << " points=\"";
    for (const Place& at : places) out_ << at.x << ',' << at.y << ' ';
    out_ << "\"/>\n";
  }

  void heading(const std::string& title, const std::string& subtitle) {
    text({.x = margin, .y = 30}, title, Anchor::start, R"(font-size="18" font-weight="bold")");
    text({.x = margin, .y = 52}, subtitle);
  }

  std::string finish() {
    out_ << "</svg>\n";
    return out_.str();
  }

 private:
  std::ostringstream out_;
};

// From figures to places along an axis.
struct Scale {
  double figure_min = 0;
  double figure_max = 1;
  double place_min = 0;
  double place_max = 1;
  bool is_logarithmic = false;

  [[nodiscard]] double at(double figure) const {
    const auto bent = [&](double value) { return is_logarithmic ? std::log10(value) : value; };
    const double share = (bent(figure) - bent(figure_min)) / (bent(figure_max) - bent(figure_min));
    return place_min + share * (place_max - place_min);
  }
};

// Some round figures from 0 to at least `figure_max`, the last one being the end of the axis.
std::vector<double> linear_ticks(double figure_max) {
  constexpr double ticks_wanted = 6;
  const double raw = std::max(figure_max, 1e-9) / ticks_wanted;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double candidate : {1.0, 2.0, 2.5, 5.0}) {
    if (candidate * power >= raw) {
      step = candidate * power;
      break;
    }
  }
  std::vector<double> ticks{0};
  while (ticks.back() < figure_max) ticks.push_back(static_cast<double>(ticks.size()) * step);
  return ticks;
}

// 1, 2, 5, 10, ... around the figures, at least two; only powers of ten where these would be many.
std::vector<double> logarithmic_ticks(double figure_min, double figure_max) {
  const double decades = std::log10(figure_max / figure_min);
  const std::vector<double> steps =
      decades > 2.2 ? std::vector<double>{1} : std::vector<double>{1, 2, 5};
  std::vector<double> ticks;
  for (double power = std::pow(10, std::floor(std::log10(figure_min)));; power *= 10) {
    for (const double step : steps) {
      const double tick = step * power;
      // Of those that are too small only the last is kept.
      if (tick <= figure_min) ticks.clear();
      ticks.push_back(tick);
      if (tick >= figure_max && ticks.size() > 1) return ticks;
    }
  }
}

struct LegendEntry {
  Series series;
  std::size_t sign = 0;
};

enum class Key { box, stroke, sign };

// Entries side by side, in as many rows as it takes. Returns the y below them.
double draw_legend(Drawing& drawing, const std::vector<LegendEntry>& entries, Key key,
                   double width) {
  Place at{.x = margin, .y = title_height + 8};
  constexpr double key_width = 30;
  for (const LegendEntry& entry : entries) {
    const double entry_width =
        key_width + letter_width * static_cast<double>(entry.series.name.size()) + 16;
    if (at.x > margin && at.x + entry_width > width - margin) {
      at = {.x = margin, .y = at.y + legend_row_height};
    }
    switch (key) {
      case Key::box:
        drawing.box({.x = at.x, .y = at.y - 10}, {.x = 20, .y = 12}, entry.series.color);
        break;
      case Key::stroke:
        drawing.line({.x = at.x, .y = at.y - 4}, {.x = at.x + 24, .y = at.y - 4},
                     entry.series.color, 3, entry.series.is_dashed);
        break;
      case Key::sign:
        drawing.sign({.x = at.x + 12, .y = at.y - 4}, entry.series.color, entry.sign);
        break;
    }
    drawing.text({.x = at.x + key_width, .y = at.y}, entry.series.name);
    at.x += entry_width;
  }
  return at.y + legend_row_height;
}

// How high draw_legend's rows are together, by the same rule.
double legend_height(const std::vector<LegendEntry>& entries, double width) {
  Drawing nowhere(width, 0);
  return draw_legend(nowhere, entries, Key::box, width) - title_height;
}

void draw_axis_below(Drawing& drawing, const Scale& scale, const std::vector<double>& ticks,
                     Place vertical, const std::string& unit) {
  for (const double tick : ticks) {
    const double x = scale.at(tick);
    drawing.line({.x = x, .y = vertical.x}, {.x = x, .y = vertical.y}, pale);
    drawing.text({.x = x, .y = vertical.y + 18}, tick_text(tick), Anchor::middle);
  }
  drawing.text({.x = (scale.place_min + scale.place_max) / 2, .y = vertical.y + 40}, unit,
               Anchor::middle);
}

double longest(const std::vector<std::string>& labels) {
  std::size_t size = 0;
  for (const std::string& label : labels) size = std::max(size, label.size());
  return letter_width * static_cast<double>(size);
}

// Right of the bar and its spread, and of the target's tick where that would go through it.
double place_of_figure(const Scale& scale, const Mark& mark, std::optional<double> target) {
  constexpr double gap = 8;
  constexpr double figure_width = 5 * letter_width;
  const double place = scale.at(mark.greatest) + gap;
  if (!target) return place;
  const double tick = scale.at(*target);
  return tick > place - gap && tick < place + figure_width ? tick + gap : place;
}

}  // namespace

std::string svg_of(const BarChart& chart) {
  constexpr double width = 920;
  constexpr double bar_height = 15;
  constexpr double group_gap = 16;
  constexpr double figure_width = 60;  // right of a bar

  std::vector<LegendEntry> legend;
  legend.reserve(chart.series.size() + 1);
  for (const Series& series : chart.series) legend.push_back({.series = series});
  legend.push_back({.series = {.name = "target: at most", .color = accent}});
  std::vector<std::string> labels;
  double figure_max = chart.reference;
  std::size_t bars = 0;
  for (const BarChart::Group& group : chart.groups) {
    labels.push_back(group.label);
    figure_max = std::max(figure_max, group.target.value_or(0));
    for (const std::optional<Mark>& mark : group.marks) {
      if (!mark) continue;
      ++bars;
      figure_max = std::max(figure_max, mark->greatest);
    }
  }
  const double top = title_height + legend_height(legend, width) + 8;
  const double bottom = top + bar_height * static_cast<double>(bars) +
                        group_gap * static_cast<double>(chart.groups.size());
  Drawing drawing(width, bottom + axis_height);
  drawing.heading(chart.title, chart.subtitle);
  draw_legend(drawing, legend, Key::box, width);

  const std::vector<double> ticks = linear_ticks(figure_max);
  const double left = margin + longest(labels) + 12;
  const Scale scale{.figure_min = 0,
                    .figure_max = ticks.back(),
                    .place_min = left,
                    .place_max = width - margin - figure_width};
  draw_axis_below(drawing, scale, ticks, {.x = top, .y = bottom}, chart.unit);
  drawing.line({.x = scale.at(chart.reference), .y = top},
               {.x = scale.at(chart.reference), .y = bottom}, dark, 1.5);
  double y = top + group_gap / 2;
  for (const BarChart::Group& group : chart.groups) {
    const double group_top = y;
    for (std::size_t i = 0; i < group.marks.size(); ++i) {
      const std::optional<Mark>& mark = group.marks[i];
      if (!mark) continue;
      const double middle = y + bar_height / 2;
      drawing.box({.x = left, .y = y + 1},
                  {.x = scale.at(mark->middle) - left, .y = bar_height - 2}, chart.series[i].color);
      drawing.line({.x = scale.at(mark->least), .y = middle},
                   {.x = scale.at(mark->greatest), .y = middle}, dark, 2);
      for (const double end : {mark->least, mark->greatest}) {
        drawing.line({.x = scale.at(end), .y = middle - 4}, {.x = scale.at(end), .y = middle + 4},
                     dark, 2);
      }
      drawing.text({.x = place_of_figure(scale, *mark, group.target), .y = middle + 5},
                   short_text(mark->middle));
      y += bar_height;
    }
    drawing.text({.x = left - 10, .y = (group_top + y) / 2 + 5}, group.label, Anchor::end);
    if (group.target) {
      drawing.line({.x = scale.at(*group.target), .y = group_top - 4},
                   {.x = scale.at(*group.target), .y = y + 4}, accent, 3);
    }
    y += group_gap;
  }
  return drawing.finish();
}

std::string svg_of(const CurveChart& chart) {
  constexpr double width = 920;
  constexpr double plot_height = 360;

  std::vector<LegendEntry> legend;
  double x_min = INFINITY;
  double x_max = 0;
  double y_min = INFINITY;
  double y_max = 0;
  for (const CurveChart::Curve& curve : chart.curves) {
    legend.push_back({.series = curve.series});
    for (const CurveChart::Point& point : curve.points) {
      x_min = std::min(x_min, point.x);
      x_max = std::max(x_max, point.x);
      y_min = std::min(y_min, point.y.least);
      y_max = std::max(y_max, point.y.greatest);
    }
  }
  if (chart.limit) {
    legend.push_back({.series = {.name = chart.limit_name, .color = accent}});
    y_min = std::min(y_min, *chart.limit);
    y_max = std::max(y_max, *chart.limit);
  }
  const double top = title_height + legend_height(legend, width) + 12;
  const double bottom = top + plot_height;
  Drawing drawing(width, bottom + axis_height);
  drawing.heading(chart.title, chart.subtitle);
  draw_legend(drawing, legend, Key::stroke, width);

  const std::vector<double> x_ticks = logarithmic_ticks(x_min, x_max);
  const std::vector<double> y_ticks =
      chart.is_y_logarithmic ? logarithmic_ticks(y_min, y_max) : linear_ticks(y_max);
  std::vector<std::string> y_labels;
  y_labels.reserve(y_ticks.size());
  for (const double tick : y_ticks) y_labels.push_back(tick_text(tick));
  const double left = margin + 24 + longest(y_labels);
  const Scale across{.figure_min = x_ticks.front(),
                     .figure_max = x_ticks.back(),
                     .place_min = left,
                     .place_max = width - margin - 20,
                     .is_logarithmic = true};
  const Scale up{.figure_min = y_ticks.front(),
                 .figure_max = y_ticks.back(),
                 .place_min = bottom,
                 .place_max = top,
                 .is_logarithmic = chart.is_y_logarithmic};
  draw_axis_below(drawing, across, x_ticks, {.x = top, .y = bottom}, chart.x_unit);
  for (std::size_t i = 0; i < y_ticks.size(); ++i) {
    const double y = up.at(y_ticks[i]);
    drawing.line({.x = left, .y = y}, {.x = across.place_max, .y = y}, pale);
    drawing.text({.x = left - 8, .y = y + 5}, y_labels[i], Anchor::end);
  }
  std::ostringstream turned;
  turned << "transform=\"rotate(-90 " << margin << ' ' << (top + bottom) / 2 << ")\"";
  drawing.text({.x = margin, .y = (top + bottom) / 2}, chart.y_unit, Anchor::middle, turned.str());
  if (chart.limit) {
    drawing.line({.x = left, .y = up.at(*chart.limit)},
                 {.x = across.place_max, .y = up.at(*chart.limit)}, accent, 2);
  }
  for (const CurveChart::Curve& curve : chart.curves) {
    std::vector<Place> places;
    for (const CurveChart::Point& point : curve.points) {
      const Place at{.x = across.at(point.x), .y = up.at(point.y.middle)};
      drawing.line({.x = at.x, .y = up.at(point.y.least)},
                   {.x = at.x, .y = up.at(point.y.greatest)}, curve.series.color, 1.5);
      places.push_back(at);
    }
    drawing.curve(places, curve.series);
    for (const Place& at : places) drawing.sign(at, curve.series.color, curve.series.is_dashed);
  }
  return drawing.finish();
}

std::string svg_of(const PercentileChart& chart) {
  constexpr double width = 920;
  constexpr double row_height = 24;
  constexpr double group_gap = 14;

  std::vector<LegendEntry> legend;
  legend.reserve(chart.percentiles.size());
  for (std::size_t i = 0; i < chart.percentiles.size(); ++i) {
    legend.push_back({.series = {.name = chart.percentiles[i], .color = dark}, .sign = i});
  }
  std::vector<std::string> labels;
  double figure_min = INFINITY;
  double figure_max = 0;
  double rows_height = group_gap;
  for (const PercentileChart::Row& row : chart.rows) {
    labels.push_back(row.label);
    rows_height += row_height + (row.begins_a_group ? group_gap : 0);
    for (const double figure : row.figures) {
      figure_min = std::min(figure_min, figure);
      figure_max = std::max(figure_max, figure);
    }
  }
  const double top = title_height + legend_height(legend, width) + 8;
  const double bottom = top + rows_height;
  Drawing drawing(width, bottom + axis_height);
  drawing.heading(chart.title, chart.subtitle);
  draw_legend(drawing, legend, Key::sign, width);
  const std::vector<double> ticks = logarithmic_ticks(figure_min, figure_max);
  const double left = margin + longest(labels) + 12;
  const Scale scale{.figure_min = ticks.front(),
                    .figure_max = ticks.back(),
                    .place_min = left,
                    .place_max = width - margin - 30,
                    .is_logarithmic = true};
  draw_axis_below(drawing, scale, ticks, {.x = top, .y = bottom}, chart.unit);
  double y = top + group_gap / 2;
  for (const PercentileChart::Row& row : chart.rows) {
    if (row.begins_a_group) y += group_gap;
    const double middle = y + row_height / 2;
    drawing.text({.x = left - 10, .y = middle + 5}, row.label, Anchor::end);
    drawing.line({.x = scale.at(row.figures.front()), .y = middle},
                 {.x = scale.at(row.figures.back()), .y = middle}, row.color, 3);
    for (std::size_t i = 0; i < row.figures.size(); ++i) {
      drawing.sign({.x = scale.at(row.figures[i]), .y = middle}, row.color, i);
    }
    y += row_height;
  }
  return drawing.finish();
}

}  // namespace lastword::bench
