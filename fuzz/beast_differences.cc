// Where Boost.Beast (1.81) and we may differ. It is a parser for everybody: it forgives what a
// recipient may forgive, and leaves to its user what a head means. Ours serves one kind of request
// and is strict.
//
// We take what it refuses:
//   an empty line before the request          RFC 9112, section 2.2: it is to be ignored
//   HTTP/1.2 to 1.9                           RFC 9110, section 2.5: read as HTTP/1.1
//   a Connection that is no list of tokens    RFC 9110, section 7.6.1: what is no token is none of
//                                             the options that we know (Beast judges
//                                             Proxy-Connection in the same way)
//   a Content-Length from 2^64 on, or beside  RFC 9112, section 6.3: of a request it is known that
//   a Transfer-Encoding; that one twice       something follows, and nothing of that is read; of a
//                                             response neither is looked at: a 101 has no content,
//                                             and of all others none is read
//
// We refuse what it takes:
//   a character from 0x80 on in the target    RFC 3986, section 2: an address is ASCII
//   a fragment in the target                  RFC 9112, section 3.2: no form has one
//   a target of none of the four forms        RFC 9112, section 3.2
//   a Host that is none                       RFC 9112, section 3.2; RFC 9110, section 7.2
//   no Host, or several                       RFC 9112, section 3.2
//   other fields several times that come      RFC 9110, sections 5.3 and 8.6; RFC 6454, section
//   only once                                 7.3; RFC 6455, sections 11.3.1, 11.3.3 and 11.3.5
//   a folded field line                       RFC 9112, section 5.2; an empty Content-Length is
//                                             refused for that, before its fold is seen
//   several numbers in Content-Length         RFC 9110, section 8.6
//   more than 64 fields                       our limit
//   more than 8192 bytes with the first line  our limit; Beast counts the fields for themselves
//
// The same is told at another byte:
//   a major version other than 1              at the end of its line, and not before
//   everything else                           at its byte; Beast waits for the line's end
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/beast_heads.h"
#include "fuzz/oracle.h"
#include "fuzz/reference_words.h"

namespace lastword::fuzz::beast {
namespace {

using reference::RequestReading;
using reference::ResponsePart;
using reference::ResponseReading;
using reference::values;
using websocket::HandshakeFault;
using websocket::RequestHead;
using websocket::ResponseHead;
using OurRefusal = websocket::Refusal;

constexpr std::string_view oracle = "beast";
constexpr std::size_t head_bytes_max = 8192;
constexpr std::size_t fields_max = 64;

// --- For whoever reads of a difference ----------------------------------------------------------

std::string_view name_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::first_line:
      return "refuses the first line";
    case Refusal::line:
      return "refuses a field line";
    case Refusal::value:
      return "refuses a field's value";
    case Refusal::content_length:
      return "refuses Content-Length";
    case Refusal::transfer_encoding:
      return "refuses Transfer-Encoding";
    case Refusal::too_large:
      return "finds it too large";
  }
  return "refuses it";
}

// `does_hold`: of the pair, both of whom read the text.
void demand(bool does_hold, std::string_view ours, const Reading& theirs, std::string_view text) {
  require(does_hold, oracle, [&] {
    std::string seen = "we " + std::string{ours} + ", and Beast ";
    seen += theirs.refusal ? name_of(*theirs.refusal) : theirs.is_complete ? "takes it" : "waits";
    return seen + " after " + std::to_string(theirs.fields.size()) + " fields: '" + readable(text) +
           "'";
  });
}

// --- What we take, and Beast refuses ------------------------------------------------------------

// The text from `begin` to `end` with the minor version that Beast knows.
std::string for_beast(std::string_view stream, std::size_t begin, std::size_t end,
                      std::optional<std::size_t> minor_position) {
  std::string text{stream.substr(0, end)};
  if (minor_position && text[*minor_position] > '1') text[*minor_position] = '1';
  return text.substr(std::min(begin, text.size()));
}

bool is_connection_no_list(const reference::Fields& fields) {
  for (const std::string_view name : {"connection", "proxy-connection"}) {
    for (const std::string_view value : values(fields, name)) {
      for (const std::string_view element : reference::split(value, ',')) {
        const std::string_view word = reference::trim(element);
        if (!word.empty() && !reference::is_token(word)) return true;
      }
    }
  }
  return false;
}

// Of a number as it may stand there.
bool is_beyond_64_bits(std::string_view number) {
  const std::string digits{number.substr(std::min(number.find_first_not_of('0'), number.size()))};
  constexpr std::string_view most = "18446744073709551615";
  return digits.size() > most.size() || (digits.size() == most.size() && digits > most);
}

bool is_length_unclear(const reference::Fields& fields) {
  const auto lengths = values(fields, "content-length");
  const auto encodings = values(fields, "transfer-encoding");
  return encodings.size() > 1 || (!encodings.empty() && !lengths.empty()) ||
         std::any_of(lengths.begin(), lengths.end(), is_beyond_64_bits);
}

// A response's, which is not looked at.
bool is_length_no_number(const reference::Fields& fields) {
  const auto lengths = values(fields, "content-length");
  return lengths.size() > 1 || !std::all_of(lengths.begin(), lengths.end(), reference::is_number);
}

bool may_refuse_fields(Refusal refusal, const reference::Fields& fields, bool is_request) {
  switch (refusal) {
    case Refusal::value:
      return is_connection_no_list(fields);
    case Refusal::content_length:
      return is_length_unclear(fields) || (!is_request && is_length_no_number(fields));
    case Refusal::transfer_encoding:
      return is_length_unclear(fields);
    case Refusal::first_line:
    case Refusal::line:
    case Refusal::too_large:
      return false;
  }
  return false;
}

// --- What Beast takes, and we refuse ------------------------------------------------------------

bool has_fold(std::string_view head) { return head.contains("\r\n ") || head.contains("\r\n\t"); }

std::size_t count(const Reading& theirs, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(theirs.fields.begin(), theirs.fields.end(),
                    [&](const Field& field) { return reference::lower(field.name) == name; }));
}

bool is_repeated(const Reading& theirs) {
  for (const std::string_view name :
       {"host", "origin", "content-length", "sec-websocket-key", "sec-websocket-version"}) {
    if (count(theirs, name) > 1) return true;
  }
  return false;
}

bool has_bad_host(const Reading& theirs) {
  return std::any_of(theirs.fields.begin(), theirs.fields.end(), [](const Field& field) {
    return reference::lower(field.name) == "host" && !reference::parse_authority(field.value);
  });
}

bool has_several_lengths(const Reading& theirs) {
  return std::any_of(theirs.fields.begin(), theirs.fields.end(), [](const Field& field) {
    return reference::lower(field.name) == "content-length" && field.value.contains(',');
  });
}

// Its number stands on the next line.
bool has_folded_length(std::string_view head) {
  constexpr std::string_view name = "\r\ncontent-length:";
  const std::string text = reference::lower(head);
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const std::string_view value = std::string_view{text}.substr(at + name.size());
    const std::size_t size = value.find("\r\n");
    const bool is_empty = reference::trim(value.substr(0, size)).empty();
    if (is_empty && has_fold(value.substr(size, 3))) return true;
  }
  return false;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char character) { return static_cast<unsigned char>(character) < 0x80; });
}

// A form that no request of this method may have. Beast knows none of them.
bool is_no_target(const Reading& theirs) {
  const std::string_view target = theirs.target;
  if (target.contains('#')) return true;
  if (theirs.method == "CONNECT") {
    const auto authority = reference::parse_authority(target);
    return !authority || authority->host.empty() || !authority->port;
  }
  if (target == "*") return theirs.method != "OPTIONS";
  if (target.starts_with('/')) return false;
  const std::string scheme = reference::lower(target.substr(0, target.find(':')));
  if (scheme != "http" && scheme != "https") return true;
  const std::string_view rest = target.substr(scheme.size());
  if (!rest.starts_with("://")) return true;
  const auto authority =
      reference::parse_authority(rest.substr(3, rest.find_first_of("/?", 3) - 3));
  return !authority || authority->host.empty();
}

bool may_take(OurRefusal ours, const Reading& theirs, std::string_view head) {
  switch (ours) {
    case OurRefusal::bad_request_line:
      return !is_ascii(theirs.target);
    case OurRefusal::bad_target:
      return is_no_target(theirs);
    case OurRefusal::bad_field_line:
      return has_fold(head);
    case OurRefusal::repeated_field:
      return is_repeated(theirs);
    case OurRefusal::bad_host:
      return has_bad_host(theirs);
    case OurRefusal::missing_host:
      return count(theirs, "host") == 0;
    case OurRefusal::bad_content_length:
      return has_several_lengths(theirs) || has_folded_length(head);
    case OurRefusal::too_many_fields:
      return theirs.fields.size() > fields_max;
    case OurRefusal::unsupported_version:
    case OurRefusal::too_large:
      return false;
  }
  return false;
}

// What we refuse is of the first line, so Beast doesn't get beyond it either: unless it takes it.
bool is_of_first_line(OurRefusal ours, const Reading& theirs) {
  if (ours == OurRefusal::bad_request_line) return is_ascii(theirs.target);
  return ours == OurRefusal::unsupported_version;
}

// --- One head -----------------------------------------------------------------------------------

using Lines = std::vector<std::string>;

template <typename Fields>
void append_fields(Lines& lines, const Fields& fields) {
  for (const auto& field : fields) {
    lines.push_back(std::string{field.name}.append(": ").append(field.value));
  }
}

// The flag tells of Proxy-Connection too.
void add_connection(Lines& lines, bool is_upgrade, const reference::Fields& fields) {
  if (!values(fields, "proxy-connection").empty()) return;
  lines.emplace_back(is_upgrade ? "Connection lists upgrade" : "Connection does not list upgrade");
}

void hold_complete(const RequestReading& ours, const Reading& theirs, std::string_view head) {
  if (theirs.refusal) {
    return demand(may_refuse_fields(*theirs.refusal, ours.fields, true), "take it", theirs, head);
  }
  demand(theirs.is_complete && theirs.taken == head.size(), "take it", theirs, head);
  Lines expected{std::string{theirs.method}, theirs.target, std::to_string(theirs.version)};
  append_fields(expected, theirs.fields);
  add_connection(expected, theirs.is_connection_upgrade, ours.fields);
  Lines found{std::string{ours.method_name}, std::string{ours.target},
              ours.request.minor_version == 0 ? "10" : "11"};
  append_fields(found, ours.fields);
  add_connection(found, ours.request.is_connection_upgrade, ours.fields);
  require_same(expected, found, oracle, "what is read of '" + readable(head) + "'");
}

void hold_complete(const ResponsePart& ours, const Reading& theirs, std::string_view head) {
  if (theirs.refusal) {
    return demand(may_refuse_fields(*theirs.refusal, ours.fields, false), "take it", theirs, head);
  }
  demand(theirs.is_complete && theirs.taken == head.size(), "take it", theirs, head);
  Lines expected{std::to_string(theirs.version), std::to_string(theirs.status), theirs.reason};
  append_fields(expected, theirs.fields);
  Lines found{ours.minor_version == 0 ? "10" : "11", std::to_string(ours.status),
              std::string{ours.reason}};
  append_fields(found, ours.fields);
  require_same(expected, found, oracle, "what is read of '" + readable(head) + "'");
}

void hold_broken(HandshakeFault fault, const ResponsePart& ours, const Reading& theirs,
                 std::string_view text) {
  const std::string refuse = "break off with '" + std::string{explain(fault)} + "'";
  demand(theirs.has_first_line == ours.has_first_line, refuse, theirs, text);
  if (!theirs.is_complete) return;
  const std::string_view head = text.substr(0, theirs.taken);
  const bool is_allowed = fault == HandshakeFault::too_large
                              ? theirs.fields.size() > fields_max
                              : has_fold(head) || count(theirs, "sec-websocket-accept") > 1;
  demand(is_allowed, refuse, theirs, text);
}

}  // namespace

void hold_against(std::string_view stream, const RequestReading& ours) {
  using State = RequestHead::State;
  const bool is_too_large = ours.refusal == OurRefusal::too_large;
  const bool ends_there = ours.state == State::complete || is_too_large;
  const std::string text =
      for_beast(stream, ours.begin, ends_there ? ours.taken : stream.size(), ours.minor_position);
  if (ours.state == State::incomplete && text == "\r") return;  // of an empty line before it

  const Reading theirs = read_request(text);
  if (ours.state == State::complete) return hold_complete(ours, theirs, text);
  if (ours.state == State::incomplete || is_too_large) {
    demand(!theirs.is_complete, "see no end", theirs, text);
    if (!theirs.refusal) return;
    const bool is_too_large_for_both = is_too_large && theirs.refusal == Refusal::too_large;
    const bool is_other_version = theirs.refusal == Refusal::first_line &&
                                  ours.major_version != '\0' && ours.major_version != '1';
    demand(is_too_large_for_both || is_other_version ||
               may_refuse_fields(*theirs.refusal, ours.fields, true),
           "go on", theirs, text);
    return;
  }
  const OurRefusal refusal = *ours.refusal;
  if (is_of_first_line(refusal, theirs)) {
    demand(!theirs.has_first_line, "refuse the first line", theirs, text);
  } else if (refusal != OurRefusal::bad_target && refusal != OurRefusal::bad_request_line) {
    demand(theirs.has_first_line, "refuse a field", theirs, text);
  }
  if (!theirs.is_complete) return;
  demand(may_take(refusal, theirs, std::string_view{text}.substr(0, theirs.taken)), "refuse it",
         theirs, text);
}

void hold_against(std::string_view stream, const ResponseReading& ours) {
  using State = ResponseHead::State;
  const bool is_out_of_bytes =
      ours.fault == HandshakeFault::too_large && ours.taken == head_bytes_max;
  for (std::size_t at = 0; at < ours.parts.size(); ++at) {
    const ResponsePart& part = ours.parts[at];
    const bool is_last = at + 1 == ours.parts.size();
    const bool is_whole = !is_last || ours.state == State::complete;
    const std::size_t end_of_whole = is_last ? ours.taken : ours.parts[at + 1].begin;
    const std::size_t end = is_whole ? end_of_whole : std::min(stream.size(), head_bytes_max);
    const std::string text = for_beast(stream, part.begin, end, part.minor_position);
    const Reading theirs = read_response(text);
    if (is_whole) {
      hold_complete(part, theirs, text);
    } else if (ours.fault && !is_out_of_bytes) {
      hold_broken(*ours.fault, part, theirs, text);
    } else {
      demand(!theirs.is_complete, "see no end", theirs, text);
      demand(!theirs.refusal || theirs.refusal == Refusal::too_large ||
                 may_refuse_fields(*theirs.refusal, part.fields, false),
             "go on", theirs, text);
    }
  }
}

}  // namespace lastword::fuzz::beast
