// The shutdown report (contract, section 4).
#pragma once

#include <cstdint>
#include <string>

#include "core/books.h"
#include "core/instant.h"

namespace lastword {

enum class StopReason : std::uint8_t { interrupt, terminate };  // SIGINT, SIGTERM

struct Report {
  StopReason reason;
  Duration drain;  // from the first stop to the end
  Books books;     // of the whole run; nothing is queued any more

  // True if no delivery failed through the shutdown itself.
  [[nodiscard]] bool is_clean() const {
    return books.failed[static_cast<std::size_t>(Failure::drain_deadline)] == 0;
  }
};

// One line of JSON, without its LF.
[[nodiscard]] std::string to_json(const Report& report);

}  // namespace lastword
