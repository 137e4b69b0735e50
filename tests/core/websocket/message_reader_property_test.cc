// What MessageReader shows, and the state it is left in, depend on the bytes and not on how they
// were cut into chunks.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/websocket/message_reader.h"
#include "tests/core/websocket/client_bytes.h"
#include "tests/core/websocket/listener.h"

namespace lastword::websocket {
namespace {

using test::append;
using test::big_endian;
using test::binary;
using test::close_frame;
using test::closing;
using test::deflated;
using test::fin;
using test::frame;
using test::header;
using test::Listener;
using test::more;
using test::ping;
using test::pong;
using test::rsv1;
using test::Shown;
using test::text;

constexpr std::size_t message_max = 150;

// All that can be told of a reader from outside.
struct State {
  std::uint64_t digest = 0;
  std::size_t held_bytes = 0;
  bool is_in_message = false;

  friend bool operator==(const State&, const State&) = default;
};

State state_of(const Listener& listener) {
  return {.digest = listener.digest(),
          .held_bytes = listener.held_bytes(),
          .is_in_message = listener.is_in_message()};
}

std::vector<std::string> streams() {
  const std::string z = deflated(std::string(100, 'z'));
  const std::string long_text(130, 'l');
  return {
      frame(fin | text, "one") + frame(fin | binary, "\xFF") + frame(fin | text, ""),
      frame(fin | text, long_text) + frame(fin | ping, "p") + frame(fin | text, "x"),
      frame(text, "fr\xC3") + frame(fin | ping, "ping!") + frame(more, "") + frame(more, "\xBC") +
          frame(fin | pong, "") + frame(fin | more, "end"),
      frame(fin | text, "a") + close_frame(1000, "bye") + frame(fin | text, "late"),
      frame(text, "a") + frame(fin | closing, "") + "late",
      frame(rsv1 | text, z.substr(0, 3)) + frame(fin | ping, "ping") +
          frame(fin | more, z.substr(3)) + frame(fin | text, "plain") +
          frame(fin | rsv1 | binary, z),
      // Violations: in the header, the payload, at the end; alone and within a message.
      frame(fin | text, "a") + frame(fin | 0x3U, "late"),
      frame(fin | ping, "a") + "\x81\x03late",
      frame(text, "a") + frame(fin | text, "b") + "late",
      frame(text, "ab") + header(fin | more, 300, 8) + "late",
      header(fin | text, 3, 2) + "late",
      header(fin | text, UINT64_MAX, 8) + "late",
      frame(binary, "abc") + header(fin | more, message_max - 2) + "late",
      frame(text, "abc") +
          frame(fin | more,
                "de\xFF"
                "fg") +
          frame(fin | text, "late"),
      frame(fin | text, "abc\xC3") + frame(fin | text, "late"),
      frame(fin | rsv1 | text, "\xFF\xFF\xFF\xFF") + frame(fin | text, "late"),
      frame(fin | rsv1 | text, deflated(std::string(message_max + 1, 'z'))) + "late",
      frame(fin | rsv1 | text, deflated(std::string(50, '\xFF'))) + "late",
      frame(text, "a") + frame(fin | closing, "x") + "late",
      frame(text, "a") + close_frame(1005) + "late",
      frame(text, "a") + close_frame(1000, "\xFF\xFF") + "late",
  };
}

// --- Every cut ---------------------------------------------------------------------------------

TEST(MessageReaderCuts, MakeNoDifferenceToWhatIsShownNorToTheState) {
  for (const std::string& stream : streams()) {
    // After each prefix, for one who saw it at once.
    std::vector<State> states;
    std::vector<Shown> shown_by;
    for (std::size_t size = 0; size <= stream.size(); ++size) {
      Listener whole{message_max, true};
      shown_by.push_back(whole.read(stream.substr(0, size)));
      states.push_back(state_of(whole));
    }

    Listener piecemeal{message_max, true};
    Shown shown;
    for (std::size_t size = 1; size <= stream.size(); ++size) {
      append(shown, piecemeal.read(stream.substr(size - 1, 1)));
      ASSERT_EQ(shown, shown_by[size]) << size;
      ASSERT_EQ(state_of(piecemeal), states[size]) << shown.size() << " shown at " << size;
    }

    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      Listener listener{message_max, true};
      Shown both = listener.read(stream.substr(0, cut));
      ASSERT_EQ(both, shown_by[cut]);
      append(both, listener.read(stream.substr(cut)));
      ASSERT_EQ(both, shown_by.back()) << "cut at " << cut;
      ASSERT_EQ(state_of(listener), states.back()) << "cut at " << cut;
    }
  }
}

TEST(MessageReaderCuts, MakeNoDifferenceWhileItIsPausedAfterAnItem) {
  for (const std::string& stream : streams()) {
    for (std::size_t taken = 0; taken < 4; ++taken) {
      for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        Listener whole{message_max, true};
        Shown shown = whole.read(stream, taken);
        Listener listener{message_max, true};
        Shown both = listener.read(stream.substr(0, cut), taken);
        append(both, listener.read(stream.substr(cut), taken - both.size()));
        ASSERT_EQ(both, shown) << "cut at " << cut << ", taken " << taken;
        ASSERT_EQ(state_of(listener), state_of(whole)) << "cut at " << cut << ", taken " << taken;
        append(shown, whole.go_on());
        append(both, listener.go_on());
        ASSERT_EQ(both, shown) << "cut at " << cut << ", taken " << taken;
        ASSERT_EQ(state_of(listener), state_of(whole)) << "cut at " << cut << ", taken " << taken;
      }
    }
  }
}

// As one whose turn of work ended with the item in view.
TEST(MessageReaderCuts, MakeNoDifferenceWhileAnItemIsShownAndNotTaken) {
  for (const std::string& stream : streams()) {
    for (std::size_t taken = 0; taken < 4; ++taken) {
      for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        Listener whole{message_max, true};
        const Shown shown = whole.read(stream, taken);
        const std::string seen = whole.look();
        Listener listener{message_max, true};
        Shown both = listener.read(stream.substr(0, cut), taken);
        if (both.size() == taken) listener.look();
        append(both, listener.read(stream.substr(cut), taken - both.size()));
        ASSERT_EQ(both, shown);
        ASSERT_EQ(listener.look(), seen) << "cut at " << cut << ", taken " << taken;
        ASSERT_EQ(state_of(listener), state_of(whole))
            << seen << ": cut at " << cut << ", taken " << taken;
      }
    }
  }
}

TEST(MessageReaderCuts, MakeNoDifferenceWhileACloseIsSought) {
  for (const std::string& stream : streams()) {
    for (std::size_t sought = 0; sought <= stream.size(); sought += 3) {
      Listener whole{message_max, true};
      whole.read(stream.substr(0, sought));
      whole.seek_close();
      const std::string rest = stream.substr(sought);
      const Shown shown = whole.read(rest);
      for (std::size_t cut = 0; cut <= rest.size(); ++cut) {
        Listener listener{message_max, true};
        listener.read(stream.substr(0, sought / 2));
        listener.read(stream.substr(sought / 2, sought - sought / 2));
        listener.seek_close();
        Shown both = listener.read(rest.substr(0, cut));
        append(both, listener.read(rest.substr(cut)));
        ASSERT_EQ(both, shown) << "sought at " << sought << ", cut at " << cut;
        ASSERT_EQ(state_of(listener), state_of(whole)) << "sought at " << sought << ", cut " << cut;
      }
    }
  }
}

TEST(MessageReaderDigest, TellsWhatMakesADifferenceLater) {
  const auto digest_of = [](std::string_view stream, std::size_t taken = SIZE_MAX) {
    Listener listener{message_max, true};
    listener.read(stream, taken);
    return listener.digest();
  };
  const auto digest_in_view = [](std::string_view stream) {
    Listener listener{message_max, true};
    listener.look(stream);
    return listener.digest();
  };
  // What is over leaves nothing.
  EXPECT_EQ(digest_of(""), digest_of(frame(fin | text, "a") + frame(fin | ping, "b")));
  EXPECT_EQ(digest_of("\x81"), digest_of(frame(text, "a") + frame(fin | more, "") + "\x81"));
  EXPECT_EQ(digest_of("\x81"),
            digest_of(frame(fin | rsv1 | text, deflated(std::string(9, 'a'))) + "\x81"));

  const std::vector<std::uint64_t> digests{
      digest_of(""),
      digest_of("\x81"),
      digest_of("\x82"),
      digest_of("\x81\x81"),
      digest_of(header(fin | text, 2)),
      digest_of(header(text, 2)),
      digest_of(header(fin | binary, 2)),
      digest_of(header(fin | rsv1 | text, 2)),
      digest_of(header(fin | rsv1 | binary, 2)),
      digest_of(header(fin | text, 3)),
      digest_of(header(fin | ping, 2)),
      digest_of(header(fin | pong, 2)),
      digest_of(header(fin | text, 2) + "a"),
      digest_of(header(fin | text, 2) + "b"),
      digest_of(frame(text, "")),
      digest_of(frame(text, "a")),
      digest_of(frame(binary, "")),
      digest_of(frame(rsv1 | text, "")),
      digest_of(frame(text, "\xC3")),
      digest_of(frame(binary, "\xC3")),
      digest_of(frame(text, "a") + header(fin | ping, 2)),
      digest_of(frame(text, "a") + header(fin | more, 2)),
      digest_of(frame(text, "a") + header(more, 2)),
      digest_of(frame(fin | text, ""), 0),
      digest_of(frame(fin | text, "a"), 0),
      digest_of(close_frame(1000)),
      digest_in_view(frame(fin | text, "")),
      digest_in_view(frame(fin | text, "a")),
      digest_in_view(frame(fin | ping, "a")),
      digest_in_view(frame(fin | pong, "a")),
      digest_in_view(frame(fin | closing, "")),
      digest_in_view(close_frame(1000)),
      digest_in_view(close_frame(1001)),
      digest_in_view(close_frame(1001, "x")),
      digest_in_view("\xB1"),
      digest_in_view("\x83"),
  };
  for (std::size_t one = 0; one < digests.size(); ++one) {
    for (std::size_t two = 0; two < one; ++two)
      EXPECT_NE(digests[one], digests[two]) << one << " " << two;
  }

  Listener seeking{message_max, true};
  seeking.seek_close();
  EXPECT_NE(seeking.digest(), digest_of(""));
  EXPECT_NE(Listener(message_max, false).digest(), digest_of(""));
  // The key counts as long as there is something to unmask with it.
  const std::string with_key = std::string{"\x81\x82"} + "abcd";
  EXPECT_NE(digest_of(with_key), digest_of(header(fin | text, 2)));
}

// --- Any stream --------------------------------------------------------------------------------

// One step of a client. Most data frames are made to fit what came before them.
struct Step {
  enum class Kind : std::uint8_t { as_it_is, data, compressed };
  Kind kind{};
  bool is_last = false;  // of its message
  std::string bytes{};   // a payload, or all there is
};

std::string join(const std::vector<Step>& steps) {
  std::string stream;
  bool is_in_message = false;
  for (const Step& step : steps) {
    if (step.kind == Step::Kind::as_it_is) {
      stream += step.bytes;
      continue;
    }
    if (step.kind == Step::Kind::compressed && !is_in_message) {
      const std::size_t cut = step.is_last ? 3 : 0;
      stream += frame(rsv1 | text, step.bytes.substr(0, cut)) + frame(fin | ping, "between") +
                frame(fin | more, step.bytes.substr(cut));
      continue;
    }
    const unsigned kind = step.bytes.size() % 4 == 3 ? binary : text;
    stream += frame((step.is_last ? fin : 0U) | (is_in_message ? more : kind), step.bytes);
    is_in_message = !step.is_last;
  }
  return stream;
}

rc::Gen<Step> step_of(Step::Kind kind, const rc::Gen<std::string>& bytes) {
  return rc::gen::construct<Step>(rc::gen::just(kind), rc::gen::arbitrary<bool>(), bytes);
}

rc::Gen<std::string> streams_of_any_kind() {
  using Kind = Step::Kind;
  const auto texts = rc::gen::element<std::string>("", "a", "bc", "gr\xC3\xBC", "\n");
  const auto odd =
      rc::gen::element<std::string>("\xC3", "\xBC", "\xFF", std::string(125, 'x'),
                                    std::string(126, 'y'), std::string(message_max, 'z'));
  const auto compressed = rc::gen::apply(
      [](char letter, std::size_t size) { return deflated(std::string(size, letter)); },
      rc::gen::weightedElement<char>({{9, 'a'}, {1, '\xFF'}}),
      rc::gen::inRange<std::size_t>(12, message_max + 3));
  const auto control =
      rc::gen::apply(frame, rc::gen::element<unsigned>(fin | ping, fin | pong), texts);
  const auto wrong = rc::gen::apply(
      frame,
      rc::gen::element<unsigned>(fin | text, more, ping, fin | rsv1 | ping, fin | rsv1 | binary,
                                 fin | 0x20U | text, 0x5U, fin | 0xBU),
      texts);
  const auto closes = rc::gen::apply(
      [](unsigned code, const std::string& reason) {
        return code == 0 ? frame(fin | closing, reason) : close_frame(code, reason);
      },
      rc::gen::element<unsigned>(0, 1000, 1001, 1005, 3000),
      rc::gen::element<std::string>("", "x", "\xFF", "xyz"));
  const auto lengths = rc::gen::apply(
      [](unsigned first, std::uint64_t size, std::size_t length_size) {
        return header(first, size, length_size);
      },
      rc::gen::element<unsigned>(fin | text, fin | more, fin | ping),
      rc::gen::element<std::uint64_t>(5, 125, 126, message_max + 1, 0xFFFF, UINT64_MAX),
      rc::gen::element<std::size_t>(2, 8));
  const auto steps = rc::gen::container<std::vector<Step>>(rc::gen::weightedOneOf<Step>(
      {{60, step_of(Kind::data, texts)},
       {2, step_of(Kind::data, odd)},
       {15, step_of(Kind::as_it_is, control)},
       {10, step_of(Kind::compressed, compressed)},
       {1, step_of(Kind::as_it_is, wrong)},
       {1, step_of(Kind::as_it_is, closes)},
       {1, step_of(Kind::as_it_is, lengths)},
       {1, step_of(Kind::as_it_is, rc::gen::arbitrary<std::string>())}}));
  return rc::gen::map(steps, join);
}

// A chunk's size, and how many items are taken after it.
using Turn = std::pair<std::size_t, std::size_t>;

rc::Gen<std::vector<Turn>> turns(std::size_t taken_max) {
  return rc::gen::container<std::vector<Turn>>(rc::gen::pair(
      rc::gen::inRange<std::size_t>(0, 40), rc::gen::inRange<std::size_t>(0, taken_max)));
}

RC_GTEST_PROP(MessageReaderCuts, MakeNoDifferenceToAnyStream, ()) {
  const std::string stream = *streams_of_any_kind();
  const bool is_compression_agreed = *rc::gen::weightedElement<bool>({{4, true}, {1, false}});
  Listener listener{message_max, is_compression_agreed};
  Shown shown;
  std::size_t read = 0;
  const auto read_on = [&](std::size_t size) {
    append(shown, listener.read(std::string_view{stream}.substr(read, size)));
    read = std::min(read + size, stream.size());
    Listener whole{message_max, is_compression_agreed};
    RC_ASSERT((whole.read(std::string_view{stream}.substr(0, read)) == shown));
    RC_ASSERT((state_of(whole) == state_of(listener)));
    RC_ASSERT(listener.held_bytes() <= listener.reading().compressed_max() + control_payload_max);
  };
  for (const Turn& turn : *turns(1)) read_on(turn.first);
  read_on(stream.size());
  RC_CLASSIFY(listener.held_bytes() == 0, "idle at the end");
  RC_CLASSIFY(shown.size() > 3, "more than three items");
}

RC_GTEST_PROP(MessageReaderCuts, MakeNoDifferenceToAnyStreamThatIsTakenPieceByPiece, ()) {
  const std::string stream = *streams_of_any_kind();
  Listener listener{message_max, true};
  Shown shown;
  std::size_t read = 0;
  for (const auto& [size, taken] : *turns(4)) {
    const std::string chunk = stream.substr(read, size);
    read += chunk.size();
    append(shown, listener.read(chunk, taken));
    if (size % 5 == 0) listener.look();
    if (taken % 3 == 2) append(shown, listener.go_on(1));
  }
  append(shown, listener.read(std::string_view{stream}.substr(read)));
  Listener whole{message_max, true};
  RC_ASSERT((whole.read(stream) == shown));
  RC_ASSERT((state_of(whole) == state_of(listener)));
  listener.clear();
  RC_ASSERT(listener.held_bytes() == 0U);
}

RC_GTEST_PROP(MessageReader, ShowsNothingButOneEndOnceACloseIsSought, ()) {
  const std::string stream = *streams_of_any_kind();
  const auto sought = *rc::gen::inRange<std::size_t>(0, stream.size() + 1);
  const auto taken = *rc::gen::inRange<std::size_t>(0, 4);
  Listener listener{message_max, true};
  const Shown before = listener.read(stream.substr(0, sought), taken);
  if (*rc::gen::arbitrary<bool>()) listener.look();
  listener.seek_close();
  Shown after = listener.go_on();
  for (std::size_t place = sought; place < stream.size(); place += 7) {
    append(after, listener.read(stream.substr(place, 7)));
    RC_ASSERT(listener.held_bytes() <= control_payload_max);
  }
  RC_ASSERT(after.size() <= 1U);
  for (const std::string& end : after) {
    RC_ASSERT((end.starts_with("close ") || end.starts_with("violation: ")));
  }
}

// Nonsense, for the sanitizers: no call may do harm, whatever comes.
TEST(MessageReader, SurvivesNonsense) {
  std::mt19937 random{1};
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
  };
  constexpr std::string_view likely = "\x81\x01\x00\x80\x89\x88\xC1\x41\x80\x82\xFE\xFF\x00\x00";
  for (std::size_t round = 0; round < 3000; ++round) {
    Listener listener{1 + below(300), below(2) == 0};
    for (std::size_t turn = 0; turn < 10; ++turn) {
      std::string bytes;
      const std::size_t size = below(60);
      while (bytes.size() < size) {
        const bool is_likely = below(3) > 0;
        bytes += is_likely ? likely[below(likely.size())] : static_cast<char>(below(256));
        if (below(4) == 0) bytes += frame(below(256) & 0xCFU, std::string(below(20), 'a'));
      }
      listener.read(bytes, below(4));
      if (below(3) == 0) listener.look();
      if (below(20) == 0) listener.seek_close();
      if (below(50) == 0) listener.clear();
    }
    listener.go_on();
    ASSERT_LE(listener.held_bytes(), listener.reading().compressed_max() + control_payload_max);
  }
}

}  // namespace
}  // namespace lastword::websocket
