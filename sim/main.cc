#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <optional>
#include <variant>

#include "sim/abort_note.h"
#include "sim/command_line.h"
#include "sim/commands.h"
#include "sim/interruption.h"

namespace {

using lastword::sim::ProgressLine;

std::optional<ProgressLine::Terminal> terminal_of(int descriptor) {
  if (isatty(descriptor) == 0) return std::nullopt;
  winsize size{};
  ProgressLine::Terminal terminal;
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 1) terminal.columns = size.ws_col;
  return terminal;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const auto command = lastword::sim::parse_command_line(argument_count, arguments);
  if (!command) {
    const bool is_asked_for = command.error().exit_code == 0;
    (is_asked_for ? std::cout : std::cerr) << command.error().text << (is_asked_for ? "" : "\n");
    return command.error().exit_code;
  }
  lastword::sim::tell_on_abort();
  // Only a suite ends in order; the other commands have nothing to show before their end.
  std::optional<lastword::sim::Interruption> interruption;
  if (std::holds_alternative<lastword::sim::RunCommand>(*command)) interruption.emplace();

  const lastword::sim::Caller caller{
      .out = std::cout,
      .err = std::cerr,
      .terminal = terminal_of(STDERR_FILENO),
      .program = arguments[0],
      .engine = lastword::sim::real_engine(),
      .now = lastword::sim::quiet_hooks().now,
      .interruption = [&interruption] { return interruption ? interruption->signal() : 0; }};
  return std::visit([&](const auto& asked) { return perform(asked, caller); }, *command);
}
