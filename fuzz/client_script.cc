#include "fuzz/client_script.h"

#include <algorithm>

namespace lastword::fuzz {

namespace {

constexpr char escape = '\x1B';

}  // namespace

Step Script::next() {
  using Kind = Step::Kind;
  if (rest_.front() != escape) {
    const std::string_view text = rest_.substr(0, rest_.find(escape));
    rest_.remove_prefix(text.size());
    return {.text = text};
  }
  rest_.remove_prefix(1);
  const std::string_view letter = rest_.substr(0, 1);
  switch (character()) {
    case 'm':
      return {.kind = Kind::message, .text = line()};
    case 'F': {
      const std::uint8_t first = number();
      return {.kind = Kind::frame, .text = line(), .number = first};
    }
    case 'a':
      return {.kind = Kind::answer};
    case 'h':
      return {.kind = Kind::upgrade};
    case 't':
      return {.kind = Kind::last_token};
    case 'n':
      return {.kind = Kind::next_token};
    case 'k':
      return {.kind = Kind::accept_key};
    case 'x':
      return {.kind = Kind::end_link, .number = number()};
    case 'z':
      return {.kind = Kind::fall_silent};
    case 'w':
      return {.kind = Kind::write_budget, .number = number()};
    case 'W':
      return {.kind = Kind::write_max, .number = number()};
    case 'c':
      return {.kind = Kind::attempts, .number = number()};
    case 'p':
      return {.kind = Kind::pass, .number = number()};
    case 'j':
      return {.kind = Kind::stand_still, .number = number()};
    case '.':
      return {.kind = Kind::settle};
    case 'g':
      return {.kind = Kind::give, .text = line()};
    case 'G':
      return {.kind = Kind::give_long, .number = number()};
    case 'q':
      return {.kind = Kind::finish};
    case 'Q':
      return {.kind = Kind::abandon};
    case 's':
      return {.kind = Kind::stop_taking_lines};
    case 'r':
      return {.kind = Kind::take_lines};
    case 'u':
      return {.kind = Kind::take_some_lines, .number = number()};
    case 'v':
      return {.kind = Kind::hold_events};
    case 'V':
      return {.kind = Kind::take_events};
    default:
      return {.text = letter};
  }
}

// Behind the end there are zeros.
char Script::character() {
  if (rest_.empty()) return '\0';
  const char first = rest_.front();
  rest_.remove_prefix(1);
  return first;
}

// Up to the next LF, which is taken too.
std::string_view Script::line() {
  const std::string_view text = rest_.substr(0, rest_.find('\n'));
  rest_.remove_prefix(std::min(text.size() + 1, rest_.size()));
  return text;
}

}  // namespace lastword::fuzz
