// The pump over any network at all.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "core/pump.h"
#include "tests/core/pump_world.h"
#include "tests/core/scripted_network.h"

namespace lastword {
namespace {

using namespace std::chrono_literals;

TEST(Pump, DeliversWhateverTheSizeOfTheWindow) {
  const std::string text(200, 'x');
  for (std::size_t window = 1; window <= 220; window += 3) {
    PumpWorld world;
    const ConnectionId ada = world.log_in("Ada");
    world.network.at(ada).window = 0;
    world.say(ada, "Ada: " + text + "\n");
    world.run();
    while (world.network.at(ada).is_awaiting_writable) {
      world.network.at(ada).window = window;
      world.turn();
    }
    EXPECT_EQ(world.take_written(ada), "from Ada: " + text + "\n");
    world.empty();
  }
}

struct Step {
  enum class Kind : std::uint8_t {
    connect,
    say,
    end,
    fail_reading,
    fail_writing,
    set_window,
    spurious,
    turn,
    wait,
    exhaust,
    hold_releases,
    stop
  };
  Kind kind;
  std::size_t who;
  std::size_t choice;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  constexpr std::string_view words[] = {"connect",      "say",        "end",      "fail_reading",
                                        "fail_writing", "set_window", "spurious", "turn",
                                        "wait",         "exhaust",    "hold",     "stop"};
  return out << words[static_cast<std::size_t>(step.kind)] << ' ' << step.who << ' ' << step.choice;
}

rc::Gen<Step> steps() {
  using Kind = Step::Kind;
  return rc::gen::construct<Step>(rc::gen::weightedElement<Kind>({{3, Kind::connect},
                                                                  {12, Kind::say},
                                                                  {1, Kind::end},
                                                                  {1, Kind::fail_reading},
                                                                  {1, Kind::fail_writing},
                                                                  {4, Kind::set_window},
                                                                  {3, Kind::spurious},
                                                                  {12, Kind::turn},
                                                                  {1, Kind::wait},
                                                                  {1, Kind::exhaust},
                                                                  {1, Kind::hold_releases},
                                                                  {1, Kind::stop}}),
                                  rc::gen::inRange<std::size_t>(0, 8),
                                  rc::gen::inRange<std::size_t>(0, 100));
}

// Names, so that most connections soon have one, and everything that may follow.
std::string line(std::size_t choice) {
  static const std::vector<std::string> lines{"A\n",
                                              "B\n",
                                              "C\n",
                                              "A, B, C: hello\n",
                                              "#r: hello\n",
                                              "/join #r\n",
                                              "/quit\n",
                                              "/who\n",
                                              "B: " + std::string(40, 'x') + "\n",
                                              "half a ",
                                              "A: 1\nB: 2\n",
                                              "/leave #r\n",
                                              std::string(70, 'l') + "\n",
                                              "/ping\n"};
  return lines[choice % lines.size()];
}

void take(PumpWorld& world, const Step& step) {
  const auto ids = world.network.ids();
  if (step.kind == Step::Kind::connect) {
    world.network.arrivals.push_back(Acceptance::accepted);
  } else if (step.kind == Step::Kind::exhaust) {
    world.network.arrivals.push_back(step.choice % 2 == 0 ? Acceptance::exhausted
                                                          : Acceptance::retry);
  } else if (step.kind == Step::Kind::turn) {
    world.turn();
  } else if (step.kind == Step::Kind::wait) {
    world.network.time = world.network.time + step.choice * 200ms;
  } else if (step.kind == Step::Kind::hold_releases) {
    world.network.is_closing_at_once = step.choice % 2 == 0;
  } else if (step.kind == Step::Kind::stop) {
    if (step.choice < 30) world.pump.stop(StopReason::terminate);
  }
  if (ids.empty()) return;

  // Connections that are gone among them: nothing may hit their heirs.
  const ConnectionId id = ids[ids.size() - 1 - step.who % ids.size()];
  auto& connection = world.network.at(id);
  if (step.kind == Step::Kind::say) {
    world.say(id, line(step.choice));
  } else if (step.kind == Step::Kind::end) {
    world.end(id);
  } else if (step.kind == Step::Kind::fail_reading) {
    world.fail(id, Fault::reset);
  } else if (step.kind == Step::Kind::fail_writing) {
    connection.write_fault = Fault::timed_out;
  } else if (step.kind == Step::Kind::set_window) {
    connection.window = step.choice < 50 ? step.choice : ScriptedNetwork::unlimited;
  } else if (step.kind == Step::Kind::spurious) {
    if (step.choice % 2 == 0) {
      world.readable(id);
    } else {
      world.writable(id);
    }
  }
}

RC_GTEST_PROP(Pump, KeepsItsWordAndComesToAnEndWhateverTheNetworkDoes, ()) {
  PumpWorld world{small_config()};
  const auto story = *rc::gen::scale(2.0, rc::gen::container<std::vector<Step>>(steps()));
  for (const Step& step : story) {
    take(world, step);
    RC_ASSERT(world.network.breaches.empty());
  }
  world.network.arrivals.clear();
  world.run();
  RC_ASSERT(world.network.breaches.empty());
  world.server.check_invariants();

  // Now everybody reads and goes.
  for (const ConnectionId id : world.network.ids()) {
    world.network.at(id).window = ScriptedNetwork::unlimited;
    world.end(id);
  }
  world.run();
  if (world.server.listen() != Listen::closed) world.pump.stop(StopReason::terminate);
  world.run();
  RC_ASSERT(world.network.breaches.empty());
  RC_ASSERT(world.server.finished().has_value());
  RC_ASSERT(world.server.queued_bytes() == 0U);
  for (const ConnectionId id : world.network.ids()) {
    RC_ASSERT(world.network.at(id).is_released);
  }
}

}  // namespace
}  // namespace lastword
