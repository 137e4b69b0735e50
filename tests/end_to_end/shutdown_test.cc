// The clean shutdown: contract, section 4.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>
#include <system_error>
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
using ::testing::MatchesRegex;

constexpr ClientOptions small_window{.receive_buffer_bytes = 4096};

// Far more bytes than the kernel takes for a peer that reads nothing, all within its outbox.
constexpr std::size_t message_bytes = 60'000;
constexpr int message_count = 600;
constexpr std::string_view roomy_outbox = "67108864";

std::string bulk_text(int number) {
  return std::to_string(number) + " " + std::string(message_bytes, 'x');
}

// A stopped reader with messages queued for it that the kernel does not take.
struct StuckDelivery {
  explicit StuckDelivery(const ServerProcess& server)
      : sender(peer(server, "sender")), stopped(peer(server, "stopped", small_window)) {
    stopped.stop_reading();
    for (int number = 0; number < message_count; ++number) {
      sender.send_line("stopped: " + bulk_text(number));
    }
    EXPECT_THAT(sender.catch_up(), IsEmpty());
  }

  // How many messages reach the stopped reader, if it reads to the end now: in order, no gap.
  int read_the_rest() {
    stopped.start_reading();
    int next = 0;
    for (const std::string& line : without_information(stopped.read_until_end())) {
      EXPECT_EQ(line, "from sender: " + bulk_text(next));
      ++next;
    }
    return next;
  }

  LineClient sender;
  LineClient stopped;
};

TEST(Shutdown, OfAnEmptyServerIsImmediate) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ServerProcess server;
    server.send_signal(signal);
    const ShutdownReport report = expect_exit(server, 0);
    EXPECT_TRUE(report.clean);
    EXPECT_EQ(report.reason, signal == SIGTERM ? "SIGTERM" : "SIGINT");
    EXPECT_EQ(report.accepted, 0);
    EXPECT_EQ(report.deliveries.total, 0);
    EXPECT_EQ(report.connections.total, 0);
  }
}

TEST(Shutdown, IsImmediateOnceTheLastClientHasLeft) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  alice.close();
  bob.reset();
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_exit(server, 0).connections.total, 2);
}

TEST(Shutdown, WritesItsReportAsTheLastLineInTheContractsForm) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  alice.send_line("alice, nobody: hello");
  EXPECT_EQ(alice.catch_up().size(), 2U);
  finish(server, {&alice});
  const std::string& output = server.process().standard_output();
  EXPECT_THAT(
      output.substr(output.find('\n') + 1),
      MatchesRegex(R"(\{"event":"shutdown","clean":true,"reason":"SIGTERM","drain_ms":[0-9]+,)"
                   R"("messages":\{"accepted":1\},"deliveries":\{"total":2,"delivered":1,"failed":)"
                   R"(\{"not_connected":1,"peer_gone":0,"slow_consumer":0,"drain_deadline":0\}\},)"
                   R"("connections":\{"total":1,"clean":1,"failed":0\}\})"
                   "\n"));
}

TEST(Shutdown, SaysGoodbyeToEachWithTheNumberOfItsMessages) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ServerProcess server({"--max-line", "200"});
    LineClient alice = peer(server, "alice");
    LineClient bob = peer(server, "bob");
    LineClient carol = peer(server, "carol");
    alice.send("bob: one\nalice: two\nbob, carol, alice: three\nnobody: four\n");
    alice.send("/ping x\n/who\n/join #tea\n#tea: five\nno colon\n/nothing\n\n/leave #tea\n");
    alice.send("bob: " + std::string(300, 'x') + "\n");  // too long
    static_cast<void>(alice.catch_up());
    bob.send_line("alice: one");
    EXPECT_THAT(bob.catch_up(), ElementsAre("from alice: one", "from alice: three"));
    server.send_signal(signal);
    EXPECT_EQ(expect_goodbye(alice), 5);
    EXPECT_EQ(expect_goodbye(bob), 1);
    EXPECT_EQ(expect_goodbye(carol), 0);
    const ShutdownReport report = expect_exit(server, 0);
    EXPECT_TRUE(report.clean);
    EXPECT_EQ(report.reason, signal == SIGTERM ? "SIGTERM" : "SIGINT");
    EXPECT_EQ(report.accepted, 6);
    EXPECT_EQ(report.deliveries.total, 7);
    EXPECT_EQ(report.deliveries.failed.not_connected, 1);
    EXPECT_EQ(report.connections.total, 3);
    EXPECT_EQ(report.connections.clean, 3);
  }
}

TEST(Shutdown, DoesNotAcceptAHalfTypedLine) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  alice.send_line("bob: complete");
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  alice.send("bob: half");
  EXPECT_THAT(bob.catch_up(), ElementsAre("from alice: complete"));
  server.send_signal(SIGTERM);
  // The goodbye proves that the drain is on; now the rest of the line comes too late.
  std::string line = alice.read_line();
  while (!goodbye_count(line).has_value()) line = alice.read_line();
  EXPECT_EQ(goodbye_count(line), 1);
  alice.send(" and the other half\nbob: too late\n");
  EXPECT_THAT(alice.read_until_end(), IsEmpty());
  alice.close();
  std::vector<std::string> lines;
  EXPECT_EQ(expect_goodbye(bob, &lines), 0);
  EXPECT_THAT(without_information(lines), IsEmpty());
  EXPECT_EQ(expect_exit(server, 0).accepted, 1);
}

TEST(Shutdown, GivesNoGoodbyeToWhoHasNotLoggedIn) {
  ServerProcess server;
  LineClient silent(server.tcp());
  LineClient half_typed(server.tcp());
  half_typed.send("ali");
  LineClient alice = peer(server, "alice");
  server.send_signal(SIGTERM);
  for (LineClient* const client : {&silent, &half_typed}) {
    EXPECT_THAT(client->read_until_end(), IsEmpty());
    EXPECT_EQ(client->ending(), Ending::finished);
    EXPECT_EQ(client->unfinished_line(), "");
    client->close();
  }
  EXPECT_EQ(expect_goodbye(alice), 0);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_EQ(report.connections.total, 3);
  EXPECT_EQ(report.connections.failed, 0);
}

TEST(Shutdown, IsNotHeldUpByWhoHasNotLoggedIn) {
  ServerProcess server({"--linger", "200ms"});
  LineClient silent(server.tcp());
  LineClient half_typed(server.tcp());
  half_typed.send("ali");
  LineClient alice = peer(server, "alice");
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(alice), 0);
  // The others neither read nor close: the drain timeout is five minutes.
  EXPECT_TRUE(expect_exit(server, 0).clean);
  for (LineClient* const client : {&silent, &half_typed}) {
    EXPECT_THAT(client->read_until_end(), IsEmpty());
    EXPECT_EQ(client->ending(), Ending::finished);
  }
}

TEST(Shutdown, RefusesNewConnectionsBeforeItSaysGoodbye) {
  // Often, as a listener that closes a moment too late is met only now and then.
  for (int round = 0; round < 30; ++round) {
    ServerProcess server;
    LineClient alice = peer(server, "alice");
    server.send_signal(SIGTERM);
    static_cast<void>(alice.read_until_end());
    // Alice keeps her side open, so the server is still there.
    try {
      const LineClient late(server.tcp());
      ADD_FAILURE() << "connected to a server that is shutting down, in round " << round;
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code().value(), ECONNREFUSED);
    }
    alice.close();
    EXPECT_TRUE(expect_exit(server, 0).clean);
    if (HasFailure()) return;
  }
}

TEST(Shutdown, DeliversWhatIsQueuedForAPeerThatReadsLate) {
  ServerProcess server({"--max-outbox", std::string(roomy_outbox)});
  StuckDelivery stuck(server);
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(stuck.sender), message_count);
  std::vector<std::string> lines;
  EXPECT_EQ(expect_goodbye(stuck.stopped, &lines), 0);
  lines = without_information(lines);
  ASSERT_EQ(lines.size(), static_cast<std::size_t>(message_count));
  for (int number = 0; number < message_count; ++number) {
    ASSERT_EQ(lines[static_cast<std::size_t>(number)], "from sender: " + bulk_text(number));
  }
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.deliveries.delivered, message_count);
  EXPECT_EQ(report.connections.clean, 2);
}

TEST(Shutdown, GoesOnForThePausedSendersAcceptedLines) {
  // Whatever of the sender's lines is accepted before the signal is delivered in the drain.
  ServerProcess server;
  LineClient sender = peer(server, "sender");
  LineClient slow = peer(server, "slow", small_window);
  LineClient clock = peer(server, "clock");
  slow.stop_reading();
  for (int number = 0; number < 2 * message_count; ++number) {
    sender.send_line("slow: " + bulk_text(number));
  }
  for (int turn = 0; turn < 100; ++turn) {
    sender.handle_events(POLLOUT);
    EXPECT_THAT(clock.catch_up(), IsEmpty());
  }
  EXPECT_GT(sender.unsent_bytes(), 0U);
  server.send_signal(SIGTERM);
  const std::int64_t accepted_count = expect_goodbye(sender);
  std::vector<std::string> lines;
  EXPECT_EQ(expect_goodbye(slow, &lines), 0);
  lines = without_information(lines);
  EXPECT_EQ(static_cast<std::int64_t>(lines.size()), accepted_count);
  for (std::size_t index = 0; index < lines.size(); ++index) {
    ASSERT_EQ(lines[index], "from sender: " + bulk_text(static_cast<int>(index)));
  }
  EXPECT_EQ(expect_goodbye(clock), 0);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.accepted, accepted_count);
  EXPECT_EQ(report.deliveries.delivered, accepted_count);
}

TEST(Shutdown, CutsOffAtTheDeadlineWhatAStoppedReaderDoesNotTake) {
  ServerProcess server({"--max-outbox", std::string(roomy_outbox), "--drain-timeout", "500ms"});
  StuckDelivery stuck(server);
  server.send_signal(SIGTERM);
  std::vector<std::string> lines;
  EXPECT_EQ(expect_goodbye(stuck.sender, &lines), message_count);
  EXPECT_THAT(lines, Each(testing::StartsWith("* ")));
  const ShutdownReport report = expect_exit(server, 3);
  EXPECT_FALSE(report.clean);
  EXPECT_GE(report.drain_ms, 500);
  EXPECT_EQ(report.accepted, message_count);
  EXPECT_EQ(report.deliveries.total, message_count);
  EXPECT_GT(report.deliveries.failed.drain_deadline, 0);
  EXPECT_EQ(report.deliveries.failed.sum(), report.deliveries.failed.drain_deadline);
  EXPECT_EQ(report.connections.total, 2);
  EXPECT_EQ(report.connections.clean, 1);
  // What the kernel had taken is still there for who reads at last, and no reset destroys it.
  EXPECT_EQ(stuck.read_the_rest(), report.deliveries.delivered);
  EXPECT_EQ(stuck.stopped.ending(), Ending::finished);
}

TEST(Shutdown, DropsNoPeerAsSlow) {
  // The stall timeout runs when the signal comes, and ends long before the drain does. Where the
  // machine is so slow that it ends before the signal, once more, with twice the time.
  Watchdog watchdog("a signal in time");
  for (int stall_seconds = 1;; stall_seconds *= 2) {
    watchdog.check();
    watchdog.feed();
    ServerProcess server({"--stall-timeout", std::to_string(stall_seconds) + "s", "--drain-timeout",
                          std::to_string(3 * stall_seconds) + "s"});
    LineClient sender = peer(server, "sender");
    LineClient slow = peer(server, "slow", small_window);
    LineClient clock = peer(server, "clock");
    slow.stop_reading();
    for (int number = 0; number < message_count; ++number) {
      sender.send_line("slow: " + bulk_text(number));
    }
    for (int turn = 0; turn < 20; ++turn) {
      sender.handle_events(POLLOUT);
      EXPECT_THAT(clock.catch_up(), IsEmpty());
    }
    server.send_signal(SIGTERM);
    std::vector<std::string> lines;
    const std::int64_t accepted_count = expect_goodbye(sender, &lines);
    EXPECT_EQ(expect_goodbye(clock), 0);
    server.wait_for_exit();
    const ShutdownReport report = server.report();
    EXPECT_TRUE(report.is_balanced());
    if (!without_information(lines).empty()) continue;
    EXPECT_EQ(report.accepted, accepted_count);
    EXPECT_EQ(report.deliveries.failed.slow_consumer, 0);
    EXPECT_GT(report.deliveries.failed.drain_deadline, 0);
    return;
  }
}

TEST(Shutdown, EndsAtOnceAtTheSecondSignal) {
  for (const int second_signal : {SIGTERM, SIGINT}) {
    ServerProcess server({"--max-outbox", std::string(roomy_outbox)});
    StuckDelivery stuck(server);
    server.send_signal(SIGTERM);
    EXPECT_EQ(expect_goodbye(stuck.sender), message_count);  // the drain is on
    server.send_signal(second_signal);
    const ShutdownReport report = expect_exit(server, 3);
    EXPECT_FALSE(report.clean);
    EXPECT_EQ(report.reason, "SIGTERM");
    EXPECT_GT(report.deliveries.failed.drain_deadline, 0);
    EXPECT_EQ(report.deliveries.total, message_count);
    EXPECT_EQ(stuck.read_the_rest(), report.deliveries.delivered);
  }
}

TEST(Shutdown, IsCleanAtTheSecondSignalIfNothingWasCutOff) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  server.send_signal(SIGTERM);
  static_cast<void>(alice.read_until_end());
  EXPECT_EQ(alice.ending(), Ending::finished);
  server.send_signal(SIGTERM);  // alice never ends her side
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.connections.failed, 1);
}

TEST(Shutdown, IsDoneWithAQuietClientAfterTheLinger) {
  ServerProcess server({"--linger", "200ms"});
  LineClient quiet = peer(server, "quiet");
  LineClient alice = peer(server, "alice");
  alice.send_line("quiet: one");
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(alice), 1);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.deliveries.delivered, 1);
  EXPECT_EQ(report.connections.total, 2);
  EXPECT_EQ(report.connections.failed, 1);
  std::vector<std::string> lines;
  EXPECT_EQ(expect_goodbye(quiet, &lines), 0);
  EXPECT_THAT(without_information(lines), ElementsAre("from alice: one"));
}

TEST(Shutdown, WaitsForTheFinOfAClientThatIsNotQuiet) {
  // The linger is long, and the end comes by the client's FIN alone.
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  server.send_signal(SIGTERM);
  static_cast<void>(alice.read_until_end());
  alice.send_line("alice: still talking");
  alice.half_close();
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_EQ(report.accepted, 0);
  EXPECT_EQ(report.connections.clean, 1);
}

TEST(Shutdown, EndsAClientThatNeverStopsTalkingAtTheDeadline) {
  ServerProcess server({"--drain-timeout", "500ms"});
  LineClient alice = peer(server, "alice");
  server.send_signal(SIGTERM);
  const std::string junk(5000, 'x');
  // Reads to the end of file and goes on talking until the server is gone.
  pump_until({&alice}, "the server to take no more bytes", [&] {
    while (alice.can_write() && alice.unsent_bytes() == 0) alice.send(junk);
    return alice.ending() != Ending::open && !alice.can_write();
  });
  EXPECT_EQ(alice.ending(), Ending::finished);
  const ShutdownReport report = expect_exit(server, 0);  // no delivery was cut off
  EXPECT_TRUE(report.clean);
  EXPECT_EQ(report.connections.failed, 1);
}

TEST(Shutdown, IsNotSpoiltByWhatClientsSendAfterIt) {
  constexpr int small_message_count = 1000;
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  alice.stop_reading();
  for (int number = 0; number < small_message_count; ++number) {
    bob.send_line("alice: " + std::to_string(number));
  }
  EXPECT_THAT(bob.catch_up(), IsEmpty());
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(bob), small_message_count);
  // Alice sends a lot before she reads the first byte of all that.
  for (int number = 0; number < 100; ++number) {
    alice.send("bob: " + std::string(50'000, 'x') + "\n");
    alice.flush();
  }
  EXPECT_TRUE(alice.can_write());
  std::vector<std::string> lines;
  EXPECT_EQ(expect_goodbye(alice, &lines), 0);
  lines = without_information(lines);
  ASSERT_EQ(lines.size(), static_cast<std::size_t>(small_message_count));
  for (int number = 0; number < small_message_count; ++number) {
    ASSERT_EQ(lines[static_cast<std::size_t>(number)], "from bob: " + std::to_string(number));
  }
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_EQ(report.accepted, small_message_count);
  EXPECT_EQ(report.connections.clean, 2);
}

TEST(Shutdown, TellsOfFailuresAfterTheGoodbyeInTheReportAlone) {
  ServerProcess server({"--max-outbox", std::string(roomy_outbox)});
  StuckDelivery stuck(server);
  server.send_signal(SIGTERM);
  std::vector<std::string> lines = stuck.sender.read_until_end();
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(goodbye_count(lines.back()), message_count);
  stuck.stopped.reset();  // while the sender is still connected
  stuck.sender.close();
  const ShutdownReport report = expect_exit(server, 0);  // nothing failed through the shutdown
  EXPECT_TRUE(report.clean);
  EXPECT_GT(report.deliveries.failed.peer_gone, 0);
  EXPECT_EQ(report.deliveries.failed.sum(), report.deliveries.failed.peer_gone);
  EXPECT_EQ(report.connections.failed, 1);
}

}  // namespace
}  // namespace lastword::end_to_end
