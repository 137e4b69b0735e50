#include "net/terminal_mode.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "core/check.h"
#include "tests/net/files.h"

namespace lastword {
namespace {

class TerminalModeTest : public ::testing::Test {
 public:
  TerminalModeTest() {
    int master = -1;
    int slave = -1;
    EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    master_ = Descriptor{master};
    terminal_ = Descriptor{slave};
  }

  [[nodiscard]] int terminal() const { return terminal_.number(); }
  [[nodiscard]] bool has_echo() const {
    termios settings{};
    EXPECT_EQ(::tcgetattr(terminal(), &settings), 0);
    return (settings.c_lflag & ECHO) != 0;
  }
  void switch_echo_off() const {
    termios settings{};
    EXPECT_EQ(::tcgetattr(terminal(), &settings), 0);
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    EXPECT_EQ(::tcsetattr(terminal(), TCSANOW, &settings), 0);
  }

  // In a process of its own: switches the echo off and ends.
  template <typename End>
  void die(End end) const {
    const TerminalMode mode{terminal()};
    switch_echo_off();
    if (has_echo()) std::_Exit(1);
    end();
  }

 private:
  Descriptor master_;
  Descriptor terminal_;
};

using TerminalModeDeathTest = TerminalModeTest;

void (*handler_of(int signal))(int) {
  struct sigaction action{};
  EXPECT_EQ(::sigaction(signal, nullptr, &action), 0);
  return action.sa_handler;
}

TEST_F(TerminalModeTest, PutsTheSettingsBackAtItsEnd) {
  for (int times = 0; times < 2; ++times) {
    const TerminalMode mode{terminal()};
    switch_echo_off();
    TerminalMode::restore();
    EXPECT_TRUE(has_echo());
    switch_echo_off();
    EXPECT_FALSE(has_echo());
  }
  EXPECT_TRUE(has_echo());
}

TEST_F(TerminalModeTest, LeavesTheTerminalAloneAfterwards) {
  {
    const TerminalMode mode{terminal()};
  }
  switch_echo_off();
  TerminalMode::restore();
  EXPECT_FALSE(has_echo());
}

void handle_interrupt(int /*signal*/) {}

TEST_F(TerminalModeTest, TakesOnlySignalsThatNobodyHas) {
  ::signal(SIGINT, handle_interrupt);
  ::signal(SIGHUP, SIG_IGN);
  {
    const TerminalMode mode{terminal()};
    EXPECT_EQ(handler_of(SIGINT), handle_interrupt);
    EXPECT_EQ(handler_of(SIGHUP), SIG_IGN);
    EXPECT_NE(handler_of(SIGTERM), SIG_DFL);
    ::signal(SIGQUIT, handle_interrupt);  // the program's own, later
  }
  EXPECT_EQ(handler_of(SIGTERM), SIG_DFL);
  EXPECT_EQ(handler_of(SIGQUIT), handle_interrupt);
  for (const int signal : {SIGINT, SIGHUP, SIGQUIT}) ::signal(signal, SIG_DFL);
}

TEST_F(TerminalModeDeathTest, PutsTheSettingsBackWhicheverEndItIs) {
  EXPECT_EXIT(die([] { std::exit(7); }), ::testing::ExitedWithCode(7), "");
  EXPECT_TRUE(has_echo()) << "exit";
  EXPECT_EXIT(die([] { LASTWORD_CHECK(1 == 2); }), ::testing::KilledBySignal(SIGABRT), "1 == 2");
  EXPECT_TRUE(has_echo()) << "a failed check";
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGXCPU}) {
    EXPECT_EXIT(die([&] { ::raise(signal); }), ::testing::KilledBySignal(signal), "");
    EXPECT_TRUE(has_echo()) << signal;
  }
}

// That these tests would see it: nothing helps against SIGKILL.
TEST_F(TerminalModeDeathTest, CannotHelpAgainstSigkill) {
  EXPECT_EXIT(die([] { ::raise(SIGKILL); }), ::testing::KilledBySignal(SIGKILL), "");
  EXPECT_FALSE(has_echo());
}

}  // namespace
}  // namespace lastword
