#include "core/line_framer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"

namespace lastword {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Lines = std::vector<std::string>;

// Stands for a line that was over the limit; no line is like it, for it has an LF.
const std::string too_long = "\n";

// A framer as the server uses it: a chunk is lent, lines are taken, the rest is kept, and the chunk
// is gone.
class Reader {
 public:
  explicit Reader(std::size_t line_max) : framing_{.line_max = line_max} {}

  // Brings a chunk and takes at most `lines_max` lines.
  Lines read(std::string_view bytes, std::size_t lines_max = SIZE_MAX) {
    Lines lines;
    {
      const std::string chunk{bytes};
      framer_.feed(as_bytes(chunk));
      take(lines_max, lines);
      framer_.keep(framing_);
    }
    return lines;
  }

  // Goes on without a new chunk.
  Lines go_on(std::size_t lines_max = SIZE_MAX) {
    Lines lines;
    take(lines_max, lines);
    framer_.keep(framing_);
    return lines;
  }

  [[nodiscard]] std::uint64_t digest() const {
    Digest digest;
    framer_.add_to(digest);
    return digest.value();
  }

  [[nodiscard]] LineFramer& framer() { return framer_; }
  [[nodiscard]] Framing& framing() { return framing_; }
  [[nodiscard]] std::size_t held_bytes() const { return framer_.held_bytes(); }

 private:
  void take(std::size_t lines_max, Lines& lines) {
    while (lines.size() < lines_max) {
      const auto line = framer_.front(framing_);
      if (!line) return;
      EXPECT_TRUE(!line->is_too_long || line->text.empty());
      lines.push_back(line->is_too_long ? too_long : std::string{line->text});
      framer_.pop();
    }
  }

  Framing framing_;
  LineFramer framer_;
};

// The obvious way: everything is there at once.
Lines split(std::string_view stream, std::size_t line_max) {
  Lines lines;
  while (!stream.empty()) {
    const std::size_t lf = stream.find('\n');
    const bool is_complete = lf != std::string_view::npos;
    std::string_view line = stream.substr(0, lf);
    stream.remove_prefix(is_complete ? lf + 1 : stream.size());
    if (line.size() + 1 > line_max) {
      lines.push_back(too_long);
    } else if (is_complete) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      lines.emplace_back(line);
    }
  }
  return lines;
}

void append(Lines& lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
}

TEST(LineFramer, CutsAtEachLf) {
  Reader reader{64};
  EXPECT_THAT(reader.read("one\ntwo\n\nfour\n"), ElementsAre("one", "two", "", "four"));
  EXPECT_EQ(reader.held_bytes(), 0U);
}

TEST(LineFramer, KeepsAnUnfinishedLineForTheNextRead) {
  Reader reader{64};
  EXPECT_THAT(reader.read("one\ntw"), ElementsAre("one"));
  EXPECT_EQ(reader.held_bytes(), 2U);
  EXPECT_THAT(reader.read("o"), IsEmpty());
  EXPECT_THAT(reader.read("\nthree\nfo"), ElementsAre("two", "three"));
  EXPECT_THAT(reader.read("ur\n"), ElementsAre("four"));
  EXPECT_EQ(reader.held_bytes(), 0U);
}

TEST(LineFramer, DropsOneCrBeforeTheLfAndNoOther) {
  Reader reader{64};
  EXPECT_THAT(reader.read("one\r\n\r\n\r\r\na\rb\n\rc\n"),
              ElementsAre("one", "", "\r", "a\rb", "\rc"));
}

TEST(LineFramer, TakesEveryOtherByteAsItIs) {
  Reader reader{64};
  const std::string line{"\0\x01\xFF\xC3 \t\x7F", 7};
  EXPECT_THAT(reader.read(line + "\n"), ElementsAre(line));
}

TEST(LineFramer, GivesTheSameLinesForEveryCutInThree) {
  const std::string stream = "ab\r\n\nover the limit\ncd\n\r\nalso too long\r\nef\r\ng";
  constexpr std::size_t line_max = 8;
  const Lines expected = split(stream, line_max);
  ASSERT_THAT(expected, ElementsAre("ab", "", too_long, "cd", "", too_long, "ef"));
  Reader whole{line_max};
  EXPECT_EQ(whole.read(stream), expected);

  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      Reader reader{line_max};
      Lines lines = reader.read(stream.substr(0, first));
      append(lines, reader.read(stream.substr(first, second - first)));
      append(lines, reader.read(stream.substr(second)));
      ASSERT_EQ(lines, expected) << "cut at " << first << " and " << second;
      ASSERT_EQ(reader.digest(), whole.digest()) << "cut at " << first << " and " << second;
    }
  }
}

TEST(LineFramer, CountsTheLfAndTheCrIntoTheLimit) {
  constexpr std::size_t line_max = 8;
  struct Example {
    std::string_view stream;
    std::string line;
  };
  for (const Example& example : {
           Example{.stream = "123456\n", .line = "123456"},
           Example{.stream = "1234567\n", .line = "1234567"},
           Example{.stream = "12345678\n", .line = too_long},
           Example{.stream = "12345\r\n", .line = "12345"},
           Example{.stream = "123456\r\n", .line = "123456"},
           Example{.stream = "1234567\r\n", .line = too_long},
       }) {
    for (std::size_t cut = 0; cut <= example.stream.size(); ++cut) {
      Reader reader{line_max};
      Lines lines = reader.read(example.stream.substr(0, cut));
      append(lines, reader.read(example.stream.substr(cut)));
      EXPECT_THAT(lines, ElementsAre(example.line)) << example.stream << " cut at " << cut;
      EXPECT_EQ(reader.held_bytes(), 0U);
    }
  }
}

TEST(LineFramer, ReportsAnOverLongLineAsSoonAsItIsKnownToBeOneAndOnce) {
  Reader reader{8};
  EXPECT_THAT(reader.read("1234567"), IsEmpty());
  EXPECT_EQ(reader.held_bytes(), 7U);
  EXPECT_THAT(reader.read("8"), ElementsAre(too_long)) << "no place is left for its LF";
  EXPECT_EQ(reader.held_bytes(), 0U);
  EXPECT_THAT(reader.read("9 and much, much more"), IsEmpty());
  EXPECT_EQ(reader.held_bytes(), 0U);
  EXPECT_THAT(reader.read(" of it\nnext\n"), ElementsAre("next"));
}

TEST(LineFramer, SkipsAnOverLongLineWhoseLfStandsAlone) {
  Reader reader{4};
  EXPECT_THAT(reader.read("12345"), ElementsAre(too_long));
  EXPECT_THAT(reader.read("\n"), IsEmpty());
  EXPECT_THAT(reader.read("ok\n"), ElementsAre("ok"));
}

TEST(LineFramer, ReportsEachOfTwoNeighbouringOverLongLines) {
  Reader reader{4};
  EXPECT_THAT(reader.read("1234\n5678\n9\n"), ElementsAre(too_long, too_long, "9"));
}

TEST(LineFramer, TakesNothingButEmptyLinesAtALimitOfOne) {
  Reader reader{1};
  EXPECT_THAT(reader.read("\n\na\n\n"), ElementsAre("", "", too_long, ""));
  EXPECT_THAT(reader.read("b"), ElementsAre(too_long));
  EXPECT_THAT(reader.read("\n\n"), ElementsAre(""));
}

TEST(LineFramer, ShowsTheSameLineUntilItIsTaken) {
  for (const std::string_view held : {"", "on", "one\ntw"}) {
    Reader reader{64};
    EXPECT_THAT(reader.read(held, 0), IsEmpty());
    const std::string chunk = std::string{"one\ntwo\n"}.substr(held.size());
    reader.framer().feed(as_bytes(chunk));
    for (int look = 0; look < 3; ++look) {
      const auto line = reader.framer().front(reader.framing());
      ASSERT_TRUE(line);
      EXPECT_EQ(line->text, "one");
    }
    EXPECT_THAT(reader.go_on(), ElementsAre("one", "two"));
  }
}

TEST(LineFramer, KeepsWholeLinesThatNobodyTook) {
  Reader reader{8};
  EXPECT_THAT(reader.read("one\ntwo\nthree\nfo", 1), ElementsAre("one"));
  EXPECT_EQ(reader.held_bytes(), 12U);
  EXPECT_THAT(reader.go_on(0), IsEmpty());
  EXPECT_THAT(reader.read("ur\nfar too long\nsix\n", 1), ElementsAre("two"));
  EXPECT_THAT(reader.go_on(1), ElementsAre("three"));
  EXPECT_THAT(reader.go_on(), ElementsAre("four", too_long, "six"));
  EXPECT_EQ(reader.held_bytes(), 0U);
}

TEST(LineFramer, SkipsWhileItIsPaused) {
  Reader reader{4};
  EXPECT_THAT(reader.read("12345678", 1), ElementsAre(too_long));
  EXPECT_THAT(reader.read("9\nok\nno", 0), IsEmpty());
  EXPECT_EQ(reader.held_bytes(), 5U);
  EXPECT_THAT(reader.go_on(), ElementsAre("ok"));
}

TEST(LineFramer, ShowsAWholeLineWithoutCopyingIt) {
  Framing framing{.line_max = 64};
  LineFramer framer;
  const std::string chunk = "one\ntwo\n";
  framer.feed(as_bytes(chunk));
  auto line = framer.front(framing);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->text.data(), chunk.data());
  framer.pop();
  line = framer.front(framing);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->text.data(), chunk.data() + 4);
  framer.pop();
  EXPECT_FALSE(framer.front(framing));
  framer.keep(framing);
  EXPECT_EQ(framing.spare_buffers.count(), 0U) << "no buffer was ever needed";
}

TEST(LineFramer, TakesAnEmptyChunkForNothing) {
  Reader reader{8};
  EXPECT_THAT(reader.read(""), IsEmpty());
  EXPECT_THAT(reader.read("one"), IsEmpty());
  EXPECT_THAT(reader.read(""), IsEmpty());
  EXPECT_THAT(reader.read("\n"), ElementsAre("one"));
}

TEST(LineFramer, ForgetsEverythingWhenItIsCleared) {
  const std::uint64_t fresh = Reader{4}.digest();
  for (const std::string_view stream : {"", "12", "1\n2\n", "12345", "12345\n6"}) {
    for (const std::size_t lines_max : {std::size_t{0}, std::size_t{1}, SIZE_MAX}) {
      Reader reader{4};
      reader.read(stream, lines_max);
      reader.framer().clear(reader.framing());
      EXPECT_EQ(reader.held_bytes(), 0U);
      EXPECT_EQ(reader.digest(), fresh) << stream;
      EXPECT_THAT(reader.read("a\n"), ElementsAre("a")) << stream;
    }
  }
}

TEST(LineFramer, MayBeClearedWhileAChunkIsLent) {
  Reader reader{64};
  const std::string chunk = "one\ntwo\n";
  reader.framer().feed(as_bytes(chunk));
  ASSERT_TRUE(reader.framer().front(reader.framing()));
  reader.framer().clear(reader.framing());
  EXPECT_THAT(reader.go_on(), IsEmpty());
  EXPECT_THAT(reader.read("three\n"), ElementsAre("three"));
}

TEST(LineFramer, TellsInItsDigestWhatMakesADifferenceLater) {
  const auto digest_of = [](std::string_view stream, std::size_t lines_max) {
    Reader reader{4};
    reader.read(stream, lines_max);
    return reader.digest();
  };
  EXPECT_EQ(digest_of("a\nb", SIZE_MAX), digest_of("b", SIZE_MAX));
  EXPECT_NE(digest_of("a", SIZE_MAX), digest_of("b", SIZE_MAX));
  EXPECT_NE(digest_of("a", SIZE_MAX), digest_of("ab", SIZE_MAX));
  EXPECT_NE(digest_of("", SIZE_MAX), digest_of("12345", SIZE_MAX)) << "skips or does not";
  EXPECT_NE(digest_of("a\n", 0), digest_of("a\n", 1));
}

TEST(LineFramer, HandsItsBufferOnOnceTheLineIsFinished) {
  Framing framing{.line_max = 64};
  LineFramer first;
  LineFramer second;
  const auto read = [&](LineFramer& framer, std::string_view bytes) {
    framer.feed(as_bytes(bytes));
    while (framer.front(framing)) framer.pop();
    framer.keep(framing);
  };
  read(first, "unfinished");
  EXPECT_EQ(framing.spare_buffers.count(), 0U);
  read(first, " line\n");
  ASSERT_EQ(framing.spare_buffers.count(), 1U);
  read(second, "unfinished");
  EXPECT_EQ(framing.spare_buffers.count(), 0U);
  second.clear(framing);
  EXPECT_EQ(framing.spare_buffers.count(), 1U);
  EXPECT_GT(framing.spare_buffers.take().capacity(), 0U);
}

TEST(LineFramer, KeepsNoMoreSpareBuffersThanItIsAllowed) {
  Framing framing{.line_max = 64};
  std::vector<LineFramer> framers(SpareBuffers::count_max + 3);
  for (LineFramer& framer : framers) {
    framer.feed(as_bytes("unfinished"));
    framer.keep(framing);
  }
  for (LineFramer& framer : framers) framer.clear(framing);
  EXPECT_EQ(framing.spare_buffers.count(), SpareBuffers::count_max);
}

TEST(LineFramer, KeepsNoHugeSpareBuffer) {
  Framing framing{.line_max = std::size_t{1} << 20};
  LineFramer framer;
  const std::string fitting(SpareBuffers::bytes_max, 'a');
  framer.feed(as_bytes(fitting));
  framer.keep(framing);
  framer.clear(framing);
  EXPECT_EQ(framing.spare_buffers.count(), 1U);

  framing.spare_buffers = {};
  const std::string huge(SpareBuffers::bytes_max + 1, 'a');
  framer.feed(as_bytes(huge));
  framer.keep(framing);
  framer.clear(framing);
  EXPECT_EQ(framing.spare_buffers.count(), 0U);
}

TEST(LineFramerDeathTest, IsLentOneChunkAtATime) {
  LineFramer framer;
  framer.feed(as_bytes("one"));
  EXPECT_DEATH(framer.feed(as_bytes("two")), "chunk_.empty");
}

TEST(LineFramerDeathTest, TakesOffNoLineThatItDidNotShow) {
  LineFramer framer;
  EXPECT_DEATH(framer.pop(), "front_");
}

// A stream with many LFs and CRs, and the places at which it is cut.
rc::Gen<std::string> streams() {
  return rc::gen::container<std::string>(
      rc::gen::weightedElement<char>({{4, 'a'}, {2, 'b'}, {2, '\n'}, {1, '\r'}}));
}

// The sizes of the chunks; the last one takes the rest.
rc::Gen<std::vector<std::size_t>> cuts() {
  return rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 7));
}

template <typename Use>
void in_chunks(std::string_view stream, const std::vector<std::size_t>& sizes, const Use& use) {
  for (const std::size_t size : sizes) {
    const std::string_view chunk = stream.substr(0, std::min(size, stream.size()));
    stream.remove_prefix(chunk.size());
    use(chunk);
  }
  use(stream);
}

RC_GTEST_PROP(LineFramer, GivesTheLinesOfTheObviousSplitterHoweverTheStreamIsCut, ()) {
  const std::string stream = *streams();
  const auto line_max = *rc::gen::inRange<std::size_t>(1, 9);
  const auto sizes = *cuts();

  Reader reader{line_max};
  Lines lines;
  std::size_t read = 0;
  in_chunks(stream, sizes, [&](std::string_view chunk) {
    append(lines, reader.read(chunk));
    read += chunk.size();
    RC_ASSERT(lines == split(std::string_view{stream}.substr(0, read), line_max));
    RC_ASSERT(reader.held_bytes() < line_max);
  });

  Reader whole{line_max};
  RC_ASSERT(whole.read(stream) == lines);
  RC_ASSERT(whole.digest() == reader.digest());
  RC_ASSERT(whole.held_bytes() == reader.held_bytes());
}

RC_GTEST_PROP(LineFramer, LosesNothingWhileItIsPausedHoweverTheStreamIsCut, ()) {
  const std::string stream = *streams();
  const auto line_max = *rc::gen::inRange<std::size_t>(1, 9);
  const auto sizes = *cuts();
  const auto taken_each_time = *rc::gen::container<std::vector<std::size_t>>(
      sizes.size() + 1, rc::gen::inRange<std::size_t>(0, 4));

  Reader reader{line_max};
  Lines lines;
  std::size_t turn = 0;
  in_chunks(stream, sizes, [&](std::string_view chunk) {
    append(lines, reader.read(chunk, taken_each_time[turn++]));
  });

  // The one who saw the whole stream at once, and took as many lines, is in the same state.
  Reader whole{line_max};
  RC_ASSERT(whole.read(stream, lines.size()) == lines);
  RC_ASSERT(whole.digest() == reader.digest());
  RC_ASSERT(whole.held_bytes() == reader.held_bytes());

  append(lines, reader.go_on());
  RC_ASSERT(lines == split(stream, line_max));
  RC_ASSERT(reader.held_bytes() < line_max);
  reader.framer().clear(reader.framing());
  RC_ASSERT(reader.digest() == Reader{line_max}.digest());
}

}  // namespace
}  // namespace lastword
