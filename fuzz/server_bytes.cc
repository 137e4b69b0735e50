// Hostile bytes from one client beside healthy ones: the production server behind the production
// pump, by lines and by WebSocket. How an input is read: fuzz/server_script.h.
//
// Oracles
//   valid output  what goes out to anybody is a prefix of valid lines, or of an HTTP response and
//                 valid frames, with nothing behind the Close (I8)
//   reference     while the hostile client reads (or nobody ever had to wait for it) everybody is
//                 told exactly what the plainest model of the chat says, up to every act of the
//                 script: to the goodbye and its number (I2 to I7)
//   isolation     whatever it does, the healthy ones are told what they are told without it, but
//                 for lines of it and about it (I9), and wait only for one who shares their room or
//                 fills the memory, and not beyond its time (contract, section 3)
//   chunking      whole, byte by byte and cut as the input says: the same is told to everybody, the
//                 server is in the same state at every act (I12)
//   books         the report is what was seen (I1, I7)
//   end           the drain ends in its time, with a second signal at once (L3, L4), and closes on
//                 no unread input (I15)
//   rest          nothing goes on for ever by itself (L5)
//   bounds        no more is queued or held than may be; nobody is read from who is paused (I10)
//   determinism   the same once more is the same (I16)
// And the server's own checks, after every turn.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/event.h"
#include "core/report.h"
#include "fuzz/chat_model.h"
#include "fuzz/heard.h"
#include "fuzz/input.h"
#include "fuzz/oracle.h"
#include "fuzz/plain_reading.h"
#include "fuzz/server_play.h"
#include "fuzz/server_script.h"
#include "fuzz/target.h"
#include "fuzz/told.h"

namespace lastword::fuzz {
namespace {

// --- A play, and what was heard in it ------------------------------------------------------------

struct Performance {
  std::string_view chunking;
  std::unique_ptr<Play> play;
  std::vector<Heard> heard{};  // by client

  [[nodiscard]] Client hostile() const { return play->hostile(); }
  [[nodiscard]] const Pipe& pipe(Client client) const { return play->world().pipe(client); }
  [[nodiscard]] std::string who(Client client) const {
    const std::string name =
        client == hostile() ? "the hostile client" : "healthy client " + std::to_string(client);
    return name + ", the stream coming " + std::string{chunking};
  }
};

Transport transport_of(const Play& play, Client client) {
  for (const Deed& deed : play.deeds()) {
    if (deed.kind == Deed::Kind::connect && deed.client == client) return deed.transport;
  }
  return Transport::lines;
}

Performance perform(const Script& script, std::string_view chunking,
                    std::span<const std::size_t> sizes) {
  Performance performance{.chunking = chunking, .play = std::make_unique<Play>(script, sizes)};
  const Play& play = *performance.play;
  for (Client client = 0; client < play.world().client_count(); ++client) {
    const Pipe& pipe = performance.pipe(client);
    const std::vector<std::size_t> marks = play.marks_of(client);
    const Output output{.transport = transport_of(play, client),
                        .bytes = pipe.taken,
                        .writes = pipe.writes,
                        .marks = marks,
                        .mark_count = play.mark_count()};
    performance.heard.push_back(hear(output, performance.who(client)));
  }
  return performance;
}

bool had_upgrade(const Performance& performance) {
  const auto& id = performance.pipe(performance.hostile()).id;
  const auto events = performance.play->world().server.events();
  return std::any_of(events.begin(), events.end(), [&](const Event& event) {
    return event.kind == EventKind::upgraded && event.connection == id;
  });
}

// --- What had to come of it ----------------------------------------------------------------------

struct Expected {
  ChatModel model;
  bool is_let_in = false;     // the hostile client, to the chat
  bool has_violated = false;  // it broke the protocol, as it seems
};

Expected expect(const Script& script, const Performance& performance, bool is_let_in) {
  Expected expected{.model = ChatModel{script.config}, .is_let_in = is_let_in};
  ChatModel& model = expected.model;
  const Client hostile = performance.hostile();
  PlainReading reading{script.form, script.config.line_max};
  std::size_t marks = 0;
  for (const Deed& deed : performance.play->deeds()) {
    switch (deed.kind) {
      case Deed::Kind::connect:
        model.connect(deed.transport, deed.client != hostile || is_let_in);
        break;
      case Deed::Kind::say:
        model.say(deed.client, deed.unit);
        break;
      case Deed::Kind::bytes:
        if (!deed.bytes.empty()) model.hear(hostile);
        for (const Unit& unit : reading.read(deed.bytes)) {
          expected.has_violated |= unit.kind == Unit::Kind::violation;
          model.say(hostile, unit);
        }
        break;
      case Deed::Kind::end:
        model.end(deed.client);
        break;
      case Deed::Kind::break_off:
        model.lose(deed.client);
        break;
      case Deed::Kind::pass:
        model.pass(deed.span, hostile);
        break;
      case Deed::Kind::stop:
        model.stop();
        break;
      case Deed::Kind::mark:
        model.mark(marks++);
        break;
    }
  }
  return expected;
}

// --- Oracle: reference ---------------------------------------------------------------------------

// Whether the model can follow what the hostile client does: it knows no queues, and it can't
// inflate.
bool is_followed(const Script& script, const Performance& performance, const Expected& expected) {
  const Play& play = *performance.play;
  const Heard& heard = performance.heard[play.hostile()];
  const bool is_answered = heard.status != 0;
  const bool may_be_deflated =
      is_answered ? heard.is_deflating : script.config.handshake.is_compressing;
  if (may_be_deflated && expected.has_violated) return false;
  if (script.reads_always()) return true;
  const bool had_to_wait = play.had_event(EventKind::paused) ||
                           play.had_event(EventKind::memory_full) ||
                           play.had_event(EventKind::dropped_slow);
  return !had_to_wait && !expected.model.has_given_up() && !performance.pipe(play.hostile()).fault;
}

void check_reference(const Script& script, const Performance& performance,
                     const Expected& expected) {
  const Client hostile = performance.hostile();
  for (Client client = 0; client < performance.heard.size(); ++client) {
    if (client == hostile) continue;
    require_told(expected.model.told(client), performance.heard[client].told, "reference",
                 [&] { return performance.who(client); });
  }
  // Of a WebSocket that was refused, nothing is known here.
  if (!expected.is_let_in && script.form != Form::lines) return;
  const Told& told = expected.model.told(hostile);
  const Told& found = performance.heard[hostile].told;
  const auto who = [&] { return performance.who(hostile); };
  if (script.reads_always()) {
    require_told_with_pongs(told, found, "reference", who);
    return;
  }
  // It may have been given less and later, and not all notices.
  const auto is_uncertain = [](std::string_view item) {
    return is_mark(item) || is_notice(item) || is_unseen(item);
  };
  const auto is_no_pong = [](std::string_view item) { return !is_pong(item); };
  const auto require_beginning = [&](Told all, const Told& some) {
    all.resize(std::min(all.size(), some.size()));
    require_same(all, some, "reference", who());
  };
  const Told certain = without(told, is_uncertain);
  const Told certain_found = without(found, is_uncertain);
  require_beginning(without(certain, is_pong), without(certain_found, is_pong));
  require_beginning(without(certain, is_no_pong), without(certain_found, is_no_pong));
}

// --- Oracle: isolation ---------------------------------------------------------------------------

// Compared is only where the model can't follow the hostile client (`without_it` tells what the
// others hear then): where it can, the reference says all that this would say, and more.
void check_isolation(const Script& script, const Performance& performance,
                     const Expected* without_it) {
  const Play& play = *performance.play;
  const std::string& name = play.world().name_of_last();
  for (const Person person : people) {
    require(name != name_of(person), "isolation",
            [&] { return "the hostile client logged in as " + name; });
  }
  const std::string joined = "* " + name + " joined " + std::string{healthy_room};
  bool is_in_room = false;
  for (Client client = 0; client < performance.heard.size(); ++client) {
    const Told& heard = performance.heard[client].told;
    if (client == performance.hostile() || without_it == nullptr) continue;
    is_in_room |= std::find(heard.begin(), heard.end(), joined) != heard.end();
    Told found = without(without_peer(heard, name), is_mark);
    Told told = without(without_peer(without_it->model.told(client), name), is_mark);
    // Those who are told only how much they missed don't know who it was.
    if (has_unseen(found)) {
      found = without(without(std::move(found), is_unseen), is_notice);
      told = without(std::move(told), is_notice);
    }
    require_same(told, found, "isolation", performance.who(client));
  }
  const bool may_hold_up = is_in_room || play.had_event(EventKind::memory_full);
  const bool may_be_waited_for = !script.reads_always() && may_hold_up;
  require(!play.was_anybody_waiting() || may_be_waited_for, "isolation", [&] {
    return "a healthy client had to wait, the stream coming " + std::string{performance.chunking};
  });
}

// --- Oracle: books -------------------------------------------------------------------------------

std::optional<std::uint64_t> goodbye_number(const Told& told) {
  constexpr std::string_view beginning = "* goodbye: ";
  for (const std::string& line : told) {
    if (line.starts_with(beginning)) return std::stoull(line.substr(beginning.size()));
  }
  return std::nullopt;
}

void check_books(const Script& script, const Performance& performance, const Expected& expected,
                 const Expected* without_it) {
  const Play& play = *performance.play;
  const Books& books = play.report().books;
  const auto require_count = [&](bool holds, std::string_view what, std::uint64_t is) {
    require(holds, "books", [&] {
      return "the report counts " + std::to_string(is) + " " + std::string{what} +
             ", the stream coming " + std::string{performance.chunking} + ": " +
             to_json(play.report());
    });
  };
  std::uint64_t messages = 0;
  std::uint64_t clean = 0;
  for (Client client = 0; client < performance.heard.size(); ++client) {
    messages += performance.heard[client].messages;
    if (client != performance.hostile() && !performance.pipe(client).fault) ++clean;
  }
  require_count(books.is_balanced() && books.queued == 0, "deliveries", books.total);
  require_count(books.delivered == messages, "delivered", books.delivered);
  require_count(books.connections_total == performance.heard.size(), "connections",
                books.connections_total);
  require_count(books.connections_clean + books.connections_failed == books.connections_total,
                "clean and failed connections", books.connections_total);
  require_count(books.connections_clean == clean || books.connections_clean == clean + 1,
                "clean connections", books.connections_clean);
  const auto failed = [&](Failure failure) {
    return books.failed.at(static_cast<std::size_t>(failure));
  };
  if (without_it == nullptr) {
    require_count(books.accepted == expected.model.accepted(), "accepted", books.accepted);
    require_count(books.total == expected.model.deliveries(), "deliveries", books.total);
    require_count(failed(Failure::not_connected) == expected.model.missing(), "to nobody",
                  failed(Failure::not_connected));
  }
  if (script.reads_always()) {
    require_count(books.failed_total() == failed(Failure::not_connected), "failed deliveries",
                  books.failed_total());
  }
  // What the hostile client was told of itself, and what is known of the healthy ones.
  const auto own = goodbye_number(performance.heard[performance.hostile()].told);
  if (own && without_it != nullptr) {
    require_count(books.accepted == without_it->model.accepted() + *own, "accepted",
                  books.accepted);
  }
}

// --- Oracles: end, bounds ------------------------------------------------------------------------

void check_end(const Script& script, const Performance& performance) {
  const Play& play = *performance.play;
  const Duration drain = play.report().drain;
  Duration drain_max = script.config.drain_timeout;
  if (script.reads_always()) {
    const Instant last = std::max(play.said_all_at(), play.stopped_at());
    const Duration silent_until = last - play.stopped_at() + script.config.linger;
    drain_max = script.is_answering_fin ? Duration{} : std::min(drain_max, silent_until);
  }
  if (play.stop_count() == 2) {
    drain_max = std::min(drain_max, play.stopped_again_at() - play.stopped_at());
  }
  require(drain <= drain_max, "end", [&] {
    return "the drain took " + std::to_string(drain.count()) + " ns, and not at most " +
           std::to_string(drain_max.count()) + ", the stream coming " +
           std::string{performance.chunking};
  });
  const bool was_cut_off = play.stop_count() == 2 || drain == script.config.drain_timeout;
  for (Client client = 0; client < performance.heard.size(); ++client) {
    const bool is_excused = client == performance.hostile() && was_cut_off;
    require(!performance.pipe(client).is_reset || is_excused, "end", [&] {
      return performance.who(client) + " is closed with unread input, which resets it";
    });
    require(client == performance.hostile() || !performance.heard[client].is_cut, "end",
            [&] { return performance.who(client) + ": the last that it is told is not whole"; });
  }
}

// The largest single thing that may stand in an otherwise empty outbox: a message with two names,
// a list of names, the help.
std::size_t unit_max(const Config& config) {
  return std::max<std::size_t>(512, config.line_max + 160);
}

// What may come on top of the bound: a line about unseen notices, one notice of somebody who left,
// a login that is refused, the answer to a handshake, a ping, a Close.
constexpr std::size_t extra_max = 400;

// Reports of deliveries that failed, as they were told. Of one who was dropped they may be lost:
// then as many as one of its lines can cause.
std::size_t report_bytes(const Script& script, const Performance& performance, Client client) {
  constexpr std::size_t around = sizeof("! undelivered : not_connected") + 4;  // a frame's header
  std::size_t bytes = 0;
  for (const std::string& item : performance.heard[client].told) {
    if (item.starts_with("! undelivered ")) bytes += item.size() + around;
  }
  if (client != performance.hostile() || script.reads_always()) return bytes;
  const auto has_message = [](const Piece& piece) {
    return piece.bytes.find(':') != std::string::npos;
  };
  const bool is_none = script.form == Form::lines &&
                       std::none_of(script.pieces.begin(), script.pieces.end(), has_message);
  return is_none ? 0 : script.config.line_max / 2 * around + script.config.line_max;
}

void check_bounds(const Script& script, const Performance& performance) {
  const Config& config = script.config;
  const auto check = [&](std::size_t is, std::size_t max, const std::string& what) {
    require(is <= max, "bounds", [&] {
      return std::to_string(is) + " bytes " + what + ", and not at most " + std::to_string(max);
    });
  };
  std::size_t reports = 0;
  for (Client client = 0; client < performance.heard.size(); ++client) {
    const Pipe& pipe = performance.pipe(client);
    const std::size_t own_reports = report_bytes(script, performance, client);
    reports += own_reports;
    check(pipe.queued_peak, std::max(config.outbox_max, unit_max(config)) + extra_max + own_reports,
          "are queued for " + performance.who(client));
    constexpr std::size_t read_max = 4096;
    constexpr std::size_t head_max = std::size_t{24} << 10;  // with what a vector is too large
    const std::size_t held_max = config.line_max + config.line_max / 8 + read_max;
    check(pipe.held_peak, held_max + (script.form == Form::lines ? 0 : head_max),
          "are held of " + performance.who(client));
  }
  check(performance.play->world().queued_peak(),
        std::max(config.memory_max, unit_max(config)) + extra_max + reports, "are queued for all");
}

// --- Oracles: chunking, determinism --------------------------------------------------------------

void check_same(const Performance& first, const Performance& other) {
  const auto& digests = first.play->digests();
  const bool is_as_long =
      first.heard.size() == other.heard.size() && digests.size() == other.play->digests().size();
  require(is_as_long, "chunking",
          [&] { return "another play, if the stream comes " + std::string{other.chunking}; });
  for (Client client = 0; client < first.heard.size(); ++client) {
    require_told_with_pongs(first.heard[client].told, other.heard[client].told, "chunking",
                            [&] { return other.who(client); });
  }
  for (std::size_t mark = 0; mark < digests.size(); ++mark) {
    require(digests[mark] == other.play->digests()[mark], "chunking", [&] {
      return "at mark " + std::to_string(mark) +
             " the server is in another state if the stream comes " + std::string{other.chunking};
    });
  }
  const auto report_of = [](const Performance& performance) {
    return to_json(performance.play->report());
  };
  require(report_of(first) == report_of(other), "chunking", [&] {
    return report_of(first) + ", and if the stream comes " + std::string{other.chunking} + " " +
           report_of(other);
  });
}

void check_repeated(const Performance& first, const Performance& again) {
  bool is_same = first.play->digests() == again.play->digests();
  for (Client client = 0; client < first.heard.size(); ++client) {
    is_same &= first.pipe(client).taken == again.pipe(client).taken;
  }
  require(is_same, "determinism",
          [] { return std::string{"the same play comes out differently"}; });
}

void judge(const Script& script, const Performance& performance) {
  const bool is_full = script.config.connections_max == people.size();
  const bool is_let_in = script.form == Form::lines ? !is_full : had_upgrade(performance);
  const Expected expected = expect(script, performance, is_let_in);
  std::optional<Expected> without_it;
  if (is_followed(script, performance, expected)) {
    check_reference(script, performance, expected);
  } else {
    without_it = expect(script, performance, false);
  }
  const Expected* const others = without_it ? &*without_it : nullptr;
  check_isolation(script, performance, others);
  check_books(script, performance, expected, others);
  check_end(script, performance);
  check_bounds(script, performance);
}

}  // namespace
}  // namespace lastword::fuzz

// --- The target ----------------------------------------------------------------------------------

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lastword::fuzz;
  const Script script = read_script({data, size});
  const std::size_t one_byte = 1;
  const Performance whole = perform(script, "whole", {});
  judge(script, whole);
  if (script.is_played_twice) check_repeated(whole, perform(script, "whole", {}));
  const auto check_cut = [&](std::string_view chunking, std::span<const std::size_t> sizes) {
    const Performance other = perform(script, chunking, sizes);
    if (!script.reads_always()) {
      judge(script, other);
      return;
    }
    check_same(whole, other);
    check_end(script, other);
    check_bounds(script, other);
  };
  if (!script.cuts.empty()) check_cut("cut as the input says", script.cuts);
  check_cut("byte by byte", {&one_byte, 1});
  return 0;
}
