// Messages that come in batches go the short way (docs/decisions/0018): nobody may see it.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/config.h"
#include "core/server.h"

namespace lastword {
namespace {

// A server whose peers take nothing until the end.
class Hall {
 public:
  explicit Hall(const Config& config) : server{config} {
    for (const std::string_view name : {"alice", "bob", "carol", "dave"}) {
      ids.push_back(server.accepted(now).value());
      hear(ids.back(), std::string{name} + "\n");
      if (name != "alice") write_all();
    }
    for (const ConnectionId id : ids) hear(id, "/join #room\n");
    write_all();
  }

  void hear(ConnectionId id, std::string text) {
    server.received(now, id, std::as_writable_bytes(std::span{text}));
    server.check_invariants();
  }

  [[nodiscard]] std::string queued_for(ConnectionId id) const {
    std::array<Slice, 256> slices;
    const std::size_t count = server.gather(id, slices);
    std::string text;
    for (std::size_t position = 0; position < count; ++position) {
      text += as_text(slices[position]);
    }
    return text;
  }

  void write_all() {
    for (const ConnectionId id : ids) {
      while (const std::size_t queued = queued_for(id).size()) server.wrote(now, id, queued);
    }
    server.check_invariants();
  }

  static constexpr Instant now{1};
  Server server;
  std::vector<ConnectionId> ids;
};

std::vector<std::string> lines_of(const std::vector<std::string>& texts) {
  std::vector<std::string> lines;
  lines.reserve(texts.size());
  for (const std::string& text : texts) lines.push_back(text + "\n");
  return lines;
}

// Alice says the lines in one read, and in as many reads as there are lines, until she is paused.
void expect_the_same(const Config& config, const std::vector<std::string>& lines) {
  Hall at_once{config};
  Hall one_by_one{config};
  std::string batch;
  for (const std::string& line : lines) batch += line;
  at_once.hear(at_once.ids.front(), batch);
  for (const std::string& line : lines) {
    if (!one_by_one.server.wish(one_by_one.ids.front()).read) break;
    one_by_one.hear(one_by_one.ids.front(), line);
  }

  EXPECT_EQ(at_once.server.books(), one_by_one.server.books()) << config.outbox_max;
  EXPECT_EQ(at_once.server.queued_bytes(), one_by_one.server.queued_bytes()) << config.outbox_max;
  for (std::size_t position = 0; position < at_once.ids.size(); ++position) {
    const ConnectionId id = at_once.ids[position];
    EXPECT_EQ(at_once.queued_for(id), one_by_one.queued_for(id)) << config.outbox_max;
    EXPECT_EQ(at_once.server.wish(id).read, one_by_one.server.wish(id).read);
  }
  at_once.write_all();
  one_by_one.write_all();
  EXPECT_EQ(at_once.server.queued_bytes(), 0U);
}

TEST(Batch, ToARoomStopsAtTheSameBoundAsOneByOne) {
  std::vector<std::string> texts;
  for (int number = 0; number < 80; ++number) texts.push_back("#room: " + std::to_string(number));
  for (std::size_t outbox_max = 100; outbox_max < 3000; outbox_max += 7) {
    Config config;
    config.line_max = 100;
    config.outbox_max = outbox_max;
    expect_the_same(config, lines_of(texts));
  }
}

TEST(Batch, ToARoomStopsAtTheSameMemoryAsOneByOne) {
  std::vector<std::string> texts;
  for (int number = 0; number < 80; ++number) texts.push_back("#room: " + std::to_string(number));
  for (std::size_t memory_max = 100; memory_max < 3000; memory_max += 7) {
    Config config;
    config.memory_max = memory_max;
    expect_the_same(config, lines_of(texts));
  }
}

TEST(Batch, KeepsItsOrderWhateverComesBetween) {
  const std::vector<std::string> between{"/ping",
                                         "bob: only you",
                                         "nonsense",
                                         "#room: one more",
                                         "bob, carol: x",
                                         "/who",
                                         "",
                                         "#room, dave: y",
                                         "nobody: z",
                                         "/leave #room",
                                         "alice: me",
                                         "bob, nobody: w",
                                         std::string(200, 'x')};
  Config config;
  config.line_max = 100;
  for (const std::string& text : between) {
    expect_the_same(config, lines_of({"#room: 1", "#room: 2", text, "#room: 3", "#room: 4", text,
                                      "bob, carol: 5", "bob, carol: 6", text, "bob, carol: 7"}));
  }
}

TEST(Batch, GoesToThoseWhoAreThereWhenItComes) {
  Hall hall{Config{}};
  const std::vector<ConnectionId>& ids = hall.ids;
  hall.hear(ids[0], "#room: 1\n#room: 2\n");
  hall.hear(ids[1], "/leave #room\n");
  hall.hear(ids[0], "#room: 3\n#room: 4\n");
  hall.hear(ids[1], "/join #room\n");
  hall.hear(ids[0], "#room: 5\n#room: 6\n");
  EXPECT_EQ(hall.queued_for(ids[1]),
            "from alice in #room: 1\nfrom alice in #room: 2\n* you left #room\n"
            "* you joined #room, 4 members\nfrom alice in #room: 5\nfrom alice in #room: 6\n");
  hall.hear(ids[2], "/quit\n");
  hall.hear(ids[0], "bob, carol: 7\nbob, carol: 8\n");
  EXPECT_TRUE(
      hall.queued_for(ids[0]).ends_with("! undelivered carol: not_connected\n"
                                        "! undelivered carol: not_connected\n"));
  hall.write_all();
}

}  // namespace
}  // namespace lastword
