// The oracle's parser, from the contract, against the core's: written apart, they must agree.
#include "sim/reference.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/bytes.h"
#include "core/line_parser.h"
#include "core/name.h"
#include "core/utf8.h"

namespace lastword::sim::reference {
namespace {

using Texts = std::vector<std::string>;

// --- Lines that somebody could send -------------------------------------------------------------

rc::Gen<std::string> joined(rc::Gen<std::string> piece) {
  return rc::gen::map(rc::gen::container<Texts>(std::move(piece)), [](const Texts& pieces) {
    std::string text;
    for (const std::string& each : pieces) text += each;
    return text;
  });
}

// Bytes that mean something to one of the parsers, code points that are whole, cut off or
// forbidden, and a run of letters that brings a name near to its bound; in any order.
rc::Gen<std::string> adversarial() {
  const Texts pieces{
      " ",        "\t",       ":",     ",",     "#",        "/",        "!",        "*",
      "a",        "b",        "é",     "\xC3",  "世",       "\xE4\xB8", "😀",       "\xF0\x9F\x98",
      "\xC3\x28", "\xED\xA0", "\x80",  "\xBF",  "\xFF",     "\xC0\x80", "\xF4\x90", "\xED\x9F\xBF",
      "\x7F",     "\r",       "\x01",  "\x1F",  "\xC2\x85", "\xC2\xA0", "/join",    "/leave",
      "/who",     "/ping",    "/quit", "/help", "#r"};
  const auto run = rc::gen::map(rc::gen::inRange<std::size_t>(60, 67),
                                [](std::size_t size) { return std::string(size, 'x'); });
  const auto byte = rc::gen::map(rc::gen::arbitrary<char>(),
                                 [](char character) { return std::string(1, character); });
  const auto piece =
      rc::gen::weightedOneOf<std::string>({{10, rc::gen::elementOf(pieces)}, {2, byte}, {1, run}});
  // Few texts of many pieces are good for anything.
  constexpr double few = 0.03;
  return rc::gen::oneOf(joined(piece), rc::gen::scale(few, joined(piece)));
}

// The same, often behind what makes it a command or a message; and the empty line.
rc::Gen<std::string> lines() {
  const Texts beginnings{"",         "",           "",       "/join ", "/join\t#",
                         "/leave #", "/who #",     "/who ",  "/ping ", "/join #a ",
                         "a:",       "a, b , #r:", "a,b,a:", " ,\t:",  "/quit ",
                         "/help\t",  " /help: ",   "/join",  " ",      "a,"};
  const auto line = rc::gen::map(rc::gen::pair(rc::gen::elementOf(beginnings), adversarial()),
                                 [](const auto& parts) { return parts.first + parts.second; });
  return rc::gen::weightedOneOf<std::string>({{20, line}, {1, rc::gen::just(std::string{})}});
}

// --- What the core makes of a line, in the oracle's words ---------------------------------------

struct Understood {
  Asked::Kind kind = Asked::Kind::nothing;
  Texts destinations{};
  std::string text{};
  std::string argument{};
  std::string error{};

  friend bool operator==(const Understood&, const Understood&) = default;
};

void PrintTo(const Understood& understood, std::ostream* out) {
  *out << "kind " << static_cast<int>(understood.kind) << ", to "
       << ::testing::PrintToString(understood.destinations) << " <" << understood.text << "> <"
       << understood.argument << "> " << understood.error;
}

Texts destinations_of(std::string_view destinations) {
  Texts texts;
  DestinationReader reader{destinations};
  for (auto next = reader.next(); !next.empty(); next = reader.next()) {
    const std::string text{next};
    if (std::ranges::find(texts, text) == texts.end()) texts.push_back(text);
  }
  return texts;
}

std::string beginning_of(LineError error) {
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
  return "";
}

Understood understood_by_core(std::string_view text) {
  struct Visitor {
    Understood operator()(const line::Empty&) const { return {}; }
    Understood operator()(const line::Message& message) const {
      return {.kind = Asked::Kind::message,
              .destinations = destinations_of(message.destinations),
              .text = std::string{message.text}};
    }
    Understood operator()(const line::Help&) const { return {.kind = Asked::Kind::help}; }
    Understood operator()(const line::Who& who) const { return about(Asked::Kind::who, who.room); }
    Understood operator()(const line::Ping& ping) const {
      return about(Asked::Kind::ping, ping.token);
    }
    Understood operator()(const line::Join& join) const {
      return about(Asked::Kind::join, join.room.text());
    }
    Understood operator()(const line::Leave& leave) const {
      return about(Asked::Kind::leave, leave.room.text());
    }
    Understood operator()(const line::Quit&) const { return {.kind = Asked::Kind::quit}; }
    static Understood about(Asked::Kind kind, std::string_view argument) {
      return {.kind = kind, .argument = std::string{argument}};
    }
  };
  const auto parsed = parse_line(text);
  if (parsed) return std::visit(Visitor{}, *parsed);
  return {.kind = Asked::Kind::error, .error = beginning_of(parsed.error())};
}

Understood understood_by_reference(std::string_view text) {
  const Asked asked = parse(text);
  return {.kind = asked.kind,
          .destinations = asked.message.destinations,
          .text = std::string{asked.message.text},
          .argument = std::string{asked.argument},
          .error = std::string{asked.error}};
}

bool is_name_in_core(std::string_view text) { return Name::parse(text).has_value(); }

bool is_utf8_in_core(std::string_view text) {
  while (!text.empty()) {
    const auto code_point = decode_front(text);
    if (!code_point) return false;
    text.remove_prefix(code_point->size);
  }
  return true;
}

// --- Any text -----------------------------------------------------------------------------------

RC_GTEST_PROP(Reference, AgreesWithTheCoreOnLines, ()) {
  const std::string line = *lines();
  const Understood by_core = understood_by_core(line);
  const Understood by_reference = understood_by_reference(line);
  RC_ASSERT(by_reference.kind == by_core.kind);
  RC_ASSERT(by_reference.error == by_core.error);
  RC_ASSERT(by_reference.argument == by_core.argument);
  RC_ASSERT(by_reference.text == by_core.text);
  RC_ASSERT(by_reference.destinations == by_core.destinations);
}

RC_GTEST_PROP(Reference, AgreesWithTheCoreOnNames, ()) {
  const std::string text = *adversarial();
  RC_CLASSIFY(is_name(trim(text)), "names");
  RC_ASSERT(trim(text) == trim_blanks(text));
  RC_ASSERT(is_name(trim(text)) == is_name_in_core(text));
}

RC_GTEST_PROP(Reference, AgreesWithTheCoreOnUtf8, ()) {
  const std::string text = *adversarial();
  RC_ASSERT(is_utf8(text) == is_utf8_in_core(text));
}

// All beginnings of a code point of up to four bytes, with all bytes that lie at a bound.
TEST(Reference, AgreesWithTheCoreOnEveryShortSequence) {
  constexpr std::array<unsigned char, 14> bounds{0x00, 0x1F, 0x20, 0x2C, 0x7E, 0x7F, 0x80,
                                                 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
  std::size_t names = 0;
  const auto agree = [&](std::string_view text) {
    ASSERT_EQ(is_utf8(text), is_utf8_in_core(text)) << ::testing::PrintToString(text);
    ASSERT_EQ(is_name(trim(text)), is_name_in_core(text)) << ::testing::PrintToString(text);
    if (is_name(trim(text))) ++names;
  };
  for (int first = 0; first < 256; ++first) {
    std::string text(1, static_cast<char>(first));
    agree(text);
    for (int second = 0; second < 256; ++second) {
      text.resize(1);
      text += static_cast<char>(second);
      agree(text);
      for (const unsigned char third : bounds) {
        text.resize(2);
        text += static_cast<char>(third);
        agree(text);
        if (first < 0xE0) continue;
        for (const unsigned char fourth : bounds) {
          text.resize(3);
          text += static_cast<char>(fourth);
          agree(text);
        }
      }
    }
  }
  EXPECT_GT(names, 10'000U);
}

// Lines that are all of one kind would agree easily.
TEST(Reference, IsAskedForEverything) {
  std::set<Asked::Kind> kinds;
  std::set<std::string> errors;
  std::size_t destinations_max = 0;
  rc::detail::TestParams params;
  params.seed = 1;
  params.maxSuccess = 1000;
  const auto result = rc::detail::checkTestable(
      [&] {
        const Understood understood = understood_by_reference(*lines());
        kinds.insert(understood.kind);
        errors.insert(understood.error);
        destinations_max = std::max(destinations_max, understood.destinations.size());
      },
      rc::detail::TestMetadata{}, params);
  ASSERT_TRUE(result.is<rc::detail::SuccessResult>()) << result;
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(Asked::Kind::error) + 1);
  EXPECT_EQ(errors, (std::set<std::string>{"", "! no destination", "! unknown command", "! no room",
                                           "! bad room"}));
  EXPECT_GE(destinations_max, 3U);
}

// --- The contract's examples (section 1) --------------------------------------------------------

TEST(Reference, TakesNamesAsTheContractSays) {
  EXPECT_TRUE(is_name("Ada Lovelace")) << "inner spaces are fine";
  EXPECT_TRUE(is_name("x"));
  EXPECT_TRUE(is_name(std::string(64, 'x')));
  EXPECT_FALSE(is_name(std::string(65, 'x')));
  EXPECT_TRUE(is_name(std::string(62, 'x') + "é")) << "64 bytes, 63 characters";
  EXPECT_FALSE(is_name(std::string(63, 'x') + "é"));
  EXPECT_TRUE(is_name("世界 😀"));
  EXPECT_TRUE(is_name("a/b!c*")) << "none of these is the first character";
  EXPECT_TRUE(is_name("a\xC2\xA0z")) << "U+00A0 is no control character";
  for (const char* const bad : {"", "/a", "!a", "*a", "a,b", "a:b", "a#b", "#a", "a\x01", "a\tb",
                                "a\rb", "a\x7F", "a\xC2\x80", "a\xC2\x85", "a\xC2\x9F", "\xC3",
                                "a\xC0\x80", "a\xED\xA0\x80", "a\xF4\x90\x80\x80"}) {
    EXPECT_FALSE(is_name(bad)) << bad;
  }
  EXPECT_EQ(trim(" \tAda Lovelace\t "), "Ada Lovelace");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim("\ra\r"), "\ra\r") << "blanks are space and tab";
}

// What the line asks for, as both understand it.
Asked asked(std::string_view line) {
  EXPECT_EQ(understood_by_reference(line), understood_by_core(line)) << line;
  return parse(line);
}

TEST(Reference, TakesMessagesAsTheContractSays) {
  const auto destinations = [](std::string_view line) { return asked(line).message.destinations; };
  const auto text = [](std::string_view line) { return std::string{asked(line).message.text}; };
  EXPECT_EQ(asked("bob: hi").kind, Asked::Kind::message);
  EXPECT_EQ(destinations("bob: hi"), Texts{"bob"});
  EXPECT_EQ(text("bob: hi"), "hi");
  EXPECT_EQ(destinations(" bob ,, carol, bob:  a: b "), (Texts{"bob", "carol"}));
  EXPECT_EQ(text(" bob ,, carol, bob:  a: b "), "a: b") << "split at the first colon";
  EXPECT_EQ(destinations("#r, Ada Lovelace,\t: x"), (Texts{"#r", "Ada Lovelace"}));
  EXPECT_EQ(asked("bob:").kind, Asked::Kind::message) << "an empty TEXT goes out too";
  EXPECT_EQ(text("bob: \t"), "");
  EXPECT_EQ(text("bob:\xFF\x01"), "\xFF\x01") << "payload bytes are opaque";
  for (const char* const line : {"no colon", " ", ":", " : x", ",: x", " ,\t, : x"}) {
    EXPECT_EQ(asked(line).error, "! no destination") << line;
  }
}

TEST(Reference, TakesCommandsAsTheContractSays) {
  EXPECT_EQ(asked("").kind, Asked::Kind::nothing);
  EXPECT_EQ(asked("/help").kind, Asked::Kind::help);
  EXPECT_EQ(asked("/quit").kind, Asked::Kind::quit);
  EXPECT_EQ(asked("/who").kind, Asked::Kind::who);
  EXPECT_EQ(asked("/who").argument, "");
  EXPECT_EQ(asked("/who #r").argument, "#r");
  EXPECT_EQ(asked("/ping").kind, Asked::Kind::ping);
  EXPECT_EQ(asked("/ping  a b ").argument, "a b");
  EXPECT_EQ(asked("/join #r").kind, Asked::Kind::join);
  EXPECT_EQ(asked("/join\t#Ada Lovelace ").argument, "#Ada Lovelace");
  EXPECT_EQ(asked("/leave #r").kind, Asked::Kind::leave);
  EXPECT_EQ(asked("/join #" + std::string(64, 'x')).kind, Asked::Kind::join)
      << "the rules of names after the #";
  EXPECT_EQ(asked("/join #" + std::string(65, 'x')).error, "! bad room");
  for (const char* const line : {"/join", "/leave", "/join \t"}) {
    EXPECT_EQ(asked(line).error, "! no room") << line;
  }
  for (const char* const line :
       {"/join r", "/join #", "/join # r", "/leave ##", "/who r", "/join #/r", "/join #a,b"}) {
    EXPECT_EQ(asked(line).error, "! bad room") << line;
  }
  for (const char* const line : {"/", "/pingpong", "/PING", "/ help", "/bob: hi", "//"}) {
    EXPECT_EQ(asked(line).error, "! unknown command") << line;
  }
}

}  // namespace
}  // namespace lastword::sim::reference
