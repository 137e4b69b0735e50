// Categories 1 to 5: frames, pings, reserved bits, opcodes and fragmentation.
#include <array>

#include "tests/core/websocket/conformance.h"

namespace lastword::test::conformance {

namespace {

std::string numbered(std::string_view prefix, std::size_t number) {
  return std::string{prefix}.append(".").append(std::to_string(number));
}

// The text that makes a frame of `size` bytes with its "me: ".
std::string filling(std::size_t size, char byte) {
  return std::string(size - to_me("").size(), byte);
}

// A message whose frame has exactly `size` bytes, and its echo.
Play echo(Opcode opcode, std::size_t size, std::size_t chop = 0) {
  return [=](World& world) {
    const bool is_text = opcode == Opcode::text;
    const std::string text = filling(size, is_text ? '*' : '\xFE');
    const std::string frame = is_text ? text_frame(to_me(text)) : binary_frame(to_me(text));
    if (chop > 0) {
      world.send_chopped(frame, chop);
    } else {
      world.send(frame);
    }
    world.expect({is_text ? heard(text) : heard_binary(text)});
  };
}

// The pieces each by itself, as frames that are flushed or as the bytes of all of them.
Play apart(std::vector<std::string> pieces, std::vector<Seen> out) {
  return [pieces = std::move(pieces), out = std::move(out)](World& world) {
    world.send_apart(pieces);
    world.expect(out);
  };
}

Play failing_apart(std::vector<std::string> pieces, std::size_t chop, std::vector<Seen> out) {
  return [pieces = std::move(pieces), chop, out = std::move(out)](World& world) {
    for (const std::string& piece : pieces) {
      if (chop > 0) {
        world.send_chopped(piece, chop);
      } else {
        world.send_apart({piece});
      }
    }
    world.expect_close(1002, out);
    world.expect_fin();
  };
}

std::string part(unsigned opcode, std::string_view payload, bool is_final) {
  return bytes_of({.opcode = opcode, .payload = std::string{payload}, .is_final = is_final});
}

constexpr bool goes_on = false;
constexpr bool is_last = true;

std::string with_reserved(unsigned opcode, unsigned reserved, std::string_view payload) {
  return bytes_of({.opcode = opcode, .payload = std::string{payload}, .reserved = reserved});
}

std::string all_of(const std::vector<std::string>& pieces) {
  std::string out;
  for (const std::string& piece : pieces) out.append(piece);
  return out;
}

}  // namespace

Category framing() {
  Category category{.name = "1", .title = "Framing", .cases = {}};
  struct Size {
    std::size_t size;
    std::size_t chop;
  };
  // Without payload there is no echo: see the first case.
  constexpr std::array<Size, 7> others{Size{125, 0},    Size{126, 0},   Size{127, 0},
                                       Size{128, 0},    Size{65535, 0}, Size{65536, 0},
                                       Size{65536, 997}};
  for (const Opcode opcode : {Opcode::text, Opcode::binary}) {
    const bool is_text = opcode == Opcode::text;
    const std::string prefix = is_text ? "1.1" : "1.2";
    const std::string kind = is_text ? "text" : "binary";
    const std::string empty = is_text ? text_frame("") : binary_frame("");
    const std::string shortest = is_text ? text_frame("me:") : binary_frame("me:");
    category.cases.push_back(
        {prefix + ".1",
         "A " + kind +
             " message without payload is an empty line and says "
             "nothing; one without text behind the name comes back without text.",
         exchange(empty + shortest, {heard("")})});
    std::size_t number = 2;
    for (const Size& each : others) {
      category.cases.push_back(
          {numbered(prefix, number++),
           "A " + kind + " frame of " + std::to_string(each.size) + " bytes" +
               (each.chop > 0 ? " in chops of " + std::to_string(each.chop) : ""s) + " comes back.",
           echo(opcode, each.size, each.chop)});
    }
  }
  return category;
}

Category pings() {
  const std::string high(125, '\xFE');
  std::string ten_pings;
  std::vector<Seen> ten_pongs;
  for (int number = 0; number < 10; ++number) {
    const std::string payload = "payload-" + std::to_string(number);
    ten_pings.append(ping_frame(payload));
    ten_pongs.push_back(ponged(payload));
  }
  const auto chopped = [](std::string in, std::vector<Seen> out) -> Play {
    return [in = std::move(in), out = std::move(out)](World& world) {
      world.send_chopped(in, 1);
      world.expect(out);
    };
  };
  return {"2",
          "Pings and pongs",
          {{"2.1", "A ping without payload is answered.", exchange(ping_frame(""), {ponged("")})},
           {"2.2", "A ping with text is answered with that text.",
            exchange(ping_frame("Hello, world!"), {ponged("Hello, world!")})},
           {"2.3", "A ping with bytes that are not UTF-8 is answered with them.",
            exchange(ping_frame("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF"s),
                     {ponged("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF"s)})},
           {"2.4", "A ping with 125 bytes, the most there may be, is answered.",
            exchange(ping_frame(high), {ponged(high)})},
           {"2.5", "A ping with 126 bytes is a protocol error.",
            failing(ping_frame(high + "\xFE"), {}, 1002)},
           {"2.6", "A ping with 125 bytes, byte by byte, is answered.",
            chopped(ping_frame(high), {ponged(high)})},
           {"2.7", "A pong that nobody asked for, without payload, is passed over.",
            exchange(pong_frame(""), {})},
           {"2.8", "A pong that nobody asked for, with payload, is passed over.",
            exchange(pong_frame("unasked"), {})},
           {"2.9", "A pong that nobody asked for, then a ping: that is answered.",
            exchange(pong_frame("unasked") + ping_frame("asked"), {ponged("asked")})},
           {"2.10", "Ten pings are answered, each, and in their order.",
            exchange(ten_pings, ten_pongs)},
           {"2.11", "The same, byte by byte.", chopped(ten_pings, ten_pongs)}}};
}

Category reserved_bits() {
  const std::string hello = say("Hello, world!");
  const std::string bad_text = to_me("Hello, world!");
  return {
      "3",
      "Reserved bits",
      {{"3.1", "A text with RSV3 is a protocol error.",
        failing(with_reserved(1, 1, bad_text), {}, 1002)},
       {"3.2", "A text, one with RSV2, a ping: the first comes back, the second is the end.",
        failing(hello + with_reserved(1, 2, bad_text) + ping_frame(""), {heard("Hello, world!")},
                1002)},
       {"3.3", "The same with RSV2 and RSV3, each frame by itself.",
        failing_apart({hello, with_reserved(1, 3, bad_text), ping_frame("")}, 0,
                      {heard("Hello, world!")})},
       {"3.4", "The same with RSV1, and no compression agreed, byte by byte.",
        failing_apart({hello, with_reserved(1, 4, bad_text), ping_frame("")}, 1,
                      {heard("Hello, world!")})},
       {"3.5", "A binary message with RSV1 and RSV3 is a protocol error.",
        failing(with_reserved(2, 5, to_me("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF"s)), {}, 1002)},
       {"3.6", "A ping with RSV1 and RSV2 is a protocol error.",
        failing(with_reserved(9, 6, "Hello, world!"), {}, 1002)},
       {"3.7", "A Close with all three is a protocol error, and not answered with its own code.",
        failing(with_reserved(8, 7, "\x03\xE8"), {}, 1002)}}};
}

Category opcodes() {
  const std::string hello = say("Hello, world!");
  const auto behind_hello = [&](unsigned opcode, std::string_view payload) {
    return std::vector<std::string>{hello, part(opcode, payload, is_last), ping_frame("")};
  };
  const auto begins = [&](const std::string& number, unsigned opcode, std::string_view payload) {
    return Case{number,
                "A frame with the reserved opcode " + std::to_string(opcode) +
                    (payload.empty() ? "" : " and payload") + " is a protocol error.",
                failing(part(opcode, payload, is_last), {}, 1002)};
  };
  const auto follows = [&](const std::string& number, unsigned opcode, std::string_view payload,
                           std::size_t chop) {
    return Case{number,
                "A text, a frame with the reserved opcode " + std::to_string(opcode) +
                    ", a ping: the text comes back, and the rest is not looked at" +
                    (chop > 0 ? ", byte by byte." : "."),
                failing_apart(behind_hello(opcode, payload), chop, {heard("Hello, world!")})};
  };
  constexpr std::string_view payload = "reserved opcode payload";
  return {"4",
          "Opcodes",
          {begins("4.1.1", 3, {}), begins("4.1.2", 4, payload), follows("4.1.3", 5, {}, 0),
           follows("4.1.4", 6, payload, 0), follows("4.1.5", 7, payload, 1),
           begins("4.2.1", 11, {}), begins("4.2.2", 12, payload), follows("4.2.3", 13, {}, 0),
           follows("4.2.4", 14, payload, 0), follows("4.2.5", 15, payload, 1)}};
}

namespace {

// The many ways in which the pieces of one case can be cut: 0 all at once, 1 each frame by itself,
// 2 byte by byte.
Play cut_as(int way, const std::vector<std::string>& pieces, const std::vector<Seen>& out) {
  if (way == 0) return exchange(all_of(pieces), out);
  if (way == 1) return apart(pieces, out);
  return [bytes = all_of(pieces), out](World& world) {
    world.send_chopped(bytes, 1);
    world.expect(out);
  };
}

Play failing_as(int way, const std::vector<std::string>& pieces) {
  if (way == 0) return failing(all_of(pieces), {}, 1002);
  return failing_apart(pieces, way == 1 ? 0 : 1, {});
}

std::string way_named(int way) {
  constexpr std::array<std::string_view, 3> names{"at once", "frame by frame", "byte by byte"};
  return std::string{names.at(static_cast<std::size_t>(way))};
}

// 5.19 and 5.20.
Play pings_in_fragments(bool is_frame_by_frame) {
  return [=](World& world) {
    const auto send = [&](const std::vector<std::string>& pieces) {
      is_frame_by_frame ? world.send_apart(pieces) : world.send(all_of(pieces));
    };
    send({part(1, "me: fragment1", goes_on), part(0, "fragment2", goes_on),
          ping_frame("pongme 1!")});
    world.expect({ponged("pongme 1!")});
    world.advance(std::chrono::seconds{1});
    world.expect_nothing();
    send({part(0, "fragment3", goes_on), part(0, "fragment4", goes_on), ping_frame("pongme 2!"),
          part(0, "fragment5", is_last)});
    world.expect({ponged("pongme 2!"), heard("fragment1fragment2fragment3fragment4fragment5")});
  };
}

}  // namespace

Category fragmentation() {
  Category category{.name = "5", .title = "Fragmentation", .cases = {}};
  const auto add = [&](std::size_t number, std::string sentence, Play play) {
    category.cases.push_back({numbered("5", number), std::move(sentence), std::move(play)});
  };
  add(1, "A ping in two fragments is a protocol error.",
      failing(part(9, "fragment1", goes_on) + part(0, "fragment2", is_last), {}, 1002));
  add(2, "A pong in two fragments is a protocol error.",
      failing(part(10, "fragment1", goes_on) + part(0, "fragment2", is_last), {}, 1002));

  const std::string begin = part(1, "me: fragment1", goes_on);
  const std::string end = part(0, "fragment2", is_last);
  const Seen whole = heard("fragment1fragment2");
  std::size_t number = 3;
  for (const int way : {0, 1, 2}) {
    add(number++, "A text in two fragments, " + way_named(way) + ", comes back as one.",
        cut_as(way, {begin, end}, {whole}));
  }
  for (const int way : {0, 1, 2}) {
    add(number++,
        "A text in two fragments with a ping between them, " + way_named(way) +
            ": the ping is answered, the text comes back.",
        cut_as(way, {begin, ping_frame("ping payload"), end}, {ponged("ping payload"), whole}));
  }
  for (const bool is_final : {is_last, goes_on}) {
    for (const int way : {0, 1, 2}) {
      add(number++,
          "A "s + (is_final ? "final" : "not final") +
              " continuation with nothing to continue, then a text, " + way_named(way) +
              ": a protocol error.",
          failing_as(way, {part(0, "non-continuation payload", is_final), say("Hello, world!")}));
    }
  }
  add(15, "A text in two fragments comes back; a continuation behind it is a protocol error.",
      failing(begin + end + part(0, "fragment3", goes_on) + part(1, "me: fragment4", is_last),
              {whole}, 1002));
  for (const bool is_final : {goes_on, is_last}) {
    const std::string once = part(0, "fragment1", is_final) + part(1, "me: fragment2", goes_on) +
                             part(0, "fragment3", is_last);
    add(is_final ? 17 : 16,
        "Twice a continuation with nothing to continue and a text in two fragments: a protocol "
        "error at the first, which is "s +
            (is_final ? "final." : "not final."),
        failing(once + once, {}, 1002));
  }
  add(18, "A second text within the fragments of a first one is a protocol error.",
      failing(begin + part(1, "me: fragment2", is_last), {}, 1002));
  add(19, "A text in five fragments with two pings among them and a pause: both are answered.",
      pings_in_fragments(false));
  add(20, "The same, frame by frame.", pings_in_fragments(true));
  return category;
}

}  // namespace lastword::test::conformance
