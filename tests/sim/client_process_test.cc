// A production client in a world of its own: one server, one client, and what happens to it.
#include "sim/client_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "sim/cast.h"
#include "sim/excuses.h"
#include "sim/life.h"
#include "sim/liveness.h"
#include "sim/surroundings.h"
#include "tests/sim/print_tape.h"

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;
using client::Reason;
using client::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Chooser ann = 1;

Choice of_ann(Site site, std::uint32_t index, std::uint32_t value) {
  return {.site = site, .chooser = ann, .index = index, .value = value};
}

ClientPlan plan_of(std::vector<std::string> lines = {}) {
  ClientPlan plan;
  plan.name = "ann";
  plan.lines = std::move(lines);
  return plan;
}

// Weather and tape say what happens: a fault strikes where its choice is on the tape.
class OneClient {
 public:
  explicit OneClient(const ClientPlan& plan, const std::vector<Choice>& choices = {},
                     const std::vector<FaultKind>& faults = {})
      : environment{Choices::replayed(Tape{choices})}, lives{{}, place()} {
    constexpr std::uint32_t one_in = 2;  // any number but 0: the tape answers
    for (const FaultKind fault : faults) environment.weather.at(fault) = one_in;
    cast.add(plan);
    auto world = surroundings();
    cast.at(ann).start(world);
  }
  // A snapshot.
  OneClient(const OneClient& other)
      : environment{other.environment},
        kernel{other.kernel},
        excuses{other.excuses},
        cast{other.cast},
        lives{other.lives, place()} {}
  OneClient& operator=(const OneClient&) = delete;
  ~OneClient() = default;

  Environment environment;
  Kernel kernel;
  Excuses excuses;
  Cast cast;
  Lives lives;

  [[nodiscard]] const ClientProcess& process() const { return cast.clients().front(); }
  [[nodiscard]] const Client& client() const { return process().client(); }
  [[nodiscard]] std::vector<std::string> accepted() const { return lives.accepted_from(ann); }
  [[nodiscard]] std::uint64_t effective(FaultKind fault) const {
    return environment.faults.at(fault).effective;
  }
  Surroundings surroundings() {
    const bool is_gone = lives.current().host.has_exited() && !is_another_coming;
    return {environment, kernel, excuses, lives.current(), is_gone, cast};
  }

  bool step() {
    Host& host = lives.current().host;
    if (host.in_turn()) {
      host.step();
      return true;
    }
    if (environment.queue.is_empty()) return false;
    const Event event = environment.queue.pop();
    environment.now = std::max(environment.now, event.at);
    handle(event);
    return true;
  }
  void run_for(Duration span) {
    const Instant end = environment.now + span;
    while (lives.current().host.in_turn() ||
           (!environment.queue.is_empty() && environment.queue.first().at <= end)) {
      step();
    }
    environment.now = end;
  }
  void begin_next_life() {
    is_another_coming = false;
    lives.begin({}, place());
  }
  void heal() {
    auto world = surroundings();
    cast.at(ann).heal(world);
  }
  [[nodiscard]] std::vector<Violation> judged() {
    judge_liveness(surroundings());
    return environment.violations;
  }
  [[nodiscard]] std::optional<std::string> complaint() const {
    return process().account().complaint(accepted(), client().last_settled());
  }

  bool is_another_coming = false;  // process of the server

 private:
  Life::Place place() { return {environment, kernel, excuses}; }
  void handle(const Event& event) {
    Host& host = lives.current().host;
    auto world = surroundings();
    switch (event.kind) {
      case Event::Kind::client_acts:
        return cast.at(ann).act(world);
      case Event::Kind::connected:
        return cast.at(ann).connected(world, event.subject);
      case Event::Kind::syn_arrives:
        if (kernel.syn_arrives(environment, event.subject)) host.acceptable();
        return;
      case Event::Kind::flight_up:
        kernel.arrives_at_server(environment, event.subject);
        host.look(event.subject);
        return cast.at(ann).look(world, event.subject);
      case Event::Kind::flight_down:
        kernel.arrives_at_client(environment, event.subject);
        cast.at(ann).look(world, event.subject);
        return host.look(event.subject);
      case Event::Kind::link_times_out:
        kernel.times_out(environment, event.subject);
        return host.look(event.subject);
      case Event::Kind::turn:
        return lives.at(event.life).host.begin_turn();
      case Event::Kind::deadline:
        return lives.at(event.life).host.on_deadline(event.subject);
      case Event::Kind::release:
        return lives.at(event.life).host.on_release(event.subject);
      default:
        LASTWORD_CHECK(!"an event of the world's");
    }
  }
};

std::vector<std::string> to_itself(int count) {
  std::vector<std::string> lines;
  for (int number = 1; number <= count; ++number) {
    lines.push_back("ann: line " + std::to_string(number));
  }
  return lines;
}

// --- On a good day ------------------------------------------------------------------------------

class OverBoth : public ::testing::TestWithParam<Transport> {
 protected:
  [[nodiscard]] static ClientPlan plan(std::vector<std::string> lines = {}) {
    ClientPlan plan = plan_of(std::move(lines));
    plan.traits.transport = GetParam();
    return plan;
  }
};

INSTANTIATE_TEST_SUITE_P(Transports, OverBoth,
                         ::testing::Values(Transport::lines, Transport::websocket),
                         [](const auto& row) {
                           return row.param == Transport::lines ? "Lines" : "WebSocket";
                         });

TEST_P(OverBoth, SaysWhatItIsGivenInItsPace) {
  ClientPlan plan = OverBoth::plan(to_itself(3));
  plan.pace = 1s;
  OneClient world{plan};
  world.run_for(500ms);
  EXPECT_EQ(world.client().state(), State::online);
  EXPECT_THAT(world.accepted(), IsEmpty());
  world.run_for(2s);
  EXPECT_THAT(world.accepted(), ElementsAre("line 1", "line 2"));
  world.run_for(1s);
  EXPECT_THAT(world.accepted(), ElementsAre("line 1", "line 2", "line 3"));
  EXPECT_EQ(world.client().last_settled(), 3U);
  EXPECT_EQ(world.client().counts().received, 3U);
  EXPECT_EQ(world.client().line(), std::nullopt) << "its application has taken them";
  EXPECT_EQ(world.process().attempts().size(), 1U);
  EXPECT_EQ(world.complaint(), std::nullopt);
}

TEST_P(OverBoth, FinishesBehindItsLastLineIfThatIsPlanned) {
  ClientPlan plan = OverBoth::plan(to_itself(2));
  plan.is_finishing = true;
  OneClient world{plan};
  world.run_for(5s);
  EXPECT_TRUE(world.client().is_over());
  EXPECT_TRUE(world.client().has_done_all());
  EXPECT_EQ(world.client().reason(), Reason::input_finished);
  EXPECT_FALSE(world.process().has_given_up());
  world.heal();
  EXPECT_FALSE(world.process().is_healed()) << "it has said its last word";
  EXPECT_THAT(world.judged(), IsEmpty());
}

TEST_P(OverBoth, IsOnlineOnceItIsHealedAndWhatItSaysThenHasItsFate) {
  OneClient world{OverBoth::plan({"/join #r"})};
  world.run_for(1s);
  world.heal();
  world.run_for(1s);
  EXPECT_TRUE(world.process().is_healed());
  EXPECT_EQ(world.process().account().size(), 3U);
  EXPECT_THAT(world.judged(), IsEmpty());
  EXPECT_THAT(world.accepted(), ElementsAre("ann is well"));
}

// --- Links --------------------------------------------------------------------------------------

TEST_P(OverBoth, ComesBackFromAReset) {
  OneClient world{OverBoth::plan(to_itself(4)), {of_ann(Site::cut_link, 0, 1)}, {FaultKind::reset}};
  world.run_for(5s);
  EXPECT_EQ(world.client().state(), State::online);
  EXPECT_EQ(world.process().attempts().size(), 2U);
  EXPECT_TRUE(world.excuses.is_touched(0));
  EXPECT_FALSE(world.excuses.is_touched(1));
  EXPECT_EQ(world.complaint(), std::nullopt);
  EXPECT_EQ(world.client().last_settled(), 4U);
}

TEST_P(OverBoth, FindsOutThatItsLinkIsDead) {
  ClientPlan plan = OverBoth::plan(to_itself(3));
  plan.pace = 100ms;
  OneClient world{plan, {of_ann(Site::cut_link, 6, 1)}, {FaultKind::half_open}};
  world.run_for(1s);
  ASSERT_EQ(world.client().state(), State::online);
  ASSERT_TRUE(world.kernel.has_vanished(0));
  world.run_for(40s);
  EXPECT_EQ(world.client().state(), State::online);
  EXPECT_EQ(world.process().attempts().size(), 1U);
  world.run_for(10s);
  EXPECT_NE(world.client().state(), State::online) << "that link still has its name";
  EXPECT_EQ(world.effective(FaultKind::half_open), 0U);
  world.run_for(5min);  // the server's kernel gives it up
  EXPECT_EQ(world.effective(FaultKind::half_open), 1U);
  EXPECT_EQ(world.client().state(), State::online);
  EXPECT_GT(world.environment.marks.at(Mark::client_back_before_its_name), 0U);
  EXPECT_GT(world.environment.marks.at(Mark::link_breaks_with_unknown), 0U);
  EXPECT_EQ(world.complaint(), std::nullopt);
}

TEST_P(OverBoth, ComesBackToTheNextProcessAndSendsTheRestAgain) {
  constexpr std::size_t count = 20;
  ClientPlan plan = OverBoth::plan(to_itself(count));
  plan.traits.latency = 100ms;
  plan.pace = 40ms;
  OneClient world{plan};
  world.is_another_coming = true;
  while (world.accepted().size() < count - 4) ASSERT_TRUE(world.step());
  // The next ones are on their way.
  world.lives.current().host.signal(StopReason::terminate);
  while (!world.lives.current().host.has_exited()) ASSERT_TRUE(world.step());
  EXPECT_LT(world.accepted().size(), count);
  world.begin_next_life();
  world.run_for(30s);
  EXPECT_EQ(world.client().state(), State::online);
  EXPECT_EQ(world.accepted().size(), count);
  EXPECT_EQ(world.client().last_settled(), count);
  EXPECT_EQ(world.complaint(), std::nullopt);
  EXPECT_EQ(world.environment.marks.at(Mark::goodbye_leaves_lines), 1U);
}

TEST_P(OverBoth, GivesUpOnceTheServerIsGoneForGood) {
  OneClient world{OverBoth::plan()};
  world.run_for(1s);
  world.lives.current().host.signal(StopReason::terminate);
  world.run_for(1min);
  EXPECT_TRUE(world.lives.current().host.has_exited());
  EXPECT_TRUE(world.client().is_over());
  EXPECT_EQ(world.client().reason(), Reason::abandoned);
  EXPECT_FALSE(world.process().has_given_up()) << "it was told to";
}

// --- What it is judged by -----------------------------------------------------------------------

TEST(ClientProcess, IsBlamedIfItGivesUpUnasked) {
  ClientPlan plan = plan_of(to_itself(4));
  plan.config.is_reconnecting = false;
  OneClient world{plan, {of_ann(Site::cut_link, 0, 1)}, {FaultKind::reset}};
  world.run_for(5s);
  ASSERT_TRUE(world.client().is_over());
  EXPECT_TRUE(world.process().has_given_up());
  const std::vector<Violation> violations = world.judged();
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations.front().property, Property::client_online);
  EXPECT_THAT(violations.front().text, HasSubstr("ann has given up: the link was reset"));
}

TEST(ClientProcess, IsBlamedIfItIsNotOnline) {
  OneClient world{plan_of()};
  world.is_another_coming = true;
  world.run_for(1s);
  world.lives.current().host.signal(StopReason::terminate);
  while (!world.lives.current().host.has_exited()) ASSERT_TRUE(world.step());
  world.begin_next_life();
  world.heal();
  const auto is_about_it = [](const Violation& violation) {
    return violation.property == Property::client_online;
  };
  const std::vector<Violation> violations = world.judged();  // at once: it has had no time
  EXPECT_EQ(std::ranges::count_if(violations, is_about_it), 1);
}

TEST(ClientProcess, IsBlamedForALineWithoutAFate) {
  OneClient world{plan_of()};
  world.run_for(1s);
  world.heal();
  while (world.process().account().size() == 0) ASSERT_TRUE(world.step());
  const std::vector<Violation> violations = world.judged();  // the answer is on its way
  ASSERT_FALSE(violations.empty());
  EXPECT_EQ(violations.back().property, Property::client_online);
  EXPECT_THAT(violations.back().text, HasSubstr("line 1 of its 2 has no fate"));
}

TEST(ClientProcess, IsBlamedIfItIsNotInItsRooms) {
  OneClient world{plan_of({"/join #r"})};
  world.is_another_coming = true;
  world.run_for(1s);
  world.heal();
  world.run_for(1s);
  ASSERT_THAT(world.judged(), IsEmpty());
  world.lives.current().host.signal(StopReason::terminate);
  while (!world.lives.current().host.has_exited()) ASSERT_TRUE(world.step());
  world.begin_next_life();
  while (world.client().state() != State::online) ASSERT_TRUE(world.step());
  const std::vector<Violation> violations = world.judged();  // it has only just said so
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations.front().property, Property::client_online);
  EXPECT_THAT(violations.front().text, HasSubstr("it is not in the rooms"));
}

// --- Standing still, and not listening ----------------------------------------------------------

TEST_P(OverBoth, DoesNothingWhileItStandsStill) {
  // In its first turn with a link: for a second.
  OneClient world{OverBoth::plan(to_itself(3)),
                  {of_ann(Site::pause, 0, 1), of_ann(Site::pause, 1, 1)},
                  {FaultKind::process_paused}};
  world.run_for(500ms);
  const std::uint64_t turns = world.process().turns();
  world.run_for(400ms);
  EXPECT_EQ(world.process().turns(), turns);
  EXPECT_EQ(world.effective(FaultKind::process_paused), 0U) << "that is not known yet";
  world.run_for(5s);
  EXPECT_GT(world.process().turns(), turns);
  EXPECT_EQ(world.effective(FaultKind::process_paused), 1U);
  EXPECT_EQ(world.accepted().size(), 3U);
  EXPECT_EQ(world.complaint(), std::nullopt);
}

TEST_P(OverBoth, KeepsLinesForAnApplicationThatTakesNone) {
  OneClient world{OverBoth::plan(to_itself(5)),
                  {of_ann(Site::reading, 0, 1), of_ann(Site::reading, 1, 1)},
                  {FaultKind::stops_and_resumes}};
  world.run_for(4s);
  EXPECT_TRUE(world.client().line()) << "it listens again after five seconds";
  EXPECT_EQ(world.client().counts().received, 5U);
  EXPECT_EQ(world.effective(FaultKind::stops_and_resumes), 0U);
  EXPECT_EQ(world.client().last_settled(), 5U) << "answers to its own questions are heard";
  world.run_for(5s);
  EXPECT_FALSE(world.client().line());
  EXPECT_EQ(world.effective(FaultKind::stops_and_resumes), 1U);
}

TEST_P(OverBoth, WaitsWithItsLinesWhileItsQueueIsFull) {
  ClientPlan plan = OverBoth::plan(to_itself(8));
  plan.config.outbound_max = 120;  // two lines with what they cost
  plan.pace = {};
  plan.traits.latency = 50ms;
  OneClient world{plan};
  world.run_for(10s);
  EXPECT_GT(world.environment.marks.at(Mark::client_queue_full), 0U);
  EXPECT_EQ(world.accepted().size(), 8U);
  EXPECT_EQ(world.client().last_settled(), 8U);
  EXPECT_EQ(world.complaint(), std::nullopt);
}

// --- Determinism --------------------------------------------------------------------------------

TEST_P(OverBoth, GoesOnTheSameFromEverySnapshot) {
  const ClientPlan plan = OverBoth::plan(to_itself(6));
  const std::vector<Choice> choices{of_ann(Site::cut_link, 5, 1), of_ann(Site::pause, 3, 1),
                                    of_ann(Site::pause, 4, 1), of_ann(Site::write_size, 2, 1),
                                    of_ann(Site::write_size, 3, 3)};
  const std::vector<FaultKind> faults{FaultKind::reset, FaultKind::process_paused,
                                      FaultKind::short_write};
  OneClient undisturbed{plan, choices, faults};
  undisturbed.run_for(20s);
  EXPECT_EQ(undisturbed.environment.faults.at(FaultKind::reset).injected, 1U);
  EXPECT_EQ(undisturbed.environment.faults.at(FaultKind::process_paused).injected, 1U);
  OneClient world{plan, choices, faults};
  const Instant end = world.environment.now + 20s;
  while (!world.environment.queue.is_empty() && world.environment.queue.first().at <= end) {
    OneClient snapshot{world};
    snapshot.run_for(end - snapshot.environment.now);
    ASSERT_EQ(snapshot.environment.hash(), undisturbed.environment.hash());
    ASSERT_EQ(snapshot.client().digest(), undisturbed.client().digest());
    world.step();
  }
  EXPECT_EQ(world.environment.hash(), undisturbed.environment.hash());
}

}  // namespace
}  // namespace lastword::sim
