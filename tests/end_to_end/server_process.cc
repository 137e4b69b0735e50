#include "tests/end_to_end/server_process.h"

#include <gtest/gtest.h>

#include <charconv>
#include <exception>
#include <iostream>

#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

Command serve_command(const std::vector<std::string>& arguments, const ServerOptions& options) {
  std::vector<std::string> all{"serve", "--tcp", options.tcp, "--ws", options.ws};
  for (const char* timeout :
       {"--login-timeout", "--stall-timeout", "--drain-timeout", "--linger", "--heartbeat"}) {
    all.insert(all.end(), {timeout, "5m"});
  }
  all.insert(all.end(), arguments.begin(), arguments.end());
  return {.binary = options.binary, .arguments = all, .descriptors_max = options.descriptors_max};
}

ReadyLine wait_until_ready(Process& process) {
  const std::optional<std::string> line = process.read_output_line();
  if (line.has_value()) return parse_ready_line(*line);
  const ExitStatus status = process.wait_for_exit();
  throw Violation("the server did not get ready: " + to_string(status) + "; its standard error:\n" +
                  process.standard_error());
}

}  // namespace

ReadyLine parse_ready_line(std::string_view line) {
  ReadyLine ready;
  std::string_view rest = line;
  const auto take = [&rest](std::string_view before) {
    if (!rest.starts_with(before)) return std::string();
    rest.remove_prefix(before.size());
    const std::string_view value = rest.substr(0, rest.find(' '));
    rest.remove_prefix(value.size());
    return std::string(value);
  };
  ready.tcp = take("ready tcp=");
  ready.ws = take(" ws=");
  ready.admin = take(" admin=");
  if (ready.tcp.empty() || ready.ws.empty() || ready.admin.empty() || !rest.empty()) {
    throw Violation("no ready line: " + std::string(line));
  }
  return ready;
}

Endpoint parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) throw Violation("no HOST:PORT: " + std::string(text));
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  Endpoint endpoint{.host = std::string(host)};
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, endpoint.port);
  if (parsed.ec != std::errc{} || parsed.ptr != end || endpoint.port == 0) {
    throw Violation("no port in " + std::string(text));
  }
  return endpoint;
}

ServerProcess::ServerProcess(const std::vector<std::string>& arguments,
                             const ServerOptions& options)
    : process_(serve_command(arguments, options)),
      ready_line_(wait_until_ready(process_)),
      tcp_(parse_endpoint(ready_line_.tcp)) {
  // ThreadSanitizer (of GCC 12) now and then loses a signal that comes before the first wait.
  if (process_.has_mapped("libtsan")) process_.wait_until_asleep();
}

ServerProcess::~ServerProcess() {
  if (process_.is_running() && std::uncaught_exceptions() == 0) {
    ADD_FAILURE() << "the test left its server running";
  }
  if (std::uncaught_exceptions() == 0 && !::testing::Test::HasFailure()) return;
  std::cerr << "--- the server's standard output:\n"
            << process_.standard_output() << "--- the server's standard error:\n"
            << process_.standard_error() << "---\n";
}

ShutdownReport ServerProcess::report() const {
  const std::string& output = process_.standard_output();
  const std::size_t ready_end = output.find('\n');
  if (ready_end == std::string::npos || !output.ends_with('\n') ||
      output.find('\n', ready_end + 1) != output.size() - 1) {
    throw Violation("standard output is not a ready line and a report:\n" + output);
  }
  return parse_shutdown_report(
      std::string_view(output).substr(ready_end + 1, output.size() - ready_end - 2));
}

}  // namespace lastword::end_to_end
