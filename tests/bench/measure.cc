#include "measure.h"

#include <cmath>
#include <cstdint>
#include <ctime>
#include <iostream>
#include <string>
#include <utility>

#include "plans.h"

namespace lastword::bench {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

namespace {

constexpr double busy_share_min = 0.95;

// Half of a latency makes it the driver's; a tenth of the whole time, a rate that was not kept.
constexpr int latency_parts = 2;
constexpr int planned_parts = 10;

Pace pace_of(const Options& options, StreamRange streams, std::uint64_t messages) {
  return {.streams = streams,
          .messages = messages,
          .per_second = options.rate,
          .pacing = options.chosen_pacing()};
}

Json measure_at_rate(Traffic& traffic, const Options& options, const Subject& server,
                     StreamRange streams) {
  Latencies latencies;
  Json figures = measure_part(traffic, server, [&] {
    traffic.run_at_rate(pace_of(options, streams, options.messages), latencies);
  });
  figures.update(latency_figures(latencies));
  // A driver that spins is always busy, and one that keeps its schedule is no bottleneck.
  const bool is_behind = is_driver_behind(latencies);
  figures["driver_bound"] = is_behind;
  if (is_behind) {
    say("the driver fell behind its schedule: the latencies are the driver's, not the server's");
  }
  return figures;
}

}  // namespace

void say(const char* sentence) { std::cerr << "lastword-load: " << sentence << "\n"; }

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

double to_tenths(double figure) { return std::round(figure * 10) / 10; }
double to_thousandths(double figure) { return std::round(figure * 1000) / 1000; }

double growth_each(std::uint64_t before, std::uint64_t after, std::uint64_t count) {
  const double growth = static_cast<double>(after) - static_cast<double>(before);
  return to_tenths(ratio(growth, static_cast<double>(count)));
}

double nanoseconds_each(nanoseconds time, std::uint64_t count) {
  return to_tenths(ratio(static_cast<double>(time.count()), static_cast<double>(count)));
}

nanoseconds own_cpu() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

double share_of_a_core(nanoseconds cpu, nanoseconds wall) {
  return to_thousandths(ratio(static_cast<double>(cpu.count()), static_cast<double>(wall.count())));
}

bool is_driver_the_bottleneck(const Shares& shares) {
  return shares.driver >= busy_share_min && shares.server < busy_share_min;
}

Json measure_part(Traffic& traffic, const Subject& server, const std::function<void()>& part) {
  const Progress progress_before = traffic.progress();
  const ProcessUsage server_before = settled_usage(server.id);
  const nanoseconds driver_before = own_cpu();
  const auto start = steady_clock::now();

  part();

  const nanoseconds wall = steady_clock::now() - start;
  const nanoseconds driver_cpu = own_cpu() - driver_before;
  const ProcessUsage server_after = settled_usage(server.id);
  const Progress& progress_after = traffic.progress();

  const nanoseconds server_cpu = server_after.cpu - server_before.cpu;
  const std::uint64_t deliveries = progress_after.deliveries - progress_before.deliveries;
  const std::uint64_t reads = progress_after.reads - progress_before.reads;
  const auto deliveries_figure = static_cast<double>(deliveries);
  const double server_share = share_of_a_core(server_cpu, wall);
  const double driver_share = share_of_a_core(driver_cpu, wall);

  Json figures;
  figures["messages"] = progress_after.messages - progress_before.messages;
  figures["deliveries"] = deliveries;
  figures["server_cpu_ns_per_delivery"] = nanoseconds_each(server_cpu, deliveries);
  figures["server_cpu_ns"] = server_cpu.count();
  figures["driver_cpu_ns"] = driver_cpu.count();
  figures["wall_ns"] = wall.count();
  figures["deliveries_per_second"] =
      std::round(1e9 * ratio(deliveries_figure, static_cast<double>(wall.count())));
  figures["server_share"] = server_share;
  figures["driver_share"] = driver_share;
  figures["driver_bound"] =
      is_driver_the_bottleneck({.driver = driver_share, .server = server_share});
  figures["deliveries_per_read"] = to_tenths(ratio(deliveries_figure, static_cast<double>(reads)));
  figures["server_wake_ups"] = server_after.wake_ups - server_before.wake_ups;
  return figures;
}

Json measure_messages(Traffic& traffic, const Options& options, const Subject& server,
                      StreamRange streams) {
  if (options.rate > 0) return measure_at_rate(traffic, options, server, streams);
  Json figures = measure_part(traffic, server, [&] { traffic.run(streams, options.messages); });
  if (figures["driver_bound"].get<bool>()) say("the driver was the bottleneck, not the server");
  return figures;
}

void warm_up(Traffic& traffic, const Options& options, StreamRange streams) {
  if (options.rate == 0) return traffic.run(streams, options.warm_up);
  Latencies unused;
  traffic.run_at_rate(pace_of(options, streams, options.warm_up), unused);
}

Json latency_figures(const Latencies& latencies) {
  const auto quantile = [](const LatencyHistogram& histogram, double share) {
    return histogram.quantile(share).count();
  };
  Json figures;
  figures["latency_ns_p50"] = quantile(latencies.delivery, 0.5);
  figures["latency_ns_p90"] = quantile(latencies.delivery, 0.9);
  figures["latency_ns_p99"] = quantile(latencies.delivery, 0.99);
  figures["latency_ns_p999"] = quantile(latencies.delivery, 0.999);
  figures["latency_ns_max"] = latencies.delivery.maximum().count();
  figures["driver_behind_ns_p50"] = quantile(latencies.behind, 0.5);
  figures["driver_behind_ns_p99"] = quantile(latencies.behind, 0.99);
  figures["driver_behind_ns_max"] = latencies.behind.maximum().count();
  figures["driver_behind"] = is_driver_behind(latencies);
  return figures;
}

bool is_driver_behind(const Latencies& latencies) {
  const nanoseconds late = latencies.behind.quantile(0.99);
  return late * latency_parts > latencies.delivery.quantile(0.99) ||
         late * planned_parts > latencies.planned;
}

void measure_traffic(Traffic& traffic, const Options& options, const Subject& server,
                     Json& report) {
  plan_idle(traffic, options.idle_connections);
  traffic.finish_logins();
  warm_up(traffic, options, traffic.all_streams());
  report.update(measure_messages(traffic, options, server, traffic.all_streams()));
  traffic.confirm_nothing_more_comes();
}

void measure_idle(Traffic& traffic, const Options& options, const Subject& server, Json& report) {
  // What a server sets up for its first client (a library for the handshake, say) is no cost of
  // each.
  traffic.add_connection({.name = numbered('f', 0)});
  traffic.finish_logins();
  const ProcessUsage login_usage_before = settled_usage(server.id);
  const ProcessMemory memory_before = memory_of(server.id);
  plan_idle(traffic, options.connections);
  traffic.finish_logins();
  const ProcessUsage usage_before = settled_usage(server.id);
  const ProcessMemory memory_after = memory_of(server.id);
  traffic.rest(std::chrono::seconds(options.idle_seconds));
  const ProcessUsage usage_after = settled_usage(server.id);

  report["connections"] = options.connections;
  report["anonymous_bytes_per_connection"] =
      growth_each(memory_before.anonymous_bytes, memory_after.anonymous_bytes, options.connections);
  report["private_bytes_per_connection"] =
      growth_each(memory_before.private_bytes, memory_after.private_bytes, options.connections);
  report["login_cpu_ns_per_connection"] =
      nanoseconds_each(usage_before.cpu - login_usage_before.cpu, options.connections);
  report["idle_seconds"] = options.idle_seconds;
  report["idle_cpu_ns"] = (usage_after.cpu - usage_before.cpu).count();
  report["idle_wake_ups"] = usage_after.wake_ups - usage_before.wake_ups;
}

}  // namespace lastword::bench
