// What is queued for one peer, and the memory that all outboxes share.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/connection_id.h"
#include "core/digest.h"
#include "core/pooled_queue.h"

namespace lastword {

inline constexpr std::size_t byte_block_size = 4096;
inline constexpr std::size_t record_block_size = 512;

// For a message or two, or the answer to a handshake (129 bytes); and for four pieces.
inline constexpr std::size_t small_byte_block_size = 256;
inline constexpr std::size_t small_record_block_size = 64;

using ByteQueue = PooledQueue<std::byte, byte_block_size, small_byte_block_size>;

inline constexpr std::uint32_t texts_per_page = 32;

// A rendering that several outboxes hold together.
enum class SharedText : std::uint32_t {};

// Renderings that were stored one behind the other, to be held as one.
struct SharedRun {
  SharedText first{};
  std::uint32_t count = 0;
  std::uint32_t size = 0;        // in bytes
  std::uint32_t deliveries = 0;  // that each of its holders has with it

  // Adds the one behind it; false, and nothing happened, if it lies elsewhere.
  [[nodiscard]] bool append(const SharedRun& next);
};

// The memory behind all outboxes: blocks, shared renderings, and the sum of what is queued.
//
// Shared renderings lie in pages, one behind the other, so that a batch of them is one slice, the
// same for all who hold it. A page is given back when nobody holds any of its texts any more.
//
//   page: [text 0|text 1|text 2|....free....]    texts: their ends, holders and senders
class OutboxMemory {
 public:
  // Renderings of one series lie behind each other, whatever is stored between them.
  static constexpr std::size_t series_count = 4;

  // Bytes queued in all outboxes; a shared rendering counts once, as long as anyone holds it.
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }

  // Stores a rendering, made of these parts, that `holders` outboxes are going to hold. It
  // completes a delivery from `sender` for each of them; from nobody, it is no delivery.
  [[nodiscard]] SharedText share(std::initializer_list<Bytes> parts, std::uint32_t holders,
                                 ConnectionId sender = {}, std::size_t series = 0);

  // The text alone as a run.
  [[nodiscard]] SharedRun run_of(SharedText text) const;

  // Bytes of blocks that were given back to the allocator so far.
  [[nodiscard]] std::uint64_t freed_bytes() const {
    return byte_blocks_.freed_bytes() + record_blocks_.freed_bytes();
  }

  // There is more free memory of some kind than is kept when nobody needs it, and some of it goes
  // with each trim: what was not needed since the last.
  [[nodiscard]] bool has_spare(std::size_t kept_free) const {
    return byte_blocks_.has_spare(kept_free) || record_blocks_.has_spare(kept_free);
  }
  void trim(std::size_t kept_free) {
    byte_blocks_.trim(kept_free);
    record_blocks_.trim(kept_free);
  }

  // Blocks in use, for tests: none may be left in an empty world.
  [[nodiscard]] std::size_t used_blocks() const;

 private:
  friend class Outbox;

  struct Text {
    std::uint32_t begin;  // within its page
    std::uint32_t end;
    Slot sender;  // no_slot where it is no delivery
    std::uint32_t generation;
  };
  using TextQueue = PooledQueue<Text, record_block_size, small_record_block_size>;
  static_assert(TextQueue::elements_per_block == texts_per_page);

  struct Page {
    ByteQueue bytes;  // one block of texts, or one text that is larger
    TextQueue texts;  // at most one block of them
    std::uint32_t held_count = 0;
    // Of each text, those who have not released it yet. Apart from the texts, as each delivery
    // changes them.
    std::array<std::uint32_t, texts_per_page> holders;
  };
  using PageIndex = std::uint32_t;
  static constexpr PageIndex no_page = UINT32_MAX;

  static PageIndex page_of(SharedText text);
  static std::uint32_t place_of(SharedText text);
  [[nodiscard]] std::span<const Text> texts_from(SharedText first) const;
  [[nodiscard]] std::uint32_t size_of(SharedText text) const;
  [[nodiscard]] ConnectionId sender_of(SharedText text) const;
  [[nodiscard]] ByteQueue::Cursor bytes_from(SharedText text, std::size_t offset) const;
  [[nodiscard]] SharedRun front_of(SharedText first, std::size_t bytes) const;
  [[nodiscard]] PageIndex page_with_room(std::size_t size, std::size_t series);
  void release(SharedText first, std::uint32_t count);
  void free_page(PageIndex index);

  TwoSizePool<byte_block_size, small_byte_block_size> byte_blocks_;
  TwoSizePool<record_block_size, small_record_block_size> record_blocks_;
  std::vector<Page> pages_;
  std::vector<PageIndex> free_pages_;
  std::array<PageIndex, series_count> open_pages_{no_page, no_page, no_page, no_page};
  std::size_t queued_bytes_ = 0;
};

// The queue of one peer: pieces of output in order, each either a copy of its own or a share in
// renderings that others hold too. A piece may be (or complete) the delivery of a message, and then
// knows whose message it was, so that its outcome can be entered in the books and reported; a share
// in several renderings is several of them. One or more pieces are a unit, a line or a frame, and
// each of several renderings is one. What is urgent (a pong) overtakes all units but the one that
// is partly written:
//
//   [..written..|rest of a unit] [urgent urgent] [unit][unit][unit]
//
// Invariants:
//  1. queued_bytes() is the sum of what is not yet written of all pieces, urgent ones included.
//  2. pending_deliveries() is the number of copies and renderings that complete a delivery and are
//     not wholly written.
//  3. An empty outbox holds no block.
//  4. The first rendering of the front piece is not wholly written: what is, is released.
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

  // Adds one of the shares that these were stored for.
  void push_shared(OutboxMemory& memory, const SharedRun& run);
  void push_shared(OutboxMemory& memory, SharedText text) {
    push_shared(memory, memory.run_of(text));
  }

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
    std::uint32_t size : 31;  // bytes, written ones of its first unit included
    std::uint32_t is_unit_end : 1;
    std::uint32_t shared;  // the first SharedText, or own_copy
    // Of a copy: its sender, the slot (no_slot: it completes no delivery) and the generation. Of
    // shared ones: how many are deliveries, and how many there are.
    std::uint32_t slot_or_deliveries;
    std::uint32_t generation_or_count;
  };
  static constexpr std::uint32_t own_copy = UINT32_MAX;
  static constexpr std::uint32_t size_mask = (1U << 31U) - 1;
  static ConnectionId sender_of(const Piece& copy) {
    return {Slot{copy.slot_or_deliveries}, copy.generation_or_count};
  }
  using PieceQueue = PooledQueue<Piece, record_block_size, small_record_block_size>;

  template <typename Failed>
  void drop_pieces(OutboxMemory& memory, const Failed& failed);
  [[nodiscard]] Outbox split_begun(OutboxMemory& memory);
  void copy_in(OutboxMemory& memory, std::initializer_list<Bytes> parts, ConnectionId sender,
               bool is_unit_end);
  void push(OutboxMemory& memory, const Piece& piece);
  [[nodiscard]] std::size_t begun_bytes(const OutboxMemory& memory) const;
  void split_front(OutboxMemory& memory, Outbox& split);
  [[nodiscard]] std::optional<Slice> only_slice(const OutboxMemory& memory) const;
  [[nodiscard]] std::size_t gather_pieces(const OutboxMemory& memory, std::span<Slice> out,
                                          std::size_t bytes_max) const;
  [[nodiscard]] std::uint32_t wrote_pieces(OutboxMemory& memory, std::size_t bytes);
  [[nodiscard]] std::uint32_t wrote_all_pieces(OutboxMemory& memory);
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
  const auto drop_one = [&](std::uint32_t size, ConnectionId sender) {
    const std::uint32_t unwritten = size - std::exchange(front_written_, 0);
    queued_bytes_ -= unwritten;
    if (sender.slot != no_slot) --pending_deliveries_;
    return unwritten;
  };
  while (!pieces_.is_empty()) {
    const Piece piece = pieces_.front_run(memory.record_blocks_).front();
    pieces_.pop(memory.record_blocks_, 1);
    if (piece.shared == own_copy) {
      const ConnectionId sender = sender_of(piece);
      const std::uint32_t unwritten = drop_one(piece.size, sender);
      copies_.pop(memory.byte_blocks_, unwritten);
      memory.queued_bytes_ -= unwritten;
      if (sender.slot != no_slot) failed(sender);
      continue;
    }
    for (std::uint32_t position = 0; position < piece.generation_or_count; ++position) {
      const SharedText text{piece.shared + position};
      const ConnectionId sender = memory.sender_of(text);
      static_cast<void>(drop_one(memory.size_of(text), sender));
      memory.release(text, 1);
      if (sender.slot != no_slot) failed(sender);
    }
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
  const auto add = [&](const Piece& piece, std::uint32_t size, ConnectionId sender,
                       ByteQueue::Cursor& bytes) {
    digest.add((std::uint64_t{piece.is_unit_end} << 32U) | size);
    digest.add(sender.slot == no_slot ? UINT64_MAX : identify(sender));
    for (std::size_t left = size - std::exchange(written, 0); left > 0;) {
      const Bytes run = bytes.read(memory.byte_blocks_, left);
      digest.add_stream(run);
      left -= run.size();
    }
  };
  for (auto run = pieces.read(memory.record_blocks_, SIZE_MAX); !run.empty();
       run = pieces.read(memory.record_blocks_, SIZE_MAX)) {
    for (const Piece& piece : run) {
      if (piece.shared == own_copy) {
        add(piece, piece.size, sender_of(piece), copies);
        continue;
      }
      for (std::uint32_t position = 0; position < piece.generation_or_count; ++position) {
        const SharedText text{piece.shared + position};
        auto bytes = memory.bytes_from(text, written);
        add(piece, memory.size_of(text), memory.sender_of(text), bytes);
      }
    }
  }
}

}  // namespace lastword
