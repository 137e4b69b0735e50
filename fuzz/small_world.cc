#include "fuzz/small_world.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/bytes.h"
#include "fuzz/oracle.h"
#include "sim/reference_frames.h"

namespace lastword::fuzz {

namespace reference = sim::reference;

namespace {

// Many more turns, or writes in one of them, than what is queued has bytes for.
void require_rest(std::size_t count) {
  constexpr std::size_t count_max = 20'000;
  require(count < count_max, "rest", [] { return std::string{"the server goes on for ever"}; });
}

}  // namespace

// --- The network ---------------------------------------------------------------------------------

std::size_t SmallNetwork::buffer_room(const Pipe& pipe) const {
  const bool is_tight = pipe.taken.size() < tight_bytes_max;
  const std::size_t room_max = is_tight ? send_buffer_max : wide_buffer_max;
  const std::size_t unread = pipe.taken.size() - pipe.read;
  return unread < room_max ? room_max - unread : 0;
}

Acceptance SmallNetwork::accept(Transport transport) {
  std::vector<Client>& waiting = backlog(transport);
  if (waiting.empty()) return Acceptance::would_block;
  accepted_ = waiting.front();
  waiting.erase(waiting.begin());
  return Acceptance::accepted;
}

void SmallNetwork::adopt(ConnectionId id) {
  if (index_of(id.slot) >= by_slot_.size()) by_slot_.resize(index_of(id.slot) + 1);
  by_slot_[index_of(id.slot)] = accepted_;
  pipes[accepted_].id = id;
  open.push_back(accepted_);
}

void SmallNetwork::turn_away() {
  pipes[accepted_].is_closed = true;
  pipes[accepted_].has_server_ended = true;
}

Transfer SmallNetwork::read(ConnectionId id, std::span<std::byte> buffer) {
  Pipe& pipe = at(id);
  if (pipe.fault) return {.kind = Transfer::Kind::fault, .fault = *pipe.fault};
  if (!pipe.inbound.empty()) {
    const std::size_t count = std::min(buffer.size(), pipe.inbound.size());
    std::memcpy(buffer.data(), pipe.inbound.data(), count);
    pipe.inbound.erase(0, count);
    return {.kind = Transfer::Kind::bytes, .count = count};
  }
  if (pipe.has_client_ended) return {.kind = Transfer::Kind::end};
  return {};
}

Transfer SmallNetwork::write(ConnectionId id, std::span<const Slice> slices) {
  Pipe& pipe = at(id);
  require_rest(++writes_in_turn);
  if (pipe.fault) return {.kind = Transfer::Kind::fault, .fault = *pipe.fault};
  const std::size_t begin = pipe.taken.size();
  std::size_t room = buffer_room(pipe);
  for (const Slice slice : slices) {
    const std::size_t part = std::min(room, slice.size());
    pipe.taken.append(as_text(slice.first(part)));
    room -= part;
  }
  const std::size_t count = pipe.taken.size() - begin;
  if (count == 0) return {};
  pipe.writes.push_back(begin);
  return {.kind = Transfer::Kind::bytes, .count = count};
}

void SmallNetwork::close(ConnectionId id) {
  Pipe& pipe = at(id);
  pipe.is_closed = true;
  pipe.is_reset = !pipe.inbound.empty() && !pipe.fault;
  pipe.has_server_ended = true;
  to_release.push_back(id);
}

bool SmallNetwork::is_acknowledged(ConnectionId id) {
  const Pipe& pipe = at(id);
  return pipe.read == pipe.taken.size() && pipe.inbound.empty();
}

// --- The world -----------------------------------------------------------------------------------

SmallWorld::SmallWorld(const Config& config, std::size_t send_buffer_max)
    : server{config}, pump_{server, network_, buffer_} {
  network_.send_buffer_max = send_buffer_max;
  pump_.finish_turn();
}

SmallWorld::SmallWorld(const SmallWorld& other)
    : server{other.server},
      network_{other.network_},
      pump_{other.pump_, server, network_, buffer_},
      last_{other.last_},
      queued_peak_{other.queued_peak_},
      name_of_last_{other.name_of_last_} {}

Client SmallWorld::connect(Transport transport) {
  const Client client = client_count();
  network_.pipes.emplace_back();
  if (network_.listening == Listen::closed) {
    pipe(client).is_closed = true;  // refused
    pipe(client).has_server_ended = true;
  } else {
    network_.backlog(transport).push_back(client);
  }
  return client;
}

void SmallWorld::send(Client client, std::string_view bytes) {
  if (pipe(client).is_open()) pipe(client).inbound.append(bytes);
}

bool SmallWorld::is_waiting(Client client) const {
  const Pipe& it = pipe(client);
  if (!it.id || it.is_closed) return false;
  const auto peer = server.peer(*it.id);
  const bool is_unheard = !it.inbound.empty() || it.has_client_ended || it.fault;
  return peer && (peer->is_paused || is_unheard);
}

void SmallWorld::settle() {
  let_clients_read();
  for (std::size_t turns = 0; is_anything_ready(); ++turns) {
    require_rest(turns);
    turn();
  }
}

void SmallWorld::pass(Duration span) {
  const Instant until = network_.clock + span;
  settle();
  while (network_.deadline && network_.deadline->at <= until) {
    network_.clock = std::max(network_.clock, network_.deadline->at);
    settle();
  }
  network_.clock = until;
  settle();
}

void SmallWorld::stop() {
  is_stopping_ = true;
  pump_.stop(StopReason::terminate);
  pump_.finish_turn();
  release();
  server.check_invariants();
  settle();
}

// Everything that is ready, then the pump, then the clients.
void SmallWorld::turn() {
  network_.writes_in_turn = 0;
  for (const Transport transport : {Transport::lines, Transport::websocket}) {
    if (network_.listening == Listen::open && !network_.backlog(transport).empty()) {
      static_cast<void>(pump_.acceptable(transport));
      look_in({});
    }
  }
  const std::size_t open_count = network_.open.size();  // the others come with the next turn
  for (std::size_t place = 0; place < open_count; ++place) {
    if (network_.open[place] != last_) offer(network_.open[place]);
  }
  if (last_ < client_count()) offer(last_);
  if (network_.deadline && network_.deadline->at <= network_.clock) {
    pump_.elapsed();
    look_in(last_ < client_count() ? std::optional{last_} : std::nullopt);
  }
  pump_.finish_turn();
  release();
  server.check_invariants();
  let_clients_read();
}

void SmallWorld::offer(Client client) {
  const auto id = pipe(client).id;
  if (!id || pipe(client).is_closed) return;
  if (is_readable(pipe(client))) {
    pipe(client).is_awaiting_readable = false;
    const auto before = server.peer(*id);
    const std::size_t unread = pipe(client).inbound.size();
    pump_.readable(*id);
    const bool is_read = pipe(client).inbound.size() < unread;
    require(!is_read || !before || !before->is_paused, "bounds",
            [] { return std::string{"somebody is read from though he is paused"}; });
    look_in(client);
  }
  if (is_writable(pipe(client))) {
    pipe(client).is_awaiting_writable = false;
    pump_.writable(*id);
  }
}

// After each fact; `client` is whom it was about, if it was about one.
void SmallWorld::look_in(std::optional<Client> client) {
  if (client) {
    Pipe& pipe = this->pipe(*client);
    if (const auto peer = server.peer(*pipe.id)) {
      pipe.held_peak = std::max(pipe.held_peak, peer->held_bytes);
    }
    if (client == last_ && name_of_last_.empty()) name_of_last_ = server.name_of(*pipe.id);
  }
  // (At the stop everybody is told goodbye, whatever is queued.)
  if (server.queued_bytes() == 0 || is_stopping_) return;
  queued_peak_ = std::max(queued_peak_, server.queued_bytes());
  for (const Client each : network_.open) {
    const auto peer = server.peer(*pipe(each).id);
    if (peer) pipe(each).queued_peak = std::max(pipe(each).queued_peak, peer->queued_bytes);
  }
}

bool SmallWorld::is_readable(const Pipe& pipe) const {
  const bool has_news = !pipe.inbound.empty() || pipe.has_client_ended || pipe.fault;
  return pipe.is_awaiting_readable && has_news;
}

bool SmallWorld::is_writable(const Pipe& pipe) const {
  return pipe.is_awaiting_writable && (network_.buffer_room(pipe) > 0 || pipe.fault);
}

bool SmallWorld::is_anything_ready() {
  for (const Transport transport : {Transport::lines, Transport::websocket}) {
    if (network_.listening == Listen::open && !network_.backlog(transport).empty()) return true;
  }
  for (const Client client : network_.open) {
    if (is_readable(pipe(client)) || is_writable(pipe(client))) return true;
  }
  return network_.deadline && network_.deadline->at <= network_.clock;
}

void SmallWorld::release() {
  if (network_.to_release.empty()) return;
  for (const ConnectionId id : std::exchange(network_.to_release, {})) pump_.released(id);
  pump_.finish_turn();
  let_clients_read();
  std::erase_if(network_.open, [this](Client client) { return pipe(client).is_closed; });
}

// Reads what the kernel has, and answers as one does who keeps to the protocol.
void SmallWorld::let_clients_read() {
  for (const Client client : network_.open) {
    Pipe& pipe = this->pipe(client);
    if (pipe.fault) continue;
    pipe.read = std::max(pipe.read, std::min(pipe.taken.size(), pipe.read_max));
    if (pipe.is_answering_frames) answer_frames(pipe);
    if (pipe.is_answering_fin && pipe.has_seen_end()) pipe.has_client_ended = true;
  }
}

void SmallWorld::answer_frames(Pipe& pipe) {
  constexpr std::string_view head_end = "\r\n\r\n";
  const std::string_view read = std::string_view{pipe.taken}.substr(0, pipe.read);
  if (pipe.answered == 0) {
    const std::size_t place = read.find(head_end);
    if (place == std::string_view::npos) return;
    pipe.answered = place + head_end.size();
  }
  while (const auto next = reference::read_frame(read.substr(pipe.answered))) {
    pipe.answered += next->size;
    unsigned opcode = next->frame.opcode;
    if (opcode != reference::op::ping && opcode != reference::op::close) continue;
    if (pipe.has_client_ended || pipe.has_said_close) continue;
    if (opcode == reference::op::ping) opcode = reference::op::pong;
    pipe.has_said_close = opcode == reference::op::close;
    const reference::Frame answer{
        .opcode = opcode, .is_masked = true, .payload = next->frame.payload};
    pipe.inbound += reference::client_frame(answer, 0);
  }
}

}  // namespace lastword::fuzz
