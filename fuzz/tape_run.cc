#include "fuzz/tape_run.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "sim/check_trap.h"
#include "sim/wall_clock.h"
#include "sim/world.h"

namespace lastword::fuzz {

namespace {

using sim::Choice;
using sim::Outcome;

// Notices when something happens for the first time in a run.
class TurningPoints {
 public:
  void look(const sim::Environment& environment, std::uint64_t step) {
    if (is_anything_new(environment)) steps_.push_back(static_cast<std::uint32_t>(step));
  }
  [[nodiscard]] std::vector<std::uint32_t> take() { return std::move(steps_); }

 private:
  [[nodiscard]] bool is_anything_new(const sim::Environment& environment) {
    bool is_new = false;
    for (std::size_t place = 0; place < sim::fault_count; ++place) {
      const bool is_there = environment.faults.of[place].effective != 0;
      if (is_there && !std::exchange(faults_[place], true)) is_new = true;
    }
    for (std::size_t place = 0; place < sim::mark_count; ++place) {
      const bool is_there = environment.marks.of[place] != 0;
      if (is_there && !std::exchange(marks_[place], true)) is_new = true;
    }
    return is_new;
  }

  std::array<bool, sim::fault_count> faults_{};
  std::array<bool, sim::mark_count> marks_{};
  std::vector<std::uint32_t> steps_;
};

std::vector<Course::Question> questions_of(const sim::Choices& choices) {
  std::vector<Course::Question> questions;
  for (std::size_t place = 0; place < sim::site_count; ++place) {
    const auto site = static_cast<sim::Site>(place);
    for (std::size_t number = 0; number < choices.choosers(); ++number) {
      const auto chooser = static_cast<sim::Chooser>(number);
      const std::uint32_t count = choices.asked(site, chooser);
      if (count > 0) questions.push_back({.site = site, .chooser = chooser, .count = count});
    }
  }
  return questions;
}

}  // namespace

TapeRun run_tape(const sim::Scenario& scenario, sim::Choices choices, std::uint64_t steps_max) {
  sim::World world{scenario, std::move(choices), {}};
  TapeRun done;
  std::optional<sim::Violation> failed;
  TurningPoints turning_points;
  {
    const sim::WallClock wall{world.environment()};
    const sim::CheckTrap trap;
    try {
      while (world.steps() < steps_max && world.step()) {
        turning_points.look(world.environment(), world.steps());
      }
    } catch (const sim::CheckFailed& error) {
      failed = sim::violation_of(error);
    }
  }
  done.outcome = world.outcome();
  if (failed) done.outcome.violations.push_back(*failed);
  done.is_whole = world.steps() < steps_max || !done.outcome.violations.empty();
  done.course = {.questions = questions_of(world.environment().choices),
                 .steps = static_cast<std::uint32_t>(world.steps()),
                 .turning_points = turning_points.take()};
  const bool is_compared = scenario.name == "isolation" && done.is_whole;
  if (is_compared && done.outcome.violations.empty()) {
    // This runs it again, and knows how to compare.
    const Outcome compared = sim::run(scenario, sim::Choices::replayed(done.outcome.tape));
    done.outcome.violations = compared.violations;
  }
  return done;
}

TapeRun run_tape(const sim::Scenario& scenario, const sim::Tape& tape, std::uint64_t steps_max) {
  return run_tape(scenario, sim::Choices::replayed(tape), steps_max);
}

sim::Tape checked_often(const sim::Tape& tape) {
  std::vector<Choice> choices{tape.choices().begin(), tape.choices().end()};
  constexpr std::uint32_t questions = 500;  // of which each check takes up to three
  for (std::uint32_t index = 0; index < questions; ++index) {
    // As an answer to "whether" each of them is yes. As one to "where" every second is within what
    // the head of a frame can be, the others are spread; beyond the end it is the last place.
    const bool is_within_a_head = index / 2 % 2 == 0;
    const std::uint32_t where = is_within_a_head ? index % 13 : index * 37 % 101;
    choices.push_back({.site = sim::Site::check_twice,
                       .chooser = sim::the_world,
                       .index = index,
                       .value = 1 + where});
  }
  return sim::Tape{std::move(choices)};  // of two for one place the first counts
}

}  // namespace lastword::fuzz
