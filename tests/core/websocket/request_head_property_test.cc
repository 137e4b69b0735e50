// The parser of request heads against an obvious one, on heads that are almost good.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/websocket/http_text.h"
#include "core/websocket/request_head.h"
#include "tests/core/websocket/request_head_result.h"

namespace lastword::websocket {
namespace {

using State = RequestHead::State;

// Takes the text up to the mark, and the mark; all of it if there is none.
std::string_view take_until(std::string_view& text, std::string_view mark) {
  const std::size_t size = text.find(mark);
  const std::string_view piece = text.substr(0, size);
  text.remove_prefix(size == std::string_view::npos ? text.size() : size + mark.size());
  return piece;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_request_line(std::string_view line) {
  if (std::count(line.begin(), line.end(), ' ') != 2) return false;
  const std::string_view method = take_until(line, " ");
  const std::string_view target = take_until(line, " ");
  return is_token(method) && !target.empty() && !target.contains('#') &&
         std::all_of(target.begin(), target.end(), is_visible) && line.size() == 8 &&
         line.starts_with("HTTP/") && is_digit(line[5]) && line[6] == '.' && is_digit(line[7]);
}

bool is_field_line(std::string_view line) {
  if (!line.contains(':')) return false;
  const std::string_view name = take_until(line, ":");
  return is_token(name) && std::all_of(line.begin(), line.end(), is_field_value_character);
}

// The obvious way: the size of the head at the front of the text, if the whole of it is there and
// its grammar is right, whatever it means.
std::optional<std::size_t> size_of_head(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("\r\n")) rest.remove_prefix(2);
  if (!rest.contains("\r\n\r\n") || !is_request_line(take_until(rest, "\r\n"))) return {};
  std::size_t fields = 0;
  while (!rest.starts_with("\r\n")) {
    if (!is_field_line(take_until(rest, "\r\n")) || ++fields > RequestHead::fields_max) return {};
  }
  const std::size_t size = text.size() - rest.size() + 2;
  return size <= RequestHead::size_max ? std::optional{size} : std::nullopt;
}

// What a head that follows the grammar may still be refused for.
bool is_of_meaning(Refusal refusal) {
  switch (refusal) {
    case Refusal::bad_target:
    case Refusal::unsupported_version:
    case Refusal::repeated_field:
    case Refusal::bad_host:
    case Refusal::missing_host:
    case Refusal::bad_content_length:
      return true;
    case Refusal::bad_request_line:
    case Refusal::bad_field_line:
    case Refusal::too_many_fields:
    case Refusal::too_large:
      return false;
  }
  return false;
}

// A head of which some lines may be missing, repeated or broken.
rc::Gen<std::string> heads() {
  const auto lines = rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "Host: a\r\n", "Connection: upgrade\r\n", "Upgrade: websocket\r\n", "Origin: http://a\r\n",
      "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Extensions: x\r\n", "A:\r\n", "B: \t b \r\n",
      "Content-Length: 0\r\n", "Sec-WebSocket-Protocol: p\r\n", "C: \x80\r\n"));
  const auto fronts = rc::gen::element<std::string>(
      "GET / HTTP/1.1\r\nHost: a\r\n", "GET /ws?x HTTP/1.1\r\nHost: a\r\n", "HEAD / HTTP/1.0\r\n",
      "\r\nGET http://b/ HTTP/1.1\r\nHost: a\r\n", "OPTIONS * HTTP/1.2\r\nHost: a\r\n",
      "PRI * HTTP/2.0\r\n");
  // Many lines would nearly always repeat one that may not be.
  return rc::gen::map(rc::gen::pair(fronts, rc::gen::scale(0.06, lines)), [](const auto& parts) {
    std::string head = parts.first;
    for (const std::string& line : parts.second) head += line;
    return head + "\r\nbytes behind";
  });
}

// Bytes that mean something, at some places; mostly none, so that much remains good.
std::string mutate(std::string text) {
  const auto count = *rc::gen::weightedElement<int>({{4, 0}, {4, 1}, {2, 2}, {1, 5}});
  for (int change = 0; change < count; ++change) {
    const auto place = *rc::gen::inRange<std::size_t>(0, text.size());
    const char character = *rc::gen::element<char>('\r', '\n', ' ', '\t', ':', '/', '#', '\0', 'a',
                                                   '\x7F', '\x80', ',', '1', '?', '[');
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        text[place] = character;
        break;
      case 1:
        text.insert(place, 1, character);
        break;
      case 2:
        text.erase(place, 1);
        break;
      default:
        text.insert(place, text.substr(place / 2, *rc::gen::element<std::size_t>(2, 20, 4000)));
        break;
    }
  }
  return text;
}

RC_GTEST_PROP(RequestHead, IsWhatTheObviousParserFindsHoweverItIsCut, ()) {
  const std::string text = mutate(*heads());
  const auto sizes =
      *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 40));

  const Result whole = read_in(text, {});
  RC_ASSERT(read_in(text, sizes) == whole);
  RC_ASSERT(read_in(text, std::vector<std::size_t>(text.size(), 1)) == whole);
  RC_ASSERT(whole.taken <= RequestHead::size_max);

  const auto size = size_of_head(text);
  if (whole.state == State::complete) RC_ASSERT(size == whole.taken);
  if (size) {
    RC_ASSERT(whole.state != State::incomplete);
    if (whole.refusal) RC_ASSERT(is_of_meaning(*whole.refusal));
    RC_ASSERT(whole.taken <= *size);
  }
  RC_CLASSIFY(whole.state == State::complete, "complete");
  RC_CLASSIFY(whole.state == State::refused, "refused");
}

RC_GTEST_PROP(RequestHead, TakesAnyBytesWithoutHarm, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  const Result whole = read_in(text, {});
  RC_ASSERT(whole.taken <= RequestHead::size_max);
  RC_ASSERT(read_in(text, std::vector<std::size_t>(text.size(), 1)) == whole);
}

}  // namespace
}  // namespace lastword::websocket
