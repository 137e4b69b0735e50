// What a production client said of the lines that it was given, held against what servers accepted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/client/client.h"

namespace lastword::sim {

class ClientAccount {
 public:
  // The client took the line. Texts of messages are each there once.
  void given(std::string_view line);
  void told(const client::Event& event);

  [[nodiscard]] std::size_t size() const { return lines_.size(); }

  // What is wrong with it, for a person; nothing if nothing is. `accepted` are the texts of the
  // client's messages that servers accepted, in their order; up to `settled` the client says that
  // lines have a fate.
  [[nodiscard]] std::optional<std::string> complaint(std::span<const std::string> accepted,
                                                     client::LineNumber settled) const;

 private:
  enum class Fate : std::uint8_t { open, refused, unknown, unsent };
  struct Line {
    std::string text;  // of a message; empty: no message
    Fate fate = Fate::open;
    bool was_resent = false;
  };

  std::vector<Line> lines_;  // number 1 is the first
};

}  // namespace lastword::sim
