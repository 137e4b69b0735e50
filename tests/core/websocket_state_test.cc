// What the server holds for its WebSocket clients: next to nothing while they are idle, the same
// however their bytes are cut, and all of it in a copy.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tests/core/websocket_pair.h"

namespace lastword::test {
namespace {

using std::chrono::seconds;

// --- Memory --------------------------------------------------------------------------------------

TEST(WebSocketState, OfAnIdleClientHoldsNoBytes) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice", wide_offer);
  EXPECT_EQ(pair.peer(alice).held_bytes, 0U);
  for (const std::string& bytes :
       {text_frame("alice: hi"), client_frame(Op::ping, text_of(125)), client_frame(Op::pong, ""),
        client_frame(Op::text, "alice: a", {.is_final = false}) + client_frame(Op::more, "b"),
        client_frame(Op::text, deflated("alice: " + text_of(60'000)), {true, true})}) {
    for (const std::size_t step : {SIZE_MAX, std::size_t{1}}) {
      pair.network.read_max = step;
      pair.send_bytes(alice, bytes);
      pair.settle();
      EXPECT_EQ(pair.peer(alice).held_bytes, 0U);
    }
  }
}

TEST(WebSocketState, OfAnAnnouncedMessageIsItsHeaderAtMost) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  const std::string header = client_header(Op::binary, 60'000);
  for (std::size_t at = 0; at + 1 < header.size(); ++at) {
    pair.send_bytes(alice, header.substr(at, 1));
    pair.settle();
    EXPECT_EQ(pair.peer(alice).held_bytes, at + 1);
  }
  pair.send_bytes(alice, header.substr(header.size() - 1));
  pair.settle();
  EXPECT_EQ(pair.peer(alice).held_bytes, 0U);
  pair.send_bytes(alice, "abc");
  pair.settle();
  EXPECT_EQ(pair.peer(alice).held_bytes, 3U);
}

TEST(WebSocketState, OfARequestIsForgottenWithItsAnswer) {
  WebSocketPair pair;
  const auto alice = pair.connect_websocket();
  const std::string request = upgrade_request();
  pair.send_bytes(alice, request.substr(0, 100));
  pair.settle();
  EXPECT_EQ(pair.peer(alice).held_bytes, 100U);
  pair.send_bytes(alice, request.substr(100));
  pair.settle();
  EXPECT_EQ(pair.peer(alice).held_bytes, 0U);
  pair.expect_upgraded(alice);
}

TEST(WebSocketState, OfOneWhoEndsIsForgotten) {
  WebSocketPair pair;
  const auto alice = pair.log_in_websocket("alice");
  pair.network.send_buffer_max = 0;
  pair.send_frame(alice, Op::text, "alice: a", {.is_final = false});
  pair.settle();
  EXPECT_EQ(pair.peer(alice).held_bytes, 8U);
  pair.stop();
  EXPECT_EQ(pair.peer(alice).held_bytes, 0U);
  // What comes now is not kept either, but for a Close that is not complete.
  pair.send_bytes(alice,
                  client_frame(Op::more, text_of(5000)) + close_frame(1000, "bye").substr(0, 9));
  pair.settle();
  EXPECT_EQ(pair.peer(alice).held_bytes, 3U);
}

// --- A driver without a network ------------------------------------------------------------------

Config small_config() {
  Config config;
  config.line_max = 2000;
  config.outbox_max = 2500;
  config.memory_max = 6000;
  config.heartbeat = seconds{3};
  config.work_per_fact_max = 200;
  config.handshake.is_compressing = true;
  return config;
}

Config large_config() {
  Config config;
  config.handshake.is_compressing = true;
  return config;
}

// A value: it can be copied in the middle of everything. Checks the invariants after every fact.
struct Bench {
  explicit Bench(const Config& config) : server{config} {}

  Server server;
  Instant now{};
  std::vector<ConnectionId> ids{};
  std::string written{};

  void accept(Transport transport) {
    ids.push_back(*server.accepted(now, transport));
    server.check_invariants();
  }
  void receive(std::size_t peer, std::string bytes) {
    server.received(now, ids[peer], {reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
    server.check_invariants();
  }
  // Writes what is shown, `bytes` at most, to everybody.
  void write(std::size_t bytes_max) {
    for (const ConnectionId id : ids) {
      std::array<Slice, 64> slices;
      const std::size_t count = server.gather(id, slices);
      std::size_t left = bytes_max;
      for (std::size_t at = 0; at < count; ++at) {
        const Slice part = slices[at].first(std::min(left, slices[at].size()));
        written += as_text(part);
        left -= part.size();
      }
      if (left == bytes_max) continue;
      server.wrote(now, id, bytes_max - left);
      server.check_invariants();
    }
  }
  void write_all() {
    for (int count = 0; count < 1000; ++count) {
      write(SIZE_MAX);
      pass(Duration::zero());
    }
  }
  void pass(Duration span) {
    now = now + span;
    server.elapsed(now);
    server.check_invariants();
  }
  std::uint64_t digest() {
    std::vector<ConnectionId> changed;
    server.take_changed(changed);
    return server.digest();
  }
  void release_all() {
    for (const ConnectionId id : ids) {
      server.failed(now, id, Fault::reset);
      server.released(now, id);
    }
    server.check_invariants();
    EXPECT_EQ(server.connection_count(), 0U);
    EXPECT_EQ(server.queued_bytes(), 0U);
  }
};

std::string conversation(std::string_view offer, bool has_compression) {
  const FrameFlags compressed{.is_final = true, .is_compressed = has_compression};
  const auto pack = [&](const std::string& text) {
    return has_compression ? deflated(text) : text;
  };
  return upgrade_request(offer) + client_frame(Op::ping, "early") + text_frame("carl") +
         text_frame("/join #r") + text_frame("alice: hi") + client_frame(Op::pong, "") +
         client_frame(Op::text, "alice, ", {.is_final = false}) + client_frame(Op::ping, "within") +
         client_frame(Op::more, "", {.is_final = false}) +
         client_frame(Op::more, "#r, carl, nobody: \xC3", {.is_final = false}) +
         client_frame(Op::more, "\xA4") + text_frame("a\nb") +
         client_frame(Op::text, pack("alice, #r, carl: " + text_of(700)), compressed) +
         client_frame(Op::binary, "alice: \xFF") +
         client_frame(Op::text, pack("carl: x"), compressed) + text_frame("/who") +
         client_frame(Op::text, "never", {.is_final = false});
}

// Alice speaks lines, bob is in the room, and carl says what is cut.
Bench bench_with(const Config& config) {
  Bench bench{config};
  for (const Transport transport : {Transport::lines, Transport::websocket, Transport::websocket}) {
    bench.accept(transport);
  }
  bench.receive(0, "alice\n");
  bench.receive(1, upgrade_request(narrow_offer) + text_frame("bob") + text_frame("/join #r"));
  return bench;
}

TEST(WebSocketState, OfABrokenConnectionIsForgottenAtOnce) {
  Bench bench{large_config()};
  bench.accept(Transport::websocket);
  bench.receive(0, upgrade_request() + client_frame(Op::text, "half", {.is_final = false}));
  EXPECT_EQ(bench.server.peer(bench.ids[0])->held_bytes, 4U);
  bench.server.failed(bench.now, bench.ids[0], Fault::reset);
  EXPECT_EQ(bench.server.peer(bench.ids[0])->held_bytes, 0U);
  bench.release_all();
}

// --- Cuts ----------------------------------------------------------------------------------------

std::vector<std::string> tails() {
  return {"", close_frame(4000, "bye"), text_frame("/quit") + text_frame("x") + close_frame(1000),
          "\x81\x01x" + close_frame(1000), client_header(Op::more, 70'000) + "x"};
}

TEST(WebSocketDigest, IsTheSameHoweverTheBytesAreCut) {
  for (const Config& config : {large_config(), small_config()}) {
    for (const std::string_view offer : {std::string_view{}, wide_offer}) {
      for (const std::string& tail : tails()) {
        const std::string all = conversation(offer, !offer.empty()) + tail;
        Bench whole = bench_with(config);
        whole.receive(2, all);
        const std::uint64_t before = whole.digest();
        Bench whole_later = whole;
        whole_later.write_all();
        const std::uint64_t after = whole_later.digest();
        for (std::size_t cut = 0; cut <= all.size(); cut += 3) {
          Bench cut_once = bench_with(config);
          cut_once.receive(2, all.substr(0, cut));
          cut_once.receive(2, all.substr(cut));
          ASSERT_EQ(cut_once.digest(), before) << cut;
        }
        for (const std::size_t step : {1U, 2U, 13U}) {
          Bench cut_often = bench_with(config);
          for (std::size_t at = 0; at < all.size(); at += step) {
            cut_often.receive(2, all.substr(at, step));
          }
          ASSERT_EQ(cut_often.digest(), before) << step;
          cut_often.write_all();
          ASSERT_EQ(cut_often.digest(), after) << step;
          EXPECT_EQ(cut_often.written, whole_later.written);
          cut_often.release_all();
        }
      }
    }
  }
}

TEST(WebSocketDigest, IsTheSameAfterEveryPrefix) {
  const std::string all = conversation(wide_offer, true) + close_frame(1000, "bye");
  Bench bytewise = bench_with(large_config());
  for (std::size_t size = 1; size <= all.size(); ++size) {
    bytewise.receive(2, all.substr(size - 1, 1));
    Bench whole = bench_with(large_config());
    whole.receive(2, all.substr(0, size));
    ASSERT_EQ(bytewise.digest(), whole.digest()) << size;
  }
}

TEST(WebSocketDigest, TellsStatesApartThatDiffer) {
  const std::vector<std::string> endings{"",
                                         client_frame(Op::pong, "").substr(0, 1),
                                         client_frame(Op::ping, "").substr(0, 1),
                                         client_frame(Op::text, "a", {.is_final = false}),
                                         client_frame(Op::binary, "a", {.is_final = false}),
                                         client_frame(Op::text, "b", {.is_final = false}),
                                         client_frame(Op::ping, "ab").substr(0, 7),
                                         client_header(Op::text, 5),
                                         client_header(Op::text, 6),
                                         close_frame(1000),
                                         close_frame(0),
                                         "\x81\x01x"};
  std::vector<std::uint64_t> digests;
  for (const std::string& ending : endings) {
    Bench bench = bench_with(large_config());
    bench.receive(2, upgrade_request() + text_frame("carl") + ending);
    digests.push_back(bench.digest());
  }
  for (std::size_t one = 0; one < digests.size(); ++one) {
    for (std::size_t other = 0; other < one; ++other) EXPECT_NE(digests[one], digests[other]);
  }
}

// --- Copies --------------------------------------------------------------------------------------

// A long day, step by step: everybody talks in small pieces, the kernel takes a few bytes at a time
// and the clock goes on; carl quits in the end, bob closes, and the server stops.
class Day {
 public:
  explicit Day(const Config& config) : bench_{bench_with(config)} {}

  static constexpr int steps = 220;

  void step(int number) {
    static const std::array<std::string, 3> streams{
        [] {
          std::string lines;
          for (int count = 0; count < 12; ++count) lines += "bob, carl, #r: " + text_of(160) + "\n";
          return lines;
        }(),
        text_frame("alice, carl: " + text_of(300)) + client_frame(Op::ping, "bob's") +
            text_frame("/who") + text_frame("#r: x") + close_frame(1000),
        conversation(wide_offer, true) + client_frame(Op::more, "") + text_frame("/quit") +
            close_frame(1000)};
    const std::size_t peer = static_cast<std::size_t>(number) % 3;
    const std::size_t at = static_cast<std::size_t>(number) / 3 * 37;
    if (at < streams[peer].size()) bench_.receive(peer, streams[peer].substr(at, 37));
    if (number % 2 == 0) bench_.write(number % 5 == 0 ? 200 : 9);
    if (number % 7 == 0) bench_.pass(std::chrono::milliseconds{900});
    if (number == steps - 10) bench_.server.stop(bench_.now, StopReason::terminate);
  }
  [[nodiscard]] const Server& server() const { return bench_.server; }
  [[nodiscard]] const std::string& written() const { return bench_.written; }
  void end() { bench_.release_all(); }

 private:
  Bench bench_;
};

TEST(WebSocketCopy, GoesOnLikeTheOriginalFromEveryStep) {
  for (const Config& config : {large_config(), small_config()}) {
    Day original{config};
    std::vector<Day> copies;
    std::vector<std::uint64_t> digests;
    for (int number = 0; number < Day::steps; ++number) {
      if (number % 6 == 0) copies.push_back(original);
      original.step(number);
      digests.push_back(original.server().digest());
    }
    EXPECT_GT(original.server().books().delivered, 10U);
    for (std::size_t copy = 0; copy < copies.size(); ++copy) {
      Day& day = copies[copy];
      for (int number = static_cast<int>(copy) * 6; number < Day::steps; ++number) {
        day.step(number);
        ASSERT_EQ(day.server().digest(), digests[static_cast<std::size_t>(number)]) << number;
      }
      EXPECT_EQ(day.written(), original.written());
      day.end();
    }
    original.end();
  }
}

}  // namespace
}  // namespace lastword::test
