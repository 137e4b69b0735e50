#include "fuzz/line_book.h"

#include <algorithm>

#include "sim/reference.h"

namespace lastword::fuzz {

using client::LineNumber;

void LineBook::give(std::string_view text) {
  using Asked = sim::reference::Asked::Kind;
  Entry entry{.text = std::string{text}, .kind = Kind::command};
  const Asked asked = sim::reference::parse(text).kind;
  if (asked == Asked::message) entry.kind = Kind::message;
  if (asked == Asked::error) entry.kind = Kind::mistake;
  entries_.push_back(entry);
  ++counts_.given;
}

// --- On the wire ------------------------------------------------------------------------------

LineNumber LineBook::next() const {
  for (LineNumber number = last_sent_ + 1; number <= entries_.size(); ++number) {
    if (entries_[number - 1].fate == Fate::open) return number;
  }
  return 0;
}

void LineBook::send_next(std::uint64_t end) {
  last_sent_ = next();
  entry(last_sent_).end = end;
}

bool LineBook::has_open_sent() const { return first_open() <= last_sent_; }

void LineBook::refuse_next() { refuse(next()); }

// --- What the server says ---------------------------------------------------------------------

void LineBook::answered(LineNumber behind) { settle_through(behind); }

void LineBook::goodbye(std::uint64_t accepted, std::uint64_t written, bool has_read_all) {
  std::uint64_t left = accepted - std::min(accepted, accepted_on_link_);
  LineNumber last = 0;
  bool are_all_covered = true;
  for (LineNumber number = first_open(); number <= last_sent_; ++number) {
    const Entry& line = entry(number);
    if (line.fate != Fate::open || line.kind != Kind::message) continue;
    if (left == 0 || line.end > written) {
      are_all_covered = false;
      break;
    }
    --left;
    last = number;
  }
  if (are_all_covered && has_read_all) last = last_sent_;
  settle_through(last);
  last_sent_ = 0;
}

void LineBook::too_long(std::uint64_t line_max) {
  for (LineNumber number = first_open(); number <= last_sent_; ++number) {
    const Entry& line = entry(number);
    if (line.fate != Fate::open || line.text.size() < line_max) continue;
    refuse(number);
    return;
  }
}

std::size_t LineBook::too_big() {
  LineNumber largest = 0;
  for (LineNumber number = first_open(); number <= last_sent_; ++number) {
    if (entry(number).fate != Fate::open) continue;
    if (largest == 0 || text(number).size() > text(largest).size()) largest = number;
  }
  if (largest == 0) return SIZE_MAX;
  refuse(largest);
  return text(largest).size();
}

void LineBook::settle_through(LineNumber last) {
  for (LineNumber number = first_open(); number <= last; ++number) {
    Entry& line = entry(number);
    if (line.fate != Fate::open) continue;
    if (line.kind == Kind::mistake) {
      line.fate = Fate::refused;
      ++counts_.refused;
      tell("refused", number);
      continue;
    }
    line.fate = Fate::accepted;
    ++counts_.accepted;
    if (line.kind == Kind::message) ++accepted_on_link_;
    if (line.kind == Kind::command) enter_or_leave(line.text);
  }
}

void LineBook::refuse(LineNumber number) {
  entry(number).fate = Fate::refused;
  ++counts_.refused;
  tell("refused as too long", number);
}

void LineBook::enter_or_leave(std::string_view text) {
  using Asked = sim::reference::Asked::Kind;
  constexpr std::size_t rooms_max = 128;  // docs/ARCHITECTURE.md, "The bounds"
  const sim::reference::Asked asked = sim::reference::parse(text);
  const auto place = std::find(rooms_.begin(), rooms_.end(), asked.argument);
  if (asked.kind == Asked::leave && place != rooms_.end()) rooms_.erase(place);
  if (asked.kind == Asked::join && place == rooms_.end() && rooms_.size() < rooms_max) {
    rooms_.emplace_back(asked.argument);
  }
}

// --- How it ends ------------------------------------------------------------------------------

void LineBook::end_link(bool has_goodbye, std::uint64_t written, bool is_abandoned) {
  for (LineNumber number = first_open(); !has_goodbye && number <= last_sent_; ++number) {
    Entry& line = entry(number);
    // What was not written as a whole reached nobody, and a command ends with its session.
    if (line.fate != Fate::open || line.kind != Kind::message || line.end > written) continue;
    if (if_unknown_ == client::IfUnknown::resend && !is_abandoned) {
      ++counts_.resent;
      tell("resent", number);
    } else {
      line.fate = Fate::unknown;
      ++counts_.unknown;
      tell("unknown", number);
    }
  }
  last_sent_ = 0;
  accepted_on_link_ = 0;
}

void LineBook::leave() {
  for (LineNumber number = first_open(); number <= entries_.size(); ++number) {
    Entry& line = entry(number);
    if (line.fate != Fate::open) continue;
    line.fate = Fate::unsent;
    ++counts_.unsent;
    tell("unsent", number);
  }
}

void LineBook::tell(std::string_view fate, LineNumber number) {
  told_.push_back(std::string{fate} + " " + std::to_string(number) + ": " + text(number));
}

// --- Looking in -------------------------------------------------------------------------------

LineNumber LineBook::first_open() const {
  const auto is_open = [](const Entry& line) { return line.fate == Fate::open; };
  const auto found = std::find_if(entries_.begin(), entries_.end(), is_open);
  return 1 + static_cast<LineNumber>(found - entries_.begin());
}

std::size_t LineBook::bytes() const {
  constexpr std::size_t overhead = 48;  // of each line (core/client/config.h)
  std::size_t bytes = 0;
  for (LineNumber number = first_open(); number <= entries_.size(); ++number) {
    bytes += text(number).size() + overhead;
  }
  return bytes;
}

}  // namespace lastword::fuzz
