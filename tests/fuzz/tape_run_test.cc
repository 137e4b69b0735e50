#include "fuzz/tape_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "fuzz/tape_bytes.h"
#include "tests/sim/print_tape.h"

namespace lastword::fuzz {
namespace {

using sim::Choice;
using sim::Choices;
using sim::Site;
using sim::Tape;

const sim::Scenario& scenario(std::string_view name) { return *sim::find_scenario(name); }

std::uint32_t asked(const Course& course, Site site, sim::Chooser chooser) {
  for (const Course::Question& question : course.questions) {
    if (question.site == site && question.chooser == chooser) return question.count;
  }
  return 0;
}

TEST(TapeRun, IsTheRunOfTheSimulator) {
  for (const std::string_view name : numbered_scenarios()) {
    const sim::Outcome expected = sim::run(scenario(name), Choices::seeded(5));
    const TapeRun done = run_tape(scenario(name), expected.tape);
    EXPECT_TRUE(done.is_whole) << name;
    EXPECT_EQ(done.outcome.hash, expected.hash) << name;
    EXPECT_EQ(done.outcome.tape, expected.tape) << name;
    EXPECT_EQ(done.course.steps, expected.steps) << name;
    EXPECT_TRUE(done.outcome.violations.empty()) << name;
  }
}

TEST(TapeRun, KnowsWhoWasAskedWhat) {
  const Course course = run_tape(scenario("calm"), Choices::seeded(3)).course;
  EXPECT_EQ(asked(course, Site::clients, sim::the_world), 1U);
  EXPECT_EQ(asked(course, Site::script_length, 1), 1U);
  EXPECT_EQ(asked(course, Site::script_length, 2), 1U);
  EXPECT_EQ(asked(course, Site::script_length, sim::the_world), 0U);
  EXPECT_EQ(asked(course, Site::famine, sim::the_world), 0U) << "there is none in calm";
  EXPECT_TRUE(std::is_sorted(course.questions.begin(), course.questions.end(),
                             [](const Course::Question& one, const Course::Question& other) {
                               return one.site < other.site;
                             }));
}

TEST(TapeRun, NamesTheStepsInWhichSomethingWasNew) {
  const Tape stopped{{{.site = Site::stop_step, .chooser = 0, .index = 0, .value = 30}}};
  const Course course = run_tape(scenario("calm"), stopped).course;
  const auto& points = course.turning_points;
  EXPECT_TRUE(std::is_sorted(points.begin(), points.end()));
  EXPECT_EQ(std::adjacent_find(points.begin(), points.end()), points.end());
  EXPECT_NE(std::find(points.begin(), points.end(), 29U), points.end()) << "S1, after 29 steps";
  ASSERT_FALSE(points.empty());
  EXPECT_LT(points.size(), course.steps / 3) << "only what is new";
  EXPECT_LE(points.back(), course.steps);
}

TEST(TapeRun, EndsWhereItIsTold) {
  const TapeRun done = run_tape(scenario("calm"), Tape{}, 25);
  EXPECT_FALSE(done.is_whole);
  EXPECT_EQ(done.outcome.steps, 25U);
  EXPECT_TRUE(done.outcome.violations.empty())
      << "nobody stopped the server, and that is no matter";
}

TEST(TapeRun, IsCutInEveryReadIfThatIsWanted) {
  const sim::Outcome plain = run_tape(scenario("calm"), Tape{}).outcome;
  const sim::Outcome often = run_tape(scenario("calm"), checked_often({})).outcome;
  EXPECT_EQ(plain.tape, Tape{});
  EXPECT_EQ(often.hash, plain.hash) << "a twin leaves no trace";
  const auto choices = often.tape.choices();
  ASSERT_GT(choices.size(), 4U);
  for (const Choice& choice : choices) EXPECT_EQ(choice.site, Site::check_twice);
  // Somebody says how often, and where: each in another place.
  EXPECT_TRUE(
      std::any_of(choices.begin(), choices.end(), [](const Choice& one) { return one.value > 3; }));

  const Choice own{.site = Site::check_twice, .chooser = sim::the_world, .index = 1, .value = 60};
  EXPECT_NE(std::find(checked_often(Tape{{own}}).choices().begin(),
                      checked_often(Tape{{own}}).choices().end(), own),
            checked_often(Tape{{own}}).choices().end());
}

}  // namespace
}  // namespace lastword::fuzz
