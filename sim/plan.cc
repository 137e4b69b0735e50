#include "sim/plan.h"

#include <algorithm>
#include <array>

#include "sim/planner.h"

namespace lastword::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// --- Weathers ----------------------------------------------------------------------------------

void plan_swarm(Planner& planner) {
  planner.families();
  planner.people(2, 4);
  planner.limits();
  planner.actions(10);
  planner.ways();
  planner.buffers();
  planner.roles(3);
  planner.endings();
}

void plan_calm(Planner& planner) {
  planner.people(2, 4);
  planner.actions(12);
}

void plan_lossy_mobile(Planner& planner) {
  planner.people(2, 3);
  planner.actions(12);
  planner.ways();
  planner.buffers();
  planner.byte_faults(4);
  planner.order_faults(8);
  planner.fault(FaultKind::reset, 30);
  planner.fault(FaultKind::half_open, 40);
  planner.fault(FaultKind::fin_anywhere, 60);
  planner.fault(FaultKind::reset_unread, 2);
  planner.fault(FaultKind::dead_on_accept, 12);
  planner.comings_back();
}

void plan_slow_loris(Planner& planner) {
  planner.people(3, 4);
  planner.limits();
  planner.actions(10);
  planner.buffers();
  planner.roles(2);
  planner.byte_faults(3);
  planner.fault(FaultKind::stops_and_resumes, 10);
  planner.fault(FaultKind::stop_at_worst, 200);
}

void plan_deploy(Planner& planner) {
  planner.people(2, 4);
  planner.actions(6);
  planner.buffers();
  planner.ways();
  planner.limits();
  planner.byte_faults(10);
  planner.order_faults(10);
  planner.comings_back();
  planner.for_each([&](PersonPlan& person, Chooser number) {
    person.talk = PersonPlan::Talk::flood;
    person.is_answering = planner.choices().occurs(2, Site::role, number);
    if (planner.choices().occurs(4, Site::ending, number)) {
      person.ending = PersonPlan::Ending::ignores_close;
    }
    if (planner.choices().occurs(8, Site::reading, number)) {
      person.reading = PersonPlan::Reading::never;
    }
  });
}

void plan_famine(Planner& planner) {
  Config& config = planner.plan().config;
  planner.people(3, 4);
  planner.actions(10);
  planner.buffers();
  constexpr std::array<std::size_t, 3> memories{400, 700, 1200};
  config.memory_max = memories[planner.choices().choose(3, Site::limits)] +
                      planner.choices().choose(200, Site::limits);
  config.outbox_max = 300 + planner.choices().choose(200, Site::limits);
  config.kept_free_blocks = 0;
  config.freed_bytes_min = 1;
  planner.plan().backlog_max = 2;
  planner.fault(FaultKind::no_descriptors, 5);
  planner.fault(FaultKind::aborted_call, 6);
  planner.fault(FaultKind::short_write, 6);
  planner.fault(FaultKind::stops_and_resumes, 12);
  planner.fault(FaultKind::log_blocks, 10);
  planner.fault(FaultKind::stop_at_worst, 100);
  planner.for_each([&](PersonPlan& person, Chooser) { person.starts_at = {}; });
}

void plan_swizzle(Planner& planner) {
  planner.people(3, 4);
  planner.limits();
  planner.actions(14);
  planner.buffers();
  planner.fault(FaultKind::stops_and_resumes, 5);
  planner.order_faults(8);
}

void plan_rooms(Planner& planner) {
  planner.people(3, 4);
  planner.limits();
  planner.actions(10);
  planner.byte_faults(10);
  planner.order_faults(6);
  planner.fault(FaultKind::reset, 60);
  planner.comings_back();
  planner.for_each([](PersonPlan& person, Chooser) { person.script = {"/join #r"}; });
}

void plan_storm(Planner& planner) {
  planner.people(3, 29);
  planner.roles(4);
  planner.actions(2);
  planner.plan().backlog_max = 8 + planner.choices().choose(60, Site::limits);
  planner.plan().config.connections_max = 40 - planner.choices().choose(36, Site::limits);
  planner.plan().config.refusals_max = 4;
  planner.order_faults(12);
  planner.fault(FaultKind::storm, 1);
  planner.fault(FaultKind::dead_on_accept, 6);
  planner.fault(FaultKind::no_descriptors, 20);
  planner.comings_back();
  planner.for_each([](PersonPlan& person, Chooser) { person.starts_at = {}; });
}

void plan_half_open(Planner& planner) {
  planner.people(2, 3);
  planner.limits();
  planner.actions(10);
  planner.buffers();
  planner.fault(FaultKind::half_open, 6);
  planner.fault(FaultKind::late_discovery, 4);
  planner.plan().horizon = seconds{60};
  planner.comings_back();
}

void plan_stale(Planner& planner) {
  planner.people(2, 3);
  planner.actions(8);
  planner.buffers();
  planner.fault(FaultKind::after_close, 2);
  planner.fault(FaultKind::reset, 6);
  planner.fault(FaultKind::fin_anywhere, 12);
  planner.fault(FaultKind::spurious, 8);
  planner.comings_back();
  planner.for_each([&](PersonPlan& person, Chooser number) {
    person.ending = planner.choices().occurs(2, Site::ending, number) ? PersonPlan::Ending::resets
                                                                      : PersonPlan::Ending::quits;
  });
}

void plan_clocks(Planner& planner) {
  planner.people(2, 3);
  planner.limits();
  planner.actions(8);
  planner.roles(4);
  planner.fault(FaultKind::process_paused, 40);
  planner.fault(FaultKind::timer_late, 3);
  planner.fault(FaultKind::wall_clock_jumps, 12);
  planner.fault(FaultKind::timer_against_io, 2);
  planner.fault(FaultKind::stops_and_resumes, 12);
  planner.for_each([&](PersonPlan& person, Chooser number) {
    if (planner.choices().occurs(3, Site::ending, number)) {
      person.ending = PersonPlan::Ending::ignores_close;
      person.reading = PersonPlan::Reading::never;
    }
  });
}

void plan_frames(Planner& planner) {
  planner.people(2, 3);
  planner.limits();
  planner.actions(12);
  planner.ways();
  planner.buffers();
  planner.byte_faults(6);
  planner.order_faults(10);
  planner.fault(FaultKind::malformed, 12);
  planner.fault(FaultKind::control_in_message, 3);
  planner.fault(FaultKind::after_close_frame, 2);
  planner.fault(FaultKind::fin_anywhere, 40);
  planner.fault(FaultKind::half_close, 40);
  planner.fault(FaultKind::stops_and_resumes, 20);
  planner.comings_back();
  planner.for_each([&](PersonPlan& person, Chooser number) {
    person.traits.transport = Transport::websocket;
    constexpr std::array<PersonPlan::Ending, 5> endings{
        PersonPlan::Ending::stays, PersonPlan::Ending::quits, PersonPlan::Ending::half_closes,
        PersonPlan::Ending::half_closes, PersonPlan::Ending::ignores_close};
    person.ending = endings[planner.choices().choose(endings.size(), Site::ending, number)];
    person.is_answering = planner.choices().occurs(3, Site::role, number);
  });
}

void plan_redeploy(Planner& planner) {
  planner.people(3, 2);
  planner.limits();
  planner.actions(8);
  planner.ways();
  planner.buffers();
  planner.byte_faults(12);
  planner.order_faults(12);
  planner.fault(FaultKind::after_close, 12);
  planner.fault(FaultKind::reset, 60);
  planner.fault(FaultKind::half_open, 60);
  planner.fault(FaultKind::stops_and_resumes, 20);
  planner.fault(FaultKind::no_descriptors, 40);
  planner.fault(FaultKind::process_paused, 1000);
  planner.restarts(1, 2);
  planner.for_each([&](PersonPlan& person, Chooser number) {
    person.comes_back = true;
    person.is_faithful = true;
    person.is_answering = planner.choices().occurs(3, Site::role, number);
    if (planner.choices().occurs(4, Site::role, number)) person.talk = PersonPlan::Talk::flood;
    if (planner.choices().occurs(8, Site::ending, number)) {
      person.ending = PersonPlan::Ending::ignores_close;
    }
    if (planner.choices().occurs(8, Site::reading, number)) {
      person.reading = PersonPlan::Reading::never;
    }
  });
}

// --- The tutorial's mistakes -------------------------------------------------------------------

std::vector<std::string> numbered(const std::string& begin, int count) {
  std::vector<std::string> lines;
  for (int number = 1; number <= count; ++number) lines.push_back(begin + std::to_string(number));
  return lines;
}

void plan_last_words(Planner& planner) {
  PersonPlan& alice = planner.user("alice", numbered("bob: word ", 12));
  alice.starts_at = milliseconds{30};  // bob is there by then
  alice.pace = {};
  PersonPlan& bob = planner.user("bob");
  bob.starts_at = {};
  bob.traits.send_buffer = 64;
  bob.traits.receive_buffer = 64;
  bob.traits.latency = milliseconds{5};
  planner.plan().stop_at = milliseconds{40};
}

void plan_still_typing(Planner& planner) {
  planner.user("alice", {"bob: hello"});
  planner.user("bob").starts_at = {};
  planner.user("carol").login = PersonPlan::Login::half_typed;
  planner.plan().stop_at = milliseconds{100};
}

void plan_departed_name(Planner& planner) {
  PersonPlan& bob = planner.user("bob");
  bob.ending = PersonPlan::Ending::half_closes;
  bob.comes_back = true;
  PersonPlan& alice = planner.user("alice", numbered("bob: are you there? ", 8));
  alice.pace = milliseconds{20};
  planner.plan().people.front().pace = milliseconds{30};
}

void plan_stopped_reader(Planner& planner) {
  planner.plan().config.outbox_max = 1024;
  planner.plan().config.memory_max = 4096;
  planner.user("alice", numbered("bob: a message of some length, number ", 200)).pace =
      milliseconds{1};
  PersonPlan& bob = planner.user("bob");
  bob.starts_at = {};
  bob.reading = PersonPlan::Reading::never;
  bob.traits.send_buffer = 256;
  bob.traits.receive_buffer = 256;
}

void plan_taken_name(Planner& planner) {
  planner.user("alice");
  planner.user("second alice").login = PersonPlan::Login::taken_name;
  planner.user("bob", {"alice: which one?"}).starts_at = milliseconds{100};
}

void plan_unread_lines(Planner& planner) {
  PersonPlan& alice = planner.user("alice", numbered("bob: line ", 12));
  alice.pace = milliseconds{1};
  planner.user("bob").starts_at = {};
  planner.plan().stop_at = milliseconds{8};
}

void plan_unread_input(Planner& planner) {
  PersonPlan& alice = planner.user("alice", numbered("bob: towards bob ", 120));
  alice.starts_at = {};
  alice.pace = milliseconds{1};
  PersonPlan& bob = planner.user("bob", numbered("alice: towards alice ", 120));
  bob.starts_at = {};
  bob.pace = milliseconds{1};
  for (PersonPlan* person : {&planner.plan().people[0], &planner.plan().people[1]}) {
    person->traits.latency = milliseconds{10};
    person->traits.upload_buffer = 256;
    person->is_sheltered = true;  // nothing holds up what they say
  }
  planner.plan().stop_at = milliseconds{60};
}

// --- The production client ---------------------------------------------------------------------

void plan_clients(Planner& planner) {
  planner.people(0, 2);
  planner.limits();
  planner.actions(8);
  planner.buffers();
  planner.roles(2);
  planner.endings();
  planner.clients(1, 3);
  planner.restarts(0, 3);
  planner.byte_faults(8);
  planner.order_faults(8);
  planner.fault(FaultKind::reset, 60);
  planner.fault(FaultKind::half_open, 100);
  planner.fault(FaultKind::stops_and_resumes, 60);
  planner.fault(FaultKind::process_paused, 150);
  planner.fault(FaultKind::timer_late, 10);
  planner.fault(FaultKind::after_close, 8);
  // Three heartbeats and the login after them take the second, a chain of setbacks the third.
  constexpr std::array<int, 3> horizons_s{20, 60, 150};
  planner.plan().horizon = seconds{horizons_s[planner.choices().choose(3, Site::horizon)]};
}

// --- For measuring -----------------------------------------------------------------------------

void plan_isolation(Planner& planner) {
  planner.user("alice", numbered("bob: quiet word ", 20)).pace = milliseconds{50};
  planner.user("bob", numbered("alice: quiet answer ", 20)).pace = milliseconds{70};
  for (PersonPlan& person : planner.plan().people) person.is_sheltered = true;
  planner.people(3, 3);
  planner.plan().is_stopped_anywhere = false;
  for (std::size_t place = 2; place < planner.plan().people.size(); ++place) {
    PersonPlan& person = planner.plan().people[place];
    person.name = "hostile " + std::to_string(place);
    person.is_hostile = true;
    person.traits.send_buffer = 256;
    person.traits.receive_buffer = 256;
    person.actions = 12;
    person.comes_back = true;
  }
  planner.plan().config.outbox_max = 600;
  planner.fault(FaultKind::stops_and_resumes, 6);
  const auto hostile = [&](PersonPlan& person, Chooser number) {
    if (!person.is_hostile) return;
    person.reading =
        static_cast<PersonPlan::Reading>(planner.choices().choose(3, Site::reading, number));
    person.login = static_cast<PersonPlan::Login>(planner.choices().choose(4, Site::role, number));
    person.ending =
        static_cast<PersonPlan::Ending>(planner.choices().choose(7, Site::ending, number));
    person.talk = planner.choices().occurs(2, Site::role, number) ? PersonPlan::Talk::flood
                                                                  : PersonPlan::Talk::mixed;
  };
  planner.for_each(hostile);
}

void plan_idle(Planner& planner) {
  planner.people(100, 0);
  planner.for_each([](PersonPlan& person, Chooser) {
    person.talk = PersonPlan::Talk::idle;
    person.actions = 120;
    person.pace = seconds{30};
  });
  planner.plan().horizon = std::chrono::hours{1};
  planner.plan().is_stopped_anywhere = false;
}

struct Named {
  std::string_view name;
  void (*plan)(Planner&);
};

constexpr std::array<Named, 24> plans{{
    {"swarm", plan_swarm},
    {"calm", plan_calm},
    {"lossy-mobile", plan_lossy_mobile},
    {"slow-loris", plan_slow_loris},
    {"deploy", plan_deploy},
    {"famine", plan_famine},
    {"swizzle", plan_swizzle},
    {"rooms", plan_rooms},
    {"storm", plan_storm},
    {"half-open", plan_half_open},
    {"stale", plan_stale},
    {"clocks", plan_clocks},
    {"frames", plan_frames},
    {"redeploy", plan_redeploy},
    {"clients", plan_clients},
    {"last-words", plan_last_words},
    {"still-typing", plan_still_typing},
    {"departed-name", plan_departed_name},
    {"stopped-reader", plan_stopped_reader},
    {"taken-name", plan_taken_name},
    {"unread-lines", plan_unread_lines},
    {"unread-input", plan_unread_input},
    {"isolation", plan_isolation},
    {"idle", plan_idle},
}};

}  // namespace

Plan make_plan(const Scenario& scenario, Choices& choices) {
  Planner planner{choices};
  for (const Named& named : plans) {
    if (named.name == scenario.name) named.plan(planner);
  }
  planner.plan().config.outbox_max =
      std::max(planner.plan().config.outbox_max, planner.plan().config.line_max);
  return planner.plan();
}

}  // namespace lastword::sim
