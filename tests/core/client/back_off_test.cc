#include "core/client/back_off.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace lastword::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Seed seed_of(std::uint32_t number) {
  Seed seed{};
  for (std::size_t place = 0; place < sizeof(number); ++place) {
    seed[place] = static_cast<std::byte>(number >> (8 * place));
  }
  return seed;
}

Duration ceiling_after(BackOff& back_off, Setback setback) {
  RandomStream random{seed_of(0)};
  const Duration delay = back_off.next(setback, random);
  EXPECT_LE(delay, back_off.ceiling());
  EXPECT_GE(delay, Duration::zero());
  return back_off.ceiling();
}

TEST(BackOff, BeginsAsLongAsItsCauseAsks) {
  for (const auto& [setback, ceiling] :
       {std::pair{Setback::broken, seconds{1}}, std::pair{Setback::restart, seconds{4}},
        std::pair{Setback::refusal, seconds{16}}}) {
    BackOff back_off{Delays{}};
    EXPECT_EQ(ceiling_after(back_off, setback), ceiling);
  }
}

TEST(BackOff, DoublesUpToItsCap) {
  BackOff back_off{Delays{}};
  for (const int expected_s : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    EXPECT_EQ(ceiling_after(back_off, Setback::broken), seconds{expected_s});
  }
  for (int round = 0; round < 200; ++round)
    static_cast<void>(ceiling_after(back_off, Setback::broken));
  EXPECT_EQ(ceiling_after(back_off, Setback::broken), seconds{60});
}

TEST(BackOff, TheLongestCauseRulesAnOutage) {
  BackOff back_off{Delays{}};
  EXPECT_EQ(ceiling_after(back_off, Setback::restart), seconds{4});
  EXPECT_EQ(ceiling_after(back_off, Setback::broken), seconds{8}) << "refused: it is not back yet";
  EXPECT_EQ(ceiling_after(back_off, Setback::refusal), seconds{60});
}

TEST(BackOff, BeginsAgainAfterAStableTimeAndNotBefore) {
  constexpr Duration stable = seconds{60};
  for (const Duration online : {stable - Duration{1}, stable}) {
    BackOff back_off{Delays{}};
    for (int round = 0; round < 3; ++round) {
      static_cast<void>(ceiling_after(back_off, Setback::broken));
    }
    back_off.went_online(Instant{1000});
    back_off.went_offline(Instant{1000} + online);
    EXPECT_EQ(ceiling_after(back_off, Setback::broken), online < stable ? seconds{8} : seconds{1});
  }
}

TEST(BackOff, AFailedAttemptIsNoTimeOnline) {
  BackOff back_off{Delays{}};
  static_cast<void>(ceiling_after(back_off, Setback::broken));
  back_off.went_offline(Instant{} + std::chrono::hours{1});
  EXPECT_EQ(ceiling_after(back_off, Setback::broken), seconds{2});
}

TEST(BackOff, WhatTheServerAsksForComesOnTop) {
  RandomStream random{seed_of(7)};
  BackOff back_off{Delays{}};
  const Duration delay = back_off.next(Setback::broken, random, seconds{30});
  EXPECT_GE(delay, seconds{30});
  EXPECT_LE(delay, seconds{31});
  BackOff far{Delays{}};
  EXPECT_LE(far.next(Setback::broken, random, std::chrono::hours{1}), seconds{61});
}

// The bound of the header: N lose a server that says goodbye, and it refuses them for a while.
TEST(BackOff, ACrowdIsSpread) {
  constexpr std::uint32_t clients = 10'000;
  constexpr Duration downtime = seconds{20};
  std::vector<Duration> attempts;
  for (std::uint32_t number = 0; number < clients; ++number) {
    RandomStream random{seed_of(number)};
    BackOff back_off{Delays{}};
    Duration at = back_off.next(Setback::restart, random);
    attempts.push_back(at);
    while (at < downtime) {
      at += back_off.next(Setback::broken, random);
      attempts.push_back(at);
    }
  }
  std::sort(attempts.begin(), attempts.end());
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < attempts.size(); ++last) {
    while (attempts[last] - attempts[first] >= seconds{1}) ++first;
    most = std::max(most, last - first + 1);
  }
  constexpr std::size_t bound = 2 * clients / 4;
  EXPECT_LE(most, bound);
  EXPECT_GE(most, clients / 4) << "or the test sees nothing";
}

}  // namespace
}  // namespace lastword::client
