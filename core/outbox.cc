#include "core/outbox.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace lastword {

SharedText OutboxMemory::share(std::initializer_list<Bytes> parts, std::uint32_t holders) {
  LASTWORD_CHECK(holders > 0);
  if (free_shared_.empty()) {
    free_shared_.push_back(SharedText{static_cast<std::uint32_t>(shared_.size())});
    shared_.emplace_back();
  }
  const SharedText text = free_shared_.back();
  free_shared_.pop_back();
  Shared& shared = shared_[static_cast<std::size_t>(text)];
  shared.holders = holders;
  for (const Bytes part : parts) shared.bytes.append(byte_blocks_, part);
  queued_bytes_ += shared.bytes.size();
  return text;
}

std::size_t OutboxMemory::used_blocks() const {
  return byte_blocks_.used_count() + record_blocks_.used_count();
}

const ByteQueue& OutboxMemory::bytes_of(SharedText text) const {
  return shared_[static_cast<std::size_t>(text)].bytes;
}

void OutboxMemory::release(SharedText text) {
  Shared& shared = shared_[static_cast<std::size_t>(text)];
  LASTWORD_CHECK(shared.holders > 0);
  if (--shared.holders > 0) return;
  queued_bytes_ -= shared.bytes.size();
  shared.bytes.clear(byte_blocks_);
  free_shared_.push_back(text);
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
  if (std::byte* place = copies_.extend(memory.byte_blocks_, size)) {
    for (const Bytes part : parts) place = std::copy(part.begin(), part.end(), place);
  } else {
    for (const Bytes part : parts) copies_.append(memory.byte_blocks_, part);
  }
  memory.queued_bytes_ += size;
  push(memory, {.size = static_cast<std::uint32_t>(size) & size_mask,
                .is_unit_end = is_unit_end,
                .shared = own_copy,
                .sender = sender.slot,
                .generation = sender.generation});
}

void Outbox::push_urgent(OutboxMemory& memory, std::initializer_list<Bytes> parts) {
  for (const Bytes part : parts) {
    urgent_.append(memory.byte_blocks_, part);
    queued_bytes_ += part.size();
    memory.queued_bytes_ += part.size();
  }
}

void Outbox::push_shared(OutboxMemory& memory, SharedText text, ConnectionId sender) {
  push(memory, {.size = static_cast<std::uint32_t>(memory.bytes_of(text).size()) & size_mask,
                .is_unit_end = true,
                .shared = static_cast<std::uint32_t>(text),
                .sender = sender.slot,
                .generation = sender.generation});
}

void Outbox::push_shared(OutboxMemory& memory, SharedText text) {
  push_shared(memory, text, ConnectionId{});
}

void Outbox::push(OutboxMemory& memory, const Piece& piece) {
  LASTWORD_CHECK(piece.size > 0);
  pieces_.push(memory.record_blocks_, piece);
  queued_bytes_ += piece.size;
  if (piece.sender != no_slot) ++pending_deliveries_;
}

Outbox::Begun Outbox::begun(const OutboxMemory& memory) const {
  Begun rest;
  if (front_written_ == 0 && !is_in_unit_) return rest;
  auto pieces = pieces_.begin();
  for (auto run = pieces.read(memory.record_blocks_, SIZE_MAX); !run.empty();
       run = pieces.read(memory.record_blocks_, SIZE_MAX)) {
    for (const Piece& piece : run) {
      ++rest.pieces;
      rest.bytes += piece.size;
      if (piece.is_unit_end == 0) continue;
      rest.bytes -= front_written_;
      return rest;
    }
  }
  LASTWORD_CHECK(false);  // a unit has an end
  return rest;
}

// Moves what is urgent and the rest of a unit that is partly written, as they are, into an outbox
// of their own.
Outbox Outbox::split_begun(OutboxMemory& memory) {
  const Begun rest = begun(memory);
  Outbox split;
  split.urgent_ = std::exchange(urgent_, {});
  split.front_written_ = front_written_;
  split.is_in_unit_ = is_in_unit_;
  for (std::size_t count = 0; count < rest.pieces; ++count) {
    const Piece piece = pieces_.front_run(memory.record_blocks_).front();
    pieces_.pop(memory.record_blocks_, 1);
    if (piece.sender != no_slot) --pending_deliveries_;
    std::size_t left = piece.shared == own_copy ? piece.size - front_written_ : 0;
    front_written_ = 0;
    while (left > 0) {
      const Bytes run = copies_.front_run(memory.byte_blocks_);
      const Bytes part = run.first(std::min(left, run.size()));
      split.copies_.append(memory.byte_blocks_, part);
      copies_.pop(memory.byte_blocks_, part.size());
      left -= part.size();
    }
    split.push(memory, piece);
  }
  split.queued_bytes_ = rest.bytes + split.urgent_.size();
  queued_bytes_ -= split.queued_bytes_;
  return split;
}

// With something urgent behind a unit that is partly written, what follows that is not shown yet.
std::size_t Outbox::gather(const OutboxMemory& memory, std::span<Slice> out) const {
  if (urgent_.is_empty()) return gather_pieces(memory, out, SIZE_MAX);
  const Begun rest = begun(memory);
  std::size_t count = rest.pieces > 0 ? gather_pieces(memory, out, rest.pieces) : 0;
  auto urgent = urgent_.begin();
  for (std::size_t left = urgent_.size(); left > 0 && count < out.size();) {
    const Bytes bytes = urgent.read(memory.byte_blocks_, left);
    left -= bytes.size();
    out[count++] = bytes;
  }
  if (rest.pieces > 0) return count;
  return count + gather_pieces(memory, out.subspan(count), SIZE_MAX);
}

// Neighbouring copies lie behind each other in `copies_` and become one slice per block.
std::size_t Outbox::gather_pieces(const OutboxMemory& memory, std::span<Slice> out,
                                  std::size_t piece_count) const {
  std::size_t count = 0;
  auto pieces = pieces_.begin();
  auto copies = copies_.begin();
  std::size_t copied_bytes = 0;  // of the run of copies that is being collected

  const auto flush_copies = [&] {
    while (copied_bytes > 0 && count < out.size()) {
      const Bytes bytes = copies.read(memory.byte_blocks_, copied_bytes);
      copied_bytes -= bytes.size();
      out[count++] = bytes;
    }
  };

  std::uint32_t written = front_written_;
  while (count < out.size()) {
    const auto run = pieces.read(memory.record_blocks_, piece_count);
    if (run.empty()) break;
    piece_count -= run.size();
    for (const Piece& piece : run) {
      if (piece.shared == own_copy) {
        copied_bytes += piece.size - written;
      } else {
        flush_copies();
        auto shared = memory.bytes_of(SharedText{piece.shared}).begin();
        for (std::size_t skipped = 0; skipped < written;) {
          skipped += shared.read(memory.byte_blocks_, written - skipped).size();
        }
        for (std::size_t left = piece.size - written; left > 0 && count < out.size();) {
          const Bytes bytes = shared.read(memory.byte_blocks_, left);
          left -= bytes.size();
          out[count++] = bytes;
        }
        if (count == out.size()) break;
      }
      written = 0;
    }
  }
  flush_copies();
  return count;
}

std::uint32_t Outbox::wrote(OutboxMemory& memory, std::size_t bytes) {
  LASTWORD_CHECK(bytes <= queued_bytes_);
  if (urgent_.is_empty()) return wrote_pieces(memory, bytes);
  const std::size_t of_begun = std::min(bytes, begun(memory).bytes);
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
  queued_bytes_ -= bytes;

  std::uint32_t completed = 0;
  std::size_t written_copies = 0;
  std::size_t left = bytes + front_written_;  // from the start of the front piece
  std::size_t skipped = front_written_;       // of the front piece, written before
  while (left > 0) {
    std::size_t popped = 0;
    for (const Piece& piece : pieces_.front_run(memory.record_blocks_)) {
      if (left < piece.size) break;
      left -= piece.size;
      ++popped;
      if (piece.shared == own_copy) {
        written_copies += piece.size - skipped;
      } else {
        memory.release(SharedText{piece.shared});
      }
      skipped = 0;
      is_in_unit_ = piece.is_unit_end == 0;
      if (piece.sender != no_slot) ++completed;
    }
    if (popped == 0) break;
    pieces_.pop(memory.record_blocks_, popped);
  }
  if (left > skipped && pieces_.front_run(memory.record_blocks_).front().shared == own_copy) {
    written_copies += left - skipped;
  }
  front_written_ = static_cast<std::uint32_t>(left);
  pending_deliveries_ -= completed;
  copies_.pop(memory.byte_blocks_, written_copies);
  memory.queued_bytes_ -= written_copies;
  return completed;
}

}  // namespace lastword
