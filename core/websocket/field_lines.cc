#include "core/websocket/field_lines.h"

#include "core/bytes.h"
#include "core/websocket/http_text.h"

namespace lastword::websocket {

FieldLines::Step FieldLines::take(HeadText& text) {
  const char character = text.next();
  switch (place_) {
    case Place::start:
      return take_at_start(text);
    case Place::name:
      if (is_token_character(character)) return Step::inside;
      // No blank before the colon (RFC 9112, section 5.1).
      if (character != ':') return Step::bad;
      name_ = text.cut();
      place_ = Place::value;
      return Step::inside;
    case Place::value:
      if (is_field_value_character(character)) return Step::inside;
      if (character != '\r') return Step::bad;
      place_ = Place::line_lf;
      return Step::inside;
    // A CR stands nowhere but before an LF (RFC 9112, section 2.2).
    case Place::line_lf:
      if (character != '\n') return Step::bad;
      place_ = Place::start;
      return Step::field;
    case Place::last_lf:
      return character == '\n' ? Step::end : Step::bad;
  }
  return Step::bad;
}

FieldLines::Step FieldLines::take_at_start(HeadText& text) {
  text.mark();
  if (text.next() == '\r') {
    place_ = Place::last_lf;
    return Step::inside;
  }
  // A blank here is an obsolete line folding (RFC 9112, section 5.2), or worse (section 2.2).
  if (!is_token_character(text.next())) return Step::bad;
  if (count_ == count_max) return Step::too_many;
  ++count_;
  place_ = Place::name;
  return Step::inside;
}

FieldLines::Field FieldLines::field(const HeadText& text) const {
  std::string_view value = text.since_mark();  // the mark is behind the colon
  value.remove_suffix(1);                      // CR
  return {.name = text.at(name_), .value = trim_blanks(value)};
}

}  // namespace lastword::websocket
