#include "sim/shrink.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "tests/sim/print_tape.h"

namespace lastword::sim {
namespace {

constexpr Site clients = Site::clients;
constexpr Site action = Site::action;
constexpr Site jitter = Site::jitter;

using IsBroken = std::function<bool(const Tape&)>;

// A run that asks for everything on its tape.
Replay run_that(IsBroken is_broken) {
  return [is_broken = std::move(is_broken)](const Tape& tape) -> std::optional<Tape> {
    if (!is_broken(tape)) return std::nullopt;
    return tape;
  };
}

std::uint32_t value_at(const Tape& tape, Site site, Chooser chooser, std::uint32_t index) {
  for (const Choice& choice : tape.choices()) {
    if (choice.site == site && choice.chooser == chooser && choice.index == index) {
      return choice.value;
    }
  }
  return 0;
}

std::uint64_t sum_of(const Tape& tape) {
  std::uint64_t sum = 0;
  for (const Choice& choice : tape.choices()) sum += choice.value;
  return sum;
}

// Five clients that did something different at each step, and a noisy world.
Tape big_tape(std::uint32_t length) {
  std::vector<Choice> choices{{.site = clients, .chooser = 0, .index = 0, .value = 4}};
  for (std::uint32_t index = 0; index < length; ++index) {
    choices.push_back({.site = jitter, .chooser = 0, .index = index, .value = 1 + index % 1000});
    for (Chooser client = 1; client <= 5; ++client) {
      choices.push_back(
          {.site = action, .chooser = client, .index = index, .value = 1 + (index + client) % 9});
    }
  }
  return Tape{std::move(choices)};
}

// Whether a choice can be zeroed or lowered by one, and the run still breaks.
std::optional<Tape> smaller_neighbour(const Tape& tape, const Replay& replay) {
  for (std::size_t place = 0; place < tape.size(); ++place) {
    const std::uint32_t value = tape.choices()[place].value;
    for (const std::uint32_t lower : {std::uint32_t{0}, value - 1}) {
      std::vector<Choice> choices(tape.choices().begin(), tape.choices().end());
      choices[place].value = lower;
      if (Tape neighbour{std::move(choices)}; replay(neighbour)) return neighbour;
    }
  }
  return std::nullopt;
}

TEST(Shrink, LeavesNothingOfARunThatBreaksByItself) {
  const Shrunk shrunk = shrink(big_tape(50), run_that([](const Tape&) { return true; }));
  EXPECT_EQ(shrunk.tape, Tape{});
  EXPECT_TRUE(shrunk.is_minimal);
  EXPECT_LE(shrunk.runs, 20U) << "whole choosers first";
}

TEST(Shrink, FindsTheTwoThatBelongTogetherAndTheThirdThatMustBeLarge) {
  const Shrunk shrunk = shrink(big_tape(200), run_that([](const Tape& tape) {
                                 return value_at(tape, action, 2, 17) > 0 &&
                                        value_at(tape, action, 4, 99) > 0 &&
                                        value_at(tape, jitter, 0, 150) >= 5;
                               }));
  EXPECT_EQ(shrunk.tape, (Tape{{{.site = action, .chooser = 2, .index = 17, .value = 1},
                                {.site = action, .chooser = 4, .index = 99, .value = 1},
                                {.site = jitter, .chooser = 0, .index = 150, .value = 5}}}));
  EXPECT_TRUE(shrunk.is_minimal);
  EXPECT_LE(shrunk.runs, 200U) << "of 1,201 choices";
}

// Choices at three sites by three choosers, of which those with one key count only together.
void expect_groups(const std::function<std::pair<int, int>(const Choice&)>& key_of,
                   const std::vector<std::pair<int, int>>& needed) {
  std::vector<Choice> choices;
  for (const Site site : {clients, action, jitter}) {
    for (Chooser chooser = 0; chooser < 3; ++chooser) {
      for (std::uint32_t index = 0; index < 3U + 2U * chooser; ++index) {
        choices.push_back({.site = site, .chooser = chooser, .index = index, .value = 1});
      }
    }
  }
  const auto of_key = [&](const Tape& tape, const std::pair<int, int>& key) {
    return std::count_if(tape.choices().begin(), tape.choices().end(),
                         [&](const Choice& choice) { return key_of(choice) == key; });
  };
  const Tape all{choices};
  std::erase_if(choices, [&](const Choice& choice) {
    return std::find(needed.begin(), needed.end(), key_of(choice)) == needed.end();
  });
  const Tape expected{choices};
  const Replay replay = run_that([&](const Tape& tape) {
    for (const Choice& choice : all.choices()) {
      const auto key = key_of(choice);
      const auto count = of_key(tape, key);
      if (count != of_key(all, key) && (count != 0 || of_key(expected, key) != 0)) return false;
    }
    return std::all_of(needed.begin(), needed.end(),
                       [&](const auto& key) { return of_key(tape, key) != 0; });
  });
  EXPECT_EQ(shrink(all, replay).tape, expected);
}

TEST(Shrink, TakesAWholeClientAway) {
  expect_groups([](const Choice& choice) { return std::pair{0, int{choice.chooser}}; }, {{0, 1}});
}

TEST(Shrink, TakesAWholeSiteAway) {
  expect_groups([](const Choice& choice) { return std::pair{static_cast<int>(choice.site), 0}; },
                {{static_cast<int>(action), 0}});
}

TEST(Shrink, TakesAllThatOneClientDoesAtOneSiteAway) {
  expect_groups(
      [](const Choice& choice) {
        return std::pair{static_cast<int>(choice.site), int{choice.chooser}};
      },
      {{static_cast<int>(clients), 1}, {static_cast<int>(action), 2}});
}

TEST(Shrink, TriesAgainWhatALaterStepMadePossible) {
  // The action is needed only as long as the jitter is large.
  const Shrunk shrunk =
      shrink(Tape{{{.site = action, .chooser = 1, .index = 0, .value = 1},
                   {.site = jitter, .chooser = 0, .index = 0, .value = 9}}},
             run_that([](const Tape& tape) {
               const std::uint32_t value = value_at(tape, jitter, 0, 0);
               return value > 0 && (value <= 3 || value_at(tape, action, 1, 0) > 0);
             }));
  EXPECT_EQ(shrunk.tape, (Tape{{{.site = jitter, .chooser = 0, .index = 0, .value = 1}}}));
}

TEST(Shrink, LowersASumToItsThreshold) {
  const Replay replay = run_that([](const Tape& tape) { return sum_of(tape) >= 1234; });
  const Shrunk shrunk = shrink(big_tape(100), replay);
  EXPECT_EQ(sum_of(shrunk.tape), 1234U);
  EXPECT_EQ(smaller_neighbour(shrunk.tape, replay), std::nullopt);
}

TEST(Shrink, FindsTheThresholdOfALargeValueInAFewSteps) {
  const Tape tape{{{.site = action, .chooser = 1, .index = 3, .value = 4'000'000'000}}};
  const Shrunk shrunk = shrink(tape, run_that([](const Tape& candidate) {
                                 return value_at(candidate, action, 1, 3) >= 1'234'567;
                               }));
  EXPECT_EQ(shrunk.tape, (Tape{{{.site = action, .chooser = 1, .index = 3, .value = 1'234'567}}}));
  EXPECT_LE(shrunk.runs, 60U) << "halving 32 bits, then 21 in a last round";
}

TEST(Shrink, LowersByOneWhereLowerValuesBreakOnlyHereAndThere) {
  // The halves meet odd values that break nothing and even ones that do.
  const Replay replay = run_that([](const Tape& tape) {
    const std::uint32_t value = value_at(tape, action, 1, 0);
    return value == 1000 || (value >= 301 && value % 7 == 0) || value == 77;
  });
  const Shrunk shrunk =
      shrink(Tape{{{.site = action, .chooser = 1, .index = 0, .value = 1000}}}, replay);
  EXPECT_TRUE(replay(shrunk.tape));
  EXPECT_EQ(smaller_neighbour(shrunk.tape, replay), std::nullopt);
}

TEST(Shrink, TakesAnActionOutOfTheMiddleOfAScript) {
  // A login (1), a message (2) and a farewell (3) in this order, with nothing else between them,
  // break it: zeroing what is between leaves a pause there, cutting does not.
  const auto choice = [](std::uint32_t index, std::uint32_t value) {
    return Choice{.site = action, .chooser = 1, .index = index, .value = value};
  };
  const Tape tape{{choice(0, 1), choice(1, 5), choice(2, 2), choice(3, 7), choice(4, 8),
                   choice(5, 3), choice(6, 9)}};
  const Replay replay = run_that([](const Tape& candidate) {
    std::vector<std::uint32_t> values;
    std::uint32_t expected_index = 0;
    for (const Choice& one : candidate.choices()) {
      if (one.index != expected_index++) return false;
      if (one.value <= 3) values.push_back(one.value);
    }
    return values == std::vector<std::uint32_t>{1, 2, 3};
  });
  EXPECT_EQ(shrink(tape, replay).tape, (Tape{{choice(0, 1), choice(1, 2), choice(2, 3)}}));
}

TEST(Shrink, CutsAStreamInWhichOnlyTheNumberCounts) {
  // The run reads its stream up to the first boring answer, and breaks on reading at least three.
  const Replay replay = [](const Tape& tape) -> std::optional<Tape> {
    Choices choices = Choices::replayed(tape);
    std::uint32_t read = 0;
    while (choices.choose(10, action, 3) != 0) ++read;
    if (read < 3) return std::nullopt;
    return choices.tape();
  };
  const Shrunk shrunk = shrink(big_tape(40), replay);
  EXPECT_EQ(shrunk.tape, (Tape{{{.site = action, .chooser = 3, .index = 0, .value = 1},
                                {.site = action, .chooser = 3, .index = 1, .value = 1},
                                {.site = action, .chooser = 3, .index = 2, .value = 1}}}));
}

// Each action takes three steps, and the stop must fall into the last one.
TEST(Shrink, LetsTheStopComeEarlierWithWhatIsTakenAway) {
  constexpr std::uint32_t steps_of_one = 3;
  std::vector<Choice> choices{{.site = Site::stop_step, .chooser = 0, .index = 0, .value = 29}};
  for (std::uint32_t index = 0; index < 10; ++index) {
    choices.push_back({.site = action, .chooser = 1, .index = index, .value = 1});
  }
  const auto replay = run_that([](const Tape& tape) {
    const std::uint32_t stop = value_at(tape, Site::stop_step, 0, 0);
    const std::size_t actions = tape.size() - (stop == 0 ? 0 : 1);
    return actions > 0 && stop + 1 == actions * steps_of_one;
  });
  const Shrunk shrunk = shrink(Tape{std::move(choices)}, replay);
  EXPECT_EQ(shrunk.tape.size(), 2U) << shrunk.tape;
  EXPECT_EQ(value_at(shrunk.tape, Site::stop_step, 0, 0), steps_of_one - 1);
}

TEST(Shrink, GoesOnWithTheTapeAsItWasUsed) {
  // Only as many clients act as there are, and only the last one's action breaks it.
  std::size_t size_used = SIZE_MAX;
  const Replay replay = [&](const Tape& tape) -> std::optional<Tape> {
    EXPECT_LE(tape.size(), size_used) << "what was not asked for is back: " << tape;
    Choices choices = Choices::replayed(tape);
    const std::uint32_t count = choices.choose(3, clients) + 1;
    std::uint32_t last = 0;
    for (std::uint32_t client = 1; client <= count; ++client) {
      last = choices.choose(4, action, static_cast<Chooser>(client));
    }
    if (last == 0) return std::nullopt;
    size_used = std::min(size_used, choices.tape().size());
    return choices.tape();
  };
  const Shrunk shrunk = shrink(big_tape(40), replay);
  EXPECT_EQ(shrunk.tape, (Tape{{{.site = action, .chooser = 1, .index = 0, .value = 1}}}));
  EXPECT_LE(shrunk.runs, 10U);
}

TEST(Shrink, EndsWhereTheRunChoosesSomethingByItself) {
  const Replay replay = [](const Tape& tape) -> std::optional<Tape> {
    Choices choices = Choices::replayed(tape);
    choices.force(jitter, 5);
    static_cast<void>(choices.choose(10, jitter));
    if (choices.choose(10, action, 1) < 2) return std::nullopt;
    return choices.tape();
  };
  const Tape tape{{{.site = action, .chooser = 1, .index = 0, .value = 9}}};
  const Shrunk shrunk = shrink(tape, replay);
  EXPECT_EQ(shrunk.tape, (Tape{{{.site = action, .chooser = 1, .index = 0, .value = 2},
                                {.site = jitter, .chooser = 0, .index = 0, .value = 5}}}));
  EXPECT_TRUE(shrunk.is_minimal);
}

TEST(Shrink, KeepsASmallTapeWhoseZerosMakeTheRunChooseMore) {
  const Replay replay = [](const Tape& tape) -> std::optional<Tape> {
    Choices choices = Choices::replayed(tape);
    if (choices.choose(10, action, 1) == 0) choices.force(jitter, 5);
    for (int index = 0; index < 4; ++index) static_cast<void>(choices.choose(10, jitter));
    return choices.tape();
  };
  const Tape tape{{{.site = action, .chooser = 1, .index = 0, .value = 1}}};
  EXPECT_EQ(shrink(tape, replay).tape, tape);
}

TEST(Shrink, GivesBackATapeThatBreaksNothing) {
  const Shrunk shrunk = shrink(big_tape(3), run_that([](const Tape&) { return false; }));
  EXPECT_EQ(shrunk.tape, big_tape(3));
  EXPECT_EQ(shrunk.runs, 1U);
  EXPECT_FALSE(shrunk.is_minimal);
}

TEST(Shrink, TakesNoMoreRunsThanItMay) {
  const auto is_broken = [](const Tape& tape) { return sum_of(tape) >= 1234; };
  const std::uint64_t needed = shrink(big_tape(100), run_that(is_broken)).runs;
  ASSERT_GT(needed, 100U);
  for (const std::uint64_t runs_max : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2},
                                       std::uint64_t{50}, needed - 1, needed, needed + 1}) {
    std::uint64_t counted = 0;
    const Shrunk shrunk = shrink(
        big_tape(100),
        [&](const Tape& tape) -> std::optional<Tape> {
          ++counted;
          if (!is_broken(tape)) return std::nullopt;
          return tape;
        },
        runs_max);
    EXPECT_EQ(shrunk.runs, counted);
    EXPECT_EQ(shrunk.runs, std::min(needed, runs_max));
    EXPECT_EQ(shrunk.is_minimal, runs_max >= needed) << runs_max;
    EXPECT_TRUE(is_broken(shrunk.tape));
  }
}

// --- Any tape, any of many predicates ----------------------------------------------------------

rc::Gen<Tape> tapes() {
  return rc::gen::map(
      rc::gen::container<std::vector<Choice>>(rc::gen::construct<Choice>(
          rc::gen::element(clients, action, jitter), rc::gen::inRange<Chooser>(0, 4),
          rc::gen::inRange<std::uint32_t>(0, 12),
          rc::gen::weightedOneOf<std::uint32_t>(
              {{4, rc::gen::inRange(1U, 20U)}, {1, rc::gen::inRange(1U, 1'000'000U)}}))),
      [](std::vector<Choice> choices) { return Tape{std::move(choices)}; });
}

// A condition that the whole tape meets; the run that breaks under it may read less than that.
struct Condition {
  int kind;
  std::uint64_t amount;
  std::vector<Choice> needed;

  [[nodiscard]] bool is_met(const Tape& tape) const {
    const auto has = [&](const Choice& choice) {
      return value_at(tape, choice.site, choice.chooser, choice.index) >= choice.value;
    };
    switch (kind) {
      case 0:  // all of some choices, at least so large
        return std::all_of(needed.begin(), needed.end(), has);
      case 1:  // one of them
        return std::any_of(needed.begin(), needed.end(), has);
      case 2:
        return sum_of(tape) >= amount;
      case 3:
        return tape.size() >= amount;
      default:  // nothing like an order: as good as random
        return (sum_of(tape) * 0x9E37'79B9U + tape.size()) % 5 == amount % 5;
    }
  }
};

Condition some_condition(const Tape& tape) {
  Condition condition{.kind = *rc::gen::inRange(0, 5), .amount = 0, .needed = {}};
  for (const Choice& choice : tape.choices()) {
    if (*rc::gen::inRange(0, 4) != 0) continue;
    condition.needed.push_back(choice);
    condition.needed.back().value = *rc::gen::inRange<std::uint32_t>(1, choice.value + 1);
  }
  if (condition.kind == 2) condition.amount = *rc::gen::inRange<std::uint64_t>(0, sum_of(tape) + 1);
  if (condition.kind == 3) condition.amount = *rc::gen::inRange<std::uint64_t>(0, tape.size() + 1);
  if (condition.kind == 4) condition.amount = sum_of(tape) * 0x9E37'79B9U + tape.size();
  return condition;
}

RC_GTEST_PROP(Shrink, EndsWithATapeThatBreaksTheSameAndCannotBeSmaller, ()) {
  const Tape tape = *tapes();
  const Condition condition = some_condition(tape);
  RC_PRE(condition.is_met(tape));
  std::uint64_t runs = 0;
  const Replay replay = [&](const Tape& candidate) -> std::optional<Tape> {
    ++runs;
    if (!condition.is_met(candidate)) return std::nullopt;
    return candidate;
  };
  const Shrunk shrunk = shrink(tape, replay);
  RC_ASSERT(runs == shrunk.runs);
  RC_ASSERT(shrunk.is_minimal);
  RC_ASSERT(condition.is_met(shrunk.tape));
  RC_ASSERT(shrunk.tape.size() <= tape.size());
  RC_ASSERT((smaller_neighbour(shrunk.tape, replay) == std::nullopt));
  const Shrunk again = shrink(tape, replay);
  RC_ASSERT(again.tape == shrunk.tape);
  RC_ASSERT(again.runs == shrunk.runs);

  const auto runs_max = *rc::gen::inRange<std::uint64_t>(0, shrunk.runs + 2);
  const Shrunk bounded = shrink(tape, replay, runs_max);
  RC_ASSERT(bounded.runs == std::min(runs_max, shrunk.runs));
  RC_ASSERT(bounded.is_minimal == (runs_max >= shrunk.runs));
  RC_ASSERT(condition.is_met(bounded.tape));
}

// A run with branches: what it asks depends on what was answered.
RC_GTEST_PROP(Shrink, EndsWithATapeOfARunWithBranchesThatCannotBeSmaller, ()) {
  const Replay replay = [](const Tape& candidate) -> std::optional<Tape> {
    Choices choices = Choices::replayed(candidate);
    std::uint32_t harm = 0;
    const std::uint32_t count = choices.choose(4, clients) + 1;
    for (std::uint32_t client = 1; client <= count; ++client) {
      const auto chooser = static_cast<Chooser>(client);
      for (std::uint32_t what = 1; what != 0;) {
        what = choices.choose(8, action, chooser);
        if (what == 3 && choices.choose(1000, jitter, chooser) > 100) ++harm;
        if (what == 5) harm += choices.choose(3, jitter);
      }
    }
    if (harm < 2) return std::nullopt;
    return choices.tape();
  };
  Tape tape = *tapes();
  if (!replay(tape)) {
    tape = Tape{{{.site = clients, .chooser = 0, .index = 0, .value = *rc::gen::inRange(0U, 9U)},
                 {.site = action, .chooser = 1, .index = 0, .value = 7},
                 {.site = action, .chooser = 1, .index = 1, .value = 3},
                 {.site = action, .chooser = 1, .index = 2, .value = *rc::gen::inRange(1U, 9U)},
                 {.site = action, .chooser = 1, .index = 3, .value = 3},
                 {.site = jitter, .chooser = 1, .index = 0, .value = 999},
                 {.site = jitter, .chooser = 1, .index = 1, .value = *rc::gen::inRange(101U, 999U)},
                 {.site = jitter, .chooser = 1, .index = 2, .value = 500}}};
  }
  const Shrunk shrunk = shrink(tape, replay);
  RC_ASSERT(shrunk.is_minimal);
  RC_ASSERT((replay(shrunk.tape) == std::optional{shrunk.tape}));
  RC_ASSERT((smaller_neighbour(shrunk.tape, replay) == std::nullopt));
  RC_ASSERT(shrunk.tape.size() <= tape.size());
}

}  // namespace
}  // namespace lastword::sim
