// The conformance table of the WebSocket front door: bytes in, bytes out, and how it ends.
//
// The cases of categories 1 to 7, 9, 10, 12 and 13 have the numbers of the Autobahn testsuite and
// ask what it asks; they are written anew. That suite talks to an echo server, and this is a chat
// server: an echo is a message to oneself here, "me: PAYLOAD" out and "from me: PAYLOAD" back.
// Where a size matters it is that of the frame which the client sends, its "me: " included. Where
// else a case differs, its sentence says so. Categories P, H and S are what that suite lacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/server.h"

namespace lastword::test::conformance {

using namespace std::string_literals;
using websocket::Opcode;

// --- What a client sends ------------------------------------------------------------------------

struct Frame {
  unsigned opcode = 1;
  std::string payload{};
  bool is_final = true;
  unsigned reserved = 0;  // RSV1 is 4, RSV2 is 2, RSV3 is 1
};

// All masked, with lengths in the shortest form.
[[nodiscard]] std::string bytes_of(const Frame& frame);
[[nodiscard]] std::string text_frame(std::string_view payload);
[[nodiscard]] std::string binary_frame(std::string_view payload);
[[nodiscard]] std::string ping_frame(std::string_view payload);
[[nodiscard]] std::string pong_frame(std::string_view payload);
[[nodiscard]] std::string close_frame(std::uint16_t code, std::string_view reason = {});
[[nodiscard]] std::string empty_close_frame();

// One message in frames of `size` bytes each, the last one with what is left. At least one frame.
[[nodiscard]] std::string fragments(Opcode opcode, std::string_view payload, std::size_t size,
                                    unsigned reserved = 0);

// One message, compressed for itself (RFC 7692 section 7.2.1), as it goes into a frame.
[[nodiscard]] std::string deflated(std::string_view payload);
// The same in frames of `size` bytes; 0: in a single frame.
[[nodiscard]] std::string compressed_frames(Opcode opcode, std::string_view payload,
                                            std::size_t size = 0);

// A message to oneself, and what comes back of it.
[[nodiscard]] std::string to_me(std::string_view text);  // "me: TEXT"
[[nodiscard]] std::string say(std::string_view text);    // the same in a text frame

// --- What the server sends ----------------------------------------------------------------------

struct Seen {
  Opcode opcode = Opcode::text;
  std::string payload{};

  friend bool operator==(const Seen&, const Seen&) = default;
};

[[nodiscard]] Seen heard(std::string_view text);  // "from me: TEXT", as text
// The same as binary, or as text where it is valid UTF-8 (contract, section 2).
[[nodiscard]] Seen heard_binary(std::string_view text);
[[nodiscard]] Seen line(std::string_view text);  // of the server's own
[[nodiscard]] Seen ponged(std::string_view payload);
[[nodiscard]] Seen pinged();

// --- Handshakes ---------------------------------------------------------------------------------

inline constexpr std::string_view usual_key = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 section 1.3
inline constexpr std::string_view usual_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

// A whole request head.
[[nodiscard]] std::string head(std::string_view first_line,
                               std::initializer_list<std::string_view> fields);
// One that opens a WebSocket; `extensions` is the offer, if there is one.
[[nodiscard]] std::string usual_request(std::string_view extensions = {});

// --- The world ----------------------------------------------------------------------------------

struct Mismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// How the bytes of a client are cut.
enum class Cuts : std::uint8_t {
  as_sent,   // whole, or in the chops that the case asks for
  by_bytes,  // each byte alone
  random,    // anywhere, and what comes back is taken in random parts too
};

// How far client 0 is when its case begins.
enum class Start : std::uint8_t { accepted, upgraded, logged_in };

struct Setup {
  Config config{};
  std::string extensions{};  // offered by client 0
  Start start = Start::logged_in;
};

// With room for messages of 16 MiB.
[[nodiscard]] Setup roomy(std::string extensions = {});

// A server and its clients. Client 0 is there from the beginning and is called "me". What clients
// send is on its way until something is expected or time passes.
//
// Expectations name everything that has come since the last one, and throw Mismatch. Pongs may
// overtake messages (contract, section 2), so the two are compared each for itself.
class World {
 public:
  World(const Setup& setup, Cuts cuts, std::uint32_t seed);

  Server server;

  // --- What clients do ---------------------------------------------------------------------------

  // Another client; its number is the count of those before it.
  std::size_t connect(Transport transport = Transport::websocket);
  std::size_t log_in(std::string_view name);
  void send(std::string_view bytes, std::size_t client = 0);
  void send_chopped(std::string_view bytes, std::size_t chop);
  void send_apart(const std::vector<std::string>& pieces);
  void end(std::size_t client = 0);                      // FIN
  void hold(std::size_t client = 0);                     // reads no more
  void take(std::size_t bytes, std::size_t client = 0);  // and then this much, once
  void read_on(std::size_t client = 0);

  // --- What happens ------------------------------------------------------------------------------

  void advance(Duration span);
  void stop();

  // --- What must have come -----------------------------------------------------------------------

  // These frames and no Close.
  void expect(const std::vector<Seen>& frames, std::size_t client = 0);
  void expect_nothing(std::size_t client = 0) { expect({}, client); }
  // These frames, and then a Close with this code, or with none.
  void expect_close(std::optional<std::uint16_t> code, const std::vector<Seen>& frames = {},
                    std::size_t client = 0);
  // The end of the server's side, or not.
  void expect_fin(bool is_there = true, std::size_t client = 0);
  // The connection is let go, or not.
  void expect_released(bool is_there = true, std::size_t client = 0);
  // An answer to a request: its first line, and header fields that must be among the others. What
  // follows a 101 is frames.
  void expect_response(std::string_view first_line, const std::vector<std::string>& fields = {},
                       std::size_t client = 0);
  void expect_no_field(std::string_view name, std::size_t client = 0);
  [[nodiscard]] std::string body(std::size_t client = 0);

  // The window that the server named for itself; nothing without permessage-deflate.
  [[nodiscard]] std::optional<int> window_bits(std::size_t client = 0) const;
  [[nodiscard]] std::size_t compressed_count(std::size_t client = 0) const;

  // Everybody says goodbye, and nothing is left.
  void finish();

  [[nodiscard]] std::size_t bytes_sent() const { return bytes_sent_; }

 private:
  struct Client {
    ConnectionId id{};
    std::deque<std::string> outgoing{};  // pieces that the network has not brought yet
    bool is_joined = true;               // the next bytes go to the last piece
    bool wants_to_end = false;
    bool has_ended = false;
    bool has_sent_close = false;
    std::size_t room = SIZE_MAX;  // bytes that it reads yet
    std::string received{};
    std::size_t looked_at = 0;  // of it
    std::string response{};     // the last one
    std::size_t compressed = 0;
    std::optional<int> window_bits{};
    bool is_upgraded = false;
    std::vector<Seen> data{};
    std::vector<Seen> control{};
    bool has_close = false;
    std::optional<std::uint16_t> close_code{};
    std::string close_reason{};
    bool has_fin = false;
    bool is_released = false;
  };

  void settle();
  bool bring(Client& client);
  bool fetch(Client& client);
  bool follow(Client& client);
  void recut(Client& client);
  [[nodiscard]] std::size_t random_up_to(std::size_t max);
  void decode(Client& client);
  bool decode_frame(Client& client);
  void decode_close(Client& client, std::string_view payload);
  void compare(Client& client, const std::vector<Seen>& frames);

  Cuts cuts_;
  std::mt19937 random_;
  Instant now_{};
  std::deque<Client> clients_{};
  std::size_t bytes_sent_ = 0;
};

// --- The table ----------------------------------------------------------------------------------

using Play = std::function<void(World&)>;

struct Case {
  std::string number{};
  std::string sentence{};
  Play play{};
  Setup setup = roomy();

  // What GoogleTest shows of it, in place of its bytes.
  // NOLINTNEXTLINE(*-identifier-naming): GoogleTest's.
  friend void PrintTo(const Case& which, std::ostream* out) { *out << which.sentence; }
};

// What most cases are: bytes in, frames out, and the connection stays open...
[[nodiscard]] Play exchange(std::string in, std::vector<Seen> out);
// ...or the server ends it with this code, and sends nothing after that.
[[nodiscard]] Play failing(std::string in, std::vector<Seen> out, std::uint16_t code);

struct Category {
  std::string name{};
  std::string title{};
  std::vector<Case> cases{};
};

[[nodiscard]] Category framing();             // 1
[[nodiscard]] Category pings();               // 2
[[nodiscard]] Category reserved_bits();       // 3
[[nodiscard]] Category opcodes();             // 4
[[nodiscard]] Category fragmentation();       // 5
[[nodiscard]] Category utf8();                // 6
[[nodiscard]] Category closes();              // 7
[[nodiscard]] Category sizes();               // 9
[[nodiscard]] Category auto_fragmentation();  // 10
[[nodiscard]] Category contents();            // 12
[[nodiscard]] Category offers();              // 13
[[nodiscard]] Category protocol();            // P
[[nodiscard]] Category handshakes();          // H
[[nodiscard]] Category server_closes();       // S

[[nodiscard]] std::vector<Category> table();

// Plays the case with every kind of cuts that its size allows. Empty if all is as it should be.
[[nodiscard]] std::string run(const Case& which);

}  // namespace lastword::test::conformance
