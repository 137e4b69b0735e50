// Double-entry books of all deliveries (docs/ARCHITECTURE.md, "The books"): the shutdown report is
// read from them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/digest.h"

namespace lastword {

// How a delivery can end other than well (contract, section 4).
enum class Failure : std::uint8_t {
  not_connected,   // nobody of that name was there, or nobody was in that room
  peer_gone,       // the addressee's connection failed before everything was written
  slow_consumer,   // the addressee did not read for too long and was dropped
  drain_deadline,  // the shutdown's deadline, or a second signal, cut it off
};

inline constexpr std::size_t failure_count = 4;

struct Books {
  std::uint64_t accepted = 0;  // messages
  std::uint64_t total = 0;     // deliveries: one for each message and distinct addressee
  std::uint64_t queued = 0;    // deliveries not decided yet
  std::uint64_t delivered = 0;
  std::array<std::uint64_t, failure_count> failed{};

  std::uint64_t connections_total = 0;
  std::uint64_t connections_clean = 0;
  std::uint64_t connections_failed = 0;

  // Deliveries that are on their way.
  void queue(std::uint64_t deliveries) {
    total += deliveries;
    queued += deliveries;
  }
  void deliver(std::uint64_t deliveries) {
    queued -= deliveries;
    delivered += deliveries;
  }
  // A queued delivery came to nothing.
  void fail(Failure failure) {
    --queued;
    ++failed[static_cast<std::size_t>(failure)];
  }
  // A delivery that failed at once.
  void refuse() {
    ++total;
    ++failed[static_cast<std::size_t>(Failure::not_connected)];
  }

  [[nodiscard]] std::uint64_t failed_total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : failed) sum += count;
    return sum;
  }
  [[nodiscard]] bool is_balanced() const { return total == queued + delivered + failed_total(); }

  void add_to(Digest& digest) const {
    for (const std::uint64_t count : {accepted, total, queued, delivered, connections_total,
                                      connections_clean, connections_failed}) {
      digest.add(count);
    }
    for (const std::uint64_t count : failed) digest.add(count);
  }

  friend bool operator==(const Books&, const Books&) = default;
};

// The same for one connection, as addressee; `accepted` counts it as sender.
struct ConnectionBooks {
  std::uint64_t accepted = 0;
  std::uint64_t queued_ever = 0;
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;

  [[nodiscard]] bool is_balanced(std::uint64_t still_queued) const {
    return queued_ever == delivered + failed + still_queued;
  }
};

}  // namespace lastword
