// How a target says that something is wrong.
#pragma once

#include <string>
#include <string_view>

namespace lastword::fuzz {

// Prints "broken oracle: NAME", and below it what was seen, and aborts: for libFuzzer, and for the
// replay of an input, that is a finding. `run.sh` looks for the first line.
[[noreturn]] void break_oracle(std::string_view name, const std::string& seen);

// `seen` is called only if it does not hold, and returns a text for a person.
template <typename Seen>
void require(bool holds, std::string_view oracle, const Seen& seen) {
  if (!holds) break_oracle(oracle, seen());
}

// Bytes as they can be read: what is not visible ASCII as \n, \xFF and so on; long ones are cut in
// the middle.
[[nodiscard]] std::string readable(std::string_view bytes);

// Holds two lists of readable items against each other, and tells of the first difference.
template <typename List>
void require_same(const List& expected, const List& found, std::string_view oracle,
                  std::string_view who) {
  if (expected == found) return;
  std::size_t at = 0;
  while (at < expected.size() && at < found.size() && expected[at] == found[at]) ++at;
  const auto item = [at](const List& list) {
    return at < list.size() ? readable(list[at]) : std::string{"nothing more"};
  };
  break_oracle(oracle, std::string{who} + ": item " + std::to_string(at) +
                           "\n  expected: " + item(expected) + "\n  found:    " + item(found));
}

}  // namespace lastword::fuzz
