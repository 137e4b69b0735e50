// What a client has to make of a server, of its network and of its application: a second client in
// the plainest way, which hears the same facts right before the production client does, and is held
// against it behind each. It predicts
//   - each change of state with its time and reason, and the fate of each line (docs/EMBEDDING.md);
//   - each line for the application: all that came but the client's own business, which is the
//     answers to its own questions and to its name;
//   - all counts, what waits for the application, what a line is answered with when it is given.
// When something is said, and how long a delay is, it does not predict, but judges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/client/client.h"
#include "core/websocket/client_handshake.h"
#include "fuzz/client_wire.h"
#include "fuzz/line_book.h"
#include "fuzz/server_stream.h"

namespace lastword::fuzz {

// Breaks these oracles:
//   "states"   a change of state without its reason, or another one than expected
//   "fates"    a line has another fate than expected, or is told of twice or never, or counts are
//              wrong
//   "lines"    the application gets other lines than those that came
//   "wire"     what the client says is not what it has to, or not in order, or is said twice
//   "deaf"     it neither reads nor says why not, or nothing would ever wake it, or it leaves
//              undone what it could do
//   "bound"    more is held than docs/ARCHITECTURE.md says
class ReferenceClient {
 public:
  ReferenceClient(client::Config config, const client::Seed& seed);

  // --- Facts, before the client hears of them -------------------------------------------------

  void start(Instant now);
  void connected(Instant now);
  void connect_failed(Instant now, client::ConnectFault fault);
  void received(Instant now, std::string_view bytes);
  void ended(Instant now);
  void wrote(Instant now, std::string_view bytes);
  void failed(Instant now, Fault fault);
  void released();
  // Only if the client has a deadline that is due.
  void elapsed(Instant now, const Client& client);

  // --- The application, likewise --------------------------------------------------------------

  // What the client has to answer. While events are not taken, it may answer `full` instead of
  // `taken`, as their texts are held too: then this line was not given.
  [[nodiscard]] client::Given judge_line(std::string_view line) const;
  void give(Instant now, std::string_view line);
  // It was answered with `full`.
  void wait_for_room() { full_at_ = book_.first_open(); }
  void finish(Instant now);
  void abandon(Instant now);
  void take_line(Instant now, const Client& client);
  // The client said that so many were lost.
  void take_events(std::uint64_t lost);

  // --- The client, after that -----------------------------------------------------------------

  // `news`: its events since the last look.
  void look(const Client& client, Instant now, std::span<const client::Event> news);
  // It is gone, and nothing is left.
  void look_back(const Client& client) const;

  // --- What a server knows, too ---------------------------------------------------------------

  [[nodiscard]] std::uint64_t questions() const { return asked_; }
  // Behind the /ping of question number so-and-so.
  [[nodiscard]] std::string token(std::uint64_t number) const;
  // It was asked after our name, and has all of the question.
  [[nodiscard]] bool has_login_question() const;
  // Whether the client sits in its handshake, with the request written.
  [[nodiscard]] bool has_request() const;
  // Of the request on this link; may be empty.
  [[nodiscard]] std::string_view key() const { return key_; }
  // That were put on the wire of this link, written or not.
  [[nodiscard]] std::size_t rendered() const { return wire_.bytes().size(); }
  [[nodiscard]] const LineBook& book() const { return book_; }

 private:
  enum class Phase : std::uint8_t { none, connecting, up, releasing };
  // What may follow a fact, and is seen only by what the client does.
  enum class Open : std::uint8_t { nothing, beat, retry };

  struct End {
    client::Reason reason{};
    std::uint64_t detail = 0;
  };
  struct Question {
    std::uint64_t number = 0;
    client::LineNumber behind = 0;
    std::uint64_t end = UINT64_MAX;  // on the wire, once it is there
  };

  // Hearing (reference_client_hearing.cc)
  void take_response(Instant now, char byte);
  void hear(Instant now, const ServerItem& item);
  void hear_line(Instant now, const std::string& line);
  [[nodiscard]] bool hear_at_login(Instant now, const std::string& line);
  void hear_too_long(const std::string& line);
  void hear_goodbye(Instant now, std::uint64_t accepted);
  void hear_answer(Instant now);
  void hear_close(Instant now, const ServerItem& close);
  [[nodiscard]] bool is_answer(std::string_view line) const;

  // States (reference_client.cc)
  [[nodiscard]] bool is_websocket() const;
  [[nodiscard]] bool is_upgraded() const;
  void connect(Instant now, client::Reason reason);
  void log_in(Instant now, client::Reason reason);
  void begin_closing(Instant now, const End& end);
  void end_link(Instant now, End end);
  void leave(Instant now, const End& end);
  void go(Instant now, client::State state, const End& why);

  // Looking (reference_client_looking.cc)
  void look_at_open_ends(const Client& client, Instant now);
  void look_at_wire(const Client& client, Instant now);
  void said(Instant now, const Said& said);
  void said_line(Instant now, const Said& said);
  void look_at_news(std::span<const client::Event> news);
  void look_at_state(const client::Event& event);
  void look_at_counts(const Client& client) const;
  void look_at_wishes(const Client& client, Instant now) const;
  void look_for_silence(const Client& client) const;

  client::Config config_;
  std::uint64_t nonce_;
  LineBook book_;
  std::size_t line_max_;
  std::deque<std::string> inbox_;    // not taken by the application
  std::size_t inbox_bytes_ = 0;      // as Config::inbound_max counts
  client::Counts counts_;            // of what is not said of lines that were given
  client::LineNumber full_at_ = 0;   // the first line without a fate when there was no room
  std::uint64_t asked_ = 0;          // questions
  std::vector<std::string> states_;  // that the client has to tell of now
  std::size_t states_held_ = 0;      // events that the application has not taken
  std::uint64_t states_lost_ = 0;

  client::State state_ = client::State::waiting;
  client::Reason reason_ = client::Reason::started;
  Phase phase_ = Phase::none;
  Open open_ = Open::nothing;
  bool is_finishing_ = false;
  bool is_abandoned_ = false;
  bool was_online_ = false;
  bool has_said_name_before_ = false;  // on an earlier link
  std::optional<Instant> name_held_since_;
  std::optional<Instant> retry_at_;

  // This link
  ServerStream stream_;
  websocket::ResponseHead head_;
  std::string response_;  // as it came
  ClientWire wire_;
  std::uint64_t written_ = 0;
  std::string key_;
  std::vector<std::string> to_say_;  // lines, before any other: the name, the question, the rooms
  std::optional<Question> question_;
  std::optional<std::string> pong_due_;
  bool may_ping_ = false;    // a heartbeat is over
  std::uint64_t calls_ = 0;  // pings and questions since something came
  std::optional<unsigned> close_due_;
  bool has_said_name_ = false;
  bool has_said_close_ = false;
  std::optional<std::uint64_t> quit_end_;  // on the wire
  bool has_goodbye_ = false;
  bool is_ended_ = false;       // by the server's FIN
  bool may_wait_long_ = false;  // the server asked for a delay
  std::optional<End> end_;
  Instant since_{};         // the attempt, the link, the server's last words: what has a timeout
  Instant silent_since_{};  // or since we did not listen
  std::uint32_t silent_beats_ = 0;
};

// "logging in -> online at 1000: the server knows the name"
[[nodiscard]] std::string describe(const client::Event& event);

}  // namespace lastword::fuzz
