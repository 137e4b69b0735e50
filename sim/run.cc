#include "sim/run.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sim/check_trap.h"
#include "sim/story_omissions.h"
#include "sim/wall_clock.h"
#include "sim/world.h"

namespace lastword::sim {

namespace {

// Runs the world to its end, and catches what the core stops at.
Outcome finish(World& world) {
  const WallClock wall{world.environment()};
  const CheckTrap trap;
  std::optional<Violation> failed;
  try {
    world.run();
  } catch (const CheckFailed& error) {
    failed = violation_of(error);
  }
  Outcome outcome = world.outcome();
  if (failed) outcome.violations.push_back(*failed);
  return outcome;
}

// Without its hostile neighbours, each of the others is told the very same (I9).
void check_isolation(const Scenario& scenario, const World& world, Outcome& outcome) {
  if (scenario.name != "isolation" || !outcome.violations.empty()) return;
  World alone{scenario, Choices::replayed(outcome.tape), {.is_without_hostile = true}};
  const Outcome control = finish(alone);
  outcome.events += control.events;
  constexpr std::size_t peaceful = 2;  // alice and bob come first
  for (std::size_t place = 0; place < peaceful; ++place) {
    if (world.transcripts().size() <= place || alone.transcripts().size() <= place) continue;
    if (world.transcripts()[place] == alone.transcripts()[place]) continue;
    outcome.violations.push_back(
        {.property = Property::isolation,
         .text = world.lanes()[place + 1] + " was told something else than without the hostile"});
  }
}

// Counts what happened in a run since it branched off.
void add(Sweep& sweep, const Outcome& outcome, const Outcome& branched_off) {
  ++sweep.runs;
  sweep.events += outcome.events - branched_off.events;
  sweep.simulated += outcome.simulated - branched_off.simulated;
  FaultCounts faults = outcome.faults;
  faults.subtract(branched_off.faults);
  sweep.faults.add(faults);
  MarkCounts marks = outcome.marks;
  marks.subtract(branched_off.marks);
  sweep.marks.add(marks);
  if (!outcome.violations.empty()) sweep.broken = outcome;
}

// One step of a run that others branch off from. What breaks in it is the end of the sweep.
bool step(World& world, Sweep& sweep) {
  const WallClock wall{world.environment()};
  const CheckTrap trap;
  std::optional<Violation> failed;
  bool goes_on = false;
  try {
    goes_on = world.step();
  } catch (const CheckFailed& error) {
    failed = violation_of(error);
  }
  if (!failed && !world.is_broken()) return goes_on;
  Outcome outcome = world.outcome();
  if (failed) outcome.violations.push_back(*failed);
  add(sweep, outcome, {});
  return false;
}

void sweep_second_stops(const World& stopped, std::uint32_t stride, Sweep& sweep) {
  World going_on{stopped};
  const std::uint64_t first = going_on.steps();
  while (step(going_on, sweep) && !going_on.has_exited()) {
    if ((going_on.steps() - first) % stride != 0) continue;
    World stopped_again{going_on};
    const Outcome at_second = stopped_again.counts();
    stopped_again.stop_here();
    add(sweep, finish(stopped_again), at_second);
    if (sweep.broken) return;
  }
}

}  // namespace

bool Outcome::has_broken(Property property) const {
  return std::any_of(violations.begin(), violations.end(),
                     [&](const Violation& violation) { return violation.property == property; });
}

Violation violation_of(const CheckFailed& failed) {
  const std::string text = failed.what();
  const bool is_about_books = text.find("books") != std::string::npos ||
                              text.find("queued") != std::string::npos ||
                              text.find("pending") != std::string::npos;
  return {.property = is_about_books ? Property::books_balance : Property::bounds, .text = text};
}

Outcome run(const Scenario& scenario, Choices choices) {
  World world{scenario, std::move(choices), {}};
  Outcome outcome = finish(world);
  check_isolation(scenario, world, outcome);
  return outcome;
}

Told run_told(const Scenario& scenario, Choices choices) {
  Narration narration{.is_story = true, .is_trace = false, .events = {}, .trace = {}};
  World world{scenario, std::move(choices), {.narration = &narration}};
  Told told{.outcome = finish(world), .story = {}};
  check_isolation(scenario, world, told.outcome);
  told.story.scenario = scenario.name;
  told.story.lanes = world.lanes();
  told.story.events = std::move(narration.events);
  told.story.violations = told.outcome.violations;
  std::array<bool, property_count> is_told{};
  for (const Violation& violation : told.outcome.violations) {
    if (std::exchange(is_told[static_cast<std::size_t>(violation.property)], true)) continue;
    told.story.events.push_back({.at = world.environment().now,
                                 .lane = the_server,
                                 .kind = StoryEvent::Kind::outcome,
                                 .text = std::string{short_name(violation.property)} + " broken"});
  }
  const std::vector<std::string> names = told.story.lanes;
  leave_out_others(told.story);
  leave_out_heartbeats(told.story);
  for (const Choice& choice : told.outcome.tape.choices()) {
    std::string line{name_of(choice.site)};
    const bool is_of_family = choice.site == Site::family_on || choice.site == Site::family_rate;
    if (is_of_family && choice.chooser < family_count) {
      line += " " + std::string{name_of(static_cast<Family>(choice.chooser))};
    } else if (choice.chooser != the_world && choice.chooser < names.size()) {
      line += " of " + names[choice.chooser];
    }
    line += ", no. " + std::to_string(choice.index + 1) + ": " + std::to_string(choice.value);
    told.story.choices.push_back(std::move(line));
  }
  return told;
}

std::vector<std::string> run_traced(const Scenario& scenario, Choices choices) {
  Narration narration{.is_story = false, .is_trace = true, .events = {}, .trace = {}};
  World world{scenario, std::move(choices), {.narration = &narration}};
  static_cast<void>(finish(world));
  return narration.trace;
}

Sweep sweep_stops(const Scenario& scenario, const Choices& choices, std::uint32_t second_stride) {
  Sweep sweep;
  Choices silent = choices;
  silent.force(Site::stop_step, 0);
  silent.force(Site::stop_again, 0);
  World world{scenario, std::move(silent), {}};
  while (step(world, sweep)) {
    if (world.is_stopped() || world.has_exited()) break;
    World stopped{world};
    const Outcome at_stop = stopped.counts();
    stopped.stop_here();
    if (second_stride != 0) sweep_second_stops(stopped, second_stride, sweep);
    if (sweep.broken) return sweep;
    add(sweep, finish(stopped), at_stop);
    if (sweep.broken) return sweep;
  }
  return sweep;
}

}  // namespace lastword::sim
