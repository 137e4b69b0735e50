// ShutdownReport: the one line of JSON at the end of the server's standard output (contract,
// section 4), parsed strictly: a key that is missing, unknown or of another type is a Violation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lastword::end_to_end {

struct ShutdownReport {
  struct Failed {
    std::int64_t not_connected = 0;
    std::int64_t peer_gone = 0;
    std::int64_t slow_consumer = 0;
    std::int64_t drain_deadline = 0;
    [[nodiscard]] std::int64_t sum() const {
      return not_connected + peer_gone + slow_consumer + drain_deadline;
    }
  };
  struct Deliveries {
    std::int64_t total = 0;
    std::int64_t delivered = 0;
    Failed failed;
  };
  struct Connections {
    std::int64_t total = 0;
    std::int64_t clean = 0;
    std::int64_t failed = 0;
  };

  bool clean = false;
  std::string reason;
  std::int64_t drain_ms = 0;
  std::int64_t accepted = 0;  // messages
  Deliveries deliveries;
  Connections connections;

  // What holds of every report.
  [[nodiscard]] bool is_balanced() const {
    return deliveries.total == deliveries.delivered + deliveries.failed.sum() &&
           connections.total == connections.clean + connections.failed &&
           clean == (deliveries.failed.drain_deadline == 0);
  }
};

[[nodiscard]] ShutdownReport parse_shutdown_report(std::string_view line);

}  // namespace lastword::end_to_end
