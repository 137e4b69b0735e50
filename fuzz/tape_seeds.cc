// Makes inputs for the target `tape` out of simulated runs, and runs out of inputs.
//
//   lastword_fuzz_tape_seeds FOLDER A..B [CASE...]   writes inputs into the folder
//   lastword_fuzz_tape_seeds case INPUT              prints an input as a case
//
// The inputs, each named by the SHA-1 of its content, as libFuzzer names them:
//   - of each weather the smallest run of the seeds A to B in which a message arrives
//   - for each fault and each mark the smallest run in which it is effective or hit, made smaller
//     as long as it still shows what no input before it does; the rarest come first
//   - the scenarios that no seed stands for, at their most boring
//   - the cases that are named
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/tape_bytes.h"
#include "fuzz/tape_run.h"
#include "sim/case_file.h"
#include "sim/command_line.h"
#include "sim/run.h"
#include "sim/shrink.h"

namespace lastword::fuzz {
namespace {

namespace fs = std::filesystem;

// The faults that were effective in a run, and behind them the marks that were hit.
using Situations = std::bitset<sim::fault_count + sim::mark_count>;

Situations situations_of(const sim::Outcome& outcome) {
  Situations situations;
  for (std::size_t fault = 0; fault < sim::fault_count; ++fault) {
    situations[fault] = outcome.faults.of[fault].effective != 0;
  }
  for (std::size_t mark = 0; mark < sim::mark_count; ++mark) {
    situations[sim::fault_count + mark] = outcome.marks.of[mark] != 0;
  }
  return situations;
}

struct Candidate {
  const sim::Scenario* scenario = nullptr;  // none so far
  sim::Tape tape;
  Situations situations;
};

// --- Which runs are worth keeping ---------------------------------------------------------------

class Selection {
 public:
  void consider(std::uint64_t seed) {
    const sim::Scenario& scenario = sim::scenario_for(seed);
    const sim::Outcome outcome = sim::run(scenario, sim::Choices::seeded(seed));
    if (!outcome.violations.empty() || outcome.steps > steps_max_default) return;
    const Candidate candidate{
        .scenario = &scenario, .tape = outcome.tape, .situations = situations_of(outcome)};
    if (outcome.deliveries > 0) keep_smaller(of_scenario_[scenario.name], candidate);
    for (std::size_t place = 0; place < candidate.situations.size(); ++place) {
      if (!candidate.situations[place]) continue;
      ++runs_with_[place];
      keep_smaller(with_[place], candidate);
    }
  }

  [[nodiscard]] std::vector<TapeInput> inputs() {
    for (const auto& [name, candidate] : of_scenario_) {
      take(candidate);
    }
    std::vector<std::size_t> rarest_first(with_.size());
    for (std::size_t place = 0; place < with_.size(); ++place) rarest_first[place] = place;
    std::stable_sort(
        rarest_first.begin(), rarest_first.end(),
        [&](std::size_t one, std::size_t other) { return runs_with_[one] < runs_with_[other]; });
    for (const std::size_t place : rarest_first) {
      if (with_[place].scenario == nullptr || shown_[place]) continue;
      take(shrunk(with_[place]));
    }
    for (const std::string_view name : numbered_scenarios()) {
      const sim::Scenario* const scenario = sim::find_scenario(name);
      if (!scenario->is_in_mix) inputs_.push_back({.scenario = scenario, .checks = {}, .tape = {}});
    }
    return std::move(inputs_);
  }

 private:
  static void keep_smaller(Candidate& kept, const Candidate& candidate) {
    const bool is_smaller = kept.scenario == nullptr || candidate.tape.size() < kept.tape.size();
    if (is_smaller) kept = candidate;
  }

  // The tests replay these inputs: so all checks are made somewhere.
  void take(const Candidate& candidate) {
    const std::size_t which = inputs_.size() % 4;
    inputs_.push_back({.scenario = candidate.scenario,
                       .checks = {.is_run_twice = which == 1,
                                  .is_replayed = which == 2,
                                  .is_cut_often = which == 3},
                       .tape = candidate.tape});
    shown_ |= candidate.situations;
  }

  // As small as it gets and still shows what none before it does.
  [[nodiscard]] Candidate shrunk(const Candidate& candidate) const {
    constexpr std::uint64_t runs_max = 5'000;
    const Situations wanted = candidate.situations & ~shown_;
    const sim::Replay replay = [&](const sim::Tape& tape) -> std::optional<sim::Tape> {
      TapeRun done = run_tape(*candidate.scenario, tape);
      const bool is_good = done.is_whole && done.outcome.violations.empty();
      if (!is_good || (situations_of(done.outcome) & wanted) != wanted) return std::nullopt;
      return std::move(done.outcome.tape);
    };
    const sim::Shrunk small = sim::shrink(candidate.tape, replay, runs_max);
    const TapeRun done = run_tape(*candidate.scenario, small.tape);
    return {.scenario = candidate.scenario,
            .tape = small.tape,
            .situations = situations_of(done.outcome)};
  }

  std::map<std::string_view, Candidate> of_scenario_;
  std::array<Candidate, Situations{}.size()> with_;
  std::array<std::uint64_t, Situations{}.size()> runs_with_{};
  Situations shown_;  // by an input that was taken
  std::vector<TapeInput> inputs_;
};

// --- Files --------------------------------------------------------------------------------------

std::optional<std::string> read(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::string content{std::istreambuf_iterator<char>{file}, {}};
  if (!file) {
    std::fprintf(stderr, "lastword_fuzz_tape_seeds: can't read %s\n", path.c_str());
    return std::nullopt;
  }
  return content;
}

std::string name_for(const std::vector<std::uint8_t>& bytes) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> hash{};
  SHA1(bytes.data(), bytes.size(), hash.data());
  std::string name;
  for (const unsigned char byte : hash) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", byte);
    name += digits.data();
  }
  return name;
}

bool write(const fs::path& folder, const TapeInput& input) {
  const std::vector<std::uint8_t> bytes = encode(input);
  const fs::path path = folder / name_for(bytes);
  std::ofstream file{path, std::ios::binary};
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) std::fprintf(stderr, "lastword_fuzz_tape_seeds: can't write %s\n", path.c_str());
  return static_cast<bool>(file);
}

// --- The two commands ---------------------------------------------------------------------------

std::optional<TapeInput> read_case(const fs::path& path) {
  const auto text = read(path);
  if (!text) return std::nullopt;
  const auto found = sim::parse_case(*text);
  const sim::Scenario* const scenario = found ? sim::find_scenario(found->scenario) : nullptr;
  if (scenario == nullptr) {
    std::fprintf(stderr, "lastword_fuzz_tape_seeds: %s: %s\n", path.c_str(),
                 found ? "there is no such scenario" : found.error().c_str());
    return std::nullopt;
  }
  return TapeInput{.scenario = scenario, .checks = {}, .tape = found->tape};
}

int write_inputs(const fs::path& folder, const sim::SeedRange& seeds,
                 const std::vector<fs::path>& cases) {
  std::vector<TapeInput> inputs;
  for (const fs::path& path : cases) {
    const auto input = read_case(path);
    if (!input) return 2;
    inputs.push_back(*input);
  }
  Selection selection;
  for (std::uint64_t seed = seeds.first;; ++seed) {
    selection.consider(seed);
    if (seed == seeds.last) break;
  }
  const std::vector<TapeInput> selected = selection.inputs();
  inputs.insert(inputs.end(), selected.begin(), selected.end());

  std::error_code error;  // if there is no folder now, the files can't be written
  fs::create_directories(folder, error);
  for (const TapeInput& input : inputs) {
    if (!write(folder, input)) return 2;
  }
  std::printf("%zu inputs\n", inputs.size());
  return 0;
}

int print_case(const fs::path& path) {
  const auto content = read(path);
  if (!content) return 2;
  const std::vector<std::uint8_t> bytes{content->begin(), content->end()};
  const TapeInput input = decode(bytes);
  const sim::Case found{.scenario = std::string{input.scenario->name},
                        .property = {},
                        .note = "tape: " + path.filename().string(),
                        .tape = input.checks.is_cut_often ? checked_often(input.tape) : input.tape};
  std::fputs(to_file(found).c_str(), stdout);
  return 0;
}

int usage() {
  std::fputs(
      "usage: lastword_fuzz_tape_seeds FOLDER A..B [CASE...]\n"
      "       lastword_fuzz_tape_seeds case INPUT\n",
      stderr);
  return 2;
}

}  // namespace
}  // namespace lastword::fuzz

int main(int argument_count, char** arguments) {
  using namespace lastword::fuzz;
  const std::vector<std::string> words{arguments + 1, arguments + argument_count};
  if (words.size() == 2 && words[0] == "case") return print_case(words[1]);
  if (words.size() < 2) return usage();
  const auto seeds = lastword::sim::parse_seeds(words[1]);
  if (!seeds) return usage();
  return write_inputs(words[0], *seeds, {words.begin() + 2, words.end()});
}
