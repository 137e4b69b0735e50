// Proxy: a listener in the test that passes everything on to a server, but for one cut: the first
// link is broken on both sides when so many bytes have passed in one direction. All later links
// pass whole.
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <list>
#include <span>
#include <string>
#include <vector>

#include "net/descriptor.h"
#include "tests/end_to_end/listener.h"
#include "tests/end_to_end/participant.h"
#include "tests/end_to_end/server_process.h"

namespace lastword::end_to_end {

enum class Direction : std::uint8_t { to_server, to_client };

struct Cut {
  enum class Kind : std::uint8_t {
    reset,  // RST to both
    end,    // FIN to both; what they still say is thrown away
    half,   // RST to the client; the server notices nothing until `let_go`
  };
  Direction direction = Direction::to_server;
  Kind kind = Kind::reset;
  std::size_t bytes = 0;  // pass before it
};

class Proxy final : public Participant {
 public:
  Proxy(const Endpoint& server, const Cut& cut) : server_(server), cut_(cut) {}

  // Where clients connect to.
  [[nodiscard]] const Endpoint& endpoint() const { return listener_.endpoint(); }
  [[nodiscard]] bool has_cut() const { return has_cut_; }
  // Ends the server's half of the cut link, too.
  void let_go();

  void add_waits(std::vector<pollfd>& waits) const override;
  void handle(std::span<const pollfd> ready) override;

 private:
  // What goes one way: read from one socket, written to the other one.
  struct Stream {
    std::string bytes;  // read and not written
    std::size_t passed = 0;
    bool is_at_end = false;  // FIN was read
    bool is_ended = false;   // and written
  };
  struct Link {
    Descriptor client;
    Descriptor server;
    Stream to_server;
    Stream to_client;
    bool is_first = false;
    bool is_thrown_away = false;  // cut by a FIN
  };

  void take_connection();
  void move(Link& link);
  void pass(Link& link, Stream& stream, const Descriptor& from, const Descriptor& to,
            Direction direction);
  void cut(Link& link);

  Listener listener_;
  Endpoint server_;
  Cut cut_;
  std::list<Link> links_;
  Descriptor half_;  // the server's half of the cut link
  bool has_had_first_ = false;
  bool has_cut_ = false;
};

}  // namespace lastword::end_to_end
