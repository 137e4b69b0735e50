// What a client's stream asks for, read in the plainest way (contract, sections 1 and 2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/reference_frames.h"

namespace lastword::fuzz {

struct Unit {
  enum class Kind : std::uint8_t {
    line,        // `bytes` without its LF
    long_line,   // over the limit
    line_break,  // a message with an LF in it
    ping,        // `bytes` is its payload
    pong,
    close,      // `code` is the client's, 0 if it gave none
    violation,  // of the WebSocket protocol; `code` is the server's answer
  };
  Kind kind = Kind::line;
  std::string bytes{};
  unsigned code = 0;
};

using Units = std::vector<Unit>;

// How a stream begins.
enum class Form : std::uint8_t {
  lines,   // and goes on
  frames,  // behind a handshake
  head,    // with a request; frames come behind it
};

class PlainReading {
 public:
  // A line may have `line_max` bytes, its LF included; a message one less.
  PlainReading(Form form, std::size_t line_max)
      : form_{form}, line_max_{line_max}, frames_{line_max - 1} {}

  // What is complete with these bytes and was not before.
  [[nodiscard]] Units read(std::string_view bytes);

 private:
  void read_lines(std::string_view bytes, Units& out);
  void read_head(std::string_view bytes, Units& out);
  void read_frames(std::string_view bytes, Units& out);

  Form form_;
  std::size_t line_max_;
  std::string held_;  // an unfinished line or head
  bool is_skipping_ = false;
  sim::reference::ClientFrames frames_;
  std::size_t frames_taken_ = 0;  // units
};

}  // namespace lastword::fuzz
