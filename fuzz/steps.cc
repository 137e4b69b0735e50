#include "fuzz/steps.h"

#include <cstddef>

// The linker's --wrap leads every call of NAME here, to __wrap_NAME, and __real_NAME is the
// original. All of it is in C's hands: no C++ name would be found.
namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): the hooks have no argument.
std::uint64_t step_count = 0;
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): likewise.
bool is_counting = false;

#if defined(__clang__)
#define LASTWORD_UNCOUNTED __attribute__((no_sanitize("coverage")))
#else
#define LASTWORD_UNCOUNTED __attribute__((no_sanitize_coverage))
#endif

LASTWORD_UNCOUNTED void count_bytes(std::size_t size) {
  constexpr std::size_t bytes_of_a_step = 16;
  if (is_counting) step_count += 1 + size / bytes_of_a_step;
}

}  // namespace

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): names of the linker's
// and the compilers' making.
void __wrap___sanitizer_cov_trace_pc();
LASTWORD_UNCOUNTED void __wrap___sanitizer_cov_trace_pc() {
  if (is_counting) ++step_count;
}

#define LASTWORD_WRAP(result, name, parameters, arguments, size) \
  result __real_##name parameters;                               \
  result __wrap_##name parameters;                               \
  LASTWORD_UNCOUNTED result __wrap_##name parameters {           \
    count_bytes(size);                                           \
    return __real_##name arguments;                              \
  }

LASTWORD_WRAP(void*, memcpy, (void* to, const void* from, std::size_t size), (to, from, size), size)
LASTWORD_WRAP(void*, memmove, (void* to, const void* from, std::size_t size), (to, from, size),
              size)
LASTWORD_WRAP(void*, memset, (void* to, int value, std::size_t size), (to, value, size), size)
LASTWORD_WRAP(int, memcmp, (const void* left, const void* right, std::size_t size),
              (left, right, size), size)
#if defined(__SANITIZE_ADDRESS__) || defined(LASTWORD_WITH_ASAN)
// What AddressSanitizer puts in their place.
LASTWORD_WRAP(void*, __asan_memcpy, (void* to, const void* from, std::size_t size),
              (to, from, size), size)
LASTWORD_WRAP(void*, __asan_memmove, (void* to, const void* from, std::size_t size),
              (to, from, size), size)
LASTWORD_WRAP(void*, __asan_memset, (void* to, int value, std::size_t size), (to, value, size),
              size)
#endif

void* __real_memchr(const void* bytes, int value, std::size_t size);
void* __wrap_memchr(const void* bytes, int value, std::size_t size);
// It stops at what it finds.
LASTWORD_UNCOUNTED void* __wrap_memchr(const void* bytes, int value, std::size_t size) {
  void* const found = __real_memchr(bytes, value, size);
  const auto* const begin = static_cast<const char*>(bytes);
  count_bytes(found == nullptr ? size
                               : static_cast<std::size_t>(static_cast<char*>(found) - begin));
  return found;
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

}  // extern "C"

namespace lastword::fuzz {

StepCount::StepCount() {
  step_count = 0;
  is_counting = true;
}

StepCount::~StepCount() { is_counting = false; }

std::uint64_t StepCount::steps() const { return step_count; }

}  // namespace lastword::fuzz
