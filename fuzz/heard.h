// What went out to a client, taken apart: the oracle "valid output".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/transport.h"
#include "fuzz/told.h"

namespace lastword::fuzz {

struct Heard {
  Told told{};                 // without explanations, and without the server's own pings
  std::uint64_t messages = 0;  // "from ..." among it
  unsigned status = 0;         // of the answer to a handshake
  bool is_deflating = false;   // permessage-deflate is agreed on
  bool is_cut = false;         // the last of it is not whole
};

// One connection's output, as its client sees it.
struct Output {
  Transport transport = Transport::lines;
  std::string_view bytes{};               // all that the kernel took
  std::span<const std::size_t> writes{};  // where each write began
  std::span<const std::size_t> marks{};   // where it stood at each mark
  std::size_t mark_count = 0;             // with those from before it came
};

// Breaks the oracle "valid output" if the bytes are no prefix of valid lines, or of an HTTP
// response and valid frames; `who` is said then.
[[nodiscard]] Heard hear(const Output& output, std::string_view who);

}  // namespace lastword::fuzz
