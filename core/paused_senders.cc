#include "core/paused_senders.h"

#include "core/check.h"

namespace lastword {

void PausedSenders::enter(Slot sender, List list) {
  if (index_of(sender) >= links_.size()) links_.resize(index_of(sender) + 1);
  if (list >= lists_.size()) lists_.resize(list + std::size_t{1});
  Link& link = links_[index_of(sender)];
  LASTWORD_CHECK(link.list == no_list);
  Ends& ends = lists_[list];
  link = {.list = list, .previous = ends.last, .next = no_slot};
  if (ends.last == no_slot) {
    ends.first = sender;
  } else {
    links_[index_of(ends.last)].next = sender;
  }
  ends.last = sender;
  if (list == ready_list) ++ready_count_;
}

void PausedSenders::remove(Slot sender) {
  if (!is_paused(sender)) return;
  Link& link = links_[index_of(sender)];
  Ends& ends = lists_[link.list];
  if (link.list == ready_list) --ready_count_;
  (link.previous == no_slot ? ends.first : links_[index_of(link.previous)].next) = link.next;
  (link.next == no_slot ? ends.last : links_[index_of(link.next)].previous) = link.previous;
  link = {};
}

void PausedSenders::move_to_ready(List list) {
  for (Slot sender = first_of(list); sender != no_slot; sender = first_of(list)) {
    remove(sender);
    enter(sender, ready_list);
  }
}

std::optional<Slot> PausedSenders::take_ready() {
  const Slot sender = first_of(ready_list);
  if (sender == no_slot) return std::nullopt;
  remove(sender);
  return sender;
}

void PausedSenders::add_to(Digest& digest, Slot slot) const {
  if (!is_paused(slot)) {
    digest.add(no_list);
    return;
  }
  const Link& link = links_[index_of(slot)];
  digest.add(link.list);
  digest.add(static_cast<std::uint64_t>(link.previous));
}

}  // namespace lastword
