// The non-blocking calls on a connected socket, with the system's errors in the core's words.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "core/bytes.h"
#include "core/transfer.h"

namespace lastword {

// The call came to nothing, and the connection is as good as before.
[[nodiscard]] bool is_would_block(int error);
[[nodiscard]] Fault fault_of(int error);

// recv(2).
[[nodiscard]] Transfer receive_some(int socket, std::span<std::byte> buffer);
// send(2) or, for several pieces, sendmsg(2); without SIGPIPE.
[[nodiscard]] Transfer send_some(int socket, std::span<iovec> pieces);
[[nodiscard]] Transfer send_some(int socket, Bytes bytes);

// The kernel answers a close with unread bytes by a reset, which would destroy what is still on its
// way to the peer: reads and forgets what has come. Bounded: a peer that floods must not hold up
// the close.
void discard_received(int socket, std::span<std::byte> buffer);

}  // namespace lastword
