// The load itself: connections that log in, streams of numbered messages between them, and the
// count of what arrives.
//
//   stream:  sender ── "r00007: 0000000042...." ──► server
//            each receiver ◄── "from s00007: 0000000042...." ── server
//
// Closed loop: a stream has at most `window` messages that have not reached all their receivers.
//
// Invariants:
// 1. A receiver gets the messages of a stream numbered 0, 1, 2 ... without a gap or a repetition,
//    each with every byte as it must be. Anything else throws LoadFailure.
// 2. An error line ("! ...") throws; an information line ("* ...") is skipped unless awaited.
// 3. Nothing but rest() waits for a length of time; patience ends a run only in which nothing
//    happens.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server_process.h"
#include "wire.h"

namespace lastword::bench {

enum class ConnectionIndex : std::uint32_t {};
enum class StreamIndex : std::uint32_t {};

struct TrafficOptions {
  Address server;
  Transport transport = Transport::lines;
  std::size_t window = 32;          // messages of one stream under way
  std::size_t delivered_size = 64;  // bytes of a delivered line, LF included; in ws one less
  std::chrono::seconds patience{10};
};

// A stream as the driver describes it, before the message texts.
struct StreamPlan {
  ConnectionIndex sender{};
  std::string destinations;    // what stands before the colon: "r00007" or "#room"
  std::string delivered_head;  // how its deliveries begin: "from s00007: "
  std::uint32_t receiver_count = 0;
};

// How far along all the streams are together.
struct Progress {
  std::uint64_t messages = 0;    // sent
  std::uint64_t deliveries = 0;  // arrived
  std::uint64_t reads = 0;       // calls that brought bytes in: says how batched the output came
};

class Traffic {
 public:
  explicit Traffic(TrafficOptions options);
  ~Traffic();
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  // Connects and begins the login; room may be empty. Lets earlier logins finish first where many
  // are under way, so that the listener's backlog is never full.
  ConnectionIndex add_connection(const std::string& name, const std::string& room);
  void finish_logins();  // returns when everyone has logged in and spoken once more

  StreamIndex add_stream(const StreamPlan& plan);
  // The streams [first, first + count) are what this connection gets.
  struct Subscription {
    StreamIndex first{};
    std::uint32_t count = 0;
  };
  void subscribe(ConnectionIndex receiver, Subscription streams);

  // Sends this many more messages, spread over the streams, and returns when all have arrived.
  void run(std::uint64_t messages);

  // Asks every connection for a pong, senders first: when the receivers' pongs are there,
  // everything that was ever on its way to them is, a repeated last message too.
  void confirm_nothing_more_comes();

  // Sends nothing for so long, but for answers to pings.
  void rest(std::chrono::steady_clock::duration duration);

  // For after the server was asked to stop: reads each connection to its end and closes it. In ws a
  // close frame is answered, and its code must be 1001.
  void read_to_the_end();

  [[nodiscard]] const Progress& progress() const { return progress_; }
  [[nodiscard]] std::uint64_t deliveries_expected() const { return deliveries_expected_; }
  // Those that ended without a close frame where there has to be one.
  [[nodiscard]] std::size_t connections_not_closed_in_order() const;

 private:
  struct Connection {
    explicit Connection(Transport transport) : wire(transport) {}

    int descriptor = -1;
    std::string name;
    std::string room;  // may be empty
    Wire wire;
    std::string output;
    std::size_t output_sent = 0;
    Subscription subscription;
    std::vector<std::uint64_t> next_sequence;  // by stream of the subscription
    bool is_changed = false;
    bool waits_for_room = false;
    bool waits_for_pong = false;
  };
  struct Stream {
    StreamPlan plan;
    std::string padding;  // what follows the sequence number
    std::uint64_t goal = 0;
    std::uint64_t sent = 0;
    std::uint64_t completed = 0;         // reached all receivers; these complete in order
    std::vector<std::uint32_t> missing;  // by sequence modulo window: receivers without it
    bool is_ready = false;
  };

  Connection& at(ConnectionIndex index) { return connections_[static_cast<std::size_t>(index)]; }
  Stream& at(StreamIndex index) { return streams_[static_cast<std::size_t>(index)]; }

  int connect_from_a_free_address();
  void log_in(ConnectionIndex index);
  void ask_for_pong(ConnectionIndex index);
  void put_ping(ConnectionIndex index);
  void await_pongs(std::size_t still_waiting_max);

  // One turn: everything that is ready is read, then windows are filled, then each changed
  // connection is written once.
  void turn();
  // False if nothing happened before the timeout.
  bool turn_within(std::chrono::milliseconds timeout);
  void read(ConnectionIndex index);
  void take(ConnectionIndex index, const Arrival& arrival);
  void take_close(ConnectionIndex index, std::string_view payload);
  void take_line(ConnectionIndex index, std::string_view line);
  void take_delivery(ConnectionIndex index, std::string_view line);
  void complete_one(StreamIndex index, std::uint64_t sequence);
  void fill_window(StreamIndex index);
  void mark_changed(ConnectionIndex index);
  void write(ConnectionIndex index);
  void close(ConnectionIndex index);
  void watch(ConnectionIndex index, int operation, std::uint32_t interest) const;
  [[noreturn]] void fail(ConnectionIndex index, const std::string& what);

  TrafficOptions options_;
  int epoll_;
  std::vector<Connection> connections_;
  std::vector<Stream> streams_;
  std::vector<ConnectionIndex> changed_;
  std::vector<StreamIndex> ready_;
  Progress progress_;
  std::uint64_t deliveries_expected_ = 0;
  std::size_t pongs_missing_ = 0;
  std::size_t open_connections_ = 0;
  std::size_t close_frames_ = 0;
  bool is_ending_ = false;  // the server was asked to stop: an end of stream is what we await
  std::array<epoll_event, 512> events_;
  std::vector<char> buffer_;
};

}  // namespace lastword::bench
