// What the lines of a client lead to (contract, section 1).
//
// Every line is first looked at and then, if there is room for everything it causes, taken: a line
// that has to wait is left in the framer and looked at afresh once there is room.
#include <algorithm>
#include <variant>

#include "core/check.h"
#include "core/replies.h"
#include "core/server.h"

namespace lastword {

namespace {

constexpr std::string_view lf = "\n";

}  // namespace

void Server::take_lines(Slot slot) {
  Connection& connection = at(slot);
  while (!paused_.is_paused(slot)) {
    const auto framed = connection.input.front(framing_);
    if (!framed) break;
    if (work_ >= config_.work_per_fact_max) {
      paused_.yield(slot);
      mark(slot);
      break;
    }
    ++work_;
    if (take_line(slot, *framed) == Progress::paused) {
      tell(EventKind::paused, id_of(slot));
      break;
    }
    // A line can end the connection; its input is forgotten then.
    if (connection.stage != Stage::naming && connection.stage != Stage::online) return;
    connection.input.pop();
  }
  connection.input.keep(framing_);
  if (connection.has_peer_ended && !paused_.is_paused(slot)) {
    log_out(slot, true);
    begin_flushing(slot);
  }
}

Server::Progress Server::take_line(Slot slot, const LineFramer::Line& framed) {
  Connection& connection = at(slot);
  if (connection.is_full) {  // it does not read the answers to its own lines
    paused_.wait_for(slot, slot);
    mark(slot);
    return Progress::paused;
  }
  if (framed.is_too_long) {
    scratch_.clear();
    reply::append_line_too_long(scratch_, config_.line_max);
    return reply(slot);
  }
  if (connection.stage == Stage::naming) {
    log_in(slot, framed.text);
    return Progress::done;
  }
  if (is_memory_full_) {
    paused_.wait_for_memory(slot);
    mark(slot);
    return Progress::paused;
  }
  const auto line = parse_line(framed.text);
  if (line) return act(slot, *line);
  scratch_.clear();
  reply::append_line_error(scratch_, line.error());
  return reply(slot);
}

void Server::log_in(Slot slot, std::string_view line) {
  if (line.empty()) return;
  scratch_.clear();
  const auto name = Name::parse(line);
  if (!name) {
    reply::append_bad_name(scratch_, name.error());
    refuse_login(slot);
  } else if (!broker_.login(slot, *name)) {
    reply::append_taken_name(scratch_, name->text());
    refuse_login(slot);
  } else {
    at(slot).stage = Stage::online;
    timers_.disarm(slot, Timer::login);
    mark(slot);
    tell(EventKind::logged_in, id_of(slot));
  }
}

void Server::refuse_login(Slot slot) {
  tell(EventKind::login_refused, id_of(slot));
  push_scratch(slot);
  begin_flushing(slot);
}

Server::Progress Server::act(Slot slot, const Line& line) {
  scratch_.clear();
  struct Visitor {
    Server& server;
    Slot slot;

    Progress operator()(const line::Empty&) const { return Progress::done; }
    Progress operator()(const line::Message& message) const { return server.send(slot, message); }
    Progress operator()(const line::Help&) const {
      reply::append_help(server.scratch_);
      return server.reply(slot);
    }
    Progress operator()(const line::Ping& ping) const {
      reply::append_pong(server.scratch_, ping.token);
      return server.reply(slot);
    }
    Progress operator()(const line::Who& who) const { return server.who(slot, who.room); }
    Progress operator()(const line::Join& join) const { return server.join(slot, join.room); }
    Progress operator()(const line::Leave& leave) const { return server.leave(slot, leave.room); }
    Progress operator()(const line::Quit&) const { return server.quit(slot); }
  };
  return std::visit(Visitor{.server = *this, .slot = slot}, line);
}

// Sends what stands in scratch_ to the one whose line it answers.
Server::Progress Server::reply(Slot slot) {
  if (!has_room(slot, slot, scratch_.size())) return Progress::paused;
  if (!has_memory(slot, scratch_.size())) return Progress::paused;
  push_scratch(slot);
  return Progress::done;
}

// --- Messages ----------------------------------------------------------------------------------

Server::Progress Server::send(Slot slot, const line::Message& message) {
  broker_.resolve(slot, message.destinations, addressing_);
  const auto& addressees = addressing_.addressees;
  work_ += addressees.size();
  const std::size_t name_size = broker_.name_of(slot).size();
  const std::size_t body_size = message.text.size() + lf.size();

  RoomId room = no_room;
  std::size_t header_size = MessageHeader::size_of(name_size, 0);
  std::size_t headers_size = 0;
  bool is_one_form = true;
  for (const Addressee& addressee : addressees) {
    if (addressee.room != room) {
      room = addressee.room;
      header_size = MessageHeader::size_of(name_size, broker_.name_of(room).size());
      if (room != addressees.front().room) is_one_form = false;
    }
    headers_size += header_size;
    if (!has_room(slot, addressee.slot, header_size + body_size)) return Progress::paused;
  }
  if (!addressees.empty()) {
    const std::size_t size = body_size + (is_one_form ? header_size : headers_size);
    if (!has_memory(slot, size)) return Progress::paused;
  }

  // From here on the message is accepted.
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

// Lines come in batches, so the next message's header is mostly the last one's.
const MessageHeader& Server::header_for(Slot sender, RoomId room) {
  if (last_header_.sender != sender || last_header_.room != room) {
    last_header_ = {
        .sender = sender, .room = room, .header = {broker_.name_of(sender), broker_.name_of(room)}};
  }
  return last_header_.header;
}

// A single copy is the cheapest way to a single addressee.
void Server::deliver_to_one(Slot sender, Addressee addressee, std::string_view text) {
  const MessageHeader& header = header_for(sender, addressee.room);
  at(addressee.slot)
      .outbox.push_copy(memory_, {as_bytes(header.text()), as_bytes(text), as_bytes(lf)},
                        id_of(sender));
  ++at(addressee.slot).books.queued_ever;
  pushed(addressee.slot);
}

// All get the same bytes: they are rendered and kept once.
void Server::deliver_shared(Slot sender, std::string_view text) {
  const auto& addressees = addressing_.addressees;
  if (addressees.empty()) return;
  const MessageHeader& header = header_for(sender, addressees.front().room);
  const SharedText shared = memory_.share({as_bytes(header.text()), as_bytes(text), as_bytes(lf)},
                                          static_cast<std::uint32_t>(addressees.size()));
  const ConnectionId sender_id = id_of(sender);
  for (const Addressee& addressee : addressees) {
    Connection& connection = at(addressee.slot);
    connection.outbox.push_shared(memory_, shared, sender_id);
    ++connection.books.queued_ever;
    pushed(addressee.slot);
  }
}

// Some are meant by name and some through one room or another: each gets a header of its own and a
// share in the text. (Rendering the whole message for each room would let one line that names
// thousands of rooms fill the memory.)
void Server::deliver_in_forms(Slot sender, std::string_view text) {
  const auto& addressees = addressing_.addressees;
  const SharedText shared =
      memory_.share({as_bytes(text), as_bytes(lf)}, static_cast<std::uint32_t>(addressees.size()));
  for (const Addressee& addressee : addressees) {
    const MessageHeader& header = header_for(sender, addressee.room);
    Connection& connection = at(addressee.slot);
    connection.outbox.push_copy(memory_, {as_bytes(header.text())});
    connection.outbox.push_shared(memory_, shared, id_of(sender));
    ++connection.books.queued_ever;
    pushed(addressee.slot);
  }
}

// --- Rooms -------------------------------------------------------------------------------------

Server::Progress Server::join(Slot slot, RoomName room) {
  const auto id = broker_.find_room(room.text());
  if (id && broker_.is_in(slot, *id)) {
    reply::append_already_in_room(scratch_, room.text());
    return reply(slot);
  }
  if (broker_.room_count(slot) >= config_.rooms_per_peer_max) {
    reply::append_too_many_rooms(scratch_, config_.rooms_per_peer_max);
    return reply(slot);
  }
  if (id) {
    reply::append_peer_joined(scratch_, broker_.name_of(slot), room.text());
    if (!has_room_for_members(slot, *id, scratch_.size())) return Progress::paused;
    scratch_.clear();
  }
  reply::append_joined(scratch_, room.text(), (id ? broker_.member_count(*id) : 0) + 1);
  if (reply(slot) == Progress::paused) return Progress::paused;

  broker_.join(slot, room);
  if (id) {
    scratch_.clear();
    reply::append_peer_joined(scratch_, broker_.name_of(slot), room.text());
    tell_members(slot, *id);
  }
  return Progress::done;
}

Server::Progress Server::leave(Slot slot, RoomName room) {
  const auto id = broker_.find_room(room.text());
  if (!id || !broker_.is_in(slot, *id)) {
    reply::append_not_in_room(scratch_, room.text());
    return reply(slot);
  }
  reply::append_peer_left(scratch_, broker_.name_of(slot), room.text());
  if (!has_room_for_members(slot, *id, scratch_.size())) return Progress::paused;
  scratch_.clear();
  reply::append_left(scratch_, room.text());
  if (reply(slot) == Progress::paused) return Progress::paused;

  scratch_.clear();
  reply::append_peer_left(scratch_, broker_.name_of(slot), room.text());
  tell_members(slot, *id);
  broker_.leave(slot, *id);
  return Progress::done;
}

bool Server::has_room_for_members(Slot sender, RoomId room, std::size_t size) {
  work_ += broker_.member_count(room);
  for (std::size_t position = 0; position < broker_.member_count(room); ++position) {
    const Slot member = broker_.member_at(room, position);
    if (member != sender && !has_room(sender, member, size)) return false;
  }
  return has_memory(sender, size);
}

// Sends what stands in scratch_ to all members but one. Who has no room just now is told later how
// much he missed: a departure can't wait for anybody.
void Server::tell_members(Slot except, RoomId room) {
  std::uint32_t holders = 0;
  const auto is_told = [&](Slot member) {
    return member != except && !at(member).is_full && !is_memory_full_;
  };
  for (std::size_t position = 0; position < broker_.member_count(room); ++position) {
    if (is_told(broker_.member_at(room, position))) ++holders;
  }
  const SharedText shared =
      holders > 0 ? memory_.share({as_bytes(scratch_)}, holders) : SharedText{};
  for (std::size_t position = 0; position < broker_.member_count(room); ++position) {
    const Slot member = broker_.member_at(room, position);
    if (member == except) continue;
    if (holders > 0 && !at(member).is_full) {
      --holders;
      at(member).outbox.push_shared(memory_, shared);
      pushed(member);
    } else {
      ++at(member).unseen_notices;
    }
  }
}

Server::Progress Server::who(Slot slot, std::string_view room) {
  std::string_view intro = "* here: ";
  std::vector<std::string_view> names;
  std::string room_intro;
  if (room.empty()) {
    names = broker_.names();
  } else {
    const auto id = broker_.find_room(room);
    if (!id) {
      scratch_.append("! nobody is in ").append(room).append(lf);
      return reply(slot);
    }
    names = broker_.names_in(*id);
    room_intro.append("* in ").append(room).append(": ");
    intro = room_intro;
  }
  work_ += names.size();
  reply::append_names(scratch_, intro, names);
  return reply(slot);
}

Server::Progress Server::quit(Slot slot) {
  reply::append_goodbye(scratch_, at(slot).books.accepted);
  if (reply(slot) == Progress::paused) return Progress::paused;
  tell(EventKind::quit, id_of(slot));
  log_out(slot, true);
  begin_flushing(slot);
  return Progress::done;
}

}  // namespace lastword
