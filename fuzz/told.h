// Lists of what a client was told, and how two of them are held against each other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/oracle.h"

namespace lastword::fuzz {

// What a client was told, in order: lines without their LF, and what can be none: "<pong PAYLOAD>",
// "<close CODE>", "<mark NUMBER>".
using Told = std::vector<std::string>;

[[nodiscard]] std::string pong_item(std::string_view payload);
[[nodiscard]] std::string close_item(unsigned code);
[[nodiscard]] std::string mark_item(std::size_t number);

// A line that says what was wrong in words of the server's own: only its beginning is fixed.
[[nodiscard]] std::string without_explanation(std::string_view line);

[[nodiscard]] bool is_mark(std::string_view item);
[[nodiscard]] bool is_pong(std::string_view item);
// Somebody came to a room, or left it.
[[nodiscard]] bool is_notice(std::string_view item);

// "* 2 joins and leaves in your rooms not shown ...": who has no room for a notice is told later
// how much he missed (docs/PROTOCOL.md). Nothing if the item is no such thing.
[[nodiscard]] std::optional<std::uint64_t> unseen_count(std::string_view item);
[[nodiscard]] bool is_unseen(std::string_view item);
[[nodiscard]] bool has_unseen(const Told& told);
// Those that were shown, and those that were not.
[[nodiscard]] std::uint64_t notice_count(const Told& told);

template <typename Predicate>
[[nodiscard]] Told without(Told told, const Predicate& is_left_out) {
  std::erase_if(told, is_left_out);
  return told;
}

// What is left if somebody of this name is not there: without what it said and did, in lists of
// names, and in counts of members, which are left out.
[[nodiscard]] Told without_peer(const Told& told, const std::string& name);

// The same items in the same order; but notices may have been left out, if it was told how many.
// `who` is called only if not, and returns a text.
template <typename Who>
void require_told(const Told& expected, const Told& found, std::string_view oracle,
                  const Who& who) {
  if (expected == found) return;
  if (!has_unseen(expected) && !has_unseen(found)) require_same(expected, found, oracle, who());
  require(notice_count(expected) == notice_count(found), oracle, [&] {
    return who() + ": " + std::to_string(notice_count(expected)) + " came and went, and " +
           std::to_string(notice_count(found)) + " were told of";
  });
  const auto is_left_out = [](std::string_view item) { return is_unseen(item) || is_notice(item); };
  require_same(without(expected, is_left_out), without(found, is_left_out), oracle, who());
}

// The same for one whose pongs may come earlier or later than the rest: one overtakes what is
// queued, and what is queued depends on what came together.
template <typename Who>
void require_told_with_pongs(const Told& expected, const Told& found, std::string_view oracle,
                             const Who& who) {
  if (expected == found) return;
  const auto is_no_pong = [](std::string_view item) { return !is_pong(item) && !is_mark(item); };
  require_told(without(expected, is_pong), without(found, is_pong), oracle, who);
  require_told(without(expected, is_no_pong), without(found, is_no_pong), oracle, who);
}

}  // namespace lastword::fuzz
