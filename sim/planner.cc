#include "sim/planner.h"

#include <algorithm>
#include <array>

namespace lastword::sim {

namespace {

using std::chrono::milliseconds;

constexpr std::array<const char*, 12> names{"alice", "bob",   "carol", "dave", "erin",    "frank",
                                            "grace", "heidi", "ivan",  "judy", "mallory", "olivia"};

std::string name_for(std::size_t place) {
  std::string name = names[place % names.size()];
  if (place >= names.size()) name += " " + std::to_string(place / names.size() + 1);
  return name;
}

}  // namespace

Planner::Planner(Choices& choices) : choices_{choices} {
  plan_.config.line_max = 256;
  plan_.config.connections_max = 1000;
  plan_.config.rooms_per_peer_max = 2;
}

void Planner::limits() {
  Config& config = plan_.config;
  constexpr std::array<std::size_t, 6> outboxes{1 << 20, 4096, 1024, 600, 400, 300};
  constexpr std::array<std::size_t, 6> memories{1 << 28, 8192, 2000, 900, 500, 350};
  constexpr std::array<std::uint32_t, 6> budgets{65'536, 64, 8, 4, 2, 1};
  config.outbox_max = outboxes[choices_.choose(6, Site::limits)];
  config.memory_max = memories[choices_.choose(6, Site::limits)];
  config.work_per_fact_max = budgets[choices_.choose(6, Site::limits)];
  // Around the sizes of messages, so that a budget is full at each of them, and exactly.
  config.memory_max += choices_.choose(64, Site::limits);
  constexpr std::array<int, 3> heartbeats_s{30, 10, 3};
  config.heartbeat = std::chrono::seconds{heartbeats_s[choices_.choose(3, Site::transport)]};
  config.outbox_max += choices_.choose(64, Site::limits);
}

void Planner::people(std::uint32_t least, std::uint32_t more) {
  const std::uint32_t count = least + choices_.choose(more + 1, Site::clients);
  for (std::uint32_t place = 0; place < count; ++place) {
    ClientPlan& client = plan_.clients.emplace_back();
    client.name = name_for(place);
    if (choices_.occurs(3, Site::transport, static_cast<Chooser>(place + 1))) {
      client.traits.transport = Transport::websocket;
    }
    client.starts_at = milliseconds{4 * place};
  }
}

void Planner::actions(std::uint32_t max) {
  for_each([&](ClientPlan& client, Chooser number) {
    client.actions = choices_.choose(max + 1, Site::script_length, number);
  });
}

void Planner::ways() {
  constexpr std::array<int, 5> latencies_us{1000, 0, 100, 10'000, 50'000};
  for_each([&](ClientPlan& client, Chooser number) {
    const auto drawn = choices_.choose(latencies_us.size(), Site::latency, number);
    client.traits.latency = std::chrono::microseconds{latencies_us[drawn]};
  });
}

void Planner::buffers() {
  constexpr std::array<std::size_t, 5> sizes{std::size_t{64} << 10, 4096, 1024, 300, 256};
  for_each([&](ClientPlan& client, Chooser number) {
    client.traits.send_buffer = sizes[choices_.choose(5, Site::buffers, number)];
    client.traits.receive_buffer = sizes[choices_.choose(5, Site::buffers, number)];
    client.traits.upload_buffer = sizes[choices_.choose(5, Site::buffers, number)];
  });
}

void Planner::roles(std::uint32_t one_in) {
  for_each([&](ClientPlan& client, Chooser number) {
    if (!choices_.occurs(one_in, Site::role, number)) return;
    switch (choices_.choose(8, Site::role, number)) {
      case 0:
        client.login = ClientPlan::Login::never;
        break;
      case 1:
        client.login = ClientPlan::Login::half_typed;
        break;
      case 2:
        client.login = ClientPlan::Login::bad_name;
        break;
      case 3:
        client.login = ClientPlan::Login::taken_name;
        break;
      case 4:
        client.reading = ClientPlan::Reading::slow;
        break;
      case 5:
        client.reading = ClientPlan::Reading::never;
        break;
      case 6:
        client.is_answering = true;
        break;
      default:
        client.talk = ClientPlan::Talk::flood;
        break;
    }
  });
}

void Planner::endings() {
  for_each([&](ClientPlan& client, Chooser number) {
    client.ending = static_cast<ClientPlan::Ending>(choices_.choose(7, Site::ending, number));
    client.comes_back = choices_.occurs(2, Site::reconnect, number);
  });
}

void Planner::comings_back() {
  for_each([&](ClientPlan& client, Chooser number) {
    client.comes_back = choices_.choose(4, Site::reconnect, number) != 0;
  });
}

void Planner::families() {
  std::array<std::uint32_t, family_count> rates{};
  for (std::size_t place = 0; place < family_count; ++place) {
    const auto chooser = static_cast<Chooser>(place);
    if (!choices_.occurs(2, Site::family_on, chooser)) continue;
    constexpr std::array<std::uint32_t, 5> one_in{30, 8, 3, 15, 100};
    rates[place] = one_in[choices_.choose(5, Site::family_rate, chooser)];
  }
  for (std::size_t place = 0; place < fault_count; ++place) {
    const auto fault = static_cast<FaultKind>(place);
    plan_.weather.at(fault) = rates[static_cast<std::size_t>(family_of(fault))];
  }
  plan_.is_control_on = rates[static_cast<std::size_t>(Family::control)] != 0;
  rarer(FaultKind::half_open, 4);
  rarer(FaultKind::reset, 4);
  rarer(FaultKind::fin_anywhere, 4);
  rarer(FaultKind::half_close, 4);
  rarer(FaultKind::dead_on_accept, 2);
  rarer(FaultKind::process_paused, 8);
  rarer(FaultKind::stop_at_worst, 4);
}

void Planner::byte_faults(std::uint32_t one_in) {
  for (const FaultKind kind : {FaultKind::cut_anywhere, FaultKind::one_byte_a_read,
                               FaultKind::short_write, FaultKind::would_block}) {
    fault(kind, one_in);
  }
}

void Planner::order_faults(std::uint32_t one_in) {
  for (const FaultKind kind : {FaultKind::any_order, FaultKind::timer_against_io,
                               FaultKind::reply_before_written, FaultKind::spurious}) {
    fault(kind, one_in);
  }
}

ClientPlan& Planner::user(std::string name, std::vector<std::string> script) {
  ClientPlan& client = plan_.clients.emplace_back();
  client.name = std::move(name);
  client.script = std::move(script);
  client.starts_at = milliseconds{4 * (plan_.clients.size() - 1)};
  return client;
}

}  // namespace lastword::sim
