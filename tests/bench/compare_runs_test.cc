#include "compare_runs.h"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>
#include <string>

namespace lastword::bench {
namespace {

std::string run_of(const std::string& server, const std::string& transport, double cpu_ns) {
  const Json run{{"server", server},
                 {"transport", transport},
                 {"mode", "pairs"},
                 {"pairs", 50},
                 {"window", 32},
                 {"size", 64},
                 {"valid", true},
                 {"driver_bound", cpu_ns > 900},
                 {"server_cpu_ns_per_delivery", cpu_ns}};
  return run.dump() + "\n";
}

std::string group_of(const std::string& name) { return Json{{"group", name}}.dump() + "\n"; }

Runs read(const std::string& lines) {
  std::istringstream input(lines);
  return Runs::read(input);
}

constexpr const char* cpu_key = "server_cpu_ns_per_delivery";

// Three rounds, in which the machine wavers.
std::string three_rounds() {
  return group_of("traffic") + run_of("floor", "lines", 100) + run_of("lastword", "lines", 120) +
         run_of("nats", "nats", 400) + run_of("floor", "lines", 200) +
         run_of("lastword", "lines", 260) + run_of("nats", "nats", 600) +
         run_of("floor", "lines", 400) + run_of("lastword", "lines", 440) +
         run_of("nats", "nats", 2000);
}

TEST(CompareRuns, MakesACaseOfTheRunsWithTheSameParameters) {
  const Runs runs = read(three_rounds());
  ASSERT_EQ(runs.cases().size(), 1U);
  const Case& one = runs.cases().front();
  EXPECT_EQ(one.group, "traffic");
  EXPECT_EQ(one.title, "pairs of 50, window 32");
  EXPECT_EQ(one.runs.size(), 3U);
  EXPECT_TRUE(one.has("nats"));
  EXPECT_EQ(figures_of(one, "lastword lines", cpu_key), (std::vector<double>{120, 260, 440}));
}

TEST(CompareRuns, KeepsTheSameCaseOfAnotherGroupApart) {
  const Runs runs = read(group_of("traffic") + run_of("floor", "lines", 100) +
                         group_of("connections") + run_of("floor", "lines", 100));
  EXPECT_EQ(runs.cases().size(), 2U);
  EXPECT_EQ(runs.of_group("connections").size(), 1U);
  EXPECT_TRUE(runs.of_group("rooms").empty());
}

// A ratio of medians would be 260 : 200.
TEST(CompareRuns, TakesEachRatioWithinItsRound) {
  const Runs runs = read(three_rounds());
  const auto ratio = ratio_to_floor(runs.cases().front(), "lastword lines", cpu_key);
  ASSERT_TRUE(ratio);
  EXPECT_DOUBLE_EQ(ratio->median, 1.2);
  EXPECT_DOUBLE_EQ(ratio->least, 1.1);
  EXPECT_DOUBLE_EQ(ratio->greatest, 1.3);
}

TEST(CompareRuns, HoldsPeersAgainstTheFloorThatSpeaksLines) {
  EXPECT_EQ(floor_for("redis"), "floor lines");
  EXPECT_EQ(floor_for("lastword ws"), "floor ws");
  const Runs runs = read(three_rounds());
  const auto ratio = ratio_to_floor(runs.cases().front(), "nats", cpu_key);
  ASSERT_TRUE(ratio);
  EXPECT_DOUBLE_EQ(ratio->median, 4);
}

TEST(CompareRuns, HasNoRatioToWhatIsNotThereOrIsNothing) {
  const Runs runs =
      read(group_of("traffic") + run_of("floor", "lines", 0) + run_of("lastword", "lines", 120));
  const Case& one = runs.cases().front();
  EXPECT_FALSE(ratio_to_floor(one, "lastword lines", cpu_key));
  EXPECT_FALSE(ratio_to_floor(one, "lastword ws", cpu_key));
  EXPECT_FALSE(spread_in(one, "lastword lines", "latency_ns_p50"));
}

TEST(CompareRuns, FindsFiguresWithinPartsOfARun) {
  std::istringstream input(
      R"({"server":"floor","transport":"lines","mode":"fairness","pairs":10,"rate":5000,)"
      R"("valid":true,"parts":[{"latency_ns_p50":7},{"latency_ns_p50":9}]})");
  const Runs runs = Runs::read(input);
  EXPECT_EQ(figures_of(runs.cases().front(), "floor lines", "parts/1/latency_ns_p50"),
            std::vector<double>{9});
}

TEST(CompareRuns, TakesTheMiddleOfTwoFiguresForTheMedian) {
  EXPECT_DOUBLE_EQ(spread_of({4, 1})->median, 2.5);
  EXPECT_DOUBLE_EQ(spread_of({9, 1, 4})->median, 4);
  EXPECT_FALSE(spread_of({}));
}

TEST(CompareRuns, CountsTheRunsThatWereTheDrivers) {
  const Runs runs = read(three_rounds());
  EXPECT_EQ(count_driver_bound(runs.cases().front(), "nats"), 1U);
  EXPECT_EQ(count_driver_bound(runs.cases().front(), "redis"), 0U);
}

TEST(CompareRuns, KnowsTheTargetOfACase) {
  const Runs runs = read(three_rounds());
  EXPECT_EQ(cpu_ratio_max(runs.cases().front()), 1.25);
  Case other = runs.cases().front();
  other.title = "pairs of 49, window 32";
  EXPECT_FALSE(cpu_ratio_max(other));
}

TEST(CompareRuns, RefusesACaseWithAMissingRun) {
  EXPECT_THROW(static_cast<void>(read(three_rounds() + run_of("floor", "lines", 100))),
               std::runtime_error);
}

}  // namespace
}  // namespace lastword::bench
