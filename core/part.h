// Parts of a value that are there only while they hold something.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "core/check.h"

namespace lastword {

// A place for a T that may be empty: of the size of a pointer, and copied as a value.
template <typename T>
class Part {
 public:
  Part() = default;
  Part(const Part& other)
      : object_{other.object_ ? std::make_unique<T>(*other.object_) : nullptr} {}
  Part(Part&& other) noexcept = default;
  Part& operator=(const Part& other) { return *this = Part{other}; }
  Part& operator=(Part&& other) noexcept = default;
  ~Part() = default;

  [[nodiscard]] bool is_there() const { return object_ != nullptr; }

  // Only if it is there.
  [[nodiscard]] T& operator*() const { return *object_; }
  [[nodiscard]] T* operator->() const { return object_.get(); }

 private:
  template <typename Object>
  friend class SpareParts;

  std::unique_ptr<T> object_;
};

// Parts that wait for their next use, so that a warm server allocates none. A copy has none yet:
// what is in them does not matter.
template <typename T>
class SpareParts {
 public:
  // More than these are freed. Enough for those that come and go within a turn.
  static constexpr std::size_t count_max = 32;

  SpareParts() = default;
  SpareParts(const SpareParts& /*other*/) noexcept {}
  SpareParts(SpareParts&& other) noexcept = default;
  SpareParts& operator=(const SpareParts& /*other*/) noexcept { return *this; }
  SpareParts& operator=(SpareParts&& other) noexcept = default;
  ~SpareParts() = default;

  // Fills an empty place: with a new T, or with one as it was given back.
  void fill(Part<T>& part) {
    LASTWORD_CHECK(!part.is_there());
    if (spare_.empty()) {
      part.object_ = std::make_unique<T>();
      return;
    }
    part.object_ = std::move(spare_.back());
    spare_.pop_back();
  }

  // Leaves the place empty. What is given back must be as good as new.
  void give_back(Part<T>& part) {
    LASTWORD_CHECK(part.is_there());
    std::unique_ptr<T> object = std::move(part.object_);
    if (spare_.size() < count_max) spare_.push_back(std::move(object));
  }

  [[nodiscard]] std::size_t count() const { return spare_.size(); }

 private:
  std::vector<std::unique_ptr<T>> spare_;
};

}  // namespace lastword
