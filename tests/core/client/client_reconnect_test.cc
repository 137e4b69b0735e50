// A client whose link can't be made, dies, or is silent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/client/client_world.h"

namespace lastword::test {
namespace {

using client::ConnectFault;
using client::Event;
using client::Reason;
using client::State;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class LinkOver : public testing::TestWithParam<Transport> {
 protected:
  [[nodiscard]] static client::Config named(std::string_view name) {
    return client_config(name, GetParam());
  }
};

INSTANTIATE_TEST_SUITE_P(Both, LinkOver, testing::Values(Transport::lines, Transport::websocket),
                         transport_of);

// --- Coming back -------------------------------------------------------------------------------

TEST_P(LinkOver, ComesBackWhenItsLinkBreaks) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  alice.break_link();
  world.settle();
  EXPECT_EQ(alice.client.state(), State::waiting);
  EXPECT_EQ(alice.last_state().reason, Reason::reset);
  EXPECT_LE(alice.last_state().delay, seconds{1});
  world.advance(seconds{1});
  EXPECT_EQ(alice.client.state(), State::online);
  EXPECT_EQ(alice.client.counts().logins, 2U);
}

TEST(ClientLink, TellsWhyItCouldNotConnect) {
  const std::vector<std::pair<ConnectFault, Reason>> faults{
      {ConnectFault::unknown_host, Reason::unknown_host},
      {ConnectFault::refused, Reason::refused},
      {ConnectFault::unreachable, Reason::unreachable},
      {ConnectFault::timed_out, Reason::connect_timed_out},
      {ConnectFault::other, Reason::connect_failed}};
  for (const auto& [fault, reason] : faults) {
    ClientWorld world;
    ClientNode& alice = world.add(client_config("alice"));
    alice.connect_fault = fault;
    world.settle();
    EXPECT_EQ(alice.last_state().reason, reason);
    EXPECT_EQ(alice.client.state(), State::waiting);
  }
}

TEST(ClientLink, GivesAnAttemptUpThatNobodyAnswers) {
  ClientWorld world;
  ClientNode& alice = world.add(client_config("alice"));
  alice.is_connecting_for_ever = true;
  world.advance(seconds{10} - Duration{1});
  EXPECT_EQ(alice.client.state(), State::connecting);
  world.advance(Duration{1});
  EXPECT_EQ(alice.client.state(), State::waiting);
  EXPECT_EQ(alice.last_state().reason, Reason::connect_timed_out);
}

TEST_P(LinkOver, GivesAServerUpThatAcceptsAndSaysNothing) {
  ClientWorld world;
  world.stop_running();
  ClientNode& alice = world.add(named("alice"));
  alice.give("bob: hello");
  world.advance(seconds{10});
  EXPECT_EQ(alice.client.state(), State::waiting);
  EXPECT_EQ(alice.last_state().reason,
            GetParam() == Transport::lines ? Reason::login_timed_out : Reason::handshake_timed_out);
  EXPECT_THAT(alice.told(Event::Kind::unknown), IsEmpty()) << "nothing is said before the login";
}

TEST_P(LinkOver, DelaysGrowUntilALinkWasStable) {
  ClientWorld world;
  ClientNode& alice = world.add(named("alice"));
  alice.connect_fault = ConnectFault::refused;
  world.settle();
  EXPECT_LE(alice.last_state().delay, seconds{1});
  world.advance(minutes{10});
  const std::uint64_t attempts = alice.client.counts().attempts;
  EXPECT_GT(attempts, 12U);
  EXPECT_LT(attempts, 60U) << "one a minute or two, on average";
  alice.connect_fault.reset();
  world.advance(minutes{1});
  ASSERT_EQ(alice.client.state(), State::online);
  world.advance(seconds{59});
  world.advance(seconds{61});
  alice.break_link();
  world.settle();
  EXPECT_LE(alice.last_state().delay, seconds{1});
}

TEST_P(LinkOver, ALinkOfItsOwnThatStillHoldsTheNameIsWaitedFor) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  alice.is_silent = true;  // it sees no answer; the server sees no end
  world.advance(seconds{45});
  EXPECT_EQ(alice.last_state().reason, Reason::no_answer);
  alice.is_silent = false;
  world.advance(seconds{2});
  EXPECT_EQ(alice.last_state().reason, Reason::name_held);
  EXPECT_EQ(alice.client.state(), State::waiting);
  world.server().reset(0);  // now the server has noticed
  world.advance(minutes{2});
  EXPECT_EQ(alice.client.state(), State::online);
}

// Found by the simulator: the server has the name, and its answer to it never came.
TEST_P(LinkOver, ALinkThatDiedWhileItLoggedInIsWaitedForToo) {
  ClientWorld world;
  ClientNode& alice = world.add(named("alice"));
  while (alice.client.state() != State::logging_in) {
    world.server().turn();
    alice.turn();
  }
  alice.give("bob: hello");
  alice.is_silent = true;  // the name is on its way
  world.advance(seconds{10});
  EXPECT_EQ(alice.last_state().reason, Reason::login_timed_out);
  alice.is_silent = false;
  world.advance(seconds{16});
  EXPECT_EQ(alice.last_state().reason, Reason::name_held);
  EXPECT_FALSE(alice.client.is_over());
  world.server().reset(0);  // now the server has noticed
  world.advance(minutes{2});
  EXPECT_EQ(alice.client.state(), State::online);
  EXPECT_THAT(alice.told(Event::Kind::unsent), IsEmpty());
  EXPECT_EQ(alice.client.counts().accepted, 1U);
}

TEST_P(LinkOver, ANameThatIsNeverFreeAgainBelongsToSomebodyElse) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  alice.break_link();
  alice.turn();
  world.server().reset(0);
  world.server().settle();
  world.server().log_in("alice");
  world.advance(minutes{4});
  EXPECT_FALSE(alice.client.is_over());
  EXPECT_EQ(alice.client.reason(), Reason::name_held);
  world.advance(minutes{3});
  EXPECT_TRUE(alice.client.is_over());
  EXPECT_EQ(alice.client.reason(), Reason::name_held);
}

// --- Heartbeats --------------------------------------------------------------------------------

TEST_P(LinkOver, ASilentLinkIsFoundDeadAfterThreeHeartbeats) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  alice.is_silent = true;
  world.advance(seconds{45} - Duration{1});
  EXPECT_EQ(alice.client.state(), State::online);
  world.advance(Duration{1});
  EXPECT_EQ(alice.client.state(), State::waiting);
  EXPECT_EQ(alice.last_state().reason, Reason::no_answer);
}

TEST_P(LinkOver, AnAnswerToThePingIsEnough) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  world.advance(minutes{60});
  EXPECT_EQ(alice.client.state(), State::online);
  EXPECT_EQ(alice.client.counts().logins, 1U);
  EXPECT_THAT(alice.lines, IsEmpty());
}

// The server's own pings count too, so that an idle WebSocket costs one wake-up in a heartbeat.
TEST(ClientLink, IdleItWakesOnceInAHeartbeat) {
  ClientWorld world;
  ClientNode& alice = world.log_in(client_config("alice"));
  const std::size_t before = alice.written.size();
  world.advance(seconds{150});
  const std::string said = alice.written.substr(before);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 10) << said;
}

TEST_P(LinkOver, AProcessThatStoodStillGivesTheServerItsTime) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  world.server().network.clock = world.now() + minutes{10};
  world.settle();
  EXPECT_EQ(alice.client.state(), State::online);
  EXPECT_EQ(alice.client.counts().logins, 1U);
}

TEST(ClientLink, AFloodOfPingsIsAnsweredOnceAndHoldsNoMemory) {
  ClientWorld world;
  ClientNode& alice = world.log_in(client_config("alice", Transport::websocket));
  world.stop_running();
  alice.write_budget = 0;
  const std::size_t before = alice.client.output_bytes();
  for (int round = 0; round < 1000; ++round) {
    for (int number = 0; number < 100; ++number) alice.pipe().received += "\x89\x04ping";
    world.settle();
  }
  EXPECT_LT(alice.client.output_bytes(), Client::output_mark + 200);
  EXPECT_GE(alice.client.output_bytes(), before);
}

// --- Close frames ------------------------------------------------------------------------------

struct CloseCase {
  std::string name;
  std::string frame;
  std::uint64_t code;
  Duration ceiling;
};

class ClosedBy : public testing::TestWithParam<CloseCase> {};

INSTANTIATE_TEST_SUITE_P(
    Codes, ClosedBy,
    testing::Values(CloseCase{"GoingAway", {"\x88\x02\x03\xE9", 4}, 1001, seconds{4}},
                    CloseCase{"Restart", {"\x88\x02\x03\xF4", 4}, 1012, seconds{4}},
                    CloseCase{"Policy", {"\x88\x02\x03\xF0", 4}, 1008, seconds{16}},
                    CloseCase{"TryAgain", {"\x88\x02\x03\xF5", 4}, 1013, seconds{16}},
                    CloseCase{"Nothing", {"\x88\x00", 2}, 0, seconds{1}}),
    [](const auto& given) { return given.param.name; });

TEST_P(ClosedBy, AnswersItAndComesBackInItsTime) {
  Duration longest{};
  for (int attempt = 0; attempt < 40; ++attempt) {
    ClientWorld world;
    for (int other = 0; other < attempt; ++other) {  // other seeds
      world.add(client_config("other" + std::to_string(other)));
    }
    ClientNode& alice = world.log_in(client_config("alice", Transport::websocket));
    world.stop_running();
    alice.written.clear();
    alice.pipe().received = GetParam().frame;
    alice.turn();
    EXPECT_EQ(alice.client.state(), State::closing);
    ASSERT_EQ(alice.written.size(), GetParam().frame.size() + 4);
    EXPECT_EQ(alice.written.front(), '\x88');
    alice.pipe().has_server_ended = true;
    alice.turn();
    EXPECT_EQ(alice.last_state().reason, Reason::closed);
    EXPECT_EQ(alice.last_state().detail, GetParam().code);
    longest = std::max(longest, alice.last_state().delay);
  }
  EXPECT_LE(longest, GetParam().ceiling);
  EXPECT_GE(longest, GetParam().ceiling / 2);
}

TEST(ClientLink, AServerThatBreaksTheProtocolIsToldSo) {
  ClientWorld world;
  ClientNode& alice = world.log_in(client_config("alice", Transport::websocket));
  world.stop_running();
  alice.written.clear();
  alice.pipe().received = "\x83\x00";  // a reserved opcode
  world.settle();
  EXPECT_EQ(alice.client.state(), State::closing);
  EXPECT_EQ(alice.client.reason(), Reason::violation);
  EXPECT_EQ(alice.written.size(), 8U) << "a Close";
  world.advance(seconds{5});
  EXPECT_EQ(alice.client.state(), State::waiting) << "its FIN never came";
}

TEST(ClientLink, AGoodbyeWithoutAnEndIsNotWaitedForForEver) {
  ClientWorld world;
  ClientNode& alice = world.log_in(client_config("alice"));
  world.stop_running();
  alice.pipe().received = "* goodbye: 0 of your lines were accepted\n";
  world.advance(seconds{5} - Duration{1});
  EXPECT_EQ(alice.client.state(), State::closing);
  world.advance(Duration{1});
  EXPECT_EQ(alice.client.state(), State::waiting);
  EXPECT_EQ(alice.last_state().reason, Reason::goodbye);
}

}  // namespace
}  // namespace lastword::test
