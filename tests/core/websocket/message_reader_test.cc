#include "core/websocket/message_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "tests/core/websocket/client_bytes.h"
#include "tests/core/websocket/listener.h"

namespace lastword::websocket {
namespace {

using test::big_endian;
using test::binary;
using test::close_frame;
using test::closing;
using test::deflated;
using test::fin;
using test::frame;
using test::header;
using test::Listener;
using test::more;
using test::ping;
using test::pong;
using test::rsv1;
using test::Shown;
using test::text;
using test::violated;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t roomy = 1000;

std::vector<std::byte> to_chunk(std::string_view bytes) {
  return {as_bytes(bytes).begin(), as_bytes(bytes).end()};
}

// What a reader that has nothing more to say is like.
std::uint64_t digest_when_stopped() {
  Listener listener{roomy};
  listener.clear();
  return listener.digest();
}

void expect_over(Listener& listener) {
  EXPECT_EQ(listener.held_bytes(), 0U);
  EXPECT_EQ(listener.digest(), digest_when_stopped());
  EXPECT_THAT(listener.read(frame(fin | text, "late") + close_frame(1000)), IsEmpty());
  EXPECT_EQ(listener.held_bytes(), 0U);
  EXPECT_FALSE(listener.is_in_message());
}

// Buffers that wait; a reader that holds one has taken one of them.
void put_buffers(Listener& listener, std::size_t count) {
  for (std::size_t number = 0; number < count; ++number) {
    std::vector<std::byte> buffer;
    buffer.reserve(64);
    listener.spare_buffers().give_back(buffer);
  }
}

// --- Messages ----------------------------------------------------------------------------------

TEST(MessageReader, ShowsEachMessageAndControlFrameInOrder) {
  Listener listener{roomy};
  EXPECT_THAT(listener.read(frame(fin | text, "one") + frame(fin | ping, "p") +
                            frame(fin | binary, "\xFF\n\r") + frame(fin | pong, "") +
                            frame(fin | text, "") + close_frame(1000, "bye")),
              ElementsAre("message one", "ping p", "message \xFF\n\r", "pong ", "message ",
                          "close 1000 bye"));
  expect_over(listener);
}

TEST(MessageReader, UnmasksAWholeMessageWhereItLiesAndCopiesNothing) {
  Listener listener{roomy};
  put_buffers(listener, 3);
  for (const unsigned kind : {text, binary, ping, pong}) {
    const std::string payload(100, 'x');
    std::vector<std::byte> chunk = to_chunk(frame(fin | kind, payload) + frame(fin | kind, "two"));
    listener.reader().feed(chunk);
    for (const std::size_t place : {6U, 112U}) {
      const auto item = listener.reader().front(listener.reading());
      ASSERT_TRUE(item);
      EXPECT_EQ(item->bytes.data(), chunk.data() + place);
      EXPECT_EQ(as_text(item->bytes), place == 6 ? payload : "two");
      listener.reader().pop(listener.reading());
    }
    listener.reader().keep(listener.reading());
    EXPECT_EQ(listener.spare_buffers().count(), 3U) << "no buffer was ever needed";
  }
  std::vector<std::byte> chunk = to_chunk(close_frame(1001, "bye"));
  listener.reader().feed(chunk);
  const auto item = listener.reader().front(listener.reading());
  ASSERT_TRUE(item);
  EXPECT_EQ(item->bytes.data(), chunk.data() + 8);
  EXPECT_EQ(listener.held_bytes(), 0U);
  listener.reader().pop(listener.reading());
}

TEST(MessageReader, ShowsAMessageThatWasHeldWholeWhereItIsHeld) {
  Listener listener{roomy};
  put_buffers(listener, 3);
  EXPECT_THAT(listener.read(frame(fin | text, "first") + frame(fin | text, "second"), 0),
              IsEmpty());
  EXPECT_EQ(listener.spare_buffers().count(), 2U);
  const auto first = listener.reader().front(listener.reading());
  ASSERT_TRUE(first);
  const std::byte* const place = first->bytes.data();
  listener.reader().pop(listener.reading());
  const auto second = listener.reader().front(listener.reading());
  ASSERT_TRUE(second);
  EXPECT_EQ(second->bytes.data(), place + 5 + 6);
  listener.reader().pop(listener.reading());
  listener.reader().keep(listener.reading());
  EXPECT_EQ(listener.spare_buffers().count(), 3U);
  EXPECT_EQ(listener.held_bytes(), 0U);
}

TEST(MessageReader, PutsFragmentsTogetherAndShowsControlFramesBetweenThem) {
  Listener listener{roomy};
  EXPECT_THAT(listener.read(frame(text, "one ")), IsEmpty());
  EXPECT_TRUE(listener.is_in_message());
  EXPECT_THAT(listener.read(frame(fin | ping, "now?")), ElementsAre("ping now?"));
  EXPECT_TRUE(listener.is_in_message());
  EXPECT_EQ(listener.held_bytes(), 4U);
  EXPECT_THAT(listener.read(frame(more, "two ") + frame(fin | pong, "") + frame(more, "")),
              ElementsAre("pong "));
  EXPECT_TRUE(listener.is_in_message());
  EXPECT_EQ(listener.held_bytes(), 8U);
  EXPECT_THAT(listener.read(frame(fin | more, "three") + frame(fin | binary, "next")),
              ElementsAre("message one two three", "message next"));
  EXPECT_FALSE(listener.is_in_message());
  EXPECT_EQ(listener.held_bytes(), 0U);
}

TEST(MessageReader, TakesEmptyFragmentsAnywhere) {
  Listener listener{roomy};
  EXPECT_THAT(listener.read(frame(text, "") + frame(fin | more, "a")), ElementsAre("message a"));
  EXPECT_THAT(listener.read(frame(text, "b") + frame(fin | more, "")), ElementsAre("message b"));
  EXPECT_THAT(listener.read(frame(binary, "") + frame(more, "") + frame(fin | more, "")),
              ElementsAre("message "));
  EXPECT_THAT(listener.read(frame(text, "") + frame(more, "c") + frame(fin | more, "")),
              ElementsAre("message c"));
  EXPECT_EQ(listener.held_bytes(), 0U);
}

TEST(MessageReader, IsWithinAMessageFromTheEndOfItsFirstFrameToTheEndOfItsLast) {
  Listener listener{roomy};
  const std::string stream = frame(text, "ab") + frame(fin | more, "cd");
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    listener.read(stream.substr(size - 1, 1));
    EXPECT_EQ(listener.is_in_message(), size >= 8 && size < 16) << size;
  }
}

TEST(MessageReader, HoldsWhatIsNotWholeAndNothingElse) {
  Listener listener{roomy};
  const std::string stream = frame(fin | text, "hello");
  for (std::size_t size = 1; size < stream.size(); ++size) {
    EXPECT_THAT(listener.read(stream.substr(size - 1, 1)), IsEmpty());
    EXPECT_EQ(listener.held_bytes(), size < 6 ? size : size - 6) << "the header is not kept";
  }
  EXPECT_THAT(listener.read(stream.substr(stream.size() - 1)), ElementsAre("message hello"));
  EXPECT_EQ(listener.held_bytes(), 0U);
}

TEST(MessageReader, AllocatesNothingForWhatIsOnlyAnnounced) {
  Listener listener{std::size_t{1} << 62U};
  EXPECT_THAT(listener.read(header(binary, std::uint64_t{1} << 61U)), IsEmpty());
  EXPECT_EQ(listener.held_bytes(), 0U);
  EXPECT_THAT(listener.read("abc"), IsEmpty());
  EXPECT_EQ(listener.held_bytes(), 3U);
  listener.clear();
}

TEST(MessageReader, TakesAnEmptyChunkForNothing) {
  Listener listener{roomy};
  const std::uint64_t fresh = listener.digest();
  EXPECT_THAT(listener.read(""), IsEmpty());
  EXPECT_EQ(listener.digest(), fresh);
  EXPECT_THAT(listener.read(frame(fin | text, "one").substr(0, 7)), IsEmpty());
  EXPECT_THAT(listener.read(""), IsEmpty());
  EXPECT_THAT(listener.read(frame(fin | text, "one").substr(7)), ElementsAre("message one"));
}

// --- Untaken -----------------------------------------------------------------------------------

TEST(MessageReader, ShowsTheSameItemUntilItIsTaken) {
  struct Example {
    std::string stream;
    std::string seen;
  };
  const std::vector<Example> examples{
      {.stream = frame(fin | text, "one"), .seen = "message one"},
      {.stream = frame(fin | text, ""), .seen = "message "},
      {.stream = frame(text, "on") + frame(fin | more, "e"), .seen = "message one"},
      {.stream = frame(fin | ping, "one"), .seen = "ping one"},
      {.stream = frame(text, "held") + frame(fin | pong, ""), .seen = "pong "},
      {.stream = close_frame(1000, "bye"), .seen = "close 1000 bye"},
      {.stream = frame(fin | closing, ""), .seen = "close 0 "},
      {.stream = frame(fin | more, "x"), .seen = violated(Violation::stray_continuation)},
  };
  for (const Example& example : examples) {
    for (std::size_t cut = 0; cut <= example.stream.size(); ++cut) {
      Listener listener{roomy};
      listener.look(example.stream.substr(0, cut));
      EXPECT_EQ(listener.look(example.stream.substr(cut)), example.seen);
      EXPECT_EQ(listener.look(), example.seen) << "its bytes outlive the chunk";
      const bool is_last = example.seen.starts_with("close") || example.seen.starts_with("viol");
      EXPECT_EQ(listener.look(frame(fin | ping, "next")), example.seen);
      const Shown shown = listener.go_on();
      if (is_last) {
        EXPECT_THAT(shown, ElementsAre(example.seen)) << cut;
        expect_over(listener);
      } else {
        EXPECT_THAT(shown, ElementsAre(example.seen, "ping next")) << cut;
        EXPECT_EQ(listener.held_bytes(), listener.is_in_message() ? 4U : 0U);
      }
    }
  }
}

TEST(MessageReader, KeepsWhatNobodyTook) {
  Listener listener{roomy};
  EXPECT_THAT(listener.read(frame(fin | text, "one") + frame(fin | text, "two"), 1),
              ElementsAre("message one"));
  EXPECT_EQ(listener.held_bytes(), 9U) << "as it came";
  EXPECT_THAT(listener.read(frame(fin | ping, "") + "\x81", 0), IsEmpty());
  EXPECT_EQ(listener.held_bytes(), 16U);
  EXPECT_THAT(listener.go_on(1), ElementsAre("message two"));
  EXPECT_THAT(listener.read(frame(fin | text, "three").substr(1, 6), 1), ElementsAre("ping "));
  EXPECT_THAT(listener.go_on(), IsEmpty());
  EXPECT_THAT(listener.read(frame(fin | text, "three").substr(7)), ElementsAre("message three"));
  EXPECT_EQ(listener.held_bytes(), 0U);
}

TEST(MessageReader, GoesFromWhatItHeldOnIntoTheChunk) {
  const std::string stream = frame(fin | text, "one") + frame(fin | text, "two") +
                             frame(text, "th") + frame(fin | more, "ree") + frame(fin | ping, "p");
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Listener listener{roomy};
    EXPECT_THAT(listener.read(stream.substr(0, cut), 0), IsEmpty());
    EXPECT_EQ(listener.held_bytes(), cut);
    EXPECT_THAT(listener.read(stream.substr(cut)),
                ElementsAre("message one", "message two", "message three", "ping p"))
        << cut;
    EXPECT_EQ(listener.held_bytes(), 0U);
  }
}

// --- Closes ------------------------------------------------------------------------------------

TEST(MessageReader, ShowsTheCodeAndTheReasonOfAClose) {
  struct Example {
    std::string payload;
    std::string seen;
  };
  const std::string longest(123, 'r');
  for (const Example& example : {
           Example{.payload = "", .seen = "close 0 "},
           Example{.payload = big_endian(1000, 2), .seen = "close 1000 "},
           Example{.payload = big_endian(4999, 2) + "b", .seen = "close 4999 b"},
           Example{.payload = big_endian(3000, 2) + "gr\xC3\xBC\xC3\x9F",
                   .seen = "close 3000 gr\xC3\xBC\xC3\x9F"},
           Example{.payload = big_endian(1001, 2) + longest, .seen = "close 1001 " + longest},
           Example{.payload = "\x03", .seen = violated(Violation::bad_close_size)},
           Example{.payload = big_endian(999, 2), .seen = violated(Violation::bad_close_code)},
           Example{.payload = big_endian(1005, 2), .seen = violated(Violation::bad_close_code)},
           Example{.payload = big_endian(1015, 2) + "x",
                   .seen = violated(Violation::bad_close_code)},
           Example{.payload = big_endian(5000, 2), .seen = violated(Violation::bad_close_code)},
           Example{.payload = big_endian(0, 2), .seen = violated(Violation::bad_close_code)},
           Example{.payload = big_endian(1000, 2) + "\xC3",
                   .seen = violated(Violation::bad_close_reason)},
           Example{.payload = big_endian(1000, 2) + "a\xFF",
                   .seen = violated(Violation::bad_close_reason)},
       }) {
    Listener listener{roomy};
    const std::string stream = frame(text, "held") + frame(fin | closing, example.payload);
    EXPECT_THAT(listener.read(stream + frame(fin | ping, "late")), ElementsAre(example.seen));
    expect_over(listener);
  }
}

TEST(MessageReader, JudgesEveryCloseCodeAsItsHeaderSays) {
  for (unsigned code = 0; code <= 0xFFFF; ++code) {
    Listener listener{roomy};
    const Shown shown = listener.read(close_frame(code));
    ASSERT_EQ(shown.size(), 1U);
    const bool is_good = is_sendable(static_cast<std::uint16_t>(code));
    ASSERT_EQ(shown.front(), is_good ? "close " + std::to_string(code) + " "
                                     : violated(Violation::bad_close_code));
  }
}

TEST(MessageReader, GivesTheCodeOfItsOwnCloseOnly) {
  // A violation has no code, nor has a message.
  Listener listener{roomy};
  std::vector<std::byte> chunk = to_chunk(close_frame(1016));
  listener.reader().feed(chunk);
  const auto item = listener.reader().front(listener.reading());
  ASSERT_TRUE(item);
  EXPECT_EQ(item->kind, MessageReader::Kind::violation);
  EXPECT_EQ(item->code, 0);
  EXPECT_TRUE(item->bytes.empty());
  listener.reader().pop(listener.reading());
  expect_over(listener);
}

// --- Violations --------------------------------------------------------------------------------

TEST(MessageReader, ShowsWhatCameBeforeAViolationAndNothingBehindIt) {
  struct Example {
    std::string bytes;
    Violation violation{};
  };
  const std::vector<Example> examples{
      {.bytes = frame(fin | rsv1 | text, "x"), .violation = Violation::reserved_bits},
      {.bytes = frame(fin | 0x20U | ping, "x"), .violation = Violation::reserved_bits},
      {.bytes = frame(fin | 0x3U, "x"), .violation = Violation::reserved_opcode},
      {.bytes = "\x81\x03"
                "abc",
       .violation = Violation::unmasked},
      {.bytes = frame(ping, "x"), .violation = Violation::fragmented_control},
      {.bytes = frame(fin | pong, std::string(126, 'x')), .violation = Violation::long_control},
      {.bytes = header(fin | text, 3, 2), .violation = Violation::not_minimal},
      {.bytes = header(fin | text, 300, 8), .violation = Violation::not_minimal},
      {.bytes = header(fin | text, UINT64_MAX, 8), .violation = Violation::huge_length},
      {.bytes = frame(more, "x"), .violation = Violation::stray_continuation},
      {.bytes = frame(text, "x") + frame(text, "y"), .violation = Violation::interleaved_message},
      {.bytes = frame(fin | text, "a\xFFz"), .violation = Violation::bad_text},
      {.bytes = frame(fin | text, "a\xC3"), .violation = Violation::bad_text},
      {.bytes = header(fin | text, roomy + 1), .violation = Violation::too_big},
      {.bytes = header(fin | binary, UINT64_MAX / 2), .violation = Violation::too_big},
  };
  for (const Example& example : examples) {
    Listener listener{roomy};
    const std::string stream = frame(fin | text, "good") + frame(fin | ping, "p") + example.bytes +
                               frame(fin | text, "late") + close_frame(1000);
    EXPECT_THAT(listener.read(stream),
                ElementsAre("message good", "ping p", violated(example.violation)));
    expect_over(listener);
  }
}

TEST(MessageReader, HoldsNothingOnceAViolationIsKnown) {
  Listener listener{roomy};
  put_buffers(listener, 3);
  EXPECT_EQ(listener.look(frame(text, "held") + frame(fin | 0x7U, "") + "and what follows"),
            violated(Violation::reserved_opcode));
  EXPECT_EQ(listener.held_bytes(), 0U);
  EXPECT_EQ(listener.spare_buffers().count(), 3U);
  EXPECT_EQ(listener.look("even more"), violated(Violation::reserved_opcode));
  EXPECT_EQ(listener.held_bytes(), 0U);
  EXPECT_THAT(listener.go_on(), ElementsAre(violated(Violation::reserved_opcode)));
  expect_over(listener);
}

// --- UTF-8 -------------------------------------------------------------------------------------

TEST(MessageReader, FailsAtTheByteThatIsNotUtf8) {
  Listener listener{roomy};
  EXPECT_THAT(listener.read(header(text, 500) + test::masked("abc")), IsEmpty());
  EXPECT_EQ(listener.read(test::masked("xxx\xFF").substr(3)).size(), 1U);
  expect_over(listener);
}

TEST(MessageReader, FollowsACodePointAcrossFragmentsAndControlFrames) {
  const std::string stream = frame(text, "\xF0\x9F") + frame(fin | ping, "\xFF\xFF") +
                             frame(more, "") + frame(more, "\x92") + frame(fin | more, "\xA9!");
  Listener listener{roomy};
  EXPECT_THAT(listener.read(stream + stream),
              ElementsAre("ping \xFF\xFF", "message \xF0\x9F\x92\xA9!", "ping \xFF\xFF",
                          "message \xF0\x9F\x92\xA9!"));

  Listener broken{roomy};
  EXPECT_THAT(broken.read(frame(text, "\xF0\x9F") + frame(more, "a") + frame(fin | more, "")),
              ElementsAre(violated(Violation::bad_text)));
  Listener unfinished{roomy};
  EXPECT_THAT(unfinished.read(frame(text, "\xF0\x9F") + frame(fin | more, "")),
              ElementsAre(violated(Violation::bad_text)));
}

TEST(MessageReader, TakesAnythingInABinaryMessageAndForgetsItBehindIt) {
  Listener listener{roomy};
  EXPECT_THAT(
      listener.read(frame(binary, "\xF0") + frame(fin | more, "\xFF") + frame(fin | text, "ok") +
                    frame(fin | binary, "\xC3") + frame(text, "") + frame(fin | more, "\xC3\xBC")),
      ElementsAre("message \xF0\xFF", "message ok", "message \xC3", "message \xC3\xBC"));
}

// --- Limits ------------------------------------------------------------------------------------

TEST(MessageReader, TakesAMessageUpToTheLimit) {
  for (const std::size_t limit : {1U, 125U, 126U, 300U}) {
    for (const std::size_t size : {limit - 1, limit, limit + 1}) {
      const std::string payload(size, 'x');
      const std::string seen = size > limit ? violated(Violation::too_big) : "message " + payload;
      Listener whole{limit};
      EXPECT_THAT(whole.read(frame(fin | text, payload)), ElementsAre(seen));
      for (std::size_t first = 0; first <= size; ++first) {
        const std::string start = frame(binary, payload.substr(0, first));
        const std::string end = frame(fin | more, payload.substr(first));
        Listener listener{limit};
        const Shown expected = first > limit ? Shown{seen} : Shown{"ping ", seen};
        EXPECT_EQ(listener.read(start + frame(fin | ping, "") + end), expected);
      }
    }
  }
}

TEST(MessageReader, ReportsWhatIsOverTheLimitWithItsHeader) {
  Listener listener{10};
  EXPECT_THAT(listener.read(frame(text, "1234567")), IsEmpty());
  EXPECT_THAT(listener.read(header(more, 4).substr(0, 1)), IsEmpty());
  EXPECT_THAT(listener.read(header(more, 4).substr(1, 1)),
              ElementsAre(violated(Violation::too_big)));
  expect_over(listener);
}

TEST(MessageReader, TakesOnlyEmptyMessagesAtALimitOfNone) {
  Listener listener{0};
  EXPECT_THAT(
      listener.read(frame(fin | text, "") + frame(fin | ping, "ping") + frame(fin | text, "x")),
      ElementsAre("message ", "ping ping", violated(Violation::too_big)));
}

// --- Compressed --------------------------------------------------------------------------------

TEST(MessageReader, InflatesACompressedMessageWholeAndInFragments) {
  const std::string payload(200, 'z');
  const std::string compressed = deflated(payload);
  for (std::size_t first = 0; first <= compressed.size(); ++first) {
    Listener listener{200, true};
    put_buffers(listener, 4);
    const Shown shown = listener.read(
        frame(rsv1 | text, compressed.substr(0, first)) + frame(fin | ping, "between") +
        frame(more, "") + frame(fin | more, compressed.substr(first)) + frame(fin | text, "plain") +
        frame(fin | rsv1 | binary, compressed));
    EXPECT_THAT(shown, ElementsAre("ping between", "message " + payload, "message plain",
                                   "message " + payload));
    EXPECT_EQ(listener.held_bytes(), 0U);
    EXPECT_EQ(listener.spare_buffers().count(), 4U);
  }
}

TEST(MessageReader, InflatesAnEmptyMessage) {
  for (const std::string_view compressed :
       {std::string_view{"\0", 1}, std::string_view{"\2\0", 2}}) {
    Listener listener{roomy, true};
    put_buffers(listener, 2);
    EXPECT_THAT(listener.read(frame(fin | rsv1 | text, compressed)), ElementsAre("message "));
    EXPECT_EQ(listener.held_bytes(), 0U);
    EXPECT_EQ(listener.spare_buffers().count(), 2U);
  }
}

TEST(MessageReader, SaysHowMuchWasInflated) {
  Listener listener{roomy, true};
  const std::string payload(300, 'z');
  std::vector<std::byte> chunk =
      to_chunk(frame(fin | rsv1 | text, deflated(payload)) + frame(fin | text, "plain") +
               frame(fin | rsv1 | text, deflated(payload + "\xFF")));
  listener.reader().feed(chunk);
  for (const std::size_t inflated_size : {300U, 0U, 301U}) {
    const auto item = listener.reader().front(listener.reading());
    ASSERT_TRUE(item);
    EXPECT_EQ(item->inflated_size, inflated_size);
    EXPECT_EQ(item->kind == MessageReader::Kind::violation, inflated_size == 301);
    listener.reader().pop(listener.reading());
  }
  expect_over(listener);
}

TEST(MessageReader, LimitsACompressedMessageInBothItsSizes) {
  for (const std::size_t size : {299U, 300U, 301U}) {
    const std::string payload(size, 'z');
    Listener listener{300, true};
    EXPECT_THAT(listener.read(frame(fin | rsv1 | text, deflated(payload))),
                ElementsAre(size > 300 ? violated(Violation::too_big) : "message " + payload));
  }
  // 300 + 300 / 8 + 64, with no more than its header.
  EXPECT_THAT(Listener(300, true).read(header(fin | rsv1 | text, 401)), IsEmpty());
  EXPECT_THAT(Listener(300, true).read(header(fin | rsv1 | text, 402)),
              ElementsAre(violated(Violation::too_big)));
  EXPECT_THAT(Listener(300, true).read(header(fin | text, 301)),
              ElementsAre(violated(Violation::too_big)));
  Listener fragmented{300, true};
  EXPECT_THAT(fragmented.read(frame(rsv1 | text, std::string(350, '\0')) + header(more, 51)),
              IsEmpty());
  Listener over{300, true};
  EXPECT_THAT(over.read(frame(rsv1 | text, std::string(350, '\0')) + header(more, 52)),
              ElementsAre(violated(Violation::too_big)));
}

TEST(MessageReader, TakesWhateverFitsAsStoredBlocksOfDeflate) {
  // No byte gets smaller: 5 bytes of header, and the payload as it is.
  const std::string payload(300, '\x7F');
  const std::string stored = std::string{"\0", 1} + "\x2C\x01" + "\xD3\xFE" + payload + '\0';
  Listener listener{300, true};
  EXPECT_THAT(listener.read(frame(fin | rsv1 | binary, stored)), ElementsAre("message " + payload));
}

TEST(MessageReader, RefusesDamagedCompression) {
  const std::string compressed = deflated(std::string(100, 'q'));
  for (const std::string& damaged :
       {std::string("\xFF\xFF\xFF"), "\x06" + compressed, compressed.substr(0, 2) + "\xFF\xFF"}) {
    Listener listener{roomy, true};
    EXPECT_THAT(listener.read(frame(fin | rsv1 | binary, damaged) + frame(fin | text, "late")),
                ElementsAre(violated(Violation::bad_compression)));
    expect_over(listener);
  }
  Listener not_text{roomy, true};
  EXPECT_THAT(not_text.read(frame(fin | rsv1 | text, deflated(std::string(50, '\xC3')))),
              ElementsAre(violated(Violation::bad_text)));
  Listener bytes{roomy, true};
  EXPECT_THAT(bytes.read(frame(fin | rsv1 | binary, deflated(std::string(50, '\xC3')))),
              ElementsAre("message " + std::string(50, '\xC3')));
}

TEST(MessageReader, TakesRsv1OnTheFirstFrameOfAMessageOnly) {
  for (const unsigned first : {rsv1 | more, fin | rsv1 | more, fin | rsv1 | ping}) {
    Listener listener{roomy, true};
    EXPECT_THAT(
        listener.read(frame(rsv1 | text, deflated(std::string(50, 'x'))) + frame(first, "")),
        ElementsAre(violated(Violation::reserved_bits)));
    expect_over(listener);
  }
}

// --- Looking for a close -----------------------------------------------------------------------

const std::string& long_stream() {
  static const std::string stream =
      frame(fin | text, "one") + frame(fin | ping, "ping") + frame(text, "frag") +
      frame(fin | pong, "pong") + frame(more, "men") + frame(fin | more, "ted") +
      frame(fin | rsv1 | text, deflated(std::string(60, 'c'))) + frame(rsv1 | binary, "\xFF") +
      frame(fin | more, "damaged") + frame(fin | binary, "") + frame(text, "open") +
      close_frame(1000, "bye") + frame(fin | ping, "late");
  return stream;
}

TEST(MessageReader, ShowsOnlyACloseOnceThatIsSought) {
  // What the stream violates, nobody takes the time to see.
  const std::string& stream = long_stream();
  const std::size_t end = stream.size() - frame(fin | ping, "late").size();
  for (std::size_t cut = 0; cut < end; ++cut) {
    for (const std::size_t taken : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
      Listener listener{100, true};
      put_buffers(listener, 3);
      listener.read(stream.substr(0, cut), taken);
      const std::size_t held = listener.held_bytes();
      listener.seek_close();
      EXPECT_LE(listener.held_bytes(), held);
      EXPECT_THAT(listener.read(stream.substr(cut)), ElementsAre("close 1000 bye"))
          << cut << ", taken " << taken;
      EXPECT_EQ(listener.spare_buffers().count(), 3U);
      expect_over(listener);

      Listener piecemeal{100, true};
      piecemeal.look(stream.substr(0, cut));
      piecemeal.seek_close();
      Shown shown = piecemeal.go_on();
      for (std::size_t place = cut; place < end; ++place) {
        test::append(shown, piecemeal.read(stream.substr(place, 1)));
        ASSERT_LE(piecemeal.held_bytes(), 13U) << "what is skipped is not held";
      }
      EXPECT_EQ(shown, Shown{"close 1000 bye"}) << cut;
    }
  }
}

TEST(MessageReader, DropsAShownItemWhenACloseIsSoughtButNotAClose) {
  for (const std::string& stream :
       {frame(fin | text, "one"), frame(text, "o") + frame(fin | more, "ne"),
        frame(fin | ping, "ping"), frame(text, "held") + frame(fin | pong, "")}) {
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      Listener listener{roomy};
      put_buffers(listener, 3);
      listener.look(stream.substr(0, cut));
      EXPECT_NE(listener.look(stream.substr(cut)), "");
      listener.seek_close();
      EXPECT_EQ(listener.held_bytes(), 0U);
      EXPECT_EQ(listener.spare_buffers().count(), 3U);
      EXPECT_EQ(listener.look(), "");
      EXPECT_THAT(listener.read(frame(fin | ping, "") + close_frame(1001)),
                  ElementsAre("close 1001 "));
      expect_over(listener);
    }
  }
  const std::string close = close_frame(1000, "bye");
  for (std::size_t cut = 0; cut <= close.size(); ++cut) {
    Listener listener{roomy};
    listener.look(frame(text, "held") + close.substr(0, cut));
    EXPECT_EQ(listener.look(close.substr(cut)), "close 1000 bye");
    listener.seek_close();
    EXPECT_EQ(listener.held_bytes(), 5U) << "the code and the reason";
    EXPECT_EQ(listener.look("more"), "close 1000 bye");
    EXPECT_THAT(listener.go_on(), ElementsAre("close 1000 bye"));
    expect_over(listener);
  }
  Listener violation{roomy};
  EXPECT_EQ(violation.look("\x83"), violated(Violation::reserved_opcode));
  violation.seek_close();
  EXPECT_THAT(violation.go_on(), ElementsAre(violated(Violation::reserved_opcode)));
  expect_over(violation);
}

TEST(MessageReader, SeeksACloseWithinTheFactInWhichItWasShownOthers) {
  Listener listener{roomy};
  std::vector<std::byte> chunk = to_chunk(frame(fin | text, "one") + frame(fin | text, "two") +
                                          frame(fin | ping, "p") + close_frame(1000));
  listener.reader().feed(chunk);
  ASSERT_TRUE(listener.reader().front(listener.reading()));
  listener.seek_close();
  EXPECT_THAT(listener.go_on(), ElementsAre("close 1000 "));
  expect_over(listener);
}

TEST(MessageReader, StillSeesViolationsOfTheFramingWhileItSeeksAClose) {
  for (const std::string& stream :
       {std::string{"\xB1"}, frame(more, ""), frame(text, "x") + frame(text, "y"), frame(ping, ""),
        close_frame(1005), frame(fin | closing, "x"), close_frame(1000, "\xFF"),
        header(fin | text, 1, 2), std::string{"\x81\x01"}}) {
    Listener listener{roomy};
    listener.seek_close();
    const Shown shown = listener.read(stream);
    ASSERT_EQ(shown.size(), 1U);
    EXPECT_TRUE(shown.front().starts_with("violation: ")) << shown.front();
    expect_over(listener);
  }
}

TEST(MessageReader, SkipsWhateverHasNoRoomWhileItSeeksAClose) {
  Listener listener{10, true};
  listener.seek_close();
  listener.seek_close();
  const std::string big(0x1'0000, '\xFF');
  EXPECT_THAT(
      listener.read(frame(text, big) + frame(fin | more, big) + frame(fin | rsv1 | text, big)),
      IsEmpty());
  EXPECT_EQ(listener.held_bytes(), 0U);
  EXPECT_THAT(listener.read(header(fin | binary, UINT64_MAX / 2) + big), IsEmpty());
  EXPECT_EQ(listener.held_bytes(), 0U);
  EXPECT_EQ(listener.spare_buffers().count(), 0U) << "no buffer was ever needed";
}

// --- Clearing ----------------------------------------------------------------------------------

TEST(MessageReader, ForgetsEverythingWhenItIsCleared) {
  const std::string& stream = long_stream();
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    for (const std::size_t taken : {std::size_t{0}, std::size_t{1}, SIZE_MAX}) {
      Listener listener{100, true};
      put_buffers(listener, 4);
      listener.read(stream.substr(0, cut), taken);
      if (cut % 2 == 1) listener.look();
      if (cut % 3 == 1) listener.seek_close();
      listener.clear();
      EXPECT_GE(listener.spare_buffers().count(), 4U);
      EXPECT_EQ(listener.look(), "");
      expect_over(listener);
      listener.seek_close();
      expect_over(listener);
    }
  }
}

TEST(MessageReader, MayBeClearedWhileAChunkIsLent) {
  Listener listener{roomy};
  std::vector<std::byte> chunk = to_chunk(frame(fin | text, "one") + frame(fin | text, "two"));
  listener.reader().feed(chunk);
  ASSERT_TRUE(listener.reader().front(listener.reading()));
  listener.clear();
  EXPECT_FALSE(listener.reader().front(listener.reading()));
  EXPECT_THAT(listener.go_on(), IsEmpty());
  expect_over(listener);
}

TEST(MessageReader, HoldsNoBufferWhileItIsIdle) {
  Listener listener{100, true};
  put_buffers(listener, 4);
  const std::string stream =
      long_stream().substr(0, long_stream().find(frame(rsv1 | binary, "\xFF")));
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    listener.read(stream.substr(0, cut));
    EXPECT_GE(listener.spare_buffers().count(), listener.held_bytes() > 0 ? 2U : 4U) << cut;
    listener.read(stream.substr(cut));
    EXPECT_EQ(listener.spare_buffers().count(), 4U) << cut;
    EXPECT_EQ(listener.held_bytes(), 0U);
  }
}

// --- Misuse ------------------------------------------------------------------------------------

TEST(MessageReaderDeathTest, IsLentOneChunkAtATime) {
  Listener listener{roomy};
  std::vector<std::byte> chunk = to_chunk("one");
  listener.reader().feed(chunk);
  EXPECT_DEATH(listener.reader().feed(chunk), "chunk_.empty");
}

TEST(MessageReaderDeathTest, TakesOffNothingThatItDidNotShow) {
  Listener listener{roomy};
  EXPECT_DEATH(listener.reader().pop(listener.reading()), "has_item_");
}

}  // namespace
}  // namespace lastword::websocket
