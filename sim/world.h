// A whole simulated world: the server's process, the network, the people; and the course of a run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/client.h"
#include "sim/environment.h"
#include "sim/host.h"
#include "sim/kernel.h"
#include "sim/oracle.h"
#include "sim/plan.h"
#include "sim/run.h"

namespace lastword::sim {

// The course of a run: people come and talk, faults strike, perhaps SIGTERM comes in the middle of
// it (and perhaps again). If it doesn't, some of the clients are healed after a while and all else
// stays as it is for ever: what the healed say must be answered and delivered within a bound.
// Then SIGTERM comes, and the server must end in time, whatever the others do.
//
// A copy is a snapshot: it goes on like the original, with its own future.
class World {
 public:
  struct Options {
    Narration* narration = nullptr;
    bool is_without_hostile = false;  // the hostile clients stay at home
  };
  World(const Scenario& scenario, Choices choices, const Options& options);
  World(const World& other);
  World& operator=(const World&) = delete;
  ~World() = default;

  // The smallest thing that can happen; a signal can come between any two. False once everything
  // is over.
  bool step();
  // Runs to the end, or to the first violation.
  void run();

  void signal(StopReason reason);
  // SIGTERM comes now, and no signal but those that the caller sends comes any more. The tape says
  // so too, so that it replays this run.
  void stop_here();

  // What came of it so far.
  [[nodiscard]] Outcome outcome() const;
  // The same without the tape and the violations, which are costly to copy.
  [[nodiscard]] Outcome counts() const;
  [[nodiscard]] bool is_broken() const { return environment_.has_violation(); }
  [[nodiscard]] bool has_exited() const { return host_.has_exited(); }
  // A signal was sent; the process may not have got it yet.
  [[nodiscard]] bool is_stopped() const { return signals_ > 0; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] const Environment& environment() const { return environment_; }
  [[nodiscard]] const Host& host() const { return host_; }
  [[nodiscard]] const Kernel& kernel() const { return kernel_; }
  [[nodiscard]] const Oracle& oracle() const { return oracle_; }
  [[nodiscard]] std::vector<std::string> lanes() const;
  // What each client had been told when healing began, as digests.
  [[nodiscard]] const std::vector<std::uint64_t>& transcripts() const { return transcripts_; }

 private:
  void begin(bool is_without_hostile);
  void handle(const Event& event);
  void maybe_signal();
  void mark_stop();
  void mark_second_stop();
  void strike_process();
  void heal();
  void judge();
  void watch_shutdown();
  void judge_end();
  void broke(Property property, std::string text, std::vector<Chooser> clients = {}) {
    environment_.broke(property, std::move(text), std::move(clients));
  }
  [[nodiscard]] Client::Surroundings surroundings() {
    return {environment_, kernel_, oracle_, host_, clients_};
  }
  [[nodiscard]] Client* client_of(Link link);

  Environment environment_;
  Plan plan_;
  Kernel kernel_;
  Oracle oracle_;
  std::vector<Client> clients_;
  Host host_;

  std::uint64_t steps_ = 0;
  std::uint32_t stop_step_ = 0;   // one more than the steps before it; 0: none
  std::uint32_t stop_again_ = 0;  // steps after the first one; 0: never
  std::uint64_t stopped_at_step_ = 0;
  StopReason stop_reason_ = StopReason::terminate;
  bool is_kill_ = false;
  bool are_signals_silenced_ = false;
  bool was_everybody_well_ = false;  // at the stop
  bool is_over_ = false;
  bool is_exit_seen_ = false;
  bool was_stall_marked_ = false;
  std::uint32_t signals_ = 0;
  std::vector<std::uint64_t> transcripts_;  // by client, when healing began
  Instant famine_began_{};
  std::uint64_t exhausted_before_famine_ = 0;
  bool is_famine_ = false;
};

}  // namespace lastword::sim
