// Properties of the whole server that hold for any sequence of facts.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/server.h"
#include "tests/core/pair.h"
#include "tests/core/tape.h"

namespace lastword::test {
namespace {

Config small_config() {
  Config config;
  config.connections_max = 4;
  config.refusals_max = 1;
  config.line_max = 48;
  config.outbox_max = 160;
  config.memory_max = 400;
  config.rooms_per_peer_max = 2;
  config.work_per_fact_max = 3;
  return config;
}

// What clients may say, sense and nonsense.
std::string choose_line(Tape& tape) {
  static const std::vector<std::string> lines{
      "a: hi",
      "b: hello there",
      "c:x",
      "a,b,c: all of you",
      "#r: room",
      "#s,a: both",
      "/join #r",
      "/join #s",
      "/leave #r",
      "/ping 1",
      "/who",
      "/who #r",
      "/help",
      "nobody: hi",
      "",
      "no colon",
      "/quit",
      "/bad",
      "a",
      "b",
      "c",
      "\xFF\xFE",
      "#q: none",
      "a: 0123456789012345678901234567890123456",
      "a: 01234567890123456789012345678901234567890123456789012345678901234567890123456789",
  };
  return lines[tape.choose(lines.size())];
}

std::span<std::byte> writable(std::string& text) {
  return {reinterpret_cast<std::byte*>(text.data()), text.size()};
}

// Everything that is gathered for the connection.
std::string gathered(const Server& server, ConnectionId id) {
  std::array<Slice, 64> slices;
  std::string text;
  const std::size_t count = server.gather(id, slices);
  for (std::size_t position = 0; position < count; ++position) text += as_text(slices[position]);
  return text;
}

// A driver that does anything a driver may do, in any order.
class AnyDriver {
 public:
  explicit AnyDriver(Tape& tape) : tape_{tape} {}

  Server server{small_config()};
  Instant now{};
  std::vector<ConnectionId> ids;  // open ones
  std::vector<ConnectionId> stale;
  std::string output;  // everything that was written, and to whom

  void step() {
    switch (tape_.choose(12)) {
      case 0:
      case 1:
        if (const auto id = server.accepted(now)) ids.push_back(*id);
        break;
      case 2:
      case 3:
      case 4:
        receive();
        break;
      case 5:
      case 6:
        write();
        break;
      case 7:
        if (const auto id = any()) server.ended(now, *id);
        break;
      case 8:
        if (const auto id = any(); id && tape_.choose(4) == 3) {
          server.failed(now, *id, Fault::reset);
        }
        break;
      case 9:
        pass_time();
        break;
      case 10:
        if (tape_.choose(8) == 7) server.stop(now, StopReason::terminate);
        if (tape_.choose(8) == 7) server.accept_failed(now);
        break;
      default:
        if (!stale.empty()) server.failed(now, stale[tape_.choose(stale.size())], Fault::other);
        break;
    }
    follow_wishes();
    server.check_invariants();
    RC_ASSERT(server.books().is_balanced());
  }

  // Everybody reads and ends; then nothing may be left.
  void wind_down() {
    server.stop(now, StopReason::terminate);
    for (int round = 0; round < 10'000 && !server.finished(); ++round) {
      for (const ConnectionId id : std::vector{ids}) {
        const std::string text = gathered(server, id);
        if (!text.empty()) server.wrote(now, id, text.size());
        if (server.wish(id).end != End::open) server.ended(now, id);
      }
      follow_wishes();
      server.check_invariants();
    }
    RC_ASSERT(server.finished().has_value());
    RC_ASSERT(server.books().queued == 0U);
    RC_ASSERT(server.books().connections_total ==
              server.books().connections_clean + server.books().connections_failed);
    RC_ASSERT(server.queued_bytes() == 0U);
  }

 private:
  std::optional<ConnectionId> any() {
    if (ids.empty()) return std::nullopt;
    return ids[tape_.choose(ids.size())];
  }

  void receive() {
    const auto id = any();
    if (!id) return;
    std::string text = choose_line(tape_);
    if (tape_.choose(4) != 3) text += '\n';
    server.received(now, *id, writable(text));
  }

  void write() {
    const auto id = any();
    if (!id) return;
    std::string text = gathered(server, *id);
    if (text.empty()) return;
    if (tape_.choose(2) == 1) text.resize(1 + tape_.choose(text.size()));
    output += std::to_string(index_of(id->slot)) + "<" + text + ">";
    server.wrote(now, *id, text.size());
  }

  void pass_time() {
    const auto deadline = server.deadline();
    if (tape_.choose(2) == 0 && deadline && deadline->at > now) {
      now = deadline->at;
    } else {
      now = now + std::chrono::milliseconds{tape_.choose(4) * 100};
    }
    server.elapsed(now);
  }

  void follow_wishes() {
    std::vector<ConnectionId> changed;
    std::vector<Event> events;
    while (server.has_changed()) {
      server.take_changed(changed);
      for (const ConnectionId id : changed) {
        const auto open = std::find(ids.begin(), ids.end(), id);
        if (open == ids.end()) continue;
        if (server.wish(id).confirm) server.acknowledged(now, id, tape_.choose(2) == 0);
        if (server.wish(id).end != End::release) continue;
        ids.erase(std::find(ids.begin(), ids.end(), id));
        server.released(now, id);
        stale.push_back(id);
      }
    }
    server.take_events(events);
  }

  Tape& tape_;
};

RC_GTEST_PROP(Server, KeepsItsBooksBalancedAfterAnySequenceOfFacts,
              (const std::vector<std::uint8_t>& bytes)) {
  Tape tape{bytes};
  AnyDriver driver{tape};
  while (!tape.is_at_end()) driver.step();
  driver.wind_down();
}

RC_GTEST_PROP(Server, DoesTheSameForTheSameFacts, (const std::vector<std::uint8_t>& bytes)) {
  Tape first_tape{bytes};
  Tape second_tape{bytes};
  AnyDriver first{first_tape};
  AnyDriver second{second_tape};
  while (!first_tape.is_at_end()) {
    first.step();
    second.step();
    RC_ASSERT(first.server.digest() == second.server.digest());
    RC_ASSERT(first.output == second.output);
  }
}

RC_GTEST_PROP(Server, GoesOnFromACopyAsFromTheOriginal, (const std::vector<std::uint8_t>& bytes)) {
  Tape tape{bytes};
  AnyDriver driver{tape};
  while (!tape.is_at_end()) {
    driver.step();
    Server copy = driver.server;
    RC_ASSERT(copy.digest() == driver.server.digest());
    driver.server = copy;  // and go on with the copy of the copy
  }
  driver.wind_down();
}

// Until nobody waits only for his turn.
void let_everybody_go_on(Server& server) {
  while (server.deadline() && server.deadline()->reason == Timer::resume) {
    server.elapsed(Instant{});
  }
}

// Any cutting of the same bytes gives the same output and the same digest.
RC_GTEST_PROP(Server, DoesNotCareHowBytesAreCut, (const std::vector<std::uint8_t>& bytes)) {
  Tape tape{bytes};
  Server whole{small_config()};
  Server cut{small_config()};
  std::vector<ConnectionId> ids;
  for (const std::string name : {"a\n", "b\n", "c\n"}) {
    const auto id = whole.accepted(Instant{});
    RC_ASSERT(cut.accepted(Instant{}) == id);
    ids.push_back(*id);
    std::string text = name;
    whole.received(Instant{}, *id, writable(text));
    cut.received(Instant{}, *id, writable(text));
  }
  while (!tape.is_at_end()) {
    const ConnectionId id = ids[tape.choose(ids.size())];
    std::string text;
    for (std::size_t lines = tape.choose(4); lines > 0; --lines) text += choose_line(tape) + '\n';
    if (tape.choose(3) == 2) text += choose_line(tape);
    std::string copy = text;
    whole.received(Instant{}, id, writable(copy));
    for (std::size_t position = 0; position < text.size();) {
      const std::size_t part = std::min(text.size() - position, 1 + tape.choose(9));
      std::string piece = text.substr(position, part);
      cut.received(Instant{}, id, writable(piece));
      position += part;
    }
    let_everybody_go_on(whole);
    let_everybody_go_on(cut);
    RC_ASSERT(whole.digest() == cut.digest());
    RC_ASSERT(whole.books() == cut.books());
    for (const ConnectionId reader : ids) {
      const std::string text_to_write = gathered(whole, reader);
      RC_ASSERT(gathered(cut, reader) == text_to_write);
      const std::size_t part = text_to_write.empty() ? 0 : tape.choose(text_to_write.size() + 1);
      whole.wrote(Instant{}, reader, part);
      cut.wrote(Instant{}, reader, part);
      // Whoever is ready goes on before the next bytes come: cut bytes are more facts than whole
      // ones, and would have more turns before him.
      let_everybody_go_on(whole);
      let_everybody_go_on(cut);
    }
  }
}

// Whatever happens before, a stop loses nothing of what was accepted if everybody goes on reading.
RC_GTEST_PROP(Pair, LosesNothingInAFairShutdown, (const std::vector<std::uint8_t>& bytes)) {
  Tape tape{bytes};
  Config config = small_config();
  config.memory_max = 100'000;
  Pair pair{config};
  pair.network.read_max = tape.choose(2) == 0 ? SIZE_MAX : 1 + tape.choose(20);
  pair.network.write_max = tape.choose(2) == 0 ? SIZE_MAX : 1 + tape.choose(20);
  pair.network.send_buffer_max = tape.choose(2) == 0 ? 1 << 20 : 1 + tape.choose(200);
  std::vector<Pair::Client> clients;
  for (const std::string name : {"a", "b", "c"}) clients.push_back(pair.log_in(name));
  while (!tape.is_at_end()) {
    const Pair::Client client = clients[tape.choose(clients.size())];
    std::string line = choose_line(tape);
    if (line == "/quit") line = "/ping";
    pair.send(client, line);
    if (tape.choose(3) == 0) pair.turn();
  }
  pair.stop();
  pair.settle();
  RC_ASSERT(pair.server.finished().has_value());
  const Books& books = pair.books();
  RC_ASSERT(books.total == books.delivered + pair.failed(Failure::not_connected));
  RC_ASSERT(books.connections_clean == books.connections_total);
  std::uint64_t received = 0;
  std::uint64_t accepted = 0;
  for (const Pair::Client client : clients) {
    RC_ASSERT(!pair.pipe(client).was_reset_by_server);
    const auto lines = pair.lines(client);
    RC_ASSERT(pair.pipe(client).received.empty());
    RC_ASSERT(!lines.empty());
    const std::string before = "* goodbye: ";
    RC_ASSERT(lines.back().rfind(before, 0) == 0U);
    accepted += std::stoull(lines.back().substr(before.size()));
    for (const std::string& line : lines) received += line.rfind("from ", 0) == 0 ? 1U : 0U;
  }
  RC_ASSERT(received == books.delivered);
  RC_ASSERT(accepted == books.accepted);
}

}  // namespace
}  // namespace lastword::test
