// What a WebSocket connection holds beyond what every connection does.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/digest.h"
#include "core/instant.h"
#include "core/websocket/message_reader.h"
#include "core/websocket/request_head.h"

namespace lastword::websocket {

struct Session {
  RequestHead head;      // until the handshake is done
  MessageReader reader;  // from then on
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

  [[nodiscard]] std::size_t held_bytes() const { return head.memory_bytes() + reader.held_bytes(); }

  void add_to(Digest& digest, Instant now) const {
    head.add_to(digest);
    reader.add_to(digest);
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
