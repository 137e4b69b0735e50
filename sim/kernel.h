// The network and the server's kernel: TCP connections as two byte pipes each, an accept queue, a
// descriptor limit. Knows nothing of chat.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/pump.h"
#include "sim/environment.h"
#include "sim/frame_text.h"

namespace lastword::sim {

// A TCP connection, numbered in the order in which clients called connect. Never used again.
using Link = std::uint32_t;

inline constexpr Link no_link = UINT32_MAX;

// Sizes and times of one client's connections.
struct LinkTraits {
  Duration latency{std::chrono::milliseconds{1}};      // one way
  std::size_t send_buffer = std::size_t{64} << 10;     // the server's, for what it writes
  std::size_t receive_buffer = std::size_t{64} << 10;  // the client's
  std::size_t upload_buffer = std::size_t{64} << 10;   // the server's receive buffer
  Transport transport = Transport::lines;              // whose listener it connects to
};

// What of TCP is modelled (as Linux has it, unless said otherwise):
//  - Bytes of one direction arrive in order, in segments; a FIN comes behind the bytes written
//    before it, a RST behind those sent before it.
//  - A receiver's buffer bounds what is in flight to it: zero window. A sender's buffer bounds what
//    is not acknowledged; acknowledgement is told with the arrival, at no time of its own (so
//    `latency` stands for the way there and back).
//  - Closing with unread input sends a RST and destroys what was not sent; so does input that
//    arrives after the close. What had arrived before a RST can still be read, then the error is
//    told once, then the end of the stream. (Other systems throw away what arrived and was not
//    read: fault C4.)
//  - A connection that completed waits in the backlog; one too many is dropped, and the client
//    tries again after a second. Closing the listener resets those who wait.
//  - Whoever vanished acknowledges nothing; the server's kernel gives up after the keep-alive's
//    time, or the user timeout if something is not acknowledged.
class Kernel {
 public:
  static constexpr std::uint32_t unlimited = UINT32_MAX;

  std::uint32_t descriptors_max = unlimited;
  std::uint32_t backlog_max = 64;
  Duration keep_alive{std::chrono::seconds{90}};    // idle, then probes
  Duration user_timeout{std::chrono::seconds{60}};  // as net/ sets it

  // --- Clients ---------------------------------------------------------------------------------

  Link connect(Environment& environment, Chooser client, const LinkTraits& traits);
  // Takes what there is room for; returns how much.
  std::size_t send(Environment& environment, Link link, std::string_view bytes);
  void finish(Environment& environment, Link link);
  void close(Environment& environment, Link link);   // FIN, or RST if something is unread
  void reset(Environment& environment, Link link);   // RST in any case
  void vanish(Environment& environment, Link link);  // nothing goes out or comes in any more
  // Takes at most `size_max` of what arrived; appends it to `out`.
  std::size_t receive(Environment& environment, Link link, std::size_t size_max, std::string& out);

  // What the client can see.
  [[nodiscard]] bool is_refused(Link link) const { return at(link).is_refused; }
  [[nodiscard]] bool is_established(Link link) const { return at(link).is_established; }
  [[nodiscard]] bool has_reset_arrived(Link link) const { return at(link).has_reset_arrived; }
  [[nodiscard]] bool has_end_arrived(Link link) const;  // and everything before it was read
  [[nodiscard]] bool has_vanished(Link link) const { return at(link).has_vanished; }
  // Bytes that `send` would take.
  [[nodiscard]] std::size_t room_for_client(Link link) const {
    const Pipe& up = at(link).up;
    return up.send_max - std::min(up.send_max, static_cast<std::size_t>(up.written - up.arrived));
  }
  [[nodiscard]] std::size_t unread(Link link) const {
    return static_cast<std::size_t>(at(link).down.arrived - at(link).down.read);
  }

  // --- The server's process --------------------------------------------------------------------

  [[nodiscard]] bool is_acceptable(Transport transport) const {
    return !backlogs_[static_cast<std::size_t>(transport)].empty();
  }
  [[nodiscard]] bool is_acceptable() const {
    return is_acceptable(Transport::lines) || is_acceptable(Transport::websocket);
  }
  Acceptance accept(Environment& environment, Transport transport, Link& accepted);
  void set_listening(Environment& environment, bool is_listening);
  [[nodiscard]] Transfer read(Environment& environment, Link link, std::span<std::byte> buffer);
  [[nodiscard]] Transfer write(Environment& environment, Link link, std::span<const Slice> slices);
  void shut_down(Environment& environment, Link link);  // the sending side
  void server_close(Environment& environment, Link link);
  [[nodiscard]] std::size_t unread_by_server(Link link) const {
    return static_cast<std::size_t>(at(link).up.arrived - at(link).up.read);
  }
  // Reads and forgets at most `size_max` bytes; returns how many.
  std::size_t discard(Environment& environment, Link link, std::size_t size_max);
  [[nodiscard]] bool is_acknowledged(Link link) const;
  [[nodiscard]] bool is_readable(Link link) const;
  [[nodiscard]] bool is_writable(Link link) const;
  [[nodiscard]] std::uint32_t open_descriptors() const { return open_descriptors_; }

  // --- What arrives ----------------------------------------------------------------------------

  // Returns true if there is somebody more to accept.
  bool syn_arrives(Environment& environment, Link link);
  void becomes_established(Environment& environment, Link link);
  void arrives_at_server(Environment& environment, Link link);
  void arrives_at_client(Environment& environment, Link link);
  void times_out(Environment& environment, Link link);

  // --- Looking in ------------------------------------------------------------------------------

  [[nodiscard]] std::size_t link_count() const { return links_.size(); }
  [[nodiscard]] Chooser client_of(Link link) const { return at(link).client; }
  [[nodiscard]] std::uint64_t sent_by_client(Link link) const { return at(link).up.written; }
  [[nodiscard]] std::uint64_t written_by_server(Link link) const { return at(link).down.written; }
  [[nodiscard]] std::uint64_t read_by_client(Link link) const { return at(link).down.read; }
  // Whether the server's side reset the connection of its own accord.
  [[nodiscard]] bool was_reset_by_server(Link link) const { return at(link).was_reset_by_server; }
  [[nodiscard]] bool is_accepted(Link link) const { return at(link).is_accepted; }
  [[nodiscard]] bool is_server_closed(Link link) const { return at(link).is_server_closed; }
  [[nodiscard]] bool is_client_closed(Link link) const { return at(link).is_client_closed; }
  [[nodiscard]] std::uint64_t arrived_at_server(Link link) const { return at(link).up.arrived; }
  [[nodiscard]] bool has_fault(Link link) const {
    return at(link).fault.has_value() || at(link).was_fault_told;
  }
  [[nodiscard]] std::optional<Instant> timed_out_at(Link link) const {
    return at(link).timed_out_at;
  }
  [[nodiscard]] std::size_t backlog_size() const {
    return backlogs_[0].size() + backlogs_[1].size();
  }
  [[nodiscard]] Transport transport_of(Link link) const { return at(link).traits.transport; }

 private:
  struct Flight {
    enum class Kind : std::uint8_t { data, fin, reset };
    std::uint64_t up_to;  // offset in the stream behind what it carries
    std::size_t told;     // its place in the story
    Kind kind;
  };

  // One direction. Offsets count from the beginning of the stream:
  //   read <= arrived <= sent <= written
  struct Pipe {
    std::string bytes;  // from `first` to `written`
    std::uint64_t first = 0;
    std::uint64_t read = 0;
    std::uint64_t arrived = 0;
    std::uint64_t sent = 0;
    std::uint64_t written = 0;
    std::size_t send_max = 0;     // written - arrived, at most
    std::size_t receive_max = 0;  // sent - read, at most
    std::vector<Flight> flights;
    std::size_t first_flight = 0;
    std::uint64_t last_cut = 0;  // where a segment ended that could have gone on
    Instant last_arrival{};      // of what was sent so far
    bool is_finished = false;
    bool has_fin_left = false;
    bool has_fin_arrived = false;
    bool is_dead = false;  // nothing leaves any more

    [[nodiscard]] std::string_view view(std::uint64_t from, std::uint64_t to) const {
      return std::string_view{bytes}.substr(static_cast<std::size_t>(from - first),
                                            static_cast<std::size_t>(to - from));
    }
    void forget_read();
  };

  struct Connection {
    Pipe up;    // client to server
    Pipe down;  // server to client
    LinkTraits traits;
    Chooser client = 0;
    bool is_established = false;
    bool is_refused = false;
    bool is_queued = false;
    bool is_accepted = false;
    bool is_server_closed = false;
    bool is_client_closed = false;
    bool has_vanished = false;
    bool has_reset_arrived = false;  // at the client
    bool was_reset_by_server = false;
    bool was_fault_told = false;
    bool is_giving_up_writing = false;
    int patience = 1;            // how many times later than usual the server's kernel gives up
    std::optional<Fault> fault;  // not told to the server yet
    std::optional<Instant> timed_out_at;
    std::uint8_t syn_attempts = 0;
    FrameText text_up;  // a WebSocket's bytes, for a story
    FrameText text_down;
  };

  [[nodiscard]] std::deque<Link>& backlog_of(Transport transport) {
    return backlogs_[static_cast<std::size_t>(transport)];
  }
  [[nodiscard]] Connection& at(Link link) { return links_[link]; }
  [[nodiscard]] const Connection& at(Link link) const { return links_[link]; }
  void transmit_up(Environment& environment, Link link);
  void transmit_down(Environment& environment, Link link);
  void fly(Environment& environment, Link link, Pipe& pipe, const Flight& flight);
  std::size_t cut(Environment& environment, const Connection& connection, std::size_t size);
  void reset_by_server(Environment& environment, Link link);
  static void reset_arrives_at_server(Connection& connection);
  void give_up_writing(Environment& environment, Link link);
  [[nodiscard]] static std::string wording(const Connection& connection, FrameText& frames,
                                           std::string_view bytes);

  std::vector<Connection> links_;
  std::array<std::deque<Link>, 2> backlogs_;  // by transport
  std::uint32_t open_descriptors_ = 0;
  bool is_listening_ = true;
};

}  // namespace lastword::sim
