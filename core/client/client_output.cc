// What a client says.
#include <algorithm>
#include <charconv>

#include "core/check.h"
#include "core/client/client.h"
#include "core/utf8_validator.h"
#include "core/websocket/client_frame.h"

namespace lastword {

using client::Reason;
using client::State;
using websocket::Opcode;

// Whatever may be said now, as far as there is room. A control frame waits for room too: of a flood
// of pings the last one is answered (RFC 6455, section 5.5.3).
void Client::fill(Instant now) {
  if (phase_ != LinkPhase::up || has_sent_close_) return;
  const bool is_upgraded = is_websocket() && state_ != State::handshake;
  if (is_upgraded && output_bytes() < output_mark) {
    if (pong_size_) put_frame(Opcode::pong, Bytes{pong_}.first(*pong_size_));
    if (is_ping_due_) put_frame(Opcode::ping, {});
    pong_size_.reset();
    is_ping_due_ = false;
  }
  if (state_ != State::online) return;
  send_waiting_lines(now);
  if (is_finishing_ && !ledger_.has_waiting() && output_bytes() < output_mark) {
    put_line("/quit");
    quit_end_ = rendered_;
    go(now, State::closing, {.reason = Reason::input_finished});
    return;
  }
  if (!checkpoint_.is_out && ledger_.last_sent() > checkpoint_.behind) ask();
}

void Client::send_waiting_lines(Instant now) {
  while (ledger_.has_waiting() && output_bytes() < output_mark) {
    const client::Ledger::Line line = ledger_.waiting();
    if (line.text.size() >= line_max_) {  // it was given before the server said so
      refuse_waiting(now);
      continue;
    }
    put_line(line.text);
    ledger_.sent(rendered_);
  }
}

// Behind all that was sent so far: the answer says that all of it was taken.
void Client::ask() {
  LASTWORD_CHECK(!checkpoint_.is_out);
  checkpoint_ = {.is_out = true, .behind = ledger_.last_sent(), .number = ++questions_};
  constexpr std::string_view command = "/ping ";
  std::array<char, command.size() + Token::size_max> text{};
  const Token token = token_of(checkpoint_.number);
  const auto behind = std::copy(command.begin(), command.end(), text.begin());
  std::copy_n(token.bytes.begin(), token.size, behind);
  put_line({text.data(), command.size() + token.size});
  checkpoint_.end = rendered_;
}

Client::Token Client::token_of(std::uint64_t number) const {
  constexpr std::string_view prefix = "lw-";
  constexpr int hexadecimal = 16;
  Token token;
  char* end = std::copy(prefix.begin(), prefix.end(), token.bytes.data());
  char* const limit = token.bytes.data() + token.bytes.size();
  end = std::to_chars(end, limit, nonce_, hexadecimal).ptr;
  *end++ = '-';
  end = std::to_chars(end, limit, number).ptr;
  token.size = static_cast<std::size_t>(end - token.bytes.data());
  return token;
}

// --- On the wire -------------------------------------------------------------------------------

void Client::put_line(std::string_view line) {
  if (is_websocket()) {
    put_frame(is_utf8(as_bytes(line)) ? Opcode::text : Opcode::binary, as_bytes(line));
    return;
  }
  put(as_bytes(line));
  put(as_bytes("\n"));
}

void Client::put_frame(Opcode opcode, Bytes payload) {
  make_room();
  websocket::MaskingKey key{};
  random_.fill(key);
  const std::size_t before = output_.size();
  websocket::append_client_frame(output_, opcode, payload, key);
  rendered_ += output_.size() - before;
}

// Answers the server's Close with its code, or says ours; nothing may follow (RFC 6455, section
// 5.5.1).
void Client::put_close(std::uint16_t code) {
  if (has_sent_close_) return;
  const std::array<std::byte, 2> payload{static_cast<std::byte>(code >> 8U),
                                         static_cast<std::byte>(code & 0xFFU)};
  put_frame(Opcode::close, code == 0 ? Bytes{} : Bytes{payload});
  has_sent_close_ = true;
}

void Client::put(Bytes bytes) {
  make_room();
  output_.insert(output_.end(), bytes.begin(), bytes.end());
  rendered_ += bytes.size();
}

// Takes off what is written, where that costs no more than what was saved by not doing it at once.
void Client::make_room() {
  if (output_first_ == 0 || output_first_ < output_.size() / 2) return;
  output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(output_first_));
  output_first_ = 0;
}

}  // namespace lastword
