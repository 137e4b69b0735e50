#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "wire.h"

namespace lastword::bench {
namespace {

// What arrives, as text, where the server's bytes come in pieces of this size.
std::vector<std::string> arrivals_of(Wire wire, std::string_view bytes, std::size_t piece_size) {
  std::vector<std::string> arrivals;
  while (!bytes.empty()) {
    const std::string piece(bytes.substr(0, piece_size));
    bytes.remove_prefix(piece.size());
    wire.feed(piece);
    while (const auto arrival = wire.take()) {
      const char* const start = arrival->kind == Arrival::Kind::line     ? "line "
                                : arrival->kind == Arrival::Kind::ping   ? "ping "
                                : arrival->kind == Arrival::Kind::broken ? "broken "
                                                                         : "other ";
      arrivals.push_back(start + std::string(arrival->payload));
      if (arrival->kind == Arrival::Kind::broken) return arrivals;
    }
  }
  return arrivals;
}

Wire logged_in(Transport transport) {
  Wire wire(transport);
  std::string output;
  wire.open(output);
  wire.put_login(output, "r00007", "room");
  return wire;
}

void expect_arrivals(Transport transport, std::string_view bytes,
                     const std::vector<std::string>& expected) {
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    EXPECT_EQ(arrivals_of(logged_in(transport), bytes, size), expected) << "pieces of " << size;
  }
}

std::string message_of(Transport transport) {
  Wire wire = logged_in(transport);
  std::string output;
  wire.begin_message(output,
                     {.destinations = "#room", .delivered_head = "from s: ", .text_size = 2});
  output += "hi";
  wire.end_message(output);
  return output;
}

TEST(PeerWire, SubscribesToANameAndARoom) {
  std::string output;
  Wire(Transport::nats).put_login(output, "r00007", "room");
  EXPECT_TRUE(output.ends_with("\r\nSUB r00007 1\r\nSUB #room 2\r\n"));
  output.clear();
  Wire(Transport::redis).put_login(output, "r00007", "");
  EXPECT_EQ(output, "HELLO 3\r\nSUBSCRIBE r00007\r\n");
}

TEST(PeerWire, PublishesWhatIsToBeDelivered) {
  EXPECT_EQ(message_of(Transport::nats), "PUB #room 10\r\nfrom s: hi\r\n");
  EXPECT_EQ(message_of(Transport::redis),
            "*3\r\n$7\r\nPUBLISH\r\n$5\r\n#room\r\n$10\r\nfrom s: hi\r\n");
}

TEST(PeerWire, TakesMessagesOfNatsWhereverTheBytesAreCut) {
  expect_arrivals(
      Transport::nats,
      "INFO {\"a\":1}\r\nPING\r\nMSG r00007 1 5\r\na\r\nb!\r\n+OK\r\nMSG #room 2 0\r\n\r\n"
      "PONG\r\n-ERR 'no'\r\n",
      {"ping ", "line a\r\nb!", "line ", "line * pong lastword-load", "line -ERR 'no'"});
}

TEST(PeerWire, TakesMessagesOfRedisWhereverTheBytesAreCut) {
  expect_arrivals(
      Transport::redis,
      "%2\r\n$5\r\nproto\r\n:3\r\n$7\r\nmodules\r\n*0\r\n"
      ">3\r\n$9\r\nsubscribe\r\n$6\r\nr00007\r\n:1\r\n"
      ">3\r\n$7\r\nmessage\r\n$5\r\n#room\r\n$5\r\na\r\nb!\r\n:99\r\n+PONG\r\n-ERR no\r\n",
      {"line a\r\nb!", "line * pong lastword-load", "line ERR no"});
}

TEST(PeerWire, RefusesWhatWasNotSubscribedTo) {
  const std::vector<std::string> expected{
      "broken a message of a subject that was not subscribed to"};
  expect_arrivals(Transport::nats, "MSG r00008 1 1\r\na\r\n", expected);
  expect_arrivals(Transport::redis, ">3\r\n$7\r\nmessage\r\n$6\r\nr00008\r\n$1\r\na\r\n", expected);
}

TEST(PeerWire, RefusesAMessageThatIsNotWhatItsHeadSays) {
  expect_arrivals(Transport::nats, "MSG r00007 1 1\r\nab\r\n",
                  {"broken a message that does not end with its size"});
  expect_arrivals(Transport::nats, "MSG r00007 1 one\r\n", {"broken a message without its size"});
  expect_arrivals(Transport::nats, "MSG r00007 2 1\r\na\r\n",
                  {"broken a message with another subscription's number"});
}

}  // namespace
}  // namespace lastword::bench
