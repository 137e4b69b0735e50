// The client's pump and a network that is scripted call by call.
#include "core/client/client_pump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "tests/core/client/client_world.h"

namespace lastword::test {
namespace {

using client::Link;
using client::State;
using testing::ElementsAre;
using testing::IsEmpty;

class Scripted {
 public:
  Instant clock{};
  std::vector<std::string> calls;
  std::string written;
  std::deque<std::string> to_read;
  std::optional<Fault> read_fault;
  std::optional<Fault> write_fault;
  bool is_at_end = false;
  std::size_t write_max = SIZE_MAX;
  bool is_releasing_at_once = false;
  ClientPump<Scripted>* pump = nullptr;

  [[nodiscard]] Instant now() const { return clock; }
  void connect(Link link) { note("connect", link); }
  [[nodiscard]] Transfer read(Link link, std::span<std::byte> buffer) {
    note("read", link);
    if (read_fault) return {.kind = Transfer::Kind::fault, .fault = *read_fault};
    if (to_read.empty()) {
      return {.kind = is_at_end ? Transfer::Kind::end : Transfer::Kind::would_block};
    }
    const std::string bytes = to_read.front();
    to_read.pop_front();
    std::copy_n(as_bytes(bytes).begin(), bytes.size(), buffer.begin());
    return {.kind = Transfer::Kind::bytes, .count = bytes.size()};
  }
  [[nodiscard]] Transfer write(Link link, Bytes bytes) {
    note("write", link);
    if (write_fault) return {.kind = Transfer::Kind::fault, .fault = *write_fault};
    const std::size_t count = std::min(write_max, bytes.size());
    written.append(as_text(bytes.first(count)));
    if (count == 0) return {};
    return {.kind = Transfer::Kind::bytes, .count = count};
  }
  void await_readable(Link link) { note("await readable", link); }
  void await_writable(Link link) { note("await writable", link); }
  void close(Link link) {
    note("close", link);
    if (is_releasing_at_once) pump->released(link);
  }
  void wake_at(const std::optional<client::Deadline>& at) { deadline = at; }

  std::vector<std::string> take_calls() { return std::exchange(calls, {}); }
  std::optional<client::Deadline> deadline;

 private:
  void note(const std::string& call, Link link) {
    calls.push_back(call + " " + std::to_string(static_cast<std::uint32_t>(link)));
  }
};

class ClientPumpTest : public testing::Test {
 protected:
  ClientPumpTest() { network.pump = &pump; }

  // With its login written, and no answer yet.
  void connect() {
    pump.start();
    pump.finish_turn();
    pump.connected(Link{1});
    pump.finish_turn();
    network.take_calls();
  }
  void go_online() {
    connect();
    const std::string question = network.written.substr(network.written.find("/ping ") + 6);
    network.to_read.push_back("* pong " + question);
    pump.readable(Link{1});
    pump.finish_turn();
    ASSERT_EQ(client.state(), State::online);
    network.take_calls();
    network.written.clear();
  }

  Scripted network;
  Client client{client_config("alice"), seed_of(1)};
  std::array<std::byte, 4096> buffer{};
  ClientPump<Scripted> pump{client, network, buffer};
};

TEST_F(ClientPumpTest, ConnectsOnceAndWritesAndReads) {
  pump.start();
  pump.finish_turn();
  pump.finish_turn();
  EXPECT_THAT(network.take_calls(), ElementsAre("connect 1"));
  pump.connected(Link{1});
  pump.finish_turn();
  pump.finish_turn();
  EXPECT_THAT(network.take_calls(), ElementsAre("await readable 1", "write 1"));
  EXPECT_THAT(network.written, testing::StartsWith("alice\n/ping lw-"));
}

TEST_F(ClientPumpTest, AShortWriteIsWaitedForAndGoneOnWith) {
  go_online();
  network.write_max = 5;
  EXPECT_EQ(client.give(network.clock, "bob: hello"), client::Given::taken);
  pump.finish_turn();
  pump.finish_turn();
  EXPECT_THAT(network.take_calls(), ElementsAre("write 1", "await writable 1"))
      << "who waits to be writable is not written to";
  network.write_max = SIZE_MAX;
  pump.writable(Link{1});
  pump.finish_turn();
  EXPECT_THAT(network.take_calls(), ElementsAre("write 1"));
  EXPECT_THAT(network.written, testing::StartsWith("bob: hello\n/ping lw-"));
}

TEST_F(ClientPumpTest, AWriteThatTakesNothingIsWaitedFor) {
  go_online();
  network.write_max = 0;
  EXPECT_EQ(client.give(network.clock, "bob: hello"), client::Given::taken);
  pump.finish_turn();
  EXPECT_THAT(network.take_calls(), ElementsAre("write 1", "await writable 1"));
}

TEST_F(ClientPumpTest, AFaultInAWriteEndsTheLink) {
  go_online();
  network.write_fault = Fault::reset;
  EXPECT_EQ(client.give(network.clock, "bob: hello"), client::Given::taken);
  pump.finish_turn();
  EXPECT_EQ(client.state(), State::waiting);
  EXPECT_EQ(client.reason(), client::Reason::reset);
  EXPECT_THAT(network.take_calls(), ElementsAre("write 1", "close 1"));
  EXPECT_FALSE(network.deadline) << "not before the old link is gone";
  pump.released(Link{1});
  pump.finish_turn();
  EXPECT_TRUE(network.deadline);
}

TEST_F(ClientPumpTest, ALinkMayBeReleasedWithinItsClose) {
  go_online();
  network.is_releasing_at_once = true;
  network.read_fault = Fault::timed_out;
  pump.readable(Link{1});
  pump.finish_turn();
  EXPECT_THAT(network.take_calls(), ElementsAre("read 1", "close 1"));
  network.clock = network.deadline->at;
  pump.elapsed();
  pump.finish_turn();
  EXPECT_THAT(network.take_calls(), ElementsAre("connect 2"));
}

TEST_F(ClientPumpTest, AnEarlierLinkHasNoEffect) {
  go_online();
  network.is_releasing_at_once = true;
  network.read_fault = Fault::reset;
  pump.readable(Link{1});
  pump.finish_turn();
  network.clock = network.deadline->at;
  pump.elapsed();
  pump.finish_turn();
  network.take_calls();
  const std::uint64_t digest = client.digest();
  pump.connected(Link{1});
  pump.connect_failed(Link{1}, client::ConnectFault::refused);
  pump.readable(Link{1});
  pump.writable(Link{1});
  pump.released(Link{1});
  pump.connected(client::no_link);
  pump.finish_turn();
  EXPECT_EQ(client.digest(), digest);
  EXPECT_THAT(network.take_calls(), IsEmpty());
}

TEST_F(ClientPumpTest, AnAttemptThatWasNeverAskedForNeedsNoClose) {
  pump.start();
  client.abandon(network.clock);
  pump.finish_turn();
  EXPECT_TRUE(client.is_over());
  EXPECT_THAT(network.take_calls(), IsEmpty());
}

TEST_F(ClientPumpTest, TheEndIsReadOnce) {
  go_online();
  network.is_at_end = true;
  pump.readable(Link{1});
  pump.finish_turn();
  EXPECT_THAT(network.take_calls(), ElementsAre("read 1", "close 1"));
  EXPECT_EQ(client.reason(), client::Reason::peer_ended);
}

TEST_F(ClientPumpTest, WhoMayNotReadIsNotReadFor) {
  go_online();
  std::string flood;
  while (flood.size() < 4000) flood += "from bob: hello\n";
  while (client.wish().read) {
    network.to_read.push_back(flood);
    pump.readable(Link{1});
  }
  pump.finish_turn();
  network.take_calls();
  pump.readable(Link{1});  // a wake-up for nothing
  pump.finish_turn();
  EXPECT_THAT(network.take_calls(), IsEmpty());
  while (client.line()) client.take_line(network.clock);
  pump.finish_turn();
  EXPECT_THAT(network.take_calls(), ElementsAre("await readable 1"));
}

}  // namespace
}  // namespace lastword::test
