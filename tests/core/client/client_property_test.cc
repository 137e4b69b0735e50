// Any life of a client: whatever happens to its links and servers, each line has the fate that the
// client tells.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/core/client/client_world.h"
#include "tests/core/tape.h"

namespace lastword::test {
namespace {

using client::Event;
using client::Given;
using client::IfUnknown;
using client::LineNumber;
using std::chrono::minutes;
using std::chrono::seconds;

// A client that talks to a witness, who is there in every life of the server and hears everything
// that was accepted.
class AnyLife {
 public:
  AnyLife(Transport transport, IfUnknown if_unknown) {
    client::Config config = client_config("alice", transport);
    config.if_unknown = if_unknown;
    config.outbound_max = 2000;
    call_witness();
    node_ = &world_.add(config);
  }

  void step(Tape& tape) {
    switch (tape.choose(13)) {
      case 0:
        give("witness: message " + std::to_string(given_.size() + 1));
        return;
      case 1: {
        constexpr std::array<const char*, 5> others{"/who", "", "no colon", "/join #r", "/ping x"};
        give(others[tape.choose(others.size())]);
        return;
      }
      case 2:
        world_.settle();
        return;
      case 3: {
        constexpr std::array<int, 4> spans_s{1, 5, 16, 60};
        world_.advance(seconds{spans_s[tape.choose(spans_s.size())]});
        return;
      }
      case 4:
        node_->write_budget = tape.choose(200);
        return;
      case 5:
        node_->write_budget = SIZE_MAX;
        return;
      case 6:
        node_->read_max = 1 + tape.choose(40);
        return;
      case 7:
        node_->break_link();
        return;
      case 8:
        node_->is_silent = node_->has_link();
        return;
      case 9:
        node_->turn();
        return;
      case 10:
        world_.server().turn();
        return;
      case 11:
        speak_again();
        world_.terminate();
        restart();
        return;
      default:
        speak_again();
        hear();
        world_.kill();
        restart();
        return;
    }
  }

  // Everything is well from now on.
  void heal() {
    node_->write_budget = SIZE_MAX;
    world_.advance(minutes{1});  // a silent link is found dead
    node_->lay_ghosts();
    world_.advance(minutes{10});
    node_->finish();
    world_.advance(minutes{10});
    hear();
  }

  void judge() const {
    const client::Counts& counts = node_->client.counts();
    RC_ASSERT(node_->client.is_over());
    RC_ASSERT(counts.given == given_.size());
    RC_ASSERT(counts.unsent == 0U);
    RC_ASSERT(counts.given == counts.accepted + counts.refused + counts.unknown);
    RC_ASSERT(counts.unknown == node_->told(Event::Kind::unknown).size());
    RC_ASSERT(counts.resent == node_->told(Event::Kind::resent).size());

    std::map<std::string, std::size_t> times;
    for (const std::string& text : accepted_) ++times[text];
    const auto unknown = node_->told(Event::Kind::unknown);
    const auto resent = node_->told(Event::Kind::resent);
    const auto stands_in = [](const std::vector<LineNumber>& numbers, LineNumber number) {
      return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
    };
    std::vector<std::string> once;
    for (LineNumber number = 1; number <= given_.size(); ++number) {
      const std::string& line = given_[number - 1];
      if (!line.starts_with("witness: ")) continue;
      const std::string text = line.substr(9);
      const std::size_t seen = times[text];
      if (stands_in(unknown, number)) {
        RC_ASSERT(seen <= 1U);
      } else if (stands_in(resent, number)) {
        RC_ASSERT(seen >= 1U);
      } else {
        RC_ASSERT(seen == 1U);
      }
      if (seen == 1 && !stands_in(resent, number)) once.push_back(text);
    }
    // In the order in which they were given.
    std::vector<std::string> order;
    for (const std::string& text : accepted_) {
      if (std::find(once.begin(), once.end(), text) != once.end()) order.push_back(text);
    }
    RC_ASSERT(order == once);
  }

  [[nodiscard]] const ClientNode& node() const { return *node_; }
  [[nodiscard]] std::size_t accepted() const { return accepted_.size(); }

 private:
  void give(const std::string& line) {
    if (node_->give(line) == Given::taken) given_.push_back(line);
  }

  void call_witness() { witness_ = world_.server().log_in("witness"); }

  void hear() {
    for (const std::string& line : world_.server().lines(witness_)) {
      if (line.starts_with("from alice: ")) accepted_.push_back(line.substr(12));
    }
  }

  // A link that was silent and is no more has a gap: TCP ends it.
  void speak_again() {
    if (!node_->is_silent) return;
    node_->break_link();
    node_->is_silent = false;
  }

  // The process ends, and another one comes.
  void restart() {
    world_.advance(seconds{5});
    hear();
    world_.start_again();
    call_witness();
  }

  ClientWorld world_;
  ClientNode* node_ = nullptr;
  Pair::Client witness_ = 0;
  std::vector<std::string> given_;
  std::vector<std::string> accepted_;
};

void live(Transport transport, IfUnknown if_unknown, const std::vector<std::uint8_t>& bytes) {
  Tape tape{bytes};
  AnyLife life{transport, if_unknown};
  while (!tape.is_at_end()) life.step(tape);
  life.heal();
  life.judge();
}

RC_GTEST_PROP(AnyClient, KnowsTheFateOfEachLineOverTcp, (const std::vector<std::uint8_t>& bytes)) {
  live(Transport::lines, IfUnknown::report, bytes);
}

RC_GTEST_PROP(AnyClient, KnowsTheFateOfEachLineOverWebSocket,
              (const std::vector<std::uint8_t>& bytes)) {
  live(Transport::websocket, IfUnknown::report, bytes);
}

RC_GTEST_PROP(AnyClient, LosesNoLineIfItMaySendAgain, (const std::vector<std::uint8_t>& bytes)) {
  live(Transport::lines, IfUnknown::resend, bytes);
  live(Transport::websocket, IfUnknown::resend, bytes);
}

// --- Cuts --------------------------------------------------------------------------------------

struct CutCase {
  Transport transport;
  bool is_upwards;  // of what the client writes, or of what it reads
};

class EveryCut : public testing::TestWithParam<CutCase> {};

INSTANTIATE_TEST_SUITE_P(
    All, EveryCut,
    testing::Values(CutCase{Transport::lines, true}, CutCase{Transport::lines, false},
                    CutCase{Transport::websocket, true}, CutCase{Transport::websocket, false}),
    [](const auto& given) {
      return std::string{given.param.transport == Transport::lines ? "Lines" : "WebSocket"} +
             (given.param.is_upwards ? "Up" : "Down");
    });

// One link breaks behind so many bytes; the next is well.
TEST_P(EveryCut, LeavesEachLineWithItsFate) {
  const std::vector<std::string> lines{"witness: one", "/who", "witness: two", "witness: three"};
  std::size_t broken = 0;
  for (std::size_t cut = 0; cut < 700; ++cut) {
    ClientWorld world;
    const Pair::Client witness = world.server().log_in("witness");
    ClientNode& alice = world.add(client_config("alice", GetParam().transport));
    (GetParam().is_upwards ? alice.write_budget : alice.read_budget) = cut;
    for (const std::string& line : lines) alice.give(line);
    world.settle();
    if (alice.has_link()) {
      alice.break_link();
      ++broken;
    }
    alice.write_budget = SIZE_MAX;
    alice.read_budget = SIZE_MAX;
    world.settle();
    alice.finish();
    world.advance(minutes{10});
    ASSERT_TRUE(alice.client.is_over()) << cut;
    std::vector<std::string> heard = world.server().lines(witness);
    std::vector<std::string> expected;
    const auto unknown = alice.told(Event::Kind::unknown);
    for (LineNumber number = 1; number <= lines.size(); ++number) {
      if (!lines[number - 1].starts_with("witness: ")) continue;
      const std::string line = "from alice: " + lines[number - 1].substr(9);
      const bool is_unknown = std::find(unknown.begin(), unknown.end(), number) != unknown.end();
      const bool is_heard = std::find(heard.begin(), heard.end(), line) != heard.end();
      if (!is_unknown || is_heard) expected.push_back(line);
    }
    ASSERT_EQ(heard, expected) << "cut behind " << cut << " bytes";
    ASSERT_EQ(alice.client.counts().unsent, 0U) << cut;
  }
  EXPECT_GT(broken, 60U);
}

// --- Chunks ------------------------------------------------------------------------------------

TEST(ClientChunks, HowBytesAreCutMakesNoDifference) {
  for (const Transport transport : {Transport::lines, Transport::websocket}) {
    std::vector<std::vector<std::string>> lines;
    for (const std::size_t read_max : {SIZE_MAX, std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
      ClientWorld world;
      ClientNode& alice = world.add(client_config("alice", transport));
      alice.read_max = read_max;
      for (const char* line : {"alice: caf\xC3\xA9", "no colon", "/help", "alice: \xFF", "/who"}) {
        alice.give(line);
      }
      world.settle();
      alice.finish();
      world.settle();
      EXPECT_TRUE(alice.client.is_over());
      EXPECT_EQ(alice.client.counts().accepted, 4U);
      lines.push_back(alice.lines);
    }
    EXPECT_EQ(lines[1], lines[0]);
    EXPECT_EQ(lines[2], lines[0]);
    EXPECT_EQ(lines[3], lines[0]);
  }
}

}  // namespace
}  // namespace lastword::test
