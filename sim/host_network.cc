// What the pump calls: the network as the server's process has it.
#include <algorithm>

#include "core/check.h"
#include "sim/host.h"

namespace lastword::sim {

namespace {

// How many released connections are remembered, for facts that come too late.
constexpr std::size_t gone_max = 8;

}  // namespace

// --- The pump's Network ------------------------------------------------------------------------

Acceptance Host::accept(Transport transport) {
  const Acceptance acceptance = kernel_.accept(environment_, transport, accepted_);
  switch (acceptance) {
    case Acceptance::accepted:
      next_ = {.kind = Fact::Kind::accepted, .link = accepted_};
      if (kernel_.is_readable(accepted_)) {
        environment_.faults.strike(FaultKind::all_in_accept_turn);
      }
      break;
    case Acceptance::exhausted:
      ++exhausted_accepts_;
      next_ = {.kind = Fact::Kind::accept_failed};
      break;
    case Acceptance::would_block:
    case Acceptance::retry:
      break;
  }
  return acceptance;
}

void Host::adopt(ConnectionId id) {
  LASTWORD_CHECK(current_.kind == Fact::Kind::accepted);
  current_.id = id;
  if (index_of(id.slot) >= places_.size()) places_.resize(index_of(id.slot) + 1);
  Place& place = places_[index_of(id.slot)];
  LASTWORD_CHECK(!place.is_open);
  place = {.link = accepted_, .generation = id.generation, .is_open = true};
  if (accepted_ >= ids_.size()) ids_.resize(accepted_ + 1);
  ids_[accepted_] = id;
  environment_.note("accepted", accepted_, index_of(id.slot));
}

void Host::turn_away() {
  environment_.note("turned away", accepted_);
  kernel_.server_close(environment_, accepted_);
}

void Host::set_listen(Listen listen) {
  if (!is_listening_) return;
  switch (listen) {
    case Listen::closed:
      is_listening_ = false;
      kernel_.set_listening(environment_, false);
      return;
    case Listen::paused:
      return;
    case Listen::open:
      for (const Transport transport : {Transport::lines, Transport::websocket}) {
        const bool is_ready = std::ranges::any_of(ready_, [&](const Handler& handler) {
          return handler.kind == Handler::Kind::acceptable && handler.transport == transport;
        });
        if (is_ready || is_awaiting_accept(transport)) continue;
        is_awaiting_accept(transport) = true;
        if (kernel_.is_acceptable(transport)) acceptable(transport);
      }
      return;
  }
}

Transfer Host::read(ConnectionId id, std::span<std::byte> buffer) {
  const Link link = at(id).link;
  const Transfer transfer = kernel_.read(environment_, link, buffer);
  switch (transfer.kind) {
    case Transfer::Kind::bytes:
      environment_.note("read", link, transfer.count);
      if (std::ranges::count(buffer.first(transfer.count), std::byte{'\n'}) > 1) {
        environment_.faults.take_effect(FaultKind::many_in_one_read);
      }
      next_ = {.kind = Fact::Kind::received,
               .id = id,
               .link = link,
               .bytes = buffer.first(transfer.count)};
      if (at(id).is_writable_late) {
        environment_.faults.take_effect(FaultKind::reply_before_written);
      }
      break;
    case Transfer::Kind::end:
      environment_.note("end", link);
      next_ = {.kind = Fact::Kind::ended, .id = id, .link = link};
      break;
    case Transfer::Kind::fault:
      environment_.note("fault", link, static_cast<std::uint64_t>(transfer.fault));
      next_ = {.kind = Fact::Kind::failed, .id = id, .link = link, .fault = transfer.fault};
      break;
    case Transfer::Kind::would_block:
      break;
  }
  return transfer;
}

Transfer Host::write(ConnectionId id, std::span<const Slice> slices) {
  const Link link = at(id).link;
  const Transfer transfer = kernel_.write(environment_, link, slices);
  if (transfer.kind == Transfer::Kind::bytes) {
    environment_.note("wrote", link, transfer.count);
    settle();  // what led to these bytes is looked at first
    witness_.taken(link, slices, transfer.count);
    next_ = {.kind = Fact::Kind::wrote, .id = id, .link = link, .count = transfer.count};
  } else if (transfer.kind == Transfer::Kind::fault) {
    environment_.note("write fault", link);
    next_ = {.kind = Fact::Kind::failed, .id = id, .link = link, .fault = transfer.fault};
  }
  return transfer;
}

void Host::await_readable(ConnectionId id) {
  at(id).is_awaiting_readable = true;
  look(at(id).link);
}

void Host::await_writable(ConnectionId id) {
  at(id).is_awaiting_writable = true;
  look(at(id).link);
}

void Host::finish(ConnectionId id) {
  settle();
  environment_.note("finish", at(id).link);
  witness_.finishing(at(id).link);
  kernel_.shut_down(environment_, at(id).link);
}

void Host::close(ConnectionId id) {
  Place& place = at(id);
  settle();
  environment_.note("close", place.link);
  witness_.closing(place.link);
  // As net/ does it: what has arrived is read and thrown away first.
  std::array<std::byte, 4096> discarded{};
  while (kernel_.unread_by_server(place.link) > 0) {
    if (kernel_.discard(environment_, place.link, discarded.size()) == 0) break;
  }
  kernel_.server_close(environment_, place.link);
  place.is_closing = true;
  const bool is_anything_in_flight = place.is_awaiting_readable || place.is_awaiting_writable;
  if (environment_.strikes(FaultKind::after_close, Site::late_release)) {
    constexpr Duration lateness = std::chrono::milliseconds{50};
    environment_.faults.take_effect(FaultKind::after_close);
    waiting_.push_back({.kind = Handler::Kind::released, .id = id});
    environment_.queue.push(environment_.now + lateness, sim::Event::Kind::release,
                            static_cast<std::uint32_t>(waiting_.size() - 1), life_);
  } else if (is_anything_in_flight) {
    ready({.kind = Handler::Kind::released, .id = id});
  } else {
    let_go(id);
  }
}

void Host::let_go(ConnectionId id) {
  Place& place = places_[index_of(id.slot)];
  const Link link = place.link;
  place = {};
  if (gone_.size() == gone_max) gone_.erase(gone_.begin());
  gone_.push_back(id);
  settle();
  next_ = {.kind = Fact::Kind::released, .id = id, .link = link};
  pump_.released(id);
}

bool Host::is_acknowledged(ConnectionId id) {
  const Link link = at(id).link;
  const bool has_everything = kernel_.is_acknowledged(link) && kernel_.unread_by_server(link) == 0;
  const Fact fact{.kind = Fact::Kind::acknowledged, .id = id, .link = link, .flag = has_everything};
  // The order in which a call's arguments are made is the compiler's.
  if (is_fact_unnamed_) {
    begin_fact(fact);
  } else {
    next_ = fact;
  }
  return has_everything;
}

void Host::wake_at(const std::optional<Deadline>& deadline) {
  const std::optional<Instant> at = deadline ? std::optional{deadline->at} : std::nullopt;
  if (at == wake_at_ && !is_deadline_ready_) return;
  if (is_deadline_ready_ && at && *at <= environment_.now) return;  // it is on its way
  if (is_deadline_ready_) {
    is_deadline_ready_ = false;
    std::erase_if(ready_,
                  [](const Handler& handler) { return handler.kind == Handler::Kind::elapsed; });
  }
  wake_at_ = at;
  ++deadline_;
  if (!at) return;
  Instant when = std::max(*at, environment_.now);
  if (*at > environment_.now && environment_.strikes(FaultKind::timer_late, Site::timer_late)) {
    constexpr std::array<int, 3> lateness_ms{1, 20, 500};
    when = when + std::chrono::milliseconds{lateness_ms[environment_.choose(3, Site::timer_late)]};
    environment_.faults.take_effect(FaultKind::timer_late);
  }
  environment_.queue.push(when, sim::Event::Kind::deadline, deadline_, life_);
}

}  // namespace lastword::sim
