// Senders that must not be read from until there is room for what they want to send.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/connection_id.h"
#include "core/digest.h"

namespace lastword {

// Queues of paused senders: one behind each full outbox, one behind the full memory, and one of
// those for whom room was made and whose turn has not come yet. A sender is in at most one of them;
// all are first in, first out, so that nobody is overtaken for ever.
class PausedSenders {
 public:
  void wait_for(Slot sender, Slot addressee) { enter(sender, list_of(addressee)); }
  void wait_for_memory(Slot sender) { enter(sender, memory_list); }

  // The sender did enough for one fact; it goes on behind all who are ready.
  void yield(Slot sender) { enter(sender, ready_list); }

  // Those who wait for it become ready, in their order, behind those who are.
  void make_ready(Slot addressee) { move_to_ready(list_of(addressee)); }
  void make_memory_ready() { move_to_ready(memory_list); }

  [[nodiscard]] bool has_ready() const { return ready_count_ > 0; }
  [[nodiscard]] std::size_t ready_count() const { return ready_count_; }
  std::optional<Slot> take_ready();

  // Takes the sender out of the queue it is in, if it is in one.
  void remove(Slot sender);

  [[nodiscard]] bool is_paused(Slot sender) const {
    return index_of(sender) < links_.size() && links_[index_of(sender)].list != no_list;
  }

  // Adds where the slot waits, and who stands before it.
  void add_to(Digest& digest, Slot slot) const;

 private:
  using List = std::uint32_t;
  static constexpr List ready_list = 0;
  static constexpr List memory_list = 1;
  static constexpr List first_slot_list = 2;
  static constexpr List no_list = UINT32_MAX;

  struct Link {
    List list = no_list;
    Slot previous = no_slot;
    Slot next = no_slot;
  };
  struct Ends {
    Slot first = no_slot;
    Slot last = no_slot;
  };

  static List list_of(Slot slot) { return static_cast<List>(slot) + first_slot_list; }
  [[nodiscard]] Slot first_of(List list) const {
    return list < lists_.size() ? lists_[list].first : no_slot;
  }
  void enter(Slot sender, List list);
  void move_to_ready(List list);

  std::vector<Link> links_;
  std::vector<Ends> lists_ = std::vector<Ends>(first_slot_list);
  std::size_t ready_count_ = 0;
};

}  // namespace lastword
