#include "core/websocket/request_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "tests/core/websocket/request_head_result.h"

namespace lastword::websocket {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using State = RequestHead::State;

constexpr std::string_view request_line = "GET / HTTP/1.1\r\n";
constexpr std::string_view host_line = "Host: a\r\n";

// What RFC 6455, section 1.2 shows, with more of what browsers send.
const std::string browser_head =
    "GET /ws?x=1 HTTP/1.1\r\n"
    "Host: server.example.com:8081\r\n"
    "User-Agent: Mozilla/5.0 (X11; \xC3\xA9)\r\n"
    "Accept:\r\n"
    "Upgrade: websocket\r\n"
    "Connection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Origin: http://example.com\r\n"
    "Sec-WebSocket-Protocol: chat, superchat\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "\r\n";

std::string with_lines(std::string_view lines) {
  return std::string{request_line} + std::string{host_line} + std::string{lines} + "\r\n";
}

std::string with_target(std::string_view target, std::string_view method = "GET") {
  return std::string{method} + " " + std::string{target} + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

RequestHead read(std::string_view text) {
  RequestHead head;
  static_cast<void>(head.feed(as_bytes(text)));
  return head;
}

// A head with one field line that makes it this large in all.
std::string head_of_size(std::size_t size) {
  const std::string empty = with_lines("A: \r\n");
  return with_lines("A: " + std::string(size - empty.size(), 'x') + "\r\n");
}

std::string head_with_fields(std::size_t count) {
  std::string lines;
  for (std::size_t field = 1; field < count; ++field) lines += "A: b\r\n";
  return with_lines(lines);
}

TEST(RequestHead, KeepsAnUnfinishedHeadForTheNextRead) {
  RequestHead head;
  EXPECT_EQ(head.state(), State::incomplete);
  EXPECT_EQ(head.feed(as_bytes("GET /ws HT")), 10U);
  EXPECT_EQ(head.feed(as_bytes("")), 0U);
  EXPECT_EQ(head.feed(as_bytes("TP/1.1\r\nHost: a\r")), 16U);
  EXPECT_EQ(head.state(), State::incomplete);
  EXPECT_EQ(head.feed(as_bytes("\n\r\n")), 3U);
  ASSERT_EQ(head.state(), State::complete);
  EXPECT_EQ(head.request().path, "/ws");
  EXPECT_EQ(head.request().host, "a");
}

TEST(RequestHead, SaysWhatABrowserSent) {
  const RequestHead head = read(browser_head);
  ASSERT_EQ(head.state(), State::complete);
  const Request request = head.request();
  EXPECT_EQ(request.method, Method::get);
  EXPECT_EQ(head.method(), Method::get);
  EXPECT_EQ(request.minor_version, 1U);
  EXPECT_EQ(request.path, "/ws");
  EXPECT_EQ(request.host, "server.example.com:8081");
  EXPECT_EQ(request.origin, "http://example.com");
  EXPECT_EQ(request.key, "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(request.version, "13");
  EXPECT_THAT(request.protocols, ElementsAre("chat, superchat"));
  EXPECT_THAT(request.extensions, ElementsAre("permessage-deflate; client_max_window_bits"));
  EXPECT_TRUE(request.is_connection_upgrade);
  EXPECT_TRUE(request.is_upgrade_websocket);
  EXPECT_FALSE(request.has_body);
}

TEST(RequestHead, SaysWhatWasNotSent) {
  const Request expected{.method = Method::other, .minor_version = 0, .path = "/", .host = ""};
  const RequestHead head = read("BREW / HTTP/1.0\r\n\r\n");
  ASSERT_EQ(head.state(), State::complete);
  EXPECT_EQ(head.request(), expected);
}

TEST(RequestHead, LeavesTheBytesBehindTheHead) {
  for (const std::size_t more : {1U, 2U, 100U, 10'000U}) {
    RequestHead head;
    const std::string stream = browser_head + std::string(more, '\x82');
    EXPECT_EQ(head.feed(as_bytes(stream)), browser_head.size());
    EXPECT_EQ(head.state(), State::complete);
    EXPECT_EQ(head.feed(as_bytes("\r\n")), 0U);
    EXPECT_EQ(result_of(head), result_of(read(browser_head)));
  }
}

struct Refused {
  std::string text;
  Refusal refusal;
};

// In each text it is the last byte that refuses the head: nothing waits for the end of a line that
// is known to be bad.
std::vector<Refused> refused_heads() {
  std::vector<Refused> heads;
  const auto add = [&heads](Refusal refusal, std::string_view front,
                            const std::vector<std::string>& rests) {
    for (const std::string& rest : rests) {
      heads.push_back({.text = std::string{front} + rest, .refusal = refusal});
    }
  };
  const std::string nul(1, '\0');
  add(Refusal::bad_request_line, "",
      {"\x16",
       " ",
       "\n",
       "(",
       "\t",
       nul,
       "\x80",
       "\x7F",
       ":",
       "\r\r",
       "\rG",
       "\r\n\r",
       "\r\n\n",
       "\r\n ",
       "hello\r",
       "hello\n",
       "he:",
       "G\x80",
       "GET\t",
       "GET\r",
       "GET  ",
       "GET \r",
       "GET \n",
       "GET /\r",
       "GET /\n",
       "GET /\t",
       "GET /\x7F",
       "GET /\x80",
       "GET /" + nul,
       "GET /a b",
       "GET / h",
       "GET /  ",
       "GET / HTTP ",
       "GET / HTTP/a",
       "GET / HTTP/1/",
       "GET / HTTP/1.\r",
       "GET / HTTP/1.a",
       "GET / HTTP/11",
       "GET / HTTP/1.11",
       "GET / HTTP/1.1 ",
       "GET / HTTP/1.1\n",
       "GET / HTTP/1.1\t",
       "GET / HTTP/1.1\r\r",
       "GET / HTTP/1.1\rH",
       "GET / HTTP/2\r",
       "GET / Ht",
       "GET / HTTP/1.\xB2"});
  add(Refusal::unsupported_version, "GET / HTTP/",
      {"2.0\r\n", "0.9\r\n", "3.0\r\n", "9.9\r\n", "0.0\r\n"});
  add(Refusal::unsupported_version, "PRI * HTTP/2.0\r\n", {""});
  add(Refusal::bad_target, "GET ", {"#", "/#", "/ws#", "/ws?x#", "http://a/#"});
  for (const std::string target :
       {"ws", "*", "?x", "localhost:80", "ftp://a/", "ws://a/", "http:/a", "http:a", "://a/",
        "http://", "http:///ws", "http://?x", "http://user@a/", "http://a:65536/", "http://a:x/",
        "http://[::1/", "http://a\\b/", "xhttp://a/"}) {
    add(Refusal::bad_target, "GET ", {target + " HTTP/1.1\r\n"});
  }
  add(Refusal::bad_target, "OPTIONS ", {"** HTTP/1.1\r\n", "ws HTTP/1.1\r\n"});
  add(Refusal::bad_target, "CONNECT ",
      {"/ HTTP/1.1\r\n", "a HTTP/1.1\r\n", "a: HTTP/1.1\r\n", ":80 HTTP/1.1\r\n",
       "http://a/ HTTP/1.1\r\n", "* HTTP/1.1\r\n"});
  add(Refusal::bad_field_line, request_line,
      {" ",
       "\t",
       ":",
       "\n",
       nul,
       "\x80",
       "(",
       "A ",
       "A\t",
       "A\r",
       "A\n",
       "A\x80",
       "A(",
       "A: b\n",
       "A: b" + nul,
       "A: b\x7F",
       "A: b\x1F",
       "A: b\r\r",
       "A: b\rc",
       "A: b\r ",
       "A:\r:",
       "A: b\r\n ",
       "A: b\r\n\t",
       "A: b\r\n\n",
       "\r\r",
       "\rA",
       "Host: a\r\n\r\r",
       "Host: a\r\n\rx",
       "Host "});
  for (const std::string line :
       {"Host: a", "Origin: a", "Sec-WebSocket-Key: a", "Sec-WebSocket-Version: 13",
        "Content-Length: 0", "Sec-WebSocket-Version: "}) {
    add(Refusal::repeated_field, request_line,
        {line + "\r\n" + line + "\r\n", line + "\r\nX: y\r\n" + line + "\r\n"});
  }
  add(Refusal::repeated_field, request_line,
      {"HOST: a\r\nhost: b\r\n", "origin:\r\nORIGIN: b\r\n"});
  add(Refusal::repeated_field, "GET / HTTP/1.0\r\n", {"Host: a\r\nHost: a\r\n"});
  add(Refusal::repeated_field, "GET http://b/ HTTP/1.1\r\n", {"Host: a\r\nHost: a\r\n"});
  add(Refusal::bad_host, request_line,
      {"Host: a b\r\n", "Host: a/b\r\n", "Host: http://a\r\n", "Host: a:65536\r\n",
       "Host: a, b\r\n", "Host: [::1\r\n", "Host: u@a\r\n", "Host: a\xC3\xA9\r\n",
       "Host: ::1\r\n"});
  add(Refusal::missing_host, "GET / HTTP/1.1\r\n\r\n", {""});
  add(Refusal::missing_host, "GET / HTTP/1.2\r\n\r\n", {""});
  add(Refusal::missing_host, "GET http://a/ HTTP/1.1\r\n\r\n", {""});
  add(Refusal::missing_host, "\r\nGET / HTTP/1.1\r\nHos: a\r\nHostt: a\r\n\r\n", {""});
  for (const std::string value : {"", "a", "-1", "+1", "1a", "0x0", "0, 0", "1 1", "0.0"}) {
    add(Refusal::bad_content_length, request_line, {"Content-Length: " + value + "\r\n"});
  }
  const std::string many = head_with_fields(64);
  add(Refusal::too_many_fields, many.substr(0, many.size() - 2), {"A"});
  add(Refusal::too_large, head_of_size(8193).substr(0, 8192), {""});
  add(Refusal::too_large, std::string(8192, 'A'), {""});
  add(Refusal::too_large, "GET /" + std::string(8187, 'a'), {""});
  return heads;
}

TEST(RequestHead, IsRefusedAtTheFirstByteThatCannotBePartOfOne) {
  for (const Refused& example : refused_heads()) {
    const std::string_view text = example.text;
    RequestHead head;
    ASSERT_EQ(head.feed(as_bytes(text.substr(0, text.size() - 1))), text.size() - 1) << text;
    ASSERT_EQ(head.state(), State::incomplete) << text;
    ASSERT_EQ(head.feed(as_bytes(text.substr(text.size() - 1))), 1U) << text;
    ASSERT_EQ(head.state(), State::refused) << text;
    EXPECT_EQ(head.refusal(), example.refusal) << text;
    EXPECT_EQ(head.memory_bytes(), 0U) << text;
    EXPECT_EQ(head.feed(as_bytes("GET")), 0U) << text;
  }
}

// Complete heads with everything that is allowed.
std::vector<std::string> good_heads() {
  return {
      browser_head,
      "\r\n" + browser_head,
      with_lines(""),
      with_lines("A:\r\nB: \t \r\nC:c\r\nD: \t d\te \t\r\n!#$%&'*+-.^_`|~09: \x80\xFF:;\"(\r\n"),
      "GET / HTTP/1.0\r\n\r\n",
      "a / HTTP/1.9\r\nHOST:\r\n\r\n",
      with_target("HTTP://[::1]:81/ws?x=http://b/"),
      with_target("http://b"),
      with_target("/{}|\\^`\"<>"),
      with_lines("Content-Length: 000\r\nTransfer-Encoding: chunked\r\n"),
      head_with_fields(64),
  };
}

TEST(RequestHead, IsTheSameForEveryCutOneByteAtATimeToo) {
  std::vector<std::string> heads = good_heads();
  for (const std::string& head : heads) ASSERT_EQ(read(head).state(), State::complete) << head;
  for (const Refused& head : refused_heads()) {
    if (head.text.size() < 1000) heads.push_back(head.text + "more");
  }
  for (const std::string& text : heads) {
    const Result whole = read_in(text, {});
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      ASSERT_EQ(read_in(text, {cut}), whole) << text << " cut at " << cut;
    }
    ASSERT_EQ(read_in(text, std::vector<std::size_t>(text.size(), 1)), whole) << text;
  }
}

TEST(RequestHead, MayBeOfTheLargestSizeAndNotOneByteMore) {
  for (const std::size_t size : {RequestHead::size_max - 1, RequestHead::size_max}) {
    const std::string text = head_of_size(size);
    ASSERT_EQ(text.size(), size);
    for (const std::vector<std::size_t>& cuts :
         {std::vector<std::size_t>{}, {size - 1}, std::vector<std::size_t>(size, 1)}) {
      const Result result = read_in(text + "more", cuts);
      EXPECT_EQ(result.state, State::complete);
      EXPECT_EQ(result.taken, size);
    }
  }
  const std::string text = head_of_size(RequestHead::size_max + 1);
  for (const std::vector<std::size_t>& cuts :
       {std::vector<std::size_t>{}, {8192}, std::vector<std::size_t>(text.size(), 1)}) {
    const Result result = read_in(text + std::string(100'000, 'x'), cuts);
    EXPECT_EQ(result.refusal, Refusal::too_large);
    EXPECT_EQ(result.taken, 8192U);
  }
  EXPECT_EQ(read("\r\n" + head_of_size(8191)).refusal(), Refusal::too_large)
      << "the empty line counts";
  EXPECT_EQ(read("\r\n" + head_of_size(8190)).state(), State::complete);
}

TEST(RequestHead, MayHave64FieldsAndNotOneMore) {
  EXPECT_EQ(read(head_with_fields(63)).state(), State::complete);
  EXPECT_EQ(read(head_with_fields(64)).state(), State::complete);
  EXPECT_EQ(read(head_with_fields(65)).refusal(), Refusal::too_many_fields);
}

TEST(RequestHead, KnowsMethodsByTheirExactNames) {
  for (const auto& [name, method] :
       std::vector<std::pair<std::string, Method>>{{"GET", Method::get},
                                                   {"HEAD", Method::head},
                                                   {"OPTIONS", Method::options},
                                                   {"get", Method::other},
                                                   {"GETS", Method::other},
                                                   {"GE", Method::other},
                                                   {"POST", Method::other},
                                                   {"!", Method::other}}) {
    EXPECT_EQ(read(with_target("/", name)).request().method, method) << name;
    EXPECT_EQ(read(name + " ").method(), method) << "as soon as it is there";
    EXPECT_EQ(read(name + " #").method(), method) << "also of a refused head";
  }
  EXPECT_EQ(read(with_target("a:1", "CONNECT")).request().method, Method::connect);
  EXPECT_EQ(read("HEAD").method(), Method::other) << "it may go on";
}

TEST(RequestHead, TakesThePathAndTheHostFromTheTarget) {
  struct Example {
    std::string_view target;
    std::string_view path;
    std::string_view host = "a";
    std::string_view method = "GET";
  };
  for (const Example& example : {
           Example{.target = "/", .path = "/"},
           Example{.target = "/ws", .path = "/ws"},
           Example{.target = "/ws?", .path = "/ws"},
           Example{.target = "/ws?x=1?/", .path = "/ws"},
           Example{.target = "/?ws", .path = "/"},
           Example{.target = "/ws/", .path = "/ws/"},
           Example{.target = "//b/ws", .path = "//b/ws"},
           Example{.target = "/%77s", .path = "/%77s"},
           Example{.target = "http://b/ws", .path = "/ws", .host = "b"},
           Example{.target = "HTTPS://b:1/ws?x", .path = "/ws", .host = "b:1"},
           Example{.target = "http://[::1]:1", .path = "/", .host = "[::1]:1"},
           Example{.target = "http://b?/ws", .path = "/", .host = "b"},
           Example{.target = "http://b/", .path = "/", .host = "b"},
           Example{.target = "http://b//", .path = "//", .host = "b"},
           Example{.target = "*", .path = "*", .method = "OPTIONS"},
           Example{.target = "b:80", .path = "b:80", .method = "CONNECT"},
       }) {
    const RequestHead head = read(with_target(example.target, example.method));
    ASSERT_EQ(head.state(), State::complete) << example.target;
    EXPECT_EQ(head.request().path, example.path) << example.target;
    EXPECT_EQ(head.request().host, example.host) << example.target;
  }
}

TEST(RequestHead, KnowsItsVersion) {
  for (const unsigned minor : {0U, 1U, 2U, 9U}) {
    const RequestHead head = read("GET / HTTP/1." + std::to_string(minor) + "\r\nHost: a\r\n\r\n");
    ASSERT_EQ(head.state(), State::complete);
    EXPECT_EQ(head.request().minor_version, minor);
  }
}

TEST(RequestHead, TrimsTheBlanksAroundAValueAndKnowsNamesInAnyCase) {
  const RequestHead head = read(
      "GET / HTTP/1.1\r\nhOST: \t a \t\r\nORIGIN:b\r\nsec-websocket-KEY:\tc d\r\n"
      "SEC-WEBSOCKET-VERSION: \r\nCONNECTION:upgrade\r\nupgrade:\tWebSocket\t\r\n\r\n");
  ASSERT_EQ(head.state(), State::complete);
  const Request request = head.request();
  EXPECT_EQ(request.host, "a");
  EXPECT_EQ(request.origin, "b");
  EXPECT_EQ(request.key, "c d");
  EXPECT_EQ(request.version, "");
  EXPECT_TRUE(request.is_connection_upgrade);
  EXPECT_TRUE(request.is_upgrade_websocket);
}

TEST(RequestHead, ReadsListsFromAnyOfTheirLines) {
  struct Example {
    std::string_view lines;
    bool is_connection_upgrade = false;
    bool is_upgrade_websocket = false;
  };
  for (const Example& example : {
           Example{.lines = "Connection: Upgrade\r\n", .is_connection_upgrade = true},
           Example{.lines = "Connection: close, ,UPGRADE,\r\n", .is_connection_upgrade = true},
           Example{.lines = "Connection: upgrade\r\nConnection: close\r\nConnection:\r\n",
                   .is_connection_upgrade = true},
           Example{.lines = "Connection: a\r\nX: upgrade\r\nConnection: upgrade\r\n",
                   .is_connection_upgrade = true},
           Example{.lines = "Connection: websocket\r\n"},
           Example{.lines = "Connection: upgrades\r\n"},
           Example{.lines = "Upgrade: h2c,\tWEBSOCKET\r\n", .is_upgrade_websocket = true},
           Example{.lines = "Upgrade: websocket\r\nUpgrade: h2c\r\n", .is_upgrade_websocket = true},
           Example{.lines = "Upgrade: h2c\r\nUpgrade: websocket\r\n", .is_upgrade_websocket = true},
           Example{.lines = "Upgrade: websocket/13\r\n"},
           Example{.lines = "Upgrade: upgrade\r\n"},
           Example{.lines = "Upgrade: web socket\r\n"},
       }) {
    const RequestHead head = read(with_lines(example.lines));
    ASSERT_EQ(head.state(), State::complete) << example.lines;
    const Request request = head.request();
    EXPECT_EQ(request.is_connection_upgrade, example.is_connection_upgrade) << example.lines;
    EXPECT_EQ(request.is_upgrade_websocket, example.is_upgrade_websocket) << example.lines;
  }

  const RequestHead head =
      read(with_lines("Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Protocol: \r\n"
                      "sec-websocket-extensions:b, c\r\nSec-WebSocket-Protocol: d\r\n"));
  EXPECT_THAT(head.request().extensions, ElementsAre("a", "b, c"));
  EXPECT_THAT(head.request().protocols, ElementsAre("", "d"));
  EXPECT_THAT(read(with_lines("")).request().extensions, IsEmpty());
}

TEST(RequestHead, KnowsWhetherABodyFollows) {
  for (const auto& [line, has_body] : std::vector<std::pair<std::string, bool>>{
           {"", false},
           {"Content-Length: 0\r\n", false},
           {"content-length: 00\r\n", false},
           {"Content-Length: 1\r\n", true},
           {"Content-Length: 00100\r\n", true},
           {"Content-Length: 99999999999999999999999999999999\r\n", true},
           {"Transfer-Encoding: chunked\r\n", true},
           {"transfer-encoding:\r\n", true},
           {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", true},
           {"Content-Length: 1\r\nX: 0\r\n", true}}) {
    const RequestHead head = read(with_lines(line));
    ASSERT_EQ(head.state(), State::complete) << line;
    EXPECT_EQ(head.request().has_body, has_body) << line;
  }
}

TEST(RequestHead, IsAValueThatGoesItsOwnWayOnceCopied) {
  const std::string_view front = std::string_view{browser_head}.substr(0, 200);
  auto original = std::make_optional(read(front));
  RequestHead copy = *original;
  static_cast<void>(original->feed(as_bytes("\n")));
  EXPECT_EQ(original->state(), State::refused);
  original.reset();
  static_cast<void>(copy.feed(as_bytes(std::string_view{browser_head}.substr(front.size()))));
  EXPECT_EQ(result_of(copy), result_of(read(browser_head)));
}

TEST(RequestHead, ForgetsEverythingAndItsMemoryWhenItIsCleared) {
  for (const std::string& text :
       {std::string{}, browser_head, browser_head.substr(0, 300), std::string{"hello\n"},
        head_of_size(8192), head_with_fields(64)}) {
    RequestHead head = read(text);
    EXPECT_LE(head.memory_bytes(), 2 * RequestHead::size_max);
    head.clear();
    EXPECT_EQ(head.memory_bytes(), 0U);
    EXPECT_EQ(result_of(head), result_of(RequestHead{}));
    EXPECT_EQ(head.feed(as_bytes(browser_head)), browser_head.size());
    EXPECT_EQ(result_of(head), result_of(read(browser_head)));
  }
}

TEST(RequestHead, HoldsLittleMoreThanTheHeadHoweverMuchComesWithIt) {
  RequestHead head;
  const std::string stream = with_lines("") + std::string(1'000'000, 'x');
  EXPECT_EQ(head.feed(as_bytes(stream)), with_lines("").size());
  EXPECT_LE(head.memory_bytes(), RequestHead::size_max);
}

TEST(RequestHead, TellsInItsDigestWhatMakesADifferenceLater) {
  const auto digest_of = [](std::string_view text) { return result_of(read(text)).digest; };
  EXPECT_NE(digest_of(""), digest_of("\r\n"));
  EXPECT_NE(digest_of("GET"), digest_of("HEAD"));
  EXPECT_NE(digest_of("GET /a"), digest_of("GET /b"));
  EXPECT_NE(digest_of(""), digest_of("\n"));
  EXPECT_NE(digest_of("GET \n"), digest_of("GET #")) << "other refusals";
  EXPECT_NE(digest_of("GET #"), digest_of("HEAD #")) << "one is answered without a body";
  EXPECT_EQ(digest_of("POST #"), digest_of("PUT #")) << "both are answered alike";
}

TEST(RequestHeadDeathTest, HasARequestOnlyOnceItIsComplete) {
  EXPECT_DEATH(static_cast<void>(RequestHead{}.request()), "complete");
  EXPECT_DEATH(static_cast<void>(read("\n").request()), "complete");
}

TEST(RequestHeadDeathTest, HasARefusalOnlyIfItIsRefused) {
  EXPECT_DEATH(static_cast<void>(RequestHead{}.refusal()), "refused");
  EXPECT_DEATH(static_cast<void>(read(browser_head).refusal()), "refused");
}

}  // namespace
}  // namespace lastword::websocket
