// What must have come of everything once nothing goes wrong any more.
#pragma once

#include "sim/surroundings.h"

namespace lastword::sim {

// To be asked long after the healing: whether the healed are served (L1, L2, L5, L7), and nobody is
// kept who has vanished (L6).
void judge_liveness(const Surroundings& world);

}  // namespace lastword::sim
