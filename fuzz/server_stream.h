// What a server says to a client, read byte by byte in the plainest way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/transport.h"
#include "sim/reference_frames.h"

namespace lastword::fuzz {

struct ServerItem {
  enum class Kind : std::uint8_t {
    line,     // or a message: `text`
    skipped,  // a line that was too long
    ping,     // `text`: its payload
    close,    // `code`: 0 if it has none
    violation,
  };
  Kind kind = Kind::line;
  std::string text{};
  unsigned code = 0;  // violation: with which a client has to end the link
};

// A server's frames. They are what a client's would be without a mask, so they are handed to the
// reference for those, with a mask of zeros put in.
class ServerFrames {
 public:
  explicit ServerFrames(std::size_t message_max) : frames_{message_max} {}

  // At most one item ends with a byte. Nothing comes behind a Close or a violation.
  [[nodiscard]] std::optional<ServerItem> take(char byte);

 private:
  [[nodiscard]] std::optional<ServerItem> take_in_header(char byte);
  [[nodiscard]] std::optional<ServerItem> news();

  sim::reference::ClientFrames frames_;
  std::size_t seen_ = 0;  // units
  std::string header_;
  std::uint64_t left_ = 0;  // bytes of the payload
  bool is_over_ = false;
};

class ServerStream {
 public:
  // `line_max`: bytes of the longest line with its LF, or of the largest message.
  ServerStream(Transport transport, std::size_t line_max)
      : transport_{transport}, line_max_{line_max}, frames_{line_max} {}

  // At most one item ends with a byte.
  [[nodiscard]] std::optional<ServerItem> take(char byte);

 private:
  Transport transport_;
  std::size_t line_max_;
  ServerFrames frames_;
  std::string line_;
  bool is_skipping_ = false;
};

}  // namespace lastword::fuzz
