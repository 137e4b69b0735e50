#include "core/name.h"

#include "core/bytes.h"
#include "core/utf8.h"

namespace lastword {

std::expected<Name, NameError> Name::parse(std::string_view text) {
  const std::string_view name = trim_blanks(text);
  if (name.empty()) return std::unexpected{NameError::empty};
  if (name.size() > name_bytes_max) return std::unexpected{NameError::too_long};

  for (std::string_view rest = name; !rest.empty();) {
    const auto code_point = decode_front(rest);
    if (!code_point) return std::unexpected{NameError::not_utf8};
    const char32_t value = code_point->value;
    if (is_control_character(value)) return std::unexpected{NameError::control_character};
    if (value == ',' || value == ':' || value == '#') {
      return std::unexpected{NameError::forbidden_character};
    }
    rest.remove_prefix(code_point->size);
  }

  const char first = name.front();
  if (first == '/' || first == '!' || first == '*') {
    return std::unexpected{NameError::forbidden_first_character};
  }
  return Name{name};
}

std::string_view explain(NameError error) {
  switch (error) {
    case NameError::empty:
      return "is empty; it needs 1 to 64 bytes";
    case NameError::too_long:
      return "is too long; it may have 64 bytes";
    case NameError::not_utf8:
      return "is not valid UTF-8";
    case NameError::control_character:
      return "has a control character in it";
    case NameError::forbidden_character:
      return "has one of , : # in it";
    case NameError::forbidden_first_character:
      return "starts with one of / ! *";
  }
  return "";
}

std::expected<RoomName, RoomNameError> RoomName::parse(std::string_view text) {
  const std::string_view trimmed = trim_blanks(text);
  if (!trimmed.starts_with('#')) return std::unexpected{RoomNameError::no_hash};
  const std::string_view behind_hash = trimmed.substr(1);
  if (!behind_hash.empty() && is_blank(behind_hash.front())) {
    return std::unexpected{RoomNameError::outer_blank};
  }
  if (!Name::parse(behind_hash)) return std::unexpected{RoomNameError::bad_name};
  return RoomName{trimmed};
}

}  // namespace lastword
