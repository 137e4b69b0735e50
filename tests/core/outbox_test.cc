#include "core/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <numeric>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastword {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr ConnectionId ada{.slot = Slot{0}, .generation = 1};
constexpr ConnectionId bob{.slot = Slot{1}, .generation = 7};
constexpr std::size_t block = byte_block_size;

std::vector<std::string> slices_of(const Outbox& outbox, const OutboxMemory& memory,
                                   std::size_t slices_max = 1000) {
  std::vector<Slice> slices(slices_max);
  const std::size_t count = outbox.gather(memory, slices);
  std::vector<std::string> texts;
  for (std::size_t position = 0; position < count; ++position) {
    texts.emplace_back(as_text(slices[position]));
  }
  return texts;
}

std::string content_of(const Outbox& outbox, const OutboxMemory& memory) {
  std::string content;
  for (const std::string& slice : slices_of(outbox, memory)) content += slice;
  return content;
}

std::vector<ConnectionId> drop(Outbox& outbox, OutboxMemory& memory) {
  std::vector<ConnectionId> failed;
  outbox.drop(memory, [&](ConnectionId sender) { failed.push_back(sender); });
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

// Bytes that tell where they belong, so that nothing can be mixed up unnoticed.
std::string pattern(std::size_t size, char first = 'a') {
  std::string text(size, first);
  for (std::size_t position = 0; position < size; ++position) {
    text[position] = static_cast<char>('!' + (static_cast<std::size_t>(first) + position * 7) % 90);
  }
  return text;
}

TEST(Outbox, HoldsNothingAtFirst) {
  const OutboxMemory memory;
  const Outbox outbox;
  EXPECT_TRUE(outbox.is_empty());
  EXPECT_EQ(outbox.queued_bytes(), 0U);
  EXPECT_EQ(outbox.pending_deliveries(), 0U);
  EXPECT_THAT(slices_of(outbox, memory), IsEmpty());
  expect_empty(memory);
}

TEST(Outbox, GivesBackWhatWasPutInPieceByPiece) {
  OutboxMemory memory;
  Outbox outbox;
  outbox.push_copy(memory, {as_bytes("from Ada: "), as_bytes("hello"), as_bytes("\n")}, ada);
  outbox.push_copy(memory, {as_bytes("* pong\n")});
  EXPECT_EQ(content_of(outbox, memory), "from Ada: hello\n* pong\n");
  EXPECT_EQ(outbox.queued_bytes(), 23U);
  EXPECT_EQ(memory.queued_bytes(), 23U);
  EXPECT_EQ(outbox.wrote(memory, 23), 1U);
  EXPECT_TRUE(outbox.is_empty());
  expect_empty(memory);
}

TEST(Outbox, CompletesADeliveryWithItsLastByte) {
  OutboxMemory memory;
  Outbox outbox;
  outbox.push_copy(memory, {as_bytes("one\n")}, ada);
  outbox.push_copy(memory, {as_bytes("answer\n")});
  outbox.push_copy(memory, {as_bytes("two\n")}, bob);
  EXPECT_EQ(outbox.pending_deliveries(), 2U);
  EXPECT_EQ(outbox.wrote(memory, 3), 0U);
  EXPECT_EQ(outbox.pending_deliveries(), 2U);
  EXPECT_EQ(outbox.wrote(memory, 1), 1U);
  EXPECT_EQ(outbox.pending_deliveries(), 1U);
  EXPECT_EQ(outbox.wrote(memory, 7), 0U) << "an answer is no delivery";
  EXPECT_EQ(outbox.wrote(memory, 0), 0U);
  EXPECT_EQ(outbox.wrote(memory, 4), 1U);
  EXPECT_EQ(outbox.pending_deliveries(), 0U);
  expect_empty(memory);
}

TEST(Outbox, CountsAllDeliveriesThatOneWriteCompletes) {
  OutboxMemory memory;
  Outbox outbox;
  // More of them than stand in one block of records.
  for (int number = 0; number < 100; ++number) outbox.push_copy(memory, {as_bytes("x\n")}, ada);
  EXPECT_EQ(outbox.wrote(memory, 199), 99U);
  EXPECT_EQ(content_of(outbox, memory), "\n");
  EXPECT_EQ(outbox.wrote(memory, 1), 1U);
  expect_empty(memory);
}

TEST(Outbox, FailsItsPendingDeliveriesInOrderWhenItIsDropped) {
  OutboxMemory memory;
  Outbox outbox;
  outbox.push_copy(memory, {as_bytes("one\n")}, ada);
  outbox.push_copy(memory, {as_bytes("two\n")}, bob);
  outbox.push_copy(memory, {as_bytes("answer\n")});
  outbox.push_copy(memory, {as_bytes("three\n")}, ada);
  EXPECT_EQ(outbox.wrote(memory, 6), 1U) << "the second one is half written, and so not delivered";
  EXPECT_THAT(drop(outbox, memory), ElementsAre(bob, ada));
  EXPECT_TRUE(outbox.is_empty());
  EXPECT_EQ(outbox.pending_deliveries(), 0U);
  EXPECT_THAT(drop(outbox, memory), IsEmpty());
  expect_empty(memory);

  outbox.push_copy(memory, {as_bytes("again\n")}, ada);
  EXPECT_EQ(content_of(outbox, memory), "again\n") << "it is as good as new";
  EXPECT_EQ(outbox.wrote(memory, 6), 1U);
  expect_empty(memory);
}

TEST(Outbox, HoldsAShareInWhatOthersHoldToo) {
  OutboxMemory memory;
  std::array<Outbox, 3> outboxes;
  const SharedText text = memory.share({as_bytes("from Ada: "), as_bytes("hi\n")}, 3, ada);
  for (Outbox& outbox : outboxes) outbox.push_shared(memory, text);
  for (const Outbox& outbox : outboxes) {
    EXPECT_EQ(content_of(outbox, memory), "from Ada: hi\n");
    EXPECT_EQ(outbox.queued_bytes(), 13U);
    EXPECT_EQ(outbox.pending_deliveries(), 1U);
  }
  EXPECT_EQ(slices_of(outboxes[0], memory).size(), 1U);
  EXPECT_EQ(memory.queued_bytes(), 13U) << "it counts once";

  EXPECT_EQ(outboxes[0].wrote(memory, 13), 1U);
  EXPECT_EQ(outboxes[1].wrote(memory, 5), 0U);
  EXPECT_EQ(memory.queued_bytes(), 13U) << "as long as anyone holds it";
  EXPECT_EQ(content_of(outboxes[1], memory), "Ada: hi\n");
  EXPECT_EQ(content_of(outboxes[2], memory), "from Ada: hi\n");
  EXPECT_THAT(drop(outboxes[2], memory), ElementsAre(ada));
  EXPECT_EQ(memory.queued_bytes(), 13U);
  EXPECT_EQ(outboxes[1].wrote(memory, 8), 1U);
  expect_empty(memory);
}

TEST(Outbox, HoldsASharedLineThatIsNoDelivery) {
  OutboxMemory memory;
  Outbox outbox;
  outbox.push_shared(memory, memory.share({as_bytes("* Ada left #a\n")}, 1));
  EXPECT_EQ(outbox.pending_deliveries(), 0U);
  EXPECT_THAT(drop(outbox, memory), IsEmpty());
  expect_empty(memory);
}

TEST(Outbox, HoldsABatchOfSharesAsOneSliceForEachPage) {
  OutboxMemory memory;
  std::array<Outbox, 2> outboxes;
  std::string all;
  for (int number = 10; number < 80; ++number) {
    const std::string text = "text " + std::to_string(number) + ",";
    const SharedText shared = memory.share({as_bytes(text)}, 2, number % 2 == 0 ? ada : bob);
    // Another series does not lie between.
    outboxes[1].push_shared(memory, memory.share({as_bytes("other")}, 1, {}, 1));
    for (Outbox& outbox : outboxes) outbox.push_shared(memory, shared);
    all += text;
  }
  EXPECT_EQ(content_of(outboxes[0], memory), all);
  EXPECT_THAT(slices_of(outboxes[0], memory),
              ElementsAre(all.substr(0, 256), all.substr(256, 256), all.substr(512)));
  EXPECT_EQ(outboxes[0].wrote(memory, 7), 0U);
  EXPECT_EQ(outboxes[0].wrote(memory, 10), 2U) << "within a piece too";
  EXPECT_EQ(outboxes[0].wrote(memory, 256), 32U) << "across pages";
  EXPECT_EQ(content_of(outboxes[0], memory), all.substr(273));
  EXPECT_EQ(outboxes[0].pending_deliveries(), 36U);
  const std::vector<ConnectionId> failed = drop(outboxes[0], memory);
  ASSERT_EQ(failed.size(), 36U);
  EXPECT_EQ(failed.front(), ada);
  EXPECT_EQ(failed.back(), bob);
  EXPECT_EQ(memory.queued_bytes(), 70U * (8 + 5)) << "the other one holds all of it";
  EXPECT_EQ(drop(outboxes[1], memory).size(), 70U);
  expect_empty(memory);
}

TEST(Outbox, MayHoldSeveralSharesOfOneText) {
  OutboxMemory memory;
  Outbox outbox;
  const SharedText text = memory.share({as_bytes("ab")}, 2);
  outbox.push_shared(memory, text);
  outbox.push_shared(memory, text);
  EXPECT_EQ(content_of(outbox, memory), "abab");
  EXPECT_EQ(outbox.wrote(memory, 3), 0U);
  EXPECT_EQ(content_of(outbox, memory), "b");
  EXPECT_EQ(outbox.wrote(memory, 1), 0U);
  expect_empty(memory);
}

TEST(Outbox, KeepsCopiesAndSharesInOrder) {
  OutboxMemory memory;
  Outbox outbox;
  outbox.push_copy(memory, {as_bytes("one ")});
  outbox.push_copy(memory, {as_bytes("two ")});
  outbox.push_shared(memory, memory.share({as_bytes("three ")}, 1));
  outbox.push_copy(memory, {as_bytes("four ")});
  outbox.push_shared(memory, memory.share({as_bytes("five ")}, 1));
  outbox.push_shared(memory, memory.share({as_bytes("six")}, 1));
  EXPECT_THAT(slices_of(outbox, memory), ElementsAre("one two ", "three ", "four ", "five six"));
  EXPECT_THAT(slices_of(outbox, memory, 3), ElementsAre("one two ", "three ", "four "));
  EXPECT_THAT(slices_of(outbox, memory, 1), ElementsAre("one two "));
  EXPECT_THAT(slices_of(outbox, memory, 0), IsEmpty());
  EXPECT_THAT(drop(outbox, memory), IsEmpty());
  expect_empty(memory);
}

TEST(Outbox, ReadsOnInTheMiddleOfAnyPiece) {
  OutboxMemory memory;
  const std::string all = "one two three four ";
  for (std::size_t written = 0; written <= all.size(); ++written) {
    Outbox outbox;
    outbox.push_copy(memory, {as_bytes("one ")}, ada);
    outbox.push_shared(memory, memory.share({as_bytes("two "), as_bytes("three ")}, 1, ada));
    outbox.push_copy(memory, {as_bytes("four ")}, ada);
    const std::uint32_t completed = outbox.wrote(memory, written);
    EXPECT_EQ(content_of(outbox, memory), all.substr(written));
    EXPECT_EQ(completed,
              (written >= 4 ? 1U : 0U) + (written >= 14 ? 1U : 0U) + (written >= 19 ? 1U : 0U));
    EXPECT_EQ(drop(outbox, memory).size(), 3 - completed);
    expect_empty(memory);
  }
}

TEST(Outbox, CrossesBlockBoundariesUnharmed) {
  for (const bool is_shared : {false, true}) {
    for (const std::size_t size :
         {block - 1, block, block + 1, 2 * block - 1, 2 * block, 2 * block + 1, 5 * block + 7}) {
      OutboxMemory memory;
      Outbox outbox;
      const std::string text = pattern(size);
      if (is_shared) {
        outbox.push_shared(memory, memory.share({as_bytes(text)}, 1, ada));
      } else {
        outbox.push_copy(memory, {as_bytes(text)}, ada);
      }
      EXPECT_EQ(slices_of(outbox, memory).size(), (size + block - 1) / block) << size;
      EXPECT_EQ(content_of(outbox, memory), text);
      std::size_t written = 0;
      for (const std::size_t part : {std::size_t{1}, block - 2, std::size_t{1}}) {
        if (written + part > size) break;
        EXPECT_EQ(outbox.wrote(memory, part), written + part == size ? 1U : 0U);
        written += part;
        EXPECT_EQ(content_of(outbox, memory), text.substr(written)) << size << " " << written;
      }
      EXPECT_EQ(drop(outbox, memory).size(), written == size ? 0U : 1U);
      expect_empty(memory);
    }
  }
}

TEST(Outbox, FillsEverySliceItIsGivenAsFarAsThereIsSomething) {
  OutboxMemory memory;
  Outbox outbox;
  const std::string text = pattern(3 * block);
  outbox.push_copy(memory, {as_bytes(text)});
  outbox.push_shared(memory, memory.share({as_bytes(text)}, 1));
  outbox.push_copy(memory, {as_bytes("end")});
  for (std::size_t slices_max = 0; slices_max <= 9; ++slices_max) {
    const auto slices = slices_of(outbox, memory, slices_max);
    EXPECT_EQ(slices.size(), std::min<std::size_t>(slices_max, 7));
    const std::string joined = std::accumulate(slices.begin(), slices.end(), std::string{});
    EXPECT_EQ(joined, (text + text + "end").substr(0, joined.size()));
  }
  EXPECT_EQ(outbox.wrote(memory, 6 * block + 3), 0U);
  expect_empty(memory);
}

TEST(Outbox, IsAValueTogetherWithItsMemory) {
  OutboxMemory memory;
  Outbox outbox;
  outbox.push_copy(memory, {as_bytes("one ")}, ada);
  outbox.push_shared(memory, memory.share({as_bytes("two")}, 1, bob));
  OutboxMemory copied_memory = memory;
  Outbox copy = outbox;
  EXPECT_EQ(outbox.wrote(memory, 7), 2U);
  expect_empty(memory);
  EXPECT_EQ(content_of(copy, copied_memory), "one two");
  EXPECT_THAT(drop(copy, copied_memory), ElementsAre(ada, bob));
  expect_empty(copied_memory);
}

TEST(Outbox, TellsInItsDigestWhatIsQueuedFromWhom) {
  OutboxMemory memory;
  const auto digest = [&](std::string_view text, ConnectionId sender, std::size_t written) {
    Outbox outbox;
    outbox.push_copy(memory, {as_bytes(text)}, sender);
    EXPECT_EQ(outbox.wrote(memory, written), 0U);
    const std::uint64_t value = digest_of(outbox, memory);
    drop(outbox, memory);
    return value;
  };
  EXPECT_EQ(digest("abc", ada, 0), digest("abc", ada, 0));
  EXPECT_NE(digest("abc", ada, 0), digest("abd", ada, 0));
  EXPECT_NE(digest("abc", ada, 0), digest("abc", bob, 0));
  EXPECT_NE(digest("abc", ada, 0), digest("abc", ConnectionId{}, 0));
  EXPECT_NE(digest("abc", ada, 1), digest("bc", ada, 0));
  EXPECT_EQ(digest("abc", ada, 1), digest("xbc", ada, 1)) << "what is written is gone";
  expect_empty(memory);
}

TEST(OutboxDeathTest, HasNoEmptyPiecesNorSharesAmongNobodyNorWritesWhatIsNotThere) {
  OutboxMemory memory;
  Outbox outbox;
  EXPECT_DEATH(outbox.push_copy(memory, {as_bytes("")}), "count > 0");
  EXPECT_DEATH(static_cast<void>(memory.share({as_bytes("abc")}, 0)), "holders > 0");
  outbox.push_copy(memory, {as_bytes("abc")});
  EXPECT_DEATH(static_cast<void>(outbox.wrote(memory, 4)), "queued_bytes_");
  EXPECT_THAT(drop(outbox, memory), IsEmpty());
  expect_empty(memory);
}

// --- Against a model ---------------------------------------------------------------------------

constexpr std::size_t outbox_count = 3;

struct Step {
  enum class Kind : std::uint8_t { push_copy, push_shared, wrote, gather, drop };
  Kind kind;
  std::size_t outbox;
  std::size_t size;             // of what is pushed
  std::size_t share;            // percent of the queue that is written; slices to gather
  std::optional<bool> is_from;  // no delivery; one from Ada; one from Bob
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  constexpr std::string_view words[] = {"push_copy", "push_shared", "wrote", "gather", "drop"};
  return out << words[static_cast<std::size_t>(step.kind)] << " outbox " << step.outbox << " size "
             << step.size << " share " << step.share;
}

rc::Gen<Step> steps() {
  using Kind = Step::Kind;
  return rc::gen::construct<Step>(
      rc::gen::weightedElement<Kind>({{6, Kind::push_copy},
                                      {4, Kind::push_shared},
                                      {5, Kind::wrote},
                                      {2, Kind::gather},
                                      {1, Kind::drop}}),
      rc::gen::inRange<std::size_t>(0, outbox_count),
      rc::gen::weightedOneOf<std::size_t>(
          {{5, rc::gen::inRange<std::size_t>(1, 40)},
           {1, rc::gen::inRange<std::size_t>(block - 2, block + 3)},
           {1, rc::gen::inRange<std::size_t>(2 * block - 2, 2 * block + 3)}}),
      rc::gen::inRange<std::size_t>(0, 101),
      rc::gen::element(std::optional<bool>{}, std::optional{false}, std::optional{true}));
}

// A piece of one outbox, and what is left of it. What it shares, others point at too.
struct ModelPiece {
  std::shared_ptr<const std::string> text;
  std::size_t written = 0;
  bool is_shared = false;
  ConnectionId sender;

  [[nodiscard]] std::string_view left() const { return std::string_view{*text}.substr(written); }
};

struct ModelOutbox {
  std::deque<ModelPiece> pieces;

  [[nodiscard]] std::string content() const {
    std::string content;
    for (const ModelPiece& piece : pieces) content += piece.left();
    return content;
  }
  [[nodiscard]] std::uint32_t deliveries() const {
    return static_cast<std::uint32_t>(
        std::count_if(pieces.begin(), pieces.end(),
                      [](const ModelPiece& piece) { return piece.sender.slot != no_slot; }));
  }
  std::uint32_t wrote(std::size_t bytes) {
    const std::uint32_t before = deliveries();
    while (bytes > 0) {
      ModelPiece& piece = pieces.front();
      const std::size_t part = std::min(bytes, piece.left().size());
      piece.written += part;
      bytes -= part;
      if (piece.left().empty()) pieces.pop_front();
    }
    return before - deliveries();
  }
};

std::size_t queued_in_all(const std::array<ModelOutbox, outbox_count>& models) {
  std::size_t sum = 0;
  std::vector<const std::string*> shared;
  for (const ModelOutbox& model : models) {
    for (const ModelPiece& piece : model.pieces) {
      if (piece.is_shared) {
        shared.push_back(piece.text.get());
      } else {
        sum += piece.left().size();
      }
    }
  }
  std::sort(shared.begin(), shared.end());
  shared.erase(std::unique(shared.begin(), shared.end()), shared.end());
  for (const std::string* text : shared) sum += text->size();
  return sum;
}

// The digest of a queue made of copies only, in a memory of its own.
std::uint64_t digest_of(const ModelOutbox& model) {
  OutboxMemory memory;
  Outbox outbox;
  for (const ModelPiece& piece : model.pieces) {
    outbox.push_copy(memory, {as_bytes(*piece.text)}, piece.sender);
  }
  if (!model.pieces.empty()) {
    RC_ASSERT(outbox.wrote(memory, model.pieces.front().written) == 0U);
  }
  const std::uint64_t digest = digest_of(outbox, memory);
  drop(outbox, memory);
  return digest;
}

RC_GTEST_PROP(Outbox, HoldsWhatStringsHoldAfterAnySequenceOfSteps, ()) {
  OutboxMemory memory;
  std::array<Outbox, outbox_count> outboxes;
  std::array<ModelOutbox, outbox_count> models;
  char next = 'a';
  const auto story = *rc::gen::container<std::vector<Step>>(steps());
  for (const Step& step : story) {
    Outbox& outbox = outboxes[step.outbox];
    ModelOutbox& model = models[step.outbox];
    const ConnectionId sender = step.is_from ? (*step.is_from ? bob : ada) : ConnectionId{};
    const auto text = std::make_shared<const std::string>(pattern(step.size, ++next));
    const Bytes bytes = as_bytes(*text);
    const std::size_t half = bytes.size() / 2;
    switch (step.kind) {
      case Step::Kind::push_copy:
        outbox.push_copy(memory, {bytes.first(half), bytes.subspan(half)}, sender);
        model.pieces.push_back({.text = text, .sender = sender});
        break;
      case Step::Kind::push_shared: {
        // Shared by all but one, or by all.
        std::vector<std::size_t> holders;
        for (std::size_t number = 0; number < outbox_count; ++number) {
          if (step.share % 2 == 0 || number != step.outbox) holders.push_back(number);
        }
        const SharedText shared = memory.share({bytes.first(half), bytes.subspan(half)},
                                               static_cast<std::uint32_t>(holders.size()), sender,
                                               step.share % OutboxMemory::series_count);
        for (const std::size_t holder : holders) {
          outboxes[holder].push_shared(memory, shared);
          models[holder].pieces.push_back({.text = text, .is_shared = true, .sender = sender});
        }
        break;
      }
      case Step::Kind::wrote: {
        const std::size_t written = outbox.queued_bytes() * step.share / 100;
        RC_ASSERT(outbox.wrote(memory, written) == model.wrote(written));
        break;
      }
      case Step::Kind::gather: {
        const std::size_t slices_max = step.share % 10;
        const auto slices = slices_of(outbox, memory, slices_max);
        const std::string joined = std::accumulate(slices.begin(), slices.end(), std::string{});
        RC_ASSERT(model.content().starts_with(joined));
        RC_ASSERT((slices.size() == slices_max || joined.size() == outbox.queued_bytes()));
        RC_ASSERT(std::none_of(slices.begin(), slices.end(),
                               [](const std::string& slice) { return slice.empty(); }));
        break;
      }
      case Step::Kind::drop: {
        std::vector<ConnectionId> senders;
        for (const ModelPiece& piece : model.pieces) {
          if (piece.sender.slot != no_slot) senders.push_back(piece.sender);
        }
        RC_ASSERT((drop(outbox, memory) == senders));
        model.pieces.clear();
        break;
      }
    }
    for (std::size_t number = 0; number < outbox_count; ++number) {
      const std::string content = models[number].content();
      RC_ASSERT(content_of(outboxes[number], memory) == content);
      RC_ASSERT(outboxes[number].queued_bytes() == content.size());
      RC_ASSERT(outboxes[number].is_empty() == content.empty());
      RC_ASSERT(outboxes[number].pending_deliveries() == models[number].deliveries());
      RC_ASSERT(digest_of(outboxes[number], memory) == digest_of(models[number]));
    }
    RC_ASSERT(memory.queued_bytes() == queued_in_all(models));
  }
  for (std::size_t number = 0; number < outbox_count; ++number) {
    RC_ASSERT(drop(outboxes[number], memory).size() == models[number].deliveries());
  }
  RC_ASSERT(memory.queued_bytes() == 0U);
  RC_ASSERT(memory.used_blocks() == 0U);
}

}  // namespace
}  // namespace lastword
