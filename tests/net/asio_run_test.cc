// The network's loop: a server in a thread of its own, and real clients and signals.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "core/config.h"
#include "core/report.h"
#include "core/server.h"
#include "net/asio_network.h"
#include "tests/net/loopback.h"
#include "tests/net/running_server.h"

namespace lastword {
namespace {

using namespace std::chrono_literals;

// Logs in and waits until that is done.
void log_in(const Caller& client, const std::string& name) {
  client.send(name + "\n/ping\n");
  ASSERT_EQ(client.read_line(), "* pong\n");
}

TEST(AsioRun, CarriesAConversationToItsLastWord) {
  RunningServer server;
  server.start();
  const Caller ada{server.local};
  const Caller bob{server.local};
  log_in(ada, "Ada");
  log_in(bob, "Bob");
  ada.send("Bob: hello\nBob: and goodbye\n/ping\n");
  EXPECT_EQ(ada.read_line(), "* pong\n");
  RunningServer::signal(SIGTERM);
  EXPECT_EQ(ada.read_to_end(), "* goodbye: 2 of your lines were accepted\n<end>");
  EXPECT_EQ(bob.read_to_end(),
            "from Ada: hello\nfrom Ada: and goodbye\n"
            "* goodbye: 0 of your lines were accepted\n<end>");
  ada.end();
  bob.end();
  const Report report = server.report();
  EXPECT_EQ(report.reason, StopReason::terminate);
  EXPECT_TRUE(report.is_clean());
  EXPECT_EQ(report.books.accepted, 2U);
  EXPECT_EQ(report.books.delivered, 2U);
  EXPECT_EQ(report.books.connections_clean, 2U);
  EXPECT_EQ(report.books.connections_failed, 0U);
}

TEST(AsioRun, EndsAtOnceIfNobodyIsThere) {
  RunningServer server;
  server.start();
  RunningServer::signal(SIGINT);
  const Report report = server.report();
  EXPECT_EQ(report.reason, StopReason::interrupt);
  EXPECT_EQ(report.books.connections_total, 0U);
}

TEST(AsioRun, CallsBackAfterEachTurnAndForTheLastTimeWhenItIsFinished) {
  RunningServer server;
  std::size_t connections_max = 0;
  bool was_finished = false;
  server.start([&](const Server& running) {
    connections_max = std::max(connections_max, running.connection_count());
    EXPECT_FALSE(was_finished);
    was_finished = running.finished().has_value();
    EXPECT_FALSE(running.has_changed()) << "a turn brings all wishes about";
  });
  Caller ada{server.local};
  log_in(ada, "Ada");
  ada.close();
  RunningServer::signal(SIGTERM);
  static_cast<void>(server.report());
  EXPECT_EQ(connections_max, 1U);
  EXPECT_TRUE(was_finished);
}

TEST(AsioRun, EndsTheDrainAtTheSecondSignal) {
  Config config;
  config.drain_timeout = 1h;
  config.linger = 1h;
  RunningServer server{config};
  server.start();
  const Caller ada{server.local};
  log_in(ada, "Ada");
  RunningServer::signal(SIGTERM);
  EXPECT_EQ(ada.read_to_end(), "* goodbye: 0 of your lines were accepted\n<end>");
  RunningServer::signal(SIGINT);
  const Report report = server.report();
  EXPECT_EQ(report.reason, StopReason::terminate) << "the first one is the reason";
  EXPECT_TRUE(report.is_clean());
  EXPECT_EQ(report.books.connections_failed, 1U);
}

TEST(AsioRun, LetsGoOfAPeerThatHasEverythingAndStaysSilent) {
  Config config;
  config.drain_timeout = 1h;
  config.linger = 1ms;
  RunningServer server{config};
  server.start();
  const Caller ada{server.local};
  log_in(ada, "Ada");
  RunningServer::signal(SIGTERM);
  const Report report = server.report();
  EXPECT_EQ(report.books.connections_failed, 1U);
  EXPECT_EQ(ada.read_to_end(), "* goodbye: 0 of your lines were accepted\n<end>");
}

TEST(AsioRun, ThrowsAwayWhatIsSentAfterTheGoodbye) {
  Config config;
  config.drain_timeout = 1h;
  config.linger = 1h;
  RunningServer server{config};
  server.start();
  const Caller ada{server.local};
  log_in(ada, "Ada");
  RunningServer::signal(SIGTERM);
  EXPECT_EQ(ada.read_line(), "* goodbye: 0 of your lines were accepted\n");
  ada.send(std::string(4'000'000, 'x') + "\nAda: not any more\n");
  ada.end();
  EXPECT_EQ(ada.read_to_end(), "<end>");
  const Report report = server.report();
  EXPECT_EQ(report.books.accepted, 0U);
  EXPECT_EQ(report.books.connections_clean, 1U);
}

TEST(AsioRun, WakesTheServerForItsDeadlines) {
  Config config;
  config.login_timeout = 1ms;
  RunningServer server{config};
  server.start();
  const Caller client{server.local};
  EXPECT_EQ(client.read_to_end(), "! name did not come within 1ms\n<end>");
  client.end();
  RunningServer::signal(SIGTERM);
  EXPECT_EQ(server.report().books.connections_clean, 1U);
}

TEST(AsioRun, UsesItsPlacesAgainAndAgain) {
  constexpr std::size_t rounds = 20;
  constexpr std::size_t at_once = 10;
  RunningServer server;
  server.start();
  for (std::size_t round = 0; round < rounds; ++round) {
    std::list<Caller> clients;
    for (std::size_t number = 0; number < at_once; ++number) {
      const std::string name = std::to_string(round) + "." + std::to_string(number);
      log_in(clients.emplace_back(server.local), name);
      clients.back().send(name + ": hello\n");
      EXPECT_EQ(clients.back().read_line(), "from " + name + ": hello\n");
    }
    // Some of them go in a hurry.
    if (round % 2 == 0) clients.front().reset();
  }
  RunningServer::signal(SIGTERM);
  const Report report = server.report();
  EXPECT_EQ(report.books.connections_total, rounds * at_once);
  EXPECT_EQ(report.books.connections_failed, rounds / 2);
  EXPECT_EQ(report.books.delivered, rounds * at_once);
}

TEST(AsioRun, DeliversMoreThanTheKernelAndTheOutboxHold) {
  Config config;
  config.outbox_max = 128 << 10;
  RunningServer server{config};
  server.start();
  const Caller ada{server.local};
  const Caller bob{server.local, 8192};
  log_in(ada, "Ada");
  log_in(bob, "Bob");

  constexpr std::size_t count = 2000;
  const std::string text(4000, 'x');
  std::string sent;
  std::string expected;
  for (std::size_t number = 0; number < count; ++number) {
    sent += "Bob: " + std::to_string(number) + text + "\n";
    expected += "from Ada: " + std::to_string(number) + text + "\n";
  }
  std::thread sender{[&] { ada.send(sent); }};
  EXPECT_TRUE(bob.read(expected.size()) == expected);
  sender.join();
  ada.end();
  bob.end();
  RunningServer::signal(SIGTERM);
  EXPECT_EQ(server.report().books.delivered, count);
}

// All of it is there before the server looks for the first time, so that it is told of once.
TEST(AsioRun, ReadsOnBehindUrgentBytes) {
  RunningServer server;
  const Caller ada{server.local};
  ada.send("Ada\n/ping 1\n");
  ada.send_urgent('!');
  ada.send("/ping 2\n");
  server.start();
  EXPECT_EQ(ada.read_line(), "* pong 1\n");
  EXPECT_EQ(ada.read_line(), "* pong 2\n");
  ada.end();
  EXPECT_EQ(ada.read_to_end(), "<end>");
  RunningServer::signal(SIGTERM);
  EXPECT_EQ(server.report().books.connections_clean, 1U);
}

TEST(AsioRun, SeesAnEndThatCameWithTheLastBytes) {
  RunningServer server;
  const Caller ada{server.local};
  ada.send("Ada\n/ping\n");
  ada.end();
  server.start();
  EXPECT_EQ(ada.read_to_end(), "* pong\n<end>");
  RunningServer::signal(SIGTERM);
  EXPECT_EQ(server.report().books.connections_clean, 1U);
}

TEST(AsioRun, ReadsWhatIsMoreThanOneTurnTakes) {
  RunningServer server;
  const Caller ada{server.local};
  const std::string text(AsioNetwork::read_buffer_size / 2, 'x');
  ada.send("Ada\n");
  for (int number = 0; number < 5; ++number) ada.send("Ada: " + text + "\n");
  server.start();
  for (int number = 0; number < 5; ++number) EXPECT_EQ(ada.read_line(), "from Ada: " + text + "\n");
  ada.end();
  EXPECT_EQ(ada.read_to_end(), "<end>");
  RunningServer::signal(SIGTERM);
  EXPECT_EQ(server.report().books.delivered, 5U);
}

TEST(AsioRun, GivesAnOrderlyEndToThoseWhoConnectedBeforeTheSignal) {
  RunningServer server;
  std::list<Caller> clients;
  for (int number = 0; number < 200; ++number) clients.emplace_back(server.local);
  RunningServer::signal(SIGTERM);
  server.start();
  for (const Caller& client : clients) {
    ASSERT_EQ(client.error(), 0);
    EXPECT_EQ(client.read_to_end(), "<end>");
    client.end();
  }
  const Report report = server.report();
  EXPECT_EQ(report.books.connections_total, 200U);
  EXPECT_EQ(report.books.connections_clean, 200U);
  const Caller late{server.local};
  EXPECT_EQ(late.error(), ECONNREFUSED);
}

TEST(AsioRun, LetsPeopleInAgainOnceThereAreDescriptors) {
  Config config;
  config.accept_retry = 1ms;
  RunningServer server{config};
  // A byte when the server has started, and one each time its listener comes to rest.
  std::array<int, 2> news{};
  ASSERT_EQ(::pipe(news.data()), 0);
  const auto next_news = [&] {
    char byte = 0;
    await(news[0], POLLIN);
    EXPECT_EQ(::read(news[0], &byte, 1), 1);
  };
  std::optional<Listen> listening;
  server.start([&](const Server& running) {
    const bool is_news =
        !listening || (listening == Listen::open && running.listen() == Listen::paused);
    listening = running.listen();
    if (!is_news) return;
    EXPECT_EQ(::write(news[1], "!", 1), 1);
  });
  next_news();

  // The last descriptor is the client's. (Between here and the end of the want, nothing may happen
  // for which a sanitizer would need one.)
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const int last = ::dup(0);
  ASSERT_EQ(::close(last), 0);
  const rlimit want{.rlim_cur = static_cast<rlim_t>(last) + 1, .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &want), 0);
  const Caller ada{server.local};
  next_news();
  next_news();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);

  log_in(ada, "Ada");
  ada.end();
  RunningServer::signal(SIGTERM);
  EXPECT_EQ(server.report().books.connections_clean, 1U);
  ::close(news[0]);
  ::close(news[1]);
}

}  // namespace
}  // namespace lastword
