// Hunts one mutant, a core with a mistake in it: runs seed after seed until the property that the
// mistake must break does break, shrinks that run, and says in one line how hard it was.
//
// Linked with the real core, it must come back with empty hands (README.md).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/property.h"
#include "sim/run.h"
#include "sim/scenario.h"
#include "sim/shrink.h"
#include "sim/story.h"

namespace lastword::sim {

namespace {

struct Options {
  std::string id;
  std::string title;
  std::string property;
  std::string scenario = "mix";
  std::uint64_t seeds = 5;
  std::uint64_t runs_max = 200'000;
  std::uint64_t shrink_runs_max = 20'000;
  std::string story_file;
  std::string html_file;
  bool is_head = false;
};

// What came of one starting seed.
struct Kill {
  std::uint64_t seed = 0;
  std::uint64_t runs = 0;
  std::uint64_t choices = 0;
  std::uint64_t rows = 0;
  Told told;
};

class Hunt {
 public:
  Hunt(Options options, Property property, const Scenario* scenario)
      : options_{std::move(options)}, property_{property}, scenario_{scenario} {}

  // True if the mutant was killed from every starting seed.
  [[nodiscard]] bool perform() {
    for (std::uint64_t place = 0; place < options_.seeds; ++place) {
      constexpr std::uint64_t seeds_apart = 1'000'000;
      const std::optional<Kill> kill = hunt_from(place * seeds_apart + 1);
      if (!kill) break;
      kills_.push_back(*kill);
      if (place == 0) write_story();
    }
    print();
    return kills_.size() == options_.seeds;
  }

 private:
  [[nodiscard]] const Scenario& scenario_of(std::uint64_t seed) const {
    return scenario_ != nullptr ? *scenario_ : scenario_for(seed);
  }

  // In other runs another property breaks first: the mistake shows there, but not as it must.
  [[nodiscard]] std::optional<Kill> hunt_from(std::uint64_t first_seed) {
    for (std::uint64_t runs = 1; runs <= options_.runs_max; ++runs) {
      const std::uint64_t seed = first_seed + runs - 1;
      const Scenario& scenario = scenario_of(seed);
      const Outcome outcome = run(scenario, Choices::seeded(seed));
      if (outcome.has_broken(property_)) return shrunk(seed, runs, outcome.tape);
      for (const Violation& violation : outcome.violations) ++others_[violation.property];
    }
    return std::nullopt;
  }

  [[nodiscard]] Kill shrunk(std::uint64_t seed, std::uint64_t runs, const Tape& tape) const {
    const Scenario& scenario = scenario_of(seed);
    const Shrunk shrunk = shrink(scenario, tape, property_, options_.shrink_runs_max);
    Kill kill{.seed = seed,
              .runs = runs,
              .choices = shrunk.tape.size(),
              .rows = 0,
              .told = run_told(scenario, Choices::replayed(shrunk.tape))};
    kill.told.story.title = options_.id + ", " + options_.title;
    kill.rows = row_count(kill.told.story);
    return kill;
  }

  void write_story() const {
    if (!options_.story_file.empty()) {
      std::ofstream{options_.story_file} << to_text(kills_.front().told.story);
    }
    if (!options_.html_file.empty()) {
      std::ofstream{options_.html_file} << to_html(kills_.front().told.story);
    }
  }

  [[nodiscard]] std::uint64_t median(std::uint64_t Kill::* count) const {
    std::vector<std::uint64_t> counts;
    counts.reserve(kills_.size());
    for (const Kill& kill : kills_) counts.push_back(kill.*count);
    std::sort(counts.begin(), counts.end());
    return counts[counts.size() / 2];
  }

  void print() const;

  Options options_;
  Property property_;
  const Scenario* scenario_;
  std::vector<Kill> kills_;
  std::map<Property, std::uint64_t> others_;  // how often each broke instead
};

struct Columns {
  std::string id, property, scenario, runs, rows, choices, result, title;
};

void print_row(const Columns& columns) {
  std::cout << std::left << std::setw(6) << columns.id << std::setw(9) << columns.property
            << std::setw(16) << columns.scenario << std::right << std::setw(8) << columns.runs
            << std::setw(7) << columns.rows << std::setw(9) << columns.choices << "  " << std::left
            << std::setw(12) << columns.result << columns.title << "\n";
}

void print_head() {
  print_row({.id = "id",
             .property = "property",
             .scenario = "scenario",
             .runs = "runs",
             .rows = "rows",
             .choices = "choices",
             .result = "result",
             .title = "the mistake"});
}

void Hunt::print() const {
  const bool is_killed = kills_.size() == options_.seeds;
  Columns columns{.id = options_.id,
                  .property = options_.property,
                  .scenario = options_.scenario,
                  .runs = "-",
                  .rows = "-",
                  .choices = "-",
                  .result = is_killed ? "killed" : "not killed",
                  .title = options_.title};
  if (is_killed) {
    columns.runs = std::to_string(median(&Kill::runs));
    columns.rows = std::to_string(median(&Kill::rows));
    columns.choices = std::to_string(median(&Kill::choices));
  } else {
    columns.runs = ">" + std::to_string(options_.runs_max);
  }
  print_row(columns);
  if (is_killed) return;
  std::cout << "    from " << kills_.size() << " of " << options_.seeds
            << " starting seeds; what broke instead:";
  for (const auto& [property, count] : others_) {
    std::cout << " " << short_name(property) << " (" << count << " times)";
  }
  std::cout << (others_.empty() ? " nothing\n" : "\n");
}

constexpr int killed = 0;
constexpr int not_killed = 1;
constexpr int wrong_usage = 2;

int hunt(const Options& options) {
  if (options.is_head) {
    print_head();
    return killed;
  }
  const auto property = find_property(options.property);
  if (!property) {
    std::cerr << "hunt: there is no property '" << options.property << "'\n";
    return wrong_usage;
  }
  const bool is_mix = options.scenario == "mix";
  const Scenario* const scenario = is_mix ? nullptr : find_scenario(options.scenario);
  if (!is_mix && scenario == nullptr) {
    std::cerr << "hunt: there is no scenario '" << options.scenario << "'\n";
    return wrong_usage;
  }
  return Hunt{options, *property, scenario}.perform() ? killed : not_killed;
}

int parse_and_hunt(int argument_count, char** arguments) {
  Options options;
  CLI::App app{"Runs seed after seed until the mutant breaks the property."};
  app.add_flag("--head", options.is_head, "Print the head of the table, and nothing else");
  app.add_option("ID", options.id, "What the mutant is called in the table");
  app.add_option("--title", options.title, "What its mistake is");
  app.add_option("--property", options.property, "I1 ... L8: the one that must break");
  app.add_option("--scenario", options.scenario, "One for all runs; mix: that of each seed")
      ->capture_default_str();
  app.add_option("--seeds", options.seeds, "Starting seeds, a million apart")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--runs-max", options.runs_max, "Runs from one starting seed")
      ->capture_default_str();
  app.add_option("--shrink-runs-max", options.shrink_runs_max, "Runs to make one kill smaller")
      ->capture_default_str();
  app.add_option("--story", options.story_file, "File for the first kill, told as text");
  app.add_option("--html", options.html_file, "File for the first kill, told as a page");
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? killed : wrong_usage;
  }
  return hunt(options);
}

}  // namespace

}  // namespace lastword::sim

int main(int argument_count, char** arguments) {
  return lastword::sim::parse_and_hunt(argument_count, arguments);
}
