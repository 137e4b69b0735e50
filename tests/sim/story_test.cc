#include "sim/story.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/display_text.h"

namespace lastword::sim {
namespace {

using Kind = StoryEvent::Kind;
using namespace std::chrono_literals;

constexpr std::size_t server = 0;
constexpr std::size_t alice = 1;
constexpr std::size_t bob = 2;
constexpr std::size_t width_max = 110;

// Writes down what happens; each verb gives back the place of its event.
class Teller {
 public:
  explicit Teller(std::vector<std::string> lanes) {
    story.scenario = "calm";
    story.title = "seed 42";
    story.lanes = std::move(lanes);
  }

  std::size_t happens(Duration at, std::size_t lane, std::string text, Kind kind = Kind::act) {
    StoryEvent& event = story.events.emplace_back();
    event.at = Instant{} + at;
    event.lane = lane;
    event.kind = kind;
    event.text = std::move(text);
    return story.events.size() - 1;
  }
  std::size_t sends(Duration at, std::size_t from, std::size_t to, std::string text) {
    const std::size_t place = happens(at, from, std::move(text), Kind::send);
    story.events[place].to = to;
    return place;
  }
  std::size_t arrives(Duration at, std::size_t sent) {
    const std::size_t place = happens(at, story.events[sent].to, "", Kind::arrive);
    story.events[place].from_event = sent;
    return place;
  }
  void passes(Duration at, std::size_t from, std::size_t to, std::string text) {
    arrives(at + 1ms, sends(at, from, to, std::move(text)));
  }
  void concerns(std::size_t place) { story.events[place].is_concerned = true; }

  Story story;
};

Story lost_message() {
  Teller teller{{"server", "alice", "bob"}};
  teller.happens(0s, alice, "connects");
  teller.passes(500us, alice, server, "\"alice\n\"");
  const std::size_t first = teller.sends(10s, alice, server, "\"bob: h\"");
  const std::size_t second = teller.sends(10s, alice, server, "\"i\n\"");
  teller.concerns(teller.arrives(10s + 1ms, first));
  teller.happens(10s + 1ms, server, "stands still for 1.5 ms", Kind::fault);
  teller.concerns(teller.arrives(10s + 2500us, second));
  const std::size_t lost = teller.sends(10s + 3ms, server, bob, "\"from alice: hi\"");
  teller.story.events[lost].is_lost = true;
  teller.concerns(lost);
  teller.passes(10s + 3ms, server, bob, "RST");
  teller.happens(10s + 4ms, bob, "never receives \"hi\"", Kind::outcome);
  teller.story.violations = {
      {.property = Property::fair_shutdown, .text = "alice's \"hi\" is lost"}};
  teller.story.choices = {"stop_step of the world, 1st: 42"};
  teller.story.replay = "lastword-sim replay 42 --scenario calm --story";
  return teller.story;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// The line with this in it, of which there must be one.
std::string line_with(const std::string& text, std::string_view part) {
  std::string found;
  for (const std::string& line : lines_of(text)) {
    if (!has(line, part)) continue;
    EXPECT_TRUE(found.empty()) << "two lines with " << part;
    found = line;
  }
  return found;
}

// --- Text -------------------------------------------------------------------------------------

TEST(StoryText, TellsALostMessage) {
  const std::string expected = R"(calm: seed 42

▌ has to do with what broke   ──▷ leaves now, arrives later (#)   ╌╌▶ left earlier (#)   ──✕ never arrives
⚡ comes from outside   ✘ broken

              server                     alice       bob
        0 s   │                          ● connects  │
  500.000 us  │◀── "alice" ──────────────┤           │
▌  10.000 s   │◀── "bob: h" ─────────────┤           │
▌  10.000 s   │◁╌╌ #1 "i" ───────────────┤           │
   10.001 s   ⚡ stands still for 1.5 ms │           │
▌  10.002 s   │◀── #1 "i" ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌│           │
▌  10.003 s   ├─── "from alice: hi" ─────┼─────────✕ │
   10.003 s   ├─── RST ──────────────────┼──────────▶│
▌  10.004 s   │                          │           ✘ never receives "hi"

I3 broken: a shutdown loses nothing for an addressee that no fault touched and that goes on reading
  alice's "hi" is lost

The choices that are not boring:
  stop_step of the world, 1st: 42

Tell it again:
  lastword-sim replay 42 --scenario calm --story
)";
  EXPECT_EQ(to_text(lost_message()), expected);
}

TEST(StoryText, HasARowForEachEventButOneForASendThatArrivesAtOnce) {
  EXPECT_EQ(row_count(lost_message()), 9U);
  EXPECT_EQ(row_count(Story{}), 0U);
}

TEST(StoryText, SaysThatNothingIsBroken) {
  Story story = lost_message();
  story.violations.clear();
  EXPECT_TRUE(has(to_text(story), "\nNothing is broken.\n"));
  EXPECT_FALSE(has(to_text(lost_message()), "Nothing is broken"));
}

TEST(StoryText, TellsWhatIsStillOnItsWay) {
  Teller teller{{"server", "alice"}};
  teller.sends(0s, alice, server, "\"hi\"");
  EXPECT_TRUE(has(line_with(to_text(teller.story), "\"hi\""), "│◁╌╌ \"hi\" ─"));
}

TEST(StoryText, GivesAllArrivalsOfOneSendItsNumber) {
  Teller teller{{"server", "alice"}};
  const std::size_t sent = teller.sends(0s, alice, server, "\"hi\"");
  teller.arrives(1ms, sent);
  teller.arrives(2ms, sent);
  EXPECT_EQ(row_count(teller.story), 2U);
  EXPECT_EQ(count_of(to_text(teller.story), "#1 \"hi\""), 2U);
}

TEST(StoryText, CutsTheTextOfAnArrowAndKeepsTheArrow) {
  Teller teller{{"server", "alice"}};
  teller.passes(0s, alice, server, std::string(300, 'x'));
  const std::string line = line_with(to_text(teller.story), "xxx");
  EXPECT_TRUE(has(line, "│◀── xxx"));
  EXPECT_TRUE(has(line, "xx… ─"));
  EXPECT_TRUE(line.ends_with("┤"));
}

TEST(StoryText, NeverCutsTheCommandThatTellsItAgain) {
  Story story = lost_message();
  story.replay = std::string(300, 'r');
  EXPECT_TRUE(has(to_text(story), "\n  " + story.replay + "\n"));
}

// An event's number is its text, so that it is found again.
std::string mark_of(std::size_t event) { return "e" + std::to_string(event) + "."; }

Story steps(std::size_t count) {
  Teller teller{{"server", "alice"}};
  for (std::size_t step = 0; step < count; ++step) {
    teller.happens(1ms * static_cast<int>(step), step % 2, mark_of(step));
  }
  return teller.story;
}

TEST(StoryText, KeepsWhatIsConcernedAndItsNeighboursAndNamesTheGaps) {
  Story story = steps(100);
  story.events[30].is_concerned = true;
  story.events[99].kind = Kind::outcome;
  const std::string text = to_text(story, 5);
  EXPECT_EQ(count_of(text,
                     "e"
                     "29."),
            1U);
  for (const std::size_t told : {29U, 30U, 31U, 98U, 99U}) EXPECT_TRUE(has(text, mark_of(told)));
  EXPECT_EQ(count_of(text, " left out ..."), 2U);
  EXPECT_TRUE(has(text, "... 29 events left out ..."));
  EXPECT_TRUE(has(text, "... 66 events left out ..."));
}

TEST(StoryText, NamesAGapOfOneEventAndCountsBothEventsOfARow) {
  Teller teller{{"server", "alice"}};
  teller.passes(0s, alice, server, "left out");
  teller.happens(1ms, alice, "kept");
  teller.concerns(teller.happens(2ms, alice, "kept"));
  teller.happens(3ms, alice, "gone");
  EXPECT_TRUE(has(to_text(teller.story, 2), "... 2 events left out ..."));
  EXPECT_TRUE(has(to_text(teller.story, 2), "... 1 event left out ..."));
}

TEST(StoryText, KeepsBeginningAndEndWhereNothingIsConcerned) {
  const std::string text = to_text(steps(50), 4);
  for (const std::size_t told : {0U, 1U, 48U, 49U}) EXPECT_TRUE(has(text, mark_of(told)));
  EXPECT_TRUE(has(text, "... 46 events left out ..."));
}

TEST(StoryText, LeavesNothingOutWithoutNeed) {
  EXPECT_FALSE(has(to_text(steps(50)), "left out"));
  EXPECT_FALSE(has(to_text(steps(50), 50), "left out"));
  EXPECT_TRUE(has(to_text(steps(50), 49), "... 1 event left out ..."));
}

// --- Any story --------------------------------------------------------------------------------

// What a person would not write: any bytes, and some that mean something to a terminal or a page.
std::string nasty_text() {
  const auto piece = rc::gen::weightedOneOf<std::string>({
      {3, rc::gen::string<std::string>()},
      {1, rc::gen::element<std::string>("<script>", "</svg>", "&amp;", "\"'>", "]]>", "漢字",
                                        "\x1B[2J", "⚡", "e\xCC\x81", "\n", "\xF0\x9F\x98\x80",
                                        "-->")},
      {1, rc::gen::map(rc::gen::inRange<std::size_t>(0, 200),
                       [](std::size_t size) { return std::string(size, 'w'); })},
  });
  std::string text;
  for (const std::string& part :
       *rc::gen::resize(8, rc::gen::container<std::vector<std::string>>(piece))) {
    text += part;
  }
  return text;
}

enum class Texts : std::uint8_t { nasty, marks };

Story any_story(Texts texts) {
  const auto text = [texts](std::size_t event) {
    return texts == Texts::nasty ? nasty_text() : mark_of(event);
  };
  Teller teller{{}};
  const auto lanes = *rc::gen::inRange<std::size_t>(1, 30);
  for (std::size_t lane = 0; lane < lanes; ++lane) teller.story.lanes.push_back(text(1000 + lane));
  const auto lane = rc::gen::inRange<std::size_t>(0, lanes);
  std::vector<std::size_t> sent;
  Duration now{0};
  const auto events = *rc::gen::inRange<std::size_t>(0, 40);
  while (teller.story.events.size() < events) {
    now += Duration{*rc::gen::weightedOneOf<std::int64_t>(
        {{1, rc::gen::just<std::int64_t>(0)},
         {3, rc::gen::inRange<std::int64_t>(0, 10'000'000)},
         {1, rc::gen::inRange<std::int64_t>(0, 100'000'000'000'000)}})};
    const std::size_t place = teller.story.events.size();
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
        teller.happens(now, *lane, text(place),
                       *rc::gen::element(Kind::act, Kind::fault, Kind::outcome));
        break;
      case 1:
        sent.push_back(teller.sends(now, *lane, *lane, text(place)));
        break;
      case 2:
        teller.story.events[teller.sends(now, *lane, *lane, text(place))].is_lost = true;
        break;
      case 3:
        if (!sent.empty()) teller.arrives(now, *rc::gen::elementOf(sent));
        break;
      case 4:
        teller.arrives(now, teller.sends(now, *lane, *lane, text(place)));
        break;
    }
    if (place < teller.story.events.size()) {
      teller.story.events.back().is_concerned = *rc::gen::inRange(0, 4) == 0;
    }
  }
  if (texts == Texts::marks) return teller.story;
  teller.story.scenario = nasty_text();
  teller.story.title = nasty_text();
  teller.story.replay = nasty_text();
  for (std::size_t count = *rc::gen::inRange<std::size_t>(0, 3); count > 0; --count) {
    teller.story.violations.push_back({.property = Property::no_silent_loss, .text = nasty_text()});
  }
  for (std::size_t count = *rc::gen::inRange<std::size_t>(0, 12); count > 0; --count) {
    teller.story.choices.push_back(nasty_text());
  }
  return teller.story;
}

RC_GTEST_PROP(StoryText, IsNeverTooWideAndWithoutControlCharacters, ()) {
  const Story story = any_story(Texts::nasty);
  const auto rows_max = *rc::gen::inRange<std::size_t>(0, 20);
  for (const std::string& line : lines_of(to_text(story, rows_max))) {
    RC_ASSERT(printable(line) == line);
    if (line == "  " + printable(story.replay)) continue;
    RC_ASSERT(width_of(line) <= width_max);
  }
}

RC_GTEST_PROP(StoryText, TellsOrCountsEveryEvent, ()) {
  const Story story = any_story(Texts::marks);
  const auto rows_max = *rc::gen::inRange<std::size_t>(0, 20);
  const std::string text = to_text(story, rows_max);
  std::size_t counted = 0;
  std::size_t rows = 0;
  for (const std::string& line : lines_of(text)) {
    constexpr std::string_view before = "... ";
    if (has(line, " left out ...")) {
      counted += std::stoul(line.substr(line.find(before) + before.size()));
      continue;
    }
    // Each row has one unit of time, and no other line has.
    const bool is_row = has(line, " s   ") || has(line, " ms  ") || has(line, " us  ");
    if (is_row || has(line, " ns  ")) ++rows;
  }
  RC_ASSERT(rows <= row_count(story));
  if (rows_max == 0 || row_count(story) <= rows_max) {
    RC_ASSERT(counted == 0U);
    RC_ASSERT(rows == row_count(story));
  } else {
    RC_ASSERT(rows >= rows_max);
    RC_ASSERT(rows + counted <= story.events.size());
    RC_ASSERT(row_count(story) <= rows + counted);
  }
}

RC_GTEST_PROP(StoryText, AlwaysTellsWhatIsConcerned, ()) {
  const Story story = any_story(Texts::marks);
  const std::string text = to_text(story, *rc::gen::inRange<std::size_t>(1, 20));
  for (std::size_t place = 0; place < story.events.size(); ++place) {
    const StoryEvent& event = story.events[place];
    if (!event.is_concerned && event.kind != Kind::outcome) continue;
    RC_ASSERT(has(text, mark_of(event.from_event.value_or(place))));
  }
}

// --- Page -------------------------------------------------------------------------------------

// What is wrong with a page, seen by a checker far stricter than a browser: every tag is closed in
// its order, every attribute is quoted, every & begins a reference.
class Page {
 public:
  explicit Page(std::string_view page) : rest_{page} {}

  std::string fault() {
    while (!rest_.empty()) {
      const char first = rest_.front();
      if (first == '<') {
        if (const std::string found = tag(); !found.empty()) return found;
        continue;
      }
      if (first == '>') return "a > outside of a tag";
      if (first == '&' && !is_reference(rest_)) return "an & that begins no reference";
      if (static_cast<unsigned char>(first) < 0x20 && first != '\n') return "a control character";
      rest_.remove_prefix(1);
    }
    return open_.empty() ? "" : "never closed: " + std::string{open_.back()};
  }

 private:
  static bool is_reference(std::string_view text) {
    constexpr std::array<std::string_view, 5> references = {"&amp;", "&lt;", "&gt;", "&quot;",
                                                            "&#39;"};
    return std::ranges::any_of(references, [text](auto known) { return text.starts_with(known); });
  }

  std::string tag() {
    const std::size_t end = rest_.find('>');
    if (end == std::string_view::npos) return "a tag without end";
    std::string_view inner = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (inner == "!DOCTYPE html") return "";
    if (inner.starts_with('/')) {
      if (open_.empty() || open_.back() != inner.substr(1)) return "closed: " + std::string{inner};
      open_.pop_back();
      return "";
    }
    const bool is_closed = inner.ends_with('/');
    if (is_closed) inner.remove_suffix(1);
    const std::string_view name = inner.substr(0, inner.find(' '));
    if (!is_known(name)) return "unknown: " + std::string{name};
    inner.remove_prefix(name.size());
    if (const std::string found = attributes(inner); !found.empty()) return found;
    if (is_closed || name == "meta") return "";
    open_.push_back(name);
    if (name == "style") rest_.remove_prefix(std::min(rest_.find("</style>"), rest_.size()));
    return "";
  }

  // No script and nothing that fetches something.
  static bool is_known(std::string_view name) {
    constexpr std::array<std::string_view, 28> names = {
        "html", "head", "meta", "title",  "style",   "body",    "header",
        "h1",   "h2",   "div",  "p",      "ul",      "li",      "dl",
        "dt",   "dd",   "pre",  "strong", "section", "details", "summary",
        "svg",  "g",    "line", "text",   "circle",  "rect",    "polygon"};
    return std::ranges::find(names, name) != names.end();
  }

  static std::string attributes(std::string_view text) {
    while (!text.empty()) {
      if (!text.starts_with(' ')) return "an attribute after no blank";
      const std::size_t begin = text.find("=\"");
      if (begin == std::string_view::npos) return "an attribute without value";
      const std::string_view name = text.substr(1, begin - 1);
      const auto is_fine = [](char one) { return (one >= 'a' && one <= 'z') || one == '-'; };
      const bool is_number = name == "x1" || name == "x2" || name == "y1" || name == "y2";
      if (!is_number && name != "viewBox" && !std::ranges::all_of(name, is_fine)) {
        return "an attribute with a strange name: " + std::string{name};
      }
      const std::size_t end = text.find('"', begin + 2);
      if (end == std::string_view::npos) return "a value without end";
      text.remove_prefix(end + 1);
    }
    return "";
  }

  std::string_view rest_;
  std::vector<std::string_view> open_;
};

std::string fault_of(std::string_view page) { return Page{page}.fault(); }

TEST(StoryPage, IsJudgedByACheckerThatCanReject) {
  EXPECT_EQ(fault_of("<p class=\"a b\">x &lt; y<line x1=\"1\"/></p>"), "");
  for (const std::string_view bad :
       {"<p>", "</p>", "<p><g></p></g>", "<p class=a></p>", "<p class=\"a></p>", "a & b", "a > b",
        "<p", "\x1B", "<script></script>", R"(<p "="x"></p>)", R"(<img src="http://x"/>)"}) {
    EXPECT_NE(fault_of(bad), "") << bad;
  }
}

// A text of the diagram and the room that it takes.
struct Label {
  std::string text;
  double left = 0;
  double right = 0;
  double top = 0;
  double bottom = 0;
};

double number_after(std::string_view text, std::string_view name) {
  return std::stod(std::string{text.substr(text.find(name) + name.size())});
}

std::vector<Label> labels_of(std::string_view page) {
  constexpr double column = 7.25;  // of DejaVu Sans Mono, the widest of the fonts
  const std::size_t begin = page.find("<svg class=\"events\"");
  page = page.substr(begin, page.find("</svg>", begin) - begin);
  std::vector<Label> labels;
  for (std::size_t at = page.find("<text "); at != std::string_view::npos;
       at = page.find("<text ", at + 1)) {
    const std::string_view tag = page.substr(at, page.find('>', at) - at);
    std::string text{
        page.substr(at + tag.size() + 1, page.find("</text>", at) - at - tag.size() - 1)};
    for (const std::string_view reference : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}) {
      for (std::size_t found = 0; (found = text.find(reference)) != std::string::npos;) {
        text.replace(found, reference.size(), "_");
      }
    }
    const double width = column * static_cast<double>(width_of(text));
    const double x = number_after(tag, " x=\"");
    const double y = number_after(tag, " y=\"");
    const double left = has(tag, "text-anchor=\"end\"") ? x - width : x;
    labels.push_back(
        {.text = text, .left = left, .right = left + width, .top = y - 11, .bottom = y + 3});
  }
  return labels;
}

bool do_overlap(const Label& one, const Label& other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom &&
         other.top < one.bottom;
}

RC_GTEST_PROP(StoryPage, HasNoTextsThatOverlapOrLieOutside, ()) {
  const std::string page = to_html(any_story(Texts::nasty));
  const double page_width =
      number_after(page.substr(page.find("<svg class=\"events\"")), "width=\"");
  const std::vector<Label> labels = labels_of(page);
  for (std::size_t one = 0; one < labels.size(); ++one) {
    RC_ASSERT(labels[one].left >= 0);
    RC_ASSERT(labels[one].right <= page_width);
    for (std::size_t other = 0; other < one; ++other) {
      RC_ASSERT(!do_overlap(labels[one], labels[other]));
    }
  }
}

TEST(StoryPage, IsJudgedByMeasuresThatSeeAnOverlap) {
  const std::vector<Label> labels = labels_of(
      "<svg class=\"events\"><text class=\"label\" x=\"10\" y=\"20\">&lt;four</text>"
      "<text class=\"label\" x=\"60\" y=\"25\" text-anchor=\"end\">hi</text>"
      "<text class=\"label\" x=\"60\" y=\"40\">hi</text></svg>");
  ASSERT_EQ(labels.size(), 3U);
  EXPECT_EQ(labels[0].text, "_four");
  EXPECT_TRUE(do_overlap(labels[0], labels[1]));
  EXPECT_FALSE(do_overlap(labels[0], labels[2]));
}

RC_GTEST_PROP(StoryPage, IsWellFormedWhateverIsInTheStory, ()) {
  const std::string page = to_html(any_story(Texts::nasty));
  RC_ASSERT(fault_of(page) == "");
}

TEST(StoryPage, EscapesTexts) {
  Teller teller{{"server", "<b>"}};
  teller.passes(0s, alice, server, "\"<script>alert('1 & 2')</script>\"");
  const std::string page = to_html(teller.story);
  EXPECT_FALSE(has(page, "<script"));
  EXPECT_FALSE(has(page, "<b>"));
  EXPECT_TRUE(has(page, "&quot;&lt;script&gt;alert(&#39;1 &amp; 2&#39;)&lt;/script&gt;&quot;"));
  EXPECT_EQ(fault_of(page), "");
}

TEST(StoryPage, SaysEverythingThatTheStorySays) {
  const Story story = lost_message();
  const std::string page = to_html(story);
  EXPECT_EQ(fault_of(page), "");
  EXPECT_TRUE(has(page, "I3 broken: alice&#39;s &quot;hi&quot; is lost"));
  EXPECT_TRUE(has(page, sentence(Property::fair_shutdown)));
  EXPECT_TRUE(has(page, "<li>stop_step of the world, 1st: 42</li>"));
  EXPECT_TRUE(has(page, story.replay));
  EXPECT_EQ(count_of(page, "class=\"arrow bytes lost\""), 2U) << "the arrow and its text";
  EXPECT_TRUE(has(page, "class=\"arrow rst other\""));
  EXPECT_TRUE(has(page, "class=\"fault other\""));
  EXPECT_TRUE(has(page, "class=\"outcome\""));
  EXPECT_TRUE(has(page, ">9.998 s pass<")) << "a long wait is visible";
}

TEST(StoryPage, FetchesNothing) {
  const std::string page = to_html(lost_message());
  for (const std::string_view fetching : {"http:", "https:", "url(", "src=", "href=", "@import"}) {
    EXPECT_FALSE(has(page, fetching)) << fetching;
  }
}

TEST(StoryPage, TellsAnEmptyStory) {
  EXPECT_EQ(fault_of(to_html(Story{})), "");
  EXPECT_TRUE(has(to_html(Story{}), "Nothing is broken"));
}

RC_GTEST_PROP(Story, IsToldInTheSameBytesEachTime, ()) {
  const Story story = any_story(Texts::nasty);
  Story copy = story;
  copy.events.reserve(copy.events.size() + 1);  // in another place
  RC_ASSERT(to_text(story) == to_text(copy));
  RC_ASSERT(to_html(story) == to_html(copy));
}

}  // namespace
}  // namespace lastword::sim
