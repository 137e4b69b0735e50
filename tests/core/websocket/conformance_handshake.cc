// Category H: requests in, answers out.
#include "tests/core/websocket/conformance.h"

namespace lastword::test::conformance {

namespace {

constexpr std::string_view get = "GET / HTTP/1.1";
constexpr std::string_view host = "Host: 127.0.0.1:8081";
constexpr std::string_view upgrade = "Upgrade: websocket";
constexpr std::string_view connection = "Connection: Upgrade";
constexpr std::string_view key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view version = "Sec-WebSocket-Version: 13";

constexpr std::string_view switched = "HTTP/1.1 101 Switching Protocols";
constexpr std::string_view bad_request = "HTTP/1.1 400 Bad Request";

Setup accepted() { return {.config = {}, .extensions = {}, .start = Start::accepted}; }

Setup compressing() {
  Setup setup = accepted();
  setup.config.handshake.is_compressing = true;
  return setup;
}

std::string accept_field() { return "Sec-WebSocket-Accept: "s.append(usual_accept); }

// The request is answered with 101, nothing is agreed, and what follows is frames.
Play opening(std::string request) {
  return [request = std::move(request)](World& world) {
    world.send(request);
    world.expect_response(switched, {"Upgrade: websocket", "Connection: Upgrade", accept_field()});
    world.expect_no_field("Sec-WebSocket-Extensions");
    world.expect_no_field("Sec-WebSocket-Protocol");
    world.send(text_frame("me") + say("hello"));
    world.expect({heard("hello")});
  };
}

// The same with an offer, and what is agreed; empty: nothing.
Play offering(std::string_view offer, std::string_view agreed) {
  return [offer = std::string{offer}, agreed = std::string{agreed}](World& world) {
    world.send(usual_request(offer));
    if (agreed.empty()) {
      world.expect_response(switched);
      world.expect_no_field("Sec-WebSocket-Extensions");
    } else {
      world.expect_response(switched, {"Sec-WebSocket-Extensions: " + agreed});
    }
    world.send(text_frame("me") + say("hello"));
    world.expect({heard("hello")});
  };
}

// The request is answered with this and these fields, a text that says why, and the end.
Play refused(std::string request, std::string_view first_line,
             std::vector<std::string> fields = {}) {
  return [request = std::move(request), first_line = std::string{first_line},
          fields = std::move(fields)](World& world) {
    world.send(request);
    world.expect_response(first_line, fields);
    world.expect_no_field("Sec-WebSocket-Accept");
    if (world.body().empty()) throw Mismatch("no word about why");
    world.expect_fin();
    // Nothing is answered any more.
    world.send(usual_request());
    world.expect_fin();
    if (!world.body().empty()) throw Mismatch("a second answer");
  };
}

std::string with(std::string_view replaced, std::string_view by) {
  const auto pick = [&](std::string_view field) { return field == replaced ? by : field; };
  return head(pick(get), {pick(host), pick(upgrade), pick(connection), pick(key), pick(version)});
}

std::string without(std::string_view left_out) {
  std::string out = std::string{get}.append("\r\n");
  for (const std::string_view field : {host, upgrade, connection, key, version}) {
    if (field != left_out) out.append(field).append("\r\n");
  }
  return out.append("\r\n");
}

std::string and_also(std::string_view field) {
  return head(get, {host, upgrade, connection, key, version, field});
}

void add_good_ones(std::vector<Case>& cases) {
  struct Spelling {
    std::string_view told;
    std::string request;
  };
  const std::vector<Spelling> spellings{
      {"The shortest request is answered with 101.",
       head(get, {host, upgrade, connection, key, version})},
      {"The path /ws is as good as /.", with(get, "GET /ws HTTP/1.1")},
      {"A query behind the path does not matter.", with(get, "GET /ws?room=lobby HTTP/1.1")},
      {"The target may be a whole URL.", with(get, "GET http://127.0.0.1:8081/ws HTTP/1.1")},
      {"Names of fields are in any case.",
       head(get, {"hOST: x", "UPGRADE: websocket", "connection: Upgrade",
                  "SEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version: 13"})},
      {"So is the value of Upgrade.", with(upgrade, "Upgrade: WebSocket")},
      {"So is that of Connection, which may be a list.",
       with(connection, "Connection: keep-alive, uPGRADE")},
      {"A list may be in several fields.",
       head(get, {host, upgrade, "Connection: keep-alive", connection, key, version})},
      {"Upgrade may list others.", with(upgrade, "Upgrade: h2c, websocket")},
      {"There may be no blank, or many, around a value.",
       head(get, {"Host:x", "Upgrade:websocket", "Connection: \t Upgrade \t", key, version})},
      {"Unknown fields are passed over, those with bytes from 0x80 on, too.",
       and_also("X-Name: \xC3\xA4, \xFF")},
      {"One empty line may come before the request.", "\r\n" + usual_request()},
      {"A subprotocol is not agreed to.", and_also("Sec-WebSocket-Protocol: chat")},
      {"An Origin that is the host and port of this server is let in.",
       and_also("Origin: http://127.0.0.1:8081")},
      {"So is one that is an IPv6 address.",
       head(get,
            {"Host: [::1]:8081", upgrade, connection, key, version, "Origin: http://[::1]:8081"})},
      {"So is localhost.", head(get, {"Host: localhost:8081", upgrade, connection, key, version,
                                      "Origin: http://LOCALHOST:8081"})},
      {"A body of no bytes is none.", and_also("Content-Length: 0")},
      {"A head of just 8 KiB is taken.",
       and_also("X-Long: " + std::string(8192 - and_also("X-Long: ").size(), 'x'))},
  };
  std::size_t number = 1;
  for (const Spelling& each : spellings) {
    cases.push_back({"H.1." + std::to_string(number++), std::string{each.told},
                     opening(each.request), accepted()});
  }
  cases.push_back(
      {"H.1." + std::to_string(number++), "Frames may follow the request before it is answered.",
       [](World& world) {
         world.send(usual_request() + text_frame("me") + ping_frame("x") + say("hello"));
         world.expect_response(switched, {accept_field()});
         world.expect({ponged("x"), heard("hello")});
       },
       accepted()});
  Setup named = accepted();
  named.config.handshake.host_names = {"chat.example"};
  cases.push_back({"H.1." + std::to_string(number++),
                   "A page of a host that the operator named is let in.",
                   opening(head(get, {"Host: chat.example:8081", upgrade, connection, key, version,
                                      "Origin: http://chat.example:8081"})),
                   named});
  Setup allowed = accepted();
  allowed.config.handshake.allowed_origins = {"https://elsewhere.example"};
  cases.push_back({"H.1." + std::to_string(number), "So is one whose full origin was allowed.",
                   opening(and_also("Origin: https://elsewhere.example")), allowed});
}

void add_offers(std::vector<Case>& cases) {
  constexpr std::string_view both =
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  const std::string with_9 = std::string{both} + "; server_max_window_bits=9";
  const std::string with_15 = std::string{both} + "; server_max_window_bits=15";
  struct Offer {
    std::string_view told;
    std::string_view offer;
    std::string_view agreed;
  };
  const std::vector<Offer> offers{
      {"permessage-deflate is agreed to, without context takeover.", "permessage-deflate", both},
      {"Its names may be quoted values and have blanks around them.",
       "permessage-deflate ; server_max_window_bits = \"15\"", with_15},
      {"A window of 10 bits becomes one of 9.", "permessage-deflate; server_max_window_bits=10",
       with_9},
      {"What a browser offers.", "permessage-deflate; client_max_window_bits", both},
      {"An unknown extension is declined.", "x-webkit-deflate-frame", ""},
      {"An unknown parameter makes the offer one that is declined.", "permessage-deflate; unknown",
       ""},
      {"So does one that is repeated.",
       "permessage-deflate; server_no_context_takeover; server_no_context_takeover", ""},
      {"So does a window of 7 bits.", "permessage-deflate; server_max_window_bits=7", ""},
      {"So does one of 16 bits.", "permessage-deflate; client_max_window_bits=16", ""},
      {"The first of several offers that can be taken is.",
       "foo; bar, permessage-deflate; server_max_window_bits=8, permessage-deflate; "
       "server_max_window_bits=12, permessage-deflate",
       with_9},
  };
  std::size_t number = 1;
  for (const Offer& each : offers) {
    cases.push_back({"H.2." + std::to_string(number++), std::string{each.told},
                     offering(each.offer, each.agreed), compressing()});
  }
  cases.push_back({"H.2." + std::to_string(number++),
                   "An offer is not answered where the operator does not want compression.",
                   offering("permessage-deflate", ""), accepted()});
  for (const std::string_view offer :
       {"permessage-deflate; =15", "permessage-deflate;", "; a", "a b", "a; b=\"c"}) {
    cases.push_back({"H.2." + std::to_string(number++),
                     "A list that is none by the grammar is 400: " + std::string{offer},
                     refused(usual_request(offer), bad_request), compressing()});
  }
}

void add_bad_ones(std::vector<Case>& cases) {
  struct Refusal {
    std::string_view told;
    std::string request;
  };
  const std::vector<Refusal> refusals{
      {"no Upgrade", without(upgrade)},
      {"no Connection", without(connection)},
      {"no key", without(key)},
      {"no version", without(version)},
      {"no Host", without(host)},
      {"two Hosts", and_also(host)},
      {"two keys", and_also(key)},
      {"two versions", and_also(version)},
      {"a Host that is none", with(host, "Host: a b")},
      {"an Upgrade to something else", with(upgrade, "Upgrade: h2c")},
      {"a Connection without Upgrade", with(connection, "Connection: keep-alive")},
      {"a key of 15 bytes", with(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j")},
      {"a key of 17 bytes", with(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZXh4")},
      {"a key that is not base64", with(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==")},
      {"a POST", with(get, "POST / HTTP/1.1")},
      {"HTTP/1.0", with(get, "GET / HTTP/1.0")},
      {"a body", and_also("Content-Length: 5")},
      {"a body of unknown length", and_also("Transfer-Encoding: chunked")},
      {"a blank before a colon", and_also("X-Name : x")},
      {"a folded line", and_also("X-Name: x\r\n  y")},
      {"a field without a colon", and_also("X-Name")},
      {"a field without a name", and_also(": x")},
      {"a bare LF", std::string{get} + "\n" + std::string{host} + "\n\n"},
      {"a bare CR in a value", and_also("X-Name: x\ry")},
      {"a NUL in a value", and_also(std::string_view{"X-Name: \0", 9})},
      {"two blanks in the request line", with(get, "GET  / HTTP/1.1")},
      {"no version of HTTP", with(get, "GET /")},
      {"a fragment in the target", with(get, "GET /#top HTTP/1.1")},
      {"a name of the line protocol", "alice\r\n"},
      {"the first bytes of TLS", "\x16\x03\x01\x02"},
  };
  std::size_t number = 1;
  for (const Refusal& each : refusals) {
    cases.push_back({"H.3." + std::to_string(number++),
                     "A bad request is 400: " + std::string{each.told} + ".",
                     refused(each.request, bad_request, {"Connection: close"}), accepted()});
  }
}

void play_full(World& world) {
  world.send(usual_request());
  world.expect_response(switched);
  const std::size_t second = world.connect();
  world.send(usual_request(), second);
  world.expect_response("HTTP/1.1 503 Service Unavailable", {"Connection: close"}, second);
  world.expect_fin(true, second);
  static_cast<void>(world.body(second));
}

void play_late(World& world) {
  world.send("GET / HTTP/1.1\r\nHost: x\r\n");
  world.advance(std::chrono::milliseconds{9999});
  world.expect_fin(false);
  if (!world.body().empty()) throw Mismatch("an answer before its time");
  world.advance(std::chrono::milliseconds{1});
  world.expect_response("HTTP/1.1 408 Request Timeout", {"Connection: close"});
  world.expect_fin();
  static_cast<void>(world.body());
}

void play_page(World& world) {
  world.send(head(get, {host}));
  world.expect_response("HTTP/1.1 200 OK", {"Content-Type: text/plain; charset=utf-8"});
  if (world.body().find("WebSocket") == std::string::npos) throw Mismatch("not what it should say");
  world.expect_fin();
}

void play_head(World& world) {
  world.send(head("HEAD / HTTP/1.1", {host}));
  world.expect_response("HTTP/1.1 200 OK");
  if (!world.body().empty()) throw Mismatch("a body in the answer to HEAD");
  world.expect_fin();
}

void add_others(std::vector<Case>& cases) {
  struct Refusal {
    std::string_view told;
    std::string request;
    std::string_view first_line;
    std::string_view field;
  };
  constexpr std::string_view upgrade_required = "HTTP/1.1 426 Upgrade Required";
  constexpr std::string_view forbidden = "HTTP/1.1 403 Forbidden";
  constexpr std::string_view too_large = "HTTP/1.1 431 Request Header Fields Too Large";
  constexpr std::string_view our_version = "Sec-WebSocket-Version: 13";
  std::string many_fields = std::string{get} + "\r\n";
  for (int count = 0; count < 65; ++count) many_fields.append("X: y\r\n");
  const std::vector<Refusal> refusals{
      {"Version 8 is 426, and the answer names 13.", with(version, "Sec-WebSocket-Version: 8"),
       upgrade_required, our_version},
      {"So is version 013.", with(version, "Sec-WebSocket-Version: 013"), upgrade_required,
       our_version},
      {"A GET of /ws without an upgrade is 426.", head("GET /ws HTTP/1.1", {host}),
       upgrade_required, "Upgrade: websocket"},
      {"Another path is 404.", with(get, "GET /other HTTP/1.1"), "HTTP/1.1 404 Not Found", {}},
      {"So is one without an upgrade.",
       head("GET /favicon.ico HTTP/1.1", {host}),
       "HTTP/1.1 404 Not Found",
       {}},
      {"A POST without an upgrade is 405.", head("POST / HTTP/1.1", {host, "Content-Length: 3"}),
       "HTTP/1.1 405 Method Not Allowed", "Allow: GET, HEAD"},
      {"HTTP/2 is 505.",
       "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
       "HTTP/1.1 505 HTTP Version Not Supported",
       {}},
      {"A page from elsewhere is 403.",
       and_also("Origin: http://elsewhere.example"),
       forbidden,
       {}},
      {"So is one from another port.", and_also("Origin: http://127.0.0.1:80"), forbidden, {}},
      {"So is the origin null.", and_also("Origin: null"), forbidden, {}},
      {"So is a page whose host is this one's, if that is a name that nobody named.",
       head(get, {"Host: rebound.example", upgrade, connection, key, version,
                  "Origin: http://rebound.example"}),
       forbidden,
       {}},
      {"A head that is one byte larger than 8 KiB is 431 (the contract leaves it open up to 64).",
       and_also("X-Long: " + std::string(8193 - and_also("X-Long: ").size(), 'x')),
       too_large,
       {}},
      {"A request line without end is 431 as well.",
       "GET /" + std::string(70'000, 'x'),
       too_large,
       {}},
      {"So are 65 fields.", many_fields, too_large, {}},
  };
  std::size_t number = 1;
  for (const Refusal& each : refusals) {
    std::vector<std::string> fields;
    if (!each.field.empty()) fields.emplace_back(each.field);
    cases.push_back({"H.4." + std::to_string(number++), std::string{each.told},
                     refused(each.request, each.first_line, fields), accepted()});
  }
  const auto add = [&](std::string_view told, Play play, const Setup& setup) {
    cases.push_back({"H.4." + std::to_string(number++), std::string{told}, std::move(play), setup});
  };
  Setup small = accepted();
  small.config.connections_max = 1;
  add("At the most connections that there may be, the next one is 503.", play_full, small);
  add("A request that has not come to its end after 10 s is 408.", play_late, accepted());
  add("A GET of / without an upgrade says what this port is.", play_page, accepted());
  add("A HEAD of it says the same without words.", play_head, accepted());
}

}  // namespace

Category handshakes() {
  Category category{.name = "H", .title = "Handshakes", .cases = {}};
  add_good_ones(category.cases);
  add_offers(category.cases);
  add_bad_ones(category.cases);
  add_others(category.cases);
  return category;
}

}  // namespace lastword::test::conformance
