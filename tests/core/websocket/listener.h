// A MessageReader as the server uses it, or a client, for tests.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/digest.h"
#include "core/spare_buffers.h"
#include "core/websocket/deflate.h"
#include "core/websocket/frame.h"
#include "core/websocket/message_reader.h"

namespace lastword::websocket::test {

// What was shown: "message hello", "ping hello", "pong hello", "close 1000 bye", and a violation
// with its explanation.
using Shown = std::vector<std::string>;

inline std::string violated(Violation violation) {
  return "violation: " + std::string{explain(violation)};
}

inline std::string describe(const MessageReader::Item& item) {
  const std::string bytes{as_text(item.bytes)};
  switch (item.kind) {
    case MessageReader::Kind::message:
      return "message " + bytes;
    case MessageReader::Kind::ping:
      return "ping " + bytes;
    case MessageReader::Kind::pong:
      return "pong " + bytes;
    case MessageReader::Kind::close:
      return "close " + std::to_string(item.code) + " " + bytes;
    case MessageReader::Kind::violation:
      break;
  }
  EXPECT_EQ(bytes, "");
  return violated(item.violation);
}

// A chunk is lent, items are taken, the rest is kept, and the chunk is gone.
class Listener {
 public:
  explicit Listener(std::size_t message_max, bool is_compression_agreed = false)
      : reading_{.message_max = message_max,
                 .spare_buffers = spare_buffers_,
                 .inflater = inflater_},
        reader_{is_compression_agreed} {}
  Listener(std::size_t message_max, Sender sender) : Listener{message_max} {
    reader_ = MessageReader{sender};
  }

  // Brings a chunk and takes at most `items_max` items.
  Shown read(std::string_view bytes, std::size_t items_max = SIZE_MAX) {
    std::vector<std::byte> chunk{as_bytes(bytes).begin(), as_bytes(bytes).end()};
    reader_.feed(chunk);
    return go_on(items_max);
  }

  // Goes on without a new chunk.
  Shown go_on(std::size_t items_max = SIZE_MAX) {
    Shown shown;
    while (shown.size() < items_max) {
      const auto item = reader_.front(reading_);
      if (!item) break;
      shown.push_back(describe(*item));
      reader_.pop(reading_);
    }
    reader_.keep(reading_);
    return shown;
  }

  // Brings a chunk, looks at the front and leaves it there.
  std::string look(std::string_view bytes = {}) {
    std::vector<std::byte> chunk{as_bytes(bytes).begin(), as_bytes(bytes).end()};
    reader_.feed(chunk);
    const auto item = reader_.front(reading_);
    std::string seen = item ? describe(*item) : std::string{};
    reader_.keep(reading_);
    return seen;
  }

  void seek_close() { reader_.seek_close(reading_); }
  void clear() { reader_.clear(reading_); }

  [[nodiscard]] std::uint64_t digest() const {
    Digest digest;
    reader_.add_to(digest);
    return digest.value();
  }
  [[nodiscard]] std::size_t held_bytes() const { return reader_.held_bytes(); }
  [[nodiscard]] bool is_in_message() const { return reader_.is_in_message(); }

  [[nodiscard]] MessageReader& reader() { return reader_; }
  [[nodiscard]] const Reading& reading() const { return reading_; }
  [[nodiscard]] SpareBuffers& spare_buffers() { return spare_buffers_; }

 private:
  SpareBuffers spare_buffers_;
  Inflater inflater_;
  Reading reading_;
  MessageReader reader_;
};

inline void append(Shown& shown, const Shown& more_shown) {
  shown.insert(shown.end(), more_shown.begin(), more_shown.end());
}

// One message, compressed as a client may do it.
inline std::string deflated(std::string_view payload) {
  Deflater deflater;
  std::vector<std::byte> compressed;
  EXPECT_TRUE(deflater.compress({as_bytes(payload)}, Window::wide, compressed)) << payload;
  return std::string{as_text(compressed)};
}

}  // namespace lastword::websocket::test
