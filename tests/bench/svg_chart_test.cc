#include "svg_chart.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lastword::bench {
namespace {

std::size_t count_of(const std::string& text, std::string_view piece) {
  std::size_t count = 0;
  for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
    ++count;
  }
  return count;
}

// The figure behind each `name="`.
std::vector<double> attributes_of(const std::string& svg, const std::string& name) {
  std::vector<double> figures;
  const std::string start = " " + name + "=\"";
  for (std::size_t at = svg.find(start); at != std::string::npos; at = svg.find(start, at + 1)) {
    const std::string figure = svg.substr(at + start.size(), 1);
    if (figure != "-" && (figure < "0" || figure > "9")) continue;
    figures.push_back(std::stod(svg.substr(at + start.size())));
  }
  return figures;
}

void expect_inside(const std::string& svg) {
  const double width = attributes_of(svg, "width").front();
  const double height = attributes_of(svg, "height").front();
  for (const char* const name : {"x", "x1", "x2", "cx"}) {
    for (const double x : attributes_of(svg, name)) EXPECT_TRUE(x >= 0 && x <= width) << name << x;
  }
  for (const char* const name : {"y", "y1", "y2", "cy"}) {
    for (const double y : attributes_of(svg, name)) EXPECT_TRUE(y >= 0 && y <= height) << name << y;
  }
  EXPECT_EQ(count_of(svg, "<text"), count_of(svg, "</text>"));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

BarChart two_bars() {
  return {.title = "bars",
          .subtitle = "a < b & c",
          .unit = "ratio",
          .series = {{.name = "one", .color = "#111111"}, {.name = "two", .color = "#222333"}},
          .groups = {{.label = "first",
                      .marks = {Mark{.middle = 2, .least = 1.5, .greatest = 4}, std::nullopt},
                      .target = 1.25}}};
}

TEST(SvgChart, DrawsABarForEachMarkAndItsTarget) {
  const std::string svg = svg_of(two_bars());
  expect_inside(svg);
  // Once in the legend, and one bar: the second series has no mark.
  EXPECT_EQ(count_of(svg, "fill=\"#111111\""), 2U);
  EXPECT_EQ(count_of(svg, "fill=\"#222333\""), 1U);
  EXPECT_EQ(count_of(svg, ">2.00</text>"), 1U);
}

TEST(SvgChart, EscapesWhatXmlWouldTakeForItsOwn) {
  EXPECT_EQ(count_of(svg_of(two_bars()), "a &lt; b &amp; c"), 1U);
}

TEST(SvgChart, DrawsACurveThroughAllPoints) {
  CurveChart chart{.title = "curves",
                   .subtitle = {},
                   .x_unit = "connections",
                   .y_unit = "ns",
                   .curves = {{.series = {.name = "a", .color = "#123456"}, .points = {}}},
                   .limit = 512,
                   .limit_name = "at most 512"};
  for (const double x : {10.0, 100.0, 10000.0}) {
    chart.curves[0].points.push_back({.x = x, .y = {.middle = x, .least = x / 2, .greatest = x}});
  }
  for (const bool is_logarithmic : {false, true}) {
    chart.is_y_logarithmic = is_logarithmic;
    const std::string svg = svg_of(chart);
    expect_inside(svg);
    EXPECT_EQ(count_of(svg, "<polyline"), 1U);
    EXPECT_EQ(count_of(svg, "<circle"), 3U);
    EXPECT_EQ(count_of(svg, "at most 512"), 1U);
  }
}

// Its figures leave no span for an axis but what the ticks add.
TEST(SvgChart, DrawsASinglePoint) {
  CurveChart chart{.title = "curves", .subtitle = {}, .x_unit = "x", .y_unit = "y", .curves = {}};
  chart.curves.push_back(
      {.series = {.name = "a", .color = "#123456"},
       .points = {{.x = 100, .y = {.middle = 100, .least = 100, .greatest = 100}}}});
  for (const bool is_logarithmic : {false, true}) {
    chart.is_y_logarithmic = is_logarithmic;
    const std::string svg = svg_of(chart);
    expect_inside(svg);
    EXPECT_EQ(count_of(svg, "nan"), 0U);
    EXPECT_EQ(count_of(svg, "inf"), 0U);
  }
}

TEST(SvgChart, DrawsARowForEachLabel) {
  const PercentileChart chart{
      .title = "latency",
      .subtitle = {},
      .unit = "us",
      .percentiles = {"p50", "p99"},
      .rows = {{.label = "a", .color = "#aaaaaa", .figures = {10, 1000}},
               {.label = "b", .color = "#bbbbbb", .figures = {20, 30}, .begins_a_group = true}}};
  const std::string svg = svg_of(chart);
  expect_inside(svg);
  EXPECT_EQ(count_of(svg, ">a</text>"), 1U);
  EXPECT_EQ(count_of(svg, ">b</text>"), 1U);
  EXPECT_EQ(count_of(svg, "<circle"), 6U);  // two in the legend
}

}  // namespace
}  // namespace lastword::bench
