// What is going to happen in virtual time, in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/instant.h"

namespace lastword::sim {

struct Event {
  enum class Kind : std::uint8_t {
    client_acts,     // subject: client
    client_reads,    // subject: client; a slow or stopped reader goes on
    syn_arrives,     // subject: link
    connected,       // subject: link; the client learns of it
    flight_up,       // subject: link; what the client sent arrives
    flight_down,     // subject: link; what the server sent arrives
    link_times_out,  // subject: link; the server's kernel gives up
    turn,            // the server's process runs
    deadline,        // subject: which one
    release,         // subject: handler
    stop,            // SIGTERM, at a time that the scenario names
    famine_ends,     //
    heal,            // the liveness phase begins
    judge,           // ... and its bound is over
    restart,         // subject: which one; a signal comes whose process is followed by another
    starts,          // a new process
  };
  Instant at;
  std::uint32_t order;  // of scheduling: first in, first out within an instant
  std::uint32_t subject;
  std::uint32_t life;  // turn, deadline, release: of which of the server's processes
  Kind kind;
};

// A binary heap; events of one instant come in the order in which they were scheduled.
class EventQueue {
 public:
  void push(Instant at, Event::Kind kind, std::uint32_t subject = 0, std::uint32_t life = 0) {
    heap_.push_back(
        {.at = at, .order = next_order_++, .subject = subject, .life = life, .kind = kind});
    std::size_t place = heap_.size() - 1;
    while (place > 0 && is_before(heap_[place], heap_[(place - 1) / 2])) {
      std::swap(heap_[place], heap_[(place - 1) / 2]);
      place = (place - 1) / 2;
    }
  }

  [[nodiscard]] bool is_empty() const { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  [[nodiscard]] const Event& first() const { return heap_.front(); }

  Event pop() {
    const Event first = heap_.front();
    const Event last = heap_.back();
    heap_.pop_back();
    std::size_t place = 0;
    const std::size_t size = heap_.size();
    while (size > 0) {
      std::size_t child = place * 2 + 1;
      if (child >= size) break;
      if (child + 1 < size && is_before(heap_[child + 1], heap_[child])) ++child;
      if (!is_before(heap_[child], last)) break;
      heap_[place] = heap_[child];
      place = child;
    }
    if (size > 0) heap_[place] = last;
    return first;
  }

 private:
  static bool is_before(const Event& one, const Event& other) {
    return one.at != other.at ? one.at < other.at : one.order < other.order;
  }

  std::vector<Event> heap_;
  std::uint32_t next_order_ = 0;
};

}  // namespace lastword::sim
