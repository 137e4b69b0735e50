#include "sim/site.h"

namespace lastword::sim {

std::string_view name_of(Site site) {
  switch (site) {
    case Site::clients:
      return "clients";
    case Site::role:
      return "role";
    case Site::limits:
      return "limits";
    case Site::buffers:
      return "buffers";
    case Site::latency:
      return "latency";
    case Site::family_on:
      return "family_on";
    case Site::family_rate:
      return "family_rate";
    case Site::stop_step:
      return "stop_step";
    case Site::stop_again:
      return "stop_again";
    case Site::stop_kind:
      return "stop_kind";
    case Site::healed:
      return "healed";
    case Site::check_twice:
      return "check_twice";
    case Site::script_length:
      return "script_length";
    case Site::action:
      return "action";
    case Site::destination:
      return "destination";
    case Site::text_size:
      return "text_size";
    case Site::room:
      return "room";
    case Site::think:
      return "think";
    case Site::reading:
      return "reading";
    case Site::ending:
      return "ending";
    case Site::reconnect:
      return "reconnect";
    case Site::segment_cut:
      return "segment_cut";
    case Site::read_size:
      return "read_size";
    case Site::write_size:
      return "write_size";
    case Site::write_blocks:
      return "write_blocks";
    case Site::order:
      return "order";
    case Site::turn_end:
      return "turn_end";
    case Site::jitter:
      return "jitter";
    case Site::timer_late:
      return "timer_late";
    case Site::spurious:
      return "spurious";
    case Site::stale:
      return "stale";
    case Site::late_release:
      return "late_release";
    case Site::late_writable:
      return "late_writable";
    case Site::cut_link:
      return "cut_link";
    case Site::late_discovery:
      return "late_discovery";
    case Site::dead_on_accept:
      return "dead_on_accept";
    case Site::reset_destroys:
      return "reset_destroys";
    case Site::accept_fails:
      return "accept_fails";
    case Site::famine:
      return "famine";
    case Site::log_blocks:
      return "log_blocks";
    case Site::pause:
      return "pause";
    case Site::wall_jump:
      return "wall_jump";
  }
  return "";
}

}  // namespace lastword::sim
