// What a flood adds to the latency of those who send little.

#include <cmath>
#include <cstdint>
#include <string>

#include "flood.h"
#include "measure.h"
#include "plans.h"

namespace lastword::bench {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

namespace {

// From this share of a core on, it is the server that slows the flood, and not the driver.
constexpr double full_share_min = 0.9;

double per_second(std::uint64_t count, nanoseconds time) {
  return std::round(1e9 * ratio(static_cast<double>(count), static_cast<double>(time.count())));
}

// Those at a modest rate, and what the server did meanwhile. It never rests in a flood, so that its
// CPU time is good for a share and for no more.
Json measure_at_modest_rate(Traffic& traffic, const Options& options, const Subject& server,
                            StreamRange streams) {
  Latencies latencies;
  const Pace pace{.streams = streams,
                  .messages = options.messages,
                  .per_second = options.rate,
                  .pacing = options.chosen_pacing()};
  const nanoseconds cpu_before = usage_of(server.id).cpu;
  const auto start = steady_clock::now();
  traffic.run_at_rate(pace, latencies);
  const nanoseconds wall = steady_clock::now() - start;
  const nanoseconds cpu = usage_of(server.id).cpu - cpu_before;

  Json figures = latency_figures(latencies);
  figures["messages"] = latencies.delivery.count();
  figures["server_share"] = share_of_a_core(cpu, wall);
  figures["driver_bound"] = is_driver_behind(latencies);
  return figures;
}

Json measure_beside_flood(Traffic& traffic, const Options& options, const Subject& server,
                          const Pair& flooders, std::size_t size) {
  // The flooders' own stream, which says nothing, is the last one.
  const StreamRange others{.first = StreamIndex{0}, .count = options.pairs};
  Flood flood({.sender = traffic.lend(flooders.sender),
               .receiver = traffic.lend(flooders.receiver),
               .sender_name = numbered('s', options.pairs),
               .receiver_name = numbered('r', options.pairs),
               .delivered_size = size,
               .patience = options.patience()});
  warm_up(traffic, options, others);
  Json figures = measure_at_modest_rate(traffic, options, server, others);
  const Flood::Outcome outcome = flood.stop();
  traffic.take_back(flooders.sender, outcome.progress);
  traffic.take_back(flooders.receiver, {});
  figures["flood_messages"] = outcome.progress.messages;
  figures["flood_messages_per_second"] = per_second(outcome.progress.messages, outcome.wall);
  figures["flood_bytes_per_second"] = per_second(outcome.bytes, outcome.wall);
  figures["flood_is_full"] = figures["server_share"].get<double>() >= full_share_min;
  return figures;
}

}  // namespace

void measure_fairness(Traffic& traffic, const Options& options, const Subject& server,
                      Json& report) {
  plan_pairs(traffic, options);
  const StreamRange others = traffic.all_streams();
  const Pair flooders =
      plan_pair(traffic, options.pairs, {.destinations = {}, .delivered_head = {}});
  traffic.finish_logins();
  warm_up(traffic, options, others);

  Json alone = measure_at_modest_rate(traffic, options, server, others);
  alone["flood_size"] = 0;
  Json parts = Json::array({alone});
  for (const std::size_t size : options.flood_sizes) {
    Json part = measure_beside_flood(traffic, options, server, flooders, size);
    part["flood_size"] = size;
    for (const char* const key : {"latency_ns_p50", "latency_ns_p99", "latency_ns_p999"}) {
      part[std::string(key) + "_added"] =
          part.at(key).get<std::int64_t>() - alone.at(key).get<std::int64_t>();
    }
    parts.push_back(part);
  }

  bool is_driver_bound = false;
  bool is_flood_full = true;
  for (const Json& part : parts) {
    is_driver_bound = is_driver_bound || part.at("driver_bound").get<bool>();
    is_flood_full = is_flood_full && part.value("flood_is_full", true);
  }
  report["driver_bound"] = is_driver_bound;
  report["parts"] = parts;
  if (is_driver_bound) {
    say("the driver fell behind its schedule: some latencies are the driver's, not the server's");
  }
  if (!is_flood_full) say("a flood did not keep the server busy: it is the driver's that was slow");
  traffic.confirm_nothing_more_comes();
}

}  // namespace lastword::bench
