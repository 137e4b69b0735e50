#include "core/name.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastword {

namespace {

std::string times(std::size_t count, std::string_view text) {
  std::string out;
  for (std::size_t position = 0; position < count; ++position) out += text;
  return out;
}

// What is wrong with the text as a name; nothing if it is one.
std::optional<NameError> error_of(std::string_view text) {
  const auto name = Name::parse(text);
  return name ? std::nullopt : std::optional{name.error()};
}

std::optional<RoomNameError> room_error_of(std::string_view text) {
  const auto room = RoomName::parse(text);
  return room ? std::nullopt : std::optional{room.error()};
}

TEST(Name, MayHaveOneToSixtyFourBytes) {
  EXPECT_EQ(error_of(""), NameError::empty);
  EXPECT_EQ(error_of("a"), std::nullopt);
  EXPECT_EQ(error_of(times(63, "a")), std::nullopt);
  EXPECT_EQ(error_of(times(64, "a")), std::nullopt);
  EXPECT_EQ(error_of(times(65, "a")), NameError::too_long);
  EXPECT_EQ(error_of(times(1000, "a")), NameError::too_long);
}

TEST(Name, CountsBytesAndNotCharacters) {
  EXPECT_EQ(error_of(times(32, "é")), std::nullopt);
  EXPECT_EQ(error_of(times(32, "é") + "a"), NameError::too_long);
  EXPECT_EQ(error_of(times(33, "é")), NameError::too_long);
  EXPECT_EQ(error_of(times(16, "\xF0\x9F\x98\x80")), std::nullopt);
  EXPECT_EQ(error_of(times(16, "\xF0\x9F\x98\x80") + "a"), NameError::too_long);
}

TEST(Name, IsTrimmedBeforeItIsMeasured) {
  const auto name = Name::parse(" \t " + times(64, "a") + "\t \t");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->text().size(), 64U);
}

TEST(Name, MayHaveSpacesInside) {
  const auto name = Name::parse("  Grace  Brewster Hopper ");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->text(), "Grace  Brewster Hopper");
}

TEST(Name, IsEmptyIfItHasNothingButBlanks) {
  for (const std::string_view text : {" ", "\t", " \t \t "}) {
    EXPECT_EQ(error_of(text), NameError::empty);
  }
}

TEST(Name, IsBorrowedFromTheTextItWasParsedFrom) {
  const std::string_view text = "  Ada ";
  const auto name = Name::parse(text);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->text().data(), text.data() + 2);
  EXPECT_EQ(name->text().size(), 3U);
}

TEST(Name, HasNoControlCharacterAnywhere) {
  for (char32_t value = 0; value < 0xA1; ++value) {
    const std::string character = value < 0x80 ? std::string(1, static_cast<char>(value))
                                               : std::string{'\xC2', static_cast<char>(value)};
    const bool is_control = value < 0x20 || (value >= 0x7F && value < 0xA0);
    const auto error = error_of("a" + character + "b");
    EXPECT_EQ(error == NameError::control_character, is_control) << static_cast<unsigned>(value);
    if (!is_control || value == '\t') continue;
    EXPECT_EQ(error_of(character + "b"), NameError::control_character)
        << static_cast<unsigned>(value);
    EXPECT_EQ(error_of("a" + character), NameError::control_character)
        << static_cast<unsigned>(value);
  }
}

TEST(Name, HasNoCommaColonOrHashAnywhere) {
  for (const std::string character : {",", ":", "#"}) {
    EXPECT_EQ(error_of(character), NameError::forbidden_character);
    EXPECT_EQ(error_of(character + "a"), NameError::forbidden_character);
    EXPECT_EQ(error_of("a" + character + "b"), NameError::forbidden_character);
    EXPECT_EQ(error_of("a" + character), NameError::forbidden_character);
  }
}

TEST(Name, DoesNotStartLikeACommandOrAnAnswer) {
  for (const std::string character : {"/", "!", "*"}) {
    EXPECT_EQ(error_of(character), NameError::forbidden_first_character);
    EXPECT_EQ(error_of(character + "a"), NameError::forbidden_first_character);
    EXPECT_EQ(error_of("  " + character + "a"), NameError::forbidden_first_character);
    EXPECT_EQ(error_of("a" + character), std::nullopt);
    EXPECT_EQ(error_of("a" + character + "b"), std::nullopt);
  }
}

TEST(Name, IsUtf8ToItsLastByte) {
  EXPECT_EQ(error_of("\xFF"), NameError::not_utf8);
  EXPECT_EQ(error_of("a\xC3"), NameError::not_utf8);
  EXPECT_EQ(error_of("a\xC3(b"), NameError::not_utf8);
  EXPECT_EQ(error_of("\xED\xA0\x80"), NameError::not_utf8);
  EXPECT_EQ(error_of("Zo\xC3\xAB"), std::nullopt);
  EXPECT_EQ(error_of(times(63, "a") + "\xC3"), NameError::not_utf8);
}

// Names put together from pieces of which each is known to be good or bad.
struct Piece {
  std::string_view text;
  std::optional<NameError> error;
};

constexpr std::array pieces{
    Piece{.text = "a", .error = {}},
    Piece{.text = "Z", .error = {}},
    Piece{.text = " ", .error = {}},
    Piece{.text = "/", .error = {}},
    Piece{.text = "!", .error = {}},
    Piece{.text = "*", .error = {}},
    Piece{.text = "\xC2\xA0", .error = {}},
    Piece{.text = "\xE2\x82\xAC", .error = {}},
    Piece{.text = "\xF0\x9F\x98\x80", .error = {}},
    Piece{.text = "aaaaaaaaaaaaaaaa", .error = {}},
    Piece{.text = ",", .error = NameError::forbidden_character},
    Piece{.text = ":", .error = NameError::forbidden_character},
    Piece{.text = "#", .error = NameError::forbidden_character},
    Piece{.text = "\x1F", .error = NameError::control_character},
    Piece{.text = "\x7F", .error = NameError::control_character},
    Piece{.text = "\xC2\x9F", .error = NameError::control_character},
    Piece{.text = "\xFF", .error = NameError::not_utf8},
    Piece{.text = "\xE2\x82", .error = NameError::not_utf8},
};

// The contract word by word, on pieces.
std::optional<NameError> expected_error(std::vector<Piece> name) {
  const auto is_space = [](const Piece& piece) { return piece.text == " "; };
  while (!name.empty() && is_space(name.front())) name.erase(name.begin());
  while (!name.empty() && is_space(name.back())) name.pop_back();
  if (name.empty()) return NameError::empty;
  std::size_t size = 0;
  for (const Piece& piece : name) size += piece.text.size();
  if (size > 64) return NameError::too_long;
  for (const Piece& piece : name) {
    if (piece.error) return piece.error;
  }
  if (std::string_view{"/!*"}.find(name.front().text[0]) != std::string_view::npos) {
    return NameError::forbidden_first_character;
  }
  return std::nullopt;
}

RC_GTEST_PROP(Name, IsJudgedByTheFirstOfItsPiecesThatIsBad, ()) {
  // Good pieces are drawn more often, or hardly any name would be good.
  const auto chosen = *rc::gen::container<std::vector<std::size_t>>(
      rc::gen::weightedOneOf<std::size_t>({{20, rc::gen::inRange<std::size_t>(0, 10)},
                                           {1, rc::gen::inRange<std::size_t>(10, pieces.size())}}));
  std::vector<Piece> name;
  std::string text;
  for (const std::size_t choice : chosen) {
    name.push_back(pieces[choice]);
    text += pieces[choice].text;
  }
  RC_ASSERT(error_of(text) == expected_error(name));
  RC_CLASSIFY(error_of(text) == std::nullopt, "a name");
}

TEST(RoomName, IsAHashAndAName) {
  const auto room = RoomName::parse(" #the kitchen\t");
  ASSERT_TRUE(room);
  EXPECT_EQ(room->text(), "#the kitchen");
}

TEST(RoomName, MayHaveOneToSixtyFourBytesBehindTheHash) {
  EXPECT_EQ(room_error_of("#"), RoomNameError::bad_name);
  EXPECT_EQ(room_error_of("#a"), std::nullopt);
  EXPECT_EQ(room_error_of("#" + times(64, "a")), std::nullopt);
  EXPECT_EQ(room_error_of("#" + times(65, "a")), RoomNameError::bad_name);
}

TEST(RoomName, NeedsItsHash) {
  for (const std::string_view text : {"", " ", "kitchen", "kitchen#", "/#kitchen"}) {
    EXPECT_EQ(room_error_of(text), RoomNameError::no_hash) << text;
  }
}

TEST(RoomName, HasNoBlankBehindItsHash) {
  EXPECT_EQ(room_error_of("# kitchen"), RoomNameError::outer_blank);
  EXPECT_EQ(room_error_of("#\tkitchen"), RoomNameError::outer_blank);
  EXPECT_EQ(room_error_of("# "), RoomNameError::bad_name) << "trimmed, nothing is left of it";
}

TEST(RoomName, FollowsTheRulesOfNames) {
  for (const std::string_view text :
       {"##", "#a#", "#a,b", "#a:b", "#/a", "#!a", "#*a", "#a\x1F", "#a\tb", "#\xFF"}) {
    EXPECT_EQ(room_error_of(text), RoomNameError::bad_name) << text;
  }
  for (const std::string_view text : {"#a/b", "#a!", "#a*", "#\xC3\xA9", "#a b"}) {
    EXPECT_EQ(room_error_of(text), std::nullopt) << text;
  }
}

TEST(RoomName, IsBorrowedFromTheTextItWasParsedFrom) {
  const std::string_view text = " #a ";
  const auto room = RoomName::parse(text);
  ASSERT_TRUE(room);
  EXPECT_EQ(room->text().data(), text.data() + 1);
}

}  // namespace
}  // namespace lastword
