// Category 7: the closes that the client starts. The server answers a Close with its code, and with
// none where it has none.
#include <array>

#include "tests/core/websocket/conformance.h"

namespace lastword::test::conformance {

namespace {

// The client's Close is answered with its code; what is sent behind it is not looked at.
Play closing(std::string in, std::vector<Seen> out, std::optional<std::uint16_t> code) {
  return [in = std::move(in), out = std::move(out), code](World& world) {
    world.send(in);
    world.expect_close(code, out);
    world.expect_fin();
    world.expect_released(false);
  };
}

std::string part(unsigned opcode, std::string_view payload, bool is_final) {
  return bytes_of({.opcode = opcode, .payload = std::string{payload}, .is_final = is_final});
}

constexpr std::array<std::uint16_t, 13> good_codes{1000, 1001, 1002, 1003, 1007, 1008, 1009,
                                                   1010, 1011, 3000, 3999, 4000, 4999};
// The last two are not in the list there.
constexpr std::array<std::uint16_t, 11> bad_codes{0,    999,  1004, 1005, 1006, 1016,
                                                  1100, 2000, 2999, 1015, 5999};

void add_codes(std::vector<Case>& cases) {
  std::size_t number = 1;
  for (const std::uint16_t code : good_codes) {
    cases.push_back({"7.7." + std::to_string(number++),
                     "A Close with " + std::to_string(code) + " is answered with it.",
                     closing(close_frame(code), {}, code)});
  }
  number = 1;
  for (const std::uint16_t code : bad_codes) {
    cases.push_back(
        {"7.9." + std::to_string(number++),
         "A Close with " + std::to_string(code) + ", which is never sent, is a protocol error.",
         failing(close_frame(code), {}, 1002)});
  }
}

}  // namespace

Category closes() {
  const std::string close = close_frame(1000);
  const std::string large(std::size_t{256} << 10, '*');
  Category category{
      .name = "7",
      .title = "Closes by the client",
      .cases = {
          {"7.1.1", "A text, then a Close: the text comes back, the Close is answered.",
           closing(say("Hello, world!") + close, {heard("Hello, world!")}, 1000)},
          {"7.1.2", "A second Close is passed over.", closing(close + close, {}, 1000)},
          {"7.1.3", "A ping behind the Close is not answered.",
           closing(close + ping_frame(""), {}, 1000)},
          {"7.1.4", "A text behind the Close does not come back.",
           closing(close + say("Hello, world!"), {}, 1000)},
          {"7.1.5", "A Close within a fragmented text is answered, and the text is forgotten.",
           closing(part(1, "me: fragment1", false) + close + part(0, "fragment2", true), {}, 1000)},
          {"7.1.6",
           "256 KiB of text, a Close and a ping: the text comes back whole, before the "
           "Close.",
           closing(say(large) + close + ping_frame(""), {heard(large)}, 1000)},
          {"7.3.1", "A Close without payload is answered without one.",
           closing(empty_close_frame(), {}, std::nullopt)},
          {"7.3.2", "A Close with half a code is a protocol error.",
           failing(part(8, "a", true), {}, 1002)},
          {"7.3.3", "A Close with a code and no reason is answered.",
           closing(close_frame(1000), {}, 1000)},
          {"7.3.4", "A Close with a reason is answered.",
           closing(close_frame(1000, "Hello, world!"), {}, 1000)},
          {"7.3.5", "A Close with a reason of 123 bytes, the most there may be, is answered.",
           closing(close_frame(1000, std::string(123, '*')), {}, 1000)},
          {"7.3.6", "A Close with a reason of 124 bytes is a protocol error.",
           failing(close_frame(1000, std::string(124, '*')), {}, 1002)},
          {"7.5.1",
           "A Close whose reason is not UTF-8 is a protocol error (the suite wants 1007; "
           "the contract counts it to the invalid close frames).",
           failing(close_frame(1000,
                               "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80"
                               "edited"),
                   {}, 1002)},
      }};
  add_codes(category.cases);
  category.cases.push_back({"7.13.1",
                            "A Close with 5000 is a protocol error (the suite leaves it open).",
                            failing(close_frame(5000), {}, 1002)});
  category.cases.push_back({"7.13.2",
                            "A Close with 65535 is a protocol error (the suite says 65536, of "
                            "which two bytes would be left, and leaves it open).",
                            failing(close_frame(65535), {}, 1002)});
  return category;
}

}  // namespace lastword::test::conformance
