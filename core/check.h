// Checks of our own logic that stay on in release builds. What a peer can cause is never checked
// here: that is a value with a reason (see docs/ARCHITECTURE.md, "Errors").
#pragma once

namespace lastword {

// Prints the condition and its place the way assert(3) does, and aborts. A program that links its
// own definition has that one instead: the simulator tells the run that led there.
[[noreturn]] void check_failed(const char* condition, const char* file, unsigned line,
                               const char* function);

}  // namespace lastword

#define LASTWORD_CHECK(condition)     \
  ((condition) ? static_cast<void>(0) \
               : ::lastword::check_failed(#condition, __FILE__, __LINE__, __func__))
