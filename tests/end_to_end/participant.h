// Participant: somebody whose bytes are carried while a test waits. All that talk to each other are
// carried in one wait, so that none of them holds up another one.
#pragma once

#include <poll.h>

#include <functional>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace lastword::end_to_end {

class Participant {
 public:
  Participant() = default;
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;
  virtual ~Participant() = default;

  // Adds what it waits for. A number of -1 is skipped by poll(2).
  virtual void add_waits(std::vector<pollfd>& waits) const = 0;
  // Its own entries in their order, with what is ready.
  virtual void handle(std::span<const pollfd> ready) = 0;
};

// Carries all of them until `is_done` holds; it is asked again whenever something moved. `what`
// completes "waited too long for ...". Violation when the watchdog barks.
void carry_until(std::span<Participant* const> participants, std::string_view what,
                 const std::function<bool()>& is_done);
void carry_until(std::initializer_list<Participant*> participants, std::string_view what,
                 const std::function<bool()>& is_done);

}  // namespace lastword::end_to_end
