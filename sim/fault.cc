#include "sim/fault.h"

#include <iterator>

#include "core/check.h"

namespace lastword::sim {

namespace {

struct Row {
  FaultKind fault;
  std::string_view short_name;
  std::string_view sentence;
  std::string_view effect;
};

using enum FaultKind;

constexpr Row rows[] = {
    // Bytes
    {cut_anywhere, "B1", "a segment that ends anywhere in a line", "the core got a part of a line"},
    {many_in_one_read, "B2", "many lines in one read", "the core got several lines at once"},
    {one_byte_a_read, "B3", "one byte a read", "the core got a line byte by byte"},
    {short_write, "B4", "a write that takes only a part", "the core had to keep the rest"},
    {would_block, "B5", "a write that takes nothing", "the core had to wait until it could write"},
    {malformed, "B6", "a malformed line or frame, one that is too long, or bad UTF-8",
     "the core refused or skipped what it got"},
    {control_in_message, "B7", "a ping, a pong or a close between the fragments of a message",
     "the core got it there"},
    {after_close_frame, "B8", "frames behind the close frame", "the core got them"},
    // Order
    {any_order, "O1", "events that come in any order", "one that was ready later came earlier"},
    {timer_against_io, "O2", "a timer before or after input that is due at the same instant",
     "both were due, and the unusual one came first"},
    {timer_late, "O3", "a timer that comes late", "the core was told the time after its deadline"},
    {reply_before_written, "O4", "a reply that comes before its cause is known to be written",
     "the core got a line while its own write was unfinished"},
    {all_in_accept_turn, "O5", "data, FIN or RST in the turn of the accept",
     "the core got them in the turn in which it got the connection"},
    {after_close, "O6", "a completion that comes after the close",
     "the core was told of a connection that it had closed"},
    {spurious, "O7", "a wake-up for nothing, or too early", "the core was woken and had no work"},
    // Connections
    {fin_anywhere, "C1", "a FIN after any byte",
     "the core had its connection open, and perhaps half a line of it"},
    {half_close, "C2", "a peer that ends its direction and goes on reading",
     "the core saw the end of a peer that it still had lines for"},
    {reset, "C3", "a reset at any time", "the core had the connection open"},
    {reset_unread, "C4", "a reset because of unread input, which destroys data already sent",
     "bytes that were sent never arrived"},
    {half_open, "C5", "a peer that vanishes without a word",
     "the core kept a connection with nobody at its other end"},
    {late_discovery, "C6", "a vanished peer that is noticed late",
     "the core wrote to it before it got the error"},
    {never_received, "C7", "a connection that the kernel takes and nobody ever receives",
     "it was reset when the listener closed"},
    {zero_window, "C8", "a peer whose window is shut", "the core could write nothing to it"},
    {slow_reader, "C9", "a peer that reads slowly", "it left something unread in its kernel"},
    {stops_and_resumes, "C10", "a peer that stops reading and goes on later",
     "lines for it were queued in the core, and written in the end"},
    {back_over_half_open, "C11", "a user who is back while the old connection is half-open",
     "the core got a name that a vanished peer still had"},
    {storm, "C12", "a storm of connections", "eight or more waited to be accepted"},
    {login_never_done, "C13", "a peer that never completes its login",
     "the core waited for a name that did not come"},
    {dead_on_accept, "C14", "a connection that is dead when it is accepted",
     "the core got an error before it got a byte"},
    // Resources
    {no_descriptors, "R1", "no descriptor is left to accept with",
     "the core was told that accepting failed"},
    {aborted_call, "R2", "a call that is aborted or interrupted, or finds no buffers",
     "a call of the core's had to be made again"},
    {memory_exhausted, "R3", "the budget of memory is exhausted",
     "the core paused a sender for want of memory"},
    {backlog_overflow, "R4", "a backlog that overflows", "a connection did not reach the core"},
    {log_blocks, "R5", "a log that takes nothing", "events were not taken at the end of a turn"},
    // Time
    {process_paused, "T1", "the whole process stands still",
     "the core was told of a time that jumped over something due"},
    {wall_clock_jumps, "T2", "the wall clock jumps", "it jumped while a deadline was set"},
    {one_instant, "T3", "many events at one instant", "the core got several facts with one time"},
    // Control
    {stop_anywhere, "S1", "a signal to stop after any step", "somebody was connected when it came"},
    {stop_again, "S2", "a second signal after any later step",
     "it came before the server had ended by itself"},
    {stop_at_worst, "S3", "a signal to stop at the worst moment",
     "memory was full, descriptors were short or a login was open when it came"},
    {ignores_close, "S4", "a peer that ignores the close",
     "the core waited for it after the goodbye"},
    {killed, "S5", "the process is killed", "somebody was connected when it died"},
    {during_drain, "S6", "a connection or a message during the drain",
     "the core got it after the signal to stop"},
    {restarted, "S7", "a new process on the same address after a clean stop",
     "somebody who had been connected to the old one was accepted by it"},
    {restarted_after_kill, "S8", "a new process on the same address after SIGKILL",
     "somebody who had been connected to the killed one was accepted by it"},
};

constexpr bool are_in_the_order_of_the_enumerators() {
  for (std::size_t place = 0; place < std::size(rows); ++place) {
    if (static_cast<std::size_t>(rows[place].fault) != place) return false;
  }
  return true;
}

static_assert(std::size(rows) == fault_count);
static_assert(are_in_the_order_of_the_enumerators());

const Row& row_of(FaultKind fault) {
  const auto place = static_cast<std::size_t>(fault);
  LASTWORD_CHECK(place < fault_count);
  return rows[place];
}

}  // namespace

std::string_view short_name(FaultKind fault) { return row_of(fault).short_name; }

std::string_view sentence(FaultKind fault) { return row_of(fault).sentence; }

std::string_view effect(FaultKind fault) { return row_of(fault).effect; }

Family family_of(FaultKind fault) {
  // The last of each family, in the order of the enumerators.
  if (fault <= after_close_frame) return Family::bytes;
  if (fault <= spurious) return Family::order;
  if (fault <= dead_on_accept) return Family::connections;
  if (fault <= log_blocks) return Family::resources;
  if (fault <= one_instant) return Family::time;
  return Family::control;
}

std::string_view name_of(Family family) {
  switch (family) {
    case Family::bytes:
      return "bytes";
    case Family::order:
      return "order";
    case Family::connections:
      return "connections";
    case Family::resources:
      return "resources";
    case Family::time:
      return "time";
    case Family::control:
      return "control";
  }
  return "";
}

}  // namespace lastword::sim
