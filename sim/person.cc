#include "sim/person.h"

#include <algorithm>
#include <array>

#include "sim/cast.h"
#include "sim/life.h"

namespace lastword::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t answers_max = 20;
constexpr std::uint32_t returns_max = 100;
constexpr Duration slow_interval = milliseconds{700};
constexpr std::size_t slow_size = 16;
constexpr unsigned reference_close_code = 1000;

}  // namespace

bool Person::is_reading() const {
  if (is_healed_) return true;
  return !is_frozen_ && !has_stopped_reading_ && plan_.reading != PersonPlan::Reading::never &&
         plan_.reading != PersonPlan::Reading::slow;
}

void Person::start(Surroundings& world) {
  is_coming_ = true;
  act_later(world, plan_.starts_at);
}

void Person::act_later(Surroundings& world, Duration delay) {
  if (is_act_scheduled_) return;
  is_act_scheduled_ = true;
  world.environment.queue.push(world.environment.now + delay, Event::Kind::client_acts, number_);
}

// --- Coming and going --------------------------------------------------------------------------

void Person::connect(Surroundings& world) {
  Environment& environment = world.environment;
  link_ = world.kernel.connect(environment, number_, plan_.traits);
  is_coming_ = false;
  is_connected_ = false;
  has_stopped_reading_ = false;
  has_logged_in_ = false;
  has_probed_ = false;
  is_ending_ = false;
  unsent_.clear();
  received_.clear();
  raw_.clear();
  waiting_.clear();
  is_open_ = false;
  has_sent_close_ = false;
  environment.note("connects", number_, link_);
  if (world.server.oracle.is_stopped()) environment.faults.inject(FaultKind::during_drain);
  const bool is_untouched = is_healed_ || plan_.reading == PersonPlan::Reading::always;
  if (!is_untouched) world.excuses.touch(link_);
}

void Person::connected(Surroundings& world, Link link) {
  if (link != link_) return;
  Environment& environment = world.environment;
  if (world.kernel.is_refused(link)) {
    environment.tell(StoryEvent::Kind::act, number_, "connects, and is refused: nobody listens");
    if (world.server.oracle.is_stopped()) environment.faults.take_effect(FaultKind::during_drain);
    link_ = no_link;
    come_back(world, seconds{1});
    return;
  }
  world.kernel.becomes_established(environment, link);
  is_connected_ = true;
  if (is_frozen_) return;
  if (!is_healed_ &&
      environment.strikes(FaultKind::dead_on_accept, Site::dead_on_accept, number_)) {
    environment.tell(StoryEvent::Kind::fault, number_, "breaks off at once");
    lose(world, "resets");
    return;
  }
  log_in(world);
}

void Person::log_in(Surroundings& world) {
  Environment& environment = world.environment;
  has_logged_in_ = true;
  if (is_websocket()) open(world);
  const auto login = is_healed_ ? PersonPlan::Login::normal : plan_.login;
  switch (login) {
    case PersonPlan::Login::normal: {
      const auto holder = world.server.oracle.link_named(plan_.name);
      if (holder && world.kernel.has_vanished(*holder)) {
        environment.faults.strike(FaultKind::back_over_half_open);
        environment.marks.hit(Mark::back_over_half_open);
      }
      say(world, plan_.name + "\n");
      break;
    }
    case PersonPlan::Login::never:
      environment.faults.inject(FaultKind::login_never_done);
      environment.tell(StoryEvent::Kind::act, number_, "connects, and says nothing");
      break;
    case PersonPlan::Login::half_typed:
      environment.faults.inject(FaultKind::login_never_done);
      say(world, plan_.name.substr(0, plan_.name.size() / 2 + 1));
      break;
    case PersonPlan::Login::bad_name:
      environment.faults.inject(FaultKind::malformed);
      say(world, "/" + plan_.name + "\xC3(\n");
      break;
    case PersonPlan::Login::taken_name:
      say(world, world.everybody.at(1).name() + "\n");
      break;
  }
  act_later(world, plan_.pace);
}

// The connection is over for the person.
void Person::lose(Surroundings& world, std::string_view why) {
  if (link_ == no_link) return;
  Environment& environment = world.environment;
  environment.note("loses", number_, link_);
  // The FIN that follows says the rest.
  if (why != "ends its side too")
    environment.tell(StoryEvent::Kind::act, number_, std::string{why});
  if (why == "resets") {
    world.excuses.touch(link_);
    world.kernel.reset(environment, link_);
  } else if (why == "vanishes") {
    world.excuses.touch(link_);
    world.kernel.vanish(environment, link_);
  } else {
    world.kernel.close(environment, link_);
  }
  link_ = no_link;
  is_connected_ = false;
  has_stopped_reading_ = false;
  // Not all at the same pace, or two of them could get into each other's way for ever.
  const Duration pause = seconds{20} + number_ * milliseconds{970};
  come_back(world, is_healed_ ? pause : plan_.pace * 3);
}

void Person::come_back(Surroundings& world, Duration delay) {
  if (world.is_server_gone || is_frozen_) return;
  if (!is_healed_ && returns_ >= returns_max) return;
  if (!is_healed_ && (!plan_.comes_back || is_done_)) return;
  ++returns_;
  is_coming_ = true;
  constexpr std::uint32_t quick_returns = 5;
  comes_at_ = world.environment.now +
              (returns_ <= quick_returns || is_healed_ ? delay : Duration{seconds{2}});
  act_later(world, comes_at_ - world.environment.now);
}

// --- Doing things ------------------------------------------------------------------------------

void Person::act(Surroundings& world) {
  is_act_scheduled_ = false;
  if (is_frozen_ || world.is_server_gone) return;
  if (link_ == no_link) {
    if (!is_coming_) return;
    if (world.environment.now < comes_at_) {  // this was about something that is over
      act_later(world, comes_at_ - world.environment.now);
    } else {
      connect(world);
    }
    return;
  }
  if (!is_connected_) return;
  if (is_healed_) {
    probe(world);
    return;
  }
  if (!has_logged_in_ || is_ending_) return;
  if (suffer(world)) return;
  if (next_script_line_ < plan_.script.size()) {
    ++messages_;
    say(world, plan_.script[next_script_line_++] + "\n");
  } else if (plan_.actions > 0) {
    --plan_.actions;
    draw_action(world);
  } else {
    is_done_ = true;
    end(world);
    return;
  }
  if (link_ != no_link) act_later(world, draw_pace(world));
}

Duration Person::draw_pace(Surroundings& world) {
  if (plan_.is_sheltered) return plan_.pace;
  constexpr std::array<int, 8> factors{1, 0, 0, 3, 10, 100, 350, 1000};
  Environment& environment = world.environment;
  const auto drawn = environment.choose(factors.size(), Site::think, number_);
  // Just when something of the server's is due, so that both fall into one instant.
  const auto deadline = world.server.host.server().deadline();
  if (drawn == 7 && deadline && deadline->at > environment.now + plan_.traits.latency) {
    return deadline->at - environment.now - plan_.traits.latency;
  }
  return plan_.pace * factors[drawn];
}

void Person::say(Surroundings& world, std::string_view bytes) {
  if (world.server.oracle.is_stopped()) {
    world.environment.faults.strike(FaultKind::during_drain);
  }
  if (!is_websocket()) {
    unsent_.append(bytes);
  } else if (is_open_) {
    unsent_.append(in_frames(world, bytes));
  } else {
    waiting_.append(in_frames(world, bytes));
  }
  flush(world);
}

void Person::end_side(Surroundings& world) {
  is_done_ = true;
  is_ending_ = true;
  world.kernel.finish(world.environment, link_);
}

// Takes at most so many bytes of what has arrived.
void Person::receive(Surroundings& world, std::size_t size_max) {
  world.kernel.receive(world.environment, link_, size_max, is_websocket() ? raw_ : received_);
  if (is_websocket()) read_frames(world);
}

void Person::flush(Surroundings& world) {
  if (link_ == no_link || unsent_.empty()) return;
  unsent_.erase(0, world.kernel.send(world.environment, link_, unsent_));
}

// Misfortune, in the middle of anything. True if the person is gone or has ended its side.
bool Person::suffer(Surroundings& world) {
  if (plan_.is_sheltered) return false;
  Environment& environment = world.environment;
  const auto counts = [&](FaultKind fault) {
    if (world.kernel.is_accepted(link_) && !world.kernel.is_server_closed(link_)) {
      environment.faults.take_effect(fault);
    }
  };
  if (environment.strikes(FaultKind::reset, Site::cut_link, number_)) {
    counts(FaultKind::reset);
    lose(world, "resets");
    return true;
  }
  if (environment.strikes(FaultKind::half_open, Site::cut_link, number_)) {
    lose(world, "vanishes");
    return true;
  }
  if (environment.strikes(FaultKind::fin_anywhere, Site::cut_link, number_)) {
    counts(FaultKind::fin_anywhere);
    say(world, "half a li");
    environment.tell(StoryEvent::Kind::act, number_, "ends its side in the middle of a line");
    end_side(world);
    return true;
  }
  if (environment.strikes(FaultKind::half_close, Site::cut_link, number_)) {
    counts(FaultKind::half_close);
    environment.tell(StoryEvent::Kind::act, number_, "ends its side and reads on");
    end_side(world);
    return true;
  }
  if (!has_stopped_reading_ &&
      environment.strikes(FaultKind::stops_and_resumes, Site::reading, number_)) {
    has_stopped_reading_ = true;
    world.excuses.touch(link_);
    environment.tell(StoryEvent::Kind::act, number_, "stops reading");
    constexpr std::array<int, 4> stops_s{1, 5, 9, 25};
    const auto span = seconds{stops_s[environment.choose(4, Site::reading, number_)]};
    environment.queue.push(environment.now + span, Event::Kind::client_reads, number_);
  }
  return false;
}

void Person::end(Surroundings& world) {
  Environment& environment = world.environment;
  const auto felt = [&](FaultKind fault) {
    environment.faults.inject(fault);
    if (world.kernel.is_accepted(link_) && !world.kernel.is_server_closed(link_)) {
      environment.faults.take_effect(fault);
    }
  };
  is_ending_ = true;
  switch (plan_.ending) {
    case PersonPlan::Ending::stays:
    case PersonPlan::Ending::ignores_close:
      is_ending_ = false;
      if (plan_.is_faithful || (plan_.comes_back && plan_.talk == PersonPlan::Talk::idle)) {
        is_done_ = false;
      }
      return;
    case PersonPlan::Ending::half_closes:
      if (is_websocket()) {
        send_close(world, reference_close_code);
        return;
      }
      felt(FaultKind::half_close);
      environment.tell(StoryEvent::Kind::act, number_, "ends its side and reads on");
      world.kernel.finish(environment, link_);
      return;
    case PersonPlan::Ending::quits:
      say(world, "/quit\n");
      return;
    case PersonPlan::Ending::closes:
      felt(FaultKind::fin_anywhere);
      world.excuses.touch(link_);
      lose(world, "closes");
      return;
    case PersonPlan::Ending::resets:
      felt(FaultKind::reset);
      lose(world, "resets");
      return;
    case PersonPlan::Ending::vanishes:
      environment.faults.inject(FaultKind::half_open);
      lose(world, "vanishes");
      return;
  }
}

// --- Reading -----------------------------------------------------------------------------------

void Person::read_on(Surroundings& world) {
  is_reading_scheduled_ = false;
  if (is_frozen_ || link_ == no_link) return;
  Environment& environment = world.environment;
  if (has_stopped_reading_) {
    has_stopped_reading_ = false;
    environment.tell(StoryEvent::Kind::act, number_, "reads again");
    if (world.kernel.unread(link_) > 0)
      environment.faults.take_effect(FaultKind::stops_and_resumes);
  } else if (plan_.reading == PersonPlan::Reading::slow && !is_healed_) {
    receive(world, slow_size);
    if (link_ == no_link) return;
    if (world.kernel.unread(link_) > 0) environment.faults.take_effect(FaultKind::slow_reader);
    if (!plan_.is_answering) received_.clear();
  }
  look(world, link_);
}

void Person::look(Surroundings& world, Link link) {
  if (link != link_) return;
  Environment& environment = world.environment;
  flush(world);
  if (is_reading()) {
    receive(world, SIZE_MAX);
    if (plan_.is_answering && !is_healed_) answer(world);
    if (!plan_.is_answering) received_.clear();
  } else if (plan_.reading == PersonPlan::Reading::slow && !is_reading_scheduled_ && !is_frozen_ &&
             !has_stopped_reading_ && world.kernel.unread(link_) > 0) {
    is_reading_scheduled_ = true;
    environment.faults.inject(FaultKind::slow_reader);
    environment.queue.push(environment.now + slow_interval, Event::Kind::client_reads, number_);
  }
  if (world.kernel.has_reset_arrived(link_)) {
    environment.tell(StoryEvent::Kind::act, number_, "sees the reset");
    link_ = no_link;
    is_connected_ = false;
    come_back(world, seconds{1});
    return;
  }
  if (!world.kernel.has_end_arrived(link_) || is_frozen_) return;
  if (plan_.ending == PersonPlan::Ending::ignores_close && !is_healed_) {
    if (!is_done_ || !is_ending_) environment.faults.strike(FaultKind::ignores_close);
    world.excuses.excuse_reset(link_);
    return;
  }
  lose(world, "ends its side too");
}

// Answers each message with one, up to a bound.
void Person::answer(Surroundings& world) {
  std::string answers;
  std::size_t lf = 0;
  while ((lf = received_.find('\n')) != std::string::npos) {
    const std::string_view line = std::string_view{received_}.substr(0, lf);
    const std::size_t colon = line.find(": ");
    const bool is_message = line.starts_with("from ") && colon != std::string_view::npos;
    if (is_message && answers_ < answers_max) {
      ++answers_;
      std::string_view sender = line.substr(5, colon - 5);
      sender = sender.substr(0, sender.find(" in "));
      answers.append(sender).append(": re ").append(std::to_string(answers_)).append("\n");
    }
    received_.erase(0, lf + 1);
  }
  if (!answers.empty() && !is_ending_) say(world, answers);
}

// --- Healing -----------------------------------------------------------------------------------

void Person::freeze(Surroundings& world) {
  is_frozen_ = true;
  if (link_ == no_link) return;
  world.excuses.touch(link_);
  world.excuses.excuse_reset(link_);
}

void Person::heal(Surroundings& world) {
  is_healed_ = true;
  is_done_ = true;
  has_stopped_reading_ = false;
  const bool is_well = link_ != no_link && is_connected_ && !is_ending_ &&
                       world.server.oracle.stage(link_) == Oracle::Stage::online &&
                       world.server.oracle.name_of(link_) == plan_.name &&
                       world.kernel.unread(link_) == 0;
  if (!is_well && link_ != no_link) {
    world.excuses.touch(link_);
    lose(world, world.kernel.unread(link_) > 0 ? "resets" : "closes");
    return;
  }
  is_coming_ = link_ == no_link;
  comes_at_ = world.environment.now;
  if (!is_coming_) receive(world, SIZE_MAX);
  act_later(world, milliseconds{10});
}

// Says what must be answered, and what must arrive.
void Person::probe(Surroundings& world) {
  if (has_probed_) return;
  has_probed_ = true;
  std::string bytes = unsent_.empty() || is_websocket() ? "" : "\n";  // ends what was begun
  bytes += "/ping well\n" + plan_.name + ": to myself\n";
  for (Chooser number = 1; number <= world.everybody.size(); ++number) {
    const Actor& other = world.everybody.at(number);
    if (other.is_healed() && number != number_) bytes += other.name() + ": are you well?\n";
  }
  say(world, bytes);
}

}  // namespace lastword::sim
