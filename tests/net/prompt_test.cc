// The prompt, on a pseudoterminal with a screen that is looked at.
#include "net/prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sanitizer/lsan_interface.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "net/status_lines.h"
#include "tests/net/files.h"
#include "tests/net/screen.h"

// ncurses, which libedit asks about the terminal, forgets a few bytes for each prompt of a process
// but the last ones. Asked for by name by LeakSanitizer, where there is one.
extern "C" const char* __lsan_default_suppressions() { return "leak:_nc_trim_sgr0"; }

namespace lastword {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

using Rows = std::vector<std::string>;

constexpr unsigned short columns = 20;

// Libedit has its own idea of what a terminal is like; this one is different.
void make_peculiar(int terminal) {
  termios settings{};
  ASSERT_EQ(::tcgetattr(terminal, &settings), 0);
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHOCTL | ECHOE);
  ASSERT_EQ(::tcsetattr(terminal, TCSANOW, &settings), 0);
}

struct Terminal {
  Terminal() {
    ::setenv("TERM", "xterm", 1);
    int master = -1;
    int slave = -1;
    winsize size{.ws_row = 50, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
    keyboard = Descriptor{master};
    descriptor = Descriptor{slave};
    make_peculiar(slave);
    set_non_blocking(keyboard);
  }

  [[nodiscard]] termios settings() const {
    termios settings{};
    EXPECT_EQ(::tcgetattr(descriptor.number(), &settings), 0);
    return settings;
  }

  Descriptor keyboard;    // and screen: the person's side
  Descriptor descriptor;  // the program's side
};

bool operator==(const termios& left, const termios& right) {
  return left.c_iflag == right.c_iflag && left.c_oflag == right.c_oflag &&
         left.c_cflag == right.c_cflag && left.c_lflag == right.c_lflag &&
         std::memcmp(left.c_cc, right.c_cc, sizeof(left.c_cc)) == 0;
}

// Somebody at a terminal with a prompt.
class Person {
 public:
  explicit Person(Prompt::Options options = {}) : options_{std::move(options)} {
    options_.input = options_.output = terminal.descriptor.number();
    prompt.emplace(context, output, options_,
                   InputHandlers{.line =
                                     [this](std::string_view line) {
                                       lines.emplace_back(line);
                                       after_line();
                                     },
                                 .too_long = [](std::size_t) { ADD_FAILURE(); },
                                 .ended =
                                     [this](std::error_code reason) {
                                       EXPECT_FALSE(is_over);
                                       is_over = true;
                                       error = reason;
                                     }});
    prompt->resume();
  }

  void type(std::string_view keys) { write_all(terminal.keyboard, keys); }

  // Runs the loop, and looks at the screen, until something is so.
  void until(const std::function<bool()>& condition) {
    run_until(context, [&] {
      screen.write(read_some(terminal.keyboard));
      return condition();
    });
  }
  void sees(const Rows& rows) {
    until([&] { return screen.rows() == rows; });
    EXPECT_EQ(screen.rows(), rows);
  }

  void resize(unsigned short new_columns) {
    const winsize size{.ws_row = 50, .ws_col = new_columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ASSERT_EQ(::ioctl(terminal.keyboard.number(), TIOCSWINSZ, &size), 0);
    screen.resize(new_columns);
    ASSERT_EQ(::raise(SIGWINCH), 0);
  }

  Terminal terminal;
  termios settings_before = terminal.settings();
  Screen screen{columns};
  boost::asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
  StandardOutput output{context, {.descriptor = terminal.descriptor.number()}, {}};
  std::vector<std::string> lines;
  std::function<void()> after_line = [] {};
  bool is_over = false;
  std::error_code error;
  std::optional<Prompt> prompt;

 private:
  Prompt::Options options_;
};

// --- Typing --------------------------------------------------------------------------------------

TEST(Prompt, HandsOverWhatIsTyped) {
  Person person;
  person.sees({">"});
  EXPECT_EQ(person.screen.cursor_column(), 2U);
  person.type("bob: hi\r");
  person.sees({"> bob: hi", ">"});
  EXPECT_THAT(person.lines, ElementsAre("bob: hi"));
  person.type("\rtwo\rthree\r");
  person.sees({"> bob: hi", ">", "> two", "> three", ">"});
  EXPECT_THAT(person.lines, ElementsAre("bob: hi", "", "two", "three"));
  EXPECT_EQ(person.screen.bells(), 0);
}

TEST(Prompt, IsForPeopleWhoWriteUtf8InWhateverLocale) {
  Person person;
  person.type("wörld 日本 é");
  person.sees({"> wörld 日本 é"});
  EXPECT_EQ(person.screen.cursor_column(), 14U);
  person.type("\x7f\x1b[D\x7f語\r");
  person.sees({"> wörld 日語", ">"});
  EXPECT_THAT(person.lines, ElementsAre("wörld 日語 "));
}

TEST(Prompt, HasKeysToEditWith) {
  Person person;
  person.type("ello wrld");
  person.type("\x1b[Hh");                    // Home
  person.type("\x1b[F\x1b[D\x1b[D\x1b[Do");  // End, three times to the left
  person.type("\x1b[1;5D\x1b[1;5D\x1b[3~H\x1b[1;5C,");
  person.sees({"> Hello, world"});
  person.type(
      "\x01\x04\x05\x1b\x7f\x15"
      "new\t!\r");
  person.sees({"> new   !", ">"});
  EXPECT_THAT(person.lines, ElementsAre("new\t!"));
}

TEST(Prompt, BeepsAtKeysThatWouldAskForMore) {
  Person person;
  person.type(
      "a\x11\x12\x13\x16\x18"
      "b\x1bxc\x1b[15~d\r");
  person.until([&] { return !person.lines.empty(); });
  EXPECT_THAT(person.lines, ElementsAre("abcd")) << "Alt and x are dropped together";
}

TEST(Prompt, RemembersLinesButNotEmptyOnesNorTwiceInARow) {
  Person person;
  person.type("one\rtwo\rtwo\r\r");
  person.until([&] { return person.lines.size() == 4; });
  person.lines.clear();
  person.type("draft\x1b[A\x1b[A\r");
  person.until([&] { return person.lines.size() == 1; });
  EXPECT_EQ(person.lines.back(), "one");
  person.type(
      "\x1b[A\x1b[A\x1b[B\x1b[B"
      "draft\r");
  person.until([&] { return person.lines.size() == 2; });
  EXPECT_EQ(person.lines.back(), "draft");
}

TEST(Prompt, ForgetsTheOldestLines) {
  Person person{{.history_max = 2}};
  person.type("one\rtwo\rthree\r\x1b[A\x1b[A\x1b[A\r");
  person.until([&] { return person.lines.size() == 4; });
  EXPECT_EQ(person.lines.back(), "two");
}

TEST(Prompt, BeepsWhereALineIsFull) {
  Person person{{.line_max = 5}};
  person.type(
      "1234567\x7f"
      "8\r");
  person.until([&] { return !person.lines.empty(); });
  EXPECT_THAT(person.lines, ElementsAre("12348"));
  person.sees({"> 12348", ">"});
  EXPECT_EQ(person.screen.bells(), 2);
}

TEST(Prompt, EndsAtCtrlDInAnEmptyLine) {
  Person person;
  person.type("a\x04\x7f");
  person.until([&] { return person.screen.bells() == 1; });
  person.sees({">"});
  EXPECT_FALSE(person.is_over);
  person.type("\x04more\r");
  person.until([&] { return person.is_over; });
  EXPECT_FALSE(person.error);
  EXPECT_THAT(person.lines, IsEmpty());
}

TEST(Prompt, EndsWhereTheTerminalGoesAway) {
  Person person;
  person.type("x");
  person.sees({"> x"});
  person.terminal.keyboard.close();
  run_until(person.context, [&] { return person.is_over; });
}

TEST(Prompt, ThrowsAwayWhatIsTypedAtCtrlC) {
  Person person;
  EXPECT_FALSE(person.prompt->interrupted());
  person.type("never mind, this is a long one");
  person.sees({"> never mind, this i", "s a long one"});
  EXPECT_TRUE(person.prompt->interrupted());
  person.sees({">"});
  person.type("x\r");
  person.until([&] { return !person.lines.empty(); });
  EXPECT_THAT(person.lines, ElementsAre("x"));
}

TEST(Prompt, TakesNothingWhileItIsPaused) {
  Person person;
  person.after_line = [&] { person.prompt->pause(); };
  person.type("one\rtwo\r");
  person.sees({"> one", ">"});
  person.type("three");
  run_ready(person.context);
  person.sees({"> one", ">"});
  EXPECT_THAT(person.lines, ElementsAre("one"));
  person.prompt->resume();
  person.sees({"> one", "> two", ">"});
  person.prompt->resume();
  person.sees({"> one", "> two", "> three"});
}

TEST(Prompt, MayBePausedAndResumedByItsHandler) {
  Person person;
  person.after_line = [&] {
    person.prompt->pause();
    person.prompt->resume();
  };
  person.type("one\rtwo\r");
  person.sees({"> one", "> two", ">"});
  person.type("three");
  person.sees({"> one", "> two", "> three"});
  EXPECT_THAT(person.lines, ElementsAre("one", "two"));
}

// --- What comes in -------------------------------------------------------------------------------

TEST(Prompt, StaysBelowTheLinesThatComeIn) {
  Person person;
  person.type("half a l");
  person.sees({"> half a l"});
  person.prompt->print_above("from Bob: hi");
  person.sees({"from Bob: hi", "> half a l"});
  EXPECT_EQ(person.screen.cursor_row(), 1U);
  EXPECT_EQ(person.screen.cursor_column(), 10U);
  person.type("\x1b[D\x1b[D\x1b[D");
  person.until([&] { return person.screen.cursor_column() == 7; });
  person.prompt->print_above("from Bob: and more than a row");
  person.sees({"from Bob: hi", "from Bob: and more t", "han a row", "> half a l"});
  EXPECT_EQ(person.screen.cursor_column(), 7U) << "the cursor stays where it was in the line";
  person.type("x\r");
  person.sees({"from Bob: hi", "from Bob: and more t", "han a row", "> half xa l", ">"});
  EXPECT_THAT(person.lines, ElementsAre("half xa l"));
}

TEST(Prompt, StaysWholeOverSeveralRows) {
  const std::string text = "a text that is longer than the terminal is wide 日本";
  // The cursor in each place, on each row and at their edges.
  for (std::size_t left = 0; left <= 50; ++left) {
    Person person;
    person.type(text);
    const Rows typed{"> a text that is lon", "ger than the termina", "l is wide 日本"};
    person.sees(typed);
    for (std::size_t times = 0; times < left; ++times) person.type("\x02");
    const std::size_t before_cursor = 2 + 50 - left + (left < 2 ? 2 - left : 0);
    person.until([&] {
      return person.screen.cursor_row() * columns + person.screen.cursor_column() == before_cursor;
    });
    person.prompt->print_above("from Bob: hi");
    person.prompt->print_above("");
    person.prompt->print_above("exactly twenty cells");
    person.sees({"from Bob: hi", "", "exactly twenty cells", typed[0], typed[1], typed[2]});
    EXPECT_EQ((person.screen.cursor_row() - 3) * columns + person.screen.cursor_column(),
              before_cursor);
  }
}

TEST(Prompt, KeepsThePlaceInTheHistoryWhenALineComesIn) {
  Person person;
  person.type("one\rtwo\rthree\r\x1b[A\x1b[A");
  person.sees({"> one", "> two", "> three", "> two"});
  person.prompt->print_above("hi");
  person.type("\x1b[A\r");
  person.until([&] { return person.lines.size() == 4; });
  EXPECT_EQ(person.lines.back(), "one");
}

TEST(Prompt, ShowsHarmlesslyWhatOthersSend) {
  Person person{{.text = "\x1b[2J> "}};
  person.prompt->print_above("\x1b]0;t\x07");
  person.sees({"\\x1b]0;t\\x07", ">"});
  EXPECT_EQ(person.screen.bells(), 0);
}

TEST(Prompt, ChangesItsText) {
  Person person;
  person.type("hi");
  person.sees({"> hi"});
  person.prompt->set_text("(offline) ");
  person.sees({"(offline) hi"});
}

TEST(Prompt, LetsStatesBePrintedAboveIt) {
  Person person;
  ::unsetenv("NO_COLOR");
  StatusLines lines{{.descriptor = person.terminal.descriptor.number()}};
  lines.use(&*person.prompt, person.terminal.descriptor.number());
  person.type("hi");
  person.sees({"> hi"});
  lines.write(Gravity::error, "refused");
  person.until([&] { return person.screen.rows().size() == 2; });
  EXPECT_THAT(person.screen.rows(), ElementsAre(MatchesRegex("[0-9:.]+ refused"), "> hi"));
  EXPECT_EQ(person.screen.colours(), "31 0 ");
}

TEST(Prompt, IsDrawnAnewWhenTheTerminalGetsAnotherWidth) {
  Person person;
  person.prompt->print_above("from Bob: hi");
  person.type("a text that is longer than the terminal");
  person.sees({"from Bob: hi", "> a text that is lon", "ger than the termina", "l"});
  person.resize(10);
  const Rows narrow{"from Bob:", "hi", "> a text t", "hat is lon", "ger than t", "he termina", "l"};
  person.sees(narrow);
  EXPECT_EQ(person.screen.cursor_row(), 6U);
  person.prompt->print_above("more");
  person.sees(
      {"from Bob:", "hi", "more", "> a text t", "hat is lon", "ger than t", "he termina", "l"});
  person.resize(60);
  person.sees({"from Bob: hi", "more", "> a text that is longer than the terminal"});
  person.type("!\r");
  person.sees({"from Bob: hi", "more", "> a text that is longer than the terminal!", ">"});
}

// --- The terminal --------------------------------------------------------------------------------

TEST(Prompt, NeedsATerminalThatCanMoveItsCursor) {
  const Terminal terminal;
  const int descriptor = terminal.descriptor.number();
  EXPECT_TRUE(Prompt::is_possible(descriptor, descriptor));
  const Channel pipe = make_pipe();
  EXPECT_FALSE(Prompt::is_possible(descriptor, pipe.input.number()));
  EXPECT_FALSE(Prompt::is_possible(pipe.output.number(), descriptor));
  for (const char* name : {"", "dumb", "emacs"}) {
    ::setenv("TERM", name, 1);
    EXPECT_FALSE(Prompt::is_possible(descriptor, descriptor)) << name;
  }
  ::unsetenv("TERM");
  EXPECT_FALSE(Prompt::is_possible(descriptor, descriptor));
}

TEST(Prompt, GivesTheTerminalBackAsItWas) {
  Person person;
  EXPECT_FALSE(person.terminal.settings() == person.settings_before) << "keys come one by one";
  EXPECT_FALSE(is_non_blocking(person.terminal.descriptor));
  person.type("half");
  person.sees({"> half"});
  person.prompt.reset();
  EXPECT_TRUE(person.terminal.settings() == person.settings_before);
  EXPECT_FALSE(is_non_blocking(person.terminal.descriptor));
}

TEST(Prompt, LeavesTheScreenCleanWhenItIsClosed) {
  Person person;
  person.prompt->print_above("from Bob: hi");
  person.type("half a line that nobody will ever send");
  person.sees({"from Bob: hi", "> half a line that n", "obody will ever send"});
  person.prompt->close();
  person.prompt->close();
  EXPECT_TRUE(person.terminal.settings() == person.settings_before);
  person.sees({"from Bob: hi"});
  EXPECT_EQ(person.screen.cursor_row(), 1U);
  EXPECT_EQ(person.screen.cursor_column(), 0U);
  person.prompt->print_above("* goodbye");
  person.prompt->set_text("x");
  EXPECT_FALSE(person.prompt->interrupted());
  person.sees({"from Bob: hi", "* goodbye"});
  EXPECT_TRUE(person.output.is_empty());
}

TEST(Prompt, InstallsNoSignalHandlersThroughTheEditor) {
  const Person person;
  for (const int signal : {SIGCONT, SIGTTOU, SIGTTIN, SIGCHLD}) {
    struct sigaction action{};
    ASSERT_EQ(::sigaction(signal, nullptr, &action), 0);
    EXPECT_EQ(action.sa_handler, SIG_DFL) << signal;
  }
}

TEST(PromptDeathTest, GivesTheTerminalBackWhenTheProgramDies) {
  const Terminal terminal;
  const termios before = terminal.settings();
  const auto die = [&] {
    boost::asio::io_context context;
    StandardOutput output{context, {.descriptor = terminal.descriptor.number()}, {}};
    const Prompt prompt{
        context,
        output,
        {.input = terminal.descriptor.number(), .output = terminal.descriptor.number()},
        {.line = [](std::string_view) {}, .too_long = {}, .ended = [](std::error_code) {}}};
    if (terminal.settings() == before) std::_Exit(1);
    const std::function<void()> fail = [] { throw std::runtime_error{"nobody catches this"}; };
    [&]() noexcept { fail(); }();  // GoogleTest would catch it
  };
  EXPECT_EXIT(die(), ::testing::KilledBySignal(SIGABRT), "nobody catches this");
  EXPECT_TRUE(terminal.settings() == before);
}

// A shell with job control, a program with a prompt in it, and Ctrl-Z. All of it in other
// processes, as a stopped test would not go on by itself. The shell says what was wrong.
[[noreturn]] void run_program() {
  boost::asio::io_context context;
  StandardOutput output{context, {}, {}};
  bool is_over = false;
  Prompt prompt{context,
                output,
                {},
                {.line = [](std::string_view) {},
                 .too_long = {},
                 .ended = [&](std::error_code) { is_over = true; }}};
  prompt.resume();
  while (!is_over) context.run_one();
  prompt.close();
  std::_Exit(0);
}

[[noreturn]] void run_shell() {
  ::signal(SIGTTOU, SIG_IGN);
  const auto settings = [] {
    termios now{};
    ::tcgetattr(0, &now);
    return now;
  };
  make_peculiar(0);
  const termios before = settings();
  const pid_t program = ::fork();
  if (program == 0) {
    ::setpgid(0, 0);
    ::tcsetpgrp(0, ::getpid());
    ::signal(SIGTTOU, SIG_DFL);
    run_program();
  }
  ::setpgid(program, program);
  ::tcsetpgrp(0, program);
  int status = 0;
  if (::waitpid(program, &status, WUNTRACED) != program || !WIFSTOPPED(status)) std::_Exit(1);
  if (WSTOPSIG(status) != SIGTSTP) std::_Exit(2);
  if (!(settings() == before)) std::_Exit(3);
  ::tcsetpgrp(0, program);
  ::kill(-program, SIGCONT);
  if (::waitpid(program, &status, 0) != program) std::_Exit(4);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) std::_Exit(5);
  std::_Exit(settings() == before ? 0 : 6);
}

TEST(Prompt, GivesTheTerminalBackWhileItIsStopped) {
  ::setenv("TERM", "xterm", 1);
  int master = -1;
  winsize size{.ws_row = 50, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  const pid_t shell = ::forkpty(&master, nullptr, nullptr, &size);
  if (shell == 0) run_shell();
  const Descriptor keyboard{master};
  Screen screen{columns};
  const auto sees = [&](const Rows& rows) {
    while (screen.rows() != rows) {
      std::array<char, 4096> buffer;
      const ssize_t count = ::read(keyboard.number(), buffer.data(), buffer.size());
      ASSERT_GT(count, 0) << ::testing::PrintToString(screen.rows());
      screen.write({buffer.data(), static_cast<std::size_t>(count)});
    }
  };
  sees({">"});
  write_all(keyboard, "half");
  sees({"> half"});
  screen = Screen{columns};
  write_all(keyboard, "\x1a");
  sees({"> half"});  // again, once the shell has let it go on
  write_all(keyboard, "\x02x");
  sees({"> halxf"});
  write_all(keyboard, "\x15\x04");
  int status = 0;
  ASSERT_EQ(::waitpid(shell, &status, 0), shell);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "see run_shell";
}

}  // namespace
}  // namespace lastword
