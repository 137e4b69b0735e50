// Runs that once broke something, as they were found and shrunk: each must hold now and for ever.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sim/case_file.h"
#include "sim/run.h"

namespace lastword::sim {
namespace {

const std::filesystem::path folder = LASTWORD_CASES_FOLDER;

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    if (entry.path().extension() == ".case") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Cases : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Stored, Cases, ::testing::ValuesIn(names()), [](const auto& named) {
  std::string name = named.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST_P(Cases, HoldNow) {
  std::ifstream file{folder / (GetParam() + ".case")};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const auto found = parse_case(text);
  ASSERT_TRUE(found.has_value()) << found.error();
  const Scenario* const scenario = find_scenario(found->scenario);
  ASSERT_NE(scenario, nullptr) << found->scenario;
  const Outcome outcome = run(*scenario, Choices::replayed(found->tape));
  for (const Violation& violation : outcome.violations) {
    ADD_FAILURE() << short_name(violation.property) << ": " << violation.text;
  }
  // A tape that is not used any more replays nothing.
  EXPECT_EQ(outcome.tape, found->tape) << "the scenario has changed: find the case anew";
}

}  // namespace
}  // namespace lastword::sim
