// How one life of the server ends.
#pragma once

#include <cstdint>

#include "core/instant.h"

namespace lastword::sim {

struct Surroundings;

// Marks what the signals to the process come into, and watches that it ends in time (L3, L4). A
// process that is killed is not watched any more.
class Shutdown {
 public:
  // A signal is being sent to the process.
  void signalled(const Surroundings& world);
  // The process stands still for so long while it drains: it has as much time more.
  void excuse(Duration pause) { paused_ += pause; }
  // To be called after every step.
  void watch(const Surroundings& world);

  // So many were sent; the process may not have got the last one yet.
  [[nodiscard]] std::uint32_t signals() const { return signals_; }

 private:
  void mark_stop(const Surroundings& world);
  void judge_exit(const Surroundings& world);
  void judge_drain(const Surroundings& world);

  std::uint32_t signals_ = 0;
  Duration paused_{};
  bool was_everybody_well_ = false;  // at the stop
  bool is_exit_seen_ = false;
  bool was_stall_marked_ = false;
};

}  // namespace lastword::sim
