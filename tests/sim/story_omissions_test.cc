// What is left out of a story.
#include "sim/story_omissions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace lastword::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = StoryEvent::Kind;

constexpr std::size_t server = 0;
constexpr std::size_t ann = 1;
constexpr std::size_t ben = 2;

class Teller {
 public:
  Teller() { story.lanes = {"server", "ann", "ben"}; }

  Story story;

  void happens(std::size_t lane, std::string text) {
    story.events.push_back({.lane = lane, .kind = Kind::act, .text = std::move(text)});
  }
  std::size_t sends(std::size_t from, std::size_t to, std::string text) {
    story.events.push_back(
        {.lane = from, .kind = Kind::send, .text = std::move(text), .to = to, .is_lost = true});
    return story.events.size() - 1;
  }
  void arrives(std::size_t sent) {
    StoryEvent& send = story.events[sent];
    send.is_lost = false;
    story.events.push_back({.lane = send.to, .kind = Kind::arrive, .text = "", .from_event = sent});
  }
  void passes(std::size_t from, std::size_t to, std::string text) {
    arrives(sends(from, to, std::move(text)));
  }
  // What is still told: acts and sends, by their texts. Arrivals must belong to what is there.
  [[nodiscard]] std::vector<std::string> told() const {
    std::vector<std::string> told;
    for (const StoryEvent& event : story.events) {
      if (event.kind != Kind::arrive) {
        told.push_back(event.text);
        continue;
      }
      const StoryEvent& send = story.events.at(*event.from_event);
      EXPECT_EQ(send.kind, Kind::send);
      EXPECT_EQ(send.to, event.lane);
    }
    return told;
  }
};

// --- Heartbeats ---------------------------------------------------------------------------------

TEST(Heartbeats, AreLeftOutWhereTheyWereAnswered) {
  Teller teller;
  teller.happens(ann, "before");
  teller.passes(ann, server, "/ping lw-1f-3\n");
  teller.passes(server, ann, "* pong lw-1f-3\n");
  teller.passes(ben, server, "[text: /ping lw-2a-4]");
  teller.passes(server, ben, "[text: * pong lw-2a-4]");
  teller.passes(server, ben, "[ping]");
  teller.passes(ben, server, "[pong]");
  teller.happens(ann, "behind");
  leave_out_heartbeats(teller.story);
  EXPECT_THAT(teller.told(), ElementsAre("before", "behind"));
}

TEST(Heartbeats, AreFoundAmongThoseOfOthers) {
  Teller teller;
  const std::size_t of_ann = teller.sends(ann, server, "/ping lw-1f-3\n");
  const std::size_t of_ben = teller.sends(ben, server, "/ping lw-2a-4\n");
  teller.arrives(of_ann);
  const std::size_t to_ann = teller.sends(server, ann, "* pong lw-1f-3\n");
  teller.arrives(of_ben);
  teller.arrives(to_ann);
  teller.passes(server, ben, "from ann: hello\n");
  leave_out_heartbeats(teller.story);
  EXPECT_THAT(teller.told(), ElementsAre("/ping lw-2a-4\n", "from ann: hello\n"));
}

TEST(Heartbeats, AreToldWhereTheAnswerIsMissingOrAnotherOne) {
  Teller teller;
  teller.passes(ann, server, "/ping lw-1f-3\n");
  teller.passes(server, ann, "* pong lw-1f-2\n");
  teller.passes(server, ben, "[ping]");
  teller.passes(server, ben, "[ping]");
  teller.sends(ben, server, "[pong]");
  leave_out_heartbeats(teller.story);
  EXPECT_EQ(teller.told().size(), 5U);
}

TEST(Heartbeats, AreToldWhereTheAnswerIsToAnotherQuestion) {
  Teller teller;
  teller.passes(server, ben, "[ping]");
  teller.passes(server, ben, "[pong]");  // to a ping of ben's, before
  leave_out_heartbeats(teller.story);
  EXPECT_THAT(teller.told(), ElementsAre("[ping]", "[pong]"));
}

TEST(Heartbeats, AreToldWhereAnythingElseIsOnThem) {
  Teller teller;
  teller.passes(ann, server, "ben: hello\n/ping lw-1f-3\n");
  teller.passes(server, ann, "* pong lw-1f-3\n");
  teller.passes(ann, server, "/ping lw-1f-4\n");
  teller.passes(server, ann, "* pong lw-1f-4\nfrom ben: hello\n");
  teller.passes(ann, server, "/ping lw-1f-5\n");
  teller.happens(ann, "takes no lines for a while");
  teller.passes(server, ann, "* pong lw-1f-5\n");
  teller.passes(ben, server, "/ping well\n");
  teller.passes(server, ben, "* pong well\n");
  const std::size_t count = teller.told().size();
  leave_out_heartbeats(teller.story);
  EXPECT_EQ(teller.told().size(), count);
}

TEST(Heartbeats, AreFoundRightBehindOneAnother) {
  Teller teller;
  for (const char* token : {"3", "4", "5"}) {
    teller.passes(ann, server, std::string{"/ping lw-1f-"} + token + "\n");
    teller.passes(server, ann, std::string{"* pong lw-1f-"} + token + "\n");
  }
  leave_out_heartbeats(teller.story);
  EXPECT_THAT(teller.told(), IsEmpty());
}

// --- Others -------------------------------------------------------------------------------------

TEST(Others, AreLeftOutIfTheBrokenPropertyIsAboutSomebody) {
  Teller teller;
  teller.passes(ann, server, "of ann");
  teller.passes(ben, server, "of ben");
  teller.happens(ann, "ann acts");
  teller.happens(server, "SIGTERM");
  teller.story.violations = {{.property = Property::client_lines, .text = "", .clients = {ben}}};
  leave_out_others(teller.story);
  EXPECT_THAT(teller.story.lanes, ElementsAre("server", "ben"));
  EXPECT_THAT(teller.told(), ElementsAre("of ben", "SIGTERM"));
  EXPECT_EQ(teller.story.events.front().lane, 1U);
}

TEST(Others, AreToldIfItIsAboutNobodyOrNothingBroke) {
  for (const bool is_broken : {false, true}) {
    Teller teller;
    teller.passes(ann, server, "of ann");
    teller.passes(ben, server, "of ben");
    if (is_broken) {
      teller.story.violations = {{.property = Property::bounds, .text = "", .clients = {}}};
    }
    leave_out_others(teller.story);
    EXPECT_EQ(teller.story.lanes.size(), 3U);
    EXPECT_THAT(teller.told(), ElementsAre("of ann", "of ben"));
  }
}

}  // namespace
}  // namespace lastword::sim
