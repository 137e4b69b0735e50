// Small inputs of the target `tape`, for its tests.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/tape_bytes.h"

namespace lastword::fuzz {

inline TapeInput input_of(std::string_view scenario, std::vector<sim::Choice> choices) {
  return {.scenario = sim::find_scenario(scenario),
          .checks = {},
          .tape = sim::Tape{std::move(choices)}};
}

inline bool has(const sim::Tape& tape, const sim::Choice& choice) {
  const auto choices = tape.choices();
  return std::find(choices.begin(), choices.end(), choice) != choices.end();
}

}  // namespace lastword::fuzz
