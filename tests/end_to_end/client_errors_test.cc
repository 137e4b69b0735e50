// What can be wrong with a server, an address or a name: `lastword connect` says in one line what
// happened and what to do, and where waiting helps, it waits.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "tests/end_to_end/client_process.h"
#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/listener.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"

namespace lastword::end_to_end {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr ExitStatus success{.code = 0};
constexpr ExitStatus failure{.code = 1};
constexpr ExitStatus unusable{.code = 2};

// Where a client may have to come back, it is quick about that.
const ConnectOptions impatient{.arguments = {"--retry", "1ms", "--retry-max", "20ms"}};

// Starts a client that may try once, with nothing to say. Returns its one line.
std::string the_error(const std::string& url, const std::string& name = "alice",
                      const ExitStatus& status = failure) {
  ClientProcess client(url, name, {.arguments = {"--no-reconnect", "--quiet"}});
  EXPECT_EQ(client.finish(), status);
  EXPECT_THAT(client.inbox(), IsEmpty());
  const std::vector<std::string> lines = client.statuses();
  EXPECT_EQ(lines.size(), 1U) << client.standard_error();
  return lines.empty() ? "" : lines.front();
}

// An address without anybody, who may come later.
ServerOptions place_for_a_server() {
  ServerProcess server({}, with_web_socket);
  finish(server);
  return {.tcp = server.ready_line().tcp, .ws = server.ready_line().ws};
}

std::string url_at(Transport transport, const ServerOptions& place) {
  return url_of(transport, parse_endpoint(transport == Transport::lines ? place.tcp : place.ws));
}

// --- What is wrong on the command line -----------------------------------------------------------

TEST(ConnectArguments, AreRefusedWithTheReason) {
  for (const char* url :
       {"", "127.0.0.1:8080", "http://127.0.0.1:8080/", "wss://127.0.0.1:8080/", "tcp://127.0.0.1",
        "tcp://127.0.0.1:0", "tcp://127.0.0.1:99999", "tcp://:8080", "tcp://127.0.0.1:8080/path",
        "ws://127.0.0.1:8080/#part", "tcp://[::1:8080"}) {
    EXPECT_THAT(the_error(url, "alice", unusable),
                MatchesRegex("lastword: URL: .*see lastword connect --help.*"))
        << url;
  }
  for (const char* name : {"", "a:b", "/quit", "!", "*", "two\nlines", "\x1b[31m", "\xff"}) {
    EXPECT_THAT(the_error("tcp://127.0.0.1:8080", name, unusable),
                MatchesRegex("lastword: --name: .*see lastword connect --help.*"))
        << name;
  }
  EXPECT_THAT(the_error("tcp://127.0.0.1:8080", std::string(65, 'x'), unusable),
              StartsWith("lastword: --name: "));
}

// --- What is wrong with the other side -----------------------------------------------------------

class ConnectErrorTest : public ::testing::TestWithParam<Transport> {};

INSTANTIATE_TEST_SUITE_P(Over, ConnectErrorTest,
                         ::testing::Values(Transport::lines, Transport::websocket),
                         ::testing::PrintToStringParamName());

TEST_P(ConnectErrorTest, ThatThereIsNoSuchHost) {
  const std::string url = url_of(GetParam(), {.host = "nobody.invalid", .port = 8080});
  EXPECT_EQ(the_error(url),
            "lastword: no host: " + url + ": there is no such host; look at the host's spelling");
}

TEST_P(ConnectErrorTest, ThatNobodyListens) {
  const std::string url = url_at(GetParam(), place_for_a_server());
  EXPECT_EQ(the_error(url), "lastword: unavailable: " + url +
                                ": nobody listens there; is the server running, and is that its "
                                "port?");
}

TEST_P(ConnectErrorTest, ThatTheNameIsTaken) {
  ServerProcess server({}, with_web_socket);
  LineClient alice = peer(server, "alice");
  const std::string url = url_of(GetParam(), server);
  EXPECT_THAT(the_error(url),
              MatchesRegex("lastword: no permission: " + url +
                           ": the server refuses the name [(]! name is taken.*[)]; choose another "
                           "with --name"));
  // That won't change by itself.
  ClientProcess other(url, "alice", impatient);
  EXPECT_EQ(other.wait_for_exit(), failure);
  EXPECT_THAT(other.statuses().back(), HasSubstr("the server refuses the name"));
  finish(server, {&alice});
}

TEST_P(ConnectErrorTest, ThatTheServerIsFull) {
  ServerProcess server({"--max-connections", "1"}, with_web_socket);
  LineClient occupant = peer(server, "occupant");
  const std::string url = url_of(GetParam(), server);
  EXPECT_EQ(the_error(url),
            "lastword: temporary failure: " + url +
                (GetParam() == Transport::lines
                     ? ": the server is full (! server is full)"
                     : ": the server refuses the WebSocket with 503 (Service Unavailable)"));
  finish(server, {&occupant});
}

TEST_P(ConnectErrorTest, ThatTheServerEndsTheLinkAtOnce) {
  const Listener listener;
  const std::string url = url_of(GetParam(), listener.endpoint());
  ClientProcess client(url, "alice", {.arguments = {"--no-reconnect", "--quiet"}});
  {
    const Descriptor link = listener.accept();
    static_cast<void>(get(link, 6));  // so that no unread byte makes it a reset
    ::shutdown(link.number(), SHUT_WR);
    get_all(link);
  }
  EXPECT_EQ(client.wait_for_exit(), failure);
  EXPECT_THAT(client.statuses(), ElementsAre("lastword: temporary failure: " + url +
                                             ": the server ended the link without a goodbye"));
}

TEST_P(ConnectErrorTest, ThatTheServerResetsTheLink) {
  const Listener listener;
  const std::string url = url_of(GetParam(), listener.endpoint());
  ClientProcess client(url, "alice", {.arguments = {"--no-reconnect", "--quiet"}});
  Descriptor link = listener.accept();
  EXPECT_EQ(get(link, 1).size(), 1U) << "it knows that it is connected";
  reset(link);
  EXPECT_EQ(client.wait_for_exit(), failure);
  EXPECT_THAT(client.statuses(),
              ElementsAre("lastword: temporary failure: " + url + ": the link was reset"));
}

TEST_P(ConnectErrorTest, ThatTheServerTalksOtherwise) {
  const std::string expected = GetParam() == Transport::lines
                                   ? "lastword: protocol: URL: that is no lastword server (220 "
                                     "mail.example.org \\x1b[31mESMTP); is that the port for lines?"
                                   : "lastword: protocol: URL: that is no WebSocket server";
  const Listener listener;
  const std::string url = url_of(GetParam(), listener.endpoint());
  ClientProcess client(url, "alice", {.arguments = {"--no-reconnect", "--quiet"}});
  const Descriptor link = listener.accept();
  put(link, "220 mail.example.org \x1b[31mESMTP\r\n");
  EXPECT_EQ(client.wait_for_exit(), failure);
  ASSERT_EQ(client.statuses().size(), 1U) << client.standard_error();
  std::string said = client.statuses().front();
  said.replace(said.find(url), url.size(), "URL");
  EXPECT_THAT(said, StartsWith(expected));
}

// Bytes without any meaning, and without an end: the client does not wait for one.
TEST_P(ConnectErrorTest, ThatTheServerSendsGarbage) {
  const Listener listener;
  const std::string url = url_of(GetParam(), listener.endpoint());
  ClientProcess client(url, "alice", {.arguments = {"--no-reconnect", "--quiet"}});
  const Descriptor link = listener.accept();
  put(link, std::string("\x16\x03\x01\x00\xff\n\x80\x00garbage", 15) + std::string(20'000, '\x01'));
  EXPECT_EQ(client.wait_for_exit(), failure);
  ASSERT_EQ(client.statuses().size(), 1U) << client.standard_error();
  EXPECT_THAT(client.statuses().front(),
              StartsWith("lastword: protocol: " + url + ": that is no "));
  EXPECT_THAT(client.statuses().front(), Not(HasSubstr("\x16")));
}

TEST(ConnectError, ThatTheWebSocketIsElsewhereOnThatServer) {
  ServerProcess server({}, with_web_socket);
  const std::string url = url_of(Transport::websocket, server) + "nowhere";
  EXPECT_EQ(the_error(url), "lastword: protocol: " + url +
                                ": the server refuses the WebSocket with 404 (Not Found); look at "
                                "the address's path and at whom the server lets in");
  finish(server);
}

TEST(ConnectError, ThatThePortIsTheOtherOne) {
  ServerProcess server({}, with_web_socket);
  EXPECT_THAT(the_error(url_of(Transport::websocket, server.tcp())),
              MatchesRegex("lastword: protocol: ws://.*: that is no WebSocket server .*; is that "
                           "the port for WebSocket. The one for lines is written tcp://HOST:PORT"));
  EXPECT_THAT(the_error(url_of(Transport::lines, server.ws())),
              MatchesRegex("lastword: protocol: tcp://.*: that is no lastword server .*; is that "
                           "the port for lines. The one for WebSocket is written ws://HOST:PORT/"));
  finish(server);
}

// What was to be said is named, and counted, too.
TEST(ConnectError, NamesEachLineThatWasNotSent) {
  const std::string url = url_at(Transport::lines, place_for_a_server());
  ClientProcess client(url, "alice", {.arguments = {"--no-reconnect", "--quiet"}});
  client.say("bob: one");
  client.say("bob: two");
  EXPECT_EQ(client.finish(), failure);
  EXPECT_THAT(client.statuses(),
              ElementsAre("line 1 was not accepted: bob: one", "line 2 was not accepted: bob: two",
                          StartsWith("lastword: unavailable: "),
                          "lastword: 2 of 2 lines were not accepted: 2 not sent"));
}

// --- What heals ----------------------------------------------------------------------------------

class ConnectHealingTest : public ::testing::TestWithParam<Transport> {
 protected:
  // What a client says to itself arrives once there is a server for it.
  static void expect_to_be_well(ClientProcess& client) {
    EXPECT_EQ(client.finish(), success);
    EXPECT_THAT(client.inbox(),
                ElementsAre("from alice: hello", "* goodbye: 1 of your lines were accepted"));
  }
};

INSTANTIATE_TEST_SUITE_P(Over, ConnectHealingTest,
                         ::testing::Values(Transport::lines, Transport::websocket),
                         ::testing::PrintToStringParamName());

TEST_P(ConnectHealingTest, WhenTheServerStartsLater) {
  const ServerOptions place = place_for_a_server();
  ClientProcess alice(url_at(GetParam(), place), "alice", impatient);
  alice.say("alice: hello");
  for (int attempt = 0; attempt < 3; ++attempt) {
    EXPECT_THAT(alice.wait_for_status("waiting"),
                MatchesRegex("waiting 0[.]0[0-9] s: nobody listens there; is the server running, "
                             "and is that its port."));
  }
  ServerProcess server({}, place);
  alice.wait_for_status("online");
  expect_to_be_well(alice);
  finish(server);
}

TEST_P(ConnectHealingTest, WhenThereIsRoomAgain) {
  ServerProcess server({"--max-connections", "1"}, with_web_socket);
  LineClient occupant = peer(server, "occupant");
  ClientProcess alice(url_of(GetParam(), server), "alice", impatient);
  alice.say("alice: hello");
  alice.wait_for_status(GetParam() == Transport::lines ? "the server is full" : "503");
  occupant.close();
  alice.wait_for_status("online");
  expect_to_be_well(alice);
  finish(server);
}

TEST_P(ConnectHealingTest, WhenLastwordTakesThePlaceOfAnother) {
  Listener other;
  ClientProcess alice(url_of(GetParam(), other.endpoint()), "alice", impatient);
  alice.say("alice: hello");
  for (const char* greeting : {"", "HTTP/1.1 500 Out of Order\r\n\r\n"}) {
    {
      const Descriptor link = other.accept();
      put(link, greeting);
      static_cast<void>(get(link, 1));
    }
    alice.wait_for_status("waiting");
  }
  other.close();
  const std::string place = "127.0.0.1:" + std::to_string(other.endpoint().port);
  ServerProcess server({}, GetParam() == Transport::websocket ? ServerOptions{.ws = place}
                                                              : ServerOptions{.tcp = place});
  alice.wait_for_status("online");
  expect_to_be_well(alice);
  finish(server);
}

// More is told of lines than a pipe holds: the last words come all the same, and come last. (A
// reader who was too slow for the lines missed the reason and the count.)
TEST(ConnectErrors, TheLastWordsAreNotLeftOut) {
  const std::string url = url_at(Transport::lines, place_for_a_server());
  ClientProcess client(url, "alice", {.arguments = {"--no-reconnect"}});
  const std::string line = "bob: " + std::string(500, 'x');
  for (int number = 0; number < 1000; ++number) client.say(line);
  EXPECT_EQ(client.wait_for_exit(), failure);
  const std::vector<std::string> lines = client.statuses();
  ASSERT_GE(lines.size(), 2U);
  EXPECT_THAT(lines[lines.size() - 2], StartsWith("lastword: unavailable: " + url));
  EXPECT_THAT(lines.back(),
              MatchesRegex("lastword: .* lines (was|were) not accepted: .* not sent"));
}

}  // namespace
}  // namespace lastword::end_to_end
