// Conversations of a client with a server, from the login to the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/client/client_world.h"

namespace lastword::test {
namespace {

using client::Event;
using client::Given;
using client::Reason;
using client::State;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ClientOver : public testing::TestWithParam<Transport> {
 protected:
  [[nodiscard]] static client::Config named(std::string_view name) {
    return client_config(name, GetParam());
  }
};

INSTANTIATE_TEST_SUITE_P(Both, ClientOver, testing::Values(Transport::lines, Transport::websocket),
                         transport_of);

// --- The login ---------------------------------------------------------------------------------

TEST_P(ClientOver, LogsInAndKnowsThatItIsThere) {
  ClientWorld world;
  const ClientNode& alice = world.log_in(named("alice"));
  EXPECT_EQ(alice.client.counts().logins, 1U);
  EXPECT_THAT(alice.lines, IsEmpty()) << "its own questions are not the application's business";
  const bool is_websocket = GetParam() == Transport::websocket;
  std::vector<std::string> course{"connecting: for the first time", "logging in: connected",
                                  "online: the server knows the name"};
  if (is_websocket) {
    course = {"connecting: for the first time", "handshake: connected",
              "logging in: the server speaks WebSocket", "online: the server knows the name"};
  }
  EXPECT_EQ(alice.course(), course);
}

TEST_P(ClientOver, StopsWhereItsNameIsTaken) {
  ClientWorld world;
  world.log_in(named("alice"));
  ClientNode& other = world.add(named("alice"));
  other.give("bob: never said");
  world.settle();
  EXPECT_TRUE(other.client.is_over());
  EXPECT_EQ(other.last_state().reason, Reason::login_refused);
  EXPECT_THAT(other.last_state().text, HasSubstr("taken"));
  EXPECT_THAT(other.told(Event::Kind::unsent), ElementsAre(1));
  EXPECT_FALSE(other.client.has_done_all());
}

TEST_P(ClientOver, ComesBackWhereTheServerIsFull) {
  ClientWorld world{Config{.connections_max = 1}};
  world.log_in(named("alice"));
  ClientNode& bob = world.add(named("bob"));
  world.settle();
  EXPECT_EQ(bob.client.state(), State::waiting);
  EXPECT_EQ(bob.last_state().reason,
            GetParam() == Transport::lines ? Reason::server_full : Reason::handshake_refused);
  world.advance(seconds{200});
  EXPECT_GT(bob.client.counts().attempts, 3U);
}

TEST(Client, TellsAServerOfAnotherKind) {
  ClientWorld world;
  ClientNode& alice = world.add(client_config("alice"));
  world.stop_running();
  alice.turn();
  alice.turn();
  alice.pipe().received = "HTTP/1.1 400 Bad Request\r\n\r\n";
  alice.turn();
  EXPECT_EQ(alice.last_state().reason, Reason::no_lastword);
  EXPECT_EQ(alice.last_state().text, "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(alice.client.state(), State::waiting);
}

TEST(Client, TellsAServerThatSpeaksNoWebSocket) {
  ClientWorld world;
  ClientNode& alice = world.add(client_config("alice", Transport::websocket));
  world.stop_running();
  alice.turn();
  alice.turn();
  alice.pipe().received = "! name is not valid\n";
  alice.turn();
  EXPECT_EQ(alice.last_state().reason, Reason::no_websocket);
  EXPECT_EQ(alice.client.state(), State::waiting);
}

TEST(Client, TellsAPathThatIsNotThere) {
  ClientWorld world;
  client::Config config = client_config("alice", Transport::websocket);
  config.url.path = "/elsewhere";
  ClientNode& alice = world.add(config);
  world.settle();
  EXPECT_EQ(alice.last_state().reason, Reason::handshake_refused);
  EXPECT_EQ(alice.last_state().detail, 404U);
}

// --- Lines -------------------------------------------------------------------------------------

TEST_P(ClientOver, SendsAndShowsLines) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  ClientNode& bob = world.log_in(client_config("bob"));
  EXPECT_EQ(alice.give("bob: hello"), Given::taken);
  EXPECT_EQ(bob.give("alice: hello yourself\r"), Given::taken);
  world.settle();
  EXPECT_THAT(alice.lines, ElementsAre("from bob: hello yourself"));
  EXPECT_THAT(bob.lines, ElementsAre("from alice: hello"));
  EXPECT_EQ(alice.client.last_settled(), 1U);
  EXPECT_EQ(alice.client.counts().accepted, 1U);
}

TEST_P(ClientOver, TakesAnyBytes) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  const std::string text{"\xFF\0\x80 caf\xC3\xA9", 10};
  alice.give("alice: " + text);
  world.settle();
  EXPECT_THAT(alice.lines, ElementsAre("from alice: " + text));
}

TEST_P(ClientOver, TellsItsOwnQuestionsFromTheUsers) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  alice.give("/ping");
  alice.give("/ping lw-1-1");
  alice.give("/who");
  world.settle();
  EXPECT_THAT(alice.lines, ElementsAre("* pong", "* pong lw-1-1", "* here: alice"));
  EXPECT_EQ(alice.client.counts().accepted, 3U);
}

TEST_P(ClientOver, ShowsMistakesAndCountsThemAsRefused) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  alice.give("no colon");
  alice.give("alice: one");
  alice.give("/wave");
  world.settle();
  EXPECT_THAT(alice.lines, ElementsAre(StartsWith("! no destination"), "from alice: one",
                                       StartsWith("! unknown command")));
  EXPECT_THAT(alice.told(Event::Kind::refused), ElementsAre(1, 3));
  EXPECT_EQ(alice.client.counts().refused, 2U);
}

TEST_P(ClientOver, TakesNoLineThatNoServerWouldTake) {
  ClientWorld world;
  client::Config config = named("alice");
  config.line_max = 100;
  ClientNode& alice = world.log_in(config);
  EXPECT_EQ(alice.give("a\nb"), Given::line_break);
  EXPECT_EQ(alice.give(std::string(100, 'x')), Given::too_long);
  EXPECT_EQ(alice.give("alice: " + std::string(92, 'x')), Given::taken);
  world.settle();
  EXPECT_EQ(alice.client.counts().accepted, 1U);
}

TEST_P(ClientOver, ListensAgainWhenTheApplicationDoes) {
  ClientWorld world;
  client::Config config = named("bob");
  config.inbound_max = 1000;
  ClientNode& bob = world.log_in(config);
  ClientNode& alice = world.log_in(client_config("alice"));
  bob.is_taking_lines = false;
  bob.read_max = 500;
  for (int number = 0; number < 100; ++number) {
    alice.give("bob: " + std::to_string(number) + std::string(100, '.'));
  }
  world.advance(seconds{100});
  EXPECT_LT(bob.client.inbound_bytes(), 2000U);
  EXPECT_EQ(bob.client.state(), State::online) << "who does not listen must not find fault";
  bob.give("alice: I can still speak");
  world.settle();
  EXPECT_THAT(alice.lines, ElementsAre("from bob: I can still speak"));
  bob.is_taking_lines = true;
  world.settle();
  EXPECT_EQ(bob.lines.size(), 100U);
  EXPECT_EQ(alice.client.counts().accepted, 100U);
}

TEST_P(ClientOver, SlowsWhoeverFeedsIt) {
  ClientWorld world;
  client::Config config = named("alice");
  config.outbound_max = 4000;
  ClientNode& alice = world.log_in(config);
  alice.write_budget = 500;
  std::size_t given = 0;
  while (alice.give("alice: " + std::string(100, 'x')) == Given::taken) ++given;
  EXPECT_GT(given, 10U);
  EXPECT_LT(given, 40U);
  EXPECT_FALSE(alice.client.has_room());
  world.settle();
  EXPECT_FALSE(alice.client.has_room());
  alice.write_budget = SIZE_MAX;
  world.settle();
  EXPECT_TRUE(alice.client.has_room());
  EXPECT_EQ(alice.lines.size(), given);
}

TEST_P(ClientOver, RendersNoMoreThanItCanWrite) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  alice.write_budget = 0;
  const std::string line = "alice: " + std::string(200, 'x');
  while (alice.give(line) == Given::taken) {
  }
  EXPECT_GE(alice.client.output_bytes(), Client::output_mark);
  EXPECT_LT(alice.client.output_bytes(), Client::output_mark + line.size() + 100);
}

// --- The end -----------------------------------------------------------------------------------

TEST_P(ClientOver, EndsInOrder) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  for (int number = 1; number <= 3; ++number) alice.give("alice: " + std::to_string(number));
  alice.finish();
  EXPECT_EQ(alice.give("alice: too late"), Given::closing);
  world.settle();
  EXPECT_TRUE(alice.client.is_over());
  EXPECT_TRUE(alice.client.has_done_all());
  EXPECT_THAT(alice.lines, ElementsAre("from alice: 1", "from alice: 2", "from alice: 3",
                                       "* goodbye: 3 of your lines were accepted"));
  EXPECT_EQ(alice.last_state().reason, Reason::input_finished);
  EXPECT_EQ(world.server().server.connection_count(), 0U);
}

TEST_P(ClientOver, EndsInOrderThoughItHadNotBegun) {
  ClientWorld world;
  ClientNode& alice = world.add(named("alice"));
  alice.give("alice: first and last");
  alice.finish();
  world.settle();
  EXPECT_TRUE(alice.client.has_done_all());
  EXPECT_THAT(alice.lines, ElementsAre("from alice: first and last",
                                       "* goodbye: 1 of your lines were accepted"));
}

TEST_P(ClientOver, TakesAQuitThatIsTypedAsTheEnd) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  EXPECT_EQ(alice.give("/quit"), Given::taken);
  EXPECT_EQ(alice.give("alice: more"), Given::closing);
  world.settle();
  EXPECT_TRUE(alice.client.has_done_all());
  EXPECT_EQ(alice.client.counts().attempts, 1U) << "who quits does not come back";
}

TEST_P(ClientOver, EndsAtOnceIfItHasTo) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  alice.write_budget = 0;
  alice.give("alice: never said");
  alice.abandon();
  world.settle();
  EXPECT_TRUE(alice.client.is_over());
  EXPECT_FALSE(alice.client.has_done_all());
  EXPECT_THAT(alice.told(Event::Kind::unsent), ElementsAre(1));
  EXPECT_EQ(alice.last_state().reason, Reason::abandoned);
}

TEST_P(ClientOver, CompletesTheServersClosingHandshake) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  alice.give("alice: one");
  world.settle();
  world.terminate();
  world.settle();
  EXPECT_EQ(alice.client.state(), State::waiting);
  EXPECT_EQ(alice.last_state().reason, Reason::goodbye);
  EXPECT_EQ(alice.last_state().detail, 1U);
  ASSERT_TRUE(world.server().server.finished().has_value());
  EXPECT_EQ(world.server().server.finished()->books.connections_clean, 1U);
}

TEST(Client, WithoutReconnectingEndsWithItsLink) {
  ClientWorld world;
  client::Config config = client_config("alice");
  config.is_reconnecting = false;
  ClientNode& alice = world.log_in(config);
  alice.break_link();
  world.settle();
  EXPECT_TRUE(alice.client.is_over());
  EXPECT_EQ(alice.last_state().reason, Reason::reset);
}

TEST(Client, WithNothingToSayItStillFindsOutWhetherItCould) {
  ClientWorld world;
  ClientNode& alice = world.add(client_config("alice"));
  alice.connect_fault = client::ConnectFault::refused;
  alice.finish();
  world.settle();
  EXPECT_TRUE(alice.client.is_over());
  EXPECT_EQ(alice.last_state().reason, Reason::refused);
  EXPECT_FALSE(alice.client.has_done_all());
}

}  // namespace
}  // namespace lastword::test
