#include "core/websocket/request_head.h"

#include <algorithm>
#include <limits>

#include "core/check.h"
#include "core/websocket/authority.h"
#include "core/websocket/http_text.h"

namespace lastword::websocket {

namespace {

static_assert(RequestHead::size_max <= std::numeric_limits<std::uint16_t>::max());
static_assert(RequestHead::fields_max < std::numeric_limits<std::uint8_t>::max());

// Names of methods are compared byte by byte (RFC 9110, section 9.1).
Method method_of(std::string_view name) {
  if (name == "GET") return Method::get;
  if (name == "HEAD") return Method::head;
  if (name == "OPTIONS") return Method::options;
  if (name == "CONNECT") return Method::connect;
  return Method::other;
}

}  // namespace

std::size_t RequestHead::feed(Bytes bytes) {
  if (state() != State::incomplete) return 0;
  const std::size_t start = position_;
  const std::string_view chunk = as_text(bytes.first(std::min(bytes.size(), size_max - start)));
  head_.insert(head_.end(), chunk.begin(), chunk.end());
  while (state() == State::incomplete && position_ < head_.size()) {
    take(head_[position_]);
    ++position_;
  }
  if (state() == State::incomplete && position_ == size_max) refuse(Refusal::too_large);

  const std::size_t taken = position_ - start;
  if (state() == State::complete) head_.resize(position_);
  if (state() == State::refused) {
    const Refusal refusal = refusal_;
    const Method method = method_;
    clear();
    refuse(refusal);
    method_ = method;
  }
  return taken;
}

// --- Byte by byte ------------------------------------------------------------------------------

void RequestHead::take(char character) {
  switch (place_) {
    case Place::front:
      if (character != '\r') return take_in_method(character);
      place_ = Place::front_lf;
      return;
    case Place::front_lf:
      static_cast<void>(take_lf(character, Place::method, Refusal::bad_request_line));
      return;
    case Place::method:
      return take_in_method(character);
    case Place::target:
      return take_in_target(character);
    case Place::version:
      return take_in_version(character);
    case Place::request_line_lf:
      if (take_lf(character, Place::field_start, Refusal::bad_request_line)) end_request_line();
      return;
    case Place::field_start:
      return take_at_field_start(character);
    case Place::field_name:
      return take_in_field_name(character);
    case Place::field_value:
      return take_in_field_value(character);
    case Place::field_line_lf:
      if (take_lf(character, Place::field_start, Refusal::bad_field_line)) end_field_line();
      return;
    case Place::last_lf:
      if (take_lf(character, Place::complete, Refusal::bad_field_line)) end_head();
      return;
    case Place::complete:
    case Place::refused:
      return;
  }
}

// A CR stands nowhere but before an LF, and an LF nowhere but behind a CR (RFC 9112, section 2.2).
bool RequestHead::take_lf(char character, Place next, Refusal otherwise) {
  if (character != '\n') {
    refuse(otherwise);
    return false;
  }
  place_ = next;
  if (next == Place::method) mark_ = static_cast<std::uint16_t>(position_ + 1);
  return true;
}

void RequestHead::take_in_method(char character) {
  place_ = Place::method;
  if (is_token_character(character)) return;
  if (character != ' ' || position_ == mark_) return refuse(Refusal::bad_request_line);
  method_ = method_of(text(cut()));
  place_ = Place::target;
}

// Everything visible is let through, as browsers send characters in a query that RFC 3986 would
// have escaped; but a fragment never leaves a client (RFC 9112, section 3.2).
void RequestHead::take_in_target(char character) {
  if (character == '#') return refuse(Refusal::bad_target);
  if (is_visible(character)) return;
  if (character != ' ' || position_ == mark_) return refuse(Refusal::bad_request_line);
  target_ = cut();
  place_ = Place::version;
}

// HTTP-version (RFC 9112, section 2.3), in capitals
void RequestHead::take_in_version(char character) {
  constexpr std::string_view pattern = "HTTP/1.1\r";  // 1: any digit
  const char expected = pattern[static_cast<std::size_t>(position_ - mark_)];
  const bool fits = expected == '1' ? is_digit(character) : character == expected;
  if (!fits) return refuse(Refusal::bad_request_line);
  if (character == '\r') place_ = Place::request_line_lf;
}

void RequestHead::take_at_field_start(char character) {
  mark_ = position_;
  if (character == '\r') {
    place_ = Place::last_lf;
    return;
  }
  // A blank here is an obsolete line folding (RFC 9112, section 5.2), or worse (section 2.2).
  if (!is_token_character(character)) return refuse(Refusal::bad_field_line);
  if (field_count_ == fields_max) return refuse(Refusal::too_many_fields);
  ++field_count_;
  place_ = Place::field_name;
}

// No blank before the colon (RFC 9112, section 5.1).
void RequestHead::take_in_field_name(char character) {
  if (is_token_character(character)) return;
  if (character != ':') return refuse(Refusal::bad_field_line);
  name_ = cut();
  place_ = Place::field_value;
}

void RequestHead::take_in_field_value(char character) {
  if (is_field_value_character(character)) return;
  if (character != '\r') return refuse(Refusal::bad_field_line);
  place_ = Place::field_line_lf;
}

// --- Line by line, at their LF -----------------------------------------------------------------

void RequestHead::end_request_line() {
  constexpr std::size_t major_position = 5;  // in HTTP/1.1
  const std::string_view version = text().substr(mark_);
  if (version[major_position] != '1') return refuse(Refusal::unsupported_version);
  minor_version_ = static_cast<std::uint8_t>(version[major_position + 2] - '0');
  if (!read_target(text(target_))) refuse(Refusal::bad_target);
}

// The four forms (RFC 9112, section 3.2).
bool RequestHead::read_target(std::string_view target) {
  if (method_ == Method::connect) {
    const auto authority = parse_authority(target);
    path_ = target_;
    return authority && !authority->host.empty() && authority->port;
  }
  if (target == "*") {
    path_ = target_;
    return method_ == Method::options;
  }
  if (!target.starts_with('/')) return read_absolute_target(target);
  path_ = piece_of(target.substr(0, target.find('?')));
  return true;
}

bool RequestHead::read_absolute_target(std::string_view target) {
  constexpr std::string_view behind_scheme = "://";
  const std::size_t scheme_size = target.find(behind_scheme);
  if (scheme_size == std::string_view::npos) return false;
  // The two schemes that RFC 6455, section 4.2.1 names.
  const std::string_view scheme = target.substr(0, scheme_size);
  if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")) return false;
  target.remove_prefix(scheme_size + behind_scheme.size());
  target = target.substr(0, target.find('?'));

  const std::string_view authority = target.substr(0, target.find('/'));
  const auto parsed = parse_authority(authority);
  if (!parsed || parsed->host.empty()) return false;  // RFC 9110, section 4.2.1
  authority_ = piece_of(authority);
  path_ = piece_of(target.substr(authority.size()));
  return true;
}

void RequestHead::end_field_line() {
  const std::size_t start = name_.position + name_.size + std::size_t{1};
  const std::string_view line = text().substr(start, position_ - 1 - start);
  const std::string_view value = trim_blanks(line);
  const std::string_view name = text(name_);
  const auto is = [name](std::string_view other) { return equal_ignoring_case(name, other); };

  if (is("Host")) {
    // RFC 9112, section 3.2
    if (!parse_authority(value)) return refuse(Refusal::bad_host);
    keep_single(Single::host, value);
  } else if (is("Origin")) {
    keep_single(Single::origin, value);
  } else if (is("Sec-WebSocket-Key")) {
    keep_single(Single::key, value);
  } else if (is("Sec-WebSocket-Version")) {
    keep_single(Single::version, value);
  } else if (is("Content-Length")) {
    // RFC 9110, section 8.6
    const bool is_number = !value.empty() && std::all_of(value.begin(), value.end(), is_digit);
    if (!is_number) return refuse(Refusal::bad_content_length);
    keep_single(Single::content_length, value);
    if (value.find_first_not_of('0') != std::string_view::npos) has_body_ = true;
  } else if (is("Transfer-Encoding")) {
    has_body_ = true;
  } else if (is("Connection")) {
    if (lists_token(value, "upgrade")) is_connection_upgrade_ = true;
  } else if (is("Upgrade")) {
    if (lists_token(value, "websocket")) is_upgrade_websocket_ = true;
  } else if (is("Sec-WebSocket-Protocol")) {
    protocols_.push_back(piece_of(value));
  } else if (is("Sec-WebSocket-Extensions")) {
    extensions_.push_back(piece_of(value));
  }
}

void RequestHead::keep_single(Single single, std::string_view value) {
  std::optional<Piece>& piece = singles_[static_cast<std::size_t>(single)];
  if (piece) return refuse(Refusal::repeated_field);
  piece = piece_of(value);
}

// RFC 9112, section 3.2: with an absolute target too.
void RequestHead::end_head() {
  if (minor_version_ > 0 && !value_of(Single::host)) refuse(Refusal::missing_host);
}

void RequestHead::refuse(Refusal refusal) {
  place_ = Place::refused;
  refusal_ = refusal;
}

// --- Pieces ------------------------------------------------------------------------------------

RequestHead::Piece RequestHead::cut() {
  const Piece piece{.position = mark_, .size = static_cast<std::uint16_t>(position_ - mark_)};
  mark_ = static_cast<std::uint16_t>(position_ + 1);
  return piece;
}

std::string_view RequestHead::text(Piece piece) const {
  return text().substr(piece.position, piece.size);
}

RequestHead::Piece RequestHead::piece_of(std::string_view text) const {
  return {.position = static_cast<std::uint16_t>(text.data() - head_.data()),
          .size = static_cast<std::uint16_t>(text.size())};
}

std::optional<std::string_view> RequestHead::value_of(Single single) const {
  const std::optional<Piece> piece = singles_[static_cast<std::size_t>(single)];
  return piece ? std::optional{text(*piece)} : std::nullopt;
}

std::vector<std::string_view> RequestHead::values(const std::vector<Piece>& pieces) const {
  std::vector<std::string_view> values;
  values.reserve(pieces.size());
  for (const Piece piece : pieces) values.push_back(text(piece));
  return values;
}

// --- What came out -----------------------------------------------------------------------------

RequestHead::State RequestHead::state() const {
  if (place_ == Place::refused) return State::refused;
  return place_ == Place::complete ? State::complete : State::incomplete;
}

Refusal RequestHead::refusal() const {
  LASTWORD_CHECK(place_ == Place::refused);
  return refusal_;
}

Request RequestHead::request() const {
  LASTWORD_CHECK(place_ == Place::complete);
  const std::string_view path = text(path_);
  const auto host = authority_ ? text(*authority_) : value_of(Single::host);
  return {
      .method = method_,
      .minor_version = minor_version_,
      .path = path.empty() ? "/" : path,
      .host = host.value_or(""),
      .origin = value_of(Single::origin),
      .key = value_of(Single::key),
      .version = value_of(Single::version),
      .protocols = values(protocols_),
      .extensions = values(extensions_),
      .is_connection_upgrade = is_connection_upgrade_,
      .is_upgrade_websocket = is_upgrade_websocket_,
      .has_body = has_body_,
  };
}

void RequestHead::clear() { *this = RequestHead{}; }

// Everything else follows from the bytes.
void RequestHead::add_to(Digest& digest) const {
  digest.add(static_cast<std::uint64_t>(state()));
  digest.add(static_cast<std::uint64_t>(refusal_));
  digest.add(static_cast<std::uint64_t>(method_));
  digest.add(text());
}

}  // namespace lastword::websocket
