// What is typed, as keys.
#pragma once

#include <string>
#include <string_view>

namespace lastword {

// A key that is no character has a number among the C1 control characters, which nobody can type:
// they are what the line editor's commands are bound to (net/prompt.cc). What has a control
// character of its own in an editor of the Emacs kind (arrows, Home, End) comes as that.
namespace key {
inline constexpr char32_t end_of_input = 0x04;  // Ctrl-D
inline constexpr char32_t redraw = 0x80;        // never typed, nor is the next one
inline constexpr char32_t start_over = 0x81;
inline constexpr char32_t delete_forward = 0x82;
inline constexpr char32_t word_left = 0x83;
inline constexpr char32_t word_right = 0x84;
inline constexpr char32_t delete_word_left = 0x85;
inline constexpr char32_t delete_word_right = 0x86;
}  // namespace key

// Turns the bytes that a terminal sends into keys: UTF-8 (U+FFFD for what is none) and the escape
// sequences of xterm and of what follows it (ECMA-48, section 5.4; xterm's "Control Sequences").
// Sequences that mean nothing here are dropped whole, or they would litter the line.
//
// Where the bytes are cut makes no difference. So a lone ESC waits for what comes next, as it
// always has in editors.
class TerminalKeys {
 public:
  // The keys that these bytes complete.
  [[nodiscard]] std::u32string feed(std::string_view bytes);

 private:
  std::string held_;  // the beginning of a sequence or code point
};

[[nodiscard]] std::string to_utf8(std::u32string_view text);

}  // namespace lastword
