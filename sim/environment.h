// What all parts of a simulated world share: virtual time, choices, faults, and who is told of it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/instant.h"
#include "sim/choices.h"
#include "sim/event_queue.h"
#include "sim/fault.h"
#include "sim/mark.h"
#include "sim/property.h"
#include "sim/story.h"

namespace lastword::sim {

// How often each fault is tried: once in so many chances; 0: never.
struct Weather {
  std::array<std::uint32_t, fault_count> one_in{};

  [[nodiscard]] std::uint32_t at(FaultKind fault) const {
    return one_in[static_cast<std::size_t>(fault)];
  }
  std::uint32_t& at(FaultKind fault) { return one_in[static_cast<std::size_t>(fault)]; }
};

// Of whom something is told. The server is nobody's client.
inline constexpr Chooser the_server = 0;

// Takes down what happens, for a person or for a comparison. Not part of a snapshot's future.
struct Narration {
  bool is_story = false;
  bool is_trace = false;
  std::vector<StoryEvent> events;
  std::vector<std::string> trace;
};

class Environment {
 public:
  explicit Environment(Choices source) : choices{std::move(source)} {}

  Instant now{};
  EventQueue queue;
  Choices choices;
  Weather weather;
  FaultCounts faults;
  MarkCounts marks;
  std::vector<Violation> violations;
  Duration wall_offset{};  // of the wall clock, beyond virtual time
  std::uint64_t event_count = 0;
  Narration* narration = nullptr;

  // Whether the fault strikes here; counted as injected if so.
  [[nodiscard]] bool strikes(FaultKind fault, Site site, Chooser chooser = the_world) {
    const std::uint32_t one_in = weather.at(fault);
    if (one_in == 0 || !choices.occurs(one_in, site, chooser)) return false;
    faults.inject(fault);
    return true;
  }
  [[nodiscard]] std::uint32_t choose(std::uint32_t count, Site site, Chooser chooser = the_world) {
    return choices.choose(count, site, chooser);
  }

  void broke(Property property, std::string text, std::vector<Chooser> clients = {}) {
    violations.push_back(
        {.property = property, .text = std::move(text), .clients = std::move(clients)});
  }
  [[nodiscard]] bool has_violation() const { return !violations.empty(); }

  // Every event goes into the hash, and into the trace where there is one.
  void note(const char* what, std::uint64_t subject, std::uint64_t detail = 0) {
    ++event_count;
    hash_.add(static_cast<std::uint64_t>(now));
    hash_.add(static_cast<std::uint64_t>(*what) | (subject << 8U));
    hash_.add(detail);
    if (narration != nullptr && narration->is_trace) trace(what, subject, detail);
  }
  void hash_bytes(Bytes bytes) { hash_.add_stream(bytes); }
  [[nodiscard]] std::uint64_t hash() const { return hash_.value(); }

  // --- The story -------------------------------------------------------------------------------

  [[nodiscard]] bool is_telling() const { return narration != nullptr && narration->is_story; }
  // Both do nothing where nobody listens; ask is_telling() before making a costly text.
  std::size_t tell(StoryEvent::Kind kind, Chooser lane, std::string text);
  std::size_t tell_sending(Chooser from, Chooser to, std::string text);
  // The end of what one side sends: told with the bytes before it, where they left at this instant.
  std::size_t tell_end(Chooser from, Chooser to);
  void tell_arrival(std::size_t sent, Chooser lane, std::string text);

 private:
  void trace(const char* what, std::uint64_t subject, std::uint64_t detail);

  Digest hash_;
};

}  // namespace lastword::sim
