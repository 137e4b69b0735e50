// A terminal's settings, and that they come back.
#pragma once

namespace lastword {

// Remembers the settings that a terminal has now, and puts them back at the end, whichever end that
// is: its own, `exit`, an exception that nobody catches, a failed check, a signal that ends the
// program (all but SIGKILL). A terminal left as a line editor needs it shows nothing of what is
// typed into the shell.
//
// It takes over only the signals that nobody has: a program that ends in order at SIGTERM goes on
// doing so. If the program is in the background, the terminal belongs to the shell, whose settings
// it has then, and is left alone.
//
// There may be one at a time.
class TerminalMode {
 public:
  explicit TerminalMode(int terminal);
  TerminalMode(const TerminalMode&) = delete;
  TerminalMode& operator=(const TerminalMode&) = delete;
  ~TerminalMode();

  // Puts the settings back now; again at the end.
  static void restore();
};

}  // namespace lastword
