// The clean shutdown (contract, section 4).
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/report.h"
#include "tests/core/pair.h"

namespace lastword::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Shutdown, EndsAtOnceWithoutClients) {
  Pair pair;
  pair.stop();
  ASSERT_TRUE(pair.server.finished().has_value());
  EXPECT_EQ(pair.server.listen(), Listen::closed);
  EXPECT_EQ(pair.network.listen_state, Listen::closed);
  EXPECT_EQ(pair.server.deadline(), std::nullopt);
  EXPECT_EQ(to_json(*pair.server.finished()),
            R"({"event":"shutdown","clean":true,"reason":"SIGTERM","drain_ms":0,)"
            R"("messages":{"accepted":0},"deliveries":{"total":0,"delivered":0,"failed":)"
            R"({"not_connected":0,"peer_gone":0,"slow_consumer":0,"drain_deadline":0}},)"
            R"("connections":{"total":0,"clean":0,"failed":0}})");
}

TEST(Shutdown, DeliversWhatIsQueuedAndSaysGoodbye) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in("bob");
  pair.network.send_buffer_max = 3;
  for (const std::string text : {"1", "2", "3"}) pair.send(alice, "bob: " + text);
  pair.pipe(bob).is_client_reading = false;
  pair.settle();
  pair.stop(StopReason::interrupt);
  pair.pipe(bob).is_client_reading = true;
  pair.settle();
  EXPECT_EQ(pair.lines(bob),
            (std::vector<std::string>{"from alice: 1", "from alice: 2", "from alice: 3",
                                      "* goodbye: 0 of your lines were accepted"}));
  EXPECT_EQ(pair.lines(alice),
            (std::vector<std::string>{"* goodbye: 3 of your lines were accepted"}));
  ASSERT_TRUE(pair.server.finished().has_value());
  EXPECT_TRUE(pair.server.finished()->is_clean());
  EXPECT_EQ(pair.server.finished()->reason, StopReason::interrupt);
  EXPECT_EQ(pair.books().connections_clean, 2U);
}

TEST(Shutdown, GivesNoGoodbyeToWhoHasNotLoggedIn) {
  Pair pair;
  const auto silent = pair.connect();
  const auto typing = pair.connect();
  pair.send_bytes(typing, "ali");
  pair.settle();
  pair.stop();
  pair.settle();
  for (const auto client : {silent, typing}) {
    EXPECT_TRUE(pair.has_ended(client));
    EXPECT_EQ(pair.pipe(client).received, "");
    EXPECT_FALSE(pair.pipe(client).was_reset_by_server);
  }
  EXPECT_TRUE(pair.server.finished().has_value());
}

TEST(Shutdown, AcceptsNothingThatWasNotParsedBefore) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in("bob");
  pair.send(alice, "bob: before");
  pair.send_bytes(alice, "bob: half a line");
  pair.settle();
  pair.send_bytes(alice, "\nbob: unread\n");
  pair.stop();
  pair.send(alice, "bob: after");
  pair.settle();
  EXPECT_EQ(
      pair.lines(bob),
      (std::vector<std::string>{"from alice: before", "* goodbye: 0 of your lines were accepted"}));
  EXPECT_EQ(pair.lines(alice),
            (std::vector<std::string>{"* goodbye: 1 of your lines were accepted"}));
  EXPECT_FALSE(pair.pipe(alice).was_reset_by_server);
}

TEST(Shutdown, LetsInWhoWaitedInTheBacklogAndEndsThemInOrder) {
  Pair pair;
  const auto late = pair.connect();
  pair.send(late, "late");
  pair.stop();
  pair.settle();
  EXPECT_TRUE(pair.has_ended(late));
  EXPECT_FALSE(pair.pipe(late).was_reset_by_server);
  const auto refused = pair.connect();
  EXPECT_TRUE(pair.pipe(refused).was_reset_by_server);
  EXPECT_EQ(pair.books().connections_total, 1U);
}

TEST(Shutdown, WaitsForAPeerUntilItIsSilentAndHasEverything) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  pair.pipe(alice).is_client_answering_fin = false;
  pair.stop();
  pair.settle();
  EXPECT_EQ(pair.server.finished(), std::nullopt);
  pair.advance(pair.server.config().linger);
  ASSERT_TRUE(pair.server.finished().has_value());
  EXPECT_TRUE(pair.server.finished()->is_clean());
  EXPECT_EQ(pair.books().connections_failed, 1U);
}

TEST(Shutdown, CutsOffAtTheDeadlineWhatIsNotWritten) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in("bob");
  pair.pipe(bob).is_client_reading = false;
  pair.network.send_buffer_max = 20;
  pair.send(alice, "bob: one");
  pair.send(alice, "bob: two");
  pair.settle();
  pair.stop();
  pair.advance(pair.server.config().drain_timeout - milliseconds{1});
  EXPECT_EQ(pair.server.finished(), std::nullopt);
  pair.advance(milliseconds{1});
  ASSERT_TRUE(pair.server.finished().has_value());
  EXPECT_FALSE(pair.server.finished()->is_clean());
  EXPECT_EQ(pair.failed(Failure::drain_deadline), 1U);
  EXPECT_EQ(pair.books().delivered, 1U);
  EXPECT_EQ(pair.server.finished()->drain, pair.server.config().drain_timeout);
  EXPECT_FALSE(pair.pipe(bob).was_reset_by_server);
}

TEST(Shutdown, EndsAtOnceAtTheSecondSignal) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  pair.pipe(alice).is_client_reading = false;
  pair.network.send_buffer_max = 5;
  pair.send(alice, "alice: one");
  pair.settle();
  pair.stop(StopReason::interrupt);
  pair.settle();
  EXPECT_EQ(pair.server.finished(), std::nullopt);
  pair.stop(StopReason::terminate);
  pair.settle();
  ASSERT_TRUE(pair.server.finished().has_value());
  EXPECT_EQ(pair.failed(Failure::drain_deadline), 1U);
  EXPECT_EQ(pair.server.finished()->reason, StopReason::interrupt);
  pair.stop();  // and a third one has nothing to do
  pair.settle();
}

TEST(Shutdown, DropsNobodyForSlowness) {
  Config config;
  config.line_max = 100;
  config.outbox_max = 100;
  config.stall_timeout = seconds{1};
  Pair pair{config};
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in("bob");
  pair.network.send_buffer_max = 0;
  for (int count = 0; count < 10; ++count) pair.send(alice, "bob: 0123456789");
  pair.settle();
  pair.stop();
  pair.advance(seconds{20});
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 0U);
  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  EXPECT_EQ(pair.failed(Failure::drain_deadline), 0U);
  EXPECT_TRUE(pair.server.finished().has_value());
  EXPECT_EQ(pair.lines(bob).size(), pair.books().delivered + 1);
}

TEST(Shutdown, ReportsNothingBehindTheGoodbye) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in("bob");
  pair.network.send_buffer_max = 0;
  pair.send(alice, "bob: lost");
  pair.settle();
  pair.stop();
  pair.reset(bob);
  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  EXPECT_EQ(pair.lines(alice),
            (std::vector<std::string>{"* goodbye: 1 of your lines were accepted"}));
  EXPECT_EQ(pair.failed(Failure::peer_gone), 1U);
  EXPECT_TRUE(pair.server.finished()->is_clean());
}

TEST(Shutdown, EndsPromptlyWithSendersThatArePaused) {
  Config config;
  config.line_max = 100;
  config.outbox_max = 100;
  Pair pair{config};
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in("bob");
  pair.network.send_buffer_max = 0;
  for (int count = 0; count < 50; ++count) {
    pair.send(alice, "bob: 0123456789");
    pair.send(bob, "alice: 0123456789");
  }
  pair.settle();
  pair.stop();
  pair.network.send_buffer_max = 64;
  pair.settle();
  EXPECT_TRUE(pair.server.finished().has_value());
  EXPECT_EQ(pair.books().connections_clean, 2U);
  EXPECT_EQ(pair.books().accepted, pair.books().delivered);
  EXPECT_EQ(pair.lines(alice).back().rfind("* goodbye: ", 0), 0U);
}

// --- Wherever the stop falls -------------------------------------------------------------------

// Three clients that send to each other by name and by room, some lines at a time.
struct Load {
  std::size_t read_max;
  std::size_t write_max;
  std::size_t send_buffer_max;
  std::size_t outbox_max;
};

struct Outcome {
  bool was_stopped_within = false;
};

std::uint64_t accepted_by(const std::string& goodbye) {
  const std::string before = "* goodbye: ";
  EXPECT_EQ(goodbye.rfind(before, 0), 0U) << goodbye;
  return std::stoull(goodbye.substr(before.size()));
}

// Runs the load, stops at turn `stop_turn`, and checks that every accepted message arrived: each
// text carries its sender's running number, and the goodbye tells how many were accepted.
Outcome run_load(const Load& load, std::size_t stop_turn) {
  Config config;
  config.line_max = 64;
  config.outbox_max = load.outbox_max;
  Pair pair{config};
  pair.network.read_max = load.read_max;
  pair.network.write_max = load.write_max;
  pair.network.send_buffer_max = load.send_buffer_max;

  const std::vector<std::string> names{"ann", "ben", "cat"};
  std::vector<Pair::Client> clients;
  for (const std::string& name : names) clients.push_back(pair.log_in(name));
  for (std::size_t sender = 0; sender < names.size(); ++sender) {
    const std::string next = names[(sender + 1) % names.size()];
    const std::string third = names[(sender + 2) % names.size()];
    for (int number = 1; number <= 12; ++number) {
      pair.send(clients[sender], next + ", " + third + ": " + std::to_string(number));
    }
  }

  Outcome outcome;
  for (std::size_t turn = 0; turn < stop_turn; ++turn) {
    if (!pair.turn()) break;
    outcome.was_stopped_within = turn + 1 == stop_turn;
  }
  pair.stop();
  pair.settle();

  EXPECT_TRUE(pair.server.finished().has_value());
  std::map<std::string, std::uint64_t> accepted;
  std::map<std::string, std::map<std::string, int>> last_heard;  // receiver, sender
  for (std::size_t client = 0; client < names.size(); ++client) {
    EXPECT_TRUE(pair.has_ended(clients[client]));
    EXPECT_FALSE(pair.pipe(clients[client]).was_reset_by_server);
    const auto lines = pair.lines(clients[client]);
    EXPECT_EQ(pair.pipe(clients[client]).received, "") << "half a line at the end";
    if (lines.empty()) {
      ADD_FAILURE() << "no goodbye for " << names[client];
      continue;
    }
    accepted[names[client]] = accepted_by(lines.back());
    for (std::size_t line = 0; line + 1 < lines.size(); ++line) {
      const std::string& text = lines[line];
      EXPECT_EQ(text.rfind("from ", 0), 0U) << text;
      const std::string sender = text.substr(5, 3);
      int& last = last_heard[names[client]][sender];
      EXPECT_EQ(text, "from " + sender + ": " + std::to_string(last + 1));
      ++last;
    }
  }
  std::uint64_t accepted_sum = 0;
  for (const std::string& sender : names) {
    accepted_sum += accepted[sender];
    for (const std::string& receiver : names) {
      if (receiver == sender) continue;
      EXPECT_EQ(static_cast<std::uint64_t>(last_heard[receiver][sender]), accepted[sender])
          << sender << " to " << receiver;
    }
  }
  EXPECT_EQ(pair.books().accepted, accepted_sum);
  EXPECT_EQ(pair.books().delivered, pair.books().total);
  EXPECT_EQ(pair.books().connections_clean, names.size());
  return outcome;
}

TEST(Shutdown, LosesNoAcceptedMessageWhereverTheStopFalls) {
  const std::vector<Load> loads{
      {.read_max = SIZE_MAX, .write_max = SIZE_MAX, .send_buffer_max = 1 << 20, .outbox_max = 4096},
      {.read_max = 7, .write_max = SIZE_MAX, .send_buffer_max = 1 << 20, .outbox_max = 4096},
      {.read_max = SIZE_MAX, .write_max = 3, .send_buffer_max = 5, .outbox_max = 4096},
      {.read_max = 11, .write_max = 2, .send_buffer_max = 9, .outbox_max = 64},
      {.read_max = 64, .write_max = 5, .send_buffer_max = 5, .outbox_max = 80},
      {.read_max = 1, .write_max = 1, .send_buffer_max = 1, .outbox_max = 64},
  };
  for (const Load& load : loads) {
    std::size_t stops = 0;
    for (std::size_t turn = 0;; ++turn) {
      SCOPED_TRACE("read_max " + std::to_string(load.read_max) + ", write_max " +
                   std::to_string(load.write_max) + ", stop at turn " + std::to_string(turn));
      const Outcome outcome = run_load(load, turn);
      if (::testing::Test::HasFailure()) return;
      if (turn > 0 && !outcome.was_stopped_within) break;
      ++stops;
    }
    EXPECT_GT(stops, 1U);
  }
}

}  // namespace
}  // namespace lastword::test
