// What the server's end costs when it has to deliver what receivers have left lying.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "measure.h"
#include "plans.h"

namespace lastword::bench {

using std::chrono::nanoseconds;

namespace {

// Small against what the kernel holds for a narrow receiver, so that little of the last one is left
// for the server; and so many that only a kernel that holds far more than that takes them all.
constexpr std::size_t filler_size = 4096;
constexpr std::size_t fillers_max = 512;

// The messages may be queued so often, should the kernel take some of them after all.
constexpr int queueing_attempts_max = 5;

// A kernel that was full finds more room when the two sides talk of it: for acknowledgements that
// were delayed, and for probes of a closed window (RFC 9293, section 3.8.6.1), seen here after 0.2,
// 0.6, 1.4 and 3 s. It may even grow its buffer. So it is looked at again and again, as often as
// the options say.
constexpr std::chrono::seconds time_between_looks{1};
// Not a multiple of any of these times.
constexpr std::chrono::milliseconds time_before_last_look{500};

// So often the kernel's table of sockets is read at most until no connection is missing.
constexpr int table_attempts_max = 100;

// Bytes of a delivered line on its way: in ws a header comes and the LF goes.
std::uint64_t bytes_on_the_wire(std::uint64_t size, Transport transport) {
  constexpr std::uint64_t length_in_7_bits_max = 125;
  constexpr std::uint64_t length_in_16_bits_max = 65535;
  if (transport == Transport::lines) return size;
  const std::uint64_t payload = size - 1;
  if (payload <= length_in_7_bits_max) return payload + 2;
  return payload + (payload <= length_in_16_bits_max ? 4 : 10);
}

class Drain {
 public:
  Drain(Traffic& traffic, const Options& options, const Subject& server)
      : traffic_(traffic),
        options_(options),
        server_(server),
        plan_(plan_drain(traffic, options,
                         {.messages = std::size_t{queueing_attempts_max} * options.queued,
                          .fillers = fillers_max,
                          .filler_size = filler_size})),
        sent_(plan_.receivers.size()) {
    traffic.finish_logins();
  }

  void deliver_in_peace() {
    for (std::size_t i = 0; i < plan_.receivers.size(); ++i) {
      traffic_.send(DrainPlan::messages_of(i), options_.queued);
    }
    traffic_.await_arrivals();
  }

  // Nobody reads, the kernel is full, and then all messages are queued. Returns what the queueing
  // took.
  nanoseconds queue() {
    for (const ConnectionIndex receiver : plan_.receivers) traffic_.hold(receiver);
    fill_kernels();
    const nanoseconds before = settled_usage(server_.id).cpu;
    send_messages(lacking());
    const nanoseconds cpu = settled_usage(server_.id).cpu - before;
    // The kernel may have found more room meanwhile: who has lost messages to it gets as many anew.
    for (int attempt = 1; attempt < queueing_attempts_max; ++attempt) {
      traffic_.rest(time_before_last_look);
      const std::vector<std::size_t> receivers = lacking();
      if (receivers.empty()) return cpu;
      fill_kernels();
      send_messages(receivers);
    }
    if (!lacking().empty()) throw LoadFailure("the kernel took what was to be queued");
    return cpu;
  }

  // Whether the server has all messages itself.
  [[nodiscard]] bool is_queue_whole() const { return lacking().empty(); }
  [[nodiscard]] std::uint64_t bytes_queued_in_server() const {
    const std::vector<std::uint64_t> bytes = bytes_in_server();
    return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0});
  }

  [[nodiscard]] std::uint64_t deliveries() const {
    return std::uint64_t{options_.receivers} * options_.queued;
  }
  [[nodiscard]] std::uint64_t fillers() const { return fillers_; }

 private:
  [[nodiscard]] std::uint64_t message_bytes() const {
    return bytes_on_the_wire(options_.size, options_.transport) * options_.queued;
  }

  void send_messages(const std::vector<std::size_t>& receivers) {
    for (const std::size_t receiver : receivers) {
      traffic_.send(DrainPlan::messages_of(receiver), options_.queued);
      sent_[receiver] += message_bytes();
    }
    traffic_.await_acceptance();
  }

  // Sends fillers until the kernel takes no more for anybody.
  void fill_kernels() {
    for (std::uint32_t looks = 0; looks < options_.settle_seconds;) {
      const std::vector<std::uint64_t> bytes = bytes_in_server();
      const auto is_unfilled = [](std::uint64_t count) { return count == 0; };
      looks = std::ranges::any_of(bytes, is_unfilled) ? 0 : looks + 1;
      if (looks > 0) traffic_.rest(time_between_looks);
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (is_unfilled(bytes[i])) send_filler(i);
      }
      traffic_.await_acceptance();
      static_cast<void>(settled_usage(server_.id));
    }
  }

  void send_filler(std::size_t receiver) {
    const std::uint64_t size = bytes_on_the_wire(filler_size, options_.transport);
    if (sent_[receiver] >= fillers_max * size) {
      throw LoadFailure("the kernel takes all that is sent to somebody who does not read");
    }
    traffic_.send(DrainPlan::fillers_of(receiver), 1);
    sent_[receiver] += size;
    ++fillers_;
  }

  // Those for whom the server has fewer bytes than their messages have.
  [[nodiscard]] std::vector<std::size_t> lacking() const {
    const std::vector<std::uint64_t> bytes = bytes_in_server();
    std::vector<std::size_t> receivers;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] < message_bytes()) receivers.push_back(i);
    }
    return receivers;
  }

  // By receiver: of what was sent since they stopped reading, what the kernel has not got.
  [[nodiscard]] std::vector<std::uint64_t> bytes_in_server() const {
    for (int attempt = 0; attempt < table_attempts_max; ++attempt) {
      const KernelQueues queues = kernel_queues(traffic_.options().server.port);
      std::vector<std::uint64_t> bytes;
      bytes.reserve(plan_.receivers.size());
      for (std::size_t i = 0; i < plan_.receivers.size(); ++i) {
        const auto queue = queues.find(traffic_.client_end(plan_.receivers[i]));
        if (queue == queues.end() || !queue->second.is_whole()) break;
        bytes.push_back(sent_[i] - std::min(sent_[i], queue->second.bytes()));
      }
      if (bytes.size() == plan_.receivers.size()) return bytes;
    }
    throw LoadFailure("the kernel's table of sockets does not hold all connections");
  }

  Traffic& traffic_;
  const Options& options_;
  const Subject& server_;
  DrainPlan plan_;
  std::vector<std::uint64_t> sent_;  // bytes on the wire since they stopped reading, by receiver
  std::uint64_t fillers_ = 0;
};

// What the server's own memory has grown to since this was made, for each receiver.
class MemoryGrowth {
 public:
  MemoryGrowth(const Subject& server, const Options& options)
      : server_(server.id),
        receivers_(options.receivers),
        before_(memory_of(server.id).anonymous_bytes) {}

  void note(const char* moment) {
    moments_[moment] = growth_each(before_, memory_of(server_).anonymous_bytes, receivers_);
  }
  [[nodiscard]] const Json& moments() const { return moments_; }

 private:
  pid_t server_;
  std::uint32_t receivers_;
  std::uint64_t before_;
  Json moments_;
};

}  // namespace

void measure_drain(Traffic& traffic, const Options& options, const Subject& server, Json& report) {
  MemoryGrowth memory(server, options);
  Drain drain(traffic, options, server);
  memory.note("logged_in");
  drain.deliver_in_peace();  // the warm-up
  const Json peace = measure_part(traffic, server, [&] { drain.deliver_in_peace(); });
  if (options.queue_end != QueueEnd::rest) {
    const nanoseconds queue_cpu = drain.queue();
    report["queue_cpu_ns_per_delivery"] = nanoseconds_each(queue_cpu, drain.deliveries());
    report["queued_bytes_per_receiver"] =
        to_tenths(ratio(static_cast<double>(drain.bytes_queued_in_server()), options.receivers));
    report["fillers"] = drain.fillers();
    const bool is_whole = drain.is_queue_whole();
    report["queue_is_whole"] = is_whole;
    if (!is_whole) say("the kernel took a part of the queue: the drain had less to deliver");
    memory.note("queued");
  }

  const nanoseconds before = settled_usage(server.id).cpu;
  const nanoseconds driver_before = own_cpu();
  const auto start = std::chrono::steady_clock::now();
  nanoseconds after{};
  if (options.queue_end == QueueEnd::resume) {
    traffic.resume_all();
    traffic.await_arrivals();
    after = settled_usage(server.id).cpu;
    memory.note("read");
  } else {
    after = end_server(*server.process, traffic, options, report);
  }
  const nanoseconds drain_cpu = after - before;
  const nanoseconds driver_cpu = own_cpu() - driver_before;
  const nanoseconds wall = std::chrono::steady_clock::now() - start;

  const double peace_figure = peace.at("server_cpu_ns_per_delivery");
  const double drain_figure = nanoseconds_each(drain_cpu, drain.deliveries());
  const bool is_driver_bound = is_driver_the_bottleneck(
      {.driver = share_of_a_core(driver_cpu, wall), .server = share_of_a_core(drain_cpu, wall)});
  report["deliveries"] = drain.deliveries();
  report["peace_cpu_ns_per_delivery"] = peace_figure;
  report["drain_cpu_ns_per_delivery"] = drain_figure;
  report["drain_to_peace"] = to_thousandths(ratio(drain_figure, peace_figure));
  report["drain_cpu_ns_per_receiver"] = nanoseconds_each(drain_cpu, options.receivers);
  report["drain_cpu_ns"] = drain_cpu.count();
  report["drain_wall_ns"] = wall.count();
  report["driver_bound"] = is_driver_bound;
  report["peace"] = peace;
  if (is_driver_bound) say("the driver was the bottleneck, not the server");
  if (options.queue_end == QueueEnd::resume) {
    traffic.rest(std::chrono::seconds(options.rest_seconds));
    memory.note("rested");
    report["rest_seconds"] = options.rest_seconds;
    report["anonymous_bytes_per_receiver"] = memory.moments();
    traffic.confirm_nothing_more_comes();
  }
}

}  // namespace lastword::bench
