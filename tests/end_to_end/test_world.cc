#include "tests/end_to_end/test_world.h"

#include <gtest/gtest.h>

#include <charconv>
#include <csignal>
#include <iterator>

#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {

LineClient peer(const ServerProcess& server, std::string_view name, const ClientOptions& options) {
  LineClient client(server.tcp(), options);
  client.login(name);
  return client;
}

std::optional<std::int64_t> goodbye_count(std::string_view line) {
  constexpr std::string_view before = "* goodbye: ";
  constexpr std::string_view after = " of your lines were accepted";
  if (!line.starts_with(before) || !line.ends_with(after)) return std::nullopt;
  line.remove_prefix(before.size());
  line.remove_suffix(after.size());
  std::int64_t count = 0;
  const auto parsed = std::from_chars(line.data(), line.data() + line.size(), count);
  if (parsed.ec != std::errc{} || parsed.ptr != line.data() + line.size()) return std::nullopt;
  return count;
}

std::int64_t expect_goodbye(LineClient& client, std::vector<std::string>* lines) {
  client.start_reading();
  std::vector<std::string> all = client.read_until_end();
  EXPECT_EQ(client.ending(), Ending::finished) << client.description();
  EXPECT_EQ(client.unfinished_line(), "") << client.description();
  client.close();
  if (all.empty()) throw Violation("no goodbye for " + client.description());
  const std::optional<std::int64_t> count = goodbye_count(all.back());
  if (!count.has_value()) throw Violation("the last line is no goodbye: " + all.back());
  all.pop_back();
  if (lines != nullptr) lines->insert(lines->end(), all.begin(), all.end());
  return *count;
}

ShutdownReport finish(ServerProcess& server, std::initializer_list<LineClient*> clients) {
  server.send_signal(SIGTERM);
  for (LineClient* const client : clients) expect_goodbye(*client);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_TRUE(report.clean);
  return report;
}

ShutdownReport expect_exit(ServerProcess& server, int code) {
  EXPECT_EQ(server.wait_for_exit(), (ExitStatus{.code = code}));
  ShutdownReport report = server.report();
  EXPECT_TRUE(report.is_balanced()) << server.process().standard_output();
  return report;
}

MemoryWatch::MemoryWatch(Process& process)
    : process_(process), resident_bytes_at_start_(process.resident_bytes()) {}

void MemoryWatch::expect_growth_below(std::size_t bytes) const {
  if (process_.has_shadow_memory()) return;
  EXPECT_LT(process_.resident_bytes_peak(), resident_bytes_at_start_ + bytes);
}

}  // namespace lastword::end_to_end
