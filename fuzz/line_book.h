// What has to become of each line that a client was given (docs/EMBEDDING.md, "What becomes of a
// line"), kept in the plainest way: a list of all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/client/client.h"

namespace lastword::fuzz {

// Lines are numbered from 1. What is told of them is a text each: "refused 3: no colon".
class LineBook {
 public:
  explicit LineBook(client::IfUnknown if_unknown) : if_unknown_{if_unknown} {}

  void give(std::string_view text);

  // --- On the wire of this link ---------------------------------------------------------------

  // The line that has to be sent next: behind those that were, the first one without a fate. 0:
  // there is none.
  [[nodiscard]] client::LineNumber next() const;
  [[nodiscard]] const std::string& text(client::LineNumber number) const {
    return entries_[number - 1].text;
  }
  // The next one was sent; its last byte stands before this offset in the link's stream.
  void send_next(std::uint64_t end);
  // The last one that was sent on this link; 0: none.
  [[nodiscard]] client::LineNumber last_sent() const { return last_sent_; }
  // Some that were sent on this link have no fate.
  [[nodiscard]] bool has_open_sent() const;
  // The next one is too long for the server, as far as it has said, and is not sent.
  void refuse_next();

  // --- What the server says -------------------------------------------------------------------

  // It answered a question that stands behind this line: all up to there were taken.
  void answered(client::LineNumber behind);
  // It has accepted so many messages of this link. A line beyond the bytes that were written can't
  // be among them. `has_read_all`: if these are all, what stands behind the last was read too.
  void goodbye(std::uint64_t accepted, std::uint64_t written, bool has_read_all);
  // It takes at most so many bytes, LF included: the first line over that is refused.
  void too_long(std::uint64_t line_max);
  // One that was sent is too big for it: the largest. Returns its size; SIZE_MAX: there is none.
  std::size_t too_big();

  // --- How it ends ----------------------------------------------------------------------------

  // The link is over. Without a goodbye, of what was written nobody knows.
  void end_link(bool has_goodbye, std::uint64_t written, bool is_abandoned);
  // The client is gone.
  void leave();

  // --- Looking in -----------------------------------------------------------------------------

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // The first one without a fate; the next to be given if all have one.
  [[nodiscard]] client::LineNumber first_open() const;
  [[nodiscard]] bool has_open() const { return first_open() <= entries_.size(); }
  // That the lines from there on take, as Config::outbound_max counts.
  [[nodiscard]] std::size_t bytes() const;
  // Joined by commands that were accepted, in their order.
  [[nodiscard]] const std::vector<std::string>& rooms() const { return rooms_; }
  // Only what is said of lines that were given.
  [[nodiscard]] const client::Counts& counts() const { return counts_; }
  // What the client has to tell of them.
  [[nodiscard]] std::vector<std::string>& told() { return told_; }

 private:
  enum class Kind : std::uint8_t { message, command, mistake };
  enum class Fate : std::uint8_t { open, accepted, refused, unknown, unsent };
  struct Entry {
    std::string text;
    Kind kind{};
    Fate fate = Fate::open;
    std::uint64_t end = 0;  // on the wire of this link, if it was sent on it
  };

  [[nodiscard]] Entry& entry(client::LineNumber number) { return entries_[number - 1]; }
  void settle_through(client::LineNumber last);
  void refuse(client::LineNumber number);
  void tell(std::string_view fate, client::LineNumber number);
  void enter_or_leave(std::string_view text);

  client::IfUnknown if_unknown_;
  std::vector<Entry> entries_;
  client::LineNumber last_sent_ = 0;
  std::uint64_t accepted_on_link_ = 0;  // messages
  std::vector<std::string> rooms_;
  client::Counts counts_;
  std::vector<std::string> told_;
};

}  // namespace lastword::fuzz
