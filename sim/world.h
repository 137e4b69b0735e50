// A whole simulated world: the server's process, the network, the people; and the course of a run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/actor.h"
#include "sim/cast.h"
#include "sim/environment.h"
#include "sim/excuses.h"
#include "sim/host.h"
#include "sim/kernel.h"
#include "sim/life.h"
#include "sim/oracle.h"
#include "sim/plan.h"
#include "sim/run.h"
#include "sim/signals.h"
#include "sim/surroundings.h"

namespace lastword::sim {

// The course of a run: people come and talk, faults strike, perhaps SIGTERM comes in the middle of
// it (and perhaps again). If it doesn't, some of the people are healed after a while and all else
// stays as it is for ever: what the healed say must be answered and delivered within a bound.
// Then SIGTERM comes, and the server must end in time, whatever the others do. Before that it may
// be restarted: the next process has the same address, and knows nothing.
//
// A copy is a snapshot: it goes on like the original, with its own future.
class World {
 public:
  struct Options {
    Narration* narration = nullptr;
    bool is_without_hostile = false;  // the hostile people stay at home
  };
  World(const Scenario& scenario, Choices choices, const Options& options);
  // Of a plan that no scenario makes.
  World(Plan plan, Choices choices, const Options& options);
  World(const World& other);
  World& operator=(const World&) = delete;
  ~World() = default;

  // The smallest thing that can happen; a signal can come between any two. False once everything
  // is over.
  bool step();
  // Runs to the end, or to the first violation.
  void run();

  // SIGTERM comes now, and no signal but those that the caller sends comes any more. The tape says
  // so too, so that it replays this run. If there is no process, as the next one has not started
  // yet, none starts any more.
  void stop_here();

  // What came of it so far.
  [[nodiscard]] Outcome outcome() const;
  // The same without the tape and the violations, which are costly to copy.
  [[nodiscard]] Outcome counts() const;
  [[nodiscard]] bool is_broken() const { return environment_.has_violation(); }
  // The server has ended, and no new process will take its place.
  [[nodiscard]] bool has_exited() const { return host().has_exited() && !signals_.is_restarting(); }
  // A signal that is the run's end was sent; the process may not have got it yet.
  [[nodiscard]] bool is_stopped() const { return signals_.is_stopped(); }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] const Environment& environment() const { return environment_; }
  [[nodiscard]] const Kernel& kernel() const { return kernel_; }
  [[nodiscard]] const Lives& lives() const { return lives_; }
  // Of the current life.
  [[nodiscard]] const Host& host() const { return lives_.current().host; }
  [[nodiscard]] const Oracle& oracle() const { return lives_.current().oracle; }
  [[nodiscard]] const std::vector<ClientProcess>& clients() const { return cast_.clients(); }
  [[nodiscard]] std::vector<std::string> lanes() const;
  // What each person had been told when healing began, as digests.
  [[nodiscard]] const std::vector<std::uint64_t>& transcripts() const { return transcripts_; }

 private:
  void begin(bool is_without_hostile);
  void handle(const Event& event);
  void strike_process(Life& life);
  void end_famine();
  void maybe_signal();
  [[nodiscard]] bool is_worst_moment() const;
  void stop(StopReason reason);
  void send(StopReason reason);
  void kill();
  void restart(const Restart& restart);
  void follow_exit();
  void start_process();
  void heal();
  void judge();
  void judge_end();
  void judge_accounts();
  void judge_account(const ClientProcess& client);
  void judge_at_link_end(Chooser number);
  void broke(Property property, std::string text) { environment_.broke(property, std::move(text)); }
  [[nodiscard]] Life::Place place() { return {environment_, kernel_, excuses_}; }
  [[nodiscard]] Surroundings surroundings() {
    return {environment_, kernel_, excuses_, lives_.current(), has_exited(), cast_};
  }
  [[nodiscard]] Actor& client_of(Link link) { return cast_.at(kernel_.client_of(link)); }

  Environment environment_;
  Plan plan_;
  Kernel kernel_;
  Excuses excuses_;
  Cast cast_;
  Lives lives_;
  Signals signals_;

  std::uint64_t steps_ = 0;
  bool is_over_ = false;
  bool is_healing_due_ = false;             // as soon as a new process has started
  std::vector<std::uint64_t> transcripts_;  // by person, when healing began
  Instant famine_began_{};
  std::uint64_t exhausted_before_famine_ = 0;
  bool is_famine_ = false;
};

}  // namespace lastword::sim
