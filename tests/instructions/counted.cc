// lastword_counted: a fixed amount of traffic through the core and the pump, without a system call,
// whose instructions valgrind counts. counts.sh runs it.
//
//   lastword_counted CASE        prints how many deliveries `counted` made
//
// What comes before, logins and a first round that warms everything up, is not within `counted`.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/check.h"
#include "core/config.h"
#include "core/line_parser.h"
#include "core/pump.h"
#include "core/server.h"

// Set for the canary only (see CMakeLists.txt): each line is parsed this many times more.
#ifndef LASTWORD_COUNTED_WASTE
#define LASTWORD_COUNTED_WASTE 0
#endif

namespace lastword {
namespace {

// Peers who have just said something, and who take everything at once.
class MemoryNetwork {
 public:
  void connect() { ++waiting_; }
  [[nodiscard]] const std::vector<ConnectionId>& connections() const { return connections_; }
  // What the next read brings, for whomever it is.
  void say(std::string_view bytes) { said_ = bytes; }

  [[nodiscard]] static Instant now() { return Instant{1}; }
  Acceptance accept(Transport) {
    return waiting_ > 0 ? Acceptance::accepted : Acceptance::would_block;
  }
  void adopt(ConnectionId id) {
    connections_.push_back(id);
    --waiting_;
  }
  void turn_away() { LASTWORD_CHECK(false); }
  void set_listen(Listen) {}
  Transfer read(ConnectionId, std::span<std::byte> buffer) {
    LASTWORD_CHECK(said_.size() <= buffer.size());
    std::memcpy(buffer.data(), said_.data(), said_.size());
    return {.kind = Transfer::Kind::bytes, .count = said_.size()};
  }
  Transfer write(ConnectionId, std::span<const Slice> slices) {
    std::size_t size = 0;
    for (const Slice slice : slices) size += slice.size();
    return {.kind = Transfer::Kind::bytes, .count = size};
  }
  void await_readable(ConnectionId) {}
  void await_writable(ConnectionId) { LASTWORD_CHECK(false); }
  void finish(ConnectionId) { LASTWORD_CHECK(false); }
  void close(ConnectionId) { LASTWORD_CHECK(false); }
  bool is_acknowledged(ConnectionId) { return false; }
  void wake_at(const std::optional<Deadline>&) {}

 private:
  std::size_t waiting_ = 0;
  std::vector<ConnectionId> connections_;
  std::string_view said_;
};

std::string numbered(char kind, std::size_t number) {
  std::string digits = std::to_string(number);
  return kind + std::string(5 - digits.size(), '0') + digits;
}

// A line as a client of this transport sends it (RFC 6455 section 5.2).
std::string on_the_wire(Transport transport, std::string_view line) {
  if (transport == Transport::lines) return std::string{line} + "\n";
  constexpr std::string_view key = "\x11\x22\x33\x44";
  const std::size_t size = line.size();
  std::string frame = "\x81";
  if (size <= 125) {
    frame += static_cast<char>(0x80U | size);
  } else {
    LASTWORD_CHECK(size <= 0xFFFF);
    frame += static_cast<char>(0x80U | 126U);
    frame += static_cast<char>(size >> 8U);
    frame += static_cast<char>(size & 0xFFU);
  }
  frame += key;
  for (std::size_t i = 0; i < size; ++i) {
    frame += static_cast<char>(static_cast<unsigned char>(line[i]) ^
                               static_cast<unsigned char>(key[i % key.size()]));
  }
  return frame;
}

constexpr std::string_view handshake =
    "GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

// A delivered line has 64 bytes, as in the load driver.
constexpr std::string_view text = "0123456789........................................";

struct Case {
  enum class To : std::uint8_t { one, room, list };
  std::string_view name;
  Transport transport;
  To to;
  std::size_t senders;
  std::size_t receivers;
  std::size_t batch;  // lines that one read brings
  std::size_t rounds;
};

constexpr std::array<Case, 8> cases{{
    {"pairs-32-lines", Transport::lines, Case::To::one, 50, 50, 32, 10},
    {"pairs-32-websocket", Transport::websocket, Case::To::one, 50, 50, 32, 10},
    {"pairs-1-lines", Transport::lines, Case::To::one, 50, 50, 1, 100},
    {"pairs-1-websocket", Transport::websocket, Case::To::one, 50, 50, 1, 100},
    {"room-32-lines", Transport::lines, Case::To::room, 1, 100, 32, 10},
    {"room-32-websocket", Transport::websocket, Case::To::room, 1, 100, 32, 10},
    {"room-1-lines", Transport::lines, Case::To::room, 1, 100, 1, 50},
    {"list-32-lines", Transport::lines, Case::To::list, 1, 100, 32, 10},
}};

class Traffic {
 public:
  explicit Traffic(const Case& which) : case_{which} {
    for (std::size_t i = 0; i < which.senders + which.receivers; ++i) network_.connect();
    while (pump_.acceptable(which.transport)) {
    }
    pump_.finish_turn();
    for (std::size_t i = 0; i < network_.connections().size(); ++i) log_in(i);
    for (std::size_t i = 0; i < which.senders; ++i) batches_.push_back(batch(i));
  }

  [[nodiscard]] std::uint64_t delivered() const { return server_.books().delivered; }

  // What is counted: every sender's batch is read, and everybody is written to.
  void run(std::size_t rounds) {
    for (std::size_t round = 0; round < rounds; ++round) {
      for (std::size_t sender = 0; sender < case_.senders; ++sender) hear(sender, batches_[sender]);
      pump_.finish_turn();
    }
  }

 private:
  void hear(std::size_t connection, std::string_view bytes) {
    for (int time = 0; time < LASTWORD_COUNTED_WASTE; ++time) waste(bytes);
    network_.say(bytes);
    pump_.readable(network_.connections()[connection]);
  }

  void log_in(std::size_t connection) {
    if (case_.transport == Transport::websocket) hear(connection, handshake);
    const bool is_sender = connection < case_.senders;
    const std::string name =
        numbered(is_sender ? 's' : 'r', is_sender ? connection : connection - case_.senders);
    hear(connection, on_the_wire(case_.transport, name));
    if (case_.to == Case::To::room) hear(connection, on_the_wire(case_.transport, "/join #room"));
    pump_.finish_turn();
  }

  [[nodiscard]] std::string batch(std::size_t sender) const {
    std::string destinations;
    switch (case_.to) {
      case Case::To::one:
        destinations = numbered('r', sender);
        break;
      case Case::To::room:
        destinations = "#room";
        break;
      case Case::To::list:
        for (std::size_t i = 0; i < case_.receivers; ++i) {
          destinations += (i == 0 ? "" : ", ") + numbered('r', i);
        }
        break;
    }
    const std::string line = destinations + ": " + std::string{text};
    std::string lines;
    for (std::size_t i = 0; i < case_.batch; ++i) lines += on_the_wire(case_.transport, line);
    return lines;
  }

  void waste(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t size = std::min(bytes.find('\n'), bytes.size());
      if (parse_line(bytes.substr(0, size))) ++wasted_;
      bytes.remove_prefix(std::min(size + 1, bytes.size()));
    }
  }

  const Case& case_;
  Server server_{Config{}};
  MemoryNetwork network_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(std::size_t{64} << 10);
  Pump<MemoryNetwork> pump_{server_, network_, buffer_};
  std::vector<std::string> batches_;
  std::uint64_t wasted_ = 0;
};

}  // namespace

// Its name is what valgrind is told.
extern "C" [[gnu::noinline]] void lastword_counted(void* traffic, std::size_t rounds);
extern "C" void lastword_counted(void* traffic, std::size_t rounds) {
  static_cast<Traffic*>(traffic)->run(rounds);
}

namespace {

int count(std::string_view name) {
  for (const Case& each : cases) {
    if (each.name != name) continue;
    Traffic traffic{each};
    traffic.run(2);
    const std::uint64_t before = traffic.delivered();
    lastword_counted(&traffic, each.rounds);
    std::printf("%llu\n", static_cast<unsigned long long>(traffic.delivered() - before));
    return 0;
  }
  std::fputs("lastword_counted: no such case; those there are:\n", stderr);
  for (const Case& each : cases) std::fprintf(stderr, "%s\n", std::string{each.name}.c_str());
  return 2;
}

}  // namespace
}  // namespace lastword

int main(int argument_count, char** arguments) {
  return lastword::count(argument_count == 2 ? arguments[1] : "");
}
