#include "sim/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <expected>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

constexpr std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max();

std::expected<Command, CommandLineEnd> parse(const Arguments& arguments) {
  std::vector<const char*> pointers{"lastword-sim"};
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  return parse_command_line(static_cast<int>(pointers.size()), pointers.data());
}

template <typename Asked>
Asked parse_as(std::string command, Arguments arguments) {
  arguments.insert(arguments.begin(), std::move(command));
  const auto parsed = parse(arguments);
  if (!parsed) {
    ADD_FAILURE() << parsed.error().text;
    return {};
  }
  EXPECT_TRUE(std::holds_alternative<Asked>(*parsed));
  return std::get<Asked>(*parsed);
}

RunCommand run_command(const Arguments& arguments) {
  return parse_as<RunCommand>("run", arguments);
}

ReplayCommand replay_command(const Arguments& arguments) {
  return parse_as<ReplayCommand>("replay", arguments);
}

CrowdCommand crowd_command(const Arguments& arguments) {
  return parse_as<CrowdCommand>("crowd", arguments);
}

// What is said of arguments that are unusable; in one line.
std::string complaint(const Arguments& arguments) {
  const auto parsed = parse(arguments);
  if (parsed) return "";
  EXPECT_EQ(parsed.error().exit_code, 2);
  EXPECT_THAT(parsed.error().text, StartsWith("lastword-sim: "));
  EXPECT_THAT(parsed.error().text, Not(HasSubstr("\n")));
  return parsed.error().text;
}

std::string a_scenario() { return std::string{scenarios().back().name}; }

TEST(SimCommandLine, RunsTenThousandSeedsIfNothingIsSaid) {
  const RunCommand run = run_command({});
  EXPECT_EQ(run.plan.first_seed, 1U);
  EXPECT_EQ(run.plan.last_seed, 10'000U);
  EXPECT_EQ(run.plan.scenario, nullptr);
  EXPECT_EQ(run.plan.time_max, std::nullopt);
  EXPECT_GE(run.plan.jobs, 1U);
  EXPECT_EQ(run.plan.sweep_every, sweep_every_default);
  EXPECT_FALSE(run.plan.is_swept_whole);
  EXPECT_FALSE(run.plan.keeps_going);
  EXPECT_EQ(run.cases_folder, ".");
}

TEST(SimCommandLine, TakesAllOptionsOfRun) {
  const RunCommand run =
      run_command({"--seeds", "5..70", "--scenario", a_scenario(), "--jobs", "3", "--sweep-every",
                   "0", "--sweep", "--keep-going", "--cases", "found"});
  EXPECT_EQ(run.plan.first_seed, 5U);
  EXPECT_EQ(run.plan.last_seed, 70U);
  EXPECT_EQ(run.plan.scenario, find_scenario(a_scenario()));
  EXPECT_EQ(run.plan.jobs, 3U);
  EXPECT_EQ(run.plan.sweep_every, 0U);
  EXPECT_TRUE(run.plan.is_swept_whole);
  EXPECT_TRUE(run.plan.keeps_going);
  EXPECT_EQ(run.cases_folder, "found");
}

TEST(SimCommandLine, GoesByTimeWithoutALastSeed) {
  const RunCommand run = run_command({"--seconds", "60", "--first-seed", "0x10"});
  EXPECT_EQ(run.plan.time_max, 60s);
  EXPECT_EQ(run.plan.first_seed, 16U);
  EXPECT_EQ(run.plan.last_seed, greatest);
}

TEST(SimCommandLine, ReplaysASeedOrACase) {
  const ReplayCommand seed = replay_command({"0x2a"});
  EXPECT_EQ(seed.seed, 42U);
  EXPECT_EQ(seed.scenario, nullptr);
  EXPECT_FALSE(seed.is_told);
  EXPECT_EQ(seed.page, "");
  EXPECT_EQ(seed.stop_after, std::nullopt);
  EXPECT_EQ(seed.stop_again_after, std::nullopt);
  EXPECT_FALSE(seed.is_shrunk);

  const ReplayCommand file = replay_command({"calm-I3-42.case"});
  EXPECT_EQ(file.seed, std::nullopt);
  EXPECT_EQ(file.case_file, "calm-I3-42.case");
}

TEST(SimCommandLine, TakesAllOptionsOfReplay) {
  const ReplayCommand replay =
      replay_command({"42", "--scenario", a_scenario(), "--story", "--html", "x.html",
                      "--stop-after", "0", "--stop-again-after", "17", "--shrink"});
  EXPECT_EQ(replay.seed, 42U);
  EXPECT_EQ(replay.scenario, find_scenario(a_scenario()));
  EXPECT_TRUE(replay.is_told);
  EXPECT_EQ(replay.page, "x.html");
  EXPECT_EQ(replay.stop_after, 0U);
  EXPECT_EQ(replay.stop_again_after, 17U);
  EXPECT_TRUE(replay.is_shrunk);
}

TEST(SimCommandLine, HasACrowdOfTenThousandIfNothingIsSaid) {
  const CrowdCommand crowd = crowd_command({});
  EXPECT_EQ(crowd.plan.clients, 10'000U);
  EXPECT_EQ(crowd.plan.downtime, 10s);
  EXPECT_FALSE(crowd.plan.is_killed);
  EXPECT_EQ(crowd.plan.seed, 1U);
  EXPECT_EQ(crowd.picture, "");
}

TEST(SimCommandLine, TakesAllOptionsOfCrowd) {
  const CrowdCommand crowd = crowd_command(
      {"--clients", "1000", "--downtime", "250ms", "--kill", "--seed", "0x2a", "--svg", "c.svg"});
  EXPECT_EQ(crowd.plan.clients, 1000U);
  EXPECT_EQ(crowd.plan.downtime, 250ms);
  EXPECT_TRUE(crowd.plan.is_killed);
  EXPECT_EQ(crowd.plan.seed, 42U);
  EXPECT_EQ(crowd.picture, "c.svg");
  EXPECT_EQ(crowd_command({"--downtime", "0ms"}).plan.downtime, 0ms);
  EXPECT_EQ(crowd_command({"--downtime", "600s"}).plan.downtime, 10min);
  EXPECT_EQ(crowd_command({"--downtime", "10m"}).plan.downtime, 10min);
}

TEST(SimCommandLine, NamesWhatIsUnusableForACrowd) {
  const std::vector<Arguments> unusable{
      {"--clients", "999"},      {"--clients", "50001"}, {"--clients", "many"},
      {"--downtime", "10"},      {"--downtime", "s"},    {"--downtime", "-1s"},
      {"--downtime", "601s"},    {"--downtime", "11m"},  {"--downtime", "1h"},
      {"--downtime", "1 s"},     {"--downtime", "1.5s"}, {"--downtime", ""},
      {"--seed", "x"},           {"--seed", "1..2"},     {"--svg", ""},
      {"--scenario", "clients"},
  };
  for (Arguments arguments : unusable) {
    const std::string named = arguments.front();
    arguments.insert(arguments.begin(), "crowd");
    EXPECT_THAT(complaint(arguments), HasSubstr(named)) << named << " " << arguments.back();
  }
}

TEST(SimCommandLine, Lists) {
  const auto list = parse({"list"});
  ASSERT_TRUE(list);
  EXPECT_TRUE(std::holds_alternative<ListCommand>(*list));
}

TEST(SimCommandLine, NamesWhatIsUnusable) {
  const std::vector<Arguments> unusable{
      {"--seeds", "7..6"},
      {"--seeds", ""},
      {"--seeds", "x"},
      {"--seeds"},
      {"--seconds", "0"},
      {"--seconds", "1.5"},
      {"--seconds", "31536001"},
      {"--first-seed", "-1"},
      {"--first-seed", "5"},  // without --seconds
      {"--seconds", "5", "--seeds", "1..2"},
      {"--scenario", "nowhere"},
      {"--jobs", "0"},
      {"--jobs", "1025"},
      {"--sweep-every", "often"},
      {"--cases", ""},
      {"--story"},
      {"something"},
  };
  for (Arguments arguments : unusable) {
    const std::string named = arguments.front();
    arguments.insert(arguments.begin(), "run");
    EXPECT_THAT(complaint(arguments), HasSubstr(named)) << named << " " << arguments.back();
  }
}

TEST(SimCommandLine, NamesWhatIsUnusableForAReplay) {
  EXPECT_THAT(complaint({"replay"}), HasSubstr("SEED|FILE is missing"));
  EXPECT_THAT(complaint({"replay", ""}), HasSubstr("SEED|FILE is missing"));
  EXPECT_THAT(complaint({"replay", "5", "6"}), HasSubstr("6"));
  EXPECT_THAT(complaint({"replay", "5", "--html", ""}), HasSubstr("--html"));
  EXPECT_THAT(complaint({"replay", "5", "--stop-after", "x"}), HasSubstr("--stop-after"));
  EXPECT_THAT(complaint({"replay", "5", "--stop-after", "4294967295"}), HasSubstr("--stop-after"));
  EXPECT_THAT(complaint({"replay", "5", "--seeds", "5"}), HasSubstr("--seeds"));
  EXPECT_THAT(complaint({"replay", "a.case", "--scenario", a_scenario()}),
              HasSubstr("--scenario: 'a.case'"));
}

TEST(SimCommandLine, SaysWhichScenariosThereAre) {
  const std::string said = complaint({"run", "--scenario", "nowhere"});
  EXPECT_THAT(said, HasSubstr("'nowhere'"));
  for (const Scenario& scenario : scenarios()) EXPECT_THAT(said, HasSubstr(scenario.name));
}

TEST(SimCommandLine, SaysWhichCommandsThereAre) {
  for (const Arguments& arguments : {Arguments{}, Arguments{"explode"}}) {
    EXPECT_THAT(complaint(arguments), HasSubstr("there are: run, replay, crowd, list"));
  }
  EXPECT_THAT(complaint({"explode"}), HasSubstr("'explode'"));
  EXPECT_THAT(complaint({"--seeds", "3"}), HasSubstr("--seeds: the command comes first"));
}

TEST(SimCommandLine, IsExplainedIfSomebodyAsks) {
  const auto explained = [](const Arguments& arguments) {
    const auto help = parse(arguments);
    EXPECT_FALSE(help);
    if (help) return std::string{};
    EXPECT_EQ(help.error().exit_code, 0);
    EXPECT_TRUE(help.error().text.ends_with("\n"));
    return help.error().text;
  };
  for (const std::string_view name : {"run", "replay", "crowd", "list"}) {
    EXPECT_THAT(explained({"--help"}), HasSubstr("  " + std::string{name} + " "));
  }
  for (const std::string_view name :
       {"--seeds", "--seconds", "--first-seed", "--scenario", "--jobs", "--sweep-every", "--sweep",
        "--keep-going", "--cases"}) {
    EXPECT_THAT(explained({"run", "--help"}), HasSubstr("  " + std::string{name} + " "));
  }
  EXPECT_THAT(explained({"run", "--help"}), HasSubstr("[1..10000]"));
  for (const std::string_view name :
       {"--scenario", "--story", "--html", "--stop-after", "--stop-again-after", "--shrink"}) {
    EXPECT_THAT(explained({"replay", "--help"}), HasSubstr("  " + std::string{name} + " "));
  }
  for (const std::string_view name : {"--clients", "--downtime", "--kill", "--seed", "--svg"}) {
    EXPECT_THAT(explained({"crowd", "--help"}), HasSubstr("  " + std::string{name} + " "));
  }
  EXPECT_THAT(explained({"list", "--help"}), HasSubstr("scenarios"));
  EXPECT_THAT(explained({"--version"}), StartsWith("lastword-sim "));
}

TEST(Seeds, AreDecimalOrHexadecimalNumbersOf64Bits) {
  EXPECT_EQ(parse_seed("0"), 0U);
  EXPECT_EQ(parse_seed("42"), 42U);
  EXPECT_EQ(parse_seed("0x2A"), 42U);
  EXPECT_EQ(parse_seed("18446744073709551615"), greatest);
  EXPECT_EQ(parse_seed("0xffffffffffffffff"), greatest);
  for (const std::string_view text : {"", "0x", "x", "-1", "+1", " 1", "1 ", "1.0", "2a", "0x-1",
                                      "18446744073709551616", "0x10000000000000000"}) {
    EXPECT_EQ(parse_seed(text), std::nullopt) << text;
  }
}

TEST(Seeds, AreOneOrARangeWithBothEnds) {
  EXPECT_EQ(parse_seeds("7"), (SeedRange{.first = 7, .last = 7}));
  EXPECT_EQ(parse_seeds("1..100"), (SeedRange{.first = 1, .last = 100}));
  EXPECT_EQ(parse_seeds("3..3"), (SeedRange{.first = 3, .last = 3}));
  EXPECT_EQ(parse_seeds("0x10..0xff"), (SeedRange{.first = 16, .last = 255}));
  EXPECT_EQ(parse_seeds("0..18446744073709551615"), (SeedRange{.first = 0, .last = greatest}));
  for (const std::string_view text : {"", "..", "1..", "..1", "1.2", "1...2", "1..2..3", "2..1"}) {
    EXPECT_FALSE(parse_seeds(text)) << text;
  }
}

}  // namespace
}  // namespace lastword::sim
