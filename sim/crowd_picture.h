// What came of a crowd, as a picture.
#pragma once

#include <string>

#include "sim/crowd.h"

namespace lastword::sim {

// An SVG file that needs no other: attempts to connect as bars, refused ones in another shade; the
// clients online as a line; the bound as a dashed one; the signal, the end of the old process and
// the start of the new one. It follows the reader's choice of light or dark.
[[nodiscard]] std::string crowd_picture(const CrowdPlan& plan, const CrowdResult& result);

}  // namespace lastword::sim
