// What `lastword-sim` can be told to do, and doing it.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>

#include "sim/crowd.h"
#include "sim/progress.h"
#include "sim/suite.h"

namespace lastword::sim {

struct RunCommand {
  SuitePlan plan;
  std::string cases_folder = ".";  // for the case of a failure
};

struct ReplayCommand {
  std::optional<std::uint64_t> seed;
  std::string case_file;               // if there is no seed
  const Scenario* scenario = nullptr;  // nullptr: that of the case, or the one the seed stands for
  bool is_told = false;                // as text
  std::string page;                    // file to write the story to; empty: none
  std::optional<std::uint32_t> stop_after;        // this step SIGTERM comes
  std::optional<std::uint32_t> stop_again_after;  // so many steps later it comes again; 0: never
  bool is_shrunk = false;
};

struct CrowdCommand {
  CrowdPlan plan;
  std::string picture;  // file to write it to; empty: none
};

struct ListCommand {};

using Command = std::variant<RunCommand, ReplayCommand, CrowdCommand, ListCommand>;

// Who calls a command, and what it is given to work with.
struct Caller {
  std::ostream& out;                               // what came of it
  std::ostream& err;                               // how far it is, and what went wrong
  std::optional<ProgressLine::Terminal> terminal;  // if `err` is one
  std::string program;                             // its name, as it was called
  Engine engine;
  std::function<Duration()> now;
  // The number of the signal that asks for an end, 0 if there was none.
  std::function<int()> interruption;
};

// Do it, and return the exit code: 0 if everything held, 1 if something broke, 2 if a file could
// not be read or written, 128 and the signal's number if it was interrupted while all held.
[[nodiscard]] int perform(const RunCommand& command, const Caller& caller);
[[nodiscard]] int perform(const ReplayCommand& command, const Caller& caller);
[[nodiscard]] int perform(const CrowdCommand& command, const Caller& caller);
[[nodiscard]] int perform(const ListCommand& command, const Caller& caller);

}  // namespace lastword::sim
