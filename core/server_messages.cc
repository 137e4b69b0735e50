// A message on its way to its addressees: who has room for it, and in which form each of them gets
// it (contract, sections 1 to 3).
#include <algorithm>
#include <array>

#include "core/check.h"
#include "core/replies.h"
#include "core/server.h"
#include "core/utf8_validator.h"

namespace lastword {

namespace {

constexpr std::string_view lf = "\n";

// Each form is a series of its own.
static_assert(wire_count <= OutboxMemory::series_count);

// Shorter ones are not compressed: there is next to nothing to gain.
constexpr std::size_t compressed_text_min = 128;

// What compressing costs, in bytes of the text for one unit of work (Config::work_per_fact_max).
constexpr std::size_t compressed_bytes_per_work = 8;

// Longer DESTs are not remembered.
constexpr std::size_t kept_destinations_max = 4096;

}  // namespace

Server::Progress Server::send(Slot slot, const line::Message& message) {
  const bool is_as_before = is_resolved(slot, message.destinations);
  if (is_as_before && follow(slot, message.text)) return Progress::done;
  end_fan_out();
  if (!is_as_before) resolve(slot, message.destinations);
  const auto& addressees = addressing_.addressees;
  work_ += addressees.size();
  const std::size_t name_size = broker_.name_of(slot).size();

  RoomId room = no_room;
  std::size_t header_size = MessageHeader::size_of(name_size, 0);
  std::size_t own_size = 0;  // what they hold each for themselves, if there are several headers
  std::size_t queued_max = 0;
  bool is_one_form = true;
  holders_.fill(0);
  for (const Addressee& addressee : addressees) {
    if (addressee.room != room) {
      room = addressee.room;
      header_size = MessageHeader::size_of(name_size, broker_.name_of(room).size());
      if (room != addressees.front().room) is_one_form = false;
    }
    const Wire wire = at(addressee.slot).wire;
    const std::size_t size = size_on(wire, header_size + message.text.size());
    own_size += size - message.text.size() - (wire == Wire::line ? lf.size() : 0);
    ++holders_[index_of(wire)];
    if (!has_room(slot, addressee.slot, size)) return Progress::paused;
    queued_max = std::max(queued_max, at(addressee.slot).outbox.queued_bytes());
  }
  if (!addressees.empty()) {
    const std::size_t shared_size = is_one_form ? renderings_size(header_size + message.text.size())
                                                : own_size + shared_text_size(message.text.size());
    if (!has_memory(slot, shared_size)) return Progress::paused;
  }

  // From here on the message is accepted.
  if (is_one_form && addressees.size() > 1 && addressing_.missing.empty()) {
    fan_out_ = {.sender = slot, .queued_max = queued_max};
    if (follow(slot, message.text)) {
      work_ -= addressees.size();  // which it counts too
      return Progress::done;
    }
    fan_out_ = {};
  }
  ++books_.accepted;
  ++at(slot).books.accepted;
  if (!addressing_.missing.empty()) {
    for (const std::string_view missing : addressing_.missing) {
      books_.refuse();
      reply::append_undelivered(scratch_, missing, Failure::not_connected);
    }
    push_scratch(slot);
  }
  books_.queue(addressees.size());
  if (addressees.size() == 1) {
    deliver_to_one(slot, addressees.front(), message.text);
  } else if (is_one_form) {
    deliver_shared(slot, message.text);
  } else {
    deliver_in_forms(slot, message.text);
  }
  return Progress::done;
}

// Lines come in batches, and a batch mostly goes to one destination.
bool Server::is_resolved(Slot sender, std::string_view destinations) const {
  return resolved_.sender == sender && resolved_.version == broker_.version() &&
         resolved_.destinations == destinations;
}

void Server::resolve(Slot sender, std::string_view destinations) {
  broker_.resolve(sender, destinations, addressing_);
  resolved_.sender = no_slot;
  // What is missing is borrowed from the line.
  if (!addressing_.missing.empty() || destinations.size() > kept_destinations_max) return;
  resolved_.sender = sender;
  resolved_.version = broker_.version();
  resolved_.destinations = destinations;
}

// Takes a message to those to whom the one before went, if nobody's bound comes into question: then
// it is accepted. Otherwise nothing happened.
bool Server::follow(Slot sender, std::string_view text) {
  if (fan_out_.sender != sender) return false;
  const auto& addressees = addressing_.addressees;
  const std::size_t size = header_for(sender, addressees.front().room).text().size() + text.size();
  const std::size_t size_max = size_on(Wire::frame, size);  // of all forms
  if (fan_out_.queued_max + size_max >= config_.outbox_max) return false;
  if (memory_.queued_bytes() + renderings_size(size) >= config_.memory_max) return false;

  ++books_.accepted;
  ++at(sender).books.accepted;
  books_.queue(addressees.size());
  work_ += addressees.size();
  fan_out_.queued_max += size_max;
  const std::array<SharedRun, wire_count> shared = share(sender, text);
  for (std::size_t wire = 0; wire < wire_count; ++wire) {
    SharedRun& pending = fan_out_.pending[wire];
    if (shared[wire].count == 0) continue;
    if (pending.count > 0 && pending.append(shared[wire])) continue;
    if (pending.count > 0) deliver_pending();
    pending = shared[wire];
  }
  return true;
}

void Server::deliver_pending() {
  for (const Addressee& addressee : addressing_.addressees) {
    Connection& connection = at(addressee.slot);
    const SharedRun& run = fan_out_.pending[index_of(connection.wire)];
    if (run.count == 0) continue;
    connection.outbox.push_shared(memory_, run);
    connection.books.queued_ever += run.deliveries;
    pushed(addressee.slot);
  }
  fan_out_.pending.fill({});
}

// Precedes everything but a further message of the batch.
void Server::end_fan_out() {
  if (fan_out_.sender == no_slot) return;
  deliver_pending();
  fan_out_ = {};
}

// Bytes that a line of `size` bytes takes in all the forms that are needed of it.
std::size_t Server::renderings_size(std::size_t size) const {
  std::size_t sum = 0;
  for (std::size_t wire = 0; wire < wire_count; ++wire) {
    if (holders_[wire] > 0) sum += size_on(Wire{static_cast<std::uint8_t>(wire)}, size);
  }
  return sum;
}

// Bytes of the text alone, once for those who get lines and once for those who get frames.
std::size_t Server::shared_text_size(std::size_t size) const {
  const std::uint32_t line_holders = holders_[index_of(Wire::line)];
  const bool has_frames = addressing_.addressees.size() > line_holders;
  return (line_holders > 0 ? size + lf.size() : 0) + (has_frames ? size : 0);
}

// Lines come in batches, so the next message's header is mostly the last one's.
const MessageHeader& Server::header_for(Slot sender, RoomId room) {
  if (last_header_.sender != sender || last_header_.room != room) {
    last_header_ = {
        .sender = sender, .room = room, .header = {broker_.name_of(sender), broker_.name_of(room)}};
  }
  return last_header_.header;
}

// Names are UTF-8, so the text decides for the whole line.
websocket::Opcode Server::opcode_for(std::string_view text) {
  if (!opcode_) {
    opcode_ = is_utf8(as_bytes(text)) ? websocket::Opcode::text : websocket::Opcode::binary;
  }
  return *opcode_;
}

// Calls `put` with the parts that make the line up on the wire.
template <typename Put>
void Server::render(Wire wire, std::string_view header, std::string_view text, const Put& put) {
  if (wire == Wire::line) {
    put({as_bytes(header), as_bytes(text), as_bytes(lf)});
    return;
  }
  const std::size_t size = header.size() + text.size();
  if (is_deflated(wire) && size >= compressed_text_min) {
    work_ += size / compressed_bytes_per_work;
    const auto window =
        wire == Wire::deflated_wide ? websocket::Window::wide : websocket::Window::narrow;
    compressed_.clear();
    if (deflater_.compress({as_bytes(header), as_bytes(text)}, window, compressed_)) {
      const websocket::HeaderBytes frame{opcode_for(text), compressed_.size(), true};
      put({frame.bytes(), compressed_});
      return;
    }
  }
  const websocket::HeaderBytes frame{opcode_for(text), size};
  put({frame.bytes(), as_bytes(header), as_bytes(text)});
}

// A single copy is the cheapest way to a single addressee.
void Server::deliver_to_one(Slot sender, Addressee addressee, std::string_view text) {
  const MessageHeader& header = header_for(sender, addressee.room);
  Connection& connection = at(addressee.slot);
  render(connection.wire, header.text(), text, [&](std::initializer_list<Bytes> parts) {
    connection.outbox.push_copy(memory_, parts, id_of(sender));
  });
  ++connection.books.queued_ever;
  pushed(addressee.slot);
}

// All get the same line: it is rendered and kept once for each form on the wire.
std::array<SharedRun, wire_count> Server::share(Slot sender, std::string_view text) {
  const MessageHeader& header = header_for(sender, addressing_.addressees.front().room);
  const ConnectionId sender_id = id_of(sender);
  std::array<SharedRun, wire_count> shared{};
  for (std::size_t wire = 0; wire < wire_count; ++wire) {
    if (holders_[wire] == 0) continue;
    render(Wire{static_cast<std::uint8_t>(wire)}, header.text(), text,
           [&](std::initializer_list<Bytes> parts) {
             shared[wire] = memory_.run_of(memory_.share(parts, holders_[wire], sender_id, wire));
           });
  }
  return shared;
}

void Server::deliver_shared(Slot sender, std::string_view text) {
  if (addressing_.addressees.empty()) return;
  const std::array<SharedRun, wire_count> shared = share(sender, text);
  for (const Addressee& addressee : addressing_.addressees) {
    Connection& connection = at(addressee.slot);
    connection.outbox.push_shared(memory_, shared[index_of(connection.wire)]);
    ++connection.books.queued_ever;
    pushed(addressee.slot);
  }
}

// Some are meant by name and some through one room or another: each gets a header of its own and a
// share in the text. (Rendering the whole message for each room would let one line that names
// thousands of rooms fill the memory.) Nothing is compressed: it could not be shared.
void Server::deliver_in_forms(Slot sender, std::string_view text) {
  const auto& addressees = addressing_.addressees;
  const std::uint32_t line_holders = holders_[index_of(Wire::line)];
  const auto frame_holders = static_cast<std::uint32_t>(addressees.size()) - line_holders;
  // An empty text takes no share of a frame: nothing is left of it behind the header.
  const bool is_frame_split = frame_holders > 0 && !text.empty();
  const ConnectionId sender_id = id_of(sender);
  const SharedText line_text = line_holders > 0
                                   ? memory_.share({as_bytes(text), as_bytes(lf)}, line_holders,
                                                   sender_id, index_of(Wire::line))
                                   : SharedText{};
  const SharedText frame_text = is_frame_split ? memory_.share({as_bytes(text)}, frame_holders,
                                                               sender_id, index_of(Wire::frame))
                                               : SharedText{};
  for (const Addressee& addressee : addressees) {
    const MessageHeader& header = header_for(sender, addressee.room);
    Connection& connection = at(addressee.slot);
    Outbox& outbox = connection.outbox;
    if (connection.wire == Wire::line) {
      outbox.push_beginning(memory_, {as_bytes(header.text())});
      outbox.push_shared(memory_, line_text);
    } else {
      const websocket::HeaderBytes frame{opcode_for(text), header.size() + text.size()};
      if (is_frame_split) {
        outbox.push_beginning(memory_, {frame.bytes(), as_bytes(header.text())});
        outbox.push_shared(memory_, frame_text);
      } else {
        outbox.push_copy(memory_, {frame.bytes(), as_bytes(header.text())}, id_of(sender));
      }
    }
    ++connection.books.queued_ever;
    pushed(addressee.slot);
  }
}

}  // namespace lastword
