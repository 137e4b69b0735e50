// The kernel's calls, as the server's process makes them.
#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "sim/kernel.h"

namespace lastword::sim {

// --- The server's process ----------------------------------------------------------------------

Acceptance Kernel::accept(Environment& environment, Transport transport, Link& accepted) {
  std::deque<Link>& backlog = backlog_of(transport);
  if (backlog.empty()) return Acceptance::would_block;
  if (environment.strikes(FaultKind::no_descriptors, Site::accept_fails) ||
      open_descriptors_ >= descriptors_max) {
    environment.faults.take_effect(FaultKind::no_descriptors);
    return Acceptance::exhausted;
  }
  accepted = backlog.front();
  Connection& connection = at(accepted);
  if (connection.fault && environment.weather.at(FaultKind::dead_on_accept) != 0 &&
      environment.choices.occurs(2, Site::dead_on_accept)) {
    environment.faults.strike(FaultKind::aborted_call);  // ECONNABORTED
    environment.faults.take_effect(FaultKind::dead_on_accept);
    backlog.pop_front();
    connection.is_queued = false;
    connection.is_server_closed = true;
    return Acceptance::retry;
  }
  if (environment.strikes(FaultKind::aborted_call, Site::accept_fails)) {  // EINTR
    environment.faults.take_effect(FaultKind::aborted_call);
    return Acceptance::retry;
  }
  if (connection.fault) environment.faults.take_effect(FaultKind::dead_on_accept);
  backlog.pop_front();
  connection.is_queued = false;
  connection.is_accepted = true;
  ++open_descriptors_;
  return Acceptance::accepted;
}

void Kernel::set_listening(Environment& environment, bool is_listening) {
  if (is_listening_ == is_listening) return;
  is_listening_ = is_listening;
  if (is_listening) return;
  for (std::deque<Link>& backlog : backlogs_) {
    while (!backlog.empty()) {
      const Link link = backlog.front();
      backlog.pop_front();
      at(link).is_queued = false;
      at(link).is_server_closed = true;
      environment.faults.strike(FaultKind::never_received);
      reset_by_server(environment, link);
    }
  }
}

Transfer Kernel::read(Environment& environment, Link link, std::span<std::byte> buffer) {
  Connection& connection = at(link);
  Pipe& up = connection.up;
  const auto available = static_cast<std::size_t>(up.arrived - up.read);
  if (available > 0) {
    if (environment.strikes(FaultKind::aborted_call, Site::read_size, connection.client)) {
      environment.faults.take_effect(FaultKind::aborted_call);  // EINTR
      return {};
    }
    std::size_t size = std::min(buffer.size(), available);
    if (size > 1 &&
        environment.strikes(FaultKind::one_byte_a_read, Site::read_size, connection.client)) {
      environment.faults.take_effect(FaultKind::one_byte_a_read);
      size = 1;
    }
    const std::string_view bytes = up.view(up.read, up.read + size);
    std::memcpy(buffer.data(), bytes.data(), size);
    const bool is_in_a_line = bytes.back() != '\n';
    up.read += size;
    if (is_in_a_line && up.read == up.last_cut) {
      environment.faults.take_effect(FaultKind::cut_anywhere);
    }
    up.forget_read();
    transmit_up(environment, link);
    return {.kind = Transfer::Kind::bytes, .count = size};
  }
  if (connection.fault) {
    const Fault fault = *connection.fault;
    connection.fault.reset();
    connection.was_fault_told = true;
    return {.kind = Transfer::Kind::fault, .fault = fault};
  }
  if (up.has_fin_arrived || connection.was_fault_told) return {.kind = Transfer::Kind::end};
  return {};
}

Transfer Kernel::write(Environment& environment, Link link, std::span<const Slice> slices) {
  Connection& connection = at(link);
  Pipe& down = connection.down;
  if (connection.fault) {
    const Fault fault = *connection.fault;
    connection.fault.reset();
    connection.was_fault_told = true;
    return {.kind = Transfer::Kind::fault, .fault = fault};
  }
  if (connection.was_fault_told || down.is_finished) {
    return {.kind = Transfer::Kind::fault, .fault = Fault::reset};  // EPIPE
  }
  std::size_t size = 0;
  for (const Slice slice : slices) size += slice.size();
  const auto queued = static_cast<std::size_t>(down.written - down.arrived);
  std::size_t room = queued >= down.send_max ? 0 : down.send_max - queued;
  if (room == 0 && down.sent < down.written) environment.faults.strike(FaultKind::zero_window);
  if (room > 0 &&
      environment.strikes(FaultKind::would_block, Site::write_blocks, connection.client)) {
    environment.faults.take_effect(FaultKind::would_block);
    room = 0;
  }
  if (room > 0 &&
      environment.strikes(FaultKind::aborted_call, Site::write_blocks, connection.client)) {
    environment.faults.take_effect(FaultKind::aborted_call);  // ENOBUFS
    room = 0;
  }
  if (std::min(room, size) > 1 &&
      environment.strikes(FaultKind::short_write, Site::write_size, connection.client)) {
    environment.faults.take_effect(FaultKind::short_write);
    room = 1 + environment.choose(static_cast<std::uint32_t>(std::min(room, size) - 1),
                                  Site::write_size, connection.client);
  }
  std::size_t taken = 0;
  for (const Slice slice : slices) {
    const std::size_t part = std::min(room - taken, slice.size());
    down.bytes.append(as_text(slice.first(part)));
    taken += part;
  }
  if (taken == 0) return {};
  down.written += taken;
  if (connection.has_vanished) give_up_writing(environment, link);
  transmit_down(environment, link);
  return {.kind = Transfer::Kind::bytes, .count = taken};
}

std::size_t Kernel::discard(Environment& environment, Link link, std::size_t size_max) {
  Pipe& up = at(link).up;
  const std::size_t size = std::min(size_max, unread_by_server(link));
  up.read += size;
  up.forget_read();
  transmit_up(environment, link);
  return size;
}

void Kernel::shut_down(Environment& environment, Link link) {
  at(link).down.is_finished = true;
  transmit_down(environment, link);
  if (at(link).has_vanished) give_up_writing(environment, link);
}

void Kernel::server_close(Environment& environment, Link link) {
  Connection& connection = at(link);
  LASTWORD_CHECK(!connection.is_server_closed);
  connection.is_server_closed = true;
  LASTWORD_CHECK(open_descriptors_ > 0);
  --open_descriptors_;
  if (connection.fault || connection.was_fault_told) return;
  if (connection.up.arrived > connection.up.read) {
    connection.up.read = connection.up.arrived;
    connection.up.forget_read();
    reset_by_server(environment, link);
    return;
  }
  connection.down.is_finished = true;
  transmit_down(environment, link);
}

bool Kernel::is_acknowledged(Link link) const {
  const Pipe& down = at(link).down;
  return down.arrived == down.written && (!down.is_finished || down.has_fin_arrived);
}

bool Kernel::is_readable(Link link) const {
  const Connection& connection = at(link);
  return connection.up.arrived > connection.up.read || connection.up.has_fin_arrived ||
         connection.fault.has_value() || connection.was_fault_told;
}

bool Kernel::is_writable(Link link) const {
  const Connection& connection = at(link);
  return connection.down.written - connection.down.arrived < connection.down.send_max ||
         connection.fault.has_value() || connection.was_fault_told;
}

}  // namespace lastword::sim
