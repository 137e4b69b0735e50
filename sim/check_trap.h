// What becomes of a check of the code's own (core/check.h) that fails within a run.
#pragma once

#include <stdexcept>

namespace lastword::sim {

// A check that did not hold; what() names it and its place.
class CheckFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// While it lives, a check that fails on this thread throws CheckFailed: it is the run that ends
// then, and is told. Otherwise it ends the program, as everywhere else.
class CheckTrap {
 public:
  CheckTrap();
  CheckTrap(const CheckTrap&) = delete;
  CheckTrap& operator=(const CheckTrap&) = delete;
  ~CheckTrap();

 private:
  bool was_set_;
};

}  // namespace lastword::sim
