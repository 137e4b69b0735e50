#include "net/terminal_mode.h"

#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "core/check.h"

namespace lastword {

namespace {

constexpr int ends[] = {SIGABRT, SIGBUS,  SIGFPE, SIGHUP,  SIGILL,  SIGINT,
                        SIGQUIT, SIGSEGV, SIGSYS, SIGTERM, SIGXCPU, SIGXFSZ};

struct Saved {
  std::atomic<int> terminal = -1;  // -1: nothing to put back
  termios settings{};
};

// The one mutable global: a signal's handler is called with a number and nothing else.
Saved& saved() {
  static constinit Saved the_saved;
  return the_saved;
}

// Calls nothing but what a signal's handler may call (signal-safety(7)).
void restore_saved() {
  const int terminal = saved().terminal;
  if (terminal < 0) return;
  const pid_t foreground = ::tcgetpgrp(terminal);  // -1: not the terminal that controls us
  if (foreground == -1 || foreground == ::getpgrp()) {
    ::tcsetattr(terminal, TCSANOW, &saved().settings);
  }
}

void end_by(int signal) {
  const int error = errno;
  restore_saved();
  errno = error;
  ::raise(signal);  // SA_RESETHAND has put its own way of ending us back
}

bool is_action(int signal, void (*handler)(int)) {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == handler;
}

void take_over_signals() {
  struct sigaction action{};
  action.sa_handler = end_by;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigemptyset(&action.sa_mask);
  for (const int signal : ends) {
    if (is_action(signal, SIG_DFL)) ::sigaction(signal, &action, nullptr);
  }
}

void give_signals_back() {
  for (const int signal : ends) {
    if (is_action(signal, end_by)) ::signal(signal, SIG_DFL);
  }
}

}  // namespace

TerminalMode::TerminalMode(int terminal) {
  LASTWORD_CHECK(saved().terminal == -1);
  LASTWORD_CHECK(::tcgetattr(terminal, &saved().settings) == 0);
  saved().terminal = terminal;
  static const bool is_done_at_exit = std::atexit(restore_saved) == 0;
  LASTWORD_CHECK(is_done_at_exit);
  take_over_signals();
}

TerminalMode::~TerminalMode() {
  give_signals_back();
  restore_saved();
  saved().terminal = -1;
}

void TerminalMode::restore() { restore_saved(); }

}  // namespace lastword
