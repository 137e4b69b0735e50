// What a WebSocket connection holds beyond what every connection does.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/digest.h"
#include "core/instant.h"
#include "core/part.h"
#include "core/websocket/message_reader.h"
#include "core/websocket/request_head.h"

namespace lastword::websocket {

// Idle, it holds neither of its two parts.
struct Session {
  Part<RequestHead> head;      // from its first byte until it is answered
  Part<MessageReader> reader;  // from then on, unless it is at rest
  // When anything came last, or when it was last certain that nothing could: while its sender is
  // paused, or there is output that it has not read.
  Instant heard_at{};
  std::uint64_t units_taken = 0;      // messages and control frames, a violation too
  std::uint8_t unanswered_pings = 0;  // since heard_at
  bool is_upgraded = false;           // the handshake is done: frames go both ways
  bool is_close_queued = false;       // our Close is the last that is queued, or was written
  bool is_close_awaited = false;      // and the peer may answer it before our FIN
  bool has_peer_closed = false;       // its Close came
  bool has_violated = false;          // it broke the protocol: its Close could not be told any more

  [[nodiscard]] std::size_t held_bytes() const {
    return (head.is_there() ? head->memory_bytes() : 0) +
           (reader.is_there() ? reader->held_bytes() : 0);
  }

  void add_to(Digest& digest, Instant now) const {
    if (head.is_there()) head->add_to(digest);
    if (reader.is_there()) reader->add_to(digest);
    digest.add((head.is_there() ? 1U : 0U) | (reader.is_there() ? 2U : 0U));
    digest.add(units_taken);
    if (is_upgraded && !is_close_queued) {  // there is a heartbeat
      digest.add(static_cast<std::uint64_t>((now - heard_at).count()));
      digest.add(unanswered_pings);
    }
    for (const bool flag :
         {is_upgraded, is_close_queued, is_close_awaited, has_peer_closed, has_violated}) {
      digest.add(flag ? 1U : 0U);
    }
  }
};

}  // namespace lastword::websocket
