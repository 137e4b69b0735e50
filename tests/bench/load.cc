// lastword-load: puts a load on a server that speaks lastword's line protocol or its WebSocket
// protocol, or on a peer in the peer's own, counts every delivery, and says in one line of JSON
// what CPU time the server took for one. README.md explains the figures.

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "load_options.h"
#include "loopback_socket.h"
#include "measure.h"
#include "plans.h"
#include "server_process.h"
#include "traffic.h"

namespace lastword::bench {

using std::chrono::nanoseconds;

namespace {

// Where the server writes a shutdown report, its books must show what arrived here.
void check_shutdown_report(const Json& shutdown, const Traffic& traffic) {
  const Progress& progress = traffic.progress();
  const auto accepted = shutdown.at("messages").at("accepted").get<std::uint64_t>();
  const auto delivered = shutdown.at("deliveries").at("delivered").get<std::uint64_t>();
  const auto total = shutdown.at("deliveries").at("total").get<std::uint64_t>();
  if (accepted != progress.messages || delivered != progress.deliveries || total != delivered) {
    throw LoadFailure("the shutdown report has " + std::to_string(accepted) + " messages and " +
                      std::to_string(delivered) + " of " + std::to_string(total) +
                      " deliveries; sent were " + std::to_string(progress.messages) +
                      ", arrived are " + std::to_string(progress.deliveries));
  }
  if (!shutdown.at("clean").get<bool>()) throw LoadFailure("the shutdown was not clean");
  const Traffic::Goodbyes goodbyes = traffic.goodbyes();
  if (goodbyes.missing != 0) {
    throw LoadFailure("no goodbye came on " + std::to_string(goodbyes.missing) + " connections");
  }
  if (goodbyes.lines_accepted != progress.messages) {
    throw LoadFailure("the goodbyes tell of " + std::to_string(goodbyes.lines_accepted) +
                      " messages; sent were " + std::to_string(progress.messages));
  }
  if (goodbyes.unclosed != 0) {
    throw LoadFailure("no close frame came on " + std::to_string(goodbyes.unclosed) +
                      " connections");
  }
}

}  // namespace

nanoseconds end_server(ServerProcess& server, Traffic& traffic, const Options& options,
                       Json& report) {
  server.ask_to_stop();
  traffic.resume_all();
  traffic.read_to_the_end();
  const ServerProcess::Ending ending = server.end(options.patience());
  if (traffic.progress().deliveries != traffic.deliveries_expected()) {
    throw LoadFailure("the server ended with " + std::to_string(traffic.progress().deliveries) +
                      " of " + std::to_string(traffic.deliveries_expected()) + " deliveries made");
  }
  // The floor has nothing to say, and what a peer says is no report.
  if (ending.last_words.empty() || is_peer(options.transport)) return ending.cpu;
  const Json shutdown = Json::parse(ending.last_words, nullptr, false);
  if (!shutdown.is_object()) throw LoadFailure("no report in JSON: " + ending.last_words);
  report["shutdown"] = shutdown;
  check_shutdown_report(shutdown, traffic);
  return ending.cpu;
}

namespace {

std::optional<CpuPair> choose_cpus(Placement placement) {
  if (placement == Placement::anywhere) return std::nullopt;
  std::optional<CpuPair> cpus = find_two_cpus();
  if (!cpus) throw LoadFailure("placing server and driver takes two CPUs");
  if (placement == Placement::together) cpus->driver = cpus->server;
  return cpus;
}

void measure(Traffic& traffic, const Options& options, const Subject& server, Json& report) {
  switch (options.mode) {
    case Mode::pairs:
      plan_pairs(traffic, options);
      return measure_traffic(traffic, options, server, report);
    case Mode::room:
      plan_rooms(traffic, options);
      return measure_traffic(traffic, options, server, report);
    case Mode::list:
      plan_list(traffic, options);
      return measure_traffic(traffic, options, server, report);
    case Mode::idle:
      return measure_idle(traffic, options, server, report);
    case Mode::drain:
      return measure_drain(traffic, options, server, report);
    case Mode::slow:
      return measure_slow(traffic, options, server, report);
    case Mode::fairness:
      return measure_fairness(traffic, options, server, report);
  }
}

void run(const Options& options, Json& report) {
  raise_descriptor_limit(options.connection_count());
  const std::optional<CpuPair> cpus = choose_cpus(options.placement);
  std::unique_ptr<ServerProcess> server;
  if (!options.server_command.empty()) {
    ServerProcess::Placement placement;
    if (cpus) placement.cpu = cpus->server;
    server = std::make_unique<ServerProcess>(options.server_command, placement, options.patience());
  }
  if (cpus) pin_to_cpu(0, cpus->driver);
  const std::string listener = options.transport == Transport::ws ? "ws" : "tcp";
  Traffic traffic({.server = server ? server->address(listener) : parse_address(options.connect_to),
                   .transport = options.transport,
                   .window = options.window,
                   .delivered_size = options.size,
                   .patience = options.patience()});
  const Subject subject{.id = server ? server->id() : options.server_id, .process = server.get()};
  try {
    measure(traffic, options, subject, report);
    if (server && !server->has_ended()) end_server(*server, traffic, options, report);
  } catch (const LoadFailure&) {
    report["messages_sent"] = traffic.progress().messages;
    report["deliveries_expected"] = traffic.deliveries_expected();
    report["deliveries_arrived"] = traffic.progress().deliveries;
    throw;
  }
}

// What the run was, before its figures.
Json heading_of(const Options& options) {
  Json report{{"server", options.label},
              {"transport", name_of(options.transport)},
              {"mode", name_of(options.mode)},
              {"placement", name_of(options.placement)}};
  switch (options.mode) {
    case Mode::idle:
      return report;
    case Mode::pairs:
    case Mode::slow:
    case Mode::fairness:
      report["pairs"] = options.pairs;
      break;
    case Mode::room:
      report["rooms"] = options.rooms;
      report["members"] = options.members;
      report["senders"] = options.senders;
      break;
    case Mode::list:
      report["names"] = options.names;
      report["senders"] = options.senders;
      break;
    case Mode::drain:
      report["receivers"] = options.receivers;
      report["queued"] = options.queued;
      report["senders"] = options.senders;
      report["size"] = options.size;
      report["end"] = name_of(options.queue_end);
      return report;
  }
  report["loop"] = options.rate > 0 ? "open" : "closed";
  if (options.rate > 0) {
    report["rate"] = options.rate;
    report["pacing"] = name_of(options.chosen_pacing());
  } else {
    report["window"] = options.window;
  }
  report["size"] = options.size;
  report["connections"] = options.connection_count();
  return report;
}

// The line of JSON, whether it held or not. Returns the exit code.
int run_and_report(const Options& options) {
  Json report = heading_of(options);
  bool holds = true;
  try {
    run(options, report);
  } catch (const std::exception& failure) {
    std::cerr << "lastword-load: " << failure.what() << "\n";
    report["error"] = failure.what();
    holds = false;
  }
  report["valid"] = holds;
  std::cout << report.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  return holds ? 0 : 1;
}

}  // namespace
}  // namespace lastword::bench

int main(int argument_count, char** arguments) {
  lastword::bench::Options options;
  if (const auto exit_code = lastword::bench::parse_options(argument_count, arguments, options)) {
    return *exit_code;
  }
  return lastword::bench::run_and_report(options);
}
