#include "sim/shutdown.h"

#include <chrono>
#include <string>
#include <vector>

#include "sim/cast.h"
#include "sim/life.h"
#include "sim/surroundings.h"

namespace lastword::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Within this, and no more, everything that is not a timeout must have happened.
constexpr Duration grace = seconds{5};

void mark_second_stop(const Surroundings& world) {
  for (Link link = 0; link < world.kernel.link_count(); ++link) {
    if (!world.server.oracle.is_lingering(link)) continue;
    world.environment.marks.hit(Mark::second_stop_during_linger);
    return;
  }
}

// Those whom the server has not let go.
std::vector<Chooser> stragglers(const Kernel& kernel) {
  std::vector<Chooser> clients;
  for (Link link = 0; link < kernel.link_count(); ++link) {
    if (kernel.is_accepted(link) && !kernel.is_server_closed(link)) {
      clients.push_back(kernel.client_of(link));
    }
  }
  return clients;
}

}  // namespace

void Shutdown::signalled(const Surroundings& world) {
  ++signals_;
  if (signals_ == 1) mark_stop(world);
  if (signals_ == 2) mark_second_stop(world);
}

// What the signal comes into.
void Shutdown::mark_stop(const Surroundings& world) {
  const Kernel& kernel = world.kernel;
  const Oracle& oracle = world.server.oracle;
  const Host& host = world.server.host;
  was_everybody_well_ = true;
  bool is_anything_unread = false;
  bool is_unread_everywhere = true;
  bool is_anybody_there = false;
  for (Link link = 0; link < kernel.link_count(); ++link) {
    if (kernel.is_refused(link)) continue;
    if (kernel.has_vanished(link) && !kernel.is_server_closed(link)) was_everybody_well_ = false;
    if (!kernel.is_accepted(link) || kernel.is_server_closed(link)) continue;
    is_anybody_there = true;
    if (!oracle.is_fair(link) || kernel.is_client_closed(link)) was_everybody_well_ = false;
    const bool is_unread = kernel.unread_by_server(link) > 0;
    is_anything_unread |= is_unread;
    is_unread_everywhere &= is_unread;
    const auto id = host.id_of(link);
    const auto view = id ? host.server().peer(*id) : std::nullopt;
    if (view && view->is_paused) world.environment.marks.hit(Mark::stop_while_paused);
    if (oracle.has_unwritten_delivery(link)) {
      world.environment.marks.hit(Mark::stop_before_first_write);
    }
  }
  if (is_anybody_there) world.environment.faults.take_effect(FaultKind::stop_anywhere);
  if (is_anything_unread && is_unread_everywhere) {
    world.environment.marks.hit(Mark::stop_with_unread_everywhere);
  }
  for (Chooser number = 1; number <= world.everybody.size(); ++number) {
    if (world.everybody.at(number).ignores_close()) was_everybody_well_ = false;
  }
}

void Shutdown::watch(const Surroundings& world) {
  const Host& host = world.server.host;
  if (!world.server.oracle.is_stopped() || host.was_killed() || is_exit_seen_) return;
  if (host.has_exited()) {
    is_exit_seen_ = true;
    judge_exit(world);
  } else {
    judge_drain(world);
  }
}

void Shutdown::judge_exit(const Surroundings& world) {
  const Oracle& oracle = world.server.oracle;
  for (Link link = 0; link < world.kernel.link_count(); ++link) {
    if (oracle.is_known(link) && !oracle.is_fair(link)) was_everybody_well_ = false;
  }
  const Duration since = world.environment.now - oracle.stopped_at();
  const Duration bound = 2 * oracle.config().linger + grace + paused_ + milliseconds{2500};
  if (was_everybody_well_ && oracle.stops() == 1 && since > bound) {
    world.environment.broke(Property::shutdown_in_time,
                            "everybody was well, and the shutdown took " +
                                std::to_string(since / milliseconds{1}) + " ms");
  }
}

void Shutdown::judge_drain(const Surroundings& world) {
  const Oracle& oracle = world.server.oracle;
  const Config& config = oracle.config();
  Environment& environment = world.environment;
  const Duration since = environment.now - oracle.stopped_at();
  const Duration excuse = grace + paused_;
  if (oracle.stops() > 1) {
    if (environment.now - oracle.stopped_again_at() > excuse) {
      environment.broke(Property::second_signal_in_time,
                        "the second signal came " + std::to_string(excuse / seconds{1}) +
                            " s ago, and the server is still there",
                        stragglers(world.kernel));
    }
  } else if (since > config.drain_timeout + config.linger + excuse) {
    environment.broke(Property::shutdown_in_time,
                      "the drain deadline has passed, and the server is still there",
                      stragglers(world.kernel));
  }
  const bool is_stalled = since > config.stall_timeout && since < config.drain_timeout;
  if (is_stalled && !was_stall_marked_ && world.server.host.server().books().queued > 0) {
    was_stall_marked_ = true;
    environment.marks.hit(Mark::stalled_through_the_drain);
  }
}

}  // namespace lastword::sim
