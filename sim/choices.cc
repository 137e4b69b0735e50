#include "sim/choices.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lastword::sim {

namespace {

auto place_of(const Choice& choice) {
  return std::tuple{choice.site, choice.chooser, choice.index};
}

}  // namespace

Tape::Tape(std::vector<Choice> choices) : choices_{std::move(choices)} {
  std::stable_sort(choices_.begin(), choices_.end(), [](const Choice& one, const Choice& other) {
    return place_of(one) < place_of(other);
  });
  const auto end = std::unique(
      choices_.begin(), choices_.end(),
      [](const Choice& one, const Choice& other) { return place_of(one) == place_of(other); });
  choices_.erase(end, choices_.end());
  std::erase_if(choices_, [](const Choice& choice) { return choice.value == 0; });
}

Choices Choices::seeded(std::uint64_t seed) {
  Choices choices;
  choices.source_ = Source::seed;
  choices.seed_ = mixed(seed + 0x9E37'79B9'7F4A'7C15U);
  return choices;
}

Choices Choices::replayed(Tape tape) {
  Choices choices;
  choices.source_ = Source::tape;
  choices.given_ = std::move(tape);
  return choices;
}

Choices Choices::from_bytes(std::vector<std::uint8_t> bytes) {
  Choices choices;
  choices.source_ = Source::bytes;
  choices.bytes_ = std::move(bytes);
  return choices;
}

void Choices::force(Site site, std::uint32_t value) {
  forced_[static_cast<std::size_t>(site)] = {.is_forced = true, .value = value};
}

void Choices::amend(Site site, std::uint32_t value) {
  std::erase_if(recorded_, [&](const Choice& choice) {
    return choice.site == site && choice.chooser == the_world && choice.index == 0;
  });
  recorded_.push_back({.site = site, .chooser = the_world, .index = 0, .value = value});
}

std::uint32_t Choices::asked(Site site, Chooser chooser) const {
  const std::size_t place = chooser * site_count + static_cast<std::size_t>(site);
  return place < streams_.size() ? streams_[place].asked : 0;
}

std::uint32_t Choices::from_tape(Stream& stream, Site site, Chooser chooser,
                                 std::uint32_t index) const {
  const std::span<const Choice> given = given_.choices();
  if (!stream.is_placed) {
    const auto first = std::lower_bound(
        given.begin(), given.end(), std::tuple{site, chooser, index},
        [](const Choice& choice, const auto& place) { return place_of(choice) < place; });
    stream.position = static_cast<std::uint32_t>(first - given.begin());
    stream.is_placed = true;
  }
  // The indices of a stream are asked for one by one, so none is ever skipped.
  if (stream.position == given.size()) return 0;
  const Choice& choice = given[stream.position];
  if (place_of(choice) != std::tuple{site, chooser, index}) return 0;
  ++stream.position;
  return choice.value;
}

std::uint32_t Choices::which_from_bytes(std::uint32_t count) {
  std::uint32_t value = next_byte();
  if (count > 256) value += next_byte() << 8U;
  return value % count;
}

std::uint32_t Choices::whether_from_bytes(std::uint32_t one_in) {
  if (byte_position_ == bytes_.size()) return 0;
  const std::uint32_t happening = std::max(1U, 256U / one_in);  // of the 256 values of a byte
  return next_byte() >= 256U - happening ? 1 : 0;
}

std::uint32_t Choices::next_byte() {
  if (byte_position_ == bytes_.size()) return 0;
  return bytes_[byte_position_++];
}

// For this chooser and those before it.
void Choices::add_streams(Chooser chooser) {
  streams_.resize((std::size_t{chooser} + 1) * site_count);
}

}  // namespace lastword::sim
