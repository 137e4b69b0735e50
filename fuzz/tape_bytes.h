// A simulated run as a fuzzer's input: its scenario, what else is checked of it, and its tape.
//
//   [scenario] [checks] [site, chooser, index: 2 bytes, value: 4 bytes]...       little-endian
//
// These are records, and not answers in the order in which a run asks (sim::Choices::from_bytes).
// There, a byte more or less, or one question more in the run, gives another meaning to all that
// follows, and hardly anything of what had been learned survives a mutation. A record says for
// itself whose choice it is and which one, so that all others mean what they meant before: what is
// put in, taken away, moved or spliced is a choice, and what is found can be shrunk.
//
// The numbers of scenarios and sites are this format's own, and not those of the simulator: a
// corpus that is stored means the same when a scenario or a site is added.
//
// Invariants:
//  1. Any bytes are an input. Numbers beyond the last one begin again with the first; a record
//     that is not whole ends in zeros; a value of 0 is the boring answer and no choice; of several
//     records for one choice the first counts.
//  2. What can be encoded (see below) and is decoded again is the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sim/choices.h"
#include "sim/scenario.h"

namespace lastword::fuzz {

inline constexpr std::size_t tape_head_size = 2;
inline constexpr std::size_t tape_record_size = 8;

struct TapeInput {
  // What is checked besides all properties of the simulator, as it costs more runs.
  struct Checks {
    bool is_run_twice = false;  // the same tape, the same hash (I16)
    bool is_replayed = false;   // ... and the same again from what the run recorded
    bool is_cut_often =
        false;  // each read is compared with the same bytes, cut elsewhere (I12, I17)

    friend bool operator==(const Checks&, const Checks&) = default;
  };

  const sim::Scenario* scenario = nullptr;  // never null once decoded
  Checks checks;
  sim::Tape tape;

  friend bool operator==(const TapeInput&, const TapeInput&) = default;
};

// The scenarios that have a number, in its order: all but `idle`, whose runs are 70,000 steps long
// and in which nothing ever goes wrong.
[[nodiscard]] std::span<const std::string_view> numbered_scenarios();
inline constexpr std::string_view scenario_left_out = "idle";
// The sites in the order of their numbers: all.
[[nodiscard]] std::span<const sim::Site> numbered_sites();

[[nodiscard]] TapeInput decode(std::span<const std::uint8_t> bytes);

// Choices are sorted by site, chooser and index, so that one input is always the same bytes.
// Left out is what can't be encoded: choosers beyond 255, and indices beyond 65,535.
[[nodiscard]] std::vector<std::uint8_t> encode(const TapeInput& input);

}  // namespace lastword::fuzz
