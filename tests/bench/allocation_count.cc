// In a file of its own: inlined next to a caller, g++ 12 takes malloc and operator delete for a
// mismatch.
#include "allocation_count.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::uint64_t count = 0;  // operator new has no other place to count in

}  // namespace

void* operator new(std::size_t size) {
  ++count;
  void* const memory = std::malloc(std::max<std::size_t>(size, 1));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void operator delete(void* memory) noexcept { std::free(memory); }

void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

std::uint64_t lastword::bench::allocation_count() { return count; }
