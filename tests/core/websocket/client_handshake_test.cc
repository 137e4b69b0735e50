#include "core/websocket/client_handshake.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/digest.h"
#include "core/websocket/handshake.h"
#include "core/websocket/request_head.h"

namespace lastword::websocket {
namespace {

using State = ResponseHead::State;
using Key = std::array<char, key_size>;
using namespace std::chrono_literals;

Key key_of(std::string_view text) {
  Key key{};
  EXPECT_EQ(text.size(), key.size());
  std::copy_n(text.begin(), key.size(), key.begin());
  return key;
}

const Key& rfc_key() {  // RFC 6455, section 1.3
  static const Key key = key_of("dGhlIHNhbXBsZSBub25jZQ==");
  return key;
}

constexpr std::string_view status_line = "HTTP/1.1 101 Switching Protocols\r\n";

// A good response in which one line is replaced by others, and to which some are added.
struct Change {
  std::string_view line;  // starts with this
  std::string_view replacement = "";
};

std::string answer(Change change = {.line = "nothing"}, std::string_view more = "") {
  std::string text;
  for (const std::string_view line :
       {status_line, std::string_view{"Upgrade: websocket\r\n"},
        std::string_view{"Connection: Upgrade\r\n"},
        std::string_view{"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"}}) {
    text += line.starts_with(change.line) ? change.replacement : line;
  }
  return text + std::string{more} + "\r\n";
}

std::string answer_with(std::string_view more) { return answer({.line = "nothing"}, more); }

ResponseHead read(std::string_view text) {
  ResponseHead head;
  static_cast<void>(head.feed(as_bytes(text)));
  return head;
}

// Everything that can be seen of a ResponseHead, to compare two of them.
struct Seen {
  std::size_t taken = 0;
  State state{};
  std::uint64_t digest = 0;
  std::optional<HandshakeFault> fault;  // of the head, or of what it says
  unsigned status = 0;
  std::string reason;
  std::optional<std::chrono::seconds> retry_after;

  friend bool operator==(const Seen&, const Seen&) = default;
  friend void PrintTo(const Seen& seen, std::ostream* out) {
    *out << "taken " << seen.taken << ", state " << static_cast<int>(seen.state) << ", status "
         << seen.status << " " << seen.reason;
    if (seen.fault) *out << ", " << explain(*seen.fault);
  }
};

Seen seen_of(const ResponseHead& head, std::size_t taken = 0) {
  Seen seen{.taken = taken,
            .state = head.state(),
            .digest = {},
            .fault = {},
            .status = {},
            .reason = {},
            .retry_after = {}};
  Digest digest;
  head.add_to(digest);
  seen.digest = digest.value();
  if (head.state() == State::broken) seen.fault = head.fault();
  if (head.state() != State::complete) return seen;
  const Response response = head.response();
  seen.status = response.status;
  seen.reason = response.reason;
  seen.retry_after = response.retry_after;
  if (const auto checked = check(response, rfc_key()); !checked) seen.fault = checked.error();
  return seen;
}

// Reads the text in pieces of these sizes; the last one is the rest. Each piece is gone once it was
// fed.
Seen read_in(std::string_view text, const std::vector<std::size_t>& sizes) {
  ResponseHead head;
  std::size_t taken = 0;
  const auto feed = [&](std::string_view piece) {
    const std::string bytes{piece};
    taken += head.feed(as_bytes(bytes));
  };
  for (const std::size_t size : sizes) {
    const std::string_view piece = text.substr(0, size);
    text.remove_prefix(piece.size());
    feed(piece);
  }
  feed(text);
  return seen_of(head, taken);
}

// --- The request -------------------------------------------------------------------------------

std::string request(const Offer& offer) {
  std::vector<std::byte> out;
  append_request(out, offer);
  return std::string{as_text(out)};
}

TEST(ClientRequest, IsThatOfTheRfc) {
  EXPECT_EQ(request({.authority = "server.example.com", .path = "/chat", .key = rfc_key()}),
            "GET /chat HTTP/1.1\r\n"
            "Host: server.example.com\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "\r\n");
}

TEST(ClientRequest, IsAppended) {
  const Offer offer{.authority = "[::1]:8081", .path = "/ws?x=1", .key = rfc_key()};
  std::vector<std::byte> out;
  append_request(out, offer);
  append_request(out, offer);
  EXPECT_EQ(as_text(out), request(offer) + request(offer));
}

TEST(ClientRequest, IsMadeOfAValidOfferOnly) {
  const auto is_good = [](std::string_view authority, std::string_view path) {
    return is_valid({.authority = authority, .path = path, .key = rfc_key()});
  };
  for (const std::string_view authority :
       {"a", "localhost:8081", "127.0.0.1", "[::1]:1", "chat.example:443"}) {
    EXPECT_TRUE(is_good(authority, "/")) << authority;
  }
  for (const std::string_view authority :
       {"", ":80", "a:x", "a:65536", "u@a", "a b", "a\r\nX: y", "a/", "::1", "http://a"}) {
    EXPECT_FALSE(is_good(authority, "/")) << authority;
  }
  for (const std::string_view path : {"/", "/ws", "/ws?name=%20", "//", "/?"}) {
    EXPECT_TRUE(is_good("a", path)) << path;
  }
  for (const std::string_view path :
       {"", "ws", "?x", "/ ", "/a b", "/\t", "/\r\n", "/a\xC3\xA9", "/#", "/a#b", "/\x7F"}) {
    EXPECT_FALSE(is_good("a", path)) << path;
  }
  EXPECT_FALSE(is_valid({.authority = "a", .path = "/"})) << "no key";
}

// --- Both sides --------------------------------------------------------------------------------

// What the server of this project answers.
std::string response_to(std::string_view request_text, const HandshakePolicy& policy = {}) {
  RequestHead head;
  EXPECT_EQ(head.feed(as_bytes(request_text)), request_text.size());
  std::string out;
  append_response(out, head, decide(head, policy));
  return out;
}

TEST(ClientHandshake, IsAgreedOnByOurServer) {
  for (const HandshakePolicy& policy :
       {HandshakePolicy{}, HandshakePolicy{.is_compressing = true}}) {
    for (const std::string_view path : {"/", "/ws", "/ws?token=1"}) {
      const std::string text = response_to(
          request({.authority = "localhost:8081", .path = path, .key = rfc_key()}), policy);
      const Seen seen = read_in(text, {});
      EXPECT_EQ(seen.state, State::complete);
      EXPECT_EQ(seen.fault, std::nullopt) << text;
      EXPECT_EQ(seen.taken, text.size());
    }
  }
}

TEST(ClientHandshake, IsToldOfEachRefusalOfOurServer) {
  for (const Status status : {Status::ok, Status::bad_request, Status::forbidden, Status::not_found,
                              Status::method_not_allowed, Status::request_timeout,
                              Status::upgrade_required, Status::header_fields_too_large,
                              Status::service_unavailable, Status::http_version_not_supported}) {
    std::string text;
    append_response(text, RequestHead{}, {.status = status});
    const Seen seen = read_in(text, {});
    EXPECT_EQ(seen.state, State::complete) << text;
    EXPECT_EQ(seen.fault, HandshakeFault::refused) << text;
    EXPECT_EQ(seen.status, static_cast<unsigned>(status));
    EXPECT_EQ(seen.retry_after,
              status == Status::service_unavailable ? std::optional{5s} : std::nullopt);
    EXPECT_EQ(seen.taken, text.find("\r\n\r\n") + 4) << "the body is not of the head";
  }
  const std::string nowhere =
      response_to(request({.authority = "a", .path = "/nowhere", .key = rfc_key()}));
  EXPECT_EQ(read_in(nowhere, {}).reason, "Not Found");
}

RC_GTEST_PROP(ClientHandshake, IsAgreedOnWithEveryKeyAndNoOther, ()) {
  const auto draw = [] {
    const auto bytes = *rc::gen::container<std::array<unsigned char, nonce_size>>(
        rc::gen::arbitrary<unsigned char>());
    std::array<std::byte, nonce_size> nonce{};
    std::transform(bytes.begin(), bytes.end(), nonce.begin(),
                   [](unsigned char byte) { return std::byte{byte}; });
    return make_key(nonce);
  };
  const Key key = draw();
  const Key other = draw();
  const std::string text = response_to(request({.authority = "a", .path = "/", .key = key}));
  const ResponseHead head = read(text);
  RC_ASSERT(head.state() == State::complete);
  RC_ASSERT(check(head.response(), key).has_value());
  RC_ASSERT(check(head.response(), other).has_value() == (key == other));
}

// --- The check ---------------------------------------------------------------------------------

TEST(ClientHandshake, AcceptsWhatIsGood) {
  for (const std::string& text : {
           answer(),
           answer({.line = "HTTP", .replacement = "HTTP/1.1 101 \r\n"}),
           answer({.line = "HTTP", .replacement = "HTTP/1.2 101 Sure\r\n"}),
           answer({.line = "Upg", .replacement = "uPGRADE:\tWebSocket \r\n"}),
           answer({.line = "Con", .replacement = "connection: keep-alive, UPGRADE\r\n"}),
           answer({.line = "Con", .replacement = "Connection: a\r\nConnection: upgrade\r\n"}),
           answer({.line = "Sec",
                   .replacement = "SEC-WEBSOCKET-ACCEPT:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\t\r\n"}),
           answer_with("Server: \xC3\xA9\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n"),
           answer_with("Content-Length: 5\r\n"),
           "HTTP/1.1 100 Continue\r\n\r\n" + answer(),
           "HTTP/1.1 103 \r\nUpgrade: h2c\r\nSec-WebSocket-Accept: x\r\n"
           "Sec-WebSocket-Protocol: p\r\nSec-WebSocket-Extensions: e\r\n\r\n"
           "HTTP/1.1 199 Odd\r\n\r\n" +
               answer(),
       }) {
    const ResponseHead head = read(text);
    ASSERT_EQ(head.state(), State::complete) << text;
    EXPECT_EQ(head.response().status, 101U);
    EXPECT_TRUE(check(head.response(), rfc_key()).has_value()) << text;
  }
}

TEST(ClientHandshake, RefusesWhatIsNotTheAnswerToItsRequest) {
  struct Example {
    std::string text;
    HandshakeFault fault;
  };
  const auto status = [](std::string_view line) {
    return answer({.line = "HTTP", .replacement = line});
  };
  const auto upgrade = [](std::string_view lines) {
    return answer({.line = "Upg", .replacement = lines});
  };
  const auto connection = [](std::string_view lines) {
    return answer({.line = "Con", .replacement = lines});
  };
  const auto accept = [](const std::string& value) {
    return answer({.line = "Sec", .replacement = "Sec-WebSocket-Accept: " + value + "\r\n"});
  };
  for (const Example& example : std::vector<Example>{
           {status("HTTP/1.1 200 OK\r\n"), HandshakeFault::refused},
           {status("HTTP/1.1 301 Moved\r\nLocation: ws://b/\r\n"), HandshakeFault::refused},
           {status("HTTP/1.1 401 Unauthorized\r\n"), HandshakeFault::refused},
           {status("HTTP/1.0 503 Busy\r\n"), HandshakeFault::refused},
           {status("HTTP/1.1 000 \r\n"), HandshakeFault::refused},
           {status("HTTP/1.1 999 \r\n"), HandshakeFault::refused},
           {status("HTTP/1.1 010 \r\n"), HandshakeFault::refused},
           {status("HTTP/1.0 101 Switching Protocols\r\n"), HandshakeFault::no_upgrade},
           {upgrade(""), HandshakeFault::no_upgrade},
           {upgrade("Upgrade:\r\n"), HandshakeFault::no_upgrade},
           {upgrade("Upgrade: websocket, h2c\r\n"), HandshakeFault::no_upgrade},
           {upgrade("Upgrade: websocket\r\nUpgrade: h2c\r\n"), HandshakeFault::no_upgrade},
           {upgrade("Upgrade: h2c\r\nUpgrade: websocket\r\n"), HandshakeFault::no_upgrade},
           {upgrade("Upgrade: websocket/13\r\n"), HandshakeFault::no_upgrade},
           {connection(""), HandshakeFault::no_upgrade},
           {connection("Connection: close\r\n"), HandshakeFault::no_upgrade},
           {connection("Connection: upgrades\r\n"), HandshakeFault::no_upgrade},
           {connection("X: upgrade\r\n"), HandshakeFault::no_upgrade},
           {answer({.line = "Sec"}), HandshakeFault::wrong_accept},
           {accept(""), HandshakeFault::wrong_accept},
           {accept("S3PPLMBITXAQ9KYGZZHZRBK+XOO="), HandshakeFault::wrong_accept},
           {accept("HSmrc0sMlYUkAGmm5OPpG2HaGWk="), HandshakeFault::wrong_accept},
           {accept("s3pPLMBiTxaQ9kYGzzhZRbK+xOo"), HandshakeFault::wrong_accept},
           {accept("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=="), HandshakeFault::wrong_accept},
           {accept("s3pPLMBiTxaQ9kYGzzhZRbK+ xOo="), HandshakeFault::wrong_accept},
           {accept("dGhlIHNhbXBsZSBub25jZQ=="), HandshakeFault::wrong_accept},
           {answer_with("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
            HandshakeFault::unexpected_extension},
           {answer_with("sec-websocket-extensions:\r\n"), HandshakeFault::unexpected_extension},
           {answer_with("Sec-WebSocket-Protocol: chat\r\n"), HandshakeFault::unexpected_protocol},
           {answer_with("sec-websocket-protocol:\r\n"), HandshakeFault::unexpected_protocol},
       }) {
    const ResponseHead head = read(example.text);
    ASSERT_EQ(head.state(), State::complete) << example.text;
    const auto checked = check(head.response(), rfc_key());
    ASSERT_FALSE(checked.has_value()) << example.text;
    EXPECT_EQ(checked.error(), example.fault) << example.text;
  }
}

// Of two faults the one that stands first in section 4.1 is told.
TEST(ClientHandshake, JudgesInTheOrderOfTheRfc) {
  const auto fault = [](const std::string& text) {
    return check(read(text).response(), rfc_key()).error();
  };
  std::string lines = "Sec-WebSocket-Protocol: p\r\n";
  EXPECT_EQ(fault(answer_with(lines)), HandshakeFault::unexpected_protocol);
  lines += "Sec-WebSocket-Extensions: e\r\n";
  EXPECT_EQ(fault(answer_with(lines)), HandshakeFault::unexpected_extension);
  const std::string front = std::string{status_line} + "Upgrade: websocket\r\n";
  EXPECT_EQ(fault(front + "Connection: upgrade\r\n" + lines + "\r\n"),
            HandshakeFault::wrong_accept);
  EXPECT_EQ(fault(front + lines + "\r\n"), HandshakeFault::no_upgrade);
  EXPECT_EQ(fault("HTTP/1.1 200 \r\n" + lines + "\r\n"), HandshakeFault::refused);
}

TEST(HandshakeFault, IsExplained) {
  std::set<std::string_view> words;
  for (const HandshakeFault fault :
       {HandshakeFault::not_http, HandshakeFault::bad_head, HandshakeFault::too_large,
        HandshakeFault::refused, HandshakeFault::no_upgrade, HandshakeFault::wrong_accept,
        HandshakeFault::unexpected_extension, HandshakeFault::unexpected_protocol}) {
    EXPECT_FALSE(explain(fault).empty());
    EXPECT_FALSE(explain(fault).ends_with('.'));
    EXPECT_TRUE(words.insert(explain(fault)).second) << explain(fault) << ": twice";
  }
}

// --- The response's head -----------------------------------------------------------------------

TEST(ResponseHead, SaysWhatItHolds) {
  const ResponseHead head = read(
      "HTTP/1.1 503 Come\tback \xC3\xA9\r\nRetry-After: 120\r\nSec-WebSocket-Accept:  a b \r\n\r\n"
      "the body");
  ASSERT_EQ(head.state(), State::complete);
  const Response expected{.status = 503,
                          .minor_version = 1,
                          .reason = "Come\tback \xC3\xA9",
                          .accept = "a b",
                          .retry_after = 120s};
  EXPECT_EQ(head.response(), expected);
}

TEST(ResponseHead, LeavesTheBytesBehindIt) {
  for (const std::size_t more : {1U, 2U, 100U, 10'000U}) {
    ResponseHead head;
    EXPECT_EQ(head.feed(as_bytes(answer() + std::string(more, '\x82'))), answer().size());
    EXPECT_EQ(head.state(), State::complete);
    EXPECT_EQ(head.feed(as_bytes("\r\n")), 0U);
    EXPECT_EQ(seen_of(head), seen_of(read(answer())));
    EXPECT_LE(head.memory_bytes(), ResponseHead::size_max);
  }
}

TEST(ResponseHead, TellsAfterHowManySecondsToComeBack) {
  const auto retry_after = [](const std::string& value) {
    return read("HTTP/1.1 503 \r\nRetry-After: " + value + "\r\n\r\n").response().retry_after;
  };
  constexpr std::chrono::seconds most{std::numeric_limits<std::uint32_t>::max()};
  EXPECT_EQ(retry_after("0"), 0s);
  EXPECT_EQ(retry_after("5"), 5s);
  EXPECT_EQ(retry_after("00120"), 120s);
  EXPECT_EQ(retry_after("4294967294"), most - 1s);
  EXPECT_EQ(retry_after("4294967295"), most);
  EXPECT_EQ(retry_after("4294967296"), most);
  EXPECT_EQ(retry_after(std::string(100, '9')), most);
  for (const std::string value :
       {"", "-1", "+1", "1.5", "5 s", "0x5", "5, 6", "Fri, 31 Dec 1999 23:59:59 GMT"}) {
    EXPECT_EQ(retry_after(value), std::nullopt) << value;
  }
  EXPECT_EQ(read(answer()).response().retry_after, std::nullopt);
  const ResponseHead behind_interim =
      read("HTTP/1.1 102 \r\nRetry-After: 7\r\n\r\nHTTP/1.1 503 \r\n\r\n");
  EXPECT_EQ(behind_interim.response().retry_after, std::nullopt);
}

std::string head_of_size(std::size_t size, std::string_view front = "") {
  const std::string text = std::string{front} + answer_with("A: \r\n");
  return std::string{front} + answer_with("A: " + std::string(size - text.size(), 'x') + "\r\n");
}

std::string head_with_fields(std::size_t count) {
  std::string lines;
  for (std::size_t field = 3; field < count; ++field) lines += "A: b\r\n";
  return answer_with(lines);
}

struct Broken {
  std::string text;
  HandshakeFault fault;
};

// In each text it is the last byte that breaks the head.
std::vector<Broken> broken_heads() {
  std::vector<Broken> heads;
  const auto add = [&heads](HandshakeFault fault, std::string_view front,
                            const std::vector<std::string>& rests) {
    for (const std::string& rest : rests) {
      heads.push_back({.text = std::string{front} + rest, .fault = fault});
    }
  };
  const std::string nul(1, '\0');
  add(HandshakeFault::not_http, "",
      {"\r", "\n", " ", "h", "w", "!", "\x81", "\x15", nul, "Ht", "HTTP ", "HTTPS", "HTTP\r"});
  add(HandshakeFault::bad_head, "HTTP/",
      {"2",
       "0",
       " ",
       "a",
       "1 ",
       "1/",
       "1.a",
       "1.\r",
       "1.11",
       "1.1\r",
       "1.1\t",
       "1.1  ",
       "1.1 a",
       "1.1 10 ",
       "1.1 10a",
       "1.1 10\r",
       "1.1 1011",
       "1.1 101\r",
       "1.1 101\n",
       "1.1 101\t",
       "1.1 101 \n",
       "1.1 101 a" + nul,
       "1.1 101 a\x7F",
       "1.1 101 a\r\r",
       "1.1 101 \rH",
       "1.1 -"});
  add(HandshakeFault::bad_head, status_line,
      {" ", "\t", ":", "\n", nul, "\x80", "A ", "A\r", "A\n", "A(", "A: b\n", "A: b" + nul,
       "A: b\x7F", "A: b\r\r", "A: b\rc", "A: b\r\n ", "A: b\r\n\n", "\r\r", "\rA"});
  add(HandshakeFault::bad_head, status_line,
      {"Sec-WebSocket-Accept: a\r\nSEC-WEBSOCKET-ACCEPT: a\r\n",
       "Sec-WebSocket-Accept:\r\nX: y\r\nSec-WebSocket-Accept:\r\n"});
  add(HandshakeFault::not_http, "HTTP/1.1 100 Continue\r\n\r\n", {"\r", "\x81", "HTTp"});
  const std::string many = head_with_fields(64);
  add(HandshakeFault::too_large, many.substr(0, many.size() - 2), {"A"});
  add(HandshakeFault::too_large, head_of_size(8193).substr(0, 8192), {""});
  add(HandshakeFault::too_large, "HTTP/1.1 101 " + std::string(8192 - 13, 'a'), {""});
  std::string interim;
  while (interim.size() < 8192) interim += "HTTP/1.1 100 \r\n\r\n";
  add(HandshakeFault::too_large, interim.substr(0, 8192), {""});
  return heads;
}

TEST(ResponseHead, IsBrokenAtTheFirstByteThatCannotBePartOfOne) {
  for (const Broken& example : broken_heads()) {
    const std::string_view text = example.text;
    ResponseHead head;
    ASSERT_EQ(head.feed(as_bytes(text.substr(0, text.size() - 1))), text.size() - 1) << text;
    ASSERT_EQ(head.state(), State::incomplete) << text;
    ASSERT_EQ(head.feed(as_bytes(text.substr(text.size() - 1))), 1U) << text;
    ASSERT_EQ(head.state(), State::broken) << text;
    EXPECT_EQ(head.fault(), example.fault) << text;
    EXPECT_EQ(head.memory_bytes(), 0U) << text;
    EXPECT_EQ(head.feed(as_bytes("HTTP")), 0U) << text;
  }
}

TEST(ResponseHead, IsTheSameForEveryCutOneByteAtATimeToo) {
  std::vector<std::string> texts{
      answer() + "\x81\x05hello",
      "HTTP/1.1 100 Continue\r\nUpgrade: h2c\r\n\r\n" + answer() + "\x81\x05hello",
      "HTTP/1.0 503 \r\nRetry-After: 7\r\nA:\r\nB: \t \r\nC:c\r\nD: \t d\te \t\r\n\r\nbody",
      head_with_fields(64),
  };
  for (const std::string& text : texts) ASSERT_EQ(read(text).state(), State::complete) << text;
  for (const Broken& head : broken_heads()) {
    if (head.text.size() < 1000) texts.push_back(head.text + "more");
  }
  for (const std::string& text : texts) {
    ResponseHead piecemeal;
    std::size_t taken = 0;
    for (std::size_t size = 0; size <= text.size(); ++size) {
      if (size > 0) taken += piecemeal.feed(as_bytes(text.substr(size - 1, 1)));
      ASSERT_EQ(seen_of(piecemeal, taken), read_in(text.substr(0, size), {})) << text << size;
    }
    const Seen whole = read_in(text, {});
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      ASSERT_EQ(read_in(text, {cut}), whole) << text << " cut at " << cut;
    }
  }
}

TEST(ResponseHead, MayBeOfTheLargestSizeAndNotOneByteMore) {
  for (const std::string_view front : {"", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    for (const std::size_t size : {8191U, 8192U, 8193U}) {
      const std::string text = head_of_size(size, front);
      ASSERT_EQ(text.size(), size);
      for (const std::vector<std::size_t>& cuts :
           {std::vector<std::size_t>{}, {size - 1}, {8192}, std::vector<std::size_t>(size, 1)}) {
        const Seen seen = read_in(text + std::string(100'000, 'x'), cuts);
        EXPECT_EQ(seen.state, size <= 8192 ? State::complete : State::broken);
        EXPECT_EQ(seen.taken, std::min<std::size_t>(size, 8192));
        if (size > 8192) {
          EXPECT_EQ(seen.fault, HandshakeFault::too_large);
        } else {
          EXPECT_EQ(seen.fault, std::nullopt);
        }
      }
    }
  }
}

TEST(ResponseHead, MayHave64FieldsAndNotOneMore) {
  EXPECT_EQ(read(head_with_fields(63)).state(), State::complete);
  EXPECT_EQ(read(head_with_fields(64)).state(), State::complete);
  EXPECT_EQ(read(head_with_fields(65)).fault(), HandshakeFault::too_large);
}

TEST(ResponseHead, IsAValueThatGoesItsOwnWayOnceCopied) {
  const std::string text = "HTTP/1.1 100 \r\n\r\n" + answer();
  for (std::size_t size = 0; size < text.size(); ++size) {
    auto original = std::make_optional(read(text.substr(0, size)));
    ResponseHead copy = *original;
    static_cast<void>(original->feed(as_bytes(std::string(1, '\x7F'))));
    EXPECT_EQ(original->state(), State::broken);
    original.reset();
    static_cast<void>(copy.feed(as_bytes(text.substr(size))));
    EXPECT_EQ(seen_of(copy), seen_of(read(text)));
  }
}

TEST(ResponseHead, ForgetsEverythingAndItsMemoryWhenItIsCleared) {
  for (const std::string& text : {std::string{}, answer(), answer().substr(0, 50),
                                  std::string{"hello"}, head_of_size(8192)}) {
    ResponseHead head = read(text);
    head.clear();
    EXPECT_EQ(head.memory_bytes(), 0U);
    EXPECT_EQ(seen_of(head), seen_of(ResponseHead{}));
    EXPECT_EQ(head.feed(as_bytes(answer())), answer().size());
    EXPECT_EQ(seen_of(head), seen_of(read(answer())));
  }
}

// Bytes that mean something, at some places.
std::string mutate(std::string text) {
  const auto count = *rc::gen::weightedElement<int>({{3, 0}, {4, 1}, {2, 3}});
  for (int change = 0; change < count; ++change) {
    const auto place = *rc::gen::inRange<std::size_t>(0, text.size());
    const char character =
        *rc::gen::element<char>('\r', '\n', ' ', '\t', ':', '/', '\0', 'a', '\x80', ',', '1', '0');
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        text[place] = character;
        break;
      case 1:
        text.insert(place, 1, character);
        break;
      case 2:
        text.erase(place, 1);
        break;
      default:
        text.insert(place, text.substr(place / 2, *rc::gen::element<std::size_t>(2, 40, 4000)));
        break;
    }
  }
  return text;
}

RC_GTEST_PROP(ResponseHead, IsTheSameHoweverItIsCut, ()) {
  const auto front = *rc::gen::element<std::string>("", "HTTP/1.1 100 \r\n\r\n",
                                                    "HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n");
  const std::string text = mutate(front + answer_with("Retry-After: 5\r\n") + "\x81\x01x");
  const auto sizes =
      *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 40));
  const Seen whole = read_in(text, {});
  RC_ASSERT(read_in(text, sizes) == whole);
  RC_ASSERT(read_in(text, std::vector<std::size_t>(text.size(), 1)) == whole);
  RC_ASSERT(whole.taken <= ResponseHead::size_max);
  RC_CLASSIFY(whole.state == State::complete, "complete");
  RC_CLASSIFY(whole.state == State::broken, "broken");
}

TEST(ResponseHead, TellsInItsDigestWhatMakesADifferenceLater) {
  const std::vector<std::uint64_t> digests{
      seen_of(read("")).digest,         seen_of(read("HTTP")).digest,
      seen_of(read("HTTP/1.1")).digest, seen_of(read("HTTP/1.0")).digest,
      seen_of(read("hello")).digest,    seen_of(read("HTTP/2")).digest,
      seen_of(read(answer())).digest,   seen_of(read(head_with_fields(65))).digest};
  EXPECT_EQ(std::set(digests.begin(), digests.end()).size(), digests.size());
}

TEST(ResponseHeadDeathTest, HasAResponseOnlyOnceItIsComplete) {
  EXPECT_DEATH(static_cast<void>(ResponseHead{}.response()), "complete");
  EXPECT_DEATH(static_cast<void>(read("hello").response()), "complete");
}

TEST(ResponseHeadDeathTest, HasAFaultOnlyIfItIsBroken) {
  EXPECT_DEATH(static_cast<void>(ResponseHead{}.fault()), "broken");
  EXPECT_DEATH(static_cast<void>(read(answer()).fault()), "broken");
}

TEST(ClientRequestDeathTest, IsMadeOfNothingElse) {
  EXPECT_DEATH(request({.authority = "a\r\nX: y", .path = "/", .key = rfc_key()}), "is_valid");
}

}  // namespace
}  // namespace lastword::websocket
