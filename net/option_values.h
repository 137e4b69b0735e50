// Values as an operator writes them on a command line. Errors are texts for the operator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "core/instant.h"

namespace lastword {

// "500ms", "30s", "5m", "1h".
[[nodiscard]] std::expected<Duration, std::string> parse_duration(std::string_view text);

// A number of bytes: "65536", "64KiB", "1MiB", "1GiB".
[[nodiscard]] std::expected<std::size_t, std::string> parse_bytes(std::string_view text);

// A whole number from 1 to `max`.
[[nodiscard]] std::expected<std::uint64_t, std::string> parse_count(std::string_view text,
                                                                    std::uint64_t max);

[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace lastword
