// What must hold, always or in the end (docs/SIMULATION.md, "Properties").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastword::sim {

enum class Property : std::uint8_t {
  books_balance,          // I1
  no_silent_loss,         // I2
  fair_shutdown,          // I3
  nothing_invented,       // I4
  one_order,              // I5
  same_order_for_all,     // I6
  honest_goodbye,         // I7
  valid_output,           // I8
  isolation,              // I9
  bounds,                 // I10
  old_generation,         // I11
  chunking,               // I12
  no_early_action,        // I13
  forward_only,           // I14
  no_own_reset,           // I15
  determinism,            // I16
  commutation,            // I17
  client_lines,           // I18
  delivered_in_time,      // L1
  answered_in_time,       // L2
  shutdown_in_time,       // L3
  second_signal_in_time,  // L4
  accepts_again,          // L5
  half_open_removed,      // L6
  paused_resumes,         // L7
  client_online,          // L8
};

inline constexpr std::size_t property_count = static_cast<std::size_t>(Property::client_online) + 1;

// "I1" ... "L7".
[[nodiscard]] std::string_view short_name(Property property);
// One sentence without its full stop: "the books balance".
[[nodiscard]] std::string_view sentence(Property property);
[[nodiscard]] std::optional<Property> find_property(std::string_view short_name);

// A property that does not hold.
struct Violation {
  Property property;
  std::string text;  // what was seen, for a person: who, what, expected and found
  std::vector<std::uint16_t> clients{};  // whom it is about, by number; empty: nobody in particular
};

}  // namespace lastword::sim
