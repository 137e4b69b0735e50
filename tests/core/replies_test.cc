#include "core/replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lastword {
namespace {

using namespace std::chrono_literals;
using ::testing::StartsWith;

constexpr std::array name_errors{NameError::empty,
                                 NameError::too_long,
                                 NameError::not_utf8,
                                 NameError::control_character,
                                 NameError::forbidden_character,
                                 NameError::forbidden_first_character};
constexpr std::array line_errors{LineError::no_destination, LineError::unknown_command,
                                 LineError::room_missing, LineError::bad_room};
constexpr std::array failures{Failure::not_connected, Failure::peer_gone, Failure::slow_consumer,
                              Failure::drain_deadline};

// The text that a reply appends.
template <typename... Parameters, typename... Arguments>
std::string said(void (*append)(std::string&, Parameters...), const Arguments&... arguments) {
  std::string out;
  append(out, arguments...);
  return out;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t size = text.find('\n');
    EXPECT_NE(size, std::string_view::npos) << "the last line has no LF";
    lines.emplace_back(text.substr(0, size));
    text.remove_prefix(std::min(size, text.size() - 1) + 1);
  }
  return lines;
}

// --- Messages ----------------------------------------------------------------------------------

TEST(MessageHeader, SaysFromWhomAndInWhichRoom) {
  EXPECT_EQ((MessageHeader{"Ada", ""}.text()), "from Ada: ");
  EXPECT_EQ((MessageHeader{"Ada", "#kitchen"}.text()), "from Ada in #kitchen: ");
}

TEST(MessageHeader, HasTheSizeThatIsReckonedWithAtEverySizeOfNameAndRoom) {
  for (std::size_t sender_size = 1; sender_size <= name_bytes_max; ++sender_size) {
    for (std::size_t room_size = 1; room_size <= 1 + name_bytes_max; ++room_size) {
      // A room of one byte would be a hash alone; that size stands for no room here.
      const std::size_t size = room_size == 1 ? 0 : room_size;
      const std::string sender(sender_size, 'a');
      const std::string room(size, 'r');
      const MessageHeader header{sender, room};
      ASSERT_EQ(header.size(), MessageHeader::size_of(sender_size, size));
      ASSERT_EQ(header.text().size(), header.size());
      ASSERT_TRUE(header.text().ends_with(": "));
    }
  }
}

// A client's view: names have no colon and no hash, rooms no colon.
struct Delivered {
  std::string sender;
  std::string room;
  std::string text;
};

std::optional<Delivered> parse_delivered(std::string_view line) {
  constexpr std::string_view from = "from ";
  if (!line.starts_with(from)) return std::nullopt;
  line.remove_prefix(from.size());
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || line.substr(colon, 2) != ": ") return std::nullopt;
  const std::string_view front = line.substr(0, colon);
  const std::size_t in = front.find(" in #");
  Delivered delivered{.sender = std::string{front.substr(0, in)},
                      .room = {},
                      .text = std::string{line.substr(colon + 2)}};
  if (in != std::string_view::npos) delivered.room = front.substr(in + 4);
  return delivered;
}

// Names with everything in them that might be taken for something else.
rc::Gen<std::string> names() {
  const auto words = rc::gen::element<std::string>("a", "from ", " in ", "in", " ", "/", "!", "é",
                                                   "*", "\xF0\x9F\x98\x80");
  const auto joined =
      rc::gen::map(rc::gen::container<std::vector<std::string>>(words), [](const auto& parts) {
        std::string name;
        for (const std::string& part : parts) name += part;
        return name;
      });
  return rc::gen::suchThat(rc::gen::scale(0.1, joined), [](const std::string& name) {
    const auto parsed = Name::parse(name);
    return parsed && parsed->text() == name;
  });
}

RC_GTEST_PROP(MessageHeader, IsReadBackByAClientWhateverTheNamesAndTheText, ()) {
  const std::string sender = *names();
  const std::string room = *rc::gen::arbitrary<bool>() ? "#" + *names() : "";
  const std::string text = *rc::gen::container<std::string>(
      rc::gen::element<char>(':', ' ', '#', 'a', '\r', '\xFF', 'i', 'n'));

  const MessageHeader header{sender, room};
  const auto delivered = parse_delivered(std::string{header.text()} + text);
  RC_ASSERT(delivered.has_value());
  RC_ASSERT(delivered->sender == sender);
  RC_ASSERT(delivered->room == room);
  RC_ASSERT(delivered->text == text);
}

TEST(MessageHeaderDeathTest, TakesNoLongerNamesThanThereAre) {
  const std::string name(name_bytes_max + 1, 'a');
  const std::string room(name_bytes_max + 2, 'r');
  EXPECT_DEATH((MessageHeader{name, room}), "text_.size");
}

// --- Everything else ---------------------------------------------------------------------------

TEST(Replies, AreTheWordsOfTheContract) {
  EXPECT_EQ(said(reply::append_goodbye, std::uint64_t{12}),
            "* goodbye: 12 of your lines were accepted\n");
  EXPECT_EQ(said(reply::append_server_full), "! server is full\n");
  EXPECT_THAT(said(reply::append_line_too_long, std::size_t{65536}), StartsWith("! line too long"));
  EXPECT_THAT(said(reply::append_line_error, LineError::no_destination),
              StartsWith("! no destination"));
  EXPECT_THAT(said(reply::append_line_error, LineError::unknown_command),
              StartsWith("! unknown command"));
  EXPECT_THAT(said(reply::append_taken_name, "Ada"), StartsWith("! name "));
  EXPECT_THAT(said(reply::append_login_timeout, 10s), StartsWith("! name "));
  for (const NameError error : name_errors) {
    EXPECT_THAT(said(reply::append_bad_name, error), StartsWith("! name "));
  }
}

TEST(Replies, SayWhatCouldNotBeDeliveredAndWhy) {
  EXPECT_EQ(said(reply::append_undelivered, "bob", Failure::not_connected),
            "! undelivered bob: not_connected\n");
  EXPECT_EQ(said(reply::append_undelivered, "#kitchen", Failure::not_connected),
            "! undelivered #kitchen: not_connected\n");
  EXPECT_EQ(said(reply::append_undelivered, "bob", Failure::peer_gone),
            "! undelivered bob: peer_gone\n");
  EXPECT_EQ(said(reply::append_undelivered, "bob", Failure::slow_consumer),
            "! undelivered bob: slow_consumer\n");
  EXPECT_EQ(said(reply::append_undelivered, "bob", Failure::drain_deadline),
            "! undelivered bob: drain_deadline\n");
}

TEST(Replies, NameTheLimitsThatTheySpeakOf) {
  EXPECT_THAT(said(reply::append_line_too_long, std::size_t{4096}), ::testing::HasSubstr(" 4096 "));
  EXPECT_THAT(said(reply::append_too_many_rooms, std::uint32_t{128}),
              ::testing::HasSubstr(" 128,"));
  EXPECT_THAT(said(reply::append_taken_name, "Ada L"), ::testing::HasSubstr("Ada L"));
}

TEST(Replies, WriteDurationsAsTheOptionsDo) {
  EXPECT_EQ(said(reply::append_login_timeout, 10s), "! name did not come within 10s\n");
  EXPECT_EQ(said(reply::append_login_timeout, 1500ms), "! name did not come within 1500ms\n");
  EXPECT_EQ(said(reply::append_login_timeout, 999ms), "! name did not come within 999ms\n");
  EXPECT_EQ(said(reply::append_login_timeout, 1000ms), "! name did not come within 1s\n");
  EXPECT_EQ(said(reply::append_login_timeout, 2min), "! name did not come within 120s\n");
}

TEST(Replies, SayWhatBecameOfARoom) {
  EXPECT_EQ(said(reply::append_joined, "#kitchen", std::size_t{1}),
            "* you joined #kitchen, 1 member\n");
  EXPECT_EQ(said(reply::append_joined, "#kitchen", std::size_t{2}),
            "* you joined #kitchen, 2 members\n");
  EXPECT_EQ(said(reply::append_left, "#kitchen"), "* you left #kitchen\n");
  EXPECT_EQ(said(reply::append_peer_joined, "Ada", "#kitchen"), "* Ada joined #kitchen\n");
  EXPECT_EQ(said(reply::append_peer_left, "Ada", "#kitchen"), "* Ada left #kitchen\n");
  EXPECT_EQ(said(reply::append_already_in_room, "#kitchen"), "! already in #kitchen\n");
  EXPECT_EQ(said(reply::append_not_in_room, "#kitchen"), "! not in #kitchen\n");
}

TEST(Replies, SpeakOfOneUnseenNoticeInTheSingular) {
  EXPECT_THAT(said(reply::append_unseen_notices, std::uint64_t{1}),
              StartsWith("* 1 join or leave in"));
  EXPECT_THAT(said(reply::append_unseen_notices, std::uint64_t{2}),
              StartsWith("* 2 joins and leaves in"));
}

TEST(Replies, AnswerAPingWithItsToken) {
  EXPECT_EQ(said(reply::append_pong, "abc def"), "* pong abc def\n");
  EXPECT_EQ(said(reply::append_pong, ""), "* pong\n");
}

TEST(Replies, CountAsFarAsThereAreNumbers) {
  EXPECT_EQ(said(reply::append_goodbye, std::uint64_t{0}),
            "* goodbye: 0 of your lines were accepted\n");
  EXPECT_EQ(said(reply::append_goodbye, std::numeric_limits<std::uint64_t>::max()),
            "* goodbye: 18446744073709551615 of your lines were accepted\n");
}

TEST(Replies, ExplainEachErrorInItsOwnWords) {
  std::set<std::string> texts;
  for (const NameError error : name_errors) texts.insert(said(reply::append_bad_name, error));
  for (const LineError error : line_errors) texts.insert(said(reply::append_line_error, error));
  for (const Failure failure : failures) texts.emplace(word_for(failure));
  EXPECT_EQ(texts.size(), name_errors.size() + line_errors.size() + failures.size());
}

TEST(Replies, AreWholeLinesOfInformationOrErrorBehindWhatWasThere) {
  const std::array<std::string_view, 1> one{"Ada"};
  std::vector<std::function<void(std::string&)>> replies{
      [](std::string& out) { reply::append_taken_name(out, "Ada"); },
      [](std::string& out) { reply::append_login_timeout(out, 10s); },
      [](std::string& out) { reply::append_server_full(out); },
      [](std::string& out) { reply::append_line_too_long(out, 1); },
      [](std::string& out) { reply::append_too_many_rooms(out, 1); },
      [](std::string& out) { reply::append_already_in_room(out, "#a"); },
      [](std::string& out) { reply::append_not_in_room(out, "#a"); },
      [](std::string& out) { reply::append_undelivered(out, "Ada", Failure::peer_gone); },
      [](std::string& out) { reply::append_help(out); },
      [&](std::string& out) { reply::append_names(out, "* here: ", one); },
      [](std::string& out) { reply::append_pong(out, "a"); },
      [](std::string& out) { reply::append_joined(out, "#a", 1); },
      [](std::string& out) { reply::append_left(out, "#a"); },
      [](std::string& out) { reply::append_peer_joined(out, "Ada", "#a"); },
      [](std::string& out) { reply::append_peer_left(out, "Ada", "#a"); },
      [](std::string& out) { reply::append_unseen_notices(out, 1); },
      [](std::string& out) { reply::append_goodbye(out, 1); },
  };
  for (const NameError error : name_errors) {
    replies.emplace_back([error](std::string& out) { reply::append_bad_name(out, error); });
  }
  for (const LineError error : line_errors) {
    replies.emplace_back([error](std::string& out) { reply::append_line_error(out, error); });
  }
  for (const auto& reply : replies) {
    std::string out = "before\n";
    reply(out);
    const auto lines = lines_of(out);
    ASSERT_GE(lines.size(), 2U);
    EXPECT_EQ(lines.front(), "before");
    for (std::size_t position = 1; position < lines.size(); ++position) {
      EXPECT_TRUE(lines[position].starts_with("* ") || lines[position].starts_with("! "))
          << lines[position];
      EXPECT_EQ(lines[position].find('\r'), std::string::npos);
      EXPECT_GT(lines[position].size(), 2U);
    }
  }
}

TEST(Replies, HelpWithEveryCommand) {
  const std::string help = said(reply::append_help);
  for (const std::string_view command :
       {"/who", "/ping TOKEN", "/join #ROOM", "/leave #ROOM", "/quit"}) {
    EXPECT_NE(help.find(command), std::string::npos) << command;
  }
}

// --- Lists of names ----------------------------------------------------------------------------

constexpr std::string_view intro = "* here: ";

std::string list_of(const std::vector<std::string>& names) {
  const std::vector<std::string_view> views{names.begin(), names.end()};
  std::string out;
  reply::append_names(out, intro, views);
  return out;
}

TEST(NameList, FitsOnOneLineWhileItIsShort) {
  EXPECT_EQ(list_of({"Ada"}), "* here: Ada\n");
  EXPECT_EQ(list_of({"Ada", "Bob", "Carol"}), "* here: Ada, Bob, Carol\n");
}

TEST(NameList, TakesAsManyLinesAsItNeedsAndNotMore) {
  const std::vector<std::string> names(13 * 50, std::string(name_bytes_max, 'a'));
  const auto lines = lines_of(list_of(names));
  EXPECT_EQ(lines.size(), 50U);
  for (const std::string& line : lines) EXPECT_LE(line.size(), 1000U);
}

RC_GTEST_PROP(NameList, NamesEverybodyOnceAndInOrderOnLinesOfBoundedSize, ()) {
  const auto sizes = *rc::gen::nonEmpty(
      rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 65)));
  std::vector<std::string> names;
  for (const std::size_t size : sizes) {
    names.emplace_back(size, static_cast<char>('a' + names.size() % 26));
  }

  std::vector<std::string> listed;
  for (const std::string& line : lines_of(list_of(names))) {
    RC_ASSERT(line.starts_with(intro));
    RC_ASSERT(line.size() <= 1000U);
    std::string_view rest = std::string_view{line}.substr(intro.size());
    for (;;) {
      const std::size_t size = rest.find(", ");
      listed.emplace_back(rest.substr(0, size));
      if (size == std::string_view::npos) break;
      rest.remove_prefix(size + 2);
    }
  }
  RC_ASSERT(listed == names);
}

}  // namespace
}  // namespace lastword
