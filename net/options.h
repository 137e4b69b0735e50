// The command line of `lastword serve` (contract, section 5).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

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

// A command line that asks for nothing to be served.
struct CommandLineEnd {
  int exit_code;
  std::string text;  // for standard output if the exit code is 0, else for standard error
};

[[nodiscard]] std::expected<ServeOptions, CommandLineEnd> parse_command_line(
    int argument_count, const char* const* arguments);

// "500ms", "30s", "5m", "1h"; the error is a text for the operator.
[[nodiscard]] std::expected<Duration, std::string> parse_duration(std::string_view text);

// A number of bytes: "65536", "64KiB", "1MiB", "1GiB".
[[nodiscard]] std::expected<std::size_t, std::string> parse_bytes(std::string_view text);

}  // namespace lastword
