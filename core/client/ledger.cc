#include "core/client/ledger.h"

#include "core/check.h"

namespace lastword::client {

void Ledger::give(std::string_view text, LineKind kind) {
  lines_.push(text, {.end = 0, .kind = kind, .is_void = false});
}

Ledger::Line Ledger::at(std::size_t place) const {
  const Tag& tag = lines_.tag(place);
  return {.number = first_number_ + place,
          .kind = tag.kind,
          .text = lines_.text(place),
          .is_void = tag.is_void};
}

// --- Sending -----------------------------------------------------------------------------------

void Ledger::sent(std::uint64_t end) {
  LASTWORD_CHECK(has_waiting());
  lines_.tag(sent_).end = end;
  ++sent_;
  skip_void();
}

// Void lines count as sent as soon as all before them are.
void Ledger::skip_void() {
  while (sent_ < lines_.size() && lines_.tag(sent_).is_void) {
    lines_.tag(sent_).end = sent_ == 0 ? 0 : lines_.tag(sent_ - 1).end;
    ++sent_;
  }
}

std::size_t Ledger::left_count(std::uint64_t written) const {
  std::size_t count = sent_;
  while (count > 0 && lines_.tag(count - 1).end > written) --count;
  return count;
}

std::size_t Ledger::unsend(std::uint64_t written) {
  const std::size_t left = left_count(written);
  unsend_all();
  return left;
}

void Ledger::unsend_all() {
  sent_ = 0;
  skip_void();
}

// --- Fates -------------------------------------------------------------------------------------

void Ledger::settle() {
  LASTWORD_CHECK(!lines_.is_empty());
  if (lines_.tag(0).is_void) --void_count_;
  lines_.pop();
  ++first_number_;
  if (sent_ > 0) --sent_;
  skip_void();
}

void Ledger::void_at(std::size_t place) {
  Tag& tag = lines_.tag(place);
  LASTWORD_CHECK(!tag.is_void);
  tag.is_void = true;
  ++void_count_;
  skip_void();
}

void Ledger::add_to(Digest& digest) const {
  digest.add(first_number_);
  digest.add(sent_);
  digest.add(lines_.size());
  for (std::size_t place = 0; place < lines_.size(); ++place) {
    const Tag& tag = lines_.tag(place);
    digest.add(lines_.text(place));
    digest.add(static_cast<std::uint64_t>(tag.kind) | (tag.is_void ? 0x100U : 0U));
    digest.add(place < sent_ ? tag.end : 0);
  }
}

void Ledger::check_invariants() const {
  LASTWORD_CHECK(sent_ <= lines_.size());
  std::size_t void_count = 0;
  for (std::size_t place = 0; place < lines_.size(); ++place) {
    if (lines_.tag(place).is_void) ++void_count;
    if (place > 0 && place < sent_) {
      LASTWORD_CHECK(lines_.tag(place).end >= lines_.tag(place - 1).end);
    }
  }
  LASTWORD_CHECK(void_count == void_count_);
  LASTWORD_CHECK(!has_waiting() || !lines_.tag(sent_).is_void);
}

}  // namespace lastword::client
