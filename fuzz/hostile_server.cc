// The network and its turns. What the script asks for follows in hostile_script.cc.
#include "fuzz/hostile_server.h"

#include <algorithm>
#include <utility>

#include "fuzz/oracle.h"

namespace lastword::fuzz {

HostileServer::HostileServer(const Situation& situation, const Manner& manner)
    : situation_{situation},
      manner_{manner},
      client_{situation.config, situation.seed},
      reference_{situation.config, situation.seed},
      pump_{client_, *this, buffer_} {
  course_.written.emplace_back();
}

// --- Turns ------------------------------------------------------------------------------------

// Until nothing is ready any more. At one instant that has to come: each turn is for something.
void HostileServer::settle() {
  constexpr std::size_t turns_of_progress = 4;
  constexpr std::size_t turns_of_nothing = 16;
  std::size_t turns = 0;
  progress_ = 0;
  while (turn() || greet()) {
    ++turns;
    require(turns <= turns_of_nothing + turns_of_progress * progress_, "deaf",
            [&] { return std::to_string(turns) + " turns, and nothing comes of them"; });
  }
  has_said_ = false;
  has_acted_ = false;
  // All that is held is read for it.
  constexpr std::size_t small = 8192;
  if (reference_.book().bytes() + client_.inbound_bytes() + client_.output_bytes() > small) return;
  course_.digests.push_back(std::to_string(client_.digest()));
}

// What is ready is told, one thing at a time if there is no hurry: writing goes before reading, and
// time comes last. So that how bytes are cut decides nothing else.
bool HostileServer::turn() {
  bool was_ready = false;
  const auto is_next = [&](bool is_ready) {
    const bool is_told = is_ready && (manner_.is_hurried || !was_ready);
    was_ready = was_ready || is_told;
    return is_told;
  };
  note_stop();
  if (is_next(is_attempt_due())) tell_attempt();
  if (is_next(is_release_due())) tell_released();
  if (is_next(is_write_due())) {
    is_awaiting_writable_ = false;
    pump_.writable(link_);
  }
  if (is_next(is_read_due())) {
    is_awaiting_readable_ = false;
    pump_.readable(link_);
    look();
  }
  if (is_next(is_due())) {
    reference_.elapsed(now_, client_);
    pump_.elapsed();
    look();
  }
  // What the application does may be wished to be brought about, and the other way round.
  do {
    application();
    pump_.finish_turn();
    if (std::exchange(was_called_, false)) look();
  } while (has_news());
  return was_ready || is_attempt_due() || is_release_due() || is_read_due() || is_write_due() ||
         is_due();
}

void HostileServer::tell_attempt() {
  const std::size_t outcome = *std::exchange(attempt_, std::nullopt);
  ++progress_;
  if (outcome > 0) {
    const auto fault = static_cast<client::ConnectFault>(outcome - 1);
    reference_.connect_failed(now_, fault);
    pump_.connect_failed(link_, fault);
  } else {
    has_link_ = true;
    reference_.connected(now_);
    pump_.connected(link_);
  }
  look();
}

void HostileServer::tell_released() {
  release_at_.reset();
  ++progress_;
  reference_.released();
  pump_.released(link_);
  look();
}

bool HostileServer::is_attempt_due() const { return attempt_ && *attempt_ < never_answered; }

bool HostileServer::is_release_due() const { return release_at_ && *release_at_ <= now_; }

bool HostileServer::is_read_due() const {
  return is_awaiting_readable_ && has_link_ &&
         (inbound_taken_ < inbound_.size() || has_ended_ || fault_);
}

bool HostileServer::is_write_due() const {
  return is_awaiting_writable_ && has_link_ && (write_budget_ > 0 || fault_);
}

bool HostileServer::is_due() const {
  const auto deadline = client_.deadline();
  return deadline && deadline->at <= now_;
}

// --- Time -------------------------------------------------------------------------------------

std::optional<Instant> HostileServer::next_event() const {
  const auto deadline = client_.deadline();
  if (!deadline || (release_at_ && *release_at_ < deadline->at)) return release_at_;
  return deadline->at;
}

// So that no input takes long.
bool HostileServer::is_worn_out() const {
  constexpr std::size_t deadlines_max = 64;
  constexpr std::size_t written_max = 300'000;
  return !is_ending_ && (deadlines_ >= deadlines_max || bytes_written_ >= written_max);
}

void HostileServer::run_until(Instant until) {
  settle();
  constexpr std::size_t deadlines_at_once = 8;
  std::size_t left = deadlines_at_once;
  for (auto next = next_event(); next && *next <= until; next = next_event()) {
    if (left-- == 0 || is_worn_out()) return;
    ++deadlines_;
    now_ = std::max(now_, *next);
    settle();
  }
  now_ = std::max(now_, until);
  settle();
}

// --- The pump's network -----------------------------------------------------------------------

void HostileServer::connect(client::Link link) {
  look();
  was_called_ = true;
  link_ = link;
  attempt_ = attempts_come_to_;
  if (!course_.written.back().empty()) course_.written.emplace_back();
  is_awaiting_readable_ = false;
  is_awaiting_writable_ = false;
}

Transfer HostileServer::read(client::Link /*link*/, std::span<std::byte> buffer) {
  if (fault_) {
    reference_.failed(now_, *fault_);
    return {.kind = Transfer::Kind::fault, .fault = *fault_};
  }
  if (inbound_taken_ == inbound_.size()) {
    if (!has_ended_) return {};
    reference_.ended(now_);
    return {.kind = Transfer::Kind::end};
  }
  const std::size_t count = next_read(buffer.size());
  if (manner_.read_max == 1) traces_before_ = traces();
  const std::string_view bytes = std::string_view{inbound_}.substr(inbound_taken_, count);
  inbound_taken_ += count;
  position_ += count;
  progress_ += count;
  std::copy_n(as_bytes(bytes).begin(), count, buffer.begin());
  reference_.received(now_, bytes);
  return {.kind = Transfer::Kind::bytes, .count = count};
}

// So many bytes, as the manner says. What the server said by itself comes in one piece: it is no
// news, and each link begins with it.
std::size_t HostileServer::next_read(std::size_t room) {
  std::size_t count = std::min({inbound_.size() - inbound_taken_, room, manner_.read_max});
  if (inbound_taken_ < greeting_end_) return std::min(greeting_end_ - inbound_taken_, room);
  if (!manner_.cuts.empty()) {
    count = std::min(count, std::max<std::size_t>(manner_.cuts[cut_], 1));
    cut_ = (cut_ + 1) % manner_.cuts.size();
  }
  if (manner_.stops != nullptr) {
    const auto stop = std::upper_bound(manner_.stops->begin(), manner_.stops->end(), position_);
    if (stop != manner_.stops->end()) count = std::min(count, *stop - position_);
  }
  return count;
}

Transfer HostileServer::write(client::Link /*link*/, Bytes bytes) {
  look();
  was_called_ = true;
  if (fault_) {
    reference_.failed(now_, *fault_);
    return {.kind = Transfer::Kind::fault, .fault = *fault_};
  }
  // Much of it is written faster, or nobody could wait for it.
  constexpr std::size_t writes_max = 64;
  const std::size_t write_max = std::max(write_max_, bytes.size() / writes_max);
  const std::size_t count = std::min({bytes.size(), write_max, write_budget_});
  if (count == 0) return {};
  if (write_budget_ != SIZE_MAX) write_budget_ -= count;
  bytes_written_ += count;
  progress_ += count;
  const std::string_view written = as_text(bytes.first(count));
  course_.written.back() += written;
  reference_.wrote(now_, written);
  return {.kind = Transfer::Kind::bytes, .count = count};
}

void HostileServer::await_readable(client::Link /*link*/) { is_awaiting_readable_ = true; }

void HostileServer::await_writable(client::Link /*link*/) { is_awaiting_writable_ = true; }

void HostileServer::close(client::Link link) {
  look();
  was_called_ = true;
  attempt_.reset();
  has_link_ = false;
  is_silent_ = false;
  has_ended_ = false;
  fault_.reset();
  inbound_.clear();
  inbound_taken_ = 0;
  greeting_end_ = 0;
  is_awaiting_readable_ = false;
  is_awaiting_writable_ = false;
  has_upgraded_ = false;
  has_welcomed_ = false;
  if (!situation_.is_released_at_once) {
    release_at_ = now_ + situation_.release_delay;
    return;
  }
  ++progress_;
  reference_.released();
  pump_.released(link);
}

void HostileServer::wake_at(const std::optional<client::Deadline>& deadline) {
  require(deadline == client_.deadline(), "deaf",
          [] { return "the pump wants to be woken at another time than the client"; });
}

// --- Looking ----------------------------------------------------------------------------------

bool HostileServer::has_news() const {
  return (is_taking_lines_ && client_.line()) || (is_taking_events_ && client_.has_events());
}

// The application's share of a turn.
void HostileServer::application() {
  if (!has_news()) return;
  while (is_taking_lines_ && client_.line()) take_line();
  if (!is_taking_events_) return look();
  std::vector<client::Event> events;
  const std::uint64_t lost = client_.take_events(events);
  look(events);
  reference_.take_events(lost);
  events_seen_ = 0;
}

void HostileServer::take_line() {
  course_.lines.emplace_back(client_.line().value_or("none"));
  reference_.take_line(now_, client_);
  client_.take_line(now_);
}

// Events that the application has not taken are seen in a copy: a client is a value.
void HostileServer::look() {
  const Signs signs{
      .state = client_.state(), .reason = client_.reason(), .counts = client_.counts()};
  if (!client_.has_events() || signs == signs_) return reference_.look(client_, now_, {});
  std::vector<client::Event> events;
  Client copy{client_};
  static_cast<void>(copy.take_events(events));
  look(events);
}

void HostileServer::look(const std::vector<client::Event>& events) {
  signs_ = {.state = client_.state(), .reason = client_.reason(), .counts = client_.counts()};
  const std::span<const client::Event> news = std::span{events}.subspan(events_seen_);
  for (const client::Event& event : news) {
    course_.events.push_back(describe(event) + " | " + event.text + " | " +
                             std::to_string(event.delay.count()));
  }
  events_seen_ = events.size();
  reference_.look(client_, now_, news);
}

HostileServer::Traces HostileServer::traces() const {
  const client::Counts& counts = client_.counts();
  return {.wish = client_.wish(),
          .state = client_.state(),
          .rendered = reference_.rendered(),
          .fates = counts.accepted + counts.refused + counts.unknown + counts.unsent};
}

void HostileServer::note_stop() {
  if (!traces_before_ || *traces_before_ == traces()) return;
  stops_.push_back(position_);
  traces_before_.reset();
}

}  // namespace lastword::fuzz
