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
    PersonPlan& person = plan_.people.emplace_back();
    person.name = name_for(place);
    if (choices_.occurs(3, Site::transport, static_cast<Chooser>(place + 1))) {
      person.traits.transport = Transport::websocket;
    }
    person.starts_at = milliseconds{4 * place};
  }
}

void Planner::actions(std::uint32_t max) {
  for_each([&](PersonPlan& person, Chooser number) {
    person.actions = choices_.choose(max + 1, Site::script_length, number);
  });
}

void Planner::ways() {
  constexpr std::array<int, 5> latencies_us{1000, 0, 100, 10'000, 50'000};
  for_each([&](PersonPlan& person, Chooser number) {
    const auto drawn = choices_.choose(latencies_us.size(), Site::latency, number);
    person.traits.latency = std::chrono::microseconds{latencies_us[drawn]};
  });
}

void Planner::buffers() {
  constexpr std::array<std::size_t, 5> sizes{std::size_t{64} << 10, 4096, 1024, 300, 256};
  for_each([&](PersonPlan& person, Chooser number) {
    person.traits.send_buffer = sizes[choices_.choose(5, Site::buffers, number)];
    person.traits.receive_buffer = sizes[choices_.choose(5, Site::buffers, number)];
    person.traits.upload_buffer = sizes[choices_.choose(5, Site::buffers, number)];
  });
}

void Planner::roles(std::uint32_t one_in) {
  for_each([&](PersonPlan& person, Chooser number) {
    if (!choices_.occurs(one_in, Site::role, number)) return;
    switch (choices_.choose(8, Site::role, number)) {
      case 0:
        person.login = PersonPlan::Login::never;
        break;
      case 1:
        person.login = PersonPlan::Login::half_typed;
        break;
      case 2:
        person.login = PersonPlan::Login::bad_name;
        break;
      case 3:
        person.login = PersonPlan::Login::taken_name;
        break;
      case 4:
        person.reading = PersonPlan::Reading::slow;
        break;
      case 5:
        person.reading = PersonPlan::Reading::never;
        break;
      case 6:
        person.is_answering = true;
        break;
      default:
        person.talk = PersonPlan::Talk::flood;
        break;
    }
  });
}

void Planner::endings() {
  for_each([&](PersonPlan& person, Chooser number) {
    person.ending = static_cast<PersonPlan::Ending>(choices_.choose(7, Site::ending, number));
    person.comes_back = choices_.occurs(2, Site::reconnect, number);
  });
}

void Planner::comings_back() {
  for_each([&](PersonPlan& person, Chooser number) {
    person.comes_back = choices_.choose(4, Site::reconnect, number) != 0;
  });
}

void Planner::restarts(std::uint32_t least, std::uint32_t more) {
  const std::uint32_t count = least + choices_.choose(more + 1, Site::restarts);
  Duration at{};
  for (std::uint32_t place = 0; place < count; ++place) {
    // From within a drain to long after everybody is back.
    constexpr std::array<int, 8> spans_ms{300, 20, 60, 100, 1000, 2000, 4000, 8000};
    at += milliseconds{spans_ms[choices_.choose(spans_ms.size(), Site::restart_at)]};
    at += std::chrono::microseconds{500} * choices_.choose(64, Site::restart_at);
    Restart restart{.at = at};
    constexpr std::uint32_t steps_of_a_turn = 6;
    restart.steps = choices_.choose(steps_of_a_turn, Site::restart_at);
    constexpr std::array<std::optional<StopReason>, 3> kinds{StopReason::terminate, std::nullopt,
                                                             StopReason::interrupt};
    restart.reason = kinds[choices_.choose(kinds.size(), Site::restart_kind)];
    constexpr std::array<int, 6> downtimes_ms{100, 0, 1, 1000, 3000, 12'000};
    restart.downtime =
        milliseconds{downtimes_ms[choices_.choose(downtimes_ms.size(), Site::downtime)]};
    plan_.restarts.push_back(restart);
  }
}

void Planner::clients(std::uint32_t least, std::uint32_t more) {
  constexpr std::array<const char*, 4> client_names{"ann", "ben", "cat", "dan"};
  const std::uint32_t count = least + choices_.choose(more + 1, Site::clients);
  for (std::uint32_t place = 0; place < count; ++place) {
    const auto number = static_cast<Chooser>(plan_.people.size() + place + 1);
    ClientPlan& client = plan_.clients.emplace_back();
    client.name = client_names[place % client_names.size()];
    client.seed = choices_.choose(1U << 30U, Site::role, number);
    client.starts_at = milliseconds{4 * place};
    if (choices_.occurs(2, Site::transport, number)) {
      client.traits.transport = Transport::websocket;
    }
    constexpr std::array<int, 4> paces_ms{10, 0, 300, 3000};
    client.pace = milliseconds{paces_ms[choices_.choose(4, Site::think, number)]};
    client.is_finishing = choices_.occurs(4, Site::ending, number);
    client::Config& config = client.config;
    if (choices_.occurs(3, Site::reconnect, number)) config.if_unknown = client::IfUnknown::resend;
    constexpr std::array<std::size_t, 4> bounds{1 << 20, 1000, 300, 60};
    config.outbound_max = bounds[choices_.choose(3, Site::limits, number)];
    config.inbound_max = bounds[choices_.choose(4, Site::limits, number)];  // or a line at a time
    // A line may be longer than the server takes.
    config.line_max = choices_.occurs(4, Site::limits, number) ? 1000 : plan_.config.line_max;
  }
  for (std::uint32_t place = 0; place < count; ++place) lines_for(plan_.clients[place], place);
}

// Each message has a text of its own, so that it can be told from all others.
void Planner::lines_for(ClientPlan& client, std::uint32_t place) {
  const auto number = static_cast<Chooser>(plan_.people.size() + place + 1);
  if (choices_.occurs(3, Site::room, number)) client.lines.emplace_back("/join #r");
  const std::uint32_t count = choices_.choose(25, Site::script_length, number);
  for (std::uint32_t line = 1; line <= count; ++line) {
    std::string text = client.name + " says " + std::to_string(line);
    constexpr std::array<std::size_t, 6> paddings{0, 0, 0, 60, 200, 500};
    text.append(paddings[choices_.choose(6, Site::text_size, number)], '.');
    const auto other = choices_.choose(static_cast<std::uint32_t>(plan_.clients.size()),
                                       Site::destination, number);
    switch (choices_.choose(9, Site::action, number)) {
      case 0:
        break;  // nothing: lines that a failure does without are gone when it is shrunk
      case 1:
        client.lines.push_back("#r: " + text);
        break;
      case 2:
        client.lines.emplace_back(line % 2 == 0 ? "/leave #r" : "/join #r");
        break;
      case 3:
        client.lines.emplace_back(line % 2 == 0 ? "/who" : "");
        break;
      case 4:
        client.lines.push_back("no destination " + std::to_string(line));
        break;
      case 5:
        client.lines.push_back(client.name + ": " + text);
        break;
      case 6:
        client.lines.push_back((plan_.people.empty() ? "nobody" : plan_.people.front().name) +
                               ": " + text);
        break;
      default:
        client.lines.push_back(plan_.clients[other].name + ": " + text);
        break;
    }
  }
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

PersonPlan& Planner::user(std::string name, std::vector<std::string> script) {
  PersonPlan& person = plan_.people.emplace_back();
  person.name = std::move(name);
  person.script = std::move(script);
  person.starts_at = milliseconds{4 * (plan_.people.size() - 1)};
  return person;
}

}  // namespace lastword::sim
