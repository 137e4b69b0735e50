// Frames and what they say: core/websocket/message_reader, and what it is made of (frame, mask,
// deflate, utf8_validator), as a server and as a client; and what writes frames (frame,
// client_frame, deflate).
//
//   [flags][limit][items of a fact][when a close is sought][behind how much][4: key] cuts... stream
//
// Oracles
//   reference   what the stream shows, and which violation it ends with, against the plainest way
//               of reading it (reference_frames.h, reference_inflate.h)
//   chunking    whole, byte by byte and cut as the input says: the same items, the same state
//   bound       no more is held than the reader says it holds, and nothing was allocated for bytes
//               that were only announced
//   wslay       another library shows the same messages and refuses for the same class of reason,
//               but for the differences that stand in wslay_reader.h
//   round trip  what was read, and the largest message, written again by either side, is read as
//               the same by the other
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/digest.h"
#include "core/spare_buffers.h"
#include "core/websocket/client_frame.h"
#include "core/websocket/deflate.h"
#include "core/websocket/frame.h"
#include "core/websocket/mask.h"
#include "core/websocket/message_reader.h"
#include "fuzz/input.h"
#include "fuzz/oracle.h"
#include "fuzz/reference_frames.h"
#include "fuzz/target.h"
#include "fuzz/wslay_reader.h"

namespace lastword::fuzz {
namespace {

using websocket::MaskingKey;
using websocket::MessageReader;
using websocket::Opcode;
using websocket::Sender;
using websocket::Window;

// --- Options -------------------------------------------------------------------------------------

struct Options {
  FrameRules rules;
  std::size_t items_max = 0;  // that are taken in one fact; the rest waits, as a paused sender's
  bool is_looking = false;    // a fact may end with an item in view that is not taken
  // For writing.
  bool is_compressing = false;
  Window window{};
  MaskingKey key{};

  // Where the stream is cut in any case: there the close begins to be sought.
  [[nodiscard]] std::size_t seek_place(std::size_t stream_size) const {
    const bool is_at_byte = rules.seek.from == Seek::From::byte;
    return is_at_byte ? std::min(rules.seek.count, stream_size) : stream_size;
  }
};

// Among them one under which a message's length is written in eight bytes. Its messages are that
// large only if they are inflated, so a short stream is enough, and a longer one takes long.
constexpr std::size_t huge_message_max = 70'000;
constexpr std::size_t huge_stream_max = 384;

Options read_options(Input& input) {
  Options options;
  const unsigned flags = input.byte();
  options.rules.sender = flags % 2 == 1 ? Sender::server : Sender::client;
  // A client of ours does not offer compression.
  options.is_compressing = flags / 2 % 2 == 1;
  options.rules.is_compression_agreed =
      options.is_compressing && options.rules.sender == Sender::client;
  options.is_looking = flags / 4 % 2 == 1;
  options.window = flags / 8 % 2 == 1 ? Window::wide : Window::narrow;
  const std::size_t limit = input.byte();
  options.rules.message_max = limit == UINT8_MAX ? huge_message_max : 1 + 2 * limit;
  options.items_max = 1 + input.which(4);
  constexpr std::array<Seek::From, 4> froms{Seek::From::never, Seek::From::byte, Seek::From::unit,
                                            Seek::From::view};
  options.rules.seek.from = froms.at(input.which(froms.size()));
  options.rules.seek.count = input.byte();
  // What was taken before a byte came must not depend on how the bytes came.
  if (options.rules.seek.from == Seek::From::byte) options.items_max = SIZE_MAX;
  for (std::byte& byte : options.key) byte = std::byte{input.byte()};
  return options;
}

// --- Reading -------------------------------------------------------------------------------------

Unit unit_of(const MessageReader::Item& item) {
  Unit unit{.bytes = std::string{as_text(item.bytes)}};
  switch (item.kind) {
    case MessageReader::Kind::message:
      unit.kind = item.is_text ? Unit::Kind::text : Unit::Kind::binary;
      break;
    case MessageReader::Kind::ping:
      unit.kind = Unit::Kind::ping;
      break;
    case MessageReader::Kind::pong:
      unit.kind = Unit::Kind::pong;
      break;
    case MessageReader::Kind::close:
      unit.kind = Unit::Kind::close;
      unit.code = item.code;
      break;
    case MessageReader::Kind::violation:
      unit.kind = Unit::Kind::violation;
      unit.violation = item.violation;
      unit.code = static_cast<unsigned>(websocket::close_code_for(item.violation));
      require(!explain(item.violation).empty(), "words",
              [&] { return "nothing is said of violation " + std::to_string(unit.code); });
      break;
  }
  return unit;
}

struct State {
  std::uint64_t digest = 0;
  std::size_t held_bytes = 0;
  bool is_in_message = false;

  friend bool operator==(const State&, const State&) = default;
};

void require_at_most(std::size_t bound, std::size_t held) {
  require(held <= bound, "bound", [&] {
    return std::to_string(held) + " bytes are held, and not at most " + std::to_string(bound);
  });
}

// As the server reads: a chunk is lent, items are taken, the rest is kept, and the chunk is gone.
class Reader {
 public:
  Reader(const Options& options, websocket::Inflater& inflater)
      : options_{options},
        rules_{options.rules},
        reading_{.message_max = rules_.message_max,
                 .spare_buffers = spare_buffers_,
                 .inflater = inflater},
        reader_{rules_.sender == Sender::server ? MessageReader{Sender::server}
                                                : MessageReader{rules_.is_compression_agreed}} {
    if (rules_.seek.from == Seek::From::unit && rules_.seek.count == 0) seek_close();
  }

  void read(std::string_view chunk) {
    fed_ += chunk.size();
    bool is_untaken = false;
    {
      const Bytes bytes = as_bytes(chunk);
      std::vector<std::byte> lent{bytes.begin(), bytes.end()};
      reader_.feed(lent);
      is_untaken = take(options_.items_max) == options_.items_max;
      if (options_.is_looking) look();
      reader_.keep(reading_);
    }
    if (is_untaken) {
      is_untaken = take(options_.items_max) == options_.items_max;
      reader_.keep(reading_);
    }
    if (!is_untaken) check_held();
  }

  void seek_close() {
    reader_.seek_close(reading_);
    inflated_size_ = 0;
    is_seeking_ = true;
  }

  State end() {
    take(SIZE_MAX);
    reader_.keep(reading_);
    Digest digest;
    reader_.add_to(digest);
    const State state{.digest = digest.value(),
                      .held_bytes = reader_.held_bytes(),
                      .is_in_message = reader_.is_in_message()};
    reader_.clear(reading_);
    check_allocated();
    return state;
  }

  [[nodiscard]] const Units& units() const { return units_; }

 private:
  std::optional<MessageReader::Item> look() {
    auto item = reader_.front(reading_);
    // It is told in the fact in which it was inflated.
    if (item) inflated_size_ = std::max(inflated_size_, item->inflated_size);
    return item;
  }

  std::size_t take(std::size_t items_max) {
    std::size_t taken = 0;
    while (taken < items_max) {
      const auto item = look();
      if (!item) break;
      if (!is_seeking_ && is_due(Seek::From::view)) {
        seek_close();
        continue;
      }
      units_.push_back(unit_of(*item));
      units_.back().inflated_size = inflated_size_;
      inflated_size_ = 0;
      reader_.pop(reading_);
      ++taken;
      if (!is_seeking_ && is_due(Seek::From::unit)) seek_close();
    }
    return taken;
  }

  [[nodiscard]] bool is_due(Seek::From from) const {
    return rules_.seek.from == from && rules_.seek.count == units_.size();
  }

  // message_reader.h, invariant 3.
  void check_held() const {
    const std::size_t message_max =
        rules_.is_compression_agreed ? reading_.compressed_max() : rules_.message_max;
    require_at_most(message_max + websocket::control_payload_max, reader_.held_bytes());
  }

  // All buffers that there were wait to be used again. Each had to grow with what came, to at most
  // twice of that; and the inflater makes room for one byte more than a message may have.
  void check_allocated() {
    const std::size_t bound =
        std::max(2 * fed_, rules_.is_compression_agreed ? rules_.message_max + 1 : 0);
    while (spare_buffers_.count() > 0) {
      const std::size_t allocated = spare_buffers_.take().capacity();
      require(allocated <= bound, "bound", [&] {
        return std::to_string(allocated) + " bytes were allocated for " + std::to_string(fed_) +
               " that came";
      });
    }
  }

  Options options_;
  FrameRules rules_;
  SpareBuffers spare_buffers_;
  websocket::Reading reading_;
  MessageReader reader_;
  Units units_;
  std::size_t fed_ = 0;            // bytes
  std::size_t inflated_size_ = 0;  // for the item in view
  bool is_seeking_ = false;
};

void check_reading(std::string_view stream, const std::vector<std::size_t>& cuts,
                   const Options& options, const Decoded& expected) {
  const std::size_t seek_place = options.seek_place(stream.size());
  const std::vector<Chunking> before = chunkings(stream.substr(0, seek_place), cuts);
  const std::vector<Chunking> behind = chunkings(stream.substr(seek_place), cuts);
  websocket::Inflater inflater;
  std::optional<State> first;
  for (std::size_t at = 0; at < before.size(); ++at) {
    Reader reader{options, inflater};
    for (const std::string_view chunk : before[at].chunks) reader.read(chunk);
    if (options.rules.seek.from == Seek::From::byte) reader.seek_close();
    for (const std::string_view chunk : behind[at].chunks) reader.read(chunk);
    const State state = reader.end();
    require_same(expected.units, reader.units(), first ? "chunking" : "reference", before[at].name);
    require(state.is_in_message == expected.is_in_message, "reference",
            [] { return "whether the stream ends between two fragments"; });
    require_at_most(expected.held_bytes, state.held_bytes);
    if (!first) first = state;
    require(state == *first, "chunking", [&] {
      return "the reader is left in another state if its input comes " +
             std::string{before[at].name};
    });
  }
}

// --- wslay ---------------------------------------------------------------------------------------

// As wslay can tell it.
Unit without_names(Unit unit) {
  unit.violation = {};
  return unit;
}

void check_wslay(std::string_view stream, const FrameRules& rules, const Decoded& decoded) {
  const Units theirs = read_with_wslay(stream, rules, decoded);
  const Units& ours = decoded.units;
  for (std::size_t at = 0; at < std::max(ours.size(), theirs.size()); ++at) {
    const Difference difference{.ours = at < ours.size() ? &ours[at] : nullptr,
                                .theirs = at < theirs.size() ? &theirs[at] : nullptr};
    const bool are_both = difference.ours != nullptr && difference.theirs != nullptr;
    if (are_both && without_names(*difference.ours) == *difference.theirs) continue;
    require(is_allowed(difference, stream, rules, decoded), "wslay", [&] {
      const auto tell = [](const Unit* unit) {
        return unit == nullptr ? std::string{"nothing more"} : readable(*unit);
      };
      return "item " + std::to_string(at) + "\n  ours:   " + tell(difference.ours) +
             "\n  wslay's: " + tell(difference.theirs);
    });
    return;
  }
}

// --- Writing -------------------------------------------------------------------------------------

using Buffer = std::vector<std::byte>;

Opcode opcode_of(const Unit& unit) {
  switch (unit.kind) {
    case Unit::Kind::text:
      return Opcode::text;
    case Unit::Kind::binary:
      return Opcode::binary;
    case Unit::Kind::ping:
      return Opcode::ping;
    case Unit::Kind::pong:
      return Opcode::pong;
    case Unit::Kind::close:
    case Unit::Kind::violation:
      break;
  }
  return Opcode::close;
}

std::string payload_of(const Unit& unit) {
  if (unit.kind != Unit::Kind::close || unit.code == 0) return unit.bytes;
  const std::string code{static_cast<char>(unit.code / 256), static_cast<char>(unit.code % 256)};
  return code + unit.bytes;
}

// As a client writes them. Each frame has a key of its own.
Buffer write_as_client(const Units& units, MaskingKey key) {
  Buffer stream;
  for (const Unit& unit : units) {
    websocket::append_client_frame(stream, opcode_of(unit), as_bytes(payload_of(unit)), key);
    std::rotate(key.begin(), key.begin() + 1, key.end());
    key.back() ^= std::byte{0x5A};
  }
  return stream;
}

void append(Buffer& stream, Bytes bytes) {
  stream.insert(stream.end(), bytes.begin(), bytes.end());
}

// As a server writes them, to one with whom it has agreed on compression or not.
Buffer write_as_server(const Units& units, std::optional<Window> window) {
  websocket::Deflater deflater;
  Buffer stream;
  for (const Unit& unit : units) {
    const Opcode opcode = opcode_of(unit);
    const std::string payload = payload_of(unit);
    Buffer compressed;
    const bool may_compress = window && !websocket::is_control(opcode);
    if (may_compress && deflater.compress({as_bytes(payload)}, *window, compressed)) {
      append(stream, websocket::HeaderBytes{opcode, compressed.size(), true}.bytes());
      append(stream, compressed);
    } else {
      append(stream, websocket::HeaderBytes{opcode, payload.size()}.bytes());
      append(stream, as_bytes(payload));
    }
  }
  return stream;
}

// By the core, as the other side.
Units read_back(const Buffer& stream, Options options) {
  options.rules.seek = {};
  websocket::Inflater inflater;
  Reader reader{options, inflater};
  reader.read(as_text(stream));
  static_cast<void>(reader.end());
  return reader.units();
}

// A message of this size, whatever the stream says: itself, over and over.
Unit repeated(std::string_view stream, std::size_t size) {
  Unit message{.kind = Unit::Kind::binary};
  while (!stream.empty() && message.bytes.size() < size) {
    message.bytes += stream.substr(0, size - message.bytes.size());
  }
  return message;
}

void check_round_trip(Units units, std::string_view stream, Options options) {
  units.insert(units.begin(), repeated(stream, options.rules.message_max));
  options.rules.is_compression_agreed = false;

  options.rules.sender = Sender::client;
  const Buffer from_client = write_as_client(units, options.key);
  require_same(units, read_back(from_client, options), "round trip", "written as a client");

  options.rules.sender = Sender::server;
  const Buffer from_server = write_as_server(units, std::nullopt);
  require_same(units, read_back(from_server, options), "round trip", "written as a server");
}

// Our client does not read what is compressed. Browsers do, and what is for a narrow window also
// with no more than 512 bytes to look back at.
void check_compression(Units units, std::string_view stream, const Options& options) {
  constexpr std::size_t repeated_max = 512;  // the reference takes its time
  FrameRules rules = options.rules;
  units.insert(units.begin(), repeated(stream, std::min(rules.message_max, repeated_max)));
  rules.sender = Sender::server;
  rules.seek = {};
  rules.is_compression_agreed = true;
  rules.distance_max = options.window == Window::narrow ? 512 : 32768;

  const Buffer compressed = write_as_server(units, options.window);
  const std::size_t plain_size = write_as_server(units, std::nullopt).size();
  require(compressed.size() <= plain_size, "round trip", [&] {
    return "compression makes " + std::to_string(compressed.size()) + " bytes of " +
           std::to_string(plain_size);
  });
  Units inflated = decode_frames(as_text(compressed), rules).units;
  for (Unit& unit : inflated) unit.inflated_size = 0;
  require_same(units, inflated, "round trip", "written as a server that compresses");
}

}  // namespace
}  // namespace lastword::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lastword::fuzz;
  Input input{{data, size}};
  const Options options = read_options(input);
  const std::vector<std::size_t> cuts = input.cuts();
  std::string_view stream = input.rest();
  const bool is_huge = options.rules.message_max == huge_message_max;
  if (is_huge) stream = stream.substr(0, huge_stream_max);

  const Decoded expected = decode_frames(stream, options.rules);
  check_reading(stream, cuts, options, expected);
  const bool seeks = options.rules.seek.from != Seek::From::never;
  if (!options.rules.is_compression_agreed && !seeks) check_wslay(stream, options.rules, expected);

  Units units = expected.units;
  if (!units.empty() && units.back().kind == Unit::Kind::violation) units.pop_back();
  for (Unit& unit : units) unit.inflated_size = 0;
  check_round_trip(units, stream, options);
  if (options.is_compressing) check_compression(units, stream, options);
  return 0;
}
