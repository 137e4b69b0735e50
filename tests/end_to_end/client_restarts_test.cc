// Servers come and go under the load of two clients, and every line is accounted for.
//
// Alice numbers her lines and addresses them to Bob and to herself. What the server accepts from
// her it accepts on a link of hers, so her own copy goes the same way as the answer to her
// client's question behind it. Hence the strongest laws there are: what her client takes for
// accepted she has heard, and she hears each server's share as one piece, in order.
//
// With LASTWORD_TRANSCRIPTS, the states and books of all are kept (docs/TESTING.md).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/end_to_end/client_process.h"
#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/participant.h"
#include "tests/end_to_end/real_client.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"

namespace lastword::end_to_end {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

constexpr ExitStatus success{.code = 0};
constexpr ExitStatus failure{.code = 1};
// So many lines more are heard before the next thing happens to the server.
constexpr int share = 5'000;
// So much is always waiting to be said while the flood lasts.
constexpr std::size_t unsaid_bytes_min = std::size_t{64} << 10;

std::optional<int> number_in(std::string_view text) {
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return number;
}

std::vector<int> numbers(int first, int last) {
  std::vector<int> all(static_cast<std::size_t>(std::max(0, last - first + 1)));
  std::iota(all.begin(), all.end(), first);
  return all;
}

// 10:31:07.042
constexpr std::size_t clock_width = 12;

// For the transcript alone; as in the clients' and the server's own lines, that of UTC.
std::string clock_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::chrono::hh_mm_ss time{
      std::chrono::floor<std::chrono::milliseconds>(now % std::chrono::days{1})};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%03d",
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text.data();
}

// The server, as far as a test waits for its end.
class EndOf final : public Participant {
 public:
  explicit EndOf(ServerProcess& server) : descriptor_(server.process().end_descriptor()) {}

  [[nodiscard]] bool has_come() const { return has_come_; }
  void add_waits(std::vector<pollfd>& waits) const override {
    waits.push_back({has_come_ ? -1 : descriptor_, POLLIN, 0});
  }
  void handle(std::span<const pollfd> ready) override {
    if (ready[0].revents != 0) has_come_ = true;
  }

 private:
  int descriptor_;
  bool has_come_ = false;
};

// One client, and what it heard.
class Talker {
 public:
  Talker(const std::string& url, const std::string& name, std::vector<std::string> arguments = {})
      : process_(url, name,
                 {.arguments = with_retry(std::move(arguments)), .is_error_a_file = true}) {}

  [[nodiscard]] ClientProcess& process() { return process_; }

  void take_what_came() {
    for (const std::string& line : process_.inbox()) take(line);
    process_.inbox().clear();
  }

  // Numbers from Alice, in the order in which they came.
  [[nodiscard]] const std::vector<int>& heard() const { return heard_; }
  // `! undelivered ...` lines.
  [[nodiscard]] std::int64_t undelivered() const { return undelivered_; }
  [[nodiscard]] std::int64_t goodbye_sum() const { return goodbye_sum_; }
  // Everything else.
  [[nodiscard]] const std::vector<std::string>& others() const { return others_; }

  [[nodiscard]] bool has_heard(std::string_view line) const {
    return std::ranges::find(others_, line) != others_.end();
  }

  // Numbers of lines on standard error that say this, in their order.
  [[nodiscard]] std::vector<int> named(std::string_view words) const {
    std::vector<int> all;
    for (const std::string& status : process_.statuses()) {
      if (!status.starts_with("line ") || status.find(words) == std::string::npos) continue;
      const std::size_t text = status.rfind(": ");
      all.push_back(number_in(std::string_view(status).substr(text + 2)).value_or(-1));
    }
    return all;
  }

 private:
  static std::vector<std::string> with_retry(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--retry", "10ms", "--retry-max", "200ms"});
    return arguments;
  }

  void take(std::string_view line) {
    constexpr std::string_view from = "from alice: ";
    if (const auto count = goodbye_count(line); count.has_value()) {
      goodbye_sum_ += *count;
    } else if (line.starts_with(from)) {
      heard_.push_back(number_in(line.substr(from.size())).value_or(-1));
    } else if (line.starts_with("! undelivered bob: not_connected")) {
      ++undelivered_;
    } else {
      others_.emplace_back(line);
    }
  }

  ClientProcess process_;
  std::vector<int> heard_;
  std::int64_t undelivered_ = 0;
  std::int64_t goodbye_sum_ = 0;
  std::vector<std::string> others_;
};

struct Transports {
  Transport alice;
  Transport bob;
};

std::ostream& operator<<(std::ostream& out, const Transports& transports) {
  return out << to_string(transports.alice) << "_and_" << to_string(transports.bob);
}

class ClientRestarts : public ::testing::TestWithParam<Transports> {
 protected:
  ClientRestarts() { start(); }

  [[nodiscard]] std::string url(Transport transport) const { return url_of(transport, *server_); }

  // The first on free ports, the next ones on the same.
  void start() {
    server_ = std::make_unique<ServerProcess>(std::vector<std::string>{}, place_);
    place_ = {.tcp = server_->ready_line().tcp, .ws = server_->ready_line().ws};
    ++server_number_;
  }

  void stop() {
    end_server(SIGTERM);
    reports_.push_back(expect_exit(*server_, 0));
    EXPECT_TRUE(reports_.back().clean);
    const ShutdownReport& report = reports_.back();
    note_server(report.reason + ": accepted " + std::to_string(report.accepted) + " messages; of " +
                std::to_string(report.deliveries.total) + " deliveries, " +
                std::to_string(report.deliveries.delivered) + " delivered, " +
                std::to_string(report.deliveries.failed.sum()) + " failed; " +
                std::to_string(report.connections.clean) + " connections, all ended cleanly");
    EXPECT_EQ(report.connections.failed, 0);
  }

  void kill() {
    end_server(SIGKILL);
    EXPECT_EQ(server_->wait_for_exit(), (ExitStatus{.code = -1, .signal = SIGKILL}));
    note_server("killed, and so without a report");
  }

  // Alice and Bob are both online, and in a room.
  void come_in(std::vector<std::string> arguments = {}) {
    alice_ = std::make_unique<Talker>(url(GetParam().alice), "alice", std::move(arguments));
    bob_ = std::make_unique<Talker>(url(GetParam().bob), "bob");
    for (Talker* const talker : {bob_.get(), alice_.get()}) {
      talker->process().say("/join #tea");
      talker->process().say("/ping in");
      carry_until("the room", [talker] { return talker->has_heard("* pong in"); });
    }
  }

  // Alice talks without end, until both have heard their share of it once more.
  void flood() {
    is_flooding_ = true;
    // What was given before may have come by way of an earlier server, and not be read yet.
    const int before = given_;
    const auto has_heard = [](const Talker& talker, int number) {
      return !talker.heard().empty() && talker.heard().back() >= number;
    };
    carry_until("numbered lines", [this, before, has_heard] {
      return has_heard(*alice_, before + share) && has_heard(*bob_, before + 1);
    });
  }

  void end_flood() {
    is_flooding_ = false;
    carry_until("the last line", [this] { return alice_->heard().back() >= given_; });
  }

  // Bob is back, and so in the room again, without having been told.
  void expect_room() {
    bob_->process().say("/ping back");
    carry_until("Bob", [this] { return bob_->has_heard("* pong back"); });
    alice_->process().say("#tea: still here");
    carry_until("Alice in the room",
                [this] { return bob_->has_heard("from alice in #tea: still here"); });
  }

  void leave(const ExitStatus& status_of_alice) {
    for (Talker* const talker : {alice_.get(), bob_.get()}) {
      ClientProcess& process = talker->process();
      process.end_input();
      carry_until("the end of " + process.name(), [&process] { return process.has_ended(); });
      EXPECT_EQ(process.wait_for_exit(), talker == alice_.get() ? status_of_alice : success);
      note(process.name(), process.standard_error());
    }
    stop();
  }

  // Alice heard 1 to some number from the first server, and `first` to the last from the second.
  // Returns that number.
  [[nodiscard]] int expect_two_pieces(int first) const {
    const std::vector<int>& heard = alice_->heard();
    const std::vector<int> second = numbers(first, given_);
    EXPECT_LE(second.size(), heard.size());
    if (second.size() > heard.size()) return 0;
    const std::size_t split = heard.size() - second.size();
    const std::vector<int> piece(heard.begin(), heard.begin() + static_cast<std::ptrdiff_t>(split));
    EXPECT_TRUE(std::equal(second.begin(), second.end(), heard.end() - std::ssize(second)));
    EXPECT_EQ(piece, numbers(1, static_cast<int>(split)));
    return static_cast<int>(split);
  }

  void write_transcript(const std::string& books) {
    std::ranges::stable_sort(notes_, {}, [](const Note& each) { return each.time; });
    for (const Note& each : notes_) record_.add(each.who, '=', each.time + "  " + each.text);
    std::istringstream lines(books);
    for (std::string line; std::getline(lines, line);) record_.add("the books", '=', line);
  }

  void carry_until(std::string_view what, const std::function<bool()>& is_done,
                   Participant* other = nullptr) {
    std::vector<Participant*> all{&alice_->process(), &bob_->process()};
    if (other != nullptr) all.push_back(other);
    end_to_end::carry_until(all, what, [&] {
      alice_->take_what_came();
      bob_->take_what_came();
      while (is_flooding_ && alice_->process().unsaid_bytes() < unsaid_bytes_min) {
        alice_->process().say("alice, bob: " + std::to_string(++given_));
      }
      return is_done();
    });
  }

  [[nodiscard]] Talker& alice() { return *alice_; }
  [[nodiscard]] Talker& bob() { return *bob_; }
  // How many numbered lines Alice was given.
  [[nodiscard]] int given() const { return given_; }
  [[nodiscard]] const std::vector<ShutdownReport>& reports() const { return reports_; }
  [[nodiscard]] std::int64_t accepted_sum() const {
    std::int64_t sum = 0;
    for (const ShutdownReport& report : reports_) sum += report.accepted;
    return sum;
  }

 private:
  struct Note {
    std::string time;
    std::string who;
    std::string text;
  };

  // Each with its time; of a thousand fates a few are enough.
  void note(const std::string& who, const std::string& standard_error) {
    constexpr std::size_t fates_max = 3;
    std::istringstream lines(standard_error);
    std::size_t fate_count = 0;
    for (std::string line; std::getline(lines, line);) {
      const std::string text(without_time(line));
      const std::string clock = line.substr(line.find('T') + 1, clock_width);
      if (text.starts_with("line ") && ++fate_count > fates_max) continue;
      if (fate_count > fates_max) {
        notes_.push_back(
            {clock, who, "... and " + std::to_string(fate_count - fates_max) + " more such lines"});
        fate_count = 0;
      }
      notes_.push_back({clock, who, text});
    }
  }

  // Called once the server has ended.
  void note_server(const std::string& report) {
    const std::string who = "server " + std::to_string(server_number_);
    note(who, server_->process().standard_error());
    notes_.push_back({clock_time(), who, report});
  }

  void end_server(int signal) {
    server_->send_signal(signal);
    EndOf end(*server_);
    carry_until("the end of the server", [&end] { return end.has_come(); }, &end);
  }

  bool is_flooding_ = false;
  int given_ = 0;  // numbered lines
  ServerOptions place_ = with_web_socket;
  std::unique_ptr<ServerProcess> server_;
  int server_number_ = 0;
  std::vector<ShutdownReport> reports_;
  std::unique_ptr<Talker> alice_;
  std::unique_ptr<Talker> bob_;
  std::vector<Note> notes_;
  ConversationRecord record_;
};

INSTANTIATE_TEST_SUITE_P(Over, ClientRestarts,
                         ::testing::Values(Transports{Transport::lines, Transport::lines},
                                           Transports{Transport::websocket, Transport::websocket},
                                           Transports{Transport::lines, Transport::websocket}),
                         ::testing::PrintToStringParamName());

TEST_P(ClientRestarts, CostNothingWhileTheServerSaysGoodbye) {
  come_in();
  for (int restart = 1; restart <= 3; ++restart) {
    flood();
    stop();
    start();
  }
  flood();
  end_flood();
  expect_room();
  leave(success);

  EXPECT_EQ(alice().heard(), numbers(1, given())) << "each once and in order";
  EXPECT_TRUE(std::ranges::adjacent_find(bob().heard(), std::greater_equal<>{}) ==
              bob().heard().end())
      << "Bob hears each at most once, in order";
  const std::int64_t heard_by_bob = std::ssize(bob().heard());
  EXPECT_EQ(heard_by_bob + alice().undelivered(), given());
  EXPECT_THAT(alice().named(""), IsEmpty()) << "nothing is unknown";

  constexpr std::int64_t in_the_room = 1;
  EXPECT_EQ(accepted_sum(), given() + in_the_room);
  EXPECT_EQ(alice().goodbye_sum(), given() + in_the_room);
  std::int64_t delivered = 0;
  std::int64_t not_connected = 0;
  for (const ShutdownReport& report : reports()) {
    EXPECT_GT(report.accepted, 0) << "the restarts fell into the flood";
    delivered += report.deliveries.delivered;
    not_connected += report.deliveries.failed.not_connected;
    EXPECT_EQ(report.deliveries.failed.sum(), report.deliveries.failed.not_connected);
  }
  EXPECT_EQ(not_connected, alice().undelivered());
  EXPECT_EQ(delivered, given() + heard_by_bob + in_the_room);

  std::ostringstream books;
  books << "given to Alice's client            " << given() << " and 1 for the room\n"
        << "accepted, by the servers           ";
  for (const ShutdownReport& report : reports()) books << report.accepted << " ";
  books << "= " << accepted_sum() << "\n"
        << "accepted, by their goodbyes        " << alice().goodbye_sum() << "\n"
        << "heard by Alice, each once          " << alice().heard().size() << "\n"
        << "heard by Bob, each once            " << heard_by_bob << "\n"
        << "reported to Alice: Bob not there   " << alice().undelivered() << "\n"
        << "unknown, or refused, or not sent   0\n";
  write_transcript(books.str());
}

TEST_P(ClientRestarts, AfterAKillNameWhatNobodyKnowsAndDoubleNothing) {
  come_in();
  flood();
  kill();
  start();
  flood();
  end_flood();
  expect_room();
  const std::vector<int> unknown = alice().named("may have been accepted or not, nobody knows");
  leave(unknown.empty() ? success : failure);

  // On the second server went exactly what did not go on the first one.
  constexpr std::int64_t in_the_room = 1;
  const int first = given() - static_cast<int>(reports().back().accepted - in_the_room) + 1;
  const int last_of_first = expect_two_pieces(first);
  EXPECT_LT(last_of_first, first) << "nothing is there twice";
  if (unknown.empty()) {
    EXPECT_EQ(last_of_first, first - 1) << "nothing is missing without a word";
  } else {
    EXPECT_EQ(unknown, numbers(unknown.front(), first - 1)) << "each is named once";
    EXPECT_LE(unknown.front(), last_of_first + 1) << "nothing is missing without a word";
    const std::string count = std::to_string(unknown.size());
    EXPECT_THAT(alice().process().statuses(),
                Contains("lastword: " + count + " of " + std::to_string(given() + 3) + " lines " +
                         (unknown.size() == 1 ? "was" : "were") + " not accepted: " + count +
                         " of unknown fate"));
  }
  EXPECT_TRUE(std::ranges::adjacent_find(bob().heard(), std::greater_equal<>{}) ==
              bob().heard().end());
  std::ostringstream books;
  books << "given to Alice's client            " << given() << " and 1 for the room\n"
        << "heard from the first server        1 to " << last_of_first << "\n"
        << "named as of unknown fate           " << unknown.size() << ", up to " << first - 1
        << "\n"
        << "accepted by the second, and heard  " << first << " to " << given() << "\n";
  write_transcript(books.str());
}

TEST_P(ClientRestarts, AfterAKillLoseNothingIfTheyMaySendAgain) {
  come_in({"--resend"});
  flood();
  kill();
  start();
  flood();
  end_flood();
  expect_room();
  leave(success);

  constexpr std::int64_t in_the_room = 1;
  const std::vector<int> resent = alice().named("may have been accepted or not, and is sent again");
  const int first = given() - static_cast<int>(reports().back().accepted - in_the_room) + 1;
  const int last_of_first = expect_two_pieces(first);
  EXPECT_GE(last_of_first, first - 1) << "every number is there";
  if (resent.empty()) {
    EXPECT_EQ(last_of_first, first - 1) << "nothing is there twice without a word";
  } else {
    EXPECT_EQ(resent, numbers(first, resent.back())) << "each is named once";
    EXPECT_GE(resent.back(), last_of_first) << "nothing is there twice without a word";
  }
  std::ostringstream books;
  books << "given to Alice's client            " << given() << " and 1 for the room\n"
        << "heard from the first server        1 to " << last_of_first << "\n"
        << "named as sent again                " << resent.size() << ", from " << first << "\n"
        << "accepted by the second, and heard  " << first << " to " << given() << "\n";
  write_transcript(books.str());
}

}  // namespace
}  // namespace lastword::end_to_end
