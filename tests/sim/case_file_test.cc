#include "sim/case_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sim/print_tape.h"

namespace lastword::sim {
namespace {

Case example() {
  return {.scenario = "deploy",
          .property = Property::fair_shutdown,
          .note = "a stop within a line; nothing else",
          .tape = Tape{{{.site = Site::clients, .chooser = 0, .index = 0, .value = 2},
                        {.site = Site::stop_step, .chooser = 0, .index = 0, .value = 17},
                        {.site = Site::segment_cut,
                         .chooser = 65'535,
                         .index = 4'294'967'295,
                         .value = 4'294'967'295}}}};
}

constexpr std::string_view example_file =
    "# a stop within a line; nothing else\n"
    "scenario deploy\n"
    "broke I3\n"
    "clients 0 0 2\n"
    "stop_step 0 0 17\n"
    "segment_cut 65535 4294967295 4294967295\n";

void expect_equal(const Case& found, const Case& expected) {
  EXPECT_EQ(found.scenario, expected.scenario);
  EXPECT_EQ(found.property, expected.property);
  EXPECT_EQ(found.note, expected.note);
  EXPECT_EQ(found.tape, expected.tape);
}

void expect_case(std::string_view text, const Case& expected) {
  const auto found = parse_case(text);
  ASSERT_TRUE(found) << found.error();
  expect_equal(*found, expected);
}

void expect_error(std::string_view text, std::string_view message) {
  const auto found = parse_case(text);
  ASSERT_FALSE(found) << text;
  EXPECT_EQ(found.error(), message);
}

TEST(CaseFile, IsReadable) { EXPECT_EQ(to_file(example()), example_file); }

TEST(CaseFile, IsReadAsItWasWritten) { expect_case(example_file, example()); }

TEST(CaseFile, NeedsNothingButItsScenario) {
  const Case least{.scenario = "calm", .property = std::nullopt, .note = "", .tape = {}};
  EXPECT_EQ(to_file(least), "scenario calm\n");
  expect_case("scenario calm\n", least);
  expect_case("scenario calm", least);
}

TEST(CaseFile, MayBeLaidOutAnyhow) {
  expect_case(
      "\n  broke   I3 \n\nsegment_cut\t65535 4294967295 4294967295\nstop_step 0 0 17\r\n"
      "scenario deploy\nclients 0 0 2\n#a stop within a line; nothing else",
      example());
}

TEST(CaseFile, HasANoteOfOneLine) {
  Case found = example();
  found.note = "two\nlines\r\nand\ta tab, \xC3\xA4";
  const auto again = parse_case(to_file(found));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->note, "two lines  and a tab, \xC3\xA4");
}

TEST(CaseFile, SaysInWhichLineAMistakeIs) {
  expect_error("", "line 1: a line \"scenario NAME\" is missing");
  expect_error("# x\nbroke I1\n\n", "line 3: a line \"scenario NAME\" is missing");
  expect_error("# x\nscenario calm\n# y\n", "line 3: a second note");
  expect_error("# \n#\nscenario calm\n", "line 2: a second note");
}

TEST(CaseFile, RefusesAMalformedScenario) {
  expect_error("scenario\n", "line 1: expected \"scenario NAME\"");
  expect_error("\nscenario very calm\n", "line 2: expected \"scenario NAME\"");
  expect_error("scenario a\nscenario b\n", "line 2: a second scenario: b");
}

TEST(CaseFile, RefusesAMalformedProperty) {
  expect_error("scenario a\nbroke\n", "line 2: expected \"broke PROPERTY\"");
  expect_error("scenario a\nbroke I1 I2\n", "line 2: expected \"broke PROPERTY\"");
  expect_error("scenario a\nbroke I99\n", "line 2: unknown property: I99");
  expect_error("scenario a\nbroke I1\nbroke I2\n", "line 3: a second property: I2");
}

TEST(CaseFile, RefusesAMalformedChoice) {
  const auto expect_bad_choice = [](std::string_view line, std::string_view message) {
    expect_error("scenario a\nclients 0 0 1\n" + std::string{line} + "\nclients 0 1 1\n",
                 "line 3: " + std::string{message});
  };
  expect_bad_choice("weather 0 0 1", "unknown site: weather");
  expect_bad_choice("Clients 0 0 1", "unknown site: Clients");
  expect_bad_choice("clients", "expected \"SITE CHOOSER INDEX VALUE\"");
  expect_bad_choice("clients 0 0", "expected \"SITE CHOOSER INDEX VALUE\"");
  expect_bad_choice("clients 0 0 1 1", "expected \"SITE CHOOSER INDEX VALUE\"");
  for (const std::string_view word :
       {"x", "-1", "+1", "1x", "0x1", "1.5", "65536", "99999999999"}) {
    expect_bad_choice("clients " + std::string{word} + " 2 1",
                      "the chooser is no number from 0 to 65535: " + std::string{word});
  }
  for (const std::string_view word : {"x", "-1", "1x", "4294967296"}) {
    expect_bad_choice("clients 0 " + std::string{word} + " 1",
                      "the index is no number from 0 to 4294967295: " + std::string{word});
  }
  for (const std::string_view word : {"x", "-1", "1x", "4294967296", "0", "00"}) {
    expect_bad_choice("clients 0 2 " + std::string{word},
                      "the value is no number from 1 to 4294967295: " + std::string{word});
  }
  expect_bad_choice("clients 0 0 3", "a second value for one choice: 3");
  expect_bad_choice("clients 0 0 1", "a second value for one choice: 1");
}

TEST(CaseFileDeathTest, IsWrittenForAScenarioWithAName) {
  Case found = example();
  found.scenario = "";
  EXPECT_DEATH(static_cast<void>(to_file(found)), "words_of");
  found.scenario = "two words";
  EXPECT_DEATH(static_cast<void>(to_file(found)), "words_of");
  found.scenario = "line\n";
  EXPECT_DEATH(static_cast<void>(to_file(found)), "find_first_of");
}

// --- Any case ------------------------------------------------------------------------------------

rc::Gen<std::string> texts(char first, char last) {
  return rc::gen::container<std::string>(
      rc::gen::map(rc::gen::inRange<int>(first, last + 1),
                   [](int letter) { return static_cast<char>(letter); }));
}

rc::Gen<Choice> choices() {
  return rc::gen::construct<Choice>(
      rc::gen::map(rc::gen::inRange<std::size_t>(0, site_count),
                   [](std::size_t site) { return static_cast<Site>(site); }),
      rc::gen::arbitrary<Chooser>(), rc::gen::arbitrary<std::uint32_t>(),
      rc::gen::arbitrary<std::uint32_t>());
}

RC_GTEST_PROP(CaseFile, OfAnyCaseIsReadAsItWasWritten, ()) {
  Case written;
  written.scenario = "s" + *texts('!', '~');
  written.note = *texts(' ', '~');
  if (*rc::gen::arbitrary<bool>()) {
    written.property = static_cast<Property>(*rc::gen::inRange<std::size_t>(0, property_count));
  }
  written.tape = Tape{*rc::gen::container<std::vector<Choice>>(choices())};
  const auto read = parse_case(to_file(written));
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->scenario == written.scenario);
  RC_ASSERT((read->property == written.property));
  RC_ASSERT(read->note == written.note);
  RC_ASSERT(read->tape == written.tape);
  RC_ASSERT(to_file(*read) == to_file(written));
}

RC_GTEST_PROP(CaseFile, ThatIsAnyTextAtAllIsReadOrRefused, (const std::string& text)) {
  const auto read = parse_case(text);
  if (read) {
    RC_ASSERT(!read->scenario.empty());
  } else {
    RC_ASSERT(read.error().starts_with("line "));
  }
}

}  // namespace
}  // namespace lastword::sim
