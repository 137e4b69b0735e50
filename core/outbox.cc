#include "core/outbox.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace lastword {

namespace {

// Behind each other, and in one block as far as there is room.
void append_parts(ByteQueue& queue, ByteQueue::Pool& pool, std::initializer_list<Bytes> parts,
                  std::size_t size) {
  std::byte* place = queue.extend(pool, size);
  if (place == nullptr) {
    for (const Bytes part : parts) queue.append(pool, part);
    return;
  }
  for (const Bytes part : parts) place = std::copy(part.begin(), part.end(), place);
}

}  // namespace

bool SharedRun::append(const SharedRun& next) {
  const std::uint32_t end = static_cast<std::uint32_t>(first) + count;
  const bool is_behind = static_cast<std::uint32_t>(next.first) == end;
  if (!is_behind || end % texts_per_page == 0) return false;
  count += next.count;
  size += next.size;
  deliveries += next.deliveries;
  return true;
}

SharedText OutboxMemory::share(std::initializer_list<Bytes> parts, std::uint32_t holders,
                               ConnectionId sender, std::size_t series) {
  LASTWORD_CHECK(holders > 0);
  std::size_t size = 0;
  for (const Bytes part : parts) size += part.size();
  const PageIndex index = page_with_room(size, series);
  Page& page = pages_[index];
  const auto begin = static_cast<std::uint32_t>(page.bytes.size());
  append_parts(page.bytes, byte_blocks_, parts, size);
  const auto place = static_cast<std::uint32_t>(page.texts.size());
  page.holders[place] = holders;
  page.texts.push(record_blocks_, {.begin = begin,
                                   .end = static_cast<std::uint32_t>(page.bytes.size()),
                                   .sender = sender.slot,
                                   .generation = sender.generation});
  ++page.held_count;
  queued_bytes_ += size;
  return SharedText{index * texts_per_page + place};
}

// The one in which the series goes on, or a new one.
OutboxMemory::PageIndex OutboxMemory::page_with_room(std::size_t size, std::size_t series) {
  PageIndex& open = open_pages_[series];
  if (open != no_page) {
    const Page& page = pages_[open];
    const bool has_room =
        page.texts.size() < texts_per_page && page.bytes.size() + size <= byte_block_size;
    if (has_room) return open;
  }
  if (free_pages_.empty()) {
    LASTWORD_CHECK(pages_.size() < UINT32_MAX / texts_per_page);
    free_pages_.push_back(static_cast<PageIndex>(pages_.size()));
    pages_.emplace_back();
  }
  open = free_pages_.back();
  free_pages_.pop_back();
  return open;
}

// Gives one share in each back.
void OutboxMemory::release(SharedText first, std::uint32_t count) {
  const PageIndex index = page_of(first);
  Page& page = pages_[index];
  const auto holders = std::span{page.holders}.subspan(place_of(first), count);
  std::uint32_t holders_min = UINT32_MAX;
  for (std::uint32_t& each : holders) holders_min = std::min(holders_min, each--);
  LASTWORD_CHECK(holders_min > 0);
  if (holders_min > 1) return;

  const auto texts = texts_from(first);
  for (std::size_t position = 0; position < count; ++position) {
    if (holders[position] > 0) continue;
    queued_bytes_ -= texts[position].end - texts[position].begin;
    --page.held_count;
  }
  if (page.held_count == 0) free_page(index);
}

void OutboxMemory::free_page(PageIndex index) {
  Page& page = pages_[index];
  page.bytes.clear(byte_blocks_);
  page.texts.clear(record_blocks_);
  free_pages_.push_back(index);
  std::replace(open_pages_.begin(), open_pages_.end(), index, no_page);
}

std::size_t OutboxMemory::used_blocks() const {
  return byte_blocks_.used_count() + record_blocks_.used_count();
}

OutboxMemory::PageIndex OutboxMemory::page_of(SharedText text) {
  return static_cast<std::uint32_t>(text) / texts_per_page;
}

std::uint32_t OutboxMemory::place_of(SharedText text) {
  return static_cast<std::uint32_t>(text) % texts_per_page;
}

// Those of its page, from this one on.
std::span<const OutboxMemory::Text> OutboxMemory::texts_from(SharedText first) const {
  return pages_[page_of(first)].texts.front_run(record_blocks_).subspan(place_of(first));
}

std::uint32_t OutboxMemory::size_of(SharedText text) const {
  const Text& entry = texts_from(text).front();
  return entry.end - entry.begin;
}

ConnectionId OutboxMemory::sender_of(SharedText text) const {
  const Text& entry = texts_from(text).front();
  return {entry.sender, entry.generation};
}

// A place in its page, so far behind the text's first byte.
ByteQueue::Cursor OutboxMemory::bytes_from(SharedText text, std::size_t offset) const {
  auto cursor = pages_[page_of(text)].bytes.begin();
  for (std::size_t left = texts_from(text).front().begin + offset; left > 0;) {
    left -= cursor.read(byte_blocks_, left).size();
  }
  return cursor;
}

SharedRun OutboxMemory::run_of(SharedText text) const {
  return {.first = text,
          .count = 1,
          .size = size_of(text),
          .deliveries = sender_of(text).slot == no_slot ? 0U : 1U};
}

// Those from this one on that lie wholly within so many bytes.
SharedRun OutboxMemory::front_of(SharedText first, std::size_t bytes) const {
  SharedRun front{.first = first};
  const auto texts = texts_from(first);
  for (const Text& text : texts) {
    if (text.end - texts.front().begin > bytes) break;
    ++front.count;
    front.size = text.end - texts.front().begin;
    if (text.sender != no_slot) ++front.deliveries;
  }
  return front;
}

void Outbox::push_copy(OutboxMemory& memory, std::initializer_list<Bytes> parts,
                       ConnectionId sender) {
  copy_in(memory, parts, sender, true);
}

void Outbox::push_beginning(OutboxMemory& memory, std::initializer_list<Bytes> parts) {
  copy_in(memory, parts, ConnectionId{}, false);
}

void Outbox::copy_in(OutboxMemory& memory, std::initializer_list<Bytes> parts, ConnectionId sender,
                     bool is_unit_end) {
  std::size_t size = 0;
  for (const Bytes part : parts) size += part.size();
  append_parts(copies_, memory.byte_blocks_, parts, size);
  memory.queued_bytes_ += size;
  push(memory, {.size = static_cast<std::uint32_t>(size) & size_mask,
                .is_unit_end = is_unit_end,
                .shared = own_copy,
                .slot_or_deliveries = static_cast<std::uint32_t>(sender.slot),
                .generation_or_count = sender.generation});
  if (sender.slot != no_slot) ++pending_deliveries_;
}

void Outbox::push_urgent(OutboxMemory& memory, std::initializer_list<Bytes> parts) {
  for (const Bytes part : parts) {
    urgent_.append(memory.byte_blocks_, part);
    queued_bytes_ += part.size();
    memory.queued_bytes_ += part.size();
  }
}

void Outbox::push_shared(OutboxMemory& memory, const SharedRun& run) {
  pending_deliveries_ += run.deliveries;
  const auto first = static_cast<std::uint32_t>(run.first);
  Piece* const last = pieces_.back(memory.record_blocks_);
  const bool goes_on = last != nullptr && last->shared != own_copy &&
                       last->shared + last->generation_or_count == first &&
                       first % texts_per_page != 0;
  if (!goes_on) {
    push(memory, {.size = run.size & size_mask,
                  .is_unit_end = true,
                  .shared = first,
                  .slot_or_deliveries = run.deliveries,
                  .generation_or_count = run.count});
    return;
  }
  last->size = (last->size + run.size) & size_mask;
  last->slot_or_deliveries += run.deliveries;
  last->generation_or_count += run.count;
  queued_bytes_ += run.size;
}

void Outbox::push(OutboxMemory& memory, const Piece& piece) {
  LASTWORD_CHECK(piece.size > 0);
  pieces_.push(memory.record_blocks_, piece);
  queued_bytes_ += piece.size;
}

// The rest of a unit that is partly written.
std::size_t Outbox::begun_bytes(const OutboxMemory& memory) const {
  if (front_written_ == 0 && !is_in_unit_) return 0;
  std::size_t bytes = 0;
  auto pieces = pieces_.begin();
  for (auto run = pieces.read(memory.record_blocks_, SIZE_MAX); !run.empty();
       run = pieces.read(memory.record_blocks_, SIZE_MAX)) {
    for (const Piece& piece : run) {
      bytes += piece.shared == own_copy ? piece.size : memory.size_of(SharedText{piece.shared});
      if (piece.is_unit_end != 0) return bytes - front_written_;
    }
  }
  LASTWORD_CHECK(false);  // a unit has an end
  return bytes;
}

// Moves what is urgent and the rest of a unit that is partly written, as they are, into an outbox
// of their own.
Outbox Outbox::split_begun(OutboxMemory& memory) {
  Outbox split;
  split.front_written_ = front_written_;
  split.is_in_unit_ = is_in_unit_;
  const std::size_t begun = begun_bytes(memory);
  for (std::size_t left = begun + front_written_; left > 0;) {
    const std::size_t before = split.queued_bytes_;
    split_front(memory, split);
    left -= split.queued_bytes_ - before;
  }
  split.urgent_ = std::exchange(urgent_, {});
  split.queued_bytes_ = begun + split.urgent_.size();
  queued_bytes_ -= split.queued_bytes_;
  return split;
}

// Moves the front copy, or the first rendering of the front piece, to the end of the other one. The
// bytes that are queued here are the caller's to correct.
void Outbox::split_front(OutboxMemory& memory, Outbox& split) {
  Piece& front = pieces_.front_run(memory.record_blocks_).front();
  if (front.shared != own_copy) {
    const SharedRun text = memory.run_of(SharedText{front.shared});
    pending_deliveries_ -= text.deliveries;
    split.push_shared(memory, text);
    front_written_ = 0;
    front.size = (front.size - text.size) & size_mask;
    ++front.shared;
    front.slot_or_deliveries -= text.deliveries;
    if (--front.generation_or_count == 0) pieces_.pop(memory.record_blocks_, 1);
    return;
  }
  const Piece piece = front;
  pieces_.pop(memory.record_blocks_, 1);
  for (std::size_t left = piece.size - std::exchange(front_written_, 0); left > 0;) {
    const Bytes run = copies_.front_run(std::as_const(memory.byte_blocks_));
    const Bytes part = run.first(std::min(left, run.size()));
    split.copies_.append(memory.byte_blocks_, part);
    copies_.pop(memory.byte_blocks_, part.size());
    left -= part.size();
  }
  split.push(memory, piece);
  if (sender_of(piece).slot == no_slot) return;
  --pending_deliveries_;
  ++split.pending_deliveries_;
}

// What is queued, where that is a share in renderings and lies in one block.
std::optional<Slice> Outbox::only_slice(const OutboxMemory& memory) const {
  if (pieces_.size() != 1) return std::nullopt;
  const Piece& piece = pieces_.front_run(memory.record_blocks_).front();
  if (piece.shared == own_copy) return std::nullopt;
  auto bytes = memory.bytes_from(SharedText{piece.shared}, front_written_);
  const Slice slice = bytes.read(memory.byte_blocks_, queued_bytes_);
  return slice.size() == queued_bytes_ ? std::optional{slice} : std::nullopt;
}

// With something urgent behind a unit that is partly written, what follows that is not shown yet.
std::size_t Outbox::gather(const OutboxMemory& memory, std::span<Slice> out) const {
  if (urgent_.is_empty()) {
    const std::optional<Slice> only = only_slice(memory);
    if (!only || out.empty()) return gather_pieces(memory, out, queued_bytes_);
    out.front() = *only;
    return 1;
  }
  const std::size_t begun = begun_bytes(memory);
  std::size_t count = gather_pieces(memory, out, begun);
  auto urgent = urgent_.begin();
  for (std::size_t left = urgent_.size(); left > 0 && count < out.size();) {
    const Bytes bytes = urgent.read(memory.byte_blocks_, left);
    left -= bytes.size();
    out[count++] = bytes;
  }
  if (begun > 0) return count;
  return count + gather_pieces(memory, out.subspan(count), queued_bytes_ - urgent_.size());
}

// Neighbouring copies lie behind each other in `copies_` and become one slice per block.
std::size_t Outbox::gather_pieces(const OutboxMemory& memory, std::span<Slice> out,
                                  std::size_t bytes_max) const {
  std::size_t count = 0;
  auto pieces = pieces_.begin();
  auto copies = copies_.begin();
  std::size_t copied_bytes = 0;  // of the run of copies that is being collected

  const auto show = [&](ByteQueue::Cursor& bytes, std::size_t size) {
    while (size > 0 && count < out.size()) {
      const Bytes run = bytes.read(memory.byte_blocks_, size);
      size -= run.size();
      out[count++] = run;
    }
  };

  std::uint32_t written = front_written_;
  while (bytes_max > 0 && count < out.size()) {
    for (const Piece& piece : pieces.read(memory.record_blocks_, SIZE_MAX)) {
      const std::size_t size = std::min<std::size_t>(piece.size - written, bytes_max);
      bytes_max -= size;
      if (piece.shared == own_copy) {
        copied_bytes += size;
      } else {
        show(copies, std::exchange(copied_bytes, 0));
        auto shared = memory.bytes_from(SharedText{piece.shared}, written);
        show(shared, size);
      }
      written = 0;
      if (bytes_max == 0 || count == out.size()) break;
    }
  }
  show(copies, copied_bytes);
  return count;
}

std::uint32_t Outbox::wrote(OutboxMemory& memory, std::size_t bytes) {
  LASTWORD_CHECK(bytes <= queued_bytes_);
  if (urgent_.is_empty()) return wrote_pieces(memory, bytes);
  const std::size_t of_begun = std::min(bytes, begun_bytes(memory));
  std::uint32_t completed = wrote_pieces(memory, of_begun);
  bytes -= of_begun;
  const std::size_t of_urgent = std::min(bytes, urgent_.size());
  wrote_urgent(memory, of_urgent);
  completed += wrote_pieces(memory, bytes - of_urgent);
  return completed;
}

void Outbox::wrote_urgent(OutboxMemory& memory, std::size_t bytes) {
  urgent_.pop(memory.byte_blocks_, bytes);
  queued_bytes_ -= bytes;
  memory.queued_bytes_ -= bytes;
}

std::uint32_t Outbox::wrote_pieces(OutboxMemory& memory, std::size_t bytes) {
  if (bytes == queued_bytes_) return wrote_all_pieces(memory);
  queued_bytes_ -= bytes;

  std::uint32_t completed = 0;
  std::size_t written_copies = 0;
  std::size_t left = bytes + front_written_;  // from the start of the front piece
  std::size_t skipped = front_written_;       // of the front piece, written before
  while (left > 0) {
    std::size_t popped = 0;
    for (const Piece& piece : std::as_const(pieces_).front_run(memory.record_blocks_)) {
      if (left < piece.size) break;
      left -= piece.size;
      ++popped;
      if (piece.shared == own_copy) {
        written_copies += piece.size - skipped;
        if (sender_of(piece).slot != no_slot) ++completed;
      } else {
        memory.release(SharedText{piece.shared}, piece.generation_or_count);
        completed += piece.slot_or_deliveries;
      }
      skipped = 0;
      is_in_unit_ = piece.is_unit_end == 0;
    }
    if (popped == 0) break;
    pieces_.pop(memory.record_blocks_, popped);
  }
  if (left > skipped) {
    Piece& front = pieces_.front_run(memory.record_blocks_).front();
    if (front.shared == own_copy) {
      written_copies += left - skipped;
    } else if (const auto whole = memory.front_of(SharedText{front.shared}, left);
               whole.count > 0) {
      memory.release(whole.first, whole.count);
      completed += whole.deliveries;
      front.shared += whole.count;
      front.slot_or_deliveries -= whole.deliveries;
      front.generation_or_count -= whole.count;
      front.size = (front.size - whole.size) & size_mask;
      left -= whole.size;
      is_in_unit_ = false;
    }
  }
  front_written_ = static_cast<std::uint32_t>(left);
  pending_deliveries_ -= completed;
  copies_.pop(memory.byte_blocks_, written_copies);
  memory.queued_bytes_ -= written_copies;
  return completed;
}

// As mostly happens. Of the pieces, only those that are shared have to be looked at.
std::uint32_t Outbox::wrote_all_pieces(OutboxMemory& memory) {
  while (!pieces_.is_empty()) {
    const auto run = std::as_const(pieces_).front_run(memory.record_blocks_);
    for (const Piece& piece : run) {
      if (piece.shared == own_copy) continue;
      memory.release(SharedText{piece.shared}, piece.generation_or_count);
    }
    is_in_unit_ = run.back().is_unit_end == 0;
    pieces_.pop(memory.record_blocks_, run.size());
  }
  memory.queued_bytes_ -= copies_.size();
  copies_.clear(memory.byte_blocks_);
  queued_bytes_ = 0;
  front_written_ = 0;
  return std::exchange(pending_deliveries_, 0);
}

}  // namespace lastword
