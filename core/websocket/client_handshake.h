// The client's side of the opening handshake (RFC 6455, section 4.1): the request, and the
// judgement on what answers it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/digest.h"
#include "core/websocket/accept_key.h"
#include "core/websocket/field_lines.h"
#include "core/websocket/head_text.h"

namespace lastword::websocket {

// --- The request -------------------------------------------------------------------------------

struct Offer {
  std::string_view authority;  // for Host: `host[:port]`
  std::string_view path;       // with the query, if there is one
  std::array<char, key_size> key{};
};

// Whether a request can be made of it: the authority names a host, the path begins with `/`, is
// visible ASCII and has no fragment, and the key is one.
[[nodiscard]] bool is_valid(const Offer& offer);

// Appends the request of a valid offer. It has no Origin, as this is no browser, and offers neither
// an extension nor a sub-protocol.
void append_request(std::vector<std::byte>& out, const Offer& offer);

// --- The response ------------------------------------------------------------------------------

// Why no WebSocket came of it.
enum class HandshakeFault : std::uint8_t {
  not_http,              // what came does not begin with `HTTP/`
  bad_head,              // nor does it go on as HTTP/1.1 is written
  too_large,             // the head, in bytes or in fields
  refused,               // the status is another than 101
  no_upgrade,            // not to WebSocket, or not as HTTP/1.1 does it
  wrong_accept,          // none, or another than the key asks for
  unexpected_extension,  // none was offered
  unexpected_protocol,   // likewise
};

// For a person, without a full stop.
[[nodiscard]] std::string_view explain(HandshakeFault fault);

// What a complete head says. Views point into the ResponseHead: good until it is changed, moved or
// destroyed.
struct Response {
  unsigned status = 0;         // three digits
  unsigned minor_version = 0;  // of HTTP/1
  std::string_view reason;     // the phrase behind the status; may be empty, and need not be UTF-8
  std::optional<std::string_view> accept{};
  // Only if it is in seconds (RFC 9110, section 10.2.3): nothing here has a clock to compare a date
  // with. At most 2^32 - 1, which stands for what is larger too.
  std::optional<std::chrono::seconds> retry_after{};
  bool is_connection_upgrade = false;  // `Connection` lists `upgrade`
  bool is_upgrade_websocket = false;   // `Upgrade` is `websocket`, and nothing else
  bool has_extensions = false;
  bool has_protocol = false;

  friend bool operator==(const Response&, const Response&) = default;
};

// Reads the head of the response as RequestHead reads that of a request: strictly, and byte by
// byte. Interim responses, which a client has to expect at any time (RFC 9110, section 15.2), are
// taken as part of it and left out of what it says; 101 is none of them.
//
// Invariants:
//  1. Where the stream is cut makes no difference: not to what is taken in all, to the result, nor
//     to the digest.
//  2. Never more than size_max bytes are taken. None is, once the head is complete or broken.
//  3. A broken head holds no memory.
class ResponseHead {
 public:
  static constexpr std::size_t size_max = HeadText::size_max;
  static constexpr std::size_t fields_max = FieldLines::count_max;

  enum class State : std::uint8_t { incomplete, complete, broken };

  // Takes bytes up to the end of the head, or to the one that breaks it. Returns how many. Those
  // behind a complete head belong to the WebSocket, or to the body of a refusal.
  [[nodiscard]] std::size_t feed(Bytes bytes);

  [[nodiscard]] State state() const;

  // Only of a broken head: not_http, bad_head or too_large.
  [[nodiscard]] HandshakeFault fault() const;

  // Only of a complete head.
  [[nodiscard]] Response response() const;

  // Forgets everything and frees the memory.
  void clear();

  // Of the heap.
  [[nodiscard]] std::size_t memory_bytes() const { return text_.memory_bytes(); }

  void add_to(Digest& digest) const;

 private:
  // What the next byte belongs to.
  enum class Place : std::uint8_t {
    version,
    status,
    reason,
    status_line_lf,
    fields,  // with the empty line behind them
    complete,
    broken,
  };

  void take(char character);
  void take_in_version(char character);
  void take_in_status(char character);
  void take_in_reason(char character);
  void take_in_fields();
  void keep(const FieldLines::Field& field);
  void end_head();
  void break_off(HandshakeFault fault);

  HeadText text_;
  FieldLines fields_;
  Piece reason_;
  std::optional<Piece> accept_;
  std::optional<std::chrono::seconds> retry_after_;
  std::uint16_t status_ = 0;
  std::uint8_t minor_version_ = 0;
  Place place_ = Place::version;
  HandshakeFault fault_{};
  bool has_upgrade_ = false;
  bool is_upgrade_websocket_ = false;
  bool is_connection_upgrade_ = false;
  bool has_extensions_ = false;
  bool has_protocol_ = false;
};

// What RFC 6455, section 4.1 asks of the response to a request with this (valid) key, in its order.
// Of a refusal the status and the reason are told by the response.
[[nodiscard]] std::expected<void, HandshakeFault> check(const Response& response,
                                                        const std::array<char, key_size>& key);

}  // namespace lastword::websocket
