// What a client hears.
#include <algorithm>
#include <charconv>

#include "core/client/client.h"
#include "core/websocket/close_code.h"

namespace lastword {

using client::Reason;
using client::State;
using websocket::MessageReader;

namespace {

// The number at the front of the text; nothing if there is none.
std::optional<std::uint64_t> leading_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return number;
}

// Takes the prefix off, if it is there.
bool consume(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

void Client::take_bytes(Instant now, std::span<std::byte> bytes) {
  if (!is_websocket()) {
    take_lines(now, bytes);
    return;
  }
  if (state_ == State::handshake) bytes = take_response(now, bytes);
  if (phase_ == LinkPhase::up && state_ != State::handshake) take_messages(now, bytes);
}

void Client::take_lines(Instant now, std::span<std::byte> bytes) {
  framer_.feed(bytes);
  while (phase_ == LinkPhase::up) {
    const auto line = framer_.front(framing_);
    if (!line) break;
    if (line->is_too_long) {
      skip_line(now);
    } else {
      hear(now, line->text);
    }
    framer_.pop();
  }
  framer_.keep(framing_);
}

void Client::skip_line(Instant now) {
  ++counts_.skipped;
  tell_of_line(now, client::Event::Kind::skipped, {});
}

// --- WebSocket ---------------------------------------------------------------------------------

// Returns what stands behind the answer to our request.
std::span<std::byte> Client::take_response(Instant now, std::span<std::byte> bytes) {
  using websocket::ResponseHead;
  const std::size_t taken = response_head_.feed(bytes);
  switch (response_head_.state()) {
    case ResponseHead::State::incomplete:
      return {};
    case ResponseHead::State::broken:
      end_link(now, {.reason = Reason::no_websocket,
                     .text = std::string{explain(response_head_.fault())}});
      return {};
    case ResponseHead::State::complete:
      break;
  }
  const websocket::Response response = response_head_.response();
  const auto checked = check(response, key_);
  if (!checked) {
    const bool is_refused = checked.error() == websocket::HandshakeFault::refused;
    if (response.retry_after) retry_after_ = *response.retry_after;
    end_link(now, {.reason = is_refused ? Reason::handshake_refused : Reason::no_websocket,
                   .detail = response.status,
                   .text = std::string{is_refused ? response.reason : explain(checked.error())}});
    return {};
  }
  response_head_.clear();
  log_in(now, Reason::upgraded);
  return bytes.subspan(taken);
}

void Client::take_messages(Instant now, std::span<std::byte> bytes) {
  const websocket::Reading reading{.message_max = config_.received_line_max,
                                   .spare_buffers = framing_.spare_buffers,
                                   .inflater = inflater_};
  reader_.feed(bytes);
  while (phase_ == LinkPhase::up) {
    const auto item = reader_.front(reading);
    if (!item) break;
    switch (item->kind) {
      case MessageReader::Kind::message:
        hear(now, as_text(item->bytes));
        break;
      case MessageReader::Kind::ping:
        pong_size_ = item->bytes.size();
        std::copy(item->bytes.begin(), item->bytes.end(), pong_.begin());
        break;
      case MessageReader::Kind::pong:
        break;  // that something came is all that matters
      case MessageReader::Kind::close:
        take_close(now, item->code, as_text(item->bytes));
        break;
      case MessageReader::Kind::violation:
        put_close(static_cast<std::uint16_t>(close_code_for(item->violation)));
        begin_closing(now,
                      {.reason = Reason::violation, .text = std::string{explain(item->violation)}});
        break;
    }
    reader_.pop(reading);
  }
  reader_.keep(reading);
}

// Its FIN follows, once it has our answer.
void Client::take_close(Instant now, std::uint16_t code, std::string_view reason) {
  if (static_cast<websocket::CloseCode>(code) == websocket::CloseCode::too_big) {
    refuse_largest_sent(now);
  }
  put_close(code);
  begin_closing(now, {.reason = Reason::closed, .detail = code, .text = std::string{reason}});
}

// --- Lines -------------------------------------------------------------------------------------

void Client::hear(Instant now, std::string_view line) {
  if (is_pong(line)) {
    hear_pong(now);
    return;
  }
  std::string_view rest = line;
  if (consume(rest, "* goodbye: ")) {
    if (const auto accepted = leading_number(rest)) hear_goodbye(now, *accepted);
  } else if (consume(rest, "! line too long: at most ")) {
    if (const auto line_max = leading_number(rest)) refuse_sent_over(now, *line_max);
  } else if (state_ == State::logging_in && hear_at_login(now, line)) {
    return;
  }
  inbox_.push(line, {});
  ++counts_.received;
}

// What comes between our name and the answer to it. True if it was no line for the application.
bool Client::hear_at_login(Instant now, std::string_view line) {
  if (line.starts_with("from ") || line.starts_with("* ")) return false;  // we are there already
  Reason reason = Reason::no_lastword;
  if (line.starts_with("! server is full")) {
    reason = Reason::server_full;
  } else if (line.starts_with("! name did not come")) {
    reason = Reason::login_timed_out;
  } else if (line.starts_with("! name is taken") && may_hold_name_) {
    reason = Reason::name_held;
    if (!name_held_since_) name_held_since_ = now;
  } else if (line.starts_with("! name ")) {
    reason = Reason::login_refused;
  }
  End end{.reason = reason, .text = std::string{line}};
  if (reason == Reason::no_lastword) {
    end_link(now, std::move(end));  // it has no last words that we could understand
  } else {
    begin_closing(now, std::move(end));
  }
  return true;
}

void Client::hear_goodbye(Instant now, std::uint64_t accepted) {
  has_goodbye_ = true;
  settle_by_goodbye(now, accepted);
  begin_closing(now, {.reason = Reason::goodbye, .detail = accepted});
}

// No answer comes before its question has left.
bool Client::is_pong(std::string_view line) const {
  return checkpoint_.is_out && written_ >= checkpoint_.end && consume(line, "* pong ") &&
         line == token_of(checkpoint_.number).text();
}

void Client::hear_pong(Instant now) {
  checkpoint_.is_out = false;
  settle_through(now, checkpoint_.behind);
  if (state_ == State::logging_in) go_online(now);
}

}  // namespace lastword
