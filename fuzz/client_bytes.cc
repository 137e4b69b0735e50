// What a server says, and a client: core/client behind core/client/client_pump.h, with a network in
// memory whose every byte is the fuzzer's (hostile_server.h; what the bytes mean: client_script.h).
//
// Oracles
//   reference   a second client in the plainest way, held against it behind each fact
//               (reference_client.h): its states and their reasons, the fate of each line, the
//               lines for the application, what is on the wire and in which order; that it is
//               never deaf; that what it holds is bounded
//   spin        at one instant, so many turns as something comes of, and few more
//   chunking    byte by byte, in one piece and cut as the input says: the same lines, the same
//               events, the same bytes written, the same state
//   the end     told to end, it is gone, each line has its fate, and nothing is left
//
// A client answers what it hears at the end of a read: of two pings in one read the last one (RFC
// 6455, section 5.5.3), and a ping in front of a Close not at all. So where a client that reads
// byte by byte does something, the other ways of cutting end a read too. A fourth run has no such
// stops: all that was said is read at once, all that is ready is told in one turn; it is held
// against the reference alone.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/hostile_server.h"
#include "fuzz/input.h"
#include "fuzz/oracle.h"
#include "fuzz/target.h"

namespace lastword::fuzz {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// The first option.
constexpr unsigned is_websocket = 1;
constexpr unsigned is_upgrading = 2;
constexpr unsigned is_welcoming = 4;
constexpr unsigned is_resending = 8;
constexpr unsigned is_not_reconnecting = 16;

// The second: which of four each of the bounds is.
constexpr std::array<std::size_t, 4> line_maxes{65'536, 300, 64, 12};
constexpr std::array<std::size_t, 4> outbound_maxes{std::size_t{1} << 20, 4000, 300, 1};
constexpr std::array<std::size_t, 4> received_line_maxes{std::size_t{4} << 20, 200, 70, 1};
constexpr std::array<std::size_t, 4> inbound_maxes{std::size_t{256} << 10, 1000, 100, 1};

// The third: times.
constexpr std::array<Duration, 4> heartbeats{seconds{15}, seconds{4}, seconds{1}, seconds{60}};
constexpr std::array<client::Delays, 4> delays{
    client::Delays{},
    client::Delays{.first = milliseconds{100},
                   .after_restart = milliseconds{200},
                   .after_refusal = milliseconds{400},
                   .max = milliseconds{800},
                   .stable = seconds{1}},
    client::Delays{.first = seconds{5}, .max = seconds{2}},
    client::Delays{.first = milliseconds{1},
                   .after_restart = milliseconds{1},
                   .after_refusal = milliseconds{1},
                   .max = minutes{60},
                   .stable = milliseconds{1}},
};
constexpr std::array<Duration, 4> release_delays{Duration::zero(), Duration::zero(), seconds{3},
                                                 milliseconds{50}};

// Some of the bits, as a number.
std::size_t bits(unsigned option, unsigned from) { return (option >> from) % 4; }

Situation situation_of(Input& input) {
  Situation situation;
  client::Config& config = situation.config;
  config.name = "alice";
  config.url = {.transport = Transport::lines, .host = "server", .port = 8080};
  const unsigned kind = input.byte();
  if ((kind & is_websocket) != 0) config.url.transport = Transport::websocket;
  situation.is_upgrading = (kind & is_upgrading) != 0;
  situation.is_welcoming = (kind & is_welcoming) != 0;
  if ((kind & is_resending) != 0) config.if_unknown = client::IfUnknown::resend;
  config.is_reconnecting = (kind & is_not_reconnecting) == 0;
  const unsigned bounds = input.byte();
  config.line_max = line_maxes[bits(bounds, 0)];
  config.outbound_max = outbound_maxes[bits(bounds, 2)];
  config.received_line_max = received_line_maxes[bits(bounds, 4)];
  config.inbound_max = inbound_maxes[bits(bounds, 6)];
  const unsigned times = input.byte();
  config.heartbeat = heartbeats[bits(times, 0)];
  config.delays = delays[bits(times, 2)];
  if (bits(times, 4) == 1) config.name_patience = seconds{2};
  situation.is_released_at_once = bits(times, 6) == 0;
  situation.release_delay = release_delays[bits(times, 6)];
  situation.seed.front() = std::byte{input.byte()};
  return situation;
}

// The client draws from its seed alone, so the same is the same in every run.
void compare(const Course& expected, const Course& found, std::string_view name) {
  require_same(expected.events, found.events, "chunking", std::string{name} + ", events");
  require_same(expected.lines, found.lines, "chunking", std::string{name} + ", lines");
  require_same(expected.written, found.written, "chunking", std::string{name} + ", written");
  require_same(expected.digests, found.digests, "chunking", std::string{name} + ", digests");
}

}  // namespace
}  // namespace lastword::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lastword::fuzz;
  Input input{{data, size}};
  const Situation situation = situation_of(input);
  const std::vector<std::size_t> cuts = input.cuts();
  const std::string_view script = input.rest();

  HostileServer byte_by_byte{situation, {.name = "byte by byte", .read_max = 1}};
  byte_by_byte.play(script);
  const std::vector<std::size_t>& stops = byte_by_byte.stops();
  for (const Manner& manner :
       {Manner{.name = "whole", .stops = &stops},
        Manner{.name = "cut as the input says", .cuts = cuts, .stops = &stops}}) {
    HostileServer server{situation, manner};
    server.play(script);
    compare(byte_by_byte.course(), server.course(), manner.name);
  }
  HostileServer at_once{situation, {.name = "at once", .is_hurried = true}};
  at_once.play(script);
  return 0;
}
