#include "sim/scenario.h"

#include <algorithm>
#include <array>

namespace lastword::sim {

namespace {

constexpr std::array<Scenario, 24> all{{
    // Weathers: the mix that `run` draws from
    {"swarm", "anybody, any faults: half of all families are off in each run", true},
    {"calm", "no faults but the moment of the signal: every message must arrive", true},
    {"lossy-mobile", "long ways, cuts everywhere, links that break and come back", true},
    {"slow-loris", "readers that crawl, logins that never end, senders that dribble", true},
    {"deploy", "floods in both directions when the signal comes, and perhaps comes again", true},
    {"famine", "tiny budgets of memory and descriptors, no spare memory, small kernel buffers",
     true},
    {"swizzle", "clients stop one by one and are released in another order", true},
    {"rooms", "joins and leaves in the middle of fan-outs", true},
    {"storm", "everybody connects at once, some never log in", true},
    {"half-open", "peers that vanish, are written to, and come back under their name", true},
    {"stale", "late completions, late releases, slots used again at once", true},
    {"clocks", "the process stands still, timers are late, the wall clock jumps", true},
    {"frames", "browsers that fragment, interleave, break the protocol and close", true},
    {"redeploy", "one server process after the other on the same address, stopped or killed", true},
    {"clients", "the production client: links that break, servers that restart, nothing lost",
     true},
    // The mistakes of the tutorial's server, each as a small world of its own
    {"last-words", "many messages are queued for a reader when the signal comes", false},
    {"still-typing", "somebody is typing a name when the signal comes", false},
    {"departed-name", "a name must be free again as soon as its owner has left", false},
    {"stopped-reader", "a reader that stops must not fill the memory", false},
    {"taken-name", "a second login under a taken name must be answered", false},
    {"unread-lines", "lines that were sent and not read when the signal came are not accepted",
     false},
    {"unread-input", "clients go on sending while the server says its last words", false},
    // For measuring
    {"isolation", "hostile neighbours change nothing for those who have nothing to do with them",
     false},
    {"idle", "a hundred clients that hardly ever say anything", false},
}};

}  // namespace

std::span<const Scenario> scenarios() { return all; }

const Scenario* find_scenario(std::string_view name) {
  const auto* const found = std::find_if(
      all.begin(), all.end(), [&](const Scenario& scenario) { return scenario.name == name; });
  return found == all.end() ? nullptr : &*found;
}

const Scenario& scenario_for(std::uint64_t seed) {
  constexpr auto in_mix = static_cast<std::uint64_t>(
      std::count_if(all.begin(), all.end(), [](const Scenario& each) { return each.is_in_mix; }));
  static_assert(in_mix == 15);
  return all[seed % in_mix];
}

}  // namespace lastword::sim
