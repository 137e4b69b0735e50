// lastword_floor: the floor that speaks the line protocol. floor.h says what it is for.

#include "floor.h"

#include <cstring>

namespace lastword::bench {
namespace {

class LineWire {
 public:
  template <typename Take>
  bool read(std::span<char> read_bytes, const std::string& /*output*/, const Take& take) {
    std::string_view bytes(read_bytes.data(), read_bytes.size());
    while (!bytes.empty()) {
      const void* end = std::memchr(bytes.data(), '\n', bytes.size());
      if (end == nullptr) {
        tail_ += bytes;
        break;
      }
      const auto length = static_cast<std::size_t>(static_cast<const char*>(end) - bytes.data());
      if (tail_.empty()) {
        take(without_cr(bytes.substr(0, length)));
      } else {
        tail_ += bytes.substr(0, length);
        take(without_cr(tail_));
        tail_.clear();
      }
      bytes.remove_prefix(length + 1);
    }
    return false;
  }

  static void begin(const std::string& /*output*/, std::size_t /*size*/) {}
  static void end(std::string& output) { output += '\n'; }

  static std::string ready_line(const std::string& address) {
    return "ready tcp=" + address + " ws=none admin=none\n";
  }

 private:
  static std::string_view without_cr(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  std::string tail_;  // an unfinished line
};

}  // namespace
}  // namespace lastword::bench

int main() { lastword::bench::run_floor<lastword::bench::LineWire>(); }
