// How choices and tapes look in the message of a failed expectation.
#pragma once

#include <ostream>

#include "sim/choices.h"

namespace lastword::sim {

inline std::ostream& operator<<(std::ostream& out, const Choice& choice) {
  return out << name_of(choice.site) << " " << choice.chooser << " " << choice.index << " "
             << choice.value;
}

inline std::ostream& operator<<(std::ostream& out, const Tape& tape) {
  out << "[";
  for (const Choice& choice : tape.choices()) out << " (" << choice << ")";
  return out << " ]";
}

}  // namespace lastword::sim
