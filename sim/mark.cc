#include "sim/mark.h"

namespace lastword::sim {

std::string_view sentence(Mark mark) {
  switch (mark) {
    case Mark::short_write_in_fan_out:
      return "a short write in the middle of a fan-out";
    case Mark::stop_before_first_write:
      return "SIGTERM between accept point and first write";
    case Mark::second_stop_during_linger:
      return "a second SIGTERM while a finished peer lingers";
    case Mark::stalled_through_the_drain:
      return "a stall timeout's length without progress in the drain";
    case Mark::back_over_half_open:
      return "a user back while the old connection is half-open";
    case Mark::outbox_exactly_full:
      return "an outbox exactly full";
    case Mark::memory_exactly_full:
      return "the budget of memory exactly full";
    case Mark::old_generation:
      return "a fact for an earlier owner of a slot";
    case Mark::two_timers_at_one_instant:
      return "two timers at one instant";
    case Mark::stop_with_unread_everywhere:
      return "SIGTERM while every connection has unread input";
    case Mark::stop_while_paused:
      return "SIGTERM while a sender is paused";
    case Mark::drain_cut_off:
      return "the drain deadline cuts deliveries off";
    case Mark::close_frames_crossing:
      return "close frames that cross";
    case Mark::end_inside_message:
      return "FIN inside a fragmented message";
    case Mark::link_breaks_with_unknown:
      return "a link that breaks while messages of unknown fate are on it";
    case Mark::goodbye_leaves_lines:
      return "a goodbye that leaves lines to be sent again";
    case Mark::client_back_before_its_name:
      return "a client back while its old connection holds its name";
    case Mark::client_queue_full:
      return "lines of a client wait because its queue is full";
    case Mark::trim_while_queued:
      return "free memory given back while output is queued";
  }
  return "";
}

}  // namespace lastword::sim
