#include "sim/summary.h"

#include <cstddef>

#include "sim/progress.h"
#include "sim/readable.h"

namespace lastword::sim {

namespace {

using Rows = std::vector<std::vector<std::string>>;

FaultKind fault_at(std::size_t place) { return static_cast<FaultKind>(place); }
Mark mark_at(std::size_t place) { return static_cast<Mark>(place); }
Property property_at(std::size_t place) { return static_cast<Property>(place); }

std::string fault_text(FaultKind fault) {
  return std::string{short_name(fault)} + " (" + std::string{sentence(fault)} + ")";
}

}  // namespace

Gaps gaps_of(const Totals& totals) {
  Gaps gaps;
  for (std::size_t place = 0; place < fault_count; ++place) {
    if (totals.faults.at(fault_at(place)).effective == 0) gaps.faults.push_back(fault_at(place));
  }
  for (std::size_t place = 0; place < mark_count; ++place) {
    if (totals.marks.at(mark_at(place)) == 0) gaps.marks.push_back(mark_at(place));
  }
  return gaps;
}

bool must_be_complete(const SuitePlan& plan, const Totals& totals) {
  return plan.scenario == nullptr && totals.seeds >= seeds_for_coverage;
}

std::string tell_totals(const SuiteResult& result) {
  const Totals& totals = result.totals;
  std::string text = "ran\n";
  Rows scenarios_run;
  for (const auto& [name, seeds] : totals.seeds_of) {
    scenarios_run.push_back({std::string{name}, counted(seeds, "seed", "seeds")});
  }
  text += aligned(scenarios_run, 1);
  text += "\n" + counted(totals.seeds, "seed", "seeds") + ", " +
          counted(totals.seeds + totals.sweep_runs, "run", "runs") + ", " +
          counted(totals.events, "event", "events") + ", " + readable(totals.simulated) +
          " simulated\n";
  text += counted(totals.accepted, "message", "messages") + " accepted, " +
          counted(totals.deliveries, "delivery", "deliveries") + " (without sweeps)\n";
  text += counted(totals.sweeps, "seed", "seeds") +
          " swept (a stop after every step): " + counted(totals.sweep_runs, "run", "runs") +
          " of those\n";
  text += counted(totals.done_twice, "seed", "seeds") + " done twice (multiples of " +
          std::to_string(twice_every) + "), and the hashes compared\n";
  const SuiteProgress whole{.seeds = totals.seeds,
                            .runs = totals.seeds + totals.sweep_runs,
                            .events = totals.events,
                            .simulated = totals.simulated,
                            .failures = 0,
                            .elapsed = result.took,
                            .seeds_max = totals.seeds,
                            .time_max = {}};
  text += "took " + readable(std::chrono::duration_cast<std::chrono::microseconds>(result.took)) +
          ": " + rates_text(whole) + "\n";
  return text;
}

std::string tell_coverage(const Totals& totals) {
  Rows faults{{"fault", "", "injected", "effective"}};
  for (std::size_t place = 0; place < fault_count; ++place) {
    const FaultKind fault = fault_at(place);
    const FaultCounts::Count& count = totals.faults.at(fault);
    faults.push_back({std::string{short_name(fault)}, std::string{sentence(fault)},
                      grouped(count.injected), grouped(count.effective)});
  }
  Rows marks{{"mark", "hit"}};
  for (std::size_t place = 0; place < mark_count; ++place) {
    const Mark mark = mark_at(place);
    marks.push_back({std::string{sentence(mark)}, grouped(totals.marks.at(mark))});
  }
  return aligned(faults, 2) + "\n" + aligned(marks, 1);
}

std::string tell_failed(const SuiteResult& result) {
  if (result.failed.empty()) {
    return std::to_string(property_count) + " properties checked, none broken\n";
  }
  Rows rows;
  for (const SuiteResult::FailedSeed& failed : result.failed) {
    rows.push_back({"seed " + std::to_string(failed.seed), std::string{failed.scenario->name},
                    std::string{short_name(failed.property)},
                    std::string{sentence(failed.property)}});
  }
  return counted(result.failed.size(), "seed", "seeds") + " broke something:\n" + aligned(rows, 4);
}

std::string tell_gaps(const SuitePlan& plan, const Totals& totals) {
  const Gaps gaps = gaps_of(totals);
  if (gaps.is_empty()) return {};
  if (!must_be_complete(plan, totals)) {
    return "not met: " + counted(gaps.faults.size(), "fault", "faults") + " and " +
           counted(gaps.marks.size(), "mark", "marks") + ", those with a 0 above" +
           (plan.scenario != nullptr
                ? " (one scenario need not meet all)\n"
                : " (fewer than " + grouped(seeds_for_coverage) + " seeds need not meet all)\n");
  }
  std::string text = "failed: a suite of the whole mix with " + grouped(seeds_for_coverage) +
                     " seeds and more has to meet these\n";
  for (const FaultKind fault : gaps.faults) {
    const std::uint64_t injected = totals.faults.at(fault).injected;
    text += "  fault " + fault_text(fault) +
            (injected == 0 ? ": never injected\n"
                           : ": injected " + grouped(injected) + " times, never effective\n");
  }
  for (const Mark mark : gaps.marks) {
    text += "  mark \"" + std::string{sentence(mark)} + "\": never hit\n";
  }
  return text;
}

std::string tell_list() {
  Rows scenario_rows;
  for (const Scenario& scenario : scenarios()) {
    scenario_rows.push_back(
        {std::string{scenario.name},
         std::string{scenario.sentence} + (scenario.is_in_mix ? "" : " (only if named)")});
  }
  Rows faults;
  for (std::size_t place = 0; place < fault_count; ++place) {
    const FaultKind fault = fault_at(place);
    faults.push_back({std::string{short_name(fault)}, std::string{name_of(family_of(fault))},
                      std::string{sentence(fault)}});
  }
  Rows marks;
  for (std::size_t place = 0; place < mark_count; ++place) {
    marks.push_back({std::string{sentence(mark_at(place))}});
  }
  Rows properties;
  for (std::size_t place = 0; place < property_count; ++place) {
    properties.push_back(
        {std::string{short_name(property_at(place))}, std::string{sentence(property_at(place))}});
  }
  return "scenarios\n" + aligned(scenario_rows, 2) + "\nfaults\n" + aligned(faults, 3) +
         "\nmarks\n" + aligned(marks, 1) + "\nproperties\n" + aligned(properties, 2);
}

}  // namespace lastword::sim
