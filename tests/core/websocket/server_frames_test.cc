// MessageReader in a client's hands: what a server sends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/websocket/message_reader.h"
#include "tests/core/websocket/client_bytes.h"
#include "tests/core/websocket/listener.h"
#include "tests/core/websocket/server_bytes.h"

namespace lastword::websocket {
namespace {

using test::append;
using test::big_endian;
using test::binary;
using test::closing;
using test::fin;
using test::frame;
using test::Listener;
using test::more;
using test::ping;
using test::pong;
using test::rsv1;
using test::server_frame;
using test::server_header;
using test::Shown;
using test::text;
using test::violated;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t message_max = 300;

std::string server_close(unsigned code, std::string_view reason = {}) {
  return server_frame(fin | closing, big_endian(code, 2).append(reason));
}

// As the server of this project writes it.
std::string written(Opcode opcode, std::string_view payload) {
  const HeaderBytes header{opcode, payload.size()};
  return std::string{as_text(header.bytes())}.append(payload);
}

std::uint64_t digest_when_stopped() {
  Listener listener{message_max};
  listener.clear();
  return listener.digest();
}

void expect_over(Listener& listener) {
  EXPECT_EQ(listener.held_bytes(), 0U);
  EXPECT_EQ(listener.digest(), digest_when_stopped()) << "whoever it was that was listened to";
  EXPECT_THAT(listener.read(server_frame(fin | text, "late") + frame(fin | text, "late")),
              IsEmpty());
}

TEST(ServerFrames, AreShownAsTheyCame) {
  Listener listener{message_max, Sender::server};
  const std::string longer(126, 'l');
  EXPECT_THAT(listener.read(server_frame(fin | text, "one") + server_frame(fin | ping, "p") +
                            server_frame(fin | binary, "\xFF\n\r") + server_frame(fin | pong, "") +
                            server_frame(fin | text, longer) + server_frame(text, "fr") +
                            server_frame(fin | ping, "now") + server_frame(fin | more, "agment") +
                            server_frame(fin | text, "") + server_close(1001, "bye")),
              ElementsAre("message one", "ping p", "message \xFF\n\r", "pong ", "message " + longer,
                          "ping now", "message fragment", "message ", "close 1001 bye"));
  expect_over(listener);
}

TEST(ServerFrames, AreLeftWhereTheyLie) {
  for (const std::size_t size : {0U, 3U, 125U, 126U, 300U}) {
    Listener listener{message_max, Sender::server};
    const std::string stream =
        server_frame(fin | text, std::string(size, 'x')) + server_frame(fin | pong, "po");
    std::vector<std::byte> chunk{as_bytes(stream).begin(), as_bytes(stream).end()};
    listener.reader().feed(chunk);
    for (const std::size_t place : {header_size(size), stream.size() - 2}) {
      const auto item = listener.reader().front(listener.reading());
      ASSERT_TRUE(item);
      EXPECT_EQ(item->bytes.data(), chunk.data() + place);
      listener.reader().pop(listener.reading());
    }
    listener.reader().keep(listener.reading());
    EXPECT_EQ(as_text(chunk), stream) << "no byte was changed";
    EXPECT_EQ(listener.held_bytes(), 0U);
  }
}

TEST(ServerFrames, AreThoseThatOurServerWrites) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 0xFFFFU, 0x1'0000U}) {
    const std::string payload(size, 'w');
    Listener listener{std::size_t{1} << 20U, Sender::server};
    EXPECT_THAT(listener.read(written(Opcode::text, payload) + written(Opcode::ping, "p") +
                              written(Opcode::close, big_endian(1008, 2) + "too slow")),
                ElementsAre("message " + payload, "ping p", "close 1008 too slow"));
  }
}

TEST(ServerFrames, AreRefusedForWhatTheyViolate) {
  struct Example {
    std::string bytes;
    Violation violation{};
  };
  for (const Example& example : std::vector<Example>{
           {.bytes = frame(fin | text, "x"), .violation = Violation::masked},
           {.bytes = frame(fin | binary, ""), .violation = Violation::masked},
           {.bytes = frame(fin | ping, "p"), .violation = Violation::masked},
           {.bytes = test::close_frame(1000), .violation = Violation::masked},
           {.bytes = frame(fin | text, std::string(126, 'x')), .violation = Violation::masked},
           {.bytes = server_frame(text, "x") + frame(fin | more, "x"),
            .violation = Violation::masked},
           {.bytes = server_frame(fin | rsv1 | text, "x"), .violation = Violation::reserved_bits},
           {.bytes = server_frame(fin | 0x3U, "x"), .violation = Violation::reserved_opcode},
           {.bytes = server_frame(ping, ""), .violation = Violation::fragmented_control},
           {.bytes = server_frame(fin | pong, std::string(126, 'x')),
            .violation = Violation::long_control},
           {.bytes = server_header(fin | text, 3, 2), .violation = Violation::not_minimal},
           {.bytes = server_header(fin | text, UINT64_MAX, 8), .violation = Violation::huge_length},
           {.bytes = server_frame(more, ""), .violation = Violation::stray_continuation},
           {.bytes = server_frame(text, "") + server_frame(text, ""),
            .violation = Violation::interleaved_message},
           {.bytes = server_frame(fin | closing, "x"), .violation = Violation::bad_close_size},
           {.bytes = server_close(1005), .violation = Violation::bad_close_code},
           {.bytes = server_close(1000, "\xFF"), .violation = Violation::bad_close_reason},
           {.bytes = server_frame(fin | text, "a\xFF"), .violation = Violation::bad_text},
           {.bytes = server_frame(text, "a\xFF"), .violation = Violation::bad_text},
           {.bytes = server_header(fin | text, message_max + 1), .violation = Violation::too_big},
       }) {
    Listener listener{message_max, Sender::server};
    EXPECT_THAT(listener.read(server_frame(fin | text, "good") + example.bytes +
                              server_frame(fin | text, "late")),
                ElementsAre("message good", violated(example.violation)));
    expect_over(listener);
  }
}

TEST(ServerFrames, MayHaveAMessageUpToTheLimit) {
  for (const std::size_t limit : {1U, 125U, 126U, 300U}) {
    for (const std::size_t size : {limit - 1, limit, limit + 1}) {
      const std::string payload(size, 'x');
      const std::string seen = size > limit ? violated(Violation::too_big) : "message " + payload;
      Listener whole{limit, Sender::server};
      EXPECT_THAT(whole.read(server_frame(fin | text, payload)), ElementsAre(seen));
      Listener fragmented{limit, Sender::server};
      EXPECT_THAT(
          fragmented.read(server_frame(binary, payload.substr(0, 1)) +
                          server_frame(fin | more, payload.substr(std::min<std::size_t>(size, 1)))),
          ElementsAre(seen));
    }
  }
}

TEST(ServerFrames, AreSkippedWhileACloseIsSought) {
  Listener listener{message_max, Sender::server};
  listener.seek_close();
  EXPECT_THAT(listener.read(server_frame(fin | text, "\xFF") + server_frame(fin | ping, "") +
                            server_frame(fin | binary, std::string(400, 'x')) + server_close(1000)),
              ElementsAre("close 1000 "));
  expect_over(listener);
}

// --- Every cut ---------------------------------------------------------------------------------

std::vector<std::string> streams() {
  return {
      server_frame(fin | text, "one") + server_frame(fin | binary, "\xFF") +
          server_frame(fin | text, ""),
      server_frame(fin | text, std::string(130, 'l')) + server_frame(fin | ping, "p"),
      server_frame(text, "fr\xC3") + server_frame(fin | ping, "ping!") + server_frame(more, "") +
          server_frame(fin | more, "\xBC"),
      server_frame(text, "a") + server_close(1000, "bye") + "late",
      server_frame(text, "a") + frame(fin | more, "masked"),
      server_frame(fin | text, "a") + server_header(fin | text, 3, 2) + "late",
      server_frame(text, "abc") + server_frame(fin | more, "de\xFF") + "late",
  };
}

TEST(ServerFrames, AreTheSameForEveryCutOneByteAtATimeToo) {
  for (const std::string& stream : streams()) {
    std::vector<Shown> shown_by;
    std::vector<std::uint64_t> digests;
    for (std::size_t size = 0; size <= stream.size(); ++size) {
      Listener whole{message_max, Sender::server};
      shown_by.push_back(whole.read(stream.substr(0, size)));
      digests.push_back(whole.digest());
    }
    Listener piecemeal{message_max, Sender::server};
    Shown shown;
    for (std::size_t size = 1; size <= stream.size(); ++size) {
      append(shown, piecemeal.read(stream.substr(size - 1, 1)));
      ASSERT_EQ(shown, shown_by[size]) << size;
      ASSERT_EQ(piecemeal.digest(), digests[size]) << size;
    }
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      Listener listener{message_max, Sender::server};
      Shown both = listener.read(stream.substr(0, cut));
      append(both, listener.read(stream.substr(cut)));
      ASSERT_EQ(both, shown_by.back()) << "cut at " << cut;
      ASSERT_EQ(listener.digest(), digests.back()) << "cut at " << cut;
    }
  }
}

TEST(ServerFrames, ReadByAClientAreAnotherStateThanThoseReadByAServer) {
  EXPECT_NE(Listener(message_max, Sender::server).digest(), Listener(message_max).digest());
  EXPECT_EQ(Listener(message_max, Sender::client).digest(), Listener(message_max).digest());

  Listener by_client{message_max, Sender::server};
  Listener by_server{message_max};
  EXPECT_EQ(by_client.look("\x83"), violated(Violation::reserved_opcode));
  EXPECT_EQ(by_server.look("\x83"), violated(Violation::reserved_opcode));
  EXPECT_EQ(by_client.digest(), by_server.digest()) << "nobody's frames are read any more";
}

// --- Any stream --------------------------------------------------------------------------------

// Of whatever frames a stream is made: who sent them makes no difference to what they mean.
RC_GTEST_PROP(ServerFrames, MeanWhatThoseOfAClientDo, ()) {
  const auto firsts = rc::gen::weightedOneOf<unsigned>(
      {{20, rc::gen::element<unsigned>(fin | text, fin | binary, fin | ping, fin | pong)},
       {10, rc::gen::element<unsigned>(fin | more, more, text)},
       {1, rc::gen::inRange<unsigned>(0, 256)}});
  const auto payloads = rc::gen::weightedOneOf<std::string>(
      {{20, rc::gen::element<std::string>("", "a", "gr\xC3\xBC", "\n", std::string(130, 'x'))},
       {1, rc::gen::element<std::string>("\xC3", "\xFF", std::string(message_max + 1, 'y'))},
       {1, rc::gen::just(big_endian(1000, 2) + "bye")}});
  const auto frames = *rc::gen::container<std::vector<std::pair<unsigned, std::string>>>(
      rc::gen::pair(firsts, payloads));
  const auto sizes =
      *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 30));

  std::string from_client;
  std::string from_server;
  for (const auto& [first, payload] : frames) {
    from_client += frame(first, payload);
    from_server += server_frame(first, payload);
  }
  Listener server{message_max};
  Listener client{message_max, Sender::server};
  const Shown expected = server.read(from_client);
  Shown shown;
  std::string_view left = from_server;
  for (const std::size_t size : sizes) {
    append(shown, client.read(left.substr(0, size)));
    left.remove_prefix(std::min(size, left.size()));
  }
  append(shown, client.read(left));
  RC_ASSERT((shown == expected));
  RC_ASSERT(client.held_bytes() == server.held_bytes());
  RC_CLASSIFY(shown.size() > 3, "more than three items");
}

}  // namespace
}  // namespace lastword::websocket
