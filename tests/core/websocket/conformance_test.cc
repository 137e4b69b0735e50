// Each case of the conformance table is a test here; lastword_conformance prints the table.
#include "tests/core/websocket/conformance.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lastword::test::conformance {
namespace {

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const Category& category : table()) {
    all.insert(all.end(), category.cases.begin(), category.cases.end());
  }
  return all;
}

class Conformance : public testing::TestWithParam<Case> {};

TEST_P(Conformance, Holds) { EXPECT_EQ(run(GetParam()), "") << GetParam().sentence; }

// 5.19 is WebSocket/Conformance.Holds/5_19.
std::string name_of(const testing::TestParamInfo<Case>& which) {
  std::string name = which.param.number;
  std::ranges::replace(name, '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(WebSocket, Conformance, testing::ValuesIn(all_cases()), name_of);

}  // namespace
}  // namespace lastword::test::conformance
