// A kernel without a chat: its events come to it as the simulator's world hands them over, and
// tests act for the clients and for the server's process.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/check.h"
#include "core/instant.h"
#include "sim/choices.h"
#include "sim/environment.h"
#include "sim/kernel.h"

namespace lastword::sim {

class KernelWorld {
 public:
  explicit KernelWorld(Choices choices = Choices::replayed({})) : environment{std::move(choices)} {}

  Environment environment;
  Kernel kernel;

  // --- Time ------------------------------------------------------------------------------------

  // The next event. False if there is none.
  bool step() {
    if (environment.queue.is_empty()) return false;
    const Event event = environment.queue.pop();
    environment.now = event.at;
    const bool is_handled = handle(event);
    LASTWORD_CHECK(is_handled);
    return true;
  }
  // False if it is no event of the kernel's.
  bool handle(const Event& event) {
    switch (event.kind) {
      case Event::Kind::syn_arrives:
        acceptable += kernel.syn_arrives(environment, event.subject) ? 1 : 0;
        break;
      case Event::Kind::connected:
        if (!kernel.is_refused(event.subject)) {
          kernel.becomes_established(environment, event.subject);
        }
        break;
      case Event::Kind::flight_up:
        kernel.arrives_at_server(environment, event.subject);
        break;
      case Event::Kind::flight_down:
        kernel.arrives_at_client(environment, event.subject);
        break;
      case Event::Kind::link_times_out:
        kernel.times_out(environment, event.subject);
        break;
      case Event::Kind::client_acts:
      case Event::Kind::client_reads:
      case Event::Kind::turn:
      case Event::Kind::deadline:
      case Event::Kind::release:
      case Event::Kind::stop:
      case Event::Kind::famine_ends:
      case Event::Kind::heal:
      case Event::Kind::judge:
      case Event::Kind::restart:
      case Event::Kind::starts:
        return false;
    }
    return true;
  }
  // Everything that is due within the span, its end included; it is over then.
  void run_for(Duration span) {
    const Instant end = environment.now + span;
    while (!environment.queue.is_empty() && environment.queue.first().at <= end) step();
    environment.now = end;
  }
  // Long enough for whatever is on its way, and shorter than any timeout.
  void settle() { run_for(std::chrono::milliseconds{500}); }

  // --- Clients ---------------------------------------------------------------------------------

  Link connect(const LinkTraits& traits = {}) {
    return kernel.connect(environment, next_client_++, traits);
  }
  // Connected, and accepted by the server.
  Link open(const LinkTraits& traits = {}) {
    const Link link = connect(traits);
    settle();
    Link accepted = no_link;
    const Acceptance acceptance = kernel.accept(environment, Transport::lines, accepted);
    LASTWORD_CHECK(acceptance == Acceptance::accepted && accepted == link);
    return link;
  }
  std::size_t send(Link link, std::string_view bytes) {
    return kernel.send(environment, link, bytes);
  }
  std::string receive(Link link, std::size_t size_max = SIZE_MAX) {
    std::string out;
    kernel.receive(environment, link, size_max, out);
    return out;
  }

  // --- The server's process --------------------------------------------------------------------

  Acceptance accept() {
    Link accepted = no_link;
    return kernel.accept(environment, Transport::lines, accepted);
  }
  // What one read brings: the bytes, or "(end)", "(reset)", "(timed out)", "(other)", "(nothing)".
  std::string read(Link link, std::size_t size_max = 4096) {
    std::vector<std::byte> buffer(size_max);
    const Transfer transfer = kernel.read(environment, link, buffer);
    if (transfer.kind != Transfer::Kind::bytes) return described(transfer);
    return std::string{as_text(Bytes{buffer}.first(transfer.count))};
  }
  // How much one write takes; nothing if it would block or fails.
  std::size_t write(Link link, std::string_view bytes) {
    const Slice slice = as_bytes(bytes);
    return kernel.write(environment, link, {&slice, 1}).count;
  }
  // The same, described: "(taken)" if it took something.
  std::string tried_to_write(Link link, std::string_view bytes) {
    const Slice slice = as_bytes(bytes);
    return described(kernel.write(environment, link, {&slice, 1}));
  }

  int acceptable = 0;  // how often the kernel said that there is somebody more to accept

 private:
  static std::string described(const Transfer& transfer) {
    switch (transfer.kind) {
      case Transfer::Kind::bytes:
        return "(taken)";
      case Transfer::Kind::would_block:
        return "(nothing)";
      case Transfer::Kind::end:
        return "(end)";
      case Transfer::Kind::fault:
        break;
    }
    switch (transfer.fault) {
      case Fault::reset:
        return "(reset)";
      case Fault::timed_out:
        return "(timed out)";
      case Fault::other:
        return "(other)";
    }
    return "";
  }

  Chooser next_client_ = 1;
};

}  // namespace lastword::sim
