// Heads as Boost.Beast's parser reads them, and where it and we may differ.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/reference_heads.h"

namespace lastword::fuzz::beast {

// What it says no to, as far as its errors tell.
enum class Refusal : std::uint8_t {
  first_line,
  line,   // a field line's name or its end
  value,  // a field's value has a forbidden character; or that of `Connection` is no list of tokens
  content_length,
  transfer_encoding,
  too_large,
};

struct Field {
  std::string name;
  std::string value;
};

struct Reading {
  std::optional<Refusal> refusal{};
  bool is_complete = false;
  std::size_t taken = 0;
  bool has_first_line = false;

  unsigned version = 0;  // 10 or 11
  std::string method{};
  std::string target{};
  unsigned status = 0;
  std::string reason{};
  std::vector<Field> fields{};  // in their order; those that were folded in one line
  bool is_connection_upgrade = false;
};

// A head at the front of the text. With our limit on its size, and no body behind it.
[[nodiscard]] Reading read_request(std::string_view text);
[[nodiscard]] Reading read_response(std::string_view text);

// Breaks the oracle "beast" if it reads the stream in another way than we did, but for the allowed
// differences (beast_differences.cc).
void hold_against(std::string_view stream, const reference::RequestReading& ours);
void hold_against(std::string_view stream, const reference::ResponseReading& ours);

}  // namespace lastword::fuzz::beast
