#include "sim/commands.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <expected>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>
#include <system_error>
#include <utility>

#include "sim/abort_note.h"
#include "sim/case_file.h"
#include "sim/crowd_picture.h"
#include "sim/crowd_report.h"
#include "sim/failure_report.h"
#include "sim/readable.h"
#include "sim/summary.h"

namespace lastword::sim {

namespace {

// What is run again, and what it is called.
struct Replayed {
  const Scenario* scenario;
  std::string title;
  Choices choices;
  std::optional<Property> once_broken;  // when its case was written
};

std::string seeds_text(const SuitePlan& plan) {
  const std::string first = std::to_string(plan.first_seed);
  if (plan.time_max) {
    return "seeds from " + first + " on for " + std::to_string(plan.time_max->count()) + " s";
  }
  if (plan.first_seed == plan.last_seed) return "seed " + first;
  return "seeds " + first + ".." + std::to_string(plan.last_seed);
}

std::string plan_text(const SuitePlan& plan) {
  return seeds_text(plan) + " of " +
         (plan.scenario == nullptr ? std::string{"the mix"}
                                   : "scenario " + std::string{plan.scenario->name}) +
         ", " + counted(plan.jobs, "job", "jobs");
}

SuiteResult run_and_show(const SuitePlan& plan, const Caller& caller, const SuiteHooks& hooks) {
  ProgressLine line{caller.err, caller.terminal, caller.now()};
  SuiteHooks showing = hooks;
  showing.show = [&](const SuiteProgress& progress) {
    const Duration now = caller.now();
    if (line.is_due(now)) line.show(progress_text(progress), now);
  };
  return run_suite(plan, caller.engine, showing);
}

std::expected<std::string, std::string> read_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return std::unexpected{error ? error.message() : "it is no file"};
  }
  std::ifstream file{path, std::ios::binary};
  if (!file) return std::unexpected{std::strerror(errno)};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::expected<Case, std::string> read_case(const std::string& path) {
  const auto text = read_file(path);
  if (!text) {
    return std::unexpected{path + " is no seed, and can't be read as a file: " + text.error()};
  }
  auto parsed = parse_case(*text);
  if (!parsed) return std::unexpected{path + ": " + parsed.error()};
  return std::move(*parsed);
}

std::expected<Replayed, std::string> find(const ReplayCommand& command, const Engine& engine) {
  if (command.seed) {
    return Replayed{.scenario = command.scenario != nullptr ? command.scenario
                                                            : &engine.scenario_for(*command.seed),
                    .title = "seed " + std::to_string(*command.seed),
                    .choices = Choices::seeded(*command.seed),
                    .once_broken = {}};
  }
  auto found = read_case(command.case_file);
  if (!found) return std::unexpected{std::move(found.error())};
  const Scenario* const scenario = find_scenario(found->scenario);
  if (scenario == nullptr) {
    return std::unexpected{command.case_file + ": there is no scenario '" + found->scenario +
                           "' (any more)"};
  }
  return Replayed{.scenario = scenario,
                  .title = "case " + command.case_file,
                  .choices = Choices::replayed(std::move(found->tape)),
                  .once_broken = found->property};
}

// The command that shows the same story again.
std::string story_command(const ReplayCommand& command, const Replayed& replayed,
                          const std::string& program) {
  std::vector<std::string> words{program, "replay"};
  const auto add = [&words](std::string option, std::string value) {
    words.push_back(std::move(option));
    words.push_back(std::move(value));
  };
  if (command.seed) {
    words.push_back(std::to_string(*command.seed));
    add("--scenario", std::string{replayed.scenario->name});
  } else {
    words.push_back(command.case_file);
  }
  if (command.stop_after) add("--stop-after", std::to_string(*command.stop_after));
  if (command.stop_again_after) {
    add("--stop-again-after", std::to_string(*command.stop_again_after));
  }
  if (command.is_shrunk) words.emplace_back("--shrink");
  words.emplace_back("--story");
  return command_text(words);
}

std::string tell_outcome(const Outcome& outcome, const Replayed& replayed) {
  std::string text =
      counted(outcome.events, "event", "events") + " in " +
      counted(outcome.steps, "step", "steps") + ", " +
      readable(std::chrono::duration_cast<std::chrono::microseconds>(outcome.simulated)) +
      " simulated, " + counted(outcome.accepted, "message", "messages") + " accepted, " +
      counted(outcome.deliveries, "delivery", "deliveries") + "\n";
  text +=
      outcome.violations.empty() ? "all properties held\n" : tell_violations(outcome.violations);
  if (replayed.once_broken && !outcome.has_broken(*replayed.once_broken)) {
    text += "(the case was written because it broke " +
            std::string{short_name(*replayed.once_broken)} + ", which held now)\n";
  }
  return text;
}

}  // namespace

int perform(const RunCommand& command, const Caller& caller) {
  const SuitePlan& plan = command.plan;
  caller.err << "lastword-sim: " << plan_text(plan) << "\n" << std::flush;
  int signal = 0;
  const SuiteHooks hooks{.now = caller.now,
                         .is_interrupted =
                             [&] {
                               signal = caller.interruption();
                               return signal != 0;
                             },
                         .show = {}};
  const SuiteResult result = run_and_show(plan, caller, hooks);

  std::ostream& out = caller.out;
  bool is_good = result.failed.empty();
  if (result.first) {
    static_cast<void>(report_failure(*result.first, command.cases_folder, caller));
    out << "\n";
  }
  out << tell_totals(result) << "\n";
  // Where the first failure was the end, how often something was met says nothing.
  const bool is_whole = is_good || plan.keeps_going;
  if (is_whole) {
    out << tell_coverage(result.totals) << "\n"
        << tell_failed(result) << tell_gaps(plan, result.totals);
    is_good =
        is_good && (gaps_of(result.totals).is_empty() || !must_be_complete(plan, result.totals));
  }
  if (result.is_interrupted) {
    out << "interrupted by " << (signal == SIGINT ? "SIGINT" : "SIGTERM")
        << ": this is what was done until then\n";
  }
  out << std::flush;
  if (!is_good) return 1;
  return result.is_interrupted ? 128 + signal : 0;
}

int perform(const ReplayCommand& command, const Caller& caller) {
  auto found = find(command, caller.engine);
  if (!found) {
    caller.err << "lastword-sim: " << found.error() << "\n" << std::flush;
    return 2;
  }
  Replayed& replayed = *found;
  const Scenario& scenario = *replayed.scenario;
  if (command.seed) note_for_abort(*command.seed, scenario);
  if (command.stop_after) replayed.choices.force(Site::stop_step, *command.stop_after + 1);
  if (command.stop_again_after) {
    replayed.choices.force(Site::stop_again, *command.stop_again_after);
  }

  std::ostream& out = caller.out;
  out << replayed.title << "\nscenario " << scenario.name << ": " << scenario.sentence << "\n";
  Told told = caller.engine.run_told(scenario, replayed.choices);
  if (command.is_shrunk && !told.outcome.violations.empty()) {
    const Property property = told.outcome.violations.front().property;
    const std::size_t choices = told.outcome.tape.size();
    const Shrunk shrunk = shrink_and_show(scenario, told.outcome.tape, property, caller);
    out << "shrunk from " << counted(choices, "choice", "choices") << " to "
        << grouped(shrunk.tape.size()) << (shrunk.is_minimal ? "\n" : ", then gave up\n");
    told = caller.engine.run_told(scenario, Choices::replayed(shrunk.tape));
  }
  told.story.scenario = scenario.name;
  told.story.title = replayed.title;
  told.story.replay = story_command(command, replayed, caller.program);

  out << tell_outcome(told.outcome, replayed);
  if (command.is_told) out << "\n" << to_text(told.story) << "\n";
  bool is_written = true;
  if (!command.page.empty()) {
    is_written = write_file(command.page, to_html(told.story), caller);
    if (is_written) out << "page written to " << command.page << "\n";
  }
  out << "hash=" << hexadecimal(told.outcome.hash) << "\n" << std::flush;
  if (!told.outcome.violations.empty()) return 1;
  return is_written ? 0 : 2;
}

int perform(const CrowdCommand& command, const Caller& caller) {
  const CrowdResult result = run_crowd(command.plan);
  const std::vector<std::string> complained = complaints(command.plan, result);
  std::ostream& out = caller.out;
  out << tell_crowd(command.plan, result) << "\n";
  for (const std::string& complaint : complained) out << complaint << "\n";
  if (complained.empty()) out << "all bounds and all properties held\n";
  bool is_written = true;
  if (!command.picture.empty()) {
    is_written = write_file(command.picture, crowd_picture(command.plan, result), caller);
    if (is_written) out << "picture written to " << command.picture << "\n";
  }
  out << "hash=" << hexadecimal(result.hash) << "\n" << std::flush;
  if (!complained.empty()) return 1;
  return is_written ? 0 : 2;
}

int perform(const ListCommand& /*command*/, const Caller& caller) {
  caller.out << tell_list() << std::flush;
  return 0;
}

}  // namespace lastword::sim
