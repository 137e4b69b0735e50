// Everything that a tape, a story or a listing names.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "sim/fault.h"
#include "sim/mark.h"
#include "sim/property.h"
#include "sim/site.h"

namespace lastword::sim {
namespace {

// Fails where one of the enumerators has no name or that of another.
template <typename Enum>
void expect_own_names(std::size_t count, const std::function<std::string_view(Enum)>& name_of_one) {
  std::set<std::string_view> names;
  for (std::size_t place = 0; place < count; ++place) {
    const std::string_view name = name_of_one(static_cast<Enum>(place));
    EXPECT_FALSE(name.empty()) << place;
    EXPECT_TRUE(names.insert(name).second) << place << " is " << name << " too";
    EXPECT_FALSE(name.ends_with('.')) << name;
  }
}

TEST(Names, AreDifferentForAllSites) {
  expect_own_names<Site>(site_count, [](Site site) { return name_of(site); });
  EXPECT_EQ(name_of(Site::clients), "clients");
  EXPECT_EQ(name_of(Site::wall_jump), "wall_jump");
  EXPECT_EQ(name_of(Site::horizon), "horizon");
}

TEST(Names, OfSitesAreWordsThatStartNoOtherLineOfACaseFile) {
  for (std::size_t place = 0; place < site_count; ++place) {
    const std::string name{name_of(static_cast<Site>(place))};
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << name;
    EXPECT_NE(name, "scenario");
    EXPECT_NE(name, "broke");
  }
}

TEST(Names, AreDifferentForAllFaults) {
  expect_own_names<FaultKind>(fault_count, [](FaultKind fault) { return short_name(fault); });
  expect_own_names<FaultKind>(fault_count, [](FaultKind fault) { return sentence(fault); });
  expect_own_names<FaultKind>(fault_count, [](FaultKind fault) { return effect(fault); });
}

TEST(Names, OfFaultsCountWithinTheirFamily) {
  constexpr std::array<std::string_view, family_count> letters{"B", "O", "C", "R", "T", "S"};
  std::array<int, family_count> counts{};
  std::size_t last_family = 0;
  for (std::size_t place = 0; place < fault_count; ++place) {
    const auto fault = static_cast<FaultKind>(place);
    const auto family = static_cast<std::size_t>(family_of(fault));
    ASSERT_LT(family, family_count);
    EXPECT_GE(family, last_family);
    last_family = family;
    EXPECT_EQ(short_name(fault), std::string{letters[family]} + std::to_string(++counts[family]));
  }
  EXPECT_EQ(counts, (std::array<int, family_count>{8, 7, 14, 5, 3, 8}));
}

TEST(Names, AreDifferentForAllFamilies) {
  expect_own_names<Family>(family_count, [](Family family) { return name_of(family); });
}

TEST(Names, AreDifferentForAllMarks) {
  expect_own_names<Mark>(mark_count, [](Mark mark) { return sentence(mark); });
}

TEST(Names, AreDifferentForAllProperties) {
  expect_own_names<Property>(property_count, [](Property property) { return sentence(property); });
  constexpr std::size_t always_count = 18;
  for (std::size_t place = 0; place < property_count; ++place) {
    const std::string expected =
        place < always_count ? "I" + std::to_string(place + 1) : "L" + std::to_string(place - 17);
    EXPECT_EQ(short_name(static_cast<Property>(place)), expected);
  }
}

TEST(Names, OfPropertiesAreFoundAgain) {
  for (std::size_t place = 0; place < property_count; ++place) {
    const auto property = static_cast<Property>(place);
    EXPECT_EQ(find_property(short_name(property)), property);
  }
  for (const std::string_view unknown : {"", "I", "I0", "I19", "L9", "i1", "I1 ", "B1"}) {
    EXPECT_EQ(find_property(unknown), std::nullopt) << unknown;
  }
}

}  // namespace
}  // namespace lastword::sim
