// How a line lies in the bytes of one connection, as its client sees them: with an LF behind it, as
// a WebSocket message (RFC 6455, version 13), or as what a peer to compare with has in its place.
//
//   lines   r00007: 0000000042....\n
//   ws      | 0x81 | mask bit, length | key | r00007: 0000000042.... masked |
//   nats    PUB r00007 63\r\nfrom s00007: 0000000042....\r\n
//   redis   *3\r\n$7\r\nPUBLISH\r\n$6\r\nr00007\r\n$63\r\nfrom s00007: 0000000042....\r\n
//
// It does no I/O: what goes out is appended to the caller's output, what came in is fed.
//
// Invariants:
// 1. Every frame is masked, each with another key. (A floor shares none of this code: an error made
//    on both sides would be noticed on neither.)
// 2. What a server must not send is `broken`: a frame that is masked, fragmented, binary, of an
//    unknown kind or with a length that is not minimal, or anything behind a close frame; from a
//    peer, a message of a subject that was not subscribed to, or with no proper end.
// 3. After `refused` or `broken` the connection is of no more use.
// 4. What a peer says beside messages and pongs is skipped, unless it is an error: that arrives as
//    a line, as it stands, which no line of lastword's is like.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lastword::bench {

// nats and redis are the peers: what a delivery is there is told in README.md.
enum class Transport : std::uint8_t { lines, ws, nats, redis };

constexpr bool is_peer(Transport transport) {
  return transport == Transport::nats || transport == Transport::redis;
}

// What every server is asked, and its answer as a line. The peers have words of their own for both.
constexpr std::string_view ping_line = "/ping lastword-load";
constexpr std::string_view pong_line = "* pong lastword-load";

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

  // Says who this is, and joins the room "#ROOM" where room is not empty. Where there are neither
  // names nor rooms, two subscriptions stand for them. Once, as the first that is put.
  void put_login(std::string& output, const std::string& name, const std::string& room);
  void put_ping(std::string& output);

  // A message is put in three steps: begin_message, then exactly `text_size` bytes of text, without
  // LF, appended to the output by the caller, then end_message.
  struct Message {
    std::string_view destinations;    // "r00007", "#room", "r00000, r00001"; a peer takes one only
    std::string_view delivered_head;  // "from s00007: ": a peer does not say who speaks, so we do
    std::size_t text_size = 0;
  };
  void begin_message(std::string& output, const Message& message);
  void end_message(std::string& output);

  // lines and ws only.
  void put_line(std::string& output, std::string_view line);

  // ws and nats, which has no payload; the payload has at most 125 bytes.
  void put_pong(std::string& output, std::string_view payload);
  void put_close(std::string& output, std::string_view payload);  // ws only

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

  // What peers say (peer_wire.cc).
  std::optional<Arrival> take_from_nats();
  std::optional<Arrival> take_nats_message(std::string_view head, std::size_t size_of_head);
  std::optional<Arrival> take_from_redis();
  Arrival delivery_of(std::string_view subject, std::string_view payload) const;
  void put_peer_login(std::string& output) const;
  void begin_peer_message(std::string& output, const Message& message) const;

  void begin_line(std::string& output, std::size_t size);
  void end_line(std::string& output);
  void begin_frame(std::string& output, char first_byte, std::size_t size);
  void end_frame(std::string& output) const;
  void put_frame(std::string& output, char first_byte, std::string_view payload);

  Transport transport_;
  bool is_open_ = false;
  bool is_closed_ = false;         // the server's close frame is there
  bool reads_tail_ = false;        // unread_ lies in tail_
  std::uint32_t key_ = 0;          // of the frame that was begun last
  std::size_t payload_start_ = 0;  // where its payload begins in the output
  std::string name_;               // peers only: the subjects subscribed to,
  std::string room_;               // this one with its "#", or empty
  std::string tail_;               // what was not whole
  std::string_view unread_;        // of what was fed
};

}  // namespace lastword::bench
