// A server that runs out of descriptors: it neither spins nor goes deaf.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"

namespace lastword::end_to_end {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr rlim_t descriptors_max = 32;
constexpr std::size_t client_count = 48;  // cannot all be inside

std::vector<LineClient> connect_all(const ServerProcess& server) {
  std::vector<LineClient> clients;
  for (std::size_t index = 0; index < client_count; ++index) clients.emplace_back(server.tcp());
  return clients;
}

std::vector<LineClient*> pointers_to(std::vector<LineClient>& clients) {
  std::vector<LineClient*> pointers;
  for (LineClient& client : clients) pointers.push_back(&client);
  return pointers;
}

// UndefinedBehaviorSanitizer opens a pipe to look at the type of an object, and takes the lack of
// descriptors for a wrong type.
bool needs_descriptors_itself(ServerProcess& server) {
  return server.process().has_mapped("libubsan");
}

bool is_inside(LineClient& client) { return std::ranges::count(client.inbox(), "* pong in") > 0; }

TEST(DescriptorShortage, LetsTheRestWaitAndServesThoseInside) {
  ServerProcess server({}, {.descriptors_max = descriptors_max});
  if (needs_descriptors_itself(server)) {
    finish(server);
    GTEST_SKIP() << "a sanitizer needs descriptors";
  }
  // A server may keep a few descriptors back for itself.
  const std::size_t inside_count_min =
      descriptors_max - server.process().open_descriptors() - descriptors_max / 8;
  std::vector<LineClient> clients = connect_all(server);
  const std::vector<LineClient*> all = pointers_to(clients);
  for (std::size_t index = 0; index < client_count; ++index) {
    clients[index].send("peer " + std::to_string(index) + "\n/ping in\n");
  }
  const auto inside_count = [&] {
    return static_cast<std::size_t>(
        std::ranges::count_if(clients, [](LineClient& client) { return is_inside(client); }));
  };
  pump_until(all, "the server to be full", [&] { return inside_count() >= inside_count_min; });
  EXPECT_LT(inside_count(), descriptors_max);

  LineClient& one = *std::ranges::find_if(clients, is_inside);
  for (int round = 0; round < 200; ++round) {
    one.send_line("/ping " + std::to_string(round));
    std::string line = one.read_line();
    while (line != "* pong " + std::to_string(round)) line = one.read_line();
  }
  EXPECT_LT(inside_count(), descriptors_max);

  // One after the other leaves, and in the end everybody has been inside.
  std::vector<bool> has_left(client_count, false);
  std::size_t left_count = 0;
  one.inbox().emplace_back("* pong in");  // was taken out above
  while (left_count < client_count) {
    std::size_t leaving = client_count;
    pump_until(all, "one of the waiting to get in", [&] {
      for (std::size_t index = 0; index < client_count; ++index) {
        if (!has_left[index] && is_inside(clients[index])) leaving = index;
      }
      return leaving < client_count;
    });
    clients[leaving].send_line("/quit");
    EXPECT_THAT(without_information(clients[leaving].read_until_end()), IsEmpty());
    EXPECT_EQ(clients[leaving].ending(), Ending::finished);
    clients[leaving].close();
    has_left[leaving] = true;
    ++left_count;
  }
  const ShutdownReport report = finish(server);
  EXPECT_EQ(report.connections.total, static_cast<std::int64_t>(client_count));
  EXPECT_EQ(report.connections.failed, 0);
}

TEST(DescriptorShortage, CostsNoTimeOfTheProcessor) {
  // All are silent. Those inside time out, which makes room for the others, who time out, too.
  // Meanwhile the server has next to nothing to do. (A machine that is slow makes the time that
  // passes longer, and does not make the server's own time longer.)
  using Clock = std::chrono::steady_clock;
  ServerProcess server({"--login-timeout", "2s"}, {.descriptors_max = descriptors_max});
  if (needs_descriptors_itself(server)) {
    finish(server);
    GTEST_SKIP() << "a sanitizer needs descriptors";
  }
  const std::chrono::nanoseconds cpu_time_at_start = server.process().cpu_time();
  const Clock::time_point start = Clock::now();
  std::vector<LineClient> clients = connect_all(server);
  const std::vector<LineClient*> all = pointers_to(clients);
  std::size_t ended_count = 0;
  pump_until(all, "all to time out", [&] {
    ended_count = 0;
    for (LineClient& client : clients) {
      if (client.ending() == Ending::open) continue;
      ++ended_count;
      if (client.descriptor() >= 0) client.close();
    }
    return ended_count == client_count;
  });
  const std::chrono::nanoseconds elapsed = Clock::now() - start;
  const std::chrono::nanoseconds cpu_time = server.process().cpu_time() - cpu_time_at_start;
  EXPECT_GE(elapsed, std::chrono::seconds(4));
  EXPECT_LT(cpu_time, elapsed / 4);
  for (LineClient& client : clients) {
    EXPECT_EQ(client.ending(), Ending::finished);
    EXPECT_THAT(client.inbox(), ElementsAre(StartsWith("! name")));
  }
  finish(server);
}

}  // namespace
}  // namespace lastword::end_to_end
