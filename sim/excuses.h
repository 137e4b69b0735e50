// What excuses a connection from what is promised to others.
#pragma once

#include <cstddef>
#include <vector>

#include "sim/kernel.h"

namespace lastword::sim {

// By link, and of the link alone: it holds for whichever life of the server accepts it, even if
// that has not begun yet.
class Excuses {
 public:
  // The client does something, or something happens to it, that excuses what it does not get.
  void touch(Link link) { at(link).is_touched = true; }
  // The client keeps its side open: the server may have to close on it, and what the client sends
  // then is answered by a reset.
  void excuse_reset(Link link) { at(link).is_reset_excused = true; }

  [[nodiscard]] bool is_touched(Link link) const {
    return link < by_link_.size() && by_link_[link].is_touched;
  }
  [[nodiscard]] bool is_reset_excused(Link link) const {
    return link < by_link_.size() && by_link_[link].is_reset_excused;
  }

 private:
  struct Excuse {
    bool is_touched = false;
    bool is_reset_excused = false;
  };

  [[nodiscard]] Excuse& at(Link link) {
    if (link >= by_link_.size()) by_link_.resize(link + std::size_t{1});
    return by_link_[link];
  }

  std::vector<Excuse> by_link_;
};

}  // namespace lastword::sim
