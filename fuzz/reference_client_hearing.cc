// What a client has to make of what a server says.
#include <algorithm>
#include <charconv>

#include "core/bytes.h"
#include "fuzz/oracle.h"
#include "fuzz/reference_client.h"
#include "sim/reference_frames.h"

namespace lastword::fuzz {

using client::Reason;
using client::State;

namespace {

constexpr std::size_t overhead = 48;  // of each line that waits (core/client/config.h)
constexpr unsigned message_too_big = 1009;

constexpr std::string_view too_long = "! line too long: at most ";

// The number between the prefix and what follows; nothing if there is none.
std::optional<std::uint64_t> number_behind(std::string_view line, std::string_view prefix) {
  if (!line.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = line.substr(prefix.size());
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return number;
}

}  // namespace

void ReferenceClient::received(Instant now, std::string_view bytes) {
  silent_since_ = now;
  silent_beats_ = 0;
  calls_ = 0;
  for (const char byte : bytes) {
    if (phase_ != Phase::up) return;
    if (state_ == State::handshake) {
      take_response(now, byte);
    } else if (const auto item = stream_.take(byte)) {
      hear(now, *item);
    }
  }
}

// Heads are judged by the target `handshake`. Here a few things have to be true whatever the parser
// says, and its verdict has to become the right state.
void ReferenceClient::take_response(Instant now, char byte) {
  using websocket::ResponseHead;
  response_.push_back(byte);
  static_cast<void>(head_.feed(as_bytes({&byte, 1})));
  if (head_.state() == ResponseHead::State::broken) {
    return end_link(now, {.reason = Reason::no_websocket});
  }
  const bool is_complete = head_.state() == ResponseHead::State::complete;
  require(!is_complete || response_.ends_with("\r\n\r\n"), "states",
          [&] { return "a head without its end: " + readable(response_); });
  if (!is_complete) return;

  std::array<char, websocket::key_size> key{};
  std::copy_n(key_.begin(), std::min(key_.size(), key.size()), key.begin());
  const websocket::Response response = head_.response();
  const auto checked = check(response, key);
  if (!checked) {
    may_wait_long_ = response.retry_after.has_value();
    const bool is_refused = checked.error() == websocket::HandshakeFault::refused;
    return end_link(now, {.reason = is_refused ? Reason::handshake_refused : Reason::no_websocket,
                          .detail = response.status});
  }
  const std::string answer = sim::reference::opening_answer(key_);
  const std::string_view accept = std::string_view{answer}.substr(answer.rfind(": ") + 2);
  require(response_.starts_with("HTTP/1.") && response_.find(" 101 ") != std::string::npos &&
              response_.find(accept.substr(0, accept.find('\r'))) != std::string::npos,
          "states", [&] { return "a WebSocket with " + readable(response_); });
  log_in(now, Reason::upgraded);
}

void ReferenceClient::hear(Instant now, const ServerItem& item) {
  switch (item.kind) {
    case ServerItem::Kind::line:
      return hear_line(now, item.text);
    case ServerItem::Kind::skipped:
      ++counts_.skipped;
      book_.told().emplace_back("skipped");
      return;
    case ServerItem::Kind::ping:
      pong_due_ = item.text;
      return;
    case ServerItem::Kind::close:
    case ServerItem::Kind::violation:
      return hear_close(now, item);
  }
}

void ReferenceClient::hear_line(Instant now, const std::string& line) {
  if (is_answer(line)) return hear_answer(now);
  if (const auto accepted = number_behind(line, "* goodbye: ")) {
    hear_goodbye(now, *accepted);
  } else if (line.starts_with(too_long)) {
    hear_too_long(line);
  } else if (state_ == State::logging_in && hear_at_login(now, line)) {
    return;
  }
  inbox_.push_back(line);
  inbox_bytes_ += line.size() + overhead;
  ++counts_.received;
}

void ReferenceClient::hear_too_long(const std::string& line) {
  const auto line_max = number_behind(line, too_long);
  if (!line_max) return;
  line_max_ = std::clamp<std::uint64_t>(*line_max, 1, line_max_);
  book_.too_long(*line_max);
}

// Only what was asked can be answered: a question that has not left is none.
bool ReferenceClient::is_answer(std::string_view line) const {
  return question_ && question_->end <= written_ && line == "* pong " + token(question_->number);
}

void ReferenceClient::hear_answer(Instant now) {
  book_.answered(question_->behind);
  question_.reset();
  if (state_ != State::logging_in) return;
  ++counts_.logins;
  was_online_ = true;
  name_held_since_.reset();
  go(now, State::online, {.reason = Reason::logged_in});
  for (const std::string& room : book_.rooms()) to_say_.push_back("/join " + room);
}

// Returns whether the line is an answer to the name, which is told of with the state.
bool ReferenceClient::hear_at_login(Instant now, const std::string& line) {
  if (line.starts_with("from ") || line.starts_with("* ")) return false;
  if (line.starts_with("! server is full")) {
    begin_closing(now, {.reason = Reason::server_full});
  } else if (line.starts_with("! name did not come")) {
    begin_closing(now, {.reason = Reason::login_timed_out});
  } else if (line.starts_with("! name is taken") && has_said_name_before_) {
    if (!name_held_since_) name_held_since_ = now;
    begin_closing(now, {.reason = Reason::name_held});
  } else if (line.starts_with("! name ")) {
    begin_closing(now, {.reason = Reason::login_refused});
  } else {
    end_link(now, {.reason = Reason::no_lastword});
  }
  return true;
}

void ReferenceClient::hear_goodbye(Instant now, std::uint64_t accepted) {
  has_goodbye_ = true;
  book_.goodbye(accepted, written_, quit_end_ && *quit_end_ <= written_);
  begin_closing(now, {.reason = Reason::goodbye, .detail = accepted});
}

// Nothing follows our Close, no pong either.
void ReferenceClient::hear_close(Instant now, const ServerItem& close) {
  pong_due_.reset();
  may_ping_ = false;
  close_due_ = close.code;
  if (close.kind == ServerItem::Kind::violation) {
    return begin_closing(now, {.reason = Reason::violation});
  }
  if (close.code == message_too_big) {
    line_max_ = std::max<std::size_t>(1, std::min(line_max_, book_.too_big()));
  }
  begin_closing(now, {.reason = Reason::closed, .detail = close.code});
}

}  // namespace lastword::fuzz
