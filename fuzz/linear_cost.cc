// What costs an attacker nothing must cost a server little: that the work on lines, heads and
// addresses grows with their size and no faster, counted in steps (steps.h), on texts that are dear
// on purpose.
//
//   linear_cost            each family at four sizes, each twice the one before; whole, in small
//                          reads and byte by byte
//   linear_cost rescan     the same by a reader who begins anew with each read: it must be found
//
// The targets bound the steps of whatever a fuzzer finds; here it is the growth that is judged, up
// to the limits.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/bytes.h"
#include "core/client/url.h"
#include "core/line_framer.h"
#include "core/line_parser.h"
#include "core/websocket/accept_key.h"
#include "core/websocket/client_handshake.h"
#include "core/websocket/handshake.h"
#include "core/websocket/request_head.h"
#include "fuzz/input.h"
#include "fuzz/steps.h"

namespace lastword::fuzz {
namespace {

// A text of any size: its front, its unit over and over, its back.
struct Family {
  std::string name;
  std::string front;
  std::string unit;
  std::string back;
};

std::string text_of(const Family& family, std::size_t size) {
  std::string text{family.front};
  while (text.size() + family.unit.size() + family.back.size() <= size) text += family.unit;
  return text.append(family.back);
}

// --- What is done with a text -------------------------------------------------------------------

// Returns how many bytes were taken.
using Reader = std::function<std::size_t(const Chunks&)>;

std::size_t read_request(const Chunks& chunks) {
  static const websocket::HandshakePolicy policy{.host_names = {"chat.example", "other.example"},
                                                 .allowed_origins = {"https://app.example", "null"},
                                                 .is_compressing = true};
  websocket::RequestHead head;
  std::size_t taken = 0;
  for (const std::string_view chunk : chunks) taken += head.feed(as_bytes(chunk));
  if (head.state() == websocket::RequestHead::State::incomplete) return taken;
  std::string out;
  append_response(out, head, decide(head, policy));
  return taken;
}

std::size_t read_response(const Chunks& chunks) {
  static const auto key = websocket::make_key(std::array<std::byte, websocket::nonce_size>{});
  websocket::ResponseHead head;
  std::size_t taken = 0;
  for (const std::string_view chunk : chunks) taken += head.feed(as_bytes(chunk));
  if (head.state() == websocket::ResponseHead::State::complete) {
    static_cast<void>(check(head.response(), key));
  }
  return taken;
}

// An address is there at once.
std::size_t read_address(const Chunks& chunks) {
  if (chunks.size() != 1) return 0;
  const auto url = client::parse_url(chunks.front());
  if (url) static_cast<void>(to_string(*url).size() + authority_of(*url).size());
  return chunks.front().size();
}

std::size_t read_lines(const Chunks& chunks, std::size_t line_max) {
  LineFramer framer;
  Framing framing{.line_max = line_max};
  std::size_t taken = 0;
  for (const std::string_view chunk : chunks) {
    framer.feed(as_bytes(chunk));
    while (const auto line = framer.front(framing)) {
      if (const auto parsed = parse_line(line->text)) {
        if (const auto* message = std::get_if<line::Message>(&*parsed)) {
          DestinationReader reader{message->destinations};
          while (!reader.next().empty()) {
          }
        }
      }
      framer.pop();
    }
    framer.keep(framing);
    taken += chunk.size();
  }
  return taken;
}

std::size_t read_long_lines(const Chunks& chunks) { return read_lines(chunks, 65'536); }
std::size_t read_overlong_lines(const Chunks& chunks) { return read_lines(chunks, 64); }

// --- What is dear -------------------------------------------------------------------------------

struct Subject {
  std::string_view name;
  Reader read;
  std::size_t size_max = 0;
  std::vector<Family> families;
};

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
const std::string upgrade =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const std::string end = "\r\n\r\n";
const std::string switching = "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

// With what opens a WebSocket before it: so that what is decided is counted too.
std::string upgrade_with(std::string_view name) { return upgrade + std::string{name} + ": "; }

// A field line of 140 bytes: with those of an upgrade, 60 of them make a head of 8000.
std::string field_line(std::string_view front, char filling) {
  constexpr std::size_t size = 140;
  const std::string_view line_end = "\r\n";
  std::string line{front};
  line.append(size - line.size() - line_end.size(), filling);
  return line.append(line_end);
}

Subject requests() {
  const std::string extensions = upgrade_with("Sec-WebSocket-Extensions");
  const std::string protocols = upgrade_with("Sec-WebSocket-Protocol");
  const std::string origin = upgrade_with("Origin");
  const std::string unknown = upgrade_with("X-Unknown");
  return {
      .name = "request",
      .read = read_request,
      .size_max = 8000,
      .families = {
          {"method", "", "A", " / HTTP/1.0\r\n\r\n"},
          {"target", "GET /", "a/", " HTTP/1.0\r\n\r\n"},
          {"query", "GET /ws?", "?", " HTTP/1.0\r\n\r\n"},
          {"absolute target", "GET http://", "a", "/ HTTP/1.0\r\n\r\n"},
          {"absolute target of colons", "GET http://[", ":", "]/ HTTP/1.0\r\n"},
          {"no scheme", "GET x", ":", " HTTP/1.0\r\n"},
          {"CONNECT", "CONNECT ", "%41", ":80 HTTP/1.0\r\n\r\n"},
          {"one field", unknown, "x", end},
          {"blanks", unknown, " \t", end},
          {"blanks within", unknown, "x ", end},
          {"a name", get, "N", ": x\r\n\r\n"},
          {"Host", "GET / HTTP/1.1\r\nHost: ", "a.", end},
          {"Host, escaped", "GET / HTTP/1.1\r\nHost: ", "%4a", end},
          {"Host, digits", "GET / HTTP/1.1\r\nHost: ", "1.", end},
          {"Host, groups", "GET / HTTP/1.1\r\nHost: [", "1:", "]\r\n"},
          {"Host, port", "GET / HTTP/1.1\r\nHost: a:", "0", end},
          {"Content-Length", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ", "0", end},
          {"Connection", "GET / HTTP/1.1\r\nHost: a\r\nConnection: ", "a,", end},
          {"Connection, commas", "GET / HTTP/1.1\r\nHost: a\r\nConnection: ", ",", end},
          {"Connection, blanks", "GET / HTTP/1.1\r\nHost: a\r\nConnection: ", " , ", end},
          {"Connection, nearly", "GET / HTTP/1.1\r\nHost: a\r\nConnection: ", "upgrad,", end},
          {"Upgrade", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: ", "websocke,", end},
          {"Upgrade, twice", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: ", "websocket,", end},
          {"Origin", origin, "a.", end},
          {"Origin, address", origin, "http://[1:", end},
          {"Origin, host", origin + "http://", "a", end},
          {"protocols", protocols, "chat,", end},
          {"offers", extensions, "permessage-deflate,", end},
          {"offers that are declined", extensions, "permessage-deflate;x,", end},
          {"parameters", extensions, "x;y;", "z\r\n\r\n"},
          {"repeated parameters", extensions, "permessage-deflate;server_max_window_bits=10,", end},
          {"one offer, one parameter", extensions, "x;client_max_window_bits;", "x\r\n\r\n"},
          {"quoted value", extensions, "x;y=\"z\",", end},
          {"escapes", extensions, R"(x;y="\z\z\z\z\z\z\z",)", end},
          {"commas", extensions, ",", "x\r\n\r\n"},
          {"blanks in offers", extensions, " \t", "x\r\n\r\n"},
          {"offers in many fields", upgrade, field_line("Sec-WebSocket-Extensions: x;y=", 'z'),
           "\r\n"},
          {"many fields", get, field_line("Sec-WebSocket-Protocol: ", 'a'), "\r\n"},
          {"no end", get, "X", ""},
      }};
}

Subject responses() {
  return {.name = "response",
          .read = read_response,
          .size_max = 8000,
          .families = {
              {"interim", "", "HTTP/1.1 100 \r\n\r\n", "HTTP/1.1 200 \r\n\r\n"},
              {"interim with fields", "", "HTTP/1.1 103 \r\nLink: a\r\nConnection: upgrade\r\n\r\n",
               "HTTP/1.1 200 \r\n\r\n"},
              {"reason", "HTTP/1.1 200 ", "OK ", end},
              {"one field", "HTTP/1.1 101 \r\nX: ", "x", end},
              {"Connection", "HTTP/1.1 101 \r\nConnection: ", "upgrad,", end},
              {"Upgrade", "HTTP/1.1 101 \r\nUpgrade: ", "websocket,", end},
              {"Sec-WebSocket-Accept", switching + "Sec-WebSocket-Accept: ", "A", end},
              {"Retry-After", "HTTP/1.1 503 \r\nRetry-After: ", "9", end},
              {"many fields", switching, field_line("Retry-After: ", '0'), "\r\n"},
              {"no end", "HTTP/1.1 101 \r\n", "X", ""},
          }};
}

Subject addresses() {
  return {.name = "address",
          .read = read_address,
          .size_max = 8000,
          .families = {
              {"scheme", "", "w", "://a/"},
              {"no scheme", "", ":", ""},
              {"host", "ws://", "a.", "/"},
              {"escaped host", "ws://", "%41", "/"},
              {"groups", "ws://[", "1:", "]/"},
              {"port", "ws://a:", "0", "1/"},
              {"path", "ws://a/", "b/", ""},
              {"query", "ws://a", "?", ""},
          }};
}

Subject lines() {
  return {.name = "lines",
          .read = read_long_lines,
          .size_max = 64'000,
          .families = {
              {"empty lines", "", "\n", ""},
              {"empty lines with CR", "", "\r\n", ""},
              {"one line", "a: ", "x", "\n"},
              {"no end", "a: ", "x", ""},
              {"short lines", "", "a:b\n", ""},
              {"DESTs", "", "a,", ": x\n"},
              {"the same DEST", "", "alice,", ": x\n"},
              {"commas", "", ",", "a: x\n"},
              {"blanks", "a", " \t", ": x\n"},
              {"blanks behind", "a: x", " \t", "\n"},
              {"colons", "a", ":", "\n"},
              {"no colon", "", "a,", "\n"},
              {"CRs", "a:", "\r", "\n"},
              {"commands", "", "/join #room\n/who #room\n/ping x\n/leave #room\n/help\n", ""},
              {"bad commands", "", "/join x\n/nothing\n/who x\n", ""},
              {"a long room", "/join #", "\xC3\xA9", "\n"},
              {"a long word", "/", "x", "\n"},
              {"a long token", "/ping ", "x", "\n"},
          }};
}

Subject overlong_lines() {
  return {.name = "over-long lines",
          .read = read_overlong_lines,
          .size_max = 64'000,
          .families = {
              {"one", "", "x", "\n"},
              {"many", "", std::string(70, 'x') + "\n", ""},
              {"of the largest size", "", std::string(63, 'x') + "\n", ""},
              {"no end", "", "x", ""},
          }};
}

// --- The judgement ------------------------------------------------------------------------------

// How a text comes: in reads of so many bytes; 0: whole.
constexpr std::size_t whole = 0;

struct Measured {
  std::uint64_t steps = 0;
  std::size_t size = 0;  // of the text, which is made of whole units
  bool is_all_taken = false;
};

Measured measure(const Subject& subject, const Family& family, std::size_t size,
                 std::size_t read_size) {
  const std::string text = text_of(family, size);
  const Chunks chunks = read_size == whole ? Chunks{text} : cut(text, {&read_size, 1});
  const StepCount count;
  const std::size_t taken = subject.read(chunks);
  return {.steps = count.steps(), .size = text.size(), .is_all_taken = taken == text.size()};
}

// Twice the size takes at most 2.2 times the steps, and a few that don't depend on the size.
bool is_linear(const Measured& smaller, const Measured& larger) {
  constexpr std::uint64_t steps_allowed = 500;
  return 10 * larger.steps * smaller.size <=
         11 * smaller.steps * larger.size + 10 * steps_allowed * smaller.size;
}

// Prints a row. Is the growth linear, and was the family worth its name?
bool judge(const Subject& subject, const Family& family, std::size_t read_size) {
  constexpr std::size_t sizes = 4;
  std::string row;
  std::string_view verdict = "fine";
  std::optional<Measured> before;
  for (std::size_t at = 0; at < sizes; ++at) {
    const std::size_t size = subject.size_max >> (sizes - 1 - at);
    const Measured measured = measure(subject, family, size, read_size);
    row += " " + std::to_string(measured.steps);
    if (!measured.is_all_taken) verdict = "is not all taken";
    if (measured.steps < size / 16) verdict = "is not counted";
    if (before && !is_linear(*before, measured)) verdict = "grows too fast";
    before = measured;
  }
  const std::string way = read_size == whole ? "whole" : "by " + std::to_string(read_size);
  std::printf("%-16.*s %-26s %-6s%s: %.*s\n", static_cast<int>(subject.name.size()),
              subject.name.data(), family.name.c_str(), way.c_str(), row.c_str(),
              static_cast<int>(verdict.size()), verdict.data());
  return verdict == "fine";
}

bool judge(const Subject& subject, const std::vector<std::size_t>& read_sizes) {
  bool is_good = true;
  for (const Family& family : subject.families) {
    for (const std::size_t read_size : read_sizes) {
      if (!judge(subject, family, read_size)) is_good = false;
    }
  }
  return is_good;
}

// One who keeps no state between reads.
Subject rescanned(const Subject& subject) {
  Subject changed = subject;
  changed.read = [read = subject.read](const Chunks& chunks) {
    std::size_t taken = 0;
    std::size_t size = 0;
    for (const std::string_view chunk : chunks) {
      size += chunk.size();
      taken = read({{chunks.front().data(), size}});
    }
    return taken;
  };
  return changed;
}

}  // namespace
}  // namespace lastword::fuzz

int main(int argument_count, char** arguments) {
  using namespace lastword::fuzz;
  const bool is_rescan = argument_count == 2 && std::string_view{arguments[1]} == "rescan";
  if (argument_count > 1 && !is_rescan) {
    std::fprintf(stderr, "usage: %s [rescan]\n", arguments[0]);
    return 2;
  }
  if (is_rescan) return judge(rescanned(responses()), {7}) ? 0 : 1;
  bool is_good = true;
  for (const Subject& subject : {requests(), responses(), lines(), overlong_lines()}) {
    if (!judge(subject, {whole, 7, 1})) is_good = false;
  }
  if (!judge(addresses(), {whole})) is_good = false;
  return is_good ? 0 : 1;
}
