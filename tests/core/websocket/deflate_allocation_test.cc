// What zlib takes from operator new: nothing once warm, and what happens when there is nothing left
// to take.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/websocket/deflate.h"

namespace {

std::size_t allocation_count = 0;
std::size_t allocations_alive = 0;
std::size_t allocations_left = SIZE_MAX;  // until one fails

void* counted(std::size_t size) {
  if (allocations_left == 0) throw std::bad_alloc{};
  --allocations_left;
  ++allocation_count;
  ++allocations_alive;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}

void release(void* memory) noexcept {
  if (memory != nullptr) --allocations_alive;
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
// The standard library's own would do, but AddressSanitizer brings another.
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  try {
    return counted(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t /*size*/) noexcept { release(memory); }

namespace lastword::websocket {
namespace {

std::string text_of(std::size_t size) {
  std::string text;
  while (text.size() < size) text += "the last word is said before noon; ";
  text.resize(size);
  return text;
}

// One message there and back, in both windows.
class Messages {
 public:
  void run(std::size_t size) {
    const Bytes payload = as_bytes(text_).first(size);
    for (const Window window : {Window::narrow, Window::wide}) {
      compressed_.clear();
      ASSERT_TRUE(deflater_.compress({payload}, window, compressed_));
      ASSERT_TRUE(inflater_.inflate(compressed_, size, back_));
      ASSERT_EQ(back_.size(), size);
    }
  }

 private:
  std::string text_ = text_of(70'000);
  Deflater deflater_;
  Inflater inflater_;
  std::vector<std::byte> compressed_;
  std::vector<std::byte> back_;
};

TEST(DeflateAllocation, IsCountedWhereZlibAllocates) {
  const std::size_t before = allocation_count;
  {
    Messages messages;
    messages.run(1000);
    // Two streams that deflate (each five pieces and itself), and one that inflates (two).
    EXPECT_GE(allocation_count - before, 15U);
    EXPECT_GE(allocations_alive, 15U);
  }
}

TEST(DeflateAllocation, HappensForNoMessageOnceWarm) {
  Messages messages;
  messages.run(70'000);
  const std::size_t before = allocation_count;
  for (std::size_t size = 200; size <= 70'000; size += 997) messages.run(size);
  EXPECT_EQ(allocation_count, before);
}

TEST(DeflateAllocation, IsGivenBackAtTheEnd) {
  const std::size_t before = allocations_alive;
  {
    Messages messages;
    messages.run(1000);
    Messages copy = messages;
    copy.run(1000);
    Messages moved = std::move(copy);
    moved.run(1000);
    moved = messages;
    moved.run(1000);
    moved = Messages{};
    moved.run(1000);
  }
  EXPECT_EQ(allocations_alive, before);
}

// Whichever allocation fails, it is std::bad_alloc, and afterwards everything works.
TEST(DeflateAllocation, FailsAsBadAllocAndHarmsNothing) {
  const std::string payload = text_of(5000);
  const std::size_t alive_before = allocations_alive;
  std::size_t failures = 0;
  for (bool is_whole = false; !is_whole; ++failures) {
    Deflater deflater;
    Inflater inflater;
    std::vector<std::byte> compressed;
    std::vector<std::byte> back;
    const auto run = [&] {
      compressed.clear();
      return deflater.compress({as_bytes(payload)}, Window::wide, compressed) &&
             inflater.inflate(compressed, payload.size(), back).has_value();
    };
    bool is_done = true;
    allocations_left = failures;
    try {
      is_done = run();
      is_whole = true;
    } catch (const std::bad_alloc&) {
      is_whole = false;
    }
    allocations_left = SIZE_MAX;
    ASSERT_TRUE(is_done) << failures;  // no message is called wrong for want of memory
    ASSERT_TRUE(run()) << failures;
    ASSERT_EQ(as_text(back), payload) << failures;
    ASSERT_LT(failures, 100U);
  }
  // A stream to deflate (six), room, a stream to inflate (three), room in some steps.
  EXPECT_GT(failures, 10U);
  EXPECT_EQ(allocations_alive, alive_before);
}

}  // namespace
}  // namespace lastword::websocket
