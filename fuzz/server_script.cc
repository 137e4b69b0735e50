#include "fuzz/server_script.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "fuzz/input.h"
#include "fuzz/small_world.h"

namespace lastword::fuzz {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// More of it is not played, so that no input takes long.
constexpr std::size_t stream_bytes_max = 2048;
constexpr std::size_t acts_max = 32;

// Around the timeouts: linger 2 s, close 5 s, login and stall 10 s, heartbeat and drain 30 s.
constexpr std::array<Duration, 8> spans{
    milliseconds{1}, seconds{1},  seconds{2},  seconds{5}, seconds{10} - nanoseconds{1},
    seconds{10},     seconds{30}, seconds{90},
};

struct Bounds {
  std::size_t line_max = 0;
  std::size_t outbox_max = 0;
  std::size_t memory_max = 0;
  std::uint32_t connections_max = 16;
  std::uint32_t work_per_fact_max = 65'536;
};

// The healthy clients alone live within all of them.
constexpr std::size_t wide = std::size_t{1} << 20;
constexpr std::array<Bounds, 8> all_bounds{{
    {.line_max = 1024, .outbox_max = wide, .memory_max = wide},
    {.line_max = 64, .outbox_max = wide, .memory_max = wide},
    {.line_max = 64, .outbox_max = 64, .memory_max = wide},
    {.line_max = 256, .outbox_max = 512, .memory_max = wide},
    {.line_max = 64, .outbox_max = wide, .memory_max = 128},
    {.line_max = 256, .outbox_max = 512, .memory_max = 700, .work_per_fact_max = 3},
    {.line_max = 256, .outbox_max = wide, .memory_max = wide, .work_per_fact_max = 1},
    {.line_max = 256, .outbox_max = wide, .memory_max = wide, .connections_max = 3},
}};

constexpr std::array<std::size_t, 4> send_buffers{SmallNetwork::wide_buffer_max, 5, 24, 100};

constexpr std::string_view request_begin =
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view deflate_offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
constexpr std::string_view request_end = "\r\n";

std::optional<Act> act_for(char letter) {
  if (letter >= '0' && letter <= '7') {
    return Act{.kind = Act::Kind::pass, .span = spans.at(static_cast<std::size_t>(letter - '0'))};
  }
  switch (letter) {
    case 'h':
      return Act{.kind = Act::Kind::talk};
    case 'n':
      return Act{.kind = Act::Kind::line};
    case 's':
      return Act{.kind = Act::Kind::stop};
    case 'f':
      return Act{.kind = Act::Kind::end};
    case 'x':
      return Act{.kind = Act::Kind::break_off, .fault = Fault::reset};
    case 'o':
      return Act{.kind = Act::Kind::break_off, .fault = Fault::timed_out};
    case 'r':
      return Act{.kind = Act::Kind::turn_ear};
    default:
      return std::nullopt;
  }
}

std::vector<Piece> pieces_of(std::string_view stream) {
  std::vector<Piece> pieces(1);
  for (std::size_t at = 0; at < stream.size(); ++at) {
    const bool is_marked = stream[at] == act_mark && at + 1 < stream.size();
    const auto act = is_marked ? act_for(stream[at + 1]) : std::nullopt;
    if (act && pieces.size() <= acts_max) {
      pieces.back().act = *act;
      pieces.emplace_back();
      ++at;
      continue;
    }
    pieces.back().bytes.push_back(stream[at]);
    if (is_marked && stream[at + 1] == act_mark) ++at;
  }
  return pieces;
}

// By lines; by WebSocket behind a handshake, without and with an offer to compress; with whatever
// the stream has for a handshake. From 2 on the server compresses where it is asked to.
void choose_approach(std::size_t approach, Script& script) {
  script.form = std::array{Form::lines, Form::frames, Form::frames, Form::head}.at(approach % 4);
  script.config.handshake.is_compressing = approach >= 2;
  if (script.form != Form::frames) return;
  const bool is_offering = approach % 4 == 2;
  script.opening.append(request_begin);
  if (is_offering) script.opening.append(deflate_offer);
  script.opening.append(request_end);
}

}  // namespace

bool Script::reads_always() const {
  const auto is_turn = [](const Piece& piece) { return piece.act.kind == Act::Kind::turn_ear; };
  return is_reading && read_max == SIZE_MAX && std::none_of(pieces.begin(), pieces.end(), is_turn);
}

Script read_script(std::span<const std::uint8_t> bytes) {
  Input input{bytes};
  Script script;
  choose_approach(input.which(8), script);

  script.bounds = input.which(all_bounds.size());
  const Bounds& bounds = all_bounds.at(script.bounds);
  script.config.line_max = bounds.line_max;
  script.config.outbox_max = bounds.outbox_max;
  script.config.memory_max = bounds.memory_max;
  script.config.connections_max = bounds.connections_max;
  script.config.work_per_fact_max = bounds.work_per_fact_max;
  script.config.rooms_per_peer_max = 4;
  script.config.acknowledgement_poll = seconds{1};

  script.send_buffer_max = send_buffers.at(input.which(send_buffers.size()));
  const unsigned manners = input.byte();
  script.is_reading = (manners & 1U) == 0;
  script.is_answering_fin = (manners & 2U) == 0;
  script.is_played_twice = (manners & 4U) != 0;
  const std::size_t read_max = input.byte();
  script.read_max = read_max == 0 ? SIZE_MAX : read_max;
  script.cuts = input.cuts();
  const std::string_view stream = input.rest().substr(0, stream_bytes_max);
  for (const char byte : stream) {
    constexpr unsigned factor = 31;
    constexpr unsigned number_max = 9973;
    script.number = (script.number * factor + static_cast<unsigned char>(byte)) % number_max;
  }
  script.pieces = pieces_of(stream);
  return script;
}

}  // namespace lastword::fuzz
