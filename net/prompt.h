// A prompt on a terminal.
#pragma once

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "net/shared_descriptor.h"
#include "net/standard_input.h"
#include "net/standard_output.h"
#include "net/terminal_keys.h"
#include "net/terminal_mode.h"

// libedit's, from <histedit.h>.
struct editline;
struct historyW;

namespace lastword {

// Lines typed at a prompt, with a line editor (libedit: Emacs keys, a history in memory), while
// other lines come in above it. It stands in for StandardInput where both ends are a terminal, and
// is used in the same way.
//
// libedit is asked to work through one key at a time. It gets keys from us, writes into memory, and
// so never waits for anybody; it installs no signal handlers and reads no ~/.editrc, as its
// commands that ask for more keys (search, quote) would have to wait.
//
// Invariants:
//  1. What is on the screen below the last line that was printed is the prompt and what is typed.
//  2. While it is paused nothing is read and nothing handed over.
//  3. Text from outside reaches the terminal through `shown_harmlessly` only.
//  4. The terminal has its settings back afterwards (TerminalMode).
//
// SIGWINCH and SIGTSTP (Ctrl-Z) are handled here; SIGINT (Ctrl-C) is the program's own.
//
// The encoding is UTF-8, as it is in the protocol, whatever the environment says.
// Lifetime: must live for as long as the context runs, and `output` longer.
class Prompt {
 public:
  struct Options {
    std::string text = "> ";
    std::size_t line_max = std::size_t{64} << 10;  // characters; beyond, typing beeps
    int history_max = 1000;                        // lines
    int input = STDIN_FILENO;
    int output = STDOUT_FILENO;  // where `output` writes to
  };

  // Whether both descriptors are terminals and $TERM can move a cursor.
  [[nodiscard]] static bool is_possible(int input = STDIN_FILENO, int output = STDOUT_FILENO);

  // Must be possible. Draws the prompt; starts paused, `resume` begins. The handler `ended` is
  // called for Ctrl-D in an empty line and where the terminal goes away; `too_long` never.
  Prompt(boost::asio::io_context& context, StandardOutput& output, Options options,
         InputHandlers handlers);
  Prompt(const Prompt&) = delete;
  Prompt& operator=(const Prompt&) = delete;
  ~Prompt();

  void pause();
  void resume();

  // Prints a line, given without its LF, above the prompt.
  void print_above(std::string_view line);
  // The same for text that may hold escape sequences: our own, never a peer's.
  void print_above_as_is(std::string_view text);

  // Another prompt, from now on.
  void set_text(std::string text);

  // Ctrl-C: throws away what is typed. Returns whether there was anything.
  bool interrupted();

  // Takes the prompt off the screen and gives the terminal back. Lines can still be printed.
  void close();

 private:
  struct EndEditor {
    void operator()(editline* editor) const;
  };
  struct EndHistory {
    void operator()(historyW* history) const;
  };
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  static int next_key(editline* editor, wchar_t* key);
  static wchar_t* draw_prompt(editline* editor);
  static Prompt& self(editline* editor);

  void set_up_editor();
  void bind_keys();
  void schedule();
  void turn();
  void take_keys();
  void take(char32_t key);
  void take_end_of_input();
  void press(char32_t key);
  void finish_line();
  void remember(const std::wstring& line);
  void end(std::error_code error);
  void beep();
  void refresh();
  void show();
  [[nodiscard]] std::wstring_view typed() const;
  [[nodiscard]] std::size_t cursor() const;
  void await_signal();
  void resized();
  void stopped();

  boost::asio::io_context& context_;
  StandardOutput& output_;
  Options options_;
  InputHandlers handlers_;
  SharedDescriptor input_;
  boost::asio::signal_set signals_;
  TerminalMode mode_;

  std::wstring text_;                           // the prompt
  std::string screen_;                          // what libedit writes, until it goes to output_
  std::string above_;                           // to be printed before the prompt is drawn next
  char32_t pressed_ = 0;                        // the one key that libedit may take; 0: none
  std::unique_ptr<std::FILE, CloseFile> file_;  // appends to screen_
  std::unique_ptr<historyW, EndHistory> history_;
  std::unique_ptr<editline, EndEditor> editor_;

  TerminalKeys decoder_;
  std::u32string keys_;  // typed, not taken yet
  std::size_t taken_ = 0;

  bool is_paused_ = true;
  bool is_taking_ = false;
  bool is_over_ = false;
  bool is_closed_ = false;
  bool is_scheduled_ = false;  // turn will be called
};

}  // namespace lastword
