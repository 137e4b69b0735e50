#include "core/websocket/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"

namespace lastword::websocket {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view key_line = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

RequestHead read(std::string_view text) {
  RequestHead head;
  static_cast<void>(head.feed(as_bytes(text)));
  return head;
}

std::string request(std::string_view request_line, std::string_view lines = "") {
  return std::string{request_line} + "\r\nHost: localhost:8081\r\n" + std::string{lines} + "\r\n";
}

// A good handshake in which one line is replaced by others, and to which some are added.
struct Change {
  std::string_view line;  // starts with this
  std::string_view replacement = "";
};

std::string handshake(Change change = {.line = "nothing"}, std::string_view more = "") {
  std::string text;
  for (const std::string_view line :
       {std::string_view{"GET /ws HTTP/1.1\r\n"}, std::string_view{"Host: localhost:8081\r\n"},
        std::string_view{"Upgrade: websocket\r\n"}, std::string_view{"Connection: Upgrade\r\n"},
        key_line, std::string_view{"Sec-WebSocket-Version: 13\r\n"}}) {
    text += line.starts_with(change.line) ? change.replacement : line;
  }
  return text + std::string{more} + "\r\n";
}

std::string handshake_with(std::string_view more) { return handshake({.line = "nothing"}, more); }

Decision decision(std::string_view text, const HandshakePolicy& policy = {}) {
  return decide(read(text), policy);
}

std::string response(std::string_view text, const HandshakePolicy& policy = {}) {
  const RequestHead head = read(text);
  std::string out;
  append_response(out, head, decide(head, policy));
  return out;
}

// A response as a client sees it.
struct Response {
  std::string status_line;
  std::vector<std::string> fields;
  std::string body;

  [[nodiscard]] std::string field(std::string_view name) const {
    std::string found;
    for (const std::string& line : fields) {
      if (!line.starts_with(std::string{name} + ": ")) continue;
      EXPECT_EQ(found, "") << name << " came twice";
      found = line.substr(name.size() + 2);
    }
    return found;
  }
};

Response parse(std::string_view text) {
  Response parsed;
  const std::size_t end = text.find("\r\n\r\n");
  EXPECT_NE(end, std::string_view::npos);
  parsed.body = text.substr(end + 4);
  std::string_view head = text.substr(0, end + 2);
  while (!head.empty()) {
    const std::size_t size = head.find("\r\n");
    parsed.fields.emplace_back(head.substr(0, size));
    head.remove_prefix(size + 2);
  }
  parsed.status_line = parsed.fields.front();
  parsed.fields.erase(parsed.fields.begin());
  return parsed;
}

TEST(Handshake, AcceptsTheRfcsExample) {
  EXPECT_EQ(response("GET /ws HTTP/1.1\r\n"
                     "Host: server.example.com\r\n"
                     "Upgrade: websocket\r\n"
                     "Connection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Origin: http://example.com\r\n"
                     "Sec-WebSocket-Protocol: chat, superchat\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "\r\n",
                     {.allowed_origins = {"http://example.com"}}),
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "\r\n");
}

TEST(Handshake, AcceptsWhatIsGood) {
  for (const std::string& text :
       {handshake(), handshake({.line = "GET", .replacement = "GET / HTTP/1.1\r\n"}),
        handshake({.line = "GET", .replacement = "GET /?token=1 HTTP/1.1\r\n"}),
        handshake({.line = "GET", .replacement = "GET http://a/ws HTTP/1.1\r\n"}),
        handshake({.line = "GET", .replacement = "GET / HTTP/1.2\r\n"}),
        handshake({.line = "Upg", .replacement = "upgrade: h2c, WebSocket\r\n"}),
        handshake({.line = "Con", .replacement = "connection: keep-alive, UPGRADE\r\n"}),
        handshake_with("Content-Length: 0\r\n"), handshake_with("Sec-WebSocket-Protocol: a,b\r\n"),
        handshake_with("Sec-WebSocket-Extensions: x\r\n"), "\r\n" + handshake()}) {
    EXPECT_EQ(decision(text).status, Status::switching_protocols) << text;
  }
}

TEST(Handshake, IsAnsweredWithTheStatusOfARefusedHead) {
  for (const auto& [text, status] : std::vector<std::pair<std::string, Status>>{
           {"hello\r\n", Status::bad_request},
           {"GET /ws#x", Status::bad_request},
           {"GET / HTTP/2.0\r\n", Status::http_version_not_supported},
           {"GET / HTTP/1.1\r\n A", Status::bad_request},
           {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", Status::bad_request},
           {"GET / HTTP/1.1\r\nHost: a b\r\n", Status::bad_request},
           {"GET /nowhere HTTP/1.1\r\n\r\n", Status::bad_request},
           {request("GET / HTTP/1.1", "Content-Length: x\r\n"), Status::bad_request},
           {std::string(8192, 'a'), Status::header_fields_too_large}}) {
    EXPECT_EQ(decision(text).status, status) << text;
    EXPECT_FALSE(decision(text).reason.empty()) << text;
  }
}

TEST(Handshake, HasAStatusForEachRefusal) {
  for (const Refusal refusal : {Refusal::bad_request_line, Refusal::bad_target,
                                Refusal::bad_field_line, Refusal::repeated_field, Refusal::bad_host,
                                Refusal::missing_host, Refusal::bad_content_length}) {
    EXPECT_EQ(status_for(refusal), Status::bad_request);
  }
  EXPECT_EQ(status_for(Refusal::too_large), Status::header_fields_too_large);
  EXPECT_EQ(status_for(Refusal::too_many_fields), Status::header_fields_too_large);
  EXPECT_EQ(status_for(Refusal::unsupported_version), Status::http_version_not_supported);
}

TEST(Handshake, IsFoundAtTwoPathsOnly) {
  for (const std::string_view target : {"/w", "/wss", "/ws/", "//", "/WS", "/index.html", "/%77s",
                                        "http://localhost:8081/x", "/x?/ws"}) {
    const std::string line = "GET " + std::string{target} + " HTTP/1.1";
    EXPECT_EQ(decision(request(line)).status, Status::not_found) << target;
    EXPECT_EQ(decision(handshake({.line = "GET", .replacement = line + "\r\n"})).status,
              Status::not_found)
        << target;
  }
  EXPECT_EQ(decision(request("POST /x HTTP/1.1")).status, Status::not_found);
  EXPECT_EQ(decision(request("OPTIONS * HTTP/1.1")).status, Status::not_found);
  EXPECT_EQ(decision(request("CONNECT a:1 HTTP/1.1")).status, Status::not_found);
}

TEST(Handshake, IsNotMeantByAnOrdinaryRequest) {
  struct Example {
    std::string_view line;
    Status status;
  };
  for (const Example& example : {
           Example{.line = "GET / HTTP/1.1", .status = Status::ok},
           Example{.line = "GET /?ws HTTP/1.0", .status = Status::ok},
           Example{.line = "HEAD / HTTP/1.1", .status = Status::ok},
           Example{.line = "GET /ws HTTP/1.1", .status = Status::upgrade_required},
           Example{.line = "HEAD /ws HTTP/1.0", .status = Status::upgrade_required},
           Example{.line = "POST / HTTP/1.1", .status = Status::method_not_allowed},
           Example{.line = "OPTIONS /ws HTTP/1.1", .status = Status::method_not_allowed},
           Example{.line = "get / HTTP/1.1", .status = Status::method_not_allowed},
       }) {
    for (const std::string_view more :
         {"", "Upgrade: h2c\r\nConnection: Upgrade\r\n", "Connection: Upgrade\r\n",
          "Sec-WebSocket-Extensions: =\r\nContent-Length: 5\r\n", "Origin: http://evil\r\n",
          "Sec-WebSocket-Protocol: chat\r\n"}) {
      EXPECT_EQ(decision(request(example.line, more)).status, example.status)
          << example.line << more;
    }
    for (const std::string_view more : {std::string_view{"Upgrade: websocket\r\n"}, key_line,
                                        std::string_view{"Sec-WebSocket-Key:\r\n"},
                                        std::string_view{"Sec-WebSocket-Version: 13\r\n"}}) {
      EXPECT_EQ(decision(request(example.line, more)).status, Status::bad_request)
          << example.line << more << " is meant as a handshake";
    }
  }
}

TEST(Handshake, IsRefusedInWordsForWhatIsWrongWithIt) {
  struct Example {
    std::string text;
    std::string_view word;
  };
  for (const Example& example : std::vector<Example>{
           {handshake({.line = "GET", .replacement = "POST /ws HTTP/1.1\r\n"}), "method GET"},
           {handshake({.line = "GET", .replacement = "HEAD /ws HTTP/1.1\r\n"}), "method GET"},
           {handshake({.line = "GET", .replacement = "GET /ws HTTP/1.0\r\n"}), "HTTP/1.1"},
           {handshake({.line = "Con"}), "Connection"},
           {handshake({.line = "Con", .replacement = "Connection: close\r\n"}), "Connection"},
           {handshake({.line = "Upg"}), "Upgrade"},
           {handshake({.line = "Upg", .replacement = "Upgrade: websocket/13\r\n"}), "Upgrade"},
           {handshake({.line = "Sec-WebSocket-V"}), "Sec-WebSocket-Version is missing"},
           {handshake({.line = "Sec-WebSocket-K"}), "Sec-WebSocket-Key is missing"},
           {handshake({.line = "Sec-WebSocket-K", .replacement = "Sec-WebSocket-Key:\r\n"}),
            "Sec-WebSocket-Key must be 16 bytes in base64"},
           {handshake({.line = "Sec-WebSocket-K",
                       .replacement = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZVE=\r\n"}),
            "Sec-WebSocket-Key must be 16 bytes in base64"},
           {handshake_with("Content-Length: 1\r\n"), "body"},
           {handshake_with("Transfer-Encoding: chunked\r\n"), "body"},
           {handshake_with("Sec-WebSocket-Extensions: a b\r\n"), "Sec-WebSocket-Extensions"},
           {handshake_with("Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: =\r\n"),
            "Sec-WebSocket-Extensions"},
       }) {
    for (const bool is_compressing : {false, true}) {
      const Decision decided = decision(example.text, {.is_compressing = is_compressing});
      EXPECT_EQ(decided.status, Status::bad_request) << example.text;
      EXPECT_THAT(std::string{decided.reason}, HasSubstr(std::string{example.word}))
          << example.text;
    }
  }
}

TEST(Handshake, IsForVersion13Only) {
  for (const std::string version : {"", "12", "14", "013", "13.0", "13, 8", "8, 13", "+13", "1"}) {
    const std::string line = "Sec-WebSocket-Version: " + version + "\r\n";
    const std::string text = handshake({.line = "Sec-WebSocket-V", .replacement = line});
    EXPECT_EQ(decision(text).status, Status::upgrade_required) << version;
    const Response answer = parse(response(text));
    EXPECT_EQ(answer.status_line, "HTTP/1.1 426 Upgrade Required");
    EXPECT_EQ(answer.field("Sec-WebSocket-Version"), "13");
    EXPECT_EQ(answer.field("Upgrade"), "websocket");
    EXPECT_EQ(answer.field("Connection"), "Upgrade, close");
  }
}

// Of two faults the one that stands first in this list is told.
TEST(Handshake, JudgesInOneOrder) {
  const std::string bad_origin = "Origin: http://evil.example\r\n";
  const std::string bad_extension = bad_origin + "Sec-WebSocket-Extensions: =\r\n";
  const std::string body = bad_extension + "Content-Length: 1\r\n";
  const auto reason = [](const std::string& text) { return std::string{decision(text).reason}; };

  EXPECT_EQ(decision(handshake_with(bad_origin)).status, Status::forbidden);
  EXPECT_THAT(reason(handshake_with(bad_extension)), HasSubstr("Extensions"));
  EXPECT_THAT(reason(handshake_with(body)), HasSubstr("body"));
  EXPECT_THAT(reason(handshake({.line = "Sec-WebSocket-K"}, body)), HasSubstr("Key"));
  EXPECT_EQ(decision(request("GET / HTTP/1.1",
                             "Connection: upgrade\r\nUpgrade: websocket\r\n"
                             "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: x\r\n" +
                                 body))
                .status,
            Status::upgrade_required);
  const std::string only_version = "Sec-WebSocket-Version: 8\r\n" + body;
  EXPECT_THAT(reason(request("GET / HTTP/1.1", "Connection: upgrade\r\n" + only_version)),
              StartsWith("Upgrade"));
  EXPECT_THAT(reason(request("GET / HTTP/1.1", only_version)), StartsWith("Connection"));
  EXPECT_THAT(reason(request("GET / HTTP/1.0", only_version)), HasSubstr("HTTP/1.0"));
  EXPECT_THAT(reason(request("PUT / HTTP/1.0", only_version)), HasSubstr("method"));
  EXPECT_EQ(decision(request("PUT /x HTTP/1.0", only_version)).status, Status::not_found);
}

TEST(Handshake, IsForbiddenToPagesFromElsewhere) {
  const HandshakePolicy policy{.host_names = {"chat.example"},
                               .allowed_origins = {"https://app.example"}};
  struct Example {
    std::string_view host;
    std::string_view origin;
    Status status;
  };
  for (const Example& example : {
           Example{"localhost:8081", "http://localhost:8081", Status::switching_protocols},
           Example{"[::1]:8081", "http://[::1]:8081", Status::switching_protocols},
           Example{"chat.example", "https://chat.example", Status::switching_protocols},
           Example{"rebound.example", "https://app.example", Status::switching_protocols},
           Example{"localhost:8081", "http://localhost:3000", Status::forbidden},
           Example{"rebound.example", "http://rebound.example", Status::forbidden},
           Example{"localhost:8081", "null", Status::forbidden},
           Example{"localhost:8081", "", Status::forbidden},
           Example{"", "http://localhost:8081", Status::forbidden},
       }) {
    const std::string host = "Host: " + std::string{example.host} + "\r\n";
    const std::string origin = "Origin: " + std::string{example.origin} + "\r\n";
    const std::string text = handshake({.line = "Host", .replacement = host}, origin);
    EXPECT_EQ(decision(text, policy).status, example.status) << text;
  }
  EXPECT_EQ(
      decision(handshake({.line = "Host", .replacement = "Host: rebound.example\r\n"})).status,
      Status::switching_protocols)
      << "no Origin, no browser";
  EXPECT_THAT(parse(response(handshake_with("Origin: http://evil.example\r\n"))).body,
              AllOf(HasSubstr("Origin"), HasSubstr("--allow-origin"), HasSubstr("--host-name")));
}

TEST(Handshake, TakesAnAbsoluteTargetsHostForTheOrigin) {
  const std::string absolute = "GET http://127.0.0.1:9/ws HTTP/1.1\r\n";
  const auto status = [&](std::string_view origin) {
    return decision(handshake({.line = "GET", .replacement = absolute}, origin)).status;
  };
  EXPECT_EQ(status("Origin: http://127.0.0.1:9\r\n"), Status::switching_protocols);
  EXPECT_EQ(status("Origin: http://localhost:8081\r\n"), Status::forbidden);
}

TEST(Handshake, AgreesOnCompressionIfThePolicyIsTo) {
  const std::string offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";
  const HandshakePolicy compressing{.is_compressing = true};
  const auto decided = [&](const std::string& more, const HandshakePolicy& policy) {
    return decision(handshake_with(offer + more + "\r\n"), policy).compression;
  };
  const auto answered = [&](const std::string& more, const HandshakePolicy& policy) {
    return parse(response(handshake_with(offer + more + "\r\n"), policy))
        .field("Sec-WebSocket-Extensions");
  };
  const std::string answer =
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

  EXPECT_EQ(decided("", compressing), Compression::wide);
  EXPECT_EQ(answered("", compressing), answer);
  EXPECT_EQ(decided("; server_max_window_bits=15", compressing), Compression::wide);
  EXPECT_EQ(answered("; server_max_window_bits=15", compressing),
            answer + "; server_max_window_bits=15");
  EXPECT_EQ(decided("; server_max_window_bits=12", compressing), Compression::narrow);
  EXPECT_EQ(answered("; server_max_window_bits=12", compressing),
            answer + "; server_max_window_bits=9");
  EXPECT_EQ(decided("; server_max_window_bits=8", compressing), Compression::none);
  EXPECT_EQ(answered("; server_max_window_bits=8", compressing), "");
  EXPECT_EQ(decided("", {}), Compression::none);
  EXPECT_EQ(answered("", {}), "");
  EXPECT_EQ(decided("\r\nOrigin: http://evil", compressing), Compression::none);
  EXPECT_EQ(decision(handshake(), compressing).compression, Compression::none);
  // Two lines are one list.
  const std::string second =
      "; server_max_window_bits=8\r\nSec-WebSocket-Extensions: "
      "permessage-deflate";
  EXPECT_EQ(decided(second, compressing), Compression::wide);
}

constexpr std::array<Status, 10> refusals{Status::ok,
                                          Status::bad_request,
                                          Status::forbidden,
                                          Status::not_found,
                                          Status::method_not_allowed,
                                          Status::request_timeout,
                                          Status::upgrade_required,
                                          Status::header_fields_too_large,
                                          Status::service_unavailable,
                                          Status::http_version_not_supported};

// As `decide` makes them: what is wrong with a request itself is always told.
Decision decision_for(Status status) {
  switch (status) {
    case Status::bad_request:
    case Status::header_fields_too_large:
    case Status::http_version_not_supported:
      return {.status = status, .reason = "this is what is wrong"};
    default:
      return {.status = status};
  }
}

TEST(Response, SaysHowLongItIsAndThatTheConnectionEnds) {
  std::set<std::string> status_lines;
  for (const Status status : refusals) {
    std::string text = "before";
    append_response(text, RequestHead{}, decision_for(status));
    ASSERT_THAT(text, StartsWith("beforeHTTP/1.1 "));
    const Response answer = parse(std::string_view{text}.substr(6));
    status_lines.insert(answer.status_line);
    EXPECT_EQ(answer.status_line.substr(9, 3), std::to_string(static_cast<int>(status)));
    EXPECT_GT(answer.status_line.size(), 13U) << "a phrase";
    EXPECT_EQ(answer.field("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(answer.field("Content-Length"), std::to_string(answer.body.size()));
    EXPECT_THAT(answer.field("Connection"), HasSubstr("close"));
    EXPECT_THAT(answer.body, AllOf(Not(StartsWith("\n")), ::testing::EndsWith("\n")));
    EXPECT_EQ(answer.field("Date"), "");
    const auto lines = std::count(answer.body.begin(), answer.body.end(), '\n');
    EXPECT_EQ(lines == 1, status != Status::ok) << answer.body;
  }
  EXPECT_EQ(status_lines.size(), refusals.size());
}

TEST(Response, HasNoBodyForAHead) {
  for (const Status status : refusals) {
    for (const std::string_view text : {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD ", "HEAD #"}) {
      std::string to_get;
      std::string to_head;
      append_response(to_get, RequestHead{}, {.status = status});
      append_response(to_head, read(text), {.status = status});
      EXPECT_EQ(to_head, to_get.substr(0, to_get.find("\r\n\r\n") + 4));
    }
  }
}

TEST(Response, HasTheFieldsOfItsStatus) {
  const Response not_allowed = parse(response(request("POST / HTTP/1.1")));
  EXPECT_EQ(not_allowed.status_line, "HTTP/1.1 405 Method Not Allowed");
  EXPECT_EQ(not_allowed.field("Allow"), "GET, HEAD");

  const Response upgrade = parse(response(request("GET /ws HTTP/1.1")));
  EXPECT_EQ(upgrade.field("Sec-WebSocket-Version"), "13");
  EXPECT_EQ(upgrade.field("Upgrade"), "websocket");
  EXPECT_EQ(upgrade.field("Connection"), "Upgrade, close");

  std::string full;
  append_response(full, RequestHead{}, {.status = Status::service_unavailable});
  EXPECT_EQ(parse(full).field("Retry-After"), "5");
  EXPECT_THAT(parse(full).body, HasSubstr("full"));

  const Response missing = parse(response(request("GET /x HTTP/1.1")));
  EXPECT_EQ(missing.field("Allow"), "");
  EXPECT_EQ(missing.field("Retry-After"), "");
  EXPECT_EQ(missing.field("Upgrade"), "");
  EXPECT_EQ(missing.field("Connection"), "close");
}

TEST(Response, ToAnOrdinaryGetSaysWhatThisPortIs) {
  const Response page = parse(response(request("GET / HTTP/1.1")));
  EXPECT_EQ(page.status_line, "HTTP/1.1 200 OK");
  EXPECT_THAT(page.body, AllOf(HasSubstr("lastword"), HasSubstr("WebSocket"), HasSubstr("/ws")));
  EXPECT_EQ(page.field("Connection"), "close");
}

TEST(Response, TellsTheReasonOfTheDecision) {
  EXPECT_EQ(parse(response(handshake({.line = "Con"}))).body,
            "Connection must list the token upgrade\n");
  EXPECT_THAT(parse(response("hello\r\n")).body, HasSubstr("speaks HTTP and WebSocket"));
  std::set<std::string> bodies;
  const std::vector<std::string> bad_heads{"\n",
                                           "GET #",
                                           "GET / HTTP/2.0\r\n",
                                           "GET / HTTP/1.1\r\n ",
                                           "GET / HTTP/1.1\r\nOrigin:\r\nOrigin:\r\n",
                                           "GET / HTTP/1.1\r\nHost: /\r\n",
                                           "GET / HTTP/1.1\r\n\r\n",
                                           "GET / HTTP/1.1\r\nContent-Length: x\r\n",
                                           std::string(8192, 'a')};
  for (const std::string& text : bad_heads) {
    bodies.insert(parse(response(text)).body);
  }
  std::string many = "GET / HTTP/1.1\r\n";
  for (int field = 0; field <= 64; ++field) many += "A: b\r\n";
  bodies.insert(parse(response(many)).body);
  EXPECT_EQ(bodies.size(), bad_heads.size() + 1) << "each refusal has its own words";
}

TEST(HandshakeDeathTest, DecidesOnNoUnfinishedHead) {
  EXPECT_DEATH(static_cast<void>(decide(RequestHead{}, {})), "incomplete");
}

}  // namespace
}  // namespace lastword::websocket
