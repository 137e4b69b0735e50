// After each test of this program: no descriptor is left open, no child is left behind.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <iterator>

namespace lastword::end_to_end {
namespace {

std::ptrdiff_t open_descriptor_count() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return std::distance(begin(entries), end(entries));
}

class EmptyWorldCheck : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo& /*test*/) override {
    descriptor_count_at_start_ = open_descriptor_count();
  }

  void OnTestEnd(const ::testing::TestInfo& /*test*/) override {
    EXPECT_EQ(open_descriptor_count(), descriptor_count_at_start_) << "descriptors are left open";
    EXPECT_TRUE(::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD)
        << "a child process is left behind";
  }

  std::ptrdiff_t descriptor_count_at_start_ = 0;
};

class EmptyWorld : public ::testing::Environment {
  void SetUp() override {
    ::testing::UnitTest::GetInstance()->listeners().Append(new EmptyWorldCheck);
  }
};

[[maybe_unused]] const ::testing::Environment* const empty_world =
    ::testing::AddGlobalTestEnvironment(new EmptyWorld);

}  // namespace
}  // namespace lastword::end_to_end
