// Three kinds of charts as SVG: bars with a spread, curves, and rows of percentiles. Dark text on
// white, nothing that has to be fetched. All text that comes in is escaped.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace lastword::bench {

struct Series {
  std::string name;
  std::string color;  // of SVG: "#1f77b4"
  bool is_dashed = false;
};

// A figure with its spread; the middle lies between the ends.
struct Mark {
  double middle = 0;
  double least = 0;
  double greatest = 0;
};

// Horizontal bars in groups, from 0 on a linear scale.
struct BarChart {
  struct Group {
    std::string label;
    std::vector<std::optional<Mark>> marks;  // by series
    std::optional<double> target;            // a tick across the group's bars
  };
  std::string title;
  std::string subtitle;
  std::string unit;  // what the axis shows
  std::vector<Series> series;
  std::vector<Group> groups;
  double reference = 1;  // a line down the whole chart
};
[[nodiscard]] std::string svg_of(const BarChart& chart);

// Curves over a logarithmic axis.
struct CurveChart {
  struct Point {
    double x = 0;
    Mark y;
  };
  struct Curve {
    Series series;
    std::vector<Point> points;  // by rising x
  };
  std::string title;
  std::string subtitle;
  std::string x_unit;
  std::string y_unit;
  std::vector<Curve> curves;
  bool is_y_logarithmic = false;
  std::optional<double> limit{};  // a line across, said in the legend
  std::string limit_name{};
};
[[nodiscard]] std::string svg_of(const CurveChart& chart);

// A row for each label: a line from its first percentile to its last, with a sign for each, over a
// logarithmic axis.
struct PercentileChart {
  struct Row {
    std::string label;
    std::string color;
    std::vector<double> figures;  // by percentile, rising
    bool begins_a_group = false;  // is set off from the row above
  };
  std::string title;
  std::string subtitle;
  std::string unit;
  std::vector<std::string> percentiles;  // at most four
  std::vector<Row> rows;
};
[[nodiscard]] std::string svg_of(const PercentileChart& chart);

}  // namespace lastword::bench
