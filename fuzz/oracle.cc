#include "fuzz/oracle.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace lastword::fuzz {
namespace {

// As much as a person reads of one item: this much of its beginning, and of its end.
constexpr std::size_t readable_half = 400;

void append_readable(std::string& out, std::string_view bytes) {
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte == '\\') {
      out += "\\\\";
    } else if (value >= 0x20 && value < 0x7F) {
      out.push_back(byte);
    } else {
      std::array<char, 5> text{};
      std::snprintf(text.data(), text.size(), "\\x%02X", value);
      out += text.data();
    }
  }
}

}  // namespace

void break_oracle(std::string_view name, const std::string& seen) {
  std::fprintf(stderr, "broken oracle: %.*s\n  %s\n", static_cast<int>(name.size()), name.data(),
               seen.c_str());
  std::fflush(stderr);
  std::abort();
}

std::string readable(std::string_view bytes) {
  std::string out;
  if (bytes.size() <= 2 * readable_half) {
    append_readable(out, bytes);
    return out;
  }
  append_readable(out, bytes.substr(0, readable_half));
  out += " ... " + std::to_string(bytes.size() - 2 * readable_half) + " bytes ... ";
  append_readable(out, bytes.substr(bytes.size() - readable_half));
  return out;
}

}  // namespace lastword::fuzz
