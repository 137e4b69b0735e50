#include "sim/interruption.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace lastword::sim {
namespace {

// Each in a process of its own, as signals belong to processes.
void expect_first_is_seen(int number) {
  EXPECT_EXIT(
      {
        Interruption interruption;
        const bool is_silent = interruption.signal() == 0;
        static_cast<void>(std::raise(number));
        const bool is_seen = interruption.signal() == number && interruption.signal() == number;
        std::exit(is_silent && is_seen ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

void expect_second_ends(int number) {
  EXPECT_EXIT(
      {
        Interruption interruption;
        static_cast<void>(std::raise(number));
        if (interruption.signal() != number) std::exit(1);
        static_cast<void>(std::raise(number));
        std::exit(2);
      },
      ::testing::KilledBySignal(number), "");
}

TEST(InterruptionDeathTest, SeesTheFirstSignalAndLivesOn) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  expect_first_is_seen(SIGINT);
  expect_first_is_seen(SIGTERM);
}

TEST(InterruptionDeathTest, LeavesTheSecondSignalToEndTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  expect_second_ends(SIGINT);
  expect_second_ends(SIGTERM);
}

}  // namespace
}  // namespace lastword::sim
