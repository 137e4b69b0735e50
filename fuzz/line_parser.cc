// Lines and what they say: core/line_framer, core/line_parser, core/name, core/client/message.
//
// Oracles
//   reference   the lines of the stream, and what each asks for, against the plainest way of
//               reading them (sim/reference.h)
//   chunking    whole, byte by byte and cut as the input says: the same lines, the same state
//   bound       no more is held than the framer says it holds
//   round trip  what a line says, written again, says the same
//   linear      the work is at most so many steps for each byte, call and line, however it is cut
#include "core/line_parser.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/bytes.h"
#include "core/client/message.h"
#include "core/digest.h"
#include "core/line_framer.h"
#include "core/name.h"
#include "core/replies.h"
#include "fuzz/input.h"
#include "fuzz/oracle.h"
#include "fuzz/steps.h"
#include "fuzz/target.h"
#include "sim/reference.h"

namespace lastword::fuzz {
namespace {

using Lines = std::vector<std::string>;

// Stands for a line over the limit; no line is like it, for it has an LF.
const std::string too_long = "\n";

// --- From bytes to lines -----------------------------------------------------------------------

struct Limits {
  std::size_t line_max = 0;   // bytes, LF included
  std::size_t lines_max = 0;  // that are taken in one fact; the rest waits, as a paused sender's
};

struct Reading {
  Lines lines;
  std::uint64_t digest = 0;
};

// As the server reads: a chunk is lent, lines are taken, the rest is kept, and the chunk is gone.
class Reader {
 public:
  explicit Reader(const Limits& limits) : framing_{.line_max = limits.line_max}, limits_{limits} {}

  void read(std::string_view chunk) {
    {
      const std::string lent{chunk};
      framer_.feed(as_bytes(lent));
      take(limits_.lines_max);
      framer_.keep(framing_);
    }
    untaken_ = take(limits_.lines_max) == limits_.lines_max;
    framer_.keep(framing_);
    const std::size_t held = framer_.held_bytes();
    require(untaken_ || held < limits_.line_max, "bound", [&] {
      return "of lines of at most " + std::to_string(limits_.line_max) + " bytes " +
             std::to_string(held) + " bytes are held";
    });
  }

  Reading end() {
    take(SIZE_MAX);
    framer_.keep(framing_);
    Digest digest;
    framer_.add_to(digest);
    return {.lines = lines_, .digest = digest.value()};
  }

 private:
  std::size_t take(std::size_t lines_max) {
    std::size_t taken = 0;
    for (; taken < lines_max; ++taken) {
      const auto line = framer_.front(framing_);
      if (!line) break;
      lines_.push_back(line->is_too_long ? too_long : std::string{line->text});
      framer_.pop();
    }
    return taken;
  }

  Framing framing_;
  Limits limits_;
  LineFramer framer_;
  Lines lines_;
  bool untaken_ = false;
};

// The plainest way: everything is there at once.
Lines split(std::string_view stream, std::size_t line_max) {
  Lines lines;
  std::string line;
  bool is_skipping = false;
  for (const char byte : stream) {
    if (byte == '\n') {
      if (line.ends_with('\r')) line.pop_back();
      if (!is_skipping) lines.push_back(line);
      line.clear();
      is_skipping = false;
      continue;
    }
    line.push_back(byte);
    // Its LF would be beyond the limit.
    if (!is_skipping && line.size() == line_max) {
      lines.push_back(too_long);
      is_skipping = true;
    }
  }
  return lines;
}

// --- From a line to what it asks for -----------------------------------------------------------

// What a line asks for as a list of words, the first of them its kind.
using Words = std::vector<std::string>;

struct Describe {
  Words operator()(const line::Empty&) const { return {"nothing"}; }
  Words operator()(const line::Message& message) const {
    Words words{"message", std::string{message.text}};
    DestinationReader reader{message.destinations};
    for (std::string_view next = reader.next(); !next.empty(); next = reader.next()) {
      const std::string destination{next};
      const auto destinations_begin = words.begin() + 2;
      if (std::find(destinations_begin, words.end(), destination) == words.end()) {
        words.push_back(destination);
      }
    }
    return words;
  }
  Words operator()(const line::Help&) const { return {"help"}; }
  Words operator()(const line::Who& who) const { return {"who", std::string{who.room}}; }
  Words operator()(const line::Ping& ping) const { return {"ping", std::string{ping.token}}; }
  Words operator()(const line::Join& join) const { return {"join", std::string{join.room.text()}}; }
  Words operator()(const line::Leave& leave) const {
    return {"leave", std::string{leave.room.text()}};
  }
  Words operator()(const line::Quit&) const { return {"quit"}; }
};

std::string_view answer_to(LineError error) {
  switch (error) {
    case LineError::no_destination:
      return "! no destination";
    case LineError::unknown_command:
      return "! unknown command";
    case LineError::room_missing:
      return "! no room";
    case LineError::bad_room:
      return "! bad room";
  }
  return {};
}

Words ask(std::string_view line) {
  const auto parsed = parse_line(line);
  if (!parsed) return {"error", std::string{answer_to(parsed.error())}};
  return std::visit(Describe{}, *parsed);
}

Words ask_reference(std::string_view line) {
  using Kind = sim::reference::Asked::Kind;
  const sim::reference::Asked asked = sim::reference::parse(line);
  const std::string argument{asked.argument};
  switch (asked.kind) {
    case Kind::nothing:
      return {"nothing"};
    case Kind::message: {
      Words words{"message", std::string{asked.message.text}};
      const auto& destinations = asked.message.destinations;
      words.insert(words.end(), destinations.begin(), destinations.end());
      return words;
    }
    case Kind::help:
      return {"help"};
    case Kind::who:
      return {"who", argument};
    case Kind::ping:
      return {"ping", argument};
    case Kind::join:
      return {"join", argument};
    case Kind::leave:
      return {"leave", argument};
    case Kind::quit:
      return {"quit"};
    case Kind::error:
      return {"error", std::string{asked.error}};
  }
  return {};
}

// The same once more, as a line.
std::string write(const Words& words) {
  const std::string& kind = words.front();
  if (kind == "nothing") return {};
  if (kind != "message") return "/" + kind + (words.size() > 1 ? " \t" + words[1] : "");
  std::string line;
  for (std::size_t at = 2; at < words.size(); ++at) line += " " + words[at] + "\t,";
  return line + ": " + words[1] + " ";
}

void check_line(const std::string& line) {
  const Words words = ask(line);
  require_same(ask_reference(line), words, "reference", "the line '" + readable(line) + "'");
  if (words.front() == "error") return;
  const std::string again = write(words);
  // A first DEST that begins with a slash would be a command, were it not for the blank before it.
  require_same(words, ask(again), "round trip", "written again as '" + readable(again) + "'");
}

// --- Names -------------------------------------------------------------------------------------

void check_name(const std::string& line) {
  const auto name = Name::parse(line);
  const std::string_view trimmed = sim::reference::trim(line);
  require(name.has_value() == sim::reference::is_name(trimmed), "reference",
          [&] { return "as a name, '" + readable(line) + "'"; });
  require(!name || name->text() == trimmed, "reference", [&] {
    return "the name in '" + readable(line) + "' is '" + readable(name->text()) + "'";
  });
}

// A message as a client hears it: what the server would write comes apart into what it was.
void check_message(const std::string& sender, const std::string& text) {
  const auto name = Name::parse(sender);
  if (!name) return;
  for (const std::string& room : {std::string{}, "#" + std::string{name->text()}}) {
    const std::string line = std::string{MessageHeader{name->text(), room}.text()} + text;
    const auto message = client::parse_message(line);
    const client::Message expected{.sender = name->text(), .room = room, .text = text};
    require(message == expected, "round trip",
            [&] { return "a client does not understand '" + readable(line) + "'"; });
  }
}

// --- Work --------------------------------------------------------------------------------------

// The dearest bytes are those of rooms' names, which are decoded code point by code point. What was
// measured, at most, with some room: docs/FUZZING.md.
constexpr std::uint64_t steps_per_byte_max = 16;
constexpr std::uint64_t steps_per_read_max = 50;
constexpr std::uint64_t steps_per_line_max = 60;

void check_cost(const Chunking& chunking, const Limits& limits, std::string_view stream) {
  LineFramer framer;
  Framing framing{.line_max = limits.line_max};
  std::uint64_t lines = 0;
  const StepCount count;
  for (const std::string_view chunk : chunking.chunks) {
    framer.feed(as_bytes(chunk));
    while (const auto line = framer.front(framing)) {
      ++lines;
      if (const auto parsed = parse_line(line->text)) {
        if (const auto* message = std::get_if<line::Message>(&*parsed)) {
          DestinationReader reader{message->destinations};
          while (!reader.next().empty()) {
          }
        }
      }
      framer.pop();
    }
    framer.keep(framing);
  }
  const std::uint64_t steps = count.steps();
  const std::uint64_t bound = steps_per_byte_max * stream.size() +
                              steps_per_read_max * chunking.chunks.size() +
                              steps_per_line_max * lines;
  require(steps <= bound, "linear", [&] {
    return std::string{chunking.name} + ": " + std::to_string(stream.size()) + " bytes in " +
           std::to_string(chunking.chunks.size()) + " reads and " + std::to_string(lines) +
           " lines took " + std::to_string(steps) + " steps, and not at most " +
           std::to_string(bound);
  });
}

// Mostly so small that limits are met; now and then as large as the server's.
constexpr std::size_t large_line_max = 65'536;

Limits read_limits(Input& input) {
  const std::size_t line_max = 1 + std::size_t{input.byte()};
  return {.line_max = line_max == 256 ? large_line_max : line_max, .lines_max = 1 + input.which(4)};
}

// A stream whose work is worth counting: under the large limit the input, over and over, so that a
// few bytes without an LF are a long line.
std::string long_stream(std::string_view stream, const Limits& limits) {
  constexpr std::size_t size_min = 4'096;
  std::string all{stream};
  while (limits.line_max == large_line_max && !stream.empty() && all.size() < size_min) {
    all += stream;
  }
  return all;
}

void check_costs(std::string_view stream, std::span<const std::size_t> cuts, const Limits& limits) {
  const std::string all = long_stream(stream, limits);
  for (const Chunking& chunking : chunkings(all, cuts)) check_cost(chunking, limits, all);
}

}  // namespace
}  // namespace lastword::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lastword::fuzz;
  Input input{{data, size}};
  const Limits limits = read_limits(input);
  const std::vector<std::size_t> cuts = input.cuts();
  const std::string_view stream = input.rest();

  const Lines expected = split(stream, limits.line_max);
  std::optional<Reading> first;
  for (const Chunking& chunking : chunkings(stream, cuts)) {
    Reader reader{limits};
    for (const std::string_view chunk : chunking.chunks) reader.read(chunk);
    const Reading reading = reader.end();
    require_same(expected, reading.lines, first ? "chunking" : "reference", chunking.name);
    if (!first) first = reading;
    require(reading.digest == first->digest, "chunking", [&] {
      return "the framer is left in another state if its input comes " + std::string{chunking.name};
    });
  }
  check_costs(stream, cuts, limits);
  std::string sender = "ada";
  for (const std::string& line : expected) {
    if (line == too_long) continue;
    check_line(line);
    check_name(line);
    check_message(sender, line);
    sender = line;
  }
  return 0;
}
