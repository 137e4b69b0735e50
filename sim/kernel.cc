#include "sim/kernel.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"

namespace lastword::sim {

namespace {

constexpr Duration syn_retry = std::chrono::seconds{1};
constexpr int syn_attempts_max = 5;
constexpr Duration after_a_cut = std::chrono::milliseconds{1};

// What a story says of bytes on their way.
std::string quoted(std::string_view bytes) {
  constexpr std::size_t shown_max = 60;
  std::string text{bytes.substr(0, shown_max)};
  if (bytes.size() > shown_max) text += "… (" + std::to_string(bytes.size()) + " bytes)";
  return text;
}

}  // namespace

void Kernel::Pipe::forget_read() {
  const auto gone = static_cast<std::size_t>(read - first);
  if (gone < bytes.size() && gone < 4096) return;
  bytes.erase(0, gone);
  first = read;
}

// --- Clients -----------------------------------------------------------------------------------

Link Kernel::connect(Environment& environment, Chooser client, const LinkTraits& traits) {
  const auto link = static_cast<Link>(links_.size());
  Connection& connection = links_.emplace_back();
  connection.traits = traits;
  connection.client = client;
  connection.up.send_max = std::size_t{64} << 10;
  connection.up.receive_max = traits.upload_buffer;
  connection.down.send_max = traits.send_buffer;
  connection.down.receive_max = traits.receive_buffer;
  environment.queue.push(environment.now + traits.latency, Event::Kind::syn_arrives, link);
  return link;
}

bool Kernel::syn_arrives(Environment& environment, Link link) {
  Connection& connection = at(link);
  if (connection.is_client_closed || connection.has_vanished) return false;
  if (!is_listening_) {
    connection.is_refused = true;
    environment.queue.push(environment.now + connection.traits.latency, Event::Kind::connected,
                           link);
    return false;
  }
  std::deque<Link>& backlog = backlog_of(connection.traits.transport);
  if (backlog.size() >= backlog_max) {
    environment.faults.strike(FaultKind::backlog_overflow);
    environment.tell(StoryEvent::Kind::fault, connection.client,
                     "the backlog is full: nobody answers");
    if (++connection.syn_attempts < syn_attempts_max) {
      environment.queue.push(environment.now + syn_retry, Event::Kind::syn_arrives, link);
    } else {
      connection.is_refused = true;
      environment.queue.push(environment.now, Event::Kind::connected, link);
    }
    return false;
  }
  connection.is_queued = true;
  backlog.push_back(link);
  environment.queue.push(environment.now + connection.traits.latency, Event::Kind::connected, link);
  return true;
}

std::size_t Kernel::send(Environment& environment, Link link, std::string_view bytes) {
  Connection& connection = at(link);
  Pipe& up = connection.up;
  if (connection.is_client_closed || connection.has_reset_arrived || up.is_finished) {
    return bytes.size();  // into the void
  }
  const std::uint64_t queued = up.written - up.arrived;
  if (queued >= up.send_max) return 0;
  const std::size_t size = std::min(bytes.size(), up.send_max - static_cast<std::size_t>(queued));
  up.bytes.append(bytes.substr(0, size));
  up.written += size;
  transmit_up(environment, link);
  return size;
}

void Kernel::finish(Environment& environment, Link link) {
  Connection& connection = at(link);
  if (connection.up.is_finished || connection.is_client_closed) return;
  connection.up.is_finished = true;
  transmit_up(environment, link);
}

void Kernel::close(Environment& environment, Link link) {
  Connection& connection = at(link);
  if (connection.is_client_closed) return;
  if (unread(link) > 0) {
    environment.faults.inject(FaultKind::reset_unread);
    if (connection.is_accepted && !connection.is_server_closed) {
      environment.faults.take_effect(FaultKind::reset_unread);
    }
    reset(environment, link);
    return;
  }
  finish(environment, link);
  connection.is_client_closed = true;
}

void Kernel::reset(Environment& environment, Link link) {
  Connection& connection = at(link);
  if (connection.is_client_closed) return;
  connection.is_client_closed = true;
  if (connection.has_vanished || connection.has_reset_arrived) return;
  const std::size_t told = environment.tell_sending(connection.client, the_server, "RST");
  fly(environment, link, connection.up,
      {.up_to = connection.up.sent, .told = told, .kind = Flight::Kind::reset});
  connection.up.is_dead = true;
}

void Kernel::vanish(Environment& environment, Link link) {
  Connection& connection = at(link);
  if (connection.has_vanished) return;
  connection.has_vanished = true;
  connection.up.is_dead = true;
  if (environment.strikes(FaultKind::late_discovery, Site::late_discovery, connection.client)) {
    constexpr int late_factor = 10;
    connection.patience = late_factor;
  }
  environment.queue.push(environment.now + connection.patience * keep_alive,
                         Event::Kind::link_times_out, link);
  if (connection.down.written > connection.down.arrived) give_up_writing(environment, link);
}

// Something that was written is not acknowledged.
void Kernel::give_up_writing(Environment& environment, Link link) {
  Connection& connection = at(link);
  if (connection.is_giving_up_writing) return;
  connection.is_giving_up_writing = true;
  environment.queue.push(environment.now + connection.patience * user_timeout,
                         Event::Kind::link_times_out, link);
}

void Kernel::becomes_established(Environment& environment, Link link) {
  at(link).is_established = true;
  transmit_up(environment, link);
}

std::size_t Kernel::receive(Environment& environment, Link link, std::size_t size_max,
                            std::string& out) {
  Pipe& down = at(link).down;
  const std::size_t size = std::min(size_max, static_cast<std::size_t>(down.arrived - down.read));
  out.append(down.view(down.read, down.read + size));
  down.read += size;
  down.forget_read();
  if (size > 0) transmit_down(environment, link);  // there is room again
  return size;
}

bool Kernel::has_end_arrived(Link link) const {
  const Pipe& down = at(link).down;
  return down.has_fin_arrived && down.read == down.arrived;
}

// --- On the way --------------------------------------------------------------------------------

void Kernel::fly(Environment& environment, Link link, Pipe& pipe, const Flight& flight) {
  const Connection& connection = at(link);
  Duration delay = connection.traits.latency;
  if (environment.weather.at(FaultKind::any_order) != 0) {
    // Slower than nominal, never so slow that a fair peer could be taken for a stopped one.
    constexpr std::array<int, 6> factors{1, 1, 2, 3, 5, 20};
    delay *= factors[environment.choose(factors.size(), Site::jitter, connection.client)];
  }
  const Instant arrival = std::max(environment.now + delay, pipe.last_arrival);
  pipe.last_arrival = arrival;
  pipe.flights.push_back(flight);
  const bool is_up = &pipe == &connection.up;
  environment.queue.push(arrival, is_up ? Event::Kind::flight_up : Event::Kind::flight_down, link);
}

// How many of `size` bytes go into the next segment: all, or a part that ends at, just before or
// just behind a line's end, or anywhere.
std::size_t Kernel::cut(Environment& environment, const Connection& connection, std::size_t size) {
  if (size < 2) return size;
  const Chooser client = connection.client;
  if (!environment.strikes(FaultKind::cut_anywhere, Site::segment_cut, client)) return size;
  const Pipe& up = connection.up;
  const std::string_view bytes = up.view(up.sent, up.sent + size);
  const std::size_t line = bytes.find('\n');
  std::size_t part = 1;
  switch (environment.choose(5, Site::segment_cut, client)) {
    case 0:
      part = size / 2;
      break;
    case 1:
      part = line == std::string_view::npos ? 1 : line;  // before the LF
      break;
    case 2:
      part = line == std::string_view::npos ? size - 1 : line + 1;
      break;
    case 3:
      part = line == std::string_view::npos ? 2 : line + 2;
      break;
    default:
      part =
          1 + environment.choose(static_cast<std::uint32_t>(size - 1), Site::segment_cut, client);
      break;
  }
  return std::clamp<std::size_t>(part, 1, size);
}

void Kernel::transmit_up(Environment& environment, Link link) {
  Connection& connection = at(link);
  Pipe& up = connection.up;
  if (!connection.is_established || up.is_dead) return;
  while (up.sent < up.written) {
    const auto window = static_cast<std::size_t>(up.receive_max - (up.sent - up.read));
    if (window == 0) break;
    const std::size_t ready = std::min(window, static_cast<std::size_t>(up.written - up.sent));
    const std::size_t size = cut(environment, connection, ready);
    const std::size_t told =
        environment.is_telling()
            ? environment.tell_sending(
                  connection.client, the_server,
                  wording(connection, connection.text_up, up.view(up.sent, up.sent + size)))
            : SIZE_MAX;
    up.sent += size;
    fly(environment, link, up, {.up_to = up.sent, .told = told, .kind = Flight::Kind::data});
    if (size < ready) {  // what follows comes later, or the receiver would see no cut
      up.last_cut = up.sent;
      up.last_arrival = up.last_arrival + connection.traits.latency + after_a_cut;
    }
  }
  if (up.is_finished && !up.has_fin_left && up.sent == up.written) {
    up.has_fin_left = true;
    const std::size_t told = environment.tell_end(connection.client, the_server);
    fly(environment, link, up, {.up_to = up.sent, .told = told, .kind = Flight::Kind::fin});
  }
}

void Kernel::transmit_down(Environment& environment, Link link) {
  Connection& connection = at(link);
  Pipe& down = connection.down;
  if (down.is_dead || connection.has_vanished) return;
  const auto window = static_cast<std::size_t>(down.receive_max - (down.sent - down.read));
  const std::size_t size = std::min(window, static_cast<std::size_t>(down.written - down.sent));
  if (size > 0) {
    const std::size_t told =
        environment.is_telling()
            ? environment.tell_sending(
                  the_server, connection.client,
                  wording(connection, connection.text_down, down.view(down.sent, down.sent + size)))
            : SIZE_MAX;
    down.sent += size;
    fly(environment, link, down, {.up_to = down.sent, .told = told, .kind = Flight::Kind::data});
  }
  if (down.is_finished && !down.has_fin_left && down.sent == down.written) {
    down.has_fin_left = true;
    const std::size_t told = environment.tell_end(the_server, connection.client);
    fly(environment, link, down, {.up_to = down.sent, .told = told, .kind = Flight::Kind::fin});
  }
}

// --- What arrives ------------------------------------------------------------------------------

void Kernel::reset_arrives_at_server(Connection& connection) {
  connection.down.is_dead = true;
  connection.up.is_dead = true;
  if (connection.is_server_closed || connection.was_fault_told) return;
  if (!connection.fault) connection.fault = Fault::reset;
}

void Kernel::arrives_at_server(Environment& environment, Link link) {
  Connection& connection = at(link);
  Pipe& up = connection.up;
  const Flight flight = up.flights[up.first_flight++];
  if (up.first_flight == up.flights.size()) {
    up.flights.clear();
    up.first_flight = 0;
  }
  environment.tell_arrival(flight.told, the_server, "");
  if (connection.fault || connection.was_fault_told) return;  // nobody listens any more
  switch (flight.kind) {
    case Flight::Kind::data:
      up.arrived = flight.up_to;
      if (connection.is_server_closed) {
        up.read = up.arrived;
        up.forget_read();
        reset_by_server(environment, link);
      }
      return;
    case Flight::Kind::fin:
      up.has_fin_arrived = true;
      return;
    case Flight::Kind::reset:
      reset_arrives_at_server(connection);
      return;
  }
}

void Kernel::arrives_at_client(Environment& environment, Link link) {
  Connection& connection = at(link);
  Pipe& down = connection.down;
  const Flight flight = down.flights[down.first_flight++];
  if (down.first_flight == down.flights.size()) {
    down.flights.clear();
    down.first_flight = 0;
  }
  if (connection.has_vanished) return;
  environment.tell_arrival(flight.told, connection.client, "");
  if (connection.has_reset_arrived) return;
  switch (flight.kind) {
    case Flight::Kind::data:
      down.arrived = flight.up_to;
      if (connection.is_client_closed) {  // nobody there: the client's kernel answers with a reset
        down.read = down.arrived;
        down.forget_read();
        if (connection.up.is_dead) return;
        connection.up.is_dead = true;
        const std::size_t told = environment.tell_sending(connection.client, the_server, "RST");
        fly(environment, link, connection.up,
            {.up_to = connection.up.sent, .told = told, .kind = Flight::Kind::reset});
      }
      return;
    case Flight::Kind::fin:
      down.has_fin_arrived = true;
      return;
    case Flight::Kind::reset:
      connection.has_reset_arrived = true;
      connection.up.is_dead = true;
      if (down.arrived > down.read &&
          environment.strikes(FaultKind::reset_unread, Site::reset_destroys, connection.client)) {
        environment.faults.take_effect(FaultKind::reset_unread);
        environment.tell(StoryEvent::Kind::fault, connection.client,
                         "the reset destroys what was not read yet");
        down.bytes.resize(static_cast<std::size_t>(down.read - down.first));
        down.arrived = down.read;
        down.sent = down.read;
        down.written = down.read;
      }
      return;
  }
}

void Kernel::times_out(Environment& environment, Link link) {
  Connection& connection = at(link);
  if (connection.is_server_closed || connection.fault || connection.was_fault_told) return;
  environment.tell(StoryEvent::Kind::fault, the_server, "the kernel gives a silent peer up");
  if (connection.patience > 1) environment.faults.take_effect(FaultKind::late_discovery);
  if (connection.is_accepted) environment.faults.take_effect(FaultKind::half_open);
  connection.fault = Fault::timed_out;
  connection.timed_out_at = environment.now;
  connection.down.is_dead = true;
}

// The server's side ends the connection by a reset: what was not sent yet is destroyed.
// Bytes on their way, as a story tells them.
std::string Kernel::wording(const Connection& connection, FrameText& frames,
                            std::string_view bytes) {
  return connection.traits.transport == Transport::websocket ? frames.tell(bytes) : quoted(bytes);
}

void Kernel::reset_by_server(Environment& environment, Link link) {
  Connection& connection = at(link);
  if (connection.was_reset_by_server) return;
  connection.was_reset_by_server = true;
  connection.down.is_dead = true;
  if (connection.has_vanished) return;
  const std::size_t told = environment.tell_sending(the_server, connection.client, "RST");
  fly(environment, link, connection.down,
      {.up_to = connection.down.sent, .told = told, .kind = Flight::Kind::reset});
}

}  // namespace lastword::sim
