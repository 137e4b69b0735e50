#include "core/timer_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

namespace lastword {
namespace {

using Entry = TimerTable::Entry;

constexpr Slot ada{0};
constexpr Slot bob{1};
constexpr std::array connection_timers{Timer::login, Timer::stall, Timer::linger, Timer::close,
                                       Timer::heartbeat};
static_assert(connection_timers.size() == connection_timer_count);

constexpr Instant at(std::int64_t nanoseconds) { return Instant{nanoseconds}; }
constexpr Instant end_of_time = at(std::numeric_limits<std::int64_t>::max());

std::vector<Entry> take_all_due(TimerTable& timers, Instant now) {
  std::vector<Entry> due;
  while (const auto entry = timers.take_due(now)) due.push_back(*entry);
  return due;
}

std::uint64_t digest_of(const TimerTable& timers, Slot slot, Instant now) {
  Digest digest;
  timers.add_to(digest, slot, now);
  return digest.value();
}

TEST(TimerTable, HasNothingAtFirst) {
  TimerTable timers;
  EXPECT_EQ(timers.first(), nullptr);
  EXPECT_FALSE(timers.take_due(end_of_time));
  EXPECT_FALSE(timers.is_armed(ada, Timer::login));
  EXPECT_FALSE(timers.is_armed(Slot{1000}, Timer::close));
  EXPECT_FALSE(timers.is_armed(no_slot, Timer::drain));
}

TEST(TimerTable, GivesATimerWhenItIsDueAndNotBefore) {
  TimerTable timers;
  timers.arm(ada, Timer::stall, at(100));
  EXPECT_TRUE(timers.is_armed(ada, Timer::stall));
  EXPECT_FALSE(timers.is_armed(ada, Timer::login));
  EXPECT_FALSE(timers.take_due(at(99)));
  EXPECT_EQ(timers.take_due(at(100)), (Entry{.at = at(100), .timer = Timer::stall, .slot = ada}));
  EXPECT_FALSE(timers.is_armed(ada, Timer::stall)) << "it expires once";
  EXPECT_FALSE(timers.take_due(end_of_time));
}

TEST(TimerTable, GivesALateDriverTheInstantForWhichTheTimerWasSet) {
  TimerTable timers;
  timers.arm(ada, Timer::stall, at(100));
  const auto entry = timers.take_due(at(5000));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->at, at(100));
}

TEST(TimerTable, HasTheEarliestAtHand) {
  TimerTable timers;
  timers.arm(ada, Timer::stall, at(300));
  timers.arm(bob, Timer::login, at(100));
  timers.arm(Timer::drain, at(200));
  ASSERT_NE(timers.first(), nullptr);
  EXPECT_EQ(*timers.first(), (Entry{.at = at(100), .timer = Timer::login, .slot = bob}));
  timers.disarm(bob, Timer::login);
  EXPECT_EQ(*timers.first(), (Entry{.at = at(200), .timer = Timer::drain, .slot = no_slot}));
  timers.disarm(Timer::drain);
  EXPECT_EQ(*timers.first(), (Entry{.at = at(300), .timer = Timer::stall, .slot = ada}));
  timers.disarm_all(ada);
  EXPECT_EQ(timers.first(), nullptr);
}

TEST(TimerTable, MovesATimerThatIsArmedAgain) {
  for (const std::int64_t moved_to : {50, 150, 250}) {
    TimerTable timers;
    timers.arm(bob, Timer::stall, at(100));
    timers.arm(ada, Timer::stall, at(moved_to == 150 ? 300 : 150));
    timers.arm(ada, Timer::stall, at(moved_to));
    const auto due = take_all_due(timers, end_of_time);
    ASSERT_EQ(due.size(), 2U);
    const Entry& moved = moved_to == 50 ? due.front() : due.back();
    EXPECT_EQ(moved, (Entry{.at = at(moved_to), .timer = Timer::stall, .slot = ada}));
  }
}

TEST(TimerTable, KeepsTheKindsOfOneSlotApart) {
  TimerTable timers;
  for (const Timer timer : connection_timers) timers.arm(ada, timer, at(10));
  timers.disarm(ada, Timer::linger);
  timers.disarm(ada, Timer::linger);
  for (const Timer timer : connection_timers) {
    EXPECT_EQ(timers.is_armed(ada, timer), timer != Timer::linger);
  }
  timers.disarm_all(ada);
  EXPECT_EQ(timers.first(), nullptr);
}

TEST(TimerTable, DisarmsAllOfOneSlotAndOfNoOther) {
  TimerTable timers;
  for (const Slot slot : {ada, bob}) {
    for (const Timer timer : connection_timers) timers.arm(slot, timer, at(10));
  }
  timers.arm(Timer::drain, at(10));
  timers.arm(Timer::accept_retry, at(10));
  timers.disarm_all(ada);
  timers.disarm_all(Slot{1000});
  const auto due = take_all_due(timers, at(10));
  EXPECT_EQ(due.size(), connection_timer_count + 2);
  EXPECT_TRUE(
      std::none_of(due.begin(), due.end(), [](const Entry& entry) { return entry.slot == ada; }));
}

TEST(TimerTable, GivesThoseDueAtOneInstantInTheOrderOfKindsThenSlots) {
  TimerTable timers;
  timers.arm(Timer::accept_retry, at(10));
  timers.arm(bob, Timer::login, at(10));
  timers.arm(ada, Timer::close, at(10));
  timers.arm(Timer::drain, at(10));
  timers.arm(bob, Timer::stall, at(10));
  timers.arm(ada, Timer::stall, at(10));
  timers.arm(bob, Timer::linger, at(9));
  EXPECT_EQ(take_all_due(timers, at(10)),
            (std::vector<Entry>{{.at = at(9), .timer = Timer::linger, .slot = bob},
                                {.at = at(10), .timer = Timer::login, .slot = bob},
                                {.at = at(10), .timer = Timer::stall, .slot = ada},
                                {.at = at(10), .timer = Timer::stall, .slot = bob},
                                {.at = at(10), .timer = Timer::close, .slot = ada},
                                {.at = at(10), .timer = Timer::drain, .slot = no_slot},
                                {.at = at(10), .timer = Timer::accept_retry, .slot = no_slot}}));
}

TEST(TimerTable, TellsInItsDigestHowFarAwayTimersAre) {
  const auto digest = [](Timer timer, std::int64_t armed_at, std::int64_t now) {
    TimerTable timers;
    timers.arm(ada, timer, at(armed_at));
    return digest_of(timers, ada, at(now));
  };
  EXPECT_EQ(digest(Timer::stall, 100, 40), digest(Timer::stall, 1060, 1000));
  EXPECT_NE(digest(Timer::stall, 100, 40), digest(Timer::stall, 100, 41));
  EXPECT_NE(digest(Timer::stall, 100, 40), digest(Timer::close, 100, 40));
  EXPECT_NE(digest(Timer::stall, 100, 40), digest_of(TimerTable{}, ada, at(40)));

  TimerTable timers;
  timers.arm(bob, Timer::stall, at(1));
  EXPECT_EQ(digest_of(timers, ada, at(0)), digest_of(TimerTable{}, ada, at(0)));
  timers.arm(Timer::drain, at(1));
  EXPECT_NE(digest_of(timers, no_slot, at(0)), digest_of(TimerTable{}, no_slot, at(0)));

  TimerTable trimming;
  trimming.arm(Timer::trim, at(1));
  EXPECT_EQ(digest_of(trimming, no_slot, at(0)), digest_of(TimerTable{}, no_slot, at(0)));
}

TEST(TimerTableDeathTest, KnowsWhoseTimerIsWhose) {
  TimerTable timers;
  EXPECT_DEATH(timers.arm(ada, Timer::drain, at(1)), "connection_timer_count");
  EXPECT_DEATH(timers.arm(ada, Timer::resume, at(1)), "connection_timer_count");
  EXPECT_DEATH(timers.arm(Timer::login, at(1)), "is_servers_own");
  EXPECT_DEATH(timers.arm(Timer::resume, at(1)), "is_servers_own");
}

// --- Against a model ---------------------------------------------------------------------------

constexpr std::uint32_t slot_count = 8;

struct Step {
  enum class Kind : std::uint8_t { arm, disarm, disarm_all, take_due };
  Kind kind;
  std::uint32_t slot;  // slot_count: the server's own
  std::size_t timer;
  std::int64_t at;

  [[nodiscard]] bool is_own() const { return slot == slot_count; }
  [[nodiscard]] Slot whose() const { return is_own() ? no_slot : Slot{slot}; }
  [[nodiscard]] Timer which() const {
    constexpr std::array own{Timer::drain, Timer::accept_retry, Timer::trim};
    if (is_own()) return own[timer % own.size()];
    return connection_timers[timer];
  }
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  constexpr std::string_view words[] = {"arm", "disarm", "disarm_all", "take_due"};
  return out << words[static_cast<std::size_t>(step.kind)] << " slot " << step.slot << " timer "
             << step.timer << " at " << step.at;
}

rc::Gen<Step> steps() {
  using Kind = Step::Kind;
  return rc::gen::construct<Step>(
      rc::gen::weightedElement<Kind>(
          {{9, Kind::arm}, {3, Kind::disarm}, {1, Kind::disarm_all}, {3, Kind::take_due}}),
      rc::gen::inRange<std::uint32_t>(0, slot_count + 1),
      rc::gen::inRange<std::size_t>(0, connection_timer_count),
      // Few instants, so that many timers fall on one.
      rc::gen::inRange<std::int64_t>(0, 12));
}

// A vector that is sorted after each change.
class Model {
 public:
  void disarm(Slot slot, Timer timer) {
    std::erase_if(entries_,
                  [&](const Entry& entry) { return entry.slot == slot && entry.timer == timer; });
  }
  void arm(const Entry& entry) {
    disarm(entry.slot, entry.timer);
    entries_.push_back(entry);
    std::sort(entries_.begin(), entries_.end());
  }
  void disarm_all(Slot slot) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.slot == slot; });
  }
  std::optional<Entry> take_due(Instant now) {
    if (entries_.empty() || entries_.front().at > now) return std::nullopt;
    const Entry entry = entries_.front();
    entries_.erase(entries_.begin());
    return entry;
  }
  [[nodiscard]] bool is_armed(Slot slot, Timer timer) const {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return entry.slot == slot && entry.timer == timer;
    });
  }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

RC_GTEST_PROP(TimerTable, KnowsWhatASortedVectorKnowsAfterAnySequenceOfSteps, ()) {
  TimerTable timers;
  Model model;
  const auto story = *rc::gen::container<std::vector<Step>>(steps());
  for (const Step& step : story) {
    switch (step.kind) {
      case Step::Kind::arm:
        timers.arm(step.whose(), step.which(), at(step.at));
        model.arm({.at = at(step.at), .timer = step.which(), .slot = step.whose()});
        break;
      case Step::Kind::disarm:
        timers.disarm(step.whose(), step.which());
        model.disarm(step.whose(), step.which());
        break;
      case Step::Kind::disarm_all:
        if (step.is_own()) break;
        timers.disarm_all(step.whose());
        model.disarm_all(step.whose());
        break;
      case Step::Kind::take_due:
        RC_ASSERT((timers.take_due(at(step.at)) == model.take_due(at(step.at))));
        break;
    }
    const Entry* const first = timers.first();
    RC_ASSERT((first == nullptr) == model.entries().empty());
    if (first != nullptr) RC_ASSERT((*first == model.entries().front()));
    for (std::uint32_t number = 0; number < slot_count; ++number) {
      for (const Timer timer : connection_timers) {
        RC_ASSERT(timers.is_armed(Slot{number}, timer) == model.is_armed(Slot{number}, timer));
      }
    }
    for (const Timer timer : {Timer::drain, Timer::accept_retry, Timer::trim}) {
      RC_ASSERT(timers.is_armed(no_slot, timer) == model.is_armed(no_slot, timer));
    }
  }
  RC_ASSERT((take_all_due(timers, end_of_time) == model.entries()));
  RC_ASSERT(timers.first() == nullptr);
}

}  // namespace
}  // namespace lastword
