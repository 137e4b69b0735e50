// The command line of `lastword` (contract, section 5).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <variant>

#include "core/client/config.h"
#include "core/config.h"
#include "net/endpoint.h"

namespace lastword {

enum class LogLevel { debug, info, warning, error };

struct ServeOptions {
  std::optional<Endpoint> tcp = Endpoint{.host = "127.0.0.1", .port = 8080};
  std::optional<Endpoint> ws = Endpoint{.host = "127.0.0.1", .port = 8081};
  std::optional<Endpoint> admin;
  Config config;
  LogLevel log_level = LogLevel::info;
};

struct ConnectOptions {
  client::Config config;
  bool is_quiet = false;  // tells of no states, only of what went wrong for good
};

using Options = std::variant<ServeOptions, ConnectOptions>;

// A command line that asks for nothing to be run.
struct CommandLineEnd {
  int exit_code;
  std::string text;  // for standard output if the exit code is 0, else for standard error
};

[[nodiscard]] std::expected<Options, CommandLineEnd> parse_command_line(
    int argument_count, const char* const* arguments);

}  // namespace lastword
