#include "tests/end_to_end/participant.h"

#include <cstddef>
#include <string>

#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {

void carry_until(std::span<Participant* const> participants, std::string_view what,
                 const std::function<bool()>& is_done) {
  Watchdog watchdog{std::string(what)};
  std::vector<pollfd> waits;
  std::vector<std::size_t> ends;
  while (!is_done()) {
    waits.clear();
    ends.clear();
    for (const Participant* const participant : participants) {
      participant->add_waits(waits);
      ends.push_back(waits.size());
    }
    if (::poll(waits.data(), waits.size(), watchdog.poll_timeout_ms()) > 0) watchdog.feed();
    std::size_t begin = 0;
    for (std::size_t index = 0; index < participants.size(); ++index) {
      participants[index]->handle(std::span{waits}.subspan(begin, ends[index] - begin));
      begin = ends[index];
    }
  }
}

void carry_until(std::initializer_list<Participant*> participants, std::string_view what,
                 const std::function<bool()>& is_done) {
  carry_until(std::span<Participant* const>(participants.begin(), participants.size()), what,
              is_done);
}

}  // namespace lastword::end_to_end
