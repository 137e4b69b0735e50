// When one of the code's own checks ends the program, the check is named, but not the run that it
// failed in. This is how the run is named too.
#pragma once

#include <cstdint>

#include "sim/scenario.h"

namespace lastword::sim {

// What this thread does from now on.
void note_for_abort(std::uint64_t seed, const Scenario& scenario);
// From now on an abort() says on standard error what the thread was doing that called it.
void tell_on_abort();

}  // namespace lastword::sim
