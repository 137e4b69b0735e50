// What the server says, line by line as its kernel takes it, must be the next thing that it had to.
#include <algorithm>
#include <charconv>

#include "sim/oracle.h"

namespace lastword::sim {

namespace {

std::string shown(std::string_view line) {
  constexpr std::size_t shown_max = 100;
  if (line.ends_with('\n')) line.remove_suffix(1);
  std::string text = "'" + std::string{line.substr(0, shown_max)};
  text += line.size() > shown_max ? "…'" : "'";
  return text;
}

// Whether the line is the one that is expected: the whole of it where that ends in an LF, else its
// beginning, as far as the contract fixes it.
bool matches(std::string_view line, std::string_view expected) {
  if (!expected.ends_with('\n')) return line.starts_with(expected);
  expected.remove_suffix(1);
  return line == expected;
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
    if (peer.frames) {
      peer.line.append(bytes);
      bytes = {};
    }
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
  if (peer.frames) said_frames(link);
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
      peer.first_answer < peer.answers.size() && matches(line, peer.answers[peer.first_answer]);
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
  const auto is_at = [&](std::size_t place) {
    return rendering(deliveries_[peer.deliveries[place]]) == line;
  };
  std::size_t place = peer.first_delivery;
  if (place == peer.deliveries.size() || !is_at(place)) {
    // Not the next one: it is one of later, one of before, or none at all.
    const std::string expected = place == peer.deliveries.size()
                                     ? "nothing"
                                     : shown(rendering(deliveries_[peer.deliveries[place]]));
    for (place = 0; place < peer.deliveries.size() && !is_at(place); ++place) {
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
    compare_with_others(link, place);
  }
  Delivery& delivery = deliveries_[peer.deliveries[place]];
  peer.first_delivery = place + 1;
  delivery.state = Delivery::State::written;
  delivery.end = peer.said;
  peer.delivered_end = peer.said;
  ++written_;
}

// The message at `place` comes before those that were due: whoever else got both of two such
// messages got them the other way round.
void Oracle::compare_with_others(Link link, std::size_t place) {
  const Peer& peer = peers_[link];
  const std::uint32_t early = deliveries_[peer.deliveries[place]].message;
  const auto has_got = [&](Link other, std::uint32_t message) {
    const auto& got = peers_[other].deliveries;
    return std::any_of(got.begin(), got.end(), [&](std::uint32_t delivery) {
      return deliveries_[delivery].message == message &&
             deliveries_[delivery].state == Delivery::State::written;
    });
  };
  for (std::size_t due = peer.first_delivery; due < place; ++due) {
    const std::uint32_t overtaken = deliveries_[peer.deliveries[due]].message;
    for (Link other = 0; other < peers_.size(); ++other) {
      if (other == link || !has_got(other, overtaken) || !has_got(other, early)) continue;
      broke(Property::same_order_for_all, who(other) + " got " + shown(messages_[overtaken].text) +
                                              " before " + shown(messages_[early].text) + ", and " +
                                              who(link) + " gets the second first");
      return;
    }
  }
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
  if (peer.first_answer < peer.answers.size() && matches(line, peer.answers[peer.first_answer])) {
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
  if (peer.frames) {
    check_frames_at_end(link);
  } else if (!peer.line.empty()) {
    broke(Property::valid_output, who(link) + " was left with half a line: " + shown(peer.line));
  }
  if (peer.first_delivery < peer.deliveries.size()) {
    const Delivery& lost = deliveries_[peer.deliveries[peer.first_delivery]];
    broke(stops_ > 0 && !excuses_->is_touched(link) ? Property::fair_shutdown
                                                    : Property::no_silent_loss,
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
  // (Everything else that is on its way may be a ping.)
  return peer.first_delivery < peer.deliveries.size() ||
         kernel_->read_by_client(link) < peer.delivered_end;
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
