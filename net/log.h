// The log on standard error.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/server.h"
#include "net/options.h"

namespace lastword {

// Sets up the log. It never blocks the server: a line that standard error can't take at once (a
// pipe that nobody reads) is left out, and the next one that can be written says how many were.
void start_log(LogLevel level);

void log_info(std::string_view text);
void log_warning(std::string_view text);

// Writes what the server's events tell an operator: what concerns one healthy client at the debug
// level, endings and limits above it.
class EventLog {
 public:
  explicit EventLog(Server& server) : server_{server} {}

  // Takes the server's events and writes them.
  void write();

 private:
  void write(const Event& event);

  void write_turned_away();

  // In a storm, one line a second tells how many were turned away.
  static constexpr std::chrono::seconds turned_away_interval{1};

  Server& server_;
  std::vector<Event> events_;
  std::uint64_t turned_away_ = 0;
  std::chrono::steady_clock::time_point turned_away_written_at_{};
};

}  // namespace lastword
