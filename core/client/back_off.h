// How long a client waits before it connects again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/client/random_stream.h"
#include "core/digest.h"
#include "core/instant.h"

namespace lastword::client {

// What a delay follows.
enum class Setback : std::uint8_t {
  broken,   // the link could not be made, or broke: nobody knows why
  restart,  // the server said that it is leaving (1001, 1012, a goodbye): everybody comes at once
  refusal,  // the server wants no more of us for now (1008, 1013, it is full)
};

// The ceilings of the first delays and how they grow: the ceiling is doubled with every attempt
// that fails and with every link that was not stable, up to `max`.
struct Delays {
  Duration first = std::chrono::seconds{1};
  Duration after_restart = std::chrono::seconds{4};
  Duration after_refusal = std::chrono::seconds{16};
  Duration max = std::chrono::seconds{60};
  // How long a client has to be online for its next delay to be a first one again: without this,
  // one that is thrown out right after each login would come back at full speed for ever.
  Duration stable = std::chrono::seconds{60};
};

// Exponential back-off with full jitter: each delay is uniform between zero and its ceiling, so
// that of N clients that lost one server at once about N divided by the first ceiling come back in
// a second, and with the later attempts of the others on top less than twice as many.
//
// The setback with the longest ceiling since the last stable time rules all later ones: a server
// that said it is leaving refuses connections for a while, and the crowd must not come quicker for
// that.
class BackOff {
 public:
  explicit BackOff(const Delays& delays) : delays_{delays} {}

  // The next delay. `at_least` is what the server asked for (Retry-After): it comes on top, as far
  // as `max`, so that those who were told the same don't come together.
  [[nodiscard]] Duration next(Setback setback, RandomStream& random,
                              Duration at_least = Duration::zero());
  void went_online(Instant now) { online_since_ = now; }
  void went_offline(Instant now);
  // What the last delay was drawn from; zero before the first.
  [[nodiscard]] Duration ceiling() const { return ceiling_; }

  void add_to(Digest& digest) const;

 private:
  Delays delays_;
  Duration base_{};             // the first ceiling that rules, since the last stable time
  std::uint32_t setbacks_ = 0;  // since then
  Duration ceiling_{};
  std::optional<Instant> online_since_;
};

}  // namespace lastword::client
