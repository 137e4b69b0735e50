// What a suite established, as tables for a person.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/suite.h"

namespace lastword::sim {

// From this many seeds of the whole mix on, a fault that was never effective and a mark that was
// never hit are failures: what comes up in one run of 250 is missed by so many with a probability
// of e^-8, once in 3,000 suites.
inline constexpr std::uint64_t seeds_for_coverage = 2'000;

// What the suite never met.
struct Gaps {
  std::vector<FaultKind> faults;  // never effective
  std::vector<Mark> marks;        // never hit

  [[nodiscard]] bool is_empty() const { return faults.empty() && marks.empty(); }
};
[[nodiscard]] Gaps gaps_of(const Totals& totals);
// Whether the suite was long and mixed enough for its gaps to be failures.
[[nodiscard]] bool must_be_complete(const SuitePlan& plan, const Totals& totals);

// What ran and how much, with the time it took in the line that begins with "took".
[[nodiscard]] std::string tell_totals(const SuiteResult& result);
// How often faults struck and marks were hit.
[[nodiscard]] std::string tell_coverage(const Totals& totals);
// The failed seeds, or that all properties held; a line each.
[[nodiscard]] std::string tell_failed(const SuiteResult& result);
// The gaps, and whether they are failures; empty if there are none.
[[nodiscard]] std::string tell_gaps(const SuitePlan& plan, const Totals& totals);

// The scenarios, faults, marks and properties there are.
[[nodiscard]] std::string tell_list();

}  // namespace lastword::sim
