#include "core/report.h"

#include <chrono>
#include <string_view>

#include "core/replies.h"

namespace lastword {

namespace {

std::string_view word_for(StopReason reason) {
  return reason == StopReason::interrupt ? "SIGINT" : "SIGTERM";
}

}  // namespace

// Nothing but numbers and words of our own goes in, so nothing needs escaping.
std::string to_json(const Report& report) {
  const Books& books = report.books;
  const auto drain_ms = std::chrono::duration_cast<std::chrono::milliseconds>(report.drain).count();

  std::string json = R"({"event":"shutdown","clean":)";
  json += report.is_clean() ? "true" : "false";
  json += R"(,"reason":")";
  json += word_for(report.reason);
  json += R"(","drain_ms":)" + std::to_string(drain_ms);
  json += R"(,"messages":{"accepted":)" + std::to_string(books.accepted);
  json += R"(},"deliveries":{"total":)" + std::to_string(books.total);
  json += R"(,"delivered":)" + std::to_string(books.delivered);
  json += R"(,"failed":{)";
  for (std::size_t failure = 0; failure < failure_count; ++failure) {
    if (failure > 0) json += ',';
    json += '"';
    json += lastword::word_for(static_cast<Failure>(failure));
    json += "\":" + std::to_string(books.failed[failure]);
  }
  json += R"(}},"connections":{"total":)" + std::to_string(books.connections_total);
  json += R"(,"clean":)" + std::to_string(books.connections_clean);
  json += R"(,"failed":)" + std::to_string(books.connections_failed);
  json += "}}";
  return json;
}

}  // namespace lastword
