// What each mode measures, and how its figures are made. README.md explains them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>

#include "load_options.h"
#include "server_process.h"
#include "traffic.h"

namespace lastword::bench {

using Json = nlohmann::ordered_json;

// The server under measurement.
struct Subject {
  pid_t id = 0;
  ServerProcess* process = nullptr;  // where this driver has started it
};

// Each fills in the report's fields of its mode. Throws LoadFailure.
void measure_traffic(Traffic& traffic, const Options& options, const Subject& server, Json& report);
void measure_idle(Traffic& traffic, const Options& options, const Subject& server, Json& report);
// Ends the server where it asks it to stop.
void measure_drain(Traffic& traffic, const Options& options, const Subject& server, Json& report);
void measure_slow(Traffic& traffic, const Options& options, const Subject& server, Json& report);
void measure_fairness(Traffic& traffic, const Options& options, const Subject& server,
                      Json& report);

// Asks the server to stop, reads everything to its end, and checks the report that a server like
// lastword writes: its books must show just what was sent and has arrived here, and each connection
// must have been told goodbye. Returns the CPU time of the server's whole life.
std::chrono::nanoseconds end_server(ServerProcess& server, Traffic& traffic, const Options& options,
                                    Json& report);

// --- How figures are made ----------------------------------------------------------------------

[[nodiscard]] double ratio(double part, double whole);  // 0 where the whole is
// To one place, or three: more would be noise.
[[nodiscard]] double to_tenths(double figure);
[[nodiscard]] double to_thousandths(double figure);
[[nodiscard]] double growth_each(std::uint64_t before, std::uint64_t after, std::uint64_t count);
[[nodiscard]] double nanoseconds_each(std::chrono::nanoseconds time, std::uint64_t count);
[[nodiscard]] std::chrono::nanoseconds own_cpu();
[[nodiscard]] double share_of_a_core(std::chrono::nanoseconds cpu, std::chrono::nanoseconds wall);

struct Shares {  // of a core
  double driver = 0;
  double server = 0;
};
// A driver that is busy all the time while the server is not has become the bottleneck; the server
// then wakes up for less at a time, and its CPU time per delivery is that of a half-idle server.
[[nodiscard]] bool is_driver_the_bottleneck(const Shares& shares);

// The figures of a part that begins and ends with everything at rest: messages, deliveries, CPU
// times, shares of a core, and whether the driver was the bottleneck.
[[nodiscard]] Json measure_part(Traffic& traffic, const Subject& server,
                                const std::function<void()>& part);

// A part in which so many messages go out over these streams, in a closed or an open loop as the
// options say; latencies are among the figures of an open one.
[[nodiscard]] Json measure_messages(Traffic& traffic, const Options& options, const Subject& server,
                                    StreamRange streams);
// Without figures. Does nothing where there are no messages.
void warm_up(Traffic& traffic, const Options& options, StreamRange streams);

[[nodiscard]] Json latency_figures(const Latencies& latencies);
// Whether the driver was so late that the latencies are its own, or that it did not keep the rate.
[[nodiscard]] bool is_driver_behind(const Latencies& latencies);

// The plain sentence on standard error.
void say(const char* sentence);

}  // namespace lastword::bench
