#include "sim/readable.h"

#include <algorithm>
#include <array>

namespace lastword::sim {

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t behind = 3; behind < text.size(); behind += 4) {
    text.insert(text.size() - behind, ",");
  }
  return text;
}

std::string readable(std::chrono::microseconds span) {
  struct Unit {
    std::uint64_t microseconds;
    std::string_view word;
  };
  static constexpr std::uint64_t second = 1'000'000;
  static constexpr std::array units{Unit{.microseconds = second * 86'400 * 365, .word = " y"},
                                    Unit{.microseconds = second * 86'400, .word = " d"},
                                    Unit{.microseconds = second * 3'600, .word = " h"},
                                    Unit{.microseconds = second * 60, .word = " min"},
                                    Unit{.microseconds = second, .word = " s"}};
  const auto left = static_cast<std::uint64_t>(std::max<std::int64_t>(span.count(), 0));
  if (left < second) return std::to_string(left / 1000) + " ms";
  if (left < 60 * second) {
    const std::uint64_t tenths = left / (second / 10);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
  }
  std::size_t place = 0;
  while (left < units[place].microseconds) ++place;
  const Unit& large = units[place];
  const Unit& small = units[place + 1];  // there is one: what is below a minute went out above
  const std::uint64_t rest = left % large.microseconds / small.microseconds;
  return grouped(left / large.microseconds) + std::string{large.word} + " " + std::to_string(rest) +
         std::string{small.word};
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view several) {
  return grouped(number) + " " + std::string{number == 1 ? one : several};
}

std::string hexadecimal(std::uint64_t number) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t place = text.size(); place-- > 0; number >>= 4)
    text[place] = digits[number & 15];
  return text;
}

std::string aligned(const std::vector<std::vector<std::string>>& rows, std::size_t left_columns) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], row[column].size());
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string padding(widths[column] - row[column].size(), ' ');
      const bool is_left = column < left_columns;
      const bool is_last = column + 1 == row.size();
      text += "  ";
      if (!is_left) text += padding;
      text += row[column];
      if (is_left && !is_last) text += padding;
    }
    text += "\n";
  }
  return text;
}

}  // namespace lastword::sim
