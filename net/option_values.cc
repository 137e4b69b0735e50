#include "net/option_values.h"

#include <array>
#include <charconv>
#include <chrono>
#include <span>

namespace lastword {

namespace {

struct Unit {
  std::string_view word;
  std::uint64_t factor;
};

struct NumberError {};

// A whole number with one of the units behind it, no larger than `max`.
std::expected<std::uint64_t, NumberError> parse_number(std::string_view text,
                                                       std::span<const Unit> units,
                                                       std::uint64_t max) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{}) return std::unexpected{NumberError{}};
  const std::string_view word{parsed.ptr, static_cast<std::size_t>(end - parsed.ptr)};
  for (const Unit& unit : units) {
    if (unit.word != word) continue;
    if (number > max / unit.factor) return std::unexpected{NumberError{}};
    return number * unit.factor;
  }
  return std::unexpected{NumberError{}};
}

constexpr std::uint64_t bytes_max = std::uint64_t{1} << 40;

}  // namespace

std::string in_quotes(std::string_view text) { return "'" + std::string{text} + "'"; }

std::expected<Duration, std::string> parse_duration(std::string_view text) {
  static constexpr std::array units{
      Unit{.word = "ms", .factor = 1}, Unit{.word = "s", .factor = 1000},
      Unit{.word = "m", .factor = 60'000}, Unit{.word = "h", .factor = 3'600'000}};
  // A year: no sum of instants and durations comes near the end of 64-bit nanoseconds.
  constexpr std::uint64_t milliseconds_max = std::uint64_t{365} * 24 * 3'600'000;
  const auto milliseconds = parse_number(text, units, milliseconds_max);
  if (!milliseconds) {
    return std::unexpected{in_quotes(text) + " is no duration; write 500ms, 30s or 5m"};
  }
  return std::chrono::milliseconds{*milliseconds};
}

std::expected<std::size_t, std::string> parse_bytes(std::string_view text) {
  static constexpr std::array units{Unit{.word = "", .factor = 1},
                                    Unit{.word = "KiB", .factor = std::uint64_t{1} << 10},
                                    Unit{.word = "MiB", .factor = std::uint64_t{1} << 20},
                                    Unit{.word = "GiB", .factor = std::uint64_t{1} << 30}};
  const auto bytes = parse_number(text, units, bytes_max);
  if (!bytes) {
    return std::unexpected{in_quotes(text) + " is no number of bytes; write 65536, 64KiB or 1MiB"};
  }
  return static_cast<std::size_t>(*bytes);
}

std::expected<std::uint64_t, std::string> parse_count(std::string_view text, std::uint64_t max) {
  static constexpr std::array units{Unit{.word = "", .factor = 1}};
  const auto number = parse_number(text, units, max);
  if (!number || *number == 0) {
    return std::unexpected{in_quotes(text) + " is no number from 1 to " + std::to_string(max)};
  }
  return *number;
}

}  // namespace lastword
