#include "fuzz/tape_failure.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "sim/case_file.h"
#include "sim/display_text.h"
#include "sim/failure_report.h"
#include "sim/readable.h"
#include "sim/shrink.h"
#include "sim/story.h"

namespace lastword::fuzz {

namespace {

namespace fs = std::filesystem;

// As it is called from the repository's root, where `run.sh` runs.
constexpr const char* replaying_program = "build/release/lastword-sim";

// What was seen may quote any bytes.
std::string printable_lines(std::string_view text) {
  std::string lines;
  while (true) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines += sim::printable(text.substr(0, end));
    if (end == text.size()) return lines;
    lines += '\n';
    text.remove_prefix(end + 1);
  }
}

class FailureTeller {
 public:
  FailureTeller(const TapeFailure& failure, const fs::path& folder, const Runner& run,
                const ShrinkBounds& bounds)
      : failure_{failure}, folder_{folder}, run_{run}, bounds_{bounds}, tape_{failure.tape} {}

  [[nodiscard]] std::string tell() {
    const std::string how_small = make_smaller();
    const std::vector<std::uint8_t> input = encode({failure_.scenario, {}, tape_});
    const fs::path case_path = folder_ / (name_for(input) + ".case");
    const fs::path input_path = folder_ / (name_for(input) + ".tape");
    std::string text = printable_lines(failure_.violation.text) + "\n\n" + how_small + "\n" +
                       story(case_path) + "\n";
    text += write(case_path, "case", case_text());
    text += write(input_path, "input", {input.begin(), input.end()});
    text += "again: " + command_for(case_path);
    return text;
  }

 private:
  [[nodiscard]] sim::Property property() const { return failure_.violation.property; }

  [[nodiscard]] std::string name_for(const std::vector<std::uint8_t>& input) const {
    Digest digest;
    for (const std::uint8_t byte : input) digest.add(byte);
    constexpr std::size_t digits = 8;
    return std::string{failure_.scenario->name} + "-" + std::string{short_name(property())} + "-" +
           sim::hexadecimal(digest.value()).substr(0, digits);
  }

  // Makes the tape as small as it gets, and says how that went.
  [[nodiscard]] std::string make_smaller() {
    if (failure_.found == TapeFailure::Found::in_comparison) {
      return "not shrunk: runs of one tape differ, so no smaller one proves anything\n";
    }
    std::uint64_t steps = 0;
    const sim::Replay replay = [&](const sim::Tape& smaller) -> std::optional<sim::Tape> {
      if (steps > bounds_.steps_max) return std::nullopt;
      TapeRun done = run_(*failure_.scenario, smaller);
      steps += done.outcome.steps;
      if (!done.outcome.has_broken(property())) return std::nullopt;
      return std::move(done.outcome.tape);
    };
    sim::Shrunk shrunk = sim::shrink(tape_, replay, bounds_.runs_max);
    const bool is_given_up = !shrunk.is_minimal || steps > bounds_.steps_max;
    std::string text = "shrunk from " + sim::counted(tape_.size(), "choice", "choices") + " to " +
                       sim::grouped(shrunk.tape.size()) + " in " +
                       sim::counted(shrunk.runs, "run", "runs") +
                       (is_given_up ? ", then gave up\n" : "\n");
    tape_ = std::move(shrunk.tape);
    return text;
  }

  [[nodiscard]] std::string story(const fs::path& case_path) const {
    sim::Story story = sim::run_told(*failure_.scenario, sim::Choices::replayed(tape_)).story;
    // A comparison of runs broke it: no single run knows.
    if (failure_.found == TapeFailure::Found::in_comparison) {
      story.violations = {failure_.violation};
    }
    story.title = "tape " + case_path.stem().string();
    story.replay = command_for(case_path);
    return to_text(story, sim::story_rows_max);
  }

  [[nodiscard]] std::string case_text() const {
    return sim::to_file({.scenario = std::string{failure_.scenario->name},
                         .property = property(),
                         .note = "tape: " + std::string{sentence(property())},
                         .tape = tape_});
  }

  [[nodiscard]] static std::string command_for(const fs::path& case_path) {
    return sim::command_text({replaying_program, "replay", case_path.string(), "--story"});
  }

  // Says where it is now, or why it is nowhere.
  [[nodiscard]] std::string write(const fs::path& path, std::string_view what,
                                  const std::string& content) const {
    std::error_code error;  // if there is no folder now, the file can't be written
    if (!folder_.empty()) fs::create_directories(folder_, error);
    std::ofstream file{path, std::ios::binary};
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    if (file) return std::string{what} + " written to " + path.string() + "\n";
    return std::string{what} + " not written to " + path.string() + ": " + std::strerror(errno) +
           "\n";
  }

  const TapeFailure& failure_;
  const fs::path& folder_;
  const Runner& run_;
  const ShrinkBounds& bounds_;
  sim::Tape tape_;
};

}  // namespace

std::string tell_failure(const TapeFailure& failure, const fs::path& folder, const Runner& run,
                         const ShrinkBounds& bounds) {
  return FailureTeller{failure, folder, run, bounds}.tell();
}

std::string oracle_name(sim::Property property) {
  return std::string{short_name(property)} + ": " + std::string{sentence(property)};
}

std::string first_difference(const std::vector<std::string>& first,
                             const std::vector<std::string>& second) {
  const auto [one, other] = std::mismatch(first.begin(), first.end(), second.begin(), second.end());
  if (one == first.end() && other == second.end()) {
    return "two more runs, traced, had the same events";
  }
  return "they differ first in event " + std::to_string(one - first.begin() + 1) +
         "\n  first:  " + (one == first.end() ? "the end" : *one) +
         "\n  second: " + (other == second.end() ? "the end" : *other);
}

}  // namespace lastword::fuzz
