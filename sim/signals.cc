#include "sim/signals.h"

#include <utility>

namespace lastword::sim {

void Signals::draw(const Plan& plan, Choices& choices) {
  if (!plan.is_stopped_anywhere) return;
  // Half of the runs are stopped in the middle of something.
  constexpr std::uint32_t steps_in_the_middle = 400;
  constexpr std::uint32_t steps_after_the_first = 40;
  constexpr std::uint32_t any = 1U << 30U;  // a sweep goes through all of them
  const bool is_in_the_middle = choices.occurs(2, Site::stop_kind) && plan.is_control_on;
  stop_step_ = choices.choose(any, is_in_the_middle ? steps_in_the_middle : 1, Site::stop_step);
  const bool is_again = choices.occurs(3, Site::stop_kind) && plan.is_control_on;
  stop_again_ = choices.choose(any, is_again ? steps_after_the_first : 1, Site::stop_again);
  constexpr std::uint32_t interrupt_one_in = 4;
  constexpr std::uint32_t kill_one_in = 40;
  if (choices.occurs(interrupt_one_in, Site::stop_kind)) reason_ = StopReason::interrupt;
  is_kill_ = stop_step_ != 0 && choices.occurs(kill_one_in, Site::stop_kind);
}

// --- The end of the run ------------------------------------------------------------------------

Signals::Due Signals::due(std::uint64_t steps) const {
  if (sent_ == 0 && stop_step_ == steps + 1) return is_kill_ ? Due::kill : Due::stop;
  if (sent_ == 1 && stop_again_ != 0 && steps == stopped_at_step_ + stop_again_) {
    return Due::second_stop;
  }
  return Due::nothing;
}

void Signals::sent(std::uint64_t steps) {
  if (++sent_ == 1) stopped_at_step_ = steps;
  call_off();
}

Choice Signals::coming_now(std::uint64_t steps) const {
  const std::uint64_t value = sent_ == 0 ? steps + 1 : steps - stopped_at_step_;
  return {.site = sent_ == 0 ? Site::stop_step : Site::stop_again,
          .chooser = the_world,
          .index = 0,
          .value = static_cast<std::uint32_t>(value)};
}

// --- Restarts ----------------------------------------------------------------------------------

std::optional<std::uint32_t> Signals::take_restart(std::uint64_t steps) {
  if (!due_restart_ || steps < due_restart_->step) return std::nullopt;
  const std::uint32_t which = std::exchange(due_restart_, std::nullopt)->which;
  if (are_restarts_over_ || is_stopped()) return std::nullopt;
  return which;
}

std::optional<Duration> Signals::take_downtime() {
  if (!downtime_ || is_start_scheduled_) return std::nullopt;
  is_start_scheduled_ = true;
  return downtime_;
}

void Signals::restarted() {
  downtime_.reset();
  is_start_scheduled_ = false;
}

}  // namespace lastword::sim
