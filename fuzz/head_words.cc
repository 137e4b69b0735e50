#include "fuzz/head_words.h"

#include <optional>
#include <string_view>

namespace lastword::fuzz {
namespace {

using websocket::Method;
using websocket::Refusal;
using websocket::Request;
using websocket::RequestHead;
using websocket::Response;
using websocket::ResponseHead;

std::string_view name_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::bad_request_line:
      return "bad request line";
    case Refusal::bad_target:
      return "bad target";
    case Refusal::unsupported_version:
      return "unsupported version";
    case Refusal::bad_field_line:
      return "bad field line";
    case Refusal::repeated_field:
      return "repeated field";
    case Refusal::bad_host:
      return "bad host";
    case Refusal::missing_host:
      return "missing host";
    case Refusal::bad_content_length:
      return "bad content length";
    case Refusal::too_many_fields:
      return "too many fields";
    case Refusal::too_large:
      return "too large";
  }
  return "unknown refusal";
}

std::string_view name_of(Method method) {
  switch (method) {
    case Method::other:
      return "another";
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::options:
      return "OPTIONS";
    case Method::connect:
      return "CONNECT";
  }
  return "unknown method";
}

// What is listed one after the other: "NAME: VALUE".
class List {
 public:
  void add(std::string_view name, std::string_view value) {
    words_.push_back(std::string{name}.append(": ").append(value));
  }
  void add(std::string_view name, std::size_t number) {
    add(name, std::string_view{std::to_string(number)});
  }
  void add(std::string_view name, const std::optional<std::string_view>& value) {
    if (value) add(name, *value);
  }
  void add(std::string_view name, const std::vector<std::string_view>& values) {
    for (const std::string_view value : values) add(name, value);
  }
  // Only what is so.
  void add_fact(std::string_view name, bool is_so) {
    if (is_so) words_.emplace_back(name);
  }

  void add(const Request& request) {
    add("minor version", request.minor_version);
    add("path", request.path);
    add("host", request.host);
    add("origin", request.origin);
    add("key", request.key);
    add("version", request.version);
    add("protocols", request.protocols);
    add("extensions", request.extensions);
    add_fact("Connection: upgrade", request.is_connection_upgrade);
    add_fact("Upgrade: websocket", request.is_upgrade_websocket);
    add_fact("body", request.has_body);
  }

  void add(const Response& response) {
    add("status", response.status);
    add("minor version", response.minor_version);
    add("reason", response.reason);
    add("accept", response.accept);
    if (response.retry_after) {
      add("retry after", static_cast<std::size_t>(response.retry_after->count()));
    }
    add_fact("Connection: upgrade", response.is_connection_upgrade);
    add_fact("Upgrade: websocket", response.is_upgrade_websocket);
    add_fact("extensions", response.has_extensions);
    add_fact("protocol", response.has_protocol);
  }

  [[nodiscard]] const Words& words() const { return words_; }

 private:
  Words words_;
};

}  // namespace

Words words_of(const RequestHead& head, std::size_t taken) {
  List list;
  list.add("taken", taken);
  list.add("method", name_of(head.method()));
  if (head.state() == RequestHead::State::refused) list.add("refused", name_of(head.refusal()));
  if (head.state() == RequestHead::State::complete) {
    const Request request = head.request();
    list.add("complete", name_of(request.method));
    list.add(request);
  }
  return list.words();
}

Words words_of(const reference::RequestReading& reading) {
  List list;
  list.add("taken", reading.taken);
  list.add("method", name_of(reading.method));
  if (reading.refusal) list.add("refused", name_of(*reading.refusal));
  if (reading.state == RequestHead::State::complete) {
    list.add("complete", name_of(reading.request.method));
    list.add(reading.request);
  }
  return list.words();
}

Words words_of(const ResponseHead& head, std::size_t taken) {
  List list;
  list.add("taken", taken);
  if (head.state() == ResponseHead::State::broken) list.add("broken", explain(head.fault()));
  if (head.state() == ResponseHead::State::complete) list.add(head.response());
  return list.words();
}

Words words_of(const reference::ResponseReading& reading) {
  List list;
  list.add("taken", reading.taken);
  if (reading.fault) list.add("broken", explain(*reading.fault));
  if (reading.state == ResponseHead::State::complete) list.add(reading.response);
  return list.words();
}

Words words_of(const websocket::Decision& decision) {
  List list;
  list.add("status", static_cast<std::size_t>(decision.status));
  list.add("compression", static_cast<std::size_t>(decision.compression));
  list.add_fact("names the window", decision.is_window_named);
  return list.words();
}

}  // namespace lastword::fuzz
