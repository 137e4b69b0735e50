// The production server: core and network put together.
#pragma once

#include "net/options.h"

namespace lastword {

// Runs until it is told to stop. Returns the exit code (contract, section 5): 0 after a clean
// shutdown, 1 if it could not start, 3 if the deadline or a second signal cut deliveries off.
[[nodiscard]] int serve(const ServeOptions& options);

}  // namespace lastword
