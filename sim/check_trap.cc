#include "sim/check_trap.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/check.h"

namespace lastword {

namespace sim {
namespace {

thread_local bool is_trap_set = false;  // NOLINT(*-avoid-non-const-global-variables)

}  // namespace

CheckTrap::CheckTrap() : was_set_{is_trap_set} { is_trap_set = true; }

CheckTrap::~CheckTrap() { is_trap_set = was_set_; }

}  // namespace sim

// Instead of the core's own, for programs that link the simulator.
void check_failed(const char* condition, const char* file, unsigned line, const char* function) {
  if (sim::is_trap_set) {
    throw sim::CheckFailed{std::string{"the check '"} + condition + "' failed at " + file + ":" +
                           std::to_string(line)};
  }
  std::fprintf(stderr, "%s:%u: %s: Assertion `%s' failed.\n", file, line, function, condition);
  std::abort();
}

}  // namespace lastword
