// The driver of a client, on real loopback sockets.
#include "net/asio_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/net/loopback.h"
#include "tests/net/running_server.h"

namespace lastword {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using client::Event;
using client::Reason;
using client::State;
using ::testing::ElementsAre;

client::Config config_for(Transport transport, const tcp::endpoint& server,
                          std::string_view name = "alice") {
  client::Config config;
  config.url = {.transport = transport, .host = "127.0.0.1", .port = server.port()};
  config.name = name;
  config.is_reconnecting = false;
  return config;
}

// A client with an application that takes every line and event.
class Running {
 public:
  explicit Running(const client::Config& config)
      : client{config, random_seed_for_client()}, driver{context, client, [this] { turned(); }} {}

  boost::asio::io_context context;
  Client client;
  std::vector<std::string> lines;
  std::vector<Event> events;
  std::function<void(State)> entered = [](State) {};
  AsioClient driver;

  [[nodiscard]] Reason last_reason() const { return events.back().reason; }

 private:
  void turned() {
    while (const auto line = client.line()) {
      lines.emplace_back(*line);
      client.take_line(driver.now());
    }
    std::vector<Event> news;
    static_cast<void>(client.take_events(news));
    for (const Event& event : news) {
      events.push_back(event);
      if (event.kind == Event::Kind::state) entered(event.to);
    }
  }
};

class AsioClientOver : public testing::TestWithParam<Transport> {};

INSTANTIATE_TEST_SUITE_P(Both, AsioClientOver,
                         testing::Values(Transport::lines, Transport::websocket),
                         [](const auto& given) {
                           return given.param == Transport::lines ? "Lines" : "WebSocket";
                         });

TEST_P(AsioClientOver, CarriesAConversationToItsLastWord) {
  RunningServer server;
  const tcp::endpoint websocket = server.listen(Transport::websocket);
  server.start();
  Running alice{config_for(GetParam(), GetParam() == Transport::lines ? server.local : websocket)};
  EXPECT_EQ(alice.client.give(alice.driver.now(), "alice: one"), client::Given::taken);
  EXPECT_EQ(alice.client.give(alice.driver.now(), "alice: two"), client::Given::taken);
  alice.client.finish(alice.driver.now());
  alice.driver.run();
  EXPECT_TRUE(alice.client.has_done_all());
  EXPECT_THAT(alice.lines, ElementsAre("from alice: one", "from alice: two",
                                       "* goodbye: 2 of your lines were accepted"));
  RunningServer::signal(SIGTERM);
  const Report report = server.report();
  EXPECT_EQ(report.books.accepted, 2U);
  EXPECT_EQ(report.books.connections_clean, 1U);
}

TEST_P(AsioClientOver, HearsTheServersGoodbye) {
  RunningServer server;
  const tcp::endpoint websocket = server.listen(Transport::websocket);
  server.start();
  Running alice{config_for(GetParam(), GetParam() == Transport::lines ? server.local : websocket)};
  alice.entered = [](State state) {
    if (state == State::online) RunningServer::signal(SIGTERM);
  };
  alice.driver.run();
  EXPECT_EQ(alice.last_reason(), Reason::goodbye);
  EXPECT_EQ(server.report().books.connections_clean, 1U);
}

// A port that was free a moment ago.
tcp::endpoint nobodys_port() {
  boost::asio::io_context context;
  const tcp::acceptor acceptor{context, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  return acceptor.local_endpoint();
}

TEST(AsioClient, TellsThatNobodyListens) {
  Running alice{config_for(Transport::lines, nobodys_port())};
  alice.driver.run();
  EXPECT_EQ(alice.last_reason(), Reason::refused);
}

TEST(AsioClient, TellsThatThereIsNoSuchHost) {
  client::Config config = config_for(Transport::lines, nobodys_port());
  config.url.host = "there-is-none.invalid";  // never in any network (RFC 6761, section 6.4)
  Running alice{config};
  alice.driver.run();
  EXPECT_EQ(alice.last_reason(), Reason::unknown_host);
}

TEST(AsioClient, GivesAServerUpThatSaysNothing) {
  boost::asio::io_context context;
  const tcp::acceptor silent{context, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  client::Config config = config_for(Transport::lines, silent.local_endpoint());
  config.login_timeout = 20ms;
  Running alice{config};
  alice.driver.run();
  EXPECT_EQ(alice.last_reason(), Reason::login_timed_out);
}

TEST(AsioClient, ComesBackUntilItIsTold) {
  client::Config config = config_for(Transport::lines, nobodys_port());
  config.is_reconnecting = true;
  config.delays.first = 1ms;
  config.delays.max = 2ms;
  Running alice{config};
  alice.entered = [&](State state) {
    if (state == State::waiting && alice.client.counts().attempts == 5) {
      alice.client.abandon(alice.driver.now());
    }
  };
  alice.driver.run();
  EXPECT_EQ(alice.client.counts().attempts, 5U);
  EXPECT_EQ(alice.last_reason(), Reason::abandoned);
}

TEST(AsioClient, GivesAnAttemptUpInTheMiddle) {
  Running alice{config_for(Transport::lines, nobodys_port())};
  alice.entered = [&](State state) {
    if (state == State::connecting) alice.client.abandon(alice.driver.now());
  };
  alice.driver.run();
  EXPECT_TRUE(alice.client.is_over());
  EXPECT_EQ(alice.last_reason(), Reason::abandoned);
}

}  // namespace
}  // namespace lastword
