#include "sim/crowd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sim/crowd_picture.h"
#include "sim/crowd_report.h"

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

CrowdPlan small_crowd() { return {.clients = CrowdPlan::clients_min}; }

// All that came back at once, if nothing says otherwise: a result that nobody complains of.
CrowdResult good_result(const CrowdPlan& plan) {
  CrowdResult result;
  result.exited_at = 100ms;
  result.started_at = 1100ms;
  result.online = {{.at = 0s, .count = plan.clients},
                   {.at = 10ms, .count = 0},
                   {.at = 1500ms, .count = plan.clients}};
  result.fates[static_cast<std::size_t>(client::State::online)] = plan.clients;
  return result;
}

std::size_t times(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// --- Runs --------------------------------------------------------------------------------------

TEST(Crowd, SpreadsWhenItComesBackAfterSigterm) {
  const CrowdPlan plan = small_crowd();
  const CrowdResult result = run_crowd(plan);
  EXPECT_THAT(complaints(plan, result), IsEmpty());
  EXPECT_THAT(windows_of(plan), ElementsAre(1s));
  EXPECT_EQ(attempts_max_for(plan, 1s), 500U);
  EXPECT_EQ(result.online_before(), plan.clients);
  EXPECT_EQ(result.online.back().count, plan.clients);
  EXPECT_EQ(result.logins.size(), plan.clients) << "each came back once, and stayed";
  EXPECT_EQ(result.fates[static_cast<std::size_t>(client::State::online)], plan.clients);
  EXPECT_LT(*result.exited_at, 1s);
  EXPECT_EQ(*result.started_at, *result.exited_at + plan.downtime);

  EXPECT_TRUE(std::ranges::is_sorted(result.attempts, {}, &CrowdResult::Attempt::at));
  ASSERT_EQ(result.busiest.size(), 1U);
  const CrowdResult::Busiest& busiest = result.busiest.front();
  const auto in_busiest = std::ranges::count_if(result.attempts, [&](const auto& attempt) {
    return attempt.at >= busiest.from && attempt.at < busiest.from + 1s;
  });
  EXPECT_EQ(in_busiest, static_cast<std::ptrdiff_t>(busiest.attempts));
  // All attempts of the downtime were for nothing, and after it none was (but for the way there).
  for (const CrowdResult::Attempt& attempt : result.attempts) {
    if (attempt.at < *result.started_at - 100ms) {
      EXPECT_TRUE(attempt.is_refused);
    }
    if (attempt.at > *result.started_at) {
      EXPECT_FALSE(attempt.is_refused);
    }
  }
}

TEST(Crowd, SpreadsOverLessTimeWhenItComesBackAfterSigkill) {
  CrowdPlan plan = small_crowd();
  plan.is_killed = true;
  const CrowdResult result = run_crowd(plan);
  EXPECT_THAT(complaints(plan, result), IsEmpty());
  EXPECT_THAT(windows_of(plan), ElementsAre(1s, 250ms));
  EXPECT_EQ(attempts_max_for(plan, 1s), 2000U);
  EXPECT_EQ(attempts_max_for(plan, 250ms), 500U);
  EXPECT_GT(result.busiest.front().attempts, plan.clients) << "all, and a quarter of them twice";
  EXPECT_EQ(*result.exited_at, 0s);
}

TEST(Crowd, HasAnIdleMinuteOfThreeTurnsForEachHeartbeat) {
  const CrowdResult result = run_crowd(small_crowd());
  for (const Transport transport : {Transport::lines, Transport::websocket}) {
    const CrowdResult::Idle& idle = result.idle_of(transport);
    EXPECT_EQ(idle.clients, 500U);
    EXPECT_LE(idle.turns_max, 12U);
    EXPECT_GE(idle.turns, 500U * 9U);
    EXPECT_EQ(idle.vain_wakeups_max, 4U);
  }
  EXPECT_GT(result.idle_facts, 1000U * 8U);
  EXPECT_LT(result.idle_facts, 1000U * 12U);
}

// The check can fail: without delays that spread, everybody is there at once, again and again.
TEST(Crowd, BreaksItsBoundIfNothingSpreadsIt) {
  CrowdPlan plan = small_crowd();
  plan.delays = {.first = 1ms, .after_restart = 1ms, .after_refusal = 1ms};
  EXPECT_THAT(complaints(plan, run_crowd(plan)),
              ElementsAre(AllOf(HasSubstr("attempts to connect within 1.0 s"),
                                HasSubstr("the bound is 500"))));
  plan.is_killed = true;
  EXPECT_THAT(
      complaints(plan, run_crowd(plan)),
      ElementsAre(
          AllOf(HasSubstr("attempts to connect within 1.0 s"), HasSubstr("the bound is 2,000")),
          AllOf(HasSubstr("attempts to connect within 250 ms"), HasSubstr("the bound is 500"))));
}

TEST(Crowd, IsMissedIfItComesTooLate) {
  CrowdPlan plan = small_crowd();
  plan.delays = {.first = 1h, .after_restart = 1h, .after_refusal = 1h, .max = 1h};
  const CrowdResult result = run_crowd(plan);
  EXPECT_THAT(complaints(plan, result), Contains("not all clients came back"));
  EXPECT_LT(result.online.back().count, plan.clients);
}

TEST(Crowd, IsTheSameWithTheSameSeed) {
  CrowdPlan plan = small_crowd();
  const CrowdResult one = run_crowd(plan);
  const CrowdResult same = run_crowd(plan);
  plan.seed = 2;
  const CrowdResult other = run_crowd(plan);
  EXPECT_EQ(one.hash, same.hash);
  EXPECT_EQ(one.steps, same.steps);
  EXPECT_EQ(tell_crowd(small_crowd(), one), tell_crowd(small_crowd(), same));
  EXPECT_NE(one.hash, other.hash);
  EXPECT_NE(one.busiest.front().from, other.busiest.front().from);
}

// --- Judgement ---------------------------------------------------------------------------------

TEST(CrowdComplaints, AreNoneIfAllIsWell) {
  const CrowdPlan plan = small_crowd();
  CrowdResult result = good_result(plan);
  result.busiest = {{.window = 1s, .attempts = 500}};
  result.idle_of(Transport::lines).turns_max = idle_turns_max;
  result.idle_of(Transport::websocket).vain_wakeups_max = idle_vain_wakeups_max;
  EXPECT_THAT(complaints(plan, result), IsEmpty());
}

TEST(CrowdComplaints, NameWhateverIsNotAsItShouldBe) {
  const CrowdPlan plan = small_crowd();
  CrowdResult result = good_result(plan);
  result.busiest = {{.window = 1s, .attempts = 501}};
  EXPECT_THAT(complaints(plan, result),
              ElementsAre("there were 501 attempts to connect within 1.0 s, and the bound is 500"));

  result = good_result(plan);
  result.violations.push_back({.property = Property::half_open_removed, .text = "still there"});
  EXPECT_THAT(complaints(plan, result), ElementsAre("broke L6: still there"));

  result = good_result(plan);
  result.online.front().count = 999;
  EXPECT_THAT(complaints(plan, result),
              ElementsAre("before the signal 999 clients of 1,000 were online"));

  result = good_result(plan);
  result.online.back().at = *result.started_at + all_back_within + 1s;
  EXPECT_THAT(complaints(plan, result), ElementsAre(HasSubstr("until all were back")));

  result = good_result(plan);
  result.online.back().count = 999;
  result.fates = {};
  result.fates[static_cast<std::size_t>(client::State::gone)] = 1;
  EXPECT_THAT(complaints(plan, result),
              ElementsAre("not all clients came back", "1 client is gone for ever"));

  result = good_result(plan);
  result.idle_of(Transport::lines).turns_max = idle_turns_max + 1;
  result.idle_of(Transport::websocket).vain_wakeups_max = idle_vain_wakeups_max + 1;
  EXPECT_THAT(complaints(plan, result),
              ElementsAre(HasSubstr("over TCP had 13 turns of its loop"),
                          HasSubstr("over WebSocket had 5 wake-ups for nothing")));
}

TEST(CrowdComplaints, SayThatNoNewProcessStarted) {
  CrowdResult result = good_result(small_crowd());
  result.started_at.reset();
  EXPECT_EQ(back_at(result, 1), std::nullopt);
  EXPECT_THAT(complaints(small_crowd(), result), ElementsAre("not all clients came back"));
  EXPECT_THAT(tell_crowd(small_crowd(), result), HasSubstr("back after the new start: nobody"));
}

TEST(CrowdShares, AreRoundedUp) {
  EXPECT_EQ(part_of(1000, 50), 500U);
  EXPECT_EQ(part_of(1001, 50), 501U);
  EXPECT_EQ(part_of(1000, 99), 990U);
  EXPECT_EQ(part_of(1001, 100), 1001U);
}

// --- Showing it --------------------------------------------------------------------------------

CrowdResult shown_result() {
  CrowdResult result = good_result(small_crowd());
  result.attempts = {{.at = 0ms, .is_refused = true},
                     {.at = 999ms, .is_refused = true},
                     {.at = 1000ms, .is_refused = true},
                     {.at = 1400ms, .is_refused = false},
                     {.at = 3000ms, .is_refused = false}};
  result.online = {{.at = 0s, .count = 1000},
                   {.at = 500ms, .count = 0},
                   {.at = 1500ms, .count = 400},
                   {.at = 3100ms, .count = 1000}};
  result.logins = {1500ms, 3100ms};
  result.busiest = {{.window = 1s, .attempts = 3, .from = 999ms}};
  return result;
}

TEST(ShownCrowd, IsCountedBySeconds) {
  const std::vector<CrowdSecond> seconds = seconds_of(shown_result());
  ASSERT_EQ(seconds.size(), 4U);
  const auto row = [&](std::size_t place) {
    const CrowdSecond& second = seconds[place];
    return std::vector<std::uint64_t>{second.attempts, second.refused, second.logins,
                                      second.online};
  };
  EXPECT_THAT(row(0), ElementsAre(2, 2, 0, 0));
  EXPECT_THAT(row(1), ElementsAre(2, 1, 1, 400));
  EXPECT_THAT(row(2), ElementsAre(0, 0, 0, 400));
  EXPECT_THAT(row(3), ElementsAre(1, 0, 1, 1000));
}

TEST(ShownCrowd, IsToldInFigures) {
  EXPECT_THAT(
      tell_crowd(small_crowd(), shown_result()),
      AllOf(
          HasSubstr("1,000 clients, every second one by WebSocket; seed 1\n"),
          HasSubstr("       1         2        1       1                400\n"),
          HasSubstr("SIGTERM at 0 s, the end of the process at 0.100 s, the new one at 1.100 s\n"),
          HasSubstr("most attempts within 1.000 s: 3, from 0.999 s on; the bound is 500\n"),
          HasSubstr("(the bound: 2 x 1,000 in 4.000 s, which is the ceiling of the first delay)\n"),
          HasSubstr("50 % within 2.000 s, 99 % within 2.000 s, all within 2.000 s; the bound is "
                    "65.000 s\n"),
          HasSubstr("what became of them: 1,000 online, 0 gone\n")));
}

TEST(ShownCrowd, IsDrawn) {
  const std::string picture = crowd_picture(small_crowd(), shown_result());
  EXPECT_EQ(times(picture, "<rect class=\"refused\""), 2U + 1U) << "two seconds, and the legend";
  EXPECT_EQ(times(picture, "<rect class=\"answered\""), 2U + 1U);
  EXPECT_EQ(times(picture, "<polyline class=\"online\""), 1U);
  EXPECT_EQ(times(picture, "class=\"limit\""), 1U);
  EXPECT_EQ(times(picture, "class=\"moment\""), 3U);
  EXPECT_THAT(picture, AllOf(HasSubstr("prefers-color-scheme: dark"), HasSubstr(">SIGTERM<"),
                             HasSubstr("the bound: 500/s"), HasSubstr("seconds since the signal")));
  EXPECT_EQ(times(picture, "<text"), times(picture, "</text>"));
  EXPECT_THAT(picture, Not(HasSubstr("href"))) << "it needs no other file";
}

TEST(ShownCrowd, IsDrawnWithoutAReturnToo) {
  CrowdPlan plan = small_crowd();
  plan.is_killed = true;
  const std::string picture = crowd_picture(plan, {});
  EXPECT_EQ(times(picture, "class=\"moment\""), 1U);
  EXPECT_THAT(picture, AllOf(HasSubstr(">SIGKILL<"), HasSubstr("the bound: 2,000/s")));
}

}  // namespace
}  // namespace lastword::sim
