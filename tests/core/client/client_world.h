// Production clients and a server, both behind their pumps, over a network in memory: most tests of
// the client speak to one of these.
//
// Nothing is random and nothing happens by itself: `settle` runs turn after turn until nothing is
// ready any more, `advance` moves the clock from deadline to deadline.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/client/client.h"
#include "core/client/client_pump.h"
#include "tests/core/pair.h"

namespace lastword::test {

inline client::Seed seed_of(unsigned number) {
  client::Seed seed{};
  seed.front() = static_cast<std::byte>(number);
  return seed;
}

inline client::Config client_config(std::string_view name, Transport transport = Transport::lines) {
  client::Config config;
  config.name = name;
  config.url = {.transport = transport, .host = "server", .port = 8080};
  return config;
}

// Names the tests that are done over both transports.
inline std::string transport_of(const testing::TestParamInfo<Transport>& info) {
  return info.param == Transport::lines ? "Lines" : "WebSocket";
}

// The client's end of the network: one link at a time, to a pipe of the server that is there now.
class ClientNode {
 public:
  ClientNode(std::unique_ptr<Pair>& server, const client::Config& config, unsigned seed)
      : client{config, seed_of(seed)}, server_{server}, pump_{client, *this, buffer_} {}
  ClientNode(const ClientNode&) = delete;
  ClientNode& operator=(const ClientNode&) = delete;

  Client client;

  // --- What is odd about its network -------------------------------------------------------------

  std::optional<client::ConnectFault> connect_fault;  // for every attempt from now on
  bool is_connecting_for_ever = false;
  bool is_silent = false;  // nothing comes and nothing arrives, until this link is closed
  std::size_t write_max = SIZE_MAX;
  std::size_t write_budget = SIZE_MAX;  // bytes that all writes from now on take together
  std::size_t read_max = SIZE_MAX;
  std::size_t read_budget = SIZE_MAX;  // bytes that all reads from now on bring together
  bool is_taking_lines = true;         // the application

  // --- What came of it ---------------------------------------------------------------------------

  std::vector<std::string> lines;     // that the application took
  std::vector<client::Event> events;  // since the start
  std::string written;                // by the client, on its current link
  std::vector<std::pair<client::Link, Instant>> attempts;

  // --- The application ---------------------------------------------------------------------------

  void start() {
    pump_.start();
    turn();
  }
  client::Given give(std::string_view line) { return client.give(now(), line); }
  void finish() { client.finish(now()); }
  void abandon() { client.abandon(now()); }
  // The link breaks, as its ends see it.
  void break_link(Fault fault = Fault::reset) {
    if (!pipe_) return;
    pipe().fault = fault;
    broken_ = fault;
  }
  // The server notices links that ended while the network was silent.
  void lay_ghosts() {
    for (const std::size_t ghost : ghosts_) server_->pipe(ghost).fault = Fault::reset;
    ghosts_.clear();
  }
  // Another server is there.
  void forget_ghosts() { ghosts_.clear(); }
  [[nodiscard]] Pipe& pipe() { return server_->pipe(*pipe_); }
  [[nodiscard]] bool has_link() const { return pipe_.has_value(); }

  // What became of lines, told by events of this kind: their numbers.
  [[nodiscard]] std::vector<client::LineNumber> told(client::Event::Kind kind) const {
    std::vector<client::LineNumber> numbers;
    for (const client::Event& event : events) {
      if (event.kind == kind) numbers.push_back(event.line);
    }
    return numbers;
  }
  // The states it went through: "connecting (started)".
  [[nodiscard]] std::vector<std::string> course() const {
    std::vector<std::string> course;
    for (const client::Event& event : events) {
      if (event.kind != client::Event::Kind::state) continue;
      course.push_back(std::string{word_for(event.to)} + ": " + std::string{explain(event.reason)});
    }
    return course;
  }
  [[nodiscard]] const client::Event& last_state() const {
    const auto found = std::find_if(events.rbegin(), events.rend(), [](const client::Event& event) {
      return event.kind == client::Event::Kind::state;
    });
    return *found;
  }

  // --- The world ---------------------------------------------------------------------------------

  // Everything that is ready, then the pump. Returns whether anything was ready.
  bool turn() {
    bool was_ready = std::exchange(has_moved_, false);
    if (is_attempt_open_ && !is_connecting_for_ever) {
      is_attempt_open_ = false;
      was_ready = true;
      make_link();
    }
    if (to_release_) {
      was_ready = true;
      pump_.released(*std::exchange(to_release_, std::nullopt));
    }
    if (is_awaiting_readable_ && is_readable()) {
      is_awaiting_readable_ = false;
      was_ready = true;
      pump_.readable(link_);
    }
    if (is_awaiting_writable_ && (write_budget > 0 || broken_)) {
      is_awaiting_writable_ = false;
      was_ready = true;
      pump_.writable(link_);
    }
    if (deadline_ && deadline_->at <= now()) {
      was_ready = true;
      pump_.elapsed();
    }
    was_ready |= application();
    pump_.finish_turn();
    was_ready |= application();
    client.check_invariants();
    return was_ready || has_moved_;
  }

  [[nodiscard]] const std::optional<client::Deadline>& next_deadline() const { return deadline_; }
  // The server's process is gone.
  void server_died(Fault fault) {
    if (pipe_) broken_ = fault;
  }

  // --- The pump's network ------------------------------------------------------------------------

  [[nodiscard]] Instant now() const { return server_->network.clock; }
  void connect(client::Link link) {
    link_ = link;
    has_moved_ = true;
    is_attempt_open_ = true;
    written.clear();
    attempts.emplace_back(link, now());
  }
  [[nodiscard]] Transfer read(client::Link link, std::span<std::byte> buffer) {
    EXPECT_EQ(link, link_);
    std::string& received = pipe().received;
    if (!received.empty() && !is_silent && read_budget > 0) {
      const std::size_t count = std::min({buffer.size(), read_max, read_budget, received.size()});
      read_budget -= read_budget == SIZE_MAX ? 0 : count;
      std::memcpy(buffer.data(), received.data(), count);
      received.erase(0, count);
      return {.kind = Transfer::Kind::bytes, .count = count};
    }
    if (broken_) return {.kind = Transfer::Kind::fault, .fault = *broken_};
    if (is_at_end()) return {.kind = Transfer::Kind::end};
    return {};
  }
  [[nodiscard]] Transfer write(client::Link link, Bytes bytes) {
    EXPECT_EQ(link, link_);
    if (broken_) return {.kind = Transfer::Kind::fault, .fault = *broken_};
    const std::size_t count = std::min({bytes.size(), write_max, write_budget});
    if (count == 0) return {};
    write_budget -= write_budget == SIZE_MAX ? 0 : count;
    has_moved_ = true;
    written.append(as_text(bytes.first(count)));
    if (!is_silent) pipe().inbound.append(as_text(bytes.first(count)));
    return {.kind = Transfer::Kind::bytes, .count = count};
  }
  void await_readable(client::Link /*link*/) { is_awaiting_readable_ = true; }
  void await_writable(client::Link /*link*/) { is_awaiting_writable_ = true; }
  void close(client::Link link) {
    if (pipe_ && is_silent) ghosts_.push_back(*pipe_);
    if (pipe_ && !is_silent) {
      if (pipe().received.empty() && !broken_) {
        pipe().has_client_ended = true;
      } else if (!pipe().fault) {
        pipe().fault = Fault::reset;
      }
    }
    pipe_.reset();
    broken_.reset();
    is_silent = false;
    is_attempt_open_ = false;
    is_awaiting_readable_ = false;
    is_awaiting_writable_ = false;
    to_release_ = link;
    has_moved_ = true;
  }
  void wake_at(const std::optional<client::Deadline>& deadline) { deadline_ = deadline; }

 private:
  void make_link() {
    const bool is_refused = server_->network.listen_state == Listen::closed || is_server_down;
    if (connect_fault || is_refused) {
      pump_.connect_failed(link_, connect_fault.value_or(client::ConnectFault::refused));
      return;
    }
    PairNetwork& network = server_->network;
    network.pipes.emplace_back().is_client_answering_fin = false;
    pipe_ = network.pipes.size() - 1;
    network.backlog_of(client.config().url.transport).push_back(*pipe_);
    pump_.connected(link_);
  }

  [[nodiscard]] bool is_at_end() {
    return pipe().has_server_ended && pipe().outbound.empty() && pipe().received.empty() &&
           !is_silent;
  }
  [[nodiscard]] bool is_readable() {
    if (broken_) return true;
    if (!pipe_) return false;
    const bool is_anything_there = !pipe().received.empty() && !is_silent && read_budget > 0;
    return is_anything_there || is_at_end();
  }

  // Takes lines and events. Returns whether there were any.
  bool application() {
    bool was_any = false;
    while (is_taking_lines) {
      const auto line = client.line();
      if (!line) break;
      lines.emplace_back(*line);
      client.take_line(now());
      was_any = true;
    }
    std::vector<client::Event> news;
    EXPECT_EQ(client.take_events(news), 0U);
    events.insert(events.end(), news.begin(), news.end());
    return was_any || !news.empty();
  }

 public:
  bool is_server_down = false;

 private:
  std::unique_ptr<Pair>& server_;
  std::array<std::byte, 65536> buffer_{};
  ClientPump<ClientNode> pump_;
  client::Link link_ = client::no_link;
  std::optional<std::size_t> pipe_;
  std::vector<std::size_t> ghosts_;  // pipes whose end the server has not seen
  std::optional<Fault> broken_;
  std::optional<client::Link> to_release_;
  std::optional<client::Deadline> deadline_;
  bool has_moved_ = false;  // something went out of it
  bool is_attempt_open_ = false;
  bool is_awaiting_readable_ = false;
  bool is_awaiting_writable_ = false;
};

class ClientWorld {
 public:
  explicit ClientWorld(const Config& config = {})
      : config_{config}, server_{std::make_unique<Pair>(config)} {}

  [[nodiscard]] Pair& server() { return *server_; }
  [[nodiscard]] Instant now() const { return server_->network.clock; }

  ClientNode& add(const client::Config& config) {
    nodes_.push_back(std::make_unique<ClientNode>(server_, config, nodes_.size() + 1));
    nodes_.back()->start();
    return *nodes_.back();
  }
  // Adds one and lets it come online.
  ClientNode& log_in(const client::Config& config) {
    ClientNode& node = add(config);
    settle();
    EXPECT_EQ(node.client.state(), client::State::online) << config.name;
    return node;
  }

  void settle() {
    for (;;) {
      bool was_ready = false;
      if (is_server_running_) was_ready |= server_->turn();
      for (auto& node : nodes_) was_ready |= node->turn();
      if (!was_ready) return;
    }
  }

  void advance(Duration span) {
    const Instant until = now() + span;
    settle();
    for (;;) {
      std::optional<Instant> next;
      const auto consider = [&](const auto& deadline) {
        if (deadline && deadline->at <= until)
          next = next ? std::min(*next, deadline->at) : deadline->at;
      };
      if (is_server_running_) consider(server_->network.deadline);
      for (const auto& node : nodes_) consider(node->next_deadline());
      if (!next) break;
      server_->network.clock = std::max(now(), *next);
      settle();
    }
    server_->network.clock = until;
    settle();
  }

  // The server's process stands still, or goes on.
  void stop_running() { is_server_running_ = false; }
  void go_on() { is_server_running_ = true; }

  // SIGTERM; the drain runs as `settle` and `advance` are called.
  void terminate() { server_->stop(); }
  // SIGKILL: every link breaks, nobody listens.
  void kill() {
    is_server_running_ = false;
    for (auto& node : nodes_) {
      node->server_died(Fault::reset);
      node->is_server_down = true;
    }
  }
  // Another process at the same address. The messages that the last one accepted come back.
  std::uint64_t start_again() {
    const std::uint64_t accepted = server_->books().accepted;
    auto next = std::make_unique<Pair>(config_);
    next->network.clock = now();
    for (auto& node : nodes_) {
      EXPECT_FALSE(node->has_link()) << node->client.config().name;
      node->is_server_down = false;
      node->forget_ghosts();
    }
    server_ = std::move(next);
    is_server_running_ = true;
    return accepted;
  }

 private:
  Config config_;
  std::unique_ptr<Pair> server_;
  std::vector<std::unique_ptr<ClientNode>> nodes_;
  bool is_server_running_ = true;
};

}  // namespace lastword::test
