// No heap allocation per message once warm, over WebSocket: this executable counts operator new.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "core/server.h"
#include "core/spare_buffers.h"
#include "core/websocket/client_frame.h"
#include "core/websocket/deflate.h"
#include "core/websocket/frame.h"
#include "core/websocket/message_reader.h"
#include "tests/core/websocket_pair.h"

namespace {

std::size_t allocation_count = 0;
std::size_t live_count = 0;  // not freed yet

void* counted(std::size_t size) {
  ++allocation_count;
  ++live_count;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}

void discount(void* memory) {
  if (memory != nullptr) --live_count;
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
// zlib's memory comes from here (core/websocket/deflate.cc).
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void* operator new(std::size_t size, std::align_val_t) { return counted(size); }
void* operator new[](std::size_t size, std::align_val_t) { return counted(size); }
void operator delete(void* memory) noexcept { discount(memory); }
void operator delete[](void* memory) noexcept { discount(memory); }
void operator delete(void* memory, std::size_t) noexcept { discount(memory); }
void operator delete[](void* memory, std::size_t) noexcept { discount(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { discount(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { discount(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { discount(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { discount(memory); }

namespace lastword::test {
namespace {

Config compressing() {
  Config config;
  config.handshake.is_compressing = true;
  return config;
}

// The least that drives a server: reads what it is given, writes everything.
class Driver {
 public:
  ConnectionId connect() { return *server_.accepted(Instant{}, Transport::websocket); }
  ConnectionId log_in(const std::string& name, std::string_view offer) {
    const ConnectionId id = connect();
    receive(id, upgrade_request(offer) + text_frame(name));
    return id;
  }

  void receive(ConnectionId id, std::string_view bytes) {
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(buffer_.data()));
    server_.received(Instant{}, id, std::span{buffer_}.first(bytes.size()));
  }

  void write_all() {
    do {
      server_.take_changed(changed_);
      for (const ConnectionId id : changed_) {
        const std::size_t count = server_.gather(id, slices_);
        std::size_t size = 0;
        for (std::size_t position = 0; position < count; ++position) {
          size += slices_[position].size();
        }
        if (size > 0) server_.wrote(Instant{}, id, size);
      }
      server_.elapsed(Instant{});  // the paused go on
    } while (server_.has_changed());
    server_.take_events(events_);
  }

  [[nodiscard]] Server& server() { return server_; }

 private:
  Server server_{compressing()};
  std::vector<ConnectionId> changed_;
  std::vector<Event> events_;
  std::array<std::byte, 65536> buffer_;
  std::array<Slice, 64> slices_;
};

// Runs the traffic until it is warm, then again under count.
template <typename Traffic>
std::size_t allocations_once_warm(const Traffic& traffic) {
  for (int round = 0; round < 20; ++round) traffic();
  const std::size_t before = allocation_count;
  for (int round = 0; round < 100; ++round) traffic();
  return allocation_count - before;
}

// Alice sends, compressed where that was agreed, to herself and to one peer of each kind.
class WebSocketAllocation : public ::testing::Test {
 protected:
  WebSocketAllocation() {
    driver.receive(lines, "lines\n");
    driver.receive(plain, text_frame("/join #r"));
    driver.receive(wide, text_frame("/join #r"));
    driver.receive(narrow, text_frame("/join #r"));
  }

  Driver driver;
  ConnectionId lines = *driver.server().accepted(Instant{});
  ConnectionId plain = driver.log_in("a name that is too long to be stored in place", {});
  ConnectionId wide = driver.log_in("wide", wide_offer);
  ConnectionId narrow = driver.log_in("narrow", narrow_offer);
};

TEST_F(WebSocketAllocation, HappensForNoMessageToAPeer) {
  std::string batch;
  for (const std::string name :
       {"lines", "wide", "narrow", "a name that is too long to be stored in place"}) {
    batch += text_frame(name + ": short");
    batch += text_frame(name + ": " + text_of(500));
    batch += client_frame(Op::binary, name + ": \xFF" + text_of(300));
    batch += client_frame(Op::ping, "payload") + client_frame(Op::pong, "");
  }
  for (const ConnectionId sender : {plain, wide}) {
    EXPECT_EQ(allocations_once_warm([&] {
                driver.receive(sender, batch);
                driver.write_all();
              }),
              0U);
  }
  EXPECT_EQ(driver.server().books().delivered, 240U * 12U);
}

TEST_F(WebSocketAllocation, HappensForNoMessageToManyAndNoAnswer) {
  const std::string batch = text_frame("#r: hello") + text_frame("#r: " + text_of(2000)) +
                            text_frame("lines, #r: " + text_of(2000)) + text_frame("lines, #r:") +
                            text_frame("lines, wide, narrow: " + text_of(2000)) +
                            text_frame("nobody: hello") + text_frame("/ping x") +
                            text_frame("a\nb") + text_frame("nonsense");
  EXPECT_EQ(allocations_once_warm([&] {
              driver.receive(plain, batch);
              driver.write_all();
            }),
            0U);
  EXPECT_EQ(driver.server().books().delivered, 120U * 13U);
}

TEST_F(WebSocketAllocation, HappensForNoCompressedMessage) {
  const std::string batch =
      client_frame(Op::text, deflated("narrow: " + text_of(60'000)), {true, true}) +
      client_frame(Op::text, deflated("wide: hello"), {true, true});
  EXPECT_EQ(allocations_once_warm([&] {
              driver.receive(wide, batch);
              driver.write_all();
            }),
            0U);
}

TEST_F(WebSocketAllocation, HappensForNoMessageThatIsCutAnywhere) {
  const std::string message = "lines: " + text_of(5000);
  const std::string packed = deflated("lines: " + text_of(40'000) + "y");
  const std::string frames =
      text_frame(message) + client_frame(Op::text, message.substr(0, 2500), {.is_final = false}) +
      client_frame(Op::ping, text_of(125)) + client_frame(Op::more, message.substr(2500)) +
      client_frame(Op::text, packed.substr(0, 5), {.is_final = false, .is_compressed = true}) +
      client_frame(Op::more, packed.substr(5));
  EXPECT_EQ(allocations_once_warm([&] {
              for (std::size_t at = 0; at < frames.size(); at += 61) {
                driver.receive(wide, std::string_view{frames}.substr(at, 61));
              }
              driver.write_all();
            }),
            0U);
  EXPECT_EQ(driver.server().books().delivered, 120U * 3U);
}

TEST_F(WebSocketAllocation, HappensForNoPauseAndNoResumption) {
  const std::string frame = text_frame("narrow, lines: " + text_of(60'000));
  EXPECT_EQ(allocations_once_warm([&] {
              for (int count = 0; count < 20; ++count) driver.receive(plain, frame);
              driver.write_all();
            }),
            0U);
  EXPECT_EQ(driver.server().books().delivered, 120U * 40U);
}

// The other end: a client that reads what a server sends, and writes its own.
class WebSocketClientAllocation : public ::testing::Test {
 protected:
  static std::string sent(websocket::Opcode opcode, const std::string& payload) {
    const websocket::HeaderBytes header{opcode, payload.size()};
    return std::string{as_text(header.bytes())} + payload;
  }

  // Returns how many messages and control frames there were.
  std::size_t read(std::string_view bytes) {
    std::size_t items = 0;
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(buffer.data()));
    reader.feed(std::span{buffer}.first(bytes.size()));
    for (; reader.front(reading); ++items) reader.pop(reading);
    reader.keep(reading);
    return items;
  }

  std::array<std::byte, 4096> buffer{};
  SpareBuffers spare_buffers;
  websocket::Inflater inflater;
  websocket::Reading reading{
      .message_max = 65536, .spare_buffers = spare_buffers, .inflater = inflater};
  websocket::MessageReader reader{websocket::Sender::server};
};

TEST_F(WebSocketClientAllocation, HappensForNoMessageThatIsRead) {
  std::string batch;
  for (const std::size_t size : {0U, 1U, 125U, 126U, 1000U}) {
    batch += sent(websocket::Opcode::text, text_of(size));
    batch += sent(websocket::Opcode::ping, "payload");
  }
  std::size_t items = 0;
  EXPECT_EQ(allocations_once_warm([&] { items += read(batch); }), 0U);
  EXPECT_EQ(allocations_once_warm([&] {
              for (std::size_t at = 0; at < batch.size(); at += 61) {
                items += read(std::string_view{batch}.substr(at, 61));
              }
            }),
            0U);
  EXPECT_EQ(items, 240U * 10U);
  EXPECT_EQ(reader.held_bytes(), 0U);
}

TEST_F(WebSocketClientAllocation, HappensForNoFirstSmallMessage) {
  const std::string batch =
      sent(websocket::Opcode::text, text_of(125)) + sent(websocket::Opcode::binary, "x");
  const std::size_t before = allocation_count;
  const std::size_t items = read(batch);
  EXPECT_EQ(allocation_count, before);
  EXPECT_EQ(items, 2U);
}

TEST_F(WebSocketClientAllocation, HappensForNoMessageThatIsWritten) {
  std::vector<std::byte> out;
  const std::string payload = text_of(1000);
  EXPECT_EQ(allocations_once_warm([&] {
              out.clear();
              for (const std::size_t size : {0U, 125U, 126U, 1000U}) {
                websocket::append_client_frame(out, websocket::Opcode::text,
                                               as_bytes(payload).first(size), {});
              }
            }),
            0U);
  EXPECT_EQ(out.size(), 6U + 131U + 134U + 1008U);
}

// What a connection holds is given back with it, its session too.
TEST_F(WebSocketAllocation, LeavesNothingBehindOfConnectionsThatCameAndWent) {
  const auto come_and_go = [&] {
    const ConnectionId one = driver.log_in("one", wide_offer);
    const ConnectionId two = driver.log_in("two", {});
    driver.receive(one, text_frame("two: hello") + client_frame(Op::text, "half", {false, false}));
    driver.receive(two, text_frame("one: hello").substr(0, 9));
    const ConnectionId half = driver.connect();
    driver.receive(half, upgrade_request().substr(0, 200));
    for (const ConnectionId id : {two, half, one}) {
      driver.server().failed(Instant{}, id, Fault::reset);
      driver.server().released(Instant{}, id);
    }
    driver.write_all();
    driver.server().check_invariants();
  };
  for (int round = 0; round < 20; ++round) come_and_go();
  const std::size_t before = live_count;
  for (int round = 0; round < 100; ++round) come_and_go();
  EXPECT_EQ(live_count, before);
}

// A thousand idle clients hold nothing but their places in tables.
TEST_F(WebSocketAllocation, IsNotKeptForIdleClients) {
  const std::size_t before = live_count;
  for (int count = 0; count < 1000; ++count) {
    const ConnectionId id = driver.log_in("c" + std::to_string(count), wide_offer);
    driver.receive(id, client_frame(Op::text, "lines: ", {.is_final = false}));
    driver.receive(id, client_frame(Op::more, text_of(500)));
    driver.write_all();
  }
  // Short names are stored in place; what is left are buffers that are there for all.
  EXPECT_LT(live_count - before, 100U);
}

TEST_F(WebSocketAllocation, IsNotKeptForClientsThatNeverFinishedTheirRequest) {
  std::vector<ConnectionId> ids(1000);
  const std::size_t before = live_count;
  for (ConnectionId& id : ids) {
    id = driver.connect();
    driver.receive(id, upgrade_request().substr(0, 100));
  }
  EXPECT_GE(live_count - before, 1000U);
  for (const ConnectionId id : ids) {
    driver.server().failed(Instant{}, id, Fault::reset);
    driver.server().released(Instant{}, id);
  }
  driver.write_all();
  EXPECT_LT(live_count - before, 100U);
}

}  // namespace
}  // namespace lastword::test
