// What the bytes of a WebSocket payload cost, beside memcpy of the same bytes: unmasking, UTF-8.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/utf8_validator.h"
#include "core/websocket/mask.h"

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
  for (auto _ : state) {
    benchmark::DoNotOptimize(std::memcpy(to.data(), from.data(), from.size()));
    benchmark::ClobberMemory();
  }
  count_bytes(state);
}
BENCHMARK(copying)->Apply(sizes);

// --- Unmasking, in place ------------------------------------------------------------------------

void unmasking(benchmark::State& state) {
  constexpr websocket::MaskingKey key{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21},
                                      std::byte{0x3D}};
  std::vector<std::byte> payload(argument(state));
  for (auto _ : state) {
    websocket::unmask(payload, key, 0);
    benchmark::DoNotOptimize(payload.data());
    benchmark::ClobberMemory();
  }
  count_bytes(state);
}
BENCHMARK(unmasking)->Apply(sizes);

// As behind a header of 6 or 14 bytes, and in the middle of a frame.
void unmasking_at_odd_places(benchmark::State& state) {
  constexpr websocket::MaskingKey key{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21},
                                      std::byte{0x3D}};
  std::vector<std::byte> buffer(argument(state) + 6);
  const std::span<std::byte> payload = std::span{buffer}.subspan(6);
  for (auto _ : state) {
    websocket::unmask(payload, key, 3);
    benchmark::DoNotOptimize(payload.data());
    benchmark::ClobberMemory();
  }
  count_bytes(state);
}
BENCHMARK(unmasking_at_odd_places)->Apply(sizes);

// --- UTF-8 --------------------------------------------------------------------------------------

void validate(benchmark::State& state, std::string_view piece) {
  const std::string text = repeated(piece, argument(state));
  for (auto _ : state) {
    Utf8Validator validator;
    benchmark::DoNotOptimize(text.data());
    if (!validator.feed(as_bytes(text))) return state.SkipWithError("this is UTF-8");
    benchmark::DoNotOptimize(validator);
  }
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

}  // namespace
}  // namespace lastword::bench

BENCHMARK_MAIN();
