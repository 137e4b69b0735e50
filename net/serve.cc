#include "net/serve.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <random>
#include <string>

#include "core/report.h"
#include "core/server.h"
#include "net/asio_network.h"
#include "net/endpoint.h"
#include "net/log.h"

namespace lastword {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

// One whole line at once; a reader who has gone is no reason to stop.
void print_line(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

int could_not_start(const std::string& listener, const Endpoint& endpoint,
                    const std::string& reason) {
  std::fputs(
      ("lastword: cannot listen on " + listener + " " + to_string(endpoint) + ": " + reason + "\n")
          .c_str(),
      stderr);
  return 1;
}

// Each connection needs a descriptor: take as many as we may have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // if not, the listener pauses earlier; nothing else
}

// glibc moves its bounds as it goes: once a large table was freed, it would keep as much and more
// of every burst. So they are fixed: tables and other large things come from the system and go back
// to it at once, and what else is free at the heap's end goes when the server says so
// (Server::take_trim), not in every turn.
void set_allocator_bounds() {
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  ::mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

// A stopped reader must be judged by our timeouts, not by the kernel's (contract, section 3).
AsioNetwork::KeepAlive keep_alive_for(const Config& config) {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  AsioNetwork::KeepAlive keep_alive;
  const auto ours = std::chrono::duration_cast<milliseconds>(
      std::max(config.stall_timeout, config.drain_timeout));
  // The kernel holds it in a 32-bit number of milliseconds.
  constexpr milliseconds longest{std::chrono::hours{24 * 20}};
  keep_alive.user_timeout =
      std::min(longest, std::max(keep_alive.user_timeout, ours + milliseconds{seconds{30}}));
  return keep_alive;
}

// One of the doors that the server opens.
struct Front {
  std::string name;
  Transport transport;
  std::optional<Endpoint> endpoint;
};

tcp::endpoint listen(AsioNetwork& network, const Front& front, error_code& error) {
  boost::asio::io_context resolving;
  tcp::resolver resolver{resolving};
  const auto resolved =
      resolver.resolve(front.endpoint->host, std::to_string(front.endpoint->port),
                       tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return {};
  return network.listen(front.transport, *resolved.begin(), error);
}

}  // namespace

int serve(const ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  set_allocator_bounds();
  start_log(options.log_level);
  raise_descriptor_limit();

  if (options.admin) log_warning("--admin: there is no admin page yet; not listening");

  Config config = options.config;
  config.hash_seed = random_seed();
  Server server{config};
  AsioNetwork network{server, keep_alive_for(config)};

  std::string ready = "ready";
  const std::array<Front, 2> fronts{
      Front{.name = "tcp", .transport = Transport::lines, .endpoint = options.tcp},
      Front{.name = "ws", .transport = Transport::websocket, .endpoint = options.ws}};
  for (const Front& front : fronts) {
    ready += " " + front.name + "=";
    if (!front.endpoint) {
      ready += "none";
      continue;
    }
    error_code error;
    const tcp::endpoint local = listen(network, front, error);
    if (error) return could_not_start(front.name, *front.endpoint, error.message());
    ready += to_string(Endpoint{.host = local.address().to_string(), .port = local.port()});
  }
  print_line(ready + " admin=none");

  EventLog log{server};
  network.run([&] {
    log.write();
    if (server.take_trim()) ::malloc_trim(0);
  });

  const auto report = server.finished();
  print_line(to_json(*report));
  return report->is_clean() ? 0 : 3;
}

}  // namespace lastword
