#include "sim/failure_report.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <utility>

#include "sim/abort_note.h"
#include "sim/case_file.h"
#include "sim/readable.h"

namespace lastword::sim {

namespace {

std::uint32_t answer_in(const Tape& tape, Site site) {
  for (const Choice& choice : tape.choices()) {
    if (choice.site == site && choice.chooser == the_world && choice.index == 0) {
      return choice.value;
    }
  }
  return 0;
}

// Says what broke, and shrinks it, and tells it.
class FailureReport {
 public:
  FailureReport(const Failure& failure, const std::string& cases_folder, const Caller& caller)
      : failure_{failure},
        scenario_{*failure.scenario},
        property_{failure.outcome.violations.front().property},
        tape_{failure.outcome.tape},
        case_path_{std::filesystem::path{cases_folder} / case_name()},
        caller_{caller} {}

  [[nodiscard]] bool tell() {
    note_for_abort(failure_.seed, scenario_);
    std::ostream& out = caller_.out;
    out << "seed " << failure_.seed << " " << tell_violations(failure_.outcome.violations)
        << "scenario " << scenario_.name << ": " << scenario_.sentence << "\n"
        << how_found() << std::flush;
    out << "\n" << make_smaller() << "\n" << story() << "\n";
    out << "again: " << again() << "\n" << std::flush;
    if (!write_case()) return false;
    out << "case written to " << case_path_.string() << "\n"
        << "as a page: "
        << command_text({caller_.program, "replay", case_path_.string(), "--html",
                         std::filesystem::path{case_path_}.replace_extension(".html").string()})
        << "\n";
    return true;
  }

 private:
  [[nodiscard]] std::string case_name() const {
    return std::string{scenario_.name} + "-" + std::string{short_name(property_)} + "-" +
           std::to_string(failure_.seed) + ".case";
  }

  [[nodiscard]] std::string how_found() const {
    switch (failure_.found) {
      case Failure::Found::in_run:
      case Failure::Found::in_second_run:
        return {};
      case Failure::Found::in_sweep: {
        const std::uint32_t again = stop_again_after();
        return "found in its sweep of stops: a stop after step " + grouped(stop_after()) +
               (again == 0 ? "\n" : ", another " + counted(again, "step", "steps") + " later\n");
      }
    }
    return {};
  }

  // A sweep adds one to the step, as 0 is the boring answer; it always stops somewhere.
  [[nodiscard]] std::uint32_t stop_after() const {
    const std::uint32_t answer = answer_in(failure_.outcome.tape, Site::stop_step);
    return answer == 0 ? 0 : answer - 1;
  }
  [[nodiscard]] std::uint32_t stop_again_after() const {
    return answer_in(failure_.outcome.tape, Site::stop_again);
  }

  // Makes the tape as small as it gets, and says how that went.
  [[nodiscard]] std::string make_smaller() {
    if (failure_.found == Failure::Found::in_second_run) {
      return "not shrunk: runs of one tape differ, so no smaller one proves anything\n";
    }
    if (!caller_.engine.run(scenario_, Choices::replayed(tape_)).has_broken(property_)) {
      return "not shrunk: the tape of this run, replayed, does not break it; so " +
             std::string{short_name(Property::determinism)} + " is broken too\n";
    }
    Shrunk shrunk = shrink_and_show(scenario_, tape_, property_, caller_);
    const std::string text = "shrunk from " + counted(tape_.size(), "choice", "choices") + " to " +
                             grouped(shrunk.tape.size()) + " in " +
                             counted(shrunk.runs, "run", "runs") +
                             (shrunk.is_minimal ? "\n" : ", then gave up\n");
    tape_ = std::move(shrunk.tape);
    return text;
  }

  [[nodiscard]] std::string story() const {
    Story story = caller_.engine.run_told(scenario_, Choices::replayed(tape_)).story;
    // A comparison of runs broke it: no single run knows.
    if (failure_.found == Failure::Found::in_second_run) {
      story.violations = failure_.outcome.violations;
    }
    story.scenario = scenario_.name;
    story.title = "seed " + std::to_string(failure_.seed);
    story.replay = command_text({caller_.program, "replay", case_path_.string(), "--story"});
    return to_text(story, story_rows_max);
  }

  // The command that runs the seed again, as it was found and not shrunk.
  [[nodiscard]] std::string again() const {
    std::vector<std::string> words{caller_.program, "replay", std::to_string(failure_.seed),
                                   "--scenario", std::string{scenario_.name}};
    if (failure_.found != Failure::Found::in_sweep) return command_text(words);
    // A sweep may have decided more than the two stops: the command that is told has been tried.
    Choices choices = Choices::seeded(failure_.seed);
    choices.force(Site::stop_step, stop_after() + 1);
    choices.force(Site::stop_again, stop_again_after());
    if (caller_.engine.run(scenario_, std::move(choices)).hash != failure_.outcome.hash) {
      return command_text({caller_.program, "replay", case_path_.string()});
    }
    for (const std::string& word :
         {std::string{"--stop-after"}, std::to_string(stop_after()),
          std::string{"--stop-again-after"}, std::to_string(stop_again_after())}) {
      words.push_back(word);
    }
    return command_text(words);
  }

  [[nodiscard]] bool write_case() const {
    const Case found{
        .scenario = std::string{scenario_.name},
        .property = property_,
        .note = "seed " + std::to_string(failure_.seed) + ": " + std::string{sentence(property_)},
        .tape = tape_};
    std::error_code error;  // if there is no folder now, the file can't be written
    std::filesystem::create_directories(case_path_.parent_path(), error);
    return write_file(case_path_.string(), to_file(found), caller_);
  }

  const Failure& failure_;
  const Scenario& scenario_;
  Property property_;
  Tape tape_;
  std::filesystem::path case_path_;
  const Caller& caller_;
};

std::string indented(std::string_view text) {
  std::string lines = "  ";
  for (const char character : text) {
    lines += character;
    if (character == '\n') lines += "  ";
  }
  return lines;
}

}  // namespace

bool report_failure(const Failure& failure, const std::string& cases_folder, const Caller& caller) {
  return FailureReport{failure, cases_folder, caller}.tell();
}

std::string tell_violations(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) {
    text += "broke " + std::string{short_name(violation.property)} + ": " +
            std::string{sentence(violation.property)} + "\n" + indented(violation.text) + "\n";
  }
  return text;
}

Shrunk shrink_and_show(const Scenario& scenario, const Tape& tape, Property property,
                       const Caller& caller) {
  ProgressLine line{caller.err, caller.terminal, caller.now()};
  std::uint64_t runs = 0;
  std::size_t choices = tape.size();
  // The suite may have been interrupted before: that is not meant for this.
  const bool was_interrupted = caller.interruption() != 0;
  bool is_given_up = false;
  Shrunk shrunk = shrink(tape, [&](const Tape& smaller) -> std::optional<Tape> {
    is_given_up = is_given_up || (!was_interrupted && caller.interruption() != 0);
    if (is_given_up) return std::nullopt;
    ++runs;
    Outcome outcome = caller.engine.run(scenario, Choices::replayed(smaller));
    const Duration now = caller.now();
    if (line.is_due(now)) {
      line.show("shrinking: " + counted(runs, "run", "runs") + ", " +
                    counted(choices, "choice", "choices") + " left",
                now);
    }
    if (!outcome.has_broken(property)) return std::nullopt;
    choices = outcome.tape.size();
    return std::move(outcome.tape);
  });
  if (is_given_up) shrunk.is_minimal = false;
  return shrunk;
}

std::string command_text(const std::vector<std::string>& words) {
  static constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+,:=@%";
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char character : word) {
      if (character == '\'') {
        text += "'\\''";
      } else {
        text += character;
      }
    }
    text += '\'';
  }
  return text;
}

bool write_file(const std::string& path, std::string_view content, const Caller& caller) {
  std::ofstream file{path, std::ios::binary};
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (file) return true;
  const int reason = errno;
  caller.err << "lastword-sim: can't write " << path << ": " << std::strerror(reason) << "\n"
             << std::flush;
  return false;
}

}  // namespace lastword::sim
