#include "core/name_index.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lastword {
namespace {

constexpr std::uint64_t seed = 42;

// An index of a given list of names; each has its place in the list as its value.
class Names {
 public:
  explicit Names(std::vector<std::string> names) : names_{std::move(names)} {}

  void insert(std::uint32_t value) { index_.insert(names_[value], value); }
  void erase(std::uint32_t value) { index_.erase(names_[value], value); }
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const {
    return index_.find(name,
                       [&](std::uint32_t value) -> std::string_view { return names_[value]; });
  }
  [[nodiscard]] std::size_t size() const { return index_.size(); }
  [[nodiscard]] const std::vector<std::string>& all() const { return names_; }

 private:
  std::vector<std::string> names_;
  NameIndex index_{seed};
};

// The part of the hash by which the index places names and tells them apart.
std::uint32_t short_hash(std::string_view name) {
  return static_cast<std::uint32_t>(hash_name(name, seed) >> 32U);
}

std::string numbered(std::size_t number) { return "name " + std::to_string(number); }

// Names that want the last or the first place of every table of up to 64 entries, so that they all
// get in each other's way, around the table's end too.
std::vector<std::string> crowding_names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t number = 0; names.size() < count; ++number) {
    const std::uint32_t place = short_hash(numbered(number)) % 64;
    if (place >= 62 || place == 0) names.push_back(numbered(number));
  }
  return names;
}

// Two names whose whole 32 bits of hash are the same.
std::pair<std::string, std::string> names_of_one_hash() {
  std::unordered_map<std::uint32_t, std::size_t> seen;
  for (std::size_t number = 0;; ++number) {
    const auto [place, is_new] = seen.emplace(short_hash(numbered(number)), number);
    if (!is_new) return {numbered(place->second), numbered(number)};
  }
}

TEST(NameIndex, FindsNothingWhileItIsEmpty) {
  const Names names{{}};
  EXPECT_EQ(names.find("Ada"), std::nullopt);
  EXPECT_EQ(names.find(""), std::nullopt);
  EXPECT_EQ(names.size(), 0U);
}

TEST(NameIndex, FindsWhatIsThereAndNothingElse) {
  Names names{{"Ada", "Bob", "ada"}};
  names.insert(0);
  names.insert(1);
  EXPECT_EQ(names.find("Ada"), 0U);
  EXPECT_EQ(names.find("Bob"), 1U);
  EXPECT_EQ(names.find("ada"), std::nullopt) << "no folding of case";
  EXPECT_EQ(names.find("Ad"), std::nullopt);
  EXPECT_EQ(names.find(std::string_view{"Ada\0", 4}), std::nullopt);
  names.insert(2);
  EXPECT_EQ(names.find("ada"), 2U);
  EXPECT_EQ(names.find("Ada"), 0U);
  EXPECT_EQ(names.size(), 3U);
}

TEST(NameIndex, ForgetsWhatIsErased) {
  Names names{{"Ada", "Bob"}};
  names.insert(0);
  names.insert(1);
  names.erase(0);
  EXPECT_EQ(names.find("Ada"), std::nullopt);
  EXPECT_EQ(names.find("Bob"), 1U);
  names.erase(1);
  EXPECT_EQ(names.find("Bob"), std::nullopt);
  EXPECT_EQ(names.size(), 0U);
}

TEST(NameIndex, KeepsEverybodyWhileItGrows) {
  std::vector<std::string> list;
  for (std::size_t number = 0; number < 5000; ++number) list.push_back(numbered(number));
  Names names{list};
  for (std::uint32_t value = 0; value < list.size(); ++value) {
    names.insert(value);
    ASSERT_EQ(names.find(list[value]), value);
    ASSERT_EQ(names.find(list[value / 2]), value / 2);
  }
  for (std::uint32_t value = 0; value < list.size(); ++value) {
    ASSERT_EQ(names.find(list[value]), value);
    names.erase(value);
    ASSERT_EQ(names.find(list[value]), std::nullopt);
  }
  EXPECT_EQ(names.size(), 0U);
}

TEST(NameIndex, TellsNamesOfOneHashApart) {
  const auto [first, second] = names_of_one_hash();
  ASSERT_NE(first, second);
  Names names{{first, second}};
  names.insert(0);
  EXPECT_EQ(names.find(second), std::nullopt);
  names.insert(1);
  EXPECT_EQ(names.find(first), 0U);
  EXPECT_EQ(names.find(second), 1U);
  names.erase(0);
  EXPECT_EQ(names.find(first), std::nullopt);
  EXPECT_EQ(names.find(second), 1U);
  names.insert(0);
  names.erase(1);
  EXPECT_EQ(names.find(first), 0U);
  EXPECT_EQ(names.find(second), std::nullopt);
  names.erase(0);
  EXPECT_EQ(names.size(), 0U);
}

TEST(NameIndex, ErasesAnyOfACrowdWithoutLosingTheOthers) {
  const auto crowd = crowding_names(8);
  for (std::uint32_t erased = 0; erased < crowd.size(); ++erased) {
    Names names{crowd};
    for (std::uint32_t value = 0; value < crowd.size(); ++value) names.insert(value);
    names.erase(erased);
    for (std::uint32_t value = 0; value < crowd.size(); ++value) {
      ASSERT_EQ(names.find(crowd[value]), value == erased ? std::nullopt : std::optional{value});
    }
  }
}

TEST(NameIndex, IsAValue) {
  Names names{{"Ada", "Bob"}};
  names.insert(0);
  Names copy = names;
  copy.insert(1);
  copy.erase(0);
  EXPECT_EQ(names.find("Ada"), 0U);
  EXPECT_EQ(names.find("Bob"), std::nullopt);
  EXPECT_EQ(copy.find("Ada"), std::nullopt);
  EXPECT_EQ(copy.find("Bob"), 1U);
}

RC_GTEST_PROP(NameIndex, KnowsWhatAMapKnowsAfterAnySequenceOfInsertsAndErases, ()) {
  // A step inserts the name of that number, or erases it if it is there.
  constexpr std::size_t name_count = 30;
  Names names{crowding_names(name_count)};
  std::map<std::string, std::uint32_t> model;
  for (const auto value : *rc::gen::container<std::vector<std::uint32_t>>(
           rc::gen::inRange<std::uint32_t>(0, name_count))) {
    const std::string& name = names.all()[value];
    if (model.erase(name) > 0) {
      names.erase(value);
    } else {
      names.insert(value);
      model.emplace(name, value);
    }
    RC_ASSERT(names.size() == model.size());
    for (const std::string& other : names.all()) {
      const auto expected = model.find(other);
      const auto found = names.find(other);
      RC_ASSERT(found.has_value() == (expected != model.end()));
      if (found) RC_ASSERT(*found == expected->second);
    }
  }
  for (const auto& [name, value] : model) names.erase(value);
  RC_ASSERT(names.size() == 0U);
}

TEST(NameIndexDeathTest, ErasesNothingThatIsNotThere) {
  Names names{{"Ada", "Bob"}};
  EXPECT_DEATH(names.erase(0), "size_ > 0");
  names.insert(0);
  EXPECT_DEATH(names.erase(1), "vacant");
}

TEST(HashName, DependsOnEveryByteAndOnTheSize) {
  std::set<std::uint64_t> hashes;
  std::size_t count = 0;
  for (std::size_t size = 0; size <= 66; ++size) {
    std::string name(size, '\0');
    hashes.insert(hash_name(name, seed));
    ++count;
    for (std::size_t position = 0; position < size; ++position) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        name[position] = static_cast<char>(1U << bit);
        hashes.insert(hash_name(name, seed));
        ++count;
      }
      name[position] = '\0';
    }
  }
  EXPECT_EQ(hashes.size(), count);
}

TEST(HashName, DependsOnTheSeed) {
  std::set<std::uint64_t> hashes;
  for (std::uint64_t other = 0; other < 100; ++other) hashes.insert(hash_name("Ada", other));
  EXPECT_EQ(hashes.size(), 100U);
}

TEST(HashName, LooksAtNoByteBehindTheName) {
  const std::string text = "Ada Lovelace and something else";
  for (std::size_t size = 0; size <= 20; ++size) {
    EXPECT_EQ(hash_name(std::string_view{text}.substr(0, size), seed),
              hash_name(text.substr(0, size), seed));
  }
}

}  // namespace
}  // namespace lastword
