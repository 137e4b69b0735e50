// What becomes of the lines that a client was given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/client/text_queue.h"
#include "core/digest.h"

namespace lastword::client {

// Lines are numbered from 1 in the order in which they were given.
using LineNumber = std::uint64_t;

// What a line is to the server, as far as its fate goes.
enum class LineKind : std::uint8_t {
  message,  // counted by the goodbye; sent twice, it is there twice
  command,  // has no effect beyond its session, so it can always be sent again
  mistake,  // the server answers it with an error
};

// The lines from the moment in which they were given until their fate is known, in order.
//
//   front
//     v
//   [ sent on this link ............ | waiting ............ ]
//      some of them may be void
//
// Invariants:
//  1. Lines are sent in their order, and a fate comes to the front line first.
//  2. A void line's fate is told already: it is neither sent nor told again.
//  3. The end of a line on the wire grows with its place.
class Ledger {
 public:
  struct Line {
    LineNumber number;
    LineKind kind;
    std::string_view text;  // good until the ledger is changed
    bool is_void;
  };

  // Lines without their fate take at most so many bytes, TextQueue's overhead included; an empty
  // ledger takes one line of any size.
  explicit Ledger(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  [[nodiscard]] bool has_room(std::size_t size) const {
    return lines_.is_empty() || lines_.bytes() + size + TextQueue<Tag>::overhead <= bytes_max_;
  }
  void give(std::string_view text, LineKind kind);

  // --- Sending ---------------------------------------------------------------------------------

  // The first line that was not sent on this link and is not void.
  [[nodiscard]] bool has_waiting() const { return sent_ < lines_.size(); }
  [[nodiscard]] Line waiting() const { return at(sent_); }
  // It was put on the wire; `end` is the offset in the link's stream behind its last byte.
  void sent(std::uint64_t end);
  // Number of the last line that was sent on this link, void or not; the one before the front if
  // there is none.
  [[nodiscard]] LineNumber last_sent() const { return first_number_ + sent_ - 1; }
  // Number of the front line, or of the next one to be given if there is none.
  [[nodiscard]] LineNumber first_number() const { return first_number_; }
  [[nodiscard]] std::size_t bytes() const { return lines_.bytes(); }
  // Lines that were sent on this link and have no fate yet, void ones included.
  [[nodiscard]] std::size_t sent_count() const { return sent_; }

  // Of what was put on the wire, the system took `written` bytes. How many lines at the front lie
  // whole within these; a line behind them can't have reached anybody.
  [[nodiscard]] std::size_t left_count(std::uint64_t written) const;

  // The link is gone: all lines wait again. Returns how many at the front may have reached the
  // server, as left_count does.
  [[nodiscard]] std::size_t unsend(std::uint64_t written);
  // The same for all lines.
  void unsend_all();

  // --- Fates -----------------------------------------------------------------------------------

  [[nodiscard]] bool is_empty() const { return lines_.is_empty(); }
  // Lines whose fate is open.
  [[nodiscard]] std::size_t size() const { return lines_.size() - void_count_; }
  [[nodiscard]] Line at(std::size_t place) const;
  [[nodiscard]] Line front() const { return at(0); }
  // Takes the front line off: its fate is known.
  void settle();
  // The line's fate is known before that of those in front of it.
  void void_at(std::size_t place);

  void add_to(Digest& digest) const;
  void check_invariants() const;

 private:
  struct Tag {
    std::uint64_t end = 0;  // on the wire, if it was sent
    LineKind kind{};
    bool is_void = false;
  };

  void skip_void();

  std::size_t bytes_max_;
  TextQueue<Tag> lines_;
  std::size_t sent_ = 0;  // of them, at the front
  std::size_t void_count_ = 0;
  LineNumber first_number_ = 1;  // of the front
};

}  // namespace lastword::client
