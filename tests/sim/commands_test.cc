#include "sim/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/case_file.h"
#include "sim/failure_report.h"
#include "sim/summary.h"
#include "tests/sim/fake_engine.h"

namespace lastword::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// `lastword-sim` with a fake engine, in a folder of its own.
class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path{::testing::TempDir()} /
              (std::string{"lastword_sim_"} +
               ::testing::UnitTest::GetInstance()->current_test_info()->name() + "_" +
               std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  template <typename Asked>
  int perform_it(const Asked& command) {
    out_.str("");
    err_.str("");
    return perform(command, {.out = out_,
                             .err = err_,
                             .terminal = {},
                             .program = "./lastword-sim",
                             .engine = fake_.engine(),
                             .now = quiet_hooks().now,
                             .interruption = interruption_});
  }

  [[nodiscard]] RunCommand seeds(std::uint64_t first, std::uint64_t last) const {
    RunCommand command;
    command.plan.first_seed = first;
    command.plan.last_seed = last;
    command.cases_folder = folder_.string();
    return command;
  }

  // A case of a real scenario, as only these are found by name; the run is seed 42's.
  std::string write_case(std::optional<Property> property) {
    std::filesystem::create_directories(folder_);
    const std::filesystem::path path = folder_ / "some.case";
    const Outcome outcome = fake_.engine().run(scenarios().front(), Choices::seeded(42));
    std::ofstream file{path, std::ios::binary};
    file << to_file({.scenario = std::string{scenarios().front().name},
                     .property = property,
                     .note = "a note",
                     .tape = outcome.tape});
    return path.string();
  }

  [[nodiscard]] std::string out() const { return out_.str(); }
  [[nodiscard]] std::string err() const { return err_.str(); }

  FakeEngine fake_;
  std::filesystem::path folder_;
  int signal_ = 0;
  std::function<int()> interruption_ = [this] { return signal_; };

 private:
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Commands, RunThatBreaksNothingSaysWhatItEstablished) {
  EXPECT_EQ(perform_it(seeds(1, 1'000)), 0);
  EXPECT_EQ(err(), "lastword-sim: seeds 1..1000 of the mix, 1 job\n");
  EXPECT_THAT(out(), StartsWith("ran\n  even  500 seeds\n  odd   500 seeds\n"));
  EXPECT_THAT(out(), HasSubstr("1,000 seeds, 1,005 runs, 10,050 events, 16 h 40 min simulated\n"));
  EXPECT_THAT(out(), HasSubstr("3,000 messages accepted, 4,000 deliveries"));
  EXPECT_THAT(out(), HasSubstr("\n1 seed swept (a stop after every step): 5 runs"));
  EXPECT_THAT(out(), HasSubstr("\n15 seeds done twice (multiples of 64)"));
  EXPECT_THAT(out(), HasSubstr("\ntook "));
  EXPECT_THAT(out(), ContainsRegex("\n  C3 +.* +1,000 +1,000\n"));
  EXPECT_THAT(out(), HasSubstr(sentence(Mark::outbox_exactly_full)));
  EXPECT_THAT(out(), EndsWith("\n" + std::to_string(property_count) +
                              " properties checked, none broken\n"));
}

TEST_F(Commands, RunPrintsTheSameWithAnyNumberOfJobs) {
  const auto without_time = [](std::string text) {
    const std::size_t begin = text.find("\ntook ");
    return text.erase(begin, text.find('\n', begin + 1) - begin);
  };
  fake_.broken = {{77, Property::bounds}, {81, Property::isolation}};
  RunCommand command = seeds(1, 2'000);
  for (const bool keeps_going : {false, true}) {
    command.plan.keeps_going = keeps_going;
    command.plan.jobs = 1;
    EXPECT_EQ(perform_it(command), 1);
    const std::string alone = without_time(out());
    command.plan.jobs = 5;
    EXPECT_EQ(perform_it(command), 1);
    EXPECT_EQ(without_time(out()), alone);
  }
}

TEST_F(Commands, RunTellsAFailureFromItsNameToItsFile) {
  fake_.broken = {{42, Property::fair_shutdown}};
  EXPECT_EQ(perform_it(seeds(1, 100)), 1);
  const std::string path = (folder_ / "even-I3-42.case").string();
  EXPECT_THAT(out(),
              StartsWith("seed 42 broke I3: " + std::string{sentence(Property::fair_shutdown)} +
                         "\n  bob got nothing\nscenario even: seeds that are even\n"));
  EXPECT_THAT(out(), ContainsRegex("\nshrunk from [0-9]+ choices to 1 in [0-9]+ runs\n"));
  EXPECT_THAT(out(), HasSubstr("./lastword-sim replay " + path + " --story\n")) << "the story";
  EXPECT_THAT(out(), HasSubstr("\nagain: ./lastword-sim replay 42 --scenario even\n"));
  EXPECT_THAT(out(), HasSubstr("\ncase written to " + path + "\n"));
  EXPECT_THAT(out(), HasSubstr("\nas a page: ./lastword-sim replay " + path + " --html " +
                               (folder_ / "even-I3-42.html").string() + "\n"));
  EXPECT_THAT(out(), HasSubstr("\n42 seeds, "));
  EXPECT_THAT(out(), Not(HasSubstr("none broken")));

  const auto written = parse_case(content_of(path));
  ASSERT_TRUE(written) << written.error();
  EXPECT_EQ(written->scenario, "even");
  EXPECT_EQ(written->property, Property::fair_shutdown);
  EXPECT_EQ(written->tape.size(), 1U);
}

TEST_F(Commands, RunThatKeepsGoingListsAllThatFailed) {
  fake_.broken = {{42, Property::fair_shutdown}, {43, Property::bounds}};
  RunCommand command = seeds(1, 100);
  command.plan.keeps_going = true;
  EXPECT_EQ(perform_it(command), 1);
  EXPECT_THAT(out(), StartsWith("seed 42 broke I3"));
  EXPECT_THAT(out(), HasSubstr("\n100 seeds, "));
  EXPECT_THAT(out(), HasSubstr("2 seeds broke something:\n  seed 42  even  I3 "));
  EXPECT_THAT(out(), HasSubstr("\n  seed 43  odd   I10"));
}

TEST_F(Commands, RunTellsWithWhichStopsASweepBrokeSomething) {
  fake_.swept_away = {40};
  RunCommand command = seeds(1, 100);
  command.plan.sweep_every = 40;
  EXPECT_EQ(perform_it(command), 1);
  EXPECT_THAT(out(), StartsWith("seed 40 broke I2"));
  EXPECT_THAT(out(), HasSubstr("a stop after step 3, another 2 steps later\n"));
  EXPECT_THAT(out(), HasSubstr("\nagain: ./lastword-sim replay 40 --scenario even "
                               "--stop-after 3 --stop-again-after 2\n"));

  // And that command does it.
  ReplayCommand replay;
  replay.seed = 40;
  EXPECT_EQ(perform_it(replay), 0);
  replay.stop_after = 3;
  replay.stop_again_after = 2;
  EXPECT_EQ(perform_it(replay), 1);
}

TEST_F(Commands, RunDoesNotShrinkWhatIsNotDetermined) {
  fake_.unsteady = {64};
  EXPECT_EQ(perform_it(seeds(60, 70)), 1);
  EXPECT_THAT(out(), StartsWith("seed 64 broke I16"));
  EXPECT_THAT(out(), HasSubstr("differ first in event 2"));
  EXPECT_THAT(out(), HasSubstr("\nnot shrunk: "));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "even-I16-64.case"));
}

// 42 runs find it, and some more try to shrink it.
TEST_F(Commands, RunShrinksNoFurtherOnceItIsInterrupted) {
  fake_.broken = {{42, Property::fair_shutdown}};
  fake_.before_run = [this](std::uint64_t /*seed*/) {
    if (fake_.runs == 46) signal_ = SIGINT;
  };
  EXPECT_EQ(perform_it(seeds(1, 42)), 1);
  EXPECT_THAT(out(), HasSubstr(" runs, then gave up\n"));
  EXPECT_THAT(out(), HasSubstr("\ncase written to "));
}

TEST_F(Commands, RunThatIsInterruptedShrinksWhatHadFailed) {
  fake_.broken = {{1, Property::fair_shutdown}};
  RunCommand command = seeds(1, UINT64_MAX);
  command.plan.keeps_going = true;
  std::atomic<bool> has_begun = false;
  fake_.before_run = [&](std::uint64_t /*seed*/) { has_begun = true; };
  interruption_ = [&] { return has_begun ? SIGINT : 0; };
  EXPECT_EQ(perform_it(command), 1);
  EXPECT_THAT(out(), ContainsRegex("\nshrunk from [0-9]+ choices to 1 in [0-9]+ runs\n"));
  EXPECT_THAT(out(), HasSubstr("\ninterrupted by SIGINT: "));
}

// The fake forgets how it fails after the first run of the seed.
TEST_F(Commands, RunSaysIfTheTapeDoesNotBreakWhatTheSeedBroke) {
  fake_.broken = {{42, Property::fair_shutdown}};
  fake_.before_run = [this](std::uint64_t seed) {
    if (seed == 42 && fake_.runs > 1) fake_.broken.clear();
  };
  EXPECT_EQ(perform_it(seeds(42, 42)), 1);
  EXPECT_THAT(out(), HasSubstr("\nnot shrunk: the tape of this run, replayed, does not break it; "
                               "so I16 is broken too\n"));
}

TEST_F(Commands, RunSaysWhyItCannotWriteTheCase) {
  fake_.broken = {{42, Property::fair_shutdown}};
  std::filesystem::create_directories(folder_);
  std::ofstream{folder_ / "file"} << "in the way";
  RunCommand command = seeds(42, 42);
  command.cases_folder = (folder_ / "file").string();
  EXPECT_EQ(perform_it(command), 1);
  EXPECT_THAT(err(), HasSubstr("lastword-sim: can't write " + command.cases_folder));
  EXPECT_THAT(out(), Not(HasSubstr("case written")));
}

TEST_F(Commands, RunFailsIfALongOneOfTheWholeMixNeverMetSomething) {
  fake_.meets_everything = false;
  EXPECT_EQ(perform_it(seeds(1, seeds_for_coverage)), 1);
  EXPECT_THAT(out(), HasSubstr("none broken\nfailed: "));
  EXPECT_THAT(out(), HasSubstr("  fault C3 (" + std::string{sentence(FaultKind::reset)} +
                               "): never injected\n"));
  EXPECT_THAT(out(), HasSubstr("  mark \"" + std::string{sentence(Mark::drain_cut_off)} +
                               "\": never hit\n"));
}

TEST_F(Commands, RunOnlyNotesWhatAShortOneNeverMet) {
  fake_.meets_everything = false;
  RunCommand command = seeds(1, seeds_for_coverage - 1);
  command.plan.sweep_every = 0;
  EXPECT_EQ(perform_it(command), 0);
  EXPECT_THAT(out(), HasSubstr("not met: " + std::to_string(fault_count) + " faults and " +
                               std::to_string(mark_count) + " marks"));
}

TEST_F(Commands, RunOnlyNotesWhatOneScenarioNeverMet) {
  fake_.meets_everything = false;
  RunCommand command = seeds(1, seeds_for_coverage);
  command.plan.scenario = &fake_scenarios.front();
  EXPECT_EQ(perform_it(command), 0);
  EXPECT_THAT(out(), HasSubstr("one scenario need not meet all"));
}

TEST_F(Commands, RunThatIsInterruptedSaysWhatItDidAndWhy) {
  RunCommand command = seeds(1, UINT64_MAX);
  signal_ = SIGINT;
  EXPECT_EQ(perform_it(command), 130);
  EXPECT_THAT(out(), AllOf(StartsWith("ran\n"), HasSubstr("\ninterrupted by SIGINT: ")));
  signal_ = SIGTERM;
  EXPECT_EQ(perform_it(command), 143);
  EXPECT_THAT(out(), HasSubstr("\ninterrupted by SIGTERM: "));
}

TEST_F(Commands, ReplayEndsWithTheHash) {
  ReplayCommand command;
  command.seed = 42;
  EXPECT_EQ(perform_it(command), 0);
  const std::string first = out();
  EXPECT_THAT(first, StartsWith("seed 42\nscenario even: seeds that are even\n"
                                "10 events in 8 steps, 1 min 0 s simulated, "
                                "3 messages accepted, 4 deliveries\nall properties held\n"));
  EXPECT_THAT(first, ContainsRegex("\nhash=[0-9a-f]+\n$"));
  EXPECT_EQ(perform_it(command), 0);
  EXPECT_EQ(out(), first);
  command.seed = 44;
  EXPECT_EQ(perform_it(command), 0);
  EXPECT_NE(out().substr(out().find("hash=")), first.substr(first.find("hash=")));
}

TEST_F(Commands, ReplayTakesTheScenarioThatIsNamed) {
  ReplayCommand command;
  command.seed = 42;
  command.scenario = &fake_scenarios.back();
  EXPECT_EQ(perform_it(command), 0);
  EXPECT_THAT(out(), HasSubstr("scenario odd: "));
}

TEST_F(Commands, ReplayTellsAndWritesAPage) {
  fake_.broken = {{42, Property::fair_shutdown}};
  std::filesystem::create_directories(folder_);
  ReplayCommand command;
  command.seed = 42;
  command.is_told = true;
  command.is_shrunk = true;
  command.page = (folder_ / "story.html").string();
  EXPECT_EQ(perform_it(command), 1);
  EXPECT_THAT(out(), HasSubstr("broke I3: "));
  EXPECT_THAT(out(), ContainsRegex("\nshrunk from [0-9]+ choices to 1\n"));
  EXPECT_THAT(out(), HasSubstr("./lastword-sim replay 42 --scenario even --shrink --story"));
  EXPECT_THAT(out(), HasSubstr("\npage written to " + command.page + "\nhash="));
  EXPECT_THAT(content_of(command.page), HasSubstr("<html"));
}

TEST_F(Commands, ReplaySaysWhyItCannotWriteThePage) {
  ReplayCommand command;
  command.seed = 42;
  command.page = (folder_ / "nowhere" / "story.html").string();
  EXPECT_EQ(perform_it(command), 2);
  EXPECT_THAT(err(), HasSubstr("can't write " + command.page));
  EXPECT_THAT(out(), ContainsRegex("\nhash=[0-9a-f]+\n$"));
}

TEST_F(Commands, ReplayRunsACase) {
  ReplayCommand command;
  command.case_file = write_case(Property::fair_shutdown);
  EXPECT_EQ(perform_it(command), 0);
  EXPECT_THAT(out(), StartsWith("case " + command.case_file + "\nscenario " +
                                std::string{scenarios().front().name} + ": "));
  EXPECT_THAT(out(), HasSubstr("it broke I3, which held now"));
  fake_.broken = {{42, Property::fair_shutdown}};
  EXPECT_EQ(perform_it(command), 1);
  EXPECT_THAT(out(), Not(HasSubstr("held now")));
}

TEST_F(Commands, ReplayNeedsACaseThatCanBeRead) {
  ReplayCommand command;
  command.case_file = (folder_ / "nowhere.case").string();
  EXPECT_EQ(perform_it(command), 2);
  EXPECT_THAT(err(), HasSubstr(command.case_file + " is no seed, and can't be read as a file: "));
  command.case_file = ::testing::TempDir();
  EXPECT_EQ(perform_it(command), 2);
  EXPECT_THAT(err(), HasSubstr("it is no file"));
  command.case_file = write_case({});
  std::ofstream{command.case_file} << "nonsense\n";
  EXPECT_EQ(perform_it(command), 2);
  EXPECT_THAT(err(), HasSubstr(command.case_file + ": "));
  std::ofstream{command.case_file}
      << to_file({.scenario = "gone", .property = {}, .note = "", .tape = {}});
  EXPECT_EQ(perform_it(command), 2);
  EXPECT_THAT(err(), HasSubstr("'gone'"));
  EXPECT_EQ(out(), "");
}

TEST_F(Commands, CrowdTellsAndDraws) {
  std::filesystem::create_directories(folder_);
  CrowdCommand command;
  command.plan.clients = CrowdPlan::clients_min;
  command.picture = (folder_ / "crowd.svg").string();
  EXPECT_EQ(perform_it(command), 0);
  EXPECT_THAT(out(), StartsWith("1,000 clients"));
  EXPECT_THAT(out(), HasSubstr("\nall bounds and all properties held\npicture written to " +
                               command.picture + "\nhash="));
  EXPECT_THAT(content_of(command.picture), StartsWith("<svg"));
}

TEST_F(Commands, CrowdSaysWhatWasNotAsItShouldBe) {
  CrowdCommand command;
  command.plan.clients = CrowdPlan::clients_min;
  command.plan.delays = {.first = 1ms, .after_restart = 1ms, .after_refusal = 1ms};
  command.picture = (folder_ / "nowhere" / "crowd.svg").string();
  EXPECT_EQ(perform_it(command), 1) << "whatever becomes of the picture";
  EXPECT_THAT(out(), HasSubstr("attempts to connect within 1.0 s, and the bound is 500\n"));
  EXPECT_THAT(out(), Not(HasSubstr("held")));
  EXPECT_THAT(err(), HasSubstr("can't write " + command.picture));
}

TEST_F(Commands, CrowdSaysWhyItCannotWriteThePicture) {
  CrowdCommand command;
  command.plan.clients = CrowdPlan::clients_min;
  command.picture = (folder_ / "nowhere" / "crowd.svg").string();
  EXPECT_EQ(perform_it(command), 2);
  EXPECT_THAT(err(), HasSubstr("can't write " + command.picture));
}

TEST_F(Commands, ListNamesEverythingThereIs) {
  EXPECT_EQ(perform_it(ListCommand{}), 0);
  for (const Scenario& scenario : scenarios()) {
    EXPECT_THAT(out(), HasSubstr("\n  " + std::string{scenario.name} + " "));
  }
  for (std::size_t place = 0; place < fault_count; ++place) {
    const auto fault = static_cast<FaultKind>(place);
    EXPECT_THAT(out(), HasSubstr("\n  " + std::string{short_name(fault)} + " "));
  }
  for (std::size_t place = 0; place < mark_count; ++place) {
    EXPECT_THAT(out(), HasSubstr(sentence(static_cast<Mark>(place))));
  }
  for (std::size_t place = 0; place < property_count; ++place) {
    EXPECT_THAT(out(), HasSubstr(sentence(static_cast<Property>(place))));
  }
  for (const std::string_view section :
       {"scenarios\n", "\nfaults\n", "\nmarks\n", "\nproperties\n"}) {
    EXPECT_THAT(out(), HasSubstr(section));
  }
}

TEST(Gaps, AreFaultsThatWereNeverEffectiveThoughInjected) {
  Totals totals;
  totals.seeds = seeds_for_coverage;
  for (std::size_t place = 0; place < fault_count; ++place) {
    const auto fault = static_cast<FaultKind>(place);
    if (fault != FaultKind::spurious) totals.faults.strike(fault);
  }
  for (std::size_t place = 0; place < mark_count; ++place) {
    totals.marks.hit(static_cast<Mark>(place));
  }
  totals.faults.inject(FaultKind::spurious);
  totals.faults.inject(FaultKind::spurious);
  EXPECT_THAT(tell_gaps({}, totals), EndsWith(": injected 2 times, never effective\n"));
  totals.faults.take_effect(FaultKind::spurious);
  EXPECT_EQ(tell_gaps({}, totals), "");
  EXPECT_TRUE(gaps_of(totals).is_empty());
}

TEST(CommandText, QuotesWhatAShellWouldRead) {
  EXPECT_EQ(command_text({"a/b-c", "d.e"}), "a/b-c d.e");
  EXPECT_EQ(command_text({"a b", "", "it's", "$x"}), "'a b' '' 'it'\\''s' '$x'");
}

}  // namespace
}  // namespace lastword::sim
