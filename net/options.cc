#include "net/options.h"

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <sstream>

namespace lastword {

namespace {

struct Unit {
  std::string_view word;
  std::uint64_t factor;
};

struct NumberError {};

// A whole number with one of the units behind it, no larger than `max`.
std::expected<std::uint64_t, NumberError> parse_number(std::string_view text,
                                                       std::span<const Unit> units,
                                                       std::uint64_t max) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{}) return std::unexpected{NumberError{}};
  const std::string_view word{parsed.ptr, static_cast<std::size_t>(end - parsed.ptr)};
  for (const Unit& unit : units) {
    if (unit.word != word) continue;
    if (number > max / unit.factor) return std::unexpected{NumberError{}};
    return number * unit.factor;
  }
  return std::unexpected{NumberError{}};
}

std::string in_quotes(std::string_view text) { return "'" + std::string{text} + "'"; }

// A line's size has to fit 32 bits with room to spare for what is rendered around it; everything
// else is counted in 64.
constexpr std::size_t line_bytes_max = std::size_t{1} << 30;
constexpr std::uint64_t bytes_max = std::uint64_t{1} << 40;
constexpr std::uint32_t connections_most = 1'000'000;

class ServeCommand {
 public:
  explicit ServeCommand(CLI::App& app)
      : command_{*app.add_subcommand("serve", "run the chat server")} {
    add("--tcp", "HOST:PORT", "listen for line clients here, or none [127.0.0.1:8080]",
        [this](const std::string& text) { return set_endpoint(text, options_.tcp); });
    add("--ws", "HOST:PORT", "listen for WebSocket clients here, or none [127.0.0.1:8081]",
        [this](const std::string& text) { return set_endpoint(text, options_.ws); });
    add("--admin", "HOST:PORT", "listen for operators here, or none [none]; not there yet",
        [this](const std::string& text) { return set_endpoint(text, options_.admin); });
    add("--max-connections", "N", "connections at one time [16384]",
        [this](const std::string& text) { return set_connections(text); });
    add_bytes("--max-line", "bytes of one line, its LF included [65536]", options_.config.line_max);
    add_bytes("--max-outbox", "bytes queued for one peer [1MiB]", options_.config.outbox_max);
    add_bytes("--max-memory", "bytes queued for all peers [256MiB]", options_.config.memory_max);
    add_duration("--stall-timeout", "how long a full outbox may take to come down to half [10s]",
                 options_.config.stall_timeout, positive);
    add_duration("--login-timeout", "how long a client may take to log in [10s]",
                 options_.config.login_timeout, positive);
    add_duration("--heartbeat", "how often idle WebSocket clients are pinged [30s]",
                 options_.config.heartbeat, positive);
    add_duration("--drain-timeout", "how long the shutdown may take [30s]",
                 options_.config.drain_timeout, any);
    add_duration("--linger", "how long a peer that has everything must be silent at the end [2s]",
                 options_.config.linger, any);
    add_each("--allow-origin", "ORIGIN",
             "a page of this origin may open a WebSocket, as https://chat.example.org; repeatable",
             options_.config.handshake.allowed_origins, check_origin);
    add_each("--host-name", "NAME",
             "pages that this server's port is reached under by this name may too; repeatable",
             options_.config.handshake.host_names, check_host_name);
    command_.add_flag("--ws-compress", options_.config.handshake.is_compressing,
                      "agree to permessage-deflate where a WebSocket client offers it");
    add("--log-level", "LEVEL", "debug, info, warning or error [info]",
        [this](const std::string& text) { return set_log_level(text); });
  }

  [[nodiscard]] const ServeOptions& options() const { return options_; }

  // What of the options can't work together; empty if all can.
  [[nodiscard]] std::string contradiction() const {
    const Config& config = options_.config;
    if (config.line_max > line_bytes_max) {
      return "--max-line: " + std::to_string(config.line_max) + " is more than 1GiB";
    }
    if (config.line_max > config.outbox_max) {
      return "--max-line: " + std::to_string(config.line_max) +
             " is more than --max-outbox, which is " + std::to_string(config.outbox_max) +
             "; a message has to fit into an outbox";
    }
    if (!options_.tcp && !options_.ws) {
      return "--tcp: with none, and --ws none, there is nothing to listen on";
    }
    return {};
  }

 private:
  // Takes the text, or says what is wrong with it.
  using Setter = std::function<std::string(const std::string&)>;

  static constexpr Duration positive = std::chrono::nanoseconds{1};
  static constexpr Duration any = Duration::zero();

  void add(const std::string& name, const std::string& type, const std::string& help,
           const Setter& set) {
    const auto take = [name, set](const std::string& text) {
      const std::string error = set(text);
      if (!error.empty()) throw CLI::ValidationError{name, error};
    };
    command_.add_option_function<std::string>(name, take, help)
        ->type_name(type)
        ->take_last()
        ->trigger_on_parse(false);
  }

  // An option that may come several times, each adding to `values`.
  void add_each(const std::string& name, const std::string& type, const std::string& help,
                std::vector<std::string>& values, const Setter& check) {
    const auto take = [name, check, &values](const std::vector<std::string>& texts) {
      for (const std::string& text : texts) {
        const std::string error = check(text);
        if (!error.empty()) throw CLI::ValidationError{name, error};
        values.push_back(text);
      }
    };
    command_.add_option_function<std::vector<std::string>>(name, take, help)
        ->type_name(type)
        ->allow_extra_args(false);
  }

  // As a browser sends it: a scheme, a host and perhaps a port, and nothing behind them; or null.
  static std::string check_origin(const std::string& text) {
    if (text == "null") return {};
    const std::size_t scheme = text.find("://");
    const std::string host = scheme == std::string::npos ? std::string{} : text.substr(scheme + 3);
    if (scheme == 0 || host.empty() || host.find_first_of("/?# ") != std::string::npos) {
      return in_quotes(text) + " is no origin; write https://HOST or https://HOST:PORT";
    }
    return {};
  }

  static std::string check_host_name(const std::string& text) {
    if (text.empty() || text.find_first_of(":/?#[] ") != std::string::npos) {
      return in_quotes(text) + " is no host name; write it without scheme and port";
    }
    return {};
  }

  void add_bytes(const std::string& name, const std::string& help, std::size_t& bytes) {
    add(name, "BYTES", help, [&bytes](const std::string& text) {
      const auto parsed = parse_bytes(text);
      if (!parsed) return parsed.error();
      if (*parsed == 0) return in_quotes(text) + " leaves room for nothing";
      bytes = *parsed;
      return std::string{};
    });
  }

  void add_duration(const std::string& name, const std::string& help, Duration& duration,
                    Duration duration_min) {
    add(name, "DURATION", help, [&duration, duration_min](const std::string& text) {
      const auto parsed = parse_duration(text);
      if (!parsed) return parsed.error();
      if (*parsed < duration_min) return in_quotes(text) + " is too short; it has to be above zero";
      duration = *parsed;
      return std::string{};
    });
  }

  static std::string set_endpoint(const std::string& text, std::optional<Endpoint>& endpoint) {
    if (text == "none") {
      endpoint.reset();
      return {};
    }
    const auto parsed = parse_endpoint(text);
    if (!parsed) return parsed.error();
    endpoint = *parsed;
    return {};
  }

  std::string set_connections(const std::string& text) {
    static constexpr std::array units{Unit{.word = "", .factor = 1}};
    const auto number = parse_number(text, units, connections_most);
    if (!number || *number == 0) {
      return in_quotes(text) + " is no number from 1 to " + std::to_string(connections_most);
    }
    options_.config.connections_max = static_cast<std::uint32_t>(*number);
    return {};
  }

  std::string set_log_level(const std::string& text) {
    static constexpr std::array<std::string_view, 4> words{"debug", "info", "warning", "error"};
    for (std::size_t position = 0; position < words.size(); ++position) {
      if (words[position] != text) continue;
      options_.log_level = static_cast<LogLevel>(position);
      return {};
    }
    return in_quotes(text) + " is none of debug, info, warning, error";
  }

  CLI::App& command_;
  ServeOptions options_;
};

}  // namespace

std::expected<Duration, std::string> parse_duration(std::string_view text) {
  static constexpr std::array units{
      Unit{.word = "ms", .factor = 1}, Unit{.word = "s", .factor = 1000},
      Unit{.word = "m", .factor = 60'000}, Unit{.word = "h", .factor = 3'600'000}};
  // A year: no sum of instants and durations comes near the end of 64-bit nanoseconds.
  constexpr std::uint64_t milliseconds_max = std::uint64_t{365} * 24 * 3'600'000;
  const auto milliseconds = parse_number(text, units, milliseconds_max);
  if (!milliseconds) {
    return std::unexpected{in_quotes(text) + " is no duration; write 500ms, 30s or 5m"};
  }
  return std::chrono::milliseconds{*milliseconds};
}

std::expected<std::size_t, std::string> parse_bytes(std::string_view text) {
  static constexpr std::array units{Unit{.word = "", .factor = 1},
                                    Unit{.word = "KiB", .factor = std::uint64_t{1} << 10},
                                    Unit{.word = "MiB", .factor = std::uint64_t{1} << 20},
                                    Unit{.word = "GiB", .factor = std::uint64_t{1} << 30}};
  const auto bytes = parse_number(text, units, bytes_max);
  if (!bytes) {
    return std::unexpected{in_quotes(text) + " is no number of bytes; write 65536, 64KiB or 1MiB"};
  }
  return static_cast<std::size_t>(*bytes);
}

std::expected<ServeOptions, CommandLineEnd> parse_command_line(int argument_count,
                                                               const char* const* arguments) {
  CLI::App app{"lastword: a chat server that never loses the last word", "lastword"};
  app.set_version_flag("--version", "lastword 0.1.0");
  app.require_subcommand(1);
  ServeCommand serve{app};

  const auto unusable = [](const std::string& reason) {
    return std::unexpected{CommandLineEnd{
        .exit_code = 2, .text = "lastword: " + reason + " (see lastword serve --help)"}};
  };
  // CLI11 would only say that a command is missing.
  const std::string_view first = argument_count > 1 ? arguments[1] : "";
  if (!first.empty() && !first.starts_with('-') && first != "serve") {
    return unusable("unknown command " + in_quotes(first));
  }
  if (first.starts_with("--") && first != "--help" && first != "--version") {
    return unusable(std::string{first} + ": the command comes first, as in lastword serve " +
                    std::string{first});
  }
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      std::ostringstream text;
      app.exit(error, text, text);
      return std::unexpected{CommandLineEnd{.exit_code = 0, .text = text.str()}};
    }
    return unusable(error.what());
  }
  const std::string contradiction = serve.contradiction();
  if (!contradiction.empty()) return unusable(contradiction);
  return serve.options();
}

}  // namespace lastword
