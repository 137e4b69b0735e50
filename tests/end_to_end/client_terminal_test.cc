// `lastword connect` on a terminal: a prompt, what comes in above it, and the keys that end it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "tests/end_to_end/client_process.h"
#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/terminal_session.h"
#include "tests/end_to_end/test_world.h"

namespace lastword::end_to_end {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr ExitStatus success{.code = 0};
constexpr ExitStatus failure{.code = 1};
constexpr const char* control_c = "\x03";
constexpr const char* control_d = "\x04";

class ConnectTerminalTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string url() const { return url_of(Transport::lines, server); }

  // A message of Bob's, which the server takes after all that it has taken before.
  void bob_says(const std::string& text) {
    bob.send_line("alice: " + text);
    EXPECT_TRUE(bob.catch_up().empty());
  }

  void end_world() { finish(server, {&bob}); }

  ServerProcess server;
  LineClient bob = peer(server, "bob");
};

TEST_F(ConnectTerminalTest, ShowsAPromptAndSendsWhatIsTyped) {
  TerminalSession alice(url(), "alice");
  alice.see("alice (offline)> ");
  alice.see("online as alice");
  alice.see("alice> ");
  EXPECT_FALSE(alice.is_in_line_mode());
  alice.type("bob: hello\r");
  EXPECT_EQ(bob.read_news(), "from alice: hello");
  bob_says("hello yourself");
  alice.see("from bob: hello yourself");
  alice.see("alice> ");
  alice.type(control_d);
  EXPECT_EQ(alice.wait_for_exit(), success);
  EXPECT_THAT(plain(alice.output()), HasSubstr("* goodbye: 1 of your lines were accepted\r"));
  EXPECT_THAT(plain(alice.output()), HasSubstr("gone: everything is said\r"));
  EXPECT_THAT(alice.output(), EndsWith("alice (offline)> \r\x1b[K\x1b[K")) << "no prompt is left";
  EXPECT_TRUE(alice.is_in_line_mode()) << "the terminal has its settings back";
  end_world();
}

TEST_F(ConnectTerminalTest, LeavesWhatIsTypedAloneWhileMessagesComeIn) {
  TerminalSession alice(url(), "alice");
  alice.see("online as alice");
  alice.see("alice> ");
  alice.type("bob: half a ");
  alice.see("half a ");
  for (int number = 1; number <= 3; ++number) {
    bob_says("interruption " + std::to_string(number));
    alice.see("from bob: interruption " + std::to_string(number));
    alice.see("alice> bob: half a ");  // drawn again below it
  }
  alice.type("sentence\r");
  EXPECT_EQ(bob.read_news(), "from alice: half a sentence");
  alice.type(control_d);
  EXPECT_EQ(alice.wait_for_exit(), success);
  end_world();
}

TEST_F(ConnectTerminalTest, ThrowsAwayWhatIsTypedByControlC) {
  TerminalSession alice(url(), "alice");
  alice.see("online as alice");
  alice.type("bob: never said");
  alice.see("never said");
  alice.type(control_c);
  alice.see("\x1b[K");  // wiped out
  alice.type("bob: said\r");
  EXPECT_EQ(bob.read_news(), "from alice: said");
  // At the empty prompt it is the end, in order.
  alice.type(control_c);
  EXPECT_EQ(alice.wait_for_exit(), success);
  EXPECT_THAT(plain(alice.output()), HasSubstr("* goodbye: 1 of your lines were accepted\r"));
  EXPECT_TRUE(alice.is_in_line_mode());
  end_world();
}

TEST_F(ConnectTerminalTest, EndsAtOnceByASecondControlC) {
  TerminalSession alice(url(), "alice");
  alice.see("online as alice");
  alice.see("alice> ");
  server.send_signal(SIGSTOP);
  alice.type(control_c);
  alice.see("closing: everything is said");
  alice.type(control_c);
  EXPECT_EQ(alice.wait_for_exit(), failure);
  EXPECT_THAT(plain(alice.output()), HasSubstr("lastword: stopped: "));
  EXPECT_TRUE(alice.is_in_line_mode());
  server.send_signal(SIGCONT);
  end_world();
}

TEST_F(ConnectTerminalTest, DoesNotEndByControlDWithinALine) {
  TerminalSession alice(url(), "alice");
  alice.see("online as alice");
  alice.type("bob: still");
  alice.see("still");
  alice.type(control_d);
  alice.see("\x07");  // it beeps
  alice.type(" here\r");
  EXPECT_EQ(bob.read_news(), "from alice: still here");
  alice.type(control_d);
  EXPECT_EQ(alice.wait_for_exit(), success);
  end_world();
}

TEST_F(ConnectTerminalTest, HasColoursOnlyForThoseWhoMayWantThem) {
  for (const bool has_colours : {true, false}) {
    TerminalSession alice(url(), "alice", {has_colours ? "NO_COLOR=" : "NO_COLOR=1"});
    alice.see("online as alice");
    alice.see("alice> ");
    alice.type(control_d);
    EXPECT_EQ(alice.wait_for_exit(), success);
    // Dim, as all goes well.
    constexpr const char* dim = "\x1b[2m";
    if (has_colours) {
      EXPECT_THAT(alice.output(), HasSubstr(dim));
    } else {
      EXPECT_THAT(alice.output(), Not(HasSubstr(dim)));
    }
  }
  end_world();
}

// A peer's text moves no cursor, sets no title and presses no keys.
TEST_F(ConnectTerminalTest, ShowsEscapeSequencesOfOthersHarmlessly) {
  TerminalSession alice(url(), "alice", {"NO_COLOR=1"});
  alice.see("online as alice");
  alice.see("alice> ");
  bob_says(
      "\x1b[31mred\x07 \x1b]0;title\x1b\\ \xc2\x9b"
      "2J \x08\x08 over");
  alice.see(R"(from bob: \x1b[31mred\x07 \x1b]0;title\x1b\ \xc2\x9b2J \x08\x08 over)");
  alice.type(control_d);
  EXPECT_EQ(alice.wait_for_exit(), success);
  for (const char* raw : {"\x1b[31m", "\x1b]0;", "\xc2\x9b", "\x08\x08 over"}) {
    EXPECT_THAT(alice.output(), Not(HasSubstr(raw)));
  }
  end_world();
}

TEST_F(ConnectTerminalTest, SaysSoInThePromptWhileThereIsNoServer) {
  TerminalSession alice(url(), "alice");
  alice.see("online as alice");
  alice.see("alice> ");
  finish(server, {&bob});
  alice.see("waiting ");
  alice.see("alice (offline)> ");
  alice.type(control_c);
  EXPECT_EQ(alice.wait_for_exit(), success) << "it was online, and has nothing left to say";
}

}  // namespace
}  // namespace lastword::end_to_end
