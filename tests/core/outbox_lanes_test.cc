// Units of several pieces, and what is urgent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/outbox.h"

namespace lastword {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr ConnectionId ada{.slot = Slot{0}, .generation = 1};
constexpr ConnectionId bob{.slot = Slot{1}, .generation = 7};
constexpr std::size_t block = byte_block_size;

std::string gathered(const Outbox& outbox, const OutboxMemory& memory,
                     std::size_t slices_max = 1000) {
  std::vector<Slice> slices(slices_max);
  const std::size_t count = outbox.gather(memory, slices);
  std::string content;
  for (std::size_t position = 0; position < count; ++position) {
    EXPECT_FALSE(slices[position].empty());
    content += as_text(slices[position]);
  }
  return content;
}

// Writes all there is, as often as there is something to write.
std::string drained(Outbox& outbox, OutboxMemory& memory, std::size_t bytes_max = SIZE_MAX) {
  std::string content;
  while (!outbox.is_empty()) {
    const std::string next = gathered(outbox, memory).substr(0, bytes_max);
    EXPECT_FALSE(next.empty());
    if (next.empty()) return content;
    content += next;
    (void)outbox.wrote(memory, next.size());
  }
  return content;
}

std::vector<ConnectionId> drop(Outbox& outbox, OutboxMemory& memory) {
  std::vector<ConnectionId> failed;
  outbox.drop(memory, [&](ConnectionId sender) { failed.push_back(sender); });
  return failed;
}

std::vector<ConnectionId> drop_unbegun(Outbox& outbox, OutboxMemory& memory) {
  std::vector<ConnectionId> failed;
  outbox.drop_unbegun(memory, [&](ConnectionId sender) { failed.push_back(sender); });
  return failed;
}

std::uint64_t digest_of(const Outbox& outbox, const OutboxMemory& memory) {
  Digest digest;
  outbox.add_to(digest, memory, [](ConnectionId id) { return std::uint64_t{index_of(id.slot)}; });
  return digest.value();
}

void expect_empty(const OutboxMemory& memory) {
  EXPECT_EQ(memory.queued_bytes(), 0U);
  EXPECT_EQ(memory.used_blocks(), 0U);
}

// A frame of the one kind that there is: a header, and a message that others get too.
void push_frame(Outbox& outbox, OutboxMemory& memory, std::string_view header,
                std::string_view message, ConnectionId sender = {}) {
  outbox.push_beginning(memory, {as_bytes(header)});
  outbox.push_shared(memory, memory.share({as_bytes(message)}, 1, sender));
}

// Two lines, a unit of two pieces between them; 12 bytes.
void push_three_units(Outbox& outbox, OutboxMemory& memory) {
  outbox.push_copy(memory, {as_bytes("on"), as_bytes("e;")}, ada);
  push_frame(outbox, memory, "<h", "b>;", bob);
  outbox.push_copy(memory, {as_bytes("tw;")}, ada);
}
constexpr std::size_t three_units = 12;
constexpr std::string_view said_by_three_units = "one;<hb>;tw;";

// --- What is urgent ----------------------------------------------------------------------------

TEST(OutboxLanes, LetWhatIsUrgentGoFirst) {
  OutboxMemory memory;
  Outbox outbox;
  push_three_units(outbox, memory);
  outbox.push_urgent(memory, {as_bytes("!"), as_bytes("1;")});
  outbox.push_urgent(memory, {as_bytes("!2;")});
  EXPECT_EQ(outbox.queued_bytes(), three_units + 6);
  EXPECT_EQ(memory.queued_bytes(), three_units + 6);
  EXPECT_EQ(outbox.pending_deliveries(), 3U);
  EXPECT_EQ(gathered(outbox, memory), "!1;!2;one;<hb>;tw;");
  EXPECT_EQ(outbox.wrote(memory, 9), 0U);
  EXPECT_EQ(outbox.wrote(memory, 1), 1U);
  EXPECT_EQ(outbox.wrote(memory, 8), 2U);
  EXPECT_TRUE(outbox.is_empty());
  expect_empty(memory);
}

TEST(OutboxLanes, AreEmptyOnlyTogether) {
  OutboxMemory memory;
  Outbox outbox;
  outbox.push_urgent(memory, {as_bytes("!;")});
  EXPECT_FALSE(outbox.is_empty());
  EXPECT_EQ(gathered(outbox, memory), "!;");
  EXPECT_EQ(outbox.wrote(memory, 1), 0U);
  EXPECT_EQ(gathered(outbox, memory), ";");
  EXPECT_EQ(outbox.wrote(memory, 0), 0U);
  EXPECT_EQ(outbox.wrote(memory, 1), 0U);
  EXPECT_TRUE(outbox.is_empty());
  expect_empty(memory);
}

// After each number of bytes written, what is urgent waits for the end of the unit that is begun.
TEST(OutboxLanes, OvertakeAllUnitsButTheOneThatIsPartlyWritten) {
  constexpr std::array<std::size_t, 4> starts{0, 4, 9, 12};  // of the units; the end
  for (std::size_t written = 0; written <= three_units; ++written) {
    for (std::size_t later = 0; later <= three_units + 3 - written; ++later) {
      OutboxMemory memory;
      Outbox outbox;
      push_three_units(outbox, memory);
      std::uint32_t completed = outbox.wrote(memory, written);
      outbox.push_urgent(memory, {as_bytes("!1;")});
      EXPECT_EQ(outbox.queued_bytes(), three_units - written + 3);

      const std::size_t place = *std::lower_bound(starts.begin(), starts.end(), written);
      std::string expected{said_by_three_units};
      expected.insert(place, "!1;");
      expected.erase(0, written);
      // What is behind a begun unit and urgent bytes is not shown yet.
      const std::string shown = gathered(outbox, memory);
      EXPECT_EQ(shown, place == written ? expected : expected.substr(0, place - written + 3));

      const std::size_t part = std::min(later, shown.size());
      completed += outbox.wrote(memory, part);
      EXPECT_EQ(outbox.pending_deliveries(), 3 - completed);
      EXPECT_EQ(drained(outbox, memory), expected.substr(part))
          << "written " << written << " and " << part;
      EXPECT_EQ(outbox.pending_deliveries(), 0U);
      expect_empty(memory);
    }
  }
}

TEST(OutboxLanes, ShowAsMuchAsTheSlicesHold) {
  OutboxMemory memory;
  Outbox outbox;
  push_three_units(outbox, memory);
  (void)outbox.wrote(memory, 5);
  outbox.push_urgent(memory, {as_bytes("!1;")});
  // The rest of the header, the message, what is urgent.
  EXPECT_EQ(gathered(outbox, memory, 0), "");
  EXPECT_EQ(gathered(outbox, memory, 1), "h");
  EXPECT_EQ(gathered(outbox, memory, 2), "hb>;");
  EXPECT_EQ(gathered(outbox, memory, 3), "hb>;!1;");
  EXPECT_EQ(gathered(outbox, memory, 4), "hb>;!1;");
  EXPECT_EQ(outbox.wrote(memory, 7), 1U);
  EXPECT_EQ(gathered(outbox, memory, 1), "tw;");
  outbox.push_urgent(memory, {as_bytes("!2;")});
  EXPECT_EQ(gathered(outbox, memory, 1), "!2;");
  EXPECT_EQ(gathered(outbox, memory, 2), "!2;tw;");
  EXPECT_THAT(drop(outbox, memory), ElementsAre(ada));
  expect_empty(memory);
}

TEST(OutboxLanes, HoldMoreThanABlockEach) {
  for (const std::size_t size : {block - 1, block, block + 1, 3 * block + 5}) {
    OutboxMemory memory;
    Outbox outbox;
    const std::string urgent(size, '!');
    const std::string line(size, 'l');
    outbox.push_copy(memory, {as_bytes(line)}, ada);
    EXPECT_EQ(outbox.wrote(memory, size / 2), 0U);
    outbox.push_urgent(memory, {as_bytes(urgent)});
    outbox.push_copy(memory, {as_bytes("next")}, bob);
    EXPECT_EQ(gathered(outbox, memory), line.substr(size / 2) + urgent);
    EXPECT_EQ(outbox.queued_bytes(), memory.queued_bytes());
    EXPECT_EQ(drained(outbox, memory, 1000), line.substr(size / 2) + urgent + "next");
    expect_empty(memory);
  }
}

// --- Units of several pieces -------------------------------------------------------------------

TEST(OutboxLanes, KeepThePiecesOfAUnitTogether) {
  for (std::size_t written = 1; written < 9; ++written) {
    OutboxMemory memory;
    Outbox outbox;
    outbox.push_beginning(memory, {as_bytes("<"), as_bytes("a")});
    outbox.push_beginning(memory, {as_bytes("bc")});
    outbox.push_shared(memory, memory.share({as_bytes("def>;")}, 1, ada));
    push_frame(outbox, memory, "<x", "yz>;", bob);
    EXPECT_EQ(outbox.pending_deliveries(), 2U);
    EXPECT_EQ(outbox.wrote(memory, written), 0U);
    outbox.push_urgent(memory, {as_bytes("!;")});
    EXPECT_EQ(gathered(outbox, memory), std::string{"<abcdef>;!;"}.substr(written));
    EXPECT_EQ(drained(outbox, memory, 1), std::string{"<abcdef>;!;<xyz>;"}.substr(written));
    EXPECT_EQ(outbox.pending_deliveries(), 0U);
    expect_empty(memory);
  }
}

// --- Dropping ----------------------------------------------------------------------------------

TEST(OutboxLanes, DropEverything) {
  for (std::size_t written = 0; written <= three_units + 3; ++written) {
    for (const bool is_urgent_first : {true, false}) {
      OutboxMemory memory;
      Outbox outbox;
      push_three_units(outbox, memory);
      if (is_urgent_first) outbox.push_urgent(memory, {as_bytes("!1;")});
      const std::uint32_t completed =
          outbox.wrote(memory, std::min(written, outbox.queued_bytes()));
      if (!is_urgent_first) outbox.push_urgent(memory, {as_bytes("!1;")});
      EXPECT_EQ(drop(outbox, memory).size(), 3 - completed);
      EXPECT_TRUE(outbox.is_empty());
      EXPECT_EQ(outbox.pending_deliveries(), 0U);
      EXPECT_EQ(digest_of(outbox, memory), digest_of(Outbox{}, memory));
      expect_empty(memory);
      outbox.push_urgent(memory, {as_bytes("!2;")});
      outbox.push_copy(memory, {as_bytes("on")});
      EXPECT_EQ(drained(outbox, memory), "!2;on") << "it is as good as new";
      expect_empty(memory);
    }
  }
}

TEST(OutboxLanes, KeepWhatIsUrgentAndTheRestOfABegunUnit) {
  struct Example {
    std::size_t written = 0;
    std::string kept;
    std::vector<ConnectionId> failed;
    std::uint32_t pending = 0;
  };
  const std::vector<Example> examples{
      {.written = 0, .kept = "", .failed = {ada, bob, ada}},
      {.written = 1, .kept = "ne;", .failed = {bob, ada}, .pending = 1},
      {.written = 3, .kept = ";", .failed = {bob, ada}, .pending = 1},
      {.written = 4, .kept = "", .failed = {bob, ada}},
      {.written = 5, .kept = "hb>;", .failed = {ada}, .pending = 1},
      {.written = 6, .kept = "b>;", .failed = {ada}, .pending = 1},
      {.written = 8, .kept = ";", .failed = {ada}, .pending = 1},
      {.written = 9, .kept = "", .failed = {ada}},
      {.written = 11, .kept = ";", .failed = {}, .pending = 1},
      {.written = 12, .kept = "", .failed = {}},
  };
  for (const Example& example : examples) {
    for (const std::string_view urgent : {"", "!1;!2;"}) {
      OutboxMemory memory;
      Outbox outbox;
      push_three_units(outbox, memory);
      (void)outbox.wrote(memory, example.written);
      outbox.push_urgent(memory, {as_bytes(urgent)});
      EXPECT_EQ(drop_unbegun(outbox, memory), example.failed) << example.written;
      const std::string kept = example.kept + std::string{urgent};
      EXPECT_EQ(outbox.queued_bytes(), kept.size());
      EXPECT_EQ(outbox.pending_deliveries(), example.pending);
      EXPECT_EQ(gathered(outbox, memory), kept);
      EXPECT_THAT(drop_unbegun(outbox, memory), IsEmpty()) << "nothing is left to drop";
      EXPECT_EQ(gathered(outbox, memory), kept);

      outbox.push_copy(memory, {as_bytes("bye")});
      EXPECT_EQ(drained(outbox, memory, 1), kept + "bye") << example.written;
      EXPECT_EQ(outbox.pending_deliveries(), 0U);
      expect_empty(memory);
    }
  }
}

TEST(OutboxLanes, CountAKeptDeliveryOnceItIsWritten) {
  OutboxMemory memory;
  Outbox outbox;
  push_three_units(outbox, memory);
  EXPECT_EQ(outbox.wrote(memory, 7), 1U);
  EXPECT_THAT(drop_unbegun(outbox, memory), ElementsAre(ada));
  EXPECT_EQ(memory.queued_bytes(), 3U) << "a share counts whole";
  EXPECT_EQ(outbox.wrote(memory, 1), 0U);
  EXPECT_EQ(outbox.wrote(memory, 1), 1U);
  expect_empty(memory);

  push_three_units(outbox, memory);
  EXPECT_EQ(outbox.wrote(memory, 7), 1U);
  EXPECT_THAT(drop_unbegun(outbox, memory), ElementsAre(ada));
  EXPECT_THAT(drop(outbox, memory), ElementsAre(bob)) << "at last it fails too";
  expect_empty(memory);
}

TEST(OutboxLanes, KeepWhatIsUrgentAndPartlyWritten) {
  OutboxMemory memory;
  Outbox outbox;
  push_three_units(outbox, memory);
  outbox.push_urgent(memory, {as_bytes("!1;")});
  EXPECT_EQ(outbox.wrote(memory, 1), 0U);
  EXPECT_THAT(drop_unbegun(outbox, memory), ElementsAre(ada, bob, ada));
  EXPECT_EQ(memory.queued_bytes(), 2U);
  EXPECT_EQ(drained(outbox, memory), "1;");
  expect_empty(memory);
}

TEST(OutboxLanes, KeepABegunUnitThatReachesIntoOtherBlocks) {
  for (const std::size_t written : {std::size_t{1}, block - 1, block, block + 1, 2 * block}) {
    OutboxMemory memory;
    Outbox outbox;
    outbox.push_copy(memory, {as_bytes("before")}, ada);
    std::string header(2 * block + 100, 'h');
    for (std::size_t place = 0; place < header.size(); ++place) {
      header[place] = static_cast<char>('a' + place % 23);
    }
    push_frame(outbox, memory, header, "body", bob);
    for (int number = 0; number < 200; ++number) outbox.push_copy(memory, {as_bytes("x")}, ada);
    EXPECT_EQ(outbox.wrote(memory, 6 + written), 1U);
    EXPECT_EQ(drop_unbegun(outbox, memory).size(), 200U);
    EXPECT_EQ(outbox.queued_bytes(), header.size() - written + 4);
    EXPECT_EQ(memory.queued_bytes(), outbox.queued_bytes());
    EXPECT_EQ(drained(outbox, memory), header.substr(written) + "body");
    expect_empty(memory);
  }
}

// --- Digest ------------------------------------------------------------------------------------

TEST(OutboxLanes, TellInTheirDigestWhatMakesADifference) {
  enum class Lane : std::uint8_t { line, urgent, unit, two_lines };
  const auto digest = [](Lane lane, std::string_view bytes, std::size_t written) {
    OutboxMemory memory;
    Outbox outbox;
    const std::size_t half = bytes.size() / 2;
    switch (lane) {
      case Lane::line:
        outbox.push_copy(memory, {as_bytes(bytes)});
        break;
      case Lane::urgent:
        outbox.push_urgent(memory, {as_bytes(bytes)});
        break;
      case Lane::unit:
        push_frame(outbox, memory, bytes.substr(0, half), bytes.substr(half));
        break;
      case Lane::two_lines:
        outbox.push_copy(memory, {as_bytes(bytes.substr(0, half))});
        outbox.push_copy(memory, {as_bytes(bytes.substr(half))});
        break;
    }
    (void)outbox.wrote(memory, written);
    const std::uint64_t value = digest_of(outbox, memory);
    drop(outbox, memory);
    expect_empty(memory);
    return value;
  };
  EXPECT_NE(digest(Lane::line, "abcd", 0), digest(Lane::urgent, "abcd", 0));
  EXPECT_NE(digest(Lane::two_lines, "abcd", 0), digest(Lane::unit, "abcd", 0));
  EXPECT_NE(digest(Lane::two_lines, "abcd", 2), digest(Lane::unit, "abcd", 2));
  EXPECT_EQ(digest(Lane::two_lines, "abcd", 2), digest(Lane::line, "cd", 0));
  EXPECT_NE(digest(Lane::urgent, "abcd", 0), digest(Lane::urgent, "abce", 0));
  EXPECT_EQ(digest(Lane::urgent, "abcd", 1), digest(Lane::urgent, "bcd", 0));
  EXPECT_EQ(digest(Lane::urgent, "abcd", 4), digest(Lane::line, "abcd", 4));
}

TEST(OutboxLanesDeathTest, ShowNoUnitWithoutAnEnd) {
  OutboxMemory memory;
  Outbox outbox;
  outbox.push_beginning(memory, {as_bytes("<h")});
  outbox.push_beginning(memory, {as_bytes("<h")});
  (void)outbox.wrote(memory, 1);
  outbox.push_urgent(memory, {as_bytes("!")});
  EXPECT_DEATH(static_cast<void>(gathered(outbox, memory)), "false");
  drop(outbox, memory);
  expect_empty(memory);
}

// --- Against a model ---------------------------------------------------------------------------

// A unit of the model: what of it is left, and where its pieces end.
struct Unit {
  std::string bytes;
  std::size_t written = 0;
  bool is_delivery = false;
};

// Plain strings. Whatever is written is whole units, in the order of their lane.
struct Model {
  std::deque<Unit> urgent;
  std::deque<Unit> units;

  // In which order the bytes have to leave.
  [[nodiscard]] std::string content() const {
    std::string content;
    const bool is_begun = !units.empty() && units.front().written > 0;
    if (is_begun) content += units.front().bytes.substr(units.front().written);
    for (const Unit& unit : urgent) content += unit.bytes.substr(unit.written);
    for (const Unit& unit : units) {
      if (!is_begun || &unit != &units.front()) content += unit.bytes;
    }
    return content;
  }
  // Takes one byte off; whether that completed a delivery.
  bool wrote_one() {
    const bool is_begun = !units.empty() && units.front().written > 0;
    std::deque<Unit>& lane = is_begun || urgent.empty() ? units : urgent;
    if (++lane.front().written < lane.front().bytes.size()) return false;
    const bool is_delivery = lane.front().is_delivery;
    lane.pop_front();
    return is_delivery;
  }
  std::size_t drop_unbegun() {
    std::size_t failed = 0;
    while (!units.empty() && units.back().written == 0) {
      failed += units.back().is_delivery ? 1U : 0U;
      units.pop_back();
    }
    return failed;
  }
};

RC_GTEST_PROP(OutboxLanes, WriteWholeUnitsWhateverHappens, ()) {
  OutboxMemory memory;
  Outbox outbox;
  Model model;
  const auto sizes = rc::gen::weightedOneOf<std::size_t>(
      {{20, rc::gen::inRange<std::size_t>(1, 12)},
       {1, rc::gen::inRange<std::size_t>(block - 2, block + 3)},
       {1, rc::gen::inRange<std::size_t>(2 * block - 2, 2 * block + 3)}});
  const auto story = *rc::gen::container<std::vector<std::pair<int, std::size_t>>>(
      rc::gen::pair(rc::gen::inRange(0, 11), sizes));
  char letter = 'a';
  for (const auto& [step, size] : story) {
    letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
    const std::string bytes(size, letter);
    switch (step) {
      case 0:
      case 1:
        outbox.push_copy(memory, {as_bytes(bytes)}, ada);
        model.units.push_back({.bytes = bytes, .is_delivery = true});
        break;
      case 2:
      case 3: {
        const std::string header = size % 2 == 0 ? "<" + bytes : "<";
        push_frame(outbox, memory, header, bytes, size % 3 == 0 ? ConnectionId{} : bob);
        model.units.push_back({.bytes = header + bytes, .is_delivery = size % 3 != 0});
        break;
      }
      case 4:
      case 5:
        outbox.push_urgent(memory, {as_bytes("!"), as_bytes(bytes)});
        model.urgent.push_back({.bytes = "!" + bytes});
        break;
      case 6: {
        const std::size_t failed = model.drop_unbegun();
        RC_ASSERT(drop_unbegun(outbox, memory).size() == failed);
        break;
      }
      default: {
        const std::size_t slices_max = step == 7 ? 1 + size % 3 : 1000;
        const std::string shown = gathered(outbox, memory, slices_max);
        RC_ASSERT(model.content().starts_with(shown));
        RC_ASSERT(shown.empty() == model.content().empty());
        const std::size_t part = step == 10 ? shown.size() : std::min(shown.size(), size);
        std::uint32_t completed = 0;
        for (std::size_t byte = 0; byte < part; ++byte) completed += model.wrote_one() ? 1U : 0U;
        RC_ASSERT(outbox.wrote(memory, part) == completed);
        break;
      }
    }
    const std::string content = model.content();
    RC_ASSERT(outbox.queued_bytes() == content.size());
    RC_ASSERT(outbox.is_empty() == content.empty());
    RC_ASSERT(content.starts_with(gathered(outbox, memory)));
    const auto pending = std::count_if(model.units.begin(), model.units.end(),
                                       [](const Unit& unit) { return unit.is_delivery; });
    RC_ASSERT(outbox.pending_deliveries() == static_cast<std::uint32_t>(pending));
    RC_ASSERT((!content.empty() || memory.used_blocks() == 0U));
  }
  const std::string content = model.content();
  RC_ASSERT(drained(outbox, memory) == content);
  RC_ASSERT(memory.queued_bytes() == 0U);
  RC_ASSERT(memory.used_blocks() == 0U);
}

}  // namespace
}  // namespace lastword
