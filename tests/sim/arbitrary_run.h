// RapidCheck as a source of runs: a scenario of the mix and a tape.
#pragma once

#include <rapidcheck.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "sim/case_file.h"
#include "sim/choices.h"
#include "sim/run.h"
#include "sim/scenario.h"
#include "sim/site.h"

namespace lastword::sim {

struct ArbitraryRun {
  std::string scenario;
  std::vector<Choice> choices;

  [[nodiscard]] Case as_case() const {
    return {.scenario = scenario, .property = std::nullopt, .note = "", .tape = Tape{choices}};
  }
  [[nodiscard]] Outcome outcome() const {
    return run(*find_scenario(scenario), Choices::replayed(Tape{choices}));
  }
};

// What a person sees of a counterexample can be stored as it is.
inline std::ostream& operator<<(std::ostream& out, const ArbitraryRun& run) {
  return out << "\n" << to_file(run.as_case());
}

// What is asked at a site: of whom, up to which index it is asked in a run of ordinary length, and
// up to which answer it makes a difference. Choices at any other place would be a long way of
// saying nothing.
struct Questions {
  struct Range {
    Chooser first;
    Chooser last;
  };
  // Most runs have two to four clients.
  static constexpr Range world{.first = the_world, .last = the_world};
  static constexpr Range client{.first = 1, .last = 4};
  static constexpr Range family{.first = 0, .last = 5};

  Site site;
  Range choosers;
  std::uint32_t index_max;
  std::uint32_t value_max;
};

inline constexpr std::array<Questions, site_count> all_questions{{
    {Site::clients, Questions::world, 0, 4},
    {Site::role, Questions::client, 1, 7},
    {Site::limits, Questions::world, 4, 60},
    {Site::buffers, Questions::client, 2, 4},
    {Site::latency, Questions::client, 0, 4},
    {Site::family_on, Questions::family, 0, 1},
    {Site::family_rate, Questions::family, 0, 4},
    {Site::stop_step, Questions::world, 3, 300},
    {Site::stop_again, Questions::world, 0, 40},
    {Site::stop_kind, Questions::world, 3, 1},
    {Site::healed, Questions::client, 0, 1},
    {Site::check_twice, Questions::world, 20, 20},
    {Site::script_length, Questions::client, 0, 14},
    {Site::action, Questions::client, 15, 13},
    {Site::destination, Questions::client, 15, 6},
    {Site::text_size, Questions::client, 15, 8},
    {Site::room, Questions::client, 6, 3},
    {Site::think, Questions::client, 5, 7},
    {Site::reading, Questions::client, 6, 3},
    {Site::ending, Questions::client, 1, 6},
    {Site::reconnect, Questions::client, 0, 3},
    {Site::segment_cut, Questions::client, 15, 15},
    {Site::read_size, Questions::client, 10, 1},
    {Site::write_size, Questions::client, 15, 30},
    {Site::write_blocks, Questions::client, 15, 1},
    {Site::order, Questions::world, 15, 3},
    {Site::turn_end, Questions::world, 30, 1},
    {Site::jitter, Questions::client, 15, 5},
    {Site::timer_late, Questions::world, 5, 2},
    {Site::spurious, Questions::world, 30, 2},
    {Site::stale, Questions::world, 15, 7},
    {Site::late_release, Questions::world, 4, 1},
    {Site::late_writable, Questions::world, 15, 1},
    {Site::cut_link, Questions::client, 10, 1},
    {Site::late_discovery, Questions::client, 0, 1},
    {Site::dead_on_accept, Questions::client, 0, 1},
    {Site::reset_destroys, Questions::client, 1, 1},
    {Site::accept_fails, Questions::world, 8, 1},
    {Site::famine, Questions::world, 10, 1},
    {Site::log_blocks, Questions::world, 15, 1},
    {Site::pause, Questions::world, 15, 4},
    {Site::wall_jump, Questions::world, 15, 3},
    {Site::transport, Questions::client, 0, 1},
    {Site::framing, Questions::client, 10, 9},
    {Site::restarts, Questions::world, 0, 3},
    {Site::restart_at, Questions::world, 8, 60},
    {Site::restart_kind, Questions::world, 2, 2},
    {Site::downtime, Questions::world, 2, 5},
    {Site::horizon, Questions::world, 0, 2},
}};

constexpr bool is_every_site_asked() {
  for (std::size_t place = 0; place < site_count; ++place) {
    if (static_cast<std::size_t>(all_questions[place].site) != place) return false;
  }
  return true;
}
static_assert(is_every_site_asked());

}  // namespace lastword::sim

namespace rc {

template <>
struct Arbitrary<lastword::sim::Choice> {
  static Gen<lastword::sim::Choice> arbitrary() {
    using lastword::sim::all_questions;
    using lastword::sim::Choice;
    using lastword::sim::Questions;
    using lastword::sim::Site;
    // Without lines nothing happens, and a signal within the first steps meets nobody: these are
    // drawn more often than the others.
    const auto any = gen::elementOf(all_questions);
    const auto lines = gen::element(all_questions[static_cast<std::size_t>(Site::script_length)],
                                    all_questions[static_cast<std::size_t>(Site::action)]);
    const auto signals = gen::element(all_questions[static_cast<std::size_t>(Site::stop_step)],
                                      all_questions[static_cast<std::size_t>(Site::stop_again)]);
    const auto questions = gen::weightedOneOf<Questions>({{40, any}, {8, lines}, {1, signals}});
    return gen::mapcat(questions, [](const Questions& asked) {
      using lastword::sim::Chooser;
      const auto chooser =
          gen::map(gen::inRange<int>(asked.choosers.first, asked.choosers.last + 1),
                   [](int number) { return static_cast<Chooser>(number); });
      return gen::build<Choice>(
          gen::set(&Choice::site, gen::just(asked.site)), gen::set(&Choice::chooser, chooser),
          gen::set(&Choice::index, gen::inRange<std::uint32_t>(0, asked.index_max + 1)),
          gen::set(&Choice::value, gen::inRange<std::uint32_t>(1, asked.value_max + 1)));
    });
  }
};

template <>
struct Arbitrary<lastword::sim::ArbitraryRun> {
  static Gen<lastword::sim::ArbitraryRun> arbitrary() {
    using lastword::sim::ArbitraryRun;
    std::vector<std::string> names;
    for (const lastword::sim::Scenario& scenario : lastword::sim::scenarios()) {
      if (scenario.is_in_mix) names.emplace_back(scenario.name);
    }
    // (elementOf does not shrink.)
    const auto scenario = gen::map(gen::inRange<std::size_t>(0, names.size()),
                                   [names](std::size_t place) { return names[place]; });
    return gen::build<ArbitraryRun>(
        gen::set(&ArbitraryRun::scenario, scenario),
        gen::set(&ArbitraryRun::choices, gen::arbitrary<std::vector<lastword::sim::Choice>>()));
  }
};

}  // namespace rc
