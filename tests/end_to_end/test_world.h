// How the world of a test begins and ends: peers come in by name, and at the end every one of them
// gets its goodbye and its end of file, and the server leaves with a report that balances.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/shutdown_report.h"

namespace lastword::end_to_end {

// A peer that has logged in.
[[nodiscard]] LineClient peer(const ServerProcess& server, std::string_view name,
                              const ClientOptions& options = {});

// The N of `* goodbye: N of your lines were accepted`; nothing for any other line.
[[nodiscard]] std::optional<std::int64_t> goodbye_count(std::string_view line);

// Reads to the end of the connection, which must be a goodbye and an end of file, and closes.
// Returns the N of the goodbye; the lines before it are added to `lines` if that is given.
std::int64_t expect_goodbye(LineClient& client, std::vector<std::string>* lines = nullptr);

// Stops the server by SIGTERM with these clients still there (others have left), expects their
// goodbyes, exit code 0 and a clean report, and returns that.
ShutdownReport finish(ServerProcess& server, std::initializer_list<LineClient*> clients = {});

// Waits for the end of the server, expects this exit code and a balanced report, and returns that.
ShutdownReport expect_exit(ServerProcess& server, int code);

// How the memory of the server grows from here on. Says nothing of a server with sanitizers.
class MemoryWatch {
 public:
  explicit MemoryWatch(Process& process);
  // The peak since the start may be this far above what was resident at the beginning.
  void expect_growth_below(std::size_t bytes) const;

 private:
  Process& process_;
  std::size_t resident_bytes_at_start_;
};

}  // namespace lastword::end_to_end
