// The words of HTTP once more, in the plainest way and sharing no code with the core: sets of
// characters are written out, what can be cut is cut into a list, addresses are left to the C
// library. The references of heads and of handshakes are made of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastword::fuzz::reference {

// tchar (RFC 9110, section 5.6.2)
[[nodiscard]] bool is_token_character(char character);
// VCHAR (RFC 5234, appendix B.1)
[[nodiscard]] bool is_visible(char character);
// What a field's value and a reason phrase are made of (RFC 9110, section 5.5; RFC 9112,
// section 4).
[[nodiscard]] bool is_text(char character);

[[nodiscard]] bool is_token(std::string_view text);
[[nodiscard]] bool is_number(std::string_view text);  // 1*DIGIT

[[nodiscard]] std::string lower(std::string_view text);
// Without the blanks around it.
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char mark);

// A comma-separated list has this word (in lower case) in it, in any case.
[[nodiscard]] bool lists(std::string_view list, std::string_view word);

// host [ ":" port ] (RFC 3986, section 3.2)
struct Authority {
  std::string host;  // may be empty; an IPv6 address has its brackets
  std::optional<std::uint16_t> port{};
};

[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

// An IPv4 address, or an IPv6 address in brackets.
[[nodiscard]] bool is_address(std::string_view host);

}  // namespace lastword::fuzz::reference
