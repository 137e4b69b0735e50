#include "fuzz/tape_mutator.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <vector>

#include "tests/fuzz/tape_inputs.h"
#include "tests/sim/print_tape.h"

namespace lastword::fuzz {
namespace {

using sim::Choice;
using sim::Chooser;
using sim::Site;
using sim::Tape;

constexpr std::uint64_t seeds = 300;

// What a run left behind that was stopped in its middle.
const TapeInput& recorded() {
  static const TapeInput input = [] {
    sim::Choices choices = sim::Choices::seeded(7);
    choices.force(Site::stop_step, 60);
    return TapeInput{
        .scenario = sim::find_scenario("deploy"),
        .checks = {},
        .tape = run_tape(*sim::find_scenario("deploy"), std::move(choices)).outcome.tape};
  }();
  return input;
}
const Course& course() {
  static const Course course = run_tape(*recorded().scenario, recorded().tape).course;
  return course;
}

std::uint32_t value_at(const Tape& tape, Site site, std::uint32_t index) {
  for (const Choice& choice : tape.choices()) {
    if (choice.site == site && choice.chooser == sim::the_world && choice.index == index) {
      return choice.value;
    }
  }
  return 0;
}

bool has_place(const Tape& tape, const Choice& of) {
  const auto choices = tape.choices();
  return std::any_of(choices.begin(), choices.end(), [&](const Choice& choice) {
    return choice.site == of.site && choice.chooser == of.chooser && choice.index == of.index;
  });
}

std::vector<Choice> added(const Tape& before, const Tape& after) {
  std::vector<Choice> choices;
  for (const Choice& choice : after.choices()) {
    if (!has(before, choice)) choices.push_back(choice);
  }
  return choices;
}

using Judge = std::function<void(const Tape& before, const Tape& after)>;

// Does it with many seeds. It has to change something with at least one of two.
void for_seeds(Mutation mutation, const TapeInput& input, const Course& of, const Judge& judge) {
  std::uint64_t done = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(seed);
    Random random{seed};
    TapeInput changed = input;
    const bool is_done = apply(mutation, changed, of, random);
    EXPECT_EQ(is_done, changed != input);
    EXPECT_EQ(changed.scenario == input.scenario,
              mutation != Mutation::change_scenario || !is_done);
    EXPECT_EQ(changed.checks, input.checks);
    EXPECT_EQ(decode(encode(changed)), changed);
    if (!is_done) continue;
    ++done;
    judge(input.tape, changed.tape);
  }
  EXPECT_GE(done, seeds / 2);
}

bool was_asked(const Choice& choice, std::uint32_t more) {
  return std::any_of(course().questions.begin(), course().questions.end(),
                     [&](const Course::Question& question) {
                       return question.site == choice.site && question.chooser == choice.chooser &&
                              choice.index < question.count + more;
                     });
}

// --- Single mutations ---------------------------------------------------------------------------

TEST(TapeMutator, AddsAChoiceWhereTheRunAsked) {
  std::set<Site> sites;
  for_seeds(Mutation::add, recorded(), course(), [&](const Tape& before, const Tape& after) {
    const std::vector<Choice> choices = added(before, after);
    ASSERT_EQ(choices.size(), 1U);
    EXPECT_TRUE(was_asked(choices.front(), 1)) << choices.front();
    EXPECT_LE(after.size(), before.size() + 1);
    EXPECT_GE(after.size(), before.size());
    sites.insert(choices.front().site);
  });
  EXPECT_GT(sites.size(), 15U) << "every site has its chance, however often the others ask";
}

TEST(TapeMutator, GivesEverySiteTheSameChance) {
  Course uneven;
  for (Chooser chooser = 1; chooser <= 100; ++chooser) {
    uneven.questions.push_back({.site = Site::action, .chooser = chooser, .count = 50});
  }
  uneven.questions.push_back({.site = Site::order, .chooser = 0, .count = 5'000});
  uneven.questions.push_back({.site = Site::horizon, .chooser = 0, .count = 1});
  std::map<Site, std::uint64_t> times;
  std::set<Chooser> choosers;
  for_seeds(Mutation::add, input_of("clients", {}), uneven, [&](const Tape&, const Tape& after) {
    ++times[after.choices().front().site];
    choosers.insert(after.choices().front().chooser);
  });
  for (const Site site : {Site::action, Site::order, Site::horizon}) {
    EXPECT_GT(times[site], seeds / 5) << name_of(site);
  }
  EXPECT_GT(choosers.size(), 30U);
}

TEST(TapeMutator, AddsToARunOfWhichNothingIsKnown) {
  for_seeds(Mutation::add, input_of("calm", {}), {},
            [&](const Tape&, const Tape& after) { EXPECT_EQ(after.size(), 1U); });
}

TEST(TapeMutator, AddsManyAtOneSite) {
  std::size_t largest = 0;
  for_seeds(Mutation::add_many, recorded(), course(), [&](const Tape& before, const Tape& after) {
    const std::vector<Choice> choices = added(before, after);
    for (const Choice& choice : choices) {
      EXPECT_EQ(choice.site, choices.front().site);
      EXPECT_EQ(choice.chooser, choices.front().chooser);
      EXPECT_TRUE(was_asked(choice, 64)) << choice;
    }
    largest = std::max(largest, choices.size());
  });
  EXPECT_GT(largest, 30U);
}

TEST(TapeMutator, RemovesOneOrNeighboursOrAGroup) {
  for_seeds(Mutation::remove, recorded(), course(), [](const Tape& before, const Tape& after) {
    EXPECT_EQ(after.size(), before.size() - 1);
    EXPECT_TRUE(added(before, after).empty());
  });
  for_seeds(Mutation::remove_span, recorded(), course(), [](const Tape& before, const Tape& after) {
    EXPECT_TRUE(added(before, after).empty());
    EXPECT_GE(after.size() + 16, before.size());
  });
  for_seeds(
      Mutation::remove_group, recorded(), course(), [](const Tape& before, const Tape& after) {
        EXPECT_TRUE(added(before, after).empty());
        // Of those that are gone all have the chooser in common, or all the site; and none is left.
        const std::vector<Choice> gone = added(after, before);
        ASSERT_FALSE(gone.empty());
        const Choice& one = gone.front();
        const auto is_like = [&](const Choice& choice) {
          return std::tuple{choice.chooser == one.chooser, choice.site == one.site};
        };
        const auto rest = after.choices();
        const auto none_left = [&](const auto& is_of_group) {
          return std::all_of(gone.begin(), gone.end(), is_of_group) &&
                 std::none_of(rest.begin(), rest.end(), is_of_group);
        };
        EXPECT_TRUE(none_left([&](const Choice& choice) { return std::get<0>(is_like(choice)); }) ||
                    none_left([&](const Choice& choice) { return std::get<1>(is_like(choice)); }) ||
                    none_left([&](const Choice& choice) {
                      return is_like(choice) == std::tuple{true, true};
                    }));
      });
}

TEST(TapeMutator, RemovesNothingFromAnEmptyTape) {
  for (const Mutation mutation :
       {Mutation::remove, Mutation::remove_span, Mutation::remove_group, Mutation::repeat,
        Mutation::lend, Mutation::change_value, Mutation::shift, Mutation::tidy}) {
    TapeInput input = input_of("calm", {});
    Random random{1};
    EXPECT_FALSE(apply(mutation, input, course(), random));
    EXPECT_EQ(input, input_of("calm", {}));
  }
}

TEST(TapeMutator, RepeatsAChoiceALittleLater) {
  for_seeds(Mutation::repeat, recorded(), course(), [](const Tape& before, const Tape& after) {
    const std::vector<Choice> choices = added(before, after);
    ASSERT_EQ(choices.size(), 1U);
    bool is_there_before = false;
    for (std::uint32_t distance = 1; distance <= 4 && distance <= choices.front().index;
         ++distance) {
      Choice original = choices.front();
      original.index -= distance;
      is_there_before = is_there_before || has(before, original);
    }
    EXPECT_TRUE(is_there_before) << choices.front();
  });
}

TEST(TapeMutator, LendsToSomebodyElseWhoWasAskedThere) {
  bool were_several = false;
  for_seeds(Mutation::lend, recorded(), course(), [&](const Tape& before, const Tape& after) {
    const std::vector<Choice> choices = added(before, after);
    ASSERT_FALSE(choices.empty());
    were_several = were_several || choices.size() > 1;
    for (const Choice& choice : choices) {
      EXPECT_TRUE(
          was_asked({.site = choice.site, .chooser = choice.chooser, .index = 0, .value = 1}, 0));
      bool is_somebody_elses = false;
      for (Chooser chooser = 0; chooser < 8; ++chooser) {
        Choice original = choice;
        original.chooser = chooser;
        is_somebody_elses =
            is_somebody_elses || (chooser != choice.chooser && has(before, original));
      }
      EXPECT_TRUE(is_somebody_elses) << choice;
    }
  });
  EXPECT_TRUE(were_several);
}

TEST(TapeMutator, ChangesOneValue) {
  std::set<bool> is_raised;
  for_seeds(Mutation::change_value, recorded(), course(),
            [&](const Tape& before, const Tape& after) {
              const std::vector<Choice> choices = added(before, after);
              ASSERT_EQ(choices.size(), 1U);
              ASSERT_EQ(after.size(), before.size());
              EXPECT_TRUE(has_place(before, choices.front()));
              is_raised.insert(choices.front().value > added(after, before).front().value);
            });
  EXPECT_EQ(is_raised.size(), 2U);
}

TEST(TapeMutator, ShiftsTheRestOfAStream) {
  const TapeInput input =
      input_of("calm", {{.site = Site::action, .chooser = 1, .index = 2, .value = 3},
                        {.site = Site::action, .chooser = 1, .index = 9, .value = 4},
                        {.site = Site::action, .chooser = 1, .index = 10, .value = 5},
                        {.site = Site::action, .chooser = 2, .index = 9, .value = 6}});
  std::set<std::uint32_t> places_of_the_last;
  for_seeds(Mutation::shift, input, {}, [&](const Tape&, const Tape& after) {
    std::map<std::uint32_t, std::uint32_t> index_of;  // by value, as all values differ
    for (const Choice& choice : after.choices()) {
      if (choice.chooser == 1) index_of[choice.value] = choice.index;
    }
    const bool are_both_there = index_of.contains(4) && index_of.contains(5);
    // They stay neighbours, unless only the second was shifted.
    if (are_both_there && index_of[4] != 9) {
      EXPECT_EQ(index_of[5], index_of[4] + 1);
    }
    if (index_of.contains(5)) places_of_the_last.insert(index_of[5]);
  });
  EXPECT_EQ(places_of_the_last, (std::set<std::uint32_t>{6, 7, 8, 9, 10, 11, 12, 13, 14}));
}

// --- The signal ---------------------------------------------------------------------------------

TEST(TapeMutator, MovesTheSignalAndNothingElse) {
  ASSERT_EQ(value_at(recorded().tape, Site::stop_step, 0), 60U);
  std::set<std::uint32_t> steps;
  for_seeds(Mutation::move_signal, recorded(), course(),
            [&](const Tape& before, const Tape& after) {
              EXPECT_NE(value_at(after, Site::stop_step, 0), 60U);
              for (const Tape* tape : {&before, &after}) {
                const Tape& other = tape == &before ? after : before;
                for (const Choice& choice : added(*tape, other))
                  EXPECT_EQ(choice.site, Site::stop_step);
              }
              steps.insert(value_at(after, Site::stop_step, 0));
            });
  const auto are_there = [&](std::uint32_t from, std::uint32_t to) {
    return steps.lower_bound(from) != steps.end() && *steps.lower_bound(from) <= to;
  };
  EXPECT_TRUE(steps.contains(0)) << "never in the middle";
  EXPECT_TRUE(steps.contains(59) && steps.contains(61)) << "a step earlier, a step later";
  EXPECT_TRUE(are_there(1, 30)) << "much earlier";
  EXPECT_TRUE(are_there(course().steps - 15, course().steps)) << "near the end";
}

// In a run so long that nothing falls there by chance.
TEST(TapeMutator, MovesTheSignalToTurningPointsAndToTheEnd) {
  const Course long_course{.questions = {}, .steps = 1'000'000, .turning_points = {2'000, 600'000}};
  std::map<std::uint32_t, std::uint64_t> near;  // each of them, and the end
  for_seeds(Mutation::move_signal, input_of("calm", {}), long_course,
            [&](const Tape&, const Tape& after) {
              const std::uint32_t step = value_at(after, Site::stop_step, 0);
              for (const std::uint32_t point : long_course.turning_points) {
                // The choice is one more than the steps before the signal.
                if (step >= point && step <= point + 3) ++near[point];
              }
              if (step > long_course.steps - 16 && step <= long_course.steps) ++near[0];
            });
  EXPECT_GT(near[2'000], seeds / 20);
  EXPECT_GT(near[600'000], seeds / 20);
  EXPECT_GT(near[0], seeds / 30);
}

TEST(TapeMutator, MovesTheSecondSignalAndItsKind) {
  std::set<std::uint32_t> again;
  std::set<std::uint32_t> kinds;
  for_seeds(
      Mutation::move_second, recorded(), course(), [&](const Tape& before, const Tape& after) {
        for (const Choice& choice : added(before, after)) {
          EXPECT_TRUE(choice.site == Site::stop_again || choice.site == Site::stop_kind) << choice;
        }
        again.insert(value_at(after, Site::stop_again, 0));
        for (const std::uint32_t kind : {2U, 3U}) {
          if (value_at(before, Site::stop_kind, kind) != value_at(after, Site::stop_kind, kind))
            kinds.insert(kind);
        }
      });
  EXPECT_GT(again.size(), 20U);
  EXPECT_EQ(kinds, (std::set<std::uint32_t>{2, 3})) << "SIGINT, SIGKILL";
}

// The numbers mean to the simulator what they mean here.
TEST(TapeMutator, KnowsWhatTheSignalsChoicesMean) {
  const auto counts = [](std::vector<Choice> choices) {
    return run_tape(*sim::find_scenario("calm"), Tape{std::move(choices)}).outcome.faults;
  };
  const Choice stop{.site = Site::stop_step, .chooser = 0, .index = 0, .value = 20};
  const Choice again{.site = Site::stop_again, .chooser = 0, .index = 0, .value = 1};
  const Choice killed{.site = Site::stop_kind, .chooser = 0, .index = 3, .value = 1};
  EXPECT_EQ(counts({}).at(sim::FaultKind::stop_anywhere).injected, 0U);
  EXPECT_EQ(counts({stop}).at(sim::FaultKind::stop_anywhere).injected, 1U);
  EXPECT_EQ(counts({stop, again}).at(sim::FaultKind::stop_again).effective, 1U);
  EXPECT_EQ(counts({stop, killed}).at(sim::FaultKind::killed).effective, 1U);
}

// --- Scenario, tidying, and all of them ---------------------------------------------------------

TEST(TapeMutator, ChangesTheScenarioAndKeepsTheTape) {
  std::set<const sim::Scenario*> scenarios;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    Random random{seed};
    TapeInput input = recorded();
    static_cast<void>(apply(Mutation::change_scenario, input, course(), random));
    EXPECT_EQ(input.tape, recorded().tape);
    scenarios.insert(input.scenario);
  }
  EXPECT_EQ(scenarios.size(), numbered_scenarios().size());
}

TEST(TapeMutator, TidiesAwayWhatWasNotAskedFor) {
  std::vector<Choice> choices{recorded().tape.choices().begin(), recorded().tape.choices().end()};
  choices.push_back({.site = Site::horizon, .chooser = 9, .index = 0, .value = 1});
  // This stream's last question was that before it.
  choices.push_back({.site = Site::script_length, .chooser = 1, .index = 1, .value = 1});
  TapeInput input = input_of("deploy", choices);
  Random random{1};
  EXPECT_TRUE(apply(Mutation::tidy, input, course(), random));
  EXPECT_EQ(input.tape, recorded().tape);
  EXPECT_FALSE(apply(Mutation::tidy, input, course(), random));
}

TEST(TapeMutator, IsAFunctionOfItsSeed) {
  std::set<std::vector<std::uint8_t>> different;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    TapeInput first = recorded();
    TapeInput second = recorded();
    Random one{seed};
    Random other{seed};
    mutate(first, course(), one);
    mutate(second, course(), other);
    EXPECT_EQ(first, second);
    EXPECT_FALSE(first.tape == recorded().tape && first.scenario == recorded().scenario);
    EXPECT_EQ(decode(encode(first)), first);
    different.insert(encode(first));
  }
  EXPECT_GT(different.size(), seeds * 9 / 10);
}

TEST(TapeMutator, NowAndThenAsksForEachCheck) {
  TapeInput::Checks seen;
  std::uint64_t none = 0;
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    TapeInput input = recorded();
    Random random{seed};
    mutate(input, course(), random);
    seen.is_run_twice |= input.checks.is_run_twice;
    seen.is_replayed |= input.checks.is_replayed;
    seen.is_cut_often |= input.checks.is_cut_often;
    if (input.checks == TapeInput::Checks{}) ++none;
  }
  EXPECT_EQ(seen, (TapeInput::Checks{true, true, true}));
  EXPECT_GT(none, 1'500U) << "they cost more runs";
}

TEST(TapeMutator, FitsWhatItHasIntoTheRoomThereIs) {
  for (std::size_t size = tape_head_size; size < 100; ++size) {
    TapeInput input = recorded();
    Random random{size};
    fit(input, size, random);
    EXPECT_LE(encode(input).size(), size);
    EXPECT_EQ(input.tape.size(), (size - tape_head_size) / tape_record_size) << "and no more goes";
    EXPECT_TRUE(added(recorded().tape, input.tape).empty());
  }
  TapeInput input = recorded();
  Random random{1};
  fit(input, 1 << 20, random);
  EXPECT_EQ(input, recorded());
}

}  // namespace
}  // namespace lastword::fuzz
