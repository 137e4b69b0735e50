// What the server says, line by line as its kernel takes it, must be the next thing that it had to.
#include <algorithm>
#include <charconv>

#include "sim/oracle.h"

namespace lastword::sim {

namespace {

std::string shown(std::string_view line) {
  constexpr std::size_t shown_max = 100;
  std::string text = "'" + std::string{line.substr(0, shown_max)};
  text += line.size() > shown_max ? "…'" : "'";
  return text;
}

}  // namespace

std::string Oracle::rendering(const Delivery& delivery) const {
  const Message& message = messages_[delivery.message];
  std::string text = "from " + peers_[message.sender].name;
  if (!delivery.room.empty()) text += " in " + delivery.room;
  return text + ": " + message.text;
}

std::string Oracle::quoted(const Delivery& delivery) const {
  const Message& message = messages_[delivery.message];
  return "the message " + shown(message.text) + " from " + who(message.sender) + " to " +
         who(delivery.to);
}

void Oracle::taken(Link link, std::span<const Slice> slices, std::size_t size) {
  Peer& peer = peers_[link];
  for (const Slice slice : slices) {
    std::string_view bytes = as_text(slice.first(std::min(size, slice.size())));
    size -= bytes.size();
    environment_->hash_bytes(as_bytes(bytes));
    while (!bytes.empty()) {
      const std::size_t lf = bytes.find('\n');
      if (lf == std::string_view::npos) {
        peer.line.append(bytes);
        peer.said += bytes.size();
        break;
      }
      peer.line.append(bytes.substr(0, lf));
      peer.said += lf + 1;
      bytes.remove_prefix(lf + 1);
      const std::string line = std::exchange(peer.line, {});
      said(link, line);
    }
    if (size == 0) break;
  }
  const bool is_in_fan_out = !peer.line.empty() && peer.first_delivery < peer.deliveries.size();
  if (!is_in_fan_out) return;
  const std::uint32_t message = deliveries_[peer.deliveries[peer.first_delivery]].message;
  const bool has_others =
      std::count_if(deliveries_.begin(), deliveries_.end(), [&](const Delivery& delivery) {
        return delivery.message == message && delivery.state == Delivery::State::written;
      }) > 0;
  if (has_others) environment_->marks.hit(Mark::short_write_in_fan_out);
}

void Oracle::said(Link link, std::string_view line) {
  Peer& peer = peers_[link];
  peer.transcript.add(line);
  if (peer.was_goodbye_said) {
    broke(Property::valid_output, who(link) + " was told " + shown(line) + " after its goodbye");
    return;
  }
  if (line.starts_with("from ")) return said_message(link, line);
  if (line.starts_with("* goodbye: ")) return said_goodbye(link, line);
  const bool is_answer =
      peer.first_answer < peer.answers.size() && line.starts_with(peer.answers[peer.first_answer]);
  if (line.starts_with("! undelivered ")) return said_undelivered(link, line);
  const auto notice = std::find(peer.notices.begin(), peer.notices.end(), line);
  if (notice != peer.notices.end()) {
    peer.notices.erase(notice);
    return;
  }
  const bool is_unseen = line.starts_with("* ") &&
                         line.find(" not shown while there was no room") != std::string_view::npos;
  if (is_unseen) return;
  if (is_answer) {
    ++peer.first_answer;
    return;
  }
  std::string expected = "nothing";
  if (peer.first_answer < peer.answers.size()) {
    expected = shown(peer.answers[peer.first_answer]) + " ...";
  }
  broke(Property::valid_output,
        who(link) + " was told " + shown(line) + ", and what was due was " + expected);
}

void Oracle::said_message(Link link, std::string_view line) {
  Peer& peer = peers_[link];
  const auto matches = [&](std::size_t place) {
    return rendering(deliveries_[peer.deliveries[place]]) == line;
  };
  std::size_t place = peer.first_delivery;
  if (place == peer.deliveries.size() || !matches(place)) {
    // Not the next one: it is one of later, one of before, or none at all.
    const std::string expected = place == peer.deliveries.size()
                                     ? "nothing"
                                     : shown(rendering(deliveries_[peer.deliveries[place]]));
    for (place = 0; place < peer.deliveries.size() && !matches(place); ++place) {
    }
    const std::string found =
        who(link) + " was told " + shown(line) + ", and what was due was " + expected;
    if (place == peer.deliveries.size()) {
      broke(Property::valid_output, found);
      const bool is_somebodys =
          std::any_of(messages_.begin(), messages_.end(), [&](const Message& message) {
            return line.starts_with("from " + peers_[message.sender].name) &&
                   line.ends_with(": " + message.text);
          });
      if (is_somebodys) {
        broke(Property::nothing_invented, "a message came to one whom it was not for: " + found);
      }
      return;
    }
    if (place < peer.first_delivery) {
      broke(Property::nothing_invented, "a message came twice: " + found);
      return;
    }
    broke(Property::one_order, "a message was left out or overtaken: " + found);
    broke(Property::no_silent_loss, "a message before this one is missing: " + found);
  }
  Delivery& delivery = deliveries_[peer.deliveries[place]];
  peer.first_delivery = place + 1;
  delivery.state = Delivery::State::written;
  delivery.end = peer.said;
  ++written_;
  // All messages have one number each in the one order; whoever gets two gets the lesser first.
  if (delivery.message + 1 < peer.last_seen) {
    broke(Property::same_order_for_all,
          who(link) + " got " + quoted(delivery) + " after one that was accepted later");
  }
  peer.last_seen = delivery.message + 1;
}

void Oracle::said_goodbye(Link link, std::string_view line) {
  Peer& peer = peers_[link];
  const std::string expected =
      "* goodbye: " + std::to_string(peer.accepted) + " of your lines were accepted";
  if (!peer.is_goodbye_due) {
    broke(Property::valid_output, who(link) + " was told goodbye and had not asked for it");
  } else if (line != expected) {
    broke(Property::honest_goodbye, who(link) + " was told " + shown(line) + ", and " +
                                        std::to_string(peer.accepted) +
                                        " of its messages were accepted");
  }
  if (peer.first_delivery < peer.deliveries.size()) {
    broke(Property::one_order, who(link) + " was told goodbye before " +
                                   quoted(deliveries_[peer.deliveries[peer.first_delivery]]));
  }
  peer.was_goodbye_said = true;
}

void Oracle::said_undelivered(Link link, std::string_view line) {
  Peer& peer = peers_[link];
  if (peer.first_answer < peer.answers.size() && line == peer.answers[peer.first_answer]) {
    ++peer.first_answer;
    return;
  }
  const auto report = std::find(peer.reports.begin(), peer.reports.end(), line);
  if (report != peer.reports.end()) {
    peer.reports.erase(report);
    return;
  }
  broke(Property::honest_goodbye, who(link) + " was told " + shown(line) + ", which is not so");
}

// The sending side ends: everything must have been said.
void Oracle::finishing(Link link) {
  Peer& peer = peers_[link];
  peer.is_finished = true;
  peer.finished_at = environment_->now;
  if (peer.stage == Stage::naming || peer.stage == Stage::online) {
    broke(Property::forward_only, who(link) + " is ended without a reason");
  }
  if (!peer.line.empty()) {
    broke(Property::valid_output, who(link) + " was left with half a line: " + shown(peer.line));
  }
  if (peer.first_delivery < peer.deliveries.size()) {
    const Delivery& lost = deliveries_[peer.deliveries[peer.first_delivery]];
    broke(stops_ > 0 && !peer.is_touched ? Property::fair_shutdown : Property::no_silent_loss,
          quoted(lost) + " was accepted and never written, and nobody was told");
  }
  if (peer.first_answer < peer.answers.size()) {
    broke(Property::answered_in_time,
          who(link) + " was never told " + shown(peer.answers[peer.first_answer]));
  }
  if (!peer.reports.empty()) {
    broke(Property::no_silent_loss, who(link) + " was never told " + shown(peer.reports.front()));
  }
  if (peer.is_goodbye_due && !peer.was_goodbye_said) {
    broke(Property::honest_goodbye, who(link) + " was told no goodbye");
  }
}

bool Oracle::has_undelivered(Link link) const {
  const Peer& peer = peers_[link];
  return peer.first_delivery < peer.deliveries.size() ||
         kernel_->read_by_client(link) < kernel_->written_by_server(link);
}

bool Oracle::has_unanswered(Link link) const {
  const Peer& peer = peers_[link];
  return peer.first_answer < peer.answers.size() || !peer.reports.empty();
}

bool Oracle::has_unwritten_delivery(Link link) const {
  if (link >= peers_.size()) return false;
  const Peer& peer = peers_[link];
  return peer.first_delivery < peer.deliveries.size() && peer.line.empty();
}

std::size_t Oracle::open_connections() const {
  return static_cast<std::size_t>(
      std::count_if(by_slot_.begin(), by_slot_.end(), [](Link link) { return link != no_link; }));
}

}  // namespace lastword::sim
