#include "tests/end_to_end/shutdown_report.h"

#include <initializer_list>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

using Json = nlohmann::json;

// The object `parent[key]`, which has exactly the keys named.
const Json& object_with(const Json& parent, std::string_view key,
                        std::initializer_list<std::string_view> keys) {
  const Json& object = key.empty() ? parent : parent.at(std::string(key));
  if (!object.is_object() || object.size() != keys.size()) {
    throw Violation("the shutdown report's '" + std::string(key) +
                    "' has other members: " + object.dump());
  }
  for (const std::string_view member : keys) static_cast<void>(object.at(std::string(member)));
  return object;
}

std::int64_t count(const Json& object, const char* key) {
  const Json& value = object.at(key);
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0) {
    throw Violation("the shutdown report's '" + std::string(key) +
                    "' is no count: " + value.dump());
  }
  return value.get<std::int64_t>();
}

ShutdownReport read_members(const Json& json) {
  object_with(json, "",
              {"event", "clean", "reason", "drain_ms", "messages", "deliveries", "connections"});
  if (json.at("event") != "shutdown") throw Violation("no shutdown report: " + json.dump());

  ShutdownReport report;
  report.clean = json.at("clean").get<bool>();
  report.reason = json.at("reason").get<std::string>();
  report.drain_ms = count(json, "drain_ms");
  report.accepted = count(object_with(json, "messages", {"accepted"}), "accepted");

  const Json& deliveries = object_with(json, "deliveries", {"total", "delivered", "failed"});
  report.deliveries.total = count(deliveries, "total");
  report.deliveries.delivered = count(deliveries, "delivered");
  const Json& failed = object_with(
      deliveries, "failed", {"not_connected", "peer_gone", "slow_consumer", "drain_deadline"});
  report.deliveries.failed = {.not_connected = count(failed, "not_connected"),
                              .peer_gone = count(failed, "peer_gone"),
                              .slow_consumer = count(failed, "slow_consumer"),
                              .drain_deadline = count(failed, "drain_deadline")};

  const Json& connections = object_with(json, "connections", {"total", "clean", "failed"});
  report.connections = {.total = count(connections, "total"),
                        .clean = count(connections, "clean"),
                        .failed = count(connections, "failed")};
  return report;
}

}  // namespace

ShutdownReport parse_shutdown_report(std::string_view line) {
  try {
    return read_members(Json::parse(line));
  } catch (const Json::exception& error) {
    throw Violation("unusable shutdown report: " + std::string(line) + "\n" + error.what());
  }
}

}  // namespace lastword::end_to_end
