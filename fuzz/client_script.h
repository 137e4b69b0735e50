// What a fuzzer's bytes mean to the target `client_bytes`: all that a server says, on one link
// after the other, and what else happens, each at its place in that stream.
//
// Plain bytes are said by the server as they are. ESC (0x1B) and a letter are something else:
//
//   what the server says
//     ESC ESC         the byte ESC
//     ESC m TEXT LF   a message: a line, or on a WebSocket a text frame
//     ESC F B TEXT LF a frame with B as its first byte, and a right length; nothing over lines
//     ESC a           `* pong TOKEN`, the answer to the client's last question, as a message
//     ESC h           over WebSocket, the right answer to the client's request
//     ESC t, ESC n    the last question's token and the next one's; in TEXT too
//     ESC k           the Sec-WebSocket-Accept that belongs to the request; likewise
//     ESC l           an LF, in any TEXT
//   what becomes of the link
//     ESC x N         it ends: FIN, reset, timed out, another fault
//     ESC z           nothing comes and nothing arrives any more
//     ESC w N         the system takes N bytes more of the client's; 255: as many as there are
//     ESC W N         and at most N with each write; 0: as many as it wants
//     ESC c N         attempts from now on: succeed, unknown host, refused, unreachable, timed out,
//                     another fault, are never answered
//   time
//     ESC p N         passes, up to the client's next deadline, up to right before it, or for 1 ms,
//                     1 s, 5 s, 15 s, 60 s, 400 s
//     ESC j N         the same, while the client's process stands still
//     ESC .           everything that is ready happens
//   the application
//     ESC g TEXT LF   gives a line
//     ESC G N         gives a message with 256 * N bytes of text
//     ESC q, ESC Q    finishes, abandons
//     ESC s, ESC r    takes no lines any more, takes them again
//     ESC u N         takes N lines
//     ESC v, ESC V    takes no events any more, takes them again
//
// A number counts modulo what there is to choose from. ESC and any other letter are that letter.
//
// What is said is there at once, for the client to read in one piece, up to the next ESC that says
// nothing; ESC a and ESC h wait until all before was read. If there is no link, it is said on the
// next one.
#pragma once

#include <cstdint>
#include <string_view>

namespace lastword::fuzz {

struct Step {
  enum class Kind : std::uint8_t {
    say,  // `text`
    message,
    frame,  // `number`: the first byte
    answer,
    upgrade,
    last_token,
    next_token,
    accept_key,
    end_link,
    fall_silent,
    write_budget,
    write_max,
    attempts,
    pass,
    stand_still,
    settle,
    give,
    give_long,
    finish,
    abandon,
    stop_taking_lines,
    take_lines,
    take_some_lines,
    hold_events,
    take_events,
  };
  Kind kind = Kind::say;
  std::string_view text{};  // of the input; good as long as that is
  std::uint8_t number = 0;
};

class Script {
 public:
  explicit Script(std::string_view text) : rest_{text} {}

  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }
  // Not at the end.
  [[nodiscard]] Step next();

 private:
  [[nodiscard]] char character();
  [[nodiscard]] std::uint8_t number() { return static_cast<std::uint8_t>(character()); }
  [[nodiscard]] std::string_view line();

  std::string_view rest_;
};

}  // namespace lastword::fuzz
