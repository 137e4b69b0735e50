// Bounds, pausing and resuming (contract, section 3).
#include <algorithm>

#include "core/check.h"
#include "core/replies.h"
#include "core/server.h"
#include "core/utf8_validator.h"

namespace lastword {

namespace {

// Room is made at half. A message so large that it does not even fit there waits further, half by
// half; if it were tried again at once, it would be for ever.
std::size_t mark_for(std::size_t queued, std::size_t queued_max) {
  const std::size_t half = queued_max / 2;
  return queued > half ? half : queued / 2;
}

// Calls `take` with each line, without its LF.
template <typename Take>
void for_each_line(std::string_view lines, const Take& take) {
  while (!lines.empty()) {
    const std::size_t size = lines.find('\n');
    take(lines.substr(0, size));
    lines.remove_prefix(size + 1);
  }
}

// An answer quotes what the peer wrote, and that may be no text.
websocket::HeaderBytes frame_header(std::string_view line) {
  const auto opcode = is_utf8(as_bytes(line)) ? websocket::Opcode::text : websocket::Opcode::binary;
  return websocket::HeaderBytes{opcode, line.size()};
}

}  // namespace

// Whether `size` more bytes may be queued for the addressee. If not, the addressee counts as full
// from now on, for everybody, and the sender waits for it: nobody with a smaller message overtakes.
bool Server::has_room(Slot sender, Slot addressee, std::size_t size) {
  Connection& connection = at(addressee);
  const std::size_t queued = connection.outbox.queued_bytes();
  if (!connection.is_full) {
    if (queued == 0 || queued + size <= config_.outbox_max) return true;
    connection.is_full = true;
    watch(addressee, mark_for(queued, config_.outbox_max));
  }
  paused_.wait_for(sender, addressee);
  mark(sender);
  return false;
}

// The same for the memory of all outboxes together.
bool Server::has_memory(Slot sender, std::size_t size) {
  const std::size_t queued = memory_.queued_bytes();
  if (!is_memory_full_) {
    if (queued == 0 || queued + size <= config_.memory_max) return true;
    fill_memory();
  }
  paused_.wait_for_memory(sender);
  mark(sender);
  return false;
}

// Bytes that the lines in scratch_ take on the wire.
std::size_t Server::scratch_size_on(Wire wire) const {
  if (wire == Wire::line) return scratch_.size();
  std::size_t size = 0;
  for_each_line(scratch_, [&](std::string_view line) { size += size_on(wire, line.size()); });
  return size;
}

// Queues the lines in scratch_. What the server says of its own accord is not compressed.
void Server::push_scratch(Slot slot) {
  Outbox& outbox = at(slot).outbox;
  if (at(slot).wire == Wire::line) {
    outbox.push_copy(memory_, {as_bytes(scratch_)});
  } else {
    for_each_line(scratch_, [&](std::string_view line) {
      outbox.push_copy(memory_, {frame_header(line).bytes(), as_bytes(line)});
    });
  }
  pushed(slot);
}

// The same for a single line that several hold together.
SharedText Server::share_scratch(Wire wire, std::uint32_t holders) {
  if (wire == Wire::line) return memory_.share({as_bytes(scratch_)}, holders, {}, index_of(wire));
  std::string_view line = scratch_;
  line.remove_suffix(1);  // its LF
  return memory_.share({frame_header(line).bytes(), as_bytes(line)}, holders, {}, index_of(wire));
}

// Follows every push.
void Server::pushed(Slot slot) {
  Connection& connection = at(slot);
  mark(slot);
  if (connection.queued_in == 0) connection.queued_in = turn_;
  if (phase_ != Phase::serving) return;
  const std::size_t queued = connection.outbox.queued_bytes();
  if (queued >= config_.outbox_max && !connection.is_full && connection.stage != Stage::flushing) {
    connection.is_full = true;
    watch(slot, config_.outbox_max / 2);
  }
  if (is_memory_full_) {
    if (!connection.is_watched) watch(slot, queued / 2);
  } else if (memory_.queued_bytes() >= config_.memory_max) {
    fill_memory();
  }
}

// Gives the peer the stall timeout to bring its outbox down to `mark`. During the drain nobody is
// dropped for slowness: there the drain's deadline judges.
void Server::watch(Slot slot, std::size_t mark) {
  if (phase_ != Phase::serving) return;
  Connection& connection = at(slot);
  if (connection.is_watched) {
    connection.stall_mark = std::max(connection.stall_mark, mark);
    return;
  }
  connection.is_watched = true;
  connection.stall_mark = mark;
  timers_.arm(slot, Timer::stall, now_ + config_.stall_timeout);
}

void Server::unwatch(Slot slot) {
  Connection& connection = at(slot);
  if (!connection.is_watched) return;
  connection.is_watched = false;
  connection.is_full = false;
  timers_.disarm(slot, Timer::stall);
}

// A watched outbox is down to its mark.
void Server::reached_mark(Slot slot) {
  Connection& connection = at(slot);
  unwatch(slot);
  paused_.make_ready(slot);
  tell_unseen(slot);
  const bool is_watched_further = is_memory_full_ || connection.stage == Stage::flushing;
  if (is_watched_further && !connection.outbox.is_empty()) {
    watch(slot, connection.outbox.queued_bytes() / 2);
  }
}

void Server::tell_unseen(Slot slot) {
  Connection& connection = at(slot);
  if (connection.unseen_notices == 0 || connection.stage != Stage::online || is_memory_full_) {
    return;
  }
  scratch_.clear();
  reply::append_unseen_notices(scratch_, connection.unseen_notices);
  connection.unseen_notices = 0;
  push_scratch(slot);
}

// All senders pause, and whoever has something queued has to read it.
void Server::fill_memory() {
  is_memory_full_ = true;
  memory_mark_ = mark_for(memory_.queued_bytes(), config_.memory_max);
  tell(EventKind::memory_full, {}, memory_.queued_bytes());
  for (std::uint32_t position = 0; position < connections_.size(); ++position) {
    const Slot slot{position};
    const Connection& connection = at(slot);
    if (connection.stage == Stage::online) mark(slot);
    if (!connection.outbox.is_empty() && !connection.is_watched) {
      watch(slot, connection.outbox.queued_bytes() / 2);
    }
  }
}

void Server::free_memory() {
  is_memory_full_ = false;
  tell(EventKind::memory_freed, {}, memory_.queued_bytes());
  paused_.make_memory_ready();
  for (std::uint32_t position = 0; position < connections_.size(); ++position) {
    const Slot slot{position};
    const Connection& connection = at(slot);
    // Who is ending stays watched.
    if (connection.stage != Stage::naming && connection.stage != Stage::online) continue;
    mark(slot);
    if (connection.is_full) continue;
    unwatch(slot);
    tell_unseen(slot);
  }
}

// Those for whom room was made, or whose turn was over, take up their lines again. Only time that
// passes brings them on, never a fact about somebody else: a turn of the loop with many facts has
// no more of them in it than any other. Each has one turn; who becomes ready meanwhile comes next
// time, which is at once.
void Server::let_ready_go_on() {
  for (std::size_t left = paused_.ready_count(); left > 0; --left) {
    if (work_ >= config_.work_per_fact_max) return;
    const auto slot = paused_.take_ready();
    if (!slot) return;  // others have left, or ended
    mark(*slot);
    tell(EventKind::resumed, id_of(*slot));
    heard(*slot);
    take_input(*slot);
    ++work_;  // afterwards: even the smallest budget is enough for one line
  }
}

// A server that has come to rest has nothing to look at after two times: the first still keeps what
// the burst needed.
void Server::trim() {
  memory_.trim(config_.kept_free_blocks);
  if (!has_freed_much()) return;
  trimmed_bytes_ = freed_bytes();
  is_trim_due_ = true;
}

// Fails what is queued for the peer and tells the senders; returns how many deliveries failed.
std::uint64_t Server::fail_queue(Slot slot, Failure failure, Kept kept) {
  scratch_.clear();
  reply::append_undelivered(scratch_, broker_.name_of(slot), failure);
  Connection& connection = at(slot);
  std::uint64_t count = 0;
  const auto fail = [&](ConnectionId sender) {
    ++count;
    ++connection.books.failed;
    books_.fail(failure);
    report_failure(sender);
  };
  switch (kept) {
    case Kept::nothing:
      connection.outbox.drop(memory_, fail);
      break;
    case Kept::rest_of_frame:
      connection.outbox.drop_unbegun(memory_, fail);
      break;
  }
  if (connection.outbox.is_empty()) connection.queued_in = 0;
  return count;
}

// Whoever said goodbye, or was told goodbye, gets no more reports: the goodbye is the last line.
void Server::report_failure(ConnectionId sender) {
  if (is_current(sender) && at(sender.slot).stage == Stage::online) push_scratch(sender.slot);
}

}  // namespace lastword
