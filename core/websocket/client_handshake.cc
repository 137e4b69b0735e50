#include "core/websocket/client_handshake.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <utility>

#include "core/check.h"
#include "core/websocket/authority.h"
#include "core/websocket/http_text.h"

namespace lastword::websocket {

namespace {

constexpr unsigned switching_protocols = 101;

constexpr std::string_view as_view(const std::array<char, key_size>& key) {
  return {key.data(), key.size()};
}

// delay-seconds (RFC 9110, section 10.2.3)
std::optional<std::chrono::seconds> parse_seconds(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  auto number = std::numeric_limits<std::uint32_t>::max();  // left as it is by what is larger
  static_cast<void>(std::from_chars(text.data(), text.data() + text.size(), number));
  return std::chrono::seconds{number};
}

}  // namespace

// --- The request -------------------------------------------------------------------------------

bool is_valid(const Offer& offer) {
  const auto authority = parse_authority(offer.authority);
  return authority && !authority->host.empty() && offer.path.starts_with('/') &&
         std::all_of(offer.path.begin(), offer.path.end(), is_visible) &&
         !offer.path.contains('#') && is_valid_key(as_view(offer.key));
}

void append_request(std::vector<std::byte>& out, const Offer& offer) {
  LASTWORD_CHECK(is_valid(offer));
  for (const std::string_view part :
       {std::string_view{"GET "}, offer.path, std::string_view{" HTTP/1.1\r\nHost: "},
        offer.authority,
        std::string_view{"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "},
        as_view(offer.key), std::string_view{"\r\nSec-WebSocket-Version: 13\r\n\r\n"}}) {
    const Bytes bytes = as_bytes(part);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
}

// --- The response, byte by byte ----------------------------------------------------------------

std::size_t ResponseHead::feed(Bytes bytes) {
  if (state() != State::incomplete) return 0;
  const std::size_t start = text_.position();
  text_.append(bytes);
  for (; state() == State::incomplete && text_.has_next(); text_.step()) take(text_.next());
  if (state() == State::incomplete && text_.is_full()) break_off(HandshakeFault::too_large);

  const std::size_t taken = text_.position() - start;
  if (state() == State::complete) text_.trim();
  if (state() == State::broken) {
    const HandshakeFault fault = fault_;
    clear();
    break_off(fault);
  }
  return taken;
}

void ResponseHead::take(char character) {
  switch (place_) {
    case Place::version:
      return take_in_version(character);
    case Place::status:
      return take_in_status(character);
    case Place::reason:
      return take_in_reason(character);
    case Place::status_line_lf:
      if (character != '\n') return break_off(HandshakeFault::bad_head);
      place_ = Place::fields;
      return;
    case Place::fields:
      return take_in_fields();
    case Place::complete:
    case Place::broken:
      return;
  }
}

// HTTP-version and the blank behind it (RFC 9112, sections 2.3 and 4)
void ResponseHead::take_in_version(char character) {
  constexpr std::string_view name = "HTTP/";
  constexpr std::string_view pattern = "HTTP/1.1 ";
  constexpr std::size_t minor_place = 7;  // any digit
  const std::size_t place = text_.size_since_mark();
  const bool fits = place == minor_place ? is_digit(character) : character == pattern[place];
  if (!fits) {
    return break_off(place < name.size() ? HandshakeFault::not_http : HandshakeFault::bad_head);
  }
  if (place == minor_place) minor_version_ = static_cast<std::uint8_t>(character - '0');
  if (character == ' ') {
    text_.mark_behind();
    place_ = Place::status;
  }
}

// Three digits and a blank, be there a phrase behind it or not (RFC 9112, section 4).
void ResponseHead::take_in_status(char character) {
  constexpr std::size_t digits = 3;
  if (text_.size_since_mark() < digits) {
    if (!is_digit(character)) return break_off(HandshakeFault::bad_head);
    status_ = static_cast<std::uint16_t>(10 * status_ + (character - '0'));
    return;
  }
  if (character != ' ') return break_off(HandshakeFault::bad_head);
  text_.mark_behind();
  place_ = Place::reason;
}

void ResponseHead::take_in_reason(char character) {
  if (is_field_value_character(character)) return;  // the phrase is made of the same characters
  if (character != '\r') return break_off(HandshakeFault::bad_head);
  reason_ = text_.cut();
  place_ = Place::status_line_lf;
}

void ResponseHead::take_in_fields() {
  switch (fields_.take(text_)) {
    case FieldLines::Step::inside:
      return;
    case FieldLines::Step::field:
      return keep(fields_.field(text_));
    case FieldLines::Step::end:
      return end_head();
    case FieldLines::Step::bad:
      return break_off(HandshakeFault::bad_head);
    case FieldLines::Step::too_many:
      return break_off(HandshakeFault::too_large);
  }
}

void ResponseHead::keep(const FieldLines::Field& field) {
  const auto is = [&](std::string_view name) { return equal_ignoring_case(field.name, name); };

  if (is("Upgrade")) {
    // Two lines are one list, and a list is no match (RFC 6455, section 4.1).
    is_upgrade_websocket_ = !has_upgrade_ && equal_ignoring_case(field.value, "websocket");
    has_upgrade_ = true;
  } else if (is("Connection")) {
    if (lists_token(field.value, "upgrade")) is_connection_upgrade_ = true;
  } else if (is("Sec-WebSocket-Accept")) {
    // It comes once (RFC 6455, section 11.3.3).
    if (accept_) return break_off(HandshakeFault::bad_head);
    accept_ = text_.piece_of(field.value);
  } else if (is("Sec-WebSocket-Extensions")) {
    has_extensions_ = true;
  } else if (is("Sec-WebSocket-Protocol")) {
    has_protocol_ = true;
  } else if (is("Retry-After")) {
    retry_after_ = parse_seconds(field.value);
  }
}

// Behind an interim response comes another one. Its bytes stay, and count: so the whole is bounded.
void ResponseHead::end_head() {
  const bool is_interim = status_ >= 100 && status_ <= 199 && status_ != switching_protocols;
  if (!is_interim) {
    place_ = Place::complete;
    return;
  }
  HeadText text = std::move(text_);
  text.mark_behind();
  clear();
  text_ = std::move(text);
}

void ResponseHead::break_off(HandshakeFault fault) {
  place_ = Place::broken;
  fault_ = fault;
}

// --- What came out -----------------------------------------------------------------------------

ResponseHead::State ResponseHead::state() const {
  if (place_ == Place::broken) return State::broken;
  return place_ == Place::complete ? State::complete : State::incomplete;
}

HandshakeFault ResponseHead::fault() const {
  LASTWORD_CHECK(place_ == Place::broken);
  return fault_;
}

Response ResponseHead::response() const {
  LASTWORD_CHECK(place_ == Place::complete);
  return {
      .status = status_,
      .minor_version = minor_version_,
      .reason = text_.at(reason_),
      .accept = accept_ ? std::optional{text_.at(*accept_)} : std::nullopt,
      .retry_after = retry_after_,
      .is_connection_upgrade = is_connection_upgrade_,
      .is_upgrade_websocket = is_upgrade_websocket_,
      .has_extensions = has_extensions_,
      .has_protocol = has_protocol_,
  };
}

void ResponseHead::clear() { *this = ResponseHead{}; }

// Everything else follows from the bytes.
void ResponseHead::add_to(Digest& digest) const {
  digest.add(static_cast<std::uint64_t>(state()));
  digest.add(static_cast<std::uint64_t>(fault_));
  digest.add(text_.whole());
}

std::expected<void, HandshakeFault> check(const Response& response,
                                          const std::array<char, key_size>& key) {
  if (response.status != switching_protocols) return std::unexpected{HandshakeFault::refused};
  // HTTP/1.0 has no upgrades (RFC 9110, section 7.8).
  const bool is_upgrade =
      response.minor_version > 0 && response.is_upgrade_websocket && response.is_connection_upgrade;
  if (!is_upgrade) return std::unexpected{HandshakeFault::no_upgrade};
  const auto accept_key = accept_key_for(as_view(key));
  if (response.accept != std::string_view{accept_key.data(), accept_key.size()}) {
    return std::unexpected{HandshakeFault::wrong_accept};
  }
  if (response.has_extensions) return std::unexpected{HandshakeFault::unexpected_extension};
  if (response.has_protocol) return std::unexpected{HandshakeFault::unexpected_protocol};
  return {};
}

std::string_view explain(HandshakeFault fault) {
  switch (fault) {
    case HandshakeFault::not_http:
      return "what answers there does not speak HTTP";
    case HandshakeFault::bad_head:
      return "the answer is not written as HTTP/1.1 should be";
    case HandshakeFault::too_large:
      return "the head of the answer has more than 8192 bytes or 64 fields";
    case HandshakeFault::refused:
      return "the server refuses to open a WebSocket";
    case HandshakeFault::no_upgrade:
      return "the server switches, but not to a WebSocket";
    case HandshakeFault::wrong_accept:
      return "the answer does not belong to this request: Sec-WebSocket-Accept is wrong or missing";
    case HandshakeFault::unexpected_extension:
      return "the server uses an extension that it was not offered";
    case HandshakeFault::unexpected_protocol:
      return "the server chose a sub-protocol that it was not offered";
  }
  return "";
}

}  // namespace lastword::websocket
