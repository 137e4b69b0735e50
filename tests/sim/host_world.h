// The server's process over a simulated network, and somebody who writes down every fact that the
// server gets. Tests act for the clients.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/check.h"
#include "core/config.h"
#include "core/digest.h"
#include "sim/choices.h"
#include "sim/host.h"
#include "tests/sim/kernel_world.h"

namespace lastword::sim {

// Writes down what it sees, as "received 0 hello|" (a bar for each LF).
class RecordingWitness : public Witness {
 public:
  struct Seen {
    enum class Moment : std::uint8_t { before, after, aside };
    Moment moment;
    Fact::Kind kind;
    std::string what;
    std::uint64_t state;  // of the server at that moment
  };

  void before(const Fact& fact) override { note(Seen::Moment::before, fact.kind, described(fact)); }
  void after(const Fact& fact) override {
    note(Seen::Moment::after, fact.kind, described(fact));
    if (fact.kind == Fact::Kind::accepted && !fact.id) ++turned_away;
  }
  void taken(Link link, std::span<const Slice> slices, std::size_t size) override {
    std::string text;
    for (const Slice slice : slices) text += as_text(slice);
    aside("taken " + std::to_string(link) + " " + barred(text.substr(0, size)));
  }
  void finishing(Link link) override { aside("finishing " + std::to_string(link)); }
  void closing(Link link) override { aside("closing " + std::to_string(link)); }
  void log_taken() override { ++logs_taken; }

  // The facts in the order of the server, each once it is over.
  [[nodiscard]] std::vector<std::string> facts() const {
    std::vector<std::string> facts;
    for (const Seen& one : seen) {
      if (one.moment == Seen::Moment::after) facts.push_back(one.what);
    }
    return facts;
  }
  // From now on.
  void forget() { seen.clear(); }

  const Host* host = nullptr;  // once there is one
  std::vector<Seen> seen;
  int turned_away = 0;
  int logs_taken = 0;

  // A digest of what a server shows. (Its own digest covers its lists of changes and events too,
  // which are taken between two facts.)
  static std::uint64_t state_of(const Host& host) {
    const Server& server = host.server();
    Digest digest;
    server.books().add_to(digest);
    digest.add(server.queued_bytes());
    digest.add(server.connection_count());
    digest.add(static_cast<std::uint64_t>(server.listen()));
    if (const auto deadline = server.deadline()) {
      digest.add(static_cast<std::uint64_t>(deadline->at));
      digest.add(static_cast<std::uint64_t>(deadline->reason));
    }
    constexpr Link links_max = 16;
    for (Link link = 0; link < links_max; ++link) {
      const auto id = host.id_of(link);
      if (!id) continue;
      const Wish wish = server.wish(*id);
      for (const bool is_wished : {wish.read, wish.write, wish.confirm}) {
        digest.add(is_wished ? 1U : 0U);
      }
      digest.add(static_cast<std::uint64_t>(wish.end));
    }
    return digest.value();
  }

 private:
  static std::string barred(std::string text) {
    for (char& character : text) {
      if (character == '\n') character = '|';
    }
    return text;
  }
  static std::string described(const Fact& fact) {
    const std::string link = " " + std::to_string(fact.link);
    switch (fact.kind) {
      case Fact::Kind::none:
        return "nothing";
      case Fact::Kind::accepted:
        return "accepted" + link;
      case Fact::Kind::accept_failed:
        return "accept failed";
      case Fact::Kind::received:
        return "received" + link + " " + barred(std::string{as_text(fact.bytes)});
      case Fact::Kind::ended:
        return "ended" + link;
      case Fact::Kind::wrote:
        return "wrote" + link + " " + std::to_string(fact.count);
      case Fact::Kind::acknowledged:
        return "acknowledged" + link + (fact.flag ? " all" : " not all");
      case Fact::Kind::failed:
        return "failed" + link + (fact.fault == Fault::reset ? " reset" : " timed out");
      case Fact::Kind::released:
        return "released" + link;
      case Fact::Kind::elapsed:
        return "elapsed";
      case Fact::Kind::stop:
        return "stop";
      case Fact::Kind::stale:
        return "stale";
    }
    return "";
  }
  void note(Seen::Moment moment, Fact::Kind kind, std::string what) {
    seen.push_back({.moment = moment,
                    .kind = kind,
                    .what = std::move(what),
                    .state = host == nullptr ? 0 : state_of(*host)});
  }
  void aside(std::string what) { note(Seen::Moment::aside, Fact::Kind::none, std::move(what)); }
};

class HostWorld {
 public:
  explicit HostWorld(const Config& config = {}, Choices choices = Choices::replayed({}))
      : network{std::move(choices)}, host{config, network.environment, network.kernel, witness} {
    witness.host = &host;
  }
  // A snapshot.
  HostWorld(const HostWorld& other)
      : network{other.network},
        witness{other.witness},
        received{other.received},
        host{other.host, network.environment, network.kernel, witness} {
    witness.host = &host;
  }
  HostWorld& operator=(const HostWorld&) = delete;
  ~HostWorld() = default;

  KernelWorld network;
  RecordingWitness witness;
  std::vector<std::string> received;  // by link: clients read at once
  Host host;

  [[nodiscard]] Environment& environment() { return network.environment; }

  // The smallest thing that can happen. False if nothing happens any more.
  bool step() {
    if (host.in_turn()) {
      host.step();
      return true;
    }
    Environment& world = network.environment;
    if (world.queue.is_empty()) return false;
    const Event event = world.queue.pop();
    world.now = event.at;
    const int acceptable_before = network.acceptable;
    if (network.handle(event)) {
      if (network.acceptable > acceptable_before) host.acceptable();
      if (event.kind == Event::Kind::flight_down) read(event.subject);
      if (event.kind != Event::Kind::syn_arrives && event.kind != Event::Kind::connected) {
        host.look(event.subject);
      }
      return true;
    }
    switch (event.kind) {
      case Event::Kind::turn:
        host.begin_turn();
        return true;
      case Event::Kind::deadline:
        host.on_deadline(event.subject);
        return true;
      case Event::Kind::release:
        host.on_release(event.subject);
        return true;
      default:
        LASTWORD_CHECK(!"an event of the process or of the kernel");
    }
    return true;
  }
  void run_for(Duration span) {
    Environment& world = network.environment;
    const Instant end = world.now + span;
    while (host.in_turn() || (!world.queue.is_empty() && world.queue.first().at <= end)) step();
    world.now = end;
  }
  // Up to the next turn of the process, which has begun then.
  void run_to_turn() {
    while (!host.in_turn() && step()) {
    }
  }
  // Longer than any way, shorter than any timeout.
  void settle() { run_for(std::chrono::milliseconds{500}); }

  // A user who is logged in.
  Link log_in(std::string_view name) {
    const Link link = network.connect();
    settle();
    say(link, name);
    settle();
    return link;
  }
  void say(Link link, std::string_view line) { network.send(link, std::string{line} + "\n"); }

 private:
  void read(Link link) {
    if (link >= received.size()) received.resize(link + std::size_t{1});
    received[link] += network.receive(link);
  }
};

}  // namespace lastword::sim
