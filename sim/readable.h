// Numbers and spans of time as a person reads them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lastword::sim {

// "12,345,678".
[[nodiscard]] std::string grouped(std::uint64_t number);
// The two largest units that say something: "3 d 4 h", "12 min 5 s"; below a minute "5.2 s".
[[nodiscard]] std::string readable(std::chrono::microseconds span);
// "1 run", "2 runs".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view one,
                                  std::string_view several);
// Sixteen digits: "00000000000000ff".
[[nodiscard]] std::string hexadecimal(std::uint64_t number);

// Rows of cells as lines whose columns are as wide as their widest cell. Those of the first
// `left_columns` columns begin at one place, those behind them end at one place; the last column
// is not padded if it is a left one.
[[nodiscard]] std::string aligned(const std::vector<std::vector<std::string>>& rows,
                                  std::size_t left_columns);

}  // namespace lastword::sim
