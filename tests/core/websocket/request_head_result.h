// Everything that can be seen of a RequestHead, to compare two of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/digest.h"
#include "core/websocket/request_head.h"

namespace lastword::websocket {

struct Result {
  std::size_t taken = 0;
  RequestHead::State state{};
  std::optional<Refusal> refusal;
  Method method{};
  std::uint64_t digest = 0;
  std::vector<std::string> texts;  // of the request
  std::vector<unsigned> facts;

  friend bool operator==(const Result&, const Result&) = default;

  friend void PrintTo(const Result& result, std::ostream* out) {
    *out << "taken " << result.taken << ", state " << static_cast<int>(result.state);
    if (result.refusal) *out << ", refusal " << static_cast<int>(*result.refusal);
    for (const std::string& text : result.texts) *out << ", " << text;
  }
};

inline Result result_of(const RequestHead& head, std::size_t taken = 0) {
  Result result{.taken = taken,
                .state = head.state(),
                .refusal = {},
                .method = head.method(),
                .digest = {},
                .texts = {},
                .facts = {}};
  Digest digest;
  head.add_to(digest);
  result.digest = digest.value();
  if (head.state() == RequestHead::State::refused) result.refusal = head.refusal();
  if (head.state() != RequestHead::State::complete) return result;

  const Request request = head.request();
  result.texts = {std::string{request.path}, std::string{request.host},
                  std::string{request.origin.value_or("none")},
                  std::string{request.key.value_or("none")},
                  std::string{request.version.value_or("none")}};
  result.texts.insert(result.texts.end(), request.protocols.begin(), request.protocols.end());
  result.texts.insert(result.texts.end(), request.extensions.begin(), request.extensions.end());
  result.facts = {static_cast<unsigned>(request.method),
                  request.minor_version,
                  static_cast<unsigned>(request.protocols.size()),
                  static_cast<unsigned>(request.is_connection_upgrade),
                  static_cast<unsigned>(request.is_upgrade_websocket),
                  static_cast<unsigned>(request.has_body)};
  return result;
}

// Reads the text in pieces of these sizes; the last one is the rest. Each piece is gone once it was
// fed.
inline Result read_in(std::string_view text, const std::vector<std::size_t>& sizes) {
  RequestHead head;
  std::size_t taken = 0;
  const auto feed = [&](std::string_view piece) {
    const std::string bytes{piece};
    taken += head.feed(as_bytes(bytes));
  };
  for (const std::size_t size : sizes) {
    const std::string_view piece = text.substr(0, std::min(size, text.size()));
    text.remove_prefix(piece.size());
    feed(piece);
  }
  feed(text);
  return result_of(head, taken);
}

}  // namespace lastword::websocket
