#include "sim/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ostream>

#include "sim/readable.h"

namespace lastword::sim {

namespace {

std::string share_text(const SuiteProgress& progress) {
  if (progress.time_max) {
    const Duration left = std::max(*progress.time_max - progress.elapsed, Duration::zero());
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(left).count()) + " s left";
  }
  const double share =
      static_cast<double>(progress.seeds) / static_cast<double>(progress.seeds_max);
  return std::to_string(static_cast<int>(share * 100)) + " %";
}

}  // namespace

// What matters most comes first, as a narrow terminal cuts the end off.
std::string progress_text(const SuiteProgress& progress) {
  return share_text(progress) + "; " +
         (progress.failures == 0 ? "no failure"
                                 : counted(progress.failures, "failure", "failures")) +
         "; " + counted(progress.runs, "run", "runs") + ", " +
         counted(progress.events, "event", "events") + ", " + readable(progress.simulated) +
         " simulated; " + rates_text(progress);
}

std::string rates_text(const SuiteProgress& progress) {
  const double seconds = std::chrono::duration<double>(progress.elapsed).count();
  if (seconds <= 0) return "no rates yet";
  const auto rate = [seconds](double number) {
    return grouped(static_cast<std::uint64_t>(std::llround(number / seconds)));
  };
  return rate(static_cast<double>(progress.runs)) + " runs/s, " +
         rate(static_cast<double>(progress.events)) + " events/s, " +
         rate(std::chrono::duration<double>(progress.simulated).count()) + " simulated s/s";
}

bool ProgressLine::is_due(Duration now) const {
  // The first text elsewhere waits like the others: most of what runs is done before.
  if (terminal_ && !is_on_terminal_) return true;
  return now - shown_at_ >= (terminal_ ? on_terminal : elsewhere);
}

void ProgressLine::show(std::string_view text, Duration now) {
  if (!is_due(now)) return;
  shown_at_ = now;
  if (!terminal_) {
    out_ << text << '\n' << std::flush;
    return;
  }
  // Cut, as a line that is folded can't be rewritten.
  out_ << '\r' << text.substr(0, terminal_->columns - 1) << "\x1b[K" << std::flush;
  is_on_terminal_ = true;
}

void ProgressLine::clear() {
  if (!is_on_terminal_) return;
  out_ << "\r\x1b[K" << std::flush;
  is_on_terminal_ = false;
}

}  // namespace lastword::sim
