// What comes before the first frame: contract, section 2.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"
#include "tests/end_to_end/websocket_client.h"

namespace lastword::end_to_end {
namespace {

using ::testing::IsEmpty;
using ::testing::StartsWith;

using Fields = std::vector<std::pair<std::string, std::string>>;

// The answer to these bytes, on a connection of their own.
Response answer_to(const ServerProcess& server, std::string_view bytes) {
  WebSocketClient client(server.ws());
  client.send(bytes);
  return client.read_response();
}

Response answer_to(const ServerProcess& server, const Request& request) {
  return answer_to(server, request_bytes(request));
}

std::string port_of(const ServerProcess& server) { return std::to_string(server.ws().port); }

TEST(WebSocketHandshake, OpensAtTheRootAndAtWs) {
  ServerProcess server({}, with_web_socket);
  for (const std::string_view path : {"/", "/ws"}) {
    Request request = handshake(server.ws());
    request.line = "GET " + std::string(path) + " HTTP/1.1";
    WebSocketClient alice(server.ws());
    alice.send(request_bytes(request));
    alice.expect_upgrade();
    alice.login("alice");
    leave(alice);
  }
  finish(server);
}

TEST(WebSocketHandshake, TakesTheFieldsHoweverTheyAreWritten) {
  const std::vector<Fields> table{
      {{"Upgrade", "WebSocket"}},
      {{"Connection", "keep-alive, Upgrade"}},
      {{"Connection", "upgrade"}},
      {{"Host", ""}, {"host", "127.0.0.1"}},
      {{"Sec-WebSocket-Protocol", "chat, superchat"}},
      {{"Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"}},
      {{"Cookie", "a=b"}, {"X-Empty", " "}},
  };
  ServerProcess server({}, with_web_socket);
  for (const Fields& fields : table) {
    const std::string bytes = request_bytes(handshake(server.ws(), fields));
    WebSocketClient client(server.ws());
    client.send(bytes);
    SCOPED_TRACE(bytes);
    client.expect_upgrade();  // no extension, as --ws-compress is not given
    client.reset();
  }
  server.send_signal(SIGTERM);
  expect_exit(server, 0);
}

TEST(WebSocketHandshake, MayBeFollowedByFramesInTheSameSegment) {
  ServerProcess server({}, with_web_socket);
  WebSocketClient alice(server.ws());
  alice.send(request_bytes(handshake(server.ws())) + text_bytes("alice") +
             text_bytes("alice: early") + text_bytes("/quit"));
  alice.expect_upgrade();
  EXPECT_EQ(alice.read_news(), "from alice: early");
  EXPECT_THAT(expect_close(alice, 1000), IsEmpty());
  EXPECT_EQ(finish(server).accepted, 1);
}

TEST(WebSocketHandshake, MayComeByteByByteAsMayTheFrames) {
  ServerProcess server({}, with_web_socket);
  LineClient clock = peer(server, "clock");
  WebSocketClient alice(server.ws());
  const std::string bytes = request_bytes(handshake(server.ws())) + text_bytes("alice") +
                            text_bytes("alice: " + std::string(200, 'x')) +
                            frame_bytes({Opcode::ping, "p"});
  for (const char byte : bytes) {
    alice.send({&byte, 1});
    EXPECT_THAT(clock.catch_up(), IsEmpty());  // a turn of the server
  }
  alice.expect_upgrade();
  EXPECT_EQ(alice.read_news(), "from alice: " + std::string(200, 'x'));
  EXPECT_EQ(alice.read_frame(), (Frame{Opcode::pong, "p"}));
  leave(alice);
  finish(server, {&clock});
}

TEST(WebSocketHandshake, GivesAPlainRequestForTheRootAPage) {
  ServerProcess server({}, with_web_socket);
  const Fields host{{"Host", "127.0.0.1:" + port_of(server)}};
  const Response response = answer_to(server, {.line = "GET / HTTP/1.1", .fields = host});
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.field("content-type"), StartsWith("text/plain"));
  EXPECT_NE(response.body, "");
  finish(server);
}

TEST(WebSocketHandshake, AsksForAnUpgradeAtWs) {
  ServerProcess server({}, with_web_socket);
  const Fields host{{"Host", "127.0.0.1:" + port_of(server)}};
  EXPECT_EQ(answer_to(server, {.line = "GET /ws HTTP/1.1", .fields = host}).status, 426);
  finish(server);
}

TEST(WebSocketHandshake, KnowsNoOtherPath) {
  ServerProcess server({}, with_web_socket);
  for (const std::string_view path : {"/other", "/ws/", "/ws/x", "/index.html", "//"}) {
    Request request = handshake(server.ws());
    request.line = "GET " + std::string(path) + " HTTP/1.1";
    EXPECT_EQ(answer_to(server, request).status, 404) << path;
    request.fields = {{"Host", "127.0.0.1:" + port_of(server)}};
    EXPECT_EQ(answer_to(server, request).status, 404) << path;
  }
  finish(server);
}

TEST(WebSocketHandshake, TakesNoMethodButGet) {
  ServerProcess server({}, with_web_socket);
  for (const std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    Request request = handshake(server.ws());
    request.line = std::string(method) + " / HTTP/1.1";
    EXPECT_EQ(answer_to(server, request).status, 400) << method << ", a bad upgrade";
    request.fields = {{"Host", "127.0.0.1:" + port_of(server)}};
    EXPECT_EQ(answer_to(server, request).status, 405) << method;
  }
  finish(server);
}

TEST(WebSocketHandshake, RefusesABadUpgrade) {
  const std::vector<Fields> table{
      {{"Sec-WebSocket-Key", ""}},  // left out
      {{"Sec-WebSocket-Key", "short"}},
      {{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ"}},        // without its padding
      {{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZSBhbmQ="}},  // of 20 bytes
      {{"Sec-WebSocket-Key", "*Ghl*HNhbXBsZSBub25jZQ=="}},
      {{"Host", ""}},
  };
  ServerProcess server({}, with_web_socket);
  for (const Fields& fields : table) {
    const std::string bytes = request_bytes(handshake(server.ws(), fields));
    EXPECT_EQ(answer_to(server, bytes).status, 400) << bytes;
  }
  Request old = handshake(server.ws());
  old.line = "GET / HTTP/1.0";
  EXPECT_EQ(answer_to(server, old).status, 400);
  finish(server);
}

TEST(WebSocketHandshake, RefusesWhatIsNoHttp) {
  ServerProcess server({}, with_web_socket);
  for (const std::string_view bytes :
       {"alice\r\n\r\n", "GET /\r\nHost: x\r\n\r\n", "GET / HTTP/1.1 x\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nBlank before : x\r\n\r\n"}) {
    EXPECT_EQ(answer_to(server, bytes).status, 400) << bytes;
  }
  finish(server);
}

TEST(WebSocketHandshake, NamesTheVersionItSpeaks) {
  ServerProcess server({}, with_web_socket);
  for (const std::string version : {"8", "12", "14", "130", "x", ""}) {
    const Response response =
        answer_to(server, handshake(server.ws(), {{"Sec-WebSocket-Version", version}}));
    // A version that is missing is a bad upgrade or an unsupported one, as one likes.
    if (version.empty() && response.status == 400) continue;
    EXPECT_EQ(response.status, 426) << version;
    EXPECT_EQ(response.field("sec-websocket-version"), "13") << version;
  }
  finish(server);
}

// A whole request of so many bytes.
std::string request_of(const ServerProcess& server, std::size_t bytes) {
  const std::string small = request_bytes(handshake(server.ws(), {{"X-Long", "x"}}));
  return request_bytes(
      handshake(server.ws(), {{"X-Long", std::string(bytes - small.size() + 1, 'x')}}));
}

TEST(WebSocketHandshake, TakesAHeadOfEightKibibytes) {
  ServerProcess server({}, with_web_socket);
  WebSocketClient alice(server.ws());
  alice.send(request_of(server, 8192));
  alice.expect_upgrade();
  alice.login("alice");
  leave(alice);
  finish(server);
}

TEST(WebSocketHandshake, RefusesAHeadOf64KibibytesWhetherItEndsOrNot) {
  ServerProcess server({}, with_web_socket);
  EXPECT_EQ(answer_to(server, request_of(server, 65536)).status, 431);
  EXPECT_EQ(answer_to(server, request_of(server, 500'000)).status, 431);
  std::string endless = request_of(server, 65536 + 4);
  endless.resize(65536);
  EXPECT_EQ(answer_to(server, endless).status, 431);
  finish(server);
}

TEST(WebSocketHandshake, RefusesAPageOfAnotherOrigin) {
  ServerProcess server({}, with_web_socket);
  const std::string port = port_of(server);
  const std::vector<Fields> refused{
      {{"Origin", "http://evil.example"}},
      {{"Origin", "http://127.0.0.1"}},  // port 80
      {{"Origin", "http://127.0.0.1:1"}},
      {{"Origin", "http://localhost:" + port}},  // not what Host says
      {{"Origin", "http://127.0.0.1:" + port + ".evil.example"}},
      {{"Origin", "null"}},
      // A name that the page's own site makes point here.
      {{"Host", "evil.example:" + port}, {"Origin", "http://evil.example:" + port}},
  };
  for (const Fields& fields : refused) {
    const std::string bytes = request_bytes(handshake(server.ws(), fields));
    EXPECT_EQ(answer_to(server, bytes).status, 403) << bytes;
  }
  const std::vector<Fields> taken{
      {{"Origin", "http://127.0.0.1:" + port}},
      {{"Host", "localhost:" + port}, {"Origin", "http://localhost:" + port}},
      {{"Host", "[::1]:" + port}, {"Origin", "http://[::1]:" + port}},
      {{"Host", "evil.example:" + port}},  // no browser
  };
  for (const Fields& fields : taken) {
    const std::string bytes = request_bytes(handshake(server.ws(), fields));
    EXPECT_EQ(answer_to(server, bytes).status, 101) << bytes;
  }
  server.send_signal(SIGTERM);
  expect_exit(server, 0);
}

TEST(WebSocketHandshake, TakesTheHostsAndOriginsThatAreNamed) {
  ServerProcess server({"--host-name", "chat.example", "--allow-origin", "https://app.example"},
                       with_web_socket);
  const std::string port = port_of(server);
  struct Row {
    std::string host;
    std::string origin;
    int status;
  };
  const std::vector<Row> table{
      {"chat.example:" + port, "http://chat.example:" + port, 101},
      {"127.0.0.1:" + port, "http://127.0.0.1:" + port, 101},
      {"127.0.0.1:" + port, "https://app.example", 101},
      {"127.0.0.1:" + port, "http://app.example", 403},
      {"127.0.0.1:" + port, "https://app.example:8443", 403},
      {"127.0.0.1:" + port, "https://app.example.evil.example", 403},
      {"chat.example:" + port, "http://other.example:" + port, 403},
  };
  for (const Row& row : table) {
    const Request request = handshake(server.ws(), {{"Host", row.host}, {"Origin", row.origin}});
    EXPECT_EQ(answer_to(server, request).status, row.status) << row.host << " " << row.origin;
  }
  server.send_signal(SIGTERM);
  expect_exit(server, 0);
}

TEST(WebSocketHandshake, IsRefusedWhenTheServerIsFull) {
  ServerProcess server({"--max-connections", "2"}, with_web_socket);
  LineClient alice = peer(server, "alice");
  WebSocketClient bob = websocket_peer(server, "bob");
  EXPECT_EQ(answer_to(server, handshake(server.ws())).status, 503);
  LineClient carol(server.tcp());
  EXPECT_EQ(carol.read_line(), "! server is full");
  carol.close();
  // There is room again.
  leave(bob);
  EXPECT_THAT(alice.catch_up(), IsEmpty());
  WebSocketClient dave = websocket_peer(server, "dave");
  leave(dave);
  finish(server, {&alice});
}

TEST(WebSocketHandshake, CountsTowardsTheLoginTimeout) {
  ServerProcess server({"--login-timeout", "300ms"}, with_web_socket);
  const std::string request = request_bytes(handshake(server.ws()));
  WebSocketClient silent(server.ws());
  WebSocketClient half_said(server.ws());
  half_said.send(request.substr(0, request.size() / 2));
  // Nothing is promised but the end; a 408 before it would be polite.
  for (WebSocketClient* const client : {&silent, &half_said}) {
    client->skip_until_end();
    EXPECT_EQ(client->ending(), Ending::finished);
    client->close();
  }
  finish(server);
}

}  // namespace
}  // namespace lastword::end_to_end
