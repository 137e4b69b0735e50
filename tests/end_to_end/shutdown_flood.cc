// lastword_shutdown_flood: for the record, many shutdowns in the middle of a flood, a row for each.
//
//   lastword_shutdown_flood [--runs N] [--seed S] [--pairs P] [--messages M] [--text-bytes B]
//
// Run K uses the seed S + K. In each, P pairs of clients flood each other over the loopback; when
// they have received a number of messages (drawn from the seed, at most M) the server gets SIGTERM.
// The server is the one of this build, or the one that the environment names: LASTWORD_BINARY.
// Exit code: 0 if the books of every run agree, 1 if not, 2 for unusable arguments.

#include <charconv>
#include <cstdint>
#include <exception>
#include <iomanip>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/flood.h"

namespace lastword::end_to_end {
namespace {

constexpr std::string_view usage =
    "usage: lastword_shutdown_flood [--runs N] [--seed S] [--pairs P] [--messages M] "
    "[--text-bytes B]\n"
    "  --runs N        shutdowns, one server for each (default 20)\n"
    "  --seed S        the seed of the first run, the next has S + 1 (default 1)\n"
    "  --pairs P       pairs of clients that flood each other (default 25)\n"
    "  --messages M    SIGTERM comes after 0 to M messages received (default 100000)\n"
    "  --text-bytes B  the texts have 0 to B bytes (default 1000)\n"
    "columns: accepted, delivered and the failed by reason as the server reports them; received\n"
    "and goodbyes as the clients count them; balanced: yes if all these books agree\n";

// The values of the options, or nothing if the arguments are unusable.
bool parse(const std::vector<std::string_view>& arguments,
           std::map<std::string_view, std::uint64_t>& values) {
  for (std::size_t index = 0; index < arguments.size(); index += 2) {
    const auto option = values.find(arguments[index]);
    if (option == values.end() || index + 1 == arguments.size()) return false;
    const std::string_view text = arguments[index + 1];
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), option->second);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return false;
  }
  return true;
}

void print_heading() {
  std::cout << std::right << std::setw(6) << "seed" << std::setw(10) << "sigterm@" << std::setw(10)
            << "accepted" << std::setw(10) << "delivered" << std::setw(10) << "not_conn"
            << std::setw(10) << "peer_gone" << std::setw(10) << "slow" << std::setw(10)
            << "deadline" << std::setw(10) << "received" << std::setw(10) << "goodbyes"
            << std::setw(10) << "drain_ms" << std::setw(6) << "exit" << std::setw(10) << "balanced"
            << '\n';
}

void print_row(std::uint64_t seed, const FloodResult& result) {
  const ShutdownReport::Failed& failed = result.report.deliveries.failed;
  std::cout << std::setw(6) << seed << std::setw(10) << result.received_before_signal
            << std::setw(10) << result.report.accepted << std::setw(10)
            << result.report.deliveries.delivered << std::setw(10) << failed.not_connected
            << std::setw(10) << failed.peer_gone << std::setw(10) << failed.slow_consumer
            << std::setw(10) << failed.drain_deadline << std::setw(10) << result.received
            << std::setw(10) << result.goodbye_sum << std::setw(10) << result.report.drain_ms
            << std::setw(6) << result.exit_status.code << std::setw(10)
            << (result.violations.empty() ? "yes" : "no") << std::endl;
  for (const std::string& violation : result.violations) std::cout << "    " << violation << '\n';
}

int run_all(const std::map<std::string_view, std::uint64_t>& values) {
  bool is_balanced = true;
  print_heading();
  for (std::uint64_t run = 0; run < values.at("--runs"); ++run) {
    const FloodOptions options{
        .seed = values.at("--seed") + run,
        .pair_count = values.at("--pairs"),
        .received_before_signal_max = static_cast<std::int64_t>(values.at("--messages")),
        .text_bytes_max = values.at("--text-bytes")};
    const FloodResult result = run_flood(options);
    print_row(options.seed, result);
    is_balanced = is_balanced && result.violations.empty();
  }
  return is_balanced ? 0 : 1;
}

}  // namespace
}  // namespace lastword::end_to_end

int main(int argument_count, char** arguments) {
  std::map<std::string_view, std::uint64_t> values{{"--runs", 20},
                                                   {"--seed", 1},
                                                   {"--pairs", 25},
                                                   {"--messages", 100'000},
                                                   {"--text-bytes", 1000}};
  if (argument_count == 2 && std::string_view(arguments[1]) == "--help") {
    std::cout << lastword::end_to_end::usage;
    return 0;
  }
  if (!lastword::end_to_end::parse({arguments + 1, arguments + argument_count}, values)) {
    std::cerr << lastword::end_to_end::usage;
    return 2;
  }
  try {
    return lastword::end_to_end::run_all(values);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
