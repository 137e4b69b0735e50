// `lastword serve`, as it is written on the command line.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/command.h"
#include "net/options.h"

namespace lastword {

class ServeCommand {
 public:
  explicit ServeCommand(CLI::App& app) : command_{app, "serve", "run the chat server"} {
    command_.add("--tcp", "HOST:PORT", "listen for line clients here, or none [127.0.0.1:8080]",
                 [this](const std::string& text) { return set_endpoint(text, options_.tcp); });
    command_.add("--ws", "HOST:PORT", "listen for WebSocket clients here, or none [127.0.0.1:8081]",
                 [this](const std::string& text) { return set_endpoint(text, options_.ws); });
    command_.add("--admin", "HOST:PORT", "listen for operators here, or none [none]; not there yet",
                 [this](const std::string& text) { return set_endpoint(text, options_.admin); });
    command_.add("--max-connections", "N", "connections at one time [16384]",
                 [this](const std::string& text) { return set_connections(text); });
    command_.add_bytes("--max-line", "bytes of one line, its LF included [65536]",
                       options_.config.line_max);
    command_.add_bytes("--max-outbox", "bytes queued for one peer [1MiB]",
                       options_.config.outbox_max);
    command_.add_bytes("--max-memory", "bytes queued for all peers [256MiB]",
                       options_.config.memory_max);
    command_.add_duration("--stall-timeout",
                          "how long a full outbox may take to come down to half [10s]",
                          options_.config.stall_timeout, Command::positive);
    command_.add_duration("--login-timeout", "how long a client may take to log in [10s]",
                          options_.config.login_timeout, Command::positive);
    command_.add_duration("--heartbeat", "how often idle WebSocket clients are pinged [30s]",
                          options_.config.heartbeat, Command::positive);
    command_.add_duration("--drain-timeout", "how long the shutdown may take [30s]",
                          options_.config.drain_timeout, Command::any);
    command_.add_duration("--linger",
                          "how long a peer that has everything must be silent at the end [2s]",
                          options_.config.linger, Command::any);
    command_.add_each(
        "--allow-origin", "ORIGIN",
        "a page of this origin may open a WebSocket, as https://chat.example.org; repeatable",
        options_.config.handshake.allowed_origins, check_origin);
    command_.add_each(
        "--host-name", "NAME",
        "pages that this server's port is reached under by this name may too; repeatable",
        options_.config.handshake.host_names, check_host_name);
    command_.add_flag("--ws-compress", options_.config.handshake.is_compressing,
                      "agree to permessage-deflate where a WebSocket client offers it");
    command_.add("--log-level", "LEVEL", "debug, info, warning or error [info]",
                 [this](const std::string& text) { return set_log_level(text); });
  }

  [[nodiscard]] bool is_called() const { return command_.is_called(); }
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
  // A line's size has to fit 32 bits with room to spare for what is rendered around it.
  static constexpr std::size_t line_bytes_max = std::size_t{1} << 30;
  static constexpr std::uint32_t connections_most = 1'000'000;

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
    const auto number = parse_count(text, connections_most);
    if (!number) return number.error();
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

  Command command_;
  ServeOptions options_;
};

}  // namespace lastword
