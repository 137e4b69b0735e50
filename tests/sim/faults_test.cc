// Whether the simulator does what it says it does: each fault strikes and is felt somewhere, each
// mark is hit; and the few faults that are machinery of their own are looked at one by one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/check.h"
#include "sim/check_trap.h"
#include "sim/fault.h"
#include "sim/mark.h"
#include "sim/run.h"
#include "sim/wall_clock.h"
#include "tests/sim/host_world.h"

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Runs the seeds 1, 2, … of a scenario until `is_done` of all their outcomes together.
struct Search {
  std::string_view scenario;
  std::uint64_t seeds_max;

  template <typename Done>
  [[nodiscard]] Outcome run_until(const Done& is_done) const {
    Outcome all;
    const Scenario* const found = find_scenario(scenario);
    if (found == nullptr) {
      ADD_FAILURE() << "no scenario " << scenario;
      return all;
    }
    for (std::uint64_t seed = 1; seed <= seeds_max && !is_done(all); ++seed) {
      const Outcome outcome = run(*found, Choices::seeded(seed));
      all.faults.add(outcome.faults);
      all.marks.add(outcome.marks);
    }
    return all;
  }
};

// --- Every fault --------------------------------------------------------------------------------

struct FaultRow {
  FaultKind fault;
  Search search;
};

// The scenario in which the fault is at home, and some times the seeds that it takes.
constexpr FaultRow fault_rows[] = {
    {FaultKind::cut_anywhere, {"lossy-mobile", 10}},
    {FaultKind::many_in_one_read, {"calm", 10}},
    {FaultKind::one_byte_a_read, {"lossy-mobile", 10}},
    {FaultKind::short_write, {"lossy-mobile", 10}},
    {FaultKind::would_block, {"lossy-mobile", 10}},
    {FaultKind::malformed, {"calm", 10}},
    {FaultKind::control_in_message, {"frames", 20}},
    {FaultKind::after_close_frame, {"frames", 200}},
    {FaultKind::any_order, {"lossy-mobile", 10}},
    {FaultKind::timer_against_io, {"deploy", 40}},
    {FaultKind::timer_late, {"clocks", 20}},
    {FaultKind::reply_before_written, {"deploy", 40}},
    {FaultKind::all_in_accept_turn, {"storm", 10}},
    {FaultKind::after_close, {"stale", 10}},
    {FaultKind::spurious, {"stale", 10}},
    {FaultKind::fin_anywhere, {"stale", 10}},
    {FaultKind::half_close, {"departed-name", 10}},
    {FaultKind::reset, {"stale", 10}},
    {FaultKind::reset_unread, {"isolation", 60}},
    {FaultKind::half_open, {"half-open", 20}},
    {FaultKind::late_discovery, {"half-open", 40}},
    {FaultKind::never_received, {"famine", 10}},
    {FaultKind::zero_window, {"swizzle", 60}},
    {FaultKind::slow_reader, {"isolation", 10}},
    {FaultKind::stops_and_resumes, {"swizzle", 10}},
    {FaultKind::back_over_half_open, {"half-open", 10}},
    {FaultKind::storm, {"storm", 10}},
    {FaultKind::login_never_done, {"still-typing", 10}},
    {FaultKind::dead_on_accept, {"storm", 20}},
    {FaultKind::no_descriptors, {"famine", 10}},
    {FaultKind::aborted_call, {"famine", 10}},
    {FaultKind::memory_exhausted, {"deploy", 20}},
    {FaultKind::backlog_overflow, {"famine", 10}},
    {FaultKind::log_blocks, {"famine", 10}},
    {FaultKind::process_paused, {"clocks", 20}},
    {FaultKind::wall_clock_jumps, {"clocks", 20}},
    {FaultKind::one_instant, {"storm", 10}},
    {FaultKind::stop_anywhere, {"calm", 20}},
    {FaultKind::stop_again, {"calm", 20}},
    {FaultKind::stop_at_worst, {"slow-loris", 20}},
    {FaultKind::ignores_close, {"deploy", 20}},
    {FaultKind::killed, {"famine", 600}},
    {FaultKind::during_drain, {"slow-loris", 20}},
    {FaultKind::restarted, {"redeploy", 10}},
    {FaultKind::restarted_after_kill, {"redeploy", 20}},
};

constexpr bool is_every_fault_there() {
  for (std::size_t place = 0; place < std::size(fault_rows); ++place) {
    if (static_cast<std::size_t>(fault_rows[place].fault) != place) return false;
  }
  return std::size(fault_rows) == fault_count;
}
static_assert(is_every_fault_there());

std::ostream& operator<<(std::ostream& out, const FaultRow& row) {
  return out << sentence(row.fault);
}

class Faults : public ::testing::TestWithParam<FaultRow> {};

INSTANTIATE_TEST_SUITE_P(Every, Faults, ::testing::ValuesIn(fault_rows),
                         [](const auto& row) { return std::string{short_name(row.param.fault)}; });

TEST_P(Faults, AreInjectedAndFelt) {
  const auto& [fault, search] = GetParam();
  const Outcome outcome = search.run_until([&](const Outcome& all) {
    return all.faults.at(fault).injected > 0 && all.faults.at(fault).effective > 0;
  });
  EXPECT_GT(outcome.faults.at(fault).injected, 0U) << sentence(fault);
  EXPECT_GT(outcome.faults.at(fault).effective, 0U) << effect(fault);
}

// The other side: counts that are never zero show nothing.
TEST(FaultsOfCalmWeather, AreThoseOfPeopleAndSignalsOnly) {
  const Outcome outcome = Search{"calm", 50}.run_until([](const Outcome&) { return false; });
  const std::array allowed{FaultKind::many_in_one_read, FaultKind::malformed,
                           FaultKind::one_instant,      FaultKind::stop_anywhere,
                           FaultKind::stop_again,       FaultKind::killed,
                           FaultKind::during_drain,     FaultKind::never_received};
  for (const FaultRow& row : fault_rows) {
    if (std::ranges::find(allowed, row.fault) != allowed.end()) continue;
    EXPECT_EQ(outcome.faults.at(row.fault).injected, 0U) << sentence(row.fault);
  }
}

TEST(FaultsOfAnEmptyTape, AreNone) {
  for (const std::string_view name : {"swarm", "lossy-mobile", "stale", "clocks", "half-open"}) {
    const Outcome outcome = run(*find_scenario(name), Choices::replayed({}));
    EXPECT_TRUE(outcome.tape.is_empty());
    EXPECT_THAT(outcome.violations, IsEmpty());
    for (const FaultRow& row : fault_rows) {
      EXPECT_EQ(outcome.faults.at(row.fault).injected, 0U) << name << ": " << sentence(row.fault);
    }
  }
}

// --- Every mark ---------------------------------------------------------------------------------

struct MarkRow {
  Mark mark;
  Search search;
};

constexpr MarkRow mark_rows[] = {
    {Mark::short_write_in_fan_out, {"rooms", 20}},
    {Mark::stop_before_first_write, {"slow-loris", 40}},
    {Mark::second_stop_during_linger, {"taken-name", 100}},
    {Mark::stalled_through_the_drain, {"stopped-reader", 40}},
    {Mark::back_over_half_open, {"half-open", 10}},
    {Mark::outbox_exactly_full, {"isolation", 80}},
    {Mark::memory_exactly_full, {"rooms", 150}},
    {Mark::old_generation, {"stale", 300}},
    {Mark::two_timers_at_one_instant, {"isolation", 60}},
    {Mark::stop_with_unread_everywhere, {"swizzle", 60}},
    {Mark::stop_while_paused, {"slow-loris", 20}},
    {Mark::drain_cut_off, {"stopped-reader", 20}},
    {Mark::close_frames_crossing, {"frames", 600}},
    {Mark::end_inside_message, {"frames", 200}},
    {Mark::link_breaks_with_unknown, {"clients", 20}},
    {Mark::goodbye_leaves_lines, {"clients", 40}},
    {Mark::client_back_before_its_name, {"clients", 60}},
    {Mark::client_queue_full, {"clients", 20}},
    {Mark::trim_while_queued, {"famine", 60}},
};

constexpr bool is_every_mark_there() {
  for (std::size_t place = 0; place < std::size(mark_rows); ++place) {
    if (static_cast<std::size_t>(mark_rows[place].mark) != place) return false;
  }
  return std::size(mark_rows) == mark_count;
}
static_assert(is_every_mark_there());

std::ostream& operator<<(std::ostream& out, const MarkRow& row) {
  return out << sentence(row.mark);
}

class Marks : public ::testing::TestWithParam<MarkRow> {};

INSTANTIATE_TEST_SUITE_P(Every, Marks, ::testing::ValuesIn(mark_rows), [](const auto& row) {
  std::string name{sentence(row.param.mark)};
  for (char& character : name) {
    if (std::isalnum(static_cast<unsigned char>(character)) == 0) character = '_';
  }
  return name;
});

TEST_P(Marks, AreHit) {
  const auto& [mark, search] = GetParam();
  const Outcome outcome =
      search.run_until([&](const Outcome& all) { return all.marks.at(mark) > 0; });
  EXPECT_GT(outcome.marks.at(mark), 0U) << sentence(mark);
}

// --- Cuts and pauses, as the core sees them -----------------------------------------------------

// A cut is felt only if the rest of the line comes later than its beginning.
TEST(CutAnywhere, MakesTheCoreSeeAPartOfALine) {
  const auto choice = [](Site site, std::uint32_t index, std::uint32_t value) {
    return Choice{.site = site, .chooser = 1, .index = index, .value = value};
  };
  const Tape before_the_end_of_line{{choice(Site::segment_cut, 0, 1),
                                     choice(Site::segment_cut, 1, 1), choice(Site::jitter, 1, 2)}};
  for (const bool is_cut : {false, true}) {
    HostWorld world{{}, Choices::replayed(is_cut ? before_the_end_of_line : Tape{})};
    const Link alice = world.log_in("alice");
    world.witness.forget();
    world.environment().weather.at(FaultKind::cut_anywhere) = 2;
    world.environment().weather.at(FaultKind::any_order) = 2;
    world.say(alice, "/who");
    world.settle();
    std::vector<std::string> reads = world.witness.facts();
    std::erase_if(reads, [](const std::string& fact) { return !fact.starts_with("received"); });
    if (is_cut) {
      EXPECT_THAT(reads, ElementsAre("received 0 /who", "received 0 |"));
    } else {
      EXPECT_THAT(reads, ElementsAre("received 0 /who|"));
    }
    EXPECT_EQ(world.environment().faults.at(FaultKind::cut_anywhere).effective > 0, is_cut);
  }
}

TEST(ProcessPaused, PostponesATurnThatWasDue) {
  HostWorld world;
  const Link alice = world.log_in("alice");
  world.witness.forget();
  world.say(alice, "/who");
  world.run_for(1ms - 1ns);
  world.step();  // the line arrives, and the turn is due at once
  ASSERT_EQ(world.environment().queue.first().kind, Event::Kind::turn);
  ASSERT_EQ(world.environment().queue.first().at, world.environment().now);
  world.host.pause_until(world.environment().now + 3s);
  world.step();
  EXPECT_FALSE(world.host.in_turn());
  EXPECT_EQ(world.environment().faults.at(FaultKind::process_paused).effective, 1U);
  world.run_for(3s - 1ns);
  EXPECT_THAT(world.witness.facts(), IsEmpty());
  world.run_for(1ns);
  EXPECT_THAT(world.witness.facts(), Contains("received 0 /who|"));
}

// --- The wall clock -----------------------------------------------------------------------------

std::int64_t nanoseconds_of(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::int64_t wall_time() {
  timespec time{};
  EXPECT_EQ(clock_gettime(CLOCK_REALTIME, &time), 0);
  EXPECT_GE(time.tv_nsec, 0);
  EXPECT_LT(time.tv_nsec, 1'000'000'000);
  return nanoseconds_of(time);
}

std::int64_t system_time(clockid_t clock) {
  timespec time{};
  EXPECT_EQ(::syscall(SYS_clock_gettime, clock, &time), 0);
  return nanoseconds_of(time);
}

// Whether it is the system's own time, asked for between two questions to the system itself.
bool is_wall_time_real() {
  const std::int64_t before = system_time(CLOCK_REALTIME);
  const std::int64_t between = wall_time();
  return before <= between && between <= system_time(CLOCK_REALTIME);
}

TEST(WallClock, IsVirtualTimeAndItsOffset) {
  Environment world{Choices::replayed({})};
  const WallClock wall{world};
  EXPECT_EQ(wall_time(), 0);
  world.now = world.now + 1500ms;
  EXPECT_EQ(wall_time(), 1'500'000'000);
  world.wall_offset += 3600s;
  EXPECT_EQ(wall_time(), 3'601'500'000'000);
  world.wall_offset -= 7200s;
  EXPECT_EQ(wall_time(), -3'598'500'000'000);
  const auto standard = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_EQ(std::chrono::nanoseconds{standard}.count(), -3'598'500'000'000);
}

TEST(WallClock, LeavesTheOtherClocksAlone) {
  const Environment world{Choices::replayed({})};
  const WallClock wall{world};
  const std::int64_t before = system_time(CLOCK_MONOTONIC);
  timespec time{};
  ASSERT_EQ(clock_gettime(CLOCK_MONOTONIC, &time), 0);
  EXPECT_LE(before, nanoseconds_of(time));
  EXPECT_LE(nanoseconds_of(time), system_time(CLOCK_MONOTONIC));
}

TEST(WallClock, IsRealOutsideAndThatOfTheOuterWorldAfterAnInnerOne) {
  EXPECT_TRUE(is_wall_time_real());
  {
    Environment outer{Choices::replayed({})};
    outer.now = outer.now + 1s;
    const WallClock outer_wall{outer};
    {
      Environment inner{Choices::replayed({})};
      inner.now = inner.now + 2s;
      const WallClock inner_wall{inner};
      EXPECT_EQ(wall_time(), 2'000'000'000);
    }
    EXPECT_EQ(wall_time(), 1'000'000'000);
    EXPECT_FALSE(is_wall_time_real());
  }
  EXPECT_TRUE(is_wall_time_real());
}

TEST(WallClock, IsThatOfTheWorldOnItsOwnThreadOnly) {
  const Environment world{Choices::replayed({})};
  const WallClock wall{world};
  bool is_real_elsewhere = false;
  std::thread{[&] { is_real_elsewhere = is_wall_time_real(); }}.join();
  EXPECT_TRUE(is_real_elsewhere);
  EXPECT_EQ(wall_time(), 0);
}

// --- Checks that fail ---------------------------------------------------------------------------

void check_that(bool is_right) { LASTWORD_CHECK(is_right); }

TEST(CheckTrap, MakesAFailingCheckThrow) {
  const CheckTrap trap;
  EXPECT_NO_THROW(check_that(true));
  try {
    check_that(false);
    FAIL() << "nothing was thrown";
  } catch (const CheckFailed& failed) {
    EXPECT_THAT(failed.what(), HasSubstr("is_right"));
    EXPECT_THAT(failed.what(), HasSubstr("faults_test.cc:"));
  }
}

TEST(CheckTrap, StaysSetWhenAnInnerOneIsGone) {
  const CheckTrap outer;
  {
    const CheckTrap inner;
  }
  EXPECT_THROW(check_that(false), CheckFailed);
}

TEST(CheckTrapDeathTest, LetsAFailingCheckEndTheProgramOutside) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(check_that(false), "faults_test.cc:.*is_right");
  {
    const CheckTrap trap;
  }
  EXPECT_DEATH(check_that(false), "is_right");
}

TEST(CheckTrapDeathTest, IsSetOnItsOwnThreadOnly) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const CheckTrap trap;
  EXPECT_DEATH(std::thread{[] { check_that(false); }}.join(), "Assertion .is_right");
}

}  // namespace
}  // namespace lastword::sim
