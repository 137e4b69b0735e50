#include "net/options.h"

#include <CLI/CLI.hpp>
#include <sstream>
#include <string>

#include "net/connect_command.h"
#include "net/option_values.h"
#include "net/serve_command.h"

namespace lastword {

std::expected<Options, CommandLineEnd> parse_command_line(int argument_count,
                                                          const char* const* arguments) {
  CLI::App app{"lastword: a chat server that never loses the last word", "lastword"};
  app.set_version_flag("--version", "lastword 0.1.0");
  app.require_subcommand(1);
  ServeCommand serve{app};
  ConnectCommand connect{app};

  // CLI11 would only say that a command is missing.
  const std::string first = argument_count > 1 ? arguments[1] : "";
  const std::string command = first == "connect" ? first : "serve";
  const auto unusable = [&](const std::string& reason) {
    return std::unexpected{CommandLineEnd{
        .exit_code = 2, .text = "lastword: " + reason + " (see lastword " + command + " --help)"}};
  };
  if (!first.empty() && !first.starts_with('-') && first != "serve" && first != "connect") {
    return unusable("unknown command " + in_quotes(first));
  }
  if (first.starts_with("--") && first != "--help" && first != "--version") {
    return unusable(first + ": the command comes first, as in lastword serve " + first);
  }
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      std::ostringstream text;
      app.exit(error, text, text);
      return std::unexpected{CommandLineEnd{.exit_code = 0, .text = text.str()}};
    }
    return unusable(error.what());
  }
  if (connect.is_called()) return connect.options();
  const std::string contradiction = serve.contradiction();
  if (!contradiction.empty()) return unusable(contradiction);
  return serve.options();
}

}  // namespace lastword
