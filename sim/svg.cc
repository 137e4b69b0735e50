#include "sim/svg.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace lastword::sim::svg {

std::string digits(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, 1);
  return {buffer.data(), end.ptr};
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char character : text) {
    switch (character) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += character;
    }
  }
  return out;
}

std::string line(std::string_view css, Point from, Point to) {
  return "<line class=\"" + std::string{css} + "\" x1=\"" + digits(from.x) + "\" y1=\"" +
         digits(from.y) + "\" x2=\"" + digits(to.x) + "\" y2=\"" + digits(to.y) + "\"/>";
}

std::string circle(std::string_view css, Point at, double radius) {
  return "<circle class=\"" + std::string{css} + "\" cx=\"" + digits(at.x) + "\" cy=\"" +
         digits(at.y) + "\" r=\"" + digits(radius) + "\"/>";
}

std::string polygon(std::string_view css, const std::vector<Point>& points) {
  std::string out = "<polygon class=\"" + std::string{css} + "\" points=\"";
  for (std::size_t place = 0; place < points.size(); ++place) {
    out += (place == 0 ? "" : " ") + digits(points[place].x) + "," + digits(points[place].y);
  }
  return out + "\"/>";
}

std::string rectangle(std::string_view css, Point from, Point to) {
  return "<rect class=\"" + std::string{css} + "\" x=\"" + digits(from.x) + "\" y=\"" +
         digits(from.y) + "\" width=\"" + digits(to.x - from.x) + "\" height=\"" +
         digits(to.y - from.y) + "\"/>";
}

std::string polyline(std::string_view css, const std::vector<Point>& points) {
  std::string out = "<polyline class=\"" + std::string{css} + "\" points=\"";
  for (std::size_t place = 0; place < points.size(); ++place) {
    out += (place == 0 ? "" : " ") + digits(points[place].x) + "," + digits(points[place].y);
  }
  return out + "\"/>";
}

std::string text_at(std::string_view css, Point at, Anchor anchor, std::string_view text) {
  static constexpr std::array<std::string_view, 3> words{"", " text-anchor=\"middle\"",
                                                         " text-anchor=\"end\""};
  return "<text class=\"" + std::string{css} + "\" x=\"" + digits(at.x) + "\" y=\"" + digits(at.y) +
         "\"" + std::string{words[static_cast<std::size_t>(anchor)]} + ">" + escape(text) +
         "</text>";
}

std::string arrow_head(Point from, Point to) {
  const double length = std::hypot(to.x - from.x, to.y - from.y);
  const Point along{.x = (to.x - from.x) / length, .y = (to.y - from.y) / length};
  const Point base{.x = to.x - 10 * along.x, .y = to.y - 10 * along.y};
  return polygon("head", {to,
                          {.x = base.x - 4.5 * along.y, .y = base.y + 4.5 * along.x},
                          {.x = base.x + 4.5 * along.y, .y = base.y - 4.5 * along.x}});
}

std::string cross(Point at) {
  constexpr double size = 5.5;
  return line("cross", {.x = at.x - size, .y = at.y - size}, {.x = at.x + size, .y = at.y + size}) +
         line("cross", {.x = at.x - size, .y = at.y + size}, {.x = at.x + size, .y = at.y - size});
}

std::string lightning(Point at) {
  constexpr std::array<Point, 6> shape = {{{2, -10}, {-6, 2}, {-1, 2}, {-3, 10}, {6, -3}, {1, -3}}};
  std::vector<Point> points;
  points.reserve(shape.size());
  for (const Point& corner : shape) {
    points.push_back({.x = at.x + corner.x, .y = at.y + corner.y});
  }
  return polygon("bolt", points);
}

}  // namespace lastword::sim::svg
