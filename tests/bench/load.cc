// lastword-load: puts a load on a server that speaks lastword's line protocol or its WebSocket
// protocol, counts every delivery, and says in one line of JSON what CPU time the server took for
// one. README.md explains the figures.

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "server_process.h"
#include "traffic.h"

namespace lastword::bench {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

// Where server and driver run. It makes a difference of two: what one core wrote, the other must
// fetch, and waking a process on another core takes an interrupt.
enum class Placement : std::uint8_t { anywhere, apart, together };

const std::map<std::string, Placement> placements{{"anywhere", Placement::anywhere},
                                                  {"apart", Placement::apart},
                                                  {"together", Placement::together}};

const std::map<std::string, Transport> transports{{"lines", Transport::lines},
                                                  {"ws", Transport::ws}};

struct Options {
  std::string label;
  std::string server_command;
  std::string connect_to;
  pid_t server_id = 0;
  Placement placement = Placement::anywhere;
  Transport transport = Transport::lines;
  std::uint32_t pairs = 50;
  std::uint32_t members = 100;
  std::uint32_t names = 100;
  std::uint32_t senders = 1;
  std::uint32_t connections = 10000;
  std::uint64_t messages = 100000;
  std::uint64_t warm_up = 10000;
  std::size_t window = 32;
  std::size_t size = 64;
  std::uint32_t idle_seconds = 5;
  std::uint32_t patience_seconds = 10;

  [[nodiscard]] std::chrono::seconds patience() const {
    return std::chrono::seconds(patience_seconds);
  }
};

template <typename Choice>
std::string name_of(Choice choice, const std::map<std::string, Choice>& choices) {
  const auto is_it = [&](const auto& entry) { return entry.second == choice; };
  return std::ranges::find_if(choices, is_it)->first;
}

// Numbered names have one width, so that every delivered line has one size.
std::string numbered(char kind, std::uint32_t number) {
  std::ostringstream name;
  name << kind << std::setw(5) << std::setfill('0') << number;
  return name.str();
}

constexpr const char* room = "room";

void plan_pairs(Traffic& traffic, const Options& options) {
  for (std::uint32_t i = 0; i < options.pairs; ++i) {
    const ConnectionIndex sender = traffic.add_connection(numbered('s', i), "");
    const ConnectionIndex receiver = traffic.add_connection(numbered('r', i), "");
    const StreamIndex stream =
        traffic.add_stream({.sender = sender,
                            .destinations = numbered('r', i),
                            .delivered_head = "from " + numbered('s', i) + ": ",
                            .receiver_count = 1});
    traffic.subscribe(receiver, {.first = stream, .count = 1});
  }
}

void plan_room(Traffic& traffic, const Options& options) {
  for (std::uint32_t i = 0; i < options.members; ++i) {
    // The senders are members too: s00000, s00001, ..., then those that only listen.
    const bool is_sender = i < options.senders;
    const std::string name = numbered(is_sender ? 's' : 'r', i);
    const ConnectionIndex member = traffic.add_connection(name, room);
    traffic.subscribe(member, {.first = StreamIndex{0}, .count = options.senders});
    if (!is_sender) continue;
    traffic.add_stream({.sender = member,
                        .destinations = std::string("#") + room,
                        .delivered_head = "from " + name + " in #" + room + ": ",
                        .receiver_count = options.members - 1});
  }
}

void plan_list(Traffic& traffic, const Options& options) {
  std::string list;
  for (std::uint32_t i = 0; i < options.names; ++i) {
    const ConnectionIndex receiver = traffic.add_connection(numbered('r', i), "");
    traffic.subscribe(receiver, {.first = StreamIndex{0}, .count = options.senders});
    list += (i == 0 ? "" : ", ") + numbered('r', i);
  }
  for (std::uint32_t i = 0; i < options.senders; ++i) {
    traffic.add_stream({.sender = traffic.add_connection(numbered('s', i), ""),
                        .destinations = list,
                        .delivered_head = "from " + numbered('s', i) + ": ",
                        .receiver_count = options.names});
  }
}

nanoseconds own_cpu() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

// To one place, or three: more would be noise.
double to_tenths(double figure) { return std::round(figure * 10) / 10; }
double to_thousandths(double figure) { return std::round(figure * 1000) / 1000; }

double share_of_a_core(nanoseconds cpu, nanoseconds wall) {
  return to_thousandths(ratio(static_cast<double>(cpu.count()), static_cast<double>(wall.count())));
}

// A driver that is busy all the time while the server is not has become the bottleneck; the server
// then wakes up for less at a time, and its CPU time per delivery is that of a half-idle server.
constexpr double busy_share_min = 0.95;

void measure_traffic(Traffic& traffic, const Options& options, pid_t server, Json& report) {
  traffic.finish_logins();
  traffic.run(options.warm_up);
  const Progress progress_before = traffic.progress();
  const ProcessUsage server_before = settled_usage(server);
  const nanoseconds driver_before = own_cpu();
  const auto start = steady_clock::now();

  traffic.run(options.messages);

  const nanoseconds wall = steady_clock::now() - start;
  const nanoseconds driver_cpu = own_cpu() - driver_before;
  const ProcessUsage server_after = settled_usage(server);
  const Progress progress_after = traffic.progress();
  traffic.confirm_nothing_more_comes();

  const nanoseconds server_cpu = server_after.cpu - server_before.cpu;
  const std::uint64_t deliveries = progress_after.deliveries - progress_before.deliveries;
  const std::uint64_t reads = progress_after.reads - progress_before.reads;
  const auto deliveries_figure = static_cast<double>(deliveries);
  const auto server_cpu_figure = static_cast<double>(server_cpu.count());
  const double server_share = share_of_a_core(server_cpu, wall);
  const double driver_share = share_of_a_core(driver_cpu, wall);
  const bool is_driver_bound = driver_share >= busy_share_min && server_share < busy_share_min;

  report["messages"] = progress_after.messages - progress_before.messages;
  report["deliveries"] = deliveries;
  report["server_cpu_ns_per_delivery"] = to_tenths(ratio(server_cpu_figure, deliveries_figure));
  report["server_cpu_ns"] = server_cpu.count();
  report["driver_cpu_ns"] = driver_cpu.count();
  report["wall_ns"] = wall.count();
  report["deliveries_per_second"] =
      std::round(1e9 * ratio(deliveries_figure, static_cast<double>(wall.count())));
  report["server_share"] = server_share;
  report["driver_share"] = driver_share;
  report["driver_bound"] = is_driver_bound;
  report["deliveries_per_read"] = to_tenths(ratio(deliveries_figure, static_cast<double>(reads)));
  report["server_wake_ups"] = server_after.wake_ups - server_before.wake_ups;
  if (is_driver_bound) {
    std::cerr << "lastword-load: the driver was the bottleneck, not the server\n";
  }
}

void measure_idle(Traffic& traffic, const Options& options, pid_t server, Json& report) {
  // What a server sets up for its first client (a library for the handshake, say) is no cost of
  // each.
  traffic.add_connection(numbered('f', 0), "");
  traffic.finish_logins();
  static_cast<void>(settled_usage(server));
  const ProcessMemory memory_before = memory_of(server);
  for (std::uint32_t i = 0; i < options.connections; ++i) {
    traffic.add_connection(numbered('i', i), "");
  }
  traffic.finish_logins();
  const ProcessUsage usage_before = settled_usage(server);
  const ProcessMemory memory_after = memory_of(server);
  traffic.rest(std::chrono::seconds(options.idle_seconds));
  const ProcessUsage usage_after = settled_usage(server);

  const auto per_connection = [&](std::uint64_t after, std::uint64_t before) {
    return to_tenths(
        ratio(static_cast<double>(after) - static_cast<double>(before), options.connections));
  };
  report["connections"] = options.connections;
  report["anonymous_bytes_per_connection"] =
      per_connection(memory_after.anonymous_bytes, memory_before.anonymous_bytes);
  report["private_bytes_per_connection"] =
      per_connection(memory_after.private_bytes, memory_before.private_bytes);
  report["idle_seconds"] = options.idle_seconds;
  report["idle_cpu_ns"] = (usage_after.cpu - usage_before.cpu).count();
  report["idle_wake_ups"] = usage_after.wake_ups - usage_before.wake_ups;
}

// Where the server writes a shutdown report, its books must show what arrived here.
void check_shutdown_report(const Json& shutdown, const Progress& progress) {
  const auto accepted = shutdown.at("messages").at("accepted").get<std::uint64_t>();
  const auto delivered = shutdown.at("deliveries").at("delivered").get<std::uint64_t>();
  const auto total = shutdown.at("deliveries").at("total").get<std::uint64_t>();
  if (accepted == progress.messages && delivered == progress.deliveries && total == delivered) {
    return;
  }
  throw LoadFailure("the shutdown report has " + std::to_string(accepted) + " messages and " +
                    std::to_string(delivered) + " of " + std::to_string(total) +
                    " deliveries; sent were " + std::to_string(progress.messages) +
                    ", arrived are " + std::to_string(progress.deliveries));
}

void end_server(ServerProcess& server, Traffic& traffic, const Options& options, Json& report) {
  server.ask_to_stop();
  traffic.read_to_the_end();
  const std::string last_words = server.end(options.patience());
  if (last_words.empty()) return;  // the floor has nothing to say
  const Json shutdown = Json::parse(last_words, nullptr, false);
  if (!shutdown.is_object()) throw LoadFailure("no report in JSON: " + last_words);
  report["shutdown"] = shutdown;
  check_shutdown_report(shutdown, traffic.progress());
  if (const std::size_t count = traffic.connections_not_closed_in_order(); count != 0) {
    throw LoadFailure("no close frame came on " + std::to_string(count) + " connections");
  }
}

std::optional<CpuPair> choose_cpus(Placement placement) {
  if (placement == Placement::anywhere) return std::nullopt;
  std::optional<CpuPair> cpus = find_two_cpus();
  if (!cpus) throw LoadFailure("placing server and driver takes two CPUs");
  if (placement == Placement::together) cpus->driver = cpus->server;
  return cpus;
}

using Measure = std::function<void(Traffic&, const Options&, pid_t, Json&)>;

void run(const Options& options, const Measure& measure, Json& report) {
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
  try {
    measure(traffic, options, server ? server->id() : options.server_id, report);
    if (server) end_server(*server, traffic, options, report);
  } catch (const LoadFailure&) {
    report["messages_sent"] = traffic.progress().messages;
    report["deliveries_expected"] = traffic.deliveries_expected();
    report["deliveries_arrived"] = traffic.progress().deliveries;
    throw;
  }
}

void raise_descriptor_limit() {
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);  // a server started from here inherits it
}

// The line of JSON, whether it held or not. Returns the exit code.
int run_and_report(const Options& options, const Measure& measure, Json report) {
  bool holds = true;
  try {
    run(options, measure, report);
  } catch (const std::exception& failure) {
    std::cerr << "lastword-load: " << failure.what() << "\n";
    report["error"] = failure.what();
    holds = false;
  }
  report["valid"] = holds;
  std::cout << report.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  return holds ? 0 : 1;
}

void add_common_options(CLI::App& mode, Options& options) {
  auto* server = mode.add_option("--server", options.server_command,
                                 "the command that starts the server to measure");
  auto* connect = mode.add_option("--connect", options.connect_to,
                                  "HOST:PORT of a server that is running already");
  auto* id = mode.add_option("--pid", options.server_id, "the process id of that server");
  connect->needs(id)->excludes(server);
  mode.add_option("--label", options.label, "copied into the report as \"server\"");
  mode.add_option("--transport", options.transport, "lines, or ws (WebSocket)")
      ->transform(CLI::CheckedTransformer(transports).description(""));
  mode.add_option("--placement", options.placement,
                  "CPUs of server and driver: anywhere, apart (one each) or together (the same)")
      ->transform(CLI::CheckedTransformer(placements).description(""))
      ->needs(server);
  mode.add_option("--patience", options.patience_seconds,
                  "seconds in which nothing arrives before the run is given up")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
}

void add_traffic_options(CLI::App& mode, Options& options) {
  mode.add_option("--messages", options.messages, "messages to send in the measured part")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  mode.add_option("--warm-up", options.warm_up, "messages to send before it")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  mode.add_option("--window", options.window, "messages under way of one sender")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  mode.add_option("--size", options.size,
                  "bytes of a delivered line, LF included; in ws one less, for it has none")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

constexpr std::uint32_t names_max = 99999;  // five digits

int main_of_load(int argument_count, char** arguments) {
  Options options;
  CLI::App app("Puts a load on a lastword server and measures what a delivery costs it.",
               "lastword-load");
  app.require_subcommand(1);

  CLI::App* pairs = app.add_subcommand("pairs", "each sender writes to its own receiver");
  pairs->add_option("--pairs", options.pairs, "senders, and receivers")
      ->check(CLI::Range(1U, names_max))
      ->capture_default_str();
  CLI::App* room_mode = app.add_subcommand("room", "senders write to a room they are in");
  room_mode->add_option("--members", options.members, "everyone in the room")
      ->check(CLI::Range(2U, names_max))
      ->capture_default_str();
  CLI::App* list = app.add_subcommand("list", "each line names all receivers");
  list->add_option("--names", options.names, "receivers named in one line")
      ->check(CLI::Range(1U, names_max))
      ->capture_default_str();
  CLI::App* idle = app.add_subcommand("idle", "connections that say nothing");
  idle->add_option("--connections", options.connections, "how many")
      ->check(CLI::Range(1U, names_max))
      ->capture_default_str();
  idle->add_option("--idle-seconds", options.idle_seconds, "how long the server is watched")
      ->capture_default_str();

  for (CLI::App* mode : {pairs, room_mode, list, idle}) add_common_options(*mode, options);
  for (CLI::App* mode : {pairs, room_mode, list}) add_traffic_options(*mode, options);
  for (CLI::App* mode : {room_mode, list}) {
    mode->add_option("--senders", options.senders, "how many send")
        ->check(CLI::Range(1U, names_max))
        ->capture_default_str();
  }
  app.callback([&] {
    if (options.server_command.empty() && options.connect_to.empty()) {
      throw CLI::RequiredError("--server or --connect");
    }
    if (options.senders > options.members && room_mode->parsed()) {
      throw CLI::ValidationError("--senders", "can't be more than --members");
    }
  });
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  raise_descriptor_limit();

  const std::string mode = app.get_subcommands().front()->get_name();
  Json report{{"server", options.label},
              {"transport", name_of(options.transport, transports)},
              {"mode", mode},
              {"placement", name_of(options.placement, placements)}};
  if (idle->parsed()) return run_and_report(options, measure_idle, std::move(report));

  if (pairs->parsed()) report["pairs"] = options.pairs;
  if (room_mode->parsed()) report["members"] = options.members;
  if (list->parsed()) report["names"] = options.names;
  if (!pairs->parsed()) report["senders"] = options.senders;
  report["window"] = options.window;
  report["size"] = options.size;
  const auto plan = pairs->parsed() ? plan_pairs : room_mode->parsed() ? plan_room : plan_list;
  return run_and_report(
      options,
      [plan](Traffic& traffic, const Options& chosen, pid_t server, Json& into) {
        plan(traffic, chosen);
        measure_traffic(traffic, chosen, server, into);
      },
      std::move(report));
}

}  // namespace
}  // namespace lastword::bench

int main(int argument_count, char** arguments) {
  return lastword::bench::main_of_load(argument_count, arguments);
}
