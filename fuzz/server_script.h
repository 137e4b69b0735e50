// What an input means to the target `server_bytes`:
//
//   [approach] [bounds] [kernel] [manners] [bytes read]  [n: cuts] [sizes...]  [the stream...]
//
// The stream is what the hostile client sends. Within it, a mark (the byte 1D) and a letter place
// an act at this very position, so that it falls between the same bytes however they are cut:
//
//   h  the healthy clients have a round of talk         s  a signal: the first stops the server
//   n  the next of their lines comes in the same turn   f  the hostile client ends its side
//      as what follows                                  x  its connection is reset
//   0 to 7  time passes, see `spans`                    o  or times out
//                                                       r  it stops reading, or reads again
//
// Before anything else the mark is a byte like all others; twice in a row, it is one of them.
//
// Approach, bounds and kernel choose from tables (server_script.cc). Manners are bits: 1, it does
// not read to begin with; 2, it does not answer the server's end with its own; 4, play it twice.
// Bytes read: it stops reading there; 0, it never does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/instant.h"
#include "core/transfer.h"
#include "fuzz/plain_reading.h"

namespace lastword::fuzz {

inline constexpr char act_mark = '\x1D';

// What happens behind a piece of the stream.
struct Act {
  enum class Kind : std::uint8_t { nothing, talk, line, pass, stop, end, break_off, turn_ear };
  Kind kind = Kind::nothing;
  Duration span{};  // pass
  Fault fault{};    // break_off
};

struct Piece {
  std::string bytes{};
  Act act{};
};

struct Script {
  Config config{};
  std::size_t bounds = 0;  // which of them; the config has them
  std::size_t send_buffer_max = 0;
  Form form = Form::lines;
  std::string opening{};          // a handshake, which comes in one chunk with what follows it
  bool is_answering_fin = false;  // of the server, with its own
  bool is_reading = false;
  bool is_played_twice = false;
  std::size_t read_max = 0;  // bytes, if it reads
  unsigned number = 0;       // made of the stream
  std::vector<std::size_t> cuts{};
  std::vector<Piece> pieces{};

  [[nodiscard]] bool reads_always() const;
};

[[nodiscard]] Script read_script(std::span<const std::uint8_t> bytes);

}  // namespace lastword::fuzz
