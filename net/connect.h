// The terminal program: the production client between a person and the network.
#pragma once

#include "net/options.h"

namespace lastword {

// Lines go from standard input to the server and from it to standard output, states to standard
// error, until the input ends, a signal comes or nothing is to be gained any more. Returns the exit
// code (contract, section 5): 0 once all that was said was accepted, 1 otherwise.
[[nodiscard]] int connect(const ConnectOptions& options);

}  // namespace lastword
