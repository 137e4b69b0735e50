// Draws what a scenario leaves open: how many there are, what they are like, what goes wrong.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "sim/plan.h"

namespace lastword::sim {

// Fills a plan, part by part; each part is drawn from the tape when it is called for.
class Planner {
 public:
  explicit Planner(Choices& choices);

  // The server's limits, from generous to so tight that every message meets one.
  void limits();
  // `least` people, and up to `more` others.
  void people(std::uint32_t least, std::uint32_t more);
  // How much each has to say, at most `max` times.
  void actions(std::uint32_t max);
  // How far away each is.
  void ways();
  // What the kernel holds for each, from generous to a line or two.
  void buffers();
  // One in so many is no well-behaved user.
  void roles(std::uint32_t one_in);
  // What each does in the end, and whether it comes back.
  void endings();
  // Three of four come back when they lost their connection.
  void comings_back();
  // So many restarts of the server, and up to `more` others: when, how, and for how long nobody is
  // there.
  void restarts(std::uint32_t least, std::uint32_t more);
  // Production clients, numbered behind all people: to be called after these.
  void clients(std::uint32_t least, std::uint32_t more);
  // Half of all families of faults are off in a run, the others strike at a rate of their own.
  void families();

  void fault(FaultKind kind, std::uint32_t one_in) { plan_.weather.at(kind) = one_in; }
  void byte_faults(std::uint32_t one_in);
  void order_faults(std::uint32_t one_in);

  // A user who says these lines, one after the other. Good until the next one is added.
  PersonPlan& user(std::string name, std::vector<std::string> script = {});

  // Calls function(person, number) for all of them.
  template <typename Function>
  void for_each(const Function& function) {
    for (std::size_t place = 0; place < plan_.people.size(); ++place) {
      function(plan_.people[place], static_cast<Chooser>(place + 1));
    }
  }

  [[nodiscard]] Plan& plan() { return plan_; }
  [[nodiscard]] Choices& choices() { return choices_; }

 private:
  void lines_for(ClientPlan& client, std::uint32_t place);

  void rarer(FaultKind kind, std::uint32_t times) { plan_.weather.at(kind) *= times; }

  Choices& choices_;
  Plan plan_;
};

}  // namespace lastword::sim
