// The production client behind its pump, and all that is around it: a network in memory, an
// application, and a server that says what the fuzzer wants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/client/client.h"
#include "core/client/client_pump.h"
#include "fuzz/client_script.h"
#include "fuzz/reference_client.h"

namespace lastword::fuzz {

// What is so from the beginning.
struct Situation {
  client::Config config{};
  client::Seed seed{};
  bool is_upgrading = false;         // the server answers each WebSocket request rightly, by itself
  bool is_welcoming = false;         // and the question behind each name
  Duration release_delay{};          // until the system has let a closed link go
  bool is_released_at_once = false;  // within the call that closes it
};

// How the same script is played.
struct Manner {
  std::string_view name;                // for whoever reads of it
  std::size_t read_max = SIZE_MAX;      // bytes of one read
  std::span<const std::size_t> cuts{};  // the same of each, over and over; none: read_max
  // Where a read ends in any case: offsets in the stream of all links.
  const std::vector<std::size_t>* stops = nullptr;
  bool is_hurried = false;  // all that is ready is told in one turn
};

// What came of it, as the client's surroundings saw it: the same however its bytes are cut.
struct Course {
  std::vector<std::string> lines;    // that the application took
  std::vector<std::string> events;   // with their texts
  std::vector<std::string> written;  // on each link
  std::vector<std::string> digests;  // from time to time
};

class HostileServer {
 public:
  HostileServer(const Situation& situation, const Manner& manner);
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;
  ~HostileServer() = default;

  // From the start of the client until it is gone. Once.
  void play(std::string_view text);
  [[nodiscard]] const Course& course() const { return course_; }
  // Where in the stream the client did something that a later byte may depend on, as long as each
  // byte was read alone.
  [[nodiscard]] const std::vector<std::size_t>& stops() const { return stops_; }

  // --- The pump's network ---------------------------------------------------------------------

  [[nodiscard]] Instant now() const { return now_; }
  void connect(client::Link link);
  [[nodiscard]] Transfer read(client::Link link, std::span<std::byte> buffer);
  [[nodiscard]] Transfer write(client::Link link, Bytes bytes);
  void await_readable(client::Link link);
  void await_writable(client::Link link);
  void close(client::Link link);
  void wake_at(const std::optional<client::Deadline>& deadline);

 private:
  // What the client did so far, as far as a later byte may depend on it.
  struct Traces {
    client::Wish wish{};
    client::State state{};
    std::size_t rendered = 0;
    std::uint64_t fates = 0;

    friend bool operator==(const Traces&, const Traces&) = default;
  };

  // An event changes one of these.
  struct Signs {
    client::State state{};
    client::Reason reason{};
    client::Counts counts{};

    friend bool operator==(const Signs&, const Signs&) = default;
  };
  // What comes of an attempt: 0: a link, then the faults.
  static constexpr std::size_t never_answered = 6;

  // The script (hostile_script.cc)
  void take(const Step& step);
  void take_of_link(const Step& step);
  void take_of_application(const Step& step);
  void say(std::string_view bytes);
  void put(std::string_view bytes);
  [[nodiscard]] std::string message_of(std::string_view text) const;
  [[nodiscard]] std::string frame_of(std::uint8_t first_byte, std::string_view text) const;
  [[nodiscard]] std::string expand(std::string_view text) const;
  [[nodiscard]] std::string accept_key() const;
  void break_link(std::uint8_t number);
  void give(const std::string& line);
  void pass(std::uint8_t number);
  void stand_still(std::uint8_t number);
  void await_link();
  void end();

  // The world (hostile_server.cc)
  void settle();
  [[nodiscard]] bool turn();
  void tell_attempt();
  void tell_released();
  [[nodiscard]] bool greet();
  [[nodiscard]] bool is_attempt_due() const;
  [[nodiscard]] bool is_release_due() const;
  [[nodiscard]] bool is_read_due() const;
  [[nodiscard]] bool is_write_due() const;
  [[nodiscard]] bool is_due() const;
  [[nodiscard]] std::size_t next_read(std::size_t room);
  [[nodiscard]] std::optional<Instant> next_event() const;
  [[nodiscard]] bool is_worn_out() const;
  void run_until(Instant until);
  [[nodiscard]] bool has_news() const;
  void application();
  void take_line();
  void look();
  void look(const std::vector<client::Event>& events);
  [[nodiscard]] Traces traces() const;
  void note_stop();

  Situation situation_;
  Manner manner_;
  Client client_;
  ReferenceClient reference_;
  std::array<std::byte, 4096> buffer_{};
  ClientPump<HostileServer> pump_;
  Course course_;
  Instant now_{1'000'000'000};

  // The network
  std::optional<std::size_t> attempt_;  // under way; what comes of it
  std::size_t attempts_come_to_ = 0;
  bool has_link_ = false;
  bool is_silent_ = false;
  bool has_ended_ = false;
  std::optional<Fault> fault_;
  std::string inbound_;            // said on this link
  std::size_t inbound_taken_ = 0;  // read by the client
  std::size_t write_budget_ = SIZE_MAX;
  std::size_t write_max_ = SIZE_MAX;
  client::Link link_ = client::no_link;  // of the last attempt
  bool is_awaiting_readable_ = false;
  bool is_awaiting_writable_ = false;
  std::optional<Instant> release_at_;
  std::size_t greeting_end_ = 0;  // in inbound_; up to there it is read in one piece
  bool has_upgraded_ = false;     // by itself
  bool has_welcomed_ = false;
  bool was_called_ = false;  // by the pump, with something that changes the client
  bool has_said_ = false;    // something, and it is not settled
  bool has_acted_ = false;   // the application, likewise

  // The application
  bool is_taking_lines_ = true;
  bool is_taking_events_ = true;
  std::size_t events_seen_ = 0;  // of those not taken
  Signs signs_;                  // when they were
  std::size_t lines_given_ = 0;
  std::size_t bytes_given_ = 0;

  // The count of things
  std::size_t position_ = 0;             // bytes that were read
  std::size_t cut_ = 0;                  // the next of the manner's
  std::optional<Traces> traces_before_;  // the last read
  std::vector<std::size_t> stops_;
  std::size_t progress_ = 0;
  std::size_t deadlines_ = 0;      // that came
  std::size_t bytes_written_ = 0;  // on all links
  bool is_ending_ = false;
};

}  // namespace lastword::fuzz
