// The head of the one HTTP request that a WebSocket connection begins with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/digest.h"
#include "core/websocket/field_lines.h"
#include "core/websocket/head_text.h"

namespace lastword::websocket {

// The methods that make a difference.
enum class Method : std::uint8_t { other, get, head, options, connect };

// Why a head is no request. The status that tells it: `status_for` in core/websocket/handshake.h.
enum class Refusal : std::uint8_t {
  bad_request_line,
  bad_target,
  unsupported_version,  // of HTTP
  bad_field_line,
  repeated_field,  // one of those that may come only once
  bad_host,
  missing_host,
  bad_content_length,
  too_many_fields,
  too_large,
};

// What a complete head says. Views point into the RequestHead: good until it is changed, moved or
// destroyed. Values are without the blanks around them.
struct Request {
  Method method = Method::other;
  unsigned minor_version = 0;  // of HTTP/1
  std::string_view path;       // as it came, without the query
  std::string_view host;       // `Host`, or what an absolute target says instead; may be empty
  std::optional<std::string_view> origin{};
  std::optional<std::string_view> key{};
  std::optional<std::string_view> version{};  // of the WebSocket protocol
  std::vector<std::string_view> protocols{};  // the values of all Sec-WebSocket-Protocol fields
  std::vector<std::string_view> extensions{};
  bool is_connection_upgrade = false;  // `Connection` lists `upgrade`
  bool is_upgrade_websocket = false;   // `Upgrade` lists `websocket`
  bool has_body = false;

  friend bool operator==(const Request&, const Request&) = default;
};

// Reads the head of a request as RFC 9112 writes it, without any of the leniences that it allows:
// but for one empty line before the request (section 2.2). Byte by byte: a byte that can't be part
// of a request refuses it there and then, and so does a line at its end. In each fact the received
// bytes are given to `feed`; those behind the head are left to the WebSocket.
//
// Invariants:
//  1. Where the stream is cut makes no difference: not to what is taken in all, to the result, nor
//     to the digest.
//  2. Never more than size_max bytes are taken. None is, once the head is complete or refused.
//  3. A refused head holds no memory.
class RequestHead {
 public:
  static constexpr std::size_t size_max = HeadText::size_max;
  static constexpr std::size_t fields_max = FieldLines::count_max;

  enum class State : std::uint8_t { incomplete, complete, refused };

  // Takes bytes up to the end of the head, or to the one that refuses it. Returns how many.
  [[nodiscard]] std::size_t feed(Bytes bytes);

  [[nodiscard]] State state() const;

  // Only of a refused head.
  [[nodiscard]] Refusal refusal() const;

  // `other` until it is known. (An answer to HEAD has no body, be it an error.)
  [[nodiscard]] Method method() const { return method_; }

  // Only of a complete head.
  [[nodiscard]] Request request() const;

  // Forgets everything and frees the memory.
  void clear();

  // Of the heap.
  [[nodiscard]] std::size_t memory_bytes() const {
    return text_.memory_bytes() + (protocols_.capacity() + extensions_.capacity()) * sizeof(Piece);
  }

  void add_to(Digest& digest) const;

 private:
  // What the next byte belongs to.
  enum class Place : std::uint8_t {
    front,     // the request line, or the one empty line before it
    front_lf,  // the rest of that empty line
    method,
    target,
    version,
    request_line_lf,
    fields,  // with the empty line behind them
    complete,
    refused,
  };

  // Fields that may come only once, and whose value is kept.
  enum class Single : std::uint8_t { host, origin, key, version, content_length };
  static constexpr std::size_t single_count = 5;

  void take(char character);
  void take_in_method(char character);
  void take_in_target(char character);
  void take_in_version(char character);
  void take_in_fields();
  [[nodiscard]] bool take_lf(char character, Place next);

  void end_request_line();
  [[nodiscard]] bool read_target(std::string_view target);
  [[nodiscard]] bool read_absolute_target(std::string_view target);
  void keep(const FieldLines::Field& field);
  void keep_single(Single single, std::string_view value);
  void end_head();
  void refuse(Refusal refusal);

  [[nodiscard]] std::optional<std::string_view> value_of(Single single) const;
  [[nodiscard]] std::vector<std::string_view> values(const std::vector<Piece>& pieces) const;

  HeadText text_;
  FieldLines fields_;
  std::vector<Piece> protocols_;
  std::vector<Piece> extensions_;
  std::array<std::optional<Piece>, single_count> singles_{};
  std::optional<Piece> authority_;  // of an absolute target
  Piece target_;
  Piece path_;  // empty: `/`, of an absolute target without one
  std::uint8_t minor_version_ = 0;
  Place place_ = Place::front;
  Refusal refusal_{};
  Method method_ = Method::other;
  bool is_connection_upgrade_ = false;
  bool is_upgrade_websocket_ = false;
  bool has_body_ = false;
};

}  // namespace lastword::websocket
