// Slow peers and bounded memory: contract, section 3.
//
// That somebody is paused is a thing that does not happen, and no test waits for that. It is seen
// by its effect: of far more bytes than all buffers on the way can hold, some are still unsent
// however long one waits, and the server's memory has not grown.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"
#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::size_t memory_growth_max = 32 * mebibyte;
constexpr ClientOptions small_window{.receive_buffer_bytes = 4096};

// Together more than the kernel's largest buffers on the way (4 MiB to send and 32 MiB to receive,
// twice) and the outbox.
constexpr std::size_t message_bytes = 60'000;
constexpr int message_count = 1500;

std::string bulk_text(int number) {
  return std::to_string(number) + " " + std::string(message_bytes, 'x');
}

void send_bulk(LineClient& sender, const std::string& destination) {
  for (int number = 0; number < message_count; ++number) {
    sender.send_line(destination + ": " + bulk_text(number));
  }
}

// Talks to and fro, each word waiting for the other, while `others` are carried along.
void talk(LineClient& one, LineClient& other, int round_count,
          const std::vector<LineClient*>& others) {
  std::vector<LineClient*> all{&one, &other};
  all.insert(all.end(), others.begin(), others.end());
  const auto hear = [&all](LineClient& client, const std::string& expected) {
    pump_until(all, "a word of the talk", [&client] { return !client.inbox().empty(); });
    EXPECT_EQ(client.read_news(), expected);
  };
  for (int round = 0; round < round_count; ++round) {
    one.send_line("bob: " + std::to_string(round));
    hear(other, "from alice: " + std::to_string(round));
    other.send_line("alice: " + std::to_string(round));
    hear(one, "from bob: " + std::to_string(round));
  }
}

TEST(SlowPeer, PausesItsSenderAndNobodyElse) {
  ServerProcess server({"--max-outbox", "131072"});
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  LineClient sender = peer(server, "sender");
  LineClient slow = peer(server, "slow", small_window);
  const MemoryWatch memory(server.process());
  slow.stop_reading();
  send_bulk(sender, "slow");
  talk(alice, bob, 500, {&sender});
  EXPECT_GT(sender.unsent_bytes(), 0U);
  memory.expect_growth_below(memory_growth_max);
  // Paused is the reading from the sender; what others say to it arrives.
  alice.send_line("sender: are you all right");
  EXPECT_EQ(sender.read_news(), "from alice: are you all right");

  // The reader reads, the sender goes on, and nothing is missing.
  slow.start_reading();
  for (int number = 0; number < message_count; ++number) {
    pump_until({&slow, &sender}, "a message", [&slow] { return !slow.inbox().empty(); });
    ASSERT_EQ(slow.read_news(), "from sender: " + bulk_text(number));
  }
  EXPECT_THAT(sender.catch_up(), IsEmpty());
  memory.expect_growth_below(memory_growth_max);
  const ShutdownReport report = finish(server, {&alice, &bob, &sender, &slow});
  EXPECT_EQ(report.deliveries.delivered, report.deliveries.total);
  EXPECT_EQ(report.connections.failed, 0);
}

TEST(SlowPeer, IsDroppedAndEveryQueuedMessageReported) {
  ServerProcess server({"--stall-timeout", "500ms"});
  LineClient sender = peer(server, "sender");
  LineClient slow = peer(server, "slow", small_window);
  slow.stop_reading();
  send_bulk(sender, "slow");
  std::vector<std::string> reports = sender.catch_up();
  EXPECT_EQ(sender.unsent_bytes(), 0U);

  // First those that were queued, then those that found nobody there.
  const std::string slow_line = "! undelivered slow: slow_consumer";
  const std::string absent_line = "! undelivered slow: not_connected";
  const auto slow_count = std::ranges::count(reports, slow_line);
  const auto absent_count = std::ranges::count(reports, absent_line);
  EXPECT_GT(slow_count, 0);
  EXPECT_GT(absent_count, 0);
  EXPECT_THAT(reports, Each(AnyOf(slow_line, absent_line)));

  // What the kernel had taken before the drop may arrive, in order and without a gap.
  slow.start_reading();
  const std::vector<std::string> received = without_information(slow.read_until_end());
  for (std::size_t index = 0; index < received.size(); ++index) {
    ASSERT_EQ(received[index], "from sender: " + bulk_text(static_cast<int>(index)));
  }
  slow.close();
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(sender), message_count);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_EQ(report.accepted, message_count);
  EXPECT_EQ(report.deliveries.total, message_count);
  EXPECT_EQ(report.deliveries.failed.slow_consumer, slow_count);
  EXPECT_EQ(report.deliveries.failed.not_connected, absent_count);
  EXPECT_EQ(report.deliveries.failed.sum(), slow_count + absent_count);
  EXPECT_LE(static_cast<std::int64_t>(received.size()), report.deliveries.delivered);
  EXPECT_EQ(report.connections.failed, 1);
}

TEST(SlowPeer, InARoomIsReportedByItsNameAndTheOthersMissNothing) {
  constexpr int room_message_count = 100;
  ServerProcess server({"--stall-timeout", "500ms", "--max-outbox", "50000000"});
  LineClient filler = peer(server, "filler");
  LineClient sender = peer(server, "sender");
  LineClient slow = peer(server, "slow", small_window);
  LineClient quick = peer(server, "quick");
  for (LineClient* const client : {&slow, &quick}) {
    client->send_line("/join #tea");
    EXPECT_THAT(client->catch_up(), IsEmpty());
  }
  slow.stop_reading();
  // More than the kernel takes and less than the outbox does, so the room's messages are queued
  // behind it; then as much as makes the outbox full.
  for (int number = 0; number < 600; ++number) filler.send_line("slow: " + bulk_text(number));
  EXPECT_THAT(filler.catch_up(), IsEmpty());
  for (int number = 0; number < room_message_count; ++number) {
    sender.send_line("#tea: " + std::to_string(number));
  }
  EXPECT_THAT(sender.catch_up(), IsEmpty());
  EXPECT_THAT(quick.catch_up(), SizeIs(room_message_count));
  send_bulk(filler, "slow");
  EXPECT_THAT(filler.catch_up(), Contains("! undelivered slow: slow_consumer"));

  std::vector<std::string> reports{sender.read_news()};
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(sender, &reports), room_message_count);
  reports = without_information(reports);
  EXPECT_THAT(reports, SizeIs(room_message_count));
  EXPECT_THAT(reports, Each("! undelivered slow: slow_consumer"));
  expect_goodbye(filler);
  expect_goodbye(quick);
  slow.reset();
  expect_exit(server, 0);
}

TEST(SlowPeer, FloodingAnotherThatReadsNothingEitherComesFree) {
  ServerProcess server({"--stall-timeout", "500ms"});
  LineClient observer = peer(server, "observer");
  LineClient alice = peer(server, "alice", small_window);
  LineClient bob = peer(server, "bob", small_window);
  alice.stop_reading();
  bob.stop_reading();
  send_bulk(alice, "bob");
  send_bulk(bob, "alice");
  // Each is dropped as slow; the one that is left, once what it is told here has filled its
  // outbox. A message to a peer whose outbox is full pauses the observer until there is room or the
  // peer is dropped, so this is no busy loop. Few long messages, as the observer is told of each.
  const std::string question = "alice, bob: " + std::string(message_bytes, '?');
  const Watchdog watchdog("the end of both");
  bool are_gone = false;
  while (!are_gone) {
    watchdog.check();
    observer.send(question + "\n/ping turn\n");
    pump_until({&observer, &alice, &bob}, "an answer while both are stuck",
               [&observer] { return std::ranges::count(observer.inbox(), "* pong turn") > 0; });
    const auto is_gone = [&observer](const std::string& name) {
      return std::ranges::count(observer.inbox(), "! undelivered " + name + ": not_connected") > 0;
    };
    are_gone = is_gone("alice") && is_gone("bob");
    observer.inbox().clear();
  }
  observer.send_line("/who");
  const std::vector<std::string> answer = observer.catch_up_with_everything();
  EXPECT_THAT(answer, Contains(HasSubstr("observer")));
  EXPECT_THAT(answer, Not(Contains(HasSubstr("alice"))));
  alice.reset();
  bob.reset();
  const ShutdownReport report = finish(server, {&observer});
  EXPECT_GT(report.deliveries.failed.slow_consumer, 0);
  EXPECT_EQ(report.connections.total, 3);
  EXPECT_EQ(report.connections.failed, 2);
}

TEST(SlowPeer, ThatDoesNotReadItsOwnAnswersIsPaused) {
  ServerProcess server;
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  LineClient pinging = peer(server, "pinging", small_window);
  const MemoryWatch memory(server.process());
  pinging.stop_reading();
  for (int number = 0; number < message_count; ++number) {
    pinging.send_line("/ping " + bulk_text(number));
  }
  talk(alice, bob, 500, {&pinging});
  EXPECT_GT(pinging.unsent_bytes(), 0U);
  memory.expect_growth_below(memory_growth_max);
  pinging.start_reading();
  for (int number = 0; number < message_count; ++number) {
    std::string line = pinging.read_line();
    while (!line.starts_with("* pong ")) line = pinging.read_line();
    ASSERT_EQ(line, "* pong " + bulk_text(number));
  }
  finish(server, {&alice, &bob, &pinging});
}

TEST(SlowPeer, ThatAddressesItselfIsPausedByItsOwnOutboxAndComesFreeByReading) {
  ServerProcess server;
  LineClient alice = peer(server, "alice", small_window);
  LineClient clock = peer(server, "clock");
  const MemoryWatch memory(server.process());
  alice.stop_reading();
  send_bulk(alice, "alice");
  for (int turn = 0; turn < 100; ++turn) {
    alice.handle_events(POLLOUT);
    EXPECT_THAT(clock.catch_up(), IsEmpty());
  }
  EXPECT_GT(alice.unsent_bytes(), 0U);
  memory.expect_growth_below(memory_growth_max);
  alice.start_reading();
  for (int number = 0; number < message_count; ++number) {
    ASSERT_EQ(alice.read_news(), "from alice: " + bulk_text(number));
  }
  finish(server, {&alice, &clock});
}

TEST(SlowPeer, TakesOneMessageLargerThanHalfTheOutboxAtATime) {
  ServerProcess server({"--max-outbox", "65536"});
  LineClient alice = peer(server, "alice");
  LineClient bob = peer(server, "bob");
  const std::string text(65'000, 'x');
  for (int number = 0; number < 50; ++number) alice.send_line("bob: " + text);
  for (int number = 0; number < 50; ++number) {
    pump_until({&alice, &bob}, "a message", [&bob] { return !bob.inbox().empty(); });
    ASSERT_EQ(bob.read_news(), "from alice: " + text);
  }
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  finish(server, {&alice, &bob});
}

TEST(Memory, IsBoundedForAllPeersTogetherAndTheStalledAreDropped) {
  constexpr std::size_t slow_count = 10;
  constexpr int round_count = 150;  // for each of them more than the kernel takes
  ServerProcess server({"--max-memory", "4194304", "--stall-timeout", "1s"});
  LineClient sender = peer(server, "sender");
  std::vector<LineClient> slow;
  for (std::size_t index = 0; index < slow_count; ++index) {
    slow.push_back(peer(server, "slow " + std::to_string(index), small_window));
    slow.back().stop_reading();
  }
  const MemoryWatch memory(server.process());
  for (int round = 0; round < round_count; ++round) {
    for (std::size_t index = 0; index < slow_count; ++index) {
      sender.send_line("slow " + std::to_string(index) + ": " + bulk_text(round));
    }
  }
  const std::vector<std::string> reports = sender.catch_up();
  memory.expect_growth_below(memory_growth_max);
  const auto reported = [&reports](std::string_view reason) {
    return std::ranges::count_if(
        reports, [reason](const std::string& line) { return line.ends_with(reason); });
  };
  for (LineClient& client : slow) client.reset();
  server.send_signal(SIGTERM);
  EXPECT_EQ(expect_goodbye(sender), round_count * static_cast<int>(slow_count));
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_GT(report.deliveries.failed.slow_consumer, 0);
  EXPECT_EQ(report.deliveries.total, round_count * static_cast<int>(slow_count));
  EXPECT_EQ(report.deliveries.failed.slow_consumer, reported(": slow_consumer"));
  EXPECT_EQ(report.deliveries.failed.not_connected, reported(": not_connected"));
}

TEST(Memory, OfOneMessageForManyCountsOnce) {
  constexpr std::size_t member_count = 20;
  constexpr int round_count = 100;  // 6 MB, for each member more than the kernel takes
  // Enough for one copy of everything, far too little for one copy for each member.
  ServerProcess server({"--max-outbox", "8388608", "--max-memory", "8388608"});
  std::vector<LineClient> members;
  for (std::size_t index = 0; index < member_count; ++index) {
    members.push_back(peer(server, "member " + std::to_string(index), small_window));
    members.back().send_line("/join #all");
    EXPECT_THAT(members.back().catch_up(), IsEmpty());
    members.back().stop_reading();
  }
  LineClient sender = peer(server, "sender");
  const MemoryWatch memory(server.process());
  for (int round = 0; round < round_count; ++round) sender.send_line("#all: " + bulk_text(round));
  EXPECT_THAT(sender.catch_up(), IsEmpty());  // not paused, so all of it has found room
  memory.expect_growth_below(memory_growth_max);
  for (LineClient& client : members) {
    client.start_reading();
    for (int round = 0; round < round_count; ++round) {
      ASSERT_EQ(client.read_news(), "from sender in #all: " + bulk_text(round));
    }
    client.close();
  }
  EXPECT_EQ(finish(server, {&sender}).deliveries.delivered,
            round_count * static_cast<int>(member_count));
}

}  // namespace
}  // namespace lastword::end_to_end
