// `lastword connect`, as it is written on the command line.
#pragma once

#include <string>

#include "core/client/url.h"
#include "core/name.h"
#include "net/command.h"
#include "net/options.h"

namespace lastword {

class ConnectCommand {
 public:
  explicit ConnectCommand(CLI::App& app)
      : command_{app, "connect",
                 "talk to a chat server: lines go from standard input to it and "
                 "from it to standard output"} {
    client::Config& config = options_.config;
    command_.add_required("URL", "URL", "tcp://HOST:PORT or ws://HOST:PORT/",
                          [this](const std::string& text) { return set_url(text); });
    command_.add_required("--name", "NAME", "to log in as; 1 to 64 bytes",
                          [this](const std::string& text) { return set_name(text); });
    command_.add_flag("--no-reconnect", is_staying_away_,
                      "end when the link ends, instead of coming back");
    command_.add_flag(
        "--resend", is_resending_,
        "send messages again whose fate nobody knows, because the link broke: none is "
        "lost then, and some may arrive twice");
    command_.add_duration("--heartbeat",
                          "how long a link may be silent until the server is asked for a sign of "
                          "life; after three times that it is dead [15s]",
                          config.heartbeat, Command::positive);
    command_.add_duration(
        "--retry",
        "the first delay before coming back is random and at most this long; four "
        "times as long if the server said goodbye, and doubled each time [1s]",
        retry_, Command::positive);
    command_.add_duration("--retry-max", "delays grow no longer than this [60s]", config.delays.max,
                          Command::positive);
    command_.add_bytes("--max-line",
                       "bytes of one line, its LF included, that the server takes [65536]",
                       config.line_max);
    command_.add_flag("--quiet", options_.is_quiet,
                      "tell of no states on standard error, only of what goes wrong");
  }

  [[nodiscard]] bool is_called() const { return command_.is_called(); }

  [[nodiscard]] ConnectOptions options() const {
    ConnectOptions options = options_;
    client::Config& config = options.config;
    config.is_reconnecting = !is_staying_away_;
    if (is_resending_) config.if_unknown = client::IfUnknown::resend;
    // As the delays of one who never asked, in the same proportions.
    const client::Delays usual;
    config.delays.first = retry_;
    config.delays.after_restart = retry_ * (usual.after_restart / usual.first);
    config.delays.after_refusal = retry_ * (usual.after_refusal / usual.first);
    return options;
  }

 private:
  std::string set_url(const std::string& text) {
    const auto url = client::parse_url(text);
    if (!url) return in_quotes(text) + " " + std::string{explain(url.error())};
    options_.config.url = *url;
    return {};
  }

  std::string set_name(const std::string& text) {
    const auto name = Name::parse(text);
    if (!name) return in_quotes(text) + " " + std::string{explain(name.error())};
    options_.config.name = name->text();
    return {};
  }

  Command command_;
  ConnectOptions options_;
  Duration retry_ = client::Delays{}.first;
  bool is_staying_away_ = false;
  bool is_resending_ = false;
};

}  // namespace lastword
