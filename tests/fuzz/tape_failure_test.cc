#include "fuzz/tape_failure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "sim/case_file.h"
#include "tests/sim/print_tape.h"

namespace lastword::fuzz {
namespace {

namespace fs = std::filesystem;

using sim::Choice;
using sim::Property;
using sim::Site;
using sim::Tape;

// An empty folder of the test's own, gone with it.
class Folder {
 public:
  Folder()
      : path_{fs::path{testing::TempDir()} /
              (std::string{"tape_failure_"} +
               testing::UnitTest::GetInstance()->current_test_info()->name())} {
    fs::remove_all(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }

  [[nodiscard]] const fs::path& path() const { return path_; }
  // What is in the file with this ending, of which there has to be one.
  [[nodiscard]] std::string content(std::string_view extension) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator{path_}) {
      if (entry.path().extension() == extension) found.push_back(entry.path());
    }
    EXPECT_EQ(found.size(), 1U) << extension;
    if (found.empty()) return {};
    std::ifstream file{found.front(), std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

 private:
  fs::path path_;
};

constexpr Choice culprit{.site = Site::action, .chooser = 2, .index = 1, .value = 4};

TapeFailure failure() {
  return {.scenario = sim::find_scenario("calm"),
          .tape = Tape{{{.site = Site::clients, .chooser = 0, .index = 0, .value = 3},
                        {.site = Site::action, .chooser = 1, .index = 0, .value = 2},
                        culprit,
                        {.site = Site::stop_step, .chooser = 0, .index = 0, .value = 90}}},
          .violation = {.property = Property::fair_shutdown, .text = "bob lost 'm1.1'"}};
}

// Breaks I3 as long as the culprit chooses something from 3 on.
TapeRun broken_run(const sim::Scenario&, const Tape& tape) {
  TapeRun done;
  done.outcome.steps = 100;
  done.outcome.tape = tape;
  for (const Choice& choice : tape.choices()) {
    const bool is_culprit = choice.site == culprit.site && choice.chooser == culprit.chooser &&
                            choice.index == culprit.index;
    if (!is_culprit || choice.value < 3) continue;
    done.outcome.violations.push_back({.property = Property::fair_shutdown, .text = "lost"});
  }
  return done;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(TapeFailure, IsToldWithTheSmallestTapeAndItsCaseAndTheCommand) {
  const Folder folder;
  const std::string told = tell_failure(failure(), folder.path() / "new", broken_run);
  EXPECT_TRUE(told.starts_with("bob lost 'm1.1'\n")) << told;
  EXPECT_TRUE(contains(told, "shrunk from 4 choices to 1 in ")) << told;
  EXPECT_FALSE(contains(told, "gave up")) << told;
  EXPECT_TRUE(contains(told, "case written to ")) << told;
  EXPECT_TRUE(contains(told, "calm-I3-")) << told;
  EXPECT_TRUE(contains(told, "again: build/release/lastword-sim replay ")) << told;
  EXPECT_TRUE(contains(told, ".case --story")) << told;
}

TEST(TapeFailure, WritesTheCaseAndTheInput) {
  const Folder folder;
  static_cast<void>(tell_failure(failure(), folder.path(), broken_run));
  Choice smallest = culprit;
  smallest.value = 3;
  const auto found = sim::parse_case(folder.content(".case"));
  ASSERT_TRUE(found.has_value()) << found.error();
  EXPECT_EQ(found->scenario, "calm");
  EXPECT_EQ(found->property, Property::fair_shutdown);
  EXPECT_EQ(found->tape, Tape{{smallest}});
  const std::string bytes = folder.content(".tape");
  const TapeInput input = decode(std::vector<std::uint8_t>{bytes.begin(), bytes.end()});
  EXPECT_EQ(input.scenario, sim::find_scenario("calm"));
  EXPECT_EQ(input.tape, Tape{{smallest}});
}

TEST(TapeFailure, GivesUpWhenItWasEnough) {
  const Folder folder;
  const std::string few_runs =
      tell_failure(failure(), folder.path(), broken_run, {.runs_max = 2, .steps_max = 1'000'000});
  EXPECT_TRUE(contains(few_runs, " in 2 runs, then gave up\n")) << few_runs;
  const std::string few_steps =
      tell_failure(failure(), folder.path(), broken_run, {.runs_max = 1'000, .steps_max = 250});
  EXPECT_TRUE(contains(few_steps, ", then gave up\n")) << few_steps;
}

TEST(TapeFailure, OfAComparisonIsNotShrunk) {
  const Folder folder;
  TapeFailure compared = failure();
  compared.violation = {.property = Property::determinism, .text = "another hash"};
  compared.found = TapeFailure::Found::in_comparison;
  const std::string told = tell_failure(compared, folder.path(), broken_run);
  EXPECT_TRUE(contains(told, "not shrunk: ")) << told;
  EXPECT_TRUE(contains(told, "I16 broken")) << told;
  EXPECT_EQ(sim::parse_case(folder.content(".case"))->tape, failure().tape);
}

TEST(TapeFailure, QuotesAnyBytesSoThatTheyCanBeRead) {
  const Folder folder;
  TapeFailure quoting = failure();
  quoting.found = TapeFailure::Found::in_comparison;
  quoting.violation.text = std::string{"cut: '\x81\0'\n  and more", 20};
  const std::string told = tell_failure(quoting, folder.path(), broken_run);
  EXPECT_TRUE(told.starts_with("cut: '\\x81\\x00'\n  and more\n\n")) << told;
  const auto is_control = [](char letter) {
    return letter >= '\0' && letter < ' ' && letter != '\n';
  };
  EXPECT_EQ(std::count_if(told.begin(), told.end(), is_control), 0);
}

TEST(TapeFailure, SaysWhyNothingWasWritten) {
  const Folder folder;
  fs::create_directories(folder.path());
  const fs::path file = folder.path() / "file";
  std::ofstream{file} << "no folder";
  const std::string told = tell_failure(failure(), file, broken_run);
  EXPECT_TRUE(contains(told, "case not written to ")) << told;
  EXPECT_TRUE(contains(told, "input not written to ")) << told;
}

TEST(TapeFailure, NamesItsOracle) {
  EXPECT_EQ(oracle_name(Property::fair_shutdown).substr(0, 4), "I3: ");
}

TEST(TapeFailure, NamesTheFirstDifferenceOfTwoRuns) {
  EXPECT_EQ(first_difference({"a", "b", "c"}, {"a", "x", "c"}),
            "they differ first in event 2\n  first:  b\n  second: x");
  EXPECT_EQ(first_difference({"a"}, {"a", "b"}),
            "they differ first in event 2\n  first:  the end\n  second: b");
  EXPECT_EQ(first_difference({"a"}, {"a"}), "two more runs, traced, had the same events");
}

}  // namespace
}  // namespace lastword::fuzz
