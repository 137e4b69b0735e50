// Judges every fact: an independent model of the chat, held against what the server says and what
// its kernel was given to send.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/server.h"
#include "sim/environment.h"
#include "sim/excuses.h"
#include "sim/host.h"
#include "sim/kernel.h"
#include "sim/reference.h"
#include "sim/reference_frames.h"

namespace lastword::sim {

// What one life of the server leaves to the next.
struct Legacy {
  FaultKind restart;               // by which the next one comes
  std::vector<bool> was_client{};  // by number: whose connections it had accepted
};

// It judges one life of the server: the connections that its process accepted, and no others.
//
// It learns from the wire: the bytes that the server read, the facts it got, the bytes that the
// kernel took from it. Of the server it asks only what can't be seen from outside: how much of the
// input it has taken (the accept point), in which order it took up paused senders, and the books,
// to compare them with its own.
//
// From these it knows whom each accepted message is for, what has to be said to whom in answer to
// what, and in which order; everything that goes out must be the next thing that had to.
class Oracle final : public Witness {
 public:
  // `legacy` is of the life before this one, if there was any.
  Oracle(Config config, std::optional<Legacy> legacy)
      : config_{std::move(config)}, legacy_{std::move(legacy)} {}
  // To be called before the first fact, and in each copy.
  void bind(Environment& environment, Kernel& kernel, Excuses& excuses, const Host& host) {
    environment_ = &environment;
    kernel_ = &kernel;
    excuses_ = &excuses;
    host_ = &host;
  }

  // --- What happens ----------------------------------------------------------------------------

  void before(const Fact& fact) override;
  void after(const Fact& fact) override;
  void taken(Link link, std::span<const Slice> slices, std::size_t size) override;
  void finishing(Link link) override;
  void closing(Link link) override;
  void log_taken() override { events_seen_ = 0; }

  // The server's process was killed: nothing is promised any more.
  void killed() { was_killed_ = true; }
  // Everything has come to rest after the end of the last process.
  void judge_end(const std::optional<lastword::Report>& report);

  // --- What can be asked -----------------------------------------------------------------------

  enum class Stage : std::uint8_t { unknown, naming, online, leaving, gone };
  [[nodiscard]] Stage stage(Link link) const {
    return link < peers_.size() ? peers_[link].stage : Stage::unknown;
  }
  // Its process has accepted it.
  [[nodiscard]] bool is_known(Link link) const { return stage(link) != Stage::unknown; }
  [[nodiscard]] bool is_fair(Link link) const {
    return is_known(link) && !excuses_->is_touched(link);
  }
  // Bytes of whole lines that the server was given and has not taken.
  [[nodiscard]] bool has_untaken(Link link) const;
  // Something that had to be said to the peer was not given to the kernel, or was not read yet.
  [[nodiscard]] bool has_undelivered(Link link) const;
  [[nodiscard]] bool has_unanswered(Link link) const;
  // A message waits for the peer, and the kernel has nothing of it.
  [[nodiscard]] bool has_unwritten_delivery(Link link) const;
  // Everything is said to it, and it has not let go.
  [[nodiscard]] bool is_lingering(Link link) const {
    return link < peers_.size() && peers_[link].is_finished && peers_[link].stage != Stage::gone;
  }
  [[nodiscard]] std::size_t open_connections() const;
  // Everything that the peer was told, as a digest.
  [[nodiscard]] std::uint64_t transcript(Link link) const {
    return link < peers_.size() ? peers_[link].transcript.value() : 0;
  }
  [[nodiscard]] std::string described(Link link) const { return who(link); }
  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] bool is_stopped() const { return stops_ > 0; }
  [[nodiscard]] std::uint32_t stops() const { return stops_; }
  [[nodiscard]] Instant stopped_at() const { return stopped_at_; }
  [[nodiscard]] Instant stopped_again_at() const { return stopped_again_at_; }
  [[nodiscard]] std::uint64_t accepted() const { return messages_.size(); }
  // The texts of the client's messages that were accepted, in their order.
  void append_accepted_from(Chooser client, std::vector<std::string>& out) const;
  [[nodiscard]] std::uint64_t deliveries() const { return deliveries_.size() + refused_; }
  [[nodiscard]] const std::string& name_of(Link link) const { return peers_[link].name; }
  [[nodiscard]] std::optional<Link> link_named(const std::string& name) const;
  // That the peer is in.
  [[nodiscard]] const std::vector<std::string>& rooms_of(Link link) const {
    return peers_[link].rooms;
  }

 private:
  using Room = std::string;

  struct Message {
    Link sender;
    std::string text;
  };
  struct Delivery {
    enum class State : std::uint8_t { queued, written, failed };
    std::uint32_t message;
    Link to;
    State state = State::queued;
    Failure failure{};
    std::uint64_t end = 0;  // written: offset in the stream to the peer behind its line
    std::string room{};     // through which it is meant; empty: by name
  };

  // What there is to know of a peer that speaks WebSocket.
  struct Frames {
    explicit Frames(std::size_t message_max) : said{message_max} {}

    std::string request;    // what has come of it
    unsigned status = 0;    // with which it has to be answered; 0: not known yet
    bool is_extra = false;  // there is no place for it
    bool is_answered = false;
    reference::ClientFrames said;          // by the client
    std::size_t taken = 0;                 // units of it that the server has taken
    std::deque<std::string> pongs;         // that are due, by payload
    std::uint32_t frames_before_pong = 0;  // that may come before the first of them
    std::optional<std::string> close;      // the Close that is due: how its payload begins
    bool is_close_said = false;
    bool is_rest_free = false;  // it was dropped within a frame: the rest of that may be anything
    bool is_cut = false;        // nothing more can come
    Instant close_said_at{};
    std::uint64_t close_end = 0;  // offset behind it in the stream to the peer
    std::int64_t late_pings = 0;  // that may still come: it was silent when they were made
    Instant quiet_since{};        // since when it could have been heard and was not
  };

  struct Peer {
    Stage stage = Stage::unknown;
    std::optional<Frames> frames;  // of a WebSocket
    std::optional<ConnectionId> id;
    std::string name;
    std::vector<Room> rooms;  // in the order of joining
    // What it said
    std::string input;         // received, not taken
    bool is_skipping = false;  // within a line that is too long
    bool has_ended = false;
    std::uint64_t accepted = 0;  // messages
    // What has to be said to it, each in its order
    std::vector<std::uint32_t> deliveries;
    std::size_t first_delivery = 0;
    std::vector<std::string> answers;  // how each begins
    std::size_t first_answer = 0;
    std::vector<std::string> reports;
    std::vector<std::string> notices;  // may be left out
    bool is_goodbye_due = false;
    bool was_goodbye_said = false;
    Digest transcript;                // of all lines that it was told
    std::string line;                 // said to it, not yet at its LF
    std::uint64_t said = 0;           // bytes
    std::uint64_t delivered_end = 0;  // of them, behind the last message
    // When
    Instant accepted_at{};
    Instant last_heard{};
    Instant was_empty_at{};  // the last time at which nothing was queued for it
    Instant finished_at{};
    Instant dropped_at{};
    bool is_finished = false;
    bool was_cut_off = false;
    std::uint8_t last_end = 0;  // of its wish
  };

  // --- Facts -----------------------------------------------------------------------------------
  void accepted(const Fact& fact);
  void broke_down(const Fact& fact);
  void timed_out(Link link);
  void dropped_slow(Link link, std::uint64_t lost);
  void told(const lastword::Event& event, const Fact& fact);
  void stopped();
  void cut_off();

  // --- Frames (oracle_frames.cc) ---------------------------------------------------------------
  void hear_frames(Link link, std::string_view bytes);
  void take_units(Link link);
  void take_unit(Link link, const reference::Unit& unit);
  void expect_close(Link link, unsigned code);
  void told_of_frames(const lastword::Event& event, Link link);
  void unresponsive(Link link);
  void said_frames(Link link);
  void said_answer(Link link);
  void said_frame(Link link, const reference::Frame& frame);
  void said_control(Link link, const reference::Frame& frame);
  void check_frames_at_end(Link link);
  void check_heartbeats();

  // --- Lines -----------------------------------------------------------------------------------
  void take_lines(Link link);
  void take_line(Link link, std::string_view line);
  void log_in(Link link, std::string_view line);
  void take_message(Link link, const reference::Message& message);
  void take_command(Link link, const reference::Asked& asked);
  void leave_if_ended(Link link);
  void log_out(Link link, bool is_told);
  void leave_room(Link link, const Room& room, bool is_told);
  void fail_queue(Link link, Failure failure, std::size_t kept = 0);
  void expect_answer(Link link, std::string text);
  void expect_notice(Link except, const Room& room, const std::string& text);

  // --- What is said ----------------------------------------------------------------------------
  void said(Link link, std::string_view line);
  void said_message(Link link, std::string_view line);
  void compare_with_others(Link link, std::size_t place);
  void said_goodbye(Link link, std::string_view line);
  void said_undelivered(Link link, std::string_view line);
  [[nodiscard]] std::string rendering(const Delivery& delivery) const;

  // --- Checks ----------------------------------------------------------------------------------
  void check_books();
  void check_bounds(Link link);
  void check_memory();
  void check_wish(Link link);
  void make_twin(const Fact& fact);
  void check_twin(const Fact& fact);
  void check_commutation(const Fact& fact);
  // A process that stood still for long could give nobody anything in time.
  [[nodiscard]] bool stood_still() const { return host_->paused() > config_.stall_timeout / 3; }
  [[nodiscard]] std::size_t bound_of(const Peer& peer) const;
  [[nodiscard]] std::string who(Link link) const;
  [[nodiscard]] std::string quoted(const Delivery& delivery) const;
  [[nodiscard]] std::optional<std::size_t> untaken_unit(const Peer& peer) const;
  [[nodiscard]] Link link_of(ConnectionId id) const;
  // It is about those whom `who` was asked for while the text was made.
  void broke(Property property, std::string text) {
    environment_->broke(property, std::move(text), mentioned_);
  }

  Config config_;
  std::optional<Legacy> legacy_;
  Environment* environment_ = nullptr;
  Kernel* kernel_ = nullptr;
  Excuses* excuses_ = nullptr;
  const Host* host_ = nullptr;

  std::vector<Peer> peers_;  // by link
  std::map<std::string, Link> names_;
  std::map<Room, std::vector<Link>> rooms_;  // members in the order of joining
  std::vector<Link> by_slot_;                // of the connections that the server has now
  std::vector<Message> messages_;
  std::vector<Delivery> deliveries_;
  std::uint64_t refused_ = 0;  // deliveries to nobody
  std::uint64_t written_ = 0;  // deliveries that the kernel took wholly
  std::array<std::uint64_t, failure_count> failed_{};
  std::uint64_t connections_ = 0;
  std::size_t events_seen_ = 0;
  std::uint64_t taken_lines_ = 0;  // in this fact
  std::vector<Link> pushed_;       // who was to be told something in this fact
  std::uint32_t stops_ = 0;
  Instant stopped_at_{};
  Instant stopped_again_at_{};
  bool was_killed_ = false;
  bool is_memory_full_ = false;
  Instant heartbeats_checked_at_{};
  std::uint64_t digest_before_ = 0;         // of a stale fact
  mutable std::vector<Chooser> mentioned_;  // in texts about violations
  std::optional<Server> twin_;
  std::vector<std::byte> twin_bytes_;
  std::size_t twin_cut_ = 0;
};

}  // namespace lastword::sim
