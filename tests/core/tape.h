// Choices read from bytes: how the property tests make scenarios that RapidCheck can shrink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lastword::test {

// Each choice takes one byte off; behind the end every choice is 0, the boring one. Cutting the
// tape and lowering its bytes therefore always gives a simpler run.
class Tape {
 public:
  explicit Tape(std::vector<std::uint8_t> bytes) : bytes_{std::move(bytes)} {}

  // 0 to count - 1.
  std::size_t choose(std::size_t count) {
    if (position_ == bytes_.size()) return 0;
    return bytes_[position_++] % count;
  }
  [[nodiscard]] bool is_at_end() const { return position_ == bytes_.size(); }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t position_ = 0;
};

}  // namespace lastword::test
