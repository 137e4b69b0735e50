// The independent reading of frames: by itself, with byte strings of the RFC, and against the
// core's.
#include "sim/reference_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/spare_buffers.h"
#include "core/websocket/deflate.h"
#include "core/websocket/frame.h"
#include "core/websocket/message_reader.h"

namespace lastword::sim::reference {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using websocket::MessageReader;

constexpr std::uint32_t rfc_key = 0x37FA213D;
constexpr std::size_t roomy = 100'000;

std::string masked(unsigned opcode, std::string_view payload, bool is_final = true) {
  return client_frame(
      {.opcode = opcode, .is_final = is_final, .is_masked = true, .payload = std::string{payload}},
      rfc_key);
}

// In words, so that two lists of them show where they differ.
std::string describe(const Unit& unit) {
  switch (unit.kind) {
    case Unit::Kind::message:
      return "message " + unit.bytes;
    case Unit::Kind::ping:
      return "ping " + unit.bytes;
    case Unit::Kind::pong:
      return "pong " + unit.bytes;
    case Unit::Kind::close:
      return "close " + std::to_string(unit.code);
    case Unit::Kind::violation:
      break;
  }
  return "violation " + std::to_string(unit.code);
}

std::vector<std::string> understood(std::string_view stream, std::size_t message_max = roomy) {
  ClientFrames frames{message_max};
  frames.feed(stream);
  std::vector<std::string> units;
  for (const Unit& unit : frames.units()) units.push_back(describe(unit));
  return units;
}

// --- The examples of RFC 6455 section 5.7 ------------------------------------------------------

TEST(ReferenceFrames, ReadsTheRfcsUnmaskedHello) {
  const auto read = read_frame("\x81\x05Hello, and more");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size, 7U);
  EXPECT_EQ(read->frame.opcode, op::text);
  EXPECT_TRUE(read->frame.is_final);
  EXPECT_FALSE(read->frame.is_masked);
  EXPECT_TRUE(read->frame.is_minimal);
  EXPECT_EQ(read->frame.payload, "Hello");
  EXPECT_FALSE(read_frame("\x81\x05Hell"));
}

TEST(ReferenceFrames, ReadsAndWritesTheRfcsMaskedHello) {
  const std::string hello = "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58";
  const auto read = read_frame(hello);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->frame.is_masked);
  EXPECT_EQ(read->frame.payload, "Hello");
  EXPECT_EQ(masked(op::text, "Hello"), hello);
  EXPECT_THAT(understood(hello), ElementsAre("message Hello"));
  for (std::size_t size = 0; size < hello.size(); ++size) {
    EXPECT_FALSE(read_frame(std::string_view{hello}.substr(0, size)));
  }
}

TEST(ReferenceFrames, ReadsTheRfcsFragments) {
  const auto first = read_frame("\x01\x03Hel\x80\x02lo");
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->frame.is_final);
  EXPECT_EQ(first->frame.opcode, op::text);
  EXPECT_EQ(first->frame.payload, "Hel");
  const auto second = read_frame("\x80\x02lo");
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->frame.is_final);
  EXPECT_EQ(second->frame.opcode, op::continuation);
  EXPECT_EQ(second->frame.payload, "lo");
}

TEST(ReferenceFrames, ReadsTheRfcsPingAndPong) {
  const auto ping = read_frame("\x89\x05Hello");
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->frame.opcode, op::ping);
  EXPECT_EQ(ping->frame.payload, "Hello");
  EXPECT_THAT(understood("\x8A\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58"),
              ElementsAre("pong Hello"));
}

TEST(ReferenceFrames, ReadsTheRfcsLongLengths) {
  const std::string bytes(0x1'0000, 'b');
  const std::string medium = std::string{"\x82\x7E\x01\x00", 4} + bytes.substr(0, 256);
  const auto read = read_frame(medium);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->frame.opcode, op::binary);
  EXPECT_EQ(read->frame.payload.size(), 256U);
  EXPECT_EQ(read->size, medium.size());
  const std::string large = std::string{"\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10} + bytes;
  const auto read_large = read_frame(large);
  ASSERT_TRUE(read_large);
  EXPECT_EQ(read_large->frame.payload.size(), 0x1'0000U);
  EXPECT_TRUE(read_large->frame.is_minimal);
}

// --- Other known bytes -------------------------------------------------------------------------

TEST(ReferenceFrames, SeesALengthThatIsNotMinimal) {
  const auto two =
      read_frame(std::string_view{"\x81\x7E\x00\x01"
                                  "a",
                                  5});
  ASSERT_TRUE(two);
  EXPECT_FALSE(two->frame.is_minimal);
  const auto eight =
      read_frame(std::string_view{"\x81\x7F\0\0\0\0\0\0\0\x01"
                                  "a",
                                  11});
  ASSERT_TRUE(eight);
  EXPECT_FALSE(eight->frame.is_minimal);
  for (const std::size_t size : {125U, 126U}) {
    const std::string bytes =
        std::string{"\x81\x7E\x00", 3} + static_cast<char>(size) + std::string(size, 'a');
    const auto read = read_frame(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->frame.is_minimal, size == 126);
  }
  for (const std::size_t size : {0xFFFFU, 0x1'0000U}) {
    const bool is_minimal = size == 0x1'0000;
    const std::string length =
        is_minimal ? std::string{"\x01\x00\x00", 3} : std::string{"\x00\xFF\xFF", 3};
    const auto read =
        read_frame(std::string{"\x81\x7F\0\0\0\0\0", 7} + length + std::string(size, 'a'));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->frame.is_minimal, is_minimal);
  }
  const std::string written =
      client_frame({.is_masked = true, .is_minimal = false, .payload = "a"}, rfc_key);
  EXPECT_EQ(written.substr(0, 4), (std::string{"\x81\xFE\x00\x01", 4}));
  EXPECT_THAT(understood(written), ElementsAre("violation 1002"));
}

TEST(ReferenceFrames, WritesWhatItReads) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 300U, 0xFFFFU}) {
    for (const bool is_masked : {true, false}) {
      const Frame frame{.opcode = op::binary,
                        .is_final = size % 2 == 0,
                        .reserved = static_cast<unsigned>(size % 8),
                        .is_masked = is_masked,
                        .payload = std::string(size, 'p')};
      const std::string bytes = client_frame(frame, 0x01020304);
      const auto read = read_frame(bytes);
      ASSERT_TRUE(read);
      EXPECT_EQ(read->size, bytes.size());
      EXPECT_EQ(read->frame.opcode, frame.opcode);
      EXPECT_EQ(read->frame.is_final, frame.is_final);
      EXPECT_EQ(read->frame.reserved, frame.reserved);
      EXPECT_EQ(read->frame.is_masked, frame.is_masked);
      EXPECT_TRUE(read->frame.is_minimal);
      EXPECT_EQ(read->frame.payload, frame.payload);
    }
  }
}

TEST(ReferenceFrames, UnderstandsACloseAsTheRfcHasIt) {
  const auto close = [](std::string_view payload) {
    return understood(masked(op::close, payload) + masked(op::text, "late"));
  };
  EXPECT_THAT(close(""), ElementsAre("close 0"));
  EXPECT_THAT(close("\x03\xE8"), ElementsAre("close 1000"));
  EXPECT_THAT(close(close_payload(4999, "bye")), ElementsAre("close 4999"));
  EXPECT_THAT(close(close_payload(0)), ElementsAre("close 0"));
  EXPECT_THAT(close("\x03"), ElementsAre("violation 1002"));
  EXPECT_THAT(close(close_payload(1000, "\xFF")), ElementsAre("violation 1002"));
  for (const unsigned code : {1U, 999U, 1004U, 1005U, 1006U, 1015U, 2999U, 5000U}) {
    EXPECT_THAT(close(close_payload(code)), ElementsAre("violation 1002")) << code;
  }
}

TEST(ReferenceFrames, PutsFragmentsTogether) {
  const std::string stream = masked(op::text, "Hel", false) + masked(op::ping, "p") +
                             masked(op::continuation, "", false) + masked(op::continuation, "lo");
  EXPECT_THAT(understood(stream), ElementsAre("ping p", "message Hello"));
  ClientFrames frames{roomy};
  frames.feed(stream.substr(0, 16));
  ASSERT_EQ(frames.units().size(), 1U);
  EXPECT_TRUE(frames.units().front().is_within_message);
  EXPECT_TRUE(frames.is_in_message());
}

TEST(ReferenceFrames, FindsViolationsAtTheirFirstByte) {
  struct Example {
    std::string stream;
    std::size_t found_at = 0;
    unsigned code = 0;
  };
  const std::vector<Example> examples{
      {.stream = "\xC1", .found_at = 1, .code = 1002},
      {.stream = "\x83", .found_at = 1, .code = 1002},
      {.stream = "\x80", .found_at = 1, .code = 1002},
      {.stream = "\x09", .found_at = 1, .code = 1002},
      {.stream = "\x81\x05Hello", .found_at = 2, .code = 1002},
      {.stream = "\x89\xFE", .found_at = 2, .code = 1002},
      {.stream = masked(op::text, "a", false) + "\x81", .found_at = 8, .code = 1002},
      {.stream = "\x81\xFF\x80", .found_at = 3, .code = 1002},
      {.stream = "\x81\x8B", .found_at = 2, .code = 1009},
      {.stream = masked(op::text, "12345", false) + "\x80\x86", .found_at = 13, .code = 1009},
      {.stream = std::string{"\x81\xFE\x01\x00", 4}, .found_at = 4, .code = 1009},
      {.stream = masked(op::text, "ab\xFFz"), .found_at = 9, .code = 1007},
      {.stream = masked(op::text, "a\xED\xA0z"), .found_at = 9, .code = 1007},
      {.stream = masked(op::text, "a\xC3"), .found_at = 8, .code = 1007},
  };
  for (const Example& example : examples) {
    ClientFrames frames{10};
    const std::string_view stream = example.stream;
    frames.feed(stream.substr(0, example.found_at - 1));
    EXPECT_THAT(frames.units(), IsEmpty()) << testing::PrintToString(stream);
    frames.feed(stream.substr(example.found_at - 1, 1));
    ASSERT_EQ(frames.units().size(), 1U) << testing::PrintToString(stream);
    EXPECT_EQ(describe(frames.units().front()), "violation " + std::to_string(example.code));
    frames.feed(stream.substr(example.found_at));
    frames.feed(masked(op::ping, "late"));
    EXPECT_EQ(frames.units().size(), 1U);
  }
}

// --- Against the core --------------------------------------------------------------------------

// The core's reader with plain messages, as the server uses it.
class CoreReader {
 public:
  explicit CoreReader(std::size_t message_max) : message_max_{message_max} {}

  std::vector<std::string> read(std::string_view bytes) {
    const websocket::Reading reading{
        .message_max = message_max_, .spare_buffers = spare_buffers_, .inflater = inflater_};
    std::vector<std::byte> chunk{as_bytes(bytes).begin(), as_bytes(bytes).end()};
    reader_.feed(chunk);
    std::vector<std::string> units;
    while (const auto item = reader_.front(reading)) {
      units.push_back(describe_item(*item));
      reader_.pop(reading);
    }
    reader_.keep(reading);
    return units;
  }
  [[nodiscard]] bool is_in_message() const { return reader_.is_in_message(); }

 private:
  static std::string describe_item(const MessageReader::Item& item) {
    const std::string bytes{as_text(item.bytes)};
    switch (item.kind) {
      case MessageReader::Kind::message:
        return "message " + bytes;
      case MessageReader::Kind::ping:
        return "ping " + bytes;
      case MessageReader::Kind::pong:
        return "pong " + bytes;
      case MessageReader::Kind::close:
        return "close " + std::to_string(item.code);
      case MessageReader::Kind::violation:
        break;
    }
    const auto code = static_cast<unsigned>(websocket::close_code_for(item.violation));
    return "violation " + std::to_string(code);
  }

  std::size_t message_max_;
  SpareBuffers spare_buffers_;
  websocket::Inflater inflater_;
  MessageReader reader_{false};
};

// A frame that fits what came before it, if it is not a wild one.
struct Step {
  unsigned opcode = op::text;
  bool is_final = true;
  bool is_wild = false;
  unsigned fault = 0;
  std::string payload{};
};

std::string join(const std::vector<Step>& steps) {
  std::string stream;
  bool is_in_message = false;
  std::uint32_t key = 0x9E3779B9;
  for (const Step& step : steps) {
    key = key * 1664525 + 1013904223;
    Frame frame{.opcode = step.opcode,
                .is_final = step.is_final,
                .is_masked = true,
                .payload = step.payload};
    if (!step.is_wild) {
      if (frame.opcode < op::close) {
        frame.opcode = is_in_message ? op::continuation : std::max(frame.opcode, op::text);
        is_in_message = !frame.is_final;
      } else {
        frame.is_final = true;
      }
    }
    if (step.fault == 1) frame.reserved = 1;
    if (step.fault == 2) frame.is_masked = false;
    if (step.fault == 3) frame.is_minimal = false;
    stream += step.fault == 4 ? step.payload : client_frame(frame, key);
  }
  return stream;
}

rc::Gen<std::string> streams() {
  const auto payloads = rc::gen::weightedOneOf<std::string>(
      {{8, rc::gen::container<std::string>(rc::gen::inRange('a', 'f'))},
       {8, rc::gen::element<std::string>("", "gr\xC3\xBC\xC3\x9F", "\xF0\x9F\x92\xA9", "\n")},
       {1, rc::gen::element<std::string>("\xE2\x82", "\xAC", "\xFF", "\xED\xA0\x80", "\x03\xE8",
                                         "\x03\xE8"
                                         "bye",
                                         "\x03\xEC", std::string(126, 'x'))},
       {1, rc::gen::arbitrary<std::string>()}});
  const auto steps = rc::gen::construct<Step>(
      rc::gen::weightedElement<unsigned>({{20, op::text},
                                          {10, op::binary},
                                          {8, op::ping},
                                          {4, op::pong},
                                          {1, op::close},
                                          {1, op::continuation}}),
      rc::gen::arbitrary<bool>(), rc::gen::weightedElement<bool>({{60, false}, {1, true}}),
      rc::gen::weightedElement<unsigned>({{120, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}}), payloads);
  return rc::gen::map(rc::gen::container<std::vector<Step>>(steps), join);
}

RC_GTEST_PROP(ReferenceFrames, AreUnderstoodAsTheCoreDoesByteByByte, ()) {
  const std::string stream = *streams();
  const auto message_max = *rc::gen::element<std::size_t>(10, 100, 1000);
  const auto chunk_max = *rc::gen::element<std::size_t>(1, 3, 20);
  ClientFrames frames{message_max};
  CoreReader core{message_max};
  std::size_t compared = 0;
  for (std::size_t place = 0; place < stream.size(); place += chunk_max) {
    const std::string_view chunk = std::string_view{stream}.substr(place, chunk_max);
    frames.feed(chunk);
    for (const std::string& unit : core.read(chunk)) {
      RC_ASSERT(compared < frames.units().size());
      RC_ASSERT(unit == describe(frames.units()[compared]));
      ++compared;
    }
    RC_ASSERT(compared == frames.units().size());
    const bool is_over = compared > 0 && frames.units().back().kind >= Unit::Kind::close;
    RC_ASSERT((is_over || frames.is_in_message() == core.is_in_message()));
  }
  const bool is_over = compared > 0 && frames.units().back().kind >= Unit::Kind::close;
  RC_CLASSIFY(is_over, "over");
  RC_CLASSIFY(compared > 3, "more than three units");
}

}  // namespace
}  // namespace lastword::sim::reference
