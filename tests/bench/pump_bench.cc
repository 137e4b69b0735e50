// What the pump costs, and all of the core behind it, from a socket that is readable to a gathering
// write: over a network that is nothing but memory, so without a system call. README.md says how to
// read the figures.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/config.h"
#include "core/pump.h"
#include "core/server.h"
#include "item_meter.h"

namespace lastword::bench {
namespace {

constexpr std::size_t read_size = std::size_t{64} << 10;

// Peers who always have the same words to say, and take what is written to them.
class EndlessNetwork {
 public:
  // How many wait to be accepted.
  std::size_t waiting = 0;
  // What one write takes at most.
  std::size_t write_max = SIZE_MAX;

  // What the next reads of this connection bring; it must stay where it is. Empty is the end.
  void let_say(ConnectionId id, std::string_view words) { said_[index_of(id.slot)] = words; }

  // The last one that was accepted.
  [[nodiscard]] ConnectionId newest() const { return newest_; }
  [[nodiscard]] std::vector<ConnectionId>& unwritten() { return unwritten_; }
  [[nodiscard]] std::vector<ConnectionId>& closed() { return closed_; }

  Instant now() { return now_ = now_ + std::chrono::microseconds(1); }

  Acceptance accept(Transport /*transport*/) {
    if (waiting == 0) return Acceptance::would_block;
    --waiting;
    return Acceptance::accepted;
  }
  void adopt(ConnectionId id) {
    newest_ = id;
    if (said_.size() <= index_of(id.slot)) said_.resize(index_of(id.slot) + 1);
  }
  void turn_away() {}
  void set_listen(Listen /*listen*/) {}

  Transfer read(ConnectionId id, std::span<std::byte> buffer) {
    const std::string_view words = said_[index_of(id.slot)];
    if (words.empty()) return {.kind = Transfer::Kind::end};
    const std::size_t count = std::min(words.size(), buffer.size());
    std::memcpy(buffer.data(), words.data(), count);
    return {.kind = Transfer::Kind::bytes, .count = count};
  }
  Transfer write(ConnectionId /*id*/, std::span<const Slice> slices) {
    std::size_t size = 0;
    for (const Slice& slice : slices) size += slice.size();
    benchmark::DoNotOptimize(slices.data());
    return {.kind = Transfer::Kind::bytes, .count = std::min(size, write_max)};
  }
  void await_readable(ConnectionId /*id*/) {}
  void await_writable(ConnectionId id) { unwritten_.push_back(id); }
  void finish(ConnectionId /*id*/) {}
  void close(ConnectionId id) { closed_.push_back(id); }
  bool is_acknowledged(ConnectionId /*id*/) { return true; }
  void wake_at(std::optional<Deadline> /*deadline*/) {}

 private:
  Instant now_{};
  ConnectionId newest_;
  std::vector<std::string_view> said_;  // by slot
  std::vector<ConnectionId> unwritten_;
  std::vector<ConnectionId> closed_;
};

class World {
 public:
  explicit World(std::size_t connections)
      : server_(config_for(connections)), buffer_(read_size), pump_(server_, network_, buffer_) {}

  ConnectionId connect(std::string_view first_words) {
    network_.waiting = 1;
    pump_.acceptable();
    const ConnectionId id = network_.newest();
    network_.let_say(id, first_words);
    pump_.readable(id);
    finish_turn();
    return id;
  }

  void readable(ConnectionId id) { pump_.readable(id); }

  // The second half of a turn, and then as many turns as it takes until everything is written and
  // everybody who left is gone.
  void finish_turn() {
    pump_.finish_turn();
    while (!network_.unwritten().empty() || !network_.closed().empty()) {
      ready_.swap(network_.unwritten());
      for (const ConnectionId id : ready_) pump_.writable(id);
      ready_.clear();
      for (const ConnectionId id : network_.closed()) pump_.released(id);
      network_.closed().clear();
      pump_.finish_turn();
    }
  }

  EndlessNetwork& network() { return network_; }
  [[nodiscard]] std::uint64_t delivered() const { return server_.books().delivered; }
  [[nodiscard]] bool is_here(ConnectionId id) const { return server_.wish(id).read; }

 private:
  static Config config_for(std::size_t connections) {
    Config config;
    config.connections_max = static_cast<std::uint32_t>(connections);
    return config;
  }

  Server server_;
  EndlessNetwork network_;
  std::vector<std::byte> buffer_;
  Pump<EndlessNetwork> pump_;
  std::vector<ConnectionId> ready_;
};

std::size_t argument(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0));
}

std::string numbered(char kind, std::size_t number) {
  std::string digits = std::to_string(number);
  return kind + std::string(5 - digits.size(), '0') + digits;
}

// As in the load driver: a delivered line of 64 bytes.
std::string messages_to(const std::string& destination, std::size_t count) {
  const std::string message = destination + ": 0123456789" + std::string(40, '.') + "\n";
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += message;
  return all;
}

constexpr std::size_t pairs = 50;

// Fifty pairs; in each turn all senders are readable, with that many messages. Per delivery.
void pairs_in_turns(benchmark::State& state, std::size_t write_max) {
  World world(2 * pairs);
  std::vector<std::string> lines;
  std::vector<ConnectionId> senders;
  lines.reserve(pairs);
  for (std::size_t i = 0; i < pairs; ++i) {
    world.connect(numbered('r', i) + "\n");
    senders.push_back(world.connect(numbered('s', i) + "\n"));
    lines.push_back(messages_to(numbered('r', i), argument(state)));
    world.network().let_say(senders.back(), lines.back());
  }
  world.network().write_max = write_max;
  measure_turns(state, world, [&] {
    for (const ConnectionId sender : senders) world.readable(sender);
    world.finish_turn();
  });
}

void pump_with_pairs(benchmark::State& state) { pairs_in_turns(state, SIZE_MAX); }
BENCHMARK(pump_with_pairs)->Arg(1)->Arg(32)->Arg(128);

// The kernel takes a kilobyte at a time, and says later that there is room again.
void pump_with_short_writes(benchmark::State& state) { pairs_in_turns(state, 1024); }
BENCHMARK(pump_with_short_writes)->Arg(32)->Arg(128);

// A room of that many, of whom one is readable in each turn, with 32 messages. Per delivery.
void pump_with_room(benchmark::State& state) {
  constexpr std::size_t messages_per_turn = 32;
  World world(argument(state));
  const ConnectionId sender = world.connect("s00000\n/join #room\n");
  for (std::size_t i = 1; i < argument(state); ++i) {
    world.connect(numbered('r', i) + "\n/join #room\n");
  }
  const std::string lines = messages_to("#room", messages_per_turn);
  world.network().let_say(sender, lines);
  measure_turns(state, world, [&] {
    world.readable(sender);
    world.finish_turn();
  });
}
BENCHMARK(pump_with_room)->Arg(100)->Arg(1000);

// A turn in which one of that many pings. Per turn: the others cost nothing.
void pump_beside_silent_ones(benchmark::State& state) {
  World world(argument(state));
  for (std::size_t i = 1; i < argument(state); ++i) world.connect(numbered('i', i) + "\n");
  const ConnectionId one = world.connect("p00000\n");
  world.network().let_say(one, "/ping\n");
  measure(state, 1, [&] {
    world.readable(one);
    world.finish_turn();
  });
}
BENCHMARK(pump_beside_silent_ones)->Arg(10)->Arg(1000)->Arg(10'000);

// One more comes, logs in and leaves, beside that many. Per login.
void pump_with_logins(benchmark::State& state) {
  World world(argument(state) + 1);
  for (std::size_t i = 0; i < argument(state); ++i) world.connect(numbered('i', i) + "\n");
  std::uint64_t logins = 0;
  const auto log_in_and_out = [&] {
    const ConnectionId id = world.connect("n00000\n");
    if (!world.is_here(id)) return state.SkipWithError("nobody logged in");
    world.network().let_say(id, {});
    world.readable(id);
    world.finish_turn();
    ++logins;
  };
  log_in_and_out();
  logins = 0;
  ItemMeter meter(state);
  for (auto _ : state) log_in_and_out();
  meter.finish(logins, Allocations::any);
}
BENCHMARK(pump_with_logins)->Arg(10)->Arg(1000)->Arg(10'000);

}  // namespace
}  // namespace lastword::bench

BENCHMARK_MAIN();
