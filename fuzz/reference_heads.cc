#include "fuzz/reference_heads.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "fuzz/reference_words.h"

namespace lastword::fuzz::reference {
namespace {

using websocket::HandshakeFault;
using websocket::Method;
using websocket::Refusal;
using websocket::Request;
using websocket::RequestHead;
using websocket::Response;
using websocket::ResponseHead;

// The contract's limits (section 2, and docs/WEBSOCKET.md), written here once more.
constexpr std::size_t bytes_max = 8192;
constexpr std::size_t fields_max = 64;

// Thrown where the text ends before the head does.
struct Unfinished {};

// Reads a text from front to back. What is wrong is thrown, with the position behind it.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_{text} {}

  [[nodiscard]] std::size_t position() const { return position_; }

  // The next character, which is not taken.
  [[nodiscard]] char next() const {
    if (position_ == text_.size()) throw Unfinished{};
    return text_[position_];
  }

  // The next character is wrong.
  template <typename Fault>
  [[noreturn]] void fail(Fault fault) {
    ++position_;
    throw fault;
  }

  template <typename Fault>
  void take(std::string_view expected, Fault fault) {
    for (const char character : expected) {
      if (next() != character) fail(fault);
      ++position_;
    }
  }

  template <typename Fault>
  char take_digit(Fault fault) {
    const char digit = next();
    if (digit < '0' || digit > '9') fail(fault);
    ++position_;
    return digit;
  }

  // As many of these as there are; behind them comes another one.
  template <typename IsOne>
  std::string_view take_all(const IsOne& is_one) {
    const std::size_t begin = position_;
    while (is_one(next())) ++position_;
    return text_.substr(begin, position_ - begin);
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

// What two kinds of heads call the same mistakes.
template <typename Fault>
struct FieldFaults {
  Fault bad;
  Fault too_many;
};

// The field lines with the empty line behind them. `judge` sees each one as it is complete.
template <typename Fault, typename Judge>
void read_fields(Scan& scan, Fields& fields, FieldFaults<Fault> faults, const Judge& judge) {
  while (scan.next() != '\r') {
    if (!is_token_character(scan.next())) scan.fail(faults.bad);
    if (fields.size() == fields_max) scan.fail(faults.too_many);
    const std::string_view name = scan.take_all(is_token_character);
    scan.take(":", faults.bad);
    const std::string_view value = scan.take_all(is_text);
    scan.take("\r\n", faults.bad);
    fields.push_back({.name = name, .value = trim(value)});
    judge(fields);
  }
  scan.take("\r\n", faults.bad);
}

std::optional<std::string_view> first(const std::vector<std::string_view>& found) {
  return found.empty() ? std::nullopt : std::optional{found.front()};
}

bool is_listed(const Fields& fields, std::string_view name, std::string_view word) {
  const auto lines = values(fields, name);
  return std::any_of(lines.begin(), lines.end(),
                     [word](std::string_view line) { return lists(line, word); });
}

// --- Requests ----------------------------------------------------------------------------------

Method method_of(std::string_view name) {
  if (name == "GET") return Method::get;
  if (name == "HEAD") return Method::head;
  if (name == "OPTIONS") return Method::options;
  if (name == "CONNECT") return Method::connect;
  return Method::other;
}

struct Target {
  std::string_view path;
  std::optional<std::string_view> authority{};
};

// The four forms (RFC 9112, section 3.2); none, if it is none of them.
std::optional<Target> parse_target(Method method, std::string_view target) {
  if (method == Method::connect) {
    const auto authority = parse_authority(target);
    if (!authority || authority->host.empty() || !authority->port) return {};
    return Target{.path = target};
  }
  if (target == "*")
    return method == Method::options ? std::optional{Target{target}} : std::nullopt;
  const std::string_view before_query = split(target, '?').front();
  if (target.starts_with('/')) return Target{.path = before_query};

  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!lower(before_query).starts_with(scheme)) continue;
    const std::string_view rest = before_query.substr(scheme.size());
    const std::string_view authority = split(rest, '/').front();
    const auto parsed = parse_authority(authority);
    if (!parsed || parsed->host.empty()) return {};
    const std::string_view path = rest.substr(authority.size());
    return Target{.path = path.empty() ? "/" : path, .authority = authority};
  }
  return {};
}

// What may be wrong with the last of these fields, as it is complete.
void judge_request_field(const Fields& fields) {
  const std::string name = lower(fields.back().name);
  const std::string_view value = fields.back().value;
  if (name == "host" && !parse_authority(value)) throw Refusal::bad_host;
  if (name == "content-length" && !is_number(value)) throw Refusal::bad_content_length;
  for (const std::string_view single :
       {"host", "origin", "content-length", "sec-websocket-key", "sec-websocket-version"}) {
    if (name == single && values(fields, name).size() > 1) throw Refusal::repeated_field;
  }
}

bool has_body(const Fields& fields) {
  if (!values(fields, "transfer-encoding").empty()) return true;
  const auto length = first(values(fields, "content-length"));
  return length && length->find_first_not_of('0') != std::string_view::npos;
}

Request make_request(const RequestReading& reading, const Target& target, unsigned minor_version) {
  const Fields& fields = reading.fields;
  const auto host = target.authority ? target.authority : first(values(fields, "host"));
  return {
      .method = reading.method,
      .minor_version = minor_version,
      .path = target.path,
      .host = host.value_or(""),
      .origin = first(values(fields, "origin")),
      .key = first(values(fields, "sec-websocket-key")),
      .version = first(values(fields, "sec-websocket-version")),
      .protocols = values(fields, "sec-websocket-protocol"),
      .extensions = values(fields, "sec-websocket-extensions"),
      .is_connection_upgrade = is_listed(fields, "connection", "upgrade"),
      .is_upgrade_websocket = is_listed(fields, "upgrade", "websocket"),
      .has_body = has_body(fields),
  };
}

void read_request_head(Scan& scan, RequestReading& reading) {
  constexpr Refusal bad_line = Refusal::bad_request_line;
  if (scan.next() == '\r') scan.take("\r\n", bad_line);
  reading.begin = scan.position();

  if (!is_token_character(scan.next())) scan.fail(bad_line);
  const std::string_view method_name = scan.take_all(is_token_character);
  scan.take(" ", bad_line);
  reading.method_name = method_name;
  reading.method = method_of(method_name);

  reading.target =
      scan.take_all([](char character) { return is_visible(character) && character != '#'; });
  if (scan.next() == '#') scan.fail(Refusal::bad_target);
  if (reading.target.empty()) scan.fail(bad_line);
  scan.take(" HTTP/", bad_line);

  reading.major_version = scan.take_digit(bad_line);
  scan.take(".", bad_line);
  const char minor_version = scan.take_digit(bad_line);
  reading.minor_position = scan.position() - 1;
  scan.take("\r\n", bad_line);
  if (reading.major_version != '1') throw Refusal::unsupported_version;
  const auto target = parse_target(reading.method, reading.target);
  if (!target) throw Refusal::bad_target;

  read_fields(scan, reading.fields,
              FieldFaults{.bad = Refusal::bad_field_line, .too_many = Refusal::too_many_fields},
              judge_request_field);
  const bool needs_host = minor_version != '0';
  if (needs_host && values(reading.fields, "host").empty()) throw Refusal::missing_host;
  reading.request = make_request(reading, *target, static_cast<unsigned>(minor_version - '0'));
}

// --- Responses ---------------------------------------------------------------------------------

void judge_response_field(const Fields& fields) {
  if (lower(fields.back().name) != "sec-websocket-accept") return;
  if (values(fields, "sec-websocket-accept").size() > 1) throw HandshakeFault::bad_head;
}

std::optional<std::chrono::seconds> retry_after(const Fields& fields) {
  constexpr std::chrono::seconds most{0xFFFF'FFFF};
  const auto lines = values(fields, "retry-after");
  if (lines.empty() || !is_number(lines.back())) return {};
  const std::string_view number = lines.back();
  const std::size_t begin = std::min(number.find_first_not_of('0'), number.size() - 1);
  const std::string without_zeros{number.substr(begin)};
  if (without_zeros.size() > 10) return most;
  return std::min(most, std::chrono::seconds{std::stoll(without_zeros)});
}

Response make_response(const ResponsePart& part) {
  const Fields& fields = part.fields;
  const auto upgrades = values(fields, "upgrade");
  return {
      .status = part.status,
      .minor_version = part.minor_version,
      .reason = part.reason,
      .accept = first(values(fields, "sec-websocket-accept")),
      .retry_after = retry_after(fields),
      .is_connection_upgrade = is_listed(fields, "connection", "upgrade"),
      .is_upgrade_websocket = upgrades.size() == 1 && lower(upgrades.front()) == "websocket",
      .has_extensions = !values(fields, "sec-websocket-extensions").empty(),
      .has_protocol = !values(fields, "sec-websocket-protocol").empty(),
  };
}

Response read_response_part(Scan& scan, ResponsePart& part) {
  constexpr HandshakeFault bad = HandshakeFault::bad_head;
  scan.take("HTTP/", HandshakeFault::not_http);
  scan.take("1.", bad);
  part.minor_version = static_cast<unsigned>(scan.take_digit(bad) - '0');
  part.minor_position = scan.position() - 1;
  scan.take(" ", bad);
  for (int digit = 0; digit < 3; ++digit) {
    part.status = 10 * part.status + static_cast<unsigned>(scan.take_digit(bad) - '0');
  }
  scan.take(" ", bad);
  part.reason = scan.take_all(is_text);
  scan.take("\r\n", bad);
  part.has_first_line = true;
  read_fields(scan, part.fields, FieldFaults{.bad = bad, .too_many = HandshakeFault::too_large},
              judge_response_field);
  return make_response(part);
}

void read_response_head(Scan& scan, ResponseReading& reading) {
  for (;;) {
    reading.parts.push_back({.begin = scan.position()});
    reading.response = read_response_part(scan, reading.parts.back());
    const unsigned status = reading.response.status;
    const bool is_interim = status >= 100 && status <= 199 && status != 101;
    if (!is_interim) return;
  }
}

}  // namespace

std::vector<std::string_view> values(const Fields& fields, std::string_view name) {
  std::vector<std::string_view> found;
  for (const Field& field : fields) {
    if (lower(field.name) == name) found.push_back(field.value);
  }
  return found;
}

RequestReading read_request(std::string_view stream) {
  RequestReading reading;
  const std::string_view text = stream.substr(0, bytes_max);
  Scan scan{text};
  try {
    read_request_head(scan, reading);
    reading.state = RequestHead::State::complete;
  } catch (const Unfinished&) {
    if (text.size() == bytes_max) reading.refusal = Refusal::too_large;
  } catch (const Refusal refusal) {
    reading.refusal = refusal;
  }
  if (reading.refusal) reading.state = RequestHead::State::refused;
  reading.taken = scan.position();
  return reading;
}

ResponseReading read_response(std::string_view stream) {
  ResponseReading reading;
  const std::string_view text = stream.substr(0, bytes_max);
  Scan scan{text};
  try {
    read_response_head(scan, reading);
    reading.state = ResponseHead::State::complete;
  } catch (const Unfinished&) {
    if (text.size() == bytes_max) reading.fault = HandshakeFault::too_large;
  } catch (const HandshakeFault fault) {
    reading.fault = fault;
  }
  if (reading.fault) reading.state = ResponseHead::State::broken;
  reading.taken = scan.position();
  return reading;
}

}  // namespace lastword::fuzz::reference
