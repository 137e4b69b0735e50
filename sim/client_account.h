// What a production client said of the lines that it was given, held against what servers accepted
// and what it wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/client/client.h"
#include "core/transport.h"

namespace lastword::sim {

class ClientAccount {
 public:
  explicit ClientAccount(client::IfUnknown if_unknown) : if_unknown_{if_unknown} {}

  // The client took the line. Texts of messages are each there once.
  void given(std::string_view line);
  // A new link begins.
  void connects(Transport transport);
  // The system took these bytes of it on its link.
  void wrote(std::string_view bytes) { wire_ += bytes; }
  void told(const client::Event& event);

  [[nodiscard]] std::size_t size() const { return lines_.size(); }
  // The whole line was written on the current link, with its end.
  [[nodiscard]] bool has_left(std::string_view line);
  [[nodiscard]] bool has_left(client::LineNumber line) { return has_left(lines_[line - 1].line); }
  // Where it is a member once all lines that it was given are accepted.
  [[nodiscard]] const std::set<std::string>& rooms() const { return rooms_; }

  // What is wrong with it, for a person; nothing if nothing is. `accepted` are the texts of the
  // client's messages that servers accepted, in their order; up to `settled` the client says that
  // lines have a fate.
  [[nodiscard]] std::optional<std::string> complaint(std::span<const std::string> accepted,
                                                     client::LineNumber settled) const;

 private:
  enum class Fate : std::uint8_t { open, refused, unknown, unsent };
  struct Line {
    std::string line;
    std::string text{};  // of a message; empty: no message
    Fate fate = Fate::open;
    bool was_resent = false;
  };

  void check_unknown(const client::Event& event);
  [[nodiscard]] static std::string named(client::LineNumber number, const Line& line);

  client::IfUnknown if_unknown_;
  std::vector<Line> lines_;  // number 1 is the first
  std::set<std::string> rooms_;
  std::optional<std::string> first_complaint_;  // about what it told

  // The current link's
  Transport transport_ = Transport::lines;
  std::string wire_;                // what was written, as far as it is not in messages_
  bool is_upgraded_ = false;        // the request is behind us
  std::set<std::string> messages_;  // of a WebSocket that were written wholly
};

}  // namespace lastword::sim
