// The rows in which a story is told as text: which events share one, and which can be left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/story.h"

namespace lastword::sim {

// What a row shows. An arrow is whole, or only one end of it: then its line is solid at that end
// and dashed at the other.
enum class Shape : std::uint8_t { point, whole, leaving, arriving, lost };

struct Row {
  const StoryEvent* event;  // of a whole arrow the send
  Shape shape = Shape::point;
  std::size_t from = 0;  // lanes; of a point both the same
  std::size_t to = 0;
  std::string text;
  std::size_t events = 1;  // that it tells
  bool is_concerned = false;

  [[nodiscard]] bool is_arrow() const { return shape != Shape::point; }
};

// The rows point into the story. A send and the arrival that follows it directly share one; the two
// ends of any other arrow have one each, and the same number in front of their texts.
[[nodiscard]] std::vector<Row> rows_of(const Story& story);

// For each row whether it is told: all that have to do with the broken property, then those nearest
// to them until there are `rows_max`. 0: all.
[[nodiscard]] std::vector<bool> are_told(const std::vector<Row>& rows, std::size_t rows_max);

}  // namespace lastword::sim
