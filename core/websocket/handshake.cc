#include "core/websocket/handshake.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <initializer_list>

#include "core/check.h"
#include "core/websocket/accept_key.h"
#include "core/websocket/origin.h"

namespace lastword::websocket {

namespace {

constexpr std::string_view protocol_version = "13";  // RFC 6455, section 4.1

constexpr std::string_view page =
    "This is lastword, a chat server. This port speaks WebSocket (RFC 6455).\n"
    "\n"
    "Connect to ws://HOST:PORT/ or ws://HOST:PORT/ws, with this host and port:\n"
    "    lastword connect ws://HOST:PORT/ --name NAME\n"
    "or, from a web page, new WebSocket(\"ws://HOST:PORT/\").\n"
    "The first message is your name. Then NAME: TEXT sends TEXT to NAME; /help says more.\n";

void append(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) out.append(part);
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits;  // of 2^64 - 1
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), result.ptr);
}

std::string_view explain(Refusal refusal) {
  switch (refusal) {
    case Refusal::bad_request_line:
      return "this port speaks HTTP and WebSocket; the first line must be METHOD, target and "
             "HTTP/1.1, with one blank between them and CR LF at the end";
    case Refusal::bad_target:
      return "the request target must be a path such as /ws, or an http address; without a "
             "fragment";
    case Refusal::unsupported_version:
      return "the version of HTTP must be 1.1";
    case Refusal::bad_field_line:
      return "each header line must be NAME: VALUE, with no blank before the colon, no control "
             "characters, not folded, and CR LF at the end";
    case Refusal::repeated_field:
      return "Host, Origin, Content-Length, Sec-WebSocket-Key and Sec-WebSocket-Version may each "
             "come only once";
    case Refusal::bad_host:
      return "Host must be a host name or address, and a port if it is not the default";
    case Refusal::missing_host:
      return "Host is missing";
    case Refusal::bad_content_length:
      return "Content-Length must be a decimal number";
    case Refusal::too_many_fields:
      return "there are more than 64 header fields";
    case Refusal::too_large:
      return "the request head is larger than 8192 bytes";
  }
  return "";
}

// Is this meant as a handshake, if maybe a bad one?
bool is_upgrade(const Request& request) {
  return request.is_upgrade_websocket || request.key || request.version;
}

Decision decide_without_upgrade(const Request& request) {
  if (request.method != Method::get && request.method != Method::head) {
    return {.status = Status::method_not_allowed};
  }
  return {.status = request.path == "/" ? Status::ok : Status::upgrade_required};
}

// What RFC 6455, section 4.2.1 asks for, in this order. Nothing, if it is all there.
std::string_view find_fault(const Request& request) {
  if (request.method != Method::get) return "a WebSocket is opened with the method GET";
  if (request.minor_version == 0) return "a WebSocket is opened with HTTP/1.1, not HTTP/1.0";
  if (!request.is_connection_upgrade) return "Connection must list the token upgrade";
  if (!request.is_upgrade_websocket) return "Upgrade must list the token websocket";
  if (!request.version) return "Sec-WebSocket-Version is missing; it must be 13";
  return "";
}

Decision decide_upgrade(const Request& request, const HandshakePolicy& policy) {
  const auto bad = [](std::string_view reason) {
    return Decision{.status = Status::bad_request, .reason = reason};
  };
  if (const std::string_view fault = find_fault(request); !fault.empty()) return bad(fault);
  if (*request.version != protocol_version) {  // RFC 6455, section 4.4
    return {.status = Status::upgrade_required, .reason = "Sec-WebSocket-Version must be 13"};
  }
  if (!request.key) return bad("Sec-WebSocket-Key is missing; it must be 16 bytes in base64");
  if (!is_valid_key(*request.key)) return bad("Sec-WebSocket-Key must be 16 bytes in base64");
  if (request.has_body) return bad("a request that opens a WebSocket has no body");

  const auto agreement = negotiate(request.extensions);
  if (!agreement) return bad("Sec-WebSocket-Extensions must be as in RFC 6455, section 9.1");

  const OriginRules rules{.host_names = policy.host_names,
                          .allowed_origins = policy.allowed_origins};
  if (request.origin && !is_allowed_origin(*request.origin, request.host, rules)) {
    return {.status = Status::forbidden};
  }
  if (!policy.is_compressing) return {.status = Status::switching_protocols};
  return {.status = Status::switching_protocols,
          .compression = agreement->compression,
          .is_window_named = agreement->is_window_named};
}

std::string_view phrase_for(Status status) {
  switch (status) {
    case Status::switching_protocols:
      return "Switching Protocols";
    case Status::ok:
      return "OK";
    case Status::bad_request:
      return "Bad Request";
    case Status::forbidden:
      return "Forbidden";
    case Status::not_found:
      return "Not Found";
    case Status::method_not_allowed:
      return "Method Not Allowed";
    case Status::request_timeout:
      return "Request Timeout";
    case Status::upgrade_required:
      return "Upgrade Required";
    case Status::header_fields_too_large:
      return "Request Header Fields Too Large";
    case Status::service_unavailable:
      return "Service Unavailable";
    case Status::http_version_not_supported:
      return "HTTP Version Not Supported";
  }
  return "";
}

// The body of a response whose decision gives no reason of its own, without its LF.
std::string_view body_for(Status status) {
  switch (status) {
    case Status::switching_protocols:
    case Status::ok:
    case Status::bad_request:  // these three never come without a reason of their own
    case Status::header_fields_too_large:
    case Status::http_version_not_supported:
      return "";
    case Status::forbidden:
      return "this Origin may not connect: it must be that of Host, which must be an address, "
             "localhost or a name given with --host-name; or it must be given with --allow-origin";
    case Status::not_found:
      return "there is nothing here; the WebSocket is at / and /ws";
    case Status::method_not_allowed:
      return "only GET and HEAD are understood here";
    case Status::request_timeout:
      return "the request head did not come in time";
    case Status::upgrade_required:
      return "this is a WebSocket (RFC 6455, version 13): connect with ws://, or send Upgrade: "
             "websocket";
    case Status::service_unavailable:
      return "the server is full; try again in a few seconds";
  }
  return "";
}

// Header lines that one status has and the others have not.
std::string_view fields_for(Status status) {
  switch (status) {
    case Status::method_not_allowed:
      return "Allow: GET, HEAD\r\n";  // RFC 9110, section 15.5.6
    case Status::service_unavailable:
      return "Retry-After: 5\r\n";
    case Status::upgrade_required:  // RFC 9110, section 15.5.22, and RFC 6455, section 4.4
      return "Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n";
    case Status::switching_protocols:
      return "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    case Status::ok:
    case Status::bad_request:
    case Status::forbidden:
    case Status::not_found:
    case Status::request_timeout:
    case Status::header_fields_too_large:
    case Status::http_version_not_supported:
      return "";
  }
  return "";
}

// The rest of a 101. A protocol is never among it: none is spoken, and to leave it out is to
// decline all that were offered (RFC 6455, section 4.2.2).
void append_acceptance(std::string& out, const Request& request, const Decision& decision) {
  LASTWORD_CHECK(request.key.has_value());
  const auto accept_key = accept_key_for(*request.key);
  append(out, {"Sec-WebSocket-Accept: ", {accept_key.data(), accept_key.size()}, "\r\n"});
  if (decision.compression != Compression::none) {
    out.append("Sec-WebSocket-Extensions: ");
    append_answer(
        out, {.compression = decision.compression, .is_window_named = decision.is_window_named});
    out.append("\r\n");
  }
  out.append("\r\n");
}

// The rest of any other response. No Date: nothing here has a clock (RFC 9110, section 6.6.1).
void append_text(std::string& out, Method method, const Decision& decision) {
  const bool is_page = decision.status == Status::ok;
  const std::string_view reason =
      decision.reason.empty() ? body_for(decision.status) : decision.reason;
  const std::string_view body = is_page ? page : reason;
  const std::string_view end = is_page ? "" : "\n";

  if (decision.status != Status::upgrade_required) out.append("Connection: close\r\n");
  out.append("Content-Type: text/plain; charset=utf-8\r\nContent-Length: ");
  append_number(out, body.size() + end.size());
  out.append("\r\n\r\n");
  if (method != Method::head) append(out, {body, end});
}

}  // namespace

Status status_for(Refusal refusal) {
  switch (refusal) {
    case Refusal::bad_request_line:
    case Refusal::bad_target:
    case Refusal::bad_field_line:
    case Refusal::repeated_field:
    case Refusal::bad_host:
    case Refusal::missing_host:
    case Refusal::bad_content_length:
      return Status::bad_request;
    case Refusal::unsupported_version:
      return Status::http_version_not_supported;
    case Refusal::too_many_fields:
    case Refusal::too_large:
      return Status::header_fields_too_large;
  }
  return Status::bad_request;
}

Decision decide(const RequestHead& head, const HandshakePolicy& policy) {
  LASTWORD_CHECK(head.state() != RequestHead::State::incomplete);
  if (head.state() == RequestHead::State::refused) {
    return {.status = status_for(head.refusal()), .reason = explain(head.refusal())};
  }
  const Request request = head.request();
  if (request.path != "/" && request.path != "/ws") return {.status = Status::not_found};
  return is_upgrade(request) ? decide_upgrade(request, policy) : decide_without_upgrade(request);
}

void append_response(std::string& out, const RequestHead& head, const Decision& decision) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::size_t>(decision.status));
  append(out, {" ", phrase_for(decision.status), "\r\n", fields_for(decision.status)});
  if (decision.status == Status::switching_protocols) {
    append_acceptance(out, head.request(), decision);
  } else {
    append_text(out, head.method(), decision);
  }
}

}  // namespace lastword::websocket
