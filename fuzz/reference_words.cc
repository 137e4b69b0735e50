#include "fuzz/reference_words.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace lastword::fuzz::reference {
namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view hex_digits = "0123456789ABCDEFabcdef";
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool is_address_of(int family, std::string_view text) {
  if (text.contains('\0')) return false;  // C would not see what is behind it
  std::array<unsigned char, 16> address{};
  return inet_pton(family, std::string{text}.c_str(), address.data()) == 1;
}

bool is_bracketed_address(std::string_view host) {
  return host.size() > 2 && host.front() == '[' && host.back() == ']' &&
         is_address_of(AF_INET6, host.substr(1, host.size() - 2));
}

// reg-name (RFC 3986, section 3.2.2): unreserved, sub-delims and whatever is written as %XX
bool is_registered_name(std::string_view text) {
  const auto is_hex = [text](std::size_t at) {
    return at < text.size() && hex_digits.contains(text[at]);
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char character = text[at];
    if (character == '%' && is_hex(at + 1) && is_hex(at + 2)) continue;
    const bool is_unreserved = letters.contains(character) || digits.contains(character) ||
                               std::string_view{"-._~"}.contains(character);
    if (!is_unreserved && !std::string_view{"!$&'()*+,;="}.contains(character)) return false;
  }
  return true;
}

}  // namespace

bool is_token_character(char character) {
  return letters.contains(character) || digits.contains(character) ||
         std::string_view{"!#$%&'*+-.^_`|~"}.contains(character);
}

bool is_visible(char character) {
  const auto value = static_cast<unsigned char>(character);
  return value > 0x20 && value < 0x7F;
}

bool is_text(char character) {
  const auto value = static_cast<unsigned char>(character);
  return value == '\t' || (value >= 0x20 && value != 0x7F);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& character : out) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character + 0x20);
  }
  return out;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && text[at] != mark) continue;
    parts.push_back(text.substr(begin, at - begin));
    begin = at + 1;
  }
  return parts;
}

bool lists(std::string_view list, std::string_view word) {
  const std::vector<std::string_view> elements = split(list, ',');
  return std::any_of(elements.begin(), elements.end(),
                     [&](std::string_view element) { return lower(trim(element)) == word; });
}

std::optional<Authority> parse_authority(std::string_view text) {
  // The colons of an IPv6 address stand within brackets.
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = text.substr(0, colon);
  if (!is_bracketed_address(host) && !is_registered_name(host)) return {};
  Authority authority{.host = std::string{host}};
  if (colon == std::string_view::npos || colon + 1 == text.size()) return authority;

  const std::string_view port = text.substr(colon + 1);
  if (!is_number(port)) return {};
  const std::size_t first = std::min(port.find_first_not_of('0'), port.size() - 1);
  const std::string without_zeros{port.substr(first)};
  if (without_zeros.size() > 5 || std::stoul(without_zeros) > 65'535) return {};
  authority.port = static_cast<std::uint16_t>(std::stoul(without_zeros));
  return authority;
}

bool is_address(std::string_view host) {
  return is_bracketed_address(host) || is_address_of(AF_INET, host);
}

}  // namespace lastword::fuzz::reference
