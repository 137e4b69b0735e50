#include "sim/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <functional>
#include <limits>
#include <sstream>
#include <thread>
#include <utility>

#include "sim/readable.h"

namespace lastword::sim {

namespace {

constexpr std::uint64_t jobs_max = 1024;
constexpr std::uint64_t seconds_max = std::uint64_t{365} * 86'400;  // a year

std::string in_quotes(std::string_view text) { return "'" + std::string{text} + "'"; }

// All of the text as a number, and no larger than this.
std::optional<std::uint64_t> parse_number(std::string_view text, int base, std::uint64_t max) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, base);
  if (parsed.ec != std::errc{} || parsed.ptr != end || number > max) return std::nullopt;
  return number;
}

// Takes the text, or says what is wrong with it.
using Setter = std::function<std::string(const std::string&)>;

CLI::Option& add(CLI::App& command, const std::string& name, const std::string& type,
                 const std::string& help, const Setter& set) {
  const auto take = [name, set](const std::string& text) {
    const std::string error = set(text);
    if (!error.empty()) throw CLI::ValidationError{name, error};
  };
  return *command.add_option_function<std::string>(name, take, help)
              ->type_name(type)
              ->take_last()
              ->trigger_on_parse(false);
}

struct Bounds {
  std::uint64_t min;
  std::uint64_t max;
};

void add_number(CLI::App& command, const std::string& name, const std::string& type,
                const std::string& help, Bounds bounds,
                const std::function<void(std::uint64_t)>& take) {
  add(command, name, type, help, [bounds, take](const std::string& text) {
    const auto number = parse_number(text, 10, bounds.max);
    if (!number || *number < bounds.min) {
      return in_quotes(text) + " is no number from " + std::to_string(bounds.min) + " to " +
             std::to_string(bounds.max);
    }
    take(*number);
    return std::string{};
  });
}

void add_scenario(CLI::App& command, const std::string& help, const Scenario*& scenario) {
  add(command, "--scenario", "NAME", help, [&scenario](const std::string& text) {
    scenario = find_scenario(text);
    if (scenario != nullptr) return std::string{};
    std::string names;
    for (const Scenario& each : scenarios()) {
      names += (names.empty() ? "" : ", ") + std::string{each.name};
    }
    return "there is no scenario " + in_quotes(text) + "; there are: " + names;
  });
}

class RunParser {
 public:
  explicit RunParser(CLI::App& app)
      : command_{*app.add_subcommand("run", "run many seeds, and check all properties")} {
    SuitePlan& plan = asked_.plan;
    plan.jobs = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(std::thread::hardware_concurrency(), 1, jobs_max));
    add(command_, "--seeds", "A..B", "the seeds A to B, or one seed; 0x2a is 42 [1..10000]",
        [this](const std::string& text) { return set_seeds(text); });
    add_number(command_, "--seconds", "S", "seeds in order for so long, instead of --seeds",
               {.min = 1, .max = seconds_max},
               [&plan](std::uint64_t number) { plan.time_max = std::chrono::seconds{number}; });
    add(command_, "--first-seed", "N", "where --seconds begins [1]",
        [this](const std::string& text) { return set_first_seed(text); });
    add_scenario(command_, "all seeds in this one [the mix, each seed in its own]", plan.scenario);
    add_number(command_, "--jobs", "N", "threads [processors: " + std::to_string(plan.jobs) + "]",
               {.min = 1, .max = jobs_max},
               [&plan](std::uint64_t number) { plan.jobs = static_cast<std::uint32_t>(number); });
    add_number(command_, "--sweep-every", "N",
               "sweep seeds that are multiples of N: SIGTERM after every step; 0: none [" +
                   std::to_string(sweep_every_default) + "]",
               {.min = 0, .max = std::numeric_limits<std::uint64_t>::max()},
               [&plan](std::uint64_t number) { plan.sweep_every = number; });
    command_.add_flag(
        "--sweep", plan.is_swept_whole,
        "sweep every seed, with a second SIGTERM after every later step (takes long)");
    command_.add_flag("--keep-going", plan.keeps_going,
                      "after a failure too, and list all seeds that fail");
    add(command_, "--cases", "DIR", "folder for the case of a failure [.]",
        [this](const std::string& text) { return set_cases(text); });
  }

  [[nodiscard]] bool is_asked_for() const { return command_.parsed(); }
  [[nodiscard]] const RunCommand& asked() const { return asked_; }

  // What of the options can't work together; empty if all can.
  [[nodiscard]] std::string contradiction() {
    if (has_seeds_ && asked_.plan.time_max) {
      return "--seconds: either so many seconds or these --seeds";
    }
    if (has_first_seed_ && !asked_.plan.time_max) {
      return "--first-seed: it goes with --seconds; otherwise write --seeds A..B";
    }
    if (asked_.plan.time_max) {
      asked_.plan.last_seed = std::numeric_limits<std::uint64_t>::max();
    }
    return {};
  }

 private:
  std::string set_seeds(const std::string& text) {
    const auto range = parse_seeds(text);
    if (!range) return range.error();
    has_seeds_ = true;
    asked_.plan.first_seed = range->first;
    asked_.plan.last_seed = range->last;
    return {};
  }

  std::string set_first_seed(const std::string& text) {
    const auto seed = parse_seed(text);
    if (!seed) return in_quotes(text) + " is no seed";
    has_first_seed_ = true;
    asked_.plan.first_seed = *seed;
    return {};
  }

  std::string set_cases(const std::string& text) {
    if (text.empty()) return "there is no folder without a name";
    asked_.cases_folder = text;
    return {};
  }

  CLI::App& command_;
  RunCommand asked_;
  bool has_seeds_ = false;
  bool has_first_seed_ = false;
};

class ReplayParser {
 public:
  explicit ReplayParser(CLI::App& app)
      : command_{*app.add_subcommand("replay", "run one seed or case again, bit for bit")} {
    add(command_, "what", "SEED|FILE", "a seed, or the file of a case",
        [this](const std::string& text) {
          asked_.seed = parse_seed(text);
          asked_.case_file = asked_.seed ? "" : text;
          return std::string{};
        });
    add_scenario(command_, "run a seed in this one [the one that it stands for]", asked_.scenario);
    command_.add_flag("--story", asked_.is_told, "tell it, as text");
    add(command_, "--html", "FILE", "tell it as a page, written to FILE",
        [this](const std::string& text) {
          asked_.page = text;
          return text.empty() ? std::string{"there is no file without a name"} : std::string{};
        });
    // One more than the step goes onto the tape, and the tape has 32 bits.
    const Bounds steps{.min = 0, .max = std::numeric_limits<std::uint32_t>::max() - 1};
    add_number(
        command_, "--stop-after", "STEP", "SIGTERM comes after this step", steps,
        [this](std::uint64_t number) { asked_.stop_after = static_cast<std::uint32_t>(number); });
    add_number(command_, "--stop-again-after", "STEPS",
               "a second SIGTERM comes so many steps after the first; 0: none", steps,
               [this](std::uint64_t number) {
                 asked_.stop_again_after = static_cast<std::uint32_t>(number);
               });
    command_.add_flag("--shrink", asked_.is_shrunk,
                      "if it breaks something, go on with the smallest run that does");
  }

  [[nodiscard]] bool is_asked_for() const { return command_.parsed(); }
  [[nodiscard]] const ReplayCommand& asked() const { return asked_; }

  [[nodiscard]] std::string contradiction() const {
    if (!asked_.seed && asked_.case_file.empty()) {
      return "SEED|FILE is missing: a seed, or the file of a case";
    }
    if (!asked_.seed && asked_.scenario != nullptr) {
      return "--scenario: " + in_quotes(asked_.case_file) +
             " is no seed, and the file of a case says itself which scenario it is of";
    }
    return {};
  }

 private:
  CLI::App& command_;
  ReplayCommand asked_;
};

class CrowdParser {
 public:
  explicit CrowdParser(CLI::App& app)
      : command_{*app.add_subcommand("crowd", "a crowd of clients that lose their server")} {
    CrowdPlan& plan = asked_.plan;
    add_number(
        command_, "--clients", "N", "how many there are [" + grouped(plan.clients) + "]",
        {.min = CrowdPlan::clients_min, .max = CrowdPlan::clients_max},
        [&plan](std::uint64_t number) { plan.clients = static_cast<std::uint32_t>(number); });
    add(command_, "--downtime", "DURATION",
        "from the old process's end to the new one's start: 500ms, 10s, 2m [10s]",
        [&plan](const std::string& text) {
          const auto downtime = parse_downtime(text);
          if (!downtime) return in_quotes(text) + " is no duration from 0ms to 10m";
          plan.downtime = *downtime;
          return std::string{};
        });
    command_.add_flag("--kill", plan.is_killed, "SIGKILL, in place of SIGTERM");
    add(command_, "--seed", "N", "what the clients draw; 0x2a is 42 [1]",
        [&plan](const std::string& text) {
          const auto seed = parse_seed(text);
          if (!seed) return in_quotes(text) + " is no seed";
          plan.seed = *seed;
          return std::string{};
        });
    add(command_, "--svg", "FILE", "draw it, into FILE", [this](const std::string& text) {
      asked_.picture = text;
      return text.empty() ? std::string{"there is no file without a name"} : std::string{};
    });
  }

  [[nodiscard]] bool is_asked_for() const { return command_.parsed(); }
  [[nodiscard]] const CrowdCommand& asked() const { return asked_; }

 private:
  static std::optional<Duration> parse_downtime(std::string_view text) {
    struct Unit {
      std::string_view word;
      std::chrono::milliseconds span;
    };
    static constexpr std::array<Unit, 3> units{
        {{.word = "ms", .span = std::chrono::milliseconds{1}},
         {.word = "s", .span = std::chrono::seconds{1}},
         {.word = "m", .span = std::chrono::minutes{1}}}};
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view word = text.substr(digits);
    const auto unit = std::ranges::find(units, word, &Unit::word);
    if (unit == units.end()) return std::nullopt;
    const auto max = static_cast<std::uint64_t>(CrowdPlan::downtime_max / unit->span);
    const auto number = parse_number(text.substr(0, digits), 10, max);
    if (!number) return std::nullopt;
    return *number * unit->span;
  }

  CLI::App& command_;
  CrowdCommand asked_;
};

CommandLineEnd unusable(const std::string& reason, const std::string& command) {
  return {.exit_code = 2,
          .text = "lastword-sim: " + reason + " (see lastword-sim " +
                  (command.empty() ? "" : command + " ") + "--help)"};
}

constexpr std::array<std::string_view, 4> command_names{"run", "replay", "crowd", "list"};

// CLI11 would only say that a command is missing.
std::string misplaced(std::string_view first) {
  if (first.empty()) return "a command is missing; there are: run, replay, crowd, list";
  if (first == "--help" || first == "-h" || first == "--version") return {};
  if (first.starts_with('-')) {
    return std::string{first} + ": the command comes first, as in lastword-sim run " +
           std::string{first};
  }
  if (std::find(command_names.begin(), command_names.end(), first) != command_names.end()) {
    return {};
  }
  return "unknown command " + in_quotes(first) + "; there are: run, replay, crowd, list";
}

}  // namespace

std::optional<std::uint64_t> parse_seed(std::string_view text) {
  const bool is_hexadecimal = text.starts_with("0x");
  if (is_hexadecimal) text.remove_prefix(2);
  return parse_number(text, is_hexadecimal ? 16 : 10, std::numeric_limits<std::uint64_t>::max());
}

std::expected<SeedRange, std::string> parse_seeds(std::string_view text) {
  const std::size_t dots = text.find("..");
  const bool is_one = dots == std::string_view::npos;
  const auto first = parse_seed(text.substr(0, dots));
  const auto last = is_one ? first : parse_seed(text.substr(dots + 2));
  if (!first || !last) {
    return std::unexpected{in_quotes(text) +
                           " is no range of seeds; write 7, 1..100 or 0x10..0xff"};
  }
  if (*first > *last) {
    return std::unexpected{in_quotes(text) + " ends before it begins"};
  }
  return SeedRange{.first = *first, .last = *last};
}

std::expected<Command, CommandLineEnd> parse_command_line(int argument_count,
                                                          const char* const* arguments) {
  CLI::App app{"lastword-sim: the server in a simulated world, run after run", "lastword-sim"};
  app.set_version_flag("--version", "lastword-sim 0.1.0");
  app.require_subcommand(1);
  RunParser run{app};
  ReplayParser replay{app};
  CrowdParser crowd{app};
  app.add_subcommand("list", "the scenarios, faults, marks and properties there are");

  const std::string first = argument_count > 1 ? arguments[1] : "";
  const std::string mistake = misplaced(first);
  if (!mistake.empty()) return std::unexpected{unusable(mistake, "")};
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      std::ostringstream text;
      app.exit(error, text, text);
      return std::unexpected{CommandLineEnd{.exit_code = 0, .text = text.str()}};
    }
    return std::unexpected{unusable(error.what(), first)};
  }
  const std::string contradiction = run.is_asked_for()      ? run.contradiction()
                                    : replay.is_asked_for() ? replay.contradiction()
                                                            : std::string{};
  if (!contradiction.empty()) return std::unexpected{unusable(contradiction, first)};
  if (run.is_asked_for()) return run.asked();
  if (replay.is_asked_for()) return replay.asked();
  if (crowd.is_asked_for()) return crowd.asked();
  return ListCommand{};
}

}  // namespace lastword::sim
