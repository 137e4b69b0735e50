// No heap allocation per line once warm: this executable counts operator new.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "core/client/client.h"
#include "core/websocket/accept_key.h"

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

using client::Link;

// A client, and a server that takes everything and answers its questions.
class Driver {
 public:
  explicit Driver(Transport transport) : transport_{transport}, client_{config(transport), {}} {
    client_.start(Instant{});
    client_.connected(Instant{}, Link{1});
    if (transport == Transport::websocket) {
      const std::string request = take_output();
      const std::string key = request.substr(request.find("Key: ") + 5, websocket::key_size);
      const auto accept = websocket::accept_key_for(key);
      receive(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
          "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
          std::string{accept.data(), accept.size()} + "\r\n\r\n");
    }
    answer();
    take_events();
  }

  // Says a line, has it written and answered, and hears one.
  void converse() {
    ASSERT_EQ(client_.give(Instant{}, "bob: a line of a usual length, which is no short string"),
              client::Given::taken);
    answer();
    receive(transport_ == Transport::lines ? line_ : frame_);
    ASSERT_TRUE(client_.line());
    client_.take_line(Instant{});
  }

  [[nodiscard]] const Client& client() const { return client_; }

 private:
  static client::Config config(Transport transport) {
    client::Config config;
    config.name = "alice";
    config.url = {.transport = transport, .host = "server", .port = 80};
    return config;
  }

  void receive(std::string_view bytes) {
    std::memcpy(buffer_.data(), bytes.data(), bytes.size());
    client_.received(Instant{}, Link{1}, std::span{buffer_}.first(bytes.size()));
  }

  std::string take_output() {
    std::string output{as_text(client_.gather())};
    client_.wrote(Instant{}, Link{1}, output.size());
    return output;
  }

  // Finds the question in what is written, without memory of its own, and answers it.
  void answer() {
    const Bytes output = client_.gather();
    ASSERT_LE(output.size(), unmasked_.size());
    std::memcpy(unmasked_.data(), output.data(), output.size());
    std::string_view text{unmasked_.data(), output.size()};
    if (transport_ == Transport::websocket) text = last_frame(output);
    const std::size_t place = text.rfind("/ping ");
    ASSERT_NE(place, std::string_view::npos);
    std::string_view token = text.substr(place + 6);
    if (token.ends_with('\n')) token.remove_suffix(1);
    std::size_t size = 0;
    const auto append = [&](std::string_view part) {
      std::memcpy(answer_.data() + size, part.data(), part.size());
      size += part.size();
    };
    if (transport_ == Transport::websocket) {
      answer_[size++] = '\x81';
      answer_[size++] = static_cast<char>(7 + token.size());
    }
    append("* pong ");
    append(token);
    if (transport_ == Transport::lines) append("\n");
    client_.wrote(Instant{}, Link{1}, output.size());
    receive({answer_.data(), size});
  }

  // The payload of the last of the short frames that were written.
  std::string_view last_frame(Bytes output) {
    std::size_t place = 0;
    for (;;) {
      const std::size_t size = std::to_integer<std::size_t>(output[place + 1]) & 0x7FU;
      if (place + 6 + size == output.size()) {
        for (std::size_t offset = 0; offset < size; ++offset) {
          unmasked_[offset] = static_cast<char>(std::to_integer<unsigned char>(
              output[place + 6 + offset] ^ output[place + 2 + offset % 4]));
        }
        return {unmasked_.data(), size};
      }
      place += 6 + size;
    }
  }

  void take_events() {
    std::vector<client::Event> events;
    static_cast<void>(client_.take_events(events));
  }

  Transport transport_;
  Client client_;
  std::array<std::byte, 4096> buffer_{};
  std::array<char, 4096> unmasked_{};
  std::array<char, 256> answer_{};
  const std::string line_ = "from bob: an answer of a usual length, no short string either\n";
  const std::string frame_ = std::string{"\x81", 1} + static_cast<char>(line_.size() - 1) +
                             line_.substr(0, line_.size() - 1);
};

class ClientAllocation : public testing::TestWithParam<Transport> {};

INSTANTIATE_TEST_SUITE_P(Both, ClientAllocation,
                         testing::Values(Transport::lines, Transport::websocket),
                         [](const auto& given) {
                           return given.param == Transport::lines ? "Lines" : "WebSocket";
                         });

TEST_P(ClientAllocation, NothingPerLineOnceWarm) {
  Driver driver{GetParam()};
  ASSERT_EQ(driver.client().state(), client::State::online);
  for (int round = 0; round < 200; ++round) driver.converse();
  const std::size_t before = allocation_count;
  for (int round = 0; round < 1000; ++round) driver.converse();
  EXPECT_EQ(allocation_count, before);
  EXPECT_EQ(driver.client().counts().accepted, 1200U);
}

}  // namespace
}  // namespace lastword::test
