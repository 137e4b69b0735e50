#include "plans.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace lastword::bench {

std::string numbered(char kind, std::uint32_t number) {
  std::ostringstream name;
  name << kind << std::setw(5) << std::setfill('0') << number;
  return name.str();
}

Pair plan_pair(Traffic& traffic, std::uint32_t number, const StreamPlan& stream) {
  Pair pair;
  pair.sender = traffic.add_connection({.name = numbered('s', number)});
  pair.receiver = traffic.add_connection({.name = numbered('r', number)});
  StreamPlan plan = stream;
  plan.sender = pair.sender;
  plan.destinations = numbered('r', number);
  plan.delivered_head = "from " + numbered('s', number) + ": ";
  plan.receiver_count = 1;
  pair.stream = traffic.add_stream(plan);
  traffic.subscribe(pair.receiver, {.first = pair.stream, .count = 1});
  return pair;
}

void plan_pairs(Traffic& traffic, const Options& options) {
  for (std::uint32_t i = 0; i < options.pairs; ++i) {
    static_cast<void>(plan_pair(traffic, i, {.destinations = {}, .delivered_head = {}}));
  }
}

void plan_rooms(Traffic& traffic, const Options& options) {
  // Redis would give its own message to a sender who subscribed too: there, senders only speak.
  const bool senders_listen = options.transport != Transport::redis;
  const std::uint32_t receiver_count = options.members - (senders_listen ? 1 : options.senders);
  for (std::uint32_t i = 0; i < options.rooms; ++i) {
    const std::string room = "room" + numbered('-', i).substr(1);
    const std::string destination = "#" + room;
    const std::uint32_t first_sender = i * options.senders;
    for (std::uint32_t j = 0; j < options.members; ++j) {
      // The senders are members too: first they, then those that only listen.
      const bool is_sender = j < options.senders;
      const std::string name =
          is_sender ? numbered('s', first_sender + j) : numbered('r', i * options.members + j);
      const ConnectionIndex member =
          traffic.add_connection({.name = name, .room = is_sender && !senders_listen ? "" : room});
      traffic.subscribe(
          member, {.first = static_cast<StreamIndex>(first_sender), .count = options.senders});
      if (!is_sender) continue;
      std::string delivered_head = "from ";
      delivered_head.append(name).append(" in ").append(destination).append(": ");
      traffic.add_stream({.sender = member,
                          .destinations = destination,
                          .delivered_head = delivered_head,
                          .receiver_count = receiver_count});
    }
  }
}

void plan_list(Traffic& traffic, const Options& options) {
  // A peer's message has one subject: everybody on the list subscribes to one that is the list's.
  const bool has_lists = !is_peer(options.transport);
  const std::string room = has_lists ? "" : "list";
  std::string list;
  for (std::uint32_t i = 0; i < options.names; ++i) {
    const ConnectionIndex receiver =
        traffic.add_connection({.name = numbered('r', i), .room = room});
    traffic.subscribe(receiver, {.first = StreamIndex{0}, .count = options.senders});
    list += (i == 0 ? "" : ", ") + numbered('r', i);
  }
  if (!has_lists) list = "#" + room;
  for (std::uint32_t i = 0; i < options.senders; ++i) {
    traffic.add_stream({.sender = traffic.add_connection({.name = numbered('s', i)}),
                        .destinations = list,
                        .delivered_head = "from " + numbered('s', i) + ": ",
                        .receiver_count = options.names});
  }
}

void plan_idle(Traffic& traffic, std::uint32_t connections) {
  for (std::uint32_t i = 0; i < connections; ++i) {
    traffic.add_connection({.name = numbered('i', i)});
  }
}

DrainPlan plan_drain(Traffic& traffic, const Options& options, const DrainWindows& windows) {
  const std::uint32_t sender_count = 2 * options.senders;
  std::vector<ConnectionIndex> senders;
  senders.reserve(sender_count);
  for (std::uint32_t i = 0; i < sender_count; ++i) {
    senders.push_back(traffic.add_connection({.name = numbered('s', i)}));
  }
  DrainPlan plan;
  for (std::uint32_t i = 0; i < options.receivers; ++i) {
    const ConnectionIndex receiver =
        traffic.add_connection({.name = numbered('r', i), .reception = Reception::narrow});
    plan.receivers.push_back(receiver);
    const std::uint32_t first = 2 * (i % options.senders);
    traffic.add_stream({.sender = senders[first],
                        .destinations = numbered('r', i),
                        .delivered_head = "from " + numbered('s', first) + ": ",
                        .receiver_count = 1,
                        .window = windows.messages});
    traffic.add_stream({.sender = senders[first + 1],
                        .destinations = numbered('r', i),
                        .delivered_head = "from " + numbered('s', first + 1) + ": ",
                        .receiver_count = 1,
                        .delivered_size = windows.filler_size,
                        .window = windows.fillers});
    traffic.subscribe(receiver, {.first = DrainPlan::messages_of(i), .count = 2});
  }
  return plan;
}

}  // namespace lastword::bench
