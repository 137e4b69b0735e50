#include "core/websocket/deflate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"

namespace lastword::websocket {
namespace {

constexpr std::array<Window, 2> windows{Window::narrow, Window::wide};
constexpr std::size_t no_limit = std::size_t{4} << 20;

std::vector<std::byte> to_bytes(std::initializer_list<unsigned> values) {
  std::vector<std::byte> bytes;
  for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

std::vector<std::byte> to_bytes(std::string_view text) {
  return {as_bytes(text).begin(), as_bytes(text).end()};
}

std::vector<std::byte> joined(Bytes first, Bytes second) {
  std::vector<std::byte> bytes(first.begin(), first.end());
  bytes.insert(bytes.end(), second.begin(), second.end());
  return bytes;
}

struct Inflated {
  std::expected<void, InflateError> result;
  std::string text;
};

Inflated inflated(Bytes compressed, std::size_t size_max = no_limit) {
  Inflater inflater;
  std::vector<std::byte> out = to_bytes("what was there before");
  const auto result = inflater.inflate(compressed, size_max, out);
  return {.result = result, .text = std::string(as_text(out))};
}

std::string text_of(Bytes compressed) {
  const Inflated message = inflated(compressed);
  EXPECT_TRUE(message.result);
  return message.text;
}

bool is_refused(Bytes compressed, InflateError error, std::size_t size_max = no_limit) {
  const Inflated message = inflated(compressed, size_max);
  return !message.result && message.result.error() == error && message.text.empty();
}

// Empty if it would not get smaller.
std::vector<std::byte> compressed(Bytes payload, Window window = Window::wide) {
  Deflater deflater;
  std::vector<std::byte> out;
  const bool is_smaller = deflater.compress({payload}, window, out);
  EXPECT_EQ(is_smaller, !out.empty());
  return out;
}

enum class Content : std::uint8_t { zeros, text, random };

std::vector<std::byte> payload_of(Content content, std::size_t size) {
  constexpr std::array<std::string_view, 8> words{"the ",  "last ",   "word ", "is ",
                                                  "said ", "before ", "noon ", "\xE2\x82\xAC "};
  std::mt19937 generator(static_cast<std::mt19937::result_type>(size));
  std::vector<std::byte> bytes;
  bytes.reserve(size + 8);
  while (bytes.size() < size) {
    const auto number = static_cast<std::size_t>(generator());
    switch (content) {
      case Content::zeros:
        bytes.resize(size);
        break;
      case Content::text:
        for (const std::byte byte : as_bytes(words[number % words.size()])) bytes.push_back(byte);
        break;
      case Content::random:
        bytes.push_back(static_cast<std::byte>(number));
        break;
    }
  }
  bytes.resize(size);
  return bytes;
}

// --- The examples of RFC 7692, section 7.2.3 ----------------------------------------------------

TEST(Inflater, ReadsOneBlock) {  // 7.2.3.1
  EXPECT_EQ(text_of(to_bytes({0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00})), "Hello");
}

TEST(Inflater, KnowsNothingOfTheMessageBefore) {  // 7.2.3.2, which needs context takeover
  Inflater inflater;
  std::vector<std::byte> out;
  ASSERT_TRUE(
      inflater.inflate(to_bytes({0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00}), no_limit, out));
  const auto second = inflater.inflate(to_bytes({0xF2, 0x00, 0x11, 0x00, 0x00}), no_limit, out);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), InflateError::invalid);
  EXPECT_TRUE(out.empty());
}

TEST(Inflater, ReadsABlockWithoutCompression) {  // 7.2.3.3
  EXPECT_EQ(text_of(to_bytes({0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00})),
            "Hello");
}

TEST(Inflater, ReadsAFinalBlock) {  // 7.2.3.4
  EXPECT_EQ(text_of(to_bytes({0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00})), "Hello");
}

TEST(Inflater, ReadsTwoBlocks) {  // 7.2.3.5
  EXPECT_EQ(text_of(to_bytes(
                {0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00})),
            "Hello");
}

TEST(Inflater, ReadsAnEmptyMessage) {  // 7.2.3.6
  EXPECT_EQ(text_of(to_bytes({0x00})), "");
  EXPECT_EQ(text_of(to_bytes({0x02, 0x00})), "");  // as zlib flushes nothing
}

// --- What else may come, and what may not -------------------------------------------------------

TEST(Inflater, GoesOnBehindAFinalBlock) {
  const std::vector<std::byte> final_block = to_bytes({0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00});
  const std::vector<std::byte> block = to_bytes({0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00});
  EXPECT_EQ(text_of(joined(final_block, block)), "HelloHello");
  EXPECT_EQ(text_of(joined(final_block, joined(final_block, block))), "HelloHelloHello");
  // A final block without compression, whose last four bytes are those that are added.
  EXPECT_EQ(text_of(joined(final_block, to_bytes({0x01}))), "Hello");
}

TEST(Inflater, EndsWithAFinalBlockWhereTheRoomEndsToo) {
  // The first step makes room for 1024 bytes; see deflate.cc.
  for (const std::size_t size : {1023U, 1024U, 1025U, 2048U}) {
    const std::vector<std::byte> message = joined(compressed(payload_of(Content::zeros, size)),
                                                  to_bytes({0x00, 0x00, 0xFF, 0xFF, 0x01}));
    EXPECT_EQ(text_of(message).size(), size);
    EXPECT_TRUE(inflated(message, size).result) << size;
  }
}

// A distance that reaches back across a final block points before the beginning of its stream.
TEST(Inflater, LooksNotBackAcrossAFinalBlock) {
  const std::vector<std::byte> final_block = to_bytes({0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00});
  const std::vector<std::byte> five_from_five_back = to_bytes({0xF2, 0x00, 0x11, 0x00, 0x00});
  EXPECT_TRUE(is_refused(joined(final_block, five_from_five_back), InflateError::invalid));
}

TEST(Inflater, RefusesAMessageThatEndsWithinABlock) {
  const std::vector<std::byte> whole = compressed(payload_of(Content::text, 3000));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(inflated(Bytes{whole}.first(size)).result) << size;
  }
  EXPECT_TRUE(inflated(whole).result);

  // A block without compression that lacks its length, and some of its bytes; with what is added
  // these would be too few, just enough, and too many.
  EXPECT_TRUE(is_refused(to_bytes({0x00, 0x06, 0x00, 0xF9, 0xFF, 0x48}), InflateError::invalid));
  EXPECT_TRUE(is_refused(to_bytes({0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48}), InflateError::invalid));
  EXPECT_TRUE(is_refused(to_bytes({0x00, 0x02, 0x00, 0xFD, 0xFF, 0x48}), InflateError::invalid));
  EXPECT_TRUE(is_refused(to_bytes({0x00, 0x00}), InflateError::invalid));
  // These four bytes alone end within a length.
  EXPECT_TRUE(is_refused({}, InflateError::invalid));
  // So they do behind a final block, without the byte that makes a block of them.
  EXPECT_TRUE(
      is_refused(to_bytes({0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00}), InflateError::invalid));
}

TEST(Inflater, RefusesWhatIsNoDeflateData) {
  EXPECT_TRUE(is_refused(to_bytes({0x07}), InflateError::invalid));  // a reserved type of block
  EXPECT_TRUE(is_refused(to_bytes({0xFF, 0xFF}), InflateError::invalid));
  EXPECT_TRUE(is_refused(to_bytes({0x00, 0x05, 0x00, 0xFA, 0xFE}), InflateError::invalid));
  EXPECT_TRUE(is_refused(to_bytes({0xF2, 0x00, 0x11, 0x00, 0x00}), InflateError::invalid));
}

TEST(Inflater, StopsAtTheLimitAndNotBefore) {
  for (const std::size_t size : {1U, 2U, 100U, 1023U, 1024U, 1025U, 2047U, 2048U, 65535U, 65536U}) {
    for (const Content content : {Content::zeros, Content::text}) {
      // Small ones by hand, because they don't get smaller.
      const std::vector<std::byte> payload = payload_of(content, size);
      std::vector<std::byte> message = compressed(payload);
      if (message.empty()) {
        const auto low = static_cast<unsigned>(size);
        message = joined(joined(to_bytes({0x00, low, 0x00, 0xFF - low, 0xFF}), payload),
                         to_bytes({0x00}));
      }
      EXPECT_TRUE(is_refused(message, InflateError::too_large, size - 1)) << size;
      EXPECT_EQ(inflated(message, size).text, as_text(payload)) << size;
      EXPECT_EQ(inflated(message, size + 1).text, as_text(payload)) << size;
    }
  }
  EXPECT_TRUE(inflated(to_bytes({0x00}), 0).result);
  EXPECT_TRUE(
      is_refused(to_bytes({0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00}), InflateError::too_large, 0));
}

TEST(Inflater, MakesNoMoreOfABombThanTheLimit) {
  const std::vector<std::byte> bomb = compressed(payload_of(Content::zeros, std::size_t{1} << 20));
  ASSERT_LT(bomb.size(), 8000U);
  constexpr std::size_t size_max = 65535;
  Inflater inflater;
  std::vector<std::byte> out;
  const auto result = inflater.inflate(bomb, size_max, out);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), InflateError::too_large);
  EXPECT_TRUE(out.empty());
  EXPECT_LE(out.capacity(), size_max + 1);

  // The next message finds everything as new.
  ASSERT_TRUE(inflater.inflate(to_bytes({0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00}), 5, out));
  EXPECT_EQ(as_text(out), "Hello");
}

// A bomb whose every step is small: the limit does not depend on where the fuse is.
TEST(Inflater, CountsWhatCameBeforeAFinalBlock) {
  std::vector<std::byte> message;
  for (int count = 0; count < 3; ++count) {
    message = joined(message, to_bytes({0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00}));
  }
  message.push_back(std::byte{0x00});
  EXPECT_EQ(inflated(message, 15).text, "HelloHelloHello");
  EXPECT_TRUE(is_refused(message, InflateError::too_large, 14));
}

RC_GTEST_PROP(Inflater, IsBoundedWhateverComes, (const std::vector<std::uint8_t>& bytes)) {
  Inflater inflater;
  std::vector<std::byte> out;
  const auto size_max = *rc::gen::inRange<std::size_t>(0, 3000);
  const auto result = inflater.inflate(std::as_bytes(std::span{bytes}), size_max, out);
  RC_ASSERT(out.size() <= size_max);
  RC_ASSERT(out.capacity() <= size_max + 1);
  if (!result) RC_ASSERT(out.empty());
}

// Damage to a good message is worse than noise, which fails at once.
RC_GTEST_PROP(Inflater, IsBoundedWhateverAGoodMessageBecomes, ()) {
  const auto content = *rc::gen::element(Content::zeros, Content::text);
  std::vector<std::byte> message =
      compressed(payload_of(content, *rc::gen::inRange<std::size_t>(100, 20'000)));
  const auto place = *rc::gen::inRange<std::size_t>(0, message.size());
  message[place] ^= std::byte{1} << *rc::gen::inRange(0, 8);
  Inflater inflater;
  std::vector<std::byte> out;
  const auto result = inflater.inflate(message, 10'000, out);
  RC_ASSERT(out.size() <= 10'000U);
  RC_ASSERT(out.capacity() <= 10'001U);
  if (!result) RC_ASSERT(out.empty());
  const auto again = inflater.inflate(to_bytes({0x00}), 0, out);
  RC_ASSERT(again.has_value());
}

// --- There and back -----------------------------------------------------------------------------

// By zlib itself, with a window of 9 bits. (-15 would read any window.)
std::string inflated_with_a_narrow_window(Bytes message) {
  const std::vector<std::byte> whole = joined(message, to_bytes({0x00, 0x00, 0xFF, 0xFF}));
  std::string text(std::size_t{2} << 20, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, -9), Z_OK);
  std::vector<unsigned char> in(whole.size());
  std::transform(whole.begin(), whole.end(), in.begin(), std::to_integer<unsigned char>);
  stream.next_in = in.data();
  stream.avail_in = static_cast<unsigned>(in.size());
  // In small steps: an inflater that has all of its output at hand looks back into that, and
  // accepts what reaches further than the window.
  std::array<unsigned char, 100> step{};
  std::size_t size = 0;
  int result = Z_OK;
  do {
    stream.next_out = step.data();
    stream.avail_out = static_cast<unsigned>(step.size());
    result = inflate(&stream, Z_SYNC_FLUSH);
    const std::size_t made = step.size() - stream.avail_out;
    std::copy_n(step.begin(), made, text.begin() + static_cast<std::ptrdiff_t>(size));
    size += made;
  } while (result == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0));
  EXPECT_TRUE(result == Z_OK || result == Z_BUF_ERROR);
  EXPECT_EQ(inflateEnd(&stream), Z_OK);
  text.resize(size);
  return text;
}

void expect_round_trip(Deflater& deflater, Inflater& inflater, Bytes payload) {
  for (const Window window : windows) {
    std::vector<std::byte> out = to_bytes("kept");
    const bool is_smaller = deflater.compress({payload}, window, out);
    ASSERT_EQ(as_text(out).substr(0, 4), "kept");
    if (!is_smaller) {
      ASSERT_EQ(out.size(), 4U);
      continue;
    }
    const Bytes message = Bytes{out}.subspan(4);
    ASSERT_LT(message.size(), payload.size());
    std::vector<std::byte> back;
    ASSERT_TRUE(inflater.inflate(message, payload.size(), back));
    ASSERT_TRUE(std::ranges::equal(back, payload)) << payload.size();
    if (window == Window::narrow) {
      ASSERT_EQ(inflated_with_a_narrow_window(message), as_text(payload));
    }
  }
}

TEST(Deflater, MakesWhatTheInflaterReads) {
  Deflater deflater;
  Inflater inflater;
  for (const Content content : {Content::zeros, Content::text, Content::random}) {
    for (std::size_t size = 0; size <= 2000; size += size < 300 ? 1 : 7) {
      expect_round_trip(deflater, inflater, payload_of(content, size));
    }
    for (const std::size_t size : {2000U, 65535U, 65536U, 1U << 20U}) {
      expect_round_trip(deflater, inflater, payload_of(content, size));
    }
  }
}

TEST(Deflater, SaysWhenItIsNotWorthIt) {
  Deflater deflater;
  std::vector<std::byte> out = to_bytes("kept");
  for (const Window window : windows) {
    EXPECT_FALSE(deflater.compress({}, window, out));
    EXPECT_FALSE(deflater.compress({Bytes{}, Bytes{}}, window, out));
    EXPECT_FALSE(deflater.compress({as_bytes("Hello")}, window, out));
    for (const std::size_t size : {1U, 2U, 100U, 65536U}) {
      EXPECT_FALSE(deflater.compress({payload_of(Content::random, size)}, window, out)) << size;
    }
    EXPECT_EQ(as_text(out), "kept");
  }
}

// "aaaaaaaaaa" takes 4 bytes, 73 04 00 and one of the flush. Around there it begins to be worth it.
TEST(Deflater, TakesWhatIsSmallerByOneByteAndNothingThatIsNot) {
  for (const Window window : windows) {
    for (std::size_t size = 1; size <= 12; ++size) {
      const std::string payload(size, 'a');
      z_stream stream{};
      ASSERT_EQ(deflateInit2(&stream, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
      std::vector<unsigned char> in(payload.begin(), payload.end());
      std::array<unsigned char, 100> room{};
      stream.next_in = in.data();
      stream.avail_in = static_cast<unsigned>(in.size());
      stream.next_out = room.data();
      stream.avail_out = static_cast<unsigned>(room.size());
      ASSERT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
      const std::size_t size_compressed = room.size() - stream.avail_out - 4;
      ASSERT_EQ(deflateEnd(&stream), Z_DATA_ERROR);  // as nothing was finished

      const std::vector<std::byte> message = compressed(as_bytes(payload), window);
      EXPECT_EQ(message.size(), size_compressed < size ? size_compressed : 0) << size;
    }
  }
}

TEST(Deflater, JoinsItsParts) {
  const std::vector<std::byte> payload = payload_of(Content::text, 3000);
  const Bytes all{payload};
  Deflater deflater;
  for (const std::size_t cut : {0U, 1U, 1500U, 2999U, 3000U}) {
    std::vector<std::byte> out;
    ASSERT_TRUE(deflater.compress({all.first(cut), Bytes{}, all.subspan(cut)}, Window::wide, out));
    EXPECT_EQ(text_of(out), as_text(payload)) << cut;
  }
}

TEST(Deflater, ForgetsEachMessage) {
  Deflater deflater;
  const std::vector<std::byte> payload = payload_of(Content::text, 3000);
  const std::vector<std::byte> noise = payload_of(Content::random, 3000);
  for (const Window window : windows) {
    std::vector<std::byte> first;
    ASSERT_TRUE(deflater.compress({payload}, window, first));
    std::vector<std::byte> second;
    ASSERT_FALSE(deflater.compress({noise}, window, second));  // given up on half-way
    ASSERT_TRUE(deflater.compress({payload}, window, second));
    EXPECT_EQ(first, second);
  }
}

TEST(Deflater, LooksFurtherBackThroughAWideWindow) {
  const std::vector<std::byte> piece = payload_of(Content::random, 30'000);
  std::vector<std::byte> payload;
  for (int count = 0; count < 5; ++count) payload = joined(payload, piece);
  EXPECT_TRUE(compressed(payload, Window::narrow).empty());
  const std::vector<std::byte> message = compressed(payload, Window::wide);
  EXPECT_LT(message.size(), 32'500U);
  // So large that the inflater's room grows on the way, and it has to look back into its window.
  EXPECT_EQ(text_of(message), as_text(payload));
}

// --- Values -------------------------------------------------------------------------------------

TEST(Deflater, IsCopiedAsANewOne) {
  const std::vector<std::byte> payload = payload_of(Content::text, 3000);
  const std::vector<std::byte> expected = compressed(payload);
  Deflater original;
  std::vector<std::byte> out;
  ASSERT_TRUE(original.compress({payload}, Window::wide, out));
  Deflater copy = original;
  Deflater assigned;
  assigned = original;
  Deflater moved = std::move(original);
  original = copy;
  for (Deflater* deflater : {&original, &copy, &assigned, &moved}) {
    out.clear();
    ASSERT_TRUE(deflater->compress({payload}, Window::wide, out));
    EXPECT_EQ(out, expected);
  }
}

TEST(Inflater, IsCopiedAsANewOne) {
  const std::vector<std::byte> message = compressed(payload_of(Content::text, 3000));
  Inflater original;
  std::vector<std::byte> out;
  ASSERT_TRUE(original.inflate(message, no_limit, out));
  const std::vector<std::byte> expected = out;
  Inflater copy = original;
  Inflater assigned;
  assigned = original;
  Inflater moved = std::move(original);
  original = copy;
  for (Inflater* inflater : {&original, &copy, &assigned, &moved}) {
    ASSERT_TRUE(inflater->inflate(message, no_limit, out));
    EXPECT_EQ(out, expected);
  }
}

}  // namespace
}  // namespace lastword::websocket
