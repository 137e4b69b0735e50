#include "core/websocket/frame.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/utf8_validator.h"
#include "core/wire.h"
#include "tests/core/websocket/client_bytes.h"
#include "tests/core/websocket/server_bytes.h"

namespace lastword::websocket {
namespace {

using test::big_endian;
using test::binary;
using test::closing;
using test::fin;
using test::header;
using test::key;
using test::more;
using test::ping;
using test::pong;
using test::rsv1;
using test::server_header;
using test::text;

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();
constexpr FrameContext roomy{.plain_room = no_limit, .compressed_room = no_limit};
constexpr FrameContext in_message{
    .is_in_message = true, .plain_room = no_limit, .compressed_room = no_limit};
constexpr FrameContext from_server{.sender = Sender::server, .plain_room = no_limit};

constexpr std::string_view no_key{"\0\0\0\0", 4};

// What stands in a header's first two bytes alone.
std::string start(unsigned first, unsigned second) {
  return {static_cast<char>(first), static_cast<char>(second)};
}

// Every prefix that is too short says nothing; this one and all longer ones tell of the violation.
void expect_violation(const std::string& bytes, std::size_t found_at, Violation violation,
                      const FrameContext& context) {
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto parsed = parse_header(as_bytes(bytes).first(size), context);
    if (size < found_at) {
      EXPECT_TRUE(parsed && !*parsed) << explain(violation) << ", " << size << " bytes";
    } else {
      ASSERT_FALSE(parsed) << explain(violation) << ", " << size << " bytes";
      EXPECT_EQ(parsed.error(), violation) << explain(violation) << ", " << size << " bytes";
    }
  }
}

// The same for a good header, with and without what follows it.
void expect_header(const std::string& bytes, const FrameHeader& expected,
                   const FrameContext& context) {
  const std::string followed = bytes + "\xFF\xFF";
  for (std::size_t size = 0; size <= followed.size(); ++size) {
    const auto parsed = parse_header(as_bytes(followed).first(size), context);
    ASSERT_TRUE(parsed) << explain(parsed.error()) << ", " << size << " bytes";
    ASSERT_EQ(parsed->has_value(), size >= bytes.size()) << size << " of " << bytes.size();
    if (!*parsed) continue;
    EXPECT_EQ((*parsed)->size, bytes.size());
    const FrameHeader& got = (*parsed)->header;
    EXPECT_EQ(got.is_final, expected.is_final);
    EXPECT_EQ(got.is_compressed, expected.is_compressed);
    EXPECT_EQ(got.opcode, expected.opcode);
    EXPECT_EQ(got.payload_size, expected.payload_size);
    EXPECT_EQ(as_text(got.key), context.sender == Sender::client ? key : no_key);
  }
}

// --- Reading -----------------------------------------------------------------------------------

TEST(FrameHeader, IsReadOnceItsLastByteIsThere) {
  struct Example {
    unsigned first = 0;
    Opcode opcode{};
    bool is_in_message = false;
  };
  constexpr std::array<Example, 9> examples{{
      {.first = fin | text, .opcode = Opcode::text},
      {.first = text, .opcode = Opcode::text},
      {.first = fin | binary, .opcode = Opcode::binary},
      {.first = binary, .opcode = Opcode::binary},
      {.first = fin | more, .opcode = Opcode::continuation, .is_in_message = true},
      {.first = more, .opcode = Opcode::continuation, .is_in_message = true},
      {.first = fin | closing, .opcode = Opcode::close},
      {.first = fin | ping, .opcode = Opcode::ping, .is_in_message = true},
      {.first = fin | pong, .opcode = Opcode::pong},
  }};
  for (const Example& example : examples) {
    for (const std::uint64_t size : {0U, 1U, 125U}) {
      expect_header(
          header(example.first, size),
          {.is_final = example.first >= fin, .opcode = example.opcode, .payload_size = size},
          example.is_in_message ? in_message : roomy);
    }
  }
}

TEST(FrameHeader, HasALengthInEachOfTheThreeForms) {
  struct Example {
    std::uint64_t size = 0;
    std::size_t header_size = 0;
  };
  constexpr std::array<Example, 10> examples{{
      {.size = 0, .header_size = 6},
      {.size = 125, .header_size = 6},
      {.size = 126, .header_size = 8},
      {.size = 127, .header_size = 8},
      {.size = 0x100, .header_size = 8},
      {.size = 0xFFFE, .header_size = 8},
      {.size = 0xFFFF, .header_size = 8},
      {.size = 0x1'0000, .header_size = 14},
      {.size = 0x0102'0304'0506'0708, .header_size = 14},
      {.size = 0x7FFF'FFFF'FFFF'FFFF, .header_size = 14},
  }};
  for (const Example& example : examples) {
    const std::string bytes = header(fin | text, example.size);
    ASSERT_EQ(bytes.size(), example.header_size);
    expect_header(bytes, {.is_final = true, .opcode = Opcode::text, .payload_size = example.size},
                  roomy);
  }
  static_assert(FrameHeader::size_max == 14);
}

TEST(FrameHeader, WithALengthThatIsNotMinimalIsAViolationAtTheLengthsLastByte) {
  for (const std::uint64_t size : {0U, 1U, 124U, 125U}) {
    expect_violation(header(fin | text, size, 2), 4, Violation::not_minimal, roomy);
  }
  expect_header(header(fin | text, 126, 2),
                {.is_final = true, .opcode = Opcode::text, .payload_size = 126}, roomy);
  for (const std::uint64_t size : {0U, 125U, 126U, 0xFFFEU, 0xFFFFU}) {
    expect_violation(header(fin | text, size, 8), 10, Violation::not_minimal, roomy);
  }
}

TEST(FrameHeader, WithTheHighestBitOfTheLengthSetIsAViolationAtThatByte) {
  for (const std::uint64_t size :
       {std::uint64_t{1} << 63U, (std::uint64_t{1} << 63U) + 5, no_limit}) {
    expect_violation(header(fin | binary, size, 8), 3, Violation::huge_length, roomy);
  }
  const FrameContext tight{.plain_room = 0};
  expect_violation(header(fin | text, no_limit, 8), 3, Violation::huge_length, tight);
  // In a length of two bytes it means nothing.
  expect_header(header(fin | text, 0x8000),
                {.is_final = true, .opcode = Opcode::text, .payload_size = 0x8000}, roomy);
}

TEST(FrameHeader, MustBeMasked) {
  expect_violation(start(fin | text, 0), 2, Violation::unmasked, roomy);
  expect_violation(start(fin | text, 126) + big_endian(126, 2), 2, Violation::unmasked, roomy);
  expect_violation(start(fin | text, 127) + big_endian(no_limit, 8), 2, Violation::unmasked, roomy);
  expect_violation(start(fin | ping, 126), 2, Violation::unmasked, roomy);
}

TEST(FrameHeader, OfAServerHasNoKeyAndIsReadWithoutIt) {
  struct Example {
    std::uint64_t size = 0;
    std::size_t header_size = 0;
  };
  constexpr std::array<Example, 7> examples{{
      {.size = 0, .header_size = 2},
      {.size = 125, .header_size = 2},
      {.size = 126, .header_size = 4},
      {.size = 0xFFFF, .header_size = 4},
      {.size = 0x1'0000, .header_size = 10},
      {.size = 0x0102'0304'0506'0708, .header_size = 10},
      {.size = 0x7FFF'FFFF'FFFF'FFFF, .header_size = 10},
  }};
  for (const Example& example : examples) {
    const std::string bytes = server_header(fin | text, example.size);
    ASSERT_EQ(bytes.size(), example.header_size);
    expect_header(bytes, {.is_final = true, .opcode = Opcode::text, .payload_size = example.size},
                  from_server);
  }
  expect_violation(server_header(fin | text, 125, 2), 4, Violation::not_minimal, from_server);
  expect_violation(server_header(fin | text, 0xFFFF, 8), 10, Violation::not_minimal, from_server);
  expect_violation(server_header(fin | text, no_limit, 8), 3, Violation::huge_length, from_server);
  expect_violation(server_header(fin | ping, 126), 2, Violation::long_control, from_server);
  const FrameContext tight{.sender = Sender::server, .plain_room = 9};
  expect_violation(server_header(fin | text, 10), 2, Violation::too_big, tight);
}

TEST(FrameHeader, OfAServerMustNotBeMasked) {
  expect_violation(header(fin | text, 0), 2, Violation::masked, from_server);
  expect_violation(header(fin | text, 126), 2, Violation::masked, from_server);
  expect_violation(header(fin | text, no_limit, 8), 2, Violation::masked, from_server);
  expect_violation(header(fin | ping, 126), 2, Violation::masked, from_server);
}

TEST(FrameHeader, OfAControlFrameSaysAtMost125) {
  for (const unsigned opcode : {closing, ping, pong}) {
    const FrameContext without_room{};
    expect_header(header(fin | opcode, 125),
                  {.is_final = true, .opcode = static_cast<Opcode>(opcode), .payload_size = 125},
                  without_room);
    expect_violation(header(fin | opcode, 126), 2, Violation::long_control, roomy);
    expect_violation(header(fin | opcode, 5, 2), 2, Violation::long_control, roomy);
    expect_violation(header(fin | opcode, 0x1'0000), 2, Violation::long_control, roomy);
    expect_violation(header(opcode, 0), 1, Violation::fragmented_control, roomy);
  }
}

TEST(FrameHeader, OverTheRoomIsAViolationOnceItsLengthIsThere) {
  struct Example {
    std::uint64_t size = 0;
    std::size_t found_at = 0;
  };
  constexpr std::array<Example, 8> examples{{{.size = 1, .found_at = 2},
                                             {.size = 2, .found_at = 2},
                                             {.size = 125, .found_at = 2},
                                             {.size = 126, .found_at = 4},
                                             {.size = 0xFFFF, .found_at = 4},
                                             {.size = 0x1'0000, .found_at = 10},
                                             {.size = std::uint64_t{1} << 40U, .found_at = 10},
                                             {.size = no_limit >> 1U, .found_at = 10}}};
  enum class Case : std::uint8_t { plain, compressed, continued, continued_compressed };
  for (const Case which :
       {Case::plain, Case::compressed, Case::continued, Case::continued_compressed}) {
    const bool is_compressed = which == Case::compressed;
    const bool is_continued = which == Case::continued || which == Case::continued_compressed;
    const bool is_plain_room = which == Case::plain || which == Case::continued;
    unsigned first = fin | text;
    if (is_compressed) first = fin | rsv1 | text;
    if (is_continued) first = fin | more;
    for (const Example& example : examples) {
      const std::string bytes = header(first, example.size);
      FrameContext context{.is_in_message = is_continued,
                           .is_compression_agreed = true,
                           .is_message_compressed = which == Case::continued_compressed,
                           .plain_room = is_plain_room ? example.size : 0,
                           .compressed_room = is_plain_room ? 0 : example.size};
      std::uint64_t& room = is_plain_room ? context.plain_room : context.compressed_room;
      const FrameHeader expected{.is_final = true,
                                 .is_compressed = is_compressed,
                                 .opcode = is_continued ? Opcode::continuation : Opcode::text,
                                 .payload_size = example.size};
      expect_header(bytes, expected, context);
      room = example.size + 1;
      expect_header(bytes, expected, context);
      room = example.size - 1;
      expect_violation(bytes, example.found_at, Violation::too_big, context);
    }
  }
}

TEST(FrameHeader, TakesTheRoomOfThePlainOnesForAMessageBehindACompressedOne) {
  // The flag is that of the message before, which is over.
  const FrameContext context{.is_compression_agreed = true,
                             .is_message_compressed = true,
                             .plain_room = 9,
                             .compressed_room = 10};
  expect_violation(header(fin | text, 10), 2, Violation::too_big, context);
  expect_header(
      header(fin | rsv1 | text, 10),
      {.is_final = true, .is_compressed = true, .opcode = Opcode::text, .payload_size = 10},
      context);
}

std::optional<Violation> violation_of(
    const std::expected<std::optional<ParsedHeader>, Violation>& parsed) {
  if (parsed) return std::nullopt;
  return parsed.error();
}

// The first byte once more, in the order of the RFC.
std::optional<Violation> judge_first(unsigned first, const FrameContext& context) {
  const unsigned opcode = first & 0xFU;
  const bool is_rsv1 = (first & rsv1) != 0;
  const bool is_start = opcode == text || opcode == binary;
  const bool is_known = is_start || opcode == more || (opcode >= closing && opcode <= pong);
  if ((first & 0x30U) != 0) return Violation::reserved_bits;
  if (!is_known) return Violation::reserved_opcode;
  if (is_rsv1 && !(is_start && context.is_compression_agreed)) return Violation::reserved_bits;
  if (is_start && context.is_in_message) return Violation::interleaved_message;
  if (opcode == more && !context.is_in_message) return Violation::stray_continuation;
  if (opcode >= closing && first < fin) return Violation::fragmented_control;
  return std::nullopt;
}

TEST(FrameHeader, IsJudgedByItsFirstTwoBytesAsInAPlainList) {
  for (unsigned flags = 0; flags < 16; ++flags) {
    const bool is_masked = (flags & 8U) == 0;
    const FrameContext context{.sender = is_masked ? Sender::client : Sender::server,
                               .is_in_message = (flags & 1U) != 0,
                               .is_compression_agreed = (flags & 2U) != 0,
                               .is_message_compressed = (flags & 4U) != 0,
                               .plain_room = 50,
                               .compressed_room = 60};
    for (unsigned first = 0; first < 256; ++first) {
      const auto of_first = judge_first(first, context);
      for (unsigned second = 0; second < 256; ++second) {
        std::optional<Violation> expected = of_first;
        const unsigned length = second & 0x7FU;
        const bool is_control = (first & 0x8U) != 0;
        const bool is_compressed =
            (first & rsv1) != 0 || ((first & 0xFU) == more && context.is_message_compressed);
        if (!expected && is_masked && second < 0x80) expected = Violation::unmasked;
        if (!expected && !is_masked && second >= 0x80) expected = Violation::masked;
        if (!expected && is_control && length > 125) expected = Violation::long_control;
        const bool is_over = !is_control && length <= 125 && length > (is_compressed ? 60U : 50U);
        if (!expected && is_over) expected = Violation::too_big;

        const std::string bytes = start(first, second);
        const auto alone = parse_header(as_bytes(bytes).first(1), context);
        const auto both = parse_header(as_bytes(bytes), context);
        ASSERT_EQ(violation_of(alone), of_first) << first;
        ASSERT_EQ(violation_of(both), expected) << first << " " << second;
        ASSERT_FALSE(alone && *alone) << "the length is not there";
        const bool is_whole = !is_masked && length <= 125;
        ASSERT_EQ(both && *both, !expected && is_whole) << "the key or the length is not there";
      }
    }
  }
}

// --- What is said about it ---------------------------------------------------------------------

constexpr std::array<Violation, 16> violations{Violation::reserved_bits,
                                               Violation::reserved_opcode,
                                               Violation::unmasked,
                                               Violation::fragmented_control,
                                               Violation::long_control,
                                               Violation::not_minimal,
                                               Violation::huge_length,
                                               Violation::stray_continuation,
                                               Violation::interleaved_message,
                                               Violation::bad_close_size,
                                               Violation::bad_close_code,
                                               Violation::bad_close_reason,
                                               Violation::bad_text,
                                               Violation::bad_compression,
                                               Violation::too_big,
                                               Violation::masked};

TEST(Violation, EndsWithTheCodeOfTheRfc) {
  for (const Violation violation : violations) {
    std::uint16_t code = 1002;
    if (violation == Violation::bad_text || violation == Violation::bad_compression) code = 1007;
    if (violation == Violation::too_big) code = 1009;
    EXPECT_EQ(static_cast<std::uint16_t>(close_code_for(violation)), code) << explain(violation);
    EXPECT_TRUE(is_sendable(code));
  }
}

TEST(Violation, IsExplainedInAReasonThatFitsACloseFrame) {
  std::set<std::string_view> reasons;
  for (const Violation violation : violations) {
    const std::string_view reason = explain(violation);
    EXPECT_FALSE(reason.empty());
    EXPECT_LE(reason.size(), control_payload_max - 2) << reason;
    EXPECT_TRUE(is_utf8(as_bytes(reason))) << reason;
    EXPECT_TRUE(reasons.insert(reason).second) << reason << ": twice";
  }
}

TEST(CloseCode, IsSendableWhereTheRfcAndTheRegistrySaySo) {
  // IANA's registry of close codes: 1004 to 1006 and 1015 are reserved.
  const std::set<unsigned> registered{1000, 1001, 1002, 1003, 1007, 1008,
                                      1009, 1010, 1011, 1012, 1013, 1014};
  for (unsigned code = 0; code <= 0xFFFF; ++code) {
    const bool is_free = code >= 3000 && code <= 4999;
    ASSERT_EQ(is_sendable(static_cast<std::uint16_t>(code)), is_free || registered.contains(code))
        << code;
  }
}

// --- Writing -----------------------------------------------------------------------------------

TEST(HeaderBytes, HaveTheShortestLengthAndNoMask) {
  const auto written = [](std::size_t size) {
    const HeaderBytes bytes{Opcode::binary, size};
    EXPECT_EQ(bytes.bytes().size(), header_size(size));
    EXPECT_EQ(frame_size(size), header_size(size) + size);
    return std::string{as_text(bytes.bytes())};
  };
  EXPECT_EQ(written(0), start(0x82, 0));
  EXPECT_EQ(written(1), start(0x82, 1));
  EXPECT_EQ(written(125), start(0x82, 125));
  EXPECT_EQ(written(126), start(0x82, 126) + big_endian(126, 2));
  EXPECT_EQ(written(0x1234), start(0x82, 126) + "\x12\x34");
  EXPECT_EQ(written(0xFFFF), start(0x82, 126) + "\xFF\xFF");
  EXPECT_EQ(written(0x1'0000), start(0x82, 127) + big_endian(0x1'0000, 8));
  EXPECT_EQ(written(0x0102'0304'0506'0708), start(0x82, 127) + "\x01\x02\x03\x04\x05\x06\x07\x08");
  static_assert(HeaderBytes::size_max == 10);
}

TEST(HeaderBytes, HaveTheirOpcodeInAFinalFrame) {
  for (const Opcode opcode :
       {Opcode::text, Opcode::binary, Opcode::close, Opcode::ping, Opcode::pong}) {
    const auto value = static_cast<unsigned>(opcode);
    const HeaderBytes plain{opcode, 7};
    EXPECT_EQ(as_text(plain.bytes()), start(fin | value, 7));
    const HeaderBytes compressed{opcode, 300, true};
    EXPECT_EQ(as_text(compressed.bytes()), start(fin | rsv1 | value, 126) + big_endian(300, 2));
    EXPECT_EQ(is_control(opcode), value >= 8);
  }
  EXPECT_FALSE(is_control(Opcode::continuation));
}

TEST(FrameSize, GrowsAtTheBoundariesOfTheLength) {
  static_assert(frame_size(0) == 2);
  static_assert(frame_size(125) == 127);
  static_assert(frame_size(126) == 130);
  static_assert(frame_size(0xFFFF) == 0xFFFF + 4);
  static_assert(frame_size(0x1'0000) == 0x1'0000 + 10);
  SUCCEED();
}

TEST(Wire, TakesAnLfOrAHeader) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{125}, std::size_t{126},
                                 std::size_t{0xFFFF}, std::size_t{0x1'0000}}) {
    EXPECT_EQ(size_on(Wire::line, size), size + 1);
    for (const Wire wire : {Wire::frame, Wire::deflated_wide, Wire::deflated_narrow}) {
      EXPECT_EQ(size_on(wire, size), HeaderBytes(Opcode::text, size).bytes().size() + size);
    }
  }
}

TEST(Wire, FallsBackToAFormOfItsOwnKind) {
  EXPECT_EQ(uncompressed(Wire::line), Wire::line);
  for (const Wire wire : {Wire::frame, Wire::deflated_wide, Wire::deflated_narrow}) {
    EXPECT_EQ(uncompressed(wire), Wire::frame);
    EXPECT_EQ(is_deflated(wire), wire != Wire::frame);
    EXPECT_LT(index_of(wire), wire_count);
  }
  EXPECT_FALSE(is_deflated(Wire::line));
}

}  // namespace
}  // namespace lastword::websocket
