// Plays a conversation that is written down as people would: who says what, who hears what.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/core/pair.h"

namespace lastword::test {

// Each line of a transcript is one of
//   NAME > TEXT    NAME sends the line TEXT (whoever speaks first connects and logs in by it)
//   NAME < TEXT    the next line that NAME hears is TEXT
//   NAME .         NAME hears nothing more for now
//   NAME |         NAME sees the end of the stream, and has heard everything
//   NAME /         NAME ends its sending side
// Here a NAME is a label of the test's own, of letters; "\r", "\t" and "\s" stand for CR, tab and
// blank.
class Transcript {
 public:
  explicit Transcript(const Config& config = {}) : pair{config} {}

  Pair pair;

  Pair::Client client(const std::string& label) {
    const auto found = clients_.find(label);
    if (found != clients_.end()) return found->second;
    return clients_[label] = pair.connect();
  }

  void play(std::string_view script) {
    std::istringstream lines{std::string{script}};
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      const std::size_t start = line.find_first_not_of(' ');
      if (start == std::string::npos) continue;
      SCOPED_TRACE("transcript line " + std::to_string(number) + ": " + line.substr(start));
      play_line(line.substr(start));
      if (::testing::Test::HasFailure()) return;
    }
  }

 private:
  void play_line(const std::string& line) {
    const std::size_t space = line.find(' ');
    ASSERT_NE(space, std::string::npos);
    const Pair::Client who = client(line.substr(0, space));
    const char what = line.at(space + 1);
    const std::string text = unescape(line.size() > space + 3 ? line.substr(space + 3) : "");
    switch (what) {
      case '>':
        pair.send(who, text);
        pair.settle();
        return;
      case '<':
        ASSERT_EQ(pair.next_line(who).value_or("(nothing)"), text);
        return;
      case '.':
        ASSERT_EQ(pair.next_line(who).value_or("(nothing)"), "(nothing)");
        return;
      case '|':
        ASSERT_EQ(pair.pipe(who).received, "");
        ASSERT_TRUE(pair.has_ended(who));
        return;
      case '/':
        pair.end(who);
        pair.settle();
        return;
      default:
        FAIL() << "what does '" << what << "' mean?";
    }
  }

  static std::string unescape(std::string text) {
    for (const auto& [word, byte] :
         {std::pair{"\\r", "\r"}, std::pair{"\\t", "\t"}, std::pair{"\\s", " "}}) {
      for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) {
        text.replace(at, 2, byte);
      }
    }
    return text;
  }

  std::map<std::string, Pair::Client> clients_;
};

}  // namespace lastword::test
