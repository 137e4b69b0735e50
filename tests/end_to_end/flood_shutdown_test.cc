// The shutdown in the middle of a flood, three times; lastword_shutdown_flood runs more of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/flood.h"

namespace lastword::end_to_end {
namespace {

using ::testing::IsEmpty;

void expect_books_to_agree(const FloodOptions& options) {
  const FloodResult result = run_flood(options);
  EXPECT_THAT(result.violations, IsEmpty())
      << "seed " << options.seed << ", SIGTERM after " << result.received_before_signal
      << " messages received";
  EXPECT_GE(result.received, result.received_before_signal);
  EXPECT_EQ(result.exit_status, (ExitStatus{.code = 0}));
  EXPECT_TRUE(result.report.clean);
}

TEST(FloodShutdown, LosesNothingOfFiftyClients) { expect_books_to_agree({.seed = 1}); }

TEST(FloodShutdown, LosesNothingRightAfterTheBeginning) {
  expect_books_to_agree({.seed = 2, .received_before_signal_max = 100});
}

TEST(FloodShutdown, LosesNothingOfAFewWithLongMessages) {
  expect_books_to_agree(
      {.seed = 3, .pair_count = 3, .received_before_signal_max = 5'000, .text_bytes_max = 60'000});
}

}  // namespace
}  // namespace lastword::end_to_end
