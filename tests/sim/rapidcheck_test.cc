// Whole runs that RapidCheck generates, and shrinks.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "sim/fault.h"
#include "tests/sim/arbitrary_run.h"
#include "tests/sim/print_tape.h"

namespace lastword::sim {
namespace {

RC_GTEST_PROP(ArbitraryRuns, BreakNothing, (const ArbitraryRun& run)) {
  const Outcome outcome = run.outcome();
  for (const Violation& violation : outcome.violations) {
    RC_LOG() << short_name(violation.property) << ": " << violation.text << "\n";
  }
  RC_TAG(run.scenario);
  RC_ASSERT(outcome.violations.empty());
}

RC_GTEST_PROP(ArbitraryRuns, AreTheSameTwice, (const ArbitraryRun& run)) {
  RC_ASSERT(run.outcome().hash == run.outcome().hash);
}

// Answers that were too large or never asked for are not in the tape of the run: what is in it is
// enough.
RC_GTEST_PROP(ArbitraryRuns, AreTheSameFromTheTapeThatWasUsed, (const ArbitraryRun& run)) {
  const Outcome outcome = run.outcome();
  const Outcome replayed = sim::run(*find_scenario(run.scenario), Choices::replayed(outcome.tape));
  RC_ASSERT(replayed.hash == outcome.hash);
  RC_ASSERT(replayed.tape == outcome.tape);
}

// --- What is generated --------------------------------------------------------------------------

// The same runs every time.
constexpr int runs_max = 1000;
constexpr int size_max = 150;

rc::detail::TestResult check(const std::function<void(const ArbitraryRun&)>& property) {
  rc::detail::TestParams params;
  params.seed = 2;
  params.maxSuccess = runs_max;
  params.maxSize = size_max;
  return rc::detail::checkTestable(property, rc::detail::TestMetadata{}, params);
}

// Runs in which nothing happens would break nothing either.
TEST(GeneratedRuns, MeetMessagesAndSignalsAndMostFaults) {
  std::uint64_t with_messages = 0;
  std::uint64_t stopped_again = 0;
  FaultCounts faults;
  const auto result = check([&](const ArbitraryRun& run) {
    const Outcome outcome = run.outcome();
    with_messages += outcome.accepted > 0 ? 1U : 0U;
    stopped_again += outcome.faults.at(FaultKind::stop_again).effective;
    faults.add(outcome.faults);
  });
  ASSERT_TRUE(result.is<rc::detail::SuccessResult>()) << result;
  EXPECT_GT(with_messages, runs_max / 2);
  EXPECT_GT(stopped_again, runs_max / 20);
  const auto felt = std::ranges::count_if(
      faults.of, [](const FaultCounts::Count& count) { return count.effective > 0; });
  EXPECT_GT(felt, fault_count * 3 / 4);
}

// --- What comes back ----------------------------------------------------------------------------

struct Untrue {
  std::string_view claim;
  bool (*is_refuted)(const Outcome&);
  std::size_t choices_max;  // that it takes to refute it
};

void PrintTo(const Untrue& untrue, std::ostream* out) { *out << untrue.claim; }

class Shrinking : public ::testing::TestWithParam<Untrue> {
 protected:
  [[nodiscard]] static bool is_refuted(const Case& found) {
    const Outcome outcome = run(*find_scenario(found.scenario), Choices::replayed(found.tape));
    return GetParam().is_refuted(outcome);
  }
};

INSTANTIATE_TEST_SUITE_P(
    Of, Shrinking,
    ::testing::Values(Untrue{"nobody_says_much",
                             [](const Outcome& outcome) { return outcome.accepted > 12; }, 3},
                      Untrue{"no_write_is_short",
                             [](const Outcome& outcome) {
                               return outcome.faults.at(FaultKind::short_write).effective > 0;
                             },
                             3},
                      Untrue{"nobody_stops_it_twice",
                             [](const Outcome& outcome) {
                               return outcome.faults.at(FaultKind::stop_again).effective > 0;
                             },
                             3}),
    [](const auto& untrue) { return std::string{untrue.param.claim}; });

// What does not hold comes back as a case that can be stored, shown in parentheses, and nothing in
// it can be left out.
TEST_P(Shrinking, LeavesASmallCase) {
  const auto result =
      check([](const ArbitraryRun& run) { RC_ASSERT(!GetParam().is_refuted(run.outcome())); });
  ASSERT_TRUE(result.is<rc::detail::FailureResult>()) << result;
  const auto& failure = result.get<rc::detail::FailureResult>();
  ASSERT_EQ(failure.counterExample.size(), 1U);
  const std::string& shown = failure.counterExample.front().second;

  ASSERT_TRUE(shown.starts_with("(\n") && shown.ends_with("\n)")) << shown;
  const auto found = parse_case(std::string_view{shown}.substr(2, shown.size() - 3));
  ASSERT_TRUE(found.has_value()) << found.error() << shown;
  EXPECT_TRUE(is_refuted(*found)) << shown;
  EXPECT_GE(found->tape.size(), 1U) << "the empty tape does it too: that shows nothing";
  EXPECT_LE(found->tape.size(), GetParam().choices_max) << shown;
  for (std::size_t place = 0; place < found->tape.size(); ++place) {
    Case smaller = *found;
    std::vector<Choice> choices{found->tape.choices().begin(), found->tape.choices().end()};
    choices.erase(choices.begin() + static_cast<std::ptrdiff_t>(place));
    smaller.tape = Tape{choices};
    EXPECT_FALSE(is_refuted(smaller)) << "without " << found->tape.choices()[place] << shown;
  }
}

// The first scenario of the mix is the simplest to RapidCheck.
TEST(ArbitraryRuns, AreShrunkToTheFirstScenario) {
  std::string last;
  const auto result = check([&](const ArbitraryRun& run) {
    if (run.outcome().accepted == 0) return;
    last = run.scenario;
    RC_FAIL("a message was accepted");
  });
  ASSERT_TRUE(result.is<rc::detail::FailureResult>()) << result;
  EXPECT_EQ(last, scenario_for(0).name) << result;
}

}  // namespace
}  // namespace lastword::sim
