// Names of peers and of rooms (contract, section 1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace lastword {

inline constexpr std::size_t name_bytes_max = 64;

enum class NameError : std::uint8_t {
  empty,
  too_long,
  not_utf8,
  control_character,
  forbidden_character,        // one of , : #
  forbidden_first_character,  // one of / ! *
};

// What is wrong with it, behind the name in a sentence: "is empty; it needs 1 to 64 bytes".
[[nodiscard]] std::string_view explain(NameError error);

// A valid name, borrowed from the text it was parsed from: having one is the proof that the text
// is valid. Two names are the same if their bytes are; nothing is folded or normalised.
class Name {
 public:
  // Trims the blanks around the name.
  [[nodiscard]] static std::expected<Name, NameError> parse(std::string_view text);

  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  explicit Name(std::string_view text) : text_{text} {}

  std::string_view text_;
};

enum class RoomNameError : std::uint8_t {
  no_hash,      // does not start with #
  outer_blank,  // a blank right behind the #
  bad_name,     // what follows the # is no name
};

// A valid room name, borrowed likewise. `text` holds it with its #.
class RoomName {
 public:
  [[nodiscard]] static std::expected<RoomName, RoomNameError> parse(std::string_view text);

  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  explicit RoomName(std::string_view text) : text_{text} {}

  std::string_view text_;
};

}  // namespace lastword
