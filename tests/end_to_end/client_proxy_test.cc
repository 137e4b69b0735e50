// A link that breaks at any byte of a conversation: each line is accepted exactly once, or it is
// named as one of which nobody knows, and then it is accepted at most once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <iterator>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/client_process.h"
#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/participant.h"
#include "tests/end_to_end/proxy.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"

namespace lastword::end_to_end {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

// At a time; starting a process is most of the work.
constexpr std::size_t conversations_max = 4;
// A conversation is far shorter.
constexpr std::size_t cut_bytes_max = 5000;

// One client's conversation over its own proxy, under its own name, for its old link may hold that
// for a while. The second half waits for an answer in the middle.
class Conversation {
 public:
  Conversation(Transport transport, const Endpoint& server, const Cut& cut)
      : name_("cut " + std::to_string(cut.bytes)),
        proxy_(server, cut),
        client_(url_of(transport, proxy_.endpoint()), name_,
                {.arguments = {"--retry", "1ms", "--retry-max", "20ms"}}) {
    client_.say("collector: " + name_ + " first");
    client_.say("/join #tea");
    client_.say(name_ + ", collector: " + name_ + " second");
    client_.say("/ping halfway");
  }

  [[nodiscard]] std::vector<Participant*> participants() { return {&proxy_, &client_}; }
  [[nodiscard]] bool has_cut() const { return proxy_.has_cut(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] ClientProcess& client() { return client_; }
  [[nodiscard]] bool is_done() const { return client_.has_ended(); }

  void go_on() {
    if (is_halfway_) return;
    if (std::ranges::find(client_.inbox(), "* pong halfway") == client_.inbox().end()) return;
    is_halfway_ = true;
    client_.say_bytes("collector: " + name_ + " third");
    client_.end_input();
  }

 private:
  std::string name_;
  Proxy proxy_;
  ClientProcess client_;
  bool is_halfway_ = false;
};

struct CutCase {
  Transport transport;
  Direction direction;
  Cut::Kind kind;
};

std::ostream& operator<<(std::ostream& out, const CutCase& cut) {
  return out << to_string(cut.transport)
             << (cut.direction == Direction::to_server ? "_to_server" : "_to_client")
             << (cut.kind == Cut::Kind::reset ? "_by_reset" : "_by_end");
}

class ConnectCutTest : public ::testing::TestWithParam<CutCase> {
 protected:
  // Messages that the client has named as of unknown fate; nothing else may be wrong.
  std::vector<std::string> unknown_of(Conversation& conversation) {
    constexpr std::string_view words = " may have been accepted or not, nobody knows: ";
    ClientProcess& client = conversation.client();
    std::vector<std::string> unknown;
    for (const std::string& status : client.statuses()) {
      const std::size_t at = status.find(words);
      if (at != std::string::npos) unknown.push_back(status.substr(at + words.size()));
    }
    const ExitStatus status = client.wait_for_exit();
    EXPECT_EQ(status, (ExitStatus{.code = unknown.empty() ? 0 : 1})) << client.standard_error();
    if (!unknown.empty()) {
      EXPECT_THAT(client.statuses().back(),
                  HasSubstr(": " + std::to_string(unknown.size()) + " of unknown fate"));
    }
    EXPECT_THAT(client.statuses(), Each(Not(HasSubstr("not accepted: cut"))));
    return unknown;
  }

  [[nodiscard]] Endpoint endpoint() const {
    return GetParam().transport == Transport::lines ? server.tcp() : server.ws();
  }

  ServerProcess server{{}, with_web_socket};
};

INSTANTIATE_TEST_SUITE_P(
    At, ConnectCutTest,
    ::testing::Values(CutCase{Transport::lines, Direction::to_server, Cut::Kind::reset},
                      CutCase{Transport::lines, Direction::to_server, Cut::Kind::end},
                      CutCase{Transport::lines, Direction::to_client, Cut::Kind::reset},
                      CutCase{Transport::lines, Direction::to_client, Cut::Kind::end},
                      CutCase{Transport::websocket, Direction::to_server, Cut::Kind::reset},
                      CutCase{Transport::websocket, Direction::to_server, Cut::Kind::end},
                      CutCase{Transport::websocket, Direction::to_client, Cut::Kind::reset},
                      CutCase{Transport::websocket, Direction::to_client, Cut::Kind::end}),
    ::testing::PrintToStringParamName());

TEST_P(ConnectCutTest, EveryByteCostsNoLineSilently) {
  LineClient collector = peer(server, "collector");
  std::map<std::string, std::vector<std::string>> unknown;  // by name
  std::vector<std::unique_ptr<Conversation>> conversations;
  std::size_t next_cut = 0;
  bool is_beyond_end = false;
  std::size_t unknown_count = 0;
  const auto start_more = [&] {
    while (!is_beyond_end && conversations.size() < conversations_max) {
      const Cut cut{
          .direction = GetParam().direction, .kind = GetParam().kind, .bytes = next_cut++};
      conversations.push_back(
          std::make_unique<Conversation>(GetParam().transport, endpoint(), cut));
    }
  };
  const auto take_done = [&](const std::unique_ptr<Conversation>& conversation) {
    if (!conversation->is_done()) return false;
    if (!conversation->has_cut()) is_beyond_end = true;
    std::vector<std::string> named = unknown_of(*conversation);
    unknown_count += named.size();
    unknown.emplace(conversation->name(), std::move(named));
    return true;
  };
  for (start_more(); !conversations.empty(); start_more()) {
    std::vector<Participant*> participants;
    for (const auto& conversation : conversations) {
      for (Participant* const each : conversation->participants()) participants.push_back(each);
    }
    carry_until(participants, "a conversation", [&] {
      bool is_one_done = false;
      for (const auto& conversation : conversations) {
        conversation->go_on();
        is_one_done = is_one_done || conversation->is_done();
      }
      return is_one_done;
    });
    std::erase_if(conversations, take_done);
    ASSERT_LT(next_cut, cut_bytes_max) << "the conversation has no end";
    if (HasFailure()) is_beyond_end = true;
  }

  server.send_signal(SIGTERM);
  std::vector<std::string> heard;
  expect_goodbye(collector, &heard);
  heard = without_information(heard);
  const ShutdownReport report = expect_exit(server, 0);
  EXPECT_EQ(report.accepted, std::ssize(heard)) << "everything went to the collector, too";

  std::map<std::string, std::vector<std::string>> heard_of;  // by name
  for (const std::string& line : heard) {
    const std::string from = line.substr(0, line.find(": "));
    heard_of[from.substr(std::string_view("from ").size())].push_back(
        line.substr(line.rfind(' ') + 1));
  }
  for (const auto& [name, named] : unknown) {
    std::vector<std::string> certain;  // in their order
    std::vector<std::string> heard_certain = heard_of[name];
    for (const std::string word : {"first", "second", "third"}) {
      const bool is_unknown = std::ranges::any_of(
          named, [&word](const std::string& text) { return text.ends_with(word); });
      EXPECT_LE(std::ranges::count(heard_of[name], word), 1) << name;
      if (is_unknown) {
        std::erase(heard_certain, word);
      } else {
        certain.push_back(word);
      }
    }
    EXPECT_EQ(heard_certain, certain) << name;
  }
  EXPECT_GT(unknown.size(), 100U) << "a conversation has more bytes";
  EXPECT_GT(unknown_count, 0U) << "no cut hit a line on its way";
}

// The server holds the name for a link that has been dead for a while, be it that the answer to the
// login never came, or that it came.
TEST(ConnectCut, LetsTheClientWaitForItsOwnNameThatADeadLinkHolds) {
  ServerProcess server({}, with_web_socket);
  constexpr std::size_t within_first_answer = 5;
  constexpr std::size_t within_second_line = 50;
  for (const std::size_t bytes : {within_first_answer, within_second_line}) {
    Proxy proxy(server.tcp(),
                {.direction = Direction::to_client, .kind = Cut::Kind::half, .bytes = bytes});
    ClientProcess alice(url_of(Transport::lines, proxy.endpoint()), "alice",
                        {.arguments = {"--retry", "1ms", "--retry-max", "20ms"}});
    alice.say("/ping " + std::string(within_second_line, 'x'));
    const auto has_said = [&alice](std::string_view part) {
      return alice.standard_error().find(part) != std::string::npos;
    };
    carry_until({&proxy, &alice}, "the name to be taken",
                [&] { return has_said("the name is still taken") || alice.has_ended(); });
    proxy.let_go();
    alice.say("alice: hello");
    alice.end_input();
    carry_until({&proxy, &alice}, "the end", [&] { return alice.has_ended(); });
    EXPECT_EQ(alice.wait_for_exit(), (ExitStatus{.code = 0}));
    EXPECT_THAT(alice.inbox(), Contains("from alice: hello"));
  }
  finish(server);
}

}  // namespace
}  // namespace lastword::end_to_end
