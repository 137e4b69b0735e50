#include "fuzz/server_play.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "fuzz/input.h"
#include "fuzz/oracle.h"

namespace lastword::fuzz {

namespace {

// How the talk begins depends on the world alone: it is played once for each, and copied.
HealthyTalk beginning_for(const Script& script) {
  using Key = std::tuple<bool, std::size_t, std::size_t>;
  static std::map<Key, HealthyTalk> beginnings;
  const Key key{script.config.handshake.is_compressing, script.bounds, script.send_buffer_max};
  auto found = beginnings.find(key);
  if (found == beginnings.end()) {
    found = beginnings.try_emplace(key, script.config, script.send_buffer_max).first;
  }
  return found->second;
}

}  // namespace

Play::Play(const Script& script, std::span<const std::size_t> sizes)
    : script_{script}, talk_{beginning_for(script)}, hostile_{talk_.world.client_count()} {
  const Transport transport = script.form == Form::lines ? Transport::lines : Transport::websocket;
  talk_.world.connect(transport);
  talk_.world.put_last(hostile_);
  talk_.world.pipe(hostile_).is_answering_fin = script.is_answering_fin;
  talk_.world.pipe(hostile_).read_max = script.is_reading ? script.read_max : 0;
  talk_.deeds.push_back({.kind = Deed::Kind::connect, .client = hostile_, .transport = transport});
  // So that others are said with every input.
  talk_.number_texts_from(script.number);
  for (const Piece& piece : script.pieces) {
    send_piece(piece, sizes);
    act(piece.act);
  }
  end();
}

// The opening comes in one chunk with what follows it.
void Play::send_piece(const Piece& piece, std::span<const std::size_t> sizes) {
  SmallWorld& world = talk_.world;
  if (!std::exchange(is_opened_, true)) world.send(hostile_, script_.opening);
  talk_.deeds.push_back({.kind = Deed::Kind::bytes, .client = hostile_, .bytes = piece.bytes});
  for (const std::string_view chunk : cut(piece.bytes, sizes)) {
    world.send(hostile_, chunk);
    world.settle();
  }
  world.settle();
  said_all_at_ = world.now();
}

void Play::act(const Act& act) {
  switch (act.kind) {
    case Act::Kind::nothing:
      return;
    case Act::Kind::talk:
      if (stop_count_ == 0) talk_.have_round();
      break;
    case Act::Kind::line:
      if (stop_count_ == 0) talk_.have_line();
      return;  // it has not come to rest
    case Act::Kind::pass:
      talk_.pass(act.span);
      break;
    case Act::Kind::stop:
      stop();
      break;
    case Act::Kind::end:
      talk_.deeds.push_back({.kind = Deed::Kind::end, .client = hostile_});
      talk_.world.end(hostile_);
      break;
    case Act::Kind::break_off:
      talk_.deeds.push_back({.kind = Deed::Kind::break_off, .client = hostile_});
      talk_.world.break_off(hostile_, act.fault);
      break;
    case Act::Kind::turn_ear:
      turn_ear();
      break;
  }
  talk_.world.settle();
  mark();
}

void Play::turn_ear() {
  Pipe& pipe = talk_.world.pipe(hostile_);
  pipe.read_max = pipe.read_max == SIZE_MAX ? pipe.read : SIZE_MAX;
}

void Play::stop() {
  if (stop_count_ == 2) return;
  if (stop_count_ == 0) talk_.let_through();
  ++stop_count_;
  (stop_count_ == 1 ? stopped_at_ : stopped_again_at_) = talk_.world.now();
  talk_.deeds.push_back({.kind = Deed::Kind::stop});
  talk_.world.stop();
}

void Play::mark() {
  talk_.deeds.push_back({.kind = Deed::Kind::mark});
  std::vector<std::size_t>& sizes = marks_.emplace_back();
  for (Client client = 0; client < world().client_count(); ++client) {
    sizes.push_back(world().pipe(client).taken.size());
  }
  digests_.push_back(world().server.digest());
}

void Play::end() {
  mark();
  if (stop_count_ == 0) {
    talk_.have_round();
    mark();
    stop();
    mark();
  }
  const Duration time_max = script_.config.drain_timeout + script_.config.linger;
  const Duration time_taken = world().now() - stopped_at_;
  if (!world().server.finished() && time_taken < time_max) talk_.world.pass(time_max - time_taken);
  digests_.push_back(world().server.digest());
  report_ = world().server.finished();
  require(report_.has_value(), "end", [&] {
    return "the server has not ended " + std::to_string((world().now() - stopped_at_).count()) +
           " ns after the stop";
  });
}

std::vector<std::size_t> Play::marks_of(Client client) const {
  std::vector<std::size_t> marks;
  for (const std::vector<std::size_t>& sizes : marks_) {
    if (client < sizes.size()) marks.push_back(sizes[client]);
  }
  return marks;
}

bool Play::had_event(EventKind kind) const {
  const auto events = world().server.events();
  return std::any_of(events.begin(), events.end(),
                     [kind](const Event& event) { return event.kind == kind; });
}

}  // namespace lastword::fuzz
