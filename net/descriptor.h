// A file descriptor with an owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace lastword {

// Closes its descriptor when it goes, or when another takes its place.
class Descriptor {
 public:
  Descriptor() = default;
  // Takes over what a system call returned: an open descriptor, or -1.
  explicit Descriptor(int number) : number_{number} {}
  Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, none)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Descriptor taken{std::move(other)};
    std::swap(number_, taken.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  void close() {
    if (is_open()) ::close(std::exchange(number_, none));
  }

  [[nodiscard]] bool is_open() const { return number_ != none; }
  [[nodiscard]] int number() const { return number_; }

 private:
  static constexpr int none = -1;
  int number_ = none;
};

}  // namespace lastword
