#include "core/websocket/request_head.h"

#include <algorithm>

#include "core/check.h"
#include "core/websocket/authority.h"
#include "core/websocket/http_text.h"

namespace lastword::websocket {

namespace {

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
  const std::size_t start = text_.position();
  text_.append(bytes);
  for (; state() == State::incomplete && text_.has_next(); text_.step()) take(text_.next());
  if (state() == State::incomplete && text_.is_full()) refuse(Refusal::too_large);

  const std::size_t taken = text_.position() - start;
  if (state() == State::complete) text_.trim();
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
      if (take_lf(character, Place::method)) text_.mark_behind();
      return;
    case Place::method:
      return take_in_method(character);
    case Place::target:
      return take_in_target(character);
    case Place::version:
      return take_in_version(character);
    case Place::request_line_lf:
      if (take_lf(character, Place::fields)) end_request_line();
      return;
    case Place::fields:
      return take_in_fields();
    case Place::complete:
    case Place::refused:
      return;
  }
}

// A CR stands nowhere but before an LF, and an LF nowhere but behind a CR (RFC 9112, section 2.2).
bool RequestHead::take_lf(char character, Place next) {
  if (character != '\n') {
    refuse(Refusal::bad_request_line);
    return false;
  }
  place_ = next;
  return true;
}

void RequestHead::take_in_method(char character) {
  place_ = Place::method;
  if (is_token_character(character)) return;
  if (character != ' ' || text_.size_since_mark() == 0) return refuse(Refusal::bad_request_line);
  method_ = method_of(text_.at(text_.cut()));
  place_ = Place::target;
}

// Everything visible is let through, as browsers send characters in a query that RFC 3986 would
// have escaped; but a fragment never leaves a client (RFC 9112, section 3.2).
void RequestHead::take_in_target(char character) {
  if (character == '#') return refuse(Refusal::bad_target);
  if (is_visible(character)) return;
  if (character != ' ' || text_.size_since_mark() == 0) return refuse(Refusal::bad_request_line);
  target_ = text_.cut();
  place_ = Place::version;
}

// HTTP-version (RFC 9112, section 2.3), in capitals
void RequestHead::take_in_version(char character) {
  constexpr std::string_view pattern = "HTTP/1.1\r";  // 1: any digit
  const char expected = pattern[text_.size_since_mark()];
  const bool fits = expected == '1' ? is_digit(character) : character == expected;
  if (!fits) return refuse(Refusal::bad_request_line);
  if (character == '\r') place_ = Place::request_line_lf;
}

void RequestHead::take_in_fields() {
  switch (fields_.take(text_)) {
    case FieldLines::Step::inside:
      return;
    case FieldLines::Step::field:
      return keep(fields_.field(text_));
    case FieldLines::Step::end:
      place_ = Place::complete;
      return end_head();
    case FieldLines::Step::bad:
      return refuse(Refusal::bad_field_line);
    case FieldLines::Step::too_many:
      return refuse(Refusal::too_many_fields);
  }
}

// --- Line by line, at their LF -----------------------------------------------------------------

void RequestHead::end_request_line() {
  constexpr std::size_t major_position = 5;  // in HTTP/1.1
  const std::string_view version = text_.since_mark();
  if (version[major_position] != '1') return refuse(Refusal::unsupported_version);
  minor_version_ = static_cast<std::uint8_t>(version[major_position + 2] - '0');
  if (!read_target(text_.at(target_))) refuse(Refusal::bad_target);
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
  path_ = text_.piece_of(target.substr(0, target.find('?')));
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
  authority_ = text_.piece_of(authority);
  path_ = text_.piece_of(target.substr(authority.size()));
  return true;
}

void RequestHead::keep(const FieldLines::Field& field) {
  const std::string_view value = field.value;
  const auto is = [&](std::string_view name) { return equal_ignoring_case(field.name, name); };

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
    protocols_.push_back(text_.piece_of(value));
  } else if (is("Sec-WebSocket-Extensions")) {
    extensions_.push_back(text_.piece_of(value));
  }
}

void RequestHead::keep_single(Single single, std::string_view value) {
  std::optional<Piece>& piece = singles_[static_cast<std::size_t>(single)];
  if (piece) return refuse(Refusal::repeated_field);
  piece = text_.piece_of(value);
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

std::optional<std::string_view> RequestHead::value_of(Single single) const {
  const std::optional<Piece> piece = singles_[static_cast<std::size_t>(single)];
  return piece ? std::optional{text_.at(*piece)} : std::nullopt;
}

std::vector<std::string_view> RequestHead::values(const std::vector<Piece>& pieces) const {
  std::vector<std::string_view> values;
  values.reserve(pieces.size());
  for (const Piece piece : pieces) values.push_back(text_.at(piece));
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
  const std::string_view path = text_.at(path_);
  const auto host = authority_ ? text_.at(*authority_) : value_of(Single::host);
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
  digest.add(text_.whole());
}

}  // namespace lastword::websocket
