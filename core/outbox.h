// What is queued for one peer, and the memory that all outboxes share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "core/bytes.h"
#include "core/connection_id.h"
#include "core/digest.h"
#include "core/pooled_queue.h"

namespace lastword {

inline constexpr std::size_t byte_block_size = 4096;
inline constexpr std::size_t record_block_size = 512;

using ByteQueue = PooledQueue<std::byte, byte_block_size>;

// A rendering that several outboxes hold together.
enum class SharedText : std::uint32_t {};

// The memory behind all outboxes: blocks, shared renderings, and the sum of what is queued.
class OutboxMemory {
 public:
  // Bytes queued in all outboxes; a shared rendering counts once, as long as anyone holds it.
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }

  // Stores a rendering, made of these parts, that `holders` outboxes are going to hold.
  [[nodiscard]] SharedText share(std::initializer_list<Bytes> parts, std::uint32_t holders);

  // Blocks in use, for tests: none may be left in an empty world.
  [[nodiscard]] std::size_t used_blocks() const;

 private:
  friend class Outbox;

  struct Shared {
    ByteQueue bytes;
    std::uint32_t holders = 0;
  };

  [[nodiscard]] const ByteQueue& bytes_of(SharedText text) const;
  void release(SharedText text);

  BlockPool<byte_block_size> byte_blocks_;
  BlockPool<record_block_size> record_blocks_;
  std::vector<Shared> shared_;
  std::vector<SharedText> free_shared_;
  std::size_t queued_bytes_ = 0;
};

// The queue of one peer: pieces of output in order, each either a copy of its own or a share of a
// rendering that others hold too. A piece may be (or complete) the delivery of a message, and then
// knows whose message it was, so that its outcome can be entered in the books and reported. One or
// more pieces are a unit, a line or a frame. What is urgent (a pong) overtakes all units but the
// one that is partly written:
//
//   [..written..|rest of a unit] [urgent urgent] [unit][unit][unit]
//
// Invariants:
//  1. queued_bytes() is the sum of what is not yet written of all pieces, urgent ones included.
//  2. pending_deliveries() is the number of pieces that complete a delivery and are not wholly
//     written.
//  3. An empty outbox holds no block.
//
// The outbox knows no limit and no time: who may queue what is the server's decision.
class Outbox {
 public:
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
  [[nodiscard]] std::uint32_t pending_deliveries() const { return pending_deliveries_; }
  [[nodiscard]] bool is_empty() const { return queued_bytes_ == 0; }

  // Copies the parts in as one piece, which is no delivery.
  void push_copy(OutboxMemory& memory, std::initializer_list<Bytes> parts) {
    push_copy(memory, parts, ConnectionId{});
  }
  // The same, completing a delivery from `sender`.
  void push_copy(OutboxMemory& memory, std::initializer_list<Bytes> parts, ConnectionId sender);

  // The same for the first piece of a unit; the next one that is pushed goes on with it.
  void push_beginning(OutboxMemory& memory, std::initializer_list<Bytes> parts);

  // Copies the parts in as a unit before all others, but behind what is urgent already.
  void push_urgent(OutboxMemory& memory, std::initializer_list<Bytes> parts);

  // Adds one of the shares that `text` was stored for; completes a delivery from `sender`.
  void push_shared(OutboxMemory& memory, SharedText text, ConnectionId sender);
  // The same for a line that is no delivery.
  void push_shared(OutboxMemory& memory, SharedText text);

  // Fills `out` from the front with the pieces to write next; returns how many slices it filled.
  // They are good until the outbox or its memory changes.
  [[nodiscard]] std::size_t gather(const OutboxMemory& memory, std::span<Slice> out) const;

  // Takes `bytes` off the front of what `gather` last showed: nothing may have been pushed since.
  // Returns how many deliveries that completed.
  [[nodiscard]] std::uint32_t wrote(OutboxMemory& memory, std::size_t bytes);

  // Drops everything; calls `failed(sender)` for each delivery that was pending, in order.
  template <typename Failed>
  void drop(OutboxMemory& memory, const Failed& failed);

  // The same, but for what is urgent, and for the rest of a unit that is partly written: without
  // it, nothing that follows could be understood.
  template <typename Failed>
  void drop_unbegun(OutboxMemory& memory, const Failed& failed);

  // Adds what is queued, by content: neither the blocks nor who shares what make a difference.
  // `identify(ConnectionId)` gives the number that stands for a sender.
  template <typename Identify>
  void add_to(Digest& digest, const OutboxMemory& memory, const Identify& identify) const;

 private:
  struct Piece {
    std::uint32_t size : 31;  // bytes, written ones included
    std::uint32_t is_unit_end : 1;
    std::uint32_t shared;      // index of the SharedText, or own_copy
    Slot sender;               // no_slot where this completes no delivery
    std::uint32_t generation;  // the sender's
  };
  static constexpr std::uint32_t own_copy = UINT32_MAX;
  static constexpr std::uint32_t size_mask = (1U << 31U) - 1;
  using PieceQueue = PooledQueue<Piece, record_block_size>;

  // The rest of a unit that is partly written.
  struct Begun {
    std::size_t pieces = 0;
    std::size_t bytes = 0;
  };

  template <typename Failed>
  void drop_pieces(OutboxMemory& memory, const Failed& failed);
  [[nodiscard]] Outbox split_begun(OutboxMemory& memory);
  void copy_in(OutboxMemory& memory, std::initializer_list<Bytes> parts, ConnectionId sender,
               bool is_unit_end);
  void push(OutboxMemory& memory, const Piece& piece);
  [[nodiscard]] Begun begun(const OutboxMemory& memory) const;
  [[nodiscard]] std::size_t gather_pieces(const OutboxMemory& memory, std::span<Slice> out,
                                          std::size_t piece_count) const;
  [[nodiscard]] std::uint32_t wrote_pieces(OutboxMemory& memory, std::size_t bytes);
  void wrote_urgent(OutboxMemory& memory, std::size_t bytes);

  ByteQueue copies_;
  ByteQueue urgent_;
  PieceQueue pieces_;
  std::size_t queued_bytes_ = 0;
  std::uint32_t front_written_ = 0;  // bytes of the front piece that are written
  std::uint32_t pending_deliveries_ = 0;
  bool is_in_unit_ = false;  // the piece before the front one belongs to the same unit
};

template <typename Failed>
void Outbox::drop(OutboxMemory& memory, const Failed& failed) {
  wrote_urgent(memory, urgent_.size());
  drop_pieces(memory, failed);
  LASTWORD_CHECK(queued_bytes_ == 0);
}

template <typename Failed>
void Outbox::drop_pieces(OutboxMemory& memory, const Failed& failed) {
  while (!pieces_.is_empty()) {
    const Piece piece = pieces_.front_run(memory.record_blocks_).front();
    pieces_.pop(memory.record_blocks_, 1);
    const std::uint32_t unwritten = piece.size - front_written_;
    front_written_ = 0;
    queued_bytes_ -= unwritten;
    if (piece.shared == own_copy) {
      copies_.pop(memory.byte_blocks_, unwritten);
      memory.queued_bytes_ -= unwritten;
    } else {
      memory.release(SharedText{piece.shared});
    }
    if (piece.sender == no_slot) continue;
    --pending_deliveries_;
    failed(ConnectionId{piece.sender, piece.generation});
  }
  is_in_unit_ = false;
}

template <typename Failed>
void Outbox::drop_unbegun(OutboxMemory& memory, const Failed& failed) {
  Outbox kept = split_begun(memory);
  drop_pieces(memory, failed);
  LASTWORD_CHECK(queued_bytes_ == 0);
  *this = kept;
}

template <typename Identify>
void Outbox::add_to(Digest& digest, const OutboxMemory& memory, const Identify& identify) const {
  digest.add(queued_bytes_);
  digest.add(front_written_);
  digest.add(is_in_unit_ ? 1U : 0U);
  digest.add(urgent_.size());
  auto urgent = urgent_.begin();
  for (Bytes run = urgent.read(memory.byte_blocks_, SIZE_MAX); !run.empty();
       run = urgent.read(memory.byte_blocks_, SIZE_MAX)) {
    digest.add_stream(run);
  }
  auto pieces = pieces_.begin();
  auto copies = copies_.begin();
  std::uint32_t written = front_written_;
  for (auto run = pieces.read(memory.record_blocks_, SIZE_MAX); !run.empty();
       run = pieces.read(memory.record_blocks_, SIZE_MAX)) {
    for (const Piece& piece : run) {
      digest.add((std::uint64_t{piece.is_unit_end} << 32U) | piece.size);
      digest.add(piece.sender == no_slot ? UINT64_MAX
                                         : identify(ConnectionId{piece.sender, piece.generation}));
      std::size_t left = piece.size - written;
      if (piece.shared == own_copy) {
        while (left > 0) {
          const Bytes bytes = copies.read(memory.byte_blocks_, left);
          digest.add_stream(bytes);
          left -= bytes.size();
        }
      } else {
        auto shared = memory.bytes_of(SharedText{piece.shared}).begin();
        for (std::size_t skipped = 0; skipped < written;) {
          skipped += shared.read(memory.byte_blocks_, written - skipped).size();
        }
        while (left > 0) {
          const Bytes bytes = shared.read(memory.byte_blocks_, left);
          digest.add_stream(bytes);
          left -= bytes.size();
        }
      }
      written = 0;
    }
  }
}

}  // namespace lastword
