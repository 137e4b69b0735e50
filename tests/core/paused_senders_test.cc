#include "core/paused_senders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <ostream>
#include <string_view>
#include <vector>

namespace lastword {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Slot ada{0};
constexpr Slot bob{1};
constexpr Slot carol{2};
constexpr Slot dave{3};

std::vector<Slot> take_all(PausedSenders& paused) {
  std::vector<Slot> taken;
  while (const auto slot = paused.take_ready()) taken.push_back(*slot);
  return taken;
}

std::uint64_t digest_of(const PausedSenders& paused, std::uint32_t slot_count) {
  Digest digest;
  for (std::uint32_t slot = 0; slot < slot_count; ++slot) paused.add_to(digest, Slot{slot});
  return digest.value();
}

TEST(PausedSenders, HaveNobodyAtFirst) {
  PausedSenders paused;
  EXPECT_FALSE(paused.is_paused(ada));
  EXPECT_FALSE(paused.is_paused(Slot{1000}));
  EXPECT_FALSE(paused.has_ready());
  EXPECT_FALSE(paused.take_ready());
}

TEST(PausedSenders, WaitUntilTheOneTheyWaitForHasRoom) {
  PausedSenders paused;
  paused.wait_for(ada, dave);
  EXPECT_TRUE(paused.is_paused(ada));
  EXPECT_FALSE(paused.is_paused(dave));
  paused.make_ready(bob);
  EXPECT_FALSE(paused.has_ready()) << "she waits for somebody else";
  paused.make_memory_ready();
  EXPECT_FALSE(paused.has_ready()) << "she does not wait for memory";
  paused.make_ready(dave);
  EXPECT_TRUE(paused.has_ready());
  EXPECT_TRUE(paused.is_paused(ada)) << "until it is her turn";
  EXPECT_EQ(paused.take_ready(), ada);
  EXPECT_FALSE(paused.is_paused(ada));
  EXPECT_FALSE(paused.has_ready());
}

TEST(PausedSenders, GoOnInTheOrderInWhichTheyWerePaused) {
  PausedSenders paused;
  for (const Slot sender : {carol, ada, bob}) paused.wait_for(sender, dave);
  paused.make_ready(dave);
  EXPECT_THAT(take_all(paused), ElementsAre(carol, ada, bob));
}

TEST(PausedSenders, QueueUpBehindThoseWhoAreReady) {
  PausedSenders paused;
  paused.wait_for(ada, dave);
  paused.wait_for_memory(bob);
  paused.wait_for(carol, dave);
  paused.make_memory_ready();
  paused.make_ready(dave);
  EXPECT_THAT(take_all(paused), ElementsAre(bob, ada, carol));
}

TEST(PausedSenders, WaitForMemoryAllTogether) {
  PausedSenders paused;
  paused.wait_for_memory(bob);
  paused.wait_for_memory(ada);
  paused.make_ready(ada);
  paused.make_ready(bob);
  EXPECT_FALSE(paused.has_ready());
  paused.make_memory_ready();
  EXPECT_THAT(take_all(paused), ElementsAre(bob, ada));
}

TEST(PausedSenders, MayWaitForThemselvesAndForEachOther) {
  PausedSenders paused;
  paused.wait_for(ada, ada);
  paused.wait_for(bob, carol);
  paused.wait_for(carol, bob);
  paused.make_ready(ada);
  EXPECT_THAT(take_all(paused), ElementsAre(ada));
  paused.make_ready(bob);
  EXPECT_THAT(take_all(paused), ElementsAre(carol));
  paused.make_ready(carol);
  EXPECT_THAT(take_all(paused), ElementsAre(bob));
}

TEST(PausedSenders, AreTakenOutOfTheMiddleOfAQueue) {
  for (const Slot removed : {ada, bob, carol}) {
    PausedSenders paused;
    for (const Slot sender : {ada, bob, carol}) paused.wait_for(sender, dave);
    paused.remove(removed);
    EXPECT_FALSE(paused.is_paused(removed));
    paused.wait_for(removed, dave);
    paused.make_ready(dave);
    std::vector<Slot> expected{ada, bob, carol};
    expected.erase(std::find(expected.begin(), expected.end(), removed));
    expected.push_back(removed);
    EXPECT_EQ(take_all(paused), expected);
  }
}

TEST(PausedSenders, AreTakenOutOfWhicheverQueueTheyAreIn) {
  PausedSenders paused;
  paused.wait_for(ada, dave);
  paused.wait_for_memory(bob);
  paused.wait_for(carol, carol);
  paused.make_ready(carol);
  for (const Slot sender : {ada, bob, carol, dave}) {
    paused.remove(sender);
    EXPECT_FALSE(paused.is_paused(sender));
  }
  paused.remove(Slot{1000});
  paused.make_ready(dave);
  paused.make_memory_ready();
  EXPECT_THAT(take_all(paused), IsEmpty());
}

TEST(PausedSenders, MayWaitAgainAsSoonAsTheyWereTaken) {
  PausedSenders paused;
  paused.wait_for(ada, dave);
  paused.wait_for(bob, dave);
  paused.make_ready(dave);
  EXPECT_EQ(paused.take_ready(), ada);
  paused.wait_for(ada, dave);
  EXPECT_EQ(paused.take_ready(), bob);
  EXPECT_FALSE(paused.has_ready());
  paused.make_ready(dave);
  EXPECT_THAT(take_all(paused), ElementsAre(ada));
}

TEST(PausedSenders, YieldToAllWhoAreReady) {
  PausedSenders paused;
  paused.wait_for(ada, dave);
  paused.make_ready(dave);
  paused.yield(bob);
  EXPECT_TRUE(paused.is_paused(bob)) << "until it is his turn again";
  EXPECT_THAT(take_all(paused), ElementsAre(ada, bob));
}

TEST(PausedSenders, TellInTheirDigestWhoWaitsForWhatBehindWhom) {
  const auto digest = [](auto... pauses) {
    PausedSenders paused;
    (pauses(paused), ...);
    return digest_of(paused, 4);
  };
  const auto ada_for_dave = [](PausedSenders& paused) { paused.wait_for(ada, dave); };
  const auto bob_for_dave = [](PausedSenders& paused) { paused.wait_for(bob, dave); };
  const auto ada_for_carol = [](PausedSenders& paused) { paused.wait_for(ada, carol); };
  const auto ada_for_memory = [](PausedSenders& paused) { paused.wait_for_memory(ada); };
  const auto dave_has_room = [](PausedSenders& paused) { paused.make_ready(dave); };
  const auto ada_goes = [](PausedSenders& paused) { paused.remove(ada); };
  EXPECT_NE(digest(), digest(ada_for_dave));
  EXPECT_NE(digest(ada_for_dave), digest(bob_for_dave));
  EXPECT_NE(digest(ada_for_dave), digest(ada_for_carol));
  EXPECT_NE(digest(ada_for_dave), digest(ada_for_memory));
  EXPECT_NE(digest(ada_for_dave), digest(ada_for_dave, dave_has_room));
  EXPECT_NE(digest(ada_for_dave, bob_for_dave), digest(bob_for_dave, ada_for_dave));
  EXPECT_EQ(digest(ada_for_dave, ada_goes), digest());
  EXPECT_EQ(digest(ada_for_dave, bob_for_dave, ada_goes), digest(bob_for_dave));
}

TEST(PausedSendersDeathTest, WaitForOneThingAtATime) {
  PausedSenders paused;
  paused.wait_for(ada, dave);
  EXPECT_DEATH(paused.wait_for(ada, carol), "no_list");
  EXPECT_DEATH(paused.wait_for_memory(ada), "no_list");
  EXPECT_DEATH(paused.yield(ada), "no_list");
}

// --- Against a model ---------------------------------------------------------------------------

constexpr std::uint32_t slot_count = 6;

struct Step {
  enum class Kind : std::uint8_t {
    wait_for,
    wait_for_memory,
    yield,
    make_ready,
    make_memory_ready,
    take_ready,
    remove
  };
  Kind kind;
  std::uint32_t slot;
  std::uint32_t addressee;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  constexpr std::string_view words[] = {"wait_for",   "wait_for_memory",   "yield",
                                        "make_ready", "make_memory_ready", "take_ready",
                                        "remove"};
  return out << words[static_cast<std::size_t>(step.kind)] << ' ' << step.slot << ' '
             << step.addressee;
}

rc::Gen<Step> steps() {
  using Kind = Step::Kind;
  return rc::gen::construct<Step>(rc::gen::weightedElement<Kind>({{8, Kind::wait_for},
                                                                  {3, Kind::wait_for_memory},
                                                                  {2, Kind::yield},
                                                                  {3, Kind::make_ready},
                                                                  {1, Kind::make_memory_ready},
                                                                  {4, Kind::take_ready},
                                                                  {2, Kind::remove}}),
                                  rc::gen::inRange<std::uint32_t>(0, slot_count),
                                  rc::gen::inRange<std::uint32_t>(0, slot_count));
}

// A deque for each thing that can be waited for.
struct Model {
  static constexpr std::uint32_t memory = slot_count;
  static constexpr std::uint32_t ready = slot_count + 1;

  std::map<std::uint32_t, std::deque<std::uint32_t>> queues;

  [[nodiscard]] bool is_paused(std::uint32_t slot) const {
    return std::any_of(queues.begin(), queues.end(), [&](const auto& entry) {
      return std::find(entry.second.begin(), entry.second.end(), slot) != entry.second.end();
    });
  }
  void make_ready(std::uint32_t queue) {
    queues[ready].insert(queues[ready].end(), queues[queue].begin(), queues[queue].end());
    queues[queue].clear();
  }
};

// The same queues, built afresh.
PausedSenders rebuilt(const Model& model) {
  PausedSenders paused;
  const auto queue = [&](std::uint32_t number) {
    const auto found = model.queues.find(number);
    return found == model.queues.end() ? std::deque<std::uint32_t>{} : found->second;
  };
  for (const auto slot : queue(Model::ready)) paused.wait_for_memory(Slot{slot});
  paused.make_memory_ready();
  for (const auto slot : queue(Model::memory)) paused.wait_for_memory(Slot{slot});
  for (std::uint32_t addressee = 0; addressee < slot_count; ++addressee) {
    for (const auto slot : queue(addressee)) paused.wait_for(Slot{slot}, Slot{addressee});
  }
  return paused;
}

RC_GTEST_PROP(PausedSenders, StandInLineAsDequesWouldAfterAnySequenceOfSteps, ()) {
  PausedSenders paused;
  Model model;
  const auto story = *rc::gen::container<std::vector<Step>>(steps());
  for (const Step& step : story) {
    const Slot slot{step.slot};
    switch (step.kind) {
      case Step::Kind::wait_for:
        if (model.is_paused(step.slot)) break;
        paused.wait_for(slot, Slot{step.addressee});
        model.queues[step.addressee].push_back(step.slot);
        break;
      case Step::Kind::wait_for_memory:
        if (model.is_paused(step.slot)) break;
        paused.wait_for_memory(slot);
        model.queues[Model::memory].push_back(step.slot);
        break;
      case Step::Kind::yield:
        if (model.is_paused(step.slot)) break;
        paused.yield(slot);
        model.queues[Model::ready].push_back(step.slot);
        break;
      case Step::Kind::make_ready:
        paused.make_ready(slot);
        model.make_ready(step.slot);
        break;
      case Step::Kind::make_memory_ready:
        paused.make_memory_ready();
        model.make_ready(Model::memory);
        break;
      case Step::Kind::take_ready: {
        const auto taken = paused.take_ready();
        auto& ready = model.queues[Model::ready];
        RC_ASSERT(taken.has_value() == !ready.empty());
        if (!taken) break;
        RC_ASSERT((*taken == Slot{ready.front()}));
        ready.pop_front();
        break;
      }
      case Step::Kind::remove:
        paused.remove(slot);
        for (auto& [number, queue] : model.queues) std::erase(queue, step.slot);
        break;
    }
    RC_ASSERT(paused.has_ready() == !model.queues[Model::ready].empty());
    for (std::uint32_t number = 0; number < slot_count; ++number) {
      RC_ASSERT(paused.is_paused(Slot{number}) == model.is_paused(number));
    }
    RC_ASSERT(digest_of(paused, slot_count) == digest_of(rebuilt(model), slot_count));
  }

  for (std::uint32_t number = 0; number < slot_count; ++number) paused.make_ready(Slot{number});
  paused.make_memory_ready();
  take_all(paused);
  for (std::uint32_t number = 0; number < slot_count; ++number) {
    RC_ASSERT_FALSE(paused.is_paused(Slot{number}));
  }
}

}  // namespace
}  // namespace lastword
