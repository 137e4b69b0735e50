// What those who do not read cost those who do.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "measure.h"
#include "plans.h"

namespace lastword::bench {

namespace {

constexpr std::size_t slow_line_size = 4096;
constexpr std::uint32_t kibibytes_per_slow_line = slow_line_size / 1024;

// In which a server takes all that it will take for those who read nothing.
constexpr std::chrono::milliseconds settling_time{500};

constexpr std::uint32_t slow_reads_per_second = 100;  // Traffic::read_held_slowly

}  // namespace

void measure_slow(Traffic& traffic, const Options& options, const Subject& server, Json& report) {
  plan_pairs(traffic, options);
  const StreamRange healthy = traffic.all_streams();
  const std::uint64_t slow_messages =
      std::max<std::uint64_t>(options.slow_kibibytes / kibibytes_per_slow_line, 1);
  std::vector<Pair> slow_pairs;
  slow_pairs.reserve(options.slow_pairs);
  for (std::uint32_t i = 0; i < options.slow_pairs; ++i) {
    slow_pairs.push_back(plan_pair(traffic, options.pairs + i,
                                   {.destinations = {},
                                    .delivered_head = {},
                                    .delivered_size = slow_line_size,
                                    .window = slow_messages,
                                    .is_background = true}));
  }
  traffic.finish_logins();
  warm_up(traffic, options, healthy);
  const Json alone = measure_messages(traffic, options, server, healthy);

  for (const Pair& pair : slow_pairs) {
    traffic.hold(pair.receiver);
    traffic.send(pair.stream, slow_messages);
  }
  traffic.rest(settling_time);
  if (options.slow_rate > 0) {
    traffic.read_held_slowly(std::max(options.slow_rate / slow_reads_per_second, 1U));
  }
  warm_up(traffic, options, healthy);
  const Json beside = measure_messages(traffic, options, server, healthy);

  report["slow_pairs"] = options.slow_pairs;
  report["slow_rate"] = options.slow_rate;
  report["slow_bytes_each"] = slow_messages * slow_line_size;
  report["slow_deliveries"] =
      beside.at("deliveries").get<std::uint64_t>() - beside.at("messages").get<std::uint64_t>();
  const auto compare = [&](const char* key, const char* name) {
    report[name] = to_thousandths(ratio(beside.at(key).get<double>(), alone.at(key).get<double>()));
  };
  compare("server_cpu_ns_per_delivery", "cpu_beside_to_alone");
  if (options.rate > 0) {
    compare("latency_ns_p50", "latency_p50_beside_to_alone");
    compare("latency_ns_p99", "latency_p99_beside_to_alone");
  }
  report["driver_bound"] =
      alone.at("driver_bound").get<bool>() || beside.at("driver_bound").get<bool>();
  report["alone"] = alone;
  report["beside"] = beside;

  traffic.resume_all();
  traffic.await_arrivals();
  traffic.confirm_nothing_more_comes();
}

}  // namespace lastword::bench
