// When signals come in a run, and what becomes of the server after them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/instant.h"
#include "core/server.h"
#include "sim/choices.h"
#include "sim/plan.h"

namespace lastword::sim {

// The run's own signals are its end: the first comes in its middle, at a step that is drawn when it
// begins, or once everything was judged; the second some steps later. Those of a restart come
// before that, and once their process has ended, a new one starts.
class Signals {
 public:
  enum class Due : std::uint8_t { nothing, stop, kill, second_stop };

  void draw(const Plan& plan, Choices& choices);

  // --- The end of the run ----------------------------------------------------------------------

  // What has to come after so many steps.
  [[nodiscard]] Due due(std::uint64_t steps) const;
  [[nodiscard]] StopReason reason() const { return reason_; }
  // One was sent, after so many steps. No new process starts any more.
  void sent(std::uint64_t steps);
  [[nodiscard]] bool is_stopped() const { return sent_ > 0; }
  // From now on none comes but those that somebody else sends.
  void silence() { are_silenced_ = true; }
  [[nodiscard]] bool are_silenced() const { return are_silenced_; }
  // How the tape has to say that the next one comes now.
  [[nodiscard]] Choice coming_now(std::uint64_t steps) const;

  // --- Restarts --------------------------------------------------------------------------------

  // The time of a restart has come: its signal is due at this step, unless a later one's time comes
  // before.
  void restart_at(std::uint64_t step, std::uint32_t which) { due_restart_ = {step, which}; }
  // Which one is due after so many steps. It is not due any more then.
  [[nodiscard]] std::optional<std::uint32_t> take_restart(std::uint64_t steps);
  // Its signal is sent: a new process starts so long after the end of this one.
  void restart_after(Duration downtime) { downtime_ = downtime; }
  // ... or none does after all.
  void call_off() { downtime_.reset(); }
  [[nodiscard]] bool is_restarting() const { return downtime_.has_value(); }
  // The process has ended: how long until the new one starts, the first time that this is asked.
  [[nodiscard]] std::optional<Duration> take_downtime();
  // The new process has started.
  void restarted();
  // No restart comes any more that has not come yet.
  void end_restarts() { are_restarts_over_ = true; }

 private:
  struct DueRestart {
    std::uint64_t step;
    std::uint32_t which;
  };

  std::uint32_t stop_step_ = 0;   // one more than the steps before it; 0: none
  std::uint32_t stop_again_ = 0;  // steps after the first one; 0: never
  std::uint64_t stopped_at_step_ = 0;
  StopReason reason_ = StopReason::terminate;
  bool is_kill_ = false;
  bool are_silenced_ = false;
  std::uint32_t sent_ = 0;
  std::optional<DueRestart> due_restart_;
  std::optional<Duration> downtime_;
  bool is_start_scheduled_ = false;
  bool are_restarts_over_ = false;
};

}  // namespace lastword::sim
