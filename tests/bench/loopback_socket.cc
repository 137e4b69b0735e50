#include "loopback_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace lastword::bench {

namespace {

// Below the 28,232 ports of the default range (32768 to 60999); some of them may be taken.
constexpr std::uint32_t sockets_per_source_max = 20000;

constexpr int narrow_segment_size = 1460;
constexpr int narrow_buffer_size = 8192;

// Beside the connections: standard streams, epoll, pipes, a listener, and what a library may open.
constexpr std::uint64_t other_descriptors_max = 64;

ClientEnd end_of(std::uint64_t address, std::uint64_t port) {
  return ClientEnd{address << 16 | port};
}

// An end as /proc/net/tcp writes it: "0100007F:B2C1", the address as it lies in memory.
struct TableEnd {
  std::uint64_t address = 0;
  std::uint64_t port = 0;
};
TableEnd parse_table_end(const std::string& text) {
  constexpr int hexadecimal = 16;
  const std::size_t colon = text.find(':');
  return {.address = std::stoull(text.substr(0, colon), nullptr, hexadecimal),
          .port = std::stoull(text.substr(colon + 1), nullptr, hexadecimal)};
}

}  // namespace

int connect_on_loopback(const Address& server, std::uint32_t sockets_before, Reception reception) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw LoadFailure("socket: " + std::generic_category().message(errno));
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (reception == Reception::narrow) {
    // Before connect: both are told to the other side with the first segment.
    setsockopt(descriptor, IPPROTO_TCP, TCP_MAXSEG, &narrow_segment_size,
               sizeof narrow_segment_size);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &narrow_buffer_size, sizeof narrow_buffer_size);
  }

  // The port is chosen at connect, when the whole four-tuple is known, and not at bind.
  setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in source{};
  source.sin_family = AF_INET;
  source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + sockets_before / sockets_per_source_max);

  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(server.port);
  inet_pton(AF_INET, server.host.c_str(), &target.sin_addr);
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0 ||
      connect(descriptor, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
    const int error = errno;
    ::close(descriptor);
    throw LoadFailure("connect: " + std::generic_category().message(error));
  }
  return descriptor;
}

ClientEnd client_end_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return end_of(address.sin_addr.s_addr, ntohs(address.sin_port));
}

KernelQueues kernel_queues(std::uint16_t server_port) {
  std::ifstream table("/proc/net/tcp");
  if (!table) throw LoadFailure("can't read /proc/net/tcp");
  KernelQueues queues;
  std::string line;
  std::getline(table, line);  // the heading
  while (std::getline(table, line)) {
    // "NUMBER: LOCAL REMOTE STATE TX:RX ...": bytes not acknowledged, and bytes not read.
    std::istringstream words(line);
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    std::string held;
    words >> number >> local >> remote >> state >> held;
    const TableEnd here = parse_table_end(local);
    const TableEnd there = parse_table_end(remote);
    const TableEnd amounts = parse_table_end(held);
    if (here.port == server_port)
      queues[end_of(there.address, there.port)].unacknowledged = amounts.address;
    if (there.port == server_port) queues[end_of(here.address, here.port)].unread = amounts.port;
  }
  return queues;
}

void raise_descriptor_limit(std::uint64_t connections) {
  const std::uint64_t needed = connections + other_descriptors_max;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  // Who is privileged may go beyond the hard limit.
  const rlimit wished{.rlim_cur = std::max<rlim_t>(needed, limit.rlim_max),
                      .rlim_max = std::max<rlim_t>(needed, limit.rlim_max)};
  if (setrlimit(RLIMIT_NOFILE, &wished) == 0) return;
  const std::string reason = std::generic_category().message(errno);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max >= needed) return;
  throw LoadFailure(std::to_string(connections) + " connections take " + std::to_string(needed) +
                    " open files, here and in the server, and the system allows " +
                    std::to_string(limit.rlim_max) + " (ulimit -Hn; beyond: " + reason + ")");
}

}  // namespace lastword::bench
