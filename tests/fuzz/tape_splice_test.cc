#include "fuzz/tape_splice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <utility>
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

// A tape in which every choice has this value, at ten indices from this one on.
TapeInput all_with_value(std::uint32_t value, std::uint32_t begin) {
  std::vector<Choice> choices;
  for (const Site site : {Site::action, Site::order, Site::pause}) {
    for (Chooser chooser = 0; chooser < 4; ++chooser) {
      for (std::uint32_t index = begin; index < begin + 10; ++index) {
        choices.push_back({.site = site, .chooser = chooser, .index = index, .value = value});
      }
    }
  }
  return input_of(value == 1 ? "calm" : "rooms", choices);
}

// What the splice goes by, of a choice.
std::uint32_t key_of(const Splice& how, const Choice& choice) {
  switch (how.by) {
    case Splice::By::index:
      return choice.index < how.index ? 0 : 1;
    case Splice::By::chooser:
      return choice.chooser;
    case Splice::By::site:
      return static_cast<std::uint32_t>(choice.site);
  }
  return 0;
}

TEST(TapeSplice, TakesEachPlaceFromOneOfTheTwoByIndexOrChooserOrSite) {
  const TapeInput first = all_with_value(1, 0);
  const TapeInput second = all_with_value(2, 2);
  std::set<Splice::By> drawn;
  std::size_t mixed = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(seed);
    Random random{seed};
    const Splice how = draw_splice(first, second, random);
    const TapeInput both = splice(first, second, how);
    drawn.insert(how.by);
    EXPECT_EQ(both.scenario, first.scenario);
    // Which tape each group of places is from. It has all that this one has there.
    std::map<std::uint32_t, std::uint32_t> from;
    for (const Choice& choice : both.tape.choices()) {
      const auto [found, is_new] = from.try_emplace(key_of(how, choice), choice.value);
      EXPECT_EQ(found->second, choice.value) << choice;
    }
    for (const TapeInput* input : {&first, &second}) {
      const std::uint32_t value = input == &first ? 1 : 2;
      for (const Choice& choice : input->tape.choices()) {
        const auto found = from.find(key_of(how, choice));
        const bool is_taken = found != from.end() && found->second == value;
        EXPECT_EQ(has(both.tape, choice), is_taken) << choice;
      }
    }
    if (how.by == Splice::By::index) {
      EXPECT_EQ(from, (std::map<std::uint32_t, std::uint32_t>{{0, 1}, {1, 2}}));
    }
    const auto is_from = [&](std::uint32_t value) {
      return std::any_of(from.begin(), from.end(),
                         [&](const auto& each) { return each.second == value; });
    };
    if (is_from(1) && is_from(2)) ++mixed;
  }
  EXPECT_EQ(drawn.size(), 3U);
  EXPECT_GT(mixed, seeds / 2) << "something of both, as a rule";
}

TEST(TapeSplice, OfEmptyTapesIsEmpty) {
  const TapeInput nothing = input_of("calm", {});
  Random random{1};
  EXPECT_EQ(splice(nothing, nothing, draw_splice(nothing, nothing, random)), nothing);
}

}  // namespace
}  // namespace lastword::fuzz
