// What the lines of a client lead to (contract, section 1).
//
// Every line is first looked at and then, if there is room for everything it causes, taken: a line
// that has to wait is left in the framer and looked at afresh once there is room.
#include <array>
#include <variant>

#include "core/check.h"
#include "core/replies.h"
#include "core/server.h"

namespace lastword {

namespace {

constexpr std::string_view lf = "\n";

}  // namespace

// Makes one, where there is none because all that came was taken.
LineFramer& Server::framer_of(Slot slot) {
  Part<LineFramer>& framer = at(slot).input;
  if (!framer.is_there()) spare_framers_.fill(framer);
  return *framer;
}

void Server::take_lines(Slot slot) {
  Connection& connection = at(slot);
  LineFramer& framer = framer_of(slot);
  while (!paused_.is_paused(slot)) {
    const auto framed = framer.front(framing_);
    if (!framed) break;
    if (work_ >= config_.work_per_fact_max) {
      paused_.yield(slot);
      mark(slot);
      break;
    }
    ++work_;
    opcode_.reset();
    const Progress progress =
        framed->is_too_long ? refuse_long_line(slot) : take_line(slot, framed->text);
    if (progress == Progress::paused) {
      tell(EventKind::paused, id_of(slot));
      break;
    }
    // A line can end the connection; its input is forgotten then.
    if (connection.stage != Stage::naming && connection.stage != Stage::online) return;
    framer.pop();
  }
  end_fan_out();
  framer.keep(framing_);
  if (framer.is_at_rest()) spare_framers_.give_back(connection.input);
  end_with_peer(slot);
}

// Takes up what is left of the input, whatever the transport.
void Server::take_input(Slot slot) {
  if (is_websocket(slot)) {
    take_messages(slot);
  } else {
    take_lines(slot);
  }
}

// Once everything that a peer said before its FIN is taken, it gets what is addressed to it, and
// its end.
void Server::end_with_peer(Slot slot) {
  if (!at(slot).has_peer_ended || paused_.is_paused(slot)) return;
  log_out(slot, true);
  begin_flushing(slot, websocket::CloseCode::normal);
}

// Who does not read the answers to its own lines has to wait.
bool Server::wait_for_own_room(Slot slot) {
  if (!at(slot).is_full) return false;
  paused_.wait_for(slot, slot);
  mark(slot);
  return true;
}

Server::Progress Server::refuse_long_line(Slot slot) {
  end_fan_out();
  if (wait_for_own_room(slot)) return Progress::paused;
  scratch_.clear();
  reply::append_line_too_long(scratch_, config_.line_max);
  return reply(slot);
}

Server::Progress Server::take_line(Slot slot, std::string_view text) {
  if (wait_for_own_room(slot)) return Progress::paused;
  if (at(slot).stage == Stage::naming) {
    log_in(slot, text);
    return Progress::done;
  }
  if (is_memory_full_) {
    paused_.wait_for_memory(slot);
    mark(slot);
    return Progress::paused;
  }
  const auto line = parse_line(text);
  if (line) return act(slot, *line);
  end_fan_out();
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
  begin_flushing(slot, websocket::CloseCode::policy_violation);
}

Server::Progress Server::act(Slot slot, const Line& line) {
  scratch_.clear();
  if (!std::holds_alternative<line::Message>(line)) end_fan_out();
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
  const std::size_t size = scratch_size_on(at(slot).wire);
  if (!has_room(slot, slot, size)) return Progress::paused;
  if (!has_memory(slot, size)) return Progress::paused;
  push_scratch(slot);
  return Progress::done;
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
  const std::size_t members = (id ? broker_.member_count(*id) : 0) + 1;
  reply::append_joined(scratch_, room.text(), members);
  if (id) {
    const std::size_t reply_size = scratch_size_on(at(slot).wire);
    scratch_.clear();
    reply::append_peer_joined(scratch_, broker_.name_of(slot), room.text());
    if (!has_room_for_members(slot, *id, reply_size)) return Progress::paused;
    scratch_.clear();
    reply::append_joined(scratch_, room.text(), members);
  }
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
  reply::append_left(scratch_, room.text());
  const std::size_t reply_size = scratch_size_on(at(slot).wire);
  scratch_.clear();
  reply::append_peer_left(scratch_, broker_.name_of(slot), room.text());
  if (!has_room_for_members(slot, *id, reply_size)) return Progress::paused;
  scratch_.clear();
  reply::append_left(scratch_, room.text());
  if (reply(slot) == Progress::paused) return Progress::paused;

  scratch_.clear();
  reply::append_peer_left(scratch_, broker_.name_of(slot), room.text());
  tell_members(slot, *id);
  broker_.leave(slot, *id);
  return Progress::done;
}

// Whether what stands in scratch_ can go to all members but the sender, and `reply_size` bytes to
// the sender.
bool Server::has_room_for_members(Slot sender, RoomId room, std::size_t reply_size) {
  work_ += broker_.member_count(room);
  std::array<std::size_t, wire_count> shared_sizes{};  // of the forms that are needed
  for (std::size_t position = 0; position < broker_.member_count(room); ++position) {
    const Slot member = broker_.member_at(room, position);
    if (member == sender) continue;
    const Wire wire = uncompressed(at(member).wire);
    const std::size_t size = scratch_size_on(wire);
    shared_sizes[index_of(wire)] = size;
    if (!has_room(sender, member, size)) return false;
  }
  std::size_t size = reply_size;
  for (const std::size_t shared_size : shared_sizes) size += shared_size;
  return has_memory(sender, size);
}

// Sends what stands in scratch_, a line, to all members but one. Who has no room just now is told
// later how much he missed: a departure can't wait for anybody.
void Server::tell_members(Slot except, RoomId room) {
  std::array<std::uint32_t, wire_count> holders{};
  const auto is_told = [&](Slot member) {
    return member != except && !at(member).is_full && !is_memory_full_;
  };
  for (std::size_t position = 0; position < broker_.member_count(room); ++position) {
    const Slot member = broker_.member_at(room, position);
    if (is_told(member)) ++holders[index_of(uncompressed(at(member).wire))];
  }
  std::array<SharedText, wire_count> shared{};
  for (const Wire wire : {Wire::line, Wire::frame}) {
    const std::uint32_t count = holders[index_of(wire)];
    if (count > 0) shared[index_of(wire)] = share_scratch(wire, count);
  }
  for (std::size_t position = 0; position < broker_.member_count(room); ++position) {
    const Slot member = broker_.member_at(room, position);
    if (member == except) continue;
    const std::size_t wire = index_of(uncompressed(at(member).wire));
    if (holders[wire] > 0 && !at(member).is_full) {
      --holders[wire];
      at(member).outbox.push_shared(memory_, shared[wire]);
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
  begin_flushing(slot, websocket::CloseCode::normal);
  return Progress::done;
}

}  // namespace lastword
