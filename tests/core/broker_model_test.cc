// The broker against maps and sets.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/broker.h"

namespace lastword {
namespace {

Name name(std::string_view text) { return Name::parse(text).value(); }
RoomName room(std::string_view text) { return RoomName::parse(text).value(); }

constexpr std::size_t slot_count = 6;
constexpr std::size_t name_count = 5;
constexpr std::size_t room_count = 4;

std::string name_number(std::size_t number) { return "n" + std::to_string(number); }
std::string room_number(std::size_t number) { return "#r" + std::to_string(number); }

struct Step {
  enum class Kind : std::uint8_t { login, logout, forget, join, leave, resolve };
  Kind kind;
  std::uint32_t slot;
  std::uint32_t choice;                     // a name or a room
  std::vector<std::uint32_t> destinations;  // names, then rooms
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  constexpr std::string_view words[] = {"login", "logout", "forget", "join", "leave", "resolve"};
  out << words[static_cast<std::size_t>(step.kind)] << ' ' << step.slot << ' ' << step.choice;
  for (const auto destination : step.destinations) out << ' ' << destination;
  return out;
}

// Any of the numbers below `end`, however small the story still is.
rc::Gen<std::uint32_t> below(std::uint32_t end) {
  return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint32_t>(0, end));
}

rc::Gen<Step> steps() {
  using Kind = Step::Kind;
  return rc::gen::construct<Step>(
      rc::gen::weightedElement<Kind>({{4, Kind::login},
                                      {1, Kind::logout},
                                      {1, Kind::forget},
                                      {6, Kind::join},
                                      {2, Kind::leave},
                                      {4, Kind::resolve}}),
      below(slot_count), below(100),
      rc::gen::scale(
          0.1, rc::gen::container<std::vector<std::uint32_t>>(below(name_count + room_count + 1))));
}

// Maps and sets, in the most obvious way.
struct Model {
  std::map<std::string, std::uint32_t> slot_of;          // of those logged in
  std::map<std::uint32_t, std::string> remembered;       // names by slot, until forgotten
  std::map<std::string, std::set<std::uint32_t>> rooms;  // never an empty one

  [[nodiscard]] bool is_online(std::uint32_t slot) const {
    return std::any_of(slot_of.begin(), slot_of.end(),
                       [&](const auto& entry) { return entry.second == slot; });
  }
  [[nodiscard]] bool is_in(std::uint32_t slot, const std::string& room_name) const {
    const auto found = rooms.find(room_name);
    return found != rooms.end() && found->second.contains(slot);
  }
  void leave(std::uint32_t slot, const std::string& room_name) {
    rooms[room_name].erase(slot);
    if (rooms[room_name].empty()) rooms.erase(room_name);
  }
};

void expect_same(const Broker& broker, const Model& model) {
  std::vector<std::string_view> names;
  for (const auto& [text, slot] : model.slot_of) names.emplace_back(text);
  RC_ASSERT(broker.names() == names);

  for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
    const auto remembered = model.remembered.find(slot);
    RC_ASSERT(broker.name_of(Slot{slot}) ==
              (remembered == model.remembered.end() ? "" : remembered->second));
    if (!model.is_online(slot)) continue;
    std::size_t count = 0;
    for (const auto& [room_name, members] : model.rooms) count += members.count(slot);
    RC_ASSERT(broker.room_count(Slot{slot}) == count);
    for (std::size_t position = 0; position < count; ++position) {
      const RoomId id = broker.room_at(Slot{slot}, position);
      RC_ASSERT(broker.is_in(Slot{slot}, id));
      RC_ASSERT(model.is_in(slot, std::string{broker.name_of(id)}));
    }
  }

  for (std::size_t number = 0; number < room_count; ++number) {
    const std::string room_name = room_number(number);
    const auto id = broker.find_room(room_name);
    const auto found = model.rooms.find(room_name);
    RC_ASSERT(id.has_value() == (found != model.rooms.end()));
    if (!id) continue;
    RC_ASSERT(broker.name_of(*id) == room_name);
    RC_ASSERT(broker.member_count(*id) == found->second.size());
    std::set<std::uint32_t> members;
    for (std::size_t position = 0; position < broker.member_count(*id); ++position) {
      members.insert(static_cast<std::uint32_t>(broker.member_at(*id, position)));
    }
    RC_ASSERT(members == found->second);
    std::vector<std::string_view> names_in_room;
    for (const auto slot : members) names_in_room.emplace_back(broker.name_of(Slot{slot}));
    std::sort(names_in_room.begin(), names_in_room.end());
    RC_ASSERT(broker.names_in(*id) == names_in_room);
  }
}

// Looks at the addressees DEST by DEST: each DEST's new ones follow those of the DESTs before it.
void expect_resolved(Broker& broker, const Model& model, const Step& step) {
  std::vector<std::string> destinations;
  std::string text;
  for (const auto number : step.destinations) {
    destinations.push_back(number <= name_count ? name_number(number)
                                                : room_number(number - name_count - 1));
    text += " " + destinations.back() + ",";
  }
  Addressing addressing;
  broker.resolve(Slot{step.slot}, text, addressing);

  std::set<std::uint32_t> met;
  std::vector<std::string_view> missing;
  auto next = addressing.addressees.begin();
  for (const std::string& destination : destinations) {
    std::set<std::uint32_t> meant;
    const bool is_room = destination.front() == '#';
    if (is_room && model.rooms.contains(destination)) {
      meant = model.rooms.at(destination);
      meant.erase(step.slot);
    } else if (!is_room && model.slot_of.contains(destination)) {
      meant = {model.slot_of.at(destination)};
    } else if (std::find(missing.begin(), missing.end(), destination) == missing.end()) {
      missing.emplace_back(destination);
    }
    for (const auto slot : met) meant.erase(slot);
    met.insert(meant.begin(), meant.end());
    for (; !meant.empty(); ++next) {
      RC_ASSERT(next != addressing.addressees.end());
      RC_ASSERT(meant.erase(static_cast<std::uint32_t>(next->slot)) == 1U);
      RC_ASSERT(broker.name_of(next->room) == (is_room ? destination : ""));
    }
  }
  RC_ASSERT(next == addressing.addressees.end());
  RC_ASSERT(addressing.missing == missing);
}

RC_GTEST_PROP(Broker, KnowsWhatMapsAndSetsKnowAfterAnySequenceOfSteps, ()) {
  Broker broker{*rc::gen::arbitrary<std::uint64_t>()};
  Model model;
  const auto story = *rc::gen::container<std::vector<Step>>(steps());
  for (const Step& step : story) {
    const Slot slot{step.slot};
    const std::string name_text = name_number(step.choice % name_count);
    const std::string room_text = room_number(step.choice % room_count);
    const bool is_online = model.is_online(step.slot);
    switch (step.kind) {
      case Step::Kind::login:
        if (is_online) break;
        RC_ASSERT(broker.login(slot, name(name_text)) == !model.slot_of.contains(name_text));
        if (model.slot_of.emplace(name_text, step.slot).second) {
          model.remembered[step.slot] = name_text;
        }
        break;
      case Step::Kind::logout:
        if (!is_online) break;
        broker.logout(slot);
        model.slot_of.erase(model.remembered[step.slot]);
        for (std::size_t number = 0; number < room_count; ++number) {
          model.leave(step.slot, room_number(number));
        }
        break;
      case Step::Kind::forget:
        if (is_online) break;
        broker.forget(slot);
        model.remembered.erase(step.slot);
        break;
      case Step::Kind::join:
        if (!is_online || model.is_in(step.slot, room_text)) break;
        broker.join(slot, room(room_text));
        model.rooms[room_text].insert(step.slot);
        break;
      case Step::Kind::leave:
        if (!is_online || !model.is_in(step.slot, room_text)) break;
        broker.leave(slot, broker.find_room(room_text).value());
        model.leave(step.slot, room_text);
        break;
      case Step::Kind::resolve:
        if (is_online) expect_resolved(broker, model, step);
        break;
    }
    expect_same(broker, model);
  }

  while (!model.slot_of.empty()) {
    const auto [text, slot] = *model.slot_of.begin();
    broker.logout(Slot{slot});
    model.slot_of.erase(text);
  }
  model.rooms.clear();
  expect_same(broker, model);
}

}  // namespace
}  // namespace lastword
