// The whole of a chat client but for its input and output.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/client/back_off.h"
#include "core/client/config.h"
#include "core/client/ledger.h"
#include "core/client/random_stream.h"
#include "core/client/state.h"
#include "core/client/text_queue.h"
#include "core/instant.h"
#include "core/line_framer.h"
#include "core/line_parser.h"
#include "core/transfer.h"
#include "core/websocket/accept_key.h"
#include "core/websocket/client_handshake.h"
#include "core/websocket/deflate.h"
#include "core/websocket/frame.h"
#include "core/websocket/message_reader.h"

namespace lastword {

namespace client {

// One attempt to connect, and the link that comes of it. Counted from 1; 0 is none.
enum class Link : std::uint32_t {};

inline constexpr Link no_link{};

// Why there is no link, as far as the system tells.
enum class ConnectFault : std::uint8_t { unknown_host, refused, unreachable, timed_out, other };

// What the driver is to do, until it hears otherwise.
struct Wish {
  Link link = no_link;
  bool connect = false;  // make this link
  bool read = false;     // bring received bytes
  bool write = false;    // there is something to gather
  bool release =
      false;  // close it, or give the attempt up, and say when nothing of it is in flight

  friend bool operator==(const Wish&, const Wish&) = default;
};

enum class Timer : std::uint8_t { connect, login, heartbeat, close, retry };

struct Deadline {
  Instant at;
  Timer reason;

  friend bool operator==(const Deadline&, const Deadline&) = default;
};

// What came of giving a line.
enum class Given : std::uint8_t {
  taken,
  full,        // not now: as soon as `has_room` says so
  too_long,    // for Config::line_max, or for what the server has said it takes
  line_break,  // an LF is in it
  closing,     // the client takes no lines any more
};

// Of the whole life of the client.
struct Counts {
  std::uint64_t given = 0;     // lines that were taken from the application
  std::uint64_t accepted = 0;  // of them; messages, commands and empty lines
  std::uint64_t refused = 0;   // by the server, or because it takes no lines that long
  std::uint64_t unknown = 0;   // messages without a known fate, and not sent again
  std::uint64_t unsent = 0;    // were left when the client was gone
  std::uint64_t resent = 0;    // times that a message was sent again though it may be there already
  std::uint64_t received = 0;  // lines that came for the application
  std::uint64_t skipped = 0;   // lines that came and were too long
  std::uint64_t attempts = 0;  // to connect
  std::uint64_t logins = 0;    // that the server took

  friend bool operator==(const Counts&, const Counts&) = default;
};

}  // namespace client

// A chat client as a value: facts go in, wishes come out, nothing else happens. It logs in under
// one name, sends the lines it is given, shows the lines that come, notices a dead link, and comes
// back.
//
// Facts are what the driver saw, in the order in which it saw them, each with the time at which it
// did (never earlier than the one before). A fact about an earlier link has no effect. Wishes are
// the state that the driver is to bring about; they may change with every fact and with every call
// of the application's.
//
// The fate of a line. The server says in its goodbye how many messages it has accepted, and answers
// `/ping TOKEN` in the order of the lines: the client asks so behind what it has sent, one question
// at a time, and knows by the answer that everything before it was taken. Lines beyond the
// goodbye's number, and those that never left this machine, are sent again on the next link; those
// below never are. What was handed to the system and neither answered nor counted when the link
// ended has an unknown fate, and is told of (Config::if_unknown). Commands end with their session,
// so they are sent again without a word. Rooms that were joined are joined again.
//
// One thread owns a client; a copy of it is a snapshot.
//
// Invariants (`check_invariants`):
//  1. given = accepted + refused + unknown + unsent + those without a fate yet.
//  2. Lines are put on the wire in the order in which they were given.
//  3. What waits to be sent and to be taken is bounded, as Config says; what waits to be written is
//     less than one line of the longest and `output_mark`.
//  4. Reading waits for the application alone, writing for the server alone.
class Client {
 public:
  Client(client::Config config, const client::Seed& seed);

  // --- Facts ---------------------------------------------------------------------------------

  // The first of all: it begins to connect.
  void start(Instant now);
  void connected(Instant now, client::Link link);
  void connect_failed(Instant now, client::Link link, client::ConnectFault fault);
  // Takes all of it; may unmask it in place.
  void received(Instant now, client::Link link, std::span<std::byte> bytes);
  // The server's FIN.
  void ended(Instant now, client::Link link);
  // The system took so many bytes of what `gather` showed. To be told before what the server said
  // to them is: it is believed about nothing that has not left.
  void wrote(Instant now, client::Link link, std::size_t bytes);
  void failed(Instant now, client::Link link, Fault fault);
  // The link was released as wished: nothing of it is in flight any more.
  void released(Instant now, client::Link link);
  void elapsed(Instant now);

  // --- The application -----------------------------------------------------------------------

  // A line without its LF; a CR at its end is dropped, as the server does.
  [[nodiscard]] client::Given give(Instant now, std::string_view line);
  // There is room for a line of the usual size; once there was none, only when half of it is free
  // again. (`give` may still answer `full` for a long line.)
  [[nodiscard]] bool has_room() const { return !is_full_; }
  // No more lines will be given: what was is sent, the server's goodbye is waited for, then it
  // ends.
  void finish(Instant now);
  // Ends at once. What is not accepted yet is told of.
  void abandon(Instant now);
  // The line that came first and was not taken; without its LF, any bytes. Good until the next
  // call that is not const.
  [[nodiscard]] std::optional<std::string_view> line() const;
  void take_line(Instant now);

  // --- Wishes --------------------------------------------------------------------------------

  [[nodiscard]] client::Wish wish() const;
  // What is to be written, in one piece. Good until the next call that is not const.
  [[nodiscard]] Bytes gather() const;
  [[nodiscard]] std::optional<client::Deadline> deadline() const;

  // --- Looking in ----------------------------------------------------------------------------

  [[nodiscard]] client::State state() const { return state_; }
  // It is gone, and nothing of its last link is in flight. Lines that came may still wait.
  [[nodiscard]] bool is_over() const {
    return state_ == client::State::gone && phase_ == LinkPhase::none;
  }
  // Why it came to its state.
  [[nodiscard]] client::Reason reason() const { return reason_; }
  // It is gone because it was to finish, it had been online, and every line that it was given was
  // accepted. (Where the link ended first and there was no way back, others may have been to come.)
  [[nodiscard]] bool has_done_all() const;
  // Moves what happened since the last call into `out`, which is cleared first. Changes of state
  // are kept as long as there are less than `events_max`, fates always; while more than
  // Config::outbound_max bytes of them wait, no line is taken.
  std::uint64_t take_events(std::vector<client::Event>& out);
  static constexpr std::size_t events_max = 256;
  [[nodiscard]] bool has_events() const { return !events_.empty(); }
  [[nodiscard]] const client::Counts& counts() const { return counts_; }
  // Lines up to this one have a fate.
  [[nodiscard]] client::LineNumber last_settled() const;
  [[nodiscard]] const client::Config& config() const { return config_; }
  // Bytes that wait for the application, and for the wire.
  [[nodiscard]] std::size_t inbound_bytes() const { return inbox_.bytes(); }
  [[nodiscard]] std::size_t output_bytes() const { return output_.size() - output_first_; }

  [[nodiscard]] std::uint64_t digest() const;
  void check_invariants() const;

  // Lines are put on the wire as long as less than this waits there.
  static constexpr std::size_t output_mark = std::size_t{64} << 10;
  // What may stand there beyond that, beside one line: the handshake's request or the login, rooms
  // that are joined again, a question, a Close.
  static constexpr std::size_t output_slack = std::size_t{16} << 10;

 private:
  enum class LinkPhase : std::uint8_t { none, connecting, up, releasing };
  struct NoTag {};

  // What stands behind our `/ping`: like nobody else's, so that a person's own are told apart.
  struct Token {
    static constexpr std::size_t size_max = 48;
    std::array<char, size_max> bytes{};
    std::size_t size = 0;

    [[nodiscard]] std::string_view text() const { return {bytes.data(), size}; }
  };

  // Why a link ends; see Event.
  struct End {
    client::Reason reason{};
    std::uint64_t detail = 0;
    std::string text{};
  };

  // A question for a sign of life, and behind which line it stands: `/ping TOKEN`.
  struct Checkpoint {
    bool is_out = false;
    client::LineNumber behind = 0;
    std::uint64_t number = 0;
    std::uint64_t end = 0;  // of the question, among what was rendered
  };

  // The link (client_link.cc).
  [[nodiscard]] bool is_current(client::Link link) const { return link == link_; }
  [[nodiscard]] bool is_up(client::Link link) const {
    return is_current(link) && phase_ == LinkPhase::up;
  }
  [[nodiscard]] bool is_websocket() const;
  void connect(Instant now, client::Reason reason);
  void shake_hands(Instant now);
  void log_in(Instant now, client::Reason reason);
  void go_online(Instant now);
  void begin_closing(Instant now, End end);
  void end_link(Instant now, End end);
  [[nodiscard]] bool is_stopping(Instant now) const;
  [[nodiscard]] client::Setback setback() const;
  void go(Instant now, client::State state, const End& why, Duration delay = Duration::zero());
  void leave(Instant now, const End& why);
  void time_out(Instant now);
  void beat(Instant now);

  // What comes (client_input.cc).
  void take_bytes(Instant now, std::span<std::byte> bytes);
  void take_lines(Instant now, std::span<std::byte> bytes);
  [[nodiscard]] std::span<std::byte> take_response(Instant now, std::span<std::byte> bytes);
  void take_messages(Instant now, std::span<std::byte> bytes);
  void take_close(Instant now, std::uint16_t code, std::string_view reason);
  void hear(Instant now, std::string_view line);
  [[nodiscard]] bool hear_at_login(Instant now, std::string_view line);
  void hear_goodbye(Instant now, std::uint64_t accepted);
  [[nodiscard]] bool is_pong(std::string_view line) const;
  void hear_pong(Instant now);
  void skip_line(Instant now);

  // What goes (client_output.cc).
  void fill(Instant now);
  void send_waiting_lines(Instant now);
  void ask();
  void put_line(std::string_view line);
  void put_frame(websocket::Opcode opcode, Bytes payload);
  void put_close(std::uint16_t code);
  void put(Bytes bytes);
  void make_room();
  [[nodiscard]] Token token_of(std::uint64_t number) const;

  // Fates (client_fates.cc).
  void settle_through(Instant now, client::LineNumber last);
  void settle_front(Instant now);
  void drop_void_front();
  void settle_by_goodbye(Instant now, std::uint64_t accepted);
  void settle_unknown(Instant now);
  void refuse_largest_sent(Instant now);
  void refuse_sent_over(Instant now, std::size_t line_max);
  void remember_room(std::string_view line);
  void tell_of_line(Instant now, client::Event::Kind kind, const client::Ledger::Line& line,
                    client::Refusal refusal = {});
  void refuse(Instant now, std::size_t place);
  void refuse_waiting(Instant now);
  void look_for_room();

  client::Config config_;
  client::RandomStream random_;
  client::BackOff back_off_;
  client::Ledger ledger_;
  client::TextQueue<NoTag> inbox_;
  client::Counts counts_;
  std::vector<client::Event> events_;
  std::size_t events_bytes_ = 0;  // of fates
  std::size_t state_events_ = 0;  // of them
  std::uint64_t events_lost_ = 0;
  std::vector<std::string> rooms_;  // joined, in their order; at most 128
  std::uint64_t nonce_;             // in our tokens
  std::uint64_t questions_ = 0;     // asked so far
  std::size_t line_max_;            // as far as the server has said

  client::State state_ = client::State::waiting;
  client::Reason reason_ = client::Reason::started;
  bool is_started_ = false;
  bool is_finishing_ = false;
  bool is_abandoned_ = false;
  bool is_full_ = false;
  bool may_hold_name_ = false;              // an earlier link of ours, as far as the server knows
  bool was_online_ = false;                 // ever
  std::optional<Instant> name_held_since_;  // by an earlier link of ours

  // This link
  client::Link link_ = client::no_link;
  LinkPhase phase_ = LinkPhase::none;
  bool has_said_name_ = false;
  std::optional<std::uint64_t> quit_end_;  // of the /quit, among what was rendered
  bool has_sent_close_ = false;            // nothing may follow it
  bool has_goodbye_ = false;
  bool is_ending_when_written_ = false;
  std::optional<End> end_;              // why the link ends, as soon as that is known
  Duration retry_after_{};              // as the server asked
  std::uint64_t accepted_on_link_ = 0;  // messages with that fate
  Checkpoint checkpoint_;
  std::array<std::byte, websocket::control_payload_max> pong_{};
  std::optional<std::size_t> pong_size_;  // of the one that is due, if one is
  bool is_ping_due_ = false;
  std::uint32_t beats_missed_ = 0;
  Instant last_heard_{};
  LineFramer framer_;
  Framing framing_;
  websocket::ResponseHead response_head_;
  websocket::MessageReader reader_;
  websocket::Inflater inflater_;
  std::array<char, websocket::key_size> key_{};

  // What is to be written: rendered_ bytes in all, written_ of them taken by the system.
  std::vector<std::byte> output_;
  std::size_t output_first_ = 0;
  std::uint64_t rendered_ = 0;
  std::uint64_t written_ = 0;

  // Times that matter; which of them do, the state says.
  std::optional<Instant> retry_at_;
  std::optional<Instant> state_ends_at_;  // connect, login or close timeout
  std::optional<Instant> beat_at_;
};

}  // namespace lastword
