// A first-in first-out queue of texts in one buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/check.h"

namespace lastword::client {

// Each text has a tag of the user's beside it. Two vectors that only grow to what the queue has
// held at the most: once warm, nothing is allocated.
//
//   text_:    [gone......|one|two|three]
//                        ^ first_text_
//   entries_: [gone|1|2|3]
//                  ^ first_entry_
template <typename Tag>
class TextQueue {
 public:
  // What one text costs beside its bytes: a bound on `bytes` is one on empty texts too.
  static constexpr std::size_t overhead = 48;

  [[nodiscard]] bool is_empty() const { return size() == 0; }
  // Texts.
  [[nodiscard]] std::size_t size() const { return entries_.size() - first_entry_; }
  // Of all texts together, their overhead included.
  [[nodiscard]] std::size_t bytes() const { return text_.size() - first_text_ + size() * overhead; }

  void push(std::string_view text, const Tag& tag) {
    entries_.push_back({.position = gone_ + text_.size(), .size = text.size(), .tag = tag});
    text_.insert(text_.end(), text.begin(), text.end());
  }

  // By its place behind the front. Views are good until the next push or pop.
  [[nodiscard]] std::string_view text(std::size_t place) const {
    const Entry& entry = at(place);
    return {text_.data() + (entry.position - gone_), entry.size};
  }
  [[nodiscard]] const Tag& tag(std::size_t place) const { return at(place).tag; }
  [[nodiscard]] Tag& tag(std::size_t place) {
    LASTWORD_CHECK(place < size());
    return entries_[first_entry_ + place].tag;
  }

  void pop() {
    LASTWORD_CHECK(!is_empty());
    first_text_ += entries_[first_entry_].size;
    ++first_entry_;
    // Moving half of it for as much that has gone: a constant price for each byte.
    if (first_entry_ == entries_.size() || first_text_ > text_.size() / 2) forget_text();
    if (first_entry_ > entries_.size() / 2) forget_entries();
  }

 private:
  struct Entry {
    std::uint64_t position;  // in the stream of all texts
    std::size_t size;
    Tag tag;
  };
  static_assert(sizeof(Entry) <= overhead);

  [[nodiscard]] const Entry& at(std::size_t place) const {
    LASTWORD_CHECK(place < size());
    return entries_[first_entry_ + place];
  }

  void forget_text() {
    text_.erase(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(first_text_));
    gone_ += first_text_;
    first_text_ = 0;
  }

  void forget_entries() {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_entry_));
    first_entry_ = 0;
  }

  std::vector<char> text_;
  std::vector<Entry> entries_;
  std::uint64_t gone_ = 0;  // bytes of the stream before text_
  std::size_t first_text_ = 0;
  std::size_t first_entry_ = 0;
};

}  // namespace lastword::client
