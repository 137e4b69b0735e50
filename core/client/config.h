// What a client is told once, and its limits. Every bound on memory has its name here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/client/back_off.h"
#include "core/client/url.h"
#include "core/instant.h"

namespace lastword::client {

// What to do with a message whose fate nobody knows: it was handed to the system, and the link
// ended without a word on it.
enum class IfUnknown : std::uint8_t {
  report,  // tell, and don't send it again: no message is ever there twice
  resend,  // tell, and send it again: no message is ever lost by us, and some may be there twice
};

struct Config {
  Url url;
  std::string name;  // a valid one (core/name.h)

  bool is_reconnecting = true;
  IfUnknown if_unknown = IfUnknown::report;
  Delays delays{};

  // From the first attempt to the link.
  Duration connect_timeout = std::chrono::seconds{10};
  // From the link to the server's answer to our name, the handshake included.
  Duration login_timeout = std::chrono::seconds{10};
  // A link on which nothing comes for so long is asked for a sign of life; when three such times
  // went by without one, it is dead. A server that holds us back because an addressee reads slowly
  // is silent too, for its stall timeout (10 s unless it was told otherwise): three heartbeats have
  // to be longer.
  Duration heartbeat = std::chrono::seconds{15};
  // From the server's last words to its end of the link.
  Duration close_timeout = std::chrono::seconds{5};
  // For how long our own name may be taken after a link broke: until the server has noticed, too.
  // After that it belongs to somebody else.
  Duration name_patience = std::chrono::minutes{5};

  // Bytes of one line that is sent, its LF included; the default of the server's --max-line.
  std::size_t line_max = 65'536;
  // Lines that were given and whose fate is not known yet, 48 bytes for each on top.
  std::size_t outbound_max = std::size_t{1} << 20;
  // Bytes of one line that is received. A longer one is left out, and told of; on a WebSocket it
  // ends the link.
  std::size_t received_line_max = std::size_t{4} << 20;
  // Lines that were received and not taken, 48 bytes for each on top: from here on nothing is read.
  // (What one read brings may exceed it.)
  std::size_t inbound_max = std::size_t{256} << 10;
};

}  // namespace lastword::client
