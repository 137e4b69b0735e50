// The line protocol once more (contract, section 1), written from the contract in the plainest way
// and sharing no code with the core: what the oracle holds the server against.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lastword::sim::reference {

// Blanks taken off at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

// UTF-8 without overlong forms, surrogates and what is beyond U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

// Whether a trimmed, non-empty text may be a name.
[[nodiscard]] bool is_name(std::string_view text);

struct Message {
  std::vector<std::string> destinations{};  // each once, in order; rooms with their '#'
  std::string_view text{};
};

// What a line of somebody who is logged in asks for; `line` without its LF.
struct Asked {
  enum class Kind : std::uint8_t { nothing, message, help, who, ping, join, leave, quit, error };
  Kind kind = Kind::nothing;
  Message message{};            // message
  std::string_view argument{};  // who, join, leave: the room or nothing; ping: the token
  std::string_view error{};     // error: how the answer begins
};

[[nodiscard]] Asked parse(std::string_view line);

}  // namespace lastword::sim::reference
