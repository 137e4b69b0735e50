// Categories 9 and 10: large messages, many fragments, many chops, many messages. What is measured
// elsewhere has to be right here.
#include <array>

#include "tests/core/websocket/conformance.h"

namespace lastword::test::conformance {

namespace {

constexpr std::size_t kibi = 1024;
constexpr std::size_t mebi = 1024 * kibi;
constexpr std::array<std::size_t, 6> round_trip_sizes{0, 16, 64, 256, 1024, 4096};

std::string named(std::size_t size) {
  if (size >= mebi) return std::to_string(size / mebi) + " MiB";
  if (size >= kibi) return std::to_string(size / kibi) + " KiB";
  return std::to_string(size) + " bytes";
}

std::string_view kind_of(Opcode opcode) { return opcode == Opcode::text ? "text" : "binary"; }

// No two parts of it are alike, so that none can be lost or swapped without being noticed. Binary
// is not UTF-8 from its first byte on.
std::string content(Opcode opcode, std::size_t size) {
  std::string out;
  out.reserve(size + 8);
  if (opcode == Opcode::binary) out.push_back('\xFE');
  for (std::size_t number = 0; out.size() < size; ++number) {
    for (std::size_t place = 0; place < 4; ++place) {
      out.push_back(static_cast<char>('0' + ((number >> (6 * place)) & 0x3FU)));
    }
  }
  out.resize(size);
  return out;
}

// A message of `size` bytes, its "me: " included, in frames of `fragment` bytes and chops of
// `chop`; 0: as it is.
struct Shape {
  Opcode opcode;
  std::size_t size;
  std::size_t fragment = 0;
  std::size_t chop = 0;
};

Play echo(const Shape& shape) {
  return [=](World& world) {
    const std::string text = content(shape.opcode, shape.size - to_me("").size());
    const std::string bytes =
        fragments(shape.opcode, to_me(text), shape.fragment == 0 ? SIZE_MAX : shape.fragment);
    if (shape.chop > 0) {
      world.send_chopped(bytes, shape.chop);
    } else {
      world.send(bytes);
    }
    world.expect({shape.opcode == Opcode::text ? heard(text) : heard_binary(text)});
  };
}

// One message after the other, each when the last one is back.
Play round_trips(Opcode opcode, std::size_t size, std::size_t count) {
  return [=](World& world) {
    const std::string text = content(opcode, size);
    const bool is_text = opcode == Opcode::text;
    const std::string frame = is_text ? text_frame(to_me(text)) : binary_frame(to_me(text));
    const Seen back = is_text ? heard(text) : heard_binary(text);
    for (std::size_t number = 0; number < count; ++number) {
      world.send(frame);
      world.expect({back});
    }
  };
}

}  // namespace

Category sizes() {
  Category category{.name = "9", .title = "Sizes, fragments and chops up to 16 MiB", .cases = {}};
  const auto add = [&](int group, std::size_t number, std::string sentence, Play play) {
    category.cases.push_back({"9." + std::to_string(group) + "." + std::to_string(number),
                              std::move(sentence), std::move(play)});
  };
  for (const Opcode opcode : {Opcode::text, Opcode::binary}) {
    const int second = opcode == Opcode::text ? 0 : 1;  // of each pair of groups
    const std::string kind{kind_of(opcode)};
    std::size_t number = 1;
    for (const std::size_t size : {64 * kibi, 256 * kibi, mebi, 4 * mebi, 8 * mebi, 16 * mebi}) {
      add(1 + second, number++, "A " + kind + " message of " + named(size) + " comes back.",
          echo({.opcode = opcode, .size = size}));
    }
    number = 1;
    for (std::size_t fragment = 64; fragment <= 4 * mebi; fragment *= 4) {
      add(3 + second, number++,
          "A " + kind + " message of 4 MiB in fragments of " + named(fragment) + " comes back.",
          echo({.opcode = opcode, .size = 4 * mebi, .fragment = fragment}));
    }
    number = 1;
    for (std::size_t chop = 64; chop <= 2048; chop *= 2) {
      add(5 + second, number++,
          "A " + kind + " message of 1 MiB in chops of " + named(chop) + " comes back.",
          echo({.opcode = opcode, .size = mebi, .chop = chop}));
    }
    number = 1;
    for (const std::size_t size : round_trip_sizes) {
      add(7 + second, number++,
          "1000 " + kind + " messages with " + named(size) +
              " behind their \"me: \", one after the other, come back.",
          round_trips(opcode, size, 1000));
    }
  }
  return category;
}

Category auto_fragmentation() {
  return {"10",
          "Automatic fragmentation",
          {{"10.1.1", "A text of 65536 bytes in fragments of 1300 comes back.",
            echo({.opcode = Opcode::text, .size = 65'536, .fragment = 1300})}}};
}

}  // namespace lastword::test::conformance
