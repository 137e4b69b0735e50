// RapidCheck as a source of runs: a scenario of the mix and a tape.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "sim/case_file.h"
#include "sim/run.h"

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

}  // namespace lastword::sim

namespace rc {

template <>
struct Arbitrary<lastword::sim::Choice> {
  static Gen<lastword::sim::Choice> arbitrary() {
    using lastword::sim::Choice;
    using lastword::sim::Site;
    // Sites that can be met, choosers that there are, values that mean something: anything else
    // would be a long way of saying nothing.
    const auto site = gen::map(gen::inRange<int>(0, static_cast<int>(lastword::sim::site_count)),
                               [](int number) { return static_cast<Site>(number); });
    const auto step =
        gen::build<Choice>(gen::set(&Choice::site, gen::element(Site::stop_step, Site::stop_again)),
                           gen::set(&Choice::chooser, gen::just<lastword::sim::Chooser>(0)),
                           gen::set(&Choice::index, gen::just<std::uint32_t>(0)),
                           gen::set(&Choice::value, gen::inRange<std::uint32_t>(1, 200)));
    const auto any =
        gen::build<Choice>(gen::set(&Choice::site, site),
                           gen::set(&Choice::chooser, gen::inRange<lastword::sim::Chooser>(0, 6)),
                           gen::set(&Choice::index, gen::inRange<std::uint32_t>(0, 24)),
                           gen::set(&Choice::value, gen::inRange<std::uint32_t>(1, 14)));
    return gen::weightedOneOf<Choice>({{12, any}, {1, step}});
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
    return gen::build<ArbitraryRun>(
        gen::set(&ArbitraryRun::scenario, gen::elementOf(names)),
        gen::set(&ArbitraryRun::choices, gen::arbitrary<std::vector<lastword::sim::Choice>>()));
  }
};

}  // namespace rc
