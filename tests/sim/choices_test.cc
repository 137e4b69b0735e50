#include "sim/choices.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <ostream>
#include <set>
#include <utility>
#include <vector>

#include "tests/sim/print_tape.h"

namespace lastword::sim {

namespace {

constexpr Site action = Site::action;
constexpr Site jitter = Site::jitter;

// The answers to one question, asked again and again.
std::vector<std::uint32_t> answers(Choices& choices, std::size_t times, std::uint32_t count,
                                   Site site, Chooser chooser) {
  std::vector<std::uint32_t> found(times);
  for (std::uint32_t& answer : found) answer = choices.choose(count, site, chooser);
  return found;
}

// --- Tape ----------------------------------------------------------------------------------------

TEST(Tape, IsSorted) {
  const Tape tape{{{.site = jitter, .chooser = 0, .index = 0, .value = 1},
                   {.site = action, .chooser = 2, .index = 0, .value = 2},
                   {.site = action, .chooser = 1, .index = 9, .value = 3},
                   {.site = action, .chooser = 1, .index = 4, .value = 4}}};
  ASSERT_EQ(tape.size(), 4U);
  EXPECT_TRUE(std::is_sorted(tape.choices().begin(), tape.choices().end()));
  EXPECT_EQ(tape.choices()[0].value, 4U);
  EXPECT_EQ(tape.choices()[3].value, 1U);
}

TEST(Tape, DropsZerosAndAllButTheFirstForOnePlace) {
  const Tape tape{{{.site = action, .chooser = 1, .index = 1, .value = 9},
                   {.site = action, .chooser = 1, .index = 0, .value = 0},
                   {.site = action, .chooser = 1, .index = 1, .value = 2},
                   {.site = action, .chooser = 1, .index = 0, .value = 3}}};
  EXPECT_EQ(tape, (Tape{{{.site = action, .chooser = 1, .index = 1, .value = 9}}}));

  std::vector<Choice> many;
  for (std::uint32_t value = 100; value > 0; --value) {
    many.push_back({.site = action, .chooser = 1, .index = value % 2, .value = value});
  }
  EXPECT_EQ(Tape{many}, (Tape{{{.site = action, .chooser = 1, .index = 0, .value = 100},
                               {.site = action, .chooser = 1, .index = 1, .value = 99}}}));
}

TEST(Tape, IsEmptyAtFirst) {
  EXPECT_TRUE(Tape{}.is_empty());
  EXPECT_EQ(Tape{}, Tape{{}});
}

// --- A seed --------------------------------------------------------------------------------------

TEST(Choices, DependOnSeedSiteChooserAndIndexAlone) {
  Choices alone = Choices::seeded(42);
  const auto expected = answers(alone, 100, 1000, action, 3);

  Choices among_others = Choices::seeded(42);
  std::vector<std::uint32_t> found;
  for (int index = 0; index < 100; ++index) {
    static_cast<void>(among_others.choose(7, jitter, 3));
    static_cast<void>(among_others.occurs(2, action, static_cast<Chooser>(4 + index)));
    found.push_back(among_others.choose(1000, action, 3));
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(among_others.asked(), 300U);
}

// Whatever changes these numbers makes another run of every seed that somebody has noted down.
TEST(Choices, OfASeedStayTheSameForEver) {
  Choices choices = Choices::seeded(1);
  EXPECT_EQ(answers(choices, 4, 1'000'000, static_cast<Site>(13), 1),
            (std::vector<std::uint32_t>{953'456, 434'000, 397'889, 801'539}));
}

TEST(Choices, DifferWithEachPartOfTheirPlace) {
  const auto draws = [](std::uint64_t seed, Site site, Chooser chooser) {
    Choices choices = Choices::seeded(seed);
    return answers(choices, 8, UINT32_MAX, site, chooser);
  };
  std::set<std::vector<std::uint32_t>> all;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::size_t site = 0; site < site_count; ++site) {
      for (Chooser chooser = 0; chooser < 20; ++chooser) {
        all.insert(draws(seed, static_cast<Site>(site), chooser));
      }
    }
  }
  EXPECT_EQ(all.size(), 20 * site_count * 20);
}

// The sum of squared deviations over their expectation: about `counts.size()` if all are equally
// likely, and hardly ever more than six standard deviations above or below.
void expect_even(const std::vector<std::uint32_t>& counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0;
  for (const std::uint32_t count : counts) {
    sum += (count - expected) * (count - expected) / expected;
  }
  const auto freedom = static_cast<double>(counts.size() - 1);
  EXPECT_LT(std::abs(sum - freedom), 6 * std::sqrt(2 * freedom)) << counts.size() << " answers";
}

TEST(Choices, OfASeedAreAllEquallyLikely) {
  for (const std::uint32_t count : {2U, 3U, 10U, 100U, 1000U}) {
    std::vector<std::uint32_t> along_indices(count);
    std::vector<std::uint32_t> along_seeds(count);
    std::vector<std::uint32_t> along_choosers(count);
    Choices one = Choices::seeded(7);
    for (std::uint32_t number = 0; number < 60'000; ++number) {
      ++along_indices[one.choose(count, action)];
      ++along_choosers[one.choose(count, jitter, static_cast<Chooser>(number))];
      Choices other = Choices::seeded(number);
      ++along_seeds[other.choose(count, action)];
    }
    expect_even(along_indices);
    expect_even(along_seeds);
    expect_even(along_choosers);
  }
}

TEST(Choices, OfASeedDoNotHangTogether) {
  constexpr std::size_t count = 16;
  std::vector<std::uint32_t> neighbours(count * count);
  std::vector<std::uint32_t> seeds(count * count);
  std::vector<std::uint32_t> sites(count * count);
  Choices one = Choices::seeded(7);
  Choices other = Choices::seeded(8);
  std::uint32_t before = 0;
  for (std::uint32_t number = 0; number < 100'000; ++number) {
    const std::uint32_t answer = one.choose(count, action);
    ++neighbours[before * count + answer];
    ++seeds[answer * count + other.choose(count, action)];
    ++sites[answer * count + one.choose(count, jitter)];
    before = answer;
  }
  expect_even(neighbours);
  expect_even(seeds);
  expect_even(sites);
}

TEST(Choices, ReachTheLargestCounts) {
  Choices choices = Choices::seeded(1);
  std::uint32_t largest = 0;
  std::uint32_t smallest = UINT32_MAX;
  for (int index = 0; index < 1000; ++index) {
    const std::uint32_t answer = choices.choose(UINT32_MAX, action);
    ASSERT_LT(answer, UINT32_MAX);
    largest = std::max(largest, answer);
    smallest = std::min(smallest, answer);
  }
  EXPECT_GT(largest, 0xFE00'0000U);
  EXPECT_LT(smallest, 0x0200'0000U);
}

TEST(Choices, LetSomethingHappenAsOftenAsTheyAreTold) {
  for (const std::uint32_t one_in : {1U, 2U, 20U, 1000U}) {
    Choices choices = Choices::seeded(5);
    std::uint32_t count = 0;
    constexpr std::uint32_t tries = 100'000;
    for (std::uint32_t index = 0; index < tries; ++index) count += choices.occurs(one_in, jitter);
    const double expected = double{tries} / one_in;
    EXPECT_LE(std::abs(count - expected), 6 * std::sqrt(expected * (1 - 1.0 / one_in))) << one_in;
  }
}

TEST(Choices, RecordOnlyWhatIsNotBoring) {
  Choices choices = Choices::seeded(1);
  std::vector<Choice> expected;
  for (std::uint32_t index = 0; index < 100; ++index) {
    const std::uint32_t value = choices.choose(3, action, 2);
    if (value != 0) {
      expected.push_back({.site = action, .chooser = 2, .index = index, .value = value});
    }
    static_cast<void>(choices.choose(1, jitter));
  }
  EXPECT_EQ(choices.tape(), Tape{expected});
  EXPECT_LT(expected.size(), 100U);
  EXPECT_EQ(choices.asked(), 200U);
}

TEST(Choices, KnowHowOftenWhoWasAskedWhat) {
  Choices choices = Choices::seeded(1);
  EXPECT_EQ(choices.choosers(), 0U);
  EXPECT_EQ(choices.asked(action, 0), 0U);
  static_cast<void>(answers(choices, 3, 10, action, 2));
  static_cast<void>(answers(choices, 1, 10, jitter, 0));
  EXPECT_EQ(choices.asked(action, 2), 3U);
  EXPECT_EQ(choices.asked(jitter, 0), 1U);
  EXPECT_EQ(choices.asked(jitter, 2), 0U);
  EXPECT_EQ(choices.asked(action, 9), 0U) << "nobody asked that one anything";
  EXPECT_EQ(choices.choosers(), 3U) << "0, 1 and 2";
}

TEST(Choices, HaveRoomForManyChoosers) {
  Choices choices = Choices::seeded(1);
  Choices backwards = Choices::seeded(1);
  for (int number = 0; number <= UINT16_MAX; ++number) {
    static_cast<void>(choices.choose(5, Site::wall_jump, static_cast<Chooser>(number)));
    static_cast<void>(
        backwards.choose(5, Site::wall_jump, static_cast<Chooser>(UINT16_MAX - number)));
  }
  EXPECT_EQ(choices.tape(), backwards.tape());
}

// --- A tape --------------------------------------------------------------------------------------

TEST(Choices, OfATapeAreBoringWhereItIsSilent) {
  Choices choices =
      Choices::replayed(Tape{{{.site = action, .chooser = 1, .index = 2, .value = 4},
                              {.site = action, .chooser = 1, .index = 4, .value = 1},
                              {.site = action, .chooser = 2, .index = 0, .value = 3},
                              {.site = jitter, .chooser = 1, .index = 0, .value = 9}}});
  EXPECT_EQ(answers(choices, 6, 10, action, 1), (std::vector<std::uint32_t>{0, 0, 4, 0, 1, 0}));
  EXPECT_EQ(choices.choose(10, action, 0), 0U);
  EXPECT_EQ(choices.choose(10, action, 3), 0U);
  EXPECT_EQ(choices.choose(10, action, 2), 3U);
  EXPECT_EQ(choices.choose(10, Site::clients, 1), 0U);
  EXPECT_EQ(choices.choose(10, jitter, 1), 9U);
}

TEST(Choices, OfATapeAreNotMoreThanTheQuestionAllows) {
  Choices choices =
      Choices::replayed(Tape{{{.site = action, .chooser = 0, .index = 0, .value = 100},
                              {.site = action, .chooser = 0, .index = 1, .value = 100},
                              {.site = action, .chooser = 0, .index = 2, .value = 100}}});
  EXPECT_EQ(choices.choose(10, action), 9U);
  EXPECT_EQ(choices.choose(1, action), 0U);
  EXPECT_TRUE(choices.occurs(1000, action));
  EXPECT_EQ(choices.tape(), (Tape{{{.site = action, .chooser = 0, .index = 0, .value = 9},
                                   {.site = action, .chooser = 0, .index = 2, .value = 1}}}));
}

TEST(Choices, OfATapeThatWereNotAskedForVanish) {
  Choices choices =
      Choices::replayed(Tape{{{.site = action, .chooser = 0, .index = 0, .value = 1},
                              {.site = action, .chooser = 0, .index = 1, .value = 1},
                              {.site = jitter, .chooser = 0, .index = 0, .value = 1}}});
  EXPECT_EQ(choices.choose(2, action), 1U);
  EXPECT_EQ(choices.tape(), (Tape{{{.site = action, .chooser = 0, .index = 0, .value = 1}}}));
}

// --- Bytes ---------------------------------------------------------------------------------------

TEST(Choices, OfBytesTakeOneForAFewAnswersAndTwoForMany) {
  Choices choices = Choices::from_bytes({7, 255, 1, 2, 3, 5});
  EXPECT_EQ(choices.choose(4, action), 3U);
  EXPECT_EQ(choices.choose(256, action), 255U);
  EXPECT_EQ(choices.choose(257, action), (1U + 2 * 256U) % 257);
  EXPECT_EQ(choices.choose(65'536, action), 3U + 5 * 256U);
  EXPECT_EQ(choices.choose(10, action), 0U) << "behind the end";
  EXPECT_FALSE(choices.occurs(1, action)) << "behind the end";
  EXPECT_EQ(choices.asked(), 6U);
}

TEST(Choices, OfBytesLetSomethingHappenForTheLargestOnes) {
  struct Example {
    std::uint8_t byte;
    std::uint32_t one_in;
    bool occurs;
  };
  for (const auto& [byte, one_in, occurs] :
       {Example{.byte = 0, .one_in = 1, .occurs = true},
        Example{.byte = 127, .one_in = 2, .occurs = false},
        Example{.byte = 128, .one_in = 2, .occurs = true},
        Example{.byte = 254, .one_in = 256, .occurs = false},
        Example{.byte = 255, .one_in = 256, .occurs = true},
        Example{.byte = 254, .one_in = 9999, .occurs = false},
        Example{.byte = 255, .one_in = 9999, .occurs = true}}) {
    EXPECT_EQ(Choices::from_bytes({byte}).occurs(one_in, action), occurs)
        << int{byte} << " one in " << one_in;
  }
}

// --- Force and calm ------------------------------------------------------------------------------

TEST(Choices, AreForcedAtOneSiteForAllChoosers) {
  Choices choices =
      Choices::replayed(Tape{{{.site = action, .chooser = 1, .index = 1, .value = 2},
                              {.site = jitter, .chooser = 1, .index = 0, .value = 3}}});
  choices.force(action, 7);
  EXPECT_EQ(choices.choose(10, action, 1), 7U);
  EXPECT_EQ(choices.choose(5, action, 1), 4U);
  EXPECT_TRUE(choices.occurs(10, action, 2));
  EXPECT_EQ(choices.choose(10, jitter, 1), 3U);
  choices.force(action, 0);
  EXPECT_EQ(choices.choose(10, action, 1), 0U);
  EXPECT_FALSE(choices.occurs(1, action, 1));
  EXPECT_EQ(choices.tape(), (Tape{{{.site = action, .chooser = 1, .index = 0, .value = 7},
                                   {.site = action, .chooser = 1, .index = 1, .value = 4},
                                   {.site = action, .chooser = 2, .index = 0, .value = 1},
                                   {.site = jitter, .chooser = 1, .index = 0, .value = 3}}}));
}

TEST(Choices, AreCalmButWhereTheyAreForced) {
  for (Choices choices :
       {Choices::seeded(1), Choices::from_bytes({9, 9, 9, 9}),
        Choices::replayed(Tape{{{.site = action, .chooser = 0, .index = 0, .value = 2}}})}) {
    choices.force(jitter, 3);
    choices.calm();
    for (int index = 0; index < 100; ++index) {
      ASSERT_EQ(choices.choose(10, action), 0U);
      ASSERT_FALSE(choices.occurs(1, Site::spurious));
    }
    EXPECT_EQ(choices.choose(10, jitter), 3U);
    EXPECT_EQ(choices.tape().size(), 1U);
    EXPECT_EQ(choices.asked(), 201U);
  }
}

TEST(Choices, AreAValueWhoseCopiesGoOnByThemselves) {
  Choices choices =
      Choices::replayed(Tape{{{.site = action, .chooser = 0, .index = 0, .value = 1},
                              {.site = action, .chooser = 0, .index = 1, .value = 2}}});
  Choices copy = choices;
  copy.force(action, 5);
  EXPECT_EQ(copy.choose(9, action), 5U);
  EXPECT_EQ(choices.choose(9, action), 1U);
  Choices later = choices;
  EXPECT_EQ(choices.choose(9, action), 2U);
  EXPECT_EQ(later.choose(9, action), 2U);
  EXPECT_EQ(later.tape(), choices.tape());
  EXPECT_EQ(copy.tape(), (Tape{{{.site = action, .chooser = 0, .index = 0, .value = 5}}}));
}

TEST(ChoicesDeathTest, NeedAQuestionWithAnAnswer) {
  Choices choices = Choices::seeded(1);
  EXPECT_DEATH(static_cast<void>(choices.choose(0, action)), "count > 0");
  EXPECT_DEATH(static_cast<void>(choices.occurs(0, action)), "count > 0");
}

// --- Any questions -------------------------------------------------------------------------------

struct Question {
  bool is_occurs;
  std::uint32_t count;
  std::uint8_t site;
  Chooser chooser;
};

std::ostream& operator<<(std::ostream& out, const Question& question) {
  return out << (question.is_occurs ? "occurs " : "choose ") << question.count << " at "
             << name_of(static_cast<Site>(question.site)) << " by " << question.chooser;
}

rc::Gen<Question> questions() {
  return rc::gen::construct<Question>(rc::gen::arbitrary<bool>(),
                                      rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(1, 10),
                                                     rc::gen::inRange<std::uint32_t>(1, 70'000)),
                                      // Few places, so that each is asked often.
                                      rc::gen::inRange<std::uint8_t>(0, 3),
                                      rc::gen::inRange<Chooser>(0, 3));
}

std::uint32_t ask(Choices& choices, const Question& question) {
  const auto site = static_cast<Site>(question.site);
  if (question.is_occurs) {
    return static_cast<std::uint32_t>(choices.occurs(question.count, site, question.chooser));
  }
  return choices.choose(question.count, site, question.chooser);
}

rc::Gen<Tape> tapes() {
  return rc::gen::map(
      rc::gen::container<std::vector<Choice>>(rc::gen::construct<Choice>(
          rc::gen::map(rc::gen::inRange(0, 3), [](int site) { return static_cast<Site>(site); }),
          rc::gen::inRange<Chooser>(0, 3), rc::gen::inRange<std::uint32_t>(0, 20),
          rc::gen::inRange<std::uint32_t>(0, 20))),
      [](std::vector<Choice> choices) { return Tape{std::move(choices)}; });
}

RC_GTEST_PROP(Choices, AreTheSameWhenTheirTapeIsReplayedWhateverTheSource, ()) {
  const auto source = *rc::gen::inRange(0, 3);
  Choices choices = source == 0 ? Choices::seeded(*rc::gen::arbitrary<std::uint64_t>())
                    : source == 1
                        ? Choices::from_bytes(*rc::gen::arbitrary<std::vector<std::uint8_t>>())
                        : Choices::replayed(*tapes());
  if (*rc::gen::inRange(0, 4) == 0) choices.force(Site::role, *rc::gen::inRange(0U, 5U));
  const auto asked = *rc::gen::container<std::vector<Question>>(questions());
  const std::size_t calm_from = *rc::gen::inRange<std::size_t>(0, 200);

  std::vector<std::uint32_t> answered;
  Choices copy = choices;
  for (std::size_t place = 0; place < asked.size(); ++place) {
    if (place == calm_from) choices.calm();
    if (place == asked.size() / 2) copy = choices;
    answered.push_back(ask(choices, asked[place]));
    RC_ASSERT(answered.back() < std::max(asked[place].count, 1U + asked[place].is_occurs));
    if (place < asked.size() / 2) continue;
    if (place == calm_from) copy.calm();
    RC_ASSERT(ask(copy, asked[place]) == answered.back());
  }
  RC_ASSERT(copy.tape() == choices.tape());

  Choices replayed = Choices::replayed(choices.tape());
  for (std::size_t place = 0; place < asked.size(); ++place) {
    RC_ASSERT(ask(replayed, asked[place]) == answered[place]);
  }
  RC_ASSERT(replayed.tape() == choices.tape());
  RC_ASSERT(replayed.asked() == asked.size());
}

}  // namespace
}  // namespace lastword::sim
