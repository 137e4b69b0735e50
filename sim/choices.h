// The tape: every nondeterministic decision of a run, and where its answers come from.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/check.h"
#include "sim/site.h"

namespace lastword::sim {

// Whose decision it is: the world's (0), or that of the client with this number, from 1 on.
using Chooser = std::uint16_t;

inline constexpr Chooser the_world = 0;

// One answer that was not the boring one: the `index`-th (from 0) of its chooser at its site.
struct Choice {
  Site site;
  Chooser chooser;
  std::uint32_t index;
  std::uint32_t value;  // never 0

  friend auto operator<=>(const Choice&, const Choice&) = default;
};

// All answers of a run but the boring ones, sorted. As each chooser counts its decisions at each
// site for itself, taking one choice away leaves the meaning of the others as it was: this is what
// makes shrinking work. An empty tape is the most boring run of its scenario.
class Tape {
 public:
  Tape() = default;
  // In any order; of several for one place the first counts, zeros are dropped.
  explicit Tape(std::vector<Choice> choices);

  [[nodiscard]] std::span<const Choice> choices() const { return choices_; }
  [[nodiscard]] std::size_t size() const { return choices_.size(); }
  [[nodiscard]] bool is_empty() const { return choices_.empty(); }

  friend bool operator==(const Tape&, const Tape&) = default;

 private:
  std::vector<Choice> choices_;
};

// Answers decisions and records the answers. A value: a copy goes on like the original.
//
// Invariants:
//  1. The same source and the same questions give the same answers, and `tape()`, replayed, too.
//  2. Every answer is less than the number of possible ones.
class Choices {
 public:
  // Random answers. Each is a function of seed, site, chooser and index alone, so that what one
  // client draws does not depend on what others do.
  [[nodiscard]] static Choices seeded(std::uint64_t seed);
  // The answers of a tape, 0 where it is silent. One that is too large for its question counts as
  // the largest possible.
  [[nodiscard]] static Choices replayed(Tape tape);
  // Answers from bytes, in the order of the questions; 0 behind their end (a fuzzer's input).
  [[nodiscard]] static Choices from_bytes(std::vector<std::uint8_t> bytes);

  // 0 to count - 1, all equally likely where they are random. `count` must not be 0.
  [[nodiscard]] std::uint32_t choose(std::uint32_t count, Site site, Chooser chooser = the_world) {
    return answer<Question::which>(count, site, chooser);
  }
  // The same, but where it is random it is less than `likely`: for answers that may have to be set
  // to values that are rarely worth drawing.
  [[nodiscard]] std::uint32_t choose(std::uint32_t count, std::uint32_t likely, Site site) {
    LASTWORD_CHECK(likely <= count);
    return answer<Question::which>(count, site, the_world, likely);
  }
  // Whether something happens that happens once in `one_in` times; recorded as 0 or 1.
  [[nodiscard]] bool occurs(std::uint32_t one_in, Site site, Chooser chooser = the_world) {
    return answer<Question::whether>(one_in, site, chooser) != 0;
  }

  // Answers all coming questions at the site with this, whatever the source says; recorded. Too
  // large a value counts as the largest possible.
  void force(Site site, std::uint32_t value);
  // Changes the world's first answer at the site after the fact, in what is recorded: for somebody
  // who interferes with a run and wants its tape to say so.
  void amend(Site site, std::uint32_t value);
  // From now on every answer is 0, except at forced sites.
  void calm() { is_calm_ = true; }

  // The answers so far.
  [[nodiscard]] Tape tape() const { return Tape{recorded_}; }
  // How many questions were asked.
  [[nodiscard]] std::uint64_t asked() const { return asked_; }
  // How many of them at this site, by this chooser.
  [[nodiscard]] std::uint32_t asked(Site site, Chooser chooser) const;
  // One more than the last chooser that was asked anything.
  [[nodiscard]] std::size_t choosers() const { return streams_.size() / site_count; }

 private:
  enum class Source : std::uint8_t { seed, tape, bytes };
  enum class Question : std::uint8_t { which, whether };
  struct Stream {
    std::uint32_t asked = 0;
    std::uint32_t position = 0;  // in the tape, of the first choice of the stream not yet passed
    bool is_placed = false;      // position means something
  };
  struct Forced {
    bool is_forced = false;
    std::uint32_t value = 0;
  };

  Choices() = default;

  // What follows up to from_tape is asked a million times a second, and therefore inline.
  template <Question question>
  [[nodiscard]] std::uint32_t answer(std::uint32_t count, Site site, Chooser chooser,
                                     std::uint32_t likely = UINT32_MAX) {
    LASTWORD_CHECK(count > 0);
    Stream& of = stream(site, chooser);
    const std::uint32_t index = of.asked++;
    ++asked_;
    const Forced& forced = forced_[static_cast<std::size_t>(site)];
    std::uint32_t value = 0;
    if (forced.is_forced) {
      value = limited<question>(forced.value, count);
    } else if (!is_calm_) {
      switch (source_) {
        case Source::seed: {
          const std::uint32_t drawn = reduced(draw(site, chooser, index), std::min(count, likely));
          value = question == Question::which ? drawn : static_cast<std::uint32_t>(drawn == 0);
          break;
        }
        case Source::tape:
          value = limited<question>(from_tape(of, site, chooser, index), count);
          break;
        case Source::bytes:
          value = question == Question::which ? which_from_bytes(count) : whether_from_bytes(count);
          break;
      }
    }
    if (value != 0) {
      recorded_.push_back({.site = site, .chooser = chooser, .index = index, .value = value});
    }
    return value;
  }

  [[nodiscard]] Stream& stream(Site site, Chooser chooser) {
    const std::size_t place = chooser * site_count + static_cast<std::size_t>(site);
    if (place >= streams_.size()) [[unlikely]] {
      add_streams(chooser);
    }
    return streams_[place];
  }

  // A value from a tape, or a forced one, as an answer to the question.
  template <Question question>
  [[nodiscard]] static std::uint32_t limited(std::uint32_t value, std::uint32_t count) {
    const std::uint32_t largest = question == Question::which ? count - 1 : 1;
    return value < largest ? value : largest;
  }

  // 64 random bits, by the last steps of SplitMix64 (Steele, Lea, Flood: "Fast splittable
  // pseudorandom number generators", 2014, with the constants of Stafford's mix 13).
  [[nodiscard]] static std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
    bits = (bits ^ (bits >> 27U)) * 0x94D0'49BB'1331'11EBU;
    return bits ^ (bits >> 31U);
  }
  // seed_ is mixed, so that neighbouring seeds have nothing in common.
  [[nodiscard]] std::uint64_t draw(Site site, Chooser chooser, std::uint32_t index) const {
    const std::uint64_t place = (static_cast<std::uint64_t>(site) << 48U) |
                                (static_cast<std::uint64_t>(chooser) << 32U) | index;
    return mixed(seed_ ^ (place * 0x9E37'79B9'7F4A'7C15U));
  }
  // The upper 64 of the 128 bits of bits * count: biased by no more than count / 2^64.
  [[nodiscard]] static std::uint32_t reduced(std::uint64_t bits, std::uint32_t count) {
    const std::uint64_t low = (bits & 0xFFFF'FFFFU) * count;
    const std::uint64_t high = (bits >> 32U) * count;
    return static_cast<std::uint32_t>((high + (low >> 32U)) >> 32U);
  }

  [[nodiscard]] std::uint32_t from_tape(Stream& stream, Site site, Chooser chooser,
                                        std::uint32_t index) const;
  // One byte for a count of up to 256, else two: of more than 65,536 only the first are reached.
  [[nodiscard]] std::uint32_t which_from_bytes(std::uint32_t count);
  [[nodiscard]] std::uint32_t whether_from_bytes(std::uint32_t one_in);
  [[nodiscard]] std::uint32_t next_byte();
  void add_streams(Chooser chooser);

  Source source_ = Source::seed;
  bool is_calm_ = false;
  std::uint64_t seed_ = 0;
  std::uint64_t asked_ = 0;
  std::array<Forced, site_count> forced_{};
  std::vector<Stream> streams_;  // by chooser, then site
  std::vector<Choice> recorded_;
  Tape given_;                       // that is replayed
  std::vector<std::uint8_t> bytes_;  // that are read
  std::size_t byte_position_ = 0;
};

}  // namespace lastword::sim
