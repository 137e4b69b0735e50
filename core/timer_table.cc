#include "core/timer_table.h"

#include <utility>

#include "core/check.h"

namespace lastword {

namespace {

constexpr std::array<Timer, connection_timer_count> connection_timers{
    Timer::login, Timer::stall, Timer::linger, Timer::close, Timer::heartbeat};

constexpr bool is_servers_own(Timer timer) {
  return timer == Timer::drain || timer == Timer::accept_retry || timer == Timer::trim;
}

}  // namespace

TimerTable::Place* TimerTable::place_of(Slot slot, Timer timer) {
  const auto kind = static_cast<std::size_t>(timer);
  if (slot == no_slot) {
    LASTWORD_CHECK(is_servers_own(timer));
    return &own_[kind - connection_timer_count];
  }
  LASTWORD_CHECK(kind < connection_timer_count);
  if (index_of(slot) >= slots_.size()) slots_.resize(index_of(slot) + 1);
  return &slots_[index_of(slot)].of[kind];
}

TimerTable::Place TimerTable::find(Slot slot, Timer timer) const {
  const auto kind = static_cast<std::size_t>(timer);
  if (slot == no_slot) {
    LASTWORD_CHECK(is_servers_own(timer));
    return own_[kind - connection_timer_count];
  }
  LASTWORD_CHECK(kind < connection_timer_count);
  if (index_of(slot) >= slots_.size()) return unarmed;
  return slots_[index_of(slot)].of[kind];
}

void TimerTable::arm(Slot slot, Timer timer, Instant at) {
  Place place = *place_of(slot, timer);
  if (place == unarmed) {
    place = static_cast<Place>(heap_.size());
    heap_.emplace_back();
  }
  put(place, {.at = at, .timer = timer, .slot = slot});
  sift_up(place);
  sift_down(*place_of(slot, timer));
}

void TimerTable::disarm(Slot slot, Timer timer) {
  const Place place = find(slot, timer);
  if (place != unarmed) remove(place);
}

void TimerTable::disarm_all(Slot slot) {
  for (const Timer timer : connection_timers) disarm(slot, timer);
}

bool TimerTable::is_armed(Slot slot, Timer timer) const { return find(slot, timer) != unarmed; }

std::optional<TimerTable::Entry> TimerTable::take_due(Instant now) {
  if (heap_.empty() || heap_.front().at > now) return std::nullopt;
  const Entry entry = heap_.front();
  remove(0);
  return entry;
}

void TimerTable::remove(Place place) {
  *place_of(heap_[place].slot, heap_[place].timer) = unarmed;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  put(place, last);
  sift_up(place);
  sift_down(*place_of(last.slot, last.timer));
}

void TimerTable::put(Place place, const Entry& entry) {
  heap_[place] = entry;
  *place_of(entry.slot, entry.timer) = place;
}

void TimerTable::sift_up(Place place) {
  const Entry entry = heap_[place];
  while (place > 0) {
    const Place parent = (place - 1) / 2;
    if (heap_[parent] < entry) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, entry);
}

void TimerTable::sift_down(Place place) {
  const Entry entry = heap_[place];
  for (;;) {
    Place child = place * 2 + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1] < heap_[child]) ++child;
    if (entry < heap_[child]) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, entry);
}

void TimerTable::add_to(Digest& digest, Slot slot, Instant now) const {
  const auto add = [&](Place place) {
    digest.add(place == unarmed ? UINT64_MAX
                                : static_cast<std::uint64_t>((heap_[place].at - now).count()));
  };
  if (slot == no_slot) {
    for (const Timer timer : {Timer::drain, Timer::accept_retry}) add(find(slot, timer));
    return;
  }
  for (const Timer timer : connection_timers) add(find(slot, timer));
}

}  // namespace lastword
