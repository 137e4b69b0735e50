// What a client doesn't believe, whatever a server says. Each of these was found by the fuzz target
// client_bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/client/client.h"
#include "tests/core/client/client_world.h"

namespace lastword::test {
namespace {

using client::Event;
using client::Reason;
using client::State;

// A client over lines, and a server that is a text. It is online after its construction.
class Told {
 public:
  Told() {
    client.start(now);
    client.connected(now, link);
    const std::string login = write_all();
    const std::size_t token = login.find("/ping ") + 6;
    say("* pong " + login.substr(token));
  }

  void say(std::string_view bytes) {
    std::vector<std::byte> chunk{as_bytes(bytes).begin(), as_bytes(bytes).end()};
    client.received(now, link, chunk);
    client.check_invariants();
  }
  // The system takes everything.
  std::string write_all() {
    const std::string text{as_text(client.gather())};
    client.wrote(now, link, text.size());
    return text;
  }
  [[nodiscard]] std::string to_be_written() const { return std::string{as_text(client.gather())}; }

  std::vector<Event> events() {
    std::vector<Event> events;
    client.take_events(events);
    return events;
  }

  Instant now{};
  const client::Link link{1};
  Client client{client_config("alice"), seed_of(1)};
};

TEST(ClientBelief, AGoodbyeCountsNothingThatHasNotLeft) {
  Told told;
  ASSERT_EQ(told.client.give(told.now, "bob: one"), client::Given::taken);
  ASSERT_EQ(told.to_be_written().substr(0, 9), "bob: one\n");
  told.client.wrote(told.now, told.link, 8);  // all but the LF
  told.say("* goodbye: 1 of your lines were accepted\n");
  EXPECT_EQ(told.client.counts().accepted, 0U);

  Told other;
  ASSERT_EQ(other.client.give(other.now, "bob: one"), client::Given::taken);
  other.client.wrote(other.now, other.link, 9);
  other.say("* goodbye: 1 of your lines were accepted\n");
  EXPECT_EQ(other.client.counts().accepted, 1U);
}

TEST(ClientBelief, AnAnswerComesBehindItsQuestion) {
  Told told;
  ASSERT_EQ(told.client.give(told.now, "bob: one"), client::Given::taken);
  const std::string waiting = told.to_be_written();
  const std::size_t token = waiting.find("/ping ") + 6;
  const std::string answer = "* pong " + waiting.substr(token);
  told.client.wrote(told.now, told.link, waiting.size() - 1);  // all but the question's LF
  told.say(answer);
  EXPECT_EQ(told.client.counts().accepted, 0U);
  told.client.wrote(told.now, told.link, 1);
  told.say(answer);
  EXPECT_EQ(told.client.counts().accepted, 1U);
}

TEST(ClientBelief, AQuitThatHasNotLeftWasNotRead) {
  Told told;
  ASSERT_EQ(told.client.give(told.now, "bob: one"), client::Given::taken);
  const std::string before = told.to_be_written();
  ASSERT_EQ(told.client.give(told.now, "/join #tea"), client::Given::taken);
  told.client.finish(told.now);
  ASSERT_NE(told.to_be_written().find("/quit\n"), std::string::npos);
  told.client.wrote(told.now, told.link, before.size());
  told.say("* goodbye: 1 of your lines were accepted\n");
  EXPECT_EQ(told.client.counts().accepted, 1U);  // the command waits for the next link

  Told other;
  ASSERT_EQ(other.client.give(other.now, "bob: one"), client::Given::taken);
  ASSERT_EQ(other.client.give(other.now, "/join #tea"), client::Given::taken);
  other.client.finish(other.now);
  other.write_all();
  other.say("* goodbye: 1 of your lines were accepted\n");
  EXPECT_EQ(other.client.counts().accepted, 2U);
}

TEST(ClientBelief, WhatIsToldOfIsAnExcerpt) {
  Told told;
  told.client = Client{client_config("alice"), seed_of(1)};
  told.client.start(told.now);
  told.client.connected(told.now, told.link);
  told.say("! name " + std::string(1000, 'x') + "\n");
  bool is_closing_told = false;
  for (const Event& event : told.events()) {
    EXPECT_LE(event.text.size(), 120U);
    is_closing_told = is_closing_told || event.to == State::closing;
  }
  EXPECT_TRUE(is_closing_told);
}

TEST(ClientBelief, WhoIsAbandonedBehindTheGoodbyeWasStopped) {
  Told told;
  ASSERT_EQ(told.client.give(told.now, "bob: one"), client::Given::taken);
  told.client.finish(told.now);
  told.write_all();
  told.say("* goodbye: 1 of your lines were accepted\n");
  told.client.abandon(told.now);
  EXPECT_EQ(told.client.state(), State::gone);
  EXPECT_FALSE(told.client.has_done_all());
  EXPECT_EQ(told.events().back().reason, Reason::abandoned);
}

}  // namespace
}  // namespace lastword::test
