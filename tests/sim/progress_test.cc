#include "sim/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;

constexpr SuiteProgress some{.seeds = 4'200,
                             .runs = 5'000,
                             .events = 1'234'567,
                             .simulated = 76h,
                             .failures = 0,
                             .elapsed = 10s,
                             .seeds_max = 10'000,
                             .time_max = {}};

TEST(Progress, SaysHowFarASuiteIs) {
  EXPECT_EQ(progress_text(some),
            "42 %; no failure; 5,000 runs, 1,234,567 events, 3 d 4 h simulated; "
            "500 runs/s, 123,457 events/s, 27,360 simulated s/s");
}

TEST(Progress, SaysHowMuchTimeIsLeft) {
  SuiteProgress progress = some;
  progress.time_max = 60s;
  EXPECT_TRUE(progress_text(progress).starts_with("50 s left; "));
  progress.elapsed = 61s;
  EXPECT_TRUE(progress_text(progress).starts_with("0 s left; "));
}

TEST(Progress, CountsFailures) {
  SuiteProgress progress = some;
  progress.failures = 2;
  EXPECT_TRUE(progress_text(progress).starts_with("42 %; 2 failures; "));
}

TEST(Progress, HasNoRatesBeforeTimeHasPassed) {
  SuiteProgress progress = some;
  progress.elapsed = 0s;
  EXPECT_EQ(rates_text(progress), "no rates yet");
}

TEST(ProgressLine, IsRewrittenInPlaceOnATerminal) {
  std::ostringstream out;
  ProgressLine line{out, ProgressLine::Terminal{.columns = 80}, 5s};
  EXPECT_TRUE(line.is_due(5s)) << "the first at once";
  line.show("one", 5s);
  EXPECT_EQ(out.str(), "\rone\x1b[K");
  line.show("too early", 5s + 99ms);
  EXPECT_EQ(out.str(), "\rone\x1b[K");
  line.show("two", 5s + 100ms);
  EXPECT_EQ(out.str(), "\rone\x1b[K\rtwo\x1b[K");
}

TEST(ProgressLine, IsTakenOffTheTerminalInTheEnd) {
  std::ostringstream out;
  {
    ProgressLine line{out, ProgressLine::Terminal{}, 0s};
    line.show("one", 0s);
    out.str("");
  }
  EXPECT_EQ(out.str(), "\r\x1b[K");
}

TEST(ProgressLine, IsNeverFolded) {
  std::ostringstream out;
  ProgressLine line{out, ProgressLine::Terminal{.columns = 5}, 0s};
  line.show("abcdefgh", 0s);
  EXPECT_EQ(out.str(), "\rabcd\x1b[K");
}

TEST(ProgressLine, IsWrittenAnewEachTenSecondsElsewhere) {
  std::ostringstream out;
  {
    ProgressLine line{out, {}, 100s};
    line.show("too early", 100s);
    line.show("too early", 109'999ms);
    line.show("one", 110s);
    line.show("too early", 119s);
    line.show("two", 120s);
  }
  EXPECT_EQ(out.str(), "one\ntwo\n");
}

}  // namespace
}  // namespace lastword::sim
