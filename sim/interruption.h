// Being asked to end: Ctrl-C, and what a supervisor sends.
#pragma once

namespace lastword::sim {

// While it lives, the first SIGINT or SIGTERM only waits to be seen; from then on the next one ends
// the program at once, as if this were not there. To be made before any other thread is.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // The signal that came, 0 if none did. Only for the thread that made this.
  [[nodiscard]] int signal();

 private:
  int signal_ = 0;
};

}  // namespace lastword::sim
