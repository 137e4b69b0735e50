#include "fuzz/cpu_limit.h"

#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>

#include "core/check.h"

namespace lastword::fuzz {

namespace {

// In a signal handler: nothing else may be called here.
void give_up(int /*signal*/) {
  constexpr std::string_view text =
      "broken oracle: time\n  it takes more CPU time than it may; the stack tells where it is\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  std::abort();
}

void set_timer(std::chrono::microseconds most) {
  constexpr std::chrono::microseconds second = std::chrono::seconds{1};
  const itimerval once{.it_interval = {}, .it_value = {most / second, (most % second).count()}};
  LASTWORD_CHECK(::setitimer(ITIMER_PROF, &once, nullptr) == 0);
}

}  // namespace

CpuLimit::CpuLimit(std::chrono::microseconds most) {
  LASTWORD_CHECK(most.count() > 0);
  std::signal(SIGPROF, give_up);
  set_timer(most);
}

CpuLimit::~CpuLimit() { set_timer(std::chrono::microseconds{0}); }

}  // namespace lastword::fuzz
