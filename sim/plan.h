// What a run starts from: the scenario's fixed part, and what was drawn for this run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/client/config.h"
#include "core/config.h"
#include "core/instant.h"
#include "core/server.h"
#include "sim/environment.h"
#include "sim/kernel.h"
#include "sim/scenario.h"

namespace lastword::sim {

struct PersonPlan {
  enum class Login : std::uint8_t { normal, never, half_typed, bad_name, taken_name };
  enum class Reading : std::uint8_t { always, slow, never };
  // What it does when its script is over.
  enum class Ending : std::uint8_t {
    stays,  // and ends its side when the server has
    half_closes,
    quits,
    closes,  // without reading on
    resets,
    vanishes,
    ignores_close,  // stays, and never ends its side
  };
  enum class Talk : std::uint8_t { mixed, flood, idle };

  std::string name;
  Login login = Login::normal;
  Reading reading = Reading::always;
  Ending ending = Ending::stays;
  Talk talk = Talk::mixed;
  LinkTraits traits;  // its transport too
  Duration starts_at{};
  std::uint32_t actions = 0;                     // drawn one by one while the run goes on
  std::vector<std::string> script;               // lines that are sent before those
  Duration pace{std::chrono::milliseconds{10}};  // between two of them
  bool comes_back = false;                       // once it lost its connection
  bool is_faithful = false;                      // ... even with nothing left to say
  bool is_answering = false;                     // answers messages with messages
  bool is_sheltered = false;                     // no misfortune of its own
  bool is_hostile = false;                       // left out when isolation is checked
};

// Somebody who uses the production client.
struct ClientPlan {
  std::string name;
  client::Config config;   // but for its name and address
  LinkTraits traits;       // its transport too
  std::uint32_t seed = 0;  // of its random numbers, together with its number
  Duration starts_at{};
  std::vector<std::string> lines;                // that it is given
  Duration pace{std::chrono::milliseconds{10}};  // between two of them
  bool is_finishing = false;                     // ... and after the last one it ends
};

// A signal to the server's process, after whose end a new process starts on the same address.
struct Restart {
  Duration at{};                                             // since the start of the run
  std::uint32_t steps = 0;                                   // so many steps later: within a turn
  std::optional<StopReason> reason = StopReason::terminate;  // none: SIGKILL
  Duration downtime{};  // from the end of the old process to the start of the new one
};

struct Plan {
  Config config;
  Weather weather;
  std::vector<PersonPlan> people;              // client 1 is the first
  std::vector<ClientPlan> clients;             // come behind them
  Duration horizon{std::chrono::seconds{30}};  // when healing begins
  std::optional<Duration> stop_at;             // SIGTERM at a fixed time
  std::vector<Restart> restarts;               // in the order of their times
  std::uint32_t backlog_max = 64;
  // From healing to its judgement; none: long enough for whatever faults have left behind.
  std::optional<Duration> healing_bound;
  std::uint64_t steps_max = 5'000'000;  // a run of more of them is one that goes nowhere
  bool is_control_on = true;            // signals come in the middle, and again
  bool is_stopped_anywhere = true;      // SIGTERM after a step that is drawn
};

[[nodiscard]] Plan make_plan(const Scenario& scenario, Choices& choices);

}  // namespace lastword::sim
