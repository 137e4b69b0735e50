#include "load_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

namespace lastword::bench {

namespace {

const std::map<std::string, Placement> placements{{"anywhere", Placement::anywhere},
                                                  {"apart", Placement::apart},
                                                  {"together", Placement::together}};

const std::map<std::string, Transport> transports{{"lines", Transport::lines},
                                                  {"ws", Transport::ws},
                                                  {"nats", Transport::nats},
                                                  {"redis", Transport::redis}};

const std::map<std::string, Pacing> pacings{{"sleep", Pacing::sleep}, {"spin", Pacing::spin}};

const std::map<std::string, QueueEnd> queue_ends{
    {"stop", QueueEnd::stop}, {"resume", QueueEnd::resume}, {"rest", QueueEnd::rest}};

const std::map<std::string, Mode> modes{
    {"pairs", Mode::pairs}, {"room", Mode::room}, {"list", Mode::list},        {"idle", Mode::idle},
    {"drain", Mode::drain}, {"slow", Mode::slow}, {"fairness", Mode::fairness}};

template <typename Choice>
std::string key_of(Choice choice, const std::map<std::string, Choice>& choices) {
  const auto is_it = [&](const auto& entry) { return entry.second == choice; };
  return std::ranges::find_if(choices, is_it)->first;
}

constexpr std::uint32_t names_max = 100000;  // five digits

CLI::Option* add_count(CLI::App& mode, const char* name, std::uint32_t& count, const char* text) {
  return mode.add_option(name, count, text)
      ->check(CLI::Range(1U, names_max))
      ->capture_default_str();
}

CLI::Option* add_number(CLI::App& mode, const char* name, auto& number, const char* text) {
  return mode.add_option(name, number, text)->check(CLI::NonNegativeNumber)->capture_default_str();
}

template <typename Choice>
CLI::Option* add_choice(CLI::App& mode, const char* name, auto& choice, const char* text,
                        const std::map<std::string, Choice>& choices) {
  return mode.add_option(name, choice, text)
      ->transform(CLI::CheckedTransformer(choices).description(""));
}

void add_common_options(CLI::App& mode, Options& options) {
  auto* server = mode.add_option(
      "--server", options.server_command,
      "the command that starts the server to measure; {port} in it stands for a free "
      "port, for a server that writes no ready line");
  auto* connect = mode.add_option("--connect", options.connect_to,
                                  "HOST:PORT of a server that is running already");
  auto* id = mode.add_option("--pid", options.server_id, "the process id of that server");
  connect->needs(id)->excludes(server);
  mode.add_option("--label", options.label, "copied into the report as \"server\"");
  add_choice(mode, "--transport", options.transport, "lines, ws (WebSocket), nats or redis",
             transports);
  add_choice(mode, "--placement", options.placement,
             "CPUs of server and driver: anywhere, apart (one each) or together (the same)",
             placements)
      ->needs(server);
  mode.add_option("--patience", options.patience_seconds,
                  "seconds in which nothing arrives before the run is given up")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
}

void add_size_option(CLI::App& mode, Options& options) {
  mode.add_option("--size", options.size,
                  "bytes of a delivered line, LF included; in ws one less, for it has none")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

void add_traffic_options(CLI::App& mode, Options& options) {
  mode.add_option("--messages", options.messages, "messages to send in the measured part")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_number(mode, "--warm-up", options.warm_up, "messages to send before it");
  mode.add_option("--window", options.window, "messages under way of one sender")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_number(mode, "--rate", options.rate,
             "messages sent in a second, whatever arrives (open loop); 0: closed loop");
  add_choice(mode, "--pacing", options.pacing,
             "how a rate is kept: spin (the default where placed apart) or sleep", pacings);
  add_size_option(mode, options);
}

void add_pairs(CLI::App& mode, Options& options) {
  add_count(mode, "--pairs", options.pairs, "senders, and receivers");
}

void add_idle_connections(CLI::App& mode, Options& options) {
  add_number(mode, "--idle-connections", options.idle_connections,
             "connections beside, logged in and silent");
}

void add_fan_out_modes(CLI::App& app, Options& options) {
  CLI::App* room = app.add_subcommand("room", "senders write to a room they are in");
  add_count(*room, "--rooms", options.rooms, "rooms, all alike and with nobody in common");
  add_count(*room, "--members", options.members, "everyone in a room")
      ->check(CLI::Range(2U, names_max));
  add_count(*room, "--senders", options.senders, "how many of them send");
  CLI::App* list = app.add_subcommand("list", "each line names all receivers");
  add_count(*list, "--names", options.names, "receivers named in one line");
  add_count(*list, "--senders", options.senders, "how many send");
  for (CLI::App* mode : {room, list}) {
    add_common_options(*mode, options);
    add_traffic_options(*mode, options);
    add_idle_connections(*mode, options);
  }
}

void add_idle_mode(CLI::App& app, Options& options) {
  CLI::App* idle = app.add_subcommand("idle", "connections that say nothing");
  add_count(*idle, "--connections", options.connections, "how many");
  add_number(*idle, "--idle-seconds", options.idle_seconds, "how long the server is watched");
  add_common_options(*idle, options);
}

void add_drain_mode(CLI::App& app, Options& options) {
  CLI::App* drain = app.add_subcommand(
      "drain", "the same deliveries in peace, and from queues of receivers that did not read");
  add_count(*drain, "--receivers", options.receivers, "how many");
  add_number(*drain, "--queued", options.queued, "messages queued for each; 0: nothing but the end")
      ->check(CLI::Range(0U, names_max));
  add_count(*drain, "--senders", options.senders, "they share the receivers");
  add_choice(*drain, "--end", options.queue_end,
             "stop: the server is asked to stop while they begin to read; resume: they only do; "
             "rest: it is asked with nothing queued",
             queue_ends);
  add_count(*drain, "--settle-seconds", options.settle_seconds,
            "in which the kernel must have no more room before anything counts as queued");
  add_number(*drain, "--rest-seconds", options.rest_seconds,
             "with --end resume: how long after all was read memory is looked at once more");
  add_common_options(*drain, options);
  add_size_option(*drain, options);
  drain->get_option("--server")->required();
}

void add_slow_mode(CLI::App& app, Options& options) {
  CLI::App* slow = app.add_subcommand("slow", "pairs, without and with others that do not read");
  add_pairs(*slow, options);
  add_count(*slow, "--slow-pairs", options.slow_pairs, "pairs whose receiver reads slowly");
  add_number(*slow, "--slow-rate", options.slow_rate,
             "bytes in a second that each of these reads; 0: none");
  add_count(*slow, "--slow-kibibytes", options.slow_kibibytes, "what is sent to each of these");
  add_common_options(*slow, options);
  add_traffic_options(*slow, options);
}

void add_fairness_mode(CLI::App& app, Options& options) {
  CLI::App* fairness =
      app.add_subcommand("fairness", "pairs at a modest rate, without and with one that floods");
  add_pairs(*fairness, options);
  fairness
      ->add_option("--flood-sizes", options.flood_sizes,
                   "bytes of a line that the flood delivers, LF included; a part of the run each")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_common_options(*fairness, options);
  add_traffic_options(*fairness, options);
}

void check(const Options& options) {
  if (options.server_command.empty() && options.connect_to.empty()) {
    throw CLI::RequiredError("--server or --connect");
  }
  if (options.mode == Mode::fairness && options.rate == 0) {
    throw CLI::ValidationError("--rate", "this mode takes one");
  }
  const bool is_mode_of_lastword =
      options.mode == Mode::drain || options.mode == Mode::slow || options.mode == Mode::fairness;
  if (is_peer(options.transport) && is_mode_of_lastword) {
    throw CLI::ValidationError("--transport", "of a peer takes pairs, room, list or idle");
  }
  if (options.mode == Mode::room && options.senders > options.members) {
    throw CLI::ValidationError("--senders", "can't be more than --members");
  }
  if (options.mode == Mode::room && std::uint64_t{options.rooms} * options.members > names_max) {
    throw CLI::ValidationError("--rooms", "have more members together than there are names");
  }
}

}  // namespace

std::uint64_t Options::connection_count() const {
  const auto in_pairs = [](std::uint64_t count) { return 2 * count; };
  switch (mode) {
    case Mode::pairs:
      return in_pairs(pairs) + idle_connections;
    case Mode::room:
      return std::uint64_t{rooms} * members + idle_connections;
    case Mode::list:
      return std::uint64_t{names} + senders + idle_connections;
    case Mode::idle:
      return std::uint64_t{connections} + 1;
    case Mode::drain:
      return receivers + in_pairs(senders);
    case Mode::slow:
      return in_pairs(pairs) + in_pairs(slow_pairs);
    case Mode::fairness:
      return in_pairs(pairs) + in_pairs(1);
  }
  return 0;
}

std::string name_of(Mode mode) { return key_of(mode, modes); }
std::string name_of(Placement placement) { return key_of(placement, placements); }
std::string name_of(Transport transport) { return key_of(transport, transports); }
std::string name_of(Pacing pacing) { return key_of(pacing, pacings); }
std::string name_of(QueueEnd end) { return key_of(end, queue_ends); }

std::optional<int> parse_options(int argument_count, char** arguments, Options& options) {
  CLI::App app("Puts a load on a lastword server and measures what a delivery costs it.",
               "lastword-load");
  app.require_subcommand(1);
  CLI::App* pairs = app.add_subcommand("pairs", "each sender writes to its own receiver");
  add_pairs(*pairs, options);
  add_common_options(*pairs, options);
  add_traffic_options(*pairs, options);
  add_idle_connections(*pairs, options);
  add_fan_out_modes(app, options);
  add_idle_mode(app, options);
  add_drain_mode(app, options);
  add_slow_mode(app, options);
  add_fairness_mode(app, options);
  app.callback([&] {
    options.mode = modes.at(app.get_subcommands().front()->get_name());
    check(options);
  });
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

}  // namespace lastword::bench
