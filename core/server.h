// The whole server but for its input and output.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/books.h"
#include "core/broker.h"
#include "core/bytes.h"
#include "core/config.h"
#include "core/connection_id.h"
#include "core/event.h"
#include "core/instant.h"
#include "core/line_framer.h"
#include "core/line_parser.h"
#include "core/outbox.h"
#include "core/part.h"
#include "core/paused_senders.h"
#include "core/replies.h"
#include "core/report.h"
#include "core/timer_table.h"
#include "core/transfer.h"
#include "core/transport.h"
#include "core/websocket/deflate.h"
#include "core/websocket/frame.h"
#include "core/websocket/message_reader.h"
#include "core/websocket/session.h"
#include "core/wire.h"

namespace lastword {

// How a connection is to end. Only ever moves forward.
enum class End : std::uint8_t {
  open,     // not at all, for now
  fin,      // end the sending side; go on reading
  release,  // close it, and say when nothing of it is in flight any more
};

// What the driver is to do with one connection, until it hears otherwise.
struct Wish {
  bool read = false;     // bring received bytes
  bool write = false;    // there is something to gather
  bool confirm = false;  // say once whether the peer's kernel has acknowledged all
  End end = End::open;

  friend bool operator==(const Wish&, const Wish&) = default;
};

enum class Listen : std::uint8_t { open, paused, closed };

// A chat server as a value: facts go in, wishes come out, nothing else happens.
//
// Facts are what the driver saw, in the order in which it saw them, each with the time at which it
// did (never earlier than the one before). Wishes are the state that the driver is to bring about:
// each connection's Wish, the listener's state and the next deadline. A wish repeated is harmless,
// and none can be lost: `take_changed` names the connections to look at again.
//
// A fact about a connection that is already released, or about an earlier owner of its slot, has no
// effect. One thread owns a server; a copy of it is a snapshot.
//
// Invariants (checked after every fact, the costly ones by `check_invariants`):
//  1. The books balance: deliveries = written + queued + failed, in total and for each connection.
//  2. No outbox holds more than outbox_max, all together no more than memory_max, but for a single
//     message in an empty outbox, for the reports of failed deliveries, one line for each, and for
//     the one line that an ending connection is still told.
//  3. A paused sender waits for exactly one thing: a full outbox, the full memory, or its turn.
//  4. The shutdown and the end of each connection only move forward.
class Server {
 public:
  explicit Server(const Config& config);

  // --- Facts ---------------------------------------------------------------------------------

  // A connection was accepted by the listener of this transport. Nothing comes back where there is
  // no place for it, not even to say so: the driver closes it.
  [[nodiscard]] std::optional<ConnectionId> accepted(Instant now,
                                                     Transport transport = Transport::lines);
  // The system refused to accept for want of descriptors or memory.
  void accept_failed(Instant now);
  // Bytes arrived; all of them are taken. They may be changed in place.
  void received(Instant now, ConnectionId id, std::span<std::byte> bytes);
  // The peer ended its sending side (FIN).
  void ended(Instant now, ConnectionId id);
  // The kernel took the first `bytes` of what `gather` showed.
  void wrote(Instant now, ConnectionId id, std::size_t bytes);
  // The answer to Wish::confirm: whether the peer's kernel has acknowledged every byte and the FIN.
  void acknowledged(Instant now, ConnectionId id, bool has_everything);
  // The connection broke.
  void failed(Instant now, ConnectionId id, Fault fault);
  // Nothing of the connection is in flight any more; its slot may be used again.
  void released(Instant now, ConnectionId id);
  // Time has passed. A driver may be late, never early.
  void elapsed(Instant now);
  // A stop was asked for; the second one ends the drain at once.
  void stop(Instant now, StopReason reason);

  // --- Wishes --------------------------------------------------------------------------------

  // Moves the connections whose wish may have changed, or that have something to write, into `out`
  // (which is cleared first), each once, in the order in which they changed.
  void take_changed(std::vector<ConnectionId>& out);
  [[nodiscard]] bool has_changed() const { return !changed_.empty(); }
  [[nodiscard]] Wish wish(ConnectionId id) const;
  // What to write next, for one writev; good until the next fact. Returns the number of slices.
  [[nodiscard]] std::size_t gather(ConnectionId id, std::span<Slice> out) const;
  [[nodiscard]] Listen listen() const;
  [[nodiscard]] std::optional<Deadline> deadline() const;
  // The report, once the drain is over and every connection is released.
  [[nodiscard]] std::optional<Report> finished() const;

  // Whether the driver should now give back to the system what was freed after a burst, as the
  // allocator keeps it between what lives on; says so once.
  [[nodiscard]] bool take_trim() { return std::exchange(is_trim_due_, false); }

  // --- Looking in ----------------------------------------------------------------------------

  // Moves what happened since the last call into `out` (which is cleared first). At most
  // `events_max` are kept (of paused and resumed only as long as half of the room is left); the
  // number of others beyond that comes back.
  std::uint64_t take_events(std::vector<Event>& out);
  static constexpr std::size_t events_max = 4096;
  // Of a turn with more events, their memory is given back.
  static constexpr std::size_t events_kept_max = 512;
  // Those that are kept now, without taking them. Good until the next fact.
  [[nodiscard]] std::span<const Event> events() const { return events_; }
  // The name that the connection has or had; empty if none, or if the connection is long gone.
  [[nodiscard]] std::string_view name_of(ConnectionId id) const;
  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] const Books& books() const { return books_; }
  // Bytes queued for all peers together.
  [[nodiscard]] std::size_t queued_bytes() const { return memory_.queued_bytes(); }
  // Connections that hold a slot.
  [[nodiscard]] std::size_t connection_count() const { return live_count_; }

  // Bytes queued for the peer, and its books.
  struct PeerView {
    std::size_t queued_bytes;
    std::size_t held_bytes;  // received and not taken yet
    bool is_paused;
    std::uint64_t units_taken;  // messages and control frames of a WebSocket's
    ConnectionBooks books;
  };
  [[nodiscard]] std::optional<PeerView> peer(ConnectionId id) const;

  // A digest of everything that can make a difference later: names and contents, not addresses or
  // the places of memory; times as seen from the last fact.
  [[nodiscard]] std::uint64_t digest() const;
  // Stops the program if an invariant does not hold. Linear in everything.
  void check_invariants() const;

 private:
  // The life of a connection. Only ever moves forward, until the slot is used again.
  enum class Stage : std::uint8_t {
    vacant,       // the slot is free
    handshaking,  // a WebSocket client whose request has not come yet
    naming,       // nothing is known of it yet but its address
    online,       // logged in
    flushing,     // it is ending; what is queued goes out, what comes in is thrown away
    closing,      // everything is written, a Close too; waiting for the peer's Close
    finishing,    // everything is written and the FIN sent; waiting for the peer to let go
    releasing,    // the driver is closing it
  };
  static constexpr std::uint32_t no_session = UINT32_MAX;

  struct Connection {
    Part<LineFramer> input;  // unless it is at rest
    Outbox outbox;
    ConnectionBooks books;
    Instant last_received{};      // while finishing
    std::uint64_t queued_in = 0;  // the turn in which something was queued for it; 0: nothing is
    std::size_t stall_mark = 0;   // where the outbox has to come down to, while it is watched
    std::uint32_t generation = 0;
    std::uint32_t unseen_notices = 0;
    std::uint32_t session = no_session;  // index of its WebSocket session
    Wire wire = Wire::line;
    Stage stage = Stage::vacant;
    bool is_marked = false;       // stands in changed_
    bool is_full = false;         // no room until the outbox is down to stall_mark
    bool is_watched = false;      // stall_mark means something
    bool has_peer_ended = false;  // its FIN came
    bool is_confirm_wanted = false;
    bool is_extra = false;    // beyond connections_max, just to be told so
    bool has_failed = false;  // for the report
  };

  // A batch: messages of one fact from one sender to the same several addressees. As long as
  // everybody certainly has room for them, they are stored, and given out all at once.
  struct FanOut {
    Slot sender = no_slot;       // nobody: there is none
    std::size_t queued_max = 0;  // bytes for the one who has most, what is pending included
    std::array<SharedRun, wire_count> pending{};
  };

  enum class Progress : std::uint8_t { done, paused };
  // What of a queue outlives its failure.
  enum class Kept : std::uint8_t { nothing, rest_of_frame };
  enum class Phase : std::uint8_t { serving, draining, finished };

  // Table of connections.
  [[nodiscard]] Connection& at(Slot slot) { return connections_[index_of(slot)]; }
  [[nodiscard]] const Connection& at(Slot slot) const { return connections_[index_of(slot)]; }
  [[nodiscard]] ConnectionId id_of(Slot slot) const { return {slot, at(slot).generation}; }
  [[nodiscard]] bool is_current(ConnectionId id) const;
  // What is queued was offered to the kernel before, and some of it was not taken.
  [[nodiscard]] bool is_stuck(Slot slot) const {
    return at(slot).queued_in != 0 && at(slot).queued_in != turn_;
  }
  [[nodiscard]] Slot take_slot();
  void begin_fact(Instant now);
  void end_fact();
  void mark(Slot slot);
  void tell(EventKind kind, ConnectionId id = {}, std::uint64_t count = 0);
  [[nodiscard]] std::uint64_t freed_bytes() const {
    return memory_.freed_bytes() + framing_.spare_buffers.freed_bytes();
  }
  [[nodiscard]] bool has_freed_much() const {
    return freed_bytes() - trimmed_bytes_ >= config_.freed_bytes_min;
  }
  void trim();

  // Lines (server_lines.cc).
  void take_input(Slot slot);
  void take_lines(Slot slot);
  [[nodiscard]] LineFramer& framer_of(Slot slot);
  Progress take_line(Slot slot, std::string_view text);
  Progress refuse_long_line(Slot slot);
  void end_with_peer(Slot slot);
  [[nodiscard]] bool wait_for_own_room(Slot slot);
  void log_in(Slot slot, std::string_view line);
  void refuse_login(Slot slot);
  Progress act(Slot slot, const Line& line);
  Progress join(Slot slot, RoomName room);
  Progress leave(Slot slot, RoomName room);
  Progress who(Slot slot, std::string_view room);
  Progress quit(Slot slot);
  Progress reply(Slot slot);
  void tell_members(Slot except, RoomId room);
  [[nodiscard]] bool has_room_for_members(Slot sender, RoomId room, std::size_t reply_size);

  // Messages (server_messages.cc).
  Progress send(Slot slot, const line::Message& message);
  [[nodiscard]] bool is_resolved(Slot sender, std::string_view destinations) const;
  void resolve(Slot sender, std::string_view destinations);
  [[nodiscard]] bool follow(Slot sender, std::string_view text);
  void deliver_pending();
  void end_fan_out();
  [[nodiscard]] std::size_t renderings_size(std::size_t size) const;
  [[nodiscard]] std::size_t shared_text_size(std::size_t size) const;
  [[nodiscard]] const MessageHeader& header_for(Slot sender, RoomId room);
  [[nodiscard]] websocket::Opcode opcode_for(std::string_view text);
  template <typename Put>
  void render(Wire wire, std::string_view header, std::string_view text, const Put& put);
  void deliver_to_one(Slot sender, Addressee addressee, std::string_view text);
  [[nodiscard]] std::array<SharedRun, wire_count> share(Slot sender, std::string_view text);
  void deliver_shared(Slot sender, std::string_view text);
  void deliver_in_forms(Slot sender, std::string_view text);

  // WebSocket (server_websocket.cc).
  [[nodiscard]] bool is_websocket(Slot slot) const { return at(slot).session != no_session; }
  [[nodiscard]] bool is_upgraded(Slot slot) const;
  [[nodiscard]] websocket::Session& session_of(Slot slot) { return sessions_[at(slot).session]; }
  [[nodiscard]] const websocket::Session& session_of(Slot slot) const {
    return sessions_[at(slot).session];
  }
  [[nodiscard]] websocket::Reading reading();
  [[nodiscard]] websocket::MessageReader& reader_of(Slot slot);
  void rest(Slot slot);
  void give_head_back(websocket::Session& session);
  void take_session(Slot slot);
  void give_session_back(Slot slot);
  void shake_hands(Slot slot, std::span<std::byte> bytes);
  [[nodiscard]] static Wire wire_for(websocket::Compression compression);
  void take_messages(Slot slot);
  Progress take_item(Slot slot, const websocket::MessageReader::Item& item);
  Progress take_message(Slot slot, std::string_view text);
  Progress answer_ping(Slot slot, Bytes payload);
  void answer_close(Slot slot, std::uint16_t code);
  void heard(Slot slot);
  void beat(Slot slot, Instant due);
  void drop_unresponsive(Slot slot);
  void push_close(Slot slot, std::uint16_t code, std::string_view reason);
  void search_for_close(Slot slot, std::span<std::byte> bytes);
  void look_for_close(Slot slot);
  void await_close(Slot slot);

  // Queues and back-pressure (server_queues.cc).
  [[nodiscard]] bool has_room(Slot sender, Slot addressee, std::size_t size);
  [[nodiscard]] bool has_memory(Slot sender, std::size_t size);
  [[nodiscard]] std::size_t scratch_size_on(Wire wire) const;
  void push_scratch(Slot slot);
  [[nodiscard]] SharedText share_scratch(Wire wire, std::uint32_t holders);
  void pushed(Slot slot);
  void watch(Slot slot, std::size_t mark);
  void reached_mark(Slot slot);
  void tell_unseen(Slot slot);
  void unwatch(Slot slot);
  void fill_memory();
  void free_memory();
  void let_ready_go_on();
  [[nodiscard]] std::uint64_t fail_queue(Slot slot, Failure failure, Kept kept);
  void report_failure(ConnectionId sender);

  // Endings (server_endings.cc).
  void log_out(Slot slot, bool is_telling_rooms);
  void begin_flushing(Slot slot, websocket::CloseCode code);
  void forget_input(Connection& connection);
  void finish_if_flushed(Slot slot);
  void finish(Slot slot);
  void release(Slot slot);
  void drop_slow(Slot slot);
  void close_timed_out(Slot slot);
  void login_timed_out(Slot slot);
  void linger(Slot slot);
  void start_drain(StopReason reason);
  void cut_off();
  void finish_if_empty();
  void expire(const TimerTable::Entry& entry);

  Config config_;
  Framing framing_;
  OutboxMemory memory_;
  Broker broker_;
  PausedSenders paused_;
  TimerTable timers_;
  Books books_;
  std::vector<Connection> connections_;
  std::vector<Slot> vacant_;
  std::vector<websocket::Session> sessions_;
  std::vector<std::uint32_t> vacant_sessions_;
  SpareParts<websocket::RequestHead> spare_heads_;
  SpareParts<websocket::MessageReader> spare_readers_;
  SpareParts<LineFramer> spare_framers_;
  std::vector<ConnectionId> changed_;
  std::vector<Event> events_;
  std::uint64_t events_lost_ = 0;
  std::uint64_t turn_ = 1;  // counts calls of take_changed
  std::size_t live_count_ = 0;
  std::size_t extra_count_ = 0;
  Instant now_{};
  Instant stopped_at_{};
  Instant finished_at_{};
  StopReason stop_reason_{};
  Phase phase_ = Phase::serving;
  std::size_t memory_mark_ = 0;  // where the memory has to come down to, while it is full
  bool is_memory_full_ = false;
  bool is_accept_failing_ = false;  // since the last connection that was accepted
  bool is_trim_due_ = false;
  std::uint64_t trimmed_bytes_ = 0;  // freed before the last trim

  // Kept for their memory; empty of meaning between facts.
  Addressing addressing_;
  // Whose DESTs it is that addressing_ answers.
  struct {
    Slot sender = no_slot;
    std::uint64_t version = 0;  // of the broker
    std::string destinations;
  } resolved_;
  FanOut fan_out_;
  std::size_t work_ = 0;  // of this fact so far
  struct {
    Slot sender = no_slot;
    RoomId room = no_room;
    MessageHeader header;
  } last_header_;
  std::string scratch_;
  std::array<std::uint32_t, wire_count> holders_{};  // addressees of the message, by form
  std::optional<websocket::Opcode> opcode_;          // of the message
  std::vector<std::byte> compressed_;
  websocket::Inflater inflater_;
  websocket::Deflater deflater_;
};

}  // namespace lastword
