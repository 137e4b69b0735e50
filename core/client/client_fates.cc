// What becomes of a client's lines.
#include <algorithm>

#include "core/client/client.h"

namespace lastword {

using client::Event;
using client::Ledger;
using client::LineKind;
using client::LineNumber;

namespace {

// As many as the server lets one peer join; those beyond are not joined again.
constexpr std::size_t rooms_max = 128;

}  // namespace

// --- Told by the server ------------------------------------------------------------------------

// Everything up to there was taken.
void Client::settle_through(Instant now, LineNumber last) {
  while (!ledger_.is_empty() && ledger_.front().number <= last) settle_front(now);
  drop_void_front();
  look_for_room();
}

void Client::settle_front(Instant now) {
  const Ledger::Line line = ledger_.front();
  if (!line.is_void) {
    switch (line.kind) {
      case LineKind::message:
        ++accepted_on_link_;
        ++counts_.accepted;
        break;
      case LineKind::command:
        remember_room(line.text);
        ++counts_.accepted;
        break;
      case LineKind::mistake:
        ++counts_.refused;
        tell_of_line(now, Event::Kind::refused, line, client::Refusal::mistake);
        break;
    }
  }
  ledger_.settle();
}

// So many messages of this link were accepted, the first ones. What stands behind them was not
// read, but for what was before a /quit that was. What has not left this machine was neither,
// whatever a server says.
void Client::settle_by_goodbye(Instant now, std::uint64_t accepted) {
  std::uint64_t open = accepted - std::min(accepted, accepted_on_link_);
  LineNumber last = last_settled();
  bool is_all = true;
  const std::size_t left_count = ledger_.left_count(written_);
  for (std::size_t place = 0; place < left_count; ++place) {
    const Ledger::Line line = ledger_.at(place);
    if (line.is_void || line.kind != LineKind::message) continue;
    if (open == 0) {
      is_all = false;
      break;
    }
    --open;
    last = line.number;
  }
  if (is_all && quit_end_ && written_ >= *quit_end_) last = ledger_.last_sent();
  settle_through(now, last);
  ledger_.unsend_all();
}

// The first line over the limit is the one that the server speaks of: its answers come in order.
void Client::refuse_sent_over(Instant now, std::size_t line_max) {
  line_max_ = std::max<std::size_t>(1, std::min(line_max_, line_max));
  for (std::size_t place = 0; place < ledger_.sent_count(); ++place) {
    const Ledger::Line line = ledger_.at(place);
    if (line.is_void || line.text.size() < line_max) continue;
    refuse(now, place);
    return;
  }
}

// A WebSocket server ends the link at a message that is too big, and doesn't say which it was: if
// one of those that were sent was, the largest was.
void Client::refuse_largest_sent(Instant now) {
  std::optional<std::size_t> largest;
  for (std::size_t place = 0; place < ledger_.sent_count(); ++place) {
    const Ledger::Line line = ledger_.at(place);
    if (line.is_void) continue;
    if (!largest || line.text.size() > ledger_.at(*largest).text.size()) largest = place;
  }
  if (!largest) return;
  line_max_ = std::max<std::size_t>(1, std::min(line_max_, ledger_.at(*largest).text.size()));
  refuse(now, *largest);
}

void Client::refuse(Instant now, std::size_t place) {
  ++counts_.refused;
  tell_of_line(now, Event::Kind::refused, ledger_.at(place), client::Refusal::too_long);
  ledger_.void_at(place);
  drop_void_front();
  look_for_room();
}

void Client::refuse_waiting(Instant now) { refuse(now, ledger_.sent_count()); }

// --- Told by nobody ----------------------------------------------------------------------------

// The link ended without a goodbye. What the system did not take is safe; of the rest, messages may
// be there or not.
void Client::settle_unknown(Instant now) {
  const std::size_t reached = ledger_.unsend(written_);
  for (std::size_t place = 0; place < reached; ++place) {
    const Ledger::Line line = ledger_.at(place);
    if (line.is_void || line.kind != LineKind::message) continue;
    if (config_.if_unknown == client::IfUnknown::resend && !is_abandoned_) {
      ++counts_.resent;
      tell_of_line(now, Event::Kind::resent, line);
    } else {
      ++counts_.unknown;
      tell_of_line(now, Event::Kind::unknown, line);
      ledger_.void_at(place);
    }
  }
  drop_void_front();
}

void Client::drop_void_front() {
  while (!ledger_.is_empty() && ledger_.front().is_void) ledger_.settle();
}

// --- Around them -------------------------------------------------------------------------------

// Membership ends with the session, and a person expects to be there still.
void Client::remember_room(std::string_view text) {
  const auto parsed = parse_line(text);
  if (!parsed) return;
  if (const auto* join = std::get_if<line::Join>(&*parsed)) {
    const std::string room{join->room.text()};
    const bool is_known = std::find(rooms_.begin(), rooms_.end(), room) != rooms_.end();
    if (!is_known && rooms_.size() < rooms_max) rooms_.push_back(room);
  } else if (const auto* leave = std::get_if<line::Leave>(&*parsed)) {
    std::erase(rooms_, leave->room.text());
  }
}

void Client::tell_of_line(Instant now, Event::Kind kind, const Ledger::Line& line,
                          client::Refusal refusal) {
  events_.push_back({.kind = kind,
                     .at = now,
                     .line = line.number,
                     .refusal = refusal,
                     .text = std::string{line.text}});
  events_bytes_ += sizeof(Event) + line.text.size();
}

// Once there was none, half of it has to be free: a feeder is not woken for each line.
void Client::look_for_room() {
  if (!is_full_) return;
  is_full_ = ledger_.bytes() > config_.outbound_max / 2 || events_bytes_ > config_.outbound_max;
}

}  // namespace lastword
