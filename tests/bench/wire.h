// How a line lies in the bytes of one connection, as its client sees them: with an LF behind it, or
// as a WebSocket message (RFC 6455, version 13).
//
//   lines   r00007: 0000000042....\n
//   ws      | 0x81 | mask bit, length | key | r00007: 0000000042.... masked |
//
// It does no I/O: what goes out is appended to the caller's output, what came in is fed.
//
// Invariants:
// 1. Every frame is masked, each with another key. (A floor shares none of this code: an error made
//    on both sides would be noticed on neither.)
// 2. What a server must not send is `broken`: a frame that is masked, fragmented, binary, of an
//    unknown kind or with a length that is not minimal, or anything behind a close frame.
// 3. After `refused` or `broken` the connection is of no more use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lastword::bench {

enum class Transport : std::uint8_t { lines, ws };

// What a server's bytes came to. The payload is valid until the next feed() or take().
struct Arrival {
  enum class Kind : std::uint8_t {
    opened,   // the handshake is done: lines may be put
    refused,  // it failed; the payload is the answer's first line
    line,     // without its LF
    ping,     // to be answered with a pong of the same payload
    close,    // to be answered with a close frame of the same payload
    broken,   // the payload says which rule was broken
  };
  Kind kind;
  std::string_view payload;
};

class Wire {
 public:
  explicit Wire(Transport transport) : transport_(transport) {}

  // Begins the connection: in ws with a request, and the answer will arrive as `opened`. In lines
  // there is nothing to await.
  void open(std::string& output);
  [[nodiscard]] bool is_open() const { return is_open_; }

  // A line is put in three steps: begin_line, then exactly `size` bytes without LF appended to the
  // output by the caller, then end_line.
  void begin_line(std::string& output, std::size_t size);
  void end_line(std::string& output);
  void put_line(std::string& output, std::string_view line);

  // ws only; the payload has at most 125 bytes.
  void put_pong(std::string& output, std::string_view payload);
  void put_close(std::string& output, std::string_view payload);

  // The bytes must stay where they are until take() has returned nothing.
  void feed(std::string_view bytes);
  // The next whole arrival; nothing where the rest is not whole and awaits the next feed().
  std::optional<Arrival> take();

 private:
  std::optional<Arrival> take_arrival();
  std::optional<Arrival> take_line();
  std::optional<Arrival> take_answer();
  std::optional<Arrival> take_frame();
  Arrival arrival_of(unsigned opcode, std::string_view payload);

  void begin_frame(std::string& output, char first_byte, std::size_t size);
  void end_frame(std::string& output) const;
  void put_frame(std::string& output, char first_byte, std::string_view payload);

  Transport transport_;
  bool is_open_ = false;
  bool is_closed_ = false;         // the server's close frame is there
  bool reads_tail_ = false;        // unread_ lies in tail_
  std::uint32_t key_ = 0;          // of the frame that was begun last
  std::size_t payload_start_ = 0;  // where its payload begins in the output
  std::string tail_;               // what was not whole
  std::string_view unread_;        // of what was fed
};

}  // namespace lastword::bench
