// The server's limits and timeouts. Every bound on memory has its name here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/instant.h"
#include "core/websocket/handshake.h"

namespace lastword {

// Most of these are options of `lastword serve` (contract, section 5); the last group is not.
struct Config {
  // Connections at one time, those still saying goodbye included.
  std::uint32_t connections_max = 16'384;
  // Bytes of one line, its LF included.
  std::size_t line_max = 65'536;
  // Bytes queued for one peer; an empty outbox takes one message of any size.
  std::size_t outbox_max = std::size_t{1} << 20;
  // Bytes queued for all peers; a message queued for many counts once.
  std::size_t memory_max = std::size_t{256} << 20;

  // How long a full outbox may take to come down to half.
  Duration stall_timeout = std::chrono::seconds{10};
  // From the accept to the accepted name; not extended by traffic.
  Duration login_timeout = std::chrono::seconds{10};
  // From the first stop to the moment at which what is left is cut off.
  Duration drain_timeout = std::chrono::seconds{30};
  // How often an idle WebSocket client is pinged; one that says nothing for three of them is
  // dropped.
  Duration heartbeat = std::chrono::seconds{30};
  // How long a peer that acknowledged everything must be silent to be done without its FIN.
  Duration linger = std::chrono::seconds{2};

  // Who may open a WebSocket from a browser's page, and whether permessage-deflate is agreed.
  websocket::HandshakePolicy handshake{};

  // Connections beyond connections_max that are open just to be told that the server is full. More
  // than these are closed without a word, so that a storm can't take all descriptors.
  std::uint32_t refusals_max = 1024;
  // Rooms that one peer may be in: bounds what memberships can cost.
  std::uint32_t rooms_per_peer_max = 128;
  // Work that one fact may lead to, where a line and each peer it goes to count as one (some 50 ns
  // each): what is left is done in facts of its own, so that nobody's flood keeps the others
  // waiting.
  std::uint32_t work_per_fact_max = 65'536;
  // How long a WebSocket client may take to answer a Close (contract, section 2).
  Duration close_timeout = std::chrono::seconds{5};
  // How often spare memory is looked at: what was not needed meanwhile is freed. (Sooner, and the
  // next burst would have to take it anew.)
  Duration trim_interval = std::chrono::seconds{1};
  // Free blocks of each kind and size that are kept in any case. In blocks and not in bytes, as one
  // of 64 bytes keeps the allocator's page around it as well.
  std::size_t kept_free_blocks = 64;
  // How much must have been freed, until the system is to have it back.
  std::size_t freed_bytes_min = std::size_t{1} << 20;
  // How long the listener rests after the system ran out of descriptors or memory.
  Duration accept_retry = std::chrono::milliseconds{100};
  // How often a silent, finished peer's kernel is asked again whether it has everything.
  Duration acknowledgement_poll = std::chrono::milliseconds{100};
  // Keys the hash tables, so that nobody can choose names that collide. Changes nothing that can
  // be observed.
  std::uint64_t hash_seed = 0;
};

}  // namespace lastword
