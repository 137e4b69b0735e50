// TCP connections on the loopback interface: more of them than one address has ports, and what the
// kernel holds for each.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "server_process.h"

namespace lastword::bench {

// What a client lets the kernels hold for it.
enum class Reception : std::uint8_t {
  usual,  // what the loopback interface and the system's settings give
  // As somebody behind an Ethernet, with little memory: segments of 1460 bytes, and a receive
  // buffer of 8 KiB. The server's kernel then takes some tens of KiB for him, and not megabytes,
  // before the server has to queue.
  narrow,
};

// A connected, blocking socket. The source address is 127.0.0.1 for the first 20,000 sockets, then
// 127.0.0.2 and so on: one address gives 28,232 ports by default. Throws LoadFailure.
[[nodiscard]] int connect_on_loopback(const Address& server, std::uint32_t sockets_before,
                                      Reception reception);

// A client's end of a connection, as the kernel's tables name it.
enum class ClientEnd : std::uint64_t {};
[[nodiscard]] ClientEnd client_end_of(int socket);

// What the kernel holds of the bytes that the server has sent to a client. Of the two ends of a
// connection, one or both may be missing: while others open and close sockets, the kernel's table
// can't be read without a gap.
struct KernelQueue {
  std::optional<std::uint64_t> unacknowledged;  // at the server's end
  std::optional<std::uint64_t> unread;          // at the client's end

  [[nodiscard]] bool is_whole() const { return unacknowledged && unread; }
  // Where nothing moves, no byte is in both. Needs both.
  [[nodiscard]] std::uint64_t bytes() const { return *unacknowledged + *unread; }
};
using KernelQueues = std::unordered_map<ClientEnd, KernelQueue>;
// From /proc/net/tcp.
[[nodiscard]] KernelQueues kernel_queues(std::uint16_t server_port);

// Raises the limit of open files, of this process and by inheritance of a server that it starts
// later, as far as it may be; throws LoadFailure where so many connections are too many then.
void raise_descriptor_limit(std::uint64_t connections);

}  // namespace lastword::bench
