// No heap allocation per message once warm: this executable counts operator new.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "core/server.h"

namespace {

std::size_t allocation_count = 0;

void* counted(std::size_t size) {
  ++allocation_count;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, std::align_val_t) { return counted(size); }
void* operator new[](std::size_t size, std::align_val_t) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace lastword::test {
namespace {

// The least that drives a server: reads what it is given, writes everything.
class Driver {
 public:
  ConnectionId log_in(const std::string& name) {
    const ConnectionId id = *server_.accepted(Instant{});
    ids_.push_back(id);
    receive(id, name + "\n");
    return id;
  }

  void receive(ConnectionId id, const std::string& bytes) {
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(buffer_.data()));
    server_.received(Instant{}, id, std::span{buffer_}.first(bytes.size()));
  }

  // Returns how many bytes were written.
  std::size_t write_all() {
    std::size_t written = 0;
    do {
      server_.take_changed(changed_);
      for (const ConnectionId id : changed_) {
        const std::size_t count = server_.gather(id, slices_);
        std::size_t size = 0;
        for (std::size_t position = 0; position < count; ++position) {
          size += slices_[position].size();
        }
        if (size > 0) server_.wrote(Instant{}, id, size);
        written += size;
      }
      server_.elapsed(Instant{});  // the paused go on
    } while (server_.has_changed());
    server_.take_events(events_);
    return written;
  }

  [[nodiscard]] const Server& server() const { return server_; }

 private:
  Server server_{Config{}};
  std::vector<ConnectionId> ids_;
  std::vector<ConnectionId> changed_;
  std::vector<Event> events_;
  std::array<std::byte, 65536> buffer_;
  std::array<Slice, 64> slices_;
};

// Runs the traffic until it is warm, then again under count.
template <typename Traffic>
std::size_t allocations_once_warm(const Traffic& traffic) {
  for (int round = 0; round < 20; ++round) traffic();
  const std::size_t before = allocation_count;
  for (int round = 0; round < 100; ++round) traffic();
  return allocation_count - before;
}

TEST(Allocation, IsCountedAtAll) {
  const std::size_t before = allocation_count;
  std::vector<int> numbers(10);
  EXPECT_EQ(numbers.size(), 10U);
  EXPECT_EQ(allocation_count, before + 1);
}

TEST(Allocation, HappensForNoMessageToAPeer) {
  Driver driver;
  const ConnectionId alice = driver.log_in("alice");
  driver.log_in("a name that is too long to be stored in place");
  std::string batch;
  for (int count = 0; count < 32; ++count) {
    batch += "a name that is too long to be stored in place: 0123456789\n";
  }
  EXPECT_EQ(allocations_once_warm([&] {
              driver.receive(alice, batch);
              driver.write_all();
            }),
            0U);
  EXPECT_EQ(driver.server().books().delivered, 120U * 32U);
}

TEST(Allocation, HappensForNoLineThatIsCutAnywhere) {
  Driver driver;
  const ConnectionId alice = driver.log_in("alice");
  const std::string line = "alice: " + std::string(5000, 'x') + "\n";
  EXPECT_EQ(allocations_once_warm([&] {
              for (std::size_t position = 0; position < line.size(); position += 700) {
                driver.receive(alice, line.substr(position, 10) /* counted below */);
                driver.receive(alice, line.substr(position + 10, 690));
              }
              driver.write_all();
            }) / 100,
            // The test's own substr allocates for each part that is longer than a short string.
            8U);
  EXPECT_EQ(driver.server().books().delivered, 120U);
}

TEST(Allocation, HappensForNoMessageToARoomOrAList) {
  Driver driver;
  const ConnectionId alice = driver.log_in("alice");
  std::string list;
  for (int count = 0; count < 100; ++count) {
    const std::string name = "member" + std::to_string(count);
    driver.receive(driver.log_in(name), "/join #room\n");
    list += name + ",";
  }
  const std::string lines = "#room: hello\n" + list + ": hello\n" + list + "#room: both\n" +
                            "nobody, nowhere, nobody: hello\n/ping x\nnonsense\n";
  EXPECT_EQ(allocations_once_warm([&] {
              driver.receive(alice, lines);
              driver.write_all();
            }),
            0U);
  EXPECT_EQ(driver.server().books().delivered, 120U * 300U);
}

TEST(Allocation, HappensForNoPauseAndNoResumption) {
  Driver driver;
  const ConnectionId alice = driver.log_in("alice");
  driver.log_in("bob");
  const std::string batch = "bob: " + std::string(60'000, 'x') + "\n";
  EXPECT_EQ(allocations_once_warm([&] {
              for (int count = 0; count < 20; ++count) driver.receive(alice, batch);
              driver.write_all();
            }),
            0U);
  EXPECT_EQ(driver.server().books().delivered, 120U * 20U);
}

TEST(Allocation, LeavesNothingQueuedBehind) {
  Driver driver;
  const ConnectionId alice = driver.log_in("alice");
  driver.log_in("bob");
  for (int count = 0; count < 1000; ++count) driver.receive(alice, "bob: hello\n");
  EXPECT_GT(driver.server().queued_bytes(), 0U);
  driver.write_all();
  EXPECT_EQ(driver.server().queued_bytes(), 0U);
}

}  // namespace
}  // namespace lastword::test
