#include "net/log.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <utility>

#include "net/standard_error.h"

namespace lastword {

namespace {

class StandardErrorSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    standard_error_.write({line.data(), line.size()});
  }

  void flush_() override {}

 private:
  StandardError standard_error_;
};

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void start_log(LogLevel level) {
  auto logger = std::make_shared<spdlog::logger>("lastword", std::make_shared<StandardErrorSink>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(level_of(level));
  spdlog::set_default_logger(std::move(logger));
}

void log_info(std::string_view text) { spdlog::info("{}", text); }
void log_warning(std::string_view text) { spdlog::warn("{}", text); }

void EventLog::write() {
  const std::uint64_t lost = server_.take_events(events_);
  for (const Event& event : events_) write(event);
  if (turned_away_ > 0) write_turned_away();
  if (lost > 0) spdlog::warn("{} more events in this turn", lost);
}

void EventLog::write_turned_away() {
  const auto now = std::chrono::steady_clock::now();
  if (now - turned_away_written_at_ < turned_away_interval) return;
  turned_away_written_at_ = now;
  spdlog::warn("the server is full: {} turned away", std::exchange(turned_away_, 0));
}

void EventLog::write(const Event& event) {
  // A name is the peer's own choice of bytes, but it is valid UTF-8 without control characters.
  const std::string_view name = server_.name_of(event.connection);
  const auto who = [&] {
    std::string text = "connection " + std::to_string(index_of(event.connection.slot)) + "." +
                       std::to_string(event.connection.generation);
    if (!name.empty()) text.append(" (").append(name).append(")");
    return text;
  };
  switch (event.kind) {
    case EventKind::opened:
      return spdlog::debug("{} opened", who());
    case EventKind::turned_away:
      ++turned_away_;
      return;
    case EventKind::upgraded:
      return spdlog::debug("{} speaks WebSocket", who());
    case EventKind::upgrade_refused:
      return spdlog::debug("{} was answered with HTTP status {}", who(), event.count);
    case EventKind::logged_in:
      return spdlog::debug("{} logged in", who());
    case EventKind::login_refused:
      return spdlog::debug("{} refused: bad or taken name", who());
    case EventKind::login_timed_out:
      return spdlog::debug("{} did not log in in time", who());
    case EventKind::quit:
      return spdlog::debug("{} quits", who());
    case EventKind::paused:
      if (!spdlog::should_log(spdlog::level::debug)) return;  // there may be very many of these
      return spdlog::debug("{} must wait: there is no room for what it sends", who());
    case EventKind::resumed:
      if (!spdlog::should_log(spdlog::level::debug)) return;
      return spdlog::debug("{} goes on", who());
    case EventKind::peer_ended:
      return spdlog::debug("{} ended its side", who());
    case EventKind::peer_closed:
      return spdlog::debug("{} sent a Close with code {}", who(), event.count);
    case EventKind::violated:
      return spdlog::info("{} broke the WebSocket protocol and is closed with code {}", who(),
                          event.count);
    case EventKind::failed:
      if (event.count == 0) return spdlog::debug("{} broke", who());
      return spdlog::info("{} broke; {} deliveries to it failed", who(), event.count);
    case EventKind::dropped_slow:
      return spdlog::warn("{} did not read and is dropped; {} deliveries to it failed", who(),
                          event.count);
    case EventKind::unresponsive:
      return spdlog::info("{} said nothing for three heartbeats and is dropped", who());
    case EventKind::left_open:
      return spdlog::debug("{} does not let go; closed", who());
    case EventKind::memory_full:
      return spdlog::warn("{} bytes are queued, the most there may be: all senders pause",
                          event.count);
    case EventKind::memory_freed:
      return spdlog::warn("{} bytes are queued: the senders go on", event.count);
    case EventKind::listener_paused:
      return spdlog::warn("out of descriptors or memory: nobody is accepted for a moment");
    case EventKind::listener_resumed:
      return spdlog::debug("accepting again");
    case EventKind::drain_started:
      return spdlog::info("draining {} connections; a second signal ends this at once",
                          event.count);
    case EventKind::drain_cut_off:
      return spdlog::warn("drain cut off; {} deliveries failed", event.count);
  }
}

}  // namespace lastword
