// What the bytes of a WebSocket cost, beside memcpy of the same bytes: unmasking, UTF-8, frames.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/spare_buffers.h"
#include "core/utf8_validator.h"
#include "core/websocket/deflate.h"
#include "core/websocket/frame.h"
#include "core/websocket/mask.h"
#include "core/websocket/message_reader.h"
#include "item_meter.h"

namespace lastword::bench {
namespace {

// From a chat line to the largest message.
void sizes(benchmark::internal::Benchmark* benchmark) {
  for (const std::int64_t size : {64, 1024, 16'384, 65'536}) benchmark->Arg(size);
}

std::size_t argument(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0));
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}

// Exactly that many bytes; the last code point may be cut.
std::string repeated(std::string_view piece, std::size_t size) {
  std::string text;
  while (text.size() < size) text += piece;
  text.resize(size);
  return text;
}

void copying(benchmark::State& state) {
  const std::vector<std::byte> from(argument(state));
  std::vector<std::byte> to(argument(state));
  measure(state, 1, [&] {
    benchmark::DoNotOptimize(std::memcpy(to.data(), from.data(), from.size()));
    benchmark::ClobberMemory();
  });
  count_bytes(state);
}
BENCHMARK(copying)->Apply(sizes);

// --- Unmasking, in place ------------------------------------------------------------------------

void unmasking(benchmark::State& state) {
  constexpr websocket::MaskingKey key{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21},
                                      std::byte{0x3D}};
  std::vector<std::byte> payload(argument(state));
  measure(state, 1, [&] {
    websocket::unmask(payload, key, 0);
    benchmark::DoNotOptimize(payload.data());
    benchmark::ClobberMemory();
  });
  count_bytes(state);
}
BENCHMARK(unmasking)->Apply(sizes);

// As behind a header of 6 or 14 bytes, and in the middle of a frame.
void unmasking_at_odd_places(benchmark::State& state) {
  constexpr websocket::MaskingKey key{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21},
                                      std::byte{0x3D}};
  std::vector<std::byte> buffer(argument(state) + 6);
  const std::span<std::byte> payload = std::span{buffer}.subspan(6);
  measure(state, 1, [&] {
    websocket::unmask(payload, key, 3);
    benchmark::DoNotOptimize(payload.data());
    benchmark::ClobberMemory();
  });
  count_bytes(state);
}
BENCHMARK(unmasking_at_odd_places)->Apply(sizes);

// --- UTF-8 --------------------------------------------------------------------------------------

void validate(benchmark::State& state, std::string_view piece) {
  const std::string text = repeated(piece, argument(state));
  measure(state, 1, [&] {
    Utf8Validator validator;
    benchmark::DoNotOptimize(text.data());
    if (!validator.feed(as_bytes(text))) return state.SkipWithError("this is UTF-8");
    benchmark::DoNotOptimize(validator);
  });
  count_bytes(state);
}

void utf8_of_ascii(benchmark::State& state) {
  validate(state, "the last word is said before noon; ");
}
BENCHMARK(utf8_of_ascii)->Apply(sizes);

// Western European text: one byte in thirty is the first of two.
void utf8_of_mixed_text(benchmark::State& state) {
  validate(state, "Zo\u00EB from accounting says that the caf\u00E9 is open before noon. ");
}
BENCHMARK(utf8_of_mixed_text)->Apply(sizes);

// Nothing but code points of three bytes.
void utf8_of_chinese(benchmark::State& state) {
  validate(state, "\u6700\u540E\u4E00\u53E5\u8BDD\u5728\u4E2D\u5348\u4E4B\u524D\u8BF4");
}
BENCHMARK(utf8_of_chinese)->Apply(sizes);

// --- Frames -------------------------------------------------------------------------------------

// A reading buffer full of frames with `payload_size` bytes of text each, which are taken out as
// messages: headers, unmasking and UTF-8 together. (The key is zero, so that the same bytes can be
// read again; the work is the same.)
std::vector<std::byte> frames_of(std::size_t payload_size) {
  constexpr std::size_t buffer_size = std::size_t{64} << 10;
  const std::string payload = repeated("the last word is said before noon; ", payload_size);
  std::vector<std::byte> bytes;
  const auto put = [&](std::size_t value) { bytes.push_back(static_cast<std::byte>(value)); };
  do {
    put(0x81);
    if (payload_size <= 125) {
      put(0x80 | payload_size);
    } else if (payload_size <= 0xFFFF) {
      for (const std::size_t value : {std::size_t{0xFE}, payload_size >> 8U, payload_size}) {
        put(value & 0xFFU);
      }
    } else {
      put(0xFF);
      for (std::size_t byte = 8; byte-- > 0;) put((payload_size >> (8 * byte)) & 0xFFU);
    }
    bytes.resize(bytes.size() + websocket::MaskingKey{}.size());
    const Bytes text = as_bytes(payload);
    bytes.insert(bytes.end(), text.begin(), text.end());
  } while (bytes.size() + payload_size + websocket::FrameHeader::size_max <= buffer_size);
  return bytes;
}

// Messages whose frames are whole in one read, or come in reads of so many bytes.
void read_frames(benchmark::State& state, std::size_t read_size) {
  std::vector<std::byte> bytes = frames_of(argument(state));
  SpareBuffers spare_buffers;
  websocket::Inflater inflater;
  const websocket::Reading reading{
      .message_max = std::size_t{1} << 20, .spare_buffers = spare_buffers, .inflater = inflater};
  websocket::MessageReader reader;
  std::size_t messages = 0;
  const auto read_all = [&] {
    std::span<std::byte> left = bytes;
    while (!left.empty()) {
      const std::size_t size = std::min(read_size, left.size());
      reader.feed(left.first(size));
      left = left.subspan(size);
      while (const auto item = reader.front(reading)) {
        if (item->kind != websocket::MessageReader::Kind::message) {
          return state.SkipWithError("this is a message");
        }
        benchmark::DoNotOptimize(item->bytes.data());
        ++messages;
        reader.pop(reading);
      }
      reader.keep(reading);
    }
  };
  read_all();
  const std::size_t messages_before = messages;
  ItemMeter meter(state);
  for (auto _ : state) read_all();
  meter.finish(messages - messages_before);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(bytes.size()));
}

void frames_in_one_read(benchmark::State& state) { read_frames(state, SIZE_MAX); }
BENCHMARK(frames_in_one_read)->Apply(sizes);

// As a slow network brings them: nearly every message is put together from pieces.
void frames_in_segments(benchmark::State& state) { read_frames(state, 1448); }
BENCHMARK(frames_in_segments)->Apply(sizes);

}  // namespace
}  // namespace lastword::bench

BENCHMARK_MAIN();
