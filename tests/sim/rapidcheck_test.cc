// Whole runs that RapidCheck generates, and shrinks.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "tests/sim/arbitrary_run.h"

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

// A property that does not hold comes back as a small scenario, told so that it can be stored.
TEST(ArbitraryRuns, AreShrunk) {
  ArbitraryRun smallest;
  ::testing::internal::CaptureStderr();
  const bool holds = rc::check("nobody in calm weather is ever told two things", [&] {
    const auto run = *rc::gen::arbitrary<ArbitraryRun>();
    if (run.scenario != "calm" || run.outcome().deliveries < 2) return;
    smallest = run;
    RC_FAIL("two were");
  });
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_FALSE(holds);
  EXPECT_EQ(smallest.scenario, "calm");
  EXPECT_LE(smallest.choices.size(), 3U) << said;
  EXPECT_GE(smallest.outcome().deliveries, 2U);
  EXPECT_NE(said.find("scenario calm"), std::string::npos) << said;
}

}  // namespace
}  // namespace lastword::sim
