// Whole numbers in decimal digits, as the driver's messages and the servers' lines have them.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace lastword::bench {

// The number that all of the digits make; nothing where there is anything else.
inline std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const digits_end = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), digits_end, number);
  if (error != std::errc{} || end != digits_end) return std::nullopt;
  return number;
}

}  // namespace lastword::bench
