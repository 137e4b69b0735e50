// Changes a tape as somebody would who knows what choices are.
//
// Everything here is a function of its arguments and of the random numbers that it is given.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "fuzz/random.h"
#include "fuzz/tape_bytes.h"
#include "fuzz/tape_run.h"
#include "sim/choices.h"

namespace lastword::fuzz {

// The choices that say when the run's end comes are special: all that a run has on its way must be
// brought to its end from there. (sim/signals.cc)
enum class Mutation : std::uint8_t {
  add,              // a choice, where the run asked
  add_many,         // at one site: some of the answers in a span
  remove,           //
  remove_span,      // neighbours on the tape
  remove_group,     // all of a client, of a site, or of a client at a site
  repeat,           // a choice, a little later
  lend,             // a choice, or all at its site, to somebody else who was asked there
  change_value,     //
  shift,            // what somebody chooses at a site from some time on comes earlier or later
  move_signal,      // the stop comes earlier, later, near the end, at a turning point, never
  move_second,      // so does the second one, or another kind of signal comes
  change_scenario,  //
  tidy,             // what the run did not ask for goes
};
inline constexpr std::size_t mutation_count = static_cast<std::size_t>(Mutation::tidy) + 1;

// Does it. `course` is that of a run of the input, or of one that is like it, or empty. False: it
// can't be done to this input, or would change nothing; the input is as it was.
[[nodiscard]] bool apply(Mutation mutation, TapeInput& input, const Course& course, Random& random);

// Does a few of them, drawn by their weights, and draws anew what is checked besides.
void mutate(TapeInput& input, const Course& course, Random& random);

// One of those that have a number.
[[nodiscard]] const sim::Scenario& draw_scenario(Random& random);

// Takes choices away at random until it can be encoded in so many bytes; there must be room for the
// head.
void fit(TapeInput& input, std::size_t size_max, Random& random);

}  // namespace lastword::fuzz
