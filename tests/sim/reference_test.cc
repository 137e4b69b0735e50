// The oracle's parser, from the contract, against the core's: written apart, they must agree.
#include "sim/reference.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/line_parser.h"
#include "core/name.h"

namespace lastword::sim::reference {
namespace {

// Bytes that mean something to one of the parsers, in any order.
rc::Gen<std::string> adversarial() {
  const std::vector<std::string> pieces{
      " ",        "\t",       ":",    ",",     "#",     "/",        "!",
      "*",        "a",        "b",    "é",     "\xC3",  "\xC3\x28", "\xF4\x90",
      "\xED\xA0", "\xC0\x80", "世",   "\x7F",  "\r",    "\x01",     "\xC2\x85",
      "/join",    "/leave",   "/who", "/ping", "/quit", "/help",    "#r"};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)),
                      [](const std::vector<std::string>& chosen) {
                        std::string text;
                        for (const std::string& piece : chosen) text += piece;
                        return text;
                      });
}

Asked::Kind kind_of(const Line& line) {
  struct Visitor {
    Asked::Kind operator()(const line::Empty&) const { return Asked::Kind::nothing; }
    Asked::Kind operator()(const line::Message&) const { return Asked::Kind::message; }
    Asked::Kind operator()(const line::Help&) const { return Asked::Kind::help; }
    Asked::Kind operator()(const line::Who&) const { return Asked::Kind::who; }
    Asked::Kind operator()(const line::Ping&) const { return Asked::Kind::ping; }
    Asked::Kind operator()(const line::Join&) const { return Asked::Kind::join; }
    Asked::Kind operator()(const line::Leave&) const { return Asked::Kind::leave; }
    Asked::Kind operator()(const line::Quit&) const { return Asked::Kind::quit; }
  };
  return std::visit(Visitor{}, line);
}

RC_GTEST_PROP(Reference, AgreesWithTheCoreOnLines, ()) {
  const std::string line = *adversarial();
  const Asked asked = parse(line);
  const auto parsed = parse_line(line);
  RC_ASSERT(parsed.has_value() == (asked.kind != Asked::Kind::error));
  if (!parsed) return;
  RC_ASSERT(kind_of(*parsed) == asked.kind);
  const auto* const message = std::get_if<line::Message>(&*parsed);
  if (message == nullptr) return;
  RC_ASSERT(message->text == asked.message.text);
  std::vector<std::string> destinations;
  DestinationReader reader{message->destinations};
  for (auto next = reader.next(); !next.empty(); next = reader.next()) {
    const std::string destination{next};
    if (std::find(destinations.begin(), destinations.end(), destination) == destinations.end()) {
      destinations.push_back(destination);
    }
  }
  RC_ASSERT(destinations == asked.message.destinations);
}

RC_GTEST_PROP(Reference, AgreesWithTheCoreOnNames, ()) {
  const std::string text =
      *rc::gen::oneOf(adversarial(), rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
  const std::string_view trimmed = trim(text);
  RC_ASSERT(is_name(trimmed) == Name::parse(text).has_value());
}

TEST(Reference, KnowsTheContractsExamples) {
  EXPECT_EQ(parse("bob: hi").message.text, "hi");
  EXPECT_EQ(parse(" bob ,, carol, bob:  a: b ").message.destinations,
            (std::vector<std::string>{"bob", "carol"}));
  EXPECT_EQ(parse(" bob ,, carol, bob:  a: b ").message.text, "a: b");
  EXPECT_EQ(parse("").kind, Asked::Kind::nothing);
  EXPECT_EQ(parse("no colon").kind, Asked::Kind::error);
  EXPECT_EQ(parse("/ping  a b ").argument, "a b");
  EXPECT_EQ(parse("/pingpong").error, "! unknown command");
  EXPECT_EQ(parse("/join #r").argument, "#r");
  EXPECT_EQ(parse("/join").error, "! no room");
  EXPECT_EQ(parse("/join # r").error, "! bad room");
  EXPECT_TRUE(is_name("Ada Lovelace"));
  EXPECT_TRUE(is_name(std::string(64, 'x')));
  EXPECT_FALSE(is_name(std::string(65, 'x')));
  for (const char* const bad : {"", "/a", "!a", "*a", "a,b", "a:b", "a#b", "a\x01", "a\xC2\x85"}) {
    EXPECT_FALSE(is_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace lastword::sim::reference
