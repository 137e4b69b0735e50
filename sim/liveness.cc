#include "sim/liveness.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/cast.h"
#include "sim/life.h"

namespace lastword::sim {

namespace {

void judge_half_open(const Surroundings& world) {
  const Kernel& kernel = world.kernel;
  for (Link link = 0; link < kernel.link_count(); ++link) {
    if (!kernel.has_vanished(link) || !kernel.is_accepted(link)) continue;
    if (!kernel.is_server_closed(link)) {
      world.environment.broke(
          Property::half_open_removed,
          world.server.oracle.described(link) + " vanished, and its connection is still there",
          {kernel.client_of(link)});
    }
  }
}

void judge_healed(const Surroundings& world, const Actor& healed) {
  const Kernel& kernel = world.kernel;
  const Oracle& oracle = world.server.oracle;
  const auto broke = [&](Property property, const std::string& text) {
    world.environment.broke(property, text, {healed.number()});
  };
  const Link link = healed.link();
  const auto holder = oracle.link_named(healed.name());
  const bool is_name_held = holder && kernel.client_of(*holder) != healed.number();
  if (is_name_held) return;  // by somebody who is there
  if (link != no_link && kernel.is_established(link) && !kernel.is_accepted(link)) {
    broke(Property::accepts_again, healed.name() + " waits to be accepted");
    return;
  }
  if (link == no_link || oracle.stage(link) != Oracle::Stage::online) {
    if (oracle.open_connections() >= oracle.config().connections_max) return;
    broke(Property::answered_in_time, healed.name() + " is well and could not log in again");
    return;
  }
  const bool is_unread =
      kernel.unread_by_server(link) > 0 || healed.has_unsent() || oracle.has_untaken(link);
  if (is_unread) {
    broke(Property::paused_resumes, healed.name() + " is well, and its lines are not taken");
  }
  if (oracle.has_undelivered(link)) {
    broke(Property::delivered_in_time,
          "messages for " + healed.name() + ", who is well, are not delivered");
  }
  if (oracle.has_unanswered(link)) {
    broke(Property::answered_in_time, healed.name() + " is well and gets no answer");
  }
}

// It is there and knows it, it is back in its rooms, and nothing of what it was given is open.
void judge_client(const Surroundings& world, const ClientProcess& client) {
  const Oracle& oracle = world.server.oracle;
  const client::State state = client.client().state();
  const auto broke = [&](const std::string& text) {
    world.environment.broke(Property::client_online, client.name() + " is well, and " + text,
                            {client.number()});
  };
  const auto holder = oracle.link_named(client.name());
  const bool is_name_held = holder && world.kernel.client_of(*holder) != client.number();
  if (is_name_held) return;
  if (state != client::State::online) {
    broke(std::string{word_for(state)} + ": " + std::string{explain(client.client().reason())});
    return;
  }
  if (holder != client.link()) {
    broke("believes itself online, and the server does not know it");
    return;
  }
  const client::LineNumber settled = client.client().last_settled();
  if (settled < client.account().size()) {
    broke("line " + std::to_string(settled + 1) + " of its " +
          std::to_string(client.account().size()) + " has no fate");
    return;
  }
  const std::vector<std::string>& rooms = oracle.rooms_of(client.link());
  if (std::set<std::string>{rooms.begin(), rooms.end()} != client.account().rooms()) {
    broke("it is not in the rooms that it joined");
  }
}

// Every name is its own: nobody may be refused for good.
void judge_gone(const Surroundings& world, const ClientProcess& client) {
  if (!client.has_given_up()) return;
  world.environment.broke(
      Property::client_online,
      client.name() + " has given up: " + std::string{explain(client.client().reason())},
      {client.number()});
}

}  // namespace

void judge_liveness(const Surroundings& world) {
  judge_half_open(world);
  for (Chooser number = 1; number <= world.everybody.size(); ++number) {
    const Actor& actor = world.everybody.at(number);
    if (actor.is_healed()) judge_healed(world, actor);
  }
  for (const ClientProcess& client : world.everybody.clients()) {
    if (client.is_healed()) judge_client(world, client);
    judge_gone(world, client);
  }
}

}  // namespace lastword::sim
