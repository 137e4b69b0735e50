#include "sim/shrink.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/digest.h"

namespace lastword::sim {

namespace {

std::uint64_t digest_of(const Tape& tape) {
  Digest digest;
  for (const Choice& choice : tape.choices()) {
    digest.add((static_cast<std::uint64_t>(choice.site) << 48U) |
               (static_cast<std::uint64_t>(choice.chooser) << 32U) | choice.index);
    digest.add(choice.value);
  }
  return digest.value();
}

// What each accepted step makes less, so that there is a last one.
auto measure_of(const Tape& tape) {
  std::uint64_t values = 0;
  std::uint64_t indices = 0;
  for (const Choice& choice : tape.choices()) {
    values += choice.value;
    indices += choice.index;
  }
  return std::tuple{tape.size(), values, indices};
}

bool is_of_one_stream(const Choice& one, const Choice& other) {
  return one.site == other.site && one.chooser == other.chooser;
}

// Goes through passes, each of which makes the tape smaller in its own way, until a whole round of
// them changes nothing. A round tries to zero each single choice, and to lower it by one: what
// survives is locally minimal.
class Shrinker {
 public:
  Shrinker(const Replay& replay, std::uint64_t runs_max) : replay_{replay}, runs_max_{runs_max} {}

  Shrunk shrink(Tape tape) {
    tape_ = std::move(tape);
    const bool is_broken = start();
    if (is_broken) {
      do {
        has_changed_ = false;
        zero();
        cut_spans();
        lower_values();
        if (!has_changed_) move_the_stop();
      } while (has_changed_);
    }
    return {.tape = std::move(tape_), .runs = runs_, .is_minimal = is_broken && !is_out_of_runs_};
  }

 private:
  // Takes the tape as it is really used, if it breaks the property at all.
  bool start() {
    if (runs_ == runs_max_) {
      is_out_of_runs_ = true;
      return false;
    }
    ++runs_;
    std::optional<Tape> used = replay_(tape_);
    if (!used) return false;
    tape_ = *std::move(used);
    return true;
  }

  // Goes on with this tape if it breaks the property too.
  bool attempt(std::vector<Choice> choices) {
    const Tape candidate{std::move(choices)};
    // What has failed once fails always, and what has been accepted never comes again.
    const std::uint64_t digest = digest_of(candidate);
    if (tried_.contains(digest)) return false;
    if (runs_ == runs_max_) {
      is_out_of_runs_ = true;
      return false;
    }
    tried_.insert(digest);
    ++runs_;
    std::optional<Tape> used = replay_(candidate);
    // A choice that the run makes whatever the tape says comes back.
    if (!used || measure_of(*used) >= measure_of(tape_)) return false;
    tape_ = *std::move(used);
    has_changed_ = true;
    return true;
  }

  // --- Zero: delta debugging -------------------------------------------------------------------

  void zero() {
    zero_groups([](const Choice& choice) { return std::tuple{choice.chooser}; });
    zero_groups([](const Choice& choice) { return std::tuple{choice.site}; });
    zero_groups([](const Choice& choice) { return std::tuple{choice.chooser, choice.site}; });
    // The sites that decide most come first on a tape, so that the first chunks take most with
    // them.
    for (std::size_t size = tape_.size(); size > 1; size = (size + 1) / 2) zero_chunks(size);
    zero_chunks(1);
  }

  // All choices that have the same key at once.
  template <typename KeyOf>
  void zero_groups(const KeyOf& key_of) {
    std::vector<decltype(key_of(Choice{}))> keys;
    for (const Choice& choice : tape_.choices()) keys.push_back(key_of(choice));
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    for (const auto& key : keys) {
      if (is_out_of_runs_) return;
      std::vector<Choice> rest;
      for (const Choice& choice : tape_.choices()) {
        if (key_of(choice) != key) rest.push_back(choice);
      }
      if (rest.size() < tape_.size()) attempt(std::move(rest));
    }
  }

  void zero_chunks(std::size_t size) {
    for (std::size_t begin = 0; begin < tape_.size() && !is_out_of_runs_;) {
      const std::span<const Choice> all = tape_.choices();
      const std::span<const Choice> behind = all.subspan(std::min(begin + size, all.size()));
      std::vector<Choice> rest(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(begin));
      rest.insert(rest.end(), behind.begin(), behind.end());
      // What was behind the chunk is now in its place.
      if (!attempt(std::move(rest))) begin += size;
    }
  }

  // --- Cut: what comes later in the stream moves up ----------------------------------------------

  void cut_spans() {
    for (const std::uint32_t length : {8U, 4U, 2U, 1U}) {
      for (std::size_t place = 0; place < tape_.size() && !is_out_of_runs_;) {
        if (!cut_span(place, length)) ++place;
      }
    }
  }

  // Takes this many indices of the stream away, from that of the choice on.
  bool cut_span(std::size_t place, std::uint32_t length) {
    const std::span<const Choice> all = tape_.choices();
    const Choice first = all[place];
    std::vector<Choice> rest;
    bool has_moved = false;
    for (const Choice& choice : all) {
      const bool is_concerned = is_of_one_stream(choice, first) && choice.index >= first.index;
      if (is_concerned && choice.index - first.index < length) continue;
      rest.push_back(choice);
      if (!is_concerned) continue;
      rest.back().index -= length;
      has_moved = true;
    }
    // Without anything that moves, this is zeroing.
    return has_moved && attempt(std::move(rest));
  }

  // --- Lower -------------------------------------------------------------------------------------

  void lower_values() {
    for (std::size_t place = 0; place < tape_.size() && !is_out_of_runs_; ++place) {
      lower_value(place);
    }
  }

  // Tries 1, then halves the distance to the largest value that was too low; the last one tried is
  // one below what is left.
  void lower_value(std::size_t place) {
    const Choice choice = tape_.choices()[place];
    std::uint32_t too_low = 0;
    std::uint32_t value = choice.value;
    while (value - too_low > 1) {
      const std::uint32_t tried = too_low == 0 ? 1 : too_low + (value - too_low) / 2;
      std::vector<Choice> choices(tape_.choices().begin(), tape_.choices().end());
      choices[place].value = tried;
      if (!attempt(std::move(choices))) {
        too_low = tried;
        continue;
      }
      // The run may use it otherwise, or use fewer: then the next round goes on with it.
      if (place >= tape_.size() || tape_.choices()[place].index != choice.index ||
          !is_of_one_stream(tape_.choices()[place], choice)) {
        return;
      }
      value = tape_.choices()[place].value;
    }
  }

  // --- Move the stop -----------------------------------------------------------------------------

  // The stop comes after so many steps: whatever is taken away from before it makes it come too
  // late. So it is taken away once more, with an earlier stop.
  void move_the_stop() {
    constexpr std::uint32_t steps_max = 48;
    for (std::size_t place = 0; place < tape_.size() && !is_out_of_runs_; ++place) {
      for (std::uint32_t steps = 1; steps <= steps_max; ++steps) {
        if (zero_and_move_the_stop(place, steps)) break;
      }
    }
  }

  bool zero_and_move_the_stop(std::size_t place, std::uint32_t steps) {
    std::vector<Choice> choices(tape_.choices().begin(), tape_.choices().end());
    if (place >= choices.size() || choices[place].site == Site::stop_step) return false;
    bool is_moved = false;
    for (Choice& choice : choices) {
      if (choice.site != Site::stop_step || choice.value <= steps) continue;
      choice.value -= steps;
      is_moved = true;
    }
    choices.erase(choices.begin() + static_cast<std::ptrdiff_t>(place));
    return is_moved && attempt(std::move(choices));
  }

  const Replay& replay_;
  std::uint64_t runs_max_;
  std::uint64_t runs_ = 0;
  bool is_out_of_runs_ = false;
  bool has_changed_ = false;
  Tape tape_;  // the smallest so far that breaks the property
  std::unordered_set<std::uint64_t> tried_;
};

}  // namespace

Shrunk shrink(Tape tape, const Replay& replay, std::uint64_t runs_max) {
  return Shrinker{replay, runs_max}.shrink(std::move(tape));
}

}  // namespace lastword::sim
