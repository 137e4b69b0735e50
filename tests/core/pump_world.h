// The small world that the tests of the pump share: a scripted network, a server, the pump between
// them, and a driver.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "core/config.h"
#include "core/pump.h"
#include "core/server.h"
#include "tests/core/scripted_network.h"

namespace lastword {

inline constexpr std::size_t pump_buffer_size = 64;

// Outboxes that are full after a line or two.
inline Config small_config() {
  Config config;
  config.line_max = 64;
  config.outbox_max = 64;
  return config;
}

// A server, the pump, and a driver that reports what is ready the way a reactor does.
class PumpWorld {
 public:
  explicit PumpWorld(const Config& config = {}) : server{config}, pump{server, network, buffer_} {
    network.released = [this](ConnectionId id) { pump.released(id); };
    pump.finish_turn();
  }
  PumpWorld(const PumpWorld&) = delete;
  PumpWorld& operator=(const PumpWorld&) = delete;

  // Whatever the test was about: the pump kept its word.
  ~PumpWorld() {
    EXPECT_THAT(network.breaches, ::testing::IsEmpty());
    server.check_invariants();
  }

  // Somebody connects.
  ConnectionId connect() {
    network.arrivals.push_back(Acceptance::accepted);
    turn();
    return network.ids().back();
  }
  // ... and logs in.
  ConnectionId log_in(std::string_view name) {
    const ConnectionId id = connect();
    say(id, std::string{name} + "\n");
    turn();
    static_cast<void>(network.take_calls());
    return id;
  }
  void say(ConnectionId id, std::string_view text) {
    network.at(id).incoming.emplace_back(std::string{text});
  }
  void end(ConnectionId id) { network.at(id).incoming.emplace_back(ScriptedNetwork::End{}); }
  void fail(ConnectionId id, Fault fault) { network.at(id).incoming.emplace_back(fault); }

  // Reports everything that is ready and was asked for, and ends the turn.
  void turn() {
    if (network.listening == Listen::open && !network.arrivals.empty()) {
      static_cast<void>(pump.acceptable());
    }
    for (const ConnectionId id : network.ids()) {
      auto& connection = network.at(id);
      if (connection.is_released) continue;
      if (connection.is_closed) {
        network.release(id);
        continue;
      }
      if (connection.is_awaiting_readable && !connection.incoming.empty()) readable(id);
      if (connection.is_awaiting_writable && can_write(connection)) writable(id);
    }
    if (network.deadline && network.deadline->at <= network.time) pump.elapsed();
    pump.finish_turn();
  }
  void run() {
    do turn();
    while (is_anything_ready());
  }
  void wait(Duration duration) {
    network.time = network.time + duration;
    run();
  }

  void readable(ConnectionId id) {
    network.at(id).is_awaiting_readable = false;
    pump.readable(id);
  }
  void writable(ConnectionId id) {
    network.at(id).is_awaiting_writable = false;
    pump.writable(id);
  }

  [[nodiscard]] std::string take_written(ConnectionId id) {
    return std::exchange(network.at(id).written, {});
  }

  // Everybody goes, then the server.
  void empty() {
    for (const ConnectionId id : network.ids()) {
      network.at(id).window = ScriptedNetwork::unlimited;
      if (!network.at(id).is_closed) end(id);
    }
    run();
    pump.stop(StopReason::terminate);
    run();
    EXPECT_TRUE(server.finished());
    EXPECT_EQ(network.listening, Listen::closed);
    EXPECT_EQ(server.connection_count(), 0U);
  }

  ScriptedNetwork network;
  Server server;
  Pump<ScriptedNetwork> pump;

 private:
  static bool can_write(const ScriptedNetwork::Connection& connection) {
    return connection.window > 0 || connection.write_fault;
  }
  [[nodiscard]] bool is_anything_ready() {
    for (const ConnectionId id : network.ids()) {
      const auto& connection = network.at(id);
      if (connection.is_released) continue;
      if (connection.is_closed) return true;
      if (connection.is_awaiting_readable && !connection.incoming.empty()) return true;
      if (connection.is_awaiting_writable && can_write(connection)) return true;
    }
    if (network.listening == Listen::open && !network.arrivals.empty()) return true;
    return network.deadline && network.deadline->at <= network.time;
  }

  std::array<std::byte, pump_buffer_size> buffer_{};
};

}  // namespace lastword
