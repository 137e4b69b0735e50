#include "core/line_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lastword {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Texts = std::vector<std::string>;

Texts destinations_of(std::string_view destinations) {
  Texts texts;
  DestinationReader reader{destinations};
  for (auto text = reader.next(); !text.empty(); text = reader.next()) texts.emplace_back(text);
  return texts;
}

// What the line was understood as, in words.
std::string understood(std::string_view line) {
  struct InWords {
    std::string operator()(const line::Empty&) const { return "nothing"; }
    std::string operator()(const line::Message& message) const {
      std::string words = "to";
      for (const std::string& text : destinations_of(message.destinations)) words += " " + text;
      return words + " <" + std::string{message.text} + ">";
    }
    std::string operator()(const line::Help&) const { return "help"; }
    std::string operator()(const line::Who& who) const { return "who <" + text(who.room) + ">"; }
    std::string operator()(const line::Ping& ping) const {
      return "ping <" + text(ping.token) + ">";
    }
    std::string operator()(const line::Join& join) const {
      return "join " + text(join.room.text());
    }
    std::string operator()(const line::Leave& leave) const {
      return "leave " + text(leave.room.text());
    }
    std::string operator()(const line::Quit&) const { return "quit"; }
    static std::string text(std::string_view text) { return std::string{text}; }
  };
  const auto parsed = parse_line(line);
  if (parsed) return std::visit(InWords{}, *parsed);
  switch (parsed.error()) {
    case LineError::no_destination:
      return "no destination";
    case LineError::unknown_command:
      return "unknown command";
    case LineError::room_missing:
      return "room missing";
    case LineError::bad_room:
      return "bad room";
  }
  return "";
}

TEST(LineParser, TakesAnEmptyLineForAKeepAlive) { EXPECT_EQ(understood(""), "nothing"); }

TEST(LineParser, SplitsAMessageAtItsFirstColon) {
  EXPECT_EQ(understood("bob: hello"), "to bob <hello>");
  EXPECT_EQ(understood("bob:hello"), "to bob <hello>");
  EXPECT_EQ(understood("bob: 10:30: tea"), "to bob <10:30: tea>");
  EXPECT_EQ(understood("bob::"), "to bob <:>");
}

TEST(LineParser, TrimsTheBlanksAroundTheTextAndNoOthers) {
  EXPECT_EQ(understood("bob: \t hello \t world\t "), "to bob <hello \t world>");
  EXPECT_EQ(understood("bob:\vhello\r"), "to bob <\vhello\r>");
}

TEST(LineParser, TakesAMessageWithoutText) {
  EXPECT_EQ(understood("bob:"), "to bob <>");
  EXPECT_EQ(understood("bob: \t "), "to bob <>");
}

TEST(LineParser, SplitsDestinationsAtCommasAndTrimsThem) {
  EXPECT_EQ(understood("bob, carol,dave\t, Grace Hopper : hi"),
            "to bob carol dave Grace Hopper <hi>");
  EXPECT_EQ(understood("#kitchen, bob: hi"), "to #kitchen bob <hi>");
}

TEST(LineParser, SkipsEmptyDestinations) {
  EXPECT_EQ(understood(",bob,, \t,carol,: hi"), "to bob carol <hi>");
}

TEST(LineParser, NeedsADestination) {
  for (const std::string_view line :
       {":", ": hello", "  : hello", " , ,\t: hello", ",:", "hello", " ", "\t", "hello, world"}) {
    EXPECT_EQ(understood(line), "no destination") << line;
  }
}

TEST(LineParser, TakesNoLineForACommandThatDoesNotStartWithASlash) {
  EXPECT_EQ(understood(" /help"), "no destination");
  EXPECT_EQ(understood(" /help: hi"), "to /help <hi>");
  EXPECT_EQ(understood("help"), "no destination");
}

TEST(LineParser, KnowsTheCommandsOfTheContract) {
  EXPECT_EQ(understood("/help"), "help");
  EXPECT_EQ(understood("/quit"), "quit");
  EXPECT_EQ(understood("/who"), "who <>");
  EXPECT_EQ(understood("/ping"), "ping <>");
  EXPECT_EQ(understood("/join #kitchen"), "join #kitchen");
  EXPECT_EQ(understood("/leave #kitchen"), "leave #kitchen");
}

TEST(LineParser, KnowsNoOtherCommand) {
  for (const std::string_view line :
       {"/", "/ help", "//help", "/Help", "/helpp", "/hel", "/nick bob", "/who: x", "/bob: hi",
        "/ping:x", "/quit\v", "/join#kitchen"}) {
    EXPECT_EQ(understood(line), "unknown command") << line;
  }
}

TEST(LineParser, TrimsTheArgumentOfACommand) {
  EXPECT_EQ(understood("/ping \t abc \t"), "ping <abc>");
  EXPECT_EQ(understood("/ping\tabc"), "ping <abc>");
  EXPECT_EQ(understood("/ping  two  words "), "ping <two  words>");
  EXPECT_EQ(understood("/who "), "who <>");
  EXPECT_EQ(understood("/who #kitchen "), "who <#kitchen>");
  EXPECT_EQ(understood("/join  #the kitchen "), "join #the kitchen");
}

TEST(LineParser, TakesAnyBytesAsAToken) {
  EXPECT_EQ(understood("/ping \xFF,:#\x01"), "ping <\xFF,:#\x01>");
}

TEST(LineParser, WantsARoomToJoinOrLeave) {
  for (const std::string_view line : {"/join", "/join ", "/leave", "/leave \t"}) {
    EXPECT_EQ(understood(line), "room missing") << line;
  }
}

TEST(LineParser, RefusesWhatIsNoRoom) {
  for (const std::string command : {"/join ", "/leave ", "/who "}) {
    for (const std::string_view room :
         {"kitchen", "#", "# kitchen", "##", "#a,b", "#a:b", "#\xFF", "#a, #b", "#/a"}) {
      EXPECT_EQ(understood(command + std::string{room}), "bad room") << command << room;
    }
    EXPECT_EQ(understood(command + "#" + std::string(65, 'a')), "bad room");
    EXPECT_NE(understood(command + "#" + std::string(64, 'a')), "bad room");
  }
}

TEST(LineParser, BorrowsFromTheLine) {
  const std::string_view line = "bob , carol: hello";
  const auto parsed = parse_line(line);
  ASSERT_TRUE(parsed);
  const auto& message = std::get<line::Message>(*parsed);
  EXPECT_EQ(message.text.data(), line.data() + 13);
  EXPECT_EQ(message.destinations.data(), line.data());
  DestinationReader reader{message.destinations};
  EXPECT_EQ(reader.next().data(), line.data());
  EXPECT_EQ(reader.next().data(), line.data() + 6);
}

TEST(DestinationReader, IsAtItsEndForGood) {
  DestinationReader reader{"bob,"};
  EXPECT_EQ(reader.next(), "bob");
  EXPECT_EQ(reader.next(), "");
  EXPECT_EQ(reader.next(), "");
}

TEST(DestinationReader, LeavesRepeatedOnesToItsCaller) {
  EXPECT_THAT(destinations_of("bob,carol, bob"), ElementsAre("bob", "carol", "bob"));
  EXPECT_THAT(destinations_of(""), IsEmpty());
  EXPECT_THAT(destinations_of(" ,\t,"), IsEmpty());
}

bool is_blank_character(char character) { return character == ' ' || character == '\t'; }

std::string trimmed(const std::string& text) {
  const auto first = std::find_if_not(text.begin(), text.end(), is_blank_character);
  const auto last = std::find_if_not(text.rbegin(), text.rend(), is_blank_character).base();
  return first < last ? std::string{first, last} : std::string{};
}

RC_GTEST_PROP(DestinationReader, ReadsWhatStandsBetweenTheCommas, ()) {
  const auto text =
      *rc::gen::container<std::string>(rc::gen::element(',', ',', ' ', '\t', 'a', 'b', '#'));
  Texts expected;
  std::string part;
  for (const char character : text + ",") {
    if (character != ',') {
      part += character;
      continue;
    }
    if (!trimmed(part).empty()) expected.push_back(trimmed(part));
    part.clear();
  }
  RC_ASSERT(destinations_of(text) == expected);
}

// Names and rooms that may stand as a DEST, and texts of all bytes but LF.
rc::Gen<std::string> destinations() {
  const auto character = rc::gen::element<char>('a', 'b', ' ', '/', '!', '*', '\xC3', '\xFF', '\r');
  return rc::gen::map(rc::gen::pair(rc::gen::element<std::string>("", "", "#"),
                                    rc::gen::container<std::string>(character)),
                      [](const std::pair<std::string, std::string>& parts) {
                        return parts.first + "x" + parts.second + "y";
                      });
}

rc::Gen<std::string> blanks() {
  return rc::gen::scale(0.05, rc::gen::container<std::string>(rc::gen::element(' ', '\t')));
}

RC_GTEST_PROP(LineParser, ReadsBackTheDestinationsAndTheTextOfARenderedMessage, ()) {
  const auto names = *rc::gen::nonEmpty(rc::gen::container<Texts>(destinations()));
  const auto text = trimmed(*rc::gen::container<std::string>(
      rc::gen::suchThat(rc::gen::arbitrary<char>(), [](char byte) { return byte != '\n'; })));

  std::string line = *blanks();
  for (const std::string& name : names) {
    if (&name != &names.front()) line += *blanks() + "," + *blanks();
    line += name;
  }
  line += *blanks() + ":" + *blanks() + text + *blanks();

  const auto parsed = parse_line(line);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(std::holds_alternative<line::Message>(*parsed));
  const auto& message = std::get<line::Message>(*parsed);
  RC_ASSERT(destinations_of(message.destinations) == names);
  RC_ASSERT(message.text == text);
}

RC_GTEST_PROP(LineParser, HasAnAnswerToEveryLine, ()) {
  const auto line = *rc::gen::container<std::string>(
      rc::gen::element<char>('/', 'w', 'h', 'o', ' ', '#', ':', ',', '\t', '\xFF', '\0'));
  const bool is_command = line.starts_with('/');
  const std::size_t colon = line.find(':');
  const std::string front = trimmed(line.substr(0, colon));
  const bool names_somebody = std::any_of(front.begin(), front.end(), [](char character) {
    return character != ',' && !is_blank_character(character);
  });

  const auto parsed = parse_line(line);
  if (line.empty()) {
    RC_ASSERT(std::holds_alternative<line::Empty>(parsed.value()));
  } else if (is_command) {
    RC_ASSERT((!parsed || !std::holds_alternative<line::Message>(*parsed)));
  } else if (colon == std::string::npos || !names_somebody) {
    RC_ASSERT(parsed.error() == LineError::no_destination);
  } else {
    RC_ASSERT(std::holds_alternative<line::Message>(parsed.value()));
  }
}

}  // namespace
}  // namespace lastword
