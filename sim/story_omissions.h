// What a story does without, so that it is short.
#pragma once

#include "sim/story.h"

namespace lastword::sim {

// The lanes of those whom the broken properties are not about. Nothing if they are about nobody in
// particular, or none is broken.
void leave_out_others(Story& story);

// Heartbeats that were answered: a question for a sign of life with nothing else on it, then its
// answer, and nothing between the two for whoever asked or was asked.
void leave_out_heartbeats(Story& story);

}  // namespace lastword::sim
