// A small terminal for the tests: as much of xterm as the line editor makes use of.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/utf8.h"
#include "net/terminal_keys.h"

namespace lastword {

// What is on the screen after bytes were written to it. It has as many rows as are needed: nothing
// scrolls away. Lines that were too long are broken anew when the width changes, as most terminals
// do it.
class Screen {
 public:
  explicit Screen(std::size_t columns) : columns_{columns} {}

  void write(std::string_view bytes) {
    held_ += bytes;
    while (!held_.empty()) {
      const std::size_t size = take(held_);
      if (size == 0) return;
      held_.erase(0, size);
    }
  }

  // Each row without its trailing blanks, and none of the empty ones at the end.
  [[nodiscard]] std::vector<std::string> rows() const {
    std::vector<std::string> texts;
    for (const Row& row : rows_) {
      std::u32string cells = row.cells;
      std::erase(cells, right_half);
      while (cells.ends_with(U' ')) cells.pop_back();
      texts.push_back(to_utf8(cells));
    }
    while (!texts.empty() && texts.back().empty()) texts.pop_back();
    return texts;
  }
  [[nodiscard]] std::size_t cursor_row() const { return row_; }
  [[nodiscard]] std::size_t cursor_column() const { return column_; }
  [[nodiscard]] int bells() const { return bells_; }
  // The parameters of all SGR sequences, each with a blank behind it.
  [[nodiscard]] const std::string& colours() const { return colours_; }

  void resize(std::size_t columns) {
    const std::vector<Row> before = std::move(rows_);
    const std::size_t cursor_row = row_;
    const std::size_t cursor_column = column_;
    rows_ = {Row{}};
    row_ = column_ = 0;
    columns_ = columns;
    std::size_t new_row = 0;
    std::size_t new_column = 0;
    for (std::size_t at = 0; at < before.size(); ++at) {
      if (at > 0 && !before[at].is_continued) put("\r\n");
      std::u32string cells = before[at].cells;
      const bool goes_on = at + 1 < before.size() && before[at + 1].is_continued;
      while (!goes_on && cells.ends_with(U' ')) cells.pop_back();
      if (at == cursor_row) cells.resize(std::max(cells.size(), cursor_column + 1), U' ');
      for (std::size_t cell = 0; cell < cells.size(); ++cell) {
        if (cells[cell] == right_half) continue;
        put_character(cells[cell]);
        if (at != cursor_row || cell != cursor_column) continue;
        new_row = row_;
        new_column = column_ - 1;
      }
    }
    row_ = new_row;
    column_ = new_column;
  }

 private:
  static constexpr char32_t right_half = 0xFFFF;  // of a character that is two cells wide

  struct Row {
    std::u32string cells;
    bool is_continued = false;  // begins where the row above was full
  };

  static std::size_t width_of(char32_t value) { return value >= 0x1100 && value < 0xFFFD ? 2 : 1; }

  void put(std::string_view bytes) {
    while (!bytes.empty()) bytes.remove_prefix(take(bytes));
  }

  // How many bytes were understood; 0 if more have to come.
  std::size_t take(std::string_view bytes) {
    switch (bytes.front()) {
      case '\r':
        column_ = 0;
        return 1;
      case '\n':
        go_to_row(row_ + 1);
        rows_[row_].is_continued = false;
        return 1;
      case '\b':
        column_ -= column_ > 0 ? 1 : 0;
        return 1;
      case '\t':
        column_ = std::min((column_ | 7U) + 1, columns_ - 1);
        return 1;
      case '\a':
        ++bells_;
        return 1;
      case '\x1b':
        return take_sequence(bytes);
      default:
        break;
    }
    const auto front = decode_front(bytes);
    if (!front) return 0;
    EXPECT_FALSE(is_control_character(front->value)) << static_cast<unsigned>(front->value);
    put_character(front->value);
    return front->size;
  }

  std::size_t take_sequence(std::string_view bytes) {
    const std::size_t end = bytes.find_first_not_of("0123456789;?", 2);
    if (bytes.size() < 3 || end == std::string_view::npos) return 0;
    EXPECT_EQ(bytes[1], '[');
    const std::string number{bytes.substr(2, end - 2)};
    const std::size_t count = number.empty() ? 1 : std::stoul(number);
    std::u32string& cells = rows_[row_].cells;
    switch (bytes[end]) {
      case 'A':
        row_ -= std::min(count, row_);
        break;
      case 'C':
        column_ = std::min(column_ + count, columns_ - 1);
        break;
      case 'D':
        column_ -= std::min(count, column_);
        break;
      case 'G':
        column_ = count - 1;
        break;
      case 'K':
        cells.resize(std::min(cells.size(), column_));
        break;
      case 'J':
        cells.resize(std::min(cells.size(), column_));
        rows_.resize(row_ + 1);
        break;
      case 'P':
        if (column_ < cells.size()) cells.erase(column_, count);
        break;
      case '@':
        cells.resize(std::max(cells.size(), column_), U' ');
        cells.insert(column_, count, U' ');
        cells.resize(std::min(cells.size(), columns_));
        break;
      case 'm':
        colours_ += number + " ";
        break;
      default:
        ADD_FAILURE() << "an unknown sequence: " << bytes.substr(1, end);
    }
    return end + 1;
  }

  // A cursor behind the last column stays there until something is written.
  void put_character(char32_t value) {
    const std::size_t width = width_of(value);
    if (column_ + width > columns_) {
      go_to_row(row_ + 1);
      rows_[row_].is_continued = true;
      column_ = 0;
    }
    std::u32string& cells = rows_[row_].cells;
    cells.resize(std::max(cells.size(), column_ + width), U' ');
    cells[column_] = value;
    if (width == 2) cells[column_ + 1] = right_half;
    column_ += width;
  }

  void go_to_row(std::size_t row) {
    row_ = row;
    if (row_ >= rows_.size()) rows_.resize(row_ + 1);
  }

  std::size_t columns_;
  std::vector<Row> rows_{Row{}};
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  std::string held_;
  int bells_ = 0;
  std::string colours_;
};

}  // namespace lastword
