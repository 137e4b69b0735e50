#include "net/status_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>

#include "tests/net/files.h"

namespace lastword {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

// 2026-05-01T08:31:07.042Z
const std::chrono::system_clock::time_point some_time{std::chrono::milliseconds{1777624267042}};

// Two hours east of Greenwich, without a time zone's file.
class StatusLine : public ::testing::Test {
 public:
  StatusLine() {
    ::setenv("TZ", "EST-2", 1);
    ::tzset();
  }
  ~StatusLine() override {
    ::unsetenv("TZ");
    ::tzset();
  }
};

TEST_F(StatusLine, HasTheLocalTimeToTheMillisecond) {
  EXPECT_EQ(status_line(Gravity::progress, "connected", some_time, {}), "10:31:07.042 connected");
  EXPECT_EQ(status_line(Gravity::error, "no", some_time, {.has_date = true}),
            "2026-05-01T10:31:07.042+0200 no");
}

TEST_F(StatusLine, HasColoursByGravity) {
  const StatusStyle style{.has_colours = true};
  EXPECT_EQ(status_line(Gravity::progress, "x", some_time, style), "\x1b[2m10:31:07.042 x\x1b[0m");
  EXPECT_EQ(status_line(Gravity::warning, "x", some_time, style), "\x1b[33m10:31:07.042 x\x1b[0m");
  EXPECT_EQ(status_line(Gravity::error, "x", some_time, style), "\x1b[31m10:31:07.042 x\x1b[0m");
}

TEST_F(StatusLine, IsOneLineWhateverTheServerSaid) {
  EXPECT_EQ(status_line(Gravity::error, "refused: \x1b[2J\nbye", some_time, {}),
            "10:31:07.042 refused: \\x1b[2J\\x0abye");
}

TEST(StatusColours, AreForTerminalsOfThoseWhoWantThem) {
  EXPECT_TRUE(wants_colours(true, {.term = "xterm"}));
  EXPECT_TRUE(wants_colours(true, {.no_color = "", .term = "xterm"}));
  EXPECT_FALSE(wants_colours(true, {.no_color = "1", .term = "xterm"}));
  EXPECT_FALSE(wants_colours(true, {.no_color = "0", .term = "xterm"}));
  EXPECT_FALSE(wants_colours(true, {.term = "dumb"}));
  EXPECT_FALSE(wants_colours(true, {.term = ""}));
  EXPECT_FALSE(wants_colours(true, {}));
  EXPECT_FALSE(wants_colours(false, {.term = "xterm"}));
}

TEST(StatusLines, GoIntoAPipeWithTheDateAndWithoutColours) {
  const Channel pipe = make_pipe();
  set_non_blocking(pipe.output);
  StatusLines lines{{.descriptor = pipe.input.number()}};
  lines.write(Gravity::progress, "connecting");
  lines.write(Gravity::error, "refused");
  EXPECT_THAT(read_some(pipe.output),
              MatchesRegex("[-0-9]+T[0-9:.]+[-+][0-9]+ connecting\n[^ \x1b]+ refused\n"));
  EXPECT_FALSE(is_non_blocking(pipe.input));
}

TEST(StatusLines, AreOnlyErrorsWhenQuiet) {
  const Channel pipe = make_pipe();
  set_non_blocking(pipe.output);
  StatusLines lines{{.is_quiet = true, .descriptor = pipe.input.number()}};
  lines.write(Gravity::progress, "connecting");
  lines.write(Gravity::warning, "trying again");
  EXPECT_EQ(read_some(pipe.output), "");
  lines.write(Gravity::error, "refused");
  EXPECT_THAT(read_some(pipe.output), EndsWith(" refused\n"));
}

TEST(StatusLines, NeverWaitForTheirReader) {
  const Channel pipe = make_pipe();
  set_non_blocking(pipe.output);
  StatusLines lines{{.descriptor = pipe.input.number()}};
  const std::string text(4000, 'x');
  for (int count = 0; count < 20; ++count) lines.write(Gravity::progress, text);
  while (!read_some(pipe.output).empty()) {
  }
  lines.write(Gravity::progress, "back");
  const std::string rest = read_some(pipe.output);
  EXPECT_THAT(rest, StartsWith("4 log lines were left out here\n"));
  EXPECT_THAT(rest, EndsWith(" back\n"));
  lines.write(Gravity::progress, "again");
  EXPECT_THAT(read_some(pipe.output), MatchesRegex("[^ ]+ again\n"));
}

TEST(StatusLines, AreCutOffWhereAPipeWouldWait) {
  const Channel pipe = make_pipe();
  set_non_blocking(pipe.output);
  StatusLines lines{{.descriptor = pipe.input.number()}};
  lines.write(Gravity::progress, std::string(10'000, 'x'));
  const std::string line = read_some(pipe.output);
  EXPECT_EQ(line.size(), 4096U);
  EXPECT_THAT(line, EndsWith("xx\n"));
}

}  // namespace
}  // namespace lastword
