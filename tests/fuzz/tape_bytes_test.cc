#include "fuzz/tape_bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "tests/sim/print_tape.h"

namespace lastword::fuzz {
namespace {

using sim::Choice;
using sim::Site;
using sim::Tape;

using Bytes = std::vector<std::uint8_t>;

const sim::Scenario& scenario(std::string_view name) { return *sim::find_scenario(name); }

TapeInput input_of(std::string_view name, std::vector<Choice> choices) {
  return {.scenario = &scenario(name), .checks = {}, .tape = Tape{std::move(choices)}};
}

// --- The numbers --------------------------------------------------------------------------------

TEST(TapeBytes, GiveEveryScenarioANumberButTheOneThatIsLeftOut) {
  std::set<std::string_view> expected;
  for (const sim::Scenario& each : sim::scenarios()) expected.insert(each.name);
  EXPECT_EQ(expected.erase(scenario_left_out), 1U);
  const auto numbered = numbered_scenarios();
  EXPECT_EQ((std::set<std::string_view>{numbered.begin(), numbered.end()}), expected);
  EXPECT_EQ(numbered.size(), expected.size()) << "one has two numbers";
}

// A corpus that is stored must mean the same for ever: new ones come behind these.
TEST(TapeBytes, NeverChangeTheNumbersOfScenarios) {
  constexpr std::array<std::string_view, 23> for_ever{
      "swarm",        "calm",         "lossy-mobile",  "slow-loris",     "deploy",
      "famine",       "swizzle",      "rooms",         "storm",          "half-open",
      "stale",        "clocks",       "frames",        "redeploy",       "clients",
      "last-words",   "still-typing", "departed-name", "stopped-reader", "taken-name",
      "unread-lines", "unread-input", "isolation"};
  const auto numbered = numbered_scenarios();
  ASSERT_GE(numbered.size(), for_ever.size());
  EXPECT_TRUE(std::equal(for_ever.begin(), for_ever.end(), numbered.begin()));
}

TEST(TapeBytes, NeverChangeTheNumbersOfSites) {
  constexpr std::array<std::string_view, 49> for_ever{
      "clients",        "role",           "limits",        "buffers",    "latency",
      "family_on",      "family_rate",    "stop_step",     "stop_again", "stop_kind",
      "healed",         "check_twice",    "script_length", "action",     "destination",
      "text_size",      "room",           "think",         "reading",    "ending",
      "reconnect",      "segment_cut",    "read_size",     "write_size", "write_blocks",
      "order",          "turn_end",       "jitter",        "timer_late", "spurious",
      "stale",          "late_release",   "late_writable", "cut_link",   "late_discovery",
      "dead_on_accept", "reset_destroys", "accept_fails",  "famine",     "log_blocks",
      "pause",          "wall_jump",      "transport",     "framing",    "restarts",
      "restart_at",     "restart_kind",   "downtime",      "horizon"};
  const auto numbered = numbered_sites();
  ASSERT_GE(numbered.size(), for_ever.size());
  for (std::size_t number = 0; number < for_ever.size(); ++number) {
    EXPECT_EQ(name_of(numbered[number]), for_ever[number]) << number;
  }
  EXPECT_EQ((std::set<Site>{numbered.begin(), numbered.end()}).size(), sim::site_count);
}

// --- Bytes --------------------------------------------------------------------------------------

TEST(TapeBytes, AreWhatTheHeaderSays) {
  TapeInput input =
      input_of("calm", {{.site = Site::action, .chooser = 3, .index = 0x0102, .value = 0x0A0B0C0D},
                        {.site = Site::stop_step, .chooser = 0, .index = 0, .value = 77}});
  input.checks = {.is_run_twice = true, .is_replayed = false, .is_cut_often = true};
  const Bytes bytes{1,  5,                                   //
                    7,  0, 0,    0,    77,   0,    0,    0,  //
                    13, 3, 0x02, 0x01, 0x0D, 0x0C, 0x0B, 0x0A};
  EXPECT_EQ(encode(input), bytes);
  EXPECT_EQ(decode(bytes), input);
}

TEST(TapeBytes, MeanSomethingWhateverTheyAre) {
  EXPECT_EQ(decode({}), input_of("swarm", {})) << "behind the end there are zeros";
  EXPECT_EQ(decode(Bytes{23}), input_of("swarm", {})) << "the first one again";
  EXPECT_EQ(decode(Bytes{0, 0xF8}), input_of("swarm", {})) << "bits of no meaning";
  EXPECT_EQ(decode(Bytes{1, 0, 7, 0, 0, 0, 9}),
            input_of("calm", {{.site = Site::stop_step, .chooser = 0, .index = 0, .value = 9}}))
      << "half a record";
  EXPECT_EQ(decode(Bytes{1, 0, 49 + 7, 0, 0, 0, 9, 0, 0, 0}),
            input_of("calm", {{.site = Site::stop_step, .chooser = 0, .index = 0, .value = 9}}))
      << "the sites begin again";
  EXPECT_EQ(decode(Bytes{1, 0, 7, 0, 0, 0, 0, 0, 0, 0}), input_of("calm", {})) << "a value of 0";
  EXPECT_EQ(decode(Bytes{1, 0, 7, 0, 0, 0, 4, 0, 0, 0, 7, 0, 0, 0, 5, 0, 0, 0}),
            input_of("calm", {{.site = Site::stop_step, .chooser = 0, .index = 0, .value = 4}}))
      << "two for one choice";
}

TEST(TapeBytes, LeaveOutWhatTheyHaveNoRoomFor) {
  const Choice good{.site = Site::order, .chooser = 255, .index = 65'535, .value = UINT32_MAX};
  Choice other_chooser = good;
  other_chooser.chooser = 256;
  Choice late = good;
  late.index = 65'536;
  EXPECT_EQ(decode(encode(input_of("calm", {good, other_chooser, late}))),
            input_of("calm", {good}));
}

rc::Gen<Choice> arbitrary_choice() {
  return rc::gen::map(
      rc::gen::tuple(
          rc::gen::inRange<std::size_t>(0, sim::site_count), rc::gen::inRange<sim::Chooser>(0, 256),
          rc::gen::inRange<std::uint32_t>(0, 65'536), rc::gen::arbitrary<std::uint32_t>()),
      [](const auto& drawn) {
        const auto [site, chooser, index, value] = drawn;
        return Choice{
            .site = static_cast<Site>(site), .chooser = chooser, .index = index, .value = value};
      });
}

RC_GTEST_PROP(TapeBytes, ComeBackAsTheyWere, ()) {
  const auto names = numbered_scenarios();
  TapeInput input = input_of(names[*rc::gen::inRange<std::size_t>(0, names.size())],
                             *rc::gen::container<std::vector<Choice>>(arbitrary_choice()));
  input.checks = {.is_run_twice = *rc::gen::arbitrary<bool>(),
                  .is_replayed = *rc::gen::arbitrary<bool>(),
                  .is_cut_often = *rc::gen::arbitrary<bool>()};
  const Bytes bytes = encode(input);
  RC_ASSERT(bytes.size() == tape_head_size + input.tape.size() * tape_record_size);
  RC_ASSERT(decode(bytes) == input);
}

RC_GTEST_PROP(TapeBytes, AreTheSameForOneInput, (const Bytes& bytes)) {
  const Bytes canonical = encode(decode(bytes));
  RC_ASSERT(decode(canonical) == decode(bytes));
  RC_ASSERT(encode(decode(canonical)) == canonical);
}

}  // namespace
}  // namespace lastword::fuzz
