// What the parts of the core cost, without a system call: framer, parser, broker, outbox, and the
// whole server from received bytes to written ones. README.md says how to read the figures.

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/broker.h"
#include "core/bytes.h"
#include "core/config.h"
#include "core/instant.h"
#include "core/line_framer.h"
#include "core/line_parser.h"
#include "core/name.h"
#include "core/outbox.h"
#include "core/server.h"
#include "item_meter.h"

namespace lastword::bench {
namespace {

// As in the load driver: a delivered line of 64 bytes.
constexpr std::string_view text = "0123456789........................................";

// As many as the pump gives to one writev.
constexpr std::size_t slices_max = 64;

// Numbered names have one width, so that every line has one size.
std::string numbered(char kind, std::size_t number) {
  std::string digits = std::to_string(number);
  return kind + std::string(5 - digits.size(), '0') + digits;
}

std::string message_to(std::string_view destinations) {
  return std::string(destinations) + ": " + std::string(text) + "\n";
}

std::string repeated(std::string_view piece, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += piece;
  return all;
}

std::string list_of(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += (i == 0 ? "" : ", ") + numbered('r', i);
  return list;
}

std::size_t argument(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0));
}

// --- Framer: lines of 58 bytes out of chunks of 32 KiB ------------------------------------------

void take_all_lines(LineFramer& framer, Framing& framing, Bytes chunk) {
  framer.feed(chunk);
  while (const std::optional<LineFramer::Line> line = framer.front(framing)) {
    benchmark::DoNotOptimize(line->text.data());
    framer.pop();
  }
  framer.keep(framing);
}

constexpr std::size_t lines_per_chunk = 512;

void framer_with_whole_lines(benchmark::State& state) {
  Framing framing{.line_max = Config{}.line_max};
  LineFramer framer;
  const std::string chunk = repeated(message_to("r00000"), lines_per_chunk);
  measure(state, lines_per_chunk, [&] { take_all_lines(framer, framing, as_bytes(chunk)); });
}
BENCHMARK(framer_with_whole_lines);

// Every line comes in two chunks: the worst cut that is not an attack.
void framer_with_cut_lines(benchmark::State& state) {
  Framing framing{.line_max = Config{}.line_max};
  LineFramer framer;
  const std::string line = message_to("r00000");
  const Bytes bytes = as_bytes(line);
  const std::size_t half = bytes.size() / 2;
  measure(state, 1, [&] {
    take_all_lines(framer, framing, bytes.first(half));
    take_all_lines(framer, framing, bytes.subspan(half));
  });
}
BENCHMARK(framer_with_cut_lines);

// --- Parser -------------------------------------------------------------------------------------

void parser_with_message(benchmark::State& state) {
  std::string line = message_to("r00000");
  line.pop_back();
  measure(state, 1, [&] {
    benchmark::DoNotOptimize(line.data());
    const auto parsed = parse_line(line);
    benchmark::DoNotOptimize(parsed);
  });
}
BENCHMARK(parser_with_message);

void parser_with_command(benchmark::State& state) {
  const std::string line = "/join #room";
  measure(state, 1, [&] {
    const auto parsed = parse_line(line);
    benchmark::DoNotOptimize(parsed);
  });
}
BENCHMARK(parser_with_command);

// Per destination.
void parser_with_destinations(benchmark::State& state) {
  const std::string list = list_of(argument(state));
  measure(state, argument(state), [&] {
    DestinationReader reader(list);
    for (std::string_view name = reader.next(); !name.empty(); name = reader.next()) {
      benchmark::DoNotOptimize(name.data());
    }
  });
}
BENCHMARK(parser_with_destinations)->Arg(1)->Arg(100);

void parser_with_name(benchmark::State& state) {
  const std::string name = "Zo\u00eb from accounting";
  measure(state, 1, [&] {
    const auto parsed = Name::parse(name);
    benchmark::DoNotOptimize(parsed);
  });
}
BENCHMARK(parser_with_name);

// --- Broker: with ten thousand logged in --------------------------------------------------------

constexpr std::uint32_t peers = 10'000;

Broker crowded_broker() {
  Broker broker(Config{}.hash_seed);
  for (std::uint32_t i = 0; i < peers; ++i) {
    const std::string name = numbered('r', i);
    static_cast<void>(broker.login(Slot{i}, *Name::parse(name)));
  }
  return broker;
}

// A different peer each time, so that the tables don't stay in the nearest cache.
void broker_with_one_name(benchmark::State& state) {
  Broker broker = crowded_broker();
  std::vector<std::string> names;
  names.reserve(peers);
  for (std::uint32_t i = 0; i < peers; ++i) names.push_back(numbered('r', (i * 7919) % peers));
  Addressing addressing;
  std::size_t next = 0;
  measure(state, 1, [&] {
    broker.resolve(Slot{0}, names[next], addressing);
    benchmark::DoNotOptimize(addressing.addressees.data());
    next = next + 1 == names.size() ? 0 : next + 1;
  });
}
BENCHMARK(broker_with_one_name);

// Per destination.
void broker_with_list(benchmark::State& state) {
  Broker broker = crowded_broker();
  const std::string list = list_of(argument(state));
  Addressing addressing;
  measure(state, argument(state), [&] {
    broker.resolve(Slot{peers - 1}, list, addressing);
    benchmark::DoNotOptimize(addressing.addressees.data());
  });
}
BENCHMARK(broker_with_list)->Arg(100)->Arg(1000);

// Per member.
void broker_with_room(benchmark::State& state) {
  Broker broker = crowded_broker();
  const RoomName room = *RoomName::parse("#room");
  for (std::uint32_t i = 0; i < argument(state); ++i) broker.join(Slot{i}, room);
  Addressing addressing;
  measure(state, argument(state), [&] {
    broker.resolve(Slot{0}, "#room", addressing);
    benchmark::DoNotOptimize(addressing.addressees.data());
  });
}
BENCHMARK(broker_with_room)->Arg(100)->Arg(1000);

// --- Outbox: push, gather, wrote ----------------------------------------------------------------

constexpr std::string_view header = "from s00000: ";
constexpr std::string_view line_end = "\n";
constexpr ConnectionId sender{Slot{0}, 0};

void write_all(Outbox& outbox, OutboxMemory& memory) {
  std::array<Slice, slices_max> slices;
  while (!outbox.is_empty()) {
    const std::size_t count = outbox.gather(memory, slices);
    std::size_t size = 0;
    for (const Slice& slice : std::span(slices).first(count)) size += slice.size();
    benchmark::DoNotOptimize(outbox.wrote(memory, size));
  }
}

// Per message, that many at a time.
void outbox_with_copies(benchmark::State& state) {
  OutboxMemory memory;
  Outbox outbox;
  measure(state, argument(state), [&] {
    for (std::size_t i = 0; i < argument(state); ++i) {
      outbox.push_copy(memory, {as_bytes(header), as_bytes(text), as_bytes(line_end)}, sender);
    }
    write_all(outbox, memory);
  });
}
BENCHMARK(outbox_with_copies)->Arg(1)->Arg(32)->Arg(128);

// Per delivery: one rendering for a hundred outboxes, that many messages at a time.
void outbox_with_shares(benchmark::State& state) {
  OutboxMemory memory;
  std::vector<Outbox> outboxes(100);
  const auto holders = static_cast<std::uint32_t>(outboxes.size());
  measure(state, argument(state) * outboxes.size(), [&] {
    for (std::size_t i = 0; i < argument(state); ++i) {
      const SharedText shared =
          memory.share({as_bytes(header), as_bytes(text), as_bytes(line_end)}, holders, sender);
      for (Outbox& outbox : outboxes) outbox.push_shared(memory, shared);
    }
    for (Outbox& outbox : outboxes) write_all(outbox, memory);
  });
}
BENCHMARK(outbox_with_shares)->Arg(1)->Arg(32);

// --- The whole server: received, gathered, written ----------------------------------------------

// A server whose peers take everything at once.
class World {
 public:
  explicit World(std::size_t connections) : server_(config_for(connections)) {}

  ConnectionId add_peer(const std::string& name, bool is_in_room) {
    const ConnectionId id = server_.accepted(now()).value();
    receive(id, name + "\n");
    if (is_in_room) receive(id, "/join #room\n");
    write_all();
    return id;
  }

  // The server may change what it is given, so it gets a copy each time, as from the kernel.
  void receive(ConnectionId id, std::string_view bytes) {
    received_.assign(as_bytes(bytes).begin(), as_bytes(bytes).end());
    server_.received(now(), id, received_);
  }

  // The second half of a turn: each changed connection is written, until nothing is left.
  void write_all() {
    server_.take_changed(changed_);
    for (const ConnectionId id : changed_) {
      while (server_.wish(id).write) {
        const std::size_t count = server_.gather(id, slices_);
        std::size_t size = 0;
        for (const Slice& slice : std::span(slices_).first(count)) size += slice.size();
        server_.wrote(now(), id, size);
      }
    }
  }

  [[nodiscard]] std::uint64_t delivered() const { return server_.books().delivered; }

 private:
  static Config config_for(std::size_t connections) {
    Config config;
    config.connections_max = static_cast<std::uint32_t>(connections);
    return config;
  }

  Instant now() { return now_ = now_ + std::chrono::microseconds(1); }

  Server server_;
  Instant now_{};
  std::vector<std::byte> received_;
  std::vector<ConnectionId> changed_;
  std::array<Slice, slices_max> slices_;
};

// Fifty pairs; in each turn every sender sends that many messages.
void server_with_pairs(benchmark::State& state) {
  constexpr std::size_t pairs = 50;
  World world(2 * pairs);
  struct Sender {
    ConnectionId id;
    std::string lines;
  };
  std::vector<Sender> senders;
  for (std::size_t i = 0; i < pairs; ++i) {
    world.add_peer(numbered('r', i), false);
    senders.push_back({world.add_peer(numbered('s', i), false),
                       repeated(message_to(numbered('r', i)), argument(state))});
  }
  measure_turns(state, world, [&] {
    for (const Sender& from : senders) world.receive(from.id, from.lines);
    world.write_all();
  });
}
BENCHMARK(server_with_pairs)->Arg(1)->Arg(32)->Arg(128);

constexpr std::size_t messages_per_turn = 32;

// A room of that many; in each turn one member sends 32 messages.
void server_with_room(benchmark::State& state) {
  World world(argument(state));
  const ConnectionId from = world.add_peer("s00000", true);
  for (std::size_t i = 1; i < argument(state); ++i) world.add_peer(numbered('r', i), true);
  const std::string lines = repeated(message_to("#room"), messages_per_turn);
  measure_turns(state, world, [&] {
    world.receive(from, lines);
    world.write_all();
  });
}
BENCHMARK(server_with_room)->Arg(100)->Arg(1000);

// A list of that many names in each line; in each turn 32 such lines.
void server_with_list(benchmark::State& state) {
  World world(argument(state) + 1);
  const ConnectionId from = world.add_peer("s00000", false);
  for (std::size_t i = 0; i < argument(state); ++i) world.add_peer(numbered('r', i), false);
  const std::string lines = repeated(message_to(list_of(argument(state))), messages_per_turn);
  measure_turns(state, world, [&] {
    world.receive(from, lines);
    world.write_all();
  });
}
BENCHMARK(server_with_list)->Arg(2)->Arg(100);

}  // namespace
}  // namespace lastword::bench

BENCHMARK_MAIN();
