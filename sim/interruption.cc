#include "sim/interruption.h"

#include <csignal>
#include <ctime>

namespace lastword::sim {

namespace {

sigset_t awaited() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

// Threads inherit what is blocked: so the signals wait for sigtimedwait and go to no other thread.
Interruption::Interruption() {
  const sigset_t signals = awaited();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Interruption::~Interruption() {
  const sigset_t signals = awaited();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

int Interruption::signal() {
  if (signal_ != 0) return signal_;
  const sigset_t signals = awaited();
  const std::timespec at_once{};
  const int came = sigtimedwait(&signals, nullptr, &at_once);
  if (came <= 0) return 0;
  signal_ = came;
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return signal_;
}

}  // namespace lastword::sim
