// What is compared with the server after a fact, and what is judged at the end.
#include <algorithm>

#include "sim/oracle.h"

namespace lastword::sim {

void Oracle::check_books() {
  const Books& books = host_->server().books();
  if (!books.is_balanced()) broke(Property::books_balance, "the server's books don't balance");
  if (books.accepted != messages_.size()) {
    const std::string found = "the server counts " + std::to_string(books.accepted) +
                              " accepted messages, and it took " + std::to_string(messages_.size());
    broke(Property::books_balance, found);
    if (stops_ > 0) broke(Property::honest_goodbye, "after the goodbyes were rendered, " + found);
  }
  const std::uint64_t total = deliveries_.size() + refused_;
  if (books.total != total) {
    broke(Property::no_silent_loss, "of " + std::to_string(total) +
                                        " deliveries that its messages ask for, the server's "
                                        "books know " +
                                        std::to_string(books.total));
  }
  if (books.failed != failed_) {
    std::string found;
    for (std::size_t place = 0; place < failure_count; ++place) {
      found += " " + std::string{word_for(static_cast<Failure>(place))} + " " +
               std::to_string(books.failed[place]) + "/" + std::to_string(failed_[place]);
    }
    broke(Property::no_silent_loss, "failed deliveries, by the server's books and really:" + found);
  }
}

// What may lie in the outbox beyond its bound: one message of any size, reports, the last line.
std::size_t Oracle::bound_of(const Peer& peer) const {
  constexpr std::size_t header_max = 160;
  constexpr std::size_t last_lines_max = 512;  // goodbye, notices told later, an answer of /help
  constexpr std::size_t end_max = 4;           // an LF, or a frame's header
  std::size_t reports = 0;
  for (const std::string& report : peer.reports) reports += report.size() + end_max;
  for (std::size_t place = peer.first_answer; place < peer.answers.size(); ++place) {
    if (peer.answers[place].starts_with("! undelivered ")) {
      reports += peer.answers[place].size() + end_max;
    }
  }
  return std::max(config_.outbox_max, config_.line_max + header_max) + reports + last_lines_max;
}

void Oracle::check_bounds(Link link) {
  const Peer& peer = peers_[link];
  if (!peer.id) return;
  const auto view = host_->server().peer(*peer.id);
  if (!view || host_->link_of(*peer.id) != link) return;
  if (view->queued_bytes == config_.outbox_max) {
    environment_->marks.hit(Mark::outbox_exactly_full);
  }
  if (view->queued_bytes <= config_.outbox_max) return;
  if (view->queued_bytes > bound_of(peer)) {
    broke(Property::bounds, std::to_string(view->queued_bytes) + " bytes are queued for " +
                                who(link) + ", and " + std::to_string(bound_of(peer)) +
                                " is the most there may be");
  }
}

void Oracle::check_memory() {
  const std::size_t queued = host_->server().queued_bytes();
  if (queued <= config_.memory_max) return;
  std::size_t bound = std::max(config_.memory_max, config_.line_max);
  for (const Link link : by_slot_) {
    if (link != no_link) bound += bound_of(peers_[link]) - config_.outbox_max;
  }
  if (queued > bound) {
    broke(Property::bounds, std::to_string(queued) + " bytes are queued in all, and " +
                                std::to_string(bound) + " is the most there may be");
  }
}

void Oracle::check_wish(Link link) {
  Peer& peer = peers_[link];
  if (!peer.id || host_->id_of(link) != peer.id) return;
  const auto end = static_cast<std::uint8_t>(host_->server().wish(*peer.id).end);
  if (end < peer.last_end) broke(Property::forward_only, "the end of " + who(link) + " goes back");
  peer.last_end = end;
}

// --- Cutting the bytes differently, and facts in another order ---------------------------------

void Oracle::make_twin(const Fact& fact) {
  constexpr std::uint32_t one_in = 24;
  twin_.reset();
  if (fact.bytes.size() < 2 || !environment_->choices.occurs(one_in, Site::check_twice)) return;
  twin_.emplace(host_->server());
  twin_bytes_.assign(fact.bytes.begin(), fact.bytes.end());
  twin_cut_ = 1 + environment_->choose(static_cast<std::uint32_t>(fact.bytes.size() - 1),
                                       Site::check_twice);
}

// The server's twin gets the same bytes in two pieces.
void Oracle::check_twin(const Fact& fact) {
  if (!twin_ || fact.kind != Fact::Kind::received) return;
  const std::span bytes{twin_bytes_};
  twin_->received(environment_->now, *fact.id, bytes.first(twin_cut_));
  twin_->received(environment_->now, *fact.id, bytes.subspan(twin_cut_));
  const auto is_at_rest = [](const Server& server) {
    const auto deadline = server.deadline();
    return !deadline || deadline->reason != Timer::resume;
  };
  // Somebody whose turn is over goes on in a fact of his own: the work is only put off.
  const bool is_comparable = is_at_rest(*twin_) && is_at_rest(host_->server());
  if (is_comparable && twin_->digest() != host_->server().digest()) {
    broke(Property::chunking, "the same bytes, cut after " + std::to_string(twin_cut_) + " of " +
                                  std::to_string(bytes.size()) +
                                  ", leave the server in another state: '" +
                                  std::string{as_text(bytes)} + "'");
  }
  twin_.reset();
}

// Two facts that have nothing to do with one another: a part of a line from one peer, and bytes
// taken from another's outbox.
void Oracle::check_commutation(const Fact& fact) {
  constexpr std::uint32_t one_in = 24;
  if (as_text(fact.bytes).find('\n') != std::string_view::npos) return;
  if (peers_[fact.link].frames) return;  // it could be a whole message
  if (!environment_->choices.occurs(one_in, Site::check_twice)) return;
  for (const Link link : by_slot_) {
    if (link == no_link || link == fact.link) continue;
    const ConnectionId other = *peers_[link].id;
    const auto view = host_->server().peer(other);
    if (!view || view->queued_bytes == 0) continue;
    Server one{host_->server()};
    Server two{host_->server()};
    std::vector<std::byte> bytes{fact.bytes.begin(), fact.bytes.end()};
    one.received(environment_->now, *fact.id, bytes);
    one.wrote(environment_->now, other, 1);
    bytes.assign(fact.bytes.begin(), fact.bytes.end());
    two.wrote(environment_->now, other, 1);
    two.received(environment_->now, *fact.id, bytes);
    if (one.digest() != two.digest()) {
      broke(Property::commutation, "a part of a line from " + who(fact.link) +
                                       " and a byte taken by " + who(link) +
                                       " make a difference by their order");
    }
    return;
  }
}

// --- Ends --------------------------------------------------------------------------------------

void Oracle::closing(Link link) {
  Peer& peer = peers_[link];
  const bool is_excused = peer.has_ended || peer.was_cut_off || peer.stage == Stage::gone;
  if (is_excused) return;
  if (!peer.is_finished) {
    // On a WebSocket the FIN waits for the answer to our Close, and that may not come.
    const bool is_unanswered =
        peer.frames && (peer.frames->is_close_said || peer.dropped_at > Instant{}) &&
        environment_->now >=
            std::max(peer.frames->close_said_at, peer.dropped_at) + config_.close_timeout;
    if (is_unanswered) return;
    broke(Property::no_early_action, who(link) + " was closed before its end was sent");
    return;
  }
  const Instant silent_since = std::max(peer.finished_at, peer.last_heard);
  const bool is_lingered = environment_->now >= silent_since + config_.linger;
  const bool is_given_up =
      environment_->now >= peer.finished_at + config_.linger + config_.stall_timeout;
  // It was silent for as long as it may be: what comes after that meets nobody.
  if (kernel_->unread_by_server(link) == 0) excuses_->excuse_reset(link);
  if (!is_lingered && !is_given_up) {
    broke(Property::no_early_action,
          who(link) + " was closed before it had been silent for the linger time");
  }
}

void Oracle::judge_end(const std::optional<lastword::Report>& report) {
  for (const Delivery& delivery : deliveries_) {
    const Peer& peer = peers_[delivery.to];
    switch (delivery.state) {
      case Delivery::State::queued:
        if (!was_killed_) broke(Property::no_silent_loss, quoted(delivery) + " is still queued");
        break;
      case Delivery::State::written:
        if (!excuses_->is_touched(delivery.to) && !was_killed_ && !peer.was_cut_off &&
            kernel_->read_by_client(delivery.to) < delivery.end) {
          broke(stops_ > 0 ? Property::fair_shutdown : Property::no_silent_loss,
                quoted(delivery) + " was written and never received, though " + who(delivery.to) +
                    " went on reading");
        }
        break;
      case Delivery::State::failed:
        break;
    }
  }
  for (Link link = 0; link < peers_.size(); ++link) {
    const Peer& peer = peers_[link];
    const bool is_excused = excuses_->is_touched(link) || excuses_->is_reset_excused(link) ||
                            was_killed_ || peer.was_cut_off || stood_still();
    if (!is_excused && is_known(link) && kernel_->was_reset_by_server(link)) {
      broke(Property::no_own_reset, "the server reset the connection of " + who(link));
    }
  }
  if (!report) return;
  const Books& books = report->books;
  const bool is_right = books.accepted == messages_.size() && books.delivered == written_ &&
                        books.failed == failed_ && books.queued == 0 && books.is_balanced() &&
                        books.connections_total == connections_ &&
                        books.connections_clean + books.connections_failed == connections_;
  if (!is_right) {
    broke(Property::books_balance, "the report says " + std::to_string(books.accepted) +
                                       " accepted, " + std::to_string(books.delivered) +
                                       " delivered, " + std::to_string(books.failed_total()) +
                                       " failed, " + std::to_string(books.connections_total) +
                                       " connections; it was " + std::to_string(messages_.size()) +
                                       ", " + std::to_string(written_) + ", " +
                                       std::to_string(deliveries_.size() + refused_ - written_) +
                                       ", " + std::to_string(connections_));
  }
}

}  // namespace lastword::sim
