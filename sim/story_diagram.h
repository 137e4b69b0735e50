// The space-time diagram of a story.
#pragma once

#include <string>

#include "sim/story.h"

namespace lastword::sim {

// Two SVG elements, the names of the lanes and what happens in them, within a <div>. Their style is
// the page's.
void append_diagram(std::string& out, const Story& story);

}  // namespace lastword::sim
