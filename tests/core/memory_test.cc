// What the server holds for its peers, in bytes of the heap: this executable counts them. No time
// is measured, so the figures don't waver.
#include <gtest/gtest.h>
#include <malloc.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/pump.h"
#include "core/server.h"
#include "tests/core/websocket_pair.h"

namespace {

std::size_t allocation_count = 0;
std::size_t live_bytes = 0;  // not freed yet, with the allocator's rounding

void* counted(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc{};
  ++allocation_count;
  live_bytes += ::malloc_usable_size(memory);
  return memory;
}

void discount(void* memory) {
  live_bytes -= ::malloc_usable_size(memory);  // of nullptr: 0
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { discount(memory); }
void operator delete[](void* memory) noexcept { discount(memory); }
void operator delete(void* memory, std::size_t) noexcept { discount(memory); }
void operator delete[](void* memory, std::size_t) noexcept { discount(memory); }

namespace lastword::test {
namespace {

// A power of two: a table that grows by doubling is full then, and counts without the rest of it,
// which nobody ever touches.
constexpr std::size_t peer_count = 8192;

// A network on which whoever listens gets everything at once, and nothing is kept.
class Network {
 public:
  Instant time{};
  Transport arriving{};
  std::size_t arrivals = 0;
  bool is_taking = true;  // what is written
  std::string_view next;  // what the next read brings
  std::vector<ConnectionId> ids;
  std::vector<ConnectionId> waiting;  // to write
  std::optional<Deadline> deadline;

  [[nodiscard]] Instant now() const { return time; }
  [[nodiscard]] Acceptance accept(Transport transport) {
    if (transport != arriving || arrivals == 0) return Acceptance::would_block;
    --arrivals;
    return Acceptance::accepted;
  }
  void adopt(ConnectionId id) { ids.push_back(id); }
  void turn_away() {}
  void set_listen(Listen) {}
  [[nodiscard]] Transfer read(ConnectionId, std::span<std::byte> buffer) const {
    std::ranges::copy(as_bytes(next), buffer.begin());
    return {.kind = Transfer::Kind::bytes, .count = next.size()};
  }
  [[nodiscard]] Transfer write(ConnectionId, std::span<const Slice> slices) const {
    if (!is_taking) return {};
    std::size_t size = 0;
    for (const Slice slice : slices) size += slice.size();
    return {.kind = Transfer::Kind::bytes, .count = size};
  }
  void await_readable(ConnectionId) {}
  void await_writable(ConnectionId id) { waiting.push_back(id); }
  void finish(ConnectionId) {}
  void close(ConnectionId) {}
  [[nodiscard]] bool is_acknowledged(ConnectionId) { return false; }
  void wake_at(std::optional<Deadline> at) { deadline = at; }
};

static_assert(lastword::Network<Network>);

class Crowd {
 public:
  Crowd(Transport transport, std::size_t size, const Config& config = {})
      : server_{[&] {
          Config own = config;
          own.connections_max = static_cast<std::uint32_t>(size);
          return own;
        }()} {
    network.arriving = transport;
    network.ids.reserve(size);
    network.waiting.reserve(size);
    events_.reserve(Server::events_max);
    for (std::size_t peer = 0; peer < size; ++peer) {
      network.arrivals = 1;
      pump_.acceptable(transport);
      const bool is_websocket = transport == Transport::websocket;
      if (is_websocket) say_bytes(peer, upgrade_request());
      say(peer, "peer" + std::to_string(peer));
      finish_turn();
    }
  }

  // A line in the crowd's way; what it leads to is written by `finish_turn`.
  void say(std::size_t peer, const std::string& line) {
    say_bytes(peer, network.arriving == Transport::websocket ? text_frame(line) : line + "\n");
  }

  void say_bytes(std::size_t peer, std::string_view bytes) {
    network.next = bytes;
    pump_.readable(network.ids[peer]);
  }

  void finish_turn() {
    pump_.finish_turn();
    server_.take_events(events_);
  }

  // Whoever did not take what was written takes it now.
  void let_all_read() {
    network.is_taking = true;
    std::vector<ConnectionId> waiting;
    waiting.swap(network.waiting);
    for (const ConnectionId id : waiting) pump_.writable(id);
    finish_turn();
    ASSERT_EQ(server_.queued_bytes(), 0U);
  }

  void pass(Duration time) {
    network.time = network.time + time;
    pump_.elapsed();
    finish_turn();
  }

  // Lets time pass while there is something to wake up for. Returns how often memory was to go back
  // to the system.
  std::size_t trims_until_rest() {
    std::size_t trims = 0;
    for (int second = 0; second < 5; ++second) {
      pass(server_.config().trim_interval);
      if (server_.take_trim()) ++trims;
    }
    return trims;
  }

  Network network;
  [[nodiscard]] Server& server() { return server_; }

 private:
  Server server_;
  std::array<std::byte, 65536> buffer_;
  Pump<Network> pump_{server_, network, buffer_};
  std::vector<Event> events_;
};

class Memory : public ::testing::TestWithParam<Transport> {
 protected:
  // An idle connection that has logged in is to cost 512 bytes at the most, with the driver's 12,
  // with what the allocator holds between two things, and with what is there but once. This is what
  // it takes, and 14 bytes; a change that needs more has to say so here.
  static std::size_t idle_bytes_max() { return GetParam() == Transport::lines ? 295 : 368; }

  // What one of the crowd costs, the lists of this network left out.
  static std::size_t bytes_each(std::size_t before) {
    return (live_bytes - before) / peer_count - 2 * sizeof(ConnectionId);
  }
};

INSTANTIATE_TEST_SUITE_P(Transports, Memory,
                         ::testing::Values(Transport::lines, Transport::websocket),
                         [](const auto& transport) {
                           return transport.param == Transport::lines ? "Lines" : "WebSocket";
                         });

TEST_P(Memory, OfAnIdlePeerIsBounded) {
  const std::size_t before = live_bytes;
  const Crowd crowd{GetParam(), peer_count};
  EXPECT_LE(bytes_each(before), idle_bytes_max());
  EXPECT_GE(bytes_each(before), 100U) << "too good to be true";
}

TEST_P(Memory, ComesBackAfterAStormOfAnswers) {
  const std::size_t before = live_bytes;
  Crowd crowd{GetParam(), peer_count};
  const std::size_t idle = live_bytes;
  for (std::size_t peer = 0; peer < peer_count; ++peer) crowd.say(peer, "/ping");
  const std::size_t full = live_bytes;
  crowd.finish_turn();
  EXPECT_LE((full - idle) / peer_count, 512U) << "one answer each takes no page";
  static_cast<void>(crowd.trims_until_rest());
  EXPECT_LE(bytes_each(before), idle_bytes_max() + 50);
}

TEST_P(Memory, ComesBackAfterABurstToAll) {
  constexpr int messages = 50;
  std::array<std::string, 2> everybody;  // two lines, as one would be too long
  for (std::size_t peer = 0; peer < peer_count; ++peer) {
    everybody[peer % 2] += "peer" + std::to_string(peer) + ",";
  }
  const std::size_t before = live_bytes;
  Crowd crowd{GetParam(), peer_count};
  const std::size_t idle = live_bytes;

  crowd.network.is_taking = false;
  for (int message = 0; message < messages; ++message) {
    for (const std::string& list : everybody) crowd.say(0, list + ": " + std::string(100, 'x'));
    crowd.finish_turn();
  }
  for (std::size_t peer = 0; peer < peer_count; ++peer) {
    crowd.say(peer, "peer" + std::to_string(peer) + ": " + std::string(5000, 'x'));
  }
  crowd.finish_turn();
  const std::size_t full = live_bytes;
  crowd.let_all_read();
  EXPECT_GT(full - idle, peer_count * 5000U);

  // The system is told once or twice, and then there is nothing left to do.
  EXPECT_FALSE(crowd.server().take_trim());
  EXPECT_EQ(crowd.trims_until_rest(), 2U);
  EXPECT_LE((live_bytes - idle) / peer_count, 150U);
  EXPECT_LE(bytes_each(before), idle_bytes_max() + 150);
}

// A half-finished line, or message, is held in a buffer, and that is not kept for it.
TEST_P(Memory, ComesBackAfterUnfinishedLines) {
  Crowd crowd{GetParam(), peer_count};
  const std::size_t idle = live_bytes;
  const bool is_websocket = GetParam() == Transport::websocket;
  const std::string text = "peer0: " + std::string(993, 'x');
  const std::string all = is_websocket ? text_frame(text) : text + "\n";
  const std::size_t half = all.size() / 2;
  for (const std::string& part : {all.substr(0, half), all.substr(half)}) {
    for (std::size_t peer = 0; peer < 1000; ++peer) crowd.say_bytes(peer, part);
    if (part.size() == half) {
      EXPECT_GT(live_bytes - idle, 1000 * half);
    }
    crowd.let_all_read();
  }
  EXPECT_EQ(crowd.server().books().delivered, 1000U);
  EXPECT_LE((live_bytes - idle) / peer_count, 150U);
}

// --- Bounds -------------------------------------------------------------------------------------

// The lists of a turn in which more than those did something are given back.
TEST(MemoryOfATurn, IsKeptUpToABound) {
  constexpr std::size_t kept = Pump<Network>::ids_kept_max;
  for (const std::size_t size : {kept - 1, kept, kept + 1}) {
    Crowd crowd{Transport::lines, size};
    const auto allocations_of_a_turn = [&] {
      const std::size_t before = allocation_count;
      for (std::size_t peer = 0; peer < size; ++peer) crowd.say(peer, "");
      crowd.finish_turn();
      return allocation_count - before;
    };
    static_cast<void>(allocations_of_a_turn());
    EXPECT_EQ(allocations_of_a_turn() == 0, size <= kept) << size;
  }
}

// The same for what is told of it.
TEST(MemoryOfEvents, IsKeptUpToABound) {
  constexpr std::size_t kept = Server::events_kept_max;
  for (const std::size_t count : {kept - 2, kept, kept + 2}) {
    Server server{Config{}};
    std::vector<ConnectionId> changed;
    std::vector<Event> events;
    const auto allocations_of_a_turn = [&] {
      const std::size_t before = allocation_count;
      for (std::size_t told = 0; told < count; told += 2) {
        const ConnectionId id = *server.accepted(Instant{});
        server.failed(Instant{}, id, Fault::other);
        server.released(Instant{}, id);
      }
      server.take_changed(changed);
      EXPECT_EQ(server.take_events(events), 0U);
      EXPECT_EQ(events.size(), count);
      return allocation_count - before;
    };
    for (int turn = 0; turn < 3; ++turn) static_cast<void>(allocations_of_a_turn());
    EXPECT_EQ(allocations_of_a_turn() == 0, count <= kept) << count;
  }
}

// A queue of messages for one peer, which take so many blocks in all, is written.
void queue_and_write(Crowd& crowd, std::size_t blocks) {
  constexpr std::size_t header_size = 12;  // "from peer0: ", and an LF behind the text
  constexpr std::size_t message_size = 10 * byte_block_size;
  crowd.network.is_taking = false;
  for (std::size_t left = blocks * byte_block_size; left > 0;) {
    const std::size_t size = std::min(left, message_size);
    crowd.say(0, "peer1: " + std::string(size - header_size - 1, 'x'));
    crowd.finish_turn();
    left -= size;
  }
  crowd.let_all_read();
}

constexpr std::size_t idle_blocks = Config{}.kept_free_blocks;

TEST(Trim, LooksAtMoreThanAnIdleServerKeeps) {
  for (const std::size_t blocks : {idle_blocks - 1, idle_blocks, idle_blocks + 1}) {
    Crowd crowd{Transport::lines, 2};
    queue_and_write(crowd, blocks);
    EXPECT_EQ(crowd.network.deadline.has_value(), blocks > idle_blocks) << blocks;
  }
}

// One of 64 bytes that is kept for good keeps the allocator's page around it as well.
TEST(Trim, LooksAtMoreSmallBlocksThanAnIdleServerKeeps) {
  for (const std::size_t peers : {idle_blocks - 1, idle_blocks, idle_blocks + 1}) {
    Crowd crowd{Transport::lines, peers};
    for (std::size_t peer = 0; peer < peers; ++peer) crowd.say(peer, "/ping");
    crowd.finish_turn();
    EXPECT_EQ(crowd.network.deadline.has_value(), peers > idle_blocks) << peers;
  }
}

TEST(Trim, LeavesWhatIsNeededAgainWithinTheInterval) {
  Crowd crowd{Transport::lines, 2};
  for (int round = 0; round < 3; ++round) {
    queue_and_write(crowd, 2 * idle_blocks);
    crowd.pass(crowd.server().config().trim_interval);
  }
  const std::size_t warm = live_bytes;
  queue_and_write(crowd, 2 * idle_blocks);
  EXPECT_EQ(live_bytes, warm);
  crowd.pass(crowd.server().config().trim_interval);
  EXPECT_EQ(live_bytes, warm);
  crowd.pass(crowd.server().config().trim_interval);
  EXPECT_LE(live_bytes, warm - idle_blocks * byte_block_size);
  EXPECT_FALSE(crowd.network.deadline.has_value()) << "there is nothing to wake up for";
}

TEST(Trim, IsWishedForOnceSoMuchWasFreed) {
  constexpr std::size_t freed = 10 * byte_block_size;
  for (const std::size_t freed_bytes_min : {freed - 1, freed, freed + 1}) {
    Config config;
    config.freed_bytes_min = freed_bytes_min;
    Crowd crowd{Transport::lines, 2, config};
    queue_and_write(crowd, idle_blocks + 10);
    EXPECT_EQ(crowd.trims_until_rest(), freed >= freed_bytes_min ? 1U : 0U);
  }
}

}  // namespace
}  // namespace lastword::test
