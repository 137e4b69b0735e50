// How a peer leaves, and what becomes of what was on its way to it: contract, sections 1 and 4.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"
#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Departure, ByQuitEndsInOrder) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  bob.send_line("alice: before");
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  alice.send("bob: one\nalice: to self\n/ping last\n/quit\n");
  EXPECT_EQ(alice.read_news(), "from bob: before");
  EXPECT_EQ(alice.read_news(), "from alice: to self");
  EXPECT_EQ(alice.read_line(), "* pong last");
  EXPECT_THAT(without_information(alice.read_until_end()), IsEmpty());
  EXPECT_EQ(alice.ending(), Ending::finished);
  alice.close();
  EXPECT_THAT(bob.catch_up(), ElementsAre("from alice: one"));
  const ShutdownReport report = finish(server, {&bob});
  EXPECT_EQ(report.connections.total, 2);
  EXPECT_EQ(report.connections.clean, 2);
}

TEST(Departure, ByQuitHandlesNothingAfterIt) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  alice.send("bob: one\n/quit\nbob: two\n/ping x\n");
  EXPECT_THAT(without_information(alice.read_until_end()), IsEmpty());
  EXPECT_EQ(alice.ending(), Ending::finished);
  alice.close();
  EXPECT_THAT(bob.catch_up(), ElementsAre("from alice: one"));
  EXPECT_EQ(finish(server, {&bob}).accepted, 1);
}

TEST(Departure, ByQuitIsNotSpoiltByWhatTheClientGoesOnSending) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  alice.stop_reading();
  std::string burst;
  for (int number = 0; number < 100; ++number) burst += "alice: " + std::to_string(number) + "\n";
  alice.send(burst + "/quit\n" + std::string(200'000, 'x'));
  alice.flush();
  LineClient clock = peer(server, "clock");
  alice.start_reading();
  const std::vector<std::string> lines = without_information(alice.read_until_end());
  EXPECT_EQ(alice.ending(), Ending::finished);
  ASSERT_EQ(lines.size(), 100U);
  EXPECT_EQ(lines.back(), "from alice: 99");
  alice.close();
  finish(server, {&clock});
}

TEST(Departure, ByFinHandlesTheCompleteLinesAndNotTheHalfOne) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  alice.send("bob: one\nbob: two\nbob: half");
  alice.half_close();
  EXPECT_THAT(without_information(alice.read_until_end()), IsEmpty());
  EXPECT_EQ(alice.ending(), Ending::finished);
  alice.close();
  EXPECT_THAT(bob.catch_up(), ElementsAre("from alice: one", "from alice: two"));
  EXPECT_EQ(finish(server, {&bob}).accepted, 2);
}

TEST(Departure, ByFinGetsEverythingAddressedToItUpToThen) {
  constexpr int message_count = 2000;
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  alice.stop_reading();
  std::vector<std::string> expected;
  for (int number = 0; number < message_count; ++number) {
    bob.send_line("alice: " + std::to_string(number));
    expected.push_back("from bob: " + std::to_string(number));
  }
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  std::string burst;
  for (int number = 0; number < message_count; ++number) {
    burst += "alice: " + std::to_string(number) + "\n";
    expected.push_back("from alice: " + std::to_string(number));
  }
  alice.send(burst + "/ping last\nalice: half");
  alice.half_close();
  alice.start_reading();
  std::vector<std::string> lines = alice.read_until_end();
  EXPECT_EQ(alice.ending(), Ending::finished);
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back(), "* pong last");
  EXPECT_EQ(without_information(lines), expected);
  alice.close();
  const ShutdownReport report = finish(server, {&bob});
  EXPECT_EQ(report.deliveries.delivered, 2 * message_count);
}

TEST(Departure, FreesTheName) {
  ServerProcess server;
  for (int round = 0; round < 20; ++round) {
    LineClient quitting = peer(server, "alice");
    quitting.send_line("/quit");
    EXPECT_THAT(without_information(quitting.read_until_end()), IsEmpty());
    LineClient half_closing = peer(server, "alice");
    half_closing.half_close();
    EXPECT_THAT(without_information(half_closing.read_until_end()), IsEmpty());
    quitting.close();
    half_closing.close();
  }
  LineClient alice = peer(server, "alice");
  EXPECT_EQ(finish(server, {&alice}).connections.total, 41);
}

// Sends until the addressee is not there any more; what was accepted in between may be lost with
// the connection, and is reported then.
void send_until_not_connected(LineClient& sender, const std::string& name) {
  for (const Watchdog watchdog("the departure of " + name);; watchdog.check()) {
    sender.send_line(name + ": are you there");
    for (const std::string& line : sender.catch_up()) {
      if (line == "! undelivered " + name + ": not_connected") return;
      EXPECT_EQ(line, "! undelivered " + name + ": peer_gone");
    }
  }
}

TEST(Departure, ByResetFreesTheNameAndLeavesTheRooms) {
  ServerProcess server;
  LineClient bob = peer(server, "bob");
  LineClient alice = peer(server, "alice");
  alice.send_line("/join #tea");
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  alice.reset();
  send_until_not_connected(bob, "alice");
  bob.send_line("#tea: anybody here");
  EXPECT_THAT(bob.catch_up(), ElementsAre("! undelivered #tea: not_connected"));
  LineClient second_alice = peer(server, "alice");
  EXPECT_EQ(finish(server, {&bob, &second_alice}).connections.failed, 1);
}

TEST(Departure, ByCloseFreesTheName) {
  ServerProcess server;
  LineClient bob = peer(server, "bob");
  LineClient alice = peer(server, "alice");
  alice.close();
  send_until_not_connected(bob, "alice");
  LineClient second_alice = peer(server, "alice");
  finish(server, {&bob, &second_alice});
}

// Many more bytes than the kernel takes for a peer that reads nothing, in messages that all fit
// into the peer's outbox.
constexpr std::size_t message_bytes = 60'000;
constexpr int message_count = 600;
const std::vector<std::string> roomy_outbox{"--max-outbox", "67108864"};

void send_bulk(LineClient& sender, const std::string& destination) {
  for (int number = 0; number < message_count; ++number) {
    sender.send_line(destination + ": " + std::to_string(number) + " " +
                     std::string(message_bytes, 'x'));
  }
}

TEST(Departure, ReportsEveryQueuedMessageToItsSender) {
  ServerProcess server(roomy_outbox);
  LineClient alice = peer(server, "alice", {.receive_buffer_bytes = 4096});
  LineClient bob = peer(server, "bob");
  alice.stop_reading();
  send_bulk(bob, "alice");
  EXPECT_THAT(bob.catch_up(), IsEmpty());  // all accepted, none has failed yet
  alice.reset();
  std::vector<std::string> reports{bob.read_news()};
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(bob, &reports), message_count);
  reports = without_information(reports);
  EXPECT_THAT(reports, Each("! undelivered alice: peer_gone"));
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_EQ(report.deliveries.total, message_count);
  EXPECT_EQ(report.deliveries.failed.peer_gone, static_cast<std::int64_t>(reports.size()));
  EXPECT_EQ(report.deliveries.failed.sum(), report.deliveries.failed.peer_gone);
  EXPECT_EQ(report.connections.failed, 1);
}

TEST(Departure, NamesTheMemberWhenAMessageToARoomFailsLater) {
  ServerProcess server(roomy_outbox);
  LineClient alice = peer(server, "alice", {.receive_buffer_bytes = 4096});
  LineClient carol = peer(server, "carol");
  LineClient bob = peer(server, "bob");
  for (LineClient* const client : {&alice, &carol}) {
    client->send_line("/join #tea");
    EXPECT_THAT(client->catch_up(), IsEmpty());
  }
  alice.stop_reading();
  send_bulk(bob, "#tea");
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  EXPECT_THAT(carol.catch_up(), SizeIs(message_count));
  alice.reset();
  std::vector<std::string> reports{bob.read_news()};
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(bob, &reports), message_count);
  EXPECT_EQ(expect_goodbye(carol), 0);
  reports = without_information(reports);
  EXPECT_THAT(reports, Each("! undelivered alice: peer_gone"));
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_EQ(report.deliveries.total, 2 * message_count);
  EXPECT_EQ(report.deliveries.failed.peer_gone, static_cast<std::int64_t>(reports.size()));
  EXPECT_EQ(report.deliveries.failed.sum(), report.deliveries.failed.peer_gone);
}

TEST(Departure, OfTheSenderDoesNotTakeItsMessagesAlong) {
  ServerProcess server(roomy_outbox);
  LineClient alice = peer(server, "alice", {.receive_buffer_bytes = 4096});
  LineClient bob = peer(server, "bob");
  alice.stop_reading();
  send_bulk(bob, "alice");
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  bob.reset();
  alice.start_reading();
  for (int number = 0; number < message_count; ++number) {
    ASSERT_TRUE(alice.read_news().starts_with("from bob: " + std::to_string(number) + " "));
  }
  const ShutdownReport report = finish(server, {&alice});
  EXPECT_EQ(report.deliveries.delivered, message_count);
}

// The reports are for the connection that sent, not for the next one of the same name.
TEST(Departure, OfTheSenderEndsItsReports) {
  ServerProcess server(roomy_outbox);
  LineClient alice = peer(server, "alice", {.receive_buffer_bytes = 4096});
  LineClient bob = peer(server, "bob");
  alice.stop_reading();
  send_bulk(bob, "alice");
  bob.send_line("/quit");
  EXPECT_THAT(without_information(bob.read_until_end()), IsEmpty());
  bob.close();
  LineClient second_bob = peer(server, "bob");
  LineClient clock = peer(server, "clock");
  alice.reset();
  send_until_not_connected(clock, "alice");
  EXPECT_THAT(second_bob.catch_up(), IsEmpty());
  EXPECT_GT(finish(server, {&second_bob, &clock}).deliveries.failed.peer_gone, 0);
}

}  // namespace
}  // namespace lastword::end_to_end
