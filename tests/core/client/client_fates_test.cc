// What becomes of lines when links end: accepted once, sent again, or named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/client/client_world.h"

namespace lastword::test {
namespace {

using client::Event;
using client::IfUnknown;
using client::Reason;
using client::State;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FatesOver : public testing::TestWithParam<Transport> {
 protected:
  [[nodiscard]] static client::Config named(std::string_view name) {
    return client_config(name, GetParam());
  }
  // Bytes of a short line on the wire.
  [[nodiscard]] static std::size_t size_on_wire(std::string_view line) {
    return GetParam() == Transport::websocket ? line.size() + 6 : line.size() + 1;
  }
};

INSTANTIATE_TEST_SUITE_P(Both, FatesOver, testing::Values(Transport::lines, Transport::websocket),
                         transport_of);

TEST_P(FatesOver, ALineBeyondTheGoodbyesNumberIsSentAgain) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  alice.give("alice: one");
  world.settle();
  world.stop_running();
  alice.give("alice: two");
  alice.give("alice: three");
  world.settle();  // written, and not read by the server any more
  world.go_on();
  world.terminate();
  world.advance(seconds{1});
  EXPECT_THAT(alice.lines,
              ElementsAre("from alice: one", "* goodbye: 1 of your lines were accepted"));
  EXPECT_EQ(alice.client.last_settled(), 1U);
  world.advance(seconds{3});  // the server's linger
  EXPECT_EQ(world.start_again(), 1U);
  world.advance(minutes{2});
  EXPECT_THAT(alice.lines,
              ElementsAre("from alice: one", "* goodbye: 1 of your lines were accepted",
                          "from alice: two", "from alice: three"));
  EXPECT_EQ(alice.client.counts().accepted, 3U);
  EXPECT_THAT(alice.told(Event::Kind::unknown), IsEmpty());
}

TEST_P(FatesOver, WhatNeverLeftIsSentAgainWithoutAWord) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  // All but the last byte of the first line: no server can have taken it.
  alice.write_budget = size_on_wire("alice: one") - 1;
  alice.give("alice: one");
  alice.give("alice: two");
  world.settle();
  alice.break_link();
  alice.write_budget = SIZE_MAX;
  world.advance(minutes{2});
  EXPECT_THAT(alice.lines, ElementsAre("from alice: one", "from alice: two"));
  EXPECT_THAT(alice.told(Event::Kind::unknown), IsEmpty());
  EXPECT_EQ(alice.client.counts().accepted, 2U);
}

TEST_P(FatesOver, WhatLeftAndWasNotAnsweredIsNamed) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  world.stop_running();
  for (const char* line : {"alice: one", "alice: two"}) alice.give(line);
  world.settle();
  alice.write_budget = 0;
  alice.give("alice: three");
  world.settle();
  world.kill();
  world.settle();
  alice.write_budget = SIZE_MAX;
  EXPECT_THAT(alice.told(Event::Kind::unknown), ElementsAre(1, 2));
  EXPECT_EQ(alice.events[alice.events.size() - 2].text, "alice: two");
  world.start_again();
  world.advance(minutes{2});
  EXPECT_THAT(alice.lines, ElementsAre("from alice: three"));
  EXPECT_EQ(alice.client.counts().unknown, 2U);
  EXPECT_EQ(alice.client.counts().accepted, 1U);
}

TEST_P(FatesOver, OrSentAgainByChoiceAndNamedToo) {
  ClientWorld world;
  client::Config config = named("alice");
  config.if_unknown = IfUnknown::resend;
  ClientNode& alice = world.log_in(config);
  world.stop_running();
  for (const char* line : {"alice: one", "alice: two"}) alice.give(line);
  world.settle();
  world.kill();
  world.settle();
  EXPECT_THAT(alice.told(Event::Kind::resent), ElementsAre(1, 2));
  world.start_again();
  alice.give("alice: three");
  world.advance(minutes{2});
  EXPECT_THAT(alice.lines, ElementsAre("from alice: one", "from alice: two", "from alice: three"));
  EXPECT_EQ(alice.client.counts().resent, 2U);
  EXPECT_EQ(alice.client.counts().accepted, 3U);
}

TEST_P(FatesOver, AnAnswerSettlesEverythingBeforeIt) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  for (const char* line : {"alice: one", "alice: two"}) alice.give(line);
  world.settle();
  world.kill();
  world.settle();
  EXPECT_THAT(alice.told(Event::Kind::unknown), IsEmpty()) << "the server had answered";
  EXPECT_EQ(alice.client.counts().accepted, 2U);
}

TEST_P(FatesOver, CommandsAreAlwaysSentAgain) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  world.stop_running();
  for (const char* line : {"/who", "", "/join #tea", "no colon"}) alice.give(line);
  world.settle();
  world.kill();
  world.settle();
  EXPECT_THAT(alice.told(Event::Kind::unknown), IsEmpty());
  world.start_again();
  world.advance(minutes{2});
  EXPECT_THAT(alice.lines, ElementsAre("* here: alice", "* you joined #tea, 1 member",
                                       HasSubstr("no destination")));
}

TEST_P(FatesOver, RoomsAreJoinedAgain) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  for (const char* line : {"/join #tea", "/join #milk", "/join #sugar", "/leave #milk"}) {
    alice.give(line);
  }
  world.settle();
  alice.lines.clear();
  alice.break_link();
  world.advance(minutes{2});
  EXPECT_THAT(alice.lines,
              ElementsAre("* you joined #tea, 1 member", "* you joined #sugar, 1 member"));
}

TEST_P(FatesOver, AfterAShutdownItComesBackAndEnds) {
  ClientWorld world;
  ClientNode& alice = world.log_in(named("alice"));
  world.stop_running();
  alice.give("alice: one");
  alice.finish();
  world.settle();
  world.go_on();
  world.terminate();
  world.advance(seconds{5});
  EXPECT_EQ(alice.client.state(), State::waiting) << "its line was not accepted";
  world.start_again();
  world.advance(minutes{2});
  EXPECT_TRUE(alice.client.has_done_all());
  EXPECT_EQ(alice.client.counts().logins, 2U);
}

TEST_P(FatesOver, ALineThatIsTooLongForTheServerIsRefusedOnce) {
  ClientWorld world{Config{.line_max = 100}};
  ClientNode& alice = world.log_in(named("alice"));
  world.stop_running();
  alice.give("alice: short");
  alice.give("alice: " + std::string(200, 'x'));
  alice.give("alice: also short");
  world.settle();
  world.go_on();
  world.advance(minutes{2});
  EXPECT_EQ(alice.client.counts().refused, 1U);
  const auto refused = alice.told(Event::Kind::refused);
  EXPECT_THAT(refused, ElementsAre(2));
  EXPECT_EQ(alice.give("alice: " + std::string(200, 'x')), client::Given::too_long) << "it learns";
  alice.finish();
  world.advance(minutes{2});
  EXPECT_TRUE(alice.client.is_over());
  if (GetParam() == Transport::lines) {
    EXPECT_EQ(alice.client.counts().accepted, 2U);
    EXPECT_EQ(alice.client.counts().attempts, 1U);
  } else {
    // A WebSocket ends with it, and nobody says how far the server came.
    EXPECT_EQ(alice.client.counts().accepted + alice.client.counts().unknown, 2U);
    EXPECT_EQ(alice.client.counts().attempts, 2U);
  }
}

TEST_P(FatesOver, WhatIsLeftAtTheEndIsNamed) {
  ClientWorld world;
  client::Config config = named("alice");
  config.is_reconnecting = false;
  ClientNode& alice = world.log_in(config);
  alice.write_budget = size_on_wire("alice: one");
  for (const char* line : {"alice: one", "alice: two"}) alice.give(line);
  alice.break_link();
  world.settle();
  EXPECT_TRUE(alice.client.is_over());
  EXPECT_EQ(alice.client.counts().unknown + alice.client.counts().unsent, 2U);
  EXPECT_THAT(alice.told(Event::Kind::unsent), testing::Contains(2));
}

TEST_P(FatesOver, OneSlowAddresseeDelaysAnswersAndNothingElse) {
  ClientWorld world{Config{.line_max = 500, .outbox_max = 1000}};
  ClientNode& alice = world.log_in(named("alice"));
  ClientNode& bob = world.log_in(client_config("bob"));
  bob.pipe().is_client_reading = false;
  world.server().network.send_buffer_max = 100;
  for (int number = 0; number < 20; ++number) {
    alice.give("bob: " + std::to_string(number) + std::string(100, '.'));
  }
  world.advance(seconds{5});
  EXPECT_EQ(alice.client.state(), State::online);
  EXPECT_LT(alice.client.last_settled(), 20U);
  bob.pipe().is_client_reading = true;
  world.settle();
  EXPECT_EQ(bob.lines.size(), 20U);
  EXPECT_EQ(alice.client.last_settled(), 20U);
  EXPECT_EQ(alice.client.reason(), Reason::logged_in);
}

}  // namespace
}  // namespace lastword::test
