#include "fuzz/tape_splice.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace lastword::fuzz {

using sim::Choice;

bool Splice::takes_from_first(const Choice& choice) const {
  constexpr std::uint32_t bits = 64;
  const auto is_member = [&](std::uint32_t number) { return (members >> number % bits & 1U) != 0; };
  switch (by) {
    case By::index:
      return choice.index < index;
    case By::chooser:
      return is_member(choice.chooser);
    case By::site:
      return is_member(static_cast<std::uint32_t>(choice.site));
  }
  return true;
}

Splice draw_splice(const TapeInput& first, const TapeInput& second, Random& random) {
  // Cut before a choice that is there: most streams are much shorter than the longest.
  std::uint32_t index = 1;
  const std::size_t both = first.tape.size() + second.tape.size();
  if (both > 0) {
    const std::size_t drawn = random.below(both);
    const bool is_of_first = drawn < first.tape.size();
    const Choice& choice = is_of_first ? first.tape.choices()[drawn]
                                       : second.tape.choices()[drawn - first.tape.size()];
    index = std::max(index, choice.index);
  }
  return {.by = static_cast<Splice::By>(random.below(3)), .index = index, .members = random.next()};
}

TapeInput splice(const TapeInput& first, const TapeInput& second, const Splice& splice) {
  std::vector<Choice> choices;
  for (const Choice& choice : first.tape.choices()) {
    if (splice.takes_from_first(choice)) choices.push_back(choice);
  }
  for (const Choice& choice : second.tape.choices()) {
    if (!splice.takes_from_first(choice)) choices.push_back(choice);
  }
  return {.scenario = first.scenario, .checks = first.checks, .tape = sim::Tape{choices}};
}

}  // namespace lastword::fuzz
