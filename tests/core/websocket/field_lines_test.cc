#include "core/websocket/field_lines.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/websocket/head_text.h"
#include "core/websocket/http_text.h"

namespace lastword::websocket {
namespace {

using Step = FieldLines::Step;

// What the last byte of the text does; those before it must be within a line, or end one.
Step last_step(std::string_view bytes, std::string* field = nullptr) {
  HeadText text;
  FieldLines lines;
  text.append(as_bytes(bytes));
  Step step = Step::inside;
  for (; text.has_next(); text.step()) {
    EXPECT_TRUE(step == Step::inside || step == Step::field) << bytes;
    step = lines.take(text);
    if (step != Step::field || field == nullptr) continue;
    const FieldLines::Field found = lines.field(text);
    *field = std::string{found.name} + "=" + std::string{found.value};
  }
  return step;
}

TEST(FieldLines, JudgeEveryByteAtEveryPlace) {
  for (unsigned value = 0; value < 256; ++value) {
    const auto character = static_cast<char>(value);
    const auto expect = [&](std::string_view before, Step step) {
      EXPECT_EQ(last_step(std::string{before} + character), step) << before << ", then " << value;
    };
    const bool is_token = is_token_character(character);
    const bool is_in_value = is_field_value_character(character);
    const Step if_line_feed = character == '\n' ? Step::field : Step::bad;
    for (const std::string_view before : {"", "A:\r\n"}) {
      expect(before, is_token || character == '\r' ? Step::inside : Step::bad);
    }
    for (const std::string_view before : {"A", "A: b\r\nAB"}) {
      expect(before, is_token || character == ':' ? Step::inside : Step::bad);
    }
    for (const std::string_view before : {"A:", "A: b"}) {
      expect(before, is_in_value || character == '\r' ? Step::inside : Step::bad);
    }
    for (const std::string_view before : {"A:\r", "A: b\r"}) expect(before, if_line_feed);
    for (const std::string_view before : {"\r", "A: b\r\n\r"}) {
      expect(before, character == '\n' ? Step::end : Step::bad);
    }
  }
}

TEST(FieldLines, AreNamesAndValuesWithoutTheBlanksAroundThem) {
  const auto field = [](std::string_view line) {
    std::string found;
    EXPECT_EQ(last_step(line, &found), Step::field);
    return found;
  };
  EXPECT_EQ(field("A:b\r\n"), "A=b");
  EXPECT_EQ(field("Name: \t a value\t: \t\r\n"), "Name=a value\t:");
  EXPECT_EQ(field("A:\r\n"), "A=");
  EXPECT_EQ(field("A: \t\r\n"), "A=");
  EXPECT_EQ(field("First: 1\r\nSecond: 2\r\n"), "Second=2");
}

TEST(FieldLines, AreAtMost64) {
  std::string lines;
  for (std::size_t count = 0; count < FieldLines::count_max; ++count) lines += "A: b\r\n";
  EXPECT_EQ(last_step(lines), Step::field);
  EXPECT_EQ(last_step(lines + "\r\n"), Step::end);
  EXPECT_EQ(last_step(lines + "A"), Step::too_many);
  EXPECT_EQ(last_step(lines + " "), Step::bad);
}

}  // namespace
}  // namespace lastword::websocket
