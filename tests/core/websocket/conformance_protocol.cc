// Category P: frames and messages that the Autobahn testsuite does not send, with the limits that a
// server has if nobody changes them: a message may have 65535 bytes.
#include <array>

#include "tests/core/websocket/conformance.h"

namespace lastword::test::conformance {

namespace {

constexpr std::size_t message_max = 65'535;
// At which the header of a frame changes its form.
constexpr std::array<std::size_t, 4> server_sizes{125, 126, 65'535, 65'536};
constexpr std::array<std::uint16_t, 2> late_codes{1013, 1014};
constexpr std::string_view deflate_offer = "permessage-deflate";
constexpr std::string_view line_break =
    "! line break: a message is one line, and has no LF in it; it was skipped";

Setup usual() { return {}; }

Setup compressing(std::string_view offer = deflate_offer) {
  Setup setup;
  setup.extensions = offer;
  setup.config.handshake.is_compressing = true;
  return setup;
}

std::string part(unsigned opcode, std::string_view payload, bool is_final, unsigned reserved = 0) {
  return bytes_of({.opcode = opcode,
                   .payload = std::string{payload},
                   .is_final = is_final,
                   .reserved = reserved});
}

// The head of a masked frame, with its length written as the case wants it.
std::string raw_header(char first, const std::string& length) {
  return std::string{first} + length + "\x01\x02\x03\x04";
}

std::string with_payload(std::string header, std::size_t size) {
  return std::move(header) + std::string(size, 'x');
}

void add_framing(std::vector<Case>& cases) {
  cases.push_back({"P.1.1", "A frame that is not masked is a protocol error.",
                   failing("\x81\x04me:x"s, {}, 1002), usual()});
  cases.push_back({"P.1.2", "A Close that is not masked is one too.",
                   failing("\x88\x02\x03\xE8"s, {}, 1002), usual()});
  cases.push_back({"P.1.3", "A frame masked with zeros comes back like any other.",
                   exchange("\x81\x85\x00\x00\x00\x00me: x"s, {heard("x")}), usual()});
  cases.push_back({"P.1.4", "A length of 125 in 16 bits is not in its shortest form.",
                   failing(with_payload(raw_header('\x81', "\xFE\x00\x7D"s), 125), {}, 1002),
                   usual()});
  cases.push_back({"P.1.5", "Neither is one of 65535 in 64 bits.",
                   failing(raw_header('\x81', "\xFF\x00\x00\x00\x00\x00\x00\xFF\xFF"s), {}, 1002),
                   usual()});
  cases.push_back({"P.1.6", "Nor one of 0 in 16 bits, in a ping.",
                   failing(raw_header('\x89', "\xFE\x00\x00"s), {}, 1002), usual()});
  cases.push_back({"P.1.7", "The highest bit of a 64-bit length is a protocol error, not too much.",
                   failing(raw_header('\x81', "\xFF\x80\x00\x00\x00\x00\x00\x00\x01"s), {}, 1002),
                   usual()});
  cases.push_back({"P.1.8",
                   "A second text behind one that is not final is a protocol error, however "
                   "empty both are.",
                   failing(part(1, "", false) + part(1, "", true), {}, 1002), usual()});
  cases.push_back(
      {"P.1.9", "What was complete before a protocol error is accepted.",
       failing(say("one") + say("two") + "\x83\x80"s, {heard("one"), heard("two")}, 1002),
       usual()});
  cases.push_back({"P.1.10", "The lengths at which the server's own frames change their form.",
                   [](World& world) {
                     for (const std::size_t size : server_sizes) {
                       const std::string text(size - "from me: "s.size(), 'x');
                       world.send(say(text));
                       world.expect({heard(text)});
                     }
                   },
                   usual()});
}

void add_sizes(std::vector<Case>& cases) {
  const std::string most(message_max - to_me("").size(), 'x');
  const std::string too_much = most + "x";
  cases.push_back({"P.2.1", "The largest message that there may be comes back.",
                   exchange(say(most), {heard(most)}), usual()});
  cases.push_back({"P.2.2", "One byte more is 1009 as soon as the length is there.",
                   failing("\x81\xFF\x00\x00\x00\x00\x00\x01\x00\x00"s, {}, 1009), usual()});
  cases.push_back({"P.2.3", "So is a length of 2^62, and nothing is allocated for it.",
                   failing("\x82\xFF\x40\x00\x00\x00\x00\x00\x00\x00"s, {}, 1009), usual()});
  cases.push_back({"P.2.4", "The largest message in fragments of 1000 bytes comes back.",
                   exchange(fragments(Opcode::text, to_me(most), 1000), {heard(most)}), usual()});
  cases.push_back({"P.2.5", "One byte more in fragments of 1000 bytes is 1009.",
                   failing(fragments(Opcode::text, to_me(too_much), 1000), {}, 1009), usual()});
  cases.push_back({"P.2.6", "The fragment that goes beyond is refused at its header.",
                   failing(part(1, to_me(most), false) + "\x80\x81"s, {}, 1009), usual()});
  cases.push_back({"P.2.7", "A compressed message that would inflate to more is 1009.",
                   failing(compressed_frames(Opcode::text, to_me(too_much)), {}, 1009),
                   compressing()});
  cases.push_back({"P.2.8", "So is one of 16 MiB in a few KiB.",
                   [](World& world) {  // made only here, as it takes its time
                     world.send(compressed_frames(Opcode::text, std::string(16U << 20U, 'x')));
                     world.expect_close(1009);
                     world.expect_fin();
                   },
                   compressing()});
  cases.push_back({"P.2.9", "The largest message, compressed, comes back.",
                   exchange(compressed_frames(Opcode::text, to_me(most)), {heard(most)}),
                   compressing()});
}

// A peer of the line protocol, in both directions.
void play_lines(World& world) {
  const std::size_t other = world.connect(Transport::lines);
  world.send("other\nme: \xC3\xA4\r\nme: \xC3\n", other);
  world.expect({line("from other: \xC3\xA4"), {Opcode::binary, "from other: \xC3"}});
  world.send(text_frame("other: text") + binary_frame("other: \xFF\r"));
  world.expect_nothing();
  if (world.body(other) != "from me: text\nfrom me: \xFF\r\n") throw Mismatch("other lines");
}

void add_lines(std::vector<Case>& cases) {
  cases.push_back({"P.3.1", "A message with an LF in it is refused with an error, and it goes on.",
                   exchange(say("one\ntwo") + say("three"), {line(line_break), heard("three")}),
                   usual()});
  cases.push_back({"P.3.2", "An LF at its end is one, too.",
                   exchange(say("one\n"), {line(line_break)}), usual()});
  cases.push_back(
      {"P.3.3", "A CR is a part of the text.", exchange(say("one\r"), {heard("one\r")}), usual()});
  cases.push_back({"P.3.4", "Binary that is valid UTF-8 comes back as text.",
                   exchange(binary_frame(to_me("\xC3\xA4")), {heard("\xC3\xA4")}), usual()});
  cases.push_back({"P.3.5", "Binary that is not UTF-8 comes back as binary.",
                   exchange(binary_frame(to_me("\xC3")), {{Opcode::binary, "from me: \xC3"}}),
                   usual()});
  cases.push_back(
      {"P.3.6", "An error about a destination that is not UTF-8 comes as binary.",
       exchange(binary_frame("\xC3: x"), {{Opcode::binary, "! undelivered \xC3: not_connected"}}),
       usual()});
  cases.push_back({"P.3.7", "Blanks around the text are trimmed.",
                   exchange(text_frame("me:  \tone two\t "), {heard("one two")}), usual()});
  cases.push_back({"P.3.8", "The answer to /help is a message for each of its lines.",
                   [](World& world) {
                     world.send(text_frame("/help"));
                     world.expect({line("* NAME: TEXT sends TEXT to NAME; A, B, #ROOM: TEXT to "
                                        "several"),
                                   line("* /who lists everybody here, /who #ROOM those in a room"),
                                   line("* /join #ROOM and /leave #ROOM enter and leave a room"),
                                   line("* /ping TOKEN is answered with pong TOKEN"),
                                   line("* /quit ends the connection once everything for you is "
                                        "delivered")});
                   },
                   usual()});
  cases.push_back(
      {"P.3.9", "A peer of the line protocol hears and is heard.", play_lines, usual()});
}

// A pong passes queued messages, but not the frame that is on its way.
void play_pong_overtaking(World& world) {
  const std::string text(1000, 'x');
  world.hold();
  world.send(say(text) + say("next"));
  world.expect_nothing();
  world.take(100);
  world.send(ping_frame("now"));
  world.expect_nothing();
  world.take(4 + 9 + 1000 - 100 + 5);  // the rest of the frame, and a pong
  world.expect({heard(text), ponged("now")});
  world.read_on();
  world.expect({heard("next")});
}

void add_control(std::vector<Case>& cases) {
  cases.push_back({"P.4.1",
                   "A ping is answered before the login.",
                   [](World& world) {
                     world.send(ping_frame("early"));
                     world.expect({ponged("early")});
                     world.send(text_frame("me") + say("x"));
                     world.expect({heard("x")});
                   },
                   {.config = {}, .extensions = {}, .start = Start::upgraded}});
  cases.push_back({"P.4.2",
                   "A Close before the login is answered.",
                   [](World& world) {
                     world.send(close_frame(1001));
                     world.expect_close(1001);
                     world.expect_fin();
                   },
                   {.config = {}, .extensions = {}, .start = Start::upgraded}});
  cases.push_back({"P.4.3", "A pong passes what is queued, but not the frame that is half written.",
                   play_pong_overtaking, usual()});
  cases.push_back({"P.4.4", "A Close with 1012 to 1014, registered later, is answered.",
                   [](World& world) {
                     world.send(close_frame(1012));
                     world.expect_close(1012);
                     world.expect_fin();
                     for (const std::uint16_t code : late_codes) {
                       const std::size_t other = world.log_in("other");
                       world.send(close_frame(code), other);
                       world.expect_close(code, {}, other);
                     }
                   },
                   usual()});
}

void add_compression(std::vector<Case>& cases) {
  constexpr unsigned rsv1 = 4;
  // Long enough for the server to compress it, too.
  const std::string text(200, 'x');
  const std::string packed = deflated(to_me(text));
  const Play echo = exchange(part(1, packed, true, rsv1), {heard(text)});
  cases.push_back({"P.5.1", "Without an agreement RSV1 is a protocol error.",
                   failing(part(1, packed, true, rsv1), {}, 1002), compressing("x-unknown")});
  cases.push_back(
      {"P.5.2", "With one, messages may be compressed or not, as the client likes.",
       exchange(part(1, packed, true, rsv1) + say("plain") + part(1, packed, true, rsv1),
                {heard(text), heard("plain"), heard(text)}),
       compressing()});
  cases.push_back(
      {"P.5.3", "RSV1 on a continuation is a protocol error.",
       failing(part(1, packed.substr(0, 3), false, rsv1) + part(0, packed.substr(3), true, rsv1),
               {}, 1002),
       compressing()});
  cases.push_back({"P.5.4", "RSV1 on a ping is a protocol error.",
                   failing(part(9, "x", true, rsv1), {}, 1002), compressing()});
  cases.push_back({"P.5.5", "Data that is not deflated is 1007.",
                   failing(part(1, "\xFF\xFF\xFF\xFF", true, rsv1), {}, 1007), compressing()});
  cases.push_back({"P.5.6", "Compressed text that is not UTF-8 is 1007.",
                   failing(compressed_frames(Opcode::text, to_me("\xED\xA0\x80")), {}, 1007),
                   compressing()});
  cases.push_back({"P.5.7", "The same as binary comes back as binary.",
                   exchange(compressed_frames(Opcode::binary, to_me("\xED\xA0\x80")),
                            {{Opcode::binary, "from me: \xED\xA0\x80"}}),
                   compressing()});
  cases.push_back({"P.5.8", "A ping between the fragments of a compressed message is answered.",
                   exchange(part(1, packed.substr(0, 3), false, rsv1) + ping_frame("p") +
                                part(0, packed.substr(3), true),
                            {ponged("p"), heard(text)}),
                   compressing()});
  cases.push_back(
      {"P.5.9",
       "The examples of RFC 7692, section 7.2.3, are understood: \"Hello\" in "
       "one block, in fragments, without compression, with BFINAL, in two "
       "blocks. As a line it has no destination.",
       [](World& world) {
         const std::string one = "\xF2\x48\xCD\xC9\xC9\x07\x00"s;
         const std::string stored = "\x00\x05\x00\xFA\xFF\x48\x65\x6C\x6C\x6F\x00"s;
         const std::string final_one = "\xF3\x48\xCD\xC9\xC9\x07\x00\x00"s;
         const std::string two = "\xF2\x48\x05\x00\x00\x00\xFF\xFF\xCA\xC9\xC9\x07\x00"s;
         const Seen back = line(
             "! no destination: write NAME: TEXT or #ROOM: TEXT, "
             "or /help");
         for (const std::string& each : {one, stored, final_one, two}) {
           world.send(part(1, each, true, rsv1));
           world.expect({back});
         }
         world.send(part(1, one.substr(0, 3), false, rsv1) + part(0, one.substr(3), true));
         world.expect({back});
       },
       compressing()});
  cases.push_back(
      {"P.5.10",
       "A message that refers to the one before it is 1007: there is no "
       "context takeover.",
       failing("\xC1\x87\x00\x00\x00\x00\xF2\x48\xCD\xC9\xC9\x07\x00"
               "\xC1\x85\x00\x00\x00\x00\xF2\x00\x11\x00\x00"s,
               {line("! no destination: write NAME: TEXT or #ROOM: TEXT, or /help")}, 1007),
       compressing()});
  cases.push_back({"P.5.11", "A window of 9 bits is kept to.",
                   [](World& world) {
                     if (world.window_bits() != 9) throw Mismatch("not the window asked for");
                     std::string far;  // repeats itself from further back than 512 bytes
                     for (int round = 0; round < 4; ++round) {
                       for (int number = 0; number < 300; ++number) {
                         far.append(std::to_string(number * number)).append(",");
                       }
                     }
                     world.send(say(far));
                     world.expect({heard(far)});
                     if (world.compressed_count() != 1) throw Mismatch("it was not compressed");
                   },
                   compressing("permessage-deflate; server_max_window_bits=9")});
  cases.push_back({"P.5.12", "One who agreed gets it compressed, one who did not gets it plain.",
                   [text](World& world) {
                     const std::size_t other = world.log_in("other");
                     world.send(text_frame("me, other: " + text));
                     world.expect({heard(text)});
                     world.expect({heard(text)}, other);
                     if (world.compressed_count() != 1 || world.compressed_count(other) != 0) {
                       throw Mismatch("the wrong one was compressed");
                     }
                   },
                   compressing()});
  cases.push_back(
      {"P.5.13", "An empty compressed message is an empty line.",
       exchange(part(1, "\x00"s, true, rsv1) + part(1, packed, true, rsv1), {heard(text)}),
       compressing()});
  cases.push_back({"P.5.14", "A compressed message comes back.", echo, compressing()});
}

}  // namespace

Category protocol() {
  Category category{.name = "P", .title = "Frames and messages beyond that suite", .cases = {}};
  add_framing(category.cases);
  add_sizes(category.cases);
  add_lines(category.cases);
  add_control(category.cases);
  add_compression(category.cases);
  return category;
}

}  // namespace lastword::test::conformance
