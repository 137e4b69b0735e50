// Shapes and texts of an SVG picture, each as a piece of its source. `css` is a class of the page's
// style, places are in pixels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lastword::sim::svg {

struct Point {
  double x = 0;
  double y = 0;
};

// Where the place of a text is in it.
enum class Anchor : std::uint8_t { start, middle, end };

// With one decimal.
[[nodiscard]] std::string digits(double value);
// For an element or an attribute, of a page too.
[[nodiscard]] std::string escape(std::string_view text);

[[nodiscard]] std::string line(std::string_view css, Point from, Point to);
[[nodiscard]] std::string circle(std::string_view css, Point at, double radius);
[[nodiscard]] std::string polygon(std::string_view css, const std::vector<Point>& points);
// From its upper left corner to its lower right one.
[[nodiscard]] std::string rectangle(std::string_view css, Point from, Point to);
// An open one.
[[nodiscard]] std::string polyline(std::string_view css, const std::vector<Point>& points);
[[nodiscard]] std::string text_at(std::string_view css, Point at, Anchor anchor,
                                  std::string_view text);

// The head of an arrow from one point to another, which must not be the same, of class "head".
[[nodiscard]] std::string arrow_head(Point from, Point to);
// Of class "cross".
[[nodiscard]] std::string cross(Point at);
// Of class "bolt".
[[nodiscard]] std::string lightning(Point at);

}  // namespace lastword::sim::svg
