#include "tests/end_to_end/terminal_session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <regex>
#include <system_error>
#include <utility>

#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

// Wide enough for a line of status.
constexpr winsize window{.ws_row = 24, .ws_col = 200, .ws_xpixel = 0, .ws_ypixel = 0};

[[noreturn]] void throw_system_error(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

TerminalSession::Ends::Ends() : master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
  std::array<char, 64> path{};
  if (!master.is_open() || ::grantpt(master.number()) != 0 || ::unlockpt(master.number()) != 0 ||
      ::ptsname_r(master.number(), path.data(), path.size()) != 0) {
    throw_system_error("a pseudoterminal");
  }
  slave = Descriptor(::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave.is_open()) throw_system_error("a pseudoterminal's other end");
  ::ioctl(slave.number(), TIOCSWINSZ, &window);
}

TerminalSession::TerminalSession(const std::string& url, const std::string& name,
                                 std::vector<std::string> environment)
    : TerminalSession(url, name, std::move(environment), Ends{}) {}

TerminalSession::TerminalSession(const std::string& url, const std::string& name,
                                 std::vector<std::string> environment, Ends ends)
    : master_(std::move(ends.master)), slave_(std::move(ends.slave)), process_([&] {
        environment.emplace_back("TERM=xterm");
        return Command{.binary = lastword_binary(),
                       .arguments = {"connect", url, "--name", name},
                       .environment = std::move(environment),
                       .input = slave_.number(),
                       .output = slave_.number(),
                       .error = slave_.number(),
                       .is_on_terminal = true};
      }()) {}

TerminalSession::~TerminalSession() {
  if (process_.is_running() && std::uncaught_exceptions() == 0) {
    ADD_FAILURE() << "the test left its client on a terminal running";
  }
  if (std::uncaught_exceptions() == 0 && !::testing::Test::HasFailure()) return;
  std::cerr << "--- the terminal:\n" << ::testing::PrintToString(output_) << "\n---\n";
}

void TerminalSession::type(std::string_view keys) {
  if (::write(master_.number(), keys.data(), keys.size()) != std::ssize(keys)) {
    throw_system_error("typing");
  }
}

std::string TerminalSession::see(std::string_view text) {
  std::size_t at = std::string::npos;
  carry_until({this}, "the terminal to show: " + std::string(text), [&] {
    at = output_.find(text, seen_);
    return at != std::string::npos || has_ended_;
  });
  if (at == std::string::npos) throw Violation("the terminal did not show: " + std::string(text));
  std::string before = output_.substr(seen_, at - seen_);
  seen_ = at + text.size();
  return before;
}

bool TerminalSession::is_in_line_mode() const {
  constexpr tcflag_t usual = ICANON | ECHO | ISIG;
  termios settings{};
  if (::tcgetattr(slave_.number(), &settings) != 0) throw_system_error("tcgetattr");
  return (settings.c_lflag & usual) == usual;
}

ExitStatus TerminalSession::wait_for_exit() {
  carry_until({this}, "the end of the client", [this] { return has_ended_; });
  // What it has written is there when it has ended.
  pollfd readable{master_.number(), POLLIN, 0};
  while (::poll(&readable, 1, 0) > 0) handle(std::array<pollfd, 2>{readable, {}});
  return process_.wait_for_exit();
}

void TerminalSession::add_waits(std::vector<pollfd>& waits) const {
  waits.push_back({master_.number(), POLLIN, 0});
  waits.push_back({has_ended_ ? -1 : process_.end_descriptor(), POLLIN, 0});
}

void TerminalSession::handle(std::span<const pollfd> ready) {
  if ((ready[0].revents & POLLIN) != 0) {
    std::array<char, 4096> bytes{};
    const ssize_t count = ::read(master_.number(), bytes.data(), bytes.size());
    if (count > 0) output_.append(bytes.data(), static_cast<std::size_t>(count));
  }
  if (ready[1].revents != 0) has_ended_ = true;
}

std::string plain(std::string_view output) {
  static const std::regex escape("\x1b\\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07");
  return std::regex_replace(std::string(output), escape, "");
}

}  // namespace lastword::end_to_end
