#include "fuzz/tape_mutator.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "core/check.h"

namespace lastword::fuzz {

namespace {

using sim::Choice;
using sim::Chooser;
using sim::Site;
using sim::the_world;

constexpr std::uint32_t index_max = std::numeric_limits<std::uint16_t>::max();

bool is_of_one_stream(const Choice& one, const Choice& other) {
  return one.site == other.site && one.chooser == other.chooser;
}

bool is_at_one_place(const Choice& one, const Choice& other) {
  return is_of_one_stream(one, other) && one.index == other.index;
}

// One change to a list of choices. Each function is one Mutation; where it can't be done, the list
// stays as it was.
class Change {
 public:
  Change(std::vector<Choice> choices, const Course& course, Random& random)
      : choices_{std::move(choices)}, course_{course}, random_{random} {}

  [[nodiscard]] std::vector<Choice> take() { return std::move(choices_); }

  void add() {
    const Course::Question question = draw_question();
    // The run may go on and ask once more.
    put({.site = question.site,
         .chooser = question.chooser,
         .index = limited(random_.below32(question.count + 1)),
         .value = draw_value()});
  }

  void add_many() {
    constexpr std::uint32_t span_max = 64;
    const Course::Question question = draw_question();
    const std::uint32_t begin = random_.below32(question.count);
    const std::uint32_t length = 2 + random_.below32(span_max - 1);
    const std::uint32_t one_in = 1U << random_.below(4);
    const std::uint32_t value = draw_value();
    const bool is_one_value = random_.one_in(2);
    for (std::uint32_t index = begin; index < begin + length && index <= index_max; ++index) {
      if (!random_.one_in(one_in)) continue;
      put({.site = question.site,
           .chooser = question.chooser,
           .index = index,
           .value = is_one_value ? value : draw_value()});
    }
  }

  void remove() {
    if (const auto place = draw_place()) choices_.erase(choices_.begin() + *place);
  }

  void remove_span() {
    const auto place = draw_place();
    if (!place) return;
    constexpr std::size_t span_max = 16;
    const auto left = static_cast<std::size_t>(choices_.end() - choices_.begin() - *place);
    const std::size_t length = std::min(1 + random_.below(span_max), left);
    const auto begin = choices_.begin() + *place;
    choices_.erase(begin, begin + static_cast<std::ptrdiff_t>(length));
  }

  void remove_group() {
    const auto place = draw_place();
    if (!place) return;
    const Choice one = at(*place);
    const std::size_t kind = random_.below(3);
    std::erase_if(choices_, [&](const Choice& choice) {
      if (kind == 0) return choice.chooser == one.chooser && one.chooser != the_world;
      if (kind == 1) return choice.site == one.site;
      return is_of_one_stream(choice, one);
    });
  }

  void repeat() {
    const auto place = draw_place();
    if (!place) return;
    constexpr std::uint32_t later_max = 4;
    Choice copy = at(*place);
    copy.index = limited(copy.index + 1 + random_.below32(later_max));
    put(copy);
  }

  void lend() {
    const auto place = draw_place();
    if (!place) return;
    const Choice lent = at(*place);
    const auto to = draw_other_chooser(lent);
    if (!to) return;
    const bool are_all_lent = random_.one_in(4);
    const std::vector<Choice> before = choices_;
    for (Choice choice : before) {
      const bool is_lent =
          are_all_lent ? is_of_one_stream(choice, lent) : is_at_one_place(choice, lent);
      if (!is_lent) continue;
      choice.chooser = *to;
      put(choice);
    }
  }

  void change_value() {
    const auto place = draw_place();
    if (!place) return;
    Choice changed = at(*place);
    changed.value = draw_near(changed.value);
    put(changed);
  }

  void shift() {
    const auto place = draw_place();
    if (!place) return;
    constexpr std::uint32_t distance_max = 4;
    const Choice first = at(*place);
    const std::uint32_t distance = 1 + random_.below32(distance_max);
    const bool is_later = random_.one_in(2);
    std::vector<Choice> shifted;
    for (Choice choice : choices_) {
      const bool is_concerned = is_of_one_stream(choice, first);
      if (is_concerned && choice.index >= first.index) {
        // What is shifted to before the beginning is gone.
        if (!is_later && choice.index < distance) continue;
        choice.index = is_later ? limited(choice.index + distance) : choice.index - distance;
      } else if (is_concerned && !is_later && choice.index + distance >= first.index) {
        continue;  // others take its place
      }
      shifted.push_back(choice);
    }
    choices_ = std::move(shifted);
  }

  // The answer is one more than the steps before the signal; 0: it comes at the end.
  void move_signal() {
    const std::uint32_t before = value_of(Site::stop_step, 0);
    put(Site::stop_step, 0, draw_step(before));
  }

  void move_second() {
    const std::uint32_t first = value_of(Site::stop_step, 0);
    const std::uint32_t before = value_of(Site::stop_again, 0);
    constexpr std::uint32_t soon = 40;
    switch (random_.below(5)) {
      case 0:
        put(Site::stop_again, 0, before == 0 ? 1 + random_.below32(soon) : 0);
        return;
      case 1:
        put(Site::stop_again, 0, 1 + random_.below32(soon));
        return;
      case 2: {
        const std::uint32_t step = draw_step(first + before);
        put(Site::stop_again, 0, step > first ? step - first : 1 + random_.below32(soon));
        return;
      }
      case 3:
        put(Site::stop_again, 0, draw_near(before));
        return;
      default: {
        // The third answer is for SIGINT, the fourth for SIGKILL (the first two only say how likely
        // the steps are where they are drawn).
        const std::uint32_t kind = 2 + random_.below32(2);
        put(Site::stop_kind, kind, value_of(Site::stop_kind, kind) == 0 ? 1 : 0);
        return;
      }
    }
  }

  void tidy() {
    if (course_.questions.empty()) return;
    std::erase_if(choices_, [&](const Choice& choice) {
      return std::none_of(course_.questions.begin(), course_.questions.end(),
                          [&](const Course::Question& question) {
                            return question.site == choice.site &&
                                   question.chooser == choice.chooser &&
                                   question.count > choice.index;
                          });
    });
  }

 private:
  using Place = std::ptrdiff_t;

  [[nodiscard]] std::optional<Place> draw_place() {
    if (choices_.empty()) return std::nullopt;
    return static_cast<Place>(random_.below(choices_.size()));
  }
  [[nodiscard]] const Choice& at(Place place) const {
    return choices_[static_cast<std::size_t>(place)];
  }

  static std::uint32_t limited(std::uint32_t index) { return std::min(index, index_max); }

  // Puts a choice in its place, whatever was there.
  void put(const Choice& choice) {
    std::erase_if(choices_, [&](const Choice& other) { return is_at_one_place(choice, other); });
    if (choice.value != 0) choices_.push_back(choice);
  }
  void put(Site site, std::uint32_t index, std::uint32_t value) {
    put({.site = site, .chooser = the_world, .index = index, .value = value});
  }

  [[nodiscard]] std::uint32_t value_of(Site site, std::uint32_t index) const {
    const Choice place{.site = site, .chooser = the_world, .index = index, .value = 0};
    for (const Choice& choice : choices_) {
      if (is_at_one_place(choice, place)) return choice.value;
    }
    return 0;
  }

  // First a site, then who was asked there: or a site that is asked of everybody all the time would
  // leave none to the others.
  [[nodiscard]] Course::Question draw_question() {
    if (course_.questions.empty()) {
      constexpr Chooser choosers = 6;
      constexpr std::uint32_t count = 8;
      return {.site = numbered_sites()[random_.below(numbered_sites().size())],
              .chooser = static_cast<Chooser>(random_.below(choosers)),
              .count = count};
    }
    std::vector<std::size_t> begins;  // of the questions of each site
    for (std::size_t place = 0; place < course_.questions.size(); ++place) {
      const bool is_next_site =
          place == 0 || course_.questions[place].site != course_.questions[place - 1].site;
      if (is_next_site) begins.push_back(place);
    }
    const std::size_t drawn = random_.below(begins.size());
    const std::size_t begin = begins[drawn];
    const std::size_t end =
        drawn + 1 < begins.size() ? begins[drawn + 1] : course_.questions.size();
    return course_.questions[begin + random_.below(end - begin)];
  }

  // Small ones are what most questions have room for; what is too large counts as the largest.
  [[nodiscard]] std::uint32_t draw_value() {
    switch (random_.below(16)) {
      case 0:
        return 1 + random_.below32(1U << (1 + random_.below(30)));
      case 1:
        return 1 + random_.below32(1024);
      case 2:
      case 3:
        return 1 + random_.below32(64);
      case 4:
      case 5:
      case 6:
      case 7:
        return 1 + random_.below32(8);
      default:
        return 1;
    }
  }

  [[nodiscard]] std::uint32_t draw_near(std::uint32_t value) {
    constexpr std::uint32_t largest = std::numeric_limits<std::uint32_t>::max();
    switch (random_.below(6)) {
      case 0:
        return value < largest ? value + 1 : value;
      case 1:
        return value > 1 ? value - 1 : value + 1;
      case 2:
        return value <= largest / 2 ? value * 2 : largest;
      case 3:
        return std::max(1U, value / 2);
      default:
        return draw_value();
    }
  }

  // Somebody else who was asked at the site.
  [[nodiscard]] std::optional<Chooser> draw_other_chooser(const Choice& choice) {
    std::vector<Chooser> others;
    for (const Course::Question& question : course_.questions) {
      if (question.site == choice.site && question.chooser != choice.chooser) {
        others.push_back(question.chooser);
      }
    }
    if (!others.empty()) return others[random_.below(others.size())];
    if (!course_.questions.empty() || choice.chooser == the_world) return std::nullopt;
    return static_cast<Chooser>(choice.chooser > 1 && random_.one_in(2) ? choice.chooser - 1
                                                                        : choice.chooser + 1);
  }

  // Where a signal may come, as its choice says it; 0: nowhere.
  [[nodiscard]] std::uint32_t draw_step(std::uint32_t before) {
    constexpr std::uint32_t steps_of_unknown_run = 400;  // most runs have about as many
    const std::uint32_t steps = course_.steps == 0 ? steps_of_unknown_run : course_.steps;
    const auto around = [&](std::uint32_t step, std::uint32_t distance_max) {
      const std::uint32_t distance = 1 + random_.below32(distance_max);
      if (random_.one_in(2)) return step + distance;
      return step > distance ? step - distance : 1;
    };
    switch (random_.below(12)) {
      case 0:
        return 0;
      case 1:
      case 2:
        return around(before, 2);
      case 3:
        return around(before, 64);
      case 4:  // near the end
        return steps > 16 ? steps - random_.below32(16) : steps;
      case 5:
      case 6:
      case 7:
      case 8:
        if (!course_.turning_points.empty()) {
          // Right before it, in it, and right after it.
          const auto& points = course_.turning_points;
          const std::uint32_t point = points[random_.below(points.size())];
          return point + random_.below32(4);
        }
        [[fallthrough]];
      default:
        return 1 + random_.below32(steps);
    }
  }

  std::vector<Choice> choices_;
  const Course& course_;
  Random& random_;
};

bool change_scenario(TapeInput& input, Random& random) {
  const sim::Scenario* const drawn = &draw_scenario(random);
  return std::exchange(input.scenario, drawn) != drawn;
}

struct Weighted {
  Mutation mutation;
  std::size_t weight;
};

// Adding and removing are in balance. The signal has a fifth of all, as the shutdown is what this
// server is about.
constexpr std::array<Weighted, mutation_count> weights{{{Mutation::add, 20},
                                                        {Mutation::add_many, 8},
                                                        {Mutation::remove, 12},
                                                        {Mutation::remove_span, 4},
                                                        {Mutation::remove_group, 4},
                                                        {Mutation::repeat, 8},
                                                        {Mutation::lend, 8},
                                                        {Mutation::change_value, 16},
                                                        {Mutation::shift, 6},
                                                        {Mutation::move_signal, 14},
                                                        {Mutation::move_second, 10},
                                                        {Mutation::change_scenario, 2},
                                                        {Mutation::tidy, 8}}};

Mutation draw_mutation(Random& random) {
  std::size_t sum = 0;
  for (const Weighted& each : weights) sum += each.weight;
  std::size_t drawn = random.below(sum);
  for (const Weighted& each : weights) {
    if (drawn < each.weight) return each.mutation;
    drawn -= each.weight;
  }
  LASTWORD_CHECK(false);
  return Mutation::add;
}

}  // namespace

bool apply(Mutation mutation, TapeInput& input, const Course& course, Random& random) {
  if (mutation == Mutation::change_scenario) return change_scenario(input, random);
  const auto before = input.tape.choices();
  Change change{{before.begin(), before.end()}, course, random};
  switch (mutation) {
    case Mutation::add:
      change.add();
      break;
    case Mutation::add_many:
      change.add_many();
      break;
    case Mutation::remove:
      change.remove();
      break;
    case Mutation::remove_span:
      change.remove_span();
      break;
    case Mutation::remove_group:
      change.remove_group();
      break;
    case Mutation::repeat:
      change.repeat();
      break;
    case Mutation::lend:
      change.lend();
      break;
    case Mutation::change_value:
      change.change_value();
      break;
    case Mutation::shift:
      change.shift();
      break;
    case Mutation::move_signal:
      change.move_signal();
      break;
    case Mutation::move_second:
      change.move_second();
      break;
    case Mutation::tidy:
      change.tidy();
      break;
    case Mutation::change_scenario:
      break;
  }
  sim::Tape after{change.take()};
  if (after == input.tape) return false;
  input.tape = std::move(after);
  return true;
}

void mutate(TapeInput& input, const Course& course, Random& random) {
  constexpr std::size_t attempts_max = 100;
  const TapeInput before = input;
  std::size_t wanted = std::size_t{1} << random.below(3);
  for (std::size_t attempt = 0; attempt < attempts_max; ++attempt) {
    // (One can take back what another did.)
    if (wanted == 0 && input != before) break;
    if (apply(draw_mutation(random), input, course, random) && wanted > 0) --wanted;
  }
  // Each costs at least a run more.
  input.checks = {.is_run_twice = random.one_in(64),
                  .is_replayed = random.one_in(64),
                  .is_cut_often = random.one_in(16)};
}

const sim::Scenario& draw_scenario(Random& random) {
  const auto names = numbered_scenarios();
  return *sim::find_scenario(names[random.below(names.size())]);
}

void fit(TapeInput& input, std::size_t size_max, Random& random) {
  LASTWORD_CHECK(size_max >= tape_head_size);
  const std::size_t choices_max = (size_max - tape_head_size) / tape_record_size;
  if (input.tape.size() <= choices_max) return;
  std::vector<Choice> choices{input.tape.choices().begin(), input.tape.choices().end()};
  while (choices.size() > choices_max) {
    choices[random.below(choices.size())] = choices.back();
    choices.pop_back();
  }
  input.tape = sim::Tape{std::move(choices)};
}

}  // namespace lastword::fuzz
