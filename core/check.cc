#include "core/check.h"

#undef NDEBUG
#include <cassert>

namespace lastword {

void check_failed(const char* condition, const char* file, unsigned line, const char* function) {
  __assert_fail(condition, file, line, function);
}

}  // namespace lastword
