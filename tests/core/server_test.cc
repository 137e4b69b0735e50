// Limits, timeouts and endings of connections (contract, sections 1 and 2).
#include "core/server.h"

#include <gtest/gtest.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include "tests/core/pair.h"

namespace lastword::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// --- Lines -------------------------------------------------------------------------------------

TEST(Server, TakesALineOfExactlyTheLimitAndRefusesOneByteMore) {
  for (const std::string end : {"\n", "\r\n"}) {
    Config config;
    config.line_max = 32;
    Pair pair{config};
    const auto alice = pair.log_in("alice");
    const std::string longest = "alice: " + text_of(config.line_max - 7 - end.size()) + end;
    ASSERT_EQ(longest.size(), config.line_max);
    pair.send_bytes(alice, longest);
    pair.send_bytes(alice, "alice: " + text_of(config.line_max - 6 - end.size()) + end);
    pair.send(alice, "/ping");
    pair.settle();
    EXPECT_EQ(pair.lines(alice),
              (std::vector<std::string>{
                  "from alice: " + text_of(config.line_max - 7 - end.size()),
                  "! line too long: at most 32 bytes with its LF; it was skipped", "* pong"}));
  }
}

TEST(Server, ReportsAnEndlessLineOnceAndHoldsNothingOfIt) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  const auto id = *pair.network.id_of(alice);
  for (int round = 0; round < 200; ++round) {
    pair.send_bytes(alice, text_of(100'000));
    pair.settle();
    ASSERT_LT(pair.server.peer(id)->held_bytes, pair.server.config().line_max);
  }
  EXPECT_EQ(pair.lines(alice).size(), 1U);
  pair.send(alice, "its end");
  pair.send(alice, "/ping");
  pair.settle();
  EXPECT_EQ(pair.lines(alice), (std::vector<std::string>{"* pong"}));
}

TEST(Server, GoesOnAfterAnOverLongLineBeforeTheLogin) {
  Config config;
  config.line_max = 16;
  Pair pair{config};
  const auto alice = pair.connect();
  pair.send(alice, text_of(100));
  pair.send(alice, "alice");
  pair.send(alice, "/ping");
  pair.settle();
  EXPECT_EQ(pair.lines(alice),
            (std::vector<std::string>{
                "! line too long: at most 16 bytes with its LF; it was skipped", "* pong"}));
}

// A driver that looks in too rarely is told how much it has missed.
TEST(Server, KeepsEventsUpToItsBoundAndCountsTheOthers) {
  std::vector<Event> events;
  for (const std::size_t beyond : {0U, 1U}) {
    Pair pair{Config{}};
    for (std::size_t count = 0; count < Server::events_max + beyond; ++count) pair.connect();
    pair.settle();  // an event each
    EXPECT_EQ(pair.server.take_events(events), beyond);
    EXPECT_EQ(events.size(), Server::events_max);
    EXPECT_EQ(pair.server.take_events(events), 0U) << "it counts from the last time on";
  }
}

TEST(Server, DoesNotLetAFloodHaveMoreThanItsShareOfAFact) {
  Config config;
  config.work_per_fact_max = 4;
  Pair pair{config};
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in("bob");
  for (int count = 0; count < 10; ++count) pair.send(alice, "bob: " + std::to_string(count));
  pair.send(bob, "/ping");
  pair.turn();
  // Each message costs two, the line and its addressee; the ping was not kept waiting.
  const auto first = pair.lines(bob);
  EXPECT_EQ(first.size(), 3U);
  EXPECT_EQ(first.back(), "* pong");
  EXPECT_FALSE(pair.server.wish(*pair.network.id_of(alice)).read);
  EXPECT_EQ(pair.server.deadline()->reason, Timer::resume);
  pair.settle();
  EXPECT_EQ(pair.lines(bob).size(), 8U);
  EXPECT_TRUE(pair.server.wish(*pair.network.id_of(alice)).read);
  EXPECT_EQ(pair.server.deadline(), std::nullopt);
}

// --- Connections -------------------------------------------------------------------------------

TEST(Server, TellsWhoIsTooManyThatItIsFull) {
  Config config;
  config.connections_max = 2;
  Pair pair{config};
  const auto alice = pair.log_in("alice");
  pair.log_in("bob");
  const auto carol = pair.connect();
  pair.send(carol, "carol");
  pair.settle();
  EXPECT_EQ(pair.lines(carol), (std::vector<std::string>{"! server is full"}));
  EXPECT_TRUE(pair.has_ended(carol));
  EXPECT_FALSE(pair.pipe(carol).was_reset_by_server);

  pair.end(alice);
  pair.settle();
  const auto dave = pair.log_in("dave");
  pair.send(dave, "/who");
  pair.settle();
  EXPECT_EQ(pair.lines(dave), (std::vector<std::string>{"* here: bob, dave"}));
}

TEST(Server, BoundsHowManyItTurnsAwayAtATime) {
  Config config;
  config.connections_max = 1;
  config.refusals_max = 2;
  Pair pair{config};
  pair.log_in("alice");
  std::vector<Pair::Client> refused;
  for (int count = 0; count < 5; ++count) {
    refused.push_back(pair.connect());
    pair.pipe(refused.back()).is_client_answering_fin = false;
  }
  pair.settle();
  EXPECT_EQ(pair.server.connection_count(), 3U);
  int told = 0;
  for (const auto client : refused) told += static_cast<int>(pair.lines(client).size());
  EXPECT_EQ(told, 2);
  EXPECT_EQ(pair.books().connections_total, 6U);
  EXPECT_EQ(pair.books().connections_failed, 3U);

  pair.advance(pair.server.config().linger);
  EXPECT_EQ(pair.server.connection_count(), 1U);
}

TEST(Server, PausesTheListenerWithoutDescriptorsAndTriesAgainLater) {
  Pair pair;
  pair.network.descriptors_max = 1;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.connect();
  pair.send(bob, "bob");
  pair.settle();
  EXPECT_EQ(pair.server.listen(), Listen::paused);
  const std::uint64_t calls = pair.network.accept_calls;
  pair.send(alice, "/ping");  // who is inside is served meanwhile
  pair.settle();
  EXPECT_EQ(pair.lines(alice), (std::vector<std::string>{"* pong"}));
  EXPECT_EQ(pair.network.accept_calls, calls);

  pair.advance(pair.server.config().accept_retry * 10);
  EXPECT_LE(pair.network.accept_calls, calls + 10);

  pair.end(alice);
  pair.settle();
  pair.advance(pair.server.config().accept_retry);
  EXPECT_EQ(pair.server.listen(), Listen::open);
  pair.send(bob, "/who");
  pair.settle();
  EXPECT_EQ(pair.lines(bob), (std::vector<std::string>{"* here: bob"}));
}

TEST(Server, ClosesAConnectionThatDoesNotLogInInTime) {
  Pair pair;
  const auto silent = pair.connect();
  pair.send_bytes(silent, "ali");
  pair.settle();
  const Duration timeout = pair.server.config().login_timeout;
  pair.advance(timeout - milliseconds{1});
  pair.send_bytes(silent, "\r");  // traffic does not extend it
  pair.settle();
  EXPECT_FALSE(pair.has_ended(silent));
  pair.advance(milliseconds{1});
  EXPECT_EQ(pair.lines(silent), (std::vector<std::string>{"! name did not come within 10s"}));
  EXPECT_TRUE(pair.has_ended(silent));
  EXPECT_EQ(pair.server.connection_count(), 0U);
}

TEST(Server, ForgetsTheLoginTimeoutAfterTheLogin) {
  Pair pair;
  pair.log_in("alice");
  EXPECT_EQ(pair.server.deadline(), std::nullopt);
  pair.advance(seconds{3600});
  EXPECT_EQ(pair.server.connection_count(), 1U);
}

TEST(Server, IgnoresFactsAboutFormerOwnersOfASlot) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  const ConnectionId old = *pair.network.id_of(alice);
  pair.end(alice);
  pair.settle();
  const auto bob = pair.log_in("bob");
  ASSERT_EQ(pair.network.id_of(bob)->slot, old.slot);
  const std::uint64_t before = pair.server.digest();
  const Instant now = pair.network.clock;
  std::array<std::byte, 5> bytes{};
  pair.server.received(now, old, bytes);
  pair.server.wrote(now, old, 0);
  pair.server.ended(now, old);
  pair.server.acknowledged(now, old, true);
  pair.server.failed(now, old, Fault::reset);
  pair.server.released(now, old);
  EXPECT_EQ(pair.server.digest(), before);
  EXPECT_EQ(pair.server.name_of(old), "");
  EXPECT_EQ(pair.server.wish(old).end, End::release);
}

// --- Endings -----------------------------------------------------------------------------------

TEST(Server, ReportsWhatABrokenConnectionTookWithIt) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in("bob");
  pair.network.send_buffer_max = 0;
  pair.send(alice, "bob: one");
  pair.send(alice, "bob: two");
  pair.settle();
  pair.reset(bob);
  pair.settle();
  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  EXPECT_EQ(pair.lines(alice), (std::vector<std::string>(2, "! undelivered bob: peer_gone")));
  EXPECT_EQ(pair.failed(Failure::peer_gone), 2U);
  EXPECT_EQ(pair.books().connections_failed, 1U);
}

TEST(Server, LetsGoOfAPeerThatNeverEndsItsSideOnceItHasEverything) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  pair.pipe(alice).is_client_answering_fin = false;
  pair.pipe(alice).is_acknowledging = false;
  pair.send(alice, "/quit");
  pair.settle();
  const Duration linger = pair.server.config().linger;
  pair.advance(linger - milliseconds{1});
  pair.send(alice, "still talking");  // thrown away, and silence begins anew
  pair.settle();
  pair.advance(linger - milliseconds{1});
  EXPECT_EQ(pair.server.connection_count(), 1U);
  pair.advance(milliseconds{1});
  EXPECT_EQ(pair.server.connection_count(), 1U);  // its kernel does not have everything
  pair.pipe(alice).is_acknowledging = true;
  pair.advance(pair.server.config().acknowledgement_poll);
  EXPECT_EQ(pair.server.connection_count(), 0U);
  EXPECT_FALSE(pair.pipe(alice).was_reset_by_server);
}

// Found by the simulator: the timer came first in its turn, the peer's words second.
TEST(Server, KeepsAPeerThatIsHeardInTheTurnInWhichItsLingerEnds) {
  Server server{Config{}};
  const auto id = server.accepted(Instant{});
  ASSERT_TRUE(id.has_value());
  std::string refused = "/not a name\n";
  server.received(Instant{}, *id, std::as_writable_bytes(std::span{refused}));
  std::array<Slice, 4> slices;
  ASSERT_EQ(server.gather(*id, slices), 1U);
  server.wrote(Instant{}, *id, slices[0].size());
  ASSERT_EQ(server.wish(*id).end, End::fin);

  const Instant silent_until = Instant{} + server.config().linger;
  server.elapsed(silent_until);
  EXPECT_TRUE(server.wish(*id).confirm);
  std::string more = "but";
  server.received(silent_until, *id, std::as_writable_bytes(std::span{more}));
  EXPECT_FALSE(server.wish(*id).confirm);
  server.acknowledged(silent_until, *id, true);  // an answer that nobody asks for any more
  EXPECT_EQ(server.wish(*id).end, End::fin);

  server.elapsed(silent_until + server.config().linger);
  EXPECT_TRUE(server.wish(*id).confirm);
  server.acknowledged(silent_until + server.config().linger, *id, true);
  EXPECT_EQ(server.wish(*id).end, End::release);
  server.released(silent_until + server.config().linger, *id);
  EXPECT_EQ(server.connection_count(), 0U);
}

TEST(Server, LetsGoOfAPeerThatNeverFallsSilent) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  pair.pipe(alice).is_client_answering_fin = false;
  pair.send(alice, "/quit");
  pair.settle();
  const Config& config = pair.server.config();
  for (Duration passed{}; passed < config.linger + config.stall_timeout; passed += seconds{1}) {
    EXPECT_EQ(pair.server.connection_count(), 1U);
    pair.send(alice, "and another thing");
    pair.advance(seconds{1});
  }
  EXPECT_EQ(pair.server.connection_count(), 0U);
}

TEST(Server, DropsAPeerThatEndsAndDoesNotReadWhatIsLeft) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  const auto bob = pair.log_in("bob");
  pair.network.send_buffer_max = 0;
  pair.send(alice, "bob: one");
  pair.settle();
  pair.end(bob);
  pair.settle();
  EXPECT_EQ(pair.server.connection_count(), 2U);
  pair.advance(pair.server.config().stall_timeout);
  EXPECT_EQ(pair.server.connection_count(), 1U);
  EXPECT_EQ(pair.failed(Failure::slow_consumer), 1U);
}

TEST(Server, IsAValue) {
  Pair pair;
  const auto alice = pair.log_in("alice");
  pair.network.send_buffer_max = 0;
  pair.send(alice, "alice: kept");
  pair.settle();
  Server snapshot = pair.server;
  EXPECT_EQ(snapshot.digest(), pair.server.digest());

  pair.network.send_buffer_max = 1 << 20;
  pair.settle();
  EXPECT_NE(snapshot.digest(), pair.server.digest());
  snapshot.check_invariants();
  const ConnectionId id = *pair.network.id_of(alice);
  std::array<Slice, 4> slices;
  ASSERT_EQ(snapshot.gather(id, slices), 1U);
  EXPECT_EQ(as_text(slices[0]), "from alice: kept\n");
  snapshot.wrote(pair.network.clock, id, slices[0].size());
  EXPECT_EQ(snapshot.digest(), pair.server.digest());
}

}  // namespace
}  // namespace lastword::test
