// The load itself: connections that log in, streams of numbered messages between them, and the
// count of what arrives.
//
//   stream:  sender ── "r00007: 0000000042...." ──► server
//            each receiver ◄── "from s00007: 0000000042...." ── server
//
// Closed loop: a stream has at most `window` messages that have not reached all their receivers.
// Open loop: the messages of several streams are sent in turn at a fixed rate, whatever arrives.
//
// Invariants:
// 1. A receiver gets the messages of a stream numbered 0, 1, 2 ... without a gap or a repetition,
//    each with every byte as it must be. Anything else throws LoadFailure.
// 2. An error line ("! ...") throws; an information line ("* ...") is skipped unless awaited.
// 3. Nothing but rest() and a fixed rate waits for a length of time; patience ends a run only in
//    which nothing happens.
// 4. A latency is counted from the time at which the message was to be sent, not from the one at
//    which the driver came to send it.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "latency_histogram.h"
#include "loopback_socket.h"
#include "server_process.h"
#include "wire.h"

namespace lastword::bench {

// How every delivery begins; then comes the sender's number.
inline constexpr std::string_view delivery_start = "from s";

enum class ConnectionIndex : std::uint32_t {};
enum class StreamIndex : std::uint32_t {};

struct TrafficOptions {
  Address server;
  Transport transport = Transport::lines;
  std::size_t window = 32;          // messages of one stream under way
  std::size_t delivered_size = 64;  // bytes of a delivered line, LF included; in ws one less
  std::chrono::seconds patience{10};
};

struct ConnectionPlan {
  std::string name;
  std::string room{};  // may be empty
  Reception reception = Reception::usual;
};

// A stream as the driver describes it, before the message texts.
struct StreamPlan {
  ConnectionIndex sender{};
  std::string destinations;    // what stands before the colon: "r00007" or "#room00000"
  std::string delivered_head;  // how its deliveries begin: "from s00007: "
  std::uint32_t receiver_count = 0;
  std::size_t delivered_size = 0;  // 0: as in the options
  std::size_t window = 0;          // 0: as in the options
  bool is_background = false;      // run() and run_at_rate() do not wait for its deliveries
};

struct StreamRange {  // [first, first + count)
  StreamIndex first{};
  std::uint32_t count = 0;
};

// How far along all the streams are together.
struct Progress {
  std::uint64_t messages = 0;    // sent
  std::uint64_t deliveries = 0;  // arrived
  std::uint64_t reads = 0;  // calls that brought deliveries in: says how batched the output came
};

// How the open loop waits for the next message's time: asleep, or looking all the time, which needs
// a CPU of its own and spares it the time of waking up.
enum class Pacing : std::uint8_t { sleep, spin };

struct Pace {
  StreamRange streams;  // in turn
  std::uint64_t messages = 0;
  std::uint64_t per_second = 0;
  Pacing pacing = Pacing::sleep;
};

struct Latencies {
  LatencyHistogram delivery;           // of each delivery, from its message's intended time
  LatencyHistogram behind;             // of each message: how late the driver had it sent
  std::chrono::nanoseconds planned{};  // what the messages take at their rate
};

class Traffic {
 public:
  explicit Traffic(TrafficOptions options);
  ~Traffic();
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  // Connects and begins the login. Lets earlier logins finish first where many are under way, so
  // that the listener's backlog is never full.
  ConnectionIndex add_connection(const ConnectionPlan& plan);
  void finish_logins();  // returns when everyone has logged in and spoken once more

  // The senders of the streams that one connection gets are numbered without a gap, in the streams'
  // order: s00004, s00005, ...
  StreamIndex add_stream(const StreamPlan& plan);
  // These streams are what this connection gets.
  void subscribe(ConnectionIndex receiver, StreamRange streams);
  [[nodiscard]] StreamRange all_streams() const;

  // Closed loop: sends this many more messages, spread over the streams, and returns when all have
  // arrived.
  void run(StreamRange streams, std::uint64_t messages);

  // Open loop: likewise, at a fixed rate.
  void run_at_rate(const Pace& pace, Latencies& latencies);

  // Sends as many more messages of one stream as its window allows, and the rest as they arrive.
  void send(StreamIndex stream, std::uint64_t messages);
  // Returns when the server has taken what every stream's sender has sent, delivered or not.
  void await_acceptance();
  // Returns when everything has arrived, of the streams in the background too.
  void await_arrivals();

  // Asks every connection for a pong, senders first: when the receivers' pongs are there,
  // everything that was ever on its way to them is, a repeated last message too.
  void confirm_nothing_more_comes();

  // Sends nothing for so long, but for answers to pings.
  void rest(std::chrono::steady_clock::duration duration);

  // Reads nothing more from a connection, until resume().
  void hold(ConnectionIndex index);
  // Reads so many bytes at most from each connection that is held, a hundred times a second.
  void read_held_slowly(std::size_t bytes);
  void resume_all();

  // A connection that is lent is left alone; its socket is whoever's who asked for it.
  struct Loan {
    int socket = -1;
    Wire wire;  // a copy
  };
  [[nodiscard]] Loan lend(ConnectionIndex index);
  // What was sent and has arrived meanwhile is counted in.
  void take_back(ConnectionIndex index, const Progress& progress);

  // For after the server was asked to stop: reads each connection to its end and closes it. In ws a
  // close frame is answered, and its code must be 1001.
  void read_to_the_end();

  [[nodiscard]] const Progress& progress() const { return progress_; }
  [[nodiscard]] std::uint64_t deliveries_expected() const { return deliveries_expected_; }
  [[nodiscard]] ClientEnd client_end(ConnectionIndex index) const;
  [[nodiscard]] const TrafficOptions& options() const { return options_; }

  // What a server must say at the end that knows a goodbye.
  struct Goodbyes {
    std::size_t missing = 0;           // connections that got none
    std::size_t unclosed = 0;          // in ws: that got no close frame
    std::uint64_t lines_accepted = 0;  // as all of them together say
  };
  [[nodiscard]] Goodbyes goodbyes() const;

 private:
  struct Connection {
    explicit Connection(Transport transport) : wire(transport) {}

    int descriptor = -1;
    std::string name;
    std::string room;  // may be empty
    Wire wire;
    std::string output;
    std::size_t output_sent = 0;
    StreamRange subscription;
    std::vector<std::uint64_t> next_sequence;  // by stream of the subscription
    bool is_changed = false;
    bool is_held = false;
    bool waits_for_room = false;
    bool waits_for_pong = false;
  };
  struct Stream {
    StreamPlan plan;
    std::uint64_t sender_number = 0;
    std::string padding;  // what follows the sequence number
    std::uint64_t goal = 0;
    std::uint64_t sent = 0;
    std::uint64_t completed = 0;         // reached all receivers; these complete in order
    std::vector<std::uint32_t> missing;  // by sequence modulo window: receivers without it
    bool is_ready = false;
  };
  // The open loop under way. Message number k, of the stream k modulo their count, is due at
  // start + k / rate.
  struct Schedule {
    Pace pace;
    std::chrono::steady_clock::time_point start;
    std::vector<std::uint64_t> first_sequences;  // by stream
    Latencies* latencies = nullptr;
    std::chrono::steady_clock::time_point arrived_at;  // of what is being read

    [[nodiscard]] bool is_on() const { return latencies != nullptr; }
    [[nodiscard]] bool covers(StreamIndex stream) const;
    [[nodiscard]] std::chrono::steady_clock::time_point due(std::uint64_t message) const;
    void record(StreamIndex stream, std::uint64_t sequence);
  };

  Connection& at(ConnectionIndex index) { return connections_[static_cast<std::size_t>(index)]; }
  Stream& at(StreamIndex index) { return streams_[static_cast<std::size_t>(index)]; }

  void log_in(ConnectionIndex index);
  void ask_for_pong(ConnectionIndex index);
  void put_ping(ConnectionIndex index);
  void await_pongs(std::size_t still_waiting_max);

  // One turn: everything that is ready is read, then windows are filled, then each changed
  // connection is written once.
  void turn();
  // False if nothing happened before the timeout.
  bool turn_within(std::chrono::nanoseconds timeout);
  void read(ConnectionIndex index, std::size_t bytes_max);
  void read_slowly();
  void take(ConnectionIndex index, const Arrival& arrival);
  void take_close(ConnectionIndex index, std::string_view payload);
  void take_line(ConnectionIndex index, std::string_view line);
  void take_delivery(ConnectionIndex index, std::string_view line);
  void complete_one(StreamIndex index, std::uint64_t sequence);
  void fill_window(StreamIndex index);
  void put_message(Stream& stream);
  // Returns the number of the first that is not due yet.
  std::uint64_t send_what_is_due(std::uint64_t next);
  void expect(Stream& stream, std::uint64_t messages);
  void mark_changed(ConnectionIndex index);
  void write(ConnectionIndex index);
  void close(ConnectionIndex index);
  void watch(ConnectionIndex index, int operation) const;
  [[noreturn]] void fail(ConnectionIndex index, const std::string& what);

  TrafficOptions options_;
  int epoll_;
  std::vector<Connection> connections_;
  std::vector<Stream> streams_;
  std::vector<ConnectionIndex> changed_;
  std::vector<StreamIndex> ready_;
  Schedule schedule_;
  Progress progress_;
  std::uint64_t deliveries_expected_ = 0;
  std::uint64_t deliveries_awaited_ = 0;  // of what is expected and not in the background
  std::size_t pongs_missing_ = 0;
  std::size_t open_connections_ = 0;
  std::size_t close_frames_ = 0;
  std::size_t goodbyes_ = 0;
  std::uint64_t goodbye_lines_ = 0;
  bool is_ending_ = false;  // the server was asked to stop: an end of stream is what we await
  std::vector<ConnectionIndex> held_;
  std::size_t slow_read_size_ = 0;  // 0: nothing is read from who is held
  std::chrono::steady_clock::time_point next_slow_read_;
  std::array<epoll_event, 512> events_;
  std::vector<char> buffer_;
};

}  // namespace lastword::bench
